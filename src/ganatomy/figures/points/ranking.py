"""The cells of a study in order of their final distance over floor, with intervals.

One row a cell, the nearest to the real points on top; one mark for each kind of result, such as a cell at the course's
rate and at its own best. Intervals, and what they mean, are the caller's. A median that is not finite is ranked last,
by name only.

Shapes: `C` marks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.ratios import ratio_axis
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
    spread: float = 0.0,
    threshold: float | None = None,
    interval: str | None = None,
    language: str | None = None,
) -> Figure:
    """Draw final distance / floor of the cells with intervals, in order, the numbers beside them.

    Args:
        labels: of the cell of each mark, (C,); marks with the same label share a row.
        medians: over the seeds, (C,).
        lows: ends of the intervals, (C,).
        highs: ends of the intervals, (C,); infinity is drawn as an arrow.
        title: printed as it is.
        kinds: of the marks, (C,), such as "course's rate" and "best rate", at most three different ones.
        notes: printed after the numbers, (C,), such as "at 5e-04, stable".
        spread: of the floor, relative to it.
        threshold: the multiple of the floor below which a run is said to have converged.
        interval: what the intervals are; "95 % bootstrap interval" if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no cell, numbers that differ, more than three kinds, an unknown language.

    >>> figure = ranking_figure(["gan", "wgan"], [2.0, 1.5], [1.8, 1.2], [2.5, 1.6], title="study")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()], figure.axes[0].texts[-1].get_text()
    (['wgan', 'gan'], '1.50 (1.20–1.60)')
    """
    kinds = [""] * len(labels) if kinds is None else kinds
    notes = [""] * len(labels) if notes is None else notes
    counts = [len(part) for part in (labels, medians, lows, highs, kinds, notes)]
    if not len(labels) or len(set(counts)) > 1:
        raise InputError(f"a ranking needs a label, median, low, high, kind and note for each mark, not {counts}")
    known = list(dict.fromkeys(kinds))
    if len(known) > len(_MARKS):
        raise InputError(f"a ranking can hold {len(_MARKS)} kinds of marks, not {', '.join(known)}")
    numbers = np.array([medians, lows, highs], dtype=float).T
    numbers[~np.isfinite(numbers[:, 0])] = np.inf
    rows: dict[str, float] = {}
    for label, (median, *_) in zip(labels, numbers, strict=True):
        rows[label] = min(median, rows.get(label, np.inf))
    order = sorted(rows, key=lambda label: rows[label])
    words, step = picture_words(language), 0.26 if len(known) == 1 else 0.2 * len(known) + 0.1
    with house():
        figure = new_figure(7.5, step * len(order) + 1.5, title=title)
        axes = figure.add_subplot()
        ratio_axis(axes, "x", numbers, spread, threshold, words)
        told = words("medians", interval=interval or words("bootstrap"))
        axes.set(ylim=(len(order) - 0.5, -0.5), xlabel=f"{words('final_ratio')}\n{told}")
        axes.set_yticks(range(len(order)), order)
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize="medium")
        axes.grid(alpha=0.25)
        for label, number, kind, note in zip(labels, numbers, kinds, notes, strict=True):
            k = known.index(kind)
            y = order.index(label) + 0.42 * ((k + 0.5) / len(known) - 0.5) * 1.4
            _draw_mark(axes, y, number, note, _MARKS[k], words)
        for mark, kind in zip(_MARKS, known, strict=False):
            axes.plot([], [], label=kind, **mark)
        if len(known) > 1:
            figure.legend(loc="outside lower center", ncols=len(known))
    return figure


def _draw_mark(axes: Axes, y: float, number: np.ndarray, note: str, mark: dict[str, Any], words: Words) -> None:
    median, low, high = number
    end = axes.get_xlim()[1]
    told = words("diverged")
    if np.isfinite(median):
        told = words("noted", text=words.number(median), note=words.interval(low, high))
        axes.plot([low, min(high, 10 * end)], [y, y], color=mark["color"], linewidth=1.6, solid_capstyle="butt")
        axes.plot([median], [y], linestyle="none", **mark)
    if max(median, high) > end:
        axes.plot([end], [y], marker=">", markersize=5, color=mark["color"], clip_on=False)
    told = f"{told}  {note}".rstrip()
    axes.annotate(told, (1.0, y), (6, 0), axes.get_yaxis_transform(), "offset points", va="center", fontsize="small")
