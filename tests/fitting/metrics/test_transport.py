"""Optimal transport against brute force, closed forms and the laws a distance obeys."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import ndtri
from scipy.stats import wasserstein_distance

from ganatomy.fitting.metrics.transport import sliced_wasserstein, wasserstein2


def test_exact_distance_is_the_least_over_all_permutations():
    rng = np.random.default_rng(0)
    for dimension in (2, 3):
        x, y = rng.standard_normal((2, 7, dimension))
        costs = [np.square(x - y[list(p)]).sum(axis=1).mean() for p in itertools.permutations(range(7))]
        assert wasserstein2(x, y) == pytest.approx(np.sqrt(min(costs)), rel=1e-12)


def _ring(rng):
    angle = 2 * np.pi * rng.integers(8, size=400) / 8
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.01 * rng.standard_normal((400, 2))


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(_ring, id="tight far modes"),
        pytest.param(lambda rng: 5 + 1e-6 * rng.standard_normal((400, 2)), id="far and collapsed"),
        pytest.param(lambda rng: np.r_[rng.standard_normal((399, 2)), [[1e6, 0]]], id="one outlier"),
        pytest.param(lambda rng: rng.integers(3, size=(400, 2)) / 2, id="many ties"),
        pytest.param(lambda rng: np.full((400, 2), 0.3), id="one point"),
    ],
)
def test_the_head_start_of_the_solver_does_not_change_the_optimum(samples):
    rng = np.random.default_rng(1)
    x, y = samples(rng), _ring(rng)
    cost = cdist(x, y, "sqeuclidean")
    assert wasserstein2(x, y) == pytest.approx(np.sqrt(cost[linear_sum_assignment(cost)].mean()), rel=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_identical_sets_are_at_distance_0_in_any_order(dimension):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, dimension))
    assert wasserstein2(x, rng.permutation(x)) == 0
    assert sliced_wasserstein(x, rng.permutation(x)) == pytest.approx(0, abs=1e-12)


def test_a_shifted_set_is_at_the_length_of_the_shift():
    x = np.random.default_rng(3).standard_normal((300, 2))
    assert wasserstein2(x, x + np.array([0.3, -0.4])) == pytest.approx(0.5, rel=1e-12)


def test_two_gaussians_are_at_the_closed_form():
    # W2^2 = |m1 - m2|^2 + |s1 - s2|^2 for independent coordinates of standard deviations s (Gelbrich 1990).
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1500, 2)) * [1.0, 0.2] + [3.0, 4.0]
    y = rng.standard_normal((1500, 2)) * [2.0, 0.2]
    assert wasserstein2(x, y) == pytest.approx(np.sqrt(25 + 1), rel=0.03)


def test_on_a_line_quantiles_are_matched_whatever_the_sizes():
    y = ndtri((np.arange(600) + 0.5) / 600)[:, None]
    assert wasserstein2(3 * y[:, ::-1] + 1, y) == pytest.approx(np.sqrt(1 + 4), rel=5e-3)
    # Two points against three: thirds and halves are cut to sixths, by hand (0 + 0 + 1 + 1 + 0 + 0) / 6.
    assert wasserstein2([[0.0], [2.0]], [[2.0], [1.0], [0.0]]) == pytest.approx(np.sqrt(1 / 3))
    x = np.random.default_rng(5).random((40, 1))
    # A set is the same measure as itself twice over, and W1 <= W2.
    assert wasserstein2(np.repeat(x, 2, axis=0), x) == 0
    assert wasserstein2(x[:23], x) >= wasserstein_distance(x[:23, 0], x[:, 0])


def test_sliced_distance_of_a_shift_is_its_projection():
    x = np.random.default_rng(6).standard_normal((50, 3))
    distance = sliced_wasserstein(x, x + np.array([1.0, 2.0, 2.0]), projections=20_000)
    assert distance == pytest.approx(3 / np.sqrt(3), rel=0.02)


def test_sliced_distance_is_a_mean_over_directions_never_above_the_exact_one():
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((80, 2)), rng.random((80, 2))
    angles = np.linspace(0, np.pi, 2000, endpoint=False)
    on_lines = [wasserstein2(x @ [[np.cos(a)], [np.sin(a)]], y @ [[np.cos(a)], [np.sin(a)]]) for a in angles]
    expected = np.sqrt(np.square(on_lines).mean())
    assert sliced_wasserstein(x, y, projections=5000) == pytest.approx(expected, rel=0.02)
    assert sliced_wasserstein(x, y) <= wasserstein2(x, y)
    assert sliced_wasserstein(x[:, :1], y[:50, :1]) == wasserstein2(x[:, :1], y[:50, :1])


@pytest.mark.parametrize("distance", [wasserstein2, sliced_wasserstein])
def test_laws_of_a_distance(distance):
    rng = np.random.default_rng(8)
    x, y, z = rng.standard_normal((3, 120, 2)) * [[[1.0]], [[2.0]], [[0.5]]]
    d = distance(x, y)
    assert distance(y, x) == pytest.approx(d, rel=1e-9)
    assert distance(rng.permutation(x), rng.permutation(y)) == pytest.approx(d, rel=1e-9)
    assert distance(x + 7, y + 7) == pytest.approx(d, rel=1e-9)
    assert distance(1e-3 * x, 1e-3 * y) == pytest.approx(1e-3 * d, rel=1e-9)
    assert d <= distance(x, z) + distance(z, y)


def test_larger_sets_are_subsampled_by_seed():
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((500, 2)), rng.standard_normal((300, 2)) + np.array([3.0, 4.0])
    few = wasserstein2(x, y, limit=100)
    assert few == wasserstein2(x, y, limit=100)
    assert few != wasserstein2(x, y, limit=100, seed=1)
    assert few == pytest.approx(5, rel=0.1)
    # Drawn without replacement: 300 of each are all of y, and the 300 of x are distinct.
    assert wasserstein2(np.arange(600.0).reshape(300, 2), np.arange(600.0).reshape(300, 2), limit=300) == 0
