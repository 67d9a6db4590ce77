"""StyleGAN against a plain computation in float64, the publishing project's pictures, and the rule of its growth."""

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.loading import load
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.latent.methods.sefa import sefa

# The same network, written from the layout's description: NumPy, float64, nothing of ours


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def doubled(x):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def correlated(x, weight):
    """Correlate (N, C, H, W) with (C', C, k, k), with k // 2 zeros around."""
    margin = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    taps = (
        np.tensordot(weight[:, :, i, j], padded[:, :, i : i + x.shape[2], j : j + x.shape[3]], axes=(1, 1))
        for i, j in np.ndindex(*weight.shape[2:])
    )
    return sum(taps).swapaxes(0, 1)


def blurred(x):
    """The binomial blur, by its two neighbours each way."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
    return (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4


def plain_codes(state, z):
    w = z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)
    for d in range(sum("dense" in key for key in state) // 2):
        weight, bias = state[f"mapping.dense{d}.weight"], state[f"mapping.dense{d}.bias"]
        w = leaky(w @ (weight * 0.01 * math.sqrt(2 / weight.shape[1])).T + 0.01 * bias)
    return w


def plain_features(state, ws, noise=True):
    """What leaves each layer. From 128 pixels on, the transposed convolution is one of repeated pixels, turned."""
    x, features = np.repeat(state["synthesis.layer0.const"], len(ws), axis=0), []
    for i in range(ws.shape[1]):
        own = {key.partition(f"layer{i}.")[2]: value for key, value in state.items() if f".layer{i}." in key}
        if i:
            weight = own["weight"] * math.sqrt(2 / own["weight"][0].size)
            if i % 2 == 0:
                turned = weight[:, :, ::-1, ::-1] if 4 << i // 2 >= 128 else weight
                x = blurred(correlated(doubled(x), turned))
            else:
                x = correlated(x, weight)
        x = x + noise * own["apply_noise.noise"] * own["apply_noise.weight"][:, None, None]
        x = leaky(x + own["bias"][:, None, None])
        x = (x - x.mean(axis=(2, 3), keepdims=True)) / np.sqrt(x.var(axis=(2, 3), keepdims=True) + 1e-8)
        style = ws[:, i] @ own["style.weight"].T / math.sqrt(ws.shape[2]) + own["style.bias"]
        scale, shift = np.split(style[:, :, None, None], 2, axis=1)
        x = x * (1 + scale) + shift
        features.append(x)
    return features


def plain_picture(state, ws, noise=True):
    features = plain_features(state, ws, noise)
    k = len(features) // 2 - 1
    weight, bias = state[f"synthesis.output{k}.weight"], state[f"synthesis.output{k}.bias"]
    return correlated(features[-1], weight / math.sqrt(weight[0].size)) + bias[:, None, None]


def plain(state):
    return {key: value.double().numpy() for key, value in state.items()}


HOLD_OUTS = {  # codes, channels
    "4 pixels": ((6, 6), (5,)),
    "8 pixels, two mappings": ((48, 32, 32), (7, 3)),
    "32 pixels, Z 48, W 32, eight mappings": ((48, *8 * [32]), (8, 12, 5, 6)),
    "64 pixels, hidden widths": ((7, 11, 5, 9), (6, 11, 9, 10, 7)),
    "128 pixels": ((8, 8, 8), (6, 6, 6, 6, 5, 4)),
    "256 pixels": ((8, 8, 8, 8), (6, 6, 6, 6, 5, 4, 3)),
}


@pytest.mark.parametrize("size", HOLD_OUTS)
def test_codes_and_pictures_are_those_of_the_plain_computation(size, foreign, loaded):
    codes, channels = HOLD_OUTS[size]
    state = foreign.stylegan(seed=1, codes=codes, channels=channels)
    G = loaded(state)
    z = G.draw(1 if len(channels) > 5 else 3, seed=2)
    ws = G.mapping(z)
    assert (G.z_dim, G.w_dim, G.num_ws, G.resolution) == (
        codes[0],
        codes[-1],
        2 * len(channels),
        2 << len(channels),
    )
    w = plain_codes(plain(state), z.double().numpy())
    assert np.abs(ws.numpy() - w[:, None]).max() < 1e-4
    edited = ws + 0.3 * G.draw(G.num_ws, seed=3)[:, :1].expand(-1, G.w_dim)  # another code for each layer
    wanted = plain_picture(plain(state), edited.double().numpy())
    assert wanted.shape[2:] == (G.resolution, G.resolution)
    assert np.abs(wanted[0]).std() > 0.1
    assert np.abs(G.synthesis(edited).numpy() - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())
    G.noise = "none"
    silent = plain_picture(plain(state), edited.double().numpy(), noise=False)
    assert np.abs(silent - wanted).max() > 0.01
    assert np.abs(G.synthesis(edited).numpy() - silent).max() < 1e-4 * max(1, np.abs(silent).max())


def test_features_are_those_of_the_plain_computation(foreign, loaded):
    state = foreign.stylegan(channels=(8, 5, 3))
    G = loaded(state)
    ws = G.mapping(G.draw(2))
    for i, wanted in enumerate(plain_features(plain(state), ws.double().numpy())):
        assert np.allclose(G.features(ws, i).numpy(), wanted, atol=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["stylegan16", "stylegan128"])
def test_codes_and_pictures_are_those_that_were_published(name, fixture_file):
    G, published = load(fixture_file(f"{name}.pth")), np.load(fixture_file(f"{name}.npz"))
    ws = G.mapping(torch.from_numpy(published["z"]))
    assert np.abs(ws.numpy() - published["w"][:, None]).max() < 1e-4
    ws = G.truncate(ws, float(published["truncation_psi"]), int(published["truncation_layers"]))
    assert np.abs(ws.numpy() - published["ws"]).max() < 1e-4
    assert np.abs(G.synthesis(ws).numpy() - published["image"]).max() < 1e-4
    assert np.abs(renderer(G)(ws).numpy() - published["image"]).max() < 1e-4


@pytest.mark.shared
@pytest.mark.parametrize("name", ["stylegan16", "stylegan128", "stylegan2_16"])
@pytest.mark.parametrize("which", ["sefa", "sefa_all"])
def test_directions_are_those_that_were_published(name, which, fixture_file):
    """Up to their signs; found from the file alone."""
    checkpoint, published = read_checkpoint(fixture_file(f"{name}.pth")), np.load(fixture_file(f"{name}.npz"))
    layers = [int(layer) for layer in published[f"{which}_layers"]]
    found = sefa(checkpoint, checkpoint.w_dim, layers)
    assert np.allclose(found.values, published[f"{which}_values"], atol=1e-4)
    cosines = np.abs(np.sum(found.vectors * published[f"{which}_vectors"], axis=1))
    assert cosines.min() > 1 - 1e-4
    assert found.layers == tuple(layers)
    assert np.array_equal(sefa(load(fixture_file(f"{name}.pth")), checkpoint.w_dim, layers).vectors, found.vectors)


# Growth: a network's picture at a level of detail, from smaller networks that have grown

CHANNELS = (6, 5, 4)


@pytest.fixture
def at(foreign, loaded):
    """The picture at a level of detail, and the smaller network's, enlarged by plain repetition."""
    stages = [loaded(foreign.stylegan(channels=CHANNELS[:k])) for k in (3, 2, 1)]
    G = stages[0]
    ws = G.mapping(G.draw(2))
    smaller = [network.synthesis(ws[:, : network.num_ws]) for network in stages]

    def picture(lod):
        G.lod.fill_(lod)
        return G.synthesis(ws)

    def enlarged(missing):
        return smaller[missing].repeat_interleave(2**missing, dim=2).repeat_interleave(2**missing, dim=3)

    return picture, enlarged


