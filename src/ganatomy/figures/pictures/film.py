"""The film of a traversal: all samples moved along all directions at once, there and back.

Frame f shows G(w_n + a n_k) for every sample n (a row) and direction k (a column), a = a_{s(f)}, beside the unedited
picture in the first column. s is a list of indices that begins and ends at 0 and turns at the last strength:

    s(t) = floor((S - 1) (1 - cos(pi t / T)) / 2 + 1/2),  t = 0 .. T, .. 0,  T = ceil(pi (S - 1) / 2),

so that it slows down before it turns, never jumps over a strength, and runs on without a seam when the film is
repeated. Every picture shown was made by the generator; two strengths are never blended. What stays is drawn once.

Shapes: `N` samples, `K` directions, `S` strengths, `F` frames, `h` x `w` a picture's pixels.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.transforms import IdentityTransform

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.pictures.mosaic import checked_pictures, fitted
from ganatomy.figures.pictures.sheet import HEAD, LABEL, TEXT, Page, line_height, text_width, wrapped
from ganatomy.figures.pictures.traversals import signed
from ganatomy.figures.style import FAINT, GENERATED, INK, canvas_of, house, pixels_of
from ganatomy.languages import Words

FPS = 16  # 65 frames of 21 strengths take four seconds


class Pictures(Protocol):
    """What holds the pictures (N, K, S, h, w, 3): an array, a memory map, or whatever is indexed like one."""

    shape: tuple[int, ...]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return `self[:, :, s]`, uint8 (N, K, h, w, 3)."""
        ...


def there_and_back(number: int) -> np.ndarray:
    """List the indices s(t) of `number` = S strengths in the order in which a film shows them, int (F,).

    F = 2 ceil(pi (S - 1) / 2) + 1.

    >>> there_and_back(5).tolist()
    [0, 0, 1, 2, 2, 3, 4, 4, 4, 3, 2, 2, 1, 0, 0]
    """
    last = math.ceil(math.pi * (number - 1) / 2)
    up = (number - 1) * (1 - np.cos(np.pi * np.arange(last + 1) / max(last, 1))) / 2
    there = np.floor(up + 0.5).astype(int)
    return np.concatenate([there, there[-2::-1]])


def traversal_frames(
    unedited: np.ndarray,
    pictures: Pictures,
    strengths: Sequence[float] | np.ndarray,
    headings: Sequence[str],
    *,
    title: str,
    size: int = 256,
    language: str | None = None,
) -> Iterator[np.ndarray]:
    """Draw the film's F frames, uint8 (H, W, 3), H and W even, one for each of `there_and_back(S)`.

    Args:
        unedited: uint8 (N, h, w, 3).
        pictures: uint8 (N, K, S, h, w, 3); read one strength at a time, `pictures[:, :, s]`.
        strengths: ascending, (S,).
        headings: of the directions' columns, K texts.
        title: printed as it is.
        size: of a picture's longer side in the film, in pixels.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: arrays of other types or shapes, numbers that differ, fewer than two strengths or such that do not
            ascend, a size not within 64 to 1024, an unknown language.

    >>> faces = np.zeros((2, 3, 5, 8, 8, 3), np.uint8)
    >>> film = traversal_frames(faces[:, 0, 2], faces, [-2, -1, 0, 1, 2], ["0", "1", "2"], title="t", size=64)
    >>> frames = list(film)
    >>> len(frames), frames[0].shape, bool((frames[0] == frames[-1]).all())
    (15, (224, 298, 3), True)
    """
    unedited, strengths = checked_pictures(unedited, "N"), np.asarray(strengths, dtype=float)
    shape = (len(unedited), len(headings), len(strengths), *unedited.shape[1:])
    if tuple(pictures.shape) != shape:
        raise InputError(f"pictures have shape {tuple(pictures.shape)}; {shape} go with the other arguments")
    if len(strengths) < 2 or not (np.diff(strengths) > 0).all():
        raise InputError(f"a film needs two or more strengths that ascend, not {strengths.tolist()}")
    if not 64 <= size <= 1024:
        raise InputError(f"a picture can be 64 to 1024 pixels large in a film, not {size}")
    with house():
        stage = _Stage(fitted(unedited, size), strengths, headings, title, picture_words(language))
    return (stage.frame(fitted(checked_pictures(pictures[:, :, s], "NK"), size), s) for s in there_and_back(shape[2]))


