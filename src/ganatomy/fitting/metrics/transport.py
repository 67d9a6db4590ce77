"""Distances between two point sets by optimal transport.

The sets X = {x_1 .. x_N} and Y = {y_1 .. y_M} stand for the measures that give each of their points the same
mass. The 2-Wasserstein distance is the root of the least mean squared way that turns one into the other,

    W2(X, Y)^2 = min over couplings of E |x - y|^2,

for N = M a minimum over permutations: an assignment problem, solved exactly. It is a metric between the sets.
What is not guaranteed: as an estimate of the distance between the distributions they were drawn from it is
biased upwards, and two sets drawn from one distribution are not at 0. So a fit is compared to a floor.

Shape letters: `N` samples, `M` reference points, `D` data dimensions, `P` projections.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ganatomy.fitting.metrics.pairs import point_sets

REPEATED = 4096
"""The largest size to which the points of unequal sets are repeated: about a second."""

_TEMPERATURES = 4.0 ** -np.arange(9)  # the mean cost is 2; fine ones help where modes are tight and far apart
_ROUNDS = 10


def subsample(points: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `size` distinct rows of `points` (N, D), or return them all in their order if there are no more.

    >>> subsample(np.arange(8.0)[:, None], 3, np.random.default_rng(0)).ravel()
    array([4., 7., 5.])
    """
    return points[rng.choice(len(points), size, replace=False)] if size < len(points) else points


def _column_potential(cost: np.ndarray) -> np.ndarray:
    """Return nearly optimal dual variables g (N,) of the columns of the assignment problem `cost` (N, N).

    Sinkhorn's iteration at falling temperatures, the potentials absorbed into the kernel at each (Peyré and
    Cuturi 2019, Computational Optimal Transport, section 4.4). Single precision is enough for a head start.
    """
    cost = cost.astype(np.float32)
    potential = np.zeros(cost.shape[1], np.float32)
    for temperature in _TEMPERATURES.astype(np.float32):
        kernel = potential - cost
        kernel -= kernel.max(axis=1, keepdims=True)
        kernel /= temperature
        np.exp(kernel, out=kernel)
        columns = np.ones_like(potential)
        for _ in range(_ROUNDS):
            rows = 1 / np.maximum(kernel @ columns, 1e-30)
            columns = 1 / np.maximum(rows @ kernel, 1e-30)
        potential += temperature * np.log(columns)
    return potential


def _standard(points: np.ndarray) -> np.ndarray:
    """Shift and scale `points` (N, D), not all the same, to mean 0 and mean square norm 1."""
    centred = points - points.mean(axis=0)
    return centred / np.sqrt(np.square(centred).sum(axis=1).mean())


