"""Read columns of numbers out of tables: text, and Parquet.

Of a text no more is held than a line and the numbers so far; of a Parquet file, so many rows. Both draw what becomes of
it from the meter of their file. Shapes: `N` rows, `D` chosen columns.
"""

import codecs
import csv
import io
import itertools
import json
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from ganatomy.errors import unknown
from ganatomy.files import Meter, printable, require_memory
from ganatomy.fitting.points.found import Found, Wanted
from ganatomy.fitting.points.refusal import refusal

_FLOAT = 8  # bytes
_LINE = 1 << 24  # letters
_OFTEN = 1 << 10  # lines after which the meter is asked
_BATCH = 1 << 16  # rows that are unpacked at once
_NOTE = 1 << 24  # bytes of any text about a table, and of them all together the things that they list


def read_text(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    r"""Read a table of numbers written as text, a line at a time: (N, D).

    Args:
        stream: the file.
        size: of it in bytes.
        meter: of it.
        wanted: its variable is the columns to take, "x,y"; None for all.

    Raises:
        InputError: it is no table of numbers, there are no such columns, or it costs too much.
        ValueError: it is no text.

    >>> content = b"x;y\n1;2\n3;4.5\n"
    >>> read_text(io.BytesIO(content), len(content), Meter("points.csv"), Wanted("y")).values
    array([[2. ],
           [4.5]])
    """
    where, utf16 = meter.where, stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    meter.draw("bytes", size)
    stream.seek(0)
    # Other encodings may spoil the names in a header, but digits are the same in all of them.
    text = io.TextIOWrapper(stream, encoding="utf-16" if utf16 else "utf-8-sig", errors="replace")
    lines = _lines(text, meter)
    begin = list(itertools.islice(lines, 2))
    if not begin:
        raise refusal(where, "has no points; give one point a line")
    (start, line), sample = begin[0], begin[-1][1]  # the second line is no header
    delimiter = next((mark for mark in "\t;," if mark in sample), None)
    first = _fields(line, delimiter)
    # Split at every mark, so that a line such as "1,2" above lines of one number is no header.
    header = None if any(map(_is_number, re.split("[\t;,]", line))) or any(map(_is_number, first)) else first
    if header and len(begin) == 1:
        raise refusal(where, f"has no numbers, only the line '{line[:40]}'; give one point a line")
    chosen, values = chosen_columns(header, len(first), wanted.variable, where), array("d")
    for number, line in itertools.chain(begin[1:] if header else begin, lines):
        row = _fields(line, delimiter)
        if len(row) != len(first):
            raise refusal(where, f"line {number} has {len(row)} values where line {start} has {len(first)}")
        try:
            values.extend([float(row[i]) for i in chosen])
        except ValueError:
            wrong = next(row[i] for i in chosen if not _is_number(row[i]))
            hint = "choose columns with `variable`" if header and wanted.variable is None else "correct it"
            hint = "write 1.5, not 1,5" if "," in wrong else hint
            raise refusal(where, f"line {number}: '{wrong[:40]}' is not a number; {hint}") from None
        if number % _OFTEN == 0:
            meter.at_most("bytes", size + 2 * _FLOAT * len(values))  # and the points that they become
            meter.tick()
    columns = tuple(printable(header[i]) for i in chosen) if header else ()
    return Found(np.frombuffer(values).reshape(-1, len(chosen)), columns)


def _lines(text: io.TextIOWrapper, meter: Meter) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that say something, with their numbers."""
    for number in itertools.count(1):
        line = text.readline(_LINE + 1)
        if not line:
            return
        if len(line) > _LINE:
            raise refusal(meter.where, f"line {number} is longer than {_LINE:,} letters; give one point a line")
        if "\0" in line:
            raise ValueError("it is not text")
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def _fields(line: str, delimiter: str | None) -> list[str]:
    """Split a line at the delimiter, minding quotes; without one, at white space."""
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))] if delimiter else line.split()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_parquet(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    """Read a Parquet file, so many rows at a time: (N, D). The arguments are those of `read_text`.

    Not guaranteed: that no page of the file unpacks to more than it should before it is refused; a page has at most
    2 GiB.

    Raises:
        InputError: there are no such columns, or they hold no numbers; pyarrow is missing; it costs too much.
        Exception: it is damaged; pyarrow raises nearly anything.

    >>> import pandas
    >>> stream = io.BytesIO()
    >>> pandas.DataFrame({"x": [1, 2], "y": [0.5, None]}).to_parquet(stream)
    >>> read_parquet(stream, len(stream.getvalue()), Meter("points.parquet"), Wanted()).values
    array([[1. , 0.5],
           [2. , nan]])
    """
    where = meter.where
    try:
        import pyarrow.parquet as pq
        from pyarrow import types
    except ImportError:
        raise refusal(where, "needs pyarrow to be read: pip install pyarrow") from None
    meter.draw("bytes", size)
    file = pq.ParquetFile(stream, thrift_string_size_limit=_NOTE, thrift_container_size_limit=_NOTE)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    index = _index_columns((schema.metadata or {}).get(b"pandas", b""))
    names = [name for name in schema.names if name not in index]
    chosen = [names[i] for i in chosen_columns(names, len(names), wanted.variable, where)]
    for name in chosen:
        if names.count(name) > 1:
            raise refusal(where, f"has several columns '{name}'; give each a name of its own")
        kind = schema.field(name).type
        if not (types.is_integer(kind) or types.is_floating(kind)):
            raise refusal(where, f"has no numbers in column '{name}'; choose others, as `variable=x,y`")
    nbytes = 2 * _FLOAT * rows * len(chosen)  # the table, and the points that it becomes
    meter.draw("bytes", nbytes)
    require_memory(nbytes, where)
    table, at = np.empty((rows, len(chosen))), 0
    for batch in file.iter_batches(_BATCH, columns=list(dict.fromkeys(chosen)), use_threads=False):
        meter.tick()
        for k, name in enumerate(chosen):
            table[at : at + len(batch), k] = batch.column(name).to_numpy(zero_copy_only=False)
        at += len(batch)
    if at != rows:
        raise ValueError("it ends too early")
    return Found(table, tuple(map(printable, chosen)))


def _index_columns(note: bytes) -> set[str]:
    """Return the columns of which pandas says that they are only the names of its rows."""
    try:
        found = json.loads(note[:_NOTE])["index_columns"]
        return {name for name in found if isinstance(name, str)}
    except (ValueError, LookupError, TypeError, RecursionError):  # a note, on which nothing else depends
        return set()


def chosen_columns(names: Sequence[str] | None, count: int, variable: str | None, where: str) -> list[int]:
    """Find the columns that `variable` names, "x,y"; all of `count` without it.

    Raises:
        InputError: the table has no names, or not these.

    >>> chosen_columns(["x", "y", "z"], 3, "z, x", "points.csv")
    [2, 0]
    """
    if variable is None:
        return list(range(count))
    if names is None:
        raise refusal(where, f"has no header that could name the columns {variable}; leave `variable` out")
    wanted = [name.strip() for name in variable.split(",")]
    for name in wanted:
        if name not in names:
            raise refusal(f"{where}:", str(unknown("column", name, names)))
    return [names.index(name) for name in wanted]
