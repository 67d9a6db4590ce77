"""The house style: colours, type sizes, resolution, and the one way to make a figure.

A picture here is a function of its arrays alone: the settings below replace whatever matplotlib was told
elsewhere, every colour pair is distinguishable under the three common kinds of colour blindness (the two point
colours are from the Okabe-Ito palette) and differs in lightness too, so it survives a grey printer; what
colour says is said a second time by marker or line style. Not guaranteed: glyphs that neither DejaVu Sans, the
font that ships with matplotlib, nor an installed one of `fonts.CHINESE_FONTS` has are drawn as boxes.

References:
    M. Okabe and K. Ito (2008), Color Universal Design: how to make figures that are colorblind friendly.
"""

import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ganatomy.figures.fonts import chinese_fonts

HELDOUT = "#0072B2"  # Okabe-Ito blue: the real points
GENERATED = "#D55E00"  # Okabe-Ito vermillion: what the generator makes
INK = "#222222"
FAINT = "#6b6b6b"  # secondary text; 5.3 : 1 against white
DPI = 150
FILM_DPI = 100

# Greys end well short of black so that both point colours stay readable upon them; 32 steps look smooth and
# keep a GIF small. Places where the discriminator gives no number are tinted, which no grey can be mistaken
# for.
GREYS = LinearSegmentedColormap.from_list("ganatomy-greys", ["#b0b0b0", "#ffffff"], N=32).with_extremes(bad="#f6d5ea")
# Latent grid lines, one hue a family; neither begins so pale that it is lost on white.
FAMILIES = (
    LinearSegmentedColormap.from_list("ganatomy-blues", ["#8ccbee", "#0072B2", "#003a5c"]),
    LinearSegmentedColormap.from_list("ganatomy-oranges", ["#f5b375", "#D55E00", "#6b2f00"]),
)

FAMILY = ["DejaVu Sans"]
"""The font, before those that have Chinese."""

_SETTINGS = {
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "figure.titlesize": 11.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "text.parse_math": False,  # a title is somebody's file name, and may hold a dollar sign
}


@contextmanager
def house() -> Iterator[None]:
    """Put the house settings in force for a `with` block, in place of the caller's.

    >>> with house():
    ...     print(mpl.rcParams["font.size"], mpl.rcParams["text.parse_math"])
    9.0 False
    """
    settings: dict[Any, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")}
    settings |= {**_SETTINGS, "font.family": FAMILY + chinese_fonts()}
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the box that is drawn in its place says enough
        log.setLevel(logging.ERROR)  # many Chinese fonts come without a bold face, and serve as they are
        try:
            yield
        finally:
            log.setLevel(level)


_WIDE = r"\u2e80-\uffef"
_PARTS = re.compile(rf"[（「“]*[{_WIDE}][，。、；：！？）」”]*[ \t]*|[^ \t{_WIDE}]+[ \t]*|[ \t]+")
_PHRASES = re.compile(r"[（「“]*[^，。、；：！？（「“]+[，。、；：！？）」”]*[ \t]*|.")


def parts_of(text: str) -> list[str]:
    """Take a line apart where it may be broken: behind spaces, and before and behind wide characters.

    A Chinese character has no spaces around it; a stop stays behind its character, and a bracket before it. A no-break
    space (U+00A0) is part of its word.

    >>> parts_of("GAN 与 WGAN，两种")
    ['GAN ', '与 ', 'WGAN', '，', '两', '种']
    """
    return _PARTS.findall(text)


def broken(text: str, fits: Callable[[str], bool], cut: Callable[[str], list[str]] | None = None) -> str:
    r"""Break the lines of `text` so that each fits, where `parts_of` may; a Chinese phrase stays whole if it can.

    Args:
        text: one line or more.
        fits: whether a line does.
        cut: takes a part that fits no line apart; without, it stays as it is.

    >>> broken("下限的 2 倍，几乎没有移动（只走了 9%）", lambda line: len(line) <= 12)
    '下限的 2 倍，\n几乎没有移动\n（只走了 9%）'
    """
    lines = []
    for given in text.splitlines():
        lines.append("")
        for phrase in _PHRASES.findall(given) if re.search(f"[{_WIDE}]", given) else parts_of(given):
            if lines[-1].strip() and not fits((lines[-1] + phrase).rstrip()) and fits(phrase.rstrip()):
                lines.append("")
            for part in parts_of(phrase):
                for piece in [part] if cut is None or fits(part.rstrip()) else cut(part):
                    if not fits((lines[-1] + piece).rstrip()):
                        lines[-1:] = [lines[-1], ""] if lines[-1].strip() else [""]
                    lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def wrapped_to(text: str, columns: int) -> str:
    r"""Break the lines of `text` so that none is over `columns` letters wide, see `broken`.

    A Chinese character is as wide as two letters. A longer word is broken where it must.

    >>> wrapped_to("generated over real", 14)
    'generated over\nreal'
    >>> wrapped_to("生成的点，真实的点", 10)
    '生成的点，\n真实的点'
    """

    def cut(part: str) -> list[str]:
        return [part[start : start + columns] for start in range(0, len(part), columns)]

    return broken(text, lambda line: _letters(line) <= columns, cut)


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def canvas_of(figure: Figure) -> FigureCanvasAgg:
    """Return the canvas that a figure of `new_figure` has, which holds its pixels.

    >>> canvas_of(new_figure(1, 1, dpi=20)).get_width_height()
    (20, 20)
    """
    canvas = figure.canvas
    return canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)


