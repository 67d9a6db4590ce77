"""The page of a traversal: a slider for each direction that moves all samples at once.

Sample n, direction k and strength s have the picture G(w_n + a_s n_k), made beforehand; the page only chooses which
to show. It holds K N sheets of S pictures (`page.Sheet`), the N unedited pictures, a heat map a direction with one
colour scale, what was measured, and what each number means. Not guaranteed: that what a slider does has one
meaning, or the same for every sample; that is what the numbers are for.

Shapes: `N` samples, `K` directions, `S` strengths, `h` x `w` a picture's pixels, `H` x `W` a heat map's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.figures.pictures.film import Pictures
from ganatomy.figures.pictures.mosaic import checked_pictures, fitted
from ganatomy.figures.pictures.traversals import UNIT, labels, zero_column
from ganatomy.latent.survey.page.heat import LARGEST, heat_maps
from ganatomy.pages.page import Sheet, embedded, render

_FLOORS = ("change", "monotonic", "consistency")


@dataclass(frozen=True)
class Row:
    """What is known of one direction; None where it was not measured.

    Attributes:
        name: such as "direction 0".
        share: of the eigenvalues' sum, in [0, 1].
        label: a meaning that was measured or given by a person; "" if there is none.
        change: mean absolute change of a colour value from the first to the last strength, in grey levels of 255.
        ratio: that change over the mean change along random directions of the same length.
        monotonic: the share of all change on the way that is kept at its end, in [0, 1].
        consistency: mean cosine between the changes of two samples, in [-1, 1].
    """

    name: str
    share: float | None = None
    label: str = ""
    change: float | None = None
    ratio: float | None = None
    monotonic: float | None = None
    consistency: float | None = None

    def written(self) -> dict[str, str]:
        """Write the numbers as they are shown; what is None becomes an en dash.

        >>> Row("direction 0", share=0.0741, change=12.13, ratio=3.2).written()
        {'share': '7.4 %', 'change': '12.1', 'ratio': '3.2 ×', 'monotonic': '–', 'consistency': '–'}
        """
        forms = {"share": "{:.1%}", "change": "{:.1f}", "ratio": "{:.1f} ×"}
        forms |= {"monotonic": "{:.2f}", "consistency": "{:.2f}"}
        return {name: _written(form, getattr(self, name)) for name, form in forms.items()}


def _written(form: str, value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    return form.format(value).replace("%", " %").replace("-", "−")


def _spread(given: tuple[float, float] | None) -> str:
    return "–" if given is None else f"{given[0]:.3g} ± {given[1]:.2g}".replace("-", "−")


def traversal_page(
    unedited: np.ndarray,
    pictures: Pictures,
    strengths: Sequence[float],
    rows: Sequence[Row],
    *,
    title: str,
    samples: Sequence[str],
    facts: Mapping[str, str],
    heat: np.ndarray | None = None,
    floor: Mapping[str, tuple[float, float]] | None = None,
    asked: int | None = None,
    unit: str = UNIT,
    size: int | None = None,
    quality: int = 85,
) -> str:
    """Write the page, as the text of one HTML file that needs nothing else.

    Args:
        unedited: uint8 (N, h, w, 3).
        pictures: uint8 (N, K, S, h, w, 3); read one sample and direction at a time, `pictures[n, k]`.
        strengths: ascending, (S,).
        rows: what is known of the K directions.
        title: of the page.
        samples: what to call the samples, N texts such as "seed 0".
        facts: what else to say, name -> text: source, licence, seed, method.
        heat: mean absolute change of each pixel in grey levels, (K, H, W); may be missing.
        floor: mean and standard deviation of "change", "monotonic" and "consistency" over random directions; may be
            missing.
        asked: how many directions were asked for, if more than are here.
        unit: what the strengths measure.
        size: the longer side of a picture in pixels; the picture's own, but at most 256, if not given.
        quality: of the JPEGs, 1 to 95.

    Raises:
        InputError: arrays of other types or shapes, numbers that differ, fewer than two strengths, an unknown floor.

    >>> faces = np.zeros((2, 1, 3, 8, 8, 3), np.uint8)
    >>> page = traversal_page(faces[:, 0, 1], faces, [-2, 0, 2], [Row("direction 0", share=0.0741)],
    ...     title="faces", samples=["seed 0", "seed 1"], facts={"licence": "MIT"})
    >>> page.count('type="range"'), page.count("data:image/jpeg"), "7.4 %" in page
    (1, 4, True)
    """
    unedited, strengths = checked_pictures(unedited, "N"), np.asarray(strengths, dtype=float)
    shape = (len(unedited), len(rows), len(strengths), *unedited.shape[1:])
    if tuple(pictures.shape) != shape:
        raise InputError(f"pictures have shape {tuple(pictures.shape)}; {shape} go with the other arguments")
    if len(strengths) < 2 or not rows:
        raise InputError("a slider needs at least one direction and two strengths")
    if len(samples) != len(unedited):
        raise InputError(f"names and pictures of samples must be equally many, not {len(samples)} and {len(unedited)}")
    for name in floor or ():
        if name not in _FLOORS:
            raise unknown("floor", name, _FLOORS)
    size = size or min(max(shape[3:5]), LARGEST)
    unedited = fitted(unedited, size)
    sheet = Sheet(len(strengths), *unedited.shape[1:3])
    maps, scale = heat_maps(_checked_heat(heat, len(rows)))
    directions = []
    for k, row in enumerate(rows):
        moved = (fitted(checked_pictures(pictures[n, k], "S"), size) for n in range(len(unedited)))
        sheets = [embedded(sheet.fill(one), quality) for one in moved]
        directions.append({"row": row, "numbers": row.written(), "sheets": sheets, "heat": maps[k]})
    values = {
        "title": title,
        "unit": unit,
        "samples": samples,
        "facts": facts,
        "asked": max(asked or 0, len(rows)),
        "directions": directions,
        "unedited": [embedded(picture, quality) for picture in unedited],
        "sheet": sheet,
        "strengths": labels(strengths),
        "zero": zero_column(strengths),
        "scale": scale,
        "floor": {name: _spread(floor.get(name)) for name in _FLOORS} if floor else {},
    }
    return render("traversal.html", values)


def _checked_heat(heat: np.ndarray | None, number: int) -> Sequence[np.ndarray | None]:
    if heat is None:
        return [None] * number
    heat = np.asarray(heat, dtype=float)
    if heat.ndim != 3 or len(heat) != number:
        raise InputError(f"heat maps of {number} directions have shape ({number}, H, W), not {heat.shape}")
    return heat
