"""Films into files: frames, as they come, into GIF and MP4.

A frame is an RGB image, uint8 (H, W, 3). A film of S frames shows each for 1 / fps seconds and the last for `HOLD`
seconds longer.

GIF: one palette for all frames, so that still parts do not flicker; endless. Its clock ticks in hundredths of a
second, to which durations are rounded. MP4: H.264 in yuv420p with the index in front, what browsers
play while loading; colour has half resolution there and odd sizes are padded by a pixel.

Shapes: `S` frames, `H` x `W` pixels.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.spatial import KDTree

from ganatomy.errors import InputError
from ganatomy.files import replacing

HOLD = 1.5  # seconds that the last frame stays before a film begins again


def write_gif(frames: Iterable[np.ndarray], path: str | os.PathLike, fps: float = 12) -> None:
    """Write frames (H, W, 3) as an endless GIF with one palette, whole or not at all.

    Half of the palette's 255 colours are the commonest of the film as they are, which keeps white white and
    greys smooth, the others a median cut of the rest; every pixel takes the nearest. The choice looks at eight
    frames spread over the film. All frames are held in memory meanwhile.

    Raises:
        InputError: no frame, frames of different sizes, fps not within 1 to 60, a file that cannot be written.

    >>> import tempfile
    >>> from PIL import Image
    >>> target = os.path.join(tempfile.mkdtemp(), "two.gif")
    >>> write_gif([np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 255, np.uint8)], target, fps=10)
    >>> with Image.open(target) as film:
    ...     film.n_frames, film.size, film.info["loop"], film.info["duration"]
    (2, (6, 4), 0, 100)
    """
    from PIL import Image  # here, since still pictures need neither of the two encoders

    _check(fps)
    frames = list(_alike(frames))
    palette = _palette(frames)
    images = [Image.fromarray(indices) for indices in _indexed(frames, palette)]
    for image in images:
        image.putpalette(palette.tobytes())
    each = round(100 / fps) * 10  # milliseconds, in whole ticks of the format
    durations = [each] * (len(images) - 1) + [each + round(HOLD * 1000)]
    with replacing(path) as file:
        images[0].save(
            file,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=durations,
            loop=0,
            optimize=False,
        )


def _packed(frame: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(frame.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _unpacked(colours: np.ndarray) -> np.ndarray:
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def _palette(frames: list[np.ndarray]) -> np.ndarray:
    """Choose at most 255 colours (C, 3): the 128 commonest and a median cut of the others."""
    from PIL import Image

    sample = np.unique(np.linspace(0, len(frames) - 1, 8).round().astype(int))
    colours, counts = np.unique(np.stack([_packed(frames[k]) for k in sample]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    common, others = _unpacked(colours[order[:128]]), _unpacked(colours[order[128:]])
    if len(others):
        cut = Image.fromarray(others[None]).quantize(127, method=Image.Quantize.MEDIANCUT).getpalette() or []
        common = np.concatenate([common, np.reshape(cut, (-1, 3))[:127]])
    return common.astype(np.uint8)


def _indexed(frames: list[np.ndarray], palette: np.ndarray) -> Iterator[np.ndarray]:
    """Replace each pixel by the number of the nearest palette colour; each colour is looked up once a film."""
    nearest, known = KDTree(palette.astype(float)), np.full(1 << 24, -1, dtype=np.int16)
    for frame in frames:
        packed = _packed(frame)
        new = np.unique(packed[known[packed] < 0])
        if len(new):
            known[new] = nearest.query(_unpacked(new).astype(float))[1]
        yield known[packed].astype(np.uint8)


def write_mp4(frames: Iterable[np.ndarray], path: str | os.PathLike, fps: float = 12, *, hold: float = HOLD) -> None:
    """Write frames (H, W, 3) as H.264 video that browsers play, whole or not at all.

    Frames are encoded as they come and none but the last is kept, so that a film may be larger than the memory.

    Args:
        frames: uint8, taken one by one.
        path: the file.
        fps: frames a second, 1 to 60.
        hold: how many seconds longer the last frame is shown; 0 for a film that is to be repeated without a stop.

    Raises:
        InputError: no frame, frames of different sizes, fps not within 1 to 60, a file that cannot be written.

    >>> import av, tempfile
    >>> target = os.path.join(tempfile.mkdtemp(), "one.mp4")
    >>> write_mp4([np.zeros((33, 47, 3), np.uint8)], target, fps=10)
    >>> with av.open(target) as film:
    ...     video = film.streams.video[0]
    ...     video.codec_context.name, video.codec_context.pix_fmt, video.width, video.height, video.frames
    ('h264', 'yuv420p', 48, 34, 16)
    """
    import av

    _check(fps)
    frames = _held(_alike(frames), round(hold * fps))
    frames, rate = chain([next(frames)], frames), Fraction(fps).limit_denominator(1000)  # none at all is refused here
    with replacing(path) as file, TemporaryDirectory(ignore_cleanup_errors=True) as place:
        part = Path(place) / "film"  # since to put the index in front, the encoder opens its file a second time
        with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as film:
            _encode(frames, film, rate)
        with open(part, "rb") as made:
            shutil.copyfileobj(made, file, 1 << 20)


def _encode(frames: Iterator[np.ndarray], film: Any, rate: Fraction) -> None:
    """Encode frames, as they come, into an open container."""
    import av
    from av.video.reformatter import ColorRange, Colorspace

    first = next(frames)
    height, width = first.shape[:2]
    # mbtree, x264's look-ahead for bits, was seen to give equal frames different bytes from one call to the next
    options = {"crf": "18", "preset": "veryfast", "x264-params": "mbtree=0"}
    stream = film.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
    context = stream.codec_context  # say which RGB the colours stand for, or players guess by the picture's size
    context.colorspace, context.color_primaries, context.color_trc = Colorspace.ITU709, 1, 1
    context.color_range = ColorRange.MPEG
    context.thread_count = 1  # else the bytes would depend on the number of cores
    for frame in chain([first], frames):
        padded = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(padded, format="rgb24")
        film.mux(stream.encode(picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)))
    film.mux(stream.encode())


def _held(frames: Iterator[np.ndarray], more: int) -> Iterator[np.ndarray]:
    """Yield the frames, and the last of them `more` times again."""
    for frame in frames:
        yield frame
    yield from repeat(frame, more)


def _alike(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the frames as uint8; refuse none at all, and one of another size than the first."""
    shape = None
    for frame in frames:
        shape = shape or np.shape(frame)
        if np.shape(frame) != shape:
            raise InputError(f"a film needs frames of one size, not {shape} and then {np.shape(frame)}")
        yield np.ascontiguousarray(frame, dtype=np.uint8)
    if shape is None:
        raise InputError("a film needs one or more frames of one size, not none")


def _check(fps: float) -> None:
    if not 1 <= fps <= 60:
        raise InputError(f"fps must be within 1 to 60, not {fps}")
