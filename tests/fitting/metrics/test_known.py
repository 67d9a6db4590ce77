"""Samples against mixtures whose components are known: counts by hand and independent densities."""

import numpy as np
import pytest
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.points.distributions import Components, distribution

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = Components(
    np.full(8, 1 / 8),
    np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1),
    np.tile(0.01**2 * np.eye(2), (8, 1, 1)),
)
OBLIQUE = Components([1.0], [[1.0, 2.0]], [[[1.0, 0.99], [0.99, 1.0]]])


def _on_ring(counts, seed=0):
    """Draw counts[k] points of ring component k."""
    centres = np.repeat(RING.means, counts, axis=0)
    return centres + 0.01 * np.random.default_rng(seed).standard_normal(centres.shape)


def test_three_of_eight_components():
    samples = _on_ring([100, 0, 100, 0, 0, 0, 100, 0])
    assert metrics.components_found(samples, RING) == 3
    assert metrics.weight_error(samples, RING) == pytest.approx(5 / 8)  # each of five lacks its eighth
    assert metrics.share_within(samples, RING) > 0.97


def test_weight_error_is_the_mass_to_be_moved():
    assert metrics.weight_error(_on_ring([50] * 8), RING) == pytest.approx(0, abs=1e-9)
    assert metrics.weight_error(_on_ring([100, 0] + [50] * 6), RING) == pytest.approx(1 / 8)


def test_weight_error_vanishes_where_components_overlap():
    # Counts of the likeliest component stay 0.007 away from zigzag's weights, however many samples there are.
    zigzag = distribution("zigzag")
    samples = zigzag.sample(400_000, seed=0)
    assert metrics.weight_error(samples, zigzag.components) < 0.002


def test_weight_error_is_that_of_posteriors_from_scipys_densities():
    zigzag = distribution("zigzag")
    samples, parts = zigzag.sample(50, seed=1), zigzag.components
    densities = np.stack(
        [
            weight * stats.multivariate_normal(mean, covariance).pdf(samples)
            for weight, mean, covariance in zip(parts.weights, parts.means, parts.covariances, strict=True)
        ]
    )
    shares = (densities / densities.sum(axis=0)).mean(axis=1)
    expected = np.maximum(shares - parts.weights, 0).sum()
    assert metrics.weight_error(samples, parts) == pytest.approx(expected, rel=1e-9)


def test_share_within_goes_by_the_full_covariance():
    along, across = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    centre = np.array([1.0, 2.0])
    assert metrics.share_within([centre + 2 * along], OBLIQUE) == 1
    assert metrics.share_within([centre + 0.5 * across], OBLIQUE) == 0  # nearer, but 7 deviations off
    samples = np.random.default_rng(0).multivariate_normal(centre, OBLIQUE.covariances[0], 20_000)
    for sigmas in (1.0, 2.0, 3.0):
        expected = stats.chi2(df=2).cdf(sigmas**2)
        assert metrics.share_within(samples, OBLIQUE, sigmas) == pytest.approx(expected, abs=0.01)


def test_a_component_is_found_by_one_good_sample_of_its_own():
    centre = RING.means[0]
    assert metrics.components_found([centre + np.array([0.0, 0.029])], RING) == 1
    assert metrics.components_found([centre + np.array([0.0, 0.031])], RING) == 0
    assert metrics.components_found([[0.0, 0.0]], RING) == 0
    # A sample within reach of two components counts for the nearer one only.
    near = Components([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]])
    assert metrics.components_found([[0.1]], near) == 1
    assert metrics.components_found([[0.1], [0.9]], near) == 2


def test_likelihood_of_real_samples_is_the_entropy():
    samples = np.random.default_rng(0).multivariate_normal([1.0, 2.0], OBLIQUE.covariances[0], 20_000)
    gaussian = stats.multivariate_normal([1.0, 2.0], OBLIQUE.covariances[0])
    found = metrics.negative_log_likelihood(samples, gaussian.logpdf)
    assert found == pytest.approx(gaussian.entropy(), abs=0.02)


def test_likelihood_is_infinite_outside_the_support():
    checkerboard = distribution("checkerboard")
    inside = checkerboard.sample(100, seed=0)
    assert np.isfinite(metrics.negative_log_likelihood(inside, checkerboard.log_density))
    outside = np.concatenate([inside, [[100.0, 0.0]]])
    assert metrics.negative_log_likelihood(outside, checkerboard.log_density) == np.inf


@pytest.mark.parametrize("metric", [metrics.share_within, metrics.components_found, metrics.weight_error])
def test_another_dimension_is_refused(metric):
    with pytest.raises(InputError, match=r"samples have shape \(4, 3\).* 2 dimensions"):
        metric(np.zeros((4, 3)), RING)
    samples = _on_ring([10, 20, 0, 0, 0, 0, 0, 5])
    assert metric(samples[::-1], RING) == pytest.approx(metric(samples, RING))
