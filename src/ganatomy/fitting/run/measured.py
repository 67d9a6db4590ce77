"""What a fit is measured with, and what it remembers: told of a training as it goes, it measures every snapshot.

    measured = Measured(seed, points, heldout)
    measured.begin(seen)                                     before any training
    measured.take(iteration, epoch, losses, seen or None)    after each iteration
    measured.end(model)                                      after the last

`seen` is a look at a snapshot (see `look`). Looking takes milliseconds and needs the networks; measuring takes ten
times as long and needs two arrays, so it may be done later and elsewhere. Nothing here trains, or writes.

Shapes: `N` points trained on, `M` held-out points, `n` points of a snapshot, `D` data, `g` points of the grid.
"""

from collections.abc import Sequence

import numpy as np

from ganatomy.fitting.metrics.yardstick import Measurement, Measurements, Yardstick
from ganatomy.fitting.points.cloud import check_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.run.history import History
from ganatomy.fitting.run.look import Look
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.model import FittedGAN

DRAWS = 5
"""Fresh sets of samples over which the final metrics are averaged."""


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
    >>> measured = Measured(0, points, points[:50])
    >>> for step in train(points, "gan", epochs=2):
    ...     measured.take(step.iteration, step.epoch, (0.0, 0.0, 0.0), look(step.snapshot, points[:50], seed=0))
    >>> measured.history.epochs, round(measured.history.metrics[0]["wasserstein2"], 1)
    ([1, 2], 1.3)
    """

    def __init__(
        self,
        seed: int,
        points: np.ndarray,
        heldout: np.ndarray,
        distribution: Distribution | None = None,
        columns: tuple[str, ...] = (),
    ) -> None:
        self.columns = columns
        self.seed, self.points, self.heldout = seed, points, check_points(heldout, "heldout")
        self.yardstick = Yardstick(self.heldout, points, distribution, seed=seed)
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
        """Measure the model that training ended with, and return it with all that was measured."""
        kept = {"heldout": self.heldout, "measurements": self.measure(model), "seed": self.seed}
        return Run.of(model, self.history, columns=self.columns, **kept)

    def _remember(self, epoch: int, samples: np.ndarray, field: np.ndarray) -> None:
        if not np.isfinite(samples).all():
            raise Diverged(
                f"training diverged in epoch {epoch}: generated points are not finite; try a smaller `lr`, a stronger "
                f"penalty, or `recipe=recommended`"
            )
        self.history.add_snapshot(epoch, samples, field, self.yardstick.value(samples))

    def measure(self, model: FittedGAN) -> Measurements:
        """Measure the model: every metric, averaged over `DRAWS` fresh sets of samples."""
        seeds = np.random.SeedSequence([self.seed, 1]).generate_state(DRAWS)
        draws = [self.yardstick.value(model.sample(self.yardstick.size, int(seed))) for seed in seeds]
        means = {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0]}
        floor = self.yardstick.floor
        return Measurements({name: Measurement.of(name, value, floor[name]) for name, value in means.items()})
