"""Measure samples beside what real points score: every metric with its floor.

No finite set of real points is at distance 0 from another. The *floor* of a metric is what fresh real points
score against the held-out ones, and the *ratio* is value / floor: 1 is what real points score, in any unit.

    value = metric(n samples, n held-out points)
    floor = mean over r of metric(n fresh points, draw r; the same n held-out points)

Every number is taken at one size n, since metrics of finite sets depend on it, and with each column in units of the
held-out points' standard deviation, since otherwise a column of small numbers counts for nothing beside one of large
ones. What is not guaranteed: one draw's ratio scatters by about floor_spread / floor; so values are means over draws. A
ratio below 1 is such scatter, or samples nearer to the held-out points than real ones are, which is no better fit. One
number is no verdict (see `fitness`). Draws of fresh points overlap where there are fewer than n of them for each;
spread and error of the floor allow for that (see `measurement`), as for a mean over points.

Shape letters: `N` samples, `M` held-out points, `F` fresh points, `D` data dimensions, `n` the common size.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, note, unknown
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.metrics.catalogue import Floor
from ganatomy.fitting.metrics.components import ComponentShare, LabelledComponents, known_shares, shares_of
from ganatomy.fitting.metrics.copying import Copying
from ganatomy.fitting.metrics.measurement import Measurement, Measurements, spread_of
from ganatomy.fitting.metrics.pairs import Pairs, Tables, point_sets
from ganatomy.fitting.metrics.transport import subsample
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.labels import Labels

NEIGHBOURS = 5
"""The k of precision, recall, density and coverage."""

LIMIT = 2048
"""The most points of a set that are compared unless more are asked for."""

RESAMPLES = 16
"""Subsets of fresh points that the floor is averaged over: a third of it is the scatter of one."""

MEMORIES = 8
"""Draws of the training points with replacement that perfect memory is averaged over."""

METHOD = 2
"""Of measuring: raised when the same samples get other numbers than before."""

UNLIKE = 10.0
"""Times that one column's standard deviation must be another's for both to be of unlike scale."""

Scale: TypeAlias = Literal["std", "raw"]
SCALES: tuple[Scale, ...] = ("std", "raw")


class Reference:
    """Held-out points (n, D) with all that can be computed from them alone, and the metrics against them.

    Args:
        points: the held-out points.
        distribution: where they come from, if it is a known one; its density is of points in their own units.
        units: what is 1 in each column, (D,).
    """

    def __init__(self, points: np.ndarray, distribution: Distribution | None, units: np.ndarray) -> None:
        self.points, self.distribution, self.units = points / units, distribution, units
        self.pairs = Pairs(self.points, self.points)
        self.bandwidth = metrics.median_distance(self.points)

    def values(self, samples: np.ndarray) -> dict[str, float]:
        """Compute the metrics of samples (N, D) against these points, in the order of `METRICS`."""
        x, y, target = samples / self.units, self.points, self.distribution
        tables = Tables.of(x, y, self.pairs)
        alike = tables if len(x) == len(y) else None  # else what one set has more of would be found the more often
        values = {
            "wasserstein2": metrics.wasserstein2(x, y, limit=max(len(x), len(y))),
            "sliced_wasserstein": metrics.sliced_wasserstein(x, y),
            "energy_distance": metrics.energy_distance(x, y, tables=tables),
            "mmd": metrics.mmd(x, y, self.bandwidth, tables=tables),
            **asdict(metrics.precision_recall_density_coverage(x, y, NEIGHBOURS, tables=tables)),
            "two_sample_accuracy": metrics.two_sample_accuracy(x, y, tables=alike),
        }
        if target is not None:
            values["negative_log_likelihood"] = metrics.negative_log_likelihood(samples, target.log_density)
        if target is not None and target.components is not None:
            values["share_within_3_std"] = metrics.share_within(samples, target.components)
            values["components_found"] = metrics.components_found(samples, target.components)
            values["weight_error"] = metrics.weight_error(samples, target.components)
        return values


def units_of(points: np.ndarray, scale: Scale = "std") -> NDArray[np.float64]:
    """Return what is 1 in each column: the standard deviation of `points` (M, D), or 1 of a constant one, or raw units.

    Raises:
        InputError: an unknown scale.

    >>> units_of(np.array([[0.0, 5.0], [2.0, 5.0]])), units_of(np.array([[0.0, 5.0], [2.0, 5.0]]), "raw")
    (array([1., 1.]), array([1., 1.]))
    """
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    spreads = points.std(axis=0)
    return np.where(spreads > 0, spreads, 1.0) if scale == "std" else np.ones(points.shape[1])


def warn_of_units(points: np.ndarray, scale: Scale, columns: Sequence[str] = ()) -> None:
    """Note that columns of points (M, D) are of unlike scale, where they are.

    >>> warn_of_units(np.array([[0.0, 5.0], [2.0, 6.0]]), "std")
    """
    spreads = units_of(points)
    if spreads.max() < UNLIKE * spreads.min():
        return
    most, least = int(spreads.argmax()), int(spreads.argmin())
    names = [columns[k] if len(columns) == len(spreads) else f"column {k + 1}" for k in (most, least)]
    how = (
        "each is measured in its own standard deviations"
        if scale == "std"
        else f"in raw units {names[1]} counts for nearly nothing; leave `scale=raw` out to measure each in its own"
    )
    note(
        f"the standard deviation of {names[0]} is {spreads[most] / spreads[least]:,.0f} times that of {names[1]}; {how}"
    )


def warn_of_shared(shared: int, total: int) -> None:
    """Note how many of the held-out points are training points too, if any is.

    >>> warn_of_shared(0, 87)
    """
    if shared:
        note(
            f"{shared} of {total} held-out points are training points too: learning those by heart scores as well as "
            f"learning the distribution; hold out other points, or remove what is there twice"
        )


def floor_of(scores: Sequence[Mapping[str, float]], common: float = 0.0) -> dict[str, Floor]:
    """Average the scores of resamples, metric by metric, of which any two have a share of points in common.

    >>> floor_of([{"mmd": 0.1}, {"mmd": 0.3}])
    {'mmd': Floor(mean=0.2, spread=0.1414..., error=0.1)}
    """
    return {name: spread_of([score[name] for score in scores], common) for name in scores[0]}


def common_size(first: int, second: int, names: str, resamples: int, limit: int) -> int:
    """Return the size at which all sets are compared.

    Raises:
        InputError: there is none, since a set is too small.

    >>> common_size(700, 1200, "samples and reference points", 16, 2048)
    700
    """
    if min(first, second, limit) <= NEIGHBOURS:
        raise InputError(
            f"{names} number {first} and {second}, at a limit of {limit};"
            f" all three must be at least {NEIGHBOURS + 1}, for balls of {NEIGHBOURS} neighbours"
        )
    if resamples < 2:
        raise InputError(f"the floor's resamples are {resamples}; give at least 2, for its spread")
    return min(first, second, limit)


def _draws(number: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield rows (size,) of so many points without end, disjoint while there are others, then in another order."""
    while True:
        order = rng.permutation(number)
        yield from (order[start : start + size] for start in range(0, number - size + 1, size))


