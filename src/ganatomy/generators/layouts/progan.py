"""How projects name and scale the weights of a ProGAN, and what makes them ours.

With fan_in = inputs x kernel^2, our layers apply w sqrt(2 / fan_in) x + b, our outputs w sqrt(1 / fan_in) x + b, and
layer 0 is a 4 x 4 convolution with padding 3. Known layouts, none of which needs a table of models:

- genforce (Shen et al. 2020): ours but for the names;
- InterFaceGAN (Shen et al. 2020): the same under older names, layers numbered from 0 or 1, often one output only;
- pytorch_GAN_zoo: sqrt(2 / fan_in) (w x + b) in every layer, and layer 0 is a matrix, of Z inputs and a row, with a
  bias, for each channel and pixel. So its w becomes 4 w, turned by 180 degrees as a convolution slides its kernel
  backwards over the one pixel, biases take their scale, and outputs' weights a factor sqrt(2).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ganatomy.errors import InputError
from ganatomy.generators.files.states import State, entry
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.layout import MOST, Layout, check_whole, level_of_detail


class Naming(NamedTuple):
    """The stems of layer i and output j, and what follows them."""

    layer: Callable[[int], str]
    output: Callable[[int], str]
    weight: str = "weight"
    bias: str = "bias"


@dataclass(frozen=True)
class Chained(Layout):
    """A layout of a ProGAN, by stems.

    >>> layout = LAYOUTS[1]
    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32", read=lambda: np.ones(shape))
    >>> state = {"layer0.weight": tensor(8, 5, 4, 4), "layer0.bias": tensor(8), "layer1.weight": tensor(8, 8, 3, 3),
    ...          "layer1.bias": tensor(8), "output0.weight": tensor(3, 8, 1, 1), "output0.bias": tensor(3)}
    >>> layout.words, layout.recognise(state), list(layout.convert(state, "a.pth", {}))[:2]
    ('ProGAN, genforce layout', True, ['layers.0.weight', 'layers.0.bias'])
    >>> del state["layer1.bias"]
    >>> layout.convert(state, "a.pth", {})
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: the ProGAN generator lacks layer1.bias
    """

    signs: tuple[str, ...] = ()  # patterns of keys, each of which must occur
    naming: Callable[[State], Naming] = lambda state: Naming(str, str)
    scaled: bool = False  # as in pytorch_GAN_zoo
    never: str = "(?!)"  # a pattern of keys that may not occur

    def recognise(self, state: State) -> bool:
        """Tell whether a state has this layout's names."""
        return all(_some(sign, state) for sign in self.signs) and not _some(self.never, state)

    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor under our name, in our shape and scale; only the level of detail is read."""
        naming = self.naming(state)
        count, outputs = _count(naming, state)
        stems = {f"layers.{i}": naming.layer(i) for i in range(2 * count)}
        stems |= {f"outputs.{j}": naming.output(j) for j in outputs}
        kinds = (("weight", naming.weight), ("bias", naming.bias))
        names = {f"{ours}.{kind}": f"{stem}.{end}" for ours, stem in stems.items() for kind, end in kinds}
        check_whole(state, names.values(), ["lod"], "ProGAN", where)
        entries = {ours: entry(state, origin, where) for ours, origin in names.items()}
        if self.scaled:
            entries = {ours: _from_zoo(ours, entries, where) for ours in entries}
        _check_shapes(entries, 2 * count, where)
        return {**entries, "lod": level_of_detail(state, "lod", count, outputs, where)}


def _interfacegan(state: State) -> Naming:
    """Layers are numbered from 0 or 1, outputs by resolution or by number."""
    first = 0 if _some(r"layer0\..*", state) else 1
    by_size = _some(r"output_\d+x\d+\..*", state)
    return Naming(
        lambda i: f"layer{i + first}",
        lambda j: f"output_{4 << j}x{4 << j}" if by_size else f"output{j}",
        "conv.weight",
        "wscale.bias",
    )


_ZOO = Naming(
    lambda i: "formatLayer" if i == 0 else "groupScale0.0" if i == 1 else f"scaleLayers.{i // 2 - 1}.{i % 2}",
    "toRGBLayers.{}".format,
    "module.weight",
    "module.bias",
)
LAYOUTS = (
    Chained(
        "progan",
        "our own layout",
        (r"outputs\.\d+\.(weight|bias)", r"layers\.\d+\.weight"),
        lambda state: Naming("layers.{}".format, "outputs.{}".format),
        never=r"layers\.\d+\.(noise|style)\b.*",  # a StyleGAN's, whose other names are the same
    ),
    Chained(
        "progan",
        "genforce layout",
        (r"output\d+\.(weight|bias)", r"layer\d+\.weight"),
        lambda state: Naming("layer{}".format, "output{}".format),
    ),
    Chained(
        "progan",
        "pytorch_GAN_zoo layout",
        (r"(formatLayer|toRGBLayers\.\d+)\.module\.(weight|bias)",),
        lambda state: _ZOO,
        scaled=True,
    ),
    Chained("progan", "InterFaceGAN layout", (r"layer\d+\.wscale\.bias", r"output.*\.conv\.weight"), _interfacegan),
)


def _some(pattern: str, state: State) -> bool:
    return any(re.fullmatch(pattern, key) for key in state)


def _count(naming: Naming, state: State) -> tuple[int, list[int]]:
    """Count the resolutions, and list the outputs that there are; the last one there must be."""

    def present(stem: str) -> bool:
        return any(key.startswith(f"{stem}.") for key in state)

    layers = [i for i in range(2 * MOST) if present(naming.layer(i))]
    outputs = [j for j in range(MOST) if present(naming.output(j))]
    count = max([1, *(i // 2 + 1 for i in layers), *(j + 1 for j in outputs)])
    return count, sorted({*outputs, count - 1})


def _from_zoo(ours: str, entries: Mapping[str, Entry], where: str) -> Entry:
    """Rescale one tensor of pytorch_GAN_zoo, and give the first layer's its place in a convolution."""
    found, stem = entries[ours], ours.rpartition(".")[0]
    scale = math.sqrt(2 / max(1, math.prod(entries[f"{stem}.weight"].shape[1:])))
    first = stem == "layers.0"
    channels, rest = divmod(found.shape[0] if found.shape else 0, 16)
    if first and (rest or len(found.shape) != (1 if ours.endswith("bias") else 2)):
        raise InputError(f"{where}: {found.origin} has shape {found.shape}, its first size is 16 times the channels")

    def weight() -> np.ndarray:
        values = found.read()
        if stem.startswith("outputs"):
            return np.multiply(values, math.sqrt(2), dtype=np.float32)
        if not first:
            return values
        kernel = values.reshape(channels, 4, 4, -1)[:, ::-1, ::-1].transpose(0, 3, 1, 2)
        return np.multiply(kernel, 4, dtype=np.float32)

    def bias() -> np.ndarray:
        return np.multiply(found.read(), scale, dtype=np.float32).reshape(shape)

    if ours.endswith("bias"):
        shape = (channels, 4, 4) if first else found.shape
        return Entry(found.origin, shape, bias)
    return Entry(found.origin, (channels, found.shape[1], 4, 4) if first else found.shape, weight)


