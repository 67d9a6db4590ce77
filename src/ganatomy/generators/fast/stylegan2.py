"""StyleGAN2 made fast on a processor: the same pictures, in fewer operations and fewer passes over memory.

What is done, all of it exact but for the order of sums:

- A picture's modulation is a scale for each channel that enters a convolution and one for each that leaves it, so all
  pictures share their weights. From 128 pixels on, where there are fewer weights than features, the weights are scaled
  instead, for each picture anew. What the demodulation divides by is the root of a matrix product, styles squared times
  the weights' squares, summed over taps when the renderer is made. The activation's root of 2 moves into scale, noise
  and bias.
- Convolutions take about half the products; a doubling one is transposed, and its filter one more convolution, of each
  channel by itself: see `convolution`.
- Channels are innermost in memory. Pictures are made together while several fit in the cache, then one by one, and the
  large ones in bands of rows. Each band passes through both layers of its resolution; the rows between them stay in one
  buffer, whose last two are the next band's first. The last band step goes on to colours, so the largest features are
  never stored.

With bfloat16, the convolutions of the last five resolutions, from 32 pixels on, take and give bfloat16; styles, sums of
products, noise, activations, the layers before, and the colours stay float32. Pictures of random networks then differ
by a quarter of a grey level of 255 on average.

Noise is the network's, `stored`, `random` or `none` as it says when pictures are made, and the random kind is drawn
from its numbers in the order of `synthesis`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.generators.base import Precision, dtype_of
from ganatomy.generators.fast.convolution import Convolution, DoublingConvolution
from ganatomy.generators.fast.styled import NetworkNoise, folded, precise, rows_of
from ganatomy.generators.layers import BINOMIAL, EPS, SLOPE, EqualizedDense
from ganatomy.generators.networks.stylegan2 import StyleGAN2

_OWN = 128  # pixels a side from which each picture gets weights of its own


class _Layer(NamedTuple):
    """A layer's convolution without scales and bias, and what these are made of."""

    convolution: Convolution | DoublingConvolution
    style: tuple[Tensor, Tensor]  # the affine map: bias (C,), and matrix (W, C)
    power: Tensor  # (C, C'): sums of squared weights
    bias: Tensor  # (C',), times the root of 2


class _Scales(NamedTuple):
    """What a convolution without scales is to be multiplied by, and the bias."""

    before: Tensor  # (n, 1, 1, C)
    after: Tensor  # (n, 1, 1, C')
    bias: Tensor  # (C',)


class _Applied(NamedTuple):
    """What a layer does to some pictures."""

    convolution: Convolution | DoublingConvolution
    scales: _Scales | None  # None where the convolution has them
    noise: Tensor | None  # (1 or n, r, r, 1)


