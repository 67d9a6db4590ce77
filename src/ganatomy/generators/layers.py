"""Building blocks of pretrained generators: equalised layers, modulated convolution, norms, resampling.

An equalised layer keeps its weight at unit scale and multiplies it, whenever it is used, by

    gain / sqrt(fan_in),    fan_in = inputs x kernel height x kernel width,

so that all layers learn at one speed. Biases are not scaled. Pixel norm divides the channels of each pixel by their
root mean square, instance norm each channel of a picture by its standard deviation. To double the resolution, pixels
are repeated (`upsample`), or zeros are put between them and filtered away (`upsample_filtered`, `double`).

Shapes: `N` pictures, `C` channels in, `C'` channels out, `H` x `W` pixels, `k` a kernel's side, `T` taps of a filter.

References:
    T. Karras, T. Aila, S. Laine, J. Lehtinen (2018), Progressive Growing of GANs for Improved Quality, Stability, and
    Variation, sections 4.1 (equalised learning rate) and 4.2 (pixel norm).
    T. Karras, S. Laine, T. Aila (2019), A Style-Based Generator Architecture for Generative Adversarial Networks.
    T. Karras et al. (2020), Analyzing and Improving the Image Quality of StyleGAN, section 2.2 (demodulation).
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
"""Of every leaky ReLU here, for negative values."""

EPS = 1e-8
"""Under the root of a pixel norm, an instance norm, a demodulation."""

BINOMIAL = (1.0, 3.0, 3.0, 1.0)
"""The taps of StyleGAN2's filter, along rows and along columns."""

Part = TypeVar("Part", bound=nn.Module, covariant=True)


class Chain(nn.ModuleList, Generic[Part]):
    """An `nn.ModuleList` of parts of one kind, so that a type checker knows what comes out of it.

    >>> layers: Chain[nn.Linear] = Chain(nn.Linear(2, 3) for _ in range(2))
    >>> len(layers), layers[1].out_features
    (2, 3)
    """

    if TYPE_CHECKING:

        def __getitem__(self, index: int) -> Part: ...
        def __iter__(self) -> Iterator[Part]: ...


class Table(nn.ModuleDict, Generic[Part]):
    """An `nn.ModuleDict` of parts of one kind, so that a type checker knows what comes out of it.

    >>> outputs: Table[nn.Linear] = Table({"3": nn.Linear(2, 3)})
    >>> outputs["3"].out_features
    3
    """

    if TYPE_CHECKING:

        def __getitem__(self, key: str) -> Part: ...


def pixel_norm(x: Tensor) -> Tensor:
    """Divide by the root mean square over dimension 1: x / sqrt(mean(x^2) + 1e-8).

    Args:
        x: codes (N, Z) or features (N, C, H, W).

    >>> pixel_norm(torch.tensor([[3.0, 4.0]])) * math.sqrt(12.5)
    tensor([[3., 4.]])
    """
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPS)


