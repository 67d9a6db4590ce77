"""Still pictures of a fit: generated over real points, once in large or over the training in small.

Each is a pure function from arrays to a figure. The caller evaluates the discriminator, at the points
`view.grid(n)` lists. All pictures of one view have the same axes. Nothing is guaranteed of what lies outside
them but that its amount is written above the panel.

Shapes: `N` points, `D` data dimensions, `n` grid cells a side, `A` arrows, `S` snapshots.
"""

from collections.abc import Sequence, Sized

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.panel import Line, Plane, Scale, make_panel
from ganatomy.figures.points.view import View
from ganatomy.figures.style import DPI, FAINT, GREYS, INK, house, new_figure, wrapped_to
from ganatomy.languages import Words

_WIDTH = 6.4  # inches
_ARROWS = 250  # more are a thicket


def headed_figure(
    view: View, title: str, words: Words, *, width: float = _WIDTH, fill: float = 0.75, dpi: int = DPI
) -> tuple[Figure, Axes]:
    """Make a titled figure whose axes take the share `fill` of its width, in the view's proportions."""
    height = fill * width * min(view.aspect, 1.0) + 1.35
    figure = new_figure(width, height, dpi=dpi, title=view.headed(title, words))
    return figure, figure.add_subplot()


def legend(figure: Figure, panel: Plane | Line) -> None:
    """Say below the panels what is what; there it hides no data."""
    figure.legend(panel.handles, panel.labels, loc="outside lower center", ncols=3, markerscale=5.0 / panel.marker)


def scatter(
    view: View,
    heldout: ArrayLike,
    generated: ArrayLike,
    field: ArrayLike | None = None,
    *,
    title: str,
    field_label: str | None = None,
    arrows: tuple[ArrayLike, ArrayLike] | None = None,
    trained_on: bool = False,
    language: str | None = None,
) -> Figure:
    """Draw held-out and generated points, and behind them the discriminator's value over the plane in grey.

    For D = 1: two histograms on the same bins, and the value as a line.

    Args:
        view: what is drawn; `View.fit(heldout)` if in doubt.
        heldout: real points, (N, D).
        generated: generated points, (N, D); the two numbers may differ.
        field: the discriminator at `view.grid(n)`, (n, n) or (n * n,); for D = 1 (n,).
        title: printed as it is.
        field_label: what the greys measure; the discriminator's score if not given.
        arrows: positions (A, D) and vectors (A, D), such as the discriminator's gradient at generated points.
            The longest tenth are drawn equally long, 8 % of the width, the others in proportion.
        trained_on: whether the real points were trained on, and are not called held-out.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: shapes that do not fit the view; arrows for D = 1; an unknown language.

    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(2, 50, 2))
    >>> figure = scatter(View.fit(real), real, fake + 4, title="shifted")
    >>> figure.axes[0].get_title(loc="left")
    'outside the axes: 50 generated'
    """
    words = picture_words(language, *["trained_on"] * trained_on)
    with house():
        figure, axes = headed_figure(view, title, words)
        panel = make_panel(axes, view, heldout, Scale(field) if field is not None else None, words)
        notes = [panel.update(generated, field)]
        if arrows is not None:
            notes.append(_draw_arrows(axes, view, *arrows, words))
        panel.key(field_label or words("score"))
        axes.set_title(wrapped_to(words("semicolon").join(filter(None, notes)), 76), color=FAINT)
        legend(figure, panel)
    return figure


def _draw_arrows(axes: Axes, view: View, positions: ArrayLike, vectors: ArrayLike, words: Words) -> str:
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
        return words("gradient_none")
    heads *= (0.08 * np.ptp(view.limits[0]) * np.minimum(1.0, longest / np.maximum(length, longest)) / longest)[:, None]
    axes.quiver(*tails.T, *heads.T, angles="xy", scale_units="xy", scale=1, width=0.0025, color=INK, zorder=3)
    return words("gradient", length=f"{longest:.2g}")


def film_strip(
    view: View,
    heldout: ArrayLike,
    snapshots: Sequence[ArrayLike] | np.ndarray,
    epochs: Sequence[int] | np.ndarray,
    fields: Sequence[ArrayLike] | np.ndarray | None = None,
    *,
    title: str,
    panels: int = 8,
    columns: int = 4,
    field_label: str | None = None,
    language: str | None = None,
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
        field_label: what the greys measure; the discriminator's score if not given.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no snapshot, numbers of snapshots, epochs and fields that differ, an unknown language.

    >>> rng = np.random.default_rng(0)
    >>> moves = rng.normal(size=(5, 20, 2))
    >>> strip = film_strip(View.fit(moves[0]), moves[0], moves, range(5), title="noise", panels=3)
    >>> [axes.get_title(loc="left") for axes in strip.axes]
    ['epoch 0', 'epoch 2', 'epoch 4']
    """
    check_film(snapshots, epochs, fields)
    words = picture_words(language)
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, max(1, panels)).round().astype(int))
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    with house():
        width = 2.15 * columns + 1.2
        figure = new_figure(width, (1.8 * view.aspect + 0.3) * rows + 1.2, title=view.headed(title, words))
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        scale = Scale(np.asarray(fields)) if fields is not None else None
        drawn = [make_panel(axes, view, heldout, scale, words, marker=1.7) for axes in grid[: len(chosen)]]
        for axes, panel, k in zip(grid, drawn, chosen, strict=False):
            panel.update(snapshots[k], None if fields is None else fields[k])
            told = words("at_epoch", epoch=epochs[k])
            axes.set_title(words("noted", text=told, note=words("outside", count=panel.lost)) if panel.lost else told)
            axes.label_outer()
            if isinstance(panel, Line) and panel.twin:
                panel.twin.tick_params(labelright=axes is grid[columns - 1])
        for axes in grid[len(chosen) :]:
            axes.remove()
        for axes in grid[max(0, len(chosen) - columns) : len(chosen)]:
            axes.tick_params(labelbottom=True)  # also above a gap in the last row
            axes.set_xlabel(view.labels(words)[0])
        if scale is not None and isinstance(drawn[0], Plane):
            bar = figure.colorbar(
                ScalarMappable(scale, GREYS),
                ax=list(grid[: len(chosen)]),
                extend=scale.extend,
                label=field_label or words("score"),
            )
            bar.outline.set_edgecolor(FAINT)
        legend(figure, drawn[-1])
    return figure


def check_film(snapshots: Sized, epochs: Sized, fields: Sized | None) -> None:
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