class FoldedStyleGAN2:
    """A function from ws (N, L, W) to pictures (N, 3, H, H), with the values of a StyleGAN2's `synthesis`.

    It holds its own copy of the weights, as they were when it was made. Within it, features are (N, h, w, C), with a
    row of zeros above the picture and two below where they wait for the next resolution.

    Raises:
        InputError: an unknown precision.

    >>> from ganatomy.generators.networks.stylegan2 import StyleGAN2
    >>> _ = torch.manual_seed(0)
    >>> G = StyleGAN2(codes=[16, 24], channels=[16, 8, 4]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0))
    >>> bool((FoldedStyleGAN2(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5)
    True
    """

    @torch.no_grad()
    def __init__(self, network: StyleGAN2, precision: Precision = "float32") -> None:
        low = dtype_of(precision)
        self._check, self._noise = network._check_ws, NetworkNoise(network)
        self._const = network.const.float().permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format)
        finest, self._layers = len(network.outputs) - 1, []
        for i, layer in enumerate(network.layers):
            kind = torch.float32 if precise((i + 1) // 2, finest) else low
            weight, bias = layer.weight.double() * layer.scale, math.sqrt(2.0) * layer.bias.double()
            made = (DoublingConvolution if layer.doubles else Convolution)(weight, torch.zeros(len(bias)), kind)
            power = weight.square().sum(dim=(2, 3)).T.float().contiguous()
            self._layers.append(_Layer(made, _affine(layer.style), power, bias.float()))
        self._strengths = [math.sqrt(2.0) * float(layer.noise_strength) for layer in network.layers]
        self._outputs = [
            (_affine(out.style), (out.weight[:, :, 0, 0] * out.scale).float(), out.bias[None, :, None].float().clone())
            for out in network.outputs
        ]

    @torch.inference_mode()
    def __call__(self, ws: Tensor) -> Tensor:
        """Make the pictures."""
        self._check(ws)
        ws = ws.float()
        return folded(self._grown, ws, self._noise(len(ws), self._strengths), len(self._outputs))

    def _grown(
        self, k: int, ws: Tensor, noise: list[Tensor | None], x: Tensor | None, picture: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        """Run resolution k: from the features and pictures of the one before to its own (none for the last)."""
        style, weight, bias = self._outputs[k]
        weight = weight * torch.addmm(style[0], ws[:, 2 * k + 1], style[1])[:, None]
        n, size, second = len(ws), 4 << k, self._applied(2 * k, ws, noise)
        channels, base, features = weight.shape[2], bias.expand(n, -1, -1), None
        if k < len(self._outputs) - 1:
            features = self._const.new_empty(n, size + 3, size, channels)
            features[:, 0] = features[:, size + 1 :] = 0
        colours = self._const.new_empty(n, 3, size, size)
        for top, end, band in self._bands(k, ws, noise, x, second.scales):
            if features is None:
                done = self._const.new_empty(n, end - top, size, channels)
            else:
                done = features[:, top + 1 : end + 1]
            _finished(second.convolution(band), second, top, done)
            made = torch.baddbmm(base, weight, done.flatten(1, 2).transpose(1, 2))
            colours[:, :, top:end] = made.unflatten(2, (end - top, size))
        return features, colours if picture is None else colours.add_(_enlarged(picture))

    def _bands(
        self, k: int, ws: Tensor, noise: list[Tensor | None], x: Tensor | None, scales: _Scales | None
    ) -> Iterator[tuple[int, int, Tensor]]:
        """Yield bands of rows top to end, with a frame of one pixel, for the second convolution of resolution k."""
        n, size = len(ws), 4 << k
        if x is None:
            const = self._const if scales is None else self._const * scales.before
            yield 0, 4, functional.pad(const.expand(n, -1, -1, -1), (0, 0, 1, 1, 1, 1))
            return
        first = self._applied(2 * k - 1, ws, noise)
        x = x if first.scales is None else x * first.scales.before
        double, height = first.convolution, size // 2
        assert isinstance(double, DoublingConvolution)
        channels = double.channels
        rows = rows_of(height, n * 4 * size * channels)
        fine = x.new_empty(n, 2 * rows + 2, size + 2, channels)
        fine[:, 0] = fine[:, :, 0] = fine[:, :, -1] = 0

        def write(y: Tensor, row: int, place: Tensor) -> None:
            _finished(y, first, row, place)
            if scales is not None:
                place.mul_(scales.before)

        if rows == height:
            write(double(x[:, :-1]), 0, fine[:, 1:-1, 1:-1])
            fine[:, -1] = 0
            yield 0, size, fine
            return
        write(double(x[:, :3])[:, :1], 0, fine[:, 1:2, 1:-1])
        for top in range(0, height, rows):
            end = min(height, top + rows)
            band = fine[:, : 2 * (end - top) + 2]
            y = double(x[:, top : end + 3], ahead=True)
            if end == height:
                band[:, -1] = 0
                y = y[:, :-1]
            write(y, 2 * top + 1, band[:, 2 : 2 + y.shape[1], 1:-1])
            yield 2 * top, 2 * end, band
            fine[:, :2] = fine[:, -2:]

    def _applied(self, i: int, ws: Tensor, noise: list[Tensor | None]) -> _Applied:
        """Say what layer i does to pictures of these codes."""
        layer, size = self._layers[i], 4 << ((i + 1) // 2)
        style = torch.addmm(layer.style[0], ws[:, i], layer.style[1])
        gain = math.sqrt(2.0) * torch.rsqrt(torch.mm(style.square(), layer.power) + EPS)
        if size >= _OWN and len(ws) == 1:
            own = layer.convolution.modulated(style[0], gain[0], layer.bias)
            return _Applied(own, None, noise[i])
        scales = _Scales(style[:, None, None], gain[:, None, None], layer.bias)
        return _Applied(layer.convolution, scales, noise[i])


def _finished(y: Tensor, layer: _Applied, row: int, out: Tensor) -> None:
    """Scale what a convolution gives, rows `row` on, add bias and noise, and activate it, into out."""
    if layer.scales is not None:
        y = torch.mul(y, layer.scales.after, out=out).add_(layer.scales.bias)
    elif y.dtype != out.dtype or layer.noise is None:
        y = out.copy_(y)  # sums of mixed types would convert into fresh memory first
    if layer.noise is not None:
        torch.add(y, layer.noise[:, row : row + y.shape[1]], out=out)
    functional.leaky_relu_(out, SLOPE)


def _affine(dense: EqualizedDense) -> tuple[Tensor, Tensor]:
    """Return the bias, with the 1 that styles are around, and the transposed matrix of an equalised layer."""
    return (dense.bias * dense.multiplier + 1).float(), (dense.weight * dense.scale).T.float().contiguous()


def _enlarged(x: Tensor) -> Tensor:
    """Double pictures (N, 3, h, w) as `layers.upsample_filtered` does, which is slow on processors."""
    x = x.contiguous(memory_format=torch.channels_last)
    taps = x.new_tensor(BINOMIAL) / 4
    return functional.conv_transpose2d(x, torch.outer(taps, taps).expand(3, 1, 4, 4), stride=2, padding=1, groups=3)
