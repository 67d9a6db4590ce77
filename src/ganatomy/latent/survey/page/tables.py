"""Tables of directions: methods beside one another, how they overlap, and all numbers of all directions for a file.

Not guaranteed: that a number as shown is the number; the file's rows and the keys by which tables are sorted are.

Shapes: `K` directions in all.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from ganatomy.languages import ABSENT, Words
from ganatomy.latent.survey.page.cards import NUMBERS, Agreement, Card, Method, known, measured, number, said
from ganatomy.pages.tables import Field

Value = str | float | None


def methods_table(methods: Sequence[Method], words: Words) -> dict[str, Any]:
    """Lay out the methods with the medians over their directions.

    >>> found = Method("sefa", {"en": "SeFa"}, [], {"change": 12.13}, 0.0)
    >>> table = methods_table([found], Words("en", "survey"))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['SeFa', '0', '0', '12.1', '–', '–', '–', '–', '0°']
    """
    rows = []
    for method in methods:
        counts = len(method.cards), sum(card.label is not None for card in method.cards)
        entries = [Field.word(said(method.title, words)), *(Field.number(n, str(n)) for n in counts)]
        for name in NUMBERS:
            value = method.medians.get(name)
            entries.append(Field.number(value, number(name, value, words)))
        angle = method.stability
        turned = words("degrees", value=f"{angle:.1f}".removesuffix(".0")) if measured(angle) else ABSENT
        rows.append({"entries": [*entries, Field.number(angle, turned)], "faded": False})
    columns = ("method", "directions", "named", *NUMBERS, "stability")
    return _table("methods", columns, rows, words)


def overlaps_table(methods: Sequence[Method], agreements: Sequence[Agreement], words: Words) -> dict[str, Any]:
    """Lay out how each two methods overlap.

    >>> found = Agreement(("sefa", "random"), 0.31, 0.1, [1, 0], [0.5, 0.25])
    >>> table = overlaps_table([], [found], Words("en", "survey"))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['sefa', 'random', '0.31', '0.10', '3.10 ×', '0.38']
    """
    titles = {method.name: said(method.title, words) for method in methods}
    rows = []
    for found in agreements:
        cosines = [cosine for *_, cosine in found.pairs if measured(cosine)]
        middle = median(cosines) if cosines else None
        excess = found.overlap / found.chance if found.chance else None
        entries = [Field.word(titles.get(name, name)) for name in found.methods]
        entries += [Field.number(value, words.number(value)) for value in (found.overlap, found.chance)]
        entries += [Field.number(excess, words.ratio(excess)), Field.number(middle, words.number(middle))]
        rows.append({"entries": entries, "faded": False})
    return _table("overlaps", ("first", "second", "overlap", "chance", "excess", "matched"), rows, words)


def _table(name: str, columns: Sequence[str], rows: Sequence[Any], words: Words) -> dict[str, Any]:
    text = ("method", "first", "second")
    headings = [{"text": words(f"col_{c}"), "kind": "name" if c in text else "number"} for c in columns]
    return {"name": name, "headings": headings, "rows": rows, "intro": words(f"{name}_intro")}


_HEADINGS = ("method", "direction", "label", "plus", "minus")
_NUMBERS = ("share", "change a unit", "over random", "consistency", "monotonic", "half within", "leakage")
_OF_BAR = ("effect", "low", "high", "null", "follows")


def directions_table(methods: Sequence[Method]) -> tuple[list[str], list[list[Value]]]:
    """List all numbers of all directions, a row a direction, for a file; what was not measured is None.

    A file is for programs, so that it is in English whatever the page's language is.

    Args:
        methods: with their cards.

    Returns:
        The headings, and K rows as long: of every attribute the effect, its interval, the null and who follows.

    >>> import numpy as np
    >>> from ganatomy.latent.survey.page.cards import Bar
    >>> turn = Bar({"en": "turn"}, "degrees", "pose", 0.97, 0.9, 1.0, 0.1, 0.94, True)
    >>> pictures = np.zeros((1, 2, 4, 4, 3), np.uint8)
    >>> card = Card("sefa 0", {"en": "pose"}, {"en": "to the right"}, 0.07, {"change": 12.0}, [turn], None, pictures)
    >>> columns, rows = directions_table([Method("sefa", {"en": "SeFa"}, [card])])
    >>> columns[:5], columns[-5:][0]
    (['method', 'direction', 'label', 'plus', 'minus'], 'turn: effect')
    >>> rows[0][:6], rows[0][-5:]
    (['sefa', 'sefa 0', 'pose', 'to the right', '', 0.07], [0.97, 0.9, 1.0, 0.1, 0.94])
    """
    words = Words("en", "survey")
    cards = [(method, card) for method in methods for card in method.cards]
    attributes = {bar.attribute: said(bar.title, words) for _, card in cards for bar in card.bars}
    columns = [*_HEADINGS, *_NUMBERS, *(f"{title}: {name}" for title in attributes.values() for name in _OF_BAR)]
    return columns, [[method.name, *_row(card, list(attributes), words)] for method, card in cards]


def _row(card: Card, attributes: Sequence[tuple[str, str, str]], words: Words) -> list[Value]:
    bars = {bar.attribute: bar for bar in card.bars}
    numbers = [card.share, *(card.numbers.get(name) for name in NUMBERS), card.leakage]
    numbers += [getattr(bars.get(attribute), name, None) for attribute in attributes for name in _OF_BAR]
    texts = [card.name, *(said(text, words) for text in (card.label, card.plus, card.minus))]
    return [*texts, *map(known, numbers)]
