"""ProGAN made fast on a processor: the same pictures, in fewer operations and fewer passes over memory.

What is done, all of it exact but for the order of sums:

- Scales are multiplied into the weights once, in float64.
- Repeating pixels and then convolving 3 x 3 reads every pixel several times with weights that could have been added up
  first. Two neighbouring rows of the finer picture, 2w - 1 and 2w, both see the coarse rows w - 1 and w only, with the
  kernel's rows (a + b, c) and (a, b + c); columns likewise. So one 2 x 2 convolution of the coarse picture with four
  times the outputs gives four pixels of the finer one: 4 products in place of 9.
- Channels are innermost in memory, so that convolutions need no reordering and a pixel's norm is over neighbours.
- From 64 pixels on, pictures are made one by one and in bands of rows that stay in the cache; each band takes along the
  row above and below that its convolutions need. The last band step goes on to colours, so the largest features are
  never stored.

With bfloat16, the convolutions of the last five resolutions, from 32 pixels on, take and give bfloat16; norms,
activations, the layers before, and the colours stay float32. Pictures of random networks then differ by just under a
grey level of 255 on average.

References:
    W. Shi et al. (2016), Is the deconvolution layer the same as a convolutional layer?, for the view of a convolution
    at the finer resolution as several at the coarser one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.generators.base import dtype_of
from ganatomy.generators.layers import EPS, SLOPE, pixel_norm

if TYPE_CHECKING:
    from ganatomy.generators.base import Precision
    from ganatomy.generators.progan import ProGAN

_BAND = 4 << 20  # bytes of float32 features in a band: a share of the cache
_ONE_BY_ONE = 64  # pixels a side from which a picture alone keeps the processor busy
_EXACT = 6  # layers, up to 16 pixels, too small to gain by bfloat16
_ROUNDED = 10  # layers at most that do: each two add half a grey level, in squares


class FoldedProGAN:
    """A function from ws (N, 1, Z) to pictures (N, 3, H, H), with the values of a grown ProGAN's `synthesis`.

    It holds its own copy of the weights, as they were when it was made. Within it, features are (N, H, W, C).

    Raises:
        InputError: an unknown precision.

    >>> from ganatomy.generators.progan import ProGAN
    >>> _ = torch.manual_seed(0)
    >>> G = ProGAN(z_dim=16, channels=[16, 8, 4]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0))
    >>> bool((FoldedProGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5)
    True
    """

    @torch.no_grad()
    def __init__(self, network: ProGAN, precision: Precision = "float32") -> None:
        low = dtype_of(precision)
        self._check, self._layers = network._check_ws, []
        for i, layer in enumerate(network.layers):
            weight, bias = layer.weight.double() * layer.scale, layer.bias
            if i == 0:  # a matrix: every pixel of the 4 x 4 sees z through one tap of the kernel
                weight = weight.flip(2, 3).permute(2, 3, 0, 1).flatten(0, 2)
                bias = layer.bias.reshape(len(layer.bias), -1).T.expand(16, -1).flatten()
            elif i % 2 == 0:
                weight = torch.cat([_pair(_pair(weight, 2)[a], 3)[b] for a in (0, 1) for b in (0, 1)])
                bias = bias.repeat(4)
            kind = low if i >= max(_EXACT, len(network.layers) - _ROUNDED) else torch.float32
            order = torch.channels_last if weight.dim() == 4 else torch.contiguous_format
            self._layers.append((weight.to(kind).contiguous(memory_format=order), bias.to(kind, copy=True)))
        output = network.outputs[str(len(network.layers) // 2 - 1)]
        weight = (output.weight[:, :, 0, 0].double() * output.scale).T
        self._colours = weight.float().contiguous(), output.bias.to(torch.float32, copy=True)

    @torch.inference_mode()
    def __call__(self, ws: Tensor) -> Tensor:
        """Make the pictures."""
        self._check(ws)
        weight, bias = self._layers[0]
        x = torch.addmm(bias, pixel_norm(pixel_norm(ws[:, 0].float())), weight.T).view(len(ws), 4, 4, -1)
        x = _activate(x)
        x = _activate(_convolve(x, *self._layers[1], padding=1))
        finest = len(self._layers) // 2 - 1
        if finest == 0:
            return self._coloured(x).permute(0, 3, 1, 2)
        k = 1
        while k < finest and x.shape[1] < _ONE_BY_ONE:
            x, k = self._doubled(x, k), k + 1
        pictures = []
        for single in x.split(1 if x.shape[1] >= _ONE_BY_ONE else len(x)):
            for j in range(k, finest + 1):
                single = self._doubled(single, j, coloured=j == finest)
            pictures.append(single)
        return torch.cat(pictures).permute(0, 3, 1, 2)

    def _doubled(self, x: Tensor, k: int, coloured: bool = False) -> Tensor:
        """Run the two layers of resolution k, band by band: (N, h, w, C) -> (N, 2h, 2w, C'), or colours."""
        first, second = self._layers[2 * k], self._layers[2 * k + 1]
        n, height, width, _ = x.shape
        channels, kind = len(second[1]), first[0].dtype
        rows = max(1, _BAND // (n * 4 * width * channels * 4))
        padded = functional.pad(x.to(kind), (0, 0, 0, 0, 1, 1))
        depth, stored = (3, torch.float32) if coloured else (channels, kind)
        out = x.new_empty(n, 2 * height, 2 * width, depth, dtype=stored)
        for top in range(0, height, rows):
            end = min(height, top + rows)
            fine = _upsampled(padded[:, top : end + 2], *first, edges=(top == 0, end == height))
            fine = _activate(_convolve(fine, *second), stored)
            out[:, 2 * top : 2 * end] = self._coloured(fine) if coloured else fine
        return out

    def _coloured(self, x: Tensor) -> Tensor:
        weight, bias = self._colours
        return torch.matmul(x, weight).add_(bias)


def _pair(weight: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Turn three taps on the finer grid into two on the coarse one, for fine rows 2w - 1 and 2w."""
    a, b, c = weight.unbind(dim)
    return torch.stack((a + b, c), dim), torch.stack((a, b + c), dim)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor, padding: int | tuple[int, int] = 0) -> Tensor:
    return functional.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=padding).permute(0, 2, 3, 1)


def _upsampled(x: Tensor, weight: Tensor, bias: Tensor, edges: tuple[bool, bool]) -> Tensor:
    """Upsample, convolve and activate coarse rows; the result keeps a frame of one pixel, for the next convolution.

    Args:
        x: (N, h + 2, w, C), the h coarse rows and their neighbours.
        weight: (4 C', C, 2, 2).
        bias: (4 C',).
        edges: whether the first and the last row lie at the picture's edge, beyond which there are zeros.

    Returns:
        (N, 2h + 2, 2w + 2, C').
    """
    windows = _convolve(x, weight, bias, padding=(0, 1))
    n, height, width, channels = windows.shape
    channels //= 4
    fine = windows.new_empty(n, height, 2, width, 2, channels, dtype=torch.float32)
    fine.copy_(windows.view(n, height, width, 2, 2, channels).permute(0, 1, 3, 2, 4, 5))
    fine = _activate(fine.view(n, 2 * height, 2 * width, channels), weight.dtype)
    fine[:, :, 0] = fine[:, :, -1] = 0
    if edges[0]:
        fine[:, 0] = 0
    if edges[1]:
        fine[:, -1] = 0
    return fine


def _activate(x: Tensor, kind: torch.dtype = torch.float32) -> Tensor:
    """Apply the leaky ReLU and the next layer's pixel norm; float32 inside, and in place where x is float32."""
    x = functional.leaky_relu_(x.float(), SLOPE)
    root = torch.linalg.vector_norm(x, dim=-1, keepdim=True).div_(math.sqrt(x.shape[-1]))
    scale = root.square_().add_(EPS).rsqrt_()
    if kind == torch.float32:
        return x.mul_(scale)
    return torch.mul(x, scale, out=torch.empty_like(x, dtype=kind))
