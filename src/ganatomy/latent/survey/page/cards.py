"""One direction on the page of a generator's directions: what is known of it, and how that is written and drawn.

A card holds what others measured and judges nothing but what to show first. Its bars have one scale a page: from -m to
+m, where m is the largest end of an interval or null of any of them, so that bars of two cards can be compared by eye.
What was not measured is None (or NaN), and is written as a dash. Texts come as {"en": ..., "zh": ...}; where one
language is missing, the other stands. Not guaranteed: that a label is the right word for what a person sees.

Shapes: `N` samples, `S` strengths, `h` x `w` a picture's pixels, `H` x `W` a heat map's.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ganatomy.languages import ABSENT, Words

NUMBERS = ("change", "ratio", "consistency", "monotonic", "half")
"""What `Card.numbers` may hold, in the order in which it is shown."""

FIRST = 5  # so many bars are shown at once, the others on demand
_FULL = 0.48  # of an axis' width that the largest effect takes, so that its cap is not cut

Text = Mapping[Any, str]  # by language


class Pictures(Protocol):
    """Pictures (N, S, h, w, 3), uint8, that are read one sample at a time: an array, or what makes them when asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, h, w, 3)."""
        ...

    def __getitem__(self, n: int, /) -> np.ndarray:
        """Return the pictures (S, h, w, 3) of one sample."""
        ...


@dataclass(frozen=True)
class Bar:
    """What a direction does to one attribute of pictures.

    Attributes:
        title: the attribute's, by language.
        unit: of the attribute.
        group: attributes of one group are one meaning in a label.
        effect: in standard deviations of the attribute, per unit of strength.
        low: where the 95 % interval of the effect begins.
        high: where it ends.
        null: root mean square of the effects of random directions, in the same unit.
        follows: share of samples that move the way of the effect, in [0, 1].
        main: whether it is part of the direction's label.
        moved: whether the direction moves it, by the rule that gives labels (`labels.rule.is_moved`).
        plus: what positive strengths do to it in words, by language.
        minus: what negative ones do; may be missing.
    """

    title: Text
    unit: str
    group: str
    effect: float
    low: float
    high: float
    null: float
    follows: float
    main: bool = False
    moved: bool = False
    plus: Text = field(default_factory=dict)
    minus: Text = field(default_factory=dict)

    @property
    def attribute(self) -> tuple[str, str, str]:
        """What tells its attribute from others: title, group and unit."""
        return self.title.get("en", ""), self.group, self.unit

    @property
    def ratio(self) -> float | None:
        """How many times the null the effect is; None where one of them was not measured, or the null is 0."""
        ratio = abs(self.effect) / self.null if measured(self.null) and self.null > 0 else math.nan
        return ratio if measured(self.effect) and measured(ratio) else None


@dataclass(frozen=True, eq=False)
class Card:
    """A direction, its numbers and its pictures.

    Attributes:
        name: such as "direction 0".
        label: what it means, by language; None for an unnamed direction.
        plus: what positive strengths do, by language; may be empty.
        share: of the values' sum, in [0, 1].
        numbers: of `NUMBERS`, those that were measured.
        bars: one an attribute, in the order of the attributes.
        heat: mean absolute change of each pixel in grey levels, (H, W).
        pictures: of N samples at S strengths.
        leakage: the largest effect on another attribute over that on the label's first.
        minus: what negative strengths do, by language; may be empty.
    """

    name: str
    label: Text | None
    plus: Text
    share: float | None
    numbers: Mapping[str, float | None]
    bars: Sequence[Bar]
    heat: np.ndarray | None
    pictures: Pictures
    leakage: float | None = None
    minus: Text = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Method:
    """What one method found.

    Attributes:
        name: as it is typed: "sefa".
        title: for people, by language.
        cards: its directions, in its order.
        medians: of `NUMBERS` over its directions.
        stability: the median angle in degrees by which directions turn when it is run again; None if not asked for.
    """

    name: str
    title: Text
    cards: Sequence[Card]
    medians: Mapping[str, float | None] = field(default_factory=dict)
    stability: float | None = None


@dataclass(frozen=True, eq=False)
class Agreement:
    """How the directions of two methods agree.

    Attributes:
        methods: names of the two.
        overlap: of what they span, in [0, 1].
        chance: what it would be for random directions.
        partner: for each direction of the first, which of the second it was matched with; -1 or None for none.
        matched: |cosine| of each such pair. Both may be empty, where nothing was matched.
    """

    methods: tuple[str, str]
    overlap: float
    chance: float
    partner: Sequence[int | None] = ()
    matched: Sequence[float] = ()

    @property
    def pairs(self) -> list[tuple[int, int, float]]:
        """List the matched directions of both, each with the |cosine|."""
        rows = enumerate(zip(self.partner, self.matched, strict=True))
        return [(k, int(j), float(cosine)) for k, (j, cosine) in rows if j is not None and j >= 0]


def known(value: float | None) -> float | None:
    """Return a number; None for what was not measured.

    >>> known(np.float64(2)), known(None), known(float("nan"))
    (2.0, None, None)
    """
    return None if value is None or not math.isfinite(value) else float(value)


def measured(value: float | None) -> bool:
    """Say whether there is a number.

    >>> measured(0.0), measured(None), measured(float("nan")), measured(float("inf"))
    (True, False, False, False)
    """
    return value is not None and math.isfinite(value)


def said(text: Text | None, words: Words) -> str:
    """Choose the text of the page's language; the other one where it is missing; "" for none.

    >>> said({"en": "smile"}, Words("zh")), said(None, Words("en"))
    ('smile', '')
    """
    if not text:
        return ""
    return text.get(words.language) or text.get("en") or next(iter(text.values()))


def signed(value: float | None) -> str:
    """Write an effect with its sign, to two decimals.

    >>> signed(0.966), signed(-0.25), signed(-0.001), signed(None)
    ('+0.97', '−0.25', '0.00', '–')
    """
    if not measured(value):
        return ABSENT
    text = f"{value:+.2f}".replace("-", "−")
    return text if text[1:] != "0.00" else "0.00"


def number(name: str, value: float | None, words: Words) -> str:
    """Write one of a direction's numbers as it is shown.

    >>> words = Words("en")
    >>> number("share", 0.0741, words), number("ratio", 3.21, words), number("half", 0.234, words)
    ('7.4 %', '3.21 ×', '23 %')
    """
    value = known(value)
    if value is None:
        return ABSENT
    if name == "share":
        return words("percent", value=f"{100 * value:.1f}")
    return {"half": words.percent, "ratio": words.ratio}.get(name, words.number)(value)


def largest(cards: Iterable[Card]) -> float:
    """Return m, which every axis of the page has at its ends; 1 if nothing was measured.

    >>> largest([])
    1.0
    """
    ends = [abs(v) for card in cards for bar in card.bars for v in (bar.effect, bar.low, bar.high, bar.null)]
    return max((end for end in ends if measured(end)), default=0.0) or 1.0


def shown_bar(bar: Bar, most: float, words: Words) -> dict[str, Any]:
    """Return what the template shows of a bar: texts, and places on the axis in hundredths of its width.

    >>> turn = Bar({"en": "turn"}, "degrees", "pose", -0.5, -0.6, -0.4, 0.1, 0.94, True)
    >>> shown = shown_bar(turn, 1.0, Words("en", "survey"))
    >>> shown["effect"], shown["interval"], shown["follows"], shown["null"], shown["ratio"], shown["main"]
    ('−0.50', '−0.60 to −0.40', '94 %', '0.10', '5.00 ×', True)
    >>> shown["bar"], shown["range"], shown["band"]
    ((26.0, 24.0), (21.2, 30.8), (45.2, 9.6))
    """

    def at(value: float) -> float:
        return round(50 + 100 * _FULL * value / most, 2)

    whole = measured(bar.low) and measured(bar.high)
    ends = sorted((50.0, at(bar.effect))) if measured(bar.effect) else None
    band = (at(-bar.null), at(bar.null)) if measured(bar.null) else None
    return {
        "title": said(bar.title, words),
        "unit": bar.unit,
        "effect": signed(bar.effect),
        "interval": words("range", low=signed(bar.low), high=signed(bar.high)) if whole else ABSENT,
        "follows": words.percent(bar.follows) if measured(bar.follows) else ABSENT,
        "null": words.number(bar.null),
        "ratio": words.ratio(bar.ratio),
        "main": bar.main,
        "way": said(bar.plus, words),
        "negative": measured(bar.effect) and bar.effect < 0,
        "bar": (ends[0], round(ends[1] - ends[0], 2)) if ends else None,
        "range": (at(bar.low), at(bar.high)) if whole else None,
        "band": (band[0], round(band[1] - band[0], 2)) if band else None,
    }


def ranked(bars: Sequence[Bar]) -> list[Bar]:
    """Order bars as they are shown: those of the label first, then by the size of the effect; unmeasured ones last.

    >>> bars = [Bar({"en": "turn"}, "", "pose", effect, 0, 0, 0, 0) for effect in (0.1, -0.2)]
    >>> [bar.effect for bar in ranked(bars)]
    [-0.2, 0.1]
    """
    return sorted(bars, key=lambda bar: (not bar.main, -abs(bar.effect) if measured(bar.effect) else 0.0))


def in_words(card: Card, words: Words) -> str:
    """Say a label's numbers: effects per unit of strength, and shares of samples that follow; "" if there are none.

    >>> turn = Bar({"en": "turn"}, "degrees", "pose", 0.97, 0.9, 1.0, 0.1, 0.94, True)
    >>> pictures = np.zeros((1, 2, 4, 4, 3), np.uint8)
    >>> card = Card("sefa 0", {"en": "pose (yaw)"}, {}, 0.07, {}, [turn], None, pictures)
    >>> in_words(card, Words("en", "survey"))
    '+0.97 sd a unit, 94 % of samples'
    """
    main = [bar for bar in ranked(card.bars) if bar.main and measured(bar.effect) and measured(bar.follows)]
    if not main or card.label is None:
        return ""
    effects = words("list_comma").join(signed(bar.effect) for bar in main)
    return words("in_words", effects=effects, shares=words("list_comma").join(words.percent(b.follows) for b in main))
