"""Distances in blocks are the distances, and bad point sets are told so."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import pairs
from ganatomy.fitting.metrics import samples as metrics


@pytest.fixture
def sets():
    return np.random.default_rng(3).standard_normal((2, 60, 3)) * [[[1.0]], [[2.0]]]


def test_neighbours_agree_with_a_search_tree(sets):
    x, y = sets
    between, within = pairs.Pairs(x, y), pairs.Pairs(x, x)
    for rank in (4, 0, 2):
        np.testing.assert_allclose(between.nearest(rank), cKDTree(y).query(x, [rank + 1])[0][:, 0])
    np.testing.assert_allclose(within.nearest(1), cKDTree(x).query(x, [2])[0][:, 0])
    np.testing.assert_allclose(between.nearest_to_y, cKDTree(x).query(y)[0])


def test_tables_too_large_to_keep_give_the_same_metrics(sets, monkeypatch):
    x, y = sets
    whole = [
        metrics.energy_distance(x, y),
        metrics.mmd(x, y),
        metrics.two_sample_accuracy(x, y),
        metrics.precision_recall_density_coverage(x, y),
    ]
    monkeypatch.setattr(pairs, "WHOLE", 0)
    monkeypatch.setattr(pairs, "_BLOCK", 7 * len(y) + 3)  # blocks of seven rows, the last one of four
    assert [len(block) for _, block in pairs.Pairs(x, y).blocks()] == [7] * 8 + [4]
    assert metrics.energy_distance(x, y) == pytest.approx(whole[0], rel=1e-12)
    assert metrics.mmd(x, y) == pytest.approx(whole[1], rel=1e-12)
    assert metrics.two_sample_accuracy(x, y) == whole[2]
    assert metrics.precision_recall_density_coverage(x, y) == whole[3]


@pytest.mark.parametrize(
    "metric",
    [
        metrics.wasserstein2,
        metrics.sliced_wasserstein,
        metrics.energy_distance,
        metrics.mmd,
        metrics.precision_recall_density_coverage,
        metrics.two_sample_accuracy,
    ],
)
def test_every_metric_refuses_what_are_no_two_point_sets(metric):
    points = np.random.default_rng(0).standard_normal((9, 2))
    with pytest.raises(InputError, match=r"\(9, 1\).*\(9, 2\)"):
        metric(points[:, :1], points)
    with pytest.raises(InputError, match=r"samples have shape \(18,\)"):
        metric(points.ravel(), points)
    with pytest.raises(InputError, match="reference points have shape"):
        metric(points, points[:0])
    broken = points.copy()
    broken[[2, 4], 1] = np.nan, np.inf
    with pytest.raises(InputError, match=r"samples have NaN or infinite values in 2 of 9 rows, first in row 3"):
        metric(broken, points)
