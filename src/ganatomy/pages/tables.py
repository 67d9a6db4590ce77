"""What stands in the tables of pages, whose headings sort them.

Not guaranteed: that a number as it is shown is the number; what it is sorted by is.
"""

import math
from dataclasses import dataclass

from ganatomy.languages import ABSENT


@dataclass(frozen=True)
class Field:
    """What stands in a table, what it is sorted by ("" for what was not measured), and a note such as an interval.

    >>> Field.number(2.5, "2.50"), Field.number(None, ABSENT).key, Field.word("GAN").key
    (Field(text='2.50', key='2.5', note=''), '', 'GAN')
    """

    text: str
    key: str
    note: str = ""

    @classmethod
    def number(cls, value: float | None, text: str, note: str = "") -> "Field":
        """Make a field that is sorted by a number."""
        if value is None or math.isnan(value):
            return cls(text, "", note)
        return cls(text, repr(float(value)).replace("inf", "Infinity"), note)

    @classmethod
    def word(cls, text: str) -> "Field":
        """Make a field that is sorted by its text."""
        return cls(text, "" if text == ABSENT else text)
