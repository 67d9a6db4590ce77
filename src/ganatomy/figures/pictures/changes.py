"""How far an edit moved each attribute of the pictures, beside the same edit without keeping anything.

A row an attribute, the largest change on top; bars are 95 % intervals over codes, in standard deviations of the
attribute over unedited pictures.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.style import FAINT, GENERATED, HELDOUT, INK, house, new_figure

Change = tuple[float, float, float]
"""Mean, and both ends of its interval."""


def changes_figure(
    names: Sequence[str],
    series: Mapping[str, Sequence[Change | None]],
    *,
    title: str,
    marked: Sequence[int] = (),
    axis: str | None = None,
    language: str | None = None,
) -> Figure:
    """Draw the changes of A attributes by one or two edits.

    Args:
        names: of the attributes, (A,).
        series: what each edit is called, and what it changed, (A,) each; None where that is not known.
        title: printed as it is.
        marked: attributes whose names are bold, such as those that were to be kept.
        axis: what the numbers are; mean changes in standard deviations if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no attribute, no edit or more than two, numbers that differ, an unknown language.

    >>> figure = changes_figure(["smile", "age"], {"edit": [(1.0, 0.9, 1.1), None]}, title="more smile")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['smile', 'age']
    """
    counts = {len(changes) for changes in series.values()}
    if not names or not 1 <= len(series) <= 2 or counts != {len(names)}:
        raise InputError(f"changes of {len(names)} attributes by one or two edits, not {len(series)} of {counts}")
    numbers = np.array([[change or (np.nan,) * 3 for change in changes] for changes in series.values()])  # (E, A, 3)
    sizes = np.nan_to_num(np.abs(numbers[..., 0]), nan=-1).max(axis=0)
    order = np.argsort(-sizes, kind="stable")
    styles = [(FAINT, "s"), (GENERATED, "o")][-len(series) :]
    axis = axis or picture_words(language)("mean_change")
    with house():
        figure = new_figure(6.5, 0.3 * len(names) + 1.3, title=title)
        axes = figure.add_subplot()
        axes.axvline(0, color=HELDOUT, linewidth=1, linestyle=(0, (4, 2)))
        for e, (label, (colour, marker)) in enumerate(zip(series, styles, strict=True)):
            y = np.arange(len(names)) + 0.3 * (e - (len(series) - 1) / 2)
            mean, low, high = numbers[e, order].T
            axes.hlines(y, low, high, color=colour, linewidth=2)
            axes.plot(mean, y, linestyle="none", marker=marker, markersize=5, color=colour, label=label)
        axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=axis)
        axes.set_yticks(range(len(names)), [names[int(a)] for a in order])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        for tick, a in zip(axes.get_yticklabels(), order, strict=True):
            tick.set_fontweight("bold" if a in marked else "normal")
        axes.grid(alpha=0.25)
        figure.legend(loc="outside lower center", ncols=2)
    return figure
