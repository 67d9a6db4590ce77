"""What is said to people, in English or in Chinese: texts by name, and numbers as people of that language write them.

A table is a file `words/<table>.json` of this package, name -> {"en": text, "zh": text}; `shared.json` is part of every
set of words, and a table of one's own goes before it. A text has holes in braces for values; in English "one|many" is
the form for one and for other numbers. What is a name (an objective, a file, a command) is the same in both, and
files for machines (CSV, JSON) are in neither. Not guaranteed: that a name given by a caller means something to the
reader.
"""

import json
import math
import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

from ganatomy.errors import unknown

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
VARIABLE = "GANATOMY_LANGUAGE"
"""The environment variable that chooses the language where none is given."""

ABSENT = "–"  # of a number that was not measured

_STOPS = re.compile(r" *([，。；：、！？（）［］“”]) *")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WRITTEN = {
    "gan": "GAN",
    "ns-gan": "NS-GAN",
    "wgan": "WGAN",
    "wgan-gp": "WGAN-GP",
    "lsgan": "LSGAN",
    "hinge": "Hinge GAN",
    "rpgan": "RpGAN",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
}


def chosen(language: str | None = None) -> Language:
    """Return the language that is meant: the one given, or that of `VARIABLE`, or English.

    Raises:
        InputError: another language than `LANGUAGES`.

    >>> chosen("zh")
    'zh'
    >>> chosen("fr")
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown language 'fr'; Known: en, zh
    """
    asked = os.environ.get(VARIABLE, "") if language is None else language
    if language is None and not asked:
        return "en"
    for known in LANGUAGES:
        if asked == known:
            return known
    raise unknown("language" if language is not None else f"language in {VARIABLE}", asked, LANGUAGES)


@cache
def _texts(tables: tuple[str, ...]) -> dict[str, dict[str, str]]:
    folder = resources.files("ganatomy") / "words"
    files = [folder / f"{table}.json" for table in ("shared", *tables)]
    return {name: text for file in files for name, text in json.loads(file.read_text(encoding="utf-8")).items()}


def written(name: str) -> str:
    """Write an objective's or optimizer's name as papers do; a name that is not known stays.

    >>> written("wgan-gp"), written("my.py:Mine")
    ('WGAN-GP', 'my.py:Mine')
    """
    return _WRITTEN.get(name, name)


class Words:
    """The words of one language.

    Args:
        language: one of `LANGUAGES`; None for the one that is `chosen`.
        tables: with the texts, such as "study"; a later one goes before an earlier one.

    Raises:
        InputError: another language than `LANGUAGES`.

    >>> words = Words("zh")
    >>> words("meanings"), Words("en", "study").count("n_seeds", 1), words.seconds(125), words.ratio(1.618)
    ('数字的含义', '1 seed', '2 分 5 秒', '1.62 倍')
    """

    def __init__(self, language: str | None, *tables: str) -> None:
        self.language: Language = chosen(language)
        self._texts = _texts(tables)

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its holes filled.

        >>> Words("zh")("noted", text="GAN （甲）", note="5e-5 ")
        'GAN（甲）（5e-5）'
        """
        return self._set(self._texts[name][self.language].format(**values))

    def _set(self, text: str) -> str:
        """Set Chinese as it is set: full-width stops and brackets bring their own space, whatever filled a hole."""
        return _STOPS.sub(r"\1", text) if self.language == "zh" else text

    def has(self, name: str) -> bool:
        """Say whether there is a text of that name."""
        return name in self._texts

    def count(self, name: str, n: int, /, **values: object) -> str:
        """Return a text that says how many, with its other holes filled."""
        forms = self._texts[name][self.language].split("|")
        return self._set(forms[0 if n == 1 else -1].format(n=n, **values))

    def listed(self, items: Sequence[str]) -> str:
        """Write "a, b and c".

        >>> Words("en").listed(["a", "b", "c"]), Words("zh").listed(["a", "b", "c"])
        ('a, b and c', 'a、b、c')
        """
        *rest, last = items
        return self("list_comma").join(rest) + self("list_and") + last if rest else last

    def sentences(self, *sentences: str) -> str:
        """Put sentences behind one another, as people of the language do; empty ones are left out.

        >>> Words("en").sentences("One.", "", "Two."), Words("zh").sentences("一。", "二。")
        ('One. Two.', '一。二。')
        """
        return ("" if self.language == "zh" else " ").join(filter(None, sentences))

    def titled(self, name: str, label: str) -> str:
        """Write a name and what it means, if that is known.

        >>> Words("en").titled("0", "pose (yaw)"), Words("zh").titled("0", "左右转头"), Words("en").titled("0", "")
        ('0: pose (yaw)', '0：左右转头', '0')
        """
        return f"{name}{self('colon')}{label}" if label else name

    def number(self, value: float | None) -> str:
        """Write a number to three digits, or a dash for None and what is no number.

        >>> [Words("en").number(value) for value in (31.416, -0.5, 7.4e-6, float("nan"))]
        ['31.4', '−0.50', '7.4×10⁻⁶', '–']
        """
        if value is None or math.isnan(value):
            return ABSENT
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        size = abs(value)
        if size and (size < 0.005 or size >= 1e6):
            mantissa, _, exponent = f"{value:.1e}".partition("e")
            text = f"{mantissa.removesuffix('.0')}×10{str(int(exponent)).translate(_RAISED)}"
        else:
            text = f"{value:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"
        return text.replace("-", "−")

    def ratio(self, value: float | None) -> str:
        """Write how many times as much."""
        text = self.number(value)
        return text if text == ABSENT else self("times", ratio=text)

    def percent(self, share: float) -> str:
        """Write a share of 1 in hundredths."""
        return self("percent", value=f"{100 * share:.0f}")

    def seconds(self, value: float | None) -> str:
        """Write a duration given in seconds.

        >>> [Words("en").seconds(s) for s in (0.4, 35, 125, 7321)]
        ['0.4 s', '35 s', '2 min 5 s', '2 h 2 min']
        """
        if value is None or not math.isfinite(value):
            return ABSENT
        if value < 9.95:
            return self("s", s=f"{value:.1f}")
        minutes, s = divmod(round(value), 60)
        hours, min_ = divmod(minutes, 60)
        if hours:
            return self("h_min", h=hours, min=min_)
        return self("min_s", min=minutes, s=s) if minutes else self("s", s=s)

    def rate(self, value: float) -> str:
        """Write a learning rate as one types it.

        >>> Words("en").rate(5e-05), Words("en").rate(0.00025), Words("en").rate(0.001), Words("en").rate(math.nan)
        ('5e-5', '2.5e-4', '0.001', '–')
        """
        if not math.isfinite(value):
            return ABSENT
        if abs(value) >= 0.001 or not value:
            return f"{value:g}"
        mantissa, _, exponent = f"{value:.5e}".partition("e")
        return f"{float(mantissa):g}e{int(exponent)}"

    def interval(self, low: float, high: float, never: str = "") -> str:
        """Write "1.41–2.10", or "" where there is none; with a word for infinity, whole numbers.

        >>> words = Words("en")
        >>> words.interval(1.41, 2.1), words.interval(80, math.inf, "never"), words.interval(1, math.nan)
        ('1.41–2.10', '80–never', '')
        """
        if math.isnan(low) or math.isnan(high):
            return ""
        ends = [never if math.isinf(e) else f"{e:.0f}" for e in (low, high)] if never else map(self.number, (low, high))
        return "–".join(ends)
