"""Curves over the training: losses and distances between the players, and metrics against their floor.

A loss is noisy and sometimes wild: it is drawn faint as it is and, over it, as a running median, which follows
a jump and ignores a spike. The y-axis is set by the bulk of the values; how many it leaves out is written
above the panel. A metric is drawn with its floor, the value that fresh real points reach, as a band of mean +-
spread: no generator can be expected below it. Not guaranteed: that losses of two runs compare; only metrics do.

Shapes: `T` recorded steps.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from ganatomy.errors import InputError, unknown
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.style import GENERATED, HELDOUT, house, new_figure, robust_limits
from ganatomy.languages import Words

_DECADE = 10.0  # a metric that begins so many times above its floor is drawn on a logarithmic axis


def running_median(values: ArrayLike, window: int) -> np.ndarray:
    """Smooth (T,) values, y_t = median(x_{t-h}, ..., x_{t+h}) h = (window - 1) / 2, reflected at the ends.

    NaN and infinite values are left out of the window, which closes the gap, and stay NaN.

    Raises:
        InputError: the window is not odd and positive.

    References:
        J. W. Tukey (1977), Exploratory Data Analysis, chapter 7 (running medians).

    >>> running_median(np.array([1.0, 1.0, 9.0, 2.0, np.nan, 3.0]), 3).tolist()
    [1.0, 1.0, 2.0, 3.0, nan, 3.0]
    """
    from scipy.ndimage import median_filter

    if window < 1 or window % 2 == 0:
        raise InputError(f"a running median needs an odd window of at least 1, not {window}")
    values = np.asarray(values, dtype=float)
    smooth = np.full(values.shape, np.nan)
    finite = np.isfinite(values)
    if finite.any():
        # SciPy reflects wrongly when the window is more than twice as long as the values.
        smooth[finite] = median_filter(values[finite], size=min(window, 2 * int(finite.sum()) - 1), mode="reflect")
    return smooth


def default_window(steps: int) -> int:
    """Choose a running median's window for T steps: the odd number next to 4 % of them, from 5 to 301.

    >>> default_window(10), default_window(320), default_window(8640)
    (5, 13, 301)
    """
    return min(max(5, 2 * round(0.02 * steps) + 1), 301)


def loss_curves(
    epochs: Sequence[float] | np.ndarray,
    curves: Mapping[str, ArrayLike],
    *,
    title: str,
    window: int | None = None,
    xlabel: str | None = None,
    language: str | None = None,
) -> Figure:
    """Draw each curve in a panel of its own: faint as recorded, and smoothed by a running median.

    Args:
        epochs: where the values were recorded, (T,); fractions of an epoch are welcome.
        curves: label -> values (T,). For a critic the first is the estimated distance, and its label says so.
        title: printed as it is.
        window: of the running median, odd; `default_window(T)` if not given.
        xlabel: what `epochs` counts; epochs if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no curve, one of another length than `epochs`, an unknown language.

    >>> figure = loss_curves(range(5), {"generator loss": [1.0, 2.0, np.nan, 2.0, 3.0]}, title="short")
    >>> figure.axes[0].get_title(loc="left")
    'generator loss (1 of 5 values not finite)'
    """
    epochs, words = _checked(epochs, curves), picture_words(language)
    window = window or default_window(len(epochs))
    with house():
        figure = new_figure(6.4, 1.9 * len(curves) + 0.9, title=title)
        panels = figure.subplots(len(curves), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, values), colour in zip(
            panels, curves.items(), [HELDOUT, GENERATED] * len(curves), strict=False
        ):
            values = np.where(np.isfinite(values), values, np.nan).astype(float)
            style = {"color": colour, "marker": "." if len(epochs) == 1 else ""}
            axes.plot(epochs, values, linewidth=0.6, alpha=0.35, **style)
            axes.plot(epochs, running_median(values, window), linewidth=1.6, **style)
            low, high = robust_limits(values, reach=0.3, margin=0.06)
            axes.set_ylim(low, high)
            missing = {
                "not_finite": int(np.isnan(values).sum()),
                "out_of_range": int(((values < low) | (values > high)).sum()),
            }
            told = [words(what, count=count, all=len(values)) for what, count in missing.items() if count]
            axes.set_title(words("noted", text=label, note=words("comma").join(told)) if told else label)
            axes.grid(alpha=0.25)
        panels[-1].set_xlabel(words("smoothed", axis=xlabel or words("epoch"), window=window))
        _fit_epochs(panels[-1], epochs)
    return figure


def metric_curves(
    epochs: Sequence[float] | np.ndarray,
    values: Mapping[str, ArrayLike],
    floors: Mapping[str, tuple[float, float]] | None = None,
    titles: Mapping[str, str] | None = None,
    *,
    title: str,
    columns: int = 3,
    language: str | None = None,
) -> Figure:
    r"""Draw metrics over the training as small multiples, each with its floor as a band mean +- spread.

    A panel is logarithmic if its numbers are positive and its floor is less than a tenth of the greatest: so
    for distances that fall a long way, and not for shares that rise towards theirs.

    Args:
        epochs: where the metrics were measured, (T,).
        values: name -> values (T,).
        floors: name -> (mean, spread) of the same metric for fresh real points; names may be missing.
        titles: name -> what to print instead of the name.
        title: printed as it is.
        columns: panels a row.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no metric, one of another length than `epochs`, a floor or title for an unknown name, an unknown
            language.

    >>> figure = metric_curves([0, 1], {"w2": [0.9, 0.05]}, {"w2": (0.03, 0.004)}, title="fit")
    >>> figure.axes[0].get_title(loc="left"), figure.axes[0].get_yscale()
    ('w2\nlast 0.05, floor 0.03 ± 0.004', 'log')
    """
    epochs, floors, titles, words = _checked(epochs, values), floors or {}, titles or {}, picture_words(language)
    for kind, given in {"floor": floors, "metric title": titles}.items():
        for name in given:
            if name not in values:
                raise unknown(kind, name, values)
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    with house():
        figure = new_figure(2.5 * columns + 0.6, 1.95 * rows + 0.8, title=title)
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        for axes, (name, series) in zip(grid, values.items(), strict=False):
            series = np.asarray(series, dtype=float)
            _draw_metric(axes, epochs, series, floors.get(name), titles.get(name, name), words)
        for axes in grid[len(values) :]:
            axes.remove()
        for axes in grid[len(values) - columns : len(values)]:
            axes.tick_params(labelbottom=True)  # also above a gap in the last row
            axes.set_xlabel(words("epoch"))
        _fit_epochs(grid[0], epochs)
    return figure


def _draw_metric(
    axes: Axes, epochs: np.ndarray, series: np.ndarray, floor: tuple[float, float] | None, label: str, words: Words
) -> None:
    shown = series[np.isfinite(series)]
    told, falls_far = words("last", last=f"{series[-1]:.3g}"), False
    if floor is not None:
        mean, spread = floor
        shown = np.append(shown, mean)
        falls_far = bool(shown.min() > 0 and shown.max() > _DECADE * mean)
        told = words("last_and_floor", last=f"{series[-1]:.3g}", mean=f"{mean:.3g}", spread=f"{spread:.2g}")
    axes.plot(epochs, series, color=GENERATED, marker="." if len(epochs) <= 40 else "", markersize=4)
    if falls_far:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        low, high = np.exp(robust_limits(np.log(shown), reach=np.inf, margin=0.08))
    else:
        low, high = robust_limits(shown, reach=np.inf, margin=0.1)
    axes.set_ylim(low, high)
    if floor is not None:
        mean, spread = floor
        axes.axhspan(max(mean - spread, low), mean + spread, color=HELDOUT, alpha=0.25, linewidth=0)
        axes.axhline(mean, color=HELDOUT, linewidth=1.0, linestyle=(0, (4, 2)))
    axes.set_title(f"{label}\n{told}", fontsize="small")
    axes.grid(alpha=0.25)


def _fit_epochs(axes: Axes, epochs: np.ndarray) -> None:
    axes.set_xlim(robust_limits(epochs, reach=np.inf, margin=0.02))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))


def _checked(epochs: Sequence[float] | np.ndarray, curves: Mapping[str, ArrayLike]) -> np.ndarray:
    if not curves or not len(epochs):
        raise InputError("there is no curve to draw; give at least one, with at least one value")
    for name, values in curves.items():
        if np.shape(values) != (len(epochs),):
            raise InputError(
                f"curve '{name}' has shape {np.shape(values)}; it needs one value for each of {len(epochs)}"
            )
    return np.asarray(epochs, dtype=float)
