"""Pages from templates, and pictures inside them.

A page is a function of a template and plain values. Whatever comes from outside (names, paths, licences) is escaped,
so that it is shown and never acts. As a second line, each page has a Content-Security-Policy: only its own scripts and
styles act, known by their hashes, no address is connected to, and nothing is loaded but pictures and films that are in
the page (of the index, beside it). Styles stand in style sheets only, as a policy cannot tell attributes apart.

Pictures are written into the page as data: addresses. A sheet holds S pictures of one size in one image of about as
many columns as rows; each stands in a cell with a rim of repeated edge pixels, as wide as to make cells multiples of
the 16 x 16 blocks of JPEG, so that no picture shows its neighbour's edge however the browser rounds. Not guaranteed:
that a JPEG's colours are the picture's.

Shapes: `S` strengths, `h` x `w` a picture's pixels.
"""

import base64
import hashlib
import io
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.figures.pictures.mosaic import checked_pictures, mosaic
from ganatomy.files import encodable

_BLOCK, _RIM = 16, 8  # pixels


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template of this package with values; text in them is escaped, and a missing one is an error.

    Templates mark their scripts and styles by `own`, which nobody can know before, so that no text of a value could be
    taken for one; the page's policy lists their hashes, and the marks are gone. Same values, same page.

    >>> page = render("index.html", {"title": "1 < 2", "lead": "", "parts": [], "t": str})
    >>> "<title>1 &lt; 2</title>" in page, page.count("://")
    (True, 0)
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = resources.files("ganatomy.pages") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = secrets.token_hex(16)
    page = encodable(environment.get_template(template).render({**values, "own": own, "policy": f"policy-{own}"}))
    allowed = (f"{kind}-src {_hashes(page, kind, own)}" for kind in ("script", "style"))
    return page.replace(f"policy-{own}", "; ".join(allowed)).replace(f" {own}>", ">")


def _hashes(page: str, kind: str, own: str) -> str:
    """List the hashes of a page's own scripts or styles, as a Content-Security-Policy does."""
    texts = re.findall(f"<{kind} {own}>(.*?)</{kind}>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in dict.fromkeys(texts))
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


def embedded(picture: np.ndarray, quality: int | None = None) -> str:
    """Return a picture, uint8 (h, w, 3), as a data: address: JPEG of that quality (1 to 95), or PNG if none is given.

    Raises:
        InputError: it is none, or the quality is not within 1 to 95.

    >>> embedded(np.zeros((1, 1, 3), np.uint8))[:30]
    'data:image/png;base64,iVBORw0K'
    """
    from PIL import Image

    if quality is not None and not 1 <= quality <= 95:
        raise InputError(f"a JPEG's quality is 1 to 95, not {quality}")
    image, out = Image.fromarray(checked_pictures(picture, "")), io.BytesIO()
    if quality is None:
        image.save(out, format="PNG", optimize=True)
    else:
        image.save(out, format="JPEG", quality=quality, optimize=True)
    kind = "png" if quality is None else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"


@dataclass(frozen=True)
class Sheet:
    """Where `number` pictures of `height` x `width` pixels stand in a sheet, for CSS.

    >>> sheet = Sheet(number=5, height=64, width=64)
    >>> sheet.columns, sheet.rows, sheet.cell, sheet.scale
    (3, 2, (80, 80), '375%')
    >>> sheet.places[:2], sheet.places[-1]
    (['-3.33333%, -5%', '-36.6667%, -5%'], '-36.6667%, -55%')
    """

    number: int
    height: int
    width: int

    @property
    def columns(self) -> int:
        """How many pictures stand side by side."""
        return math.ceil(math.sqrt(self.number))

    @property
    def rows(self) -> int:
        """How many stand one above the other."""
        return math.ceil(self.number / self.columns)

    @property
    def cell(self) -> tuple[int, int]:
        """Height and width of a cell in pixels."""
        height, width = (math.ceil((side + _RIM) / _BLOCK) * _BLOCK for side in (self.height, self.width))
        return height, width

    @property
    def rim(self) -> tuple[int, int]:
        """Pixels above, and left of, the picture in its cell."""
        return (self.cell[0] - self.height) // 2, (self.cell[1] - self.width) // 2

    @property
    def scale(self) -> str:
        """The sheet's width over the picture's."""
        return f"{100 * self.columns * self.cell[1] / self.width:.6g}%"

    @property
    def places(self) -> list[str]:
        """How far to shift the sheet, in shares of itself, so that picture s shows; as CSS `translate` takes it."""
        (high, wide), (above, left) = self.cell, self.rim
        corners = ((s // self.columns * high + above, s % self.columns * wide + left) for s in range(self.number))
        full = self.rows * high, self.columns * wide
        return [f"{-100 * x / full[1]:.6g}%, {-100 * y / full[0]:.6g}%" for y, x in corners]

    def fill(self, pictures: np.ndarray) -> np.ndarray:
        """Put pictures (S, h, w, 3) into the sheet, uint8.

        >>> Sheet(2, 4, 4).fill(np.full((2, 4, 4, 3), 9, np.uint8)).shape
        (16, 32, 3)
        """
        (high, wide), (above, left) = self.cell, self.rim
        sides = (above, high - self.height - above), (left, wide - self.width - left)
        full = np.pad(pictures, ((0, 0), *sides, (0, 0)), mode="edge")
        empty = np.repeat(full[-1:], self.columns * self.rows - self.number, axis=0)
        return mosaic(np.concatenate([full, empty]).reshape(self.rows, self.columns, high, wide, 3))
