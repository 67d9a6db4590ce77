"""The points of a study: drawn or read once, and split once, at random, into three parts.

    train        7000 of 8192, as the laboratory course has it
    validation   half of the others: learning rates are chosen on it, and nothing else is done with it
    test         the other half: the metrics of every snapshot and every final number

So a chosen learning rate owes nothing to the points that judge it; and since a run's seed decides about initial
weights, batches and codes, never about the split, that holds across seeds too. The split is made where nothing is
chosen as well, so that a study can be widened by other rates later. What follows: an interval over seeds is one for
these points; other points of the same distribution would shift all runs together.

Shapes: `N` training, `V` validation, `M` test points, `D` data dimensions.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.yardstick import NEIGHBOURS
from ganatomy.fitting.points.cloud import split_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import named_points

_SEED = 0  # of drawing and splitting: never a run's


@dataclass(frozen=True)
class Target:
    """A named set of points, train (N, D), validation (V, D), test (M, D), and what they are drawn from, if known."""

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    distribution: Distribution | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Return what must be equal for two studies to be of the same points in the same parts."""
        digest, sizes = hashlib.sha256(), {}
        for part in ("train", "validation", "test"):
            array = getattr(self, part)
            sizes[part] = len(array)
            digest.update(str(array.shape).encode() + array.tobytes())
        return {**sizes, "columns": self.train.shape[1], "sha256": digest.hexdigest()}


def read_target(
    source: str, train_size: int | None = None, variable: str | None = None, folder: Path | None = None
) -> Target:
    """Read or draw the points of a target, and split them.

    Args:
        source: a built-in distribution or a file.
        train_size: how many points train, as in `split_points`; half of the others validate, half test.
        variable: of a file, as in `load_points`.
        folder: where a relative path begins; None is the working directory.

    Raises:
        InputError: no such thing, unusable points, or too few to validate and to test with.

    >>> target = read_target("zigzag")
    >>> len(target.train), len(target.validation), len(target.test)
    (7000, 596, 596)
    """
    name, points, known = named_points(source, variable, _SEED, folder)
    train, others = split_points(points, train_size, _SEED)
    half = len(others) // 2
    if half <= NEIGHBOURS:
        raise InputError(
            f"{name}: {len(others)} of {len(points)} points are not trained on, and half of them are to judge: "
            f"leave at least {2 * (NEIGHBOURS + 1)} (a smaller `train_size`, or more points)"
        )
    return Target(name, train, others[:half], others[half:], known)
