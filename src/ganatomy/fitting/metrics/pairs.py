"""All distances between two point sets, computed once and shared by the metrics that need them.

A pair of sets X = {x_1 .. x_N} and Y = {y_1 .. y_M} has three tables of Euclidean distances: X to Y, X to X
and Y to Y. Energy distance, MMD, the neighbourhood scores and the two-sample classifier are all functions of
these tables alone, so `Tables` can be handed from one to the next. A table of at most `WHOLE` entries is kept;
a larger one is computed again, block of rows by block of rows, each time it is needed, so 8192 x 8192 distances
never lie in memory at once. What is not guaranteed: arrays are referred to, not copied, and must not change.

Shape letters: `N` rows of X, `M` rows of Y, `D` data dimensions.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from ganatomy.errors import InputError

WHOLE = 2**22
"""Most entries of a table that is kept: 32 MiB."""
_BLOCK = 2**18  # entries that are worked on at a time: 2 MiB, which processors' caches hold


def point_set(points: ArrayLike, name: str) -> np.ndarray:
    """Check one point set and return it as float64 (N, D).

    Raises:
        InputError: it is not a table of at least one row and one column, or not all of it is finite.

    >>> point_set([[0, 1], [2, 3]], "samples").dtype
    dtype('float64')
    """
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise InputError(f"{name} have shape {array.shape}; give an (N, D) array with a point in each row")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        where = f"{bad.sum()} of {len(array)} rows, first in row {bad.argmax() + 1}"
        raise InputError(f"{name} have NaN or infinite values in {where}; remove or repair these rows")
    return array


def point_sets(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Check samples `x` and reference `y` and return them as float64 (N, D) and (M, D).

    Raises:
        InputError: one of them is no point set, or their dimensions differ.

    >>> point_sets([[0.0, 1.0]], [[0.0]])
    Traceback (most recent call last):
    ganatomy.errors.InputError: samples have shape (1, 2) and reference points (1, 1); their columns must agree
    """
    x, y = point_set(x, "samples"), point_set(y, "reference points")
    if x.shape[1] != y.shape[1]:
        raise InputError(f"samples have shape {x.shape} and reference points {y.shape}; their columns must agree")
    return x, y


class Pairs:
    """The distances d_ij = |x_i - y_j| of every row of x (N, D) to every row of y (M, D), in the data's units.

    >>> pairs = Pairs(np.zeros((1, 2)), np.array([[3.0, 4.0], [0.0, 1.0]]))
    >>> pairs.mean, pairs.nearest(1)
    (3.0, array([5.]))
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y
        self._mean_kernels: dict[float, float] = {}
        self._neighbours = np.empty((len(x), 0))  # (N, ranks known so far)

    @cached_property
    def _whole(self) -> np.ndarray | None:
        return cdist(self.x, self.y) if len(self.x) * len(self.y) <= WHOLE else None

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (rows, their distances) until all rows of x are done; do not write to the distances."""
        height = max(1, _BLOCK // len(self.y))
        for start in range(0, len(self.x), height):
            rows = slice(start, start + height)
            yield rows, cdist(self.x[rows], self.y) if self._whole is None else self._whole[rows]

    def _rowwise(self, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return np.concatenate([function(distances) for _, distances in self.blocks()])

    @cached_property
    def mean(self) -> float:
        """The mean of all N M distances."""
        return float(self._rowwise(lambda distances: distances.mean(axis=1)).mean())

    def mean_kernel(self, bandwidth: float) -> float:
        """Return the mean of exp(-d_ij^2 / (2 bandwidth^2)) over all pairs."""

        def row_means(distances: np.ndarray) -> np.ndarray:
            kernel = np.square(distances / bandwidth)
            kernel *= -0.5
            return np.exp(kernel, out=kernel).mean(axis=1)

        if bandwidth not in self._mean_kernels:
            self._mean_kernels[bandwidth] = float(self._rowwise(row_means).mean())
        return self._mean_kernels[bandwidth]

    def nearest(self, rank: int) -> np.ndarray:
        """Return the distance of each x_i to its nearest y (rank 0), the second nearest (rank 1) ...: (N,).

        Where x is y, rank 0 is each point itself, so rank k is its k-th neighbour.
        """

        def smallest(distances: np.ndarray) -> np.ndarray:
            return np.sort(np.partition(distances, rank, axis=1)[:, : rank + 1], axis=1)

        if rank >= self._neighbours.shape[1]:
            self._neighbours = self._rowwise(smallest)
        return self._neighbours[:, rank]

    @cached_property
    def nearest_to_y(self) -> np.ndarray:
        """The distance of each y_j to its nearest x: (M,)."""
        return np.min([distances.min(axis=0) for _, distances in self.blocks()], axis=0)


class Tables(NamedTuple):
    """The three tables of distances of a pair of sets: between them, within x, within y."""

    between: Pairs
    within_x: Pairs
    within_y: Pairs

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, within_y: Pairs | None = None) -> "Tables":
        """Set up the tables of `x` (N, D) and `y` (M, D), with the one of y alone if it is known already."""
        return cls(Pairs(x, y), Pairs(x, x), within_y or Pairs(y, y))
