"""The film of a training: frames keep what stays and move what moves."""

import itertools

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.figures.points import film as module
from ganatomy.figures.points.film import render_frames
from ganatomy.figures.points.planar import headed_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.style import house

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 3))
MOVES = np.linspace(1.5, 0.0, 5)[:, None, None] + 0.3 * RNG.normal(size=(200, 3))
EPOCHS = [0, 10, 20, 30, 40]


def film(dims: int = 2, **changes) -> list[np.ndarray]:
    view = View.fit(REAL[:, :dims])
    fields = np.stack([(k + 1) * np.tanh(view.grid(20)[:, 0]) for k in range(5)])
    given = {
        "snapshots": MOVES[..., :dims],
        "epochs": EPOCHS,
        "fields": fields,
        "title": "wgan, rmsprop",
        "width": 480,
    }
    return list(render_frames(view, REAL[:, :dims], **{**given, **changes}))


def bluish(image: np.ndarray) -> np.ndarray:
    """Mark the pixels of held-out points; all else but the generated points is grey."""
    return image[..., 2].astype(int) - image[..., 0] > 60


def reddish(image: np.ndarray) -> np.ndarray:
    """Mark the pixels of generated points."""
    return image[..., 0].astype(int) - image[..., 2] > 60


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("with_field", [True, False])
def test_frames_are_rgb_of_one_even_size_one_a_snapshot(dims, with_field):
    frames = film(dims) if with_field else film(dims, fields=None)
    assert len(frames) == 5
    assert len({frame.shape for frame in frames}) == 1
    height, width, channels = frames[0].shape
    assert (height % 2, width, channels, frames[0].dtype) == (0, 480, 3, np.uint8)


def test_frames_differ_only_where_something_moved():
    frames = film()
    assert all((a != b).any() for a, b in itertools.pairwise(frames))
    still = film(snapshots=np.repeat(MOVES[:1, :, :2], 5, axis=0), fields=None)
    changed = (still[0] != still[1]).any(axis=-1)
    rows = np.flatnonzero(changed.any(axis=1))
    assert 0 < len(rows) < 20  # the epoch's line of text alone


def test_axes_ticks_and_colour_bar_are_the_same_in_every_frame():
    frames = film()
    first = frames[0].shape[0]
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame[-int(0.15 * first) :], frames[0][-int(0.15 * first) :])  # ticks, legend
        np.testing.assert_array_equal(frame[:, :45], frames[0][:, :45])  # ticks at the left
        np.testing.assert_array_equal(frame[60:, 420:], frames[0][60:, 420:])  # colour bar


def test_updating_leaves_no_trace_of_the_frame_before():
    again = film(snapshots=MOVES[[0, 4, 0, 4, 0], :, :2], fields=None, epochs=[7] * 5)
    np.testing.assert_array_equal(again[0], again[2])
    np.testing.assert_array_equal(again[1], again[3])


def test_the_last_frame_is_what_drawing_the_whole_figure_gives(monkeypatch):
    made = []
    monkeypatch.setattr(module, "headed_figure", lambda *a, **k: made.append(headed_figure(*a, **k)) or made[-1])
    frame = film()[-1].astype(int)
    figure = made[0][0]
    figure.set_layout_engine("none")
    for artist in figure.findobj():
        artist.set_animated(False)
    with house():
        figure.canvas.draw()
    whole = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    # the axes' frame is drawn twice in a film, which darkens half-covered pixels
    assert (np.abs(frame - whole).max(axis=-1) > 8).mean() < 0.002
    assert reddish(whole).sum() > 300 < bluish(whole).sum()


def test_held_out_points_stay_visible_above_the_field():
    counts = [bluish(frame).sum() for frame in film(snapshots=np.full((5, 1, 2), 1e9))]
    assert min(counts) > 500
    assert np.ptp(counts) < 0.2 * max(counts)  # the grey shines through a little


def test_colours_of_the_field_mean_the_same_in_every_frame():
    view = View.fit(REAL[:, :2])
    fields = np.stack([np.full(400, value) for value in (0.0, 1.0, 2.0, 1.0, 0.0)])
    frames = film(snapshots=np.full((5, 1, 2), 1e9), fields=fields)
    middle = [np.median(frame[100:250, 100:350, 0]) for frame in frames]
    assert middle[0] == middle[4] < middle[1] == middle[3] < middle[2] == 255
    assert view.equal


def test_odd_fields_and_diverged_points_are_drawn():
    fields = np.zeros((5, 400))
    fields[1], fields[2, :50], fields[3] = np.nan, np.inf, 1e9
    points = MOVES[..., :2].copy()
    points[1], points[2, :9] = np.nan, np.inf
    assert len(film(fields=fields, snapshots=points)) == 5
    assert len(film(fields=fields * np.nan)) == 5
    assert len(film(1, fields=fields)) == 5


def test_wrong_numbers_and_sizes_are_refused_before_drawing():
    with pytest.raises(InputError, match="equally many"):
        film(epochs=[1, 2])
    with pytest.raises(InputError, match="no snapshot"):
        film(snapshots=[], epochs=[], fields=None)
    with pytest.raises(InputError, match="480 to 4096"):
        film(width=100)
