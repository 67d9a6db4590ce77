"""Every metric against plain loops over its definition, and against what it is meant to say."""

import numpy as np
import pytest
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import samples as metrics


def _gaussian(seed, n=400, scale=1.0, shift=(0.0, 0.0)):
    return scale * np.random.default_rng(seed).standard_normal((n, 2)) + shift


@pytest.mark.parametrize("sizes", [(60, 60), (60, 35)])
def test_energy_distance_is_scipys_on_a_line(sizes):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(sizes[0]), rng.random(sizes[1])
    expected = stats.energy_distance(x, y)
    assert metrics.energy_distance(x[:, None], y[:, None]) == pytest.approx(expected, rel=1e-12)


def test_energy_distance_and_mmd_are_sums_over_all_pairs():
    x, y = _gaussian(1, 17), _gaussian(2, 11, scale=0.5)

    def mean(function, a, b):
        return sum(function(np.linalg.norm(p - q)) for p in a for q in b) / (len(a) * len(b))

    def norm(d):
        return d

    width = np.median([np.linalg.norm(y[i] - y[j]) for i in range(11) for j in range(i)])

    def kernel(d):
        return np.exp(-(d**2) / (2 * width**2))

    energy = 2 * mean(norm, x, y) - mean(norm, x, x) - mean(norm, y, y)
    discrepancy = mean(kernel, x, x) + mean(kernel, y, y) - 2 * mean(kernel, x, y)
    assert metrics.median_distance(y) == pytest.approx(width)
    assert metrics.energy_distance(x, y) == pytest.approx(np.sqrt(energy), rel=1e-10)
    assert metrics.mmd(x, y) == pytest.approx(np.sqrt(discrepancy), rel=1e-10)
    assert metrics.mmd(x, y, bandwidth=width) == metrics.mmd(x, y)


def test_mmd_of_two_gaussians_is_the_closed_form():
    # For N(m, 1) on a line and width h: E k(x, x') = E k(y, y') = h / s, E k(x, y) = h / s exp(-m^2 / 2s^2),
    # with s^2 = h^2 + 2.
    rng = np.random.default_rng(3)
    x, y = 1.5 + rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1))
    expected = np.sqrt(2 / np.sqrt(3) * (1 - np.exp(-(1.5**2) / 6)))
    assert metrics.mmd(x, y, bandwidth=1) == pytest.approx(expected, rel=0.05)


def test_bandwidth_is_robust_and_checked():
    assert metrics.median_distance([[0.0]] * 9 + [[1.0]]) == pytest.approx(9 / 45)  # most distances are 0: the mean
    with pytest.raises(InputError, match="one distinct point"):
        metrics.mmd([[0.0], [1.0]], [[2.0], [2.0]])
    with pytest.raises(InputError, match="bandwidth is -1"):
        metrics.mmd([[0.0], [1.0]], [[2.0], [2.0]], bandwidth=-1)


@pytest.mark.parametrize("k", [1, 5])
def test_neighbourhood_scores_are_counts_of_balls(k):
    x, y = _gaussian(4, 40, scale=0.6), _gaussian(5, 50)

    def balls(points):
        return [sorted(np.linalg.norm(points - p, axis=1))[k] for p in points]  # the 0th is the point itself

    in_y = np.array([[np.linalg.norm(p - q) <= r for q, r in zip(y, balls(y), strict=True)] for p in x])
    in_x = np.array([[np.linalg.norm(p - q) <= r for q, r in zip(x, balls(x), strict=True)] for p in y])
    scores = metrics.precision_recall_density_coverage(x, y, k)
    assert scores.precision == pytest.approx(in_y.any(axis=1).mean())
    assert scores.recall == pytest.approx(in_x.any(axis=1).mean())
    assert scores.density == pytest.approx(in_y.sum() / (k * 40))
    assert scores.coverage == pytest.approx(in_y.any(axis=0).mean())
    assert 0 < scores.coverage < 1


