"""Curves: the smoothing is a running median, limits survive outliers and say so, floors are bands."""

import numpy as np
import pytest
import scipy.signal
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ganatomy.errors import InputError
from ganatomy.figures.points.curves import default_window, loss_curves, metric_curves, running_median

RNG = np.random.default_rng(0)


def draw(figure) -> None:
    FigureCanvasAgg(figure).draw()


@pytest.mark.parametrize("window", [1, 5, 31])
def test_running_median_agrees_with_scipys_and_with_the_definition(window):
    values, half = RNG.normal(size=200), window // 2
    smooth = running_median(values, window)
    inner = slice(half, 200 - half)
    np.testing.assert_array_equal(smooth[inner], scipy.signal.medfilt(values, window)[inner])
    padded = np.pad(values, half, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    np.testing.assert_array_equal(smooth, np.median(windows, axis=1))


def test_running_median_ignores_a_spike_and_follows_a_jump():
    values = np.r_[np.zeros(50), np.ones(50)]
    spiked = values.copy()
    spiked[[20, 70]] = 1e9, np.nan
    np.testing.assert_array_equal(running_median(values, 9), values)
    expected = values.copy()
    expected[70] = np.nan
    np.testing.assert_array_equal(running_median(spiked, 9), expected)


def test_running_median_of_few_or_no_values():
    np.testing.assert_array_equal(running_median(np.array([2.0]), 5), [2.0])
    assert np.isnan(running_median(np.full(3, np.nan), 3)).all()
    with pytest.raises(InputError, match="odd"):
        running_median(np.zeros(4), 4)


def test_default_windows_are_odd_and_grow():
    windows = [default_window(steps) for steps in (1, 50, 320, 3000, 10**6)]
    assert all(window % 2 == 1 for window in windows)
    assert windows == sorted(windows)


def test_an_outlier_neither_sets_the_limits_nor_goes_unsaid():
    values = RNG.normal(size=1000)
    wild = values.copy()
    wild[[10, 20, 30]] = 1e8, -1e8, np.nan
    calm, spoilt = (loss_curves(np.arange(1000), {"loss": v}, title="t").axes[0] for v in (values, wild))
    np.testing.assert_allclose(calm.get_ylim(), spoilt.get_ylim(), rtol=0.5)
    assert calm.get_title(loc="left") == "loss"
    assert "1 of 1000 values not finite" in spoilt.get_title(loc="left")
    assert "2 of 1000 values out of range" in spoilt.get_title(loc="left")


def test_both_the_raw_and_the_smoothed_line_are_there():
    values = RNG.normal(size=300)
    figure = loss_curves(np.arange(300), {"estimated distance": values, "generator loss": -values}, title="t", window=9)
    for axes, expected in zip(figure.axes, (values, -values), strict=True):
        raw, smooth = (line.get_ydata() for line in axes.lines)
        np.testing.assert_array_equal(raw, expected)
        np.testing.assert_array_equal(smooth, running_median(expected, 9))
    draw(figure)


@pytest.mark.parametrize("values", [[0.0] * 4, [np.log(4)] * 4, [np.nan] * 4, [1e-300, 0, 0, 1], [np.inf, 1, 2, 3]])
def test_constant_missing_and_infinite_losses_are_drawn(values):
    draw(loss_curves(range(4), {"loss": values}, title="t"))


def test_single_records_are_drawn():
    draw(loss_curves([3], {"loss": [0.5]}, title="t"))
    draw(metric_curves([3], {"w2": [0.5]}, {"w2": (0.1, 0.0)}, title="t"))


def test_the_floor_is_a_band_of_its_spread():
    figure = metric_curves([1, 2, 3], {"w2": [0.3, 0.2, 0.1]}, {"w2": (0.05, 0.01)}, {"w2": "distance"}, title="t")
    (band,) = figure.axes[0].patches
    heights = band.get_patch_transform().transform(band.get_path().vertices)[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(0.04), pytest.approx(0.06))
    assert figure.axes[0].get_title(loc="left") == "distance\nlast 0.1, floor 0.05 ± 0.01"
    draw(figure)


def test_a_distance_that_falls_far_is_logarithmic_and_a_share_that_rises_is_not():
    epochs = np.arange(50)
    values = {"w2": 2 * 0.9**epochs + 0.02, "recall": 1 - 0.95**epochs + 0.01, "nll": 1 - epochs}
    floors = {"w2": (0.02, 0.03), "recall": (0.99, 0.01), "nll": (-50, 1)}
    figure = metric_curves(epochs, values, floors, title="t")
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "linear", "linear"]
    draw(figure)
    for axes, series, (mean, _) in zip(figure.axes, values.values(), floors.values(), strict=True):
        low, high = axes.get_ylim()
        assert low < min(series.min(), mean)
        assert high > max(series.max(), mean)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="no curve"):
        loss_curves([1], {}, title="t")
    with pytest.raises(InputError, match="'loss' has shape"):
        loss_curves([1, 2], {"loss": [1.0]}, title="t")
    with pytest.raises(InputError, match="did you mean 'recall'"):
        metric_curves([1], {"recall": [1.0]}, {"recal": (1.0, 0.0)}, title="t")
