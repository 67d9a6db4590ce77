"""StyleGAN: each layer's channels are normalised, then scaled and shifted by an affine function of the layer's code.

With c a constant of 4 x 4 pixels, layer i maps features x and its code w_i to

    h = leaky(blur(conv_i(up(x))) + a_i n_i + b_i),    x <- (1 + s_i) norm(h) + t_i,    (s_i, t_i) = A_i w_i + d_i,

where `norm` is the instance norm, n_i noise (one value a pixel) and a_i a factor for each channel. Layer 0 has c in
place of the convolution's result. `up` and `blur`, by [1, 2, 1] along rows and columns, stand only in layers 2, 4,
6, ..., which double the resolution; below 128 pixels `up` repeats pixels before the convolution, from 128 pixels on
both are one transposed convolution. Output k, a 1 x 1 convolution of resolution 4 x 2^k, makes the picture, without a
tanh: values reach a little beyond [-1, 1]. A network that has not grown is treated as ProGAN's (see `growth`).

References:
    T. Karras, S. Laine, T. Aila (2019), A Style-Based Generator Architecture for Generative Adversarial Networks,
    sections 2 and 3.2, figure 1b, appendix C.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.layers import (
    SLOPE,
    Chain,
    EqualizedConvolution,
    EqualizedDense,
    Table,
    convolve_and_double,
    instance_norm,
    smooth,
    upsample,
)
from ganatomy.generators.networks.growth import grow
from ganatomy.generators.networks.styled import Styled, StyledLayer

_FUSED = 128  # pixels from which doubling and convolution are one


class StyleGAN(Styled):
    """The generator of Karras et al. (2019), any resolution from 4 on, any number of channels, any mapping.

    Args:
        codes: Z, the widths of the mapping's hidden layers, and W.
        channels: C_k at 4, 8, 16, ... pixels.
        outputs: the k that have an output; the last must be among them. By default all.

    >>> _ = torch.manual_seed(0)
    >>> G = StyleGAN(codes=[16, 24, 24], channels=[16, 8, 4]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0))
    >>> ws.shape, G.synthesis(ws).shape
    (torch.Size([2, 6, 24]), torch.Size([2, 3, 16, 16]))
    >>> bool(torch.equal(G.truncate(ws, psi=0.0, cutoff=2)[:, :2], torch.zeros(2, 2, 24)))
    True
    """

    family = "stylegan"
    layers: Chain[_Layer]
    lod: Tensor

    def __init__(self, codes: Sequence[int], channels: Sequence[int], outputs: Sequence[int] | None = None) -> None:
        super().__init__(codes, channels, gain=math.sqrt(2.0))
        self.layers = Chain()
        for k, width in enumerate(channels):
            self.layers.append(_Layer(channels[k - 1] if k else None, width, self.w_dim, 4 << k, doubles=True))
            self.layers.append(_Layer(width, width, self.w_dim, 4 << k))
        shown = range(len(channels)) if outputs is None else outputs
        outputs_of = {str(k): EqualizedConvolution(channels[k], 3, 1, gain=1.0) for k in shown}
        self.outputs: Table[EqualizedConvolution] = Table(outputs_of)
        self.register_buffer("lod", torch.zeros(()))

    @classmethod
    def _of_sizes(cls, codes: Sequence[int], weights: Mapping[str, NDArray[np.float32]]) -> StyleGAN:
        count = sum(name.endswith(".noise_weight") for name in weights)
        outputs = [int(name.split(".")[1]) for name in weights if name.startswith("outputs.") and "weight" in name]
        return cls(codes, [len(weights[f"layers.{i}.bias"]) for i in range(0, count, 2)], sorted(outputs))

    def _load(self, weights: Mapping[str, NDArray[np.float32]]) -> Generator:
        return super()._load({"lod": np.zeros((), np.float32), **weights})

    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H) from ws (N, L, W)."""
        self._check_ws(ws)

        def deepen(k: int, x: Tensor | None) -> Tensor:
            x = self.const.expand(len(ws), -1, -1, -1) if x is None else x
            return self._layer(2 * k + 1, self._layer(2 * k, x, ws), ws)

        return grow(float(self.lod), len(self.layers) // 2 - 1, deepen, self._output, upsample)

    @property
    def grown(self) -> bool:
        """Whether no doubling is missing: the level of detail is 0."""
        return float(self.lod) == 0

    def _output(self, k: int, x: Tensor) -> Tensor:
        if str(k) not in self.outputs:
            raise InputError(f"level of detail {float(self.lod):g} needs output {k}, which this checkpoint lacks")
        return self.outputs[str(k)](x)


class _Layer(StyledLayer):
    """One layer; without `inputs` it takes what is given in place of its convolution's result."""

    def __init__(self, inputs: int | None, outputs: int, w_dim: int, size: int, doubles: bool = False) -> None:
        super().__init__()
        self.weight = None if inputs is None else nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.scale = 1.0 if inputs is None else math.sqrt(2.0 / (9 * inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_weight = nn.Parameter(torch.zeros(outputs))
        self.style = EqualizedDense(w_dim, 2 * outputs)
        self.register_buffer("noise", torch.randn(1, 1, size, size))
        self.doubles = doubles

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Map features (N, C, h, h), codes (N, W) and noise (1 or N, 1, r, r) to features (N, C', r, r)."""
        if self.weight is not None:
            x = self._convolved(x, self.weight * self.scale)
        if noise is not None:
            x = x + noise * self.noise_weight[:, None, None]
        x = instance_norm(functional.leaky_relu(x + self.bias[:, None, None], SLOPE))
        scale, shift = self.style(w)[:, :, None, None].chunk(2, dim=1)
        return (1 + scale) * x + shift

    def _convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        if not self.doubles:
            return functional.conv2d(x, weight, padding=1)
        if self.noise.shape[-1] >= _FUSED:
            return smooth(convolve_and_double(x, weight), (1.0, 2.0, 1.0))
        return smooth(functional.conv2d(upsample(x), weight, padding=1), (1.0, 2.0, 1.0))
