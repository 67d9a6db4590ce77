"""How near a sample is to real points: distances, neighbourhood scores, and comparison with a known mixture.

A metric is a function of samples X = {x_1 .. x_N} and reference points Y = {y_1 .. y_M}, or of X and a known
distribution. Every metric is unchanged when the points of a set are reordered. Under a similarity of both sets
(shift, rotation, scaling by s) the distances `wasserstein2` and `sliced_wasserstein` scale with s,
`energy_distance` with sqrt(s), and `mmd` and all the scores stay as they are (the random directions of
`sliced_wasserstein` make its rotation invariance approximate).
What is not guaranteed: none of them is 0 (or 1) for two finite sets of one distribution; what to expect there
is the floor (see `ganatomy.fitting.metrics.yardstick`), and it depends on N, M and the distribution.

All metrics can be had from here; `transport` and `known_target` hold those that are not functions of distances
alone. Those that are take the distances as `tables`, if they are at hand already.

Shape letters: `N` samples, `M` reference points, `D` data dimensions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.known import components_found, negative_log_likelihood, share_within, weight_error
from ganatomy.fitting.metrics.pairs import Tables, point_set, point_sets
from ganatomy.fitting.metrics.transport import sliced_wasserstein, subsample, wasserstein2

__all__ = [
    "Neighbourhoods",
    "components_found",
    "energy_distance",
    "median_distance",
    "mmd",
    "negative_log_likelihood",
    "precision_recall_density_coverage",
    "share_within",
    "sliced_wasserstein",
    "two_sample_accuracy",
    "wasserstein2",
    "weight_error",
]


@dataclass(frozen=True)
class Neighbourhoods:
    """The four scores that balls around points give: two of fidelity, two of variety.

    Attributes:
        precision: share of samples that lie in some reference point's ball, in [0, 1].
        recall: share of reference points that lie in some sample's ball, in [0, 1].
        density: reference balls a sample lies in, as a multiple of k; 1 is expected, more is crowding.
        coverage: share of reference points with a sample in their ball, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def energy_distance(x: ArrayLike, y: ArrayLike, tables: Tables | None = None) -> float:
    """Compute the energy distance of two point sets, with each point paired with itself too (V-statistic).

        E(X, Y)^2 = 2 mean |x_i - y_j| - mean |x_i - x_j| - mean |y_i - y_j|

    Args:
        x: samples, (N, D).
        y: reference points, (M, D).
        tables: the distances of x and y, if known.

    Returns:
        The distance; its square is in the data's units.

    Raises:
        InputError: the arrays are no point sets of one dimension.

    References:
        Székely and Rizzo 2013, Energy statistics: a class of statistics based on distances.

    >>> points = np.random.default_rng(0).standard_normal((500, 2))
    >>> round(energy_distance(points, points + [3.0, 4.0]), 4)
    2.6348
    """
    between, within_x, within_y = tables or Tables.of(*point_sets(x, y))
    return float(np.sqrt(max(2 * between.mean - within_x.mean - within_y.mean, 0.0)))


def median_distance(y: ArrayLike) -> float:
    """Compute the median distance of two different rows of `y` (M, D); the mean, should the median be 0.

    Raises:
        InputError: the rows are all the same.

    >>> median_distance([[0.0], [1.0], [3.0]])
    2.0
    """
    distances = pdist(point_set(y, "reference points"))
    if not distances.any():
        raise InputError("the reference points are one distinct point; give at least two, or an MMD bandwidth")
    mean = distances.mean()
    return float(np.median(distances, overwrite_input=True) or mean)


def mmd(x: ArrayLike, y: ArrayLike, bandwidth: float | None = None, tables: Tables | None = None) -> float:
    """Compute the maximum mean discrepancy with a Gaussian kernel (root of the biased estimate of MMD^2).

        MMD(X, Y)^2 = mean k(x_i, x_j) + mean k(y_i, y_j) - 2 mean k(x_i, y_j)
        k(a, b) = exp(-|a - b|^2 / (2 bandwidth^2))

    Args:
        x: samples, (N, D).
        y: reference points, (M, D).
        bandwidth: the kernel's width, in the data's units; None takes the median distance of reference points.
        tables: the distances of x and y, if known.

    Returns:
        The discrepancy, in [0, sqrt(2)].

    Raises:
        InputError: the arrays are no point sets of one dimension, or the bandwidth is not positive.

    References:
        Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012, A kernel two-sample test, eq. 5; the median rule is
        in its section 8.

    >>> points = np.random.default_rng(0).standard_normal((500, 2))
    >>> round(mmd(points, points + [3.0, 4.0]), 4)
    1.0435
    """
    between, within_x, within_y = tables or Tables.of(*point_sets(x, y))
    bandwidth = median_distance(y) if bandwidth is None else bandwidth
    if not bandwidth > 0:
        raise InputError(f"the MMD bandwidth is {bandwidth}; give a positive width, or none for the median rule")
    within = within_x.mean_kernel(bandwidth) + within_y.mean_kernel(bandwidth)
    return float(np.sqrt(max(within - 2 * between.mean_kernel(bandwidth), 0.0)))


