"""How a table is written as text: what separates its fields, how its numbers look, and whether it begins with names.

Nothing in such a file says so; it is told from its first lines. A *form* fits if by it all of them have as many fields,
and the fields are numbers. Where two forms fit, the likelier one is taken and a notice says which: of a first line of
numbers, names where pandas or a spreadsheet writes such ones, else a point; of `1,234`, a decimal comma where fields
are not separated by commas, else thousands.

Shapes: `D` fields of a line.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MARKS = "\t;|,"
"""What may separate fields, in this order; else white space does."""

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_SPECIAL = r"[+-]?(?:nan|inf|infinity)"
_GROUPS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u202f]"}  # what may part thousands
_STYLES = ((".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (",", "'"), (".", " "), (",", " "))
_LOOKS = re.compile(r"[+-]?[0-9.,'\u2019 \u00a0\u202f]*[0-9][0-9.,'\u2019 \u00a0\u202f]*[.,]?" + _EXPONENT)
_COUNTED = 8  # lines after which a column that counts them is no accident
_NAMELESS = ("", "Unnamed: 0")


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    whole = rf"[0-9]{{1,3}}(?:{_GROUPS[thousands]}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    return re.compile(rf"[+-]?(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+){_EXPONENT}|{_SPECIAL}", re.IGNORECASE)


_PATTERNS = {style: _pattern(*style) for style in _STYLES}


@dataclass(frozen=True)
class Form:
    """The form of a table.

    Attributes:
        delimiter: between fields; None is white space.
        decimal: "." or ",".
        thousands: what parts them, or "".
        width: fields of a line, D.
        header: the names of the fields; None if there are none.
        begins: how many lines come before the points: what separates fields, names.
        left_out: fields that are no coordinates: a count of the lines, an end that is empty.
        notices: what could have been read in another way.

    >>> form = form_of([",x,y", "0,1.5,2", "1,0.5,7"])
    >>> form.header, form.begins, sorted(form.left_out), form.number("1_5")
    (('', 'x', 'y'), 1, [0], None)
    """

    delimiter: str | None
    decimal: str = "."
    thousands: str = ""
    width: int = 0
    header: tuple[str, ...] | None = None
    begins: int = 0
    left_out: frozenset[int] = frozenset()
    notices: list[str] = field(default_factory=list)

    def rows(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Split lines into fields, minding quotes, in which a line may end; each with the number of its last line.

        >>> list(Form(",").rows([(1, '1, "2,5"'), (3, "7,8")])), list(Form(None).rows([(1, " 1  2 ")]))
        ([(1, ['1', '2,5']), (3, ['7', '8'])], [(1, ['1', '2'])])
        """
        if self.delimiter is None:
            yield from ((number, [part.strip('"') for part in line.split()]) for number, line in lines)
            return
        at = 0

        def told() -> Iterator[str]:
            nonlocal at
            for number, line in lines:
                at = number
                yield line.strip(" \r\n") + "\n"

        for row in csv.reader(told(), delimiter=self.delimiter, skipinitialspace=True):
            yield at, [part.strip() for part in row]

    def number(self, text: str) -> float | None:
        """Read a number; None if it is none. `1_5` is none, for which Python's own `float` takes it.

        >>> Form(";", ",", ".").number("1.234,5")
        1234.5
        """
        if not _PATTERNS[self.decimal, self.thousands].fullmatch(text):
            return None
        if self.thousands:
            text = re.sub(_GROUPS[self.thousands], "", text)
        return float(text.replace(",", ".") if self.decimal == "," else text)

    def is_number(self, text: str) -> bool:
        """Whether a field is a number.

        >>> Form(",").is_number("1e3"), Form(",").is_number("1,5")
        (True, False)
        """
        return self.number(text) is not None


def form_of(lines: Sequence[str]) -> Form:
    """Tell the form of a table from its first lines, one or more, without empty ones and comments.

    >>> form_of(["sep=;", "x;y", "0,5;1", "2;3,25"])
    Form(delimiter=';', decimal=',', thousands='', width=2, header=('x', 'y'), begins=2, left_out=frozenset(), ...)
    >>> form_of(["0,1", "0.5,2.5", "1.5,7"]).notices
    ["its first line '0,1' is read as names of columns; if it is a point, write a line of names above it"]
    """
    told = re.fullmatch(r'"?sep=(.?)"?\s*', lines[0].strip(" \r\n"), re.IGNORECASE)
    skipped = 1 if told and len(lines) > 1 else 0
    lines = lines[skipped:]
    sample = lines[1] if len(lines) > 1 else lines[0]  # the second line is no header
    delimiter = (told[1] or "\t") if told and skipped else _delimiter(sample)
    split = Form(None if delimiter == " " else delimiter)
    rows = [row for _, row in split.rows(enumerate(lines))]
    first, body = rows[0], rows[1:]
    decimal, thousands, notices = _style([text for row in rows for text in row], split.delimiter)
    form = Form(split.delimiter, decimal, thousands)
    if body and len(first) + 1 == len(body[0]) and not any(map(form.is_number, first)):
        first = ["", *first]  # as R writes names of rows
    is_header, told_header = _is_header(first, body, form, lines[0])
    notices += told_header
    header = tuple(first) if is_header else None
    points = body if is_header else rows
    width = len(first)
    left_out: set[int] = set()
    whole = [row for row in points if len(row) == width]
    if width > 1 and whole and all(row[-1] == "" for row in whole) and (header is None or header[-1] == ""):
        left_out.add(width - 1)
    for k in sorted(set(range(width)) - left_out):
        column = [row[k] for row in whole]
        name = header[k] if header else ""
        index, said = _index(column, k, name, header is not None, form)
        left_out |= {k} if index else set()
        notices += said
    counted = skipped + is_header
    return Form(form.delimiter, decimal, thousands, width, header, counted, frozenset(left_out), notices)


