"""ProGAN against a plain computation in float64, the publishing projects' own pictures, and the rule of its growth."""

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.loading import load
from ganatomy.generators.networks.progan import ProGAN

# The same network, written from the layouts' descriptions: NumPy, float64, nothing of ours


def normed(x):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def doubled(x):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def convolved(x, weight, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = (size - weight.shape[2] + 1 for size in padded.shape[2:])
    taps = (
        np.tensordot(weight[:, :, i, j], padded[:, :, i : i + height, j : j + width], axes=(1, 1))
        for i, j in np.ndindex(*weight.shape[2:])
    )
    return sum(taps).swapaxes(0, 1)


def genforce_features(state, z):
    """What leaves each layer of a network in genforce's layout."""
    x, features = normed(z)[:, :, None, None], []
    for i in range(sum(key.startswith("layer") for key in state) // 2):
        weight, bias = state[f"layer{i}.weight"], state[f"layer{i}.bias"]
        x = normed(x)
        x = doubled(x) if i > 0 and i % 2 == 0 else x
        x = convolved(x, weight * math.sqrt(2 / weight[0].size), padding=1 if i else 3)
        x = leaky(x + bias[:, None, None])
        features.append(x)
    return features


def genforce_picture(state, z):
    """The picture of a grown network in genforce's layout."""
    features = genforce_features(state, z)
    k = len(features) // 2 - 1
    weight = state[f"output{k}.weight"]
    return (
        convolved(normed(features[-1]), weight / math.sqrt(weight[0].size), 0) + state[f"output{k}.bias"][:, None, None]
    )


def zoo_picture(state, z):
    """The picture of a network in pytorch_GAN_zoo's layout, whose scale multiplies all of a layer, bias included."""

    def layer(stem, x, padding):
        weight, bias = state[f"{stem}.module.weight"], state[f"{stem}.module.bias"]
        return math.sqrt(2 / weight[0].size) * (convolved(x, weight, padding) + bias[:, None, None])

    weight, bias = state["formatLayer.module.weight"], state["formatLayer.module.bias"]
    x = leaky(math.sqrt(2 / weight.shape[1]) * (normed(z) @ weight.T + bias))
    x = normed(x.reshape(len(z), -1, 4, 4))
    x = normed(leaky(layer("groupScale0.0", x, 1)))
    scales = sum(key.startswith("scaleLayers") for key in state) // 4
    for s in range(scales):
        for i in (0, 1):
            x = normed(leaky(layer(f"scaleLayers.{s}.{i}", x if i else doubled(x), 1)))
    return layer(f"toRGBLayers.{scales}", x, 0)


def plain(state):
    return {key: value.double().numpy() for key, value in state.items()}


SIZES = {
    4: (5,),
    8: (7, 3),
    16: (3, 9, 5),
    32: (8, 8, 5, 6),
    64: (12, 11, 9, 10, 7),
    1024: (16, 16, 12, 12, 12, 10, 8, 7, 4),
}  # few channels are ill conditioned: where all of a pixel's are about 0, its norm enlarges every error


LONG = ("zoo", 1024)  # 2 seconds; the layouts differ at the beginning only


@pytest.mark.parametrize(
    ("layout", "resolution"),
    [(layout, size) for layout in ("genforce", "zoo") for size in SIZES if (layout, size) != LONG],
)
def test_pictures_are_those_of_the_plain_computation(layout, resolution, foreign, loaded):
    state = getattr(foreign, layout)(seed=1, z=5, channels=SIZES[resolution])
    G = loaded(state)
    z = G.draw(1 if resolution > 64 else 3, seed=2)
    wanted = (genforce_picture if layout == "genforce" else zoo_picture)(plain(state), z.double().numpy())
    assert (G.resolution, G.z_dim, wanted.shape[2]) == (resolution, 5, resolution)
    assert np.abs(G(z).numpy() - wanted).max() < 1e-4
    assert np.abs(wanted[0]).std() > 0.1


def test_features_are_those_of_the_plain_computation(foreign, loaded):
    state = foreign.genforce(channels=(8, 5, 3))
    G = loaded(state)
    z = G.draw(2)
    ws = G.mapping(z)
    for i, wanted in enumerate(genforce_features(plain(state), z.double().numpy())):
        assert np.allclose(G.features(ws, i).numpy(), wanted, atol=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["pggan16_nested", "pgan_hub16"])
def test_pictures_are_those_that_were_published(name, fixture_file):
    G, published = load(fixture_file(f"{name}.pth")), np.load(fixture_file(f"{name}.npz"))
    z = torch.from_numpy(published["z"])
    assert np.abs(G.synthesis(G.mapping(z)).numpy() - published["image"]).max() < 1e-4
    assert np.abs(renderer(G)(G.mapping(z)).numpy() - published["image"]).max() < 1e-4


def test_a_loaded_network_is_ready_for_pictures(foreign, loaded):
    G = loaded(foreign.genforce())
    assert not G.training
    assert not any(weight.requires_grad for weight in G.parameters())
    assert {weight.dtype for weight in G.parameters()} == {torch.float32}
    assert not G(G.draw(1)).requires_grad


def test_codes_matter_by_their_direction_only(foreign, loaded):
    G = loaded(foreign.genforce())
    z = G.draw(3)
    ws = G.mapping(z)
    assert torch.allclose(ws.norm(dim=2), torch.full((3, 1), math.sqrt(6)))
    assert torch.allclose(torch.cosine_similarity(ws[:, 0], z), torch.ones(3))
    assert torch.allclose(G.synthesis(5 * ws), G.synthesis(ws), atol=1e-5)
    across = torch.linalg.qr(torch.stack([ws[0, 0], z.new_ones(6)], 1))[0][:, 1]  # a unit vector at right angles
    turned = G.mapping(ws[:1, 0] + 2 * across)
    angle = torch.acos(torch.cosine_similarity(turned[0], ws[0])).item()
    assert angle == pytest.approx(math.atan(2 / math.sqrt(6)), abs=1e-5)


# Growth: a network's picture at a level of detail, from smaller networks that have grown


CHANNELS = (6, 5, 4, 7)


@pytest.fixture
def stages(foreign, loaded):
    """The networks of 4, 8, 16 and 32 pixels, each the beginning of the next."""
    return [loaded(foreign.genforce(z=5, channels=CHANNELS[:k])) for k in (1, 2, 3, 4)]


@pytest.fixture
def at(stages):
    """The picture at a level of detail, and the smaller network's, enlarged by plain repetition."""
    z, G = stages[0].draw(2), stages[-1]
    smaller = [network(z).numpy() for network in reversed(stages)]

    def picture(lod):
        G.lod.fill_(lod)
        return G(z)

    def enlarged(missing):
        return torch.from_numpy(smaller[missing].repeat(2**missing, axis=2).repeat(2**missing, axis=3))

    return picture, enlarged


@pytest.mark.parametrize("lod", [0, 1, 2, 3])
def test_whole_levels_are_smaller_networks_pictures_repeated(lod, at):
    picture, enlarged = at
    assert torch.allclose(picture(lod), enlarged(lod), atol=1e-5)


@pytest.mark.parametrize("fraction", [0.001, 0.25, 0.5, 0.999])
@pytest.mark.parametrize("below", [0, 1, 2])
def test_between_them_the_finer_fades_in(below, fraction, at):
    picture, enlarged = at
    wanted = (1 - fraction) * enlarged(below) + fraction * enlarged(below + 1)
    assert torch.allclose(picture(below + fraction), wanted, atol=1e-5)
    assert (enlarged(below) - enlarged(below + 1)).abs().max() > 0.1


@pytest.mark.parametrize("lod", [-0.5, 3.5, 4, math.nan])
def test_levels_that_there_are_not_are_refused(lod, at):
    with pytest.raises(InputError, match="this generator grows from 3 to 0"):
        at[0](lod)


@pytest.mark.parametrize("lod", [0.5, 1])
def test_a_missing_output_is_refused_when_it_is_needed(lod, foreign, loaded):
    state = {key: value for key, value in foreign.genforce().items() if not key.startswith(("output0", "output1"))}
    G = loaded(state)
    assert G(G.draw(1)).shape == (1, 3, 16, 16)
    G.lod.fill_(lod)
    with pytest.raises(InputError, match=f"level of detail {lod:g} needs output 1, which this checkpoint lacks"):
        G(G.draw(1))


@pytest.mark.parametrize("lod", [1, 1.25])
def test_a_growing_network_is_loaded_and_rendered_as_it_is(lod, foreign, loaded):
    state = foreign.genforce()
    G = loaded({**state, "lod": torch.tensor(lod)})
    ws, grown = G.mapping(G.draw(2)), loaded(state)
    assert float(G.lod) == lod
    assert torch.equal(renderer(G)(ws), G.synthesis(ws))
    assert G.fingerprint() != grown.fingerprint()
    grown.lod.fill_(lod)
    assert torch.equal(G.synthesis(ws), grown.synthesis(ws))


def test_weights_without_a_level_are_grown_and_outputs_may_have_gaps(foreign, loaded):
    weights = {name: value.numpy() for name, value in loaded(foreign.genforce()).state_dict().items()}
    whole = ProGAN.from_weights(weights)
    for name in ("lod", "outputs.1.weight", "outputs.1.bias"):
        del weights[name]
    G = ProGAN.from_weights(weights)
    assert (float(G.lod), sorted(G.outputs)) == (0, ["0", "2"])
    assert torch.equal(G(G.draw(1)), whole(G.draw(1)))


def test_classes_are_refused(foreign, tmp_path):
    torch.save(foreign.genforce(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="a ProGAN has no classes, 2 were given; leave `classes` out"):
        load(tmp_path / "a.pth", classes=2)
