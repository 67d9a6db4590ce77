"""The page of a film: a slider for each direction that moves all samples at once.

Sample n, direction k and strength s have the picture G(w_n + a_s n_k), made beforehand; the page only chooses which to
show. It holds, of each direction's card, N sheets of S pictures (`page.Sheet`), the heat map, with one colour scale,
what was measured, and what each number means. Not guaranteed: that what a slider does has one meaning, or the same for
every sample; that is what the numbers are for.

Shapes: `N` samples, `K` directions, `S` strengths, `h` x `w` a picture's pixels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.figures.pictures.mosaic import check_number, checked_pictures, fitted
from ganatomy.figures.pictures.traversals import labels, zero_column
from ganatomy.languages import ABSENT, Words
from ganatomy.latent.survey.page.cards import Card, number, said
from ganatomy.latent.survey.page.heat import LARGEST, heat_maps
from ganatomy.pages.page import Sheet, embedded, render

MEASURED = ("change", "ratio", "monotonic", "consistency")
"""Of a card's numbers, those that are shown; the change is that from end to end."""


def film_page(
    cards: Sequence[Card],
    *,
    unedited: np.ndarray,
    strengths: Sequence[float] | np.ndarray,
    samples: Sequence[str],
    title: str,
    facts: Mapping[str, str],
    floor: Mapping[str, tuple[float, float]] | None = None,
    asked: int | None = None,
    unit: str | None = None,
    language: str | None = None,
    size: int | None = None,
    quality: int = 85,
) -> str:
    """Write the page, as the text of one HTML file that needs nothing else.

    Args:
        cards: of K directions; their pictures are read one sample at a time.
        unedited: uint8 (N, h, w, 3).
        strengths: ascending, (S,).
        samples: what to call the samples, N texts such as "seed 0".
        title: of the page.
        facts: what else to say, name -> text: source, licence, seed, method.
        floor: mean and standard deviation of `MEASURED` over random directions; may be missing.
        asked: how many directions were asked for, if more than are here.
        unit: what the strengths measure; by default the distance along the unit direction.
        language: "en" or "zh"; None for the one that is `languages.chosen`.
        size: the longer side of a picture in pixels; the picture's own, but at most 256, if not given.
        quality: of the JPEGs, 1 to 95.

    Raises:
        InputError: arrays of other types or shapes, numbers that differ, fewer than two strengths, an unknown floor or
            language.

    >>> faces = np.zeros((2, 3, 8, 8, 3), np.uint8)
    >>> page = film_page([Card("direction 0", None, {}, 0.0741, {}, [], None, faces)], unedited=faces[:, 1],
    ...     strengths=[-2, 0, 2], title="faces", samples=["seed 0", "seed 1"], facts={"licence": "MIT"})
    >>> page.count('type="range"'), page.count("data:image/jpeg"), "7.4 %" in page
    (1, 4, True)
    """
    words, strengths = Words(language, "figures", "survey"), np.asarray(strengths, dtype=float)
    unedited = checked_pictures(unedited, "N")
    if len(strengths) < 2 or not cards:
        raise InputError("a slider needs at least one direction and two strengths")
    check_number("names of samples", samples, len(unedited))
    shape = (len(unedited), len(strengths), *unedited.shape[1:])
    for card in cards:
        if tuple(card.pictures.shape) != shape:
            raise InputError(f"pictures of '{card.name}' have shape {tuple(card.pictures.shape)}, not {shape}")
    for name in floor or ():
        if name not in MEASURED:
            raise unknown("floor", name, MEASURED)
    side = size or min(max(shape[2:4]), LARGEST)
    unedited = fitted(unedited, side)
    sheet = Sheet(len(strengths), *unedited.shape[1:3])
    maps, scale = heat_maps([card.heat for card in cards])
    shown = []
    for card, heat in zip(cards, maps, strict=True):
        moved = (fitted(checked_pictures(card.pictures[n], "S"), side) for n in range(len(unedited)))
        numbers = {"share": number("share", card.share, words)}
        numbers |= {name: number(name, card.numbers.get(name), words) for name in MEASURED}
        sheets = [embedded(sheet.fill(one), quality) for one in moved]
        label = said(card.label, words)
        shown.append({"name": card.name, "label": label, "numbers": numbers, "sheets": sheets, "heat": heat})
    written, zero, several = labels(strengths), zero_column(strengths), len(unedited)
    told = {"unit": unit or words("unit"), "first": written[0], "last": written[-1], "steps": len(written)}
    values = {
        "t": words,
        "language": words.language,
        "title": title,
        "lead": words.sentences(
            words.count("film_lead", several), "" if zero is None else words("film_zero"), words("film_made")
        ),
        "partly": words("film_partly", n=len(cards), asked=asked) if asked and asked > len(cards) else "",
        "samples": samples,
        "facts": facts,
        "command": any(name in facts for name in ("command", words("command"))),
        "directions": shown,
        "unedited": [embedded(picture, quality) for picture in unedited],
        "sheet": sheet,
        "strengths": written,
        "zero": zero,
        "scale": scale,
        "columns": [("share", words("share")), *((name, _heading(name, words)) for name in MEASURED)],
        "floor": {name: _spread(name, floor.get(name), words) for name in MEASURED} if floor else {},
        "meanings": [(name, text) for name, text in _meanings(told, scale.most, words) if text],
    }
    return render("film.html", values)


def _heading(name: str, words: Words) -> str:
    return words("film_change") if name == "change" else words(name)


def _spread(name: str, given: tuple[float, float] | None, words: Words) -> str:
    if name == "ratio":
        return number("ratio", 1.0, words)
    return ABSENT if given is None else f"{words.number(given[0])} ± {words.number(given[1])}"


def _meanings(told: Mapping[str, object], most: str, words: Words) -> list[tuple[str, str]]:
    """Explain every number of the page."""
    listed = [
        (words("mean_strength"), words("mean_film_strength_text", **told)),
        (words("share"), words("mean_film_share_text")),
        (words("film_change"), words("mean_film_change_text")),
    ]
    listed += [(words(name), words(f"mean_{name}_text")) for name in ("ratio", "monotonic", "consistency")]
    return [*listed, (words("mean_heat"), words("mean_film_heat_text", most=most) if most != "0" else "")]
