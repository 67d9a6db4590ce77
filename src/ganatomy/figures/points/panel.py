"""One pair of axes in which real points, generated points and a discriminator meet; drawn once, then updated.

A panel holds what never changes (limits, ticks, labels, held-out points) and what does (generated points,
field). `update` moves the latter without building anything, so that a still picture, a small multiple and a
film frame are the same drawing. From bottom to top: field, held-out points, generated points, frame; `moving`
lists the artists in that order. The field is a function of the drawn coordinates, known at the cells of
`View.grid`; where it is NaN or infinite the panel is tinted.

Shapes: `N` points, `D` data dimensions, `n` grid cells a side.
"""

import math
from collections.abc import Iterable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.points.view import View
from ganatomy.figures.style import FAINT, GENERATED, GREYS, HELDOUT, robust_limits
from ganatomy.languages import Words

_MOST = 4000  # markers of a kind; more hide each other
_BINS = 60


class Scale(Normalize):
    """The grey scale of a field: the 1 % to 99 % quantiles of all its values, so that few bleach no others.

    `extend` says at which ends values lie beyond it, in matplotlib's words for colour bars.

    >>> scale = Scale(np.r_[np.linspace(0, 1, 101), 50.0])
    >>> round(scale.vmin, 2), round(scale.vmax, 2), scale.extend
    (0.01, 1.0, 'both')
    """

    def __init__(self, fields: ArrayLike) -> None:
        fields = np.asarray(fields, dtype=float)
        self.limits = robust_limits(fields, reach=0.0)
        super().__init__(*self.limits)
        finite = fields[np.isfinite(fields)]
        below, above = bool((finite < self.limits[0]).any()), bool((finite > self.limits[1]).any())
        self.extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]


def _thin(points: np.ndarray) -> np.ndarray:
    """Keep at most `_MOST` of the points, evenly spaced in their order."""
    return points[:: max(1, math.ceil(len(points) / _MOST))]


class _Panel:
    """What both panels have; `lost` counts the generated points not shown."""

    def __init__(
        self, axes: Axes, view: View, heldout: ArrayLike, scale: Scale | None, words: Words, marker: float
    ) -> None:
        self.axes, self.view, self.scale, self.words, self.marker = axes, view, scale, words, marker
        self.heldout = view.project(heldout)
        self.moving: list[Artist] = []
        self.handles: list[Artist] = []
        self.labels: list[str] = []
        self.lost = 0

    def _count(self, generated: np.ndarray) -> str:
        """Count what of the projected points lies outside, and say it."""
        self.lost = self.view.outside(generated)
        counts = {"heldout_lost": self.view.outside(self.heldout), "generated_lost": self.lost}
        told = [self.words(name, count=count) for name, count in counts.items() if count]
        return self.words("outside_axes", told=self.words("comma").join(told)) if told else ""

    def _counted(self, name: str, points: np.ndarray, drawn: int) -> str:
        """Name a kind of points with their number, and say if not all are drawn."""
        count = self.words("some_of", some=drawn, all=len(points)) if drawn < len(points) else len(points)
        return self.words(name, count=count)

    def _joined(self, notes: Iterable[str]) -> str:
        return self.words("semicolon").join(filter(None, notes))


class Plane(_Panel):
    """A panel for D >= 2: points over the grey image of the field."""

    def __init__(
        self, axes: Axes, view: View, heldout: ArrayLike, scale: Scale | None, words: Words, marker: float = 3.0
    ) -> None:
        super().__init__(axes, view, heldout, scale, words, marker)
        self.image = axes.imshow(
            [[np.nan]],
            cmap=GREYS,
            norm=scale or Normalize(0, 1),
            extent=(*view.limits[0], *view.limits[1]),
            origin="lower",
            interpolation="bilinear",
            aspect="equal" if view.equal else "auto",
            visible=scale is not None,
        )
        dots = {"linestyle": "none", "clip_on": True}
        (real,) = axes.plot(
            *_thin(self.heldout).T,
            **dots,
            marker="o",
            markersize=marker,
            markeredgewidth=0,
            color=HELDOUT,
            alpha=0.7,
        )
        (self.points,) = axes.plot(
            [],
            [],
            **dots,
            marker="x",
            markersize=1.1 * marker,
            markeredgewidth=0.25 * marker,
            color=GENERATED,
            alpha=0.9,
        )
        across, up = view.labels(words)
        axes.set(xlim=view.limits[0], ylim=view.limits[1], xlabel=across, ylabel=up)
        self.moving = [self.image, real, self.points, *axes.spines.values()]
        self.handles = [real, self.points]

    def update(self, generated: ArrayLike, field: ArrayLike | None = None) -> str:
        """Show points (N, D) over a field (n, n) or (n * n,); return what the picture does not show."""
        flat = self.view.project(generated)
        self.points.set_data(*_thin(flat).T)
        kinds = {"heldout": self.heldout, "generated": flat}
        self.labels = [self._counted(kind, points, len(_thin(points))) for kind, points in kinds.items()]
        note = [self._count(flat)]
        if field is not None:
            values = as_square(field)
            self.image.set_data(values)
            note.append(self.words("tinted") if np.ma.is_masked(values) else "")
        return self._joined(note)

    def key(self, label: str) -> None:
        """Add the colour bar, exactly as high as the panel."""
        if self.scale is not None:
            beside = self.axes.inset_axes((1.03, 0.0, 0.035, 1.0))
            bar = self.axes.figure.colorbar(
                ScalarMappable(self.scale, GREYS), cax=beside, extend=self.scale.extend, extendfrac=0.03
            )
            bar.set_label(label)
            bar.outline.set_edgecolor(FAINT)


