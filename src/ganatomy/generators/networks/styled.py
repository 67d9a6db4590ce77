"""What StyleGAN and StyleGAN2 share: a mapping from z to w, a code for each layer, and noise.

The mapping is a chain of dense layers on the pixel norm of z; its result w goes to all L layers alike, where it can
be edited one by one. Each of K resolutions, 4 x 2^k pixels, has two of the L = 2K layers. A layer's style is an affine
function of its code, and its noise one value a pixel, the same for all channels up to a factor.

Shapes: `N` pictures, `Z`, `W` coordinates of codes, `L` layers, `C` channels, `r` pixels a side of a layer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.layers import SLOPE, Chain, EqualizedDense, pixel_norm

SLOWNESS = 0.01
"""The multiplier of the mapping's weights and biases."""


class StyledLayer(nn.Module, ABC):
    """What the layers of these families have in common."""

    noise: Tensor  # (1, 1, r, r), as stored
    style: EqualizedDense

    @abstractmethod
    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Map features (N, C, h, h), codes (N, W) and noise (1 or N, 1, r, r) to features (N, C', r, r)."""


class Styled(Generator):
    """A generator whose layers each take a code from W; families say what their layers are.

    Args:
        codes: Z, the widths of the mapping's hidden layers, and W.
        channels: C_k at 4, 8, 16, ... pixels.
        gain: of the mapping's layers.
    """

    layers: Chain[StyledLayer]

    def __init__(self, codes: Sequence[int], channels: Sequence[int], gain: float) -> None:
        super().__init__()
        self.z_dim, self.w_dim = codes[0], codes[-1]
        self.num_ws, self.resolution = 2 * len(channels), 4 << (len(channels) - 1)
        dense = (EqualizedDense(a, b, gain=gain, multiplier=SLOWNESS) for a, b in pairwise(codes))
        self._modules["mapping"] = Chain(dense)  # its weights are called so, as is the method that uses them
        self.register_buffer("w_avg", torch.zeros(self.w_dim))
        self.const = nn.Parameter(torch.randn(1, channels[0], 4, 4))

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.float32]], classes: Sequence[str] = ()) -> Styled:
        """Build the network that has these weights, inferring every size from their shapes."""
        title = FAMILIES[cls.family].title
        if classes:
            raise InputError(f"a {title} has no classes, {len(classes)} were given; leave `classes` out")
        depth = sum(bool(re.fullmatch(r"mapping\.\d+\.weight", name)) for name in weights)
        matrices = [weights[f"mapping.{d}.weight"].shape for d in range(depth)]
        codes = [matrices[0][1], *(shape[0] for shape in matrices)]
        network = cls._of_sizes(codes, weights)
        if "w_avg" not in weights:
            network.w_avg = None
        network._load(weights)
        return network

    @classmethod
    @abstractmethod
    def _of_sizes(cls, codes: Sequence[int], weights: Mapping[str, NDArray[np.float32]]) -> Styled:
        """Build a fresh network of the sizes that these weights have."""

    def mapping(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Map codes (N, Z) to w, the same for each layer: (N, L, W)."""
        self._check_codes(z)
        self._check_no_class(class_index)
        w = pixel_norm(z)
        for dense in cast("Chain[EqualizedDense]", self._modules["mapping"]):  # which `__init__` has put there
            w = self._activate(dense(w))
        return w[:, None].repeat(1, self.num_ws, 1)

    def features(self, ws: Tensor, layer: int) -> Tensor:
        """Return what leaves a layer and enters the next, (N, C, r, r), for ws (N, L, W)."""
        self._check_ws(ws)
        self._check_layer(layer, len(self.layers))
        x = self.const.expand(len(ws), -1, -1, -1)
        for i in range(layer + 1):
            x = self._layer(i, x, ws)
        return x

    @staticmethod
    def _activate(x: Tensor) -> Tensor:
        return functional.leaky_relu(x, SLOPE)

    def _layer(self, i: int, x: Tensor, ws: Tensor) -> Tensor:
        """Run layer i on features x."""
        layer = self.layers[i]
        if self.noise == "random":
            size = layer.noise.shape[-1]
            noise = torch.randn(len(ws), 1, size, size, generator=self._chance).to(layer.noise)
        else:
            noise = layer.noise if self.noise == "stored" else None
        return layer(x, ws[:, i], noise)
