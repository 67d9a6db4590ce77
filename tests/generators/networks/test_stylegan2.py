"""StyleGAN2 against a plain computation in float64 and the publishing project's own pictures."""

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.loading import load
from ganatomy.generators.networks.stylegan2 import StyleGAN2

# The same network, written from the layout's description: NumPy, float64, picture by picture, nothing of ours


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def correlated(x, weight, margin):
    """Correlate one picture (C, H, W) with (C', C, k, k), with `margin` zeros around."""
    padded = np.pad(x, ((0, 0), (margin, margin), (margin, margin)))
    height, width = (size - weight.shape[2] + 1 for size in padded.shape[1:])
    return sum(
        np.tensordot(weight[:, :, i, j], padded[:, i : i + height, j : j + width], axes=1)
        for i, j in np.ndindex(*weight.shape[2:])
    )


def spread(x):
    """Put a zero between any two pixels."""
    wide = np.zeros((len(x), 2 * x.shape[1] - 1, 2 * x.shape[2] - 1))
    wide[:, ::2, ::2] = x
    return wide


def filtered(x, before, after):
    """Filter each channel by [1, 3, 3, 1] / 4 along rows and columns, which keeps the mean of spread pixels."""
    for axis in (1, 2):
        padded = np.pad(x, [(before, after) if a == axis else (0, 0) for a in range(3)])
        size = padded.shape[axis] - 3
        x = sum(tap / 4 * np.take(padded, range(t, t + size), axis) for t, tap in enumerate((1, 3, 3, 1)))
    return x


def modulated(state, stem, w):
    weight = state[f"{stem}.weight"] / math.sqrt(state[f"{stem}.weight"][0].size)
    style = state[f"{stem}.style.weight"] @ w / math.sqrt(len(w)) + state[f"{stem}.style.bias"] + 1
    return weight * style[:, None, None]


