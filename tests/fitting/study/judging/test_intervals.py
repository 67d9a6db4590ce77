"""Intervals over seeds hold the truth as often as they say, and those of differences all at once."""

import math

import numpy as np
import pytest
from scipy import stats

from ganatomy.fitting.study.judging.intervals import CONFIDENCE, FEWEST, Interval, over_seeds, paired_differences


@pytest.mark.parametrize(("seeds", "studies"), [(3, 1200), (5, 1200), (12, 600)])
def test_the_interval_of_a_median_holds_it_as_often_as_it_says(seeds, studies):
    """Log-normal seeds as those of distances: standard deviation 0.4 of the logarithm, median 1."""
    rng = np.random.default_rng(seeds)
    found = [over_seeds(rng.lognormal(0, 0.4, seeds), seed=k) for k in range(studies)]
    share = np.mean([interval.low <= 1 <= interval.high for interval in found])
    stated = {3: 0.75, 5: 0.9375, 12: 0.95}[seeds]
    assert found[0].confidence == stated
    noise = 3 * math.sqrt(stated * (1 - stated) / studies)
    assert stated - noise - (0.02 if seeds == 12 else 0) < share < stated + noise + (0.02 if seeds == 12 else 0)


@pytest.mark.parametrize("seeds", [3, 4, 5])
def test_a_few_seeds_give_their_range(seeds):
    values = np.random.default_rng(0).lognormal(size=seeds)
    interval = over_seeds(values)
    assert (interval.low, interval.high) == (values.min(), values.max())
    assert interval.median == np.median(values)
    assert interval.confidence == 1 - 2 * 0.5**seeds


def test_many_seeds_give_the_exact_bootstrap_quantiles():
    """The median of 31 drawn again is at most the j-th smallest if 16 of them are: a binomial probability."""
    values = np.sort(np.random.default_rng(0).lognormal(size=31))
    at_most = stats.binom.sf(15, 31, np.arange(1, 32) / 31)
    interval = over_seeds(values)
    assert interval.low == values[np.searchsorted(at_most, 0.025)]
    assert interval.high == values[np.searchsorted(at_most, 0.975)]
    assert values[0] < interval.low < interval.median < interval.high < values[-1]
    assert interval.confidence == CONFIDENCE


def test_too_few_seeds_have_a_median_and_no_interval():
    for values, median in (([], math.nan), ([2.0], 2.0), ([2.0, 4.0], 3.0)):
        interval = over_seeds(values)
        assert interval.median == pytest.approx(median, nan_ok=True)
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)
        assert (interval.enough, interval.confidence) == (False, 0.0)
    assert FEWEST == 3


def test_infinite_values_count_and_missing_ones_do_not():
    assert over_seeds([math.nan, 1, math.nan, 2, 3]) == Interval(2.0, 1.0, 3.0, 3)
    assert over_seeds([60, math.inf, 80]) == Interval(80.0, 60.0, math.inf, 3)
    assert over_seeds([60, math.inf, math.inf]) == Interval(math.inf, 60.0, math.inf, 3)
    assert over_seeds([1, math.inf, math.inf, 2]).median == math.inf  # half way to never


def test_ties_are_an_interval_of_no_width():
    assert over_seeds([4.0] * 7) == Interval(4.0, 4.0, 4.0, 7)


def test_the_interval_does_not_depend_on_the_order_of_the_seeds_or_their_unit():
    values = np.random.default_rng(3).lognormal(size=5)
    turned, scaled = over_seeds(values[::-1]), over_seeds(values * 10)
    assert turned == over_seeds(values)
    assert scaled.high == pytest.approx(10 * turned.high)


def test_a_pair_alone_is_the_paired_t_interval():
    first, second = np.random.default_rng(0).normal(size=(2, 5))
    found = paired_differences(np.stack([first, second], axis=1))
    reference = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert found.mean[0, 1] - found.half[0, 1] == pytest.approx(reference.low)
    assert found.mean[0, 1] + found.half[0, 1] == pytest.approx(reference.high)


