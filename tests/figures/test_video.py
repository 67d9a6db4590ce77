"""Films into files: they decode to what was written, or do not appear."""

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from ganatomy.errors import InputError
from ganatomy.figures.points.film import render_frames
from ganatomy.figures.points.view import View
from ganatomy.figures.video import HOLD, write_gif, write_mp4

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 2))
MOVES = np.linspace(1.5, 0.0, 5)[:, None, None] + 0.3 * RNG.normal(size=(200, 2))
EPOCHS = [0, 10, 20, 30, 40]


def film(snapshots: int = 5) -> list[np.ndarray]:
    """Draw a small film of points that move, over a field."""
    view = View.fit(REAL)
    fields = np.stack([(k + 1) * np.tanh(view.grid(20)[:, 0]) for k in range(snapshots)])
    frames = render_frames(view, REAL, MOVES[:snapshots], EPOCHS[:snapshots], fields, title="wgan, rmsprop", width=480)
    return list(frames)


def bluish(image: np.ndarray) -> np.ndarray:
    """Mark the pixels of held-out points; all else but the generated points is grey."""
    return image[..., 2].astype(int) - image[..., 0] > 60


def reddish(image: np.ndarray) -> np.ndarray:
    """Mark the pixels of generated points."""
    return image[..., 0].astype(int) - image[..., 2] > 60


def test_a_film_of_one_snapshot(tmp_path):
    frames = film(1)
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
