"""Heat maps on a page: where directions change pictures, in colours of one scale, and what the scale says.

A map (H, W) holds how much each pixel changes, in grey levels of 255. All maps of a page are coloured from 0 to the
largest value of any, so that two can be compared by eye. Not guaranteed: that a small change matters less to a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError
from ganatomy.figures.pictures.traversals import heat_picture
from ganatomy.pages.page import embedded

LARGEST = 256  # pixels a side, unless more are asked for


@dataclass(frozen=True)
class Scale:
    """The colours of a page's heat maps: `most` is what the brightest stands for, as it is written."""

    most: str
    colours: tuple[str, ...]

    @property
    def gradient(self) -> str:
        """The colours from 0 to `most`, as CSS takes them."""
        return ", ".join(self.colours)


def heat_maps(maps: Sequence[np.ndarray | None], largest: int = LARGEST) -> tuple[list[str], Scale]:
    """Embed heat maps, (H, W) each, with one scale; a missing one is an empty text.

    Args:
        maps: K of them.
        largest: the longer side in pixels, at most.

    Raises:
        InputError: one that has not two axes.

    >>> addresses, scale = heat_maps([np.full((4, 4), 12.3), None])
    >>> addresses[0][:21], addresses[1], scale.most, scale.colours[0]
    ('data:image/png;base64', '', '12', 'rgb(0 34 77)')
    """
    whole = [None if one is None else np.asarray(one, dtype=float) for one in maps]
    for one in whole:
        if one is not None and one.ndim != 2:
            raise InputError(f"a heat map has shape (H, W), not {one.shape}")
    most = max((float(one[np.isfinite(one)].max(initial=0)) for one in whole if one is not None), default=0.0)
    colours = heat_picture(np.linspace(0, 1, 9)[None], 1.0)[0]
    scale = Scale(f"{most:.0f}" if most >= 10 else f"{most:.2g}", tuple(f"rgb({r} {g} {b})" for r, g, b in colours))
    return ["" if one is None else _embedded(one, most or 1.0, largest) for one in whole], scale


def _embedded(heat: np.ndarray, most: float, largest: int) -> str:
    shrink = min(1.0, largest / max(heat.shape))
    high, wide = (max(1, round(side * shrink)) for side in heat.shape)
    return embedded(heat_picture(heat, most, (high, wide)))
