"""Read the numeric arrays of an HDF5 file, and nothing but what lies in that file itself.

HDF5 lets a file name other files (external links and storage, virtual data sets) and plug-ins that unpack its data,
lets a data set of any size be stored in no bytes at all or in chunks that unpack to more than they should, and its
library (2.0) ends the interpreter upon some damaged files. So what is needed of the format is read here: a file's top
group, and in it real matrices, compact, contiguous, or in chunks that are shuffled and deflated, as MATLAB 7.3 and h5py
write them. Links are seen and never followed; what was never written is refused. Not guaranteed: to read what other
programs make of the newer forms of the format, which is refused by name.

References:
    The HDF Group, HDF5 file format specification, version 3.0.
"""

import io
import itertools
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable, require_memory
from ganatomy.files.arrays import StoredArray, take, take_array
from ganatomy.fitting.points.hdf5_messages import Cursor, read_dtype, read_link, read_mark, read_shape
from ganatomy.fitting.points.stored import Foreign, Stored

MAGIC = b"\x89HDF\r\n\x1a\n"
_NOWHERE = (1 << 64) - 1  # the address of what is not there
_SPACE, _LINKS, _TYPE, _LINK, _EXTERNAL, _LAYOUT, _FILTERS, _ATTRIBUTE, _MORE, _TABLE = (
    *(0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0B, 0x0C, 0x10, 0x11),
)
_SHARED = 2  # flag of a message that lies elsewhere
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_CHECKSUM = 4  # bytes that Fletcher's checksum puts behind a chunk
_LAST = 1 << 16  # bytes of a name
_ELSEWHERE = "is in another file or place, which is not read"
_ADVICE = "save it in another way, in MATLAB by save -v7"


def stored_hdf5(stream: BinaryIO, size: int, meter: Meter) -> dict[str, Stored]:
    """Say what lies at the top of an HDF5 file: arrays, axes in MATLAB's order, and what is not a real matrix.

    Args:
        stream: the file, from which the arrays are read later.
        size: of the file in bytes.
        meter: of the file.

    Raises:
        InputError: it reaches into other files, is packed or formed in a way that is not read, or costs too much.
        ValueError: it is damaged.

    >>> import h5py
    >>> stream = io.BytesIO()
    >>> with h5py.File(stream, "w") as file:
    ...     _ = file.create_dataset("xx", data=[[1.0, 2.0, 3.0]], compression="gzip")
    >>> stored_hdf5(stream, len(stream.getvalue()), Meter("points.mat"))["xx"].read().tolist()
    [[1.0], [2.0], [3.0]]
    """
    return _File(stream, size, meter).members()


@dataclass
class _DataSet:
    """What the messages of an object say of a data set."""

    name: str
    shape: tuple[int, ...] | None = None
    dtype: np.dtype | None = None
    layout: bytes | None = None
    filters: dict[int, tuple[int, int]] = field(default_factory=dict)  # by code: place in the row, first setting
    kind: str = ""  # MATLAB's class, or another that is no real matrix


