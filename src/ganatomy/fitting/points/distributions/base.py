"""What a distribution is: something to draw from, whose density is known.

A *distribution* has a density `p` on `R^D` with respect to Lebesgue measure: `p >= 0`, `integral p(x) dx = 1`.
It offers independent draws `x ~ p` and `log p(x)` in nats (minus infinity where `p` is 0). A mixture of
Gaussians also has *components*, `p(x) = sum_k w_k N(x; m_k, S_k)` with `w_k > 0`, `sum_k w_k = 1` and every
`S_k` symmetric positive definite. Distributions are values: they hold no state, and equal arguments give equal
results. Not guaranteed: the same draws from different versions of numpy.

Shapes: `N` points, `D` data dimensions, `K` components.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from ganatomy.errors import InputError

_INFINITELY_FAR = 1e100


@dataclass(frozen=True, eq=False)
class Components:
    """Hold the components of a mixture of Gaussians; the arrays are read-only.

    Attributes:
        weights: (K,), positive, summing to 1.
        means: (K, D), in the data's units.
        covariances: (K, D, D), symmetric positive definite, in the data's units squared.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self):
        for name in ("weights", "means", "covariances"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def squared_distances(self, x: np.ndarray) -> np.ndarray:
        """Compute squared Mahalanobis distances `(x - m_k)^T S_k^-1 (x - m_k)` to every component.

        Within `r` standard deviations of component `k` means `squared_distances(x)[:, k] <= r**2`. For draws of
        that component it follows the chi-square law with `D` degrees of freedom.

        Args:
            x: (N, D).

        Returns:
            (N, K), without unit.

        References:
            P. C. Mahalanobis (1936), On the generalized distance in statistics.

        >>> pair = Components([0.5, 0.5], [[0, 0], [1, 0]], [np.eye(2), 4 * np.eye(2)])
        >>> pair.squared_distances(np.array([[3.0, 0.0]]))
        array([[9., 1.]])
        """
        squares = np.empty((len(x), len(self.weights)))
        for k, (mean, factor) in enumerate(zip(self.means, np.linalg.cholesky(self.covariances), strict=True)):
            squares[:, k] = np.square(solve_triangular(factor, (x - mean).T, lower=True)).sum(axis=0)
        return squares


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Distribution(ABC):
    """Draw from a known density on the plane, and evaluate it.

    Attributes:
        name: As it is written on the command line.
        summary: One line: what it looks like, with its constants.
        source: Where it comes from: authors, year, title.
        components: Of a mixture of Gaussians; None for anything else.
        dim: `D`; all built-in distributions are planar.
    """

    name: str
    summary: str
    source: str
    components: Components | None = None
    dim: ClassVar[int] = 2

    def __repr__(self) -> str:
        return f"Distribution({self.name}: {self.summary})"

    def sample(self, n: int, seed: int) -> np.ndarray:
        """Draw independent points; the global random state is neither read nor changed.

        Args:
            n: The number of points, at least 1.
            seed: Non-negative; the same seed gives the same points.

        Returns:
            float64 (n, D).

        Raises:
            InputError: `n` is less than 1.
        """
        if n < 1:
            raise InputError(f"cannot draw n={n} points of '{self.name}'; give at least 1")
        return self._draw(n, np.random.default_rng(seed))

    def log_density(self, x: ArrayLike) -> np.ndarray:
        """Evaluate `log p(x)`, in nats; minus infinity where the density is 0.

        So do rows that are not finite, or beyond 1e100, where the square of a distance would overflow.

        Args:
            x: Points (N, D).

        Returns:
            float64 (N,).

        Raises:
            InputError: `x` has another shape.
        """
        points = np.asarray(x, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise InputError(f"'{self.name}' has a density for points (N, {self.dim}), not for shape {points.shape}")
        near = (np.abs(points) < _INFINITELY_FAR).all(axis=1)  # not for NaN
        logs = np.full(len(points), -np.inf)
        logs[near] = self._log_density(points[near])
        return logs

    @abstractmethod
    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray: ...

    @abstractmethod
    def _log_density(self, x: np.ndarray) -> np.ndarray: ...
