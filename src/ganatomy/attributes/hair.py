"""Hair and skin around a face: how long, how light, by the colours of regions that the face's mesh places.

The picture is turned so that the eyes are level, and scaled by the face (units of the distance between the eyes' outer
corners). Reference colours, medians in CIELAB:

    hair        above the oval of the face
    skin        the two cheeks
    background  the picture's upper corners, each for its own side

    hair length     how much of the two regions beside the cheeks and the jaw has the hair's colour: each pixel counts
                    by h / (h + s + b), with 1 / (distance^2 + 5^2) to each of the colours; from 0 to 1
    hair lightness  L* of the hair reference
    skin lightness  L* of the skin reference

The regions end at the chin, since below it dark clothes look like dark hair: hair that ends there is as long as any.
A side of which less than a quarter is in the picture, or where hair and background differ by less than `ALIKE`, says
nothing of the length; if neither says anything, or the hair has the skin's colour, it is NaN.
Not guaranteed: that what is above the oval is hair; of a hat, a bald head or a fringe, the colour is that of the hat,
the skin, the fringe. A beard beside the jaw counts as hair. Light and shadow change lightness too.

Shape letters: `H` and `W` a picture's height and width, `P` points of a mesh, `S` = 96 pixels, a side of the turned
picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganatomy.attributes.colour import lab_of, linear_of
from ganatomy.attributes.crops import Canvas, Place
from ganatomy.attributes.landmarks import CHEEKS, CHIN, OVAL, TOP

Array = NDArray[np.float64]

ALIKE = 10.0  # in CIELAB; about four times what a person just sees
SIDE, BELOW = 4.0, 0.35  # of the turned picture: its width, and how far its middle is below the eyes, in units
_SIZE = 96
_ENOUGH = 70  # pixels of the turned picture, a quarter of a side's region: in tighter portraits it is cut off
_WIDTH = 5.0  # in CIELAB: how far from a colour counts half


@dataclass(frozen=True)
class Hair:
    """What was read off one face's surroundings; NaN where nothing can be said."""

    length: float
    lightness: float
    skin: float


def read_hair(picture: NDArray[np.uint8], mesh: Array, place: Place) -> Hair:
    """Read the hair around one face.

    Args:
        picture: uint8 (H, W, 3).
        mesh: the face's points in its pixels, (P, 2).
        place: the square around it, `SIDE` units wide, its middle `BELOW` units below the eyes.

    >>> grey = np.full((32, 32, 3), 119, np.uint8)
    >>> read_hair(grey, np.full((468, 2), 16.0), Place(16, 16, 32))  # hair that nothing tells from the background
    Hair(length=nan, lightness=50.0..., skin=50.0...)
    """
    height, width = picture.shape[:2]
    lab = lab_of(linear_of(Canvas(picture).crop(place, _SIZE)))
    return hair_around(lab, place.to_crop(mesh, _SIZE), _inside(place, height, width), _corners(picture))


def hair_around(lab: NDArray, mesh: Array, inside: NDArray[np.bool_], backgrounds: NDArray) -> Hair:
    """Read the hair of one face.

    Args:
        lab: the turned picture, (S, S, 3), 24 pixels a unit.
        mesh: where the face's points are in it, (P, 2).
        inside: which of its pixels (S, S) lie in the original picture.
        backgrounds: the colours left and right behind the head, (2, 3).

    >>> mesh = np.full((468, 2), 48.0)
    >>> turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    >>> mesh[list(OVAL)] = np.column_stack([48 + 19 * np.sin(turn), 48 - 24 * np.cos(turn)])
    >>> lab = np.full((96, 96, 3), [20.0, 0, 0])  # dark hair everywhere but on the face
    >>> lab[30:70, 30:66] = [70, 15, 15]
    >>> hair_around(lab, mesh, np.ones((96, 96), bool), np.full((2, 3), [95.0, 0, 0]))
    Hair(length=0.94..., lightness=20.0, skin=70.0)
    """
    unit = _SIZE / SIDE
    v, u = np.indices((_SIZE, _SIZE)) + 0.5
    outside = inside & ~_filled(mesh[list(OVAL)])
    top, chin = mesh[TOP], mesh[CHIN]
    middle = mesh[list(OVAL), 0].mean()
    up = (top[1] - v) / unit
    above = outside & (np.abs(u - top[0]) < 0.45 * unit) & (up > 0.12) & (up < 0.45)
    cheek = np.zeros_like(inside)
    for x, y in mesh[list(CHEEKS)]:
        cheek |= (np.hypot(u - x, v - y) < 0.12 * unit) & inside
    beside = outside & (v > chin[1] - 0.9 * unit) & (v < chin[1])
    sides = [beside & (0.7 * unit < s * (u - middle)) & (s * (u - middle) < 1.25 * unit) for s in (-1, 1)]
    hair, skin = _median(lab[above]), _median(lab[cheek])
    shares = []
    for side, background in zip(sides, backgrounds, strict=True):
        others = np.array([skin, background])
        if side.sum() >= _ENOUGH and (np.linalg.norm(others - hair, axis=1) >= ALIKE).all():
            near = [1 / (np.square(lab[side] - c).sum(1) + _WIDTH**2) for c in (hair, skin, background)]
            shares.append(float((near[0] / sum(near)).mean()))
    return Hair(float(np.mean(shares)) if shares else float("nan"), float(hair[0]), float(skin[0]))


def _median(colours: NDArray) -> Array:
    """Take the median of colours (M, 3), NaN if there are fewer than 4."""
    return np.median(colours, axis=0).astype(np.float64) if len(colours) >= 4 else np.full(3, np.nan)


def _filled(outline: Array) -> NDArray[np.bool_]:
    """Mark the pixels (S, S) within a closed line (M, 2)."""
    image = Image.new("1", (_SIZE, _SIZE))
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in outline - 0.5], fill=1)
    return np.asarray(image)


def _inside(place: Place, height: int, width: int) -> NDArray[np.bool_]:
    """Mark the pixels (S, S) of a crop that lie in the picture."""
    v, u = np.indices((_SIZE, _SIZE)).reshape(2, -1) + 0.5
    x, y = place.to_picture(np.column_stack([u, v]), _SIZE).T
    return ((x >= 0) & (x < width) & (y >= 0) & (y < height)).reshape(_SIZE, _SIZE)


def _corners(picture: NDArray[np.uint8]) -> Array:
    """Take the median colours of the upper corners, 1/8 of the side wide, left and right, (2, 3)."""
    height, width = (max(2, side // 8) for side in picture.shape[:2])
    both = np.stack([picture[:height, :width], picture[:height, -width:]])
    return np.median(lab_of(linear_of(both)).reshape(2, -1, 3), axis=1).astype(np.float64)
