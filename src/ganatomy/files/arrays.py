"""Arrays in numpy's files, of which the shape and the type are known before any value is read.

What a header says is drawn from the meter first, and compared with what can lie behind it: no array is larger than its
file, or than zlib can make of it. Nothing is unpickled, and of an archive no more is unpacked than is asked for.
"""

import io
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, Protocol, cast

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files.budget import Meter, require_memory
from ganatomy.files.names import printable
from ganatomy.files.reading import open_input

_HEADER = 10_000  # bytes: numpy's own limit, of which it makes sure only after it has read the header
_PIECE = 1 << 20  # bytes that are read at once
_ENTRY = 4  # bytes of an archive's directory that count as an object; an entry has 50 or more
MOST_AXES = 32
"""Of any array that is read."""
GROWTH = 1040
"""Bytes that zlib may make of one: 1032 at most."""


@dataclass(frozen=True)
class StoredArray:
    """An array that lies in a file: what it is, and `read`, which returns it as it is stored."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)


class Readable(Protocol):
    """Bytes that are read from the front.

    >>> reader: Readable = io.BytesIO(b"abc")
    """

    def read(self, size: int = -1, /) -> bytes:
        """Read at most so many bytes."""
        ...


def take(stream: Readable, size: int) -> bytes:
    """Read just so many bytes.

    Raises:
        ValueError: there are fewer.

    >>> take(io.BytesIO(b"abc"), 2)
    b'ab'
    """
    content = stream.read(size)
    if len(content) != size:
        raise ValueError("it ends too early")
    return content


def take_array(stream: IO[bytes], shape: Sequence[int], dtype: np.dtype, meter: Meter, order: str = "C") -> np.ndarray:
    """Read the values of an array, once its meter allows and there is memory for them.

    Args:
        stream: stands at the first value.
        shape: of the array.
        dtype: of the values; no Python objects.
        meter: of the file.
        order: "C" or "F", in which the values lie.

    Raises:
        InputError: more than the file may cost, or than there is memory for.
        ValueError: the values end too early.

    >>> take_array(io.BytesIO(bytes([1, 0, 2, 0])), [2], np.dtype("<u2"), Meter("a.npy"))
    array([1, 2], dtype=uint16)
    """
    count = math.prod(shape)
    meter.draw("bytes", count * dtype.itemsize)
    require_memory(count * dtype.itemsize, meter.where)
    flat = np.empty(count, dtype)
    if flat.nbytes:
        left = flat.view(np.uint8).data
        while left:
            got = stream.readinto(left[:_PIECE])  # type: ignore[attr-defined]
            if not got:
                raise ValueError("it ends too early")
            left = left[got:]
            meter.tick()
    return flat.reshape(tuple(shape), order="F" if order == "F" else "C")


def stored_npy(open_stream: Callable[[], AbstractContextManager[IO[bytes]]], size: int, meter: Meter) -> StoredArray:
    """Say what array a numpy file holds.

    Args:
        open_stream: opens the file at its beginning.
        size: of the file in bytes.
        meter: of the file.

    Raises:
        ValueError: it is none, it is damaged, or it holds Python objects.

    >>> file = io.BytesIO()
    >>> np.save(file, np.eye(2))
    >>> array = stored_npy(lambda: io.BytesIO(file.getvalue()), len(file.getvalue()), Meter("a.npy"))
    >>> array.shape, array.dtype, array.read().trace()
    ((2, 2), dtype('float64'), np.float64(2.0))
    """
    with open_stream() as stream:
        shape, order, dtype, start = npy_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    if start + math.prod(shape) * dtype.itemsize > size:
        raise ValueError("it ends too early")

    def read() -> np.ndarray:
        with open_stream() as stream:
            take(stream, start)
            array = take_array(stream, shape, dtype, meter, order)
            stream.read(1)  # at its end the checksum is compared
            return array

    return StoredArray(shape, dtype, read)


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], str, np.dtype, int]:
    """Read the header of a numpy file: shape, order (C or F), type, and where the values begin.

    Raises:
        ValueError: it is none, or longer than numpy's own.

    >>> file = io.BytesIO()
    >>> np.save(file, np.eye(2))
    >>> _ = file.seek(0)
    >>> npy_header(file)
    ((2, 2), 'C', dtype('float64'), 128)
    """
    head = take(stream, 8)
    if head[:6] != b"\x93NUMPY" or head[6] not in (1, 2, 3):
        raise ValueError("it is no array of numpy's")
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(take(stream, width), "little")
    if length > _HEADER:
        raise ValueError("its header is too long")
    text = io.BytesIO(length.to_bytes(4, "little") + take(stream, length))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old spellings of a type
        try:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(text)
        except Exception as error:  # numpy reads it as Python, and raises nearly anything
            raise ValueError(f"its header is damaged ({printable(error, 60)})") from None
    if len(shape) > MOST_AXES or any(isinstance(n, bool) or n < 0 for n in shape) or math.prod(shape) >= 1 << 60:
        raise ValueError("its shape is none")
    return shape, "F" if fortran else "C", dtype, 8 + width + length


def open_archive(stream: BinaryIO, meter: Meter) -> zipfile.ZipFile:
    """Open a zip archive; each byte of its directory counts before it is read, as Python makes an object of an entry.

    Raises:
        InputError: more members than the file may cost.
        Exception: it is no zip archive, or damaged; `zipfile` raises nearly anything.

    >>> file = io.BytesIO()
    >>> np.savez(file, w=np.zeros((2, 3)))
    >>> open_archive(file, Meter("a.npz")).namelist()
    ['w.npy']
    """
    counted = _Counted(stream, meter)
    archive = zipfile.ZipFile(cast("IO[bytes]", counted))
    counted.meter = None
    return archive


class _Counted:
    """A stream whose bytes count as the objects of a directory, for as long as there is a meter."""

    def __init__(self, stream: BinaryIO, meter: Meter) -> None:
        self.meter: Meter | None = meter
        self._stream, self._size = stream, stream.seek(0, os.SEEK_END)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, size: int = -1) -> bytes:
        if self.meter is not None:
            left = max(0, self._size - self._stream.tell())
            self.meter.draw("objects", (left if size < 0 else min(size, left)) // _ENTRY)
        return self._stream.read(size)


def stored_npz(stream: BinaryIO, meter: Meter) -> dict[str, StoredArray | None]:
    """Say what arrays an archive of numpy files holds; None for a member that is no array of plain values.

    They are read from `stream`, which stays open.

    Raises:
        InputError: more members than the file may cost.
        Exception: it is no zip archive, or damaged; `zipfile` raises nearly anything.

    >>> file = io.BytesIO()
    >>> np.savez_compressed(file, a=np.arange(3), b=np.array("text"))
    >>> arrays = stored_npz(file, Meter("a.npz"))
    >>> arrays["a"].shape, arrays["a"].read(), arrays["b"].dtype.kind
    ((3,), array([0, 1, 2]), 'U')
    """
    archive = open_archive(stream, meter)
    members = archive.infolist()
    arrays: dict[str, StoredArray | None] = {}
    for member in members:
        meter.tick()
        growth = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: GROWTH}.get(member.compress_type, 0)
        size = min(member.file_size, growth * member.compress_size)
        name = member.filename.removesuffix(".npy")
        try:
            arrays[name] = stored_npy(lambda member=member: archive.open(member), size, meter) if growth else None
        except ValueError:  # Python objects, or no array: no reason to refuse the other members
            arrays[name] = None
    return arrays


def read_npz(path: str | os.PathLike, names: Sequence[str], advice: str = "make it again") -> list[np.ndarray]:
    """Read arrays of numbers from an archive.

    Args:
        path: of an .npz.
        names: of the arrays.
        advice: what to do if the file is damaged.

    Raises:
        InputError: no such file, no such array, no numbers, damage, or more than a file may cost.

    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.npz"
    >>> np.savez(path, a=np.arange(3))
    >>> read_npz(path, ["a"])
    [array([0, 1, 2])]
    >>> read_npz(path, ["b"])
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...a.npz: missing or damaged (it has no numbers under 'b'); make it again
    """
    with open_input(path, advice) as stream, _refusing(path, advice):
        stored = stored_npz(stream, Meter(os.fspath(path)))
        arrays: list[np.ndarray] = []
        for name in names:
            found = stored.get(name)
            if found is None or found.dtype.kind not in "iuf":
                raise ValueError(f"it has no numbers under '{name}'")
            arrays.append(found.read())
        return arrays


def read_arrays(path: str | os.PathLike, names: Sequence[str] | None = None, advice: str = "") -> dict[str, np.ndarray]:
    """Read an .npz, of which what is no array of plain values is left out, or an .npy, whose array is called "".

    Args:
        path: of the file; it is told from its content which it is.
        names: of the arrays that are wanted, as far as they are there; None for all.
        advice: what to do if the file is none, or damaged.

    Raises:
        InputError: no such file, damage, or more than a file may cost.

    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.npy"
    >>> np.save(path, np.arange(3))
    >>> read_arrays(path)
    {'': array([0, 1, 2])}
    """
    with open_input(path, advice) as stream, _refusing(path, advice):
        meter = Meter(os.fspath(path))
        if take(stream, 4) in (b"PK\3\4", b"PK\5\6"):  # the latter of an empty one
            stored = stored_npz(stream, meter)
        else:

            def again() -> AbstractContextManager[IO[bytes]]:
                stream.seek(0)
                return nullcontext(stream)

            stored = {"": stored_npy(again, os.fstat(stream.fileno()).st_size, meter)}
        wanted = stored.keys() if names is None else {"", *names}
        return {name: array.read() for name, array in stored.items() if array is not None and name in wanted}


@contextmanager
def _refusing(path: str | os.PathLike, advice: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # damaged archives raise nearly anything
        why = printable(error) or type(error).__name__
        raise InputError(f"{printable(os.fspath(path), None)}: missing or damaged ({why}); {advice}") from None
