"""Read a table of numbers by pandas, so many lines at a time.

pandas is given the text in pieces, in UTF-8 and without comments, and makes numbers of it, as exactly as Python's own
`float`. It takes other things for numbers, too, and knows nothing of the meter of a file: so a table in which
anything is odd is given back unread, for a careful reader to say what it is.

Shapes: `N` lines, `D` chosen columns.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Meter
from ganatomy.fitting.points.dialect import Form

_FLOAT = 8  # bytes
_PIECE = 1 << 16  # bytes; more at once is mapped anew by the system each time, which takes longer
_LONGEST = 1 << 24  # of a line
_WIDEST = 1 << 10  # fields of a line; pandas needs much for each
_ROWS = 1 << 16  # lines at a time
_COMMENT = re.compile(rb"^[ \t]*#[^\r\n]*", re.MULTILINE)
_TRUTH = re.compile(rb"true|false", re.IGNORECASE)


def is_utf16(stream: BinaryIO) -> bool:
    r"""Look at the first two bytes of a file, and go back to them.

    >>> import io
    >>> is_utf16(io.BytesIO("1,2\n".encode("utf-16")))
    True
    """
    stream.seek(0)
    found = stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    stream.seek(0)
    return found


def read_pieces(
    stream: BinaryIO, size: int, form: Form, skipped: int, chosen: Sequence[int], label: int | None, meter: Meter
) -> tuple[np.ndarray, np.ndarray | None] | None:
    r"""Read the chosen columns; None if there is anything that is no number of this form.

    Args:
        stream: the file.
        size: of it in bytes.
        form: of the table.
        skipped: lines at its beginning that are no points.
        chosen: the columns to read, D.
        label: the one to read as text.
        meter: of the file.

    Returns:
        (N, D), and the labels (N,) if there are any.

    Raises:
        InputError: it costs too much.

    >>> import io
    >>> content = b"x,y,kind\n1,2,a\n3,4.5,b\n"
    >>> form = Form(",", width=3, header=("x", "y", "kind"), begins=1)
    >>> read_pieces(io.BytesIO(content), len(content), form, 1, [1, 0], 2, Meter("points.csv"))
    (array([[2. , 1. ],
           [4.5, 3. ]]), array(['a', 'b'], dtype=object))
    """
    if form.width > _WIDEST or form.thousands:
        return None
    import pandas

    # Until pandas 3.1 its numbers differ from Python's in the last digit unless it is told otherwise.
    old = tuple(map(int, pandas.__version__.split(".")[:2])) < (3, 1)
    how: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
    table, count, labels, doubtful = np.empty((0, len(chosen))), 0, [], False
    try:
        with pandas.read_csv(
            _Pieces(stream, meter),  # type: ignore[arg-type]
            sep=r"\s+" if form.delimiter is None else form.delimiter,
            header=None,
            skiprows=skipped,
            decimal=form.decimal,
            dtype={k: np.float64 if k in chosen else str for k in range(form.width)},
            na_filter=False,
            chunksize=_ROWS,
            encoding_errors="replace",
            **how,
        ) as chunks:
            for chunk in chunks:
                if chunk.shape[1] != form.width:
                    return None
                end = count + len(chunk)
                meter.at_most("bytes", size + 2 * _FLOAT * end * len(chosen))  # while the table grows
                if end > len(table):
                    table = _grown(table[:count], max(end, int(1.02 * end * size / max(1, stream.tell()))))
                for j, k in enumerate(chosen):
                    column = chunk[k].to_numpy()
                    if np.isnan(column).any():
                        return None
                    doubtful = doubtful or (column[0] in (0, 1) and bool(np.isin(column, (0, 1)).all()))
                    table[count:end, j] = column
                count = end
                if label is not None:
                    labels.append(chunk[label].str.strip().to_numpy(object))
                meter.tick()
        if doubtful and any(map(_TRUTH.search, _Pieces(stream, meter))):  # words that pandas takes for 0 and 1
            return None
    except InputError:
        raise
    except Exception:  # a number that is none, more fields in a line than in the first, a quotation without an end
        return None
    found = None if label is None else np.concatenate([*labels, np.empty(0, object)])
    return table[:count], found


def _grown(table: np.ndarray, rows: int) -> np.ndarray:
    """Return a table with room for so many rows; what of it is not written takes no memory."""
    larger = np.empty((rows, table.shape[1]))
    larger[: len(table)] = table
    return larger


class _Odd(Exception):
    """The text has something that only a careful reading can tell of."""


class _Pieces:
    """A text as pandas is given it: whole lines in UTF-8, without comments.

    It has no `mode` and is no stream of Python's, so that pandas takes the bytes as they are.
    """

    def __init__(self, stream: BinaryIO, meter: Meter) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace") if is_utf16(stream) else None
        self._stream, self._meter, self._rest, self._begun = stream, meter, b"", False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def read(self, size: int = -1) -> bytes:
        """Read the next piece, b"" at the end; how much was asked for does not matter."""
        while True:
            self._meter.tick()
            piece = self._stream.read(_PIECE)
            last = not piece
            if self._decoder is not None:
                piece = self._decoder.decode(piece, last).encode()
            if not self._begun:
                piece, self._begun = piece.removeprefix(codecs.BOM_UTF8), True
            if b"\0" in piece:
                raise _Odd
            end = len(piece) if last else piece.rfind(b"\n") + 1
            whole, self._rest = (self._rest + piece[:end], piece[end:]) if end or last else (b"", self._rest + piece)
            if len(self._rest) > _LONGEST:
                raise _Odd
            if whole or last:
                return _COMMENT.sub(b"", whole) if b"#" in whole else whole
