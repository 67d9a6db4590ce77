"""The built-in distributions, by name.

`DISTRIBUTIONS` maps every name to one value, in the order in which they are listed to users. All are planar and
have a known density. Constants are those of the cited sources where these publish them; where a published form
has no density in closed form (uniform jitter, a twist that does not preserve area), the nearest one that has is
taken, and `source` says so.

Shapes: `K` components, `D = 2` data dimensions, `Q` parameters of points on a curve.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ganatomy.errors import unknown
from ganatomy.fitting.points.distributions.base import Components, Distribution
from ganatomy.fitting.points.distributions.families import (
    GaussianMixture,
    NoisyCircle,
    NoisyCurves,
    Twist,
    UniformCells,
)

_PACGAN = "Z. Lin et al. (2018), PacGAN: The power of two samples in generative adversarial networks"
_FFJORD = "W. Grathwohl et al. (2019), FFJORD: Free-form continuous dynamics for scalable generative models"


def distribution(name: str) -> Distribution:
    """Look up a built-in distribution.

    Args:
        name: One of `DISTRIBUTIONS`.

    Returns:
        The distribution, the same object every time.

    Raises:
        InputError: There is none of that name; near misses are suggested.

    >>> ring = distribution("ring")
    >>> ring.sample(2, seed=0).round(3)
    array([[-0.701, -0.706],
           [-0.005,  1.004]])
    >>> ring.log_density([[1.0, 0.0]]).round(6)  # log(1/8) - log(2 pi 0.01^2)
    array([5.293022])
    """
    if name not in DISTRIBUTIONS:
        raise unknown("distribution", name, DISTRIBUTIONS)
    return DISTRIBUTIONS[name]


def distributions() -> dict[str, Distribution]:
    """List the built-in distributions by name; each says what it is in its `summary`.

    >>> listed = distributions()
    >>> list(listed)[:3], listed["ring"]
    (['zigzag', 'ring', 'grid'], Distribution(ring: 8 Gaussians evenly on the unit circle, standard deviation 0.01))
    """
    return dict(DISTRIBUTIONS)


def _equal(means: np.ndarray, covariances: np.ndarray) -> Components:
    """Make components of equal weight; one covariance (D, D) serves all, unless there are K."""
    count = len(means)
    return Components(np.full(count, 1 / count), means, np.broadcast_to(covariances, (count, 2, 2)))


def _circular(angles: np.ndarray) -> np.ndarray:
    """Place points on the unit circle at these angles: (Q,) -> (Q, 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _swissroll(t: np.ndarray) -> np.ndarray:
    angle = 1.5 * np.pi * (1 + 2 * t)
    return angle[:, None] * _circular(angle) / 7.5


def _upper_moon(t: np.ndarray) -> np.ndarray:
    return _circular(np.pi * t)


def _lower_moon(t: np.ndarray) -> np.ndarray:
    return np.array([1.0, 0.5]) - _circular(np.pi * t)


def _spiral(t: np.ndarray) -> np.ndarray:
    angle = 3 * np.pi * t
    return np.pi * t[:, None] * np.stack([-np.cos(angle), np.sin(angle)], axis=-1)


def _opposite_spiral(t: np.ndarray) -> np.ndarray:
    return -_spiral(t)


def _spokes() -> Components:
    """Place five Gaussians at radius 2, long along the radius (0.6) and thin across (0.2)."""
    means = 2 * _circular(2 * np.pi * np.arange(5) / 5)  # (K, D)
    along = means[:, :, None] * means[:, None, :] / 4  # projections on the radius
    return _equal(means, 0.6**2 * along + 0.2**2 * (np.eye(2) - along))


_ALL = (
    GaussianMixture(
        name="zigzag",
        summary="4 strongly correlated Gaussians that form a zigzag, equal weights",
        source="measured moments of the four blocks of points.mat, data of a university laboratory",
        components=_equal(
            np.array([[0.49986, 0.49982], [0.18086, 0.50141], [0.85821, 0.45947], [1.10105, 0.41881]]),
            np.array(
                [
                    [[0.006553, -0.004877], [-0.004877, 0.004052]],
                    [[0.006365, 0.004831], [0.004831, 0.004860]],
                    [[0.006719, 0.003412], [0.003412, 0.003323]],
                    [[0.003793, -0.004609], [-0.004609, 0.007883]],
                ]
            ),
        ),
    ),
    GaussianMixture(
        name="ring",
        summary="8 Gaussians evenly on the unit circle, standard deviation 0.01",
        source=_PACGAN,
        components=_equal(_circular(2 * np.pi * np.arange(8) / 8), 0.01**2 * np.eye(2)),
    ),
    GaussianMixture(
        name="grid",
        summary="25 Gaussians at {-4, -2, 0, 2, 4} squared, standard deviation 0.05",
        source=_PACGAN,
        components=_equal(
            np.array([(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]), 0.05**2 * np.eye(2)
        ),
    ),
    NoisyCurves(
        name="swissroll",
        summary="a spiral of 1.5 turns, radius 0.63 to 1.88, with Gaussian noise of 1/30",
        source="I. Gulrajani et al. (2017), Improved training of Wasserstein GANs (scikit-learn's roll / 7.5)",
        curves=(_swissroll,),
        std=0.25 / 7.5,
    ),
    NoisyCurves(
        name="moons",
        summary="two interleaved half circles of radius 1 with Gaussian noise of 0.1",
        source="F. Pedregosa et al. (2011), Scikit-learn: Machine learning in Python (make_moons, noise 0.1)",
        curves=(_upper_moon, _lower_moon),
        std=0.1,
    ),
    NoisyCurves(
        name="spirals",
        summary="two spirals of 1.5 turns out to radius 3.14 with Gaussian noise of 0.1",
        source=f"{_FFJORD}: its two spirals without their uniform jitter",
        curves=(_spiral, _opposite_spiral),
        std=0.1,
        power=2,
    ),
    UniformCells(
        name="checkerboard",
        summary="uniform on the 8 dark cells, side 2, of a 4 x 4 board over [-4, 4] squared",
        source=_FFJORD,
        cell=2.0,
        reach=2,
    ),
    Twist(
        name="pinwheel",
        summary="5 Gaussian spokes (radius 2 +- 0.6, width 0.2) turned by 0.7 radians per unit of radius",
        source=(
            "M. J. Johnson et al. (2016), Composing graphical models with neural networks for structured"
            " representations and fast inference: its pinwheel, twice as large and with a twist that keeps area"
        ),
        inner=GaussianMixture(name="spokes", summary="", source="", components=_spokes()),
        rate=0.7,
    ),
    NoisyCircle(
        name="circle",
        summary="the unit circle with Gaussian noise of 0.05",
        source="S. O. Rice (1945), Mathematical analysis of random noise",
        radius=1.0,
        std=0.05,
    ),
)

DISTRIBUTIONS: Mapping[str, Distribution] = MappingProxyType({each.name: each for each in _ALL})
