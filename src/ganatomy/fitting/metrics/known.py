"""How samples stand to a target whose density, or whose mixture components, are known.

The target has a density p, and where it is a mixture of Gaussians p(x) = sum_k w_k N(x; m_k, C_k). Samples
X = {x_1 .. x_N} are judged one by one against it, with no reference points in between. What is not guaranteed:
none of these numbers alone means a good fit. A likelihood is blind to what is missing, a share near components
to how they are filled; and real points too miss the ideal value, by what the floor says.

Shape letters: `N` samples, `D` data dimensions, `K` mixture components.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.pairs import point_set
from ganatomy.fitting.points.distributions import Components


def negative_log_likelihood(x: ArrayLike, log_density: Callable[[np.ndarray], np.ndarray]) -> float:
    """Compute the mean of -log p(x_i) under a known density: samples in unlikely places cost most.

    Below the floor is no better fit: samples crowded where p is largest score lower than real points do.

    Args:
        x: samples, (N, D).
        log_density: maps (N, D) to log p, (N,), in nats, -inf outside the support.

    Returns:
        The mean, in nats, with p per data unit to the D; inf if a sample lies outside the support.

    Raises:
        InputError: x is no point set.

    >>> from scipy.stats import norm
    >>> samples = np.random.default_rng(0).standard_normal((10000, 1))
    >>> round(negative_log_likelihood(samples, lambda x: norm.logpdf(x[:, 0])), 3)  # entropy: 1.419
    1.417
    """
    return float(-np.mean(log_density(point_set(x, "samples"))))


def _squared_distances(x: ArrayLike, components: Components) -> np.ndarray:
    """Check the samples' dimension and return their squared Mahalanobis distances to the components: (N, K)."""
    x, dimension = point_set(x, "samples"), components.means.shape[1]
    if x.shape[1] != dimension:
        raise InputError(f"samples have shape {x.shape} but the target's components have {dimension} dimensions")
    return components.squared_distances(x)


def share_within(x: ArrayLike, components: Components, sigmas: float = 3.0) -> float:
    """Compute the share of samples within `sigmas` standard deviations of any component.

        (x_i - m_k)^T C_k^-1 (x_i - m_k) <= sigmas^2 for some k

    Args:
        x: samples, (N, D).
        components: the mixture's Gaussians, with full covariances C_k.
        sigmas: the reach, in standard deviations. Of a planar Gaussian's own points 98.9 % lie within 3.

    Returns:
        The share, in [0, 1].

    Raises:
        InputError: x is no point set or of another dimension.

    References:
        Srivastava, Valkov, Russell, Gutmann and Sutton 2017, VEEGAN, section 4 ("high quality samples").

    >>> unit = Components([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> share_within(np.random.default_rng(0).standard_normal((10000, 2)), unit)  # 1 - exp(-9/2) = 0.9889
    0.9901
    """
    return float((_squared_distances(x, components).min(axis=1) <= sigmas**2).mean())


def components_found(x: ArrayLike, components: Components, sigmas: float = 3.0) -> int:
    """Count the components that have at least one good sample.

    A sample is good if it lies within `sigmas` standard deviations of a component, and counts for the nearest
    one only; nearest and within are both meant by Mahalanobis distance. One sample is enough, as in the
    published protocol, so a stray can find a component: `weight_error` tells how much of each there is.

    Args:
        x: samples, (N, D).
        components: the mixture's Gaussians.
        sigmas: the reach, in standard deviations.

    Returns:
        A number from 0 to K.

    Raises:
        InputError: x is no point set or of another dimension.

    References:
        Srivastava et al. 2017, VEEGAN, section 4. Lin, Khetan, Fanti and Oh 2018, PacGAN, section 4.1.

    >>> two = Components([0.5, 0.5], [[-5.0], [5.0]], [[[1.0]], [[1.0]]])
    >>> components_found([[-4.0], [-6.0], [1.0]], two)
    1
    """
    distances = _squared_distances(x, components)
    good = distances.min(axis=1) <= sigmas**2
    return len(np.unique(distances.argmin(axis=1)[good]))


def component_shares(x: ArrayLike, components: Components) -> np.ndarray:
    """Compute each component's share of the samples: the mean of p(component k | x_i) over i, (K,).

    Posterior means rather than counts of the likeliest component: the same where components are apart, and where they
    overlap only these tend to the weights for samples of the mixture itself.

    Raises:
        InputError: x is no point set or of another dimension.

    >>> two = Components([0.5, 0.5], [[-5.0], [5.0]], [[[1.0]], [[1.0]]])
    >>> component_shares([[-4.0], [-6.0], [-5.0], [5.0]], two)
    array([0.75, 0.25])
    """
    log_volumes = np.linalg.slogdet(components.covariances)[1]
    log_odds = np.log(components.weights) - 0.5 * (_squared_distances(x, components) + log_volumes)
    return softmax(log_odds, axis=1).mean(axis=0)


def weight_error(x: ArrayLike, components: Components) -> float:
    """Compute the total variation distance between the samples' shares of the components and the true weights.

        error = 1/2 sum_k |share_k - weight_k|        shares as in `component_shares`

    Args:
        x: samples, (N, D).
        components: the mixture's Gaussians.

    Returns:
        The distance, in [0, 1]: the mass that is with the wrong component.

    Raises:
        InputError: x is no point set or of another dimension.

    >>> two = Components([0.5, 0.5], [[-5.0], [5.0]], [[[1.0]], [[1.0]]])
    >>> weight_error([[-4.0], [-6.0], [-5.0], [5.0]], two)
    0.25
    """
    return float(0.5 * np.abs(component_shares(x, components) - components.weights).sum())
