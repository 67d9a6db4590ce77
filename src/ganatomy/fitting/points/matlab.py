"""Read the numeric arrays of MATLAB files of every version, without trusting the file.

A *variable* is a name and a real matrix. MATLAB 5 to 7.2 stores it as a sequence of tagged elements (flags,
shape, name, and the values column by column; the whole perhaps compressed); MATLAB 7.3 as an HDF5 data set with
the axes in reverse order; MATLAB 4 as a header and values. Other variables (text, cells, structures, sparse,
logical and complex matrices) are known by name only.

The tagged format is read here because `scipy.io.loadmat` (1.17) looks up an element's type unchecked: one wrong
byte can end the interpreter. Not guaranteed: to read what MATLAB itself would repair.

References:
    The MathWorks, MAT-file format: levels 4 and 5.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_HEADER = 128  # bytes before the first element; the last two tell the byte order
_MATRIX, _COMPRESSED = 14, 15
_VALUES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)  # double, single, and the integers of 8 to 64 bits
_NAMED_CLASSES = range(1, 16)  # later ones (objects) have another layout
_LOGICAL, _COMPLEX = 0x0200, 0x0800


def read_arrays(content: bytes) -> dict[str, np.ndarray | None]:
    """Read all variables of a MATLAB file.

    Args:
        content: The bytes of the file.

    Returns:
        By name, the arrays in MATLAB's own shape and order; None for what is not a real matrix.

    Raises:
        Exception: The bytes are damaged or no MATLAB file; any exception, as the libraries underneath have it.

    >>> from scipy.io import savemat
    >>> file = io.BytesIO()
    >>> savemat(file, {"xx": [[1.0, 2.0], [3.0, 4.5]], "title": "points"})
    >>> read_arrays(file.getvalue())
    {'xx': array([[1. , 2. ],
           [3. , 4.5]]), 'title': None}
    """
    if HDF5_MAGIC in (content[:8], content[512:520]):
        return _read_hdf5(content)
    if 0 in content[:4]:  # version 4 has no text in front
        from scipy.io import loadmat

        found = loadmat(io.BytesIO(content))
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
    return _read_tagged(content)


def _read_hdf5(content: bytes) -> dict[str, np.ndarray | None]:
    """Read version 7.3."""
    import h5py

    arrays: dict[str, np.ndarray | None] = {}
    with h5py.File(io.BytesIO(content), "r") as file:
        for name, item in file.items():
            # Text, truth values and empty arrays are stored as integers that are not values.
            usable = isinstance(item, h5py.Dataset) and item.shape is not None
            usable = usable and item.attrs.get("MATLAB_class") not in (b"char", b"cell", b"logical")
            usable = usable and "MATLAB_empty" not in item.attrs
            if not name.startswith("#"):  # "#refs#" holds the contents of cells
                arrays[name] = item[()].T if usable else None
    return arrays


def _read_tagged(content: bytes) -> dict[str, np.ndarray | None]:
    """Read versions 5 to 7.2."""
    order = {b"IM": "<", b"MI": ">"}.get(content[_HEADER - 2 : _HEADER])
    if order is None:
        raise ValueError("it has no header of a MATLAB file")
    arrays: dict[str, np.ndarray | None] = {}
    for kind, payload in _elements(content[_HEADER:], order):
        if kind == _COMPRESSED:
            kind, payload = next(_elements(zlib.decompress(payload), order))
        if kind != _MATRIX:
            continue
        parts = list(_elements(payload, order))
        (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
        if flags & 0xFF not in _NAMED_CLASSES:
            continue
        shape, name = np.frombuffer(parts[1][1], f"{order}i4"), parts[2][1].decode("latin-1")
        if flags & 0xFF not in _NUMERIC_CLASSES or flags & (_LOGICAL | _COMPLEX):
            arrays[name] = None
        elif 0 in shape:
            arrays[name] = np.zeros(shape)
        else:
            kind, payload = parts[3]
            arrays[name] = np.frombuffer(payload, f"{order}{_VALUES[kind]}").reshape(shape, order="F")
    return arrays


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the payload of each element."""
    at = 0
    while at < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        start = at + 8
        if kind >> 16:  # a payload of up to 4 bytes shares the tag's 8: size and type, then payload
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        at = start + size
        if at > len(content):
            raise ValueError("it ends too early")
        yield kind, content[start:at]
        if kind != _COMPRESSED:
            at += -at % 8  # all but compressed elements are padded to whole words
