"""Still pictures of a fit: generated over real points, once in large or over the training in small.

Each is a pure function from arrays to a figure. The caller evaluates the discriminator, at the points
`view.grid(n)` lists. All pictures of one view have the same axes. Nothing is guaranteed of what lies outside
them but that its amount is written above the panel.

Shapes: `N` points, `D` data dimensions, `n` grid cells a side, `A` arrows, `S` snapshots.
"""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.points.panel import Line, Plane, Scale, make_panel
from ganatomy.figures.points.view import View
from ganatomy.figures.style import DPI, FAINT, GREYS, INK, house, new_figure

_WIDTH = 6.4  # inches
_ARROWS = 250  # more are a thicket


def headed_figure(
    view: View, title: str, *, width: float = _WIDTH, fill: float = 0.75, dpi: int = DPI
) -> tuple[Figure, Axes]:
    """Make a titled figure whose axes take the share `fill` of its width, in the view's proportions."""
    figure = new_figure(width, fill * width * min(view.aspect, 1.0) + 1.35, dpi=dpi, title=_heading(view, title))
    return figure, figure.add_subplot()


def _heading(view: View, title: str) -> str:
    return f"{title}\n{view.caption}" if view.caption else title


def legend(figure: Figure, panel: Plane | Line) -> None:
    """Say below the panels what is what; there it hides no data."""
    figure.legend(panel.handles, panel.labels, loc="outside lower center", ncols=3, markerscale=5.0 / panel.marker)


def scatter(
    view: View,
    heldout: np.ndarray,
    generated: np.ndarray,
    field: np.ndarray | None = None,
    *,
    title: str,
    field_label: str = "discriminator score",
    arrows: tuple[np.ndarray, np.ndarray] | None = None,
) -> Figure:
    """Draw held-out and generated points, and behind them the discriminator's value over the plane in grey.

    For D = 1: two histograms on the same bins, and the value as a line.

    Args:
        view: what is drawn; `View.fit(heldout)` if in doubt.
        heldout: real points, (N, D).
        generated: generated points, (N, D); the two numbers may differ.
        field: the discriminator at `view.grid(n)`, (n, n) or (n * n,); for D = 1 (n,).
        title: printed as it is.
        field_label: what the greys measure.
        arrows: positions (A, D) and vectors (A, D), such as the discriminator's gradient at generated points.
            The longest tenth are drawn equally long, 8 % of the width, the others in proportion.

    Raises:
        InputError: shapes that do not fit the view; arrows for D = 1.

    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(2, 50, 2))
    >>> figure = scatter(View.fit(real), real, fake + 4, title="shifted")
    >>> figure.axes[0].get_title(loc="left")
    'outside the axes: 50 generated'
    """
    with house():
        figure, axes = headed_figure(view, title)
        panel = make_panel(axes, view, heldout, Scale(field) if field is not None else None)
        notes = [panel.update(generated, field)]
        if arrows is not None:
            notes.append(_draw_arrows(axes, view, *arrows))
        panel.key(field_label)
        axes.set_title(textwrap.fill("; ".join(filter(None, notes)), 76), color=FAINT)
        legend(figure, panel)
    return figure


