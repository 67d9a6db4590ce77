"""Tensors that are still in their file.

A *storage* is a run of bytes in a file, and a tensor is a view of one: with its first element at `offset`, element
(i_1, ..., i_n) lies at `offset + i_1 stride_1 + ... + i_n stride_n`, counted in elements of the tensor's type. Types,
shapes and strides are known from the file's own description; the numbers are read when they are wanted, each time
anew, so that opening costs nothing and no more is held than is in use. Constraint: the maker of a `StoredTensor` has
checked that the view lies inside its storage. That the file is still the one that was opened, `OpenFile` sees to.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import OpenFile, require_memory


def item_size(dtype: str) -> int:
    """Return how many bytes an element takes.

    >>> item_size("bfloat16"), item_size("float32")
    (2, 4)
    """
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


@dataclass(eq=False)
class Storage:
    """A run of `nbytes` bytes, which begins at byte `position` of a file."""

    file: OpenFile
    nbytes: int
    position: int = -1  # in a legacy file known only once the pickle has been read
    checksum: int = 0  # CRC-32 of its bytes; 0 if there is none
    content: bytes | None = field(
        default=None, repr=False
    )  # where it is short and was read with the rest: then `position` counts in these


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor that is still in its file: its type and shape are known, its numbers are read by `read`."""

    storage: Storage
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    def read(self) -> np.ndarray:
        """Read the numbers, as an array of their own type, bfloat16 as float32.

        Raises:
            InputError: the file has been changed or cannot be read, a checksum tells that it is damaged, or there is no
                memory for it.
        """
        storage, count = self.storage, reach(self.shape, self.strides)
        raw = np.dtype("uint16" if self.dtype == "bfloat16" else self.dtype).newbyteorder("<")
        start = storage.position + self.offset * raw.itemsize
        require_memory(2 * count * raw.itemsize, f"{storage.file.path}: a tensor of shape {self.shape}")
        if storage.content is not None:
            data = np.frombuffer(storage.content, raw, count, start).copy()
        else:
            data = np.empty(count, raw)
            if storage.file.fill(data.view(np.uint8).data, start) < data.nbytes:
                raise InputError(f"{storage.file.path} ends before its tensors do; get the file again")
        if storage.checksum and data.nbytes == storage.nbytes and zlib.crc32(data.data) != storage.checksum:
            raise InputError(
                f"{storage.file.path} is damaged: a tensor does not match its checksum; get the file again"
            )
        if self.dtype == "bfloat16":
            data = (data.astype(np.uint32) << 16).view(np.float32)
        if self.strides != contiguous(self.shape):
            steps = [stride * data.itemsize for stride in self.strides]
            return np.lib.stride_tricks.as_strided(data, self.shape, steps).copy()
        return data.reshape(self.shape)


@dataclass(frozen=True, eq=False)
class Entry:
    """A tensor under our name: what its file calls it, the shape that it has with us, and how it is read to that."""

    origin: str
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array whose last index runs fastest.

    >>> contiguous((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def reach(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Count the elements from a tensor's first to its last, both included.

    >>> reach((2, 3), (1, 2)), reach((2, 3), (10, 1)), reach((0, 3), (3, 1))
    (6, 13, 0)
    """
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
