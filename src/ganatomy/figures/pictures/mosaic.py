"""Pictures side by side, to the pixel: checked, brought to one size, and put into one.

A picture is uint8 (h, w, 3). A mosaic of R x C pictures is one picture of R h + (R - 1) g by C w + (C - 1) g pixels,
white in the g pixels between neighbours; with g = 0 no pixel is added or changed. Not guaranteed: that `fitted` keeps
every colour, since Lanczos' filter may overshoot at hard edges by a few grey levels.

Shapes: `R` rows, `C` columns, `N` samples, `S` strengths, `h` x `w` a picture's pixels.
"""

import os
from collections.abc import Sized

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import replacing

GAP = 4  # white pixels between the pictures of a figure


def checked_pictures(pictures: np.ndarray, axes: str) -> np.ndarray:
    """Return `pictures` if they are uint8 of shape (*axes, h, w, 3), none of it 0.

    Args:
        pictures: the array.
        axes: a letter for each leading axis, such as "NC".

    Raises:
        InputError: another type or shape.

    >>> checked_pictures(np.zeros((2, 4, 4, 3), np.uint8), "N").shape
    (2, 4, 4, 3)
    >>> checked_pictures(np.zeros((2, 4, 4)), "N")
    Traceback (most recent call last):
    ganatomy.errors.InputError: pictures must be uint8 of shape (N, h, w, 3), not float64 of shape (2, 4, 4)
    """
    pictures = np.asarray(pictures)
    shape = pictures.shape
    if pictures.dtype != np.uint8 or len(shape) != len(axes) + 3 or shape[-1] != 3 or 0 in shape:
        wanted = ", ".join((*axes, "h", "w", "3"))
        raise InputError(f"pictures must be uint8 of shape ({wanted}), not {pictures.dtype} of shape {shape}")
    return pictures


def check_number(kind: str, given: Sized, number: int, *, optional: bool = False) -> None:
    """Refuse what there must be one of for each of `number` pictures, or (`optional`) none at all.

    Raises:
        InputError: as said.

    >>> check_number("titles", ["seed 0"], 2)
    Traceback (most recent call last):
    ganatomy.errors.InputError: titles and pictures must be equally many, not 1 and 2
    """
    if len(given) != number and not (optional and not len(given)):
        raise InputError(f"{kind} and pictures must be equally many, not {len(given)} and {number}")


def fitted(pictures: np.ndarray, size: int) -> np.ndarray:
    """Resize pictures (..., h, w, 3) so that the longer side has `size` pixels, by Lanczos' filter, if it has not yet.

    References:
        C. E. Duchon (1979), Lanczos Filtering in One and Two Dimensions, Journal of Applied Meteorology 18.

    >>> fitted(np.full((5, 2, 8, 4, 3), 7, np.uint8), 64).shape
    (5, 2, 64, 32, 3)
    """
    from PIL import Image

    height, width = pictures.shape[-3:-1]
    if max(height, width) == size:
        return pictures
    scale = size / max(height, width)
    shape = max(1, round(scale * width)), max(1, round(scale * height))
    flat = [
        np.asarray(Image.fromarray(picture).resize(shape, Image.Resampling.LANCZOS))
        for picture in pictures.reshape(-1, height, width, 3)
    ]
    return np.stack(flat).reshape(*pictures.shape[:-3], shape[1], shape[0], 3)


def fitted_to_page(pictures: np.ndarray, columns: int, size: int | None = None) -> np.ndarray:
    """Resize pictures (..., h, w, 3) to `size`, or so that `columns` of them take about 1600 pixels, 64 to 256 each.

    Raises:
        InputError: a size not within 16 to 2048.

    >>> fitted_to_page(np.zeros((1, 64, 64, 3), np.uint8), columns=9).shape
    (1, 177, 177, 3)
    """
    size = min(max(1600 // columns, 64), 256) if size is None else size
    if not 16 <= size <= 2048:
        raise InputError(f"a picture can be drawn 16 to 2048 pixels large, not {size}")
    return fitted(pictures, size)


def mosaic(pictures: np.ndarray, gap: int = 0) -> np.ndarray:
    """Put pictures (R, C, h, w, 3) side by side, `gap` white pixels apart: uint8 (R h + (R-1) gap, C w + (C-1) gap, 3).

    >>> mosaic(np.arange(2 * 3, dtype=np.uint8).reshape(2, 3, 1, 1, 1).repeat(3, -1), gap=1)[..., 0].tolist()
    [[0, 255, 1, 255, 2], [255, 255, 255, 255, 255], [3, 255, 4, 255, 5]]
    """
    rows, columns, height, width, _ = checked_pictures(pictures, "RC").shape
    page = np.full((rows, height + gap, columns, width + gap, 3), 255, np.uint8)
    page[:, :height, :, :width] = np.moveaxis(pictures, 1, 2)
    page = page.reshape(rows * (height + gap), columns * (width + gap), 3)
    return page[: page.shape[0] - gap, : page.shape[1] - gap]


def strip(pictures: np.ndarray) -> np.ndarray:
    """Put pictures (N, S, h, w, 3) into one of (N h, S w, 3) with nothing between, around or upon them.

    This is the laboratory report's frame strip: a row a sample, a column a strength.

    >>> strip(np.zeros((5, 21, 64, 64, 3), np.uint8)).shape
    (320, 1344, 3)
    """
    return mosaic(checked_pictures(pictures, "NS"))


def save_picture(picture: np.ndarray, path: str | os.PathLike) -> None:
    """Write one picture, uint8 (h, w, 3), as PNG, whole or not at all.

    Raises:
        InputError: it is none, or the file cannot be written.

    >>> import tempfile
    >>> from PIL import Image
    >>> target = os.path.join(tempfile.mkdtemp(), "strip.png")
    >>> save_picture(strip(np.full((1, 2, 4, 4, 3), 7, np.uint8)), target)
    >>> with Image.open(target) as picture:
    ...     picture.size, picture.getpixel((0, 0))
    ((8, 4), (7, 7, 7))
    """
    from PIL import Image

    picture = checked_pictures(picture, "")
    with replacing(path) as file:
        Image.fromarray(picture).save(file, format="PNG")
