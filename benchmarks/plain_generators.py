"""Pretrained generators as their papers describe them, one layer after another: what `synthesis.py` compares with.

All map ws (N, L, W) to pictures; ProGAN's holds its own copy of a network's weights, the others use the network's.
"""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2


class PlainLayer(nn.Module):
    """Pixel norm, upsampling, a convolution at equalised learning rate, bias, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int, up: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.padding, self.up = padding, up
        self.scale = math.sqrt(2 / (inputs * kernel * kernel))

    def forward(self, x):
        x = x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)
        if self.up:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        x = functional.conv2d(x, self.weight * self.scale, padding=self.padding)
        return functional.leaky_relu(x + self.bias.view(1, -1, 1, 1), 0.2)


class PlainProGAN(nn.Module):
    """The network as its paper's table lists it."""

    def __init__(self, network: ProGAN) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i, layer in enumerate(network.layers):
            outputs, inputs, kernel, _ = layer.weight.shape
            plain = PlainLayer(inputs, outputs, kernel, layer.padding, up=i >= 2 and i % 2 == 0)
            plain.load_state_dict(layer.state_dict())
            self.layers.append(plain)
        output = network.outputs[str(len(network.layers) // 2 - 1)]
        self.colours = nn.Conv2d(output.weight.shape[1], 3, 1)
        self.colours.load_state_dict({"weight": output.weight * output.scale, "bias": output.bias})

    def forward(self, ws):
        z = ws[:, 0]
        x = (z / torch.sqrt(torch.mean(z**2, dim=1, keepdim=True) + 1e-8))[:, :, None, None]
        for layer in self.layers:
            x = layer(x)
        return self.colours(x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8))


def filtered(x, *taps):
    """Each channel filtered along rows and columns."""
    row = torch.tensor(taps) / sum(taps)
    return functional.conv2d(x, torch.outer(row, row).expand(x.shape[1], 1, -1, -1), padding=1, groups=x.shape[1])


def plain_stylegan(network: StyleGAN) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network as its paper describes it, from ws to pictures, one layer after another."""

    def make(ws):
        for i, layer in enumerate(network.layers):
            if i == 0:
                x = network.const.expand(len(ws), -1, -1, -1)
            else:
                weight = layer.weight * layer.scale
                if layer.double and layer.noise.shape[-1] >= 128:
                    weight = functional.pad(weight, (1, 1, 1, 1))
                    weight = sum(weight[:, :, a : a + 4, b : b + 4] for a in (0, 1) for b in (0, 1))
                    x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2, padding=1)
                else:
                    x = functional.interpolate(x, scale_factor=2, mode="nearest") if layer.double else x
                    x = functional.conv2d(x, weight, padding=1)
                x = filtered(x, 1, 2, 1) if layer.double else x
            x = x + layer.noise * layer.noise_weight.view(1, -1, 1, 1) + layer.bias.view(1, -1, 1, 1)
            x = functional.instance_norm(functional.leaky_relu(x, 0.2), eps=1e-8)
            scale, shift = layer.style(ws[:, i])[:, :, None, None].chunk(2, dim=1)
            x = x * (scale + 1) + shift
        return network.outputs[str(len(network.layers) // 2 - 1)](x)

    return make


def modulated(x, layer, w, double=False, demodulate=True):
    """A convolution with weights made for each picture, all pictures at once as groups."""
    n, inputs, height, width = x.shape
    weight = layer.weight * layer.scale * (layer.style(w) + 1)[:, None, :, None, None]  # (N, C', C, k, k)
    if demodulate:
        weight = weight / torch.sqrt((weight**2).sum((2, 3, 4), keepdim=True) + 1e-8)
    x, size = x.reshape(1, n * inputs, height, width), weight.shape[-1]
    if double:
        weight = weight.flip(3, 4).transpose(1, 2).flatten(0, 1)
        x = functional.conv_transpose2d(x, weight, stride=2, groups=n)
        x = 4 * filtered(x, 1, 3, 3, 1)
    else:
        x = functional.conv2d(x, weight.flatten(0, 1), padding=size // 2, groups=n)
    return x.unflatten(1, (n, -1))[0]


def plain_stylegan2(network: StyleGAN2) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network as its paper describes it, from ws to pictures, one layer after another."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    taps = torch.outer(row, row).expand(3, 1, 4, 4)

    def make(ws):
        x, picture = network.const.expand(len(ws), -1, -1, -1), None
        for i, layer in enumerate(network.layers):
            x = modulated(x, layer, ws[:, i], layer.double) + layer.noise * layer.noise_strength
            x = functional.leaky_relu(x + layer.bias.view(1, -1, 1, 1), 0.2) * math.sqrt(2)
            if i % 2 == 0:
                output = network.outputs[i // 2]
                colours = modulated(x, output, ws[:, i + 1], demodulate=False) + output.bias.view(1, -1, 1, 1)
                if picture is not None:
                    colours += functional.conv_transpose2d(picture, taps, stride=2, padding=1, groups=3)
                picture = colours
        return picture

    return make
