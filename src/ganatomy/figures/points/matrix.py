"""The matrix of a study: a panel for each objective (row) and optimizer (column), as it ended or over the training.

All panels have the axes of one view, fixed by the held-out points, so that they compare at a glance. The grey field
behind the points does not compare: a critic's value has no unit, and a discriminator that hardly learnt spans little;
so each panel has its own scale, over the whole training in a film. A cell without points says why instead.

Shapes: `N` points, `D` data dimensions, `S` snapshots, `g` points of the discriminator's grid (n^2; n for D = 1).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from ganatomy.errors import InputError, unknown
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.panel import Line, Plane, Scale, make_panel
from ganatomy.figures.points.view import View
from ganatomy.figures.style import (
    DPI,
    FAINT,
    FILM_DPI,
    GREYS,
    INK,
    canvas_of,
    house,
    new_figure,
    pixels_of,
    resize_to_even,
    wrapped_to,
)
from ganatomy.languages import Words

Cell = tuple[str, str]
"""Row and column."""

_MARKER = 1.7  # points; what a panel two inches wide bears
_BOUND = "\u00a0"  # a space at which no line is broken


def matrix_figure(
    view: View,
    heldout: np.ndarray,
    finals: Mapping[Cell, tuple[np.ndarray | None, np.ndarray | None, str]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    language: str | None = None,
) -> Figure:
    """Draw what each cell ended with: generated over held-out points, over the discriminator's value in grey.

    Args:
        view: what is drawn.
        heldout: real points, (N, D).
        finals: (row, column) -> generated points (N, D), the discriminator at `view.grid(n)` (g,) or None, and a note
            for above the panel, such as "1.4 x floor, stable". Without points the note is written into the panel,
            such as "failed: out of memory". A cell that is not there is said not to be run.
        rows: their heads, in order, such as objectives.
        columns: their heads, in order, such as optimizers.
        title: printed as it is.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no row or column, a cell of an unknown one, shapes that do not fit the view, an unknown language.

    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(2, 50, 2))
    >>> finals = {("gan", "adam"): (fake, None, "1.1 x floor"), ("wgan", "adam"): (None, None, "failed")}
    >>> figure = matrix_figure(View.fit(real), real, finals, ["gan", "wgan"], ["adam", "sgd"], title="study")
    >>> [axes.get_title(loc="left") for axes in figure.axes], [axes.texts[0].get_text() for axes in figure.axes[1:]]
    (['1.1 x floor', '', '', ''], ['not run', 'failed', 'not run'])
    """
    with house():
        matrix = _Matrix(view, heldout, rows, columns, title, picture_words(language))
        for cell, (points, field, note) in finals.items():
            if points is None:
                matrix.leave(cell, note)
            else:
                matrix.add(cell, field)
                matrix.update(cell, points, field, note)
        matrix.finish()
    return matrix.figure


def matrix_frames(
    view: View,
    heldout: np.ndarray,
    snapshots: Mapping[Cell, tuple[np.ndarray, np.ndarray | None]],
    epochs: Sequence[int],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    notes: Mapping[Cell, Sequence[str]] | None = None,
    absent: Mapping[Cell, str] | None = None,
    width: int = 800,
    language: str | None = None,
) -> Iterator[np.ndarray]:
    """Draw one frame an epoch with all cells in step, uint8 (H, W, 3), H and W even, for GIF and MP4.

    Args:
        view: what is drawn.
        heldout: real points, (N, D).
        snapshots: (row, column) -> generated points (S, N, D) and the discriminator at `view.grid(n)` (S, g) or None.
            A cell with fewer than S snapshots, such as a run that diverged, stays at its last and says when it ended.
        epochs: of the snapshots, (S,); the same for all cells.
        rows: their heads, in order.
        columns: their heads, in order.
        title: printed as it is, the epoch below it.
        notes: (row, column) -> a text for above the panel, for each of the cell's snapshots, such as "1.4 x floor".
        absent: (row, column) -> why a cell has no snapshots; "not run" if not given.
        width: of a frame in pixels; its height follows from the number of rows and the view's proportions.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no snapshot, numbers that differ, shapes that do not fit, an unknown row, column or language, a
            width not within 480 to 4096.

    >>> rng = np.random.default_rng(0)
    >>> moves = rng.normal(size=(3, 20, 2))
    >>> films = {("gan", "adam"): (moves, None), ("gan", "sgd"): (moves[:2], None)}
    >>> view = View.fit(moves[0])
    >>> frames = list(matrix_frames(view, moves[0], films, [0, 5, 10], ["gan"], ["adam", "sgd"], title="study"))
    >>> len(frames), frames[0].dtype, frames[0].shape[1]
    (3, dtype('uint8'), 800)
    """
    if not len(epochs) or not snapshots:
        raise InputError("there is no snapshot to draw; train with snapshots switched on")
    if not 480 <= width <= 4096:
        raise InputError(f"a frame can be 480 to 4096 pixels wide, not {width}")
    texts, words = {}, picture_words(language)
    for cell, (points, fields) in snapshots.items():
        texts[cell] = list((notes or {}).get(cell, [""] * len(points)))
        counts = {len(points), len(texts[cell]), len(points if fields is None else fields)}
        if len(counts) > 1 or not 1 <= len(points) <= len(epochs):
            number = f"equally many, 1 to {len(epochs)}"
            raise InputError(f"{', '.join(cell)}: snapshots, fields and notes must be {number}, not {sorted(counts)}")
        ended = words("ended", epoch=epochs[len(points) - 1]).replace(" ", _BOUND)
        ended = words("comma").join(filter(None, (texts[cell][-1], ended)))
        texts[cell] += [ended] * (len(epochs) - len(points))
    with house():
        matrix = _Matrix(view, heldout, rows, columns, title, words, width)
        for cell, (_, fields) in snapshots.items():
            matrix.add(cell, fields)
            matrix.caption(cell, max(texts[cell], key=len), len(heldout))  # room for the longest
        for cell, note in (absent or {}).items():
            matrix.leave(cell, note)
        matrix.finish()
    return _play(matrix, snapshots, epochs, texts)


class _Matrix:
    """The panels on their page; `width` is that of a film's frames in pixels, None for a still picture."""

    def __init__(
        self,
        view: View,
        heldout: np.ndarray,
        rows: Sequence[str],
        columns: Sequence[str],
        title: str,
        words: Words,
        width: int | None = None,
    ) -> None:
        if not rows or not columns:
            raise InputError("a matrix needs one row and one column or more")
        self.view, self.heldout, self.words, self.rows, self.columns = view, heldout, words, rows, columns
        film, count = width is not None, len(columns)
        dpi = FILM_DPI if film else DPI
        inches = width / dpi if width is not None else max(count * min(max(6.6 / count, 1.6), 3.0) + 0.9, 4.8)
        self.side = (inches - 0.9) / count
        self.letters = int(16 * self.side)  # of a note, beside each other
        title = "\n".join(filter(None, (view.headed(title, words), words("epoch") if film else "")))
        self.figure = new_figure(inches, inches, dpi=dpi, title=title)
        grid = self.figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
        self.axes = {(row, column): grid[r, c] for r, row in enumerate(rows) for c, column in enumerate(columns)}
        self.panels: dict[Cell, Plane | Line] = {}
        self.titles: dict[Cell, Text] = {}

    def add(self, cell: Cell, fields: np.ndarray | None) -> None:
        """Make the panel of a cell, with a scale for its fields (g,) or (S, g)."""
        scale = None if fields is None else Scale(fields)
        panel = make_panel(self._at(cell), self.view, self.heldout, scale, self.words, marker=_MARKER)
        panel.axes.set(xlabel="", ylabel="")
        if isinstance(panel, Line) and panel.twin:
            panel.twin.tick_params(right=False, labelright=False)
        self.panels[cell], self.titles[cell] = panel, panel.axes.set_title("", fontsize="small")

    def update(self, cell: Cell, points: np.ndarray, field: np.ndarray | None, note: str) -> None:
        """Show points (N, D) and a field (g,) in a cell's panel, with the note and what is not shown above it."""
        self.panels[cell].update(points, field)
        self.caption(cell, note, self.panels[cell].lost)

    def caption(self, cell: Cell, note: str, lost: int) -> None:
        """Write a note above a cell's panel, and how many points it does not show."""
        if lost:
            outside = self.words("outside", count=lost).replace(" ", _BOUND)
            note = self.words("noted", text=note, note=outside).strip() if note else self.words("note", note=outside)
        self.titles[cell].set_text(wrapped_to(note, self.letters))

    def leave(self, cell: Cell, note: str) -> None:
        """Write into an empty panel why it is empty."""
        axes = self._at(cell)
        axes.set_facecolor("#f4f4f4")
        place = {"transform": axes.transAxes, "ha": "center", "va": "center", "fontsize": "small"}
        axes.text(0.5, 0.5, wrapped_to(note, self.letters - 2), color=FAINT, **place)

    def _at(self, cell: Cell) -> Axes:
        for kind, name, known in zip(("row", "column"), cell, (self.rows, self.columns), strict=True):
            if name not in known:
                raise unknown(kind, name, known)
        return self.axes[cell]

    def finish(self) -> None:
        """Fill the cells not spoken of, write the heads and axes' names, and say what is what."""
        for cell, axes in self.axes.items():
            if not axes.texts and cell not in self.panels:
                self.leave(cell, self.words("not_run"))
            if len(self.view.basis) == 2:
                axes.set(xlim=self.view.limits[0], ylim=self.view.limits[1])
                axes.set_aspect("equal" if self.view.equal else "auto")
            axes.label_outer()
            axes.tick_params(labelsize="x-small")
        names = (*self.view.labels(self.words), self.words("density"))
        head: dict[str, Any] = {"fontweight": "bold", "color": INK}
        first = self.rows[0]
        lines = max(title.get_text().count("\n") + 1 for title in (Text(), *self.titles.values()))
        for column in self.columns:
            above: dict[str, Any] = {"xytext": (0, 9 + 9 * lines), "textcoords": "offset points"}
            above |= {"xycoords": "axes fraction", "ha": "center", "va": "bottom"}
            self.axes[first, column].annotate(column, (0.5, 1), **above, **head)
            self.axes[self.rows[-1], column].set_xlabel(names[0], fontsize="small")
        for row in self.rows:
            self.axes[row, self.columns[0]].set_ylabel(row, **head)
        self.figure.supylabel(names[1], fontsize="small")
        self._legend()
        title = sum(text.get_text().count("\n") + 1 for text in self.figure.texts[:-1])
        height = len(self.rows) * (self.side * min(self.view.aspect, 1.2) + 0.17 + 0.13 * lines) + 0.19 * title + 1.05
        resize_to_even(self.figure, self.figure.get_figwidth() * self.figure.dpi, height * self.figure.dpi)
        engine = self.figure.get_layout_engine()
        if engine is not None:
            engine.execute(self.figure)  # and again when drawn: equal scales mislead a first try

    def _legend(self) -> None:
        panel = max(self.panels.values(), key=lambda panel: panel.scale is not None, default=None)
        if panel is None:
            return
        handles, texts = list(panel.handles), ["heldout_points", "generated_points"]
        if panel.scale is not None:
            texts.append("light_is_real" if isinstance(panel, Plane) else "high_is_real")
        if isinstance(panel, Plane):
            handles.append(Patch(facecolor=GREYS(0.5), edgecolor=FAINT))
        room = int(17 * (self.figure.get_figwidth() - 2.3))
        labels = [wrapped_to(self.words(text), room) for text in texts]
        self.figure.legend(handles[: len(labels)], labels, loc="outside lower center", ncols=2, markerscale=5 / _MARKER)


def _play(
    matrix: _Matrix,
    snapshots: Mapping[Cell, tuple[np.ndarray, np.ndarray | None]],
    epochs: Sequence[int],
    texts: Mapping[Cell, Sequence[str]],
) -> Iterator[np.ndarray]:
    canvas, heading = canvas_of(matrix.figure), matrix.figure.texts[0]
    title = heading.get_text().rpartition("\n")[0]
    moving = {cell: (*matrix.panels[cell].moving, matrix.titles[cell]) for cell in snapshots}
    for artist in (heading, *chain(*moving.values())):
        artist.set_animated(True)
    with house():
        canvas.draw()  # all but the moving artists
    still = canvas.copy_from_bbox(matrix.figure.bbox)
    for k, epoch in enumerate(epochs):
        canvas.restore_region(still)
        heading.set_text(f"{title}\n{matrix.words('at_epoch', epoch=epoch)}".strip())
        with house():
            matrix.figure.draw_artist(heading)
            for cell, (points, fields) in snapshots.items():
                last = min(k, len(points) - 1)
                matrix.update(cell, points[last], None if fields is None else fields[last], texts[cell][k])
                for artist in moving[cell]:
                    matrix.figure.draw_artist(artist)
        yield pixels_of(canvas)
