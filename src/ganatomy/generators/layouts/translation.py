"""A StyleGAN2 in another project's words, put into ours.

A layout says of each of our tensors which one of theirs it is, what shape it has with us, and what becomes of its
numbers; `translate` does it. The constraint is that of `layout`: every expected tensor is there, in the one shape that
fits the others, and none is left over; filters are compared with the known one, as others would make another network.
Only filters are read. Our conventions are those of `styled`:

    weight     w / sqrt(fan_in) x style, fan_in = C k^2, demodulated with 1e-8 beside the sum of squares; in layers that
               double the resolution the picture is spread out and w slides over it backwards, as a convolution does
    style      weight . code / sqrt(W) + bias + 1
    mapping    0.01 (weight . x / sqrt(inputs) + bias), then the activation

Not guaranteed: what no tensor tells, such as the activation.

Shape letters: `C` channels, `k` kernel, `W` coordinates of a code, `K` resolutions, `r` pixels a side.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.generators.files.states import State, entry
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.layout import check_whole
from ganatomy.generators.layouts.styled import check_shapes

Shape = tuple[int, ...]
Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Source:
    """What one of our tensors is made of: theirs by `key`, or zeros where that is empty.

    Attributes:
        key: its name there.
        shape: maps its shape there to that with us, of as many numbers; of zeros, maps () to it.
        change: maps its numbers there to those with us, in float64; any shape of as many will do.
    """

    key: str
    shape: Callable[[Shape], Shape] = lambda shape: shape
    change: Change = lambda values: values


def turned(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn kernels by 180 degrees: of a transposed convolution into those of a convolution.

    >>> turned(np.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[[3.0, 2.0], [1.0, 0.0]]]]
    """
    return values[..., ::-1, ::-1]


def resolutions(stems: Mapping[str, int], state: State) -> int:
    """Count the resolutions: one more than the last that a stem with tensors belongs to, 1 if there is none.

    Args:
        stems: of layers and outputs, to the resolution k that each belongs to.
        state: the generator's tensors.

    >>> resolutions({"b4": 0, "b8": 1, "b16": 2}, dict.fromkeys(["b4.weight", "b8.weight"]))
    2
    """
    return 1 + max((k for stem, k in stems.items() if any(key.startswith(f"{stem}.") for key in state)), default=0)


def translate(
    state: State, sources: Mapping[str, Source], filters: Mapping[str, float], where: str
) -> dict[str, Entry]:
    """Find every tensor of a StyleGAN2 under our name, in our shape and scale.

    Args:
        state: the generator's tensors.
        sources: of each of our tensors.
        filters: keys of [1, 3, 3, 1] filters in both directions, to the sum of their taps; they may be missing.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: tensors are missing, left over, or of shapes that do not fit one another; other filters.

    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32", read=lambda: np.zeros(shape))
    >>> translate({"input.input": tensor(1, 8, 4, 4)}, {"const": Source("const")}, {}, "a.pt")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pt: the StyleGAN2 generator lacks const
    """
    check_whole(state, (source.key for source in sources.values() if source.key), filters, "StyleGAN2", where)
    entries = {ours: _translated(state, source, where) for ours, source in sources.items()}
    check_shapes("stylegan2", entries, where)
    for key, total in filters.items():
        if key in state:
            _check_filter(entry(state, key, where), total, where)
    return entries


def _translated(state: State, source: Source, where: str) -> Entry:
    if not source.key:
        shape = source.shape(())
        return Entry("noise that it does not have", shape, lambda: np.zeros(shape, np.float32))
    found = entry(state, source.key, where)
    shape = source.shape(found.shape)
    if math.prod(shape) != math.prod(found.shape):
        raise InputError(f"{where}: {found.origin} has shape {found.shape}, which no StyleGAN2 generator's has")

    def read() -> NDArray[np.float64]:
        with np.errstate(over="ignore", invalid="ignore"):  # who reads it refuses what is not finite
            return source.change(found.read().astype(np.float64)).reshape(shape)

    return Entry(found.origin, shape, read)


def _check_filter(found: Entry, total: float, where: str) -> None:
    taps = np.array([1, 3, 3, 1]) / 8
    if found.shape != (4, 4) or not np.allclose(found.read() / total, np.outer(taps, taps), rtol=0, atol=1e-5):
        raise InputError(f"{where}: {found.origin} is not the filter [1, 3, 3, 1] in both directions, which is known")