def _draw_arrows(axes: Axes, view: View, positions: np.ndarray, vectors: np.ndarray) -> str:
    if len(view.basis) == 1:
        raise InputError("arrows need points of two or more dimensions; leave them out for D = 1")
    if np.shape(positions) != np.shape(vectors):
        raise InputError(f"arrows need as many vectors as positions, got {np.shape(vectors)}, {np.shape(positions)}")
    tails, heads = view.project(positions), np.asarray(vectors, dtype=float) @ view.basis.T
    keep = np.flatnonzero(np.isfinite(tails).all(axis=1) & np.isfinite(heads).all(axis=1))
    keep = keep[:: max(1, -(-len(keep) // _ARROWS))]
    tails, heads = tails[keep], heads[keep]
    length = np.linalg.norm(heads, axis=1)
    longest = np.quantile(length, 0.9) if len(length) else 0.0
    if longest == 0.0:
        return "arrows: gradient 0"
    heads *= (0.08 * np.ptp(view.limits[0]) * np.minimum(1.0, longest / np.maximum(length, longest)) / longest)[:, None]
    axes.quiver(*tails.T, *heads.T, angles="xy", scale_units="xy", scale=1, width=0.0025, color=INK, zorder=3)
    return f"arrows: gradient, the longest {longest:.2g} or more"


def film_strip(
    view: View,
    heldout: np.ndarray,
    snapshots: np.ndarray,
    epochs: np.ndarray,
    fields: np.ndarray | None = None,
    *,
    title: str,
    panels: int = 8,
    columns: int = 4,
    field_label: str = "discriminator score",
) -> Figure:
    """Draw up to `panels` snapshots, evenly chosen from first to last, as small multiples with one scale.

    Args:
        view: what is drawn.
        heldout: real points, (N, D).
        snapshots: generated points over the training, (S, N, D).
        epochs: the epoch of each snapshot, (S,).
        fields: the discriminator at `view.grid(n)` for each, (S, n, n) or (S, n * n).
        title: printed as it is.
        panels: how many to draw at most.
        columns: panels a row.
        field_label: what the greys measure.

    Raises:
        InputError: no snapshot, or numbers of snapshots, epochs and fields that differ.

    >>> rng = np.random.default_rng(0)
    >>> moves = rng.normal(size=(5, 20, 2))
    >>> strip = film_strip(View.fit(moves[0]), moves[0], moves, range(5), title="noise", panels=3)
    >>> [axes.get_title(loc="left") for axes in strip.axes]
    ['epoch 0', 'epoch 2', 'epoch 4']
    """
    check_film(snapshots, epochs, fields)
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, max(1, panels)).round().astype(int))
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    with house():
        width = 2.15 * columns + 1.2
        figure = new_figure(width, (1.8 * view.aspect + 0.3) * rows + 1.2, title=_heading(view, title))
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        scale = Scale(fields) if fields is not None else None
        for axes, k in zip(grid, chosen, strict=False):
            panel = make_panel(axes, view, heldout, scale, marker=1.7)
            panel.update(snapshots[k], None if fields is None else fields[k])
            lost = f" ({panel.lost} outside)" if panel.lost else ""
            axes.set_title(f"epoch {epochs[k]}{lost}")
            axes.label_outer()
            if isinstance(panel, Line) and panel.twin:
                panel.twin.tick_params(labelright=axes is grid[columns - 1])
        for axes in grid[len(chosen) :]:
            axes.remove()
        for axes in grid[max(0, len(chosen) - columns) : len(chosen)]:
            axes.tick_params(labelbottom=True)  # also above a gap in the last row
            axes.set_xlabel(view.labels[0])
        if scale is not None and isinstance(panel, Plane):
            bar = figure.colorbar(
                ScalarMappable(scale, GREYS),
                ax=list(grid[: len(chosen)]),
                extend=scale.extend,
                label=field_label,
            )
            bar.outline.set_edgecolor(FAINT)
        legend(figure, panel)
    return figure


def check_film(snapshots: np.ndarray, epochs: np.ndarray, fields: np.ndarray | None) -> None:
    """Refuse an empty film, and one whose snapshots (S, ...), epochs (S,) and fields (S, ...) differ in number.

    Raises:
        InputError: as said.

    >>> check_film([], [], None)
    Traceback (most recent call last):
    ganatomy.errors.InputError: there is no snapshot to draw; train with snapshots switched on
    """
    if not len(snapshots):
        raise InputError("there is no snapshot to draw; train with snapshots switched on")
    counts = [len(snapshots), len(epochs), *([] if fields is None else [len(fields)])]
    if len(set(counts)) > 1:
        raise InputError(f"snapshots, epochs and fields must be equally many, not {counts}")
