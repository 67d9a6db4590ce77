"""What a direction does, on one page: pictures of codes moved along it, and where in the picture they change.

Column c shows G(w + a_c n): one code w moved by the strength a_c along the unit direction n. The column with a_c = 0,
if there is one, holds the unedited pictures and is outlined. All pictures of a page have one size; they are resized
once, by `mosaic.fitted`, and never mixed. A heat map gives, for each pixel, the mean absolute change in grey levels
(0 to 255), and has a colour scale of its own, since the strongest direction's would leave the others dark. Not
guaranteed: that a column looks the same for another range of strengths.

Shapes: `N` samples, `C` columns, `K` directions, `h` x `w` a picture's pixels, `H` x `W` a heat map's.

References:
    J. R. Nuñez, C. R. Anderton, R. S. Renslow (2018), Optimizing colormaps with consideration for color vision
    deficiency, PLoS ONE 13(7): the map cividis.
"""

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.pictures.mosaic import GAP, check_number, checked_pictures, fitted_to_page, mosaic
from ganatomy.figures.pictures.sheet import LABEL, MARGIN, TEXT, Page, headed_page, line_height, text_width, wrapped
from ganatomy.figures.style import FAINT, HELDOUT, house
from ganatomy.languages import Words

UNIT = "distance along the unit direction, in units of the code"
_FRAME = 3  # pixels


def signed(value: float, digits: int = 3) -> str:
    """Write a strength with its sign, a true minus, and at most so many significant digits.

    >>> signed(1.5), signed(-0.30000000000000004), signed(0.0)
    ('+1.5', '−0.3', '0')
    """
    return f"{value:+.{digits}g}".replace("-", "−") if value else "0"


def zero_column(strengths: Sequence[float] | np.ndarray) -> int | None:
    """Find the column of strength 0, up to the rounding of a division; None if there is none.

    >>> zero_column([-1.0, -0.5, 1e-17, 0.5]), zero_column([-1.0, 1.0])
    (2, None)
    """
    size = np.abs(np.asarray(strengths, dtype=float))
    nearest = int(size.argmin())
    return nearest if size[nearest] <= 1e-9 * size.max() else None


def labels(strengths: Sequence[float] | np.ndarray) -> list[str]:
    """Write strengths as `signed` does, and 0 for the column that `zero_column` finds.

    >>> labels([-0.5, 1e-17, 0.5])
    ['−0.5', '0', '+0.5']
    """
    zero = zero_column(strengths)
    return ["0" if c == zero else signed(strength) for c, strength in enumerate(strengths)]


def direction_figure(
    pictures: np.ndarray,
    strengths: Sequence[float] | np.ndarray,
    *,
    title: str,
    subtitle: str = "",
    rows: Sequence[str] = (),
    unit: str | None = None,
    size: int | None = None,
    language: str | None = None,
) -> Figure:
    """Draw N samples moved along one direction, a row a sample, with the strengths below the columns.

    Args:
        pictures: uint8 (N, C, h, w, 3).
        strengths: of the columns, (C,).
        title: names the direction and its share of the eigenvalues.
        subtitle: source, method, seed.
        rows: what to write beside each row, N texts or none.
        unit: what the strengths measure, written below them; the distance along the unit direction if not given.
        size: of a picture's longer side in pixels; by default what makes the page about 1600 pixels wide, 64 to 256.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: pictures that are not uint8 of that shape, numbers that differ, a size not within 16 to 2048, an
            unknown language.

    >>> faces = np.zeros((2, 3, 8, 8, 3), np.uint8)
    >>> figure = direction_figure(faces, [-2, 0, 2], title="direction 0: 7.4 %", size=64)
    >>> [text.get_text() for text in figure.texts][:4]
    ['direction 0: 7.4 %', '−2', '0', '+2']
    """
    pictures = _sized(checked_pictures(pictures, "NC"), strengths, size)
    check_number("row titles", rows, len(pictures), optional=True)
    beside = max(text_width(row, TEXT) for row in rows) + 14 if rows else 0
    told = _unit(unit, strengths, picture_words(language))
    with house():
        page, top = _grid(pictures, strengths, title, subtitle, told, MARGIN + beside, MARGIN)
        for r, row in enumerate(rows):
            middle = top + r * (pictures.shape[2] + GAP) + (pictures.shape[2] - line_height(TEXT)) // 2
            page.write(row, MARGIN, middle, TEXT)
    return page.figure


