"""Pictures of several codes on one page: as they are, or before and after an edit.

Each picture has its title below it. All have one size, to which they are resized once (`mosaic.fitted`).

Shapes: `N` samples, `B` kinds of pictures of the same sample, `h` x `w` a picture's pixels.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.pictures.mosaic import GAP, check_number, checked_pictures, fitted_to_page, mosaic
from ganatomy.figures.pictures.sheet import LABEL, MARGIN, TEXT, headed_page, line_height, text_width, wrapped
from ganatomy.figures.style import house


def sample_figure(
    pictures: np.ndarray,
    titles: Sequence[str],
    *,
    title: str,
    subtitle: str = "",
    columns: int | None = None,
    size: int | None = None,
) -> Figure:
    """Draw N pictures in a grid, each with its title below it.

    Args:
        pictures: uint8 (N, h, w, 3).
        titles: N texts, such as the seeds.
        title: source.
        subtitle: anything more.
        columns: pictures a row; by default `columns_of` their number.
        size: of a picture's longer side in pixels; by default what makes the page about 1600 pixels wide, 64 to 256.

    Raises:
        InputError: pictures that are not uint8 of that shape, numbers that differ, a size not within 16 to 2048.

    >>> figure = sample_figure(np.zeros((3, 8, 8, 3), np.uint8), ["seed 0", "seed 1", "seed 2"], title="faces")
    >>> [text.get_text() for text in figure.texts]
    ['faces', 'seed 0', 'seed 1', 'seed 2']
    """
    pictures = checked_pictures(pictures, "N")
    columns = min(columns or columns_of(len(pictures)), len(pictures))
    return _blocks(pictures[None], titles, ("",), title, subtitle, columns, size)


def columns_of(number: int) -> int:
    """Choose how many of so many pictures stand in a row: few gaps in the last, and a page a little wider than high.

    >>> [columns_of(number) for number in (1, 4, 5, 16, 24)]
    [1, 2, 3, 4, 6]
    """
    wide = math.sqrt(1.5 * number)
    fit = range(math.ceil(math.sqrt(number)), max(math.floor(math.sqrt(2.5 * number)), 1) + 1)
    return min(fit, key=lambda columns: (-number % columns, abs(columns - wide)))


def edit_figure(
    before: np.ndarray,
    after: np.ndarray,
    titles: Sequence[str],
    *,
    title: str,
    subtitle: str = "",
    columns: int = 8,
    size: int | None = None,
    language: str | None = None,
) -> Figure:
    """Draw N unedited pictures, and below each what an edit made of it.

    Args:
        before: uint8 (N, h, w, 3).
        after: uint8 (N, h, w, 3).
        titles: N texts, such as the seeds.
        title: source, direction and strength.
        subtitle: anything more.
        columns: pairs a row at most.
        size: of a picture's longer side in pixels; by default what makes the page about 1600 pixels wide, 64 to 256.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: pictures that are not uint8 of that shape, numbers that differ, a size not within 16 to 2048, an
            unknown language.

    >>> faces = np.zeros((2, 8, 8, 3), np.uint8)
    >>> figure = edit_figure(faces, faces, ["seed 0", "seed 1"], title="direction 2, strength +3")
    >>> [text.get_text() for text in figure.texts]
    ['direction 2, strength +3', 'unedited', 'edited', 'seed 0', 'seed 1']
    """
    before, after = checked_pictures(before, "N"), checked_pictures(after, "N")
    if before.shape != after.shape:
        raise InputError(f"edited pictures must be as many and as large as the unedited: {after.shape}, {before.shape}")
    words = picture_words(language)
    kinds = words("unedited"), words("edited")
    return _blocks(np.stack([before, after]), titles, kinds, title, subtitle, min(columns, len(before)), size)


def _blocks(
    pictures: np.ndarray,
    titles: Sequence[str],
    names: Sequence[str],
    title: str,
    subtitle: str,
    columns: int,
    size: int | None,
) -> Figure:
    """Draw pictures (B, N, h, w, 3): N columns of B, as many beside each other as fit, with titles below."""
    check_number("titles", titles, pictures.shape[1])
    pictures = fitted_to_page(pictures, columns, size)
    kinds, number, side, cell, _ = pictures.shape
    titles = [wrapped(text, cell, LABEL) for text in titles]
    lines = max(text.count("\n") + 1 for text in titles)
    left = MARGIN + (max(text_width(name, TEXT) for name in names) + 14 if any(names) else 0)
    height = kinds * (side + GAP) + lines * line_height(LABEL) + 10
    blocks = math.ceil(number / columns)
    with house():
        width = left + columns * (cell + GAP) - GAP + MARGIN
        page, top = headed_page(width, blocks * height - 10, title, subtitle)
        for b in range(blocks):
            y, shown = top + b * height, range(b * columns, min((b + 1) * columns, number))
            page.place(mosaic(pictures[:, shown.start : shown.stop], GAP), left, y)
            for r, name in enumerate(filter(None, names)):
                page.write(name, MARGIN, y + r * (side + GAP) + (side - line_height(TEXT)) // 2, TEXT)
            for c, n in enumerate(shown):
                x = left + c * (cell + GAP) + cell / 2
                page.write(titles[n], x, y + kinds * (side + GAP), LABEL, ha="center")
    return page.figure
