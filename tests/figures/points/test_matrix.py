"""The matrix: every cell is where it belongs, on the same axes, and films show each cell its own snapshots in step."""

import itertools

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.figures.points import matrix as module
from ganatomy.figures.points.matrix import matrix_figure, matrix_frames
from ganatomy.figures.points.view import View
from ganatomy.figures.style import house

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 3))
ROWS, COLUMNS = ["gan", "wgan"], ["rmsprop", "adam", "sgd"]
CELLS = list(itertools.product(ROWS, COLUMNS))
EPOCHS = [0, 10, 20, 30]


def own(dims: int = 2) -> tuple[View, dict]:
    """Make points and fields that differ from cell to cell."""
    view = View.fit(REAL[:, :dims])
    grid = view.grid(20)
    return view, {
        cell: (REAL[:, :dims] * (0.3 + 0.1 * k), (k + 1) * np.tanh(grid[:, 0] - 0.2 * k), f"note {k}")
        for k, cell in enumerate(CELLS)
    }


def film(dims: int = 2, snapshots: dict | None = None, **changes) -> list[np.ndarray]:
    view, finals = own(dims)
    if snapshots is None:
        steps = np.linspace(1.5, 0.0, 4)[:, None, None]
        snapshots = {cell: (steps + points, np.stack([field] * 4)) for cell, (points, field, _) in finals.items()}
    given = {"epochs": EPOCHS, "rows": ROWS, "columns": COLUMNS, "title": "study", **changes}
    return list(matrix_frames(view, REAL[:, :dims], snapshots, **given))


def extents(figure) -> list:
    """Draw a figure and return the rectangles of all its texts, by text, in pixels."""
    with house():
        figure.canvas.draw()
    texts = [text for axes in figure.axes for text in (*axes.texts, axes.title, axes._left_title)]
    texts += [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    texts += [axis.label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) if axis.label.get_visible()]
    return [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text().strip()]


def assert_nothing_clipped(figure) -> None:
    width, height = figure.canvas.get_width_height()
    for text, box in extents(figure):
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text


def test_each_panel_shows_its_own_points_field_and_note():
    view, finals = own()
    figure = matrix_figure(view, REAL[:, :2], finals, ROWS, COLUMNS, title="study")
    assert len(figure.axes) == 6
    for axes, (points, field, note) in zip(figure.axes, finals.values(), strict=True):
        real, generated = axes.lines
        np.testing.assert_array_equal(real.get_xydata(), REAL[:, :2])
        np.testing.assert_array_equal(generated.get_xydata(), points)
        np.testing.assert_array_equal(axes.images[0].get_array(), field.reshape(20, 20))
        assert axes.get_title(loc="left") == note
    heads = [axes.texts[0].get_text() for axes in figure.axes[:3]]
    assert (heads, [figure.axes[k].get_ylabel() for k in (0, 3)]) == (COLUMNS, ROWS)


def test_a_grey_scale_is_its_panels_own():
    view, finals = own()
    figure = matrix_figure(view, REAL[:, :2], finals, ROWS, COLUMNS, title="study")
    for axes, (_, field, _) in zip(figure.axes, finals.values(), strict=True):
        norm = axes.images[0].norm
        assert field.min() <= norm.vmin < norm.vmax <= field.max()
    assert "each panel has its own scale" in figure.legends[0].get_texts()[2].get_text()


def test_all_panels_have_the_views_axes_even_those_without_points():
    view, finals = own()
    finals = {CELLS[1]: finals[CELLS[1]], CELLS[3]: (None, None, "failed: out of memory")}
    figure = matrix_figure(view, REAL[:, :2], finals, ROWS, COLUMNS, title="study")
    for axes in figure.axes:
        np.testing.assert_array_equal([axes.get_xlim(), axes.get_ylim()], view.limits)
    said = [[text.get_text() for text in axes.texts if text.get_text() not in COLUMNS] for axes in figure.axes]
    assert said == [["not run"], [], ["not run"], ["failed: out of memory"], ["not run"], ["not run"]]


def test_points_that_are_not_shown_are_counted():
    view, _ = own()
    points = np.concatenate([REAL[:5, :2], np.full((7, 2), 1e6), np.full((2, 2), np.nan)])
    figure = matrix_figure(view, REAL[:, :2], {CELLS[0]: (points, None, "wild")}, ROWS, COLUMNS, title="study")
    outside = view.outside(REAL[:5, :2]) + 9
    assert figure.axes[0].get_title(loc="left").replace("\xa0", " ") == f"wild ({outside} outside)"


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 2), (3, 3), (7, 2), (2, 6)])
def test_nothing_is_clipped_and_heads_stay_clear_of_the_title(dims, rows, columns):
    view, finals = own(dims)
    names = [[f"head {k}" for k in range(number)] for number in (rows, columns)]
    long = (*next(iter(finals.values()))[:2], "1.39 × floor, converged at epoch 40 (30-52), stable")
    cells = dict.fromkeys(itertools.product(*names), long)
    cells["head 0", "head 0"] = (None, None, "failed: " + "a reason of many words " * 3)
    title = "a title that goes on and on, and must be wrapped at least once, however wide the page may be " * 2
    figure = matrix_figure(view, REAL[:, :dims], cells, *names, title=title)
    assert_nothing_clipped(figure)
    boxes = extents(figure)
    bottom = next(box.y0 for text, box in boxes if text.startswith("a title"))
    assert all(box.y1 <= bottom for text, box in boxes if text in names[1])


