"""Pages of samples: every picture is there once, in even rows, with what was mixed in above."""

import numpy as np
import pytest
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.figures.pictures.samples import columns_of, edit_figure, sample_figure, save_pictures
from ganatomy.figures.style import canvas_of, pixels_of

RED, BLUE = (np.tile(np.uint8(colour), (n, 64, 64, 1)) for n, colour in ((4, [255, 0, 0]), (2, [0, 0, 255])))


def pixels(figure):
    canvas = canvas_of(figure)
    canvas.draw()
    return pixels_of(canvas)[..., :3]


def places(figure, colour):
    """Upper left corners of the pictures of one colour, row by row."""
    there = (pixels(figure) == colour).all(axis=-1)
    begins = there & ~np.pad(there, ((1, 0), (0, 0)))[:-1] & ~np.pad(there, ((0, 0), (1, 0)))[:, :-1]
    return np.argwhere(begins)


@pytest.mark.parametrize(
    ("number", "rows"), [(2, [2]), (3, [3]), (4, [2, 2]), (6, [3, 3]), (16, [4] * 4), (24, [6] * 4)]
)
def test_rows_are_even(number, rows):
    figure = sample_figure(np.tile(RED[:1], (number, 1, 1, 1)), title="", size=64)
    tops = places(figure, [255, 0, 0])[:, 0]
    assert np.unique(tops, return_counts=True)[1].tolist() == rows


def test_where_no_number_of_columns_divides_them_few_places_are_left():
    for number in range(1, 1001):
        columns = columns_of(number)
        best = np.sqrt(1.5 * number)
        assert best / 1.5 - 1 < columns <= max(1.5 * best, 1)
        assert -number % columns <= columns / 2


def test_what_was_mixed_in_is_above_the_samples_and_named():
    figure = sample_figure(RED, "abcd", title="faces", mixed=BLUE, mixed_titles=["seed 9", "seed 7"], size=64)
    blue, red = places(figure, [0, 0, 255]), places(figure, [255, 0, 0])
    assert (len(blue), len(red)) == (2, 4)
    assert blue[:, 0].max() + 64 < red[:, 0].min()
    assert np.unique(blue[:, 1]).tolist() == np.unique(red[:, 1]).tolist()
    assert [text.get_text() for text in figure.texts] == ["faces", "mixed in", "seed 9", "seed 7", *"abcd"]


def test_an_edit_is_below_what_it_was_made_of():
    figure = edit_figure(BLUE, RED[:2], title="direction 0", size=64)
    blue, red = places(figure, [0, 0, 255]), places(figure, [255, 0, 0])
    assert (blue[:, 0] + 64 < red[:, 0]).all()
    assert (blue[:, 1] == red[:, 1]).all()


def test_what_is_saved_is_what_is_drawn(tmp_path):
    for name, how, drawn in (
        ("samples", {"mixed": BLUE}, sample_figure(RED, title="x", mixed=BLUE)),
        ("edit", {"before": RED[::-1], "titles": list("abcd")}, edit_figure(RED, RED, "abcd", title="x")),
    ):
        save_pictures(RED, tmp_path / "new" / f"{name}.png", title="x", **how)
        kept = np.asarray(Image.open(tmp_path / "new" / f"{name}.png").convert("RGB"))
        np.testing.assert_array_equal(kept, pixels(drawn))


@pytest.mark.parametrize(
    ("path", "how", "said"),
    [
        ("a.jpg", {}, "let `out` end in .png"),
        ("a.png", {"titles": ["one"]}, "titles and pictures must be equally many"),
        ("a.png", {"mixed": BLUE, "mixed_titles": ["one"]}, "titles and pictures must be equally many"),
        ("a.png", {"mixed": BLUE / 255}, "uint8"),
        ("a.png", {"before": RED[:1]}, "as many and as large"),
        ("file/a.png", {}, "cannot write"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_one_line(tmp_path, path, how, said):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"{said}[^\n]*$"):
        save_pictures(RED, tmp_path / path, **how)
