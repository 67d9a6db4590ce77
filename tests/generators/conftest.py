"""Small generators in the layouts of the projects that publish them, with random weights."""

import types
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures"


def _normal(seed):
    random = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=random)


def genforce(seed=0, z=6, channels=(8, 6, 4)):
    """A ProGAN of 16 x 16 pixels in genforce's layout."""
    normal, state, before = _normal(seed), {"lod": torch.zeros(())}, z
    for k, width in enumerate(channels):
        state[f"layer{2 * k}.weight"] = normal(width, before, *((4, 4) if k == 0 else (3, 3)))
        state[f"layer{2 * k}.bias"] = normal(width)
        state[f"layer{2 * k + 1}.weight"], state[f"layer{2 * k + 1}.bias"] = normal(width, width, 3, 3), normal(width)
        state[f"output{k}.weight"], state[f"output{k}.bias"] = normal(3, width, 1, 1), normal(3)
        before = width
    return state


def interfacegan(first, by_size, seed=0):
    """The same ProGAN under InterFaceGAN's names: its layers counted from `first`, the last output only."""
    state = {}
    for key, value in genforce(seed).items():
        stem, _, kind = key.partition(".")
        kind = {"weight": "conv.weight", "bias": "wscale.bias"}.get(kind)
        if stem.startswith("layer"):
            state[f"layer{int(stem[5:]) + first}.{kind}"] = value
        elif stem == "output2":
            state[f"{'output_16x16' if by_size else stem}.{kind}"] = value
    return state


def zoo(seed=0, z=6, channels=(8, 6, 4)):
    """A ProGAN of 16 x 16 pixels in pytorch_GAN_zoo's layout."""
    normal, first = _normal(seed), channels[0]
    state = {"formatLayer.module.weight": normal(16 * first, z), "formatLayer.module.bias": normal(16 * first)}
    shapes = {"groupScale0.0": (first, first, 3, 3)}
    for s, (before, width) in enumerate(pairwise(channels)):
        shapes |= {f"scaleLayers.{s}.0": (width, before, 3, 3), f"scaleLayers.{s}.1": (width, width, 3, 3)}
    shapes |= {f"toRGBLayers.{k}": (3, width, 1, 1) for k, width in enumerate(channels)}
    for stem, shape in shapes.items():
        state[f"{stem}.module.weight"], state[f"{stem}.module.bias"] = normal(*shape), normal(shape[0])
    return state


def dcgan(seed=0, widths=(10, 8, 6, 3), kernels=(4, 4, 4), bias=False):
    """A DCGAN as a torch network whose batch norms have seen some data."""
    torch.manual_seed(seed)
    layers = []
    for i, kernel in enumerate(kernels):
        geometry = (1, 0) if i == 0 else (2, 1) if kernel == 4 else (1, 1)
        layers.append(nn.ConvTranspose2d(widths[i], widths[i + 1], kernel, *geometry, bias=bias))
        layers += [nn.BatchNorm2d(widths[i + 1]), nn.ReLU()] if i < len(kernels) - 1 else [nn.Tanh()]
    network = nn.Sequential(*layers)
    for norm in (layer for layer in layers if isinstance(layer, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    network(torch.randn(16, widths[0], 1, 1))
    return network.eval()


@pytest.fixture(scope="session")
def foreign():
    """Builders of state dicts as other projects save them."""
    return types.SimpleNamespace(genforce=genforce, interfacegan=interfacegan, zoo=zoo, dcgan=dcgan)


@pytest.fixture(scope="session")
def fixture_file():
    """Map a name to the path of a published layout's example, or skip where only developers have it."""

    def find(name):
        if not (SHARED / name).exists():
            pytest.skip("needs the developers' shared data")
        return SHARED / name

    return find
