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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.yardstick import NEIGHBOURS
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.labels import Labels
from ganatomy.fitting.points.named import AnyPoints, find_source, named_points

StudyPoints: TypeAlias = AnyPoints | Mapping[str, AnyPoints] | Sequence[AnyPoints | tuple[str, AnyPoints]]
"""What a study can be of: points in any form, or several such, by their names or one after another."""

_SEED = 0  # of drawing and splitting: never a run's


@dataclass(frozen=True)
class Target:
    """A named set of points, train (N, D), validation (V, D), test (M, D), and what they are drawn from, if known.

    `source` is the name or path by which they can be had again; "" if they were given as an array, which `given` holds.
    `columns` are the names of the D coordinates, and the labels say of which component each point is, as far as known.
    """

    name: str
    train: NDArray[np.float64]
    validation: NDArray[np.float64]
    test: NDArray[np.float64]
    distribution: Distribution | None = None
    source: str = ""
    given: NDArray[np.float64] | None = None
    columns: tuple[str, ...] = ()
    train_labels: Labels | None = None
    test_labels: Labels | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Return what must be equal for two studies to be of the same points in the same parts."""
        digest, sizes = hashlib.sha256(), {}
        for part in ("train", "validation", "test"):
            array = getattr(self, part)
            sizes[part] = len(array)
            digest.update(str(array.shape).encode() + array.tobytes())
        return {**sizes, "columns": self.train.shape[1], "sha256": digest.hexdigest()}


def sources_of(points: StudyPoints) -> list[tuple[str, AnyPoints]]:
    """List the sets of points that a study is of, each with the name that it was given, or "".

    A mapping holds them by their names; a list or tuple holds names, paths, tables, arrays of two axes, or pairs of a
    name and any of these. Anything else is one set.

    Raises:
        InputError: a name that is no text, or that could not be a file's.

    >>> [(name, np.shape(given)) for name, given in sources_of({"left": np.zeros((5, 2)), "right": np.zeros((6, 2))})]
    [('left', (5, 2)), ('right', (6, 2))]
    >>> sources_of(["ring", "zigzag"]), len(sources_of([[0.0, 1.0], [2.0, 3.0]]))
    ([('', 'ring'), ('', 'zigzag')], 1)
    """
    if isinstance(points, Mapping):
        return [(_checked(name), given) for name, given in points.items()]
    if isinstance(points, list | tuple) and any(_is_set(item) for item in points):
        return [_named(item) for item in points]
    return [("", cast(AnyPoints, points))]  # a list of numbers, or of points


def _named(item: Any) -> tuple[str, AnyPoints]:
    return (_checked(item[0]), item[1]) if _is_pair(item) else ("", item)


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _is_set(item: Any) -> bool:
    """Whether an item of a list is a set of points rather than one point or one number."""
    if isinstance(item, str | Path | Distribution) or hasattr(item, "columns") or _is_pair(item):
        return True
    return getattr(item, "ndim", 0) == 2 or (isinstance(item, list) and bool(item) and isinstance(item[0], list))


def _checked(name: Any) -> str:
    if not isinstance(name, str) or not name or any(not (c.isalnum() or c in "-.=+_") for c in name) or len(name) > 80:
        raise InputError(f"the points' name {name!r:.90}: write letters, digits, - . = + and _, at most 80 of them")
    return name


def read_targets(
    points: StudyPoints,
    train_size: int | None = None,
    variable: str | None = None,
    folder: Path | None = None,
    *,
    labels: str | None = None,
    transpose: bool = False,
) -> list[Target]:
    """Read or draw the sets of points that a study is of, and split each; see `read_target`.

    Raises:
        InputError: as `read_target`, or two of one name.

    >>> mine = np.random.default_rng(0).normal(size=(400, 2))
    >>> [target.name for target in read_targets({"mine": mine, "ring": "ring"})]
    ['mine', 'ring']
    >>> [target.name for target in read_targets([mine, 2 * mine, "ring"])]
    ['points-1', 'points-2', 'ring']
    """
    sources = sources_of(points)
    nameless = [k for k, (name, given) in enumerate(sources) if not name and not _typed(given)]
    names = [name for name, _ in sources]
    for number, k in enumerate(nameless if len(nameless) > 1 else [], 1):
        names[k] = f"points-{number}"
    how = {"labels": labels, "transpose": transpose}
    return [
        read_target(given, train_size, variable, folder, name, **how)
        for name, (_, given) in zip(names, sources, strict=True)
    ]


def _typed(source: AnyPoints) -> str:
    """Return the name or path by which points were given, or "" if they were given themselves."""
    if isinstance(source, Distribution):
        return source.name
    return str(source) if isinstance(source, str | Path) else ""


def read_target(
    source: AnyPoints,
    train_size: int | None = None,
    variable: str | None = None,
    folder: Path | None = None,
    name: str = "",
    *,
    labels: str | None = None,
    transpose: bool = False,
) -> Target:
    """Read or draw the points of a target, or take those given, and split them.

    Args:
        source: a built-in distribution or its name, a file, or an array or table of points.
        train_size: how many points train, as in `split_points`; half of the others validate, half test.
        variable: of a file, as in `load_points`.
        folder: where a relative path begins; None is the working directory.
        name: of the target; "" takes the distribution's or the file's, or "points".
        labels: the column or variable that says of which component each point is; a distribution knows its own.
        transpose: whether each column of a file's array, or of an array, is a point.

    Raises:
        InputError: no such thing, unusable points, or too few to validate and to test with.

    >>> target = read_target("zigzag")
    >>> len(target.train), len(target.validation), len(target.test)
    (7000, 596, 596)
    """
    typed = _typed(source)
    drawn = typed != "" and isinstance(find_source(typed, folder), Distribution)
    how = {} if drawn else {"labels": labels, "transpose": transpose}
    cloud = named_points(source, variable, _SEED, folder, **how)
    points, named = cloud.points, name or cloud.name
    train, rest = cloud.split(train_size, _SEED)
    others = rest.points
    half = len(others) // 2
    if half <= NEIGHBOURS:
        raise InputError(
            f"{named}: {len(others)} of {len(points)} points are not trained on, and half of them are to "
            f"judge: leave at least {2 * (NEIGHBOURS + 1)} (a smaller `train_size`, or more points)"
        )
    return Target(
        named,
        train.points,
        others[:half],
        others[half:],
        cloud.distribution,
        typed,
        None if typed else points,
        cloud.columns,
        train.labels,
        None if rest.labels is None else rest.labels.take(np.arange(half, len(others))),
    )
