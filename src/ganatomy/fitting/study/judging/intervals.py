"""What a few seeds say: an interval for the median of one cell, and simultaneous ones for differences of cells.

**One cell.** K seeds are K independent draws: of weights, batches and codes, of how the points are split, and of the
points themselves where they are a distribution's. Their median gets the percentile bootstrap's interval: the seeds are
drawn again and again with replacement, and the central 95 % of the medians are kept. Nothing is assumed of their
distribution, and values may be infinite ("never", "diverged"). But no interval that ends at the seeds' own values can
hold the true median more often than their whole range does, which misses it if all K fall on one side of it:

    confidence <= 1 - 2 (1/2)^K:    3 seeds 75 %,  4 seeds 87.5 %,  5 seeds 93.75 %,  6 seeds 96.9 %

With 3 to 5 seeds the interval *is* the range, and its confidence is exactly that. With fewer than `FEWEST` there is
none. So an interval over 3 seeds shows the size of the scatter, and misses once in four times.

**Differences.** y_sc is what seed s gave in cell c, as a logarithm if ratios are meant. With d_s = y_sa - y_sb over the
n seeds that both cells have, the difference of a and b is

    mean d  +-  t(1 - 0.05 / (2 m), f) sqrt(v / n)         v = max(var d, 2 r / f)

with r and f the sum of squares and the degrees of freedom of the residuals of y_sc ~ seed + cell over all cells, and m
the number of pairs (Bonferroni), so that all m intervals hold at once 95 times in 100. Three seeds of one pair tell
its scatter so badly that not even a factor of ten would stand out among 36 pairs, so the scatter of all cells is used,
and the pair's own where that is larger, since cells differ in it. Simulated with 9 cells of log-normal values
whose scatter differs by a factor of 15, one or more of the 36 intervals are wrong in 5 to 6 % of studies of 3 or 5
seeds (2 % if all scatter alike); pooling alone, as Tukey's method does, is wrong in 13 %. Not guaranteed: anything for
values far from log-normal, or from normal where plain differences are meant.

Shape letters: `K` seeds of a cell, `R` rows (seeds of the study), `C` cells.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 3
"""Seeds below which there is no interval: the range of two holds the median every second time."""

CONFIDENCE = 0.95

RESAMPLES = 9999
"""Bootstrap samples: the share of them that decides an endpoint, 0.025, is then known to 0.0016."""


@dataclass(frozen=True)
class Interval:
    """A median over seeds with its interval; both may be infinite.

    Attributes:
        median: nan without a seed.
        low: nan with fewer than `FEWEST` seeds.
        high: nan with fewer than `FEWEST` seeds.
        seeds: how many there are.
    """

    median: float
    low: float
    high: float
    seeds: int

    @property
    def enough(self) -> bool:
        """Whether there are seeds enough for an interval."""
        return self.seeds >= FEWEST

    @property
    def confidence(self) -> float:
        """How often such an interval holds the true median, at most; 0 if there is none."""
        return min(CONFIDENCE, 1 - 2 * 0.5**self.seeds) if self.enough else 0.0


def over_seeds(values: Iterable[float], seed: int = 0) -> Interval:
    """Compute the median over seeds and its bootstrap interval; values that are nan are left out.

    Args:
        values: one a seed, finite or infinite.
        seed: of the resampling.

    References:
        Efron 1979, Bootstrap methods: another look at the jackknife, section 3 (the median). Confidence of the range:
        David and Nagaraja 2003, Order statistics, section 7.1.

    >>> over_seeds([0.036, 0.055, 0.048])
    Interval(median=0.048, low=0.036, high=0.055, seeds=3)
    >>> over_seeds([0.036, 0.055, 0.048]).confidence
    0.75
    """
    kept = np.array([value for value in values if not math.isnan(value)], dtype=np.float64)
    if not len(kept):
        return Interval(math.nan, math.nan, math.nan, 0)
    median = float(np.median(kept))
    if len(kept) < FEWEST:
        return Interval(median, math.nan, math.nan, len(kept))
    draws = np.random.default_rng(seed).integers(len(kept), size=(RESAMPLES, len(kept)))
    medians = np.sort(np.median(kept[draws], axis=1))  # not quantile(): its interpolation makes nan of infinities
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Interval(median, float(medians[cut]), float(medians[-1 - cut]), len(kept))


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences of all pairs of cells: `mean[a, b]` is a's value less b's, within `mean +- half`.

    Attributes:
        mean: (C, C); nan where two cells have no seed in common.
        half: half the interval's width, (C, C); nan with fewer than `FEWEST` common seeds.
        seeds: how many seeds two cells have in common, (C, C).
    """

    mean: np.ndarray
    half: np.ndarray
    seeds: np.ndarray


def paired_differences(values: ArrayLike) -> Differences:
    """Compare all cells with each other, seed by seed, with intervals that hold at once.

    Args:
        values: (R, C), a row a seed; finite, or nan where a cell lacks that seed. Logarithms if ratios are meant.

    References:
        Dunn 1961, Multiple comparisons among means (Bonferroni intervals). The additive model of seeds and cells is
        Fisher's randomised blocks.

    >>> found = paired_differences([[0.0, 1.1, 3.0], [0.5, 1.5, 3.4], [0.2, 1.3, 3.3]])
    >>> found.mean[0].round(2), found.half[0].round(2)
    (array([ 0.  , -1.07, -3.  ]), array([ nan, 0.17, 0.23]))
    """
    from scipy.special import stdtrit

    table = np.asarray(values, dtype=np.float64)
    cells = table.shape[1]
    differences = table[:, :, None] - table[:, None, :]  # (R, C, C)
    here = np.isfinite(differences)
    seeds = here.sum(axis=0)
    filled = np.where(here, differences, 0.0)
    mean = np.where(seeds > 0, filled.sum(axis=0) / np.maximum(seeds, 1), np.nan)
    squares = (np.where(here, differences - mean, 0.0) ** 2).sum(axis=0)
    judged = (seeds >= FEWEST) & ~np.eye(cells, dtype=bool)
    half = np.full((cells, cells), np.nan)
    if judged.any():
        sum_of_squares, freedom = _residuals(table)
        variance = np.maximum(squares[judged] / (seeds[judged] - 1), 2 * sum_of_squares / freedom)
        quantile = stdtrit(freedom, 1 - (1 - CONFIDENCE) / judged.sum())  # the sum counts every pair twice: 2 m
        half[judged] = quantile * np.sqrt(variance / seeds[judged])
    return Differences(mean, half, seeds)


def _residuals(table: np.ndarray) -> tuple[float, int]:
    """Fit y_sc ~ seed + cell to what is there; return the residuals' sum of squares and degrees of freedom."""
    rows, columns = np.nonzero(np.isfinite(table))
    values = table[rows, columns]
    design = np.concatenate([np.eye(table.shape[0])[rows], np.eye(table.shape[1])[columns]], axis=1)
    fitted, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    return float(((values - design @ fitted) ** 2).sum()), len(values) - int(rank)
