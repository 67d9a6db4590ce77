"""Small generators in the layouts of the projects that publish them, with random weights."""

from itertools import pairwise

import torch
from torch import nn


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


def stylegan(seed=0, codes=(5, 9, 7), channels=(8, 6, 4)):
    """A StyleGAN in genforce's layout: `codes` are Z, the widths of the mapping, and W; channels by resolution."""
    normal, state = _normal(seed), _mapping(seed + 1, codes)
    before, state["synthesis.lod"] = channels[0], torch.zeros(())
    state["synthesis.layer0.const"] = normal(1, before, 4, 4)
    for k, width in enumerate(channels):
        for i in (2 * k, 2 * k + 1):
            stem = f"synthesis.layer{i}"
            if i:
                state[f"{stem}.weight"] = normal(width, before, 3, 3)
            if k and i == 2 * k:
                blur = torch.tensor([1.0, 2.0, 1.0]) / 4
                state[f"{stem}.blur.kernel"] = torch.outer(blur, blur).expand(width, 1, 3, 3).clone()
            state[f"{stem}.bias"], state[f"{stem}.apply_noise.weight"] = normal(width), normal(width)
            state[f"{stem}.apply_noise.noise"] = normal(1, 1, 4 << k, 4 << k)
            state[f"{stem}.style.weight"], state[f"{stem}.style.bias"] = normal(2 * width, codes[-1]), normal(2 * width)
            before = width
        state[f"synthesis.output{k}.weight"], state[f"synthesis.output{k}.bias"] = normal(3, width, 1, 1), normal(3)
    return state


def stylegan2(seed=0, codes=(5, 9, 7), channels=(8, 6, 4)):
    """A StyleGAN2 in genforce's layout."""
    normal, state = _normal(seed), _mapping(seed + 1, codes)
    before, taps = channels[0], torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    state["synthesis.early_layer.const"] = normal(1, before, 4, 4)
    state["synthesis.upsample.kernel"] = torch.outer(taps, taps)[None, None]

    def styled(stem, outputs, inputs, kernel):
        state[f"{stem}.weight"], state[f"{stem}.bias"] = normal(outputs, inputs, kernel, kernel), normal(outputs)
        state[f"{stem}.style.weight"], state[f"{stem}.style.bias"] = normal(inputs, codes[-1]), normal(inputs)

    for k, width in enumerate(channels):
        for i in (2 * k - 1, 2 * k) if k else (0,):
            stem = f"synthesis.layer{i}"
            styled(stem, width, before, 3)
            state[f"{stem}.noise_strength"], state[f"{stem}.noise"] = normal(), normal(1, 1, 4 << k, 4 << k)
            if i % 2:
                state[f"{stem}.filter.kernel"] = torch.outer(taps, taps)[None, None]
            before = width
        styled(f"synthesis.output{k}", 3, width, 1)
    return state


def _mapping(seed, codes):
    """Dense layers and the mean code of both, such that codes have about length sqrt(W)."""
    normal, state = _normal(seed), {"truncation.w_avg": _normal(seed + 1)(codes[-1]) / 4}
    for d, (before, width) in enumerate(pairwise(codes)):
        state[f"mapping.dense{d}.weight"] = 100 * normal(width, before)
        state[f"mapping.dense{d}.bias"] = 30 * normal(width)
    return state


def nvidia(seed=0, codes=(5, 9, 7), channels=(8, 6, 4)):
    """A StyleGAN2 in NVIDIA's layout, as a bare state."""
    normal, taps = _normal(seed), torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    state = {"synthesis.b4.const": normal(channels[0], 4, 4), "mapping.w_avg": normal(codes[-1]) / 4}
    for d, (before, width) in enumerate(pairwise(codes)):
        state[f"mapping.fc{d}.weight"], state[f"mapping.fc{d}.bias"] = 100 * normal(width, before), 30 * normal(width)

    def styled(stem, outputs, inputs, kernel):
        state[f"{stem}.weight"], state[f"{stem}.bias"] = normal(outputs, inputs, kernel, kernel), normal(outputs)
        state[f"{stem}.affine.weight"], state[f"{stem}.affine.bias"] = normal(inputs, codes[-1]), 1 + normal(inputs)

    for k, width in enumerate(channels):
        block, r = f"synthesis.b{4 << k}", 4 << k
        state[f"{block}.resample_filter"] = torch.outer(taps, taps)
        for name in ("conv0", "conv1") if k else ("conv1",):
            styled(f"{block}.{name}", width, channels[k - 1] if name == "conv0" else width, 3)
            state[f"{block}.{name}.noise_const"], state[f"{block}.{name}.noise_strength"] = normal(r, r), normal()
        styled(f"{block}.torgb", 3, width, 1)
    return state


def rosinality(seed=0, w=12, channels=(10, 8, 6), depth=3, noises=True):
    """A StyleGAN2 in rosinality's layout; w coordinates in z as in w."""
    normal, state, taps = _normal(seed), {}, torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    for d in range(1, depth + 1):
        state[f"style.{d}.weight"], state[f"style.{d}.bias"] = 100 * normal(w, w), 30 * normal(w)
    state["input.input"] = normal(1, channels[0], 4, 4)

    def conv(stem, before, after, kernel):
        state[f"{stem}.conv.weight"] = normal(1, after, before, kernel, kernel)
        state[f"{stem}.conv.modulation.weight"] = normal(before, w)
        state[f"{stem}.conv.modulation.bias"] = 1 + normal(before)

    def styled(stem, before, after):
        conv(stem, before, after, 3)
        state[f"{stem}.noise.weight"], state[f"{stem}.activate.bias"] = normal(1), normal(after)

    def to_rgb(stem, width):
        conv(stem, width, 3, 1)
        state[f"{stem}.bias"] = normal(1, 3, 1, 1)

    styled("conv1", channels[0], channels[0])
    to_rgb("to_rgb1", channels[0])
    for k in range(1, len(channels)):
        styled(f"convs.{2 * k - 2}", channels[k - 1], channels[k])
        state[f"convs.{2 * k - 2}.conv.blur.kernel"] = torch.outer(taps, taps)
        styled(f"convs.{2 * k - 1}", channels[k], channels[k])
        to_rgb(f"to_rgbs.{k - 1}", channels[k])
        state[f"to_rgbs.{k - 1}.upsample.kernel"] = torch.outer(taps, taps)
    for i in range(2 * len(channels) - 1 if noises else 0):
        r = 4 << (i + 1) // 2
        state[f"noises.noise_{i}"] = normal(1, 1, r, r)
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
