"""Measure samples beside what real points score: every metric with its floor.

No finite set of real points is at distance 0 from another. The *floor* of a metric is what fresh real points
score against the held-out ones, and the *ratio* is value / floor: 1 is a perfect fit in any unit.

    value = metric(n samples, n held-out points)
    floor = mean over r of metric(n fresh points, draw r; the same n held-out points)

Every number is taken at one size n, since metrics of finite sets depend on it. What is not guaranteed: the
ratio of a perfect generator is 1 on average only, and scatters by about floor_spread / floor. A ratio below 1
is such scatter, or samples nearer to the held-out points than real ones are, which is no better fit. Draws of
fresh points overlap where there are fewer than n of them for each, and the spread is then an underestimate.

Shape letters: `N` samples, `M` held-out points, `F` fresh points, `D` data dimensions, `n` the common size.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.metrics.catalogue import METRICS, Floor
from ganatomy.fitting.metrics.fitness import is_wide
from ganatomy.fitting.metrics.pairs import Pairs, Tables, point_set, point_sets
from ganatomy.fitting.metrics.tables import frame_of, html_of
from ganatomy.fitting.metrics.transport import subsample
from ganatomy.fitting.points.cloud import load_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import AnyPoints, find_source

if TYPE_CHECKING:
    import pandas

NEIGHBOURS = 5
"""The k of precision, recall, density and coverage."""

LIMIT = 2048
"""The most points of a set that are compared unless more are asked for."""


@dataclass(frozen=True)
class Measurement:
    """A metric's value beside its floor.

    Attributes:
        value: of the samples.
        floor: of real points, the mean over resamples.
        floor_spread: the standard deviation of the floor over resamples.
        ratio: value / floor, for metrics where more is better too; None where that means nothing: the metric
            has no origin (negative log-likelihood), the floor is not positive or its spread too wide, or the value is
            not finite.

    >>> Measurement.of("wasserstein2", 0.5, Floor(0.25, 0.03))
    Measurement(value=0.5, floor=0.25, floor_spread=0.03, ratio=2.0)
    """

    value: float
    floor: float
    floor_spread: float
    ratio: float | None

    @classmethod
    def of(cls, name: str, value: float, floor: Floor) -> "Measurement":
        """Put `value` of the metric `name` beside its floor."""
        meaningful = METRICS[name].has_ratio and floor.mean > 0 and math.isfinite(value) and not is_wide(floor)
        return cls(value, floor.mean, floor.spread, value / floor.mean if meaningful else None)


class Measurements(dict[str, Measurement]):
    """Measurements by their metrics' names, in the order of `METRICS`.

    Attributes:
        size: how many points of each set were compared; 0 if that is not known.

    >>> found = Measurements(wasserstein2=Measurement.of("wasserstein2", 0.5, Floor(0.25, 0.03)))
    >>> found
    Measurements(1 metric: 2-Wasserstein distance at 2 x floor)
    >>> found.to_frame()["ratio"].tolist()
    [2.0]
    """

    size: int = 0

    def __repr__(self) -> str:
        told = [f"{METRICS[name].title} at {m.ratio:.3g} x floor" for name, m in self.items() if m.ratio is not None]
        count = f"{len(self)} metric" + "s" * (len(self) != 1)
        return f"Measurements({': '.join([count, *told[:1]])})"

    def _repr_html_(self) -> str:
        return html_of(*self._table())

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        rows = [[METRICS[name].title, METRICS[name].direction, *vars(m).values()] for name, m in self.items()]
        return ["metric", "better", "value", "floor", "floor_spread", "ratio"], rows

    def to_frame(self) -> "pandas.DataFrame":
        """Make a DataFrame, a row a metric."""
        columns, rows = self._table()
        return frame_of(columns, rows).set_index([list(self)])


class _Reference:
    """Held-out points (n, D) with all that can be computed from them alone, and the metrics against them."""

    def __init__(self, points: np.ndarray, distribution: Distribution | None = None) -> None:
        self.points, self.distribution = points, distribution
        self.pairs = Pairs(points, points)
        self.bandwidth = metrics.median_distance(points)

    def values(self, x: np.ndarray) -> dict[str, float]:
        """Compute all metrics of samples `x` (n, D), in the order of `METRICS`."""
        y, target = self.points, self.distribution
        tables = Tables.of(x, y, self.pairs)
        values = {
            "wasserstein2": metrics.wasserstein2(x, y, limit=len(y)),
            "sliced_wasserstein": metrics.sliced_wasserstein(x, y),
            "energy_distance": metrics.energy_distance(x, y, tables=tables),
            "mmd": metrics.mmd(x, y, self.bandwidth, tables=tables),
            **asdict(metrics.precision_recall_density_coverage(x, y, NEIGHBOURS, tables=tables)),
            "two_sample_accuracy": metrics.two_sample_accuracy(x, y, tables=tables),
        }
        if target is not None:
            values["negative_log_likelihood"] = metrics.negative_log_likelihood(x, target.log_density)
        if target is not None and target.components is not None:
            values["share_within_3_std"] = metrics.share_within(x, target.components)
            values["components_found"] = metrics.components_found(x, target.components)
            values["weight_error"] = metrics.weight_error(x, target.components)
        return values


def _floor(scores: Sequence[Mapping[str, float]]) -> dict[str, Floor]:
    """Average the scores of at least two resamples, metric by metric."""
    columns = {name: [score[name] for score in scores] for name in scores[0]}
    return {name: Floor(float(np.mean(v)), float(np.std(v, ddof=1))) for name, v in columns.items()}


def _common_size(first: int, second: int, names: str, resamples: int, limit: int) -> int:
    """Return the size at which all sets are compared, or say why there is none."""
    if min(first, second, limit) <= NEIGHBOURS:
        raise InputError(
            f"{names} number {first} and {second}, at a limit of {limit};"
            f" all three must be at least {NEIGHBOURS + 1}, for balls of {NEIGHBOURS} neighbours"
        )
    if resamples < 2:
        raise InputError(f"the floor's resamples are {resamples}; give at least 2, for its spread")
    return min(first, second, limit)


class Yardstick:
    """Held-out real points, made ready to measure many samples, with the floor of every metric.

    All is measured at one size, n = min(M, F, limit), to which held-out points and samples are SUBSAMPLED if
    there are more, at random without replacement and always the same. Draws of fresh points are disjoint as
    long as there are enough.

    Args:
        heldout: real points that nothing was trained on, (M, D).
        fresh: other real points, such as those trained on, (F, D).
        distribution: where all these come from, if it is a known one.
        resamples: subsets of the fresh points to average the floor over.
        seed: of all subsampling.
        limit: the most points of each set that are used; time grows as about limit^2.5 (0.2 s a set at 2048).

    Attributes:
        size: the common size n.
        floor: mean and spread of what real points score, a metric.

    Raises:
        InputError: the arrays are no point sets of one dimension, there are too few points, or fewer than two
            resamples are asked for.

    >>> from ganatomy.fitting.points.distributions import distribution
    >>> ring = distribution("ring")
    >>> yardstick = Yardstick(ring.sample(400, seed=0), ring.sample(2000, seed=1), ring)
    >>> collapsed = ring.sample(2000, seed=2)
    >>> collapsed = collapsed[collapsed[:, 1] > 0.5][:400]  # three of the eight components
    >>> measured = yardstick.measure(collapsed)
    >>> measured["components_found"]
    Measurement(value=3, floor=8.0, floor_spread=0.0, ratio=0.375)
    >>> round(measured["wasserstein2"].ratio, 1), round(measured["recall"].ratio, 2)
    (3.9, 0.34)
    """

    def __init__(
        self,
        heldout: ArrayLike,
        fresh: ArrayLike,
        distribution: Distribution | None = None,
        resamples: int = 5,
        seed: int = 0,
        limit: int = LIMIT,
    ) -> None:
        fresh, heldout = point_sets(fresh, heldout)
        self.size = _common_size(len(heldout), len(fresh), "held-out and fresh points", resamples, limit)
        rng = np.random.default_rng(seed)
        self._reference = _Reference(subsample(heldout, self.size, rng), distribution)
        order, rows = rng.permutation(len(fresh)), np.arange(self.size)
        subsets = [order[(r * self.size + rows) % len(fresh)] for r in range(resamples)]
        self.floor = _floor([self._reference.values(fresh[subset]) for subset in subsets])
        self._seed = seed

    def value(self, samples: ArrayLike) -> dict[str, float]:
        """Compute every metric of `samples` (N, D), N >= n; a random n of them are used, the same every time.

        Raises:
            InputError: the samples are no point set, of another dimension, or too few.
        """
        samples, _ = point_sets(samples, self._reference.points)
        if len(samples) < self.size:
            raise InputError(f"{len(samples)} samples are too few: the floor is that of {self.size} points")
        return self._reference.values(subsample(samples, self.size, np.random.default_rng(self._seed)))

    def measure(self, samples: ArrayLike) -> Measurements:
        """Compute every metric of `samples` (N, D), N >= n, beside its floor; see `value`.

        Raises:
            InputError: the samples are no point set, of another dimension, or too few.
        """
        values = self.value(samples)
        measured = Measurements({name: Measurement.of(name, v, self.floor[name]) for name, v in values.items()})
        measured.size = self.size
        return measured


def evaluate(
    samples: ArrayLike | Path,
    reference: AnyPoints,
    *,
    resamples: int = 5,
    seed: int = 0,
    limit: int = LIMIT,
    variable: str | None = None,
    reference_variable: str | None = None,
    transpose: bool = False,
    reference_transpose: bool | None = None,
) -> Measurements:
    """Measure samples against reference points, or against a known distribution.

    In each of `resamples` rounds the reference is split at random: n of its points are held out, n others play
    the fresh points, and n of the samples are drawn, n = min(N, M // 2, limit).

        value = mean of metric(samples, held-out)
        floor, floor_spread = mean, standard deviation of metric(fresh, held-out)

    Of a distribution as many points are drawn as are wanted: n = min(N, limit) are held out, and n others are fresh in
    each round; the metrics that need a known density are measured too.

    Args:
        samples: (N, D), N >= 6: an array or a DataFrame, or a file's path.
        reference: real points, (M, D), M >= 12, likewise; or a distribution, or its name.
        resamples: the number of rounds, at least 2.
        seed: of the splits and draws.
        limit: the most points of each set that are used in a round.
        variable: of files, as in `ganatomy.load_points`.
        reference_variable: of the reference, where it is another; "" for none.
        transpose: whether each column of the files' arrays is a point.
        reference_transpose: the same of the reference, where it is otherwise.

    Returns:
        The measurements, in the order of `METRICS`; without those that need a known density if there is none.

    Raises:
        InputError: files that cannot be read; what is no point sets of one dimension, or has too few points.

    >>> rng = np.random.default_rng(0)
    >>> measured = evaluate(rng.standard_normal((500, 2)) + [0.6, 0.8], rng.standard_normal((1000, 2)))
    >>> {name: round(measured[name].value, 2) for name in ("wasserstein2", "coverage", "two_sample_accuracy")}
    {'wasserstein2': 1.01, 'coverage': 0.86, 'two_sample_accuracy': 0.59}
    >>> from ganatomy.fitting.points.distributions import distribution
    >>> ring = distribution("ring").sample(400, seed=3)
    >>> evaluate(ring, "ring")["components_found"].value
    8
    """
    if seed < 0:
        raise InputError(f"`seed={seed}`: give a whole number, 0 or more")
    if isinstance(samples, str | Path):
        samples = load_points(samples, variable, transpose=transpose)
    reference_variable = variable if reference_variable is None else reference_variable or None
    reference_transpose = transpose if reference_transpose is None else reference_transpose
    known = find_source(str(reference)) if isinstance(reference, str | Path) else reference
    if isinstance(known, Distribution):
        samples = point_set(samples, "samples")
        n = min(len(samples), limit)
        heldout, fresh = known.sample(n, seed), known.sample(resamples * n, seed + 1)
        return Yardstick(heldout, fresh, known, resamples, seed, limit).measure(samples)
    if isinstance(known, Path):
        known = load_points(known, reference_variable, transpose=reference_transpose)
    samples, reference = point_sets(samples, known)
    size = _common_size(len(samples), len(reference) // 2, "samples and half the reference points", resamples, limit)
    rng = np.random.default_rng(seed)
    values, floors = [], []
    for _ in range(resamples):
        order = rng.permutation(len(reference))
        heldout = _Reference(reference[order[:size]])
        values.append(heldout.values(subsample(samples, size, rng)))
        floors.append(heldout.values(reference[order[size : 2 * size]]))
    floor = _floor(floors)
    measured = Measurements({name: Measurement.of(name, v.mean, floor[name]) for name, v in _floor(values).items()})
    measured.size = size
    return measured
