"""StyleGAN made fast on a processor: the same pictures, in fewer operations and fewer passes over memory.

What is done, all of it exact but for the order of sums:

- Instance norm and style are one scale and one shift for each channel of a picture, known when the layer is done. They
  are applied when the next layer reads a band, and by the output's matrix at the end, never by a pass of their own.
- Convolutions take about half the products; one of repeated pixels that is then blurred, or transposed, becomes a
  transposed one with a third of the taps and a filter of each channel by itself: see `convolution`.
- Scales are multiplied into the weights once, in float64. Channels are innermost in memory. Pictures are made together
  while several fit in the cache, then one by one, and the large ones in bands of rows.

With bfloat16, the convolutions of the last five resolutions, from 32 pixels on, take and give bfloat16, if they have
more than 16 channels; norms, styles,
sums of products, noise, activations, the layers before, and the colours stay float32. Pictures of random networks then
differ by a third of a grey level of 255 on average.

Shapes: `n` pictures together, `h` x `w` pixels, `C` channels in, `C'` channels out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.generators.base import Precision, dtype_of
from ganatomy.generators.fast.convolution import Convolution, DoublingConvolution
from ganatomy.generators.fast.styled import NetworkNoise, folded, precise, rows_of
from ganatomy.generators.layers import EPS, SLOPE
from ganatomy.generators.networks.stylegan import StyleGAN

_NARROW = 16  # channels up to which converting costs what bfloat16 saves
_TURNED = 128  # pixels from which the network doubles by a transposed convolution, which turns kernels by 180 degrees


class _Layer(NamedTuple):
    """A layer: its convolution with bias (the constant with bias for the first), noise factors, and affine map."""

    convolution: Convolution | DoublingConvolution | Tensor
    factors: Tensor  # (C',)
    style: tuple[Tensor, Tensor]  # bias (2 C',), and matrix (W, 2 C')


class FoldedStyleGAN:
    """A function from ws (N, L, W) to pictures (N, 3, H, H), with the values of a grown StyleGAN's `synthesis`.

    It holds its own copy of the weights, as they were when it was made; noise is what the network says when pictures
    are made, and the random kind is drawn from its numbers in the order of `synthesis`. Within it, features are
    (n, h, w, C), and wait for their norm and style.

    Raises:
        InputError: an unknown precision.

    >>> from ganatomy.generators.networks.stylegan import StyleGAN
    >>> _ = torch.manual_seed(0)
    >>> G = StyleGAN(codes=[16, 24], channels=[16, 8, 4]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0))
    >>> bool((FoldedStyleGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5)
    True
    """

    @torch.no_grad()
    def __init__(self, network: StyleGAN, precision: Precision = "float32") -> None:
        low, finest = dtype_of(precision), len(network.layers) // 2 - 1
        self._check, self._noise, self._layers = network._check_ws, NetworkNoise(network), []
        for i, layer in enumerate(network.layers):
            exact, bias = precise(i // 2, finest) or len(layer.bias) <= _NARROW, layer.bias.float()
            kind = torch.float32 if exact else low
            if layer.weight is None:
                made = network.const.float().permute(0, 2, 3, 1) + bias
            elif layer.doubles:
                weight = layer.weight.double() * layer.scale
                weight = weight.flip(2, 3) if layer.noise.shape[-1] >= _TURNED else weight
                made = DoublingConvolution(weight, bias, kind, cut=True)
            else:
                made = Convolution(layer.weight.double() * layer.scale, bias, kind)
            dense = layer.style
            style = (dense.bias * dense.multiplier).float(), (dense.weight * dense.scale).T.float().contiguous()
            self._layers.append(_Layer(made, layer.noise_weight.float().clone(), style))
        output = network.outputs[str(finest)]
        self._colours = (output.weight[:, :, 0, 0] * output.scale).float(), output.bias[:, None].float().clone()

    @torch.inference_mode()
    def __call__(self, ws: Tensor) -> Tensor:
        """Make the pictures."""
        self._check(ws)
        ws = ws.float()
        return folded(self._grown, ws, self._noise(len(ws), [1.0] * len(self._layers)), len(self._layers) // 2)

    def _grown(
        self, k: int, ws: Tensor, noise: list[Tensor | None], x: Tensor | None, norm: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        """Run resolution k: from features (n, h, w, C) and their norm and style to come, to its own or pictures."""
        x, norm = self._applied(2 * k, ws[:, 2 * k], noise[2 * k], x, norm)
        x, norm = self._applied(2 * k + 1, ws[:, 2 * k + 1], noise[2 * k + 1], x, norm)
        if 2 * k + 2 < len(self._layers):
            return x, norm
        weight, bias = self._colours
        scale, shift = norm.unbind(1)
        colours = torch.baddbmm(bias + weight @ shift[:, :, None], weight * scale[:, None], x.flatten(1, 2).mT)
        return None, colours.unflatten(2, x.shape[1:3])

    def _applied(
        self, i: int, w: Tensor, noise: Tensor | None, x: Tensor | None, norm: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Run layer i but for its norm and style, which are returned as scale and shift (n, 2, C')."""
        layer, size, n = self._layers[i], 4 << (i // 2), len(w)
        out = w.new_empty(n, size, size, len(layer.factors))
        moments = w.new_zeros((2, n, len(layer.factors)), dtype=torch.float64)
        for top, y in self._bands(layer, x, norm, out):
            part = out[:, top : top + y.shape[1]]
            if noise is not None:
                y = y if y.dtype == part.dtype else part.copy_(y)
                torch.addcmul(y, noise[:, top : top + y.shape[1]], layer.factors, out=part)
            else:
                part.copy_(y)
            functional.leaky_relu_(part, SLOPE)
            rows = part.flatten(1, 2)
            mean = rows.mean(dim=1, keepdim=True)
            variance = (rows - mean).square_().mean(dim=1).double()  # var_mean is slow along this dimension
            mean = mean[:, 0].double()
            moments += rows.shape[1] * torch.stack((mean, variance + mean.square()))
        mean, square = moments / size**2
        scale, shift = torch.addmm(layer.style[0], w, layer.style[1]).chunk(2, dim=1)
        scale = (1 + scale) * torch.rsqrt((square - mean.square()).clamp(min=0) + EPS).float()
        return out, torch.stack((scale, shift - mean.float() * scale), dim=1)

    def _bands(self, layer: _Layer, x: Tensor | None, norm: Tensor | None, out: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Yield what the convolution makes of the features with their norm and style, band by band, and its place."""
        convolution = layer.convolution
        if x is None or norm is None or isinstance(convolution, Tensor):  # of the first layer alone: all three
            assert isinstance(convolution, Tensor)
            yield 0, convolution.expand_as(out)
            return
        n, height, width, channels = x.shape
        # Bands have an even number of rows of `unit`: fine ones come by four.
        unit = 1 if isinstance(convolution, DoublingConvolution) else 2
        rows = unit * rows_of(height // unit, unit * n * (width * channels + out[0, 0].numel() * 2 // unit))
        scale, shift = norm[:, :, None, None].unbind(1)
        buffer = x.new_zeros(n, rows + 2, width + 2, channels)
        for top in range(0, height, rows):
            end = min(height, top + rows)
            band, first, last = buffer[:, : end - top + 2], max(0, top - 1), min(height, end + 1)
            torch.addcmul(shift, x[:, first:last], scale, out=band[:, first - top + 1 : last - top + 1, 1:-1])
            if last == end:
                band[:, -1] = 0
            if isinstance(convolution, DoublingConvolution):
                yield 2 * top, convolution(band, top=top == 0, bottom=end == height)
            else:
                yield top, convolution(band)