def _check_shapes(entries: Mapping[str, Entry], layers: int, where: str) -> None:
    """Check that each layer takes what the one before gives, and that both of a resolution are as wide."""

    def expect(ours: str, *shapes: tuple[int, ...]) -> None:
        found = entries[ours]
        if found.shape not in shapes or 0 in found.shape:
            raise InputError(
                f"{where}: {found.origin} has shape {found.shape} where {shapes[0]} fits the rest of a ProGAN generator"
            )

    first = entries["layers.0.weight"].shape
    if len(first) != 4:
        raise InputError(f"{where}: {entries['layers.0.weight'].origin} has shape {first}, not (channels, Z, 4, 4)")
    widths = [first[1]]
    for i in range(layers):
        out = widths[-1] if i % 2 else (*entries[f"layers.{i}.weight"].shape, 0)[0]
        kernel = 3 if i else 4
        expect(f"layers.{i}.weight", (out, widths[-1], kernel, kernel))
        expect(f"layers.{i}.bias", (out,), *([(out, 4, 4)] if i == 0 else []))
        widths.append(out)
    for ours in entries:
        if ours.startswith("outputs."):
            width = widths[2 * int(ours.split(".")[1]) + 2]
            expect(ours, (3, width, 1, 1) if ours.endswith("weight") else (3,))