def plain_features(state, ws, noise=True):
    """What leaves each layer, for one picture's codes (L, W)."""
    x, features = state["synthesis.early_layer.const"][0], []
    for i in range(len(ws) - 1):
        stem = f"synthesis.layer{i}"
        weight = modulated(state, stem, ws[i])
        weight = weight / np.sqrt(np.sum(weight**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
        x = filtered(correlated(spread(x), weight, 2), 1, 1) if i % 2 else correlated(x, weight, 1)
        x = x + noise * state[f"{stem}.noise"][0] * state[f"{stem}.noise_strength"]
        x = leaky(x + state[f"{stem}.bias"][:, None, None]) * math.sqrt(2)
        features.append(x)
    return features


def plain_picture(state, ws, noise=True):
    picture = 0
    for k, x in enumerate(plain_features(state, ws, noise)[::2]):
        stem = f"synthesis.output{k}"
        if k:
            picture = filtered(np.pad(spread(picture), ((0, 0), (0, 1), (0, 1))), 2, 1)
        picture = (
            picture + correlated(x, modulated(state, stem, ws[2 * k + 1]), 0) + state[f"{stem}.bias"][:, None, None]
        )
    return picture


def plain_codes(state, z):
    w = z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)
    for d in range(sum("dense" in key for key in state) // 2):
        weight, bias = state[f"mapping.dense{d}.weight"], state[f"mapping.dense{d}.bias"]
        w = leaky(w @ (weight * 0.01 / math.sqrt(weight.shape[1])).T + 0.01 * bias) * math.sqrt(2)
    return w


def plain(state):
    return {key: value.double().numpy() for key, value in state.items()}


HOLD_OUTS = {  # codes, channels
    "4 pixels": ((6, 6), (5,)),
    "8 pixels, two mappings": ((48, 32, 32), (7, 3)),
    "32 pixels, Z 48, W 32, eight mappings": ((48, *8 * [32]), (8, 12, 5, 6)),
    "64 pixels, hidden widths": ((7, 11, 5, 9), (6, 11, 9, 10, 7)),
    "256 pixels": ((8, 8, 8, 8), (6, 6, 6, 6, 5, 4, 3)),
}


@pytest.mark.parametrize("size", HOLD_OUTS)
def test_codes_and_pictures_are_those_of_the_plain_computation(size, foreign, loaded):
    codes, channels = HOLD_OUTS[size]
    state = foreign.stylegan2(seed=1, codes=codes, channels=channels)
    G = loaded(state)
    assert (G.z_dim, G.w_dim, G.num_ws, G.resolution) == (
        codes[0],
        codes[-1],
        2 * len(channels),
        2 << len(channels),
    )
    z = G.draw(1 if len(channels) > 5 else 3, seed=2)
    ws = G.mapping(z)
    assert np.abs(ws.numpy() - plain_codes(plain(state), z.double().numpy())[:, None]).max() < 1e-4
    edited = ws + 0.3 * G.draw(G.num_ws, seed=3)[:, :1].expand(-1, G.w_dim)  # another code for each layer
    for noise in ("stored", "none"):
        G.noise = noise
        wanted = np.stack([plain_picture(plain(state), one, noise == "stored") for one in edited.double().numpy()])
        assert wanted.shape[2:] == (G.resolution, G.resolution)
        assert np.abs(wanted[0]).std() > 0.1
        assert np.abs(G.synthesis(edited).numpy() - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())


def test_features_are_those_of_the_plain_computation(foreign, loaded):
    state = foreign.stylegan2(channels=(8, 5, 3))
    G = loaded(state)
    ws = G.mapping(G.draw(2))
    wanted = [plain_features(plain(state), one) for one in ws.double().numpy()]
    assert len(wanted[0]) == len(G.layers) == 5
    for i in range(5):
        assert np.allclose(G.features(ws, i).numpy(), np.stack([one[i] for one in wanted]), atol=1e-4)


@pytest.mark.shared
def test_codes_and_pictures_are_those_that_were_published(fixture_file):
    G, published = load(fixture_file("stylegan2_16.pth")), np.load(fixture_file("stylegan2_16.npz"))
    ws = G.mapping(torch.from_numpy(published["z"]))
    assert np.abs(ws.numpy() - published["w"][:, None]).max() < 1e-4
    ws = G.truncate(ws, float(published["truncation_psi"]), int(published["truncation_layers"]))
    assert np.abs(ws.numpy() - published["ws"]).max() < 1e-4
    assert np.abs(G.synthesis(ws).numpy() - published["image"]).max() < 1e-4
    assert np.abs(renderer(G)(ws).numpy() - published["image"]).max() < 1e-4


def test_the_last_code_styles_the_last_colours_only(foreign, loaded):
    G = loaded(foreign.stylegan2())
    ws = G.mapping(G.draw(2))
    moved = ws.clone()
    moved[:, -1] += 1
    last = len(G.layers) - 1
    assert torch.equal(G.features(moved, last), G.features(ws, last))
    assert (G.synthesis(moved) - G.synthesis(ws)).abs().max() > 0.1
    change = G.outputs[-1](G.features(ws, last), moved[:, -1]) - G.outputs[-1](G.features(ws, last), ws[:, -1])
    assert torch.allclose(G.synthesis(moved) - G.synthesis(ws), change, atol=1e-5)


def test_a_layers_scale_is_undone(foreign, loaded):
    """What demodulation is for: ten times the style changes nothing, as ten times the weights."""
    state = foreign.stylegan2()
    G = loaded(state)
    ws = G.mapping(G.draw(2))
    wanted = G.features(ws, 4)
    stem = "synthesis.layer4"
    turned = {**state, f"{stem}.style.weight": 10 * state[f"{stem}.style.weight"]}
    turned[f"{stem}.style.bias"] = 10 * (state[f"{stem}.style.bias"] + 1) - 1
    assert torch.allclose(loaded(turned).features(ws, 4), wanted, atol=1e-4)
    heavy = {**state, f"{stem}.weight": 10 * state[f"{stem}.weight"]}
    assert torch.allclose(loaded(heavy).features(ws, 4), wanted, atol=1e-4)


def test_classes_are_refused(foreign, tmp_path):
    torch.save(foreign.stylegan2(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="a StyleGAN2 has no classes, 2 were given; leave `classes` out"):
        load(tmp_path / "a.pth", classes=2)
    with pytest.raises(InputError, match="a StyleGAN2 has no classes, 1 were given; leave `classes` out"):
        StyleGAN2.from_weights({}, classes=["cat"])
