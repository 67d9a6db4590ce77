"""A StyleGAN2 of rosinality's layout makes, read as ours, what that layout's own equations make.

The equations are written out here in float64, picture by picture, from the description of the layout; nothing of
theirs is shared with the package.
"""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.networks.stylegan2 import StyleGAN2

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])
FILTER = torch.outer(TAPS, TAPS) / 64


def filtered(x, up, before, after):
    """Zeros between the pixels, zeros around them, then the [1, 3, 3, 1] filter of sum 4."""
    channels, height, width = x.shape
    spread = torch.zeros(channels, up * height, up * width, dtype=x.dtype)
    spread[:, ::up, ::up] = x
    padded = functional.pad(spread, (before, after, before, after))[:, None]
    return functional.conv2d(padded, 4 * FILTER.to(x)[None, None])[:, 0]


def forward(state, z, mean=None, psi=1.0):
    """Pictures of codes z, and the w that belongs to them."""
    s = {key: value.double() for key, value in state.items()}
    w = z.double() / torch.sqrt((z.double() ** 2).mean(dim=1, keepdim=True) + 1e-8)
    for d in range(1, 1 + sum(key.startswith("style.") for key in s) // 2):
        weight = s[f"style.{d}.weight"] * 0.01 / math.sqrt(w.shape[1])
        w = math.sqrt(2) * functional.leaky_relu(w @ weight.T + 0.01 * s[f"style.{d}.bias"], 0.2)
    if mean is not None:
        w = mean.double() + psi * (w - mean.double())
    return torch.stack([picture(s, one) for one in w]), w


def picture(s, w):
    """The picture of one w."""

    def modulated(stem, x, demodulate=True, up=False):
        weight = s[f"{stem}.conv.weight"][0]
        style = s[f"{stem}.conv.modulation.weight"] @ w / math.sqrt(len(w)) + s[f"{stem}.conv.modulation.bias"]
        weight = weight / math.sqrt(weight[0].numel()) * style[None, :, None, None]
        if demodulate:
            weight = weight / torch.sqrt((weight**2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
        if up:
            x = functional.conv_transpose2d(x[None], weight.transpose(0, 1), stride=2)[0]
            return filtered(x, 1, 1, 1)
        return functional.conv2d(x[None], weight, padding=weight.shape[-1] // 2)[0]

    def styled(stem, i, x):
        x = modulated(stem, x, up=i % 2 == 1)
        x = x + s[f"{stem}.noise.weight"] * s[f"noises.noise_{i}"][0] if f"noises.noise_{i}" in s else x
        return math.sqrt(2) * functional.leaky_relu(x + s[f"{stem}.activate.bias"][:, None, None], 0.2)

    def to_rgb(stem, x):
        return modulated(stem, x, demodulate=False) + s[f"{stem}.bias"][0]

    x = styled("conv1", 0, s["input.input"][0])
    image, i = to_rgb("to_rgb1", x), 1
    while f"convs.{i}.conv.weight" in s:
        x = styled(f"convs.{i}", i + 1, styled(f"convs.{i - 1}", i, x))
        image = filtered(image, 2, 2, 1) + to_rgb(f"to_rgbs.{i // 2}", x)
        i += 2
    return image


@pytest.fixture
def opened(tmp_path):
    """Save a tree with torch, old or new, and open it."""

    def write(tree, **options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pt"
        torch.save(tree, path, **options)
        return read_checkpoint(path)

    return write


def draw(count, z):
    return torch.randn(count, z, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"w": 8, "channels": (7,), "depth": 1},
        {"w": 6, "channels": (5, 9, 4, 3), "depth": 8},
        {"noises": False},
    ],
)
def test_its_own_equations_make_the_same_pictures(sizes, opened, foreign):
    state = foreign.rosinality(**sizes)
    z = draw(3, state["style.1.weight"].shape[1])
    expected, w = forward(state, z)
    checkpoint = opened({"g_ema": state, "latent_avg": w.mean(dim=0).float()})
    assert (checkpoint.layout, checkpoint.place, checkpoint.family) == (
        "StyleGAN2, rosinality layout",
        "g_ema",
        "stylegan2",
    )
    assert (checkpoint.z_dim, checkpoint.w_dim) == (z.shape[1], w.shape[1])
    assert checkpoint.resolution == expected.shape[-1]
    G = StyleGAN2.from_weights(checkpoint.weights).double()
    with torch.no_grad():
        ws = G.mapping(z.double())
        assert torch.allclose(ws[:, 0], w, rtol=0, atol=1e-6 * w.abs().max())
        assert torch.allclose(G.synthesis(ws), expected, rtol=0, atol=1e-5 * expected.abs().max())


def test_the_mean_code_beside_the_state_is_what_truncation_moves_towards(opened, foreign):
    state = foreign.rosinality()
    z, mean = draw(2, 12), draw(1, 12)[0]
    expected, _ = forward(state, z, mean, 0.5)
    for average in (mean, mean[None]):  # some keep a row
        G = StyleGAN2.from_weights(opened({"latent_avg": average, "g_ema": state}).weights).double()
        with torch.no_grad():
            found = G.synthesis(G.truncate(G.mapping(z.double()), 0.5))
        assert torch.allclose(found, expected, rtol=0, atol=1e-5 * expected.abs().max())


def test_files_saved_during_training_have_no_mean_and_the_averaged_generator_is_taken(opened, foreign):
    plain, averaged = foreign.rosinality(1), foreign.rosinality(0)
    down = {"convs.0.0.weight": torch.zeros(6, 3, 1, 1), "final_linear.1.weight": torch.zeros(1, 6)}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.002}]}
    checkpoint = opened({"g": plain, "d": down, "g_ema": averaged, "g_optim": optimizer, "ada_aug_p": 0.0})
    assert checkpoint.place == "g_ema"
    assert "w_avg" not in checkpoint.weights
    assert np.array_equal(checkpoint.weights["layers.2.weight"], averaged["convs.1.conv.weight"][0])
    flat = opened(averaged)
    wrapped = opened({"g_ema": {f"module.{key}": value for key, value in averaged.items()}})
    old = opened({"g_ema": averaged}, _use_new_zipfile_serialization=False)
    assert checkpoint.fingerprint() == flat.fingerprint() == wrapped.fingerprint() == old.fingerprint()


