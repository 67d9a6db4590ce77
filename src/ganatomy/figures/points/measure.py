"""The axis of a metric: what real points score is marked on it, and from where on a value is near that.

Distances are shown divided by their floor, on a logarithmic axis with the floor at 1 that ends at `FARTHEST` even if
values lie beyond. Scores, and what has no natural origin, are shown as they are, on a linear axis.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from ganatomy.figures.style import FAINT, HELDOUT, robust_limits
from ganatomy.languages import Words

FARTHEST = 1000.0
"""Times the floor: an untrained generator is at 20 to 50, and what is farther was flung there."""


@dataclass(frozen=True)
class Measure:
    """What is shown of a metric beside its values.

    Attributes:
        title: of the axis; None for distance / floor.
        floor: what real points score; nan if that is not known.
        spread: of the floor, drawn as a band about it.
        bound: from which on a value is near, or None.
        higher: whether more is better.
        log: whether the axis is logarithmic, as that of distance / floor.
    """

    title: str | None = None
    floor: float = 1.0
    spread: float = 0.0
    bound: float | None = None
    higher: bool = False
    log: bool = True

    @property
    def worst(self) -> float:
        """What counts for a run that has no number because it diverged."""
        return -math.inf if self.higher else math.inf

    def name(self, words: Words) -> str:
        """Return the axis' name."""
        return words("ratio") if self.title is None else self.title

    def within(self, values: ArrayLike, limits: tuple[float, float]) -> np.ndarray:
        """Return values for drawing: what lies far beyond the limits of the axis, or at infinity, just beyond them.

        >>> Measure().within([0.5, np.inf], (0.5, 2.0)).tolist(), Measure(log=False).within([-np.inf], (0, 1)).tolist()
        ([0.5, 20.0], [-9.0])
        """
        low, high = limits
        beyond = (0.1 * low, 10 * high) if self.log else (low - 9 * (high - low), high + 9 * (high - low))
        return np.clip(np.asarray(values, dtype=float), *beyond)

    def place(self, value: float, limits: tuple[float, float]) -> float:
        """Return where a value lies between limits, as a share of the axis."""
        low, high, at = (math.log(number) if self.log else number for number in (*limits, value))
        return (at - low) / (high - low)

    def at(self, place: float, limits: tuple[float, float]) -> float:
        """Return the value at a place of the axis; the inverse of `place`.

        >>> measure = Measure()
        >>> round(measure.at(measure.place(3.0, (1, 10)), (1, 10)), 6)
        3.0
        """
        low, high = (math.log(number) if self.log else number for number in limits)
        return math.exp(low + place * (high - low)) if self.log else low + place * (high - low)


def measure_axis(axes: Axes, which: Literal["x", "y"], values: ArrayLike, measure: Measure, words: Words) -> None:
    """Make the "x" or "y" axis one of a metric, and mark the floor and the bound on it by name.

    Args:
        axes: whose axis.
        which: "x" or "y".
        values: what is to be shown, any shape; what is not finite sets no limit, nor, on a logarithmic axis, what is
            not positive or beyond `FARTHEST`.
        measure: the metric.
        words: of pictures.

    >>> from ganatomy.figures.style import new_figure
    >>> axes = new_figure(4, 3).add_subplot()
    >>> measure_axis(axes, "y", [1.5, 30.0, np.inf], Measure(spread=0.1, bound=2.0), Words("en", "figures"))
    >>> [text.get_text() for text in axes.texts], np.round(axes.get_ylim(), 2).tolist()
    (['real points', 'near'], [0.67, 35.96])
    >>> axes = new_figure(4, 3).add_subplot()
    >>> measure_axis(axes, "y", [0.1, 0.9], Measure("coverage", 0.96, higher=True, log=False), Words("en", "figures"))
    >>> [text.get_text() for text in axes.texts], np.round(axes.get_ylim(), 2).tolist()
    (['real points'], [0.06, 1.0])
    """
    values, floor = np.asarray(values, dtype=float).ravel(), measure.floor
    marks = [floor, *([] if measure.bound is None else [measure.bound])]
    if measure.log:
        values = np.r_[values[(values > 0) & (values <= FARTHEST)], 0.8 * floor, 1.25 * (measure.bound or floor)]
        low, high = np.exp(robust_limits(np.log(values), reach=np.inf, margin=0.05))
        axes.set(**{f"{which}scale": "log"})
        axis = axes.xaxis if which == "x" else axes.yaxis
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    else:
        low, high = robust_limits(np.r_[values, marks, floor - measure.spread], reach=np.inf, margin=0.05)
    axes.set(**{f"{which}lim": (low, high)})
    line, span = (axes.axvline, axes.axvspan) if which == "x" else (axes.axhline, axes.axhspan)
    if math.isfinite(floor):
        span(max(floor - measure.spread, low), floor + measure.spread, color=HELDOUT, alpha=0.2, linewidth=0)
        line(floor, color=HELDOUT, linewidth=1.2, linestyle=(0, (4, 2)))
        _name(axes, which, floor, words("real_points"), HELDOUT, above=measure.higher)
    if measure.bound is not None:
        line(measure.bound, color=FAINT, linewidth=0.9, linestyle=(0, (1, 1.5)))
        _name(axes, which, measure.bound, words("near"), FAINT, above=not measure.higher)


def _name(axes: Axes, which: str, at: float, text: str, colour: str, above: bool) -> None:
    """Write a mark's name on one side of it, of higher or of lower values, so that two that are near stay apart."""
    look: dict[str, Any] = {"textcoords": "offset points", "fontsize": "x-small", "color": colour}
    if which == "x":
        look |= {"xycoords": axes.get_xaxis_transform(), "va": "bottom"}
        axes.annotate(text, (at, 1.0), xytext=(1 if above else -1, 3), ha="left" if above else "right", **look)
    else:
        look |= {"xycoords": axes.get_yaxis_transform(), "ha": "left"}
        axes.annotate(text, (0.0, at), xytext=(3, 2 if above else -2), va="bottom" if above else "top", **look)
