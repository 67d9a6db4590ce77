"""Zip archives, whose directory is read within the budget, and numpy's among them, `.npz`.

An archive says at its end how long its directory is, of one entry a member. Python's reader makes an object of each
before anything can be counted; here each byte of it counts before it is read. What a member unpacks to counts when the
archive is opened, and its numbers are unpacked when they are wanted. Not guaranteed: that a member's numbers are
undamaged before they are read.
"""

import io
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, printable, require_memory

_BYTES = 4  # of a directory that count as an object; an entry has 50 or more
_MEMBER = 32  # objects that the header of an array counts for


@dataclass(frozen=True, eq=False)
class ArchivedTensor:
    """An array in an .npz file, read when it is wanted."""

    archive: zipfile.ZipFile
    record: zipfile.ZipInfo
    where: str
    dtype: str
    shape: tuple[int, ...]

    def read(self) -> np.ndarray:
        """Read the array.

        Raises:
            InputError: the file has been changed, is damaged or cannot be read, or there is no memory for the array.
        """
        require_memory(2 * self.record.file_size, f"{self.where}: an array of shape {self.shape}")
        try:
            with self.archive.open(self.record) as stream:
                return np.lib.format.read_array(stream, allow_pickle=False)
        except InputError:
            raise
        except Exception as error:  # on damaged bytes zlib, zipfile and numpy raise many things
            name = printable(self.record.filename)
            raise InputError(f"{self.where} is damaged: '{name}': {printable(error)}; get the file again") from None


def open_archive(file: OpenFile, meter: Meter) -> zipfile.ZipFile:
    """Open a zip archive, after its directory has been drawn from the budget.

    Raises:
        InputError: its end is missing, or it has more members than the budget allows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(path, w=np.zeros((2, 3)))
    >>> open_archive(OpenFile(path), Meter(path)).namelist()
    ['w.npy']
    """
    stream = _Counted(file, meter)
    try:
        return zipfile.ZipFile(stream)
    except InputError:
        raise
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError(f"{meter.where} is truncated or damaged: its end is missing; get the file again") from None
    finally:
        stream.meter = None


def read_npz(archive: zipfile.ZipFile, meter: Meter) -> dict[str, ArchivedTensor]:
    """Read the headers of an archive's arrays; what holds Python objects is left out.

    Raises:
        InputError: it unpacks to more than the budget allows.
        ValueError: damaged.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(path, w=np.zeros((2, 3)))
    >>> tree = read_npz(open_archive(OpenFile(path), Meter(path)), Meter(path))
    >>> tree["w"].shape, tree["w"].read().sum().item()
    ((2, 3), 0.0)
    """
    meter.draw("bytes", sum(record.file_size for record in archive.infolist()))
    tree = {}
    for record in archive.infolist():
        meter.draw("objects", _MEMBER)
        with archive.open(record) as stream:
            version = np.lib.format.read_magic(stream)
            read_header = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read_header = np.lib.format.read_array_header_2_0
            shape, _, dtype = read_header(stream)
            if dtype.hasobject:
                continue
            if math.prod(shape) * dtype.itemsize != record.file_size - stream.tell():
                raise ValueError(f"{record.filename} has another size than it says")
        name = record.filename.removesuffix(".npy")
        tree[name] = ArchivedTensor(archive, record, meter.where, dtype.name, shape)
    return tree


class _Counted(io.BufferedReader):
    """A file's bytes, which count as the objects of a directory for as long as there is a meter."""

    def __init__(self, file: OpenFile, meter: Meter) -> None:
        super().__init__(file.stream().detach(), 1 << 16)
        self.meter: Meter | None = meter
        self._size = file.size

    def read(self, size: int | None = -1, /) -> bytes:
        if self.meter is not None:
            left = max(0, self._size - self.tell())
            self.meter.draw("objects", (left if size is None or size < 0 else min(size, left)) // _BYTES)
        return super().read(size)
