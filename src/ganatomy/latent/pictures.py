"""Pictures of codes: from a generator's floats to stored grey levels, in order, and resumable.

A picture of values about [-1, 1] becomes uint8 by round(127.5 (x + 1)), cut off at 0 and 255; one larger than wanted
is first reduced, by averaging squares of pixels where the sizes divide and by an antialiased bilinear filter otherwise.

A `Store` is a file of equal uint8 pictures one after another, so that its length alone tells how many are there: what
was cut off in the middle of one is dropped, and the next goes there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator, Precision

Painter = Callable[[Tensor], NDArray[np.uint8]]


def batch_size(resolution: int) -> int:
    """How many pictures are made at a time: enough to be fast, few enough to be stopped within a second or two.

    >>> batch_size(64), batch_size(1024)
    (64, 8)
    """
    return min(64, max(8, 8192 // resolution))


def painter(generator: Generator, size: int | None = None, precision: Precision = "float32") -> Painter:
    """Return a function from ws (N, L, W) to pictures, uint8 (N, h, h, 3), h = min(size, resolution).

    It makes them `batch_size` at a time, so that any number of codes can be given.

    Args:
        generator: whose pictures.
        size: pixels a side, 16 or more; larger pictures are reduced to it, smaller ones stay as they are.
        precision: of the generator's arithmetic.

    Raises:
        InputError: a size below 16, an unknown precision; when painting, pictures that are not finite.

    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> _ = torch.manual_seed(0)
    >>> G = DCGAN([10, 8, 8, 3], kernels=[4, 4, 4]).eval()
    >>> painter(G)(G.mapping(G.draw(2, seed=0))).shape
    (2, 16, 16, 3)
    """
    if size is not None and size < 16:
        raise InputError(f"pictures of {size} pixels: give 16 or more")
    render = generator.renderer(precision)
    device = generator.device
    wanted = min(size or generator.resolution, generator.resolution)

    @torch.inference_mode()
    def paint_batch(ws: Tensor) -> NDArray[np.uint8]:
        x = render(ws.to(device, torch.float32))
        if wanted < generator.resolution:
            if generator.resolution % wanted == 0:
                x = functional.avg_pool2d(x, generator.resolution // wanted)
            else:
                x = functional.interpolate(x, size=(wanted, wanted), mode="bilinear", antialias=True)
        if not x.isfinite().all():
            raise InputError("the generator gives NaN or infinite pictures; its weights are damaged, or too large")
        levels = x.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
        return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()

    return lambda ws: np.concatenate([paint_batch(some) for some in ws.split(batch_size(generator.resolution))])


class Store:
    """A file of pictures (h, w, 3), appended in order.

    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / "pictures", (2, 2, 3))
    >>> store.append(np.zeros((4, 2, 2, 3), np.uint8))
    >>> len(store), store[[0, 3]].shape
    (4, (2, 2, 2, 3))
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self.path, self.shape = path, shape
        self._each = int(np.prod(shape))

    def __len__(self) -> int:
        try:
            return os.path.getsize(self.path) // self._each
        except FileNotFoundError:
            return 0

    def keep(self, count: int) -> None:
        """Forget all but the first `count` pictures, and what was cut off in the middle."""
        if self.path.exists():
            os.truncate(self.path, count * self._each)

    def append(self, pictures: NDArray[np.uint8]) -> None:
        """Put pictures (B, h, w, 3) behind those that are there.

        Raises:
            InputError: the file cannot be written.
        """
        assert pictures.shape[1:] == self.shape, (pictures.shape, self.shape)
        whole = len(self) * self._each
        try:
            with open(self.path, "r+b" if self.path.exists() else "wb") as file:
                file.seek(whole)
                file.write(np.ascontiguousarray(pictures).data)
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror or error}; choose a folder that exists and has room"
            ) from None

    def __getitem__(self, index: NDArray[np.intp] | list[int]) -> NDArray[np.uint8]:
        """Return the pictures of an array of numbers (...): (..., h, w, 3)."""
        pictures = np.memmap(self.path, np.uint8, "r", shape=(len(self), *self.shape))
        return np.asarray(pictures[np.asarray(index)])


class Grid:
    """Pictures of a store by an array of their numbers, (...,): indexed like (..., h, w, 3), read when asked for.

    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / "pictures", (2, 2, 3))
    >>> store.append(np.arange(3, dtype=np.uint8)[:, None, None, None].repeat(12, -1).reshape(3, 2, 2, 3))
    >>> Grid(store, np.array([[2, 0], [1, 1]]))[:, 0][..., 0, 0, 0].tolist()
    [2, 1]
    """

    def __init__(self, store: Store, numbers: NDArray[np.intp]) -> None:
        self._store, self._numbers = store, numbers
        self.shape = (*numbers.shape, *store.shape)

    def __getitem__(self, key: object) -> NDArray[np.uint8]:
        return self._store[self._numbers[key]]
