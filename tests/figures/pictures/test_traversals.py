"""Pictures of traversals: every picture stands unchanged where its label says, and the film shows only true ones."""

import itertools
import weakref

import av
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.figures.pictures.film import there_and_back, traversal_frames
from ganatomy.figures.pictures.mosaic import fitted, mosaic, save_picture, strip
from ganatomy.figures.pictures.samples import edit_figure, sample_figure
from ganatomy.figures.pictures.traversals import direction_figure, heat_picture, overview_figure, zero_column
from ganatomy.figures.saving import save_figure
from ganatomy.figures.style import GENERATED, HELDOUT
from ganatomy.figures.video import write_mp4

BLUE, ORANGE = (np.round(np.array(to_rgb(colour)) * 255) for colour in (HELDOUT, GENERATED))
STRENGTHS = [-2.0, -1.0, 0.0, 1.0, 2.0]


def coloured(*leading: int, side: int = 64) -> np.ndarray:
    """Pictures of one colour each, all different, and none that a page has of itself."""
    number = np.arange(np.prod(leading)).reshape(leading)
    colours = np.stack([40 + number * 7 % 150, 60 + number * 13 % 150, 50 + number * 29 % 150], axis=-1)
    return np.broadcast_to(colours[..., None, None, :], (*leading, side, side, 3)).astype(np.uint8)


def pixels(figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def find(page: np.ndarray, colour: np.ndarray) -> tuple[int, int, int]:
    """Return top, left and number of the pixels that have exactly this colour."""
    where = np.argwhere((page == colour).all(axis=-1))
    assert len(where), colour
    return (*where.min(axis=0), len(where))


def texts(figure) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.get_position() for text in figure.texts}


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 21)])
def test_every_picture_of_a_direction_is_on_the_page_unchanged_in_its_row_and_column(shape):
    pictures = coloured(*shape)
    strengths = np.linspace(-2, 2, shape[1]) if shape[1] > 1 else [0.0]
    page = pixels(direction_figure(pictures, strengths, title="direction 0: 7.4 %", size=64))
    places = np.array([[find(page, pictures[n, c, 0, 0]) for c in range(shape[1])] for n in range(shape[0])])
    assert (places[..., 2] == 64 * 64).all()  # neither resampled nor covered, by the outline either
    assert (places[..., 0] == places[:, :1, 0]).all()
    assert (places[..., 1] == places[:1, :, 1]).all()
    assert set(np.diff(places[:, 0, 0])) | set(np.diff(places[0, :, 1])) <= {68}


def test_strengths_stand_below_their_columns_and_the_unedited_column_is_outlined():
    pictures = coloured(2, 5)
    figure = direction_figure(pictures, STRENGTHS, title="t", size=64)
    page, said = pixels(figure), texts(figure)
    for c, label in enumerate(("−2", "−1", "0", "+1", "+2")):
        assert said[label][0] == find(page, pictures[0, c, 0, 0])[1] + 32  # its middle
    blue = np.argwhere((page == BLUE).all(axis=-1))
    top, left, _ = find(page, pictures[0, 2, 0, 0])
    assert abs(blue.min(axis=0) - (top, left)).max() <= 4
    assert abs(blue.max(axis=0) - (top + 132, left + 64)).max() <= 4
    assert any("outlined" in text for text in said)
    without = direction_figure(pictures[:, :2], [-1.0, 1.0], title="t", size=64)
    assert not (pixels(without) == BLUE).all(axis=-1).any()
    assert not any("outlined" in text for text in texts(without))


def test_rounding_does_not_hide_the_unedited_column():
    assert zero_column(np.arange(-1, 1.01, 0.1)) == 10
    figure = direction_figure(coloured(1, 21), np.arange(-1, 1.01, 0.1), title="t")
    assert "0" in texts(figure)


def test_many_columns_leave_labels_out_but_not_zero_and_none_overlap():
    figure = direction_figure(coloured(1, 41), np.linspace(-2.5, 2.5, 41), title="t", size=32)
    pixels(figure)
    written = [text for text in figure.texts if text.get_text()[0] in "0+−"]
    boxes = sorted((text.get_window_extent().x0, text.get_window_extent().x1) for text in written)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(boxes))
    assert "0" in texts(figure)


