"""Pictures of codes: from a generator's floats to stored grey levels, in order, and resumable.

A picture of values about [-1, 1] becomes uint8 by round(127.5 (x + 1)), cut off at 0 and 255; one larger than wanted
is first reduced, by averaging squares of pixels where the sizes divide and by an antialiased bilinear filter otherwise.

A `Store` is a file of equal uint8 pictures one after another, so that its length alone tells how many are there: what
was cut off in the middle of one is dropped, and the next goes there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.files import Place, at_once
from ganatomy.generators.base import Generator, Noise, Precision
from ganatomy.generators.fast.renderer import renderer

Painter = Callable[[Tensor], NDArray[np.uint8]]
SizedPainter = Callable[[Tensor, Collection[int]], dict[int, NDArray[np.uint8]]]


def batch_size(resolution: int) -> int:
    """How many pictures are made at a time: enough to be fast, few enough to be stopped within a second or two.

    >>> batch_size(64), batch_size(1024)
    (64, 8)
    """
    return min(64, max(8, 8192 // resolution))


def painter(generator: Generator, size: int | None = None, precision: Precision = "float32") -> Painter:
    """Return a function from ws (N, L, W) to pictures, uint8 (N, h, h, 3), h = min(size, resolution).

    It makes them `batch_size` at a time, fewer where memory is short, so that any number of codes can be given.

    Args:
        generator: the network that makes them.
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
    wanted = kept_size(generator, size)
    paint = sized_painter(generator, precision)
    return lambda ws: paint(ws, (wanted,))[wanted]


def paint(
    generator: Generator,
    ws: Tensor | NDArray[np.floating],
    *,
    size: int | None = 256,
    precision: Precision = "float32",
    noise: Noise | None = None,
) -> NDArray[np.uint8]:
    """Make the pictures of codes ws (N, L, W): uint8 (N, h, h, 3), h = min(size, resolution).

    Args:
        generator: the network that makes them.
        ws: such as `draw` gives, edited or not.
        size: pixels a side, 16 or more; larger pictures are reduced to it. None for as large as they are.
        precision: of the generator's arithmetic.
        noise: the grain of a StyleGAN's pictures, "stored", "none" or "random"; by default the generator's own.

    Raises:
        InputError: codes of another shape, a size below 16, an unknown precision or noise; pictures that are not
            finite.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(resolution=64).eval()
    >>> pictures = paint(G, G.mapping(G.draw(2)), size=32)
    >>> pictures.shape, pictures.dtype
    ((2, 32, 32, 3), dtype('uint8'))
    """
    codes = torch.as_tensor(ws)
    if codes.ndim != 3 or not len(codes) or tuple(codes.shape[1:]) != (generator.num_ws, generator.w_dim):
        wanted = f"(N, {generator.num_ws}, {generator.w_dim})"
        raise InputError(f"codes have shape {tuple(codes.shape)}, and this generator takes {wanted}: ws of samples")
    own = generator.noise
    generator.noise = own if noise is None else noise
    try:
        return painter(generator, size, precision)(codes)
    finally:
        generator.noise = own


def kept_size(generator: Generator, size: int | None) -> int:
    """Return the pixels a side of pictures that are kept at most so large; the generator's own where none is given.

    Raises:
        InputError: a size below 16.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> kept_size(Planted(resolution=64), 256), kept_size(Planted(resolution=64), 32)
    (64, 32)
    """
    if size is not None and size < 16:
        raise InputError(f"pictures of {size} pixels: give 16 or more")
    return min(size or generator.resolution, generator.resolution)


def sized_painter(generator: Generator, precision: Precision = "float32") -> SizedPainter:
    """Return a function from ws (N, L, W) and sizes to pictures of each size, uint8 (N, h, h, 3), all of one synthesis.

    Each is reduced from the generator's floats, so that it is, to the bit, what `painter` gives at that size alone.

    Args:
        generator: the network that makes them.
        precision: of the generator's arithmetic.

    Raises:
        InputError: an unknown precision; when painting, pictures that are not finite, or no memory for one.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(resolution=64).eval()
    >>> pictures = sized_painter(G)(G.mapping(G.draw(2)), [64, 48])
    >>> {size: made.shape for size, made in pictures.items()}
    {64: (2, 64, 64, 3), 48: (2, 48, 48, 3)}
    >>> bool((pictures[48] == painter(G, 48)(G.mapping(G.draw(2)))).all())
    True
    """
    render, device, resolution = renderer(generator, precision), generator.device, generator.resolution
    each = generator.picture_bytes if device.type == "cpu" else 0

    @torch.inference_mode()
    def paint_batch(ws: Tensor, sizes: Collection[int]) -> dict[int, NDArray[np.uint8]]:
        x = render(ws.to(device, torch.float32))
        if not x.isfinite().all():
            raise InputError("the generator gives NaN or infinite pictures; its weights are damaged, or too large")
        return {size: _levels(_reduced(x, size)) for size in sizes}

    def paint(ws: Tensor, sizes: Collection[int]) -> dict[int, NDArray[np.uint8]]:
        most = at_once(batch_size(resolution), each, f"a picture of {resolution} pixels a side")
        parts = [paint_batch(some, sizes) for some in ws.split(most)]
        return {size: np.concatenate([part[size] for part in parts]) for size in sizes}

    return paint


def _reduced(x: Tensor, size: int) -> Tensor:
    resolution = x.shape[-1]
    if size == resolution:
        return x
    if resolution % size == 0:
        return functional.avg_pool2d(x, resolution // size)
    return functional.interpolate(x, size=(size, size), mode="bilinear", antialias=True)


def _levels(x: Tensor) -> NDArray[np.uint8]:
    levels = x.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()


class Store:
    """A file of pictures (h, w, 3), appended in order.

    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / "pictures", (2, 2, 3))
    >>> store.append(np.zeros((4, 2, 2, 3), np.uint8))
    >>> len(store), store[[0, 3]].shape
    (4, (2, 2, 2, 3))
    """

    def __init__(self, path: str | os.PathLike, shape: tuple[int, int, int]) -> None:
        self._place, self.shape = Place.of(path), shape
        self._each = int(np.prod(shape))

    @property
    def path(self) -> Path:
        """Return the path of the file."""
        return self._place.path

    def __len__(self) -> int:
        return self._place.size() // self._each

    def keep(self, count: int) -> None:
        """Forget all but the first `count` pictures, and what was cut off in the middle."""
        self._place.truncate(count * self._each)

    def append(self, pictures: NDArray[np.uint8]) -> None:
        """Put pictures (B, h, w, 3) behind those that are there.

        Raises:
            InputError: the file cannot be written.
        """
        assert pictures.shape[1:] == self.shape, (pictures.shape, self.shape)
        self._place.put(len(self) * self._each, np.ascontiguousarray(pictures).data)

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

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:  # whatever numpy takes as an index
        return self._store[self._numbers[key]]
