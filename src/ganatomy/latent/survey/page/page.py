"""The page of a generator's directions: what each does, measured and shown, sorted, filtered and compared.

A card a direction holds its label, the effects on attributes beside the null of random directions, its numbers, where
pictures change, and N sheets of S pictures (`page.Sheet`) over which a slider moves. Tables compare the methods; two of
them can be put side by side, matched directions beside one another. One file, English or Chinese, that needs nothing
else: a script only sorts, hides and moves what is there, and pictures of a card are decoded when it comes into view.
Not guaranteed: that a label is the right word for what a person sees; that is what the pictures are for.

Shapes: `N` samples, `S` strengths, `h` x `w` a picture's pixels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.figures.pictures.mosaic import check_number, checked_pictures, fitted
from ganatomy.figures.pictures.traversals import labels, zero_column
from ganatomy.languages import Words
from ganatomy.latent.survey.page.cards import (
    FIRST,
    NUMBERS,
    Agreement,
    Bar,
    Card,
    Method,
    in_words,
    known,
    largest,
    measured,
    number,
    ranked,
    said,
    shown_bar,
    signed,
)
from ganatomy.latent.survey.page.heat import heat_maps
from ganatomy.latent.survey.page.tables import directions_table, methods_table, overlaps_table
from ganatomy.pages.page import Sheet, embedded, render

__all__ = ["Agreement", "Bar", "Card", "Method", "directions_page", "directions_table"]

SIZE = 128
"""Pixels of a picture's longer side, at most, unless more are asked for."""

_PIXELS = 22_000_000  # of all moved pictures together: some 13 MB of page if they are very busy
_SMALLEST = 48
_CELLS = 11, 5  # pictures in a strip at most: on a screen, on a phone
_ROW = 6  # samples side by side, at most
_WANTED = 200  # codes that a label should rest on
_MEANINGS = (
    *("strength", "label", "effect", "interval", "follow", "null", "leakage", "share", *NUMBERS, "heat"),
    *("stability", "overlap", "matched"),
)