def _best_matching(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the permutation p (N,) with the least sum of |x_i - y_p(i)|^2, exactly, for `x` and `y` (N, D).

    It is that with the greatest sum of x_i . y_p(i), so shifting or scaling either set does not change it; and
    as every permutation takes each column once, neither does subtracting a potential from the costs' columns. A
    good potential leaves the shortest-path solver little to search: 20 times faster for a collapsed sample.
    """
    if not np.ptp(x, axis=0).any() or not np.ptp(y, axis=0).any():
        return np.arange(len(x))  # all points of a set are one: all permutations cost the same
    cost = cdist(_standard(x), _standard(y), "sqeuclidean")
    return linear_sum_assignment(cost - _column_potential(cost))[1]


def _least_mean_cost_on_lines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return W2^2 of each row of `x` (P, N) and `y` (P, M): on a line the sorted points are matched in order.

    The quantile functions are steps at i/N and j/M; between neighbouring steps of either both are constant.
    """
    n, m = x.shape[1], y.shape[1]
    steps = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)  # in units of 1 / (N M)
    start, mass = steps[:-1], np.diff(steps) / (n * m)
    gaps = np.sort(x, axis=1)[:, start // m] - np.sort(y, axis=1)[:, start // n]
    return np.square(gaps) @ mass


def is_matched_whole(n: int, m: int, dimension: int, limit: int = 2048) -> bool:
    """Say whether `wasserstein2` is of all points of sets of n and m points, or of a part of them.

    >>> is_matched_whole(700, 700, 2), is_matched_whole(600, 400, 2), is_matched_whole(700, 1192, 2)
    (True, True, False)
    """
    return dimension == 1 or (max(n, m) <= limit and (n == m or math.lcm(n, m) <= REPEATED))


def wasserstein2(x: ArrayLike, y: ArrayLike, limit: int = 2048, seed: int = 0) -> float:
    """Compute the exact 2-Wasserstein distance of two point sets.

        W2(X, Y)^2 = min over permutations p of (1/N) sum_i |x_i - y_p(i)|^2

    For D >= 2 both sets must have one size. Sets of unequal size whose least common multiple is at most `REPEATED` get
    it by repeating points, which changes neither measure; others, and sets larger than `limit`, are first SUBSAMPLED,
    at random without replacement, to the smaller size or the limit; the distance is exact for what was drawn. For D = 1
    all points are used whatever their numbers.

    Args:
        x: samples, (N, D).
        y: reference points, (M, D).
        limit: the most points of each set that are matched; the time grows as about limit^2.5 (0.2 s at 2048).
        seed: of the subsampling.

    Returns:
        The distance, in the data's units.

    Raises:
        InputError: the arrays are no point sets of one dimension.

    References:
        Villani 2009, Optimal Transport: Old and New, chapter 6. Crouse 2016, On implementing 2D rectangular
        assignment algorithms (the solver, in scipy).

    >>> points = np.random.default_rng(0).standard_normal((500, 2))
    >>> round(wasserstein2(points, points + [3.0, 4.0]), 12)
    5.0
    """
    x, y = point_sets(x, y)
    if x.shape[1] == 1:
        return float(np.sqrt(_least_mean_cost_on_lines(x.T, y.T)[0]))
    if is_matched_whole(len(x), len(y), x.shape[1], limit):
        size = math.lcm(len(x), len(y))
        x, y = np.repeat(x, size // len(x), axis=0), np.repeat(y, size // len(y), axis=0)
    else:
        size, rng = min(len(x), len(y), limit), np.random.default_rng(seed)
        x, y = subsample(x, size, rng), subsample(y, size, rng)
    return float(np.sqrt(np.square(x - y[_best_matching(x, y)]).sum(axis=1).mean()))


def sliced_wasserstein(x: ArrayLike, y: ArrayLike, projections: int = 128, seed: int = 0) -> float:
    """Compute the sliced 2-Wasserstein distance: the root mean square of W2 over random directions.

        SW2(X, Y)^2 = E over unit vectors u of W2(u.X, u.Y)^2

    A shift by v gives about |v| / sqrt(D), and never more than W2. Each W2 on a line is exact for any N and M,
    so for D = 1 the whole is exact; otherwise the mean is over `projections` directions, fixed by `seed`.

    Args:
        x: samples, (N, D).
        y: reference points, (M, D).
        projections: the number P of directions.
        seed: of the directions.

    Returns:
        The distance, in the data's units.

    Raises:
        InputError: the arrays are no point sets of one dimension.

    References:
        Rabin, Peyré, Delon and Bernot 2012, Wasserstein barycenter and its application to texture mixing.
        Bonneel, Rabin, Peyré and Pfister 2015, Sliced and Radon Wasserstein barycenters of measures.

    >>> points = np.random.default_rng(0).standard_normal((500, 2))
    >>> round(sliced_wasserstein(points, points + [3.0, 4.0]), 2)  # towards 5 / sqrt(2) = 3.54
    3.56
    """
    x, y = point_sets(x, y)
    if x.shape[1] == 1:
        return wasserstein2(x, y)
    directions = np.random.default_rng(seed).standard_normal((projections, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return float(np.sqrt(_least_mean_cost_on_lines(directions @ x.T, directions @ y.T).mean()))
