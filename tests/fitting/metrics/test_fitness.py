"""A verdict must not be able to praise a bad fit: known bad samples are measured, and must be called so."""

import math

import numpy as np
import pytest

from ganatomy.fitting.metrics.catalogue import DISTANCES, HEADLINE, METRICS, Floor
from ganatomy.fitting.metrics.fitness import distance_of, is_near, is_wide, judged_by, shortfalls, spreads_off
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.points.distributions import distribution


@pytest.fixture(scope="module")
def grid():
    target = distribution("grid")
    return Yardstick(target.sample(600, seed=0), target.sample(3000, seed=1), target)


def test_smear_over_a_grid_has_the_distance_of_real_points_and_does_not_fit(grid):
    real = distribution("grid").sample(4000, seed=2)
    smear = real + np.random.default_rng(3).normal(size=real.shape) * 0.3 * np.abs(real).max() / 4
    measured = grid.value(smear)
    assert measured["wasserstein2"] <= 1.5 * grid.floor["wasserstein2"].mean
    assert {"precision", "coverage", "share_within_3_std"} <= set(shortfalls(measured, grid.floor))


def test_other_real_points_fit(grid):
    assert shortfalls(grid.value(distribution("grid").sample(600, seed=4)), grid.floor) == ()


def test_one_lost_component_of_25_does_not_fit(grid):
    points = distribution("grid").sample(4000, seed=2)
    lost = distribution("grid").components.squared_distances(points).argmin(axis=1) == 7
    assert "components_found" in shortfalls(grid.value(points[~lost]), grid.floor)


def test_untrained_samples_of_a_heavy_tail_are_not_judged_by_the_wide_distance():
    rng = np.random.default_rng(0)
    yardstick = Yardstick(rng.standard_cauchy((400, 2)), rng.standard_cauchy((3000, 2)))
    assert is_wide(yardstick.floor["wasserstein2"])
    assert distance_of(yardstick.floor) == "energy_distance"
    samples = 0.1 * rng.standard_normal((400, 2))
    measured = yardstick.measure(samples)
    assert measured["wasserstein2"].ratio is None
    assert "energy_distance" in shortfalls(yardstick.value(samples), yardstick.floor)


@pytest.mark.parametrize("name", METRICS)
def test_floor_is_always_near_itself(name):
    floor = Floor(0.5, 0.0)
    assert is_near(name, 0.5, floor)
    assert spreads_off(name, 0.5, floor) == 0
    assert not is_near(name, math.nan, floor)


@pytest.mark.parametrize("name", [name for name, info in METRICS.items() if info.bound is not None])
def test_worse_than_bound_and_spreads_is_not_near(name):
    floor, worse = Floor(0.5, 0.01), 0.8 if METRICS[name].direction == "lower" else 0.44
    assert not is_near(name, worse, floor)
    assert spreads_off(name, worse, floor) > 3


def test_names():
    assert HEADLINE in METRICS
    assert set(DISTANCES) <= set(METRICS)
    assert judged_by({}) == ()
