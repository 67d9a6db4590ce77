"""Say what numeric arrays MATLAB files of every version hold, and read them, without trusting the file.

A *variable* is a name and a real matrix. MATLAB 5 to 7.2 stores it as a sequence of tagged elements (flags,
shape, name, and the values column by column; the whole perhaps compressed); MATLAB 7.3 as an HDF5 data set with
the axes in reverse order (see `hdf5`); MATLAB 4 as a header and values. Other variables (text, cells, sparse, logical
and complex matrices, objects) are known by name and kind only; the fields of a single structure are variables again.

The tagged formats are read here because `scipy.io.loadmat` (1.17) looks up an element's type unchecked: one wrong
byte can end the interpreter. Not guaranteed: to read what MATLAB itself would repair.

References:
    The MathWorks, MAT-file format: levels 4 and 5.
"""

import io
import math
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, Any, BinaryIO

import numpy as np

from ganatomy.files import Meter, printable
from ganatomy.files.arrays import GROWTH, MOST_AXES, StoredArray, take, take_array
from ganatomy.fitting.points.hdf5 import MAGIC, stored_hdf5
from ganatomy.fitting.points.stored import Foreign, Stored

_HEADER = 128  # bytes before the first element; the last two tell the byte order
_MATRIX, _COMPRESSED = 14, 15
_VALUES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)  # double, single, and the integers of 8 to 64 bits
_CELL, _STRUCT, _CHAR, _OPAQUE, _UTF16 = 1, 2, 4, 17, 17
_OTHERS = {2: "structs", 3: "object", 5: "sparse", 16: "function_handle"}
_LOGICAL, _COMPLEX = 0x0200, 0x0800
_LONGEST = 4096  # bytes of a name or a shape; MATLAB's own have 63 letters and fewer axes
_MOST_TEXT = 1 << 20  # bytes of the names of a structure's fields, or of a text
_PIECE = 1 << 16
_VALUES_4 = ("f8", "f4", "i4", "i2", "u2", "u1")


def stored_mat(stream: BinaryIO, size: int, meter: Meter) -> dict[str, Stored]:
    """Say what variables a MATLAB file holds.

    Args:
        stream: the file, from which the arrays are read later.
        size: of the file in bytes.
        meter: of the file.

    Returns:
        By name, the arrays in MATLAB's own shape and order, and what is not a real matrix.

    Raises:
        InputError: it costs too much, or reaches into other files.
        Exception: the bytes are damaged or no MATLAB file; any exception, as the libraries underneath have it.

    >>> from scipy.io import savemat
    >>> file = io.BytesIO()
    >>> savemat(file, {"xx": [[1.0, 2.0], [3.0, 4.5]], "title": "points"})
    >>> arrays = stored_mat(file, len(file.getvalue()), Meter("points.mat"))
    >>> arrays["xx"].read(), arrays["title"].what
    (array([[1. , 2. ],
           [3. , 4.5]]), 'text')
    """
    stream.seek(0)
    head = stream.read(520)
    if MAGIC in (head[:8], head[512:520]):
        return stored_hdf5(stream, size, meter)
    if 0 in head[:4]:  # version 4 has no text in front
        return _stored_4(stream, size, meter)
    return _stored_5(stream, size, meter, head[_HEADER - 2 : _HEADER])


def _stored_4(stream: BinaryIO, size: int, meter: Meter) -> dict[str, Stored]:
    """Say what a file of version 4 holds: for each variable five numbers, a name, and the values."""
    arrays: dict[str, Stored] = {}
    at = 0
    while at < size:
        meter.draw("objects")
        stream.seek(at)
        head = take(stream, 20)
        order = "<" if int.from_bytes(head[:4], "little") <= 4999 else ">"
        kind, rows, columns, imaginary, length = struct.unpack(f"{order}5i", head)
        values = kind // 10 % 10
        if not 0 <= kind <= 4999 or values >= len(_VALUES_4) or min(rows, columns) < 0 or not 0 < length <= _LONGEST:
            raise ValueError("it has no header of a MATLAB file")
        name, dtype = take(stream, length).rstrip(b"\0").decode("latin-1"), np.dtype(order + _VALUES_4[values])
        start = at + 20 + length
        at = start + rows * columns * dtype.itemsize * (2 if imaginary else 1)
        if at > size:
            raise ValueError("it ends too early")
        other = {0: "complex" if imaginary else "", 1: "char", 2: "sparse"}.get(kind % 10, "unknown")
        arrays[name] = Foreign(other) if other else _placed(stream, start, (rows, columns), dtype, meter)
    return arrays


