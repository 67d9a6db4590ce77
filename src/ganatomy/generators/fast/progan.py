"""ProGAN made fast on a processor: the same pictures, in fewer operations and fewer passes over memory.

What is done, all of it exact but for the order of sums:

- Scales are multiplied into the weights once, in float64.
- Convolutions take about half the products, and those of repeated pixels 2.5 a pixel in place of 9: see
  `convolution`.
- Channels are innermost in memory, so that convolutions need no reordering and a pixel's norm is over neighbours.
- Pictures are made together while several fit in the cache, then one by one, and the large ones in bands of rows. The
  rows between two convolutions stay in one buffer, whose last two are the next band's first. The last band step goes
  on to colours, so the largest features are never stored.

With bfloat16, the convolutions of the last five resolutions, from 32 pixels on, take and give bfloat16; sums of
products, norms, activations, the layers before, and the colours stay float32. Pictures of random networks then differ
by just under a grey level of 255 on average.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.generators.base import Precision, dtype_of
from ganatomy.generators.fast.convolution import Convolution, UpsampledConvolution
from ganatomy.generators.layers import EPS, SLOPE, pixel_norm
from ganatomy.generators.networks.progan import ProGAN

_BAND = 4 << 20  # bytes of float32 features in a band: a share of the cache
_ONE_BY_ONE = 32  # pixels a side from which a picture alone keeps the processor busy
_EXACT = 6  # layers, up to 16 pixels, too small to gain by bfloat16
_ROUNDED = 10  # layers at most that do: each two add half a grey level, in squares


class FoldedProGAN:
    """A function from ws (N, 1, Z) to pictures (N, 3, H, H), with the values of a grown ProGAN's `synthesis`.

    It holds its own copy of the weights, as they were when it was made. Within it, features are (N, H, W, C).

    Raises:
        InputError: an unknown precision.

    >>> from ganatomy.generators.networks.progan import ProGAN
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
            kind = low if i >= max(_EXACT, len(network.layers) - _ROUNDED) else torch.float32
            if i:
                self._layers.append((Convolution if i % 2 else UpsampledConvolution)(weight, bias.float(), kind))
                continue
            weight = weight.flip(2, 3).permute(2, 3, 0, 1).flatten(0, 2)  # each of 4 x 4 pixels sees z through one tap
            bias = bias.reshape(len(bias), -1).T.expand(16, -1).flatten()
            self._first = weight.float().contiguous(), bias.to(torch.float32, copy=True)
        output = network.outputs[str(len(network.layers) // 2 - 1)]
        weight = output.weight[:, :, 0, 0].double() * output.scale
        self._colours = weight.float().contiguous(), output.bias[:, None].to(torch.float32, copy=True)

    @torch.inference_mode()
    def __call__(self, ws: Tensor) -> Tensor:
        """Make the pictures."""
        self._check(ws)
        weight, bias = self._first
        x = torch.addmm(bias, pixel_norm(pixel_norm(ws[:, 0].float())), weight.T).view(len(ws), 4, 4, -1)
        x = functional.pad(_activate(x), (0, 0, 1, 1, 1, 1))
        finest = len(self._layers) // 2
        x = self._convolved(x, 0, x.new_empty(len(ws), 4, 4, x.shape[-1]))
        if finest == 0:
            return self._coloured(x)
        x, k = functional.pad(x, (0, 0, 0, 0, 0, 1)), 1
        while k < finest and x.shape[2] < _ONE_BY_ONE:
            x, k = self._doubled(x, k), k + 1
        pictures = []
        for single in x.split(1 if x.shape[2] >= _ONE_BY_ONE else len(x)):
            for j in range(k, finest):
                single = self._doubled(single, j)
            pictures.append(self._doubled(single, finest, coloured=True))
        return torch.cat(pictures)

    def _doubled(self, x: Tensor, k: int, coloured: bool = False) -> Tensor:
        """Run the two layers of resolution k on features with a row of zeros below the picture.

        Returns:
            (N, h + 1, w, C) -> (N, 2h + 1, 2w, C'), or pictures (N, 3, 2h, 2w).
        """
        n, height, width, channels = len(x), 2 * (x.shape[1] - 1), 2 * x.shape[2], self._layers[2 * k - 1].channels
        out = x.new_empty((n, 3, height, width) if coloured else (n, height + 1, width, channels))
        if not coloured:
            out[:, -1] = 0
        together = max(1, _BAND // (height * width * channels * 4))
        for some, result in zip(x.split(together), out.split(together), strict=True):
            self._banded(some, k, result, coloured)
        return out

    def _banded(self, x: Tensor, k: int, out: Tensor, coloured: bool) -> None:
        """Do so band by band, for as many pictures as fit in one together."""
        up = self._layers[2 * k - 1]
        n, height, width = len(x), x.shape[1] - 1, 2 * x.shape[2]
        rows = min(height, max(2, _BAND // (n * 4 * width * up.channels * 4) * 2))
        fine = x.new_empty(n, 2 * rows + 2, width + 2, up.channels)  # a frame of one pixel around the band
        fine[:, 0] = 0
        fine[:, 1:2] = _activate(up.first(x))
        features = x.new_empty(n, 2 * rows, width, up.channels) if coloured else out
        for top in range(0, height, rows):
            end = min(height, top + rows)
            band = fine[:, : 2 * (end - top) + 2]
            _activate(up(x[:, top : end + 1], band[:, 2:]))
            band[:, :, 0] = band[:, :, -1] = 0
            if end == height:
                band[:, -1] = 0
            if coloured:
                done = self._convolved(band, k, features[:, : 2 * (end - top)])
                out[:, :, 2 * top : 2 * end] = self._coloured(done)
            else:
                self._convolved(band, k, features[:, 2 * top : 2 * end])
            fine[:, :2] = fine[:, -2:]

    def _convolved(self, x: Tensor, k: int, out: Tensor) -> Tensor:
        return _activate(self._layers[2 * k](x, out))

    def _coloured(self, x: Tensor) -> Tensor:
        """Turn features (N, h, w, C) into colours (N, 3, h, w)."""
        weight, bias = self._colours
        return torch.addmm(bias, weight, x.flatten(0, 2).T).view(3, *x.shape[:3]).transpose(0, 1)


def _activate(x: Tensor) -> Tensor:
    """Apply the leaky ReLU and the next layer's pixel norm, in place."""
    x = functional.leaky_relu_(x, SLOPE)
    root = torch.linalg.vector_norm(x, dim=-1, keepdim=True).div_(math.sqrt(x.shape[-1]))
    return x.mul_(root.square_().add_(EPS).rsqrt_())