def pixels_of(canvas: FigureCanvasAgg) -> NDArray[np.uint8]:
    """Copy what was drawn on a canvas last, uint8 (height, width, 3).

    >>> canvas = canvas_of(new_figure(1, 1, dpi=20))
    >>> canvas.draw()
    >>> pixels_of(canvas).shape
    (20, 20, 3)
    """
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def resize_to_even(figure: Figure, width: float, height: float) -> None:
    """Give a figure a size in whole pixels, made even as video needs them.

    >>> resize_to_even(figure := new_figure(1, 1, dpi=100), 410.4, 299.0)
    >>> canvas_of(figure).get_width_height()
    (410, 300)
    """
    across, up = (round(side) + round(side) % 2 for side in (width, height))
    figure.set_size_inches(across / figure.dpi + 1e-6, up / figure.dpi + 1e-6)  # or 4.1 inches would make 409 pixels


def new_figure(width: float, height: float, *, dpi: int = DPI, title: str = "") -> Figure:
    """Make an empty white figure of `width` x `height` inches that needs no display and no pyplot.

    The title's lines are wrapped to the width.

    >>> new_figure(6, 4).get_size_inches().tolist()
    [6.0, 4.0]
    """
    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if title:
        title = wrapped_to(title, int(11.5 * width))
        figure.suptitle(title, x=0.01, ha="left", fontsize=_SETTINGS["figure.titlesize"], parse_math=False)
    return figure


def robust_limits(values: ArrayLike, *, reach: float, margin: float = 0.0) -> tuple[float, float]:
    """Find limits that show `values` but are not set by a few wild ones.

    With q1 and q99 the 1 % and 99 % quantiles of the finite values and r = q99 - q1, the limits are
    `max(min, q1 - reach r)` and `min(max, q99 + reach r)`, widened on both sides by `margin` of their distance.
    Without finite values they are 0 and 1; limits that would coincide are set 5 % apart on both sides.

    Args:
        values: any shape, any unit; NaN and infinite entries are ignored.
        reach: how far beyond the quantiles an extreme may lie and still be shown, in units of r;
            infinity shows everything.
        margin: share of the range added on each side.

    >>> robust_limits([0.0, 1.0, 2.0, 10.0], reach=1.0)
    (0.0, 10.0)
    >>> round(robust_limits(np.r_[np.linspace(0, 1, 1000), 1e6], reach=1.0)[1], 2)
    1.97
    >>> robust_limits([3.0, 3.0], reach=1.0)
    (2.85, 3.15)
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    least, q1, q99, most = np.quantile(values, [0.0, 0.01, 0.99, 1.0])
    slack = reach * (q99 - q1) if np.isfinite(reach) else np.inf
    low, high = max(least, q1 - slack), min(most, q99 + slack)
    size = max(abs(low), abs(high))
    pad = margin * (high - low) if high - low > 1e-9 * size else 0.05 * size or 1.0
    return float(low - pad), float(high + pad)