def _placed(stream: BinaryIO, start: int, shape: tuple[int, ...], dtype: np.dtype, meter: Meter) -> StoredArray:
    """Return an array whose values lie at a place of the file as they are."""

    def read() -> np.ndarray:
        stream.seek(start)
        return take_array(stream, shape, dtype, meter, "F")

    return StoredArray(shape, dtype, read)


def _stored_5(stream: BinaryIO, size: int, meter: Meter, mark: bytes) -> dict[str, Stored]:
    """Say what a file of versions 5 to 7.2 holds."""
    order = {b"IM": "<", b"MI": ">"}.get(mark)
    if order is None:
        raise ValueError("it has no header of a MATLAB file")
    arrays: dict[str, Stored] = {}
    at = _HEADER
    while at < size:
        meter.draw("objects")
        stream.seek(at)
        kind, length = struct.unpack(f"{order}II", take(stream, 8))
        start, at = at + 8, at + 8 + length
        if at > size:
            raise ValueError("it ends too early")
        found = None
        if kind == _COMPRESSED:
            packed = partial(_Inflated, stream, start, length)
            found = _variable(lambda packed=packed: io.BufferedReader(packed(), _PIECE), length * GROWTH, order, meter)
        elif kind == _MATRIX:
            found = _variable(partial(_at, stream, start - 8), length, order, meter)
        if found is not None:
            arrays[found[0]] = found[1]
        if kind != _COMPRESSED:
            at += -at % 8  # all but compressed elements are padded to whole words
    return arrays


def _at(stream: BinaryIO, place: int) -> BinaryIO:
    stream.seek(place)
    return stream


class _Inflated(io.RawIOBase):
    """What a compressed element unpacks to, no further than it is read."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        self._stream, self._at, self._end = stream, start, start + length
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while True:
            packed = self._inflate.unconsumed_tail
            if not packed and self._at < self._end:
                packed = _at(self._stream, self._at).read(min(_PIECE, self._end - self._at))
                self._at += len(packed)
            content = self._inflate.decompress(packed, len(buffer))
            if content or self._inflate.eof or not packed:
                buffer[: len(content)] = content
                return len(content)


def _variable(open_element: Callable[[], IO[bytes]], room: int, order: str, meter: Meter) -> tuple[str, Stored] | None:
    """Say what a matrix element of at most `room` bytes holds; None if it has no name."""
    front = _Front(open_element())
    kind, length = struct.unpack(f"{order}II", take(front, 8))
    if kind != _MATRIX or not length:
        return None
    found = _Element(open_element, room, order, meter).matrix(front, 0)
    return found if found[0] else None


class _Front:
    """A stream that is read from its beginning, and knows how far."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.at = stream, 0

    def read(self, size: int = -1, /) -> bytes:
        content = self.stream.read(size)
        self.at += len(content)
        return content


