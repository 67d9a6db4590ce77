"""Shares of components that labels tell: without bias, also where components overlap, are rare, or lie on a lattice."""

import numpy as np
import pytest

from ganatomy.fitting.metrics.components import LabelledComponents, shares_of
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.points.labels import Labels


def _draw(rng, n, weight, apart=1.5):
    labels = (rng.random(n) < weight).astype(int)
    return rng.normal(size=(n, 2)) + np.outer(labels, [apart, 0.0]), labels


@pytest.mark.parametrize("step", [0.0, 0.5], ids=["continuous", "lattice"])
def test_shares_tend_to_the_weights_where_components_overlap(step):
    # A majority of five neighbours gives the rarer component half of its share: it is nowhere the commoner one.
    rng = np.random.default_rng(0)
    points, labels = _draw(rng, 6000, 0.1)
    samples, _ = _draw(rng, 20_000, 0.1)
    if step:
        points, samples = (np.round(x / step) * step for x in (points, samples))
    told = LabelledComponents(points, Labels.of(labels))
    assert told.shares(samples)[1] == pytest.approx(told.weights[1], abs=0.012)
    own = [told.values_of_own(rng.permutation(6000)[:1000])["weight_error"] for _ in range(20)]
    assert np.mean(own) < 0.02


def test_a_component_of_two_points_is_seen_where_there_are_samples():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(998, 2)), [[30.0, 0.0], [30.5, 0.3]]])
    told = LabelledComponents(points, Labels.of(["common"] * 998 + ["rare"] * 2))
    samples = np.concatenate([rng.normal(size=(499, 2)), [[30.2, 0.1]]])
    assert told.shares(samples)[1] == pytest.approx(1 / 500)
    assert told.values(samples)["components_found"] == 2
    assert told.values(samples + np.array([[0.0, 9.0]]))["components_found"] < 2  # near none of them
    # two of a thousand points leave the weight open: none among 500 samples proves nothing
    assert not any(share.is_off for share in shares_of(told.names, told.weights, np.array([1.0, 0.0]), 500, 1000))


def test_a_real_point_is_assigned_by_the_others():
    points = np.array([[0.0], [0.1], [5.0], [5.0], [9.0]])
    told = LabelledComponents(points, Labels.of(["a", "a", "b", "c", "d"]))
    # both of the points at 5 go to one another, the one at 9, which is alone, to them in equal parts
    all_rows = np.arange(5)
    assert told.values_of_own(all_rows)["weight_error"] == pytest.approx(0.5 * (0.1 + 0.1 + 0.2))
    assert told.values_of_own(np.array([0, 1]))["weight_error"] == pytest.approx(1.0)  # the others are no a


def test_a_weight_that_is_known_is_held_against_the_samples_alone():
    weights, shares = np.array([0.96, 0.04]), np.array([0.975, 0.025])
    assert [share.is_off for share in shares_of("ab", weights, shares, 20_000)] == [False, True]
    assert [share.is_off for share in shares_of("ab", weights, shares, 20_000, 200)] == [False, False]
    assert [share.is_off for share in shares_of("ab", weights, np.array([0.964, 0.036]), 10**6)] == [False, False]


def test_the_floor_of_few_training_points_has_a_spread():
    # All resamples would be one and the same set if they were as large as that of the training points.
    rng = np.random.default_rng(2)
    yardstick = Yardstick(rng.normal(size=(200, 2)), rng.normal(size=(100, 2)))
    assert yardstick.size == 50
    found = [yardstick.measure(rng.normal(size=(50, 2))) for _ in range(30)]
    marked = [name for measured in found for name in measured.marked]
    assert len(marked) < 0.05 * 30 * len(yardstick.floor)
    spread = np.std([measured["energy_distance"].value for measured in found], ddof=1)
    assert yardstick.floor["energy_distance"].spread == pytest.approx(spread, rel=0.4)
    assert yardstick.floor["energy_distance"].error > yardstick.floor["energy_distance"].spread / np.sqrt(16)
