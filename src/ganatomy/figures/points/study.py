r"""What a study found, in curves: a metric, such as distance over floor, against epochs and seconds.

What real points score is marked on the axis (see `measure`). Over the K seeds of a cell, at each snapshot by itself,

    line = median of r_1 .. r_K,    band = [min, max] if any cell has K < 8, else [1st quartile, 3rd quartile],

and the picture says which. A value that is NaN or infinite counts as infinitely bad, so that a run that diverged
does not improve its cell by leaving it. Not guaranteed: that a line is any one run's, nor that a band is an interval of
confidence; the ranking's intervals are its caller's.

Shapes: `K` seeds, `S` snapshots, `C` marks of a ranking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.measure import Measure, measure_axis
from ganatomy.figures.style import FAINT, GENERATED, INK, house, new_figure, robust_limits
from ganatomy.languages import Words

Cell = tuple[str, str]
"""Panel and line."""

FEW = 8
"""Seeds of every cell from which on bands are the middle half: of fewer, quartiles are hardly more than guesses."""

_TOGETHER = 4  # more lines than these are a tangle
_APART = 0.085  # of the axes' height, between two names
_LINES = (  # colour, dashes, marker: Okabe and Ito's, and an indigo, without the blue of real points
    (GENERATED, "-", "o"),
    (INK, (0, (5, 2)), "s"),
    ("#009E73", (0, (6, 2, 1, 2)), "^"),
    ("#CC79A7", (0, (1, 1.2)), "D"),
    ("#E69F00", "-", "v"),
    ("#5D3A9B", (0, (3, 1.5)), "P"),
    ("#56B4E9", (0, (5, 1, 1, 1, 1, 1)), "X"),
)


@dataclass(frozen=True)
class _Curve:
    """A cell over its seeds: x, line, band from low to high, all (S,), and how many seeds."""

    x: np.ndarray
    line: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int

    @classmethod
    def of(cls, cell: Cell, x: ArrayLike, ratios: ArrayLike, few: bool, worst: float) -> "_Curve":
        x, ratios = np.asarray(x, dtype=float), np.asarray(ratios, dtype=float)
        if ratios.ndim != 2 or 0 in ratios.shape or x.shape not in (ratios.shape, ratios.shape[1:]):
            raise InputError(
                f"{', '.join(cell)}: values have shape {ratios.shape} and go with {x.shape}; give one row a seed, "
                f"one column a snapshot"
            )
        x = np.median(x, axis=0) if x.ndim == 2 else x
        ratios = np.where(np.isfinite(ratios), ratios, worst)
        outer = (0.0, 1.0) if few else (0.25, 0.75)
        low, high = (np.quantile(ratios, q, axis=0, method=m) for q, m in zip(outer, ("lower", "higher"), strict=True))
        return cls(x, np.median(ratios, axis=0), low, high, len(ratios))


def convergence_figure(
    curves: Mapping[Cell, tuple[ArrayLike, ArrayLike]],
    *,
    title: str,
    measure: Measure | None = None,
    language: str | None = None,
) -> Figure:
    """Draw a metric over the epochs: a panel an objective, a line an optimizer, with a band over the seeds.

    All are drawn into one panel if they are few, or if every panel would have one line.

    Args:
        curves: (panel, line) -> epochs (S,) and values (K, S); a row a seed, NaN where there is none.
        title: printed as it is.
        measure: the metric; distance / floor if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no curve, shapes that do not fit, an unknown language.

    >>> fall = 1 + 30 * np.exp(-np.arange(5.0))
    >>> curves = {("gan", "adam"): (np.arange(5), np.stack([fall, 2 * fall])), ("gan", "sgd"): (range(5), [fall + 9])}
    >>> figure = convergence_figure(curves, title="study", measure=Measure(bound=2.0))
    >>> [text.get_text() for text in figure.axes[0].texts], figure.get_supxlabel()
    (['real points', 'near', 'gan, adam', 'gan, sgd'], 'line: median of 1–2 seeds; band: least to greatest')
    """
    return _lines(curves, "epoch", True, title, measure or Measure(), language)


def time_figure(
    curves: Mapping[Cell, tuple[ArrayLike, ArrayLike]],
    *,
    title: str,
    measure: Measure | None = None,
    language: str | None = None,
) -> Figure:
    """Draw a metric over the seconds of training: medians over the seeds of both, at each snapshot.

    The arguments are those of `convergence_figure`, with seconds (S,) or (K, S) in place of epochs; what differs in
    cost had better share a panel, so give (optimizer, objective) as (panel, line).

    Raises:
        InputError: no curve, shapes that do not fit, an unknown language.

    >>> fall = 1 + 30 * np.exp(-np.arange(5.0))
    >>> figure = time_figure({("adam", "gan"): ([[0, 1, 2, 3, 4], [0, 2, 4, 6, 8]], [fall, fall])}, title="study")
    >>> figure.axes[0].lines[-1].get_xdata().tolist(), figure.axes[0].get_xlabel()
    ([0.0, 1.5, 3.0, 4.5, 6.0], 'seconds of training')
    """
    return _lines(curves, "seconds", False, title, measure or Measure(), language)


def _lines(
    given: Mapping[Cell, tuple[ArrayLike, ArrayLike]],
    axis: str,
    banded: bool,
    title: str,
    measure: Measure,
    language: str | None,
) -> Figure:
    if not given:
        raise InputError("there is no curve to draw; give one cell or more")
    few = min(len(np.atleast_1d(ratios)) for _, ratios in given.values()) < FEW
    curves = {cell: _Curve.of(cell, *arrays, few, measure.worst) for cell, arrays in given.items()}
    words, names = picture_words(language), list(dict.fromkeys(name for _, name in curves))
    if len(curves) <= _TOGETHER or len(names) == 1:
        named = {cell: words("panel_and_line", panel=cell[0], line=cell[1]) for cell in curves}
        curves = {("", named[cell]): curve for cell, curve in curves.items()}
        names = [name for _, name in curves]
    panels = list(dict.fromkeys(panel for panel, _ in curves))
    shown = np.concatenate(
        [np.r_[curve.line, curve.low, curve.high] if banded else curve.line for curve in curves.values()]
    )
    widest = robust_limits(np.concatenate([curve.x for curve in curves.values()]), reach=np.inf, margin=0.02)
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with house():
        size = (6.4, 4.0) if len(panels) == 1 else (2.75 * columns + 0.5, 2.3 * rows + 0.8)
        figure = new_figure(*size, title=title)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            measure_axis(axes, "y", shown, measure, words)
            axes.set_xlim(widest)
            axes.set_title(panel, fontweight="bold")
            axes.grid(alpha=0.25)
            inside = {name: curve for (where, name), curve in curves.items() if where == panel}
            _draw_lines(axes, inside, dict(zip(names, _styles(len(names)), strict=True)), banded, measure)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
            axes.label_outer()
        for axes in grid[len(panels) :]:
            axes.remove()
        for axes in grid[len(panels) - columns : len(panels)]:
            axes.tick_params(labelbottom=True)  # also above a gap in the last row
            axes.set_xlabel(words(axis))
        for axes in grid[: len(panels) : columns]:
            axes.set_ylabel(measure.name(words))
        figure.supxlabel(_legend(curves, banded, words), fontsize="small", color=FAINT)
    return figure


def _styles(number: int) -> list[tuple]:
    """List colour, dashes and marker of each line; from the eighth on, colours return with other dashes and markers."""
    colours, dashes, markers = zip(*_LINES, strict=True)
    turns = [(k, k // len(_LINES)) for k in range(number)]
    return [(colours[k % 7], dashes[(k + turn) % 7], markers[(k + 2 * turn) % 7]) for k, turn in turns]


def _draw_lines(
    axes: Axes, curves: Mapping[str, _Curve], styles: Mapping[str, tuple], banded: bool, measure: Measure
) -> None:
    """Draw the curves of a panel and write the name of each at its end, beside the axes."""
    limits = axes.get_ylim()
    bottom, top = limits
    ends = []
    for name, curve in curves.items():
        colour, dashes, marker = styles[name]
        if banded and curve.seeds > 1:
            shade = {"where": np.isfinite(curve.line), "color": colour, "alpha": 0.16, "linewidth": 0}
            axes.fill_between(curve.x, measure.within(curve.low, limits), measure.within(curve.high, limits), **shade)
        every = max(1, len(curve.x) // 6)
        dots = {"marker": marker, "markersize": 4, "markevery": ((len(curve.x) - 1) % every, every)}  # the last has one
        axes.plot(curve.x, measure.within(curve.line, limits), color=colour, linestyle=dashes, **dots)
        inside = np.flatnonzero((curve.line >= bottom) & (curve.line <= top))
        away = bottom if measure.higher else top
        ends.append((curve.x[inside[-1]], curve.line[inside[-1]]) if len(inside) else (curve.x[0], away))
    places = spaced([measure.place(y, limits) for _, y in ends], min(_APART, 1 / len(ends)))
    for (name, curve), end, place in zip(curves.items(), ends, places, strict=True):
        lost = " ↑" if curve.line[-1] > top else " ↓" if curve.line[-1] < bottom else ""
        axes.annotate(
            name + lost,
            end,
            (1.05, measure.at(place, limits)),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize="small",
            arrowprops={"arrowstyle": "-", "color": styles[name][0], "linewidth": 0.8, "shrinkA": 1, "shrinkB": 2},
        )


def spaced(places: Sequence[float] | np.ndarray, apart: float) -> np.ndarray:
    """Move places in [0, 1] so that they keep their order and are `apart` or more, and return them in the given order.

    Pushing everything up from below, y_i = max over j <= i of x_j + (i - j) a, or down from above both would do; the
    mean of the two is taken, which treats both ends alike, and what lies beyond an end is pushed back.

    >>> spaced([0.5, 0.5, 0.0], 0.1).round(2).tolist()
    [0.45, 0.55, 0.0]
    """
    order = np.argsort(places, kind="stable")
    steps = apart * np.arange(len(order))
    free = np.asarray(places, dtype=float)[order] - steps
    middle = (np.maximum.accumulate(free) + np.minimum.accumulate(free[::-1])[::-1]) / 2
    moved = np.empty(len(order))
    moved[order] = np.clip(middle, 0.0, max(1.0 - steps[-1], 0.0)) + steps
    return moved


def _legend(curves: Mapping[Cell, _Curve], banded: bool, words: Words) -> str:
    """Say what line and band are."""
    seeds = [curve.seeds for curve in curves.values()]
    if max(seeds) == 1:
        return words("one_seed")
    told = [words("line", count="–".join(map(str, sorted({min(seeds), max(seeds)}))))]
    if banded:
        told.append(words("band_all" if min(seeds) < FEW else "band_half"))
    return words("semicolon").join(told)