def figures():
    faces, heat = coloured(5, 9), np.ones((5, 8, 8))
    many = "a long title of a source in a folder with a long name " * 4
    yield direction_figure(faces, np.linspace(-2, 2, 9), title=many, subtitle=many, rows=["seed 1000"] * 5)
    yield direction_figure(faces[:1, :1], [0.0], title=many)
    yield overview_figure(faces, np.linspace(-2, 2, 9), heat, ["0  7.4 %"] * 5, [many[:90]] * 5, title=many)
    yield overview_figure(faces[:1, :1], [0.0], heat[:1], ["0"], title=many, subtitle=many)
    yield sample_figure(faces[0, :7], ["a seed with a long name"] * 7, title=many)
    yield sample_figure(faces[0, :1], ["seed"], title=many)
    yield edit_figure(faces[0], faces[1], [f"seed {n}" for n in range(9)], title=many, columns=4)


def test_nothing_is_clipped_or_written_over_something_else():
    for figure in figures():
        page = pixels(figure)
        for edge in (page[:8], page[-8:], page[:, :8], page[:, -8:]):
            assert (edge == 255).all()
        boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
        boxes += [image.get_window_extent() for image in figure.images]
        assert not [pair for pair in itertools.combinations(boxes, 2) if _overlap(*pair) > 2]


def _overlap(a, b) -> float:
    width, height = (
        min(getattr(a, f"{x}1"), getattr(b, f"{x}1")) - max(getattr(a, f"{x}0"), getattr(b, f"{x}0")) for x in "xy"
    )
    return min(width, height)


def test_each_heat_map_of_a_page_has_a_scale_of_its_own_that_the_bar_beside_it_states():
    heat = np.zeros((2, 8, 8))
    heat[0, :4], heat[1, :4] = 0.1, 40.0
    figure = overview_figure(coloured(2, 5), STRENGTHS, heat, ["0", "1"], title="t", size=64)
    page = pixels(figure)
    assert [axes.get_ylim() for axes in figure.axes] == [(0.0, 0.1), (0.0, 40.0)]
    for shade in (0.0, 1.0):  # half of both maps, the weaker direction's too
        colour = heat_picture(np.full((1, 1), shade), 1.0)[0, 0]
        assert find(page, colour)[2] >= 2 * 20 * 64
    assert "each row has its own scale" in " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_heat_is_brighter_the_larger_on_a_grey_printer_too():
    shades = heat_picture(np.linspace(0, 7, 256)[None], 7.0)[0] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades) >= -0.5).all()
    assert shades[-1] - shades[0] > 150


def test_a_heat_map_of_nothing_is_drawn():
    for heat in (np.zeros((1, 8, 8)), np.full((1, 8, 8), np.nan)):
        pixels(overview_figure(coloured(1, 5), STRENGTHS, heat, ["0"], title="t"))


def test_edited_pictures_stand_below_their_unedited_ones_in_every_block():
    before, after = coloured(2, 5)
    page = pixels(edit_figure(before, after, list("abcde"), title="t", columns=3, size=64))
    for n in range(5):
        (top, left, _), (below, same, count) = find(page, before[n, 0, 0]), find(page, after[n, 0, 0])
        assert (below - top, same - left, count) == (68, 0, 64 * 64)


def test_a_strip_is_the_pictures_and_nothing_else(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 5, 3), dtype=np.uint8)
    save_picture(strip(pictures), tmp_path / "strip.png")
    with Image.open(tmp_path / "strip.png") as image:
        again = np.asarray(image)
    for n, s in np.ndindex(3, 4):
        np.testing.assert_array_equal(again[n * 6 : n * 6 + 6, s * 5 : s * 5 + 5], pictures[n, s])