def _delimiter(line: str) -> str | None:
    """Tell what separates the fields of a line."""
    mark = next((mark for mark in MARKS if mark in line), None)
    parts = line.split()
    if mark == "," and len(parts) > 1 and all(_PATTERNS[",", ""].fullmatch(part) for part in parts):
        return None  # white space does, between numbers with decimal commas
    return mark


def _style(fields: Sequence[str], delimiter: str | None) -> tuple[str, str, list[str]]:
    """Tell how numbers are written: the decimal mark, what parts thousands, and a notice if it could be otherwise."""
    looks = [text for text in fields if not _PATTERNS[_STYLES[0]].fullmatch(text) and _LOOKS.fullmatch(text)]
    if not looks:
        return ".", "", []
    looks = [text for text in fields if _LOOKS.fullmatch(text)]
    fits = [
        (decimal, thousands)
        for decimal, thousands in _STYLES
        if all(_PATTERNS[decimal, thousands].fullmatch(text) for text in looks)
        and (not thousands or any(re.search(_GROUPS[thousands], text) for text in looks))
    ]
    if not fits:
        return ".", "", []
    decimal, thousands = fits[0]
    if (",", "") in fits and (".", ",") in fits:
        decimal, thousands = (".", ",") if delimiter == "," else (",", "")
        shown = next(text for text in looks if "," in text)
        read = Form(delimiter, decimal, thousands).number(shown)
        other = "1.234, not 1,234" if thousands else "1234, not 1,234"
        return decimal, thousands, [f"'{shown}' is read as {read:g}; if it is another number, write {other}"]
    return decimal, thousands, []


def _is_header(first: Sequence[str], body: Sequence[Sequence[str]], form: Form, line: str) -> tuple[bool, list[str]]:
    """Tell whether the first line names the columns, and a notice if it could be otherwise."""
    values = [form.number(text) for text in first]
    # Split at every mark, so that a line such as "1,2" above lines of one number is no header.
    if all(value is None for value in values):
        return not any(map(form.is_number, re.split("[\t;|,]", line))), []
    if not body:
        return False, []
    read_as_names = f"its first line '{line.strip()[:40]}' is read as names of columns"
    read_as_names += "; if it is a point, write a line of names above it"
    nameless = first[0] in _NAMELESS
    counted = list(first[nameless:])
    if nameless and not any(form.is_number(text) and not text.isdigit() for text in first):
        return True, []
    if counted == [str(k) for k in range(len(counted))]:
        if len(counted) > 1 or any(not text.isdigit() for row in body for text in row):
            return True, [read_as_names]
        return False, []
    places = [k for k, value in enumerate(values) if value is not None]
    told = [k for k in range(len(first)) if k not in places]
    below = [[form.number(row[k]) if k < len(row) else None for row in body] for k in range(len(first))]
    if any(not first[k].isdigit() for k in places) or any(None in below[k] for k in told):
        return False, []
    numbers = [int(first[k]) for k in places]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    if len(steps) > 1 or min(steps, default=1) < 1 or (len(numbers) < 2 and not told):
        return False, []
    whole = all(row[k].isdigit() for row in body for k in places if k < len(row))
    far = all(_is_far(values[k], below[k]) for k in places)
    if far and (told or not whole or steps == {1}):
        return True, [] if told else [read_as_names]
    if not told and not whole and steps == {1} and len(numbers) > 2:
        read_as_point = f"its first line '{line.strip()[:40]}' is read as a point"
        return False, [f"{read_as_point}; if it names the columns, write names with letters"]
    return False, []


def _is_far(value: float | None, others: Sequence[float | None]) -> bool:
    """Whether a value is of another scale than those below it."""
    known = [other for other in others if other is not None]
    if value is None or len(known) < len(others) or len(known) < 2:
        return False
    low, high = min(known), max(known)
    return not low - (high - low) <= value <= high + (high - low)


def _index(column: Sequence[str], place: int, name: str, named: bool, form: Form) -> tuple[bool, list[str]]:
    """Tell whether a column only counts or names the lines, and what should be said of it."""
    numbers = [int(text) if re.fullmatch("[0-9]{1,15}", text) else None for text in column]
    known = [number for number in numbers if number is not None]
    whole = len(known) == len(column)
    counts = whole and bool(known) and known == list(range(known[0], known[0] + len(known)))
    shown = f"'{name}'" if name else str(place + 1)
    if named and place == 0 and name in _NAMELESS and column:
        if counts and known[0] in (0, 1):
            return True, []
        if (whole and len(set(known)) == len(known)) or any(form.number(text) is None for text in column):
            return True, ["its first column, which has no name, is read as names of lines and left out"]
        return False, ["its first column has no name and is read as a coordinate; name the columns to leave it out"]
    if counts and len(known) >= _COUNTED:
        leave = "leave it out by `variable`" if named else "take it out of the file"
        return False, [f"its column {shown} counts the lines and is read as a coordinate; if it is none, {leave}"]
    return False, []
