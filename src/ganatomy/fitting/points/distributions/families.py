"""Families of planar distributions: each a way to draw points, and the density that this way has.

`GaussianMixture` and `UniformCells` have closed forms. `Twist` turns the points of another distribution about
the origin, each by an angle that depends on its radius only: a map that preserves area, so that the density is
the other's at the point turned back. `NoisyCircle` and `NoisyCurves` add Gaussian noise to a point on a curve,
so that `p(x) = integral N(x; c(t), std^2 I) q(t) dt` over the curve's parameter; for the circle the integral is
a Bessel function, for other curves a sum over the nodes of a Gauss-Legendre rule.

For the built-in curves the sum has a relative error below 1e-8 where points are drawn. Far from the curves,
where the density is nearly 0, this is not guaranteed: there `log p` has a relative error below 1e-4.

Shapes: `N` points, `D = 2` data dimensions, `K` components, `C` curves, `Q` quadrature nodes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import i0e, logsumexp

from ganatomy.fitting.points.distributions.base import Components, Distribution

_NODES_A_PANEL = 32
_BLOCK = 2**21  # numbers at a time in the quadrature, 16 MiB


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class GaussianMixture(Distribution):
    """Mix Gaussians: `p(x) = sum_k w_k N(x; m_k, S_k)`.

    >>> pair = Components([0.5, 0.5], [[-1, 0], [1, 0]], [np.eye(2), np.eye(2)])
    >>> mixture = GaussianMixture(name="pair", summary="", source="", components=pair)
    >>> mixture.log_density([[0.0, 0.0]]).round(6)  # -1/2 - log(2 pi)
    array([-2.337877])
    """

    def __post_init__(self) -> None:
        if self.components is None:
            raise TypeError("a mixture of Gaussians is made of components")

    @property
    def _parts(self) -> Components:
        assert self.components is not None, "checked when it was made"
        return self.components

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        parts = self._parts
        which = rng.choice(len(parts.weights), size=n, p=parts.weights)
        factors = np.linalg.cholesky(parts.covariances)  # (K, D, D)
        noise = rng.standard_normal((n, self.dim))
        return parts.means[which] + np.einsum("nij,nj->ni", factors[which], noise)

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        parts = self._parts
        _, log_determinants = np.linalg.slogdet(2 * np.pi * parts.covariances)  # (K,)
        logs = np.log(parts.weights) - (parts.squared_distances(x) + log_determinants) / 2  # (N, K)
        return np.asarray(logsumexp(logs, axis=1))


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Twist(Distribution):
    """Turn the points of another distribution: `x = R(rate * |y|) y`, `R(a)` the rotation by `a`, `y ~ inner`.

    In polar coordinates the map is `(r, a) -> (r, a + rate * r)`, whose Jacobian determinant is 1; thus
    `p(x) = p_inner(R(-rate * |x|) x)`.

    Attributes:
        inner: The distribution to turn.
        rate: Radians per unit of radius, counter-clockwise.
    """

    inner: Distribution
    rate: float

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return _turn(self.inner._draw(n, rng), self.rate)

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        return self.inner._log_density(_turn(x, -self.rate))


def _turn(x: np.ndarray, rate: float) -> np.ndarray:
    """Turn every point about the origin by `rate` times its radius."""
    angle = rate * np.hypot(x[:, 0], x[:, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], axis=1)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class UniformCells(Distribution):
    """Spread points evenly over the dark cells of a board: `p(x) = 1 / (dark cells * cell^2)` on them, else 0.

    The cell of a point is `(floor(x_1 / cell), floor(x_2 / cell))`; it is dark if the sum of the two is even.

    Attributes:
        cell: The side of a cell.
        reach: The board has the cells `-reach, ..., reach - 1` on each axis.
    """

    cell: float
    reach: int

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        column = rng.integers(-self.reach, self.reach, size=n)
        row = 2 * rng.integers(0, self.reach, size=n) - self.reach  # every other row, then the parity that fits
        row += (column + row) % 2
        return self.cell * (np.stack([column, row], axis=1) + rng.random((n, self.dim)))

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        cells = np.floor(x / self.cell)  # (N, D)
        dark = (cells.sum(axis=1) % 2 == 0) & ((cells >= -self.reach) & (cells < self.reach)).all(axis=1)
        return np.where(dark, -np.log(2 * self.reach**2 * self.cell**2), -np.inf)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NoisyCircle(Distribution):
    """Add Gaussian noise to a uniform point of a circle about the origin.

    `p(x) = exp(-(|x|^2 + R^2) / (2 std^2)) I_0(|x| R / std^2) / (2 pi std^2)`, with `I_0` the modified Bessel
    function; the radius `|x|` then follows the Rice law.

    Attributes:
        radius: `R`.
        std: The noise's standard deviation on each axis.

    References:
        S. O. Rice (1945), Mathematical analysis of random noise, section 3.10.
    """

    radius: float
    std: float

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        angle = 2 * np.pi * rng.random(n)
        circle = self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return circle + self.std * rng.standard_normal((n, self.dim))

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        radius, variance = np.hypot(x[:, 0], x[:, 1]), self.std**2
        # i0e(u) = exp(-u) I_0(u) neither overflows nor vanishes; the square takes up the exponent.
        bessel = np.log(i0e(radius * self.radius / variance))
        return bessel - (radius - self.radius) ** 2 / (2 * variance) - np.log(2 * np.pi * variance)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NoisyCurves(Distribution):
    """Add Gaussian noise to a random point of one of several curves.

    `x = c_j(t) + std * e` with `j` uniform over the `C` curves, `t` in [0, 1] of density `q(t) = power *
    t^(power - 1)`, and `e` standard normal. The density's integral is a composite Gauss-Legendre rule over `t`.

    Attributes:
        curves: Functions from parameters (Q,) to points (Q, D), smooth on [0, 1].
        std: The noise's standard deviation on each axis.
        power: 1 draws `t` uniformly; 2 makes large `t` likelier, in proportion.
        panels: Equal parts of [0, 1], each with a rule of 32 nodes.
    """

    curves: tuple[Callable[[np.ndarray], np.ndarray], ...]
    std: float
    power: int = 1
    panels: int = 32

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        which = rng.integers(len(self.curves), size=n)
        t = rng.random(n) ** (1 / self.power)
        points = np.stack([curve(t) for curve in self.curves])[which, np.arange(n)]  # (N, D)
        return points + self.std * rng.standard_normal((n, self.dim))

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        nodes, weights = np.polynomial.legendre.leggauss(_NODES_A_PANEL)  # on [-1, 1]
        t = ((np.arange(self.panels)[:, None] + (nodes + 1) / 2) / self.panels).ravel()  # (Q,)
        weight = np.tile(weights / (2 * self.panels), self.panels) * self.power * t ** (self.power - 1)  # (Q,)
        centres = np.concatenate([curve(t) for curve in self.curves]) / self.std  # (C Q, D)
        log_weight = np.tile(np.log(weight / len(self.curves)), len(self.curves))  # (C Q,)
        # -|x - c|^2 / 2 = x.c - |c|^2 / 2 - |x|^2 / 2: one matrix product for all pairs.
        offset = log_weight - np.square(centres).sum(axis=1) / 2
        scaled = x / self.std
        logs = np.empty(len(x))
        step = max(1, _BLOCK // len(centres))
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            logs[part] = logsumexp(scaled[part] @ centres.T + offset, axis=1)
        return logs - np.square(scaled).sum(axis=1) / 2 - np.log(2 * np.pi * self.std**2)