def test_resizing_keeps_brightness_and_proportions_and_leaves_the_right_size_alone():
    rng = np.random.default_rng(0)
    pictures = fitted(rng.integers(100, 156, (2, 8, 4, 3), dtype=np.uint8), 128)
    for size in (32, 128, 300):
        resized = fitted(pictures, size)
        assert resized.shape == (2, size, size // 2, 3)
        np.testing.assert_allclose(resized.mean((1, 2)), pictures.mean((1, 2)), atol=1)
    assert fitted(pictures, 128) is pictures


@pytest.mark.parametrize("number", [2, 3, 5, 9, 21, 100])
def test_the_order_of_a_film_goes_there_and_back_over_every_strength_and_dwells_at_the_turns(number):
    order = there_and_back(number)
    assert (order[0], order[-1], order.max()) == (0, 0, number - 1)
    np.testing.assert_array_equal(order, order[::-1])
    half = order[: len(order) // 2 + 1]
    assert set(np.diff(half)) <= {0, 1}  # over none of the strengths is jumped
    if number > 9:
        stays = np.bincount(half)
        assert stays[0] > stays[number // 2] < stays[-1]


def played(rows: int = 2, columns: int = 3, side: int = 64, size: int = 64, strengths=STRENGTHS, **changes):
    pictures = coloured(rows, columns, len(strengths), side=side)
    given = {"unedited": 255 - pictures[:, 0, 0], "headings": [f"direction {k}, 7.4 %" for k in range(columns)]}
    given = {**given, "pictures": pictures, "strengths": strengths, "title": "faces", "size": size, **changes}
    return list(traversal_frames(**given)), pictures, given["unedited"]


def test_a_film_shows_the_pictures_of_one_strength_in_each_frame_and_the_unedited_first():
    frames, pictures, unedited = played()
    for frame, s in zip(frames, there_and_back(5), strict=True):
        places = np.array([[find(frame, pictures[n, k, s, 0, 0]) for k in range(3)] for n in range(2)])
        assert (places[..., 2] == 64 * 64).all()
        assert (np.diff(places[..., 1]) > 0).all()
        for n in range(2):
            top, left, count = find(frame, unedited[n, 0, 0])
            assert (top, count) == (places[n, 0, 0], 64 * 64)
            assert left < places[n, 0, 1]


def test_nothing_moves_but_pictures_and_gauge_and_the_film_ends_as_it_began():
    frames, pictures, _ = played()
    np.testing.assert_array_equal(frames[0], frames[-1])
    changed = np.any([(frame != frames[0]).any(axis=-1) for frame in frames], axis=0)
    top, left, _ = find(frames[0], pictures[0, 0, 0, 0, 0])
    below = find(frames[0], pictures[1, 0, 0, 0, 0])[0] + 64
    assert not changed[:top].any()
    assert not changed[:below, :left].any()
    gauge = changed[below:]
    assert 0 < gauge.sum() < 0.2 * gauge.size


def test_the_knob_stands_at_the_strength():
    frames, *_ = played(strengths=[-1.0, 0.0, 1.0, 2.0, 3.0])
    knobs = [np.argwhere((frame == ORANGE).all(axis=-1))[:, 1].mean() for frame in frames]
    places = dict(zip(there_and_back(5), knobs, strict=True))
    steps = np.diff([places[s] for s in range(5)])
    np.testing.assert_allclose(steps, steps.mean(), atol=1)
    assert steps.mean() > 20


@pytest.mark.parametrize(("rows", "columns", "size"), [(1, 1, 64), (1, 1, 256), (8, 10, 64), (2, 2, 101)])
def test_frames_of_any_grid_are_even_and_hold_their_text(rows, columns, size):
    frames, *_ = played(rows, columns, side=16, size=size, title="a long title " * 9)
    assert len({frame.shape for frame in frames}) == 1
    assert not np.any(np.array(frames[0].shape[:2]) % 2)
    for edge in (frames[0][:4], frames[0][-4:], frames[0][:, :4], frames[0][:, -4:]):
        assert (edge == 255).all()


def test_a_film_reads_one_strength_at_a_time():
    pictures, asked = coloured(1, 2, 5), []

    class Stored:
        shape = pictures.shape

        def __getitem__(self, key):
            asked.append(key)
            return pictures[key]

    frames = traversal_frames(pictures[:, 0, 2], Stored(), STRENGTHS, ["0", "1"], title="t", size=64)
    next(frames)
    assert asked == [(slice(None), slice(None), 0)]
    np.testing.assert_array_equal(
        list(frames)[6], played(1, 2, unedited=pictures[:, 0, 2], title="t", headings=["0", "1"])[0][7]
    )


def test_a_film_is_encoded_as_it_is_drawn_and_repeats_without_a_stop(tmp_path):
    drawn = itertools.count()
    pictures = coloured(1, 1, 5)
    frames = traversal_frames(pictures[:, 0, 2], pictures, STRENGTHS, ["0"], title="t", size=64)
    write_mp4((frame for frame in frames if next(drawn) >= 0), tmp_path / "a.mp4", fps=16, hold=0)
    with av.open(str(tmp_path / "a.mp4")) as film:
        decoded = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(decoded) == next(drawn) == len(there_and_back(5))
    assert np.abs(decoded[0].astype(int) - decoded[-1]).mean() < 1


def test_encoding_holds_only_the_frames_at_hand(tmp_path):
    made = []

    def frames():
        for _ in range(20):
            frame = np.zeros((16, 16, 3), np.uint8)
            made.append(weakref.ref(frame))
            yield frame
            del frame
            assert sum(kept() is not None for kept in made) <= 3

    write_mp4(frames(), tmp_path / "a.mp4")
    assert len(made) == 20


def test_a_film_whose_frames_change_size_midway_is_refused_and_leaves_no_file(tmp_path):
    frames = (np.zeros((16, 16 + 2 * (n > 5), 3), np.uint8) for n in range(9))
    with pytest.raises(InputError, match="one size"):
        write_mp4(frames, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


FACES = coloured(2, 3)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: direction_figure(FACES / 255, [-1, 0, 1], title=""), "uint8 of shape .N, C, h, w, 3.*float64"),
        (lambda: direction_figure(FACES[0], [-1, 0, 1], title=""), "uint8 of shape"),
        (lambda: direction_figure(FACES[:0], [-1, 0, 1], title=""), "uint8 of shape"),
        (lambda: direction_figure(FACES, [-1, 1], title=""), "2 and 3"),
        (lambda: direction_figure(FACES, [-1, 0, 1], title="", rows=["seed 0"]), "row titles"),
        (lambda: direction_figure(FACES, [-1, 0, 1], title="", size=5), "16 to 2048"),
        (lambda: overview_figure(FACES, [-1, 0, 1], np.ones((3, 4, 4)), ["", ""], title=""), "heat maps"),
        (lambda: overview_figure(FACES, [-1, 0, 1], np.ones((4, 4)), ["", ""], title=""), "K, H, W"),
        (lambda: overview_figure(FACES, [-1, 0, 1], np.ones((2, 4, 4)), [""], title=""), "row titles"),
        (lambda: sample_figure(FACES[0], ["seed 0"], title=""), "titles"),
        (lambda: edit_figure(FACES[0], FACES[0, :2], ["", "", ""], title=""), "as many"),
        (lambda: played(headings=["only one"]), "go with the other"),
        (lambda: played(strengths=[0.0]), "two or more"),
        (lambda: played(strengths=[0.0, -1.0]), "ascend"),
        (lambda: played(size=8), "64 to 1024"),
        (lambda: mosaic(FACES[0]), "R, C"),
    ],
)
def test_what_does_not_fit_is_refused(draw, message):
    with pytest.raises(InputError, match=message):
        draw()


def test_equal_figures_give_equal_bytes(tmp_path):
    for name in "ab":
        save_figure(direction_figure(coloured(2, 5), STRENGTHS, title="t"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with Image.open(tmp_path / "a") as image:
        np.testing.assert_array_equal(
            np.asarray(image.convert("RGB")), pixels(direction_figure(coloured(2, 5), STRENGTHS, title="t"))
        )
