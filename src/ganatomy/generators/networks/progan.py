"""ProGAN: a chain of 3 x 3 convolutions that doubles the resolution every second layer.

With x the pixel norm of z, seen as 1 x 1 pixels, layer i is

    x  ->  leaky(conv_i(up(pixel_norm(x))) + b_i),

where `up` repeats pixels and stands only in front of layers 2, 4, 6, ...; layer 0 is a 4 x 4 convolution with
padding 3, which makes the first 4 x 4 pixels. Resolution 4 x 2^k leaves layer 2k + 1, and output k, a 1 x 1 convolution
after one more pixel norm, turns it into a picture. There is no tanh: values reach a little beyond [-1, 1].

While such a network grows, its level of detail says which resolutions make the picture: see `growth`.

Since z is normalised first, an edit of z by alpha units along a unit vector turns it by about atan(alpha / sqrt(Z)).

References:
    T. Karras, T. Aila, S. Laine, J. Lehtinen (2018), Progressive Growing of GANs for Improved Quality, Stability, and
    Variation, table 2 and section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.layers import SLOPE, Chain, EqualizedConvolution, Table, pixel_norm, upsample
from ganatomy.generators.networks.growth import grow


class ProGAN(Generator):
    """The generator of Karras et al. (2018), any resolution from 4 on, any number of channels.

    Args:
        z_dim: Z.
        channels: C_k at 4, 8, 16, ... pixels.
        outputs: the k that have an output; the last must be among them. By default all.
        pixel_biases: whether each of the first 4 x 4 pixels has its own biases.

    >>> _ = torch.manual_seed(0)
    >>> G = ProGAN(z_dim=16, channels=[16, 8, 4]).eval()
    >>> z = G.draw(2, seed=0)
    >>> G.synthesis(G.mapping(z)).shape, G.resolution
    (torch.Size([2, 3, 16, 16]), 16)
    """

    family = "progan"
    lod: Tensor

    def __init__(
        self, z_dim: int, channels: Sequence[int], outputs: Sequence[int] | None = None, pixel_biases: bool = False
    ) -> None:
        super().__init__()
        self.z_dim = self.w_dim = z_dim
        self.resolution = 4 * 2 ** (len(channels) - 1)
        size = (4, 4) if pixel_biases else ()
        first = EqualizedConvolution(z_dim, channels[0], 4, padding=3, bias_size=size)
        self.layers: Chain[EqualizedConvolution] = Chain([first])
        for k, width in enumerate(channels):
            if k:
                self.layers.append(EqualizedConvolution(channels[k - 1], width, 3, padding=1))
            self.layers.append(EqualizedConvolution(width, width, 3, padding=1))
        names = range(len(channels)) if outputs is None else outputs
        outputs_of = {str(k): EqualizedConvolution(channels[k], 3, 1, gain=1.0) for k in names}
        self.outputs: Table[EqualizedConvolution] = Table(outputs_of)
        self.register_buffer("lod", torch.zeros(()))

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.float32]], classes: Sequence[str] = ()) -> ProGAN:
        """Build the network that has these weights, inferring every size from their shapes."""
        if classes:
            raise InputError(f"a ProGAN has no classes, {len(classes)} were given; leave `classes` out")
        count = sum(name.startswith("layers.") and name.endswith(".weight") for name in weights)
        shapes = [weights[f"layers.{i}.weight"].shape for i in range(count)]
        outputs = [int(name.split(".")[1]) for name in weights if name.startswith("outputs.") and "weight" in name]
        spread = weights["layers.0.bias"].ndim == 3
        network = cls(shapes[0][1], [shape[0] for shape in shapes[1::2]], sorted(outputs), spread)
        network._load({"lod": np.zeros((), np.float32), **weights})
        return network

    def mapping(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Normalise codes (N, Z): each gets length sqrt(Z). Returns (N, 1, Z)."""
        self._check_codes(z)
        self._check_no_class(class_index)
        return pixel_norm(z)[:, None]

    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H) from ws (N, 1, Z); ws need not be normalised."""
        self._check_ws(ws)

        def deepen(k: int, x: Tensor | None) -> Tensor:
            x = ws[:, 0, :, None, None] if x is None else x
            return self._layer(2 * k + 1, self._layer(2 * k, x))

        return grow(float(self.lod), len(self.layers) // 2 - 1, deepen, self._output, upsample)

    def features(self, ws: Tensor, layer: int) -> Tensor:
        """Return what leaves a layer after its activation, (N, C, h, w), for ws (N, 1, Z)."""
        self._check_ws(ws)
        self._check_layer(layer, len(self.layers))
        x = ws[:, 0, :, None, None]
        for i in range(layer + 1):
            x = self._layer(i, x)
        return x

    @property
    def grown(self) -> bool:
        """Whether no doubling is missing: the level of detail is 0."""
        return float(self.lod) == 0

    def _layer(self, i: int, x: Tensor) -> Tensor:
        x = pixel_norm(x)
        if i >= 2 and i % 2 == 0:
            x = upsample(x)
        return functional.leaky_relu(self.layers[i](x), SLOPE)

    def _output(self, k: int, x: Tensor) -> Tensor:
        if str(k) not in self.outputs:
            raise InputError(f"level of detail {float(self.lod):g} needs output {k}, which this checkpoint lacks")
        return self.outputs[str(k)](pixel_norm(x))