def directions_page(
    methods: Sequence[Method],
    agreements: Sequence[Agreement] = (),
    *,
    unedited: np.ndarray,
    strengths: Sequence[float] | np.ndarray,
    samples: Sequence[str],
    title: str,
    facts: Mapping[str, str],
    n_codes: int | None = None,
    language: str | None = None,
    size: int | None = None,
    quality: int = 85,
) -> str:
    """Write the page, as the text of one HTML file that needs nothing else.

    Args:
        methods: with their cards, whose pictures are read one sample at a time.
        agreements: of each two methods.
        unedited: uint8 (N, h, w, 3).
        strengths: ascending, (S,).
        samples: what to call the samples, N texts such as "seed 0".
        title: of the page.
        facts: what else to say, name -> text: source, licence, versions; "command" (in Chinese
            also "命令") is how to repeat it.
        n_codes: over how many codes labels were measured; None if they were not.
        language: "en" or "zh"; None for the one that is `languages.chosen`.
        size: the longer side of a picture in pixels; by default the picture's own, at most 128, and less where there
            are so many pictures that the page would open slowly.
        quality: of the JPEGs, 1 to 95.

    Raises:
        InputError: an unknown language or method, arrays of other types or shapes, numbers that differ, no direction.

    >>> faces = np.zeros((2, 3, 8, 8, 3), np.uint8)
    >>> turn = Bar({"en": "turn"}, "degrees", "pose", 0.97, 0.9, 1.0, 0.1, 0.94, True)
    >>> card = Card("sefa 0", {"en": "pose (yaw)"}, {"en": "to the right"}, 0.07, {"change": 12.1}, [turn], None, faces)
    >>> page = directions_page([Method("sefa", {"en": "SeFa"}, [card])], unedited=faces[:, 1], strengths=[-2, 0, 2],
    ...     samples=["seed 0", "seed 1"], title="faces", facts={"licence": "MIT"}, n_codes=200)
    >>> "+0.97 sd a unit, 94 % of samples" in page, page.count("data:image/jpeg"), "://" in page
    (True, 4, False)
    """
    words, amounts = Words(language, "survey"), np.asarray(strengths, dtype=float)
    unedited = checked_pictures(unedited, "N")
    _check(methods, agreements, unedited, amounts, samples)
    cards = [(m, k, card) for m, method in enumerate(methods) for k, card in enumerate(method.cards)]
    size = size or _side(unedited, len(cards) * len(unedited) * len(amounts))
    unedited = fitted(unedited, size)
    sheet = Sheet(len(amounts), *unedited.shape[1:3])
    attributes = {bar.attribute: said(bar.title, words) for *_, card in cards for bar in card.bars}
    maps, scale = heat_maps([card.heat for *_, card in cards], SIZE)
    links, most = _links(methods, agreements, words), largest([card for *_, card in cards])
    written, last = labels(amounts), len(amounts) - 1
    commands, shown = ("command", words("command")), []
    for (m, k, card), heat in zip(cards, maps, strict=True):
        moved = (fitted(checked_pictures(card.pictures[n], "S"), size) for n in range(len(unedited)))
        values = _card(card, methods[m], most, list(attributes), words)
        sheets = [embedded(sheet.fill(one), quality) for one in moved]
        shown.append({**values, "id": _id(m, k), "method": m, "heat": heat, "sheets": sheets, "links": links[m, k]})
    named = sum(card.label is not None for *_, card in cards)
    counted = {"n": len(cards), "named": named, "codes": n_codes}
    overlaps = [overlaps_table(methods, agreements, words)] if agreements else []
    return render(
        "directions.html",
        {
            "t": words,
            "language": words.language,
            "title": title,
            "lead": words("lead", n=len(cards), methods=words.listed([said(m.title, words) for m in methods])),
            "rest": words("labels_none") if n_codes is None else words("labels_rest", **counted),
            "few": words("labels_few", codes=n_codes) if n_codes is not None and n_codes < _WANTED else "",
            "cards": shown,
            "methods": [said(method.title, words) for method in methods],
            "pairs": _pairs(methods, agreements),
            "attributes": list(attributes.values()),
            "unedited": [embedded(picture, quality) for picture in unedited],
            "samples": samples,
            "columns": math.ceil(len(samples) / math.ceil(len(samples) / _ROW)),
            "sheet": sheet,
            "strengths": written,
            "last": last,
            "zero": zero_column(amounts),
            "cells": [_spread(last, cells) for cells in _CELLS],
            "ends": signed(most),
            "scale": scale,
            "first": FIRST,
            "sorts": ("share", *NUMBERS, "leakage"),
            "tables": [methods_table(methods, words), *overlaps],
            "meanings": _meanings(written, scale.most, words),
            "command": next((facts[name] for name in commands if name in facts), ""),
            "facts": [(name, [text]) for name, text in facts.items() if name not in commands],
        },
    )


def _check(
    methods: Sequence[Method],
    agreements: Sequence[Agreement],
    unedited: np.ndarray,
    strengths: np.ndarray,
    samples: Sequence[str],
) -> None:
    """See that there is something to show, and that all shapes belong together."""
    if strengths.ndim != 1 or len(strengths) < 2 or not any(method.cards for method in methods):
        raise InputError("a page of directions needs at least one direction and two strengths")
    check_number("names of samples", samples, len(unedited))
    shape = (len(unedited), len(strengths), *unedited.shape[1:])
    for card in (card for method in methods for card in method.cards):
        if tuple(card.pictures.shape) != shape:
            raise InputError(f"pictures of '{card.name}' have shape {tuple(card.pictures.shape)}, not {shape}")
    counts = {method.name: len(method.cards) for method in methods}
    if len(counts) < len(methods):
        raise InputError(f"methods {', '.join(method.name for method in methods)}: each once")
    for found in agreements:
        for name in found.methods:
            if name not in counts:
                raise unknown("method", name, counts)
        one, other = (counts[name] for name in found.methods)
        if any(k >= one or j >= other for k, j, _ in found.pairs):
            raise InputError(f"{' and '.join(found.methods)}: a match of a direction that is not there")