def upsample(x: Tensor) -> Tensor:
    """Double the resolution by repeating pixels: (N, C, H, W) -> (N, C, 2H, 2W).

    >>> upsample(torch.tensor([[[[1.0, 2.0]]]]))
    tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def instance_norm(x: Tensor) -> Tensor:
    """Give each channel of each picture (N, C, H, W) mean 0 and variance 1: (x - mean) / sqrt(var + 1e-8).

    >>> instance_norm(torch.tensor([[[[5.0, 9.0]]]]))  # mean 7, standard deviation 2
    tensor([[[[-1.,  1.]]]])
    """
    x = x - x.mean(dim=(2, 3), keepdim=True)
    return x * torch.rsqrt(x.square().mean(dim=(2, 3), keepdim=True) + EPS)


def smooth(x: Tensor, taps: tuple[float, ...], gain: float = 1.0) -> Tensor:
    """Filter each channel along rows and along columns, with one row or column of zeros around the picture.

    Args:
        x: (N, C, H, W).
        taps: T of them, symmetric; used after division by their sum.
        gain: of the whole.

    Returns:
        (N, C, H + 3 - T, W + 3 - T).

    >>> smooth(torch.tensor([[[[16.0]]]]), (1.0, 2.0, 1.0)), smooth(torch.ones(1, 1, 4, 4), BINOMIAL)[0, 0, 1]
    (tensor([[[[4.]]]]), tensor([0.8750, 1.0000, 0.8750]))
    """
    row = x.new_tensor(taps) / sum(taps)
    kernel = gain * torch.outer(row, row)[None, None]
    single = x.reshape(-1, 1, *x.shape[2:])
    return functional.conv2d(single, kernel, padding=1).unflatten(0, x.shape[:2])[:, :, 0]


def upsample_filtered(x: Tensor) -> Tensor:
    """Double the resolution: put zeros between pixels, then filter by [1, 3, 3, 1]; (N, C, H, W) -> (N, C, 2H, 2W).

    >>> upsample_filtered(torch.tensor([[[[16.0, 16.0]]]]))[0, 0, 0]  # 9, 12 + 3 / 4 of nothing beyond the border
    tensor([ 9., 12., 12.,  9.])
    """
    row = x.new_tensor(BINOMIAL) / 4
    single = x.reshape(-1, 1, *x.shape[2:])
    doubled = functional.conv_transpose2d(single, torch.outer(row, row)[None, None], stride=2, padding=1)
    return doubled.unflatten(0, x.shape[:2])[:, :, 0]


def convolve_and_double(x: Tensor, weight: Tensor) -> Tensor:
    """Double the resolution by a transposed convolution, (N, C, H, W) -> (N, C', 2H, 2W).

    Its 4 x 4 kernel is the sum of `weight` (C', C, 3, 3) at the four places where that fits into it, which takes the
    place of repeated pixels: with P(i, j) the weight put at row i and column j of zeros, P(0, 0) + P(0, 1) + P(1, 0) +
    P(1, 1).

    >>> convolve_and_double(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 3, 3))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    padded = functional.pad(weight, (1, 1, 1, 1))
    kernel = padded[:, :, 1:, 1:] + padded[:, :, 1:, :-1] + padded[:, :, :-1, 1:] + padded[:, :, :-1, :-1]
    return functional.conv_transpose2d(x, kernel.transpose(0, 1), stride=2, padding=1)


def modulated_convolution(
    x: Tensor, weight: Tensor, style: Tensor, *, demodulate: bool = True, double: bool = False
) -> Tensor:
    """Convolve each picture with weights of its own, w'[o, c] = s[c] w[o, c] / sqrt(sum_(c, k) (s[c] w[o, c, k])^2).

    As a convolution is linear, the s[c] may as well multiply what goes in and the root divide what comes out, which
    takes one convolution for all pictures and keeps them apart exactly.

    Args:
        x: (N, C, H, W).
        weight: w (C', C, k, k), k odd.
        style: s (N, C).
        demodulate: whether to divide by the root, under which 1e-8 is added.
        double: double the resolution, by a transposed convolution with the kernel turned by 180 degrees and the
            filter [1, 3, 3, 1].

    Returns:
        (N, C', H, W), or (N, C', 2H, 2W).

    >>> x, weight = torch.ones(1, 2, 4, 4), torch.tensor([3.0, 1.0]).view(1, 2, 1, 1)
    >>> style = torch.tensor([[1.0, 4.0]])  # 3 x 1 + 1 x 4, over the root of 9 + 16
    >>> [modulated_convolution(x, weight, style, demodulate=d)[0, 0, 0, 0].item() for d in (False, True)]
    [7.0, 1.399999976158142]
    """
    y = x * style[:, :, None, None]
    if double:
        y = functional.conv_transpose2d(y, weight.flip(2, 3).transpose(0, 1), stride=2)
        y = smooth(y, BINOMIAL, gain=4.0)
    else:
        y = functional.conv2d(y, weight, padding=weight.shape[2] // 2)
    if demodulate:
        power = (style.square()[:, None] * weight.square().sum(dim=(2, 3))).sum(dim=2)  # (N, C')
        y = y * torch.rsqrt(power + EPS)[:, :, None, None]
    return y


class EqualizedDense(nn.Module):
    """A matrix (out, in) that is scaled by gain / sqrt(in) when used, and a bias (out,).

    With a multiplier, both are scaled by it besides, so that the layer learns more slowly.

    >>> layer = EqualizedDense(4, 2, gain=math.sqrt(2), multiplier=0.01)
    >>> _ = layer.weight.data.fill_(1), layer.bias.data.fill_(1)
    >>> layer(torch.ones(1, 4)).detach() * 100  # sqrt(2 / 4) x 4 + 1
    tensor([[3.8284, 3.8284]])
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0, multiplier: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.multiplier = gain * multiplier / math.sqrt(inputs), multiplier

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in) to (N, out)."""
        return functional.linear(x, self.weight * self.scale, self.bias * self.multiplier)


class EqualizedConvolution(nn.Module):
    """A convolution whose weight (out, in, k, k) is scaled by gain / sqrt(fan_in) when used.

    The bias is (out,), or (out, H', W') with a size, for a layer that was trained as a matrix.

    >>> layer = EqualizedConvolution(4, 2, 3, padding=1)
    >>> layer(torch.zeros(1, 4, 8, 8)).shape, round(layer.scale, 4)  # sqrt(2 / (4 x 3 x 3))
    (torch.Size([1, 2, 8, 8]), 0.2357)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        padding: int = 0,
        gain: float = math.sqrt(2.0),
        bias_size: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs, *bias_size))
        self.padding = padding
        self.scale = gain / math.sqrt(inputs * kernel * kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H', W')."""
        bias = self.bias if self.bias.dim() == 3 else self.bias[:, None, None]
        return functional.conv2d(x, self.weight * self.scale, padding=self.padding) + bias