def test_missing_filters_are_the_usual_ones(opened, foreign):
    state = foreign.rosinality()
    bare = {key: value for key, value in state.items() if not key.endswith("kernel")}
    assert opened(bare).fingerprint() == opened(state).fingerprint()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"convs.1.conv.weight": None}, "the StyleGAN2 generator lacks convs.1.conv.weight"),
        ({"noises.noise_2": None}, "the StyleGAN2 generator lacks noises.noise_2"),
        ({"style.2.bias": None}, "the StyleGAN2 generator lacks style.2.bias"),
        ({"attention.weight": (3,)}, "1 tensors that no StyleGAN2 generator has, such as attention.weight"),
        ({"convs.1.conv.weight": (1, 8, 9, 3, 3)}, "has shape (8, 9, 3, 3) where (8, 8, 3, 3) fits"),
        ({"convs.1.conv.weight": (2, 8, 8, 3, 3)}, "has shape (2, 8, 8, 3, 3), which no StyleGAN2 generator's has"),
        ({"convs.1.noise.weight": ()}, ""),
        ({"convs.1.noise.weight": (8,)}, "which no StyleGAN2 generator's has"),
        ({"to_rgb1.bias": (1, 1, 1, 1)}, "to_rgb1.bias has shape (1,) where (3,) fits"),
        ({"input.input": (1, 10, 8, 8)}, "input.input has shape (1, 10, 8, 8) where (1, 10, 4, 4) fits"),
        ({"convs.0.conv.blur.kernel": 16 * FILTER}, "convs.0.conv.blur.kernel is not the filter [1, 3, 3, 1]"),
        ({"to_rgbs.0.upsample.kernel": torch.ones(4, 4) / 4}, "upsample.kernel is not the filter [1, 3, 3, 1]"),
        ({"to_rgbs.0.upsample.kernel": (2, 2)}, "upsample.kernel is not the filter [1, 3, 3, 1]"),
        ({"conv1.activate.bias": torch.zeros(10, dtype=torch.int32)}, "conv1.activate.bias holds int32"),
    ],
)
def test_what_does_not_fit_is_named(change, message, opened, foreign):
    state = foreign.rosinality()
    for key, value in change.items():
        state.pop(key, None)
        if value is not None:
            state[key] = torch.zeros(value) if isinstance(value, tuple) else value
    if not message:  # a number without an axis is a number too
        assert opened({"g_ema": state}).weights["layers.2.noise_strength"].shape == ()
        return
    with pytest.raises(InputError) as caught:
        opened({"g_ema": state})
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_mean_of_another_size_is_refused(opened, foreign):
    with pytest.raises(InputError, match=r"latent_avg has shape \(7,\) where \(12,\) fits"):
        opened({"g_ema": foreign.rosinality(), "latent_avg": torch.zeros(7)})


def test_opening_reads_filters_only(opened, counts, foreign):
    checkpoint = opened({"g_ema": foreign.rosinality()})
    assert set(counts) == {16}
    counts.clear()
    assert checkpoint.weights["layers.1.style.bias"].shape == (10,)
    assert counts == [10]
