"""Two flows on the plane side by side: along one direction for all codes, and along each code's own best one.

A flow is a set of paths: the images G(z(s)) of codes z that move through latent space at unit speed while s runs from
-r to r. The fixed flow moves every code along the same vector; the local one along a vector that differs from code to
code. All paths take equally long in latent space, so a path's length in the picture is how far the point gets, and
its colour is the angle between the two vectors at the code that it has reached. The histogram at the right holds that
angle for codes drawn at random, in the same colours, and is the key to them.

Not guaranteed: that paths which cross in the picture do so in latent space.

Shapes: `P` paths, `S` points a path, `D` data dimensions, `N` codes, `K` directions, `E` latent dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import gammaln

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.view import View
from ganatomy.figures.style import FAINT, INK, house, new_figure
from ganatomy.languages import Words

# From dark (agree) to light (at right angles), so that it survives a grey printer; blue and orange survive the rest.
ANGLES = LinearSegmentedColormap.from_list(
    "ganatomy-angles", ["#00263e", "#0072B2", "#c06a2e", "#f5a04a"]
).with_extremes(bad="#999999")
_RIGHT = Normalize(0, 90)
_NARROW = 0.45  # the histogram's width, a panel's being 1
_BINS = np.linspace(0, 90, 19)


@dataclass(frozen=True, eq=False)
class Flow:
    """Paths (P, S, D) with an angle in degrees at each point (P, S), and what is written above them."""

    paths: np.ndarray
    angles: np.ndarray
    title: str


@dataclass(frozen=True, eq=False)
class FlowRow:
    """One direction: its fixed and its local flow, and the angle between both in degrees at random codes (N,)."""

    fixed: Flow
    local: Flow
    angles: np.ndarray
    title: str


def flows(
    view: View,
    heldout: np.ndarray,
    rows: Sequence[FlowRow],
    *,
    dimensions: int,
    reach: float,
    title: str,
    language: str | None = None,
) -> Figure:
    """Draw a row a direction: the fixed flow, the local flow, and how far apart they are.

    For D = 1 a path is a curve from s (up) to the generated value (across).

    Args:
        view: what is drawn; `View.fit(heldout)` if in doubt.
        heldout: real points (M, D), in grey.
        rows: one for each of K directions.
        dimensions: the number E of latent dimensions in which the angles were measured, for what chance would give.
        reach: r, how far codes move each way.
        title: printed as it is.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no row, paths and angles of shapes that differ, an unknown language.

    >>> s = np.linspace(-1, 1, 9)
    >>> paths = np.stack([np.stack([s, s**2 + k], axis=-1) for k in range(3)])  # (3, 9, 2)
    >>> flow = Flow(paths, np.abs(paths[..., 0]) * 45, "parabolas")
    >>> row = FlowRow(flow, flow, flow.angles.ravel(), "angle")
    >>> figure = flows(View.fit(paths[0]), paths[0], [row], dimensions=2, reach=1.0, title="t")
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['parabolas', 'parabolas', 'angle']
    """
    if not rows:
        raise InputError("a picture of flows needs at least one direction")
    for flow in (flow for row in rows for flow in (row.fixed, row.local)):
        if np.ndim(flow.paths) != 3 or np.shape(flow.paths)[:2] != np.shape(flow.angles):
            raise InputError(f"paths (P, S, D) need angles (P, S), got {np.shape(flow.paths)}, {np.shape(flow.angles)}")
    words = picture_words(language)
    with house():
        height = len(rows) * (4.3 * min(view.aspect, 1.0) + 0.75) + 1.3
        figure = new_figure(11.6, height, title=view.headed(title, words))
        grid = figure.subplots(len(rows), 3, squeeze=False, width_ratios=(1, 1, _NARROW))
        for (left, right, beside), row in zip(grid, rows, strict=True):
            for axes, flow in ((left, row.fixed), (right, row.local)):
                _draw(axes, view, heldout, flow, reach, words)
            right.set_ylabel("")
            right.tick_params(labelleft=False)
            _histogram(beside, row, dimensions, words)
            beside.set_box_aspect(view.aspect / _NARROW)
        marker, colour = ("|", FAINT) if len(view.basis) == 1 else ("o", "#bbbbbb")
        grey = Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4)
        path = Line2D([], [], color=ANGLES(0.2), marker=">", markevery=[1], markersize=5)
        names = [words("heldout", count=len(heldout)), words("path", reach=f"{reach:g}")]
        figure.legend([grey, path], names, loc="outside lower left", ncols=2)
    return figure


def spread(view: View, points: np.ndarray, count: int) -> np.ndarray:
    """Choose up to `count` of the points (N, D) in the view, far from each other: the indices, in the order chosen.

    Each is the one farthest from all those chosen before (T. Gonzalez, 1985, Clustering to minimize the maximum
    intercluster distance). Where none is in the view, the first is taken.

    >>> spread(View.fit(np.eye(2)), np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.9], [0.0, 1.0], [50.0, 0.0]]), 3).tolist()
    [0, 2, 3]
    """
    flat = view.project(points)
    inside = np.flatnonzero(((flat >= view.limits[:, 0]) & (flat <= view.limits[:, 1])).all(axis=1))
    inside = inside if len(inside) else np.arange(1)
    chosen, gap = [inside[0]], np.full(len(inside), np.inf)
    for _ in range(min(count, len(inside)) - 1):
        gap = np.minimum(gap, np.linalg.norm(flat[inside] - flat[chosen[-1]], axis=1))
        chosen.append(inside[gap.argmax()])
    return np.array(chosen)


def _draw(axes: Axes, view: View, heldout: np.ndarray, flow: Flow, reach: float, words: Words) -> None:
    """Draw the paths with their heads over the real points."""
    real = view.project(heldout)
    count, steps, dims = np.shape(flow.paths)
    flat = view.project(np.reshape(flow.paths, (-1, dims))).reshape(count, steps, -1)
    names = view.labels(words)
    axes.set(xlim=view.limits[0], xlabel=names[0])
    if len(view.basis) == 1:
        along = np.broadcast_to(np.linspace(-reach, reach, steps)[:, None], flat.shape)
        flat = np.concatenate([flat, along], axis=-1)
        axes.set(ylim=(-1.15 * reach, 1.15 * reach), ylabel=words("moved"))
        axes.plot(real[:, 0], np.zeros(len(real)), "|", color=FAINT, transform=axes.get_xaxis_transform())
    else:
        axes.set(ylim=view.limits[1], ylabel=names[1], aspect="equal" if view.equal else "auto")
        axes.plot(*real.T, "o", markersize=2.4, markeredgewidth=0, color="#cccccc")
    pieces = np.stack([flat[:, :-1], flat[:, 1:]], axis=2).reshape(-1, 2, 2)
    middle = (flow.angles[:, :-1] + flow.angles[:, 1:]).ravel() / 2
    axes.add_collection(
        LineCollection(list(pieces), array=middle, cmap=ANGLES, norm=_RIGHT, linewidths=1.1, capstyle="round")
    )
    last = flat[:, -1] - flat[:, -2]
    length = np.linalg.norm(last, axis=1)
    moving = length > 0  # where nothing moves there is no way to point
    last = last[moving] / length[moving, None]
    axes.quiver(
        *flat[moving, -1].T,
        *last.T,
        flow.angles[moving, -1],
        cmap=ANGLES,
        norm=_RIGHT,
        angles="xy",
        units="inches",
        scale=1 / 0.075,
        width=0.013,
        headwidth=5,
        headlength=5.5,
        headaxislength=5,
        minlength=0,
        pivot="tip",
        zorder=3,
    )
    axes.set_title(flow.title)


def _histogram(axes: Axes, row: FlowRow, dimensions: int, words: Words) -> None:
    """Draw the angles' density and, as a line, that of the angle to a direction drawn at random."""
    heights, _ = np.histogram(row.angles[np.isfinite(row.angles)], _BINS)
    share = 100 * heights / max(heights.sum(), 1)
    colours = ANGLES(_RIGHT((_BINS[1:] + _BINS[:-1]) / 2))
    axes.bar(_BINS[:-1], share, np.diff(_BINS), align="edge", color=colours)
    degrees = np.linspace(0, 90, 91)
    if dimensions > 1:
        axes.plot(degrees, 100 * (_BINS[1] - _BINS[0]) * chance(degrees, dimensions), color=INK, linestyle=(0, (4, 2)))
        axes.legend(
            [Line2D([], [], color=INK, linestyle=(0, (4, 2)))], [words("by_chance")], loc="best", handlelength=2.5
        )
    axes.set(xlim=(0, 90), xticks=[0, 30, 60, 90], xlabel=words("angle"), ylabel=words("of_codes"), title=row.title)
    axes.xaxis.set_major_formatter("{x:.0f}°")
    axes.spines[["top", "right"]].set_visible(False)


def chance(degrees: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the density, per degree, of the angle between a line and one drawn at random in E >= 2 dimensions.

        f(t) = pi / 180 * 2 Gamma(E / 2) / (sqrt(pi) Gamma((E - 1) / 2)) * sin(t)^(E - 2),  0 <= t <= 90 degrees

    It is the area of a unit sphere's zone; in the plane it is uniform.

    >>> chance(np.array([0.0, 45.0, 90.0]), 2).round(4).tolist()
    [0.0111, 0.0111, 0.0111]
    >>> chance(np.array([0.0, 45.0, 90.0]), 8).round(4).tolist()
    [0.0, 0.0044, 0.0356]
    """
    log = np.log(2) + gammaln(dimensions / 2) - gammaln((dimensions - 1) / 2) - np.log(np.pi) / 2
    return np.pi / 180 * np.exp(log) * np.sin(np.radians(degrees)) ** (dimensions - 2)