class Line(_Panel):
    """A panel for D = 1: histograms on fixed bins, and the field as a line on its own axis at the right.

    A bin's height is its share of *all* the points over its width, so mass outside the axes is missing, not
    spread.
    """

    def __init__(
        self, axes: Axes, view: View, heldout: ArrayLike, scale: Scale | None, words: Words, marker: float = 3.0
    ) -> None:
        super().__init__(axes, view, heldout, scale, words, marker)
        left, right = view.limits[0]
        self.edges = np.linspace(left, right, _BINS + 1)
        heights = self._heights(self.heldout)
        real = axes.stairs(heights, self.edges, fill=True, color=HELDOUT, alpha=0.45)
        self.bars = axes.stairs(np.zeros(_BINS), self.edges, color=GENERATED, linewidth=0.5 * marker)
        self.top = 1.6 * heights.max() or 1.0
        axes.set(xlim=view.limits[0], ylim=(0, self.top), xlabel=view.labels(words)[0], ylabel=words("density"))
        self.moving = [real, self.bars, *axes.spines.values()]
        self.handles = [real, self.bars]
        self.twin: Axes | None = None
        if scale is not None:
            self.twin = axes.twinx()
            (self.curve,) = self.twin.plot([], [], color=FAINT, linestyle=(0, (4, 2)), linewidth=0.4 * marker)
            self.twin.set_ylim(robust_limits(scale.limits, reach=1.0, margin=0.05))
            self.moving.append(self.curve)
            self.handles.append(self.curve)

    def _heights(self, flat: np.ndarray) -> np.ndarray:
        counts, _ = np.histogram(flat[np.isfinite(flat)], self.edges)
        return counts / (max(len(flat), 1) * np.diff(self.edges))

    def update(self, generated: ArrayLike, field: ArrayLike | None = None) -> str:
        """Show generated points (N, 1) and a field (n,); return what the picture does not show."""
        flat = self.view.project(generated)
        heights = self._heights(flat)
        self.bars.set_data(heights)
        kinds = {"heldout": self.heldout, "generated": flat}
        self.labels = [self._counted(kind, points, len(points)) for kind, points in kinds.items()]
        if self.twin is not None:
            self.labels.append(self.words("discriminator"))
        note = [self._count(flat)]
        note.append(self.words("tallest", height=f"{heights.max():.3g}") if heights.max() > self.top else "")
        if field is not None and self.twin is not None:
            values = np.ma.masked_invalid(np.ravel(field))
            self.curve.set_data(self.view.grid(len(values))[:, 0], values)
            note.append(self.words("gaps") if np.ma.is_masked(values) else "")
            low, high = self.twin.get_ylim()
            note.append(self.words("leaves") if ((values < low) | (values > high)).any() else "")
        return self._joined(note)

    def key(self, label: str) -> None:
        """Name the field's axis."""
        if self.twin is not None:
            self.twin.set_ylabel(label)


def make_panel(
    axes: Axes, view: View, heldout: ArrayLike, scale: Scale | None, words: Words, *, marker: float = 3.0
) -> Plane | Line:
    """Make the panel that suits the view's dimensions, in the words of pictures; `marker` is the size of its points."""
    return (Plane if len(view.basis) == 2 else Line)(axes, view, heldout, scale, words, marker)


def as_square(field: ArrayLike) -> np.ma.MaskedArray:
    """Shape a field of n * n values as (n, n) and mask what is not finite.

    Raises:
        InputError: the number of values is not a square.

    >>> as_square(np.array([1.0, 2.0, np.nan, 4.0])).tolist()
    [[1.0, 2.0], [None, 4.0]]
    """
    field = np.asarray(field, dtype=float)
    side = math.isqrt(field.size)
    if side * side != field.size or not side:
        raise InputError(f"a field has n * n values, as View.grid(n) lists its points; got the shape {field.shape}")
    return np.ma.masked_invalid(field.reshape(side, side))