def overview_figure(
    pictures: np.ndarray,
    strengths: Sequence[float] | np.ndarray,
    heat: np.ndarray,
    rows: Sequence[str],
    facts: Sequence[str] = (),
    *,
    title: str,
    subtitle: str = "",
    unit: str | None = None,
    size: int | None = None,
    language: str | None = None,
) -> Figure:
    """Draw one sample moved along K directions, a row a direction, and beside each where it changes pictures.

    Args:
        pictures: uint8 (K, C, h, w, 3).
        strengths: of the columns, (C,).
        heat: mean absolute change of each pixel, in grey levels of 255, (K, H, W); NaN is left white. Each has its own
            colour scale, from 0 to its largest value, beside it.
        rows: number and share of each direction, K short texts such as "0  7.4 %".
        facts: what was measured of each, K short texts, or none.
        title: source and method.
        subtitle: sample, seed.
        unit: what the strengths measure, written below them; the distance along the unit direction if not given.
        size: of a picture's longer side in pixels; by default what makes the page about 1600 pixels wide, 64 to 256.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: arrays of other types or shapes, numbers that differ, a size not within 16 to 2048, an unknown
            language.

    >>> faces, heat = np.zeros((2, 3, 8, 8, 3), np.uint8), np.full((2, 8, 8), 5.0) * [[[1]], [[4]]]
    >>> figure = overview_figure(faces, [-2, 0, 2], heat, ["0  7.4 %", "1  6.3 %"], title="faces", size=64)
    >>> [float(axes.get_ylim()[1]) for axes in figure.axes]
    [5.0, 20.0]
    """
    pictures, heat = _sized(checked_pictures(pictures, "KC"), strengths, size), np.asarray(heat, dtype=float)
    if heat.ndim != 3:
        raise InputError(f"heat maps have shape (K, H, W), not {heat.shape}")
    check_number("heat maps", heat, len(pictures))
    check_number("row titles", rows, len(pictures))
    check_number("facts", facts, len(pictures), optional=True)
    words, side, cell, bar = picture_words(language), pictures.shape[2], pictures.shape[3], 14
    beside = max(210 if any(facts) else 0, *(text_width(row, TEXT, bold=True) for row in rows))
    facts = [wrapped(fact, beside, LABEL) for fact in facts] or [""] * len(rows)
    left = MARGIN + beside + 16
    right = 16 + cell + 10 + bar + 56 + MARGIN
    header = wrapped(words("heat"), right - 16 - MARGIN, LABEL)
    with house():
        above = (header.count("\n") + 1) * line_height(LABEL) + 6
        told = _unit(unit, strengths, words)
        page, top = _grid(pictures, strengths, title, subtitle, told, left, right, above)
        x = page.width - right + 16
        page.write(header, x, top - above, LABEL, colour=FAINT)
        for k, (row, fact) in enumerate(zip(rows, facts, strict=True)):
            y = top + k * (side + GAP)
            page.write(row, MARGIN, y + 2, TEXT, bold=True)
            page.write(fact, MARGIN, y + 6 + line_height(TEXT), LABEL, colour=FAINT)
            known = heat[k][np.isfinite(heat[k])]
            most = float(known.max()) if known.any() else 1.0
            page.place(heat_picture(heat[k], most, (side, cell)), x, y)
            inset = line_height(LABEL) // 2  # or the ends' numbers would meet those of the next row
            axes = page.figure.add_axes(page.axes_rectangle(x + cell + 10, y + inset, bar, side - 2 * inset))
            colours = page.figure.colorbar(ScalarMappable(Normalize(0.0, most), "cividis"), cax=axes)
            colours.outline.set_edgecolor(FAINT)
            axes.yaxis.set_major_locator(MaxNLocator(max(1, min(4, side // 40)), steps=[1, 2, 2.5, 5, 10]))
    return page.figure


def heat_picture(heat: np.ndarray, most: float, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Colour a heat map (H, W) from 0 to `most` by the map cividis, uint8 (h, w, 3); NaN is white.

    Args:
        heat: in any unit.
        most: what the brightest colour stands for.
        shape: height and width to interpolate to, linearly (which makes nothing up beyond the values); (H, W) if none.

    >>> (heat_picture(np.array([[0.0, 4.0, np.nan]]), 4.0) // 16).tolist()  # dark blue, yellow, white
    [[[0, 2, 4], [15, 14, 3], [15, 15, 15]]]
    """
    from PIL import Image

    heat = np.asarray(heat, dtype=np.float32)
    if shape is not None and shape != heat.shape:
        heat = np.asarray(Image.fromarray(heat).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
    colours = mpl.colormaps["cividis"].with_extremes(bad="white")
    return colours(Normalize(0.0, most)(np.ma.masked_invalid(heat)), bytes=True)[..., :3]


def _sized(pictures: np.ndarray, strengths: Sequence[float] | np.ndarray, size: int | None) -> np.ndarray:
    check_number("strengths", strengths, pictures.shape[1])
    return fitted_to_page(pictures, pictures.shape[1], size)


def _unit(unit: str | None, strengths: Sequence[float] | np.ndarray, words: Words) -> str:
    """Say what the strengths measure, and what the outline means if there is one."""
    told = words("strength_is", unit=unit or words("unit"))
    return told if zero_column(strengths) is None else words("semicolon").join([told, words("outlined")])


def _grid(
    pictures: np.ndarray,
    strengths: Sequence[float] | np.ndarray,
    title: str,
    subtitle: str,
    unit: str,
    left: int,
    right: int,
    above: int = 0,
) -> tuple[Page, int]:
    """Make the page of pictures (R, C, h, w, 3) with strengths below its columns; return where the pictures begin."""
    tiles, zero, cell = mosaic(pictures, GAP), zero_column(strengths), pictures.shape[3]
    width = max(left + tiles.shape[1] + right, 480)
    unit = wrapped(unit, width - left - MARGIN, LABEL)
    lines = 1 + unit.count("\n") + 1
    page, top = headed_page(width, above + tiles.shape[0] + 8 + lines * line_height(LABEL), title, subtitle)
    top += above
    page.place(_outlined(tiles, None if zero is None else zero * (cell + GAP), cell), left - _FRAME, top - _FRAME)
    written = labels(strengths)
    every = math.ceil((max(text_width(label, LABEL, bold=True) for label in written) + 6) / (cell + GAP))
    y = top + tiles.shape[0] + 6
    for c, label in enumerate(written):
        if c % every == (zero or 0) % every:
            x = left + c * (cell + GAP) + cell / 2
            page.write(label, x, y, LABEL, bold=c == zero, ha="center")
    page.write(unit, left, y + line_height(LABEL), LABEL, colour=FAINT)
    return page, top


def _outlined(tiles: np.ndarray, x: int | None, width: int) -> np.ndarray:
    """Add a rim to `tiles`: white, but coloured around the column of `width` pixels at x, of which it covers none."""
    full = np.pad(tiles, ((_FRAME, _FRAME), (_FRAME, _FRAME), (0, 0)), constant_values=255)
    if x is not None:
        colour, end = np.round(np.array(to_rgb(HELDOUT)) * 255), x + width + 2 * _FRAME
        full[[*range(_FRAME), *range(-_FRAME, 0)], x:end] = colour
        full[:, [*range(x, x + _FRAME), *range(end - _FRAME, end)]] = colour
    return full
