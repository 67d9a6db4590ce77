"""Read columns of numbers out of a table that is written as text.

Its form is told from its first lines (see `dialect`). Then pandas reads it (see `pieces`); whatever it finds odd is
read once more, a line at a time, to say what is wrong and where. The second reading is also the one of tables that
pandas has no words for: numbers with marks between thousands, lines of thousands of fields. Of the text no more is held
than some pieces or a line, and the numbers so far, which are drawn from the meter of the file.

Shapes: `N` lines, `D` chosen columns.
"""

import io
import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from ganatomy.files import Meter, printable
from ganatomy.fitting.points.columns import chosen_columns
from ganatomy.fitting.points.dialect import Form, form_of
from ganatomy.fitting.points.found import Found, Wanted
from ganatomy.fitting.points.pieces import is_utf16, read_pieces
from ganatomy.fitting.points.refusal import refusal

_FLOAT = 8  # bytes
_LINE = 1 << 24  # letters
_OFTEN = 1 << 10  # lines after which the meter is asked
_SAMPLE = 1 << 9  # lines by which the form is told, of no more letters together than one may have
_LABEL = 40  # letters of a label, and of a field in a message


def read_text(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    r"""Read a table of numbers written as text: (N, D).

    Args:
        stream: the file.
        size: of it in bytes.
        meter: of it.
        wanted: its variable is the columns to take, "x,y"; None for all that are coordinates.

    Raises:
        InputError: it is no table of numbers, there are no such columns, or it costs too much.
        ValueError: it is no text.

    >>> content = b"x;y\n1;2\n3;4,5\n"
    >>> read_text(io.BytesIO(content), len(content), Meter("points.csv"), Wanted("y")).values
    array([[2. ],
           [4.5]])
    """
    where = meter.where
    meter.draw("bytes", size)
    sample, letters = [], 0
    for number, line in _lines(stream, meter):
        sample.append((number, line))
        letters += len(line)
        if len(sample) == _SAMPLE or letters > _LINE:
            break
    if not sample:
        raise refusal(where, "has no points; give one point a line")
    form = form_of([line for _, line in sample])
    if form.begins == len(sample):
        raise refusal(where, f"has no numbers, only the line '{sample[-1][1].strip()[:40]}'; give one point a line")
    label, chosen = _places(form, wanted, where)
    names = form.header
    columns = tuple(printable(names[k]) for k in chosen) if names and not _is_count(names) else ()
    start, first = sample[form.begins][0], sample[form.begins - (names is not None)][0]
    begun = [row for _, row in form.rows(sample[form.begins :])]
    begun = begun[:-1] if len(sample) == _SAMPLE or letters > _LINE else begun  # whose last line may go on
    plain = all(len(row) == form.width and all(form.is_number(row[k]) for k in chosen) for row in begun)
    found = read_pieces(stream, size, form, start - 1, chosen, label, meter) if plain else None
    values, labels = found or _read_carefully(stream, size, form, start, first, chosen, label, meter, wanted)
    return Found(values, columns, labels, form.notices)


def _is_count(names: Sequence[str]) -> bool:
    """Whether names are the numbers that pandas gives columns without names."""
    counted = [name for name in names if name not in ("", "Unnamed: 0")]
    return counted == [str(k) for k in range(len(counted))]


def _places(form: Form, wanted: Wanted, where: str) -> tuple[int | None, list[int]]:
    """Find the columns that hold the labels, if any, and the coordinates."""
    label = None
    if wanted.labels is not None:
        (label,) = chosen_columns(form.header, form.width, wanted.labels, where, one=True)
    if wanted.variable is not None:
        return label, chosen_columns(form.header, form.width, wanted.variable, where)
    chosen = [k for k in range(form.width) if k not in form.left_out and k != label]
    if not chosen:
        raise refusal(where, "has no column of coordinates; give one point a line")
    return label, chosen


def _lines(stream: BinaryIO, meter: Meter) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that say something, with their numbers."""
    # Other encodings may spoil the names in a header, but digits are the same in all of them.
    text = io.TextIOWrapper(stream, encoding="utf-16" if is_utf16(stream) else "utf-8-sig", errors="replace")
    try:
        for number in itertools.count(1):
            line = text.readline(_LINE + 1)
            if not line:
                return
            if len(line) > _LINE:
                raise refusal(meter.where, f"line {number} is longer than {_LINE:,} letters; give one point a line")
            if "\0" in line:
                raise ValueError("it is not text")
            bare = line.strip()
            if bare and not bare.startswith("#"):
                yield number, line
    finally:
        text.detach()  # lest it closes the file


def _read_carefully(
    stream: BinaryIO,
    size: int,
    form: Form,
    start: int,
    first: int,
    chosen: Sequence[int],
    label: int | None,
    meter: Meter,
    wanted: Wanted,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read the chosen columns a line at a time, and say where something is wrong."""
    values, labels = array("d"), []
    for lines, (number, row) in enumerate(form.rows(line for line in _lines(stream, meter) if line[0] >= start), 1):
        if len(row) != form.width:
            many = f"line {number} has {len(row)} values where line {first} has {form.width}"
            raise refusal(meter.where, f"{many}; correct it")
        for k in chosen:
            value = form.number(row[k])
            if value is None:
                what = f"line {number}: '{row[k][:_LABEL]}' is not a number"
                raise refusal(meter.where, f"{what}; {_hint(row[k], form, wanted)}")
            values.append(value)
        if label is not None:
            labels.append(row[label])
        if lines % _OFTEN == 0:
            meter.at_most("bytes", size + 2 * _FLOAT * len(values))
            meter.tick()
    return np.frombuffer(values).reshape(-1, len(chosen)), np.array(labels, object) if label is not None else None


def _hint(text: str, form: Form, wanted: Wanted) -> str:
    """Say what to do about a field that is no number."""
    if "," in text and form.decimal == ".":
        return "write 1.5, not 1,5"
    if form.decimal == "," and "." in text:
        return "write 1,5 as in the other lines, or 1.5 in all"
    return "choose columns with `variable`" if form.header and wanted.variable is None else "correct it"
