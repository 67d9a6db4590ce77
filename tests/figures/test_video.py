"""Films: frames keep what stays and move what moves; files decode to what was written, or do not appear."""

import itertools

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from ganatomy.errors import InputError
from ganatomy.figures import video
from ganatomy.figures.points.planar import headed_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.style import house
from ganatomy.figures.video import HOLD, render_frames, write_gif, write_mp4

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
    monkeypatch.setattr(video, "headed_figure", lambda *a, **k: made.append(headed_figure(*a, **k)) or made[-1])
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


def test_a_film_of_one_snapshot(tmp_path):
    frames = film(snapshots=MOVES[:1, :, :2], epochs=[3], fields=None)
    write_gif(frames, tmp_path / "one.gif")
    write_mp4(frames, tmp_path / "one.mp4")
    with Image.open(tmp_path / "one.gif") as gif:
        assert gif.n_frames == 1


def test_gif_decodes_to_the_frames_with_their_durations(tmp_path):
    frames = film()
    write_gif(frames, tmp_path / "a.gif", fps=10)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        decoded, durations = [], []
        for image in ImageSequence.Iterator(gif):
            decoded.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
    assert durations == [100] * 4 + [100 + 1000 * HOLD]
    for drawn, shown in zip(frames, decoded, strict=True):
        assert np.abs(drawn.astype(int) - shown).mean() < 1.0
        assert (shown[(drawn == 255).all(axis=-1)] == 255).all()  # white stays white
        for kind in (bluish, reddish):
            assert 0.9 * kind(drawn).sum() < kind(shown).sum() < 1.1 * kind(drawn).sum()


@pytest.mark.parametrize("shape", [(40, 60), (39, 63)])
def test_mp4_decodes_to_the_frames_at_their_rate(tmp_path, shape):
    frames = [np.full((*shape, 3), colour, np.uint8) for colour in ((0, 114, 178), (213, 94, 0), (250, 250, 250))]
    write_mp4(frames, tmp_path / "a.mp4", fps=8)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 8
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        decoded = [frame.to_ndarray() for frame in container.decode(stream)]  # luma, then both chroma planes
    height, width = (side + side % 2 for side in shape)
    assert len(decoded) == 3 + HOLD * 8
    assert decoded[0].shape == (height * 3 // 2, width)
    for k, planes in enumerate(decoded):
        red, green, blue = frames[min(k, 2)][0, 0] / 255
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # ITU-R BT.709, limited range
        shown = [plane.mean() for plane in np.split(planes, [height, height * 5 // 4])]
        expected = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
        np.testing.assert_allclose(shown, expected, atol=1.5)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays while loading


@pytest.mark.parametrize("write", [write_gif, write_mp4])
def test_same_frames_same_bytes(write, tmp_path):
    frames = film() * 6
    write(frames, tmp_path / "a")
    write(iter(frames), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("write", [write_gif, write_mp4])
@pytest.mark.parametrize(
    ("frames", "fps", "message"),
    [
        ([np.zeros((4, 4, 3), np.uint8)], 0, "fps"),
        ([np.zeros((4, 4, 3), np.uint8)], 61, "fps"),
        ([np.zeros((4, 4, 3), np.uint8)], float("nan"), "fps"),
        ([], 12, "one or more frames"),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)], 12, "one size"),
    ],
)
def test_films_that_cannot_be_are_refused(write, frames, fps, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write(frames, tmp_path / "a", fps=fps)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [write_gif, write_mp4])
def test_an_interrupted_film_leaves_the_former_one(write, tmp_path, monkeypatch):
    target = tmp_path / "a"
    target.write_bytes(b"former")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganatomy.figures.video.np.pad" if write is write_mp4 else "PIL.Image.Image.save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write([np.zeros((4, 4, 3), np.uint8)] * 2, target)
    assert target.read_bytes() == b"former"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    monkeypatch.undo()
    with pytest.raises(InputError, match="cannot write"):
        write([np.zeros((4, 4, 3), np.uint8)], tmp_path / "none" / "a")


def test_wrong_numbers_and_sizes_are_refused_before_drawing():
    with pytest.raises(InputError, match="equally many"):
        film(epochs=[1, 2])
    with pytest.raises(InputError, match="no snapshot"):
        film(snapshots=[], epochs=[], fields=None)
    with pytest.raises(InputError, match="480 to 4096"):
        film(width=100)
