"""Pictures of several codes on one page: as they are, with those that were mixed in, or before and after an edit.

Each picture has its title below it. All have one size, to which they are resized once (`mosaic.fitted`).

Shapes: `N` samples, `M` samples mixed in, `B` kinds of pictures of the same sample, `h` x `w` a picture's pixels.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.pictures.mosaic import GAP, check_number, checked_pictures, fitted_to_page, mosaic
from ganatomy.figures.pictures.sheet import LABEL, MARGIN, TEXT, headed_page, line_height, text_width, wrapped
from ganatomy.figures.saving import save_figure
from ganatomy.figures.style import house
from ganatomy.files import make_folder

_BETWEEN = 14  # pixels between groups


def sample_figure(
    pictures: np.ndarray,
    titles: Sequence[str] = (),
    *,
    title: str,
    subtitle: str = "",
    mixed: np.ndarray | None = None,
    mixed_titles: Sequence[str] = (),
    columns: int | None = None,
    size: int | None = None,
    language: str | None = None,
) -> Figure:
    """Draw N pictures in a grid, each with its title below it; above them those that were mixed into them, if any.

    Args:
        pictures: uint8 (N, h, w, 3).
        titles: N texts, such as the seeds, or none.
        title: source.
        subtitle: anything more.
        mixed: of the codes that were mixed in, uint8 (M, h, w, 3).
        mixed_titles: M texts, or none.
        columns: pictures a row; by default `columns_of` their number.
        size: of a picture's longer side in pixels; by default what makes the page about 1600 pixels wide, 64 to 256.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: pictures that are not uint8 of that shape, numbers that differ, a size not within 16 to 2048, an
            unknown language.

    >>> figure = sample_figure(np.zeros((3, 8, 8, 3), np.uint8), ["seed 0", "seed 1", "seed 2"], title="faces")
    >>> [text.get_text() for text in figure.texts]
    ['faces', 'seed 0', 'seed 1', 'seed 2']
    """
    pictures = checked_pictures(pictures, "N")
    columns = min(columns or columns_of(len(pictures)), len(pictures))
    groups = [_Group(pictures[None], titles)]
    if mixed is not None:
        words, mixed = picture_words(language), checked_pictures(mixed, "M")
        groups = [_Group(mixed[None], mixed_titles, (words("mixed_in"),)), _Group(pictures[None], titles)]
    return _page(groups, title, subtitle, columns, size)


def columns_of(number: int) -> int:
    """Choose how many of so many pictures stand in a row: few gaps in the last, and a page a little wider than high.

    >>> [columns_of(number) for number in (1, 3, 4, 5, 16, 24)]
    [1, 3, 2, 3, 4, 6]
    """
    wide = math.sqrt(1.5 * number)
    fit = range(max(math.ceil(wide / 1.5), 1), min(math.floor(1.5 * wide), number) + 1)
    return min(fit, key=lambda columns: (-number % columns, abs(columns - wide)))


def edit_figure(
    before: np.ndarray,
    after: np.ndarray,
    titles: Sequence[str] = (),
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
        titles: N texts, such as the seeds, or none.
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
    group = _Group(np.stack([before, after]), titles, kinds)
    return _page([group], title, subtitle, min(columns, len(before)), size)


def save_pictures(
    pictures: np.ndarray,
    out: str | os.PathLike[str],
    *,
    before: np.ndarray | None = None,
    titles: Sequence[str] = (),
    title: str = "",
    subtitle: str = "",
    mixed: np.ndarray | None = None,
    mixed_titles: Sequence[str] = (),
    columns: int | None = None,
    size: int | None = None,
    language: str | None = None,
) -> None:
    """Write pictures as one page, a PNG: as `sample_figure` does, or as `edit_figure` where there are ones from before.

    Args:
        pictures: uint8 (N, h, w, 3).
        out: a file that ends in .png; folders that it names are made.
        before: the same N unedited, to be shown above each.
        titles: N texts, or none.
        title: of the page.
        subtitle: anything more.
        mixed: of the codes that were mixed in, uint8 (M, h, w, 3).
        mixed_titles: M texts, or none.
        columns: pictures a row; chosen by default.
        size: of a picture's longer side in pixels; chosen by default.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: as of these two; another ending, or a file that cannot be written.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "samples" / "black.png"
    >>> save_pictures(np.zeros((4, 64, 64, 3), np.uint8), target, title="black")
    >>> target.read_bytes()[1:4]
    b'PNG'
    """
    path = Path(out)
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: the file will be png; let `out` end in .png")
    said: dict[str, Any] = {"title": title, "subtitle": subtitle, "size": size, "language": language}
    if before is None:
        said |= {"mixed": mixed, "mixed_titles": mixed_titles}
        figure = sample_figure(pictures, titles, columns=columns, **said)
    else:
        figure = edit_figure(before, pictures, titles, columns=columns or 8, **said)
    make_folder(path.parent)
    save_figure(figure, path)


@dataclass(frozen=True)
class _Group:
    """Pictures (B, N, h, w, 3) that belong together, with a title below each N and a name beside each B, or none."""

    pictures: np.ndarray
    titles: Sequence[str]
    names: Sequence[str] = ()


def _page(groups: Sequence[_Group], title: str, subtitle: str, columns: int, size: int | None) -> Figure:
    """Draw groups below each other: of each, N columns of B pictures, as many beside each other as fit."""
    for group in groups:
        check_number("titles", group.titles, group.pictures.shape[1], optional=True)
    sized = [fitted_to_page(group.pictures, columns, size) for group in groups]
    beside = [text_width(name, TEXT) for group in groups for name in group.names]
    left = MARGIN + (max(beside) + 14 if beside else 0)
    cell = sized[0].shape[3]
    told = [[wrapped(text, cell, LABEL) for text in group.titles] for group in groups]
    under = [max((text.count("\n") + 1 for text in texts), default=0) * line_height(LABEL) + 10 for texts in told]
    heights = [len(pictures) * (pictures.shape[2] + GAP) + room for pictures, room in zip(sized, under, strict=True)]
    rows = [math.ceil(pictures.shape[1] / columns) for pictures in sized]
    with house():
        below = sum(height * n for height, n in zip(heights, rows, strict=True)) + _BETWEEN * (len(groups) - 1)
        page, y = headed_page(left + columns * (cell + GAP) - GAP + MARGIN, below - 10, title, subtitle)
        for group, pictures, texts, height in zip(groups, sized, told, heights, strict=True):
            kinds, number, side = pictures.shape[:3]
            for begin in range(0, number, columns):
                shown = range(begin, min(begin + columns, number))
                page.place(mosaic(pictures[:, shown.start : shown.stop], GAP), left, y)
                for r, name in enumerate(group.names):
                    page.write(name, MARGIN, y + r * (side + GAP) + (side - line_height(TEXT)) // 2, TEXT)
                for c, text in enumerate(texts[shown.start : shown.stop]):
                    x = left + c * (cell + GAP) + cell / 2
                    page.write(text, x, y + kinds * (side + GAP), LABEL, ha="center")
                y += height
            y += _BETWEEN
    return page.figure
