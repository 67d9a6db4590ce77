"""Building blocks of pretrained generators: equalised convolutions, pixel norm, upsampling.

An equalised layer keeps its weight at unit scale and multiplies it, whenever it is used, by

    gain / sqrt(fan_in),    fan_in = inputs x kernel height x kernel width,

so that all layers learn at one speed. Biases are not scaled. Pixel norm divides the channels of each pixel by their
root mean square. Shapes: `N` pictures, `C` channels, `H` x `W` pixels.

References:
    T. Karras, T. Aila, S. Laine, J. Lehtinen (2018), Progressive Growing of GANs for Improved Quality, Stability, and
    Variation, sections 4.1 (equalised learning rate) and 4.2 (pixel norm).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
"""Of every leaky ReLU here, for negative values."""

EPS = 1e-8
"""Under the root of a pixel norm."""


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
