"""The cells of a study in order, with what each came to and an interval.

One row a cell, in the order given; one mark for each kind of result, such as a cell at the course's rate and at its own
best. Intervals, and what they mean, are the caller's; where there is none, the seeds themselves are drawn. A median
that is not finite is named only.

Shapes: `C` marks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.measure import Measure, measure_axis
from ganatomy.figures.style import GENERATED, INK, house, new_figure
from ganatomy.languages import Words

_MARKS: tuple[dict[str, Any], ...] = (  # of the first kind, the second, ...
    {"marker": "o", "color": GENERATED, "markersize": 6},
    {"marker": "D", "color": INK, "markersize": 5.5, "markerfacecolor": "white"},
    {"marker": "^", "color": "#009E73", "markersize": 6},
)


def ranking_figure(
    labels: Sequence[str],
    medians: Sequence[float] | np.ndarray,
    lows: Sequence[float] | np.ndarray,
    highs: Sequence[float] | np.ndarray,
    *,
    title: str,
    kinds: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    seeds: Sequence[Sequence[float]] | None = None,
    measure: Measure | None = None,
    interval: str | None = None,
    language: str | None = None,
) -> Figure:
    """Draw what the cells came to with intervals, a row a cell, the numbers beside them.

    Args:
        labels: of the cell of each mark, (C,), in the order of the rows; marks with the same label share one.
        medians: over the seeds, (C,).
        lows: ends of the intervals, (C,); nan where there is none.
        highs: ends of the intervals, (C,); infinity is drawn as an arrow.
        title: printed as it is.
        kinds: of the marks, (C,), such as "course's rate" and "best rate", at most three different ones.
        notes: printed after the numbers, (C,), such as "at 5e-04, stable".
        seeds: what each seed came to, (C, K); drawn and named for marks without an interval.
        measure: the metric; distance / floor if not given.
        interval: what the intervals are; "95 % bootstrap interval" if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no cell, numbers that differ, more than three kinds, an unknown language.

    >>> figure = ranking_figure(["gan", "wgan"], [2.0, 1.5], [1.8, 1.2], [2.5, 1.6], title="study")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()], figure.axes[0].texts[-1].get_text()
    (['gan', 'wgan'], '1.50 (1.20–1.60)')
    >>> figure = ranking_figure(["gan"], [4.7], [np.nan], [np.nan], seeds=[[3.44, 6.03]], title="study")
    >>> figure.axes[0].texts[-1].get_text()
    '3.44, 6.03 (2 seeds)'
    """
    kinds = [""] * len(labels) if kinds is None else kinds
    notes = [""] * len(labels) if notes is None else notes
    counts = [len(part) for part in (labels, medians, lows, highs, kinds, notes)]
    if not len(labels) or len(set(counts)) > 1:
        raise InputError(f"a ranking needs a label, median, low, high, kind and note for each mark, not {counts}")
    known = list(dict.fromkeys(kinds))
    if len(known) > len(_MARKS):
        raise InputError(f"a ranking can hold {len(_MARKS)} kinds of marks, not {', '.join(known)}")
    each = [[median] for median in medians] if seeds is None else seeds
    numbers, measure = np.array([medians, lows, highs], dtype=float).T, measure or Measure()
    numbers[~np.isfinite(numbers[:, 0]) & ~np.isnan(numbers[:, 1]), 0] = measure.worst
    order = list(dict.fromkeys(labels))
    words, step = picture_words(language), 0.26 if len(known) == 1 else 0.2 * len(known) + 0.1
    with house():
        figure = new_figure(7.5, step * len(order) + 1.5, title=title)
        axes = figure.add_subplot()
        shown = np.concatenate([numbers.ravel(), *map(np.asarray, each)])
        measure_axis(axes, "x", shown, measure, words)
        told = [] if np.isnan(numbers[:, 1]).all() else [words("medians", interval=interval or words("bootstrap"))]
        told += [words("each_seed")] if np.isnan(numbers[:, 1]).any() else []
        title = words("after_training", axis=measure.name(words))
        axes.set(ylim=(len(order) - 0.5, -0.5), xlabel=f"{title}\n{words('semicolon').join(told)}")
        axes.set_yticks(range(len(order)), order)
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize="medium")
        axes.grid(alpha=0.25)
        for label, number, own, kind, note in zip(labels, numbers, each, kinds, notes, strict=True):
            k = known.index(kind)
            y = order.index(label) + 0.42 * ((k + 0.5) / len(known) - 0.5) * 1.4
            told = _draw_mark(axes, y, number, own, _MARKS[k], measure, words)
            beside: dict[str, Any] = {"va": "center", "fontsize": "small", "textcoords": "offset points"}
            told = f"{told}  {note}".rstrip()
            axes.annotate(told, (1.0, y), (6, 0), xycoords=axes.get_yaxis_transform(), **beside)
        for mark, kind in zip(_MARKS, known, strict=False):
            axes.plot([], [], label=kind, **mark)
        if len(known) > 1:
            figure.legend(loc="outside lower center", ncols=len(known))
    return figure


def _draw_mark(
    axes: Axes,
    y: float,
    number: np.ndarray,
    seeds: Sequence[float],
    mark: dict[str, Any],
    measure: Measure,
    words: Words,
) -> str:
    """Draw a median with its interval, or the seeds where there is none, and return what to write beside it."""
    median, low, high = number
    limits = axes.get_xlim()
    known = [seed for seed in seeds if not np.isnan(seed)]
    interval = not np.isnan(low)
    marks = [median] if interval else known
    if interval and np.isfinite(median):
        ends = measure.within([low, high], limits)
        axes.plot(ends, [y, y], color=mark["color"], linewidth=1.6, solid_capstyle="butt")
    inside = [value for value in marks if np.isfinite(value)]
    axes.plot(inside, [y] * len(inside), linestyle="none", **mark)
    for end, beyond, arrow in ((limits[1], max(marks, default=0.0), ">"), (limits[0], min(marks, default=0.0), "<")):
        far = max(beyond, high) > end if arrow == ">" else min(beyond, low) < end
        if (interval or marks) and far:
            axes.plot([end], [y], marker=arrow, markersize=5, color=mark["color"], clip_on=False)
    if interval:
        return (
            words("noted", text=words.number(median), note=words.interval(low, high)) if inside else words("diverged")
        )
    told = words("list_comma").join(words.number(v) if np.isfinite(v) else words("diverged") for v in known)
    return words("noted", text=told, note=words.count("n_seeds", len(known))) if known else ""