def _side(unedited: np.ndarray, pictures: int) -> int:
    """Choose the longer side of pictures, so that all of them take at most some `_PIXELS`."""
    own = min(max(unedited.shape[1:3]), SIZE)
    return min(own, max(_SMALLEST, math.isqrt(_PIXELS // pictures)))


def _spread(last: int, most: int) -> list[int]:
    """Choose at most so many strengths for a strip, equally far apart but for rounding, both ends among them."""
    return sorted({round(s) for s in np.linspace(0, last, min(most, last + 1))})


def _id(m: int, k: int) -> str:
    return f"d{m}-{k}"


def _title(card: Card, method: Method, words: Words) -> str:
    """Call a direction by its method's title: "SeFa 0" for "sefa 0", "SeFa: turn" for "turn"."""
    title = said(method.title, words)
    rest = card.name.removeprefix(method.name).lstrip()
    return f"{title} {rest}" if rest != card.name else title + words("colon") + card.name


def _links(
    methods: Sequence[Method], agreements: Sequence[Agreement], words: Words
) -> dict[tuple[int, int], list[dict[str, str]]]:
    """Say of each direction with which of other methods it was matched."""
    links: dict[tuple[int, int], list[dict[str, str]]] = {
        (m, k): [] for m, method in enumerate(methods) for k in range(len(method.cards))
    }
    for one, other, pairs in _pairs(methods, agreements):
        for k, j, cosine in pairs:
            for here, there in (((one, k), (other, j)), ((other, j), (one, k))):
                method = methods[there[0]]
                said_ = {"name": _title(method.cards[there[1]], method, words), "cosine": words.number(cosine)}
                links[here].append({"id": _id(*there), **said_})
    return links


def _pairs(methods: Sequence[Method], agreements: Sequence[Agreement]) -> list[tuple[int, int, list[Any]]]:
    """List which methods were compared, by their places, and their matched directions with |cosine|."""
    places = {method.name: m for m, method in enumerate(methods)}
    return [(places[found.methods[0]], places[found.methods[1]], found.pairs) for found in agreements]


def _card(
    card: Card, method: Method, most: float, attributes: Sequence[tuple[str, str, str]], words: Words
) -> dict[str, Any]:
    """Return what the template shows of a direction, and the keys by which it is sorted and found."""
    bars, label = ranked(card.bars), said(card.label, words)
    effects = {bar.attribute: float(bar.effect) if measured(bar.effect) else None for bar in bars}
    numbers = {"share": card.share, **{name: card.numbers.get(name) for name in NUMBERS}, "leakage": card.leakage}
    name, plus, minus = _title(card, method, words), said(card.plus, words), said(card.minus, words)
    moved = [bar for bar in bars if bar.moved]
    own = [abs(bar.effect) for bar in bars if bar.main and measured(bar.effect)]
    return {
        "name": name,
        "label": label,
        "plus": plus,
        "minus": minus or (words("no_way") if plus else ""),
        "said": in_words(card, words),
        "numbers": [(key, words(key), number(key, value, words)) for key, value in numbers.items()],
        "bars": [shown_bar(bar, most, words) for bar in bars],
        "keys": {
            **{key: known(value) for key, value in numbers.items()},
            "effect": max(map(float, own), default=None),
            "label": label,
            "effects": [effects.get(attribute) for attribute in attributes],
            "moved": [attributes.index(bar.attribute) for bar in moved],
            "text": " ".join([name, label, plus, minus, *(said(bar.title, words) for bar in moved)]).casefold(),
        },
    }


def _meanings(strengths: Sequence[str], most: str, words: Words) -> list[tuple[str, list[str]]]:
    """Explain every number of the page."""
    values = {"first": strengths[0], "last": strengths[-1], "steps": len(strengths), "most": most}
    return [(words(f"mean_{name}"), [words(f"mean_{name}_text", **values)]) for name in _MEANINGS]