@pytest.mark.parametrize("flatness", [1.0, 0.6, 0.3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 3)])
def test_heads_stay_between_title_and_notes_whatever_the_proportions(flatness, shape):
    points = REAL[:, :2] * [1.0, flatness]
    view, names = View.fit(points), [[f"head {k}" for k in range(number)] for number in shape]
    cells = dict.fromkeys(itertools.product(*names), (points, view.grid(20)[:, 0], "1.39 × floor, stable"))
    boxes = extents(matrix_figure(view, points, cells, *names, title="a title\nof two lines"))
    bottom = next(box.y0 for text, box in boxes if text.startswith("a title"))
    note = max(box.y1 for text, box in boxes if text.startswith("1.39"))
    assert all(
        note <= box.y0 and box.y1 <= bottom for text, box in boxes if text in names[1] and box.width > box.height
    )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_frames_are_rgb_of_one_even_size_one_an_epoch(dims):
    frames = film(dims)
    assert (len(frames), len({frame.shape for frame in frames})) == (4, 1)
    height, width, channels = frames[0].shape
    assert (height % 2, width, channels, frames[0].dtype) == (0, 800, 3, np.uint8)
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


def test_a_cell_that_moves_changes_its_own_panel_and_no_other():
    _, finals = own()
    still = {cell: (np.stack([points] * 4), None) for cell, (points, *_) in finals.items()}
    plain = film(snapshots=still)
    columns = []
    for cell in CELLS[:3]:
        steps = np.linspace(0.0, 0.5, 4)[:, None, None]
        moved = film(snapshots={**still, cell: (finals[cell][0] * (1 + steps), None)})
        changed = (moved[-1] != plain[-1]).any(axis=-1)
        assert changed.any()
        assert not (moved[0] != plain[0]).any()
        assert np.flatnonzero(changed.any(axis=1)).max() < 0.55 * len(changed)  # the upper row
        places = np.flatnonzero(changed.any(axis=0))
        columns.append((places.min(), places.max()))
    assert columns[0][1] < columns[1][0]
    assert columns[1][1] < columns[2][0]


def test_the_last_frame_is_what_drawing_the_whole_page_gives(monkeypatch):
    pages = []

    class Kept(module._Matrix):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            pages.append(self)

    monkeypatch.setattr(module, "_Matrix", Kept)
    frames = film(notes={cell: ["one", "two", "three", "four"] for cell in CELLS[:4]})
    (page,) = pages
    for artist in page.figure.findobj(lambda artist: artist.get_animated()):
        artist.set_animated(False)
    page.figure.set_layout_engine("none")  # or the page would be laid out once more
    with house():
        page.figure.canvas.draw()
    drawn = np.asarray(page.figure.canvas.buffer_rgba())[..., :3]
    assert (drawn != frames[-1]).any(axis=-1).mean() < 0.01  # ticks may lie above or below the field


def test_a_run_that_ended_early_stays_and_says_so(monkeypatch):
    said = []
    caption = module._Matrix.caption
    monkeypatch.setattr(
        module._Matrix, "caption", lambda self, cell, note, lost: (said.append(note), caption(self, cell, note, lost))
    )
    _, finals = own()
    points = finals[CELLS[0]][0]
    film(snapshots={CELLS[0]: (np.stack([points] * 2), None)}, notes={CELLS[0]: ["3 × floor", "9 × floor"]})
    gone = "9 × floor, ended\u00a0at\u00a0epoch\u00a010"
    assert said[1:] == ["3 × floor", "9 × floor", gone, gone]  # the first made the room


def test_chinese_is_said_throughout(monkeypatch):
    monkeypatch.setattr("ganatomy.figures.fonts.chinese_fonts", lambda: ["a font"])
    for dims in (1, 2):
        view, finals = own(dims)
        shown = {CELLS[0]: finals[CELLS[0]], CELLS[1]: (9 + finals[CELLS[1]][0], None, "")}
        figure = matrix_figure(view, REAL[:, :dims], shown, ROWS, COLUMNS, title="", language="zh")
        words = [text.get_text() for text in figure.legends[0].get_texts()] + [figure.axes[1].get_title(loc="left")]
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in word) for word in words)


def test_what_does_not_fit_is_refused():
    view, finals = own()
    with pytest.raises(InputError, match="one row and one column"):
        matrix_figure(view, REAL[:, :2], finals, [], COLUMNS, title="")
    with pytest.raises(InputError, match="unknown column 'sgdd'; did you mean 'sgd'"):
        matrix_figure(view, REAL[:, :2], {("gan", "sgdd"): finals[CELLS[0]]}, ROWS, COLUMNS, title="")
    with pytest.raises(InputError, match="unknown language"):
        matrix_figure(view, REAL[:, :2], finals, ROWS, COLUMNS, title="", language="fr")
    with pytest.raises(InputError, match="no snapshot"):
        film(snapshots={})
    with pytest.raises(InputError, match=r"gan, rmsprop: .* 1 to 4, not \[5\]"):
        film(snapshots={CELLS[0]: (np.zeros((5, 9, 2)), None)})
    with pytest.raises(InputError, match=r"not \[3, 4\]"):
        film(snapshots={CELLS[0]: (np.zeros((4, 9, 2)), np.zeros((3, 4)))})
    with pytest.raises(InputError, match="480 to 4096"):
        film(width=100)