def precision_recall_density_coverage(
    x: ArrayLike, y: ArrayLike, k: int = 5, tables: Tables | None = None
) -> Neighbourhoods:
    """Compute the scores of k-nearest-neighbour balls; a ball reaches to its centre's k-th neighbour, included.

        B(y_j) = closed ball around y_j with the distance of its k-th neighbour among the other points of Y
        precision = share of x_i in any B(y_j)           recall = share of y_j in any B(x_i)
        density = 1/(k N) sum_ij [x_i in B(y_j)]         coverage = share of j with any x_i in B(y_j)

    For two sets of one distribution and equal sizes, density is 1 and coverage 1 - 2^-k on average.

    Args:
        x: samples, (N, D), N > k.
        y: reference points, (M, D), M > k.
        k: neighbours that set a ball's radius.
        tables: the distances of x and y, if known.

    Returns:
        The four scores.

    Raises:
        InputError: the arrays are no point sets of one dimension, or have too few points.

    References:
        Kynkäänniemi, Karras, Laine, Lehtinen and Aila 2019, Improved precision and recall metric for assessing
        generative models, eq. 1 and 2. Naeem, Oh, Uh, Choi and Yoo 2020, Reliable fidelity and diversity
        metrics for generative models, section 3.

    >>> rng = np.random.default_rng(0)
    >>> wide, tight = rng.standard_normal((500, 2)), 0.1 * rng.standard_normal((500, 2))
    >>> precision_recall_density_coverage(tight, wide)
    Neighbourhoods(precision=1.0, recall=0.054, density=0.8488, coverage=0.074)
    """
    between, within_x, within_y = tables or Tables.of(*point_sets(x, y))
    n, m = len(between.x), len(between.y)
    if not 1 <= k < min(n, m):
        raise InputError(f"balls of k = {k} neighbours need more than {k} points a set; given are {n} and {m}")
    radii_x, radii_y = within_x.nearest(k), within_y.nearest(k)
    inside, recalled = np.zeros(n, dtype=np.int64), np.zeros(m, dtype=bool)
    for rows, distances in between.blocks():
        inside[rows] = np.count_nonzero(distances <= radii_y, axis=1)
        recalled |= (distances <= radii_x[rows, None]).any(axis=0)
    return Neighbourhoods(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / k),
        coverage=float((between.nearest_to_y <= radii_y).mean()),
    )


def two_sample_accuracy(x: ArrayLike, y: ArrayLike, seed: int = 0, tables: Tables | None = None) -> float:
    """Compute how often a point's nearest other point belongs to its own set (1-NN, leave one out).

    1/2 means that the sets cannot be told apart, 1 that they lie apart; clearly less than 1/2 means that
    samples sit on reference points, as memorised ones do. A tie counts one half. The larger set is SUBSAMPLED,
    at random without replacement, to the size of the smaller (not when `tables` are given).

    Args:
        x: samples, (N, D), N > 1.
        y: reference points, (M, D), M > 1.
        seed: of the subsampling.
        tables: the distances of x and y, if known.

    Returns:
        The accuracy, in [0, 1].

    Raises:
        InputError: the arrays are no point sets of one dimension, or have fewer than 2 points.

    References:
        Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests.

    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 1000, 2))
    >>> two_sample_accuracy(x, y), two_sample_accuracy(x, y + [3.0, 4.0])
    (0.496, 0.9955)
    """
    if tables is None:
        x, y = point_sets(x, y)
        size, rng = min(len(x), len(y)), np.random.default_rng(seed)
        tables = Tables.of(subsample(x, size, rng), subsample(y, size, rng))
    between, within_x, within_y = tables
    if min(len(between.x), len(between.y)) < 2:
        raise InputError("the two-sample accuracy needs at least 2 points a set")
    own = np.concatenate([within_x.nearest(1), within_y.nearest(1)])
    other = np.concatenate([between.nearest(0), between.nearest_to_y])
    return float(((own < other) + 0.5 * (own == other)).mean())
