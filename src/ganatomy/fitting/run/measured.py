"""What a fit is measured with, and what it remembers: told of a training as it goes, it measures every snapshot.

    measured = Measured(seed, points, heldout)
    measured.begin(seen)                                     before any training
    measured.take(iteration, epoch, losses, seen or None)    after each iteration
    measured.end(model)                                      after the last

`seen` is a look at a snapshot (see `look`). Looking takes milliseconds and needs the networks; measuring takes ten
times as long and needs two arrays, so it may be done later and elsewhere. Nothing here trains, or writes.

Shapes: `N` points trained on, `M` held-out points, `n` points of a snapshot, `D` data, `g` points of the grid.
"""

import functools
import hashlib
from collections.abc import Sequence

import numpy as np

from ganatomy.fitting.metrics.measurement import Measurements, told
from ganatomy.fitting.metrics.yardstick import Scale, Yardstick, warn_of_shared, warn_of_units
from ganatomy.fitting.points.cloud import check_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.labels import Labels
from ganatomy.fitting.run.history import History
from ganatomy.fitting.run.look import Look
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.model import FittedGAN

DRAWS = 16
"""Fresh sets of samples over which the final metrics are averaged: one draw strays by a third of the floor."""

MANY = 20_000
"""Samples in which components are counted, so that rare ones are seen."""


class _Asked:
    """What a yardstick is made of; equal if it measures the same."""

    def __init__(
        self,
        heldout: np.ndarray,
        points: np.ndarray,
        distribution: Distribution | None,
        labels: Labels | None,
        scale: Scale,
    ) -> None:
        self.points, self.distribution = (heldout, points), distribution
        self.how: tuple[Labels | None, Scale] = labels, scale
        known = () if distribution is None else (distribution.log_density(heldout),)
        told = () if labels is None else (labels.codes,)
        digest = hashlib.sha256(repr((scale, distribution, labels and labels.names)).encode())
        for array in (heldout, points, *known, *told):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        self._digest = digest.digest()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._digest == other._digest


@functools.lru_cache(maxsize=2)
def _yardstick(asked: _Asked) -> Yardstick:
    labels, scale = asked.how
    return Yardstick(*asked.points, asked.distribution, trained=True, labels=labels, scale=scale)


def yardstick_of(
    heldout: np.ndarray,
    points: np.ndarray,
    distribution: Distribution | None = None,
    labels: Labels | None = None,
    scale: Scale = "std",
) -> Yardstick:
    """Make what runs that train on points (N, D) are measured with on held-out ones (M, D), or find that it is made.

    The floor takes as long as some twenty snapshots, and the last two are kept: the cells of a study's seed, which a
    process makes one after another, share it.

    Raises:
        InputError: as `Yardstick`.

    >>> points = np.random.default_rng(0).normal(size=(300, 2))
    >>> yardstick_of(points[:50], points[50:]) is yardstick_of(points[:50].copy(), points[50:])
    True
    """
    return _yardstick(_Asked(heldout, points, distribution, labels, scale))


class Measured:
    """A training, measured on held-out points (M, D) that are not among its own (N, D).

    Attributes:
        yardstick: what it is measured with.
        history: all that it was told, and the metrics of every snapshot.
        columns: the names of the D coordinates, or none.

    Raises:
        InputError: too few points to measure with, or of another dimension.

    >>> from ganatomy.fitting.run.look import look
    >>> from ganatomy.fitting.training.trainer import train
    >>> points = np.random.default_rng(0).normal(size=(300, 2))
    >>> measured = Measured(0, points[50:], points[:50])
    >>> for step in train(points, "gan", epochs=2):
    ...     measured.take(step.iteration, step.epoch, (0.0, 0.0, 0.0), look(step.snapshot, points[:50], seed=0))
    >>> measured.history.epochs, round(measured.history.metrics[0]["wasserstein2"], 1)
    ([1, 2], 1.4)
    """

    def __init__(
        self,
        seed: int,
        points: np.ndarray,
        heldout: np.ndarray,
        distribution: Distribution | None = None,
        columns: tuple[str, ...] = (),
        labels: Labels | None = None,
        scale: Scale = "std",
    ) -> None:
        self.columns = columns
        self.seed, self.points, self.heldout = seed, points, check_points(heldout, "heldout")
        self.yardstick = yardstick_of(self.heldout, points, distribution, labels, scale)
        warn_of_shared(self.yardstick.shared, len(self.heldout))
        warn_of_units(self.heldout, scale, columns)
        self.history = History()

    def begin(self, seen: Look) -> None:
        """Measure what was seen of the model before any training."""
        self._remember(0, *seen)

    def take(self, iteration: int, epoch: int, losses: Sequence[float], seen: Look | None = None) -> None:
        """Take note of an iteration: its losses (3,), and what was seen of its snapshot, which is measured.

        Raises:
            Diverged: the generated points are not finite.
        """
        self.history.add_losses(iteration, epoch, *losses)
        if seen is not None:
            self._remember(epoch, *seen)

    def end(self, model: FittedGAN) -> Run:
        """Measure the model that training ended with, and return it with all that was measured.

        These means over draws are then what is remembered of the last snapshot too, so that there is one number.
        """
        measurements = self.measure(model)
        if self.history.metrics:
            self.history.metrics[-1] = {name: found.value for name, found in measurements.items()}
        kept = {"heldout": self.heldout, "measurements": measurements, "seed": self.seed}
        return Run.of(model, self.history, columns=self.columns, **kept)

    @property
    def told(self) -> str:
        """The last snapshot's headline and distance in a few words."""
        return told(self.history.metrics[-1], self.yardstick.floor)

    def measure_again(self) -> None:
        """Measure every snapshot that is remembered, such as one that an earlier version measured otherwise."""
        self.history.metrics[:] = [self.yardstick.value(samples) for samples in self.history.samples]

    def _remember(self, epoch: int, samples: np.ndarray, field: np.ndarray) -> None:
        if not np.isfinite(samples).all():
            raise Diverged(
                f"training diverged in epoch {epoch}: generated points are not finite; try a smaller `lr`, a stronger "
                f"penalty, or `recipe=recommended`"
            )
        self.history.add_snapshot(epoch, samples, field, self.yardstick.value(samples))

    def measure(self, model: FittedGAN) -> Measurements:
        """Measure the model: every metric, averaged over `DRAWS` fresh sets of samples."""
        first, *seeds = np.random.SeedSequence([self.seed, 1]).generate_state(1 + DRAWS).tolist()
        size = self.yardstick.size
        measured = self.yardstick.measure(*(model.sample(size, seed) for seed in seeds))
        measured.components = tuple(self.yardstick.shares(model.sample(MANY, first)))
        return measured