class _Element:
    """An element of a file, unpacked as far as it is read; matrices in it are known by where they begin."""

    def __init__(self, open_element: Callable[[], IO[bytes]], room: int, order: str, meter: Meter) -> None:
        self._open, self._room, self._order, self._meter = open_element, room, order, meter

    def _at(self, place: int) -> _Front:
        """Return the element from a place on."""
        front = _Front(self._open())
        self._skip(front, place)
        return front

    def _skip(self, front: _Front, size: int) -> None:
        while size:
            self._meter.tick()
            size -= len(take(front, min(size, _PIECE)))

    def matrix(self, front: _Front, depth: int) -> tuple[str, Stored]:
        """Read what a matrix is, behind its tag: its name, "" where it has none, and its kind or its values."""
        self._meter.draw("objects")
        self._meter.at_most("nesting", depth + 1)
        order = self._order
        (flags,) = struct.unpack_from(f"{order}I", _element(front, order))
        kind = flags & 0xFF
        if kind == _OPAQUE:
            name, _, called = (_element(front, order).decode("latin-1") for _ in range(3))
            return name, Foreign(printable(called, 40))
        axes = np.frombuffer(_element(front, order), f"{order}i4")
        shape, name = tuple(axes.tolist()), _element(front, order).decode("latin-1")
        if len(shape) > MOST_AXES or min(shape, default=0) < 0:
            raise ValueError("its shape is none")
        count, behind = math.prod(shape), partial(self._at, front.at)
        if kind == _STRUCT and count == 1:
            return name, Foreign("struct", lambda: self._fields(behind(), depth))
        if kind == _CELL:
            return name, Foreign("cell", labels=lambda: self._texts(behind(), count, depth))
        if kind == _CHAR:
            return name, Foreign("char", labels=lambda: self._text(behind(), shape))
        if kind not in _NUMERIC_CLASSES:
            return name, Foreign(_OTHERS.get(kind, "unknown"))
        if flags & _COMPLEX:
            return name, Foreign("complex")
        found = self._numbers(front, shape)
        return name, Foreign("logical", labels=found.read) if flags & _LOGICAL else found

    def _numbers(self, front: _Front, shape: tuple[int, ...]) -> StoredArray:
        if 0 in shape:
            return StoredArray(shape, np.dtype(float), lambda: np.zeros(shape))
        kind, length, inside = _tag(front, self._order)
        dtype, place = np.dtype(self._order + _VALUES[kind]), front.at
        if math.prod(shape) * dtype.itemsize != length or length > self._room:
            raise ValueError("its values are not as many as it says")

        def read() -> np.ndarray:
            stream = self._at(place).stream if inside is None else io.BytesIO(inside)
            return take_array(stream, shape, dtype, self._meter, "F")

        return StoredArray(shape, dtype, read)

    def _text(self, front: _Front, shape: tuple[int, ...]) -> np.ndarray:
        """Read a matrix of letters: a text a row."""
        kind, length, inside = _tag(front, self._order)
        if len(shape) != 2 or length > min(self._room, _MOST_TEXT):
            raise ValueError("its text is none")
        self._meter.draw("bytes", 8 * length)
        content = take(front, length) if inside is None else inside
        wide = {_UTF16: "utf-16", 4: "utf-16"}.get(kind)
        endless = "le" if self._order == "<" else "be"
        letters = content.decode(f"{wide}-{endless}" if wide else "utf-8", "replace")
        if len(letters) != math.prod(shape):
            raise ValueError("its text is none")
        rows = np.array(list(letters), dtype=str).reshape(shape, order="F")
        return np.array(["".join(row).strip() for row in rows], dtype=str)

    def _texts(self, front: _Front, count: int, depth: int) -> np.ndarray:
        """Read the texts of a cell array."""
        parts = [self._part(front, depth)[1] for _ in range(self._counted(count))]
        if not all(isinstance(part, Foreign) and part.kind == "char" and part.labels is not None for part in parts):
            raise ValueError("its cells hold other things than text")
        texts = [part.labels() for part in parts if isinstance(part, Foreign) and part.labels is not None]
        return np.array([text[0] if len(text) else "" for text in texts], dtype=str)

    def _counted(self, count: int) -> int:
        self._meter.at_most("objects", count)
        return count

    def _fields(self, front: _Front, depth: int) -> dict[str, Stored]:
        """Say what the fields of a structure hold."""
        (width,) = struct.unpack(f"{self._order}i", _element(front, self._order)[:4])
        names = _element(front, self._order, _MOST_TEXT)
        if not 0 < width <= _LONGEST:
            raise ValueError("its fields have no names")
        fields = [names[k : k + width].partition(b"\0")[0].decode("latin-1") for k in range(0, len(names), width)]
        return {name: self._part(front, depth)[1] for name in fields}

    def _part(self, front: _Front, depth: int) -> tuple[str, Stored]:
        """Read what a matrix in another is, and go on behind it."""
        kind, length = struct.unpack(f"{self._order}II", take(front, 8))
        if kind != _MATRIX or length > self._room:
            raise ValueError("an element of it is no matrix")
        end = front.at + length
        found = self.matrix(front, depth + 1) if length else ("", Foreign("empty"))
        if front.at > end:
            raise ValueError("an element of it is larger than its place")
        self._skip(front, end - front.at)
        return found


def _tag(stream: _Front, order: str) -> tuple[int, int, bytes | None]:
    """Read a tag: the type and the length of what follows, and this itself if it is small and shares the tag's 8."""
    head = take(stream, 8)
    kind, length = struct.unpack(f"{order}II", head)
    if not kind >> 16:
        return kind, length, None
    if kind >> 16 > 4:
        raise ValueError("an element of it is larger than its place")
    return kind & 0xFFFF, kind >> 16, head[4 : 4 + (kind >> 16)]


def _element(stream: _Front, order: str, most: int = _LONGEST) -> bytes:
    """Read an element that is no more than a name or a shape, or names."""
    _, length, inside = _tag(stream, order)
    if inside is not None:
        return inside
    if length > most:
        raise ValueError("a name or a shape in it is too long")
    return take(stream, length + -length % 8)[:length]