class _Stage:
    """What stays, as pixels, and where the rest goes: pictures at their places, the gauge below them."""

    def __init__(
        self, unedited: np.ndarray, strengths: np.ndarray, headings: Sequence[str], title: str, words: Words
    ) -> None:
        rows, self.side, self.cell, _ = unedited.shape
        # Text grows with the pictures, so that a film is read as easily when it is shown smaller.
        self.dpi = dpi = int(min(max(0.6 * max(self.side, self.cell), 80), 240))
        self.strengths, em = strengths, line_height(TEXT, dpi)
        self.gap, margin = max(2, round(0.02 * self.cell)), round(0.9 * em)
        self.columns = [margin + c * (self.cell + self.gap) + (margin if c else 0) for c in range(len(headings) + 1)]
        width = self.columns[-1] + self.cell + margin
        width += width % 2
        title = wrapped(title, width - 2 * margin, HEAD, dpi=dpi)
        texts = [wrapped(text, self.cell, TEXT, dpi=dpi, bold=True) for text in (words("unedited"), *headings)]
        points = TEXT * min(1.0, self.cell / max(text_width(text, TEXT, dpi=dpi, bold=True) for text in texts))
        lines = max(text.count("\n") + 1 for text in texts)
        below_title = margin + (title.count("\n") + 1) * line_height(HEAD, dpi) + em // 3
        self.top = below_title + lines * em + em // 4
        self.gauge = self.top + rows * (self.side + self.gap) - self.gap + em // 2
        height = self.gauge + 3 * em
        page = Page(width, height + height % 2, dpi)
        page.write(title, margin, margin, HEAD)
        for text, x in zip(texts, self.columns, strict=True):
            y = self.top - em // 4 - (text.count("\n") + 1) * em
            page.write(text, x + self.cell / 2, y, points, colour=FAINT if x == margin else INK, bold=True, ha="center")
        self._draw_gauge(page, em, words("strength"))
        self.still, self.page, self.numbers = page.pixels(), page, _aligned(strengths)
        self.canvas = canvas_of(page.figure)
        self.empty = self.canvas.copy_from_bbox(page.figure.bbox)
        for row, picture in enumerate(unedited):
            self._paste(self.still, picture, row, 0)
        self.gauges: dict[int, np.ndarray] = {}

    def _draw_gauge(self, page: Page, em: int, word: str) -> None:
        """Draw the axis of strengths below the directions' columns, with marks at both ends and 0."""
        low, high = self.columns[1] + em // 2, self.columns[-1] + self.cell - em // 2
        first, last = self.strengths[[0, -1]]
        self.places = low + (high - low) * (self.strengths - first) / (last - first)
        y, point = page.height - self.gauge - 0.7 * em, 72 / self.dpi
        flat = {"transform": IdentityTransform(), "solid_capstyle": "butt", "color": FAINT}
        page.figure.add_artist(Line2D([low, high], [y, y], linewidth=0.12 * em * point, **flat))
        marks = {first: low, last: high}
        if first < 0 < last:
            marks[0.0] = low - (high - low) * first / (last - first)
        for value, x in marks.items():
            long = (0.42 if value == 0 else 0.28) * em
            page.figure.add_artist(Line2D([x, x], [y - long, y + long], linewidth=0.12 * em * point, **flat))
            label = signed(value)
            room = text_width(f"{label}00", LABEL, dpi=self.dpi)
            if value in (first, last) or min(x - low, high - x) > room:
                page.write(label, x, self.gauge + 1.25 * em, LABEL, colour=FAINT, ha="center")
        marker = {"marker": "o", "markersize": 0.62 * em * point, "color": GENERATED, "transform": IdentityTransform()}
        self.knob = Line2D([low], [y], markeredgecolor="white", markeredgewidth=0.08 * em * point, **marker)
        page.figure.add_artist(self.knob)
        # word and number on a line each, so that the number keeps its place and the column its width
        points = LABEL * min(1.0, self.cell / text_width(word, LABEL, dpi=self.dpi))
        page.write(word, self.columns[0], self.gauge, points, colour=FAINT)
        self.number = page.write("", self.columns[0], self.gauge + 1.1 * em, TEXT, bold=True)
        for artist in (self.knob, self.number):
            artist.set_animated(True)

    def frame(self, pictures: np.ndarray, s: int) -> np.ndarray:
        """Return the frame of strength number s, with pictures (N, K, h, w, 3) of the film's size."""
        frame = self.still.copy()
        for row, column in np.ndindex(pictures.shape[:2]):
            self._paste(frame, pictures[row, column], row, column + 1)
        if s not in self.gauges:
            self.gauges[s] = self._gauge(s)
        frame[self.gauge :] = self.gauges[s]
        return frame

    def _paste(self, frame: np.ndarray, picture: np.ndarray, row: int, column: int) -> None:
        y, x = self.top + row * (self.side + self.gap), self.columns[column]
        frame[y : y + self.side, x : x + self.cell] = picture

    def _gauge(self, s: int) -> np.ndarray:
        """Draw the rows from `gauge` down, at strength number s."""
        self.canvas.restore_region(self.empty)
        self.knob.set_xdata([self.places[s]])
        self.number.set_text(self.numbers[s])
        with house():
            for artist in (self.knob, self.number):
                self.page.figure.draw_artist(artist)
        return pixels_of(self.canvas)[self.gauge :]


def _aligned(values: np.ndarray) -> list[str]:
    """Write all values with a sign and the same number of decimals, 3 at most."""
    exact = (d for d in range(3) if np.allclose(values, values.round(d), rtol=0, atol=1e-9))
    decimals = next(exact, 3)
    values = values.round(decimals)  # a figure space in place of 0's sign keeps its digits where the others are
    return [f"{value:+.{decimals}f}".replace("-", "−") if value else f"\u2007{0:.{decimals}f}" for value in values]
