"""Say what numeric arrays MATLAB files of every version hold, and read them, without trusting the file.

A *variable* is a name and a real matrix. MATLAB 5 to 7.2 stores it as a sequence of tagged elements (flags,
shape, name, and the values column by column; the whole perhaps compressed); MATLAB 7.3 as an HDF5 data set with
the axes in reverse order (see `hdf5`); MATLAB 4 as a header and values. Other variables (text, cells, structures,
sparse, logical and complex matrices) are known by name only, and never walked into.

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

from ganatomy.files import Meter
from ganatomy.files.arrays import GROWTH, MOST_AXES, StoredArray, take, take_array
from ganatomy.fitting.points.hdf5 import MAGIC, stored_hdf5

_HEADER = 128  # bytes before the first element; the last two tell the byte order
_MATRIX, _COMPRESSED = 14, 15
_VALUES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)  # double, single, and the integers of 8 to 64 bits
_NAMED_CLASSES = range(1, 16)  # later ones (objects) have another layout
_LOGICAL, _COMPLEX = 0x0200, 0x0800
_LONGEST = 4096  # bytes of a name or a shape; MATLAB's own have 63 letters and fewer axes
_PIECE = 1 << 16
_VALUES_4 = ("f8", "f4", "i4", "i2", "u2", "u1")


def stored_mat(stream: BinaryIO, size: int, meter: Meter) -> dict[str, StoredArray | None]:
    """Say what variables a MATLAB file holds.

    Args:
        stream: the file, from which the arrays are read later.
        size: of the file in bytes.
        meter: of the file.

    Returns:
        By name, the arrays in MATLAB's own shape and order; None for what is not a real matrix.

    Raises:
        InputError: it costs too much, or reaches into other files.
        Exception: the bytes are damaged or no MATLAB file; any exception, as the libraries underneath have it.

    >>> from scipy.io import savemat
    >>> file = io.BytesIO()
    >>> savemat(file, {"xx": [[1.0, 2.0], [3.0, 4.5]], "title": "points"})
    >>> arrays = stored_mat(file, len(file.getvalue()), Meter("points.mat"))
    >>> arrays["xx"].read(), arrays["title"]
    (array([[1. , 2. ],
           [3. , 4.5]]), None)
    """
    stream.seek(0)
    head = stream.read(520)
    if MAGIC in (head[:8], head[512:520]):
        return stored_hdf5(stream, size, meter)
    if 0 in head[:4]:  # version 4 has no text in front
        return _stored_4(stream, size, meter)
    return _stored_5(stream, size, meter, head[_HEADER - 2 : _HEADER])


def _stored_4(stream: BinaryIO, size: int, meter: Meter) -> dict[str, StoredArray | None]:
    """Say what a file of version 4 holds: for each variable five numbers, a name, and the values."""
    arrays: dict[str, StoredArray | None] = {}
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
        real = kind % 10 == 0 and not imaginary  # else text, or a sparse or complex matrix
        arrays[name] = _placed(stream, start, (rows, columns), dtype, meter) if real else None
    return arrays


def _placed(stream: BinaryIO, start: int, shape: tuple[int, ...], dtype: np.dtype, meter: Meter) -> StoredArray:
    """Return an array whose values lie at a place of the file as they are."""

    def read() -> np.ndarray:
        stream.seek(start)
        return take_array(stream, shape, dtype, meter, "F")

    return StoredArray(shape, dtype, read)


def _stored_5(stream: BinaryIO, size: int, meter: Meter, mark: bytes) -> dict[str, StoredArray | None]:
    """Say what a file of versions 5 to 7.2 holds."""
    order = {b"IM": "<", b"MI": ">"}.get(mark)
    if order is None:
        raise ValueError("it has no header of a MATLAB file")
    arrays: dict[str, StoredArray | None] = {}
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


def _variable(
    open_element: Callable[[], IO[bytes]], room: int, order: str, meter: Meter
) -> tuple[str, StoredArray | None] | None:
    """Say what a matrix element of at most `room` bytes holds; None if it has no name."""
    stream = open_element()
    if struct.unpack(f"{order}II", take(stream, 8))[0] != _MATRIX:
        return None
    (flags,) = struct.unpack_from(f"{order}I", _element(stream, order))
    if flags & 0xFF not in _NAMED_CLASSES:
        return None
    axes = np.frombuffer(_element(stream, order), f"{order}i4")
    shape, name = tuple(axes.tolist()), _element(stream, order).decode("latin-1")
    if flags & 0xFF not in _NUMERIC_CLASSES or flags & (_LOGICAL | _COMPLEX):
        return name, None
    if len(shape) > MOST_AXES or min(shape, default=0) < 0:
        raise ValueError("its shape is none")
    if 0 in shape:
        return name, StoredArray(shape, np.dtype(float), lambda: np.zeros(shape))
    kind, length, _ = _tag(stream, order)
    dtype = np.dtype(order + _VALUES[kind])
    if math.prod(shape) * dtype.itemsize != length or length > room:
        raise ValueError("its values are not as many as it says")

    def read() -> np.ndarray:
        stream = open_element()
        take(stream, 8)
        for _ in range(3):
            _element(stream, order)
        inside = _tag(stream, order)[2]
        return take_array(stream if inside is None else io.BytesIO(inside), shape, dtype, meter, "F")

    return name, StoredArray(shape, dtype, read)


def _tag(stream: IO[bytes], order: str) -> tuple[int, int, bytes | None]:
    """Read a tag: the type and the length of what follows, and this itself if it is small and shares the tag's 8."""
    head = take(stream, 8)
    kind, length = struct.unpack(f"{order}II", head)
    if not kind >> 16:
        return kind, length, None
    if kind >> 16 > 4:
        raise ValueError("an element of it is larger than its place")
    return kind & 0xFFFF, kind >> 16, head[4 : 4 + (kind >> 16)]


def _element(stream: IO[bytes], order: str) -> bytes:
    """Read an element that is no more than a name or a shape."""
    _, length, inside = _tag(stream, order)
    if inside is not None:
        return inside
    if length > _LONGEST:
        raise ValueError("a name or a shape in it is too long")
    return take(stream, length + -length % 8)[:length]