def test_three_cells_by_hand():
    """Seeds add 0, 1 and 2; cells are 0, 0 and 3; one value is off by 0.6, which leaves residuals known by hand."""
    table = np.array([[0.0, 0.0, 3.0], [1.0, 1.0, 4.0], [2.6, 2.0, 5.0]])
    found = paired_differences(table)
    # Of a deviation of 0.6 in one corner of 3 x 3 cells, the residuals keep (2/3)(2/3) of the square.
    pooled = 2 * (4 / 9 * 0.36) / 4
    own = np.var([0, 0, 0.6], ddof=1)
    quantile = stats.t.ppf(1 - 0.025 / 3, 4)  # three pairs, (3 - 1)(3 - 1) degrees of freedom
    assert found.mean[0, 1] == pytest.approx(0.2)
    assert found.mean[1, 2] == pytest.approx(-3.0)
    assert found.half[0, 1] == pytest.approx(quantile * math.sqrt(max(own, pooled) / 3))
    assert found.half[1, 2] == pytest.approx(quantile * math.sqrt(pooled / 3))
    assert own > pooled
    np.testing.assert_allclose(found.mean, -found.mean.T)
    np.testing.assert_allclose(found.half, found.half.T)


def test_what_all_cells_of_a_seed_share_cancels():
    table = np.random.default_rng(0).normal(size=(4, 3))
    shifted = table + np.array([[0.0], [5.0], [-3.0], [100.0]])
    np.testing.assert_allclose(paired_differences(shifted).mean, paired_differences(table).mean, atol=1e-12)
    np.testing.assert_allclose(paired_differences(shifted).half, paired_differences(table).half, rtol=1e-9)


def test_missing_seeds_are_left_out_pair_by_pair():
    table = np.random.default_rng(0).normal(size=(6, 3))
    table[0, 1] = table[:2, 2] = np.nan
    found = paired_differences(table)
    assert found.seeds.tolist() == [[6, 5, 4], [5, 5, 4], [4, 4, 4]]
    assert found.mean[0, 2] == pytest.approx((table[2:, 0] - table[2:, 2]).mean())
    assert np.isfinite(found.half[~np.eye(3, dtype=bool)]).all()
    table[:4, 2] = np.nan
    found = paired_differences(table)  # two seeds left: a mean, and no interval
    assert np.isfinite(found.mean[0, 2])
    assert np.isnan(found.half[0, 2])
    assert np.isfinite(found.half[0, 1])
    table[:, 2] = np.nan
    assert np.isnan(paired_differences(table).mean[0, 2])


def test_nothing_to_compare_is_no_error():
    assert np.isnan(paired_differences(np.empty((0, 2))).mean).all()
    assert np.isnan(paired_differences([[1.0, 2.0]]).half).all()


def test_identical_cells_differ_by_nothing():
    found = paired_differences(np.tile([[0.1], [0.7], [0.3]], 2))
    assert (found.mean == 0).all()
    assert abs(found.half[0, 1]) < 1e-12


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("scatter", [[0.35] * 9, [0.03] * 3 + [0.3] * 3 + [0.45] * 3])
def test_all_intervals_of_a_study_hold_at_once(seeds, scatter):
    rng = np.random.default_rng(7)
    studies, truth = 400, np.linspace(0, 3, 9)
    wrong = 0
    for _ in range(studies):
        found = paired_differences(truth + rng.normal(size=(seeds, 1)) + rng.normal(size=(seeds, 9)) * scatter)
        off = np.abs(found.mean - (truth[:, None] - truth))
        wrong += bool((off > found.half).any())  # False where half is nan
    assert wrong / studies < 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


def test_a_factor_of_three_is_seen_with_five_seeds_of_nine_cells():
    rng = np.random.default_rng(8)
    seen = []
    for _ in range(60):
        found = paired_differences(np.log([3, *[1] * 8]) + rng.normal(size=(5, 9)) * 0.35)
        seen.append(np.mean(np.abs(found.mean[0, 1:]) > found.half[0, 1:]))
    assert np.mean(seen) > 0.6
