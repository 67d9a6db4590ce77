"""The film of a training, frame by frame: what moves is drawn anew, over pixels of what stays.

What stays (axes, labels, colour bar) is drawn once and kept as pixels; a frame restores them and draws only what moved,
so that it costs milliseconds. Axes and colour scale are those of the whole run.

Shapes: `S` snapshots, `N` points, `D` data dimensions, `n` grid cells a side, `H` x `W` pixels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.panel import Line, Plane, Scale, make_panel
from ganatomy.figures.points.planar import check_film, headed_figure, legend
from ganatomy.figures.points.view import View
from ganatomy.figures.style import FAINT, FILM_DPI, canvas_of, house, pixels_of, resize_to_even
from ganatomy.languages import Words

Snapshots = Sequence[ArrayLike] | np.ndarray
"""An array for each snapshot, (S, ...)."""


def render_frames(
    view: View,
    heldout: np.ndarray,
    snapshots: Snapshots,
    epochs: Sequence[int] | np.ndarray,
    fields: Snapshots | None = None,
    *,
    title: str,
    field_label: str | None = None,
    width: int = 640,
    language: str | None = None,
) -> Iterator[np.ndarray]:
    """Draw one frame a snapshot, as `planar.scatter` would, with the epoch above it.

    Args:
        view: what is drawn.
        heldout: real points, (N, D).
        snapshots: generated points over the training, (S, N, D).
        epochs: the epoch of each snapshot, (S,).
        fields: the discriminator at `view.grid(n)` for each, (S, n, n) or (S, n * n); for D = 1 (S, n).
        title: printed as it is; says objective and optimizer.
        field_label: what the greys measure; the discriminator's score if not given.
        width: of a frame in pixels; its height follows from the view's proportions, and both are even.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: no snapshot, numbers that differ, shapes that do not fit, a width not within 480 to 4096, an unknown
            language.

    >>> rng = np.random.default_rng(0)
    >>> moves = rng.normal(size=(3, 20, 2))
    >>> frames = list(render_frames(View.fit(moves[0]), moves[0], moves, [0, 1, 2], title="noise", width=480))
    >>> len(frames), frames[0].shape, frames[0].dtype
    (3, (410, 480, 3), dtype('uint8'))
    """
    check_film(snapshots, epochs, fields)
    if not 480 <= width <= 4096:
        raise InputError(f"a frame can be 480 to 4096 pixels wide, not {width}")
    words = picture_words(language)
    with house():
        figure, axes = headed_figure(view, title, words, width=width / FILM_DPI, dpi=FILM_DPI)
        resize_to_even(figure, width, figure.get_figheight() * FILM_DPI)
        canvas = canvas_of(figure)
        panel = make_panel(axes, view, heldout, Scale(np.asarray(fields)) if fields is not None else None, words)
        panel.key(field_label or words("score"))
        status = axes.set_title(words("epoch"), color=FAINT)
        panel.update(snapshots[0], None if fields is None else fields[0])
        legend(figure, panel)
        for artist in (*panel.moving, status):
            artist.set_animated(True)
        canvas.draw()  # all but the moving artists
    return _play(canvas, panel, status, snapshots, epochs, fields, words)


def _play(
    canvas: FigureCanvasAgg,
    panel: Plane | Line,
    status: Text,
    snapshots: Snapshots,
    epochs: Sequence[int] | np.ndarray,
    fields: Snapshots | None,
    words: Words,
) -> Iterator[np.ndarray]:
    still = canvas.copy_from_bbox(canvas.figure.bbox)
    for k, epoch in enumerate(epochs):
        note = panel.update(snapshots[k], None if fields is None else fields[k])
        status.set_text(words("at_epoch", epoch=epoch) + (f"    {note}" if note else ""))
        canvas.restore_region(still)
        for artist in (*panel.moving, status):
            panel.axes.draw_artist(artist)
        yield pixels_of(canvas)