class Yardstick:
    """Held-out real points, made ready to measure many samples, with the floor of every metric.

    All is measured at one size, n = min(M, F / 2, limit), to which held-out points and samples are SUBSAMPLED if
    there are more, at random without replacement and always the same. Draws of fresh points are disjoint as
    long as there are enough, and never have more than half of their points in common.

    Args:
        heldout: real points that nothing was trained on, (M, D).
        fresh: other real points, such as those trained on, (F, D).
        distribution: where all these come from, if it is a known one.
        trained: whether it is the fresh points that the samples' models are trained on: then copies of them are
            noticed, and what perfect memory of them would score is known.
        labels: the component of each fresh point, where that is told; of a known mixture its own components are taken.
        resamples: subsets of the fresh points to average the floor over.
        seed: of all subsampling.
        limit: the most points of each set that are used; time grows as about limit^2.5 (0.2 s a set at 2048).
        scale: "std" to measure each column in the held-out points' standard deviations, "raw" in its own units.

    Attributes:
        size: the common size n.
        floor: mean and spread of what real points score, a metric.
        scale: as given.

    Raises:
        InputError: the arrays are no point sets of one dimension, there are too few points, or fewer than two
            resamples are asked for, or an unknown scale.

    >>> from ganatomy.fitting.points.distributions import distribution
    >>> ring = distribution("ring")
    >>> yardstick = Yardstick(ring.sample(400, seed=0), ring.sample(2000, seed=1), ring)
    >>> collapsed = ring.sample(2000, seed=2)
    >>> collapsed = collapsed[collapsed[:, 1] > 0.5][:400]  # three of the eight components
    >>> measured = yardstick.measure(collapsed)
    >>> measured["components_found"].value, measured["components_found"].floor
    (3.0, 8.0)
    >>> round(measured["wasserstein2"].ratio, 1), round(measured["recall"].ratio, 2), measured.shortfalls
    (4.0, 0.34, ('wasserstein2', 'recall', 'coverage', 'components_found', 'weight_error'))
    """

    def __init__(
        self,
        heldout: ArrayLike,
        fresh: ArrayLike,
        distribution: Distribution | None = None,
        *,
        trained: bool = False,
        labels: Labels | None = None,
        resamples: int = RESAMPLES,
        seed: int = 0,
        limit: int = LIMIT,
        scale: Scale = "std",
    ) -> None:
        fresh, heldout = point_sets(fresh, heldout)
        common_size(len(heldout), len(fresh), "held-out and fresh points", resamples, limit)
        self.size = min(len(heldout), max(len(fresh) // 2, NEIGHBOURS + 1), limit)
        self.scale, self._seed, self._fresh = scale, seed, fresh
        rng = np.random.default_rng(seed)
        units = units_of(heldout, scale)
        self._reference = Reference(subsample(heldout, self.size, rng), distribution, units)
        known = distribution is not None and distribution.components is not None
        self._labelled = None if labels is None or known else LabelledComponents(fresh / units, labels)
        self._copying = Copying(fresh / units, heldout / units) if trained else None
        subsets = [rows for _, rows in zip(range(resamples), _draws(len(fresh), self.size, rng), strict=False)]
        scores = [
            self._reference.values(fresh[subset])
            | ({} if self._labelled is None else self._labelled.values_of_own(subset))
            for subset in subsets
        ]
        uses = np.bincount(np.concatenate(subsets), minlength=len(fresh))
        both = int(uses @ uses) - resamples * self.size  # points in common, over all pairs of subsets
        self.floor = floor_of(scores, both / (resamples * (resamples - 1) * self.size))
        if self._copying is not None:
            self.floor["copying"] = self._copying.floor(self.size)

    @property
    def mark(self) -> str:
        """What decides the numbers beside the points: snapshots that were measured by another are measured again."""
        return f"{METHOD} {self.scale}"

    @property
    def shared(self) -> int:
        """How many held-out points are training points too; 0 where that is not known."""
        return 0 if self._copying is None else self._copying.shared

    @cached_property
    def memory(self) -> dict[str, float]:
        """What perfect memory of the training points scores: n of them drawn with replacement, the mean over draws."""
        if self._copying is None:
            return {}
        rng = np.random.default_rng([self._seed, 1])
        draws = [self.value(self._fresh[rng.integers(len(self._fresh), size=self.size)]) for _ in range(MEMORIES)]
        return {name: floor.mean for name, floor in floor_of(draws).items()}

    def value(self, samples: ArrayLike) -> dict[str, float]:
        """Compute every metric of `samples` (N, D), N >= n; a random n of them are used, the same every time.

        Raises:
            InputError: the samples are no point set, of another dimension, or too few.
        """
        samples, _ = point_sets(samples, self._reference.points)
        if len(samples) < self.size:
            raise InputError(f"{len(samples)} samples are too few: the floor is that of {self.size} points")
        samples = subsample(samples, self.size, np.random.default_rng(self._seed))
        values = self._reference.values(samples)
        if self._labelled is not None:
            values |= self._labelled.values(samples / self._reference.units)
        if self._copying is not None:
            values["copying"] = self._copying.value(samples / self._reference.units)
        return values

    def measure(self, *draws: ArrayLike) -> Measurements:
        """Compute every metric of draws of samples (N, D), N >= n, beside its floor; see `value`.

        Raises:
            InputError: the samples are no point set, of another dimension, or too few.
        """
        values = [self.value(samples) for samples in draws]
        measured = Measurements(
            {
                name: Measurement.of(
                    name,
                    [value[name] for value in values],
                    self.floor[name],
                    memory=self.memory.get(name),
                )
                for name in values[0]
            }
        )
        measured.size, measured.scale = self.size, self.scale
        return measured

    def shares(self, samples: ArrayLike) -> list[ComponentShare]:
        """Put each component's share of samples (N, D) beside its weight; nothing where no components are known.

        Raises:
            InputError: the samples are no point set or of another dimension.
        """
        samples, _ = point_sets(samples, self._reference.points)
        target = self._reference.distribution
        if target is not None and target.components is not None:
            return known_shares(samples, target.components)
        if self._labelled is None:
            return []
        shares = self._labelled.shares(samples / self._reference.units)
        return shares_of(self._labelled.names, self._labelled.weights, shares, len(samples), len(self._fresh))