@pytest.mark.parametrize("lod", [0, 1, 2])
def test_whole_levels_are_smaller_networks_pictures_repeated(lod, at):
    picture, enlarged = at
    assert torch.allclose(picture(lod), enlarged(lod), atol=1e-5)


@pytest.mark.parametrize("fraction", [0.001, 0.25, 0.999])
@pytest.mark.parametrize("below", [0, 1])
def test_between_them_the_finer_fades_in(below, fraction, at):
    picture, enlarged = at
    wanted = (1 - fraction) * enlarged(below) + fraction * enlarged(below + 1)
    assert torch.allclose(picture(below + fraction), wanted, atol=1e-4)
    assert (enlarged(below) - enlarged(below + 1)).abs().max() > 0.1


@pytest.mark.parametrize("lod", [-0.5, 2.5, math.nan])
def test_levels_that_there_are_not_are_refused(lod, at):
    with pytest.raises(InputError, match="this generator grows from 2 to 0"):
        at[0](lod)


def test_a_missing_output_is_refused_when_it_is_needed(foreign, loaded):
    state = {key: value for key, value in foreign.stylegan().items() if "output0" not in key and "output1" not in key}
    G = loaded(state)
    assert G(G.draw(1)).shape == (1, 3, 16, 16)
    G.lod.fill_(0.5)
    with pytest.raises(InputError, match=r"level of detail 0.5 needs output 1, which this checkpoint lacks"):
        G(G.draw(1))


def test_classes_are_refused(foreign, tmp_path):
    torch.save(foreign.stylegan(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="a StyleGAN has no classes, 2 were given; leave `classes` out"):
        load(tmp_path / "a.pth", classes=2)
    with pytest.raises(InputError, match="a StyleGAN has no classes, 1 were given; leave `classes` out"):
        StyleGAN.from_weights({}, classes=["cat"])


def test_a_mean_code_may_be_missing(foreign, loaded):
    state = foreign.stylegan()
    whole = loaded(state)
    del state["truncation.w_avg"]
    G = loaded(state)
    z = G.draw(2)
    assert torch.equal(G(z), whole(z))
    assert G.fingerprint() != whole.fingerprint()
    with pytest.raises(InputError, match="no mean code to truncate towards"):
        G.truncate(G.mapping(z))
