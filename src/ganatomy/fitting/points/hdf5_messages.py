"""The messages of which an object in an HDF5 file consists: bytes in, what they say out.

Numbers are little-endian, addresses have eight bytes. Of each kind the versions are read that MATLAB and h5py write.

References:
    The HDF Group, HDF5 file format specification, version 3.0, IV.A.2.
"""

import io
import math

import numpy as np

from ganatomy.files.arrays import MOST_AXES, take

_NUMERIC = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
_FLOATS = {  # of each size: offset, precision, where exponent and mantissa lie and how long they are
    2: bytes((0, 0, 16, 0, 10, 5, 0, 10)),
    4: bytes((0, 0, 32, 0, 23, 8, 0, 23)),
    8: bytes((0, 0, 64, 0, 52, 11, 0, 52)),
}


class Cursor:
    """Bytes, read from the front; all raise ValueError where there are none left.

    >>> cursor = Cursor(bytes([1, 0, 2, 3]))
    >>> cursor.number(2), cursor.numbers(2, 1)
    (1, (2, 3))
    """

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def take(self, size: int) -> bytes:
        """Read so many bytes."""
        return take(self._stream, size)

    def number(self, size: int) -> int:
        """Read a whole number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def numbers(self, count: int, size: int) -> tuple[int, ...]:
        """Read several of them."""
        return tuple(self.number(size) for _ in range(count))

    def rest(self) -> bytes:
        """Read what is left."""
        return self._stream.read()


def read_link(message: bytes) -> tuple[str, int | None]:
    """Read a link: its name, and the address of its object; None if it leads elsewhere.

    >>> read_link(bytes([1, 0, 2, 120, 120, 96, 0, 0, 0, 0, 0, 0, 0]))
    ('xx', 96)
    """
    content = Cursor(message[1:])
    flags = content.number(1)
    kind = content.number(1) if flags & 8 else 0
    content.take(8 * (flags >> 2 & 1) + (flags >> 4 & 1))
    name = content.take(content.number(1 << (flags & 3))).decode("utf-8", "replace")
    return name, content.number(8) if kind == 0 else None


def read_shape(message: bytes) -> tuple[int, ...] | None:
    """Read a shape; None if there are no values at all.

    Raises:
        ValueError: it is none.

    >>> read_shape(bytes([2, 1, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0]))
    (7,)
    """
    content = Cursor(message)
    version, rank, _, form = content.numbers(4, 1)
    if version not in (1, 2) or rank > MOST_AXES:
        raise ValueError("its shape is none")
    content.take(4 if version == 1 else 0)
    shape = content.numbers(rank, 8)
    if math.prod(shape) >= 1 << 60:
        raise ValueError("its shape is none")
    return None if version == 2 and form == 2 else shape


def read_dtype(message: bytes) -> np.dtype | None:
    """Read the type of the values; None if they are no numbers as numpy has them.

    >>> read_dtype(bytes([0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0]))
    dtype('int32')
    """
    content = Cursor(message)
    kind, bits, size = content.number(1) & 15, content.number(3), content.number(4)
    order, standard = ">" if bits & 1 else "<", content.rest()
    if kind == 0 and size in (1, 2, 4, 8) and standard[:4] == bytes((0, 0, 8 * size, 0)):
        return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
    if kind == 7 and size == 8:  # where something else lies in the file
        return np.dtype("<u8")
    if kind == 1 and size in _FLOATS and standard[:8] == _FLOATS[size] and not bits & 64:
        return np.dtype(f"{order}f{size}")
    return None


def read_mark(message: bytes) -> str:
    r"""Read MATLAB's mark of what is no real matrix: its class; "" if an attribute is none.

    >>> read_mark(b"\3\0\x0d\0\0\0\0\0\0MATLAB_class\0char"), read_mark(b"\3\0\2\0\0\0\0\0\0a\0char")
    ('char', '')
    """
    content = Cursor(message)
    version, _ = content.numbers(2, 1)
    sizes = content.numbers(3, 2)
    content.take(1 if version == 3 else 0)
    name, _, _ = (content.take(size + (-size % 8 if version == 1 else 0)) for size in sizes)
    mark = name.partition(b"\0")[0]
    if mark in (b"MATLAB_empty", b"MATLAB_sparse"):
        return mark[7:].decode()
    text = content.rest()[:64].partition(b"\0")[0].strip().decode("latin-1")
    return text if mark == b"MATLAB_class" and text not in _NUMERIC else ""