class _File:
    """An HDF5 file, of which everything is drawn from its meter."""

    def __init__(self, stream: BinaryIO, size: int, meter: Meter) -> None:
        self._stream, self._size, self._meter = stream, size, meter
        self._base = 0
        self._base = 0 if self._at(0, 8) == MAGIC else 512
        head = Cursor(self._at(8, 88))
        version = head.number(1)
        if version < 2:
            head.take(4)
            widths = head.numbers(2, 1)
            head.take(13 if version == 1 else 9)
            base = head.numbers(5, 8)[0]  # then: free space, end, driver, the name of the root
        else:
            widths = head.numbers(2, 1)
            head.take(1)
            base = head.numbers(3, 8)[0]
        if version > 3 or widths != (8, 8):
            raise self._unknown("superblock")
        if base not in (0, self._base):
            raise ValueError("it begins elsewhere than it says")
        self._base = base
        self._root = head.number(8)

    def _at(self, address: int, size: int) -> bytes:
        """Read bytes at an address."""
        if not 0 <= address <= self._size or size > self._size:
            raise ValueError("it points beyond its end")
        self._stream.seek(self._base + address)
        return take(self._stream, size)

    def _unknown(self, what: str) -> InputError:
        return InputError(f"{self._meter.where}: written in a form of HDF5 that is not read ({what}); {_ADVICE}")

    def _messages(self, address: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the messages of an object: kind, flags, content."""
        if self._at(address, 4) == b"OHDR":
            head = Cursor(self._at(address, 34) if address + 34 < self._size else self._at(address, 16))
            head.take(5)
            flags = head.number(1)
            times, phases, width = 16 * (flags >> 5 & 1), 4 * (flags >> 4 & 1), 1 << (flags & 3)
            head.take(times + phases)
            blocks = [(address + 6 + times + phases + width, head.number(width))]
        else:
            head = Cursor(self._at(address, 16))
            if head.number(1) != 1:
                raise ValueError("it has no object where one should be")
            head.take(7)
            blocks, flags = [(address + 16, head.number(4))], None
        for place, length in blocks:  # which grow as they are read
            self._meter.draw("objects")
            content = Cursor(self._at(place, length))
            least = 8 if flags is None else 4 + 2 * (flags >> 2 & 1)
            while length >= least:
                self._meter.draw("objects")
                kind = content.number(2 if flags is None else 1)
                size, own = content.number(2), content.number(1)
                content.take(least - (5 if flags is None else 4))
                length -= least + size
                message = content.take(size)
                if kind == _MORE:
                    start, size = Cursor(message).numbers(2, 8)
                    blocks.append((start, size) if flags is None else (start + 4, size - 8))  # OCHK, ..., checksum
                else:
                    yield kind, own, message

    def members(self, group: int | None = None) -> dict[str, Stored]:
        """Say what a group holds; without one, the top group."""
        found: dict[str, Stored] = {}
        for name, address in self._links(self._root if group is None else group):
            if name.startswith("#"):  # "#refs#" holds the contents of cells
                continue
            if address is None:
                raise InputError(f"{self._meter.where}: '{printable(name)}' {_ELSEWHERE}")
            found[name] = self.array(name, address)
        return found

    def _links(self, group: int) -> Iterator[tuple[str, int | None]]:
        """Yield the names in a group, and the addresses of their objects; None for a link to elsewhere."""
        for kind, _, message in self._messages(group):
            if kind == _LINK:
                yield read_link(message)
            elif kind == _TABLE:
                yield from self._table(*Cursor(message).numbers(2, 8))
            elif kind == _LINKS:
                cursor = Cursor(message[1:])
                cursor.take(8 * (cursor.number(1) & 1))
                if cursor.number(8) != _NOWHERE:
                    raise self._unknown("a group of many links")

    def _table(self, tree: int, heap: int) -> Iterator[tuple[str, int | None]]:
        """Yield the links of a group of the older form."""
        head = Cursor(self._at(heap, 32))
        if head.take(8) != b"HEAP\0\0\0\0":
            raise ValueError("it has no names where they should be")
        size, _, start = head.numbers(3, 8)
        names = self._at(start, size)
        for _, address in self._leaves(tree, 0, 8):
            node = Cursor(self._at(address, 8))
            if node.take(6) != b"SNOD\1\0":
                raise ValueError("it has no links where they should be")
            for k in range(node.number(2)):
                self._meter.draw("objects")
                entry = Cursor(self._at(address + 8 + 40 * k, 40))
                offset, place, cached = entry.number(8), entry.number(8), entry.number(4)
                name = names[offset : offset + _LAST].partition(b"\0")[0].decode("utf-8", "replace")
                yield name, None if cached == 2 or place == _NOWHERE else place

    def _leaves(self, address: int, kind: int, width: int) -> Iterator[tuple[bytes, int]]:
        """Yield the keys and the children of the lowest nodes of a tree."""
        waiting: list[tuple[int, int | None]] = [(address, None)]
        while waiting:
            address, above = waiting.pop()
            self._meter.draw("objects")
            node = Cursor(self._at(address, 24))
            if node.take(4) != b"TREE" or node.number(1) != kind:
                raise ValueError("it has no tree where one should be")
            level, count = node.number(1), node.number(2)
            if above is not None and level != above - 1:
                raise ValueError("a tree in it bites its tail")
            entries = Cursor(self._at(address + 24, count * (width + 8)))
            self._meter.draw("objects", count)
            for _ in range(count):
                key, child = entries.take(width), entries.number(8)
                if level:
                    waiting.append((child, level))
                else:
                    yield key, child

    def array(self, name: str, address: int) -> Stored:
        """Say what a data set or a group is."""
        found, group = _DataSet(name), False
        for kind, flags, message in self._messages(address):
            group = group or kind in (_LINK, _LINKS, _TABLE)
            if kind == _EXTERNAL or (kind == _LAYOUT and message[:2] in (b"\4\3", b"\5\3")):  # virtual
                raise InputError(f"{self._meter.where}: '{printable(name)}' {_ELSEWHERE}")
            if flags & _SHARED:  # such as a type that has a name of its own
                continue
            if kind == _SPACE:
                found.shape = read_shape(message)
            elif kind == _TYPE:
                found.dtype = read_dtype(message)
                found.kind = found.kind or {6: "complex", 7: "members"}.get(message[0] & 15, "")
            elif kind == _LAYOUT:
                found.layout = message
            elif kind == _FILTERS:
                found.filters = self._filters(message)
            elif kind == _ATTRIBUTE:
                found.kind = read_mark(message) or found.kind
        if group:
            known = found.kind in ("", "struct")
            return Foreign("struct", lambda: self.members(address)) if known else Foreign(found.kind)
        if found.shape is None or found.dtype is None or found.layout is None:
            return Foreign(found.kind or "unknown")
        values = StoredArray(found.shape[::-1], found.dtype, lambda: self._values(found).T)
        if not found.kind:
            return values
        labels = {"char": self._text, "cell": self._texts, "logical": lambda truth: truth.read()}.get(found.kind)
        if found.kind == "struct":
            return Foreign("structs")
        return Foreign(found.kind, labels=labels and (lambda: labels(values)))

    def _text(self, letters: StoredArray) -> np.ndarray:
        """Read a matrix of letters: a text a row."""
        rows = letters.read()
        if rows.ndim != 2 or rows.dtype.kind != "u":
            raise ValueError("its text is none")
        return np.array(["".join(map(chr, row.tolist())).strip() for row in rows], dtype=str)

    def _texts(self, cells: StoredArray) -> np.ndarray:
        """Read the texts of a cell array, whose values are where they lie."""
        self._meter.draw("objects", cells.size)
        found = [self.array("", place) for place in cells.read().ravel("F").tolist()]
        if not all(isinstance(part, Foreign) and part.kind == "char" and part.labels is not None for part in found):
            raise ValueError("its cells hold other things than text")
        texts = [part.labels() for part in found if isinstance(part, Foreign) and part.labels is not None]
        return np.array([text[0] if len(text) else "" for text in texts], dtype=str)

    def _filters(self, message: bytes) -> dict[int, tuple[int, int]]:
        """Read what was done to each chunk, in that order."""
        content, filters = Cursor(message), {}
        version, count = content.numbers(2, 1)
        content.take(6 if version == 1 else 0)
        for place in range(count):
            code = content.number(2)
            named = content.number(2) if version == 1 or code >= 256 else 0
            content.take(2)
            many = content.number(2)
            content.take(named + (-named % 8 if version == 1 else 0))
            settings = content.numbers(many, 4)
            content.take(4 if version == 1 and many % 2 else 0)
            filters.setdefault(code, (place, settings[0] if settings else 1))
        strange = [code for code in filters if code not in (_DEFLATE, _SHUFFLE, _FLETCHER32)]
        if strange or len(filters) < count:
            code = f"filter {strange[0]}" if strange else "a filter twice"
            raise InputError(f"{self._meter.where}: packed in a way that is not read ({code}); {_ADVICE}")
        return filters

    def _values(self, found: _DataSet) -> np.ndarray:
        """Read the values of a data set."""
        shape, dtype, layout = found.shape or (), found.dtype or np.dtype(float), Cursor(found.layout or b"")
        version, rank = layout.numbers(2, 1)
        old = version in (1, 2)  # of HDF5 until 1.6.2, as of MATLAB 2007
        form, axes = (layout.number(1), rank) if old else (rank, 0)
        if version not in (1, 2, 3, 4) or form > 2 or (form == 2 and version == 4):
            raise self._unknown(f"layout {version}")
        nbytes = math.prod(shape) * dtype.itemsize
        layout.take(5 if old else 0)
        if form == 0:
            layout.take(4 * axes)
            size = layout.number(4 if old else 2)
            return take_array(io.BytesIO(layout.take(size)), shape, dtype, self._meter)
        if form == 2:
            axes = axes or layout.number(1)
            tree, chunk = layout.number(8), layout.numbers(axes, 4)[:-1]
            return self._chunks(found.name, found.filters, shape, dtype, tree, chunk)
        start, size = layout.number(8), nbytes if old else layout.number(8)
        if nbytes and (start == _NOWHERE or size < nbytes or start + nbytes > self._size):
            raise ValueError(f"'{found.name}' was never written")
        if nbytes:
            self._at(start, 0)
        return take_array(self._stream, shape, dtype, self._meter)

    def _chunks(
        self,
        name: str,
        filters: dict[int, tuple[int, int]],
        shape: tuple[int, ...],
        dtype: np.dtype,
        tree: int,
        chunk: tuple[int, ...],
    ) -> np.ndarray:
        """Read a data set that is stored in chunks, each unpacked to its own size at most."""
        if len(chunk) != len(shape) or 0 in chunk:
            raise ValueError("its chunks are of another shape")
        nbytes, grid = math.prod(chunk) * dtype.itemsize, [range(0, n, m) for n, m in zip(shape, chunk, strict=True)]
        self._meter.draw("bytes", math.prod(shape) * dtype.itemsize + nbytes)
        self._meter.draw("objects", math.prod(map(len, grid)))
        require_memory(math.prod(shape) * dtype.itemsize + nbytes, self._meter.where)
        stored = {} if tree == _NOWHERE else self._places(tree, len(shape) + 1)
        values = np.empty(shape, dtype)
        for at in itertools.product(*grid):
            if at not in stored:
                raise ValueError(f"a part of '{name}' was never written")
            self._meter.tick()
            place, size, skipped = stored[at]
            content = self._at(place, size)
            for code, (k, setting) in reversed(filters.items()):
                if not skipped >> k & 1:
                    content = _unpacked(content, code, setting, nbytes)
            whole = np.frombuffer(content, dtype, math.prod(chunk)).reshape(chunk)
            part = tuple(slice(start, min(start + m, n)) for start, m, n in zip(at, chunk, shape, strict=True))
            values[part] = whole[tuple(slice(0, one.stop - one.start) for one in part)]
        return values

    def _places(self, tree: int, axes: int) -> dict[tuple[int, ...], tuple[int, int, int]]:
        """Find the chunks: by the index of their first value, address, size, and the filters that were left out."""
        stored = {}
        for key, address in self._leaves(tree, 1, 8 + 8 * axes):
            cursor = Cursor(key)
            size, skipped = cursor.numbers(2, 4)
            stored[cursor.numbers(axes - 1, 8)] = address, size, skipped
        return stored


def _unpacked(content: bytes, code: int, setting: int, nbytes: int) -> bytes:
    """Undo one filter of a chunk that is `nbytes` long in the end."""
    if code == _FLETCHER32:
        return content[:-_CHECKSUM]
    if code == _DEFLATE:
        content = zlib.decompressobj().decompress(content, nbytes + _CHECKSUM + 1)
        if len(content) > nbytes + _CHECKSUM:
            raise ValueError("a part of it is larger than it says")
        return content
    whole = len(content) // setting * setting if setting else 0
    if setting < 2 or not whole:  # of one byte each: shuffling changes nothing
        return content
    return np.frombuffer(content[:whole], np.uint8).reshape(setting, -1).T.tobytes() + content[whole:]