def test_a_tight_cluster_is_precise_but_recalls_and_covers_little():
    tight = metrics.precision_recall_density_coverage(_gaussian(6, scale=0.1), _gaussian(7))
    assert tight.precision > 0.99
    assert tight.recall < 0.15
    assert tight.coverage < 0.15
    wide = metrics.precision_recall_density_coverage(_gaussian(7), _gaussian(6, scale=0.1))
    assert (wide.precision, wide.recall) == (tight.recall, tight.precision)


def test_scores_of_one_distribution_are_their_expectations():
    scores = metrics.precision_recall_density_coverage(_gaussian(8, 2000), _gaussian(9, 2000), k=3)
    assert scores.density == pytest.approx(1, abs=0.05)
    assert scores.coverage == pytest.approx(1 - 2**-3, abs=0.03)


def test_memorised_and_disjoint_samples_are_the_extremes():
    x = _gaussian(10, 50)
    same = metrics.precision_recall_density_coverage(x, x[::-1])
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert same.density == pytest.approx(6 / 5)  # each ball holds its centre and k more
    apart = metrics.precision_recall_density_coverage(x, x + 100)
    assert (apart.precision, apart.recall, apart.density, apart.coverage) == (0, 0, 0, 0)
    with pytest.raises(InputError, match="more than 5 points a set; given are 50 and 5"):
        metrics.precision_recall_density_coverage(x, x[:5])


def test_two_sample_accuracy_is_a_vote_of_nearest_neighbours():
    x, y = _gaussian(11, 30), _gaussian(12, 30, shift=(1.0, 0.0))
    pool, label = np.concatenate([x, y]), np.arange(60) < 30
    right = 0
    for i, point in enumerate(pool):
        distances = np.linalg.norm(pool - point, axis=1)
        distances[i] = np.inf
        right += label[distances.argmin()] == label[i]
    assert metrics.two_sample_accuracy(x, y) == pytest.approx(right / 60)
    assert 0.5 < right / 60 < 1


def test_two_sample_accuracy_tells_sets_apart_by_what_they_are():
    assert metrics.two_sample_accuracy(_gaussian(13, 1500), _gaussian(14, 1500)) == pytest.approx(0.5, abs=0.04)
    assert metrics.two_sample_accuracy(_gaussian(13), _gaussian(14, shift=(50.0, 0.0))) == 1
    assert metrics.two_sample_accuracy(_gaussian(13), _gaussian(13)) == 0  # memorised: each copy is nearest
    assert metrics.two_sample_accuracy(np.zeros((4, 2)), np.zeros((4, 2))) == 0.5  # nothing but ties
    # Unequal sizes are made equal, or the larger set would win most votes (0.8 of them here).
    assert metrics.two_sample_accuracy(_gaussian(13, 2000), _gaussian(14, 200)) == pytest.approx(0.5, abs=0.1)
    with pytest.raises(InputError, match="at least 2 points"):
        metrics.two_sample_accuracy([[0.0]], [[1.0]])


@pytest.mark.parametrize("metric", [metrics.energy_distance, metrics.mmd])
def test_identical_sets_are_at_distance_0(metric):
    x = _gaussian(15)
    assert metric(x, x[::-1]) == pytest.approx(0, abs=1e-7)
    assert metric(x, x + 0.5) > 0.1


@pytest.mark.parametrize(
    ("metric", "power"),
    [(metrics.energy_distance, 0.5), (metrics.mmd, 0), (metrics.two_sample_accuracy, 0)],
)
def test_similarities_and_order_act_as_documented(metric, power):
    x, y = _gaussian(16, 200, scale=0.5), _gaussian(17, 200)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    value = metric(x, y)
    assert metric(x[::-1], np.roll(y, 3, axis=0)) == pytest.approx(value, rel=1e-9)
    assert metric(x @ turn + 3, y @ turn + 3) == pytest.approx(value, rel=1e-9)
    assert metric(100 * x, 100 * y) == pytest.approx(100**power * value, rel=1e-9)


def test_neighbourhood_scores_do_not_depend_on_units():
    x, y = _gaussian(18, 200, scale=0.5), _gaussian(19, 200)
    scores = metrics.precision_recall_density_coverage(x, y)
    assert metrics.precision_recall_density_coverage(1024 * x[::-1], 1024 * y) == scores
