"""The axis of distance over floor: logarithmic, with the floor at 1 marked as what real points score.

A value is a distance divided by its floor. The axis ends at `FARTHEST` even if values lie beyond.
"""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from ganatomy.figures.style import FAINT, HELDOUT, robust_limits
from ganatomy.languages import Words

FARTHEST = 1000.0
"""Times the floor: an untrained generator is at 20 to 50, and what is farther was flung there."""


def ratio_axis(
    axes: Axes, which: Literal["x", "y"], values: ArrayLike, spread: float, threshold: float | None, words: Words
) -> None:
    """Make the "x" or "y" axis one of distance over floor, and mark the floor and the threshold on it by name.

    Args:
        axes: whose axis.
        which: "x" or "y".
        values: what is to be shown, any shape; what is not finite, not positive or beyond `FARTHEST` sets no limit.
        spread: of the floor, relative to it: a band of 1 +- spread.
        threshold: the multiple of the floor below which a run is said to have converged, or None.
        words: of pictures.

    >>> from ganatomy.figures.style import new_figure
    >>> axes = new_figure(4, 3).add_subplot()
    >>> ratio_axis(axes, "y", [1.5, 30.0, np.inf], 0.1, 2.0, Words("en", "figures"))
    >>> [text.get_text() for text in axes.texts], np.round(axes.get_ylim(), 2).tolist()
    (['floor', 'converged'], [0.67, 35.96])
    """
    values = np.asarray(values, dtype=float)
    values = np.r_[values[(values > 0) & (values <= FARTHEST)], 0.8, 1.25 * (threshold or 1.0)]
    low, high = np.exp(robust_limits(np.log(values), reach=np.inf, margin=0.05))
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    line, span = (axes.axvline, axes.axvspan) if which == "x" else (axes.axhline, axes.axhspan)
    span(max(1 - spread, low), 1 + spread, color=HELDOUT, alpha=0.2, linewidth=0)
    line(1.0, color=HELDOUT, linewidth=1.2, linestyle=(0, (4, 2)))
    _name(axes, which, 1.0, words("floor"), HELDOUT)
    if threshold is not None:
        line(threshold, color=FAINT, linewidth=0.9, linestyle=(0, (1, 1.5)))
        _name(axes, which, threshold, words("converged"), FAINT)


def _name(axes: Axes, which: str, at: float, text: str, colour: str) -> None:
    """Write a mark's name on the side of lower values: above the axes, or inside them at the left."""
    look: dict[str, Any] = {"textcoords": "offset points", "fontsize": "x-small", "color": colour}
    if which == "x":
        look |= {"xycoords": axes.get_xaxis_transform(), "xytext": (-1, 3), "ha": "right", "va": "bottom"}
        axes.annotate(text, (at, 1.0), **look)
    else:
        look |= {"xycoords": axes.get_yaxis_transform(), "xytext": (3, -2), "ha": "left", "va": "top"}
        axes.annotate(text, (0.0, at), **look)
