"""Attributes of any picture, by formulas alone: light, contrast, colour, sharpness, left against right, the border.

With L* the lightness (CIELAB, see `colour`) of each pixel, and mean and sd over pixels:

    brightness  mean L*
    contrast    sd L*
    warmth      log2((mean R + e) / (mean B + e)) in linear light, e = 1/1000
                0 for every grey. A correlated colour temperature would be in kelvin, but colours far from those of
                glowing bodies, such as a meadow's, have none, and 300 K mean much at 2000 K and nothing at 15000 K.
    saturation  mean C*
    sharpness   (1 / 2 pi) sqrt(mean |grad L*|^2) / sd L*, the gradient a forward difference times the pixels a side
                That is the root mean square of the spatial frequency, each weighted by its share of the variance, in
                cycles a picture (Parseval): stripes of f cycles have N/pi sin(pi f/N) on N pixels, about f. It neither
                depends on contrast nor, for pictures that were enlarged smoothly, much on the size. A uniform picture
                has none.
    asymmetry   mean L* of the right half minus that of the left
    background  mean L* of a strip of 1/8 of the side along the top, and along both sides down to the middle: what is
                behind a portrait. The lower half, where hair and shoulders reach the edge, is left out.
    border      mean L* of a strip of 1/8 of the side all around, minus that of the middle half by half

Pictures are uint8 sRGB. Mirroring turns asymmetry around and leaves the others as they are, up to sharpness's edges.
Not guaranteed: that the background is what is seen at the border.

Shape letters: `N` pictures, `H` and `W` their height and width.

References:
    E. Peli (1990), Contrast in complex images, Journal of the Optical Society of America A 7(10): RMS contrast.
    See also `colour`.
"""

import numpy as np

from ganatomy.attributes.attribute import Attribute, Numbers, View
from ganatomy.attributes.trait import described

_DARK = 1e-3  # of full light: what keeps the warmth of a black picture at 0
_FLAT = 1e-3  # in L*: a standard deviation that is only rounding
_LAB = "CIELAB lightness L* (CIE 15:2004) of sRGB pixels"


def brightness(view: View) -> Numbers:
    """Average L* over the picture.

    >>> brightness(View(np.array([[0, 255]] * 2, np.uint8)[None, ..., None].repeat(3, 3))).tolist()
    [50.0]
    """
    return view.lightness.mean((1, 2), dtype=np.float64)


def contrast(view: View) -> Numbers:
    """Take the standard deviation of L* over the picture.

    >>> contrast(View(np.array([[0, 255]] * 2, np.uint8)[None, ..., None].repeat(3, 3))).tolist()
    [50.0]
    """
    return view.lightness.std((1, 2), dtype=np.float64)


def warmth(view: View) -> Numbers:
    """Compare red light with blue, in powers of two.

    >>> warmth(View(np.full((1, 2, 2, 3), [255, 128, 188], np.uint8))).round(1).tolist()  # 188 is half of 255's light
    [1.0]
    """
    mean = view.linear.mean((1, 2), dtype=np.float64) + _DARK
    return np.log2(mean[:, 0] / mean[:, 2])


def saturation(view: View) -> Numbers:
    """Average C* over the picture.

    >>> saturation(View(np.full((1, 2, 2, 3), [255, 0, 0], np.uint8))).round(1).tolist()
    [104.6]
    """
    return view.chroma.mean((1, 2), dtype=np.float64)


def sharpness(view: View) -> Numbers:
    """Measure the root mean square spatial frequency, in cycles a picture; NaN of a uniform picture.

    >>> board = np.indices((8, 8)).sum(0) % 2 * np.uint8(255)  # every difference is 100, the sd is 50
    >>> sharpness(View(board[None, ..., None].repeat(3, 3))).round(3).tolist(), round(8 * 8**0.5 / (2 * np.pi), 3)
    ([3.601], 3.601)
    """
    light = view.lightness
    across = np.square(np.diff(light, axis=2) * light.shape[2]).mean((1, 2), dtype=np.float64)
    down = np.square(np.diff(light, axis=1) * light.shape[1]).mean((1, 2), dtype=np.float64)
    spread = contrast(view)
    uniform = spread < _FLAT
    return np.where(uniform, np.nan, np.sqrt(across + down) / (2 * np.pi * np.where(uniform, 1, spread)))


def asymmetry(view: View) -> Numbers:
    """Take the mean L* of the right half minus that of the left; a middle column counts for neither.

    >>> asymmetry(View(np.array([[0, 255]] * 2, np.uint8)[None, ..., None].repeat(3, 3))).tolist()
    [100.0]
    """
    half = view.lightness.shape[2] // 2
    left, right = view.lightness[:, :, :half], view.lightness[:, :, -half:]
    return right.mean((1, 2), dtype=np.float64) - left.mean((1, 2), dtype=np.float64)


def background(view: View) -> Numbers:
    """Average L* along the top and along the upper half of both sides.

    >>> picture = np.zeros((1, 8, 8, 3), np.uint8)
    >>> picture[:, 0], picture[:, :4, [0, -1]] = 255, 255
    >>> background(View(picture)).tolist(), round(float(brightness(View(picture))[0]), 1)
    ([100.0], 21.9)
    """
    strip = _ring(*view.lightness.shape[1:])
    strip[strip.shape[0] // 2 :] = False
    return view.lightness[:, strip].mean(1, dtype=np.float64)


def border(view: View) -> Numbers:
    """Take the mean L* along the border minus that of the middle half by half.

    >>> picture = np.zeros((1, 8, 8, 3), np.uint8)
    >>> picture[:, 2:6, 2:6] = 255
    >>> border(View(picture)).tolist()
    [-100.0]
    """
    height, width = view.lightness.shape[1:]
    ring = view.lightness[:, _ring(height, width)].mean(1, dtype=np.float64)
    middle = view.lightness[:, height // 4 : height - height // 4, width // 4 : width - width // 4]
    return ring - middle.mean((1, 2), dtype=np.float64)


def _ring(height: int, width: int) -> np.ndarray:
    """Mark the pixels (H, W) within 1/8 of the side of the edge."""
    rows, columns = max(1, height // 8), max(1, width // 8)
    ring = np.ones((height, width), bool)
    ring[rows:-rows, columns:-columns] = False
    return ring


APPEARANCE = (
    Attribute(described("brightness", "L*", "light", f"mean {_LAB}"), brightness),
    Attribute(
        described("contrast", "L*", "contrast", f"standard deviation of {_LAB}; RMS contrast (Peli 1990)"), contrast
    ),
    Attribute(
        described(
            "warmth",
            "stops of red over blue",
            "colour",
            "log2 of mean red over mean blue light, linear sRGB (IEC 61966-2-1)",
        ),
        warmth,
    ),
    Attribute(
        described("saturation", "C*", "colour", "mean CIELAB chroma C* (CIE 15:2004) of sRGB pixels"), saturation
    ),
    Attribute(
        described("sharpness", "cycles a picture", "sharpness", f"root mean square spatial frequency of {_LAB}"),
        sharpness,
    ),
    Attribute(described("asymmetry", "L*", "side light", f"mean {_LAB}, right half minus left half"), asymmetry),
    Attribute(
        described(
            "background", "L*", "background", f"mean {_LAB} within 1/8 of the top edge and of the sides' upper halves"
        ),
        background,
    ),
    Attribute(
        described(
            "border", "L*", "background", f"mean {_LAB} within 1/8 of the edge, minus that of the middle half by half"
        ),
        border,
    ),
)
"""The attributes of any picture, in the order of the table."""
