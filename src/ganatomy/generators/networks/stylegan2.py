"""StyleGAN2: each layer's weights are scaled by an affine function of its code, and brought back to length 1.

With c a constant of 4 x 4 pixels, and * the modulated convolution of `layers`, layer i maps features x and its code to

    x <- sqrt(2) leaky(x * (v_i; s_i) + a_i n_i + b_i),        s_i = A_i w_i + d_i + 1,

with kernels v_i, noise n_i (one value a pixel) and its strength a_i. Layers 1, 3, 5, ... double the resolution. At each
resolution k, after layer 2k, output k, a 1 x 1 convolution that is modulated by code 2k + 1 but not demodulated, adds
to the picture of resolution k - 1, enlarged by the filter [1, 3, 3, 1]. So code 2k + 1 styles layer 2k + 1 and output
k, and the last one an output only. There is no tanh: values reach a little beyond [-1, 1].

References:
    T. Karras, S. Laine, M. Aittala, J. Hellsten, J. Lehtinen, T. Aila (2020), Analyzing and Improving the Image Quality
    of StyleGAN, sections 2.2 and 4.1, figures 2 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganatomy.generators.layers import SLOPE, Chain, EqualizedDense, modulated_convolution, upsample_filtered
from ganatomy.generators.networks.styled import Styled, StyledLayer


class StyleGAN2(Styled):
    """The generator of Karras et al. (2020), any resolution from 4 on, any number of channels, any mapping.

    Args:
        codes: Z, the widths of the mapping's hidden layers, and W.
        channels: C_k at 4, 8, 16, ... pixels.

    >>> _ = torch.manual_seed(0)
    >>> G = StyleGAN2(codes=[16, 24, 24], channels=[16, 8, 4]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0))
    >>> ws.shape, G.synthesis(ws).shape, G.features(ws, 4).shape
    (torch.Size([2, 6, 24]), torch.Size([2, 3, 16, 16]), torch.Size([2, 4, 16, 16]))
    """

    family = "stylegan2"
    layers: Chain[_Layer]

    def __init__(self, codes: Sequence[int], channels: Sequence[int]) -> None:
        super().__init__(codes, channels, gain=1.0)
        self.layers = Chain([_Layer(channels[0], channels[0], self.w_dim, 4)])
        for k in range(1, len(channels)):
            self.layers.append(_Layer(channels[k - 1], channels[k], self.w_dim, 4 << k, doubles=True))
            self.layers.append(_Layer(channels[k], channels[k], self.w_dim, 4 << k))
        self.outputs: Chain[_Output] = Chain(_Output(width, self.w_dim) for width in channels)

    @classmethod
    def _of_sizes(cls, codes: Sequence[int], weights: Mapping[str, NDArray[np.float32]]) -> StyleGAN2:
        count = sum(name.endswith(".noise_strength") for name in weights)
        return cls(codes, [len(weights[f"layers.{i}.bias"]) for i in range(0, count, 2)])

    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H) from ws (N, L, W)."""
        self._check_ws(ws)
        x = self._layer(0, self.const.expand(len(ws), -1, -1, -1), ws)
        picture = self.outputs[0](x, ws[:, 1])
        for k in range(1, len(self.outputs)):
            x = self._layer(2 * k, self._layer(2 * k - 1, x, ws), ws)
            picture = upsample_filtered(picture) + self.outputs[k](x, ws[:, 2 * k + 1])
        return picture

    @staticmethod
    def _activate(x: Tensor) -> Tensor:
        return _activate(x)


class _Layer(StyledLayer):
    """One layer."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, size: int, doubles: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.scale = 1 / math.sqrt(9 * inputs)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.style = EqualizedDense(w_dim, inputs)
        self.register_buffer("noise", torch.randn(1, 1, size, size))
        self.doubles = doubles

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Map features (N, C, h, h), codes (N, W) and noise (1 or N, 1, r, r) to features (N, C', r, r)."""
        x = modulated_convolution(x, self.weight * self.scale, self.style(w) + 1, double=self.doubles)
        if noise is not None:
            x = x + noise * self.noise_strength
        return _activate(x + self.bias[:, None, None])


class _Output(nn.Module):
    """From features to colours."""

    def __init__(self, inputs: int, w_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.scale = 1 / math.sqrt(inputs)
        self.bias = nn.Parameter(torch.zeros(3))
        self.style = EqualizedDense(w_dim, inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map features (N, C, r, r) and codes (N, W) to colours (N, 3, r, r)."""
        colours = modulated_convolution(x, self.weight * self.scale, self.style(w) + 1, demodulate=False)
        return colours + self.bias[:, None, None]


def _activate(x: Tensor) -> Tensor:
    return math.sqrt(2.0) * functional.leaky_relu(x, SLOPE)
