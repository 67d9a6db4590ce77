"""Pages of pictures and text, laid out in pixels from the upper left corner.

A page is a figure of exactly `width` x `height` pixels. What is placed on it is neither resampled nor moved by a
fraction of a pixel; text is measured before it is written, so that it can be broken to fit. Coordinates are (x, y)
with y downwards. Not guaranteed: that a word wider than its column is broken.

Shapes: `h` x `w` an image's pixels.
"""

from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from ganatomy.figures.fonts import chinese_fonts
from ganatomy.figures.style import DPI, FAINT, FAMILY, INK, broken, canvas_of, house, pixels_of

HEAD, TEXT, LABEL = 11.0, 9.0, 8.0  # points
MARGIN = 20  # pixels


def text_width(text: str, points: float, *, dpi: int = DPI, bold: bool = False) -> int:
    r"""Measure the widest line of `text` in the house font, in pixels.

    >>> text_width("wide", 9.0) > text_width("wi\nde", 9.0) > 0
    True
    """
    font = FontProperties(family=FAMILY + chinese_fonts(), size=points, weight="bold" if bold else "normal")
    with house():
        widths = [_renderer(dpi).get_text_width_height_descent(line, font, False)[0] for line in text.split("\n")]
    return int(np.ceil(max(widths)))


@lru_cache
def _renderer(dpi: int) -> RendererAgg:
    return RendererAgg(1, 1, dpi)


def wrapped(text: str, width: int, points: float, *, dpi: int = DPI, bold: bool = False) -> str:
    r"""Break lines of `text` so that each is at most `width` pixels wide, if its words allow, see `style.broken`.

    >>> wrapped("direction 0, 7.4 %", 110, 9.0)
    'direction 0,\n7.4 %'
    """
    return broken(text, lambda line: text_width(line, points, dpi=dpi, bold=bold) <= width)


def line_height(points: float, dpi: int = DPI) -> int:
    """Say how many pixels a line of text takes, 1.25 times its size.

    >>> line_height(9.0, dpi=100)
    16
    """
    return int(np.ceil(1.25 * points * dpi / 72))


class Page:
    """A white page of `width` x `height` pixels, laid out from its upper left corner; `figure` is what is drawn.

    >>> page = Page(30, 20, dpi=100)
    >>> page.place(np.zeros((5, 10, 3), np.uint8), 3, 2)
    >>> np.argwhere(page.pixels()[..., 0] == 0)[[0, -1]].tolist()
    [[2, 3], [6, 12]]
    """

    def __init__(self, width: int, height: int, dpi: int = DPI) -> None:
        self.width, self.height, self.dpi = width, height, dpi
        # a hair more, or 4.1 inches would make 409 pixels
        self.figure = Figure(figsize=((width + 1e-3) / dpi, (height + 1e-3) / dpi), dpi=dpi, facecolor="white")
        FigureCanvasAgg(self.figure)

    def place(self, pixels: np.ndarray, x: int, y: int) -> None:
        """Put an image (h, w, 3) with its upper left corner at (x, y)."""
        self.figure.figimage(pixels, x, self.height - y - pixels.shape[0], origin="upper")

    def write(
        self,
        text: str,
        x: float,
        y: float,
        points: float = 9.0,
        *,
        colour: str = INK,
        bold: bool = False,
        ha: str = "left",
    ) -> Text:
        """Write `text` with its top at y and its left, centre or right (`ha`) at x."""
        return self.figure.text(
            x,
            self.height - y,
            text,
            transform=IdentityTransform(),
            fontsize=points,
            color=colour,
            fontweight="bold" if bold else "normal",
            ha=ha,
            va="top",
            linespacing=1.2,
            parse_math=False,
        )

    def axes_rectangle(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Return a rectangle of pixels as the left, bottom, width and height that `Figure.add_axes` takes."""
        full = self.width, self.height
        return x / full[0], 1 - (y + height) / full[1], width / full[0], height / full[1]

    def pixels(self) -> np.ndarray:
        """Draw the page: uint8 (height, width, 3)."""
        canvas = canvas_of(self.figure)
        with house():
            canvas.draw()
        return pixels_of(canvas)


def headed_page(width: int, below: int, title: str, subtitle: str) -> tuple[Page, int]:
    """Make a page at least `width` wide with a title, and `below` pixels of room under it; return where they begin.

    >>> page, top = headed_page(480, 100, "title", "")
    >>> page.width, page.height, top
    (480, 179, 59)
    """
    inside = max(width, 480) - 2 * MARGIN
    parts = [(wrapped(title, inside, HEAD), HEAD, INK), (wrapped(subtitle, inside, TEXT), TEXT, FAINT)]
    parts = [
        (text, points, colour, line_height(points) * (text.count("\n") + 1)) for text, points, colour in parts if text
    ]
    top = MARGIN + sum(height for *_, height in parts) + 10
    page, y = Page(inside + 2 * MARGIN, top + below + MARGIN, DPI), MARGIN
    for text, points, colour, height in parts:
        page.write(text, MARGIN, y, points, colour=colour)
        y += height
    return page, top
