"""Square pieces of a picture, turned and of any size: what the networks that look at faces are given.

A `Place` is a square in a picture: its middle, its side and its turn, in pixels that are 1 wide with their centres at
1/2. A crop of n pixels takes the value at (u, v) in [0, n]^2 from the picture at

    middle + (side / n) Turn(angle) (u - n / 2, v - n / 2)

by bilinear interpolation, after averaging whole blocks of pixels where the picture is finer than the crop. What lies
outside of the picture repeats its edge, as far as half of its longer side; beyond that it is black.

Shape letters: `P` points.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A square in a picture, in pixels and radians; a positive angle is clockwise.

    >>> place = Place(x=10, y=20, side=8, angle=np.pi / 2)
    >>> place.to_picture(np.array([[8.0, 4.0]]), 8).round(6).tolist()  # its right edge is below its middle
    [[10.0, 24.0]]
    >>> place.to_crop(place.to_picture(np.array([[1.0, 2.0]]), 8), 8).round(6).tolist()
    [[1.0, 2.0]]
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @cached_property
    def turn(self) -> Array:
        """The rotation (2, 2) from the crop's axes to the picture's."""
        return np.array([[np.cos(self.angle), -np.sin(self.angle)], [np.sin(self.angle), np.cos(self.angle)]])

    def to_picture(self, points: Array, size: int) -> Array:
        """Take points (P, 2) of a crop of `size` pixels to where they are in the picture."""
        return [self.x, self.y] + (points - size / 2) @ self.turn.T * (self.side / size)

    def to_crop(self, points: Array, size: int) -> Array:
        """Take points (P, 2) of the picture to where they are in a crop of `size` pixels."""
        return (points - [self.x, self.y]) @ self.turn / (self.side / size) + size / 2


class Canvas:
    """One picture, uint8 (H, W, 3), of which several crops are made.

    >>> ramp = np.arange(0, 32, 2, dtype=np.uint8)[None, :, None].repeat(16, 0).repeat(3, 2)
    >>> Canvas(ramp).crop(Place(x=8, y=8, side=8), 4)[0, :, 0].tolist()
    [9, 13, 17, 21]
    >>> Canvas(ramp).crop(Place(x=8, y=8, side=4), 4)[0, :, 0].tolist()
    [12, 14, 16, 18]
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._picture = np.ascontiguousarray(picture)
        self.height, self.width = picture.shape[:2]
        self._levels: dict[int, tuple[Image.Image, int]] = {}

    def crop(self, place: Place, size: int) -> NDArray[np.uint8]:
        """Make a crop, uint8 (size, size, 3)."""
        scale = place.side / size
        block = max(1, int(min(scale, self.height / 4, self.width / 4)))
        image, margin = self._level(block)
        (a, b), (d, e) = place.turn * (scale / block)
        x, y = place.x / block + margin, place.y / block + margin
        half = size / 2
        affine = (a, b, x - (a + b) * half, d, e, y - (d + e) * half)
        return np.asarray(image.transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR))

    def _level(self, block: int) -> tuple[Image.Image, int]:
        """Return the picture averaged over blocks, its edge repeated all around, and how far."""
        if block not in self._levels:
            small = np.asarray(Image.fromarray(self._picture).reduce(block)) if block > 1 else self._picture
            margin = max(small.shape[:2]) // 2
            padded = np.pad(small, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
            self._levels[block] = Image.fromarray(padded), margin
        return self._levels[block]
