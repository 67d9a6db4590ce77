"""numpy's archives, `.npz`, as weights.

What a member unpacks to counts when the archive is opened, and its numbers are unpacked when they are wanted. Not
guaranteed: that a member's numbers are undamaged before they are read.
"""

import math
import zipfile
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable, require_memory
from ganatomy.files.arrays import GROWTH, npy_header, take_array

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
                shape, order, dtype, _ = npy_header(stream)
                array = take_array(stream, shape, dtype, Meter(self.where), order)
                stream.read(1)  # at its end the checksum is compared
                return array
        except InputError:
            raise
        except Exception as error:  # on damaged bytes zlib, zipfile and numpy raise many things
            name = printable(self.record.filename)
            raise InputError(f"{self.where} is damaged: '{name}': {printable(error)}; get the file again") from None


def read_weights(archive: zipfile.ZipFile, meter: Meter) -> dict[str, ArchivedTensor]:
    """Read the headers of an archive's arrays; what holds Python objects is left out.

    Raises:
        InputError: it unpacks to more than the budget allows.
        ValueError: damaged.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(path, w=np.zeros((2, 3)))
    >>> tree = read_weights(zipfile.ZipFile(path), Meter(path))
    >>> tree["w"].shape, tree["w"].read().sum().item()
    ((2, 3), 0.0)
    """
    meter.draw("bytes", sum(record.file_size for record in archive.infolist()))
    tree = {}
    for record in archive.infolist():
        meter.draw("objects", _MEMBER)
        if record.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a bound
            raise ValueError(f"{record.filename} is packed as numpy never does")
        with archive.open(record) as stream:
            shape, _, dtype, start = npy_header(stream)
        if dtype.hasobject:
            continue
        size = math.prod(shape) * dtype.itemsize
        if size != record.file_size - start or size > GROWTH * record.compress_size:
            raise ValueError(f"{record.filename} has another size than it says")
        name = record.filename.removesuffix(".npy")
        tree[name] = ArchivedTensor(archive, record, meter.where, dtype.name, shape)
    return tree
