"""DCGAN against PyTorch's own chain of layers, and against its formula for one layer."""

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.generators.networks.dcgan import DCGAN


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("widths", "kernels", "resolution"),
    [
        ((9, 8, 3), (4, 4), 8),
        ((10, 8, 6, 3), (4, 4, 4), 16),
        ((5, 6, 6, 4, 3), (4, 3, 4, 3), 8),
        ((5, 7, 6, 4, 5, 3), (4, 4, 3, 4, 4), 32),
        ((12, 9, 8, 7, 6, 1), (4, 4, 4, 4, 4), 64),
    ],
)
def test_pictures_and_features_are_those_of_the_chain(widths, kernels, resolution, bias, foreign, loaded):
    chain = foreign.dcgan(seed=1, widths=widths, kernels=kernels, bias=bias)
    G = loaded(chain.state_dict())
    z = G.draw(3)
    ws = G.mapping(z)
    with torch.no_grad():
        wanted = chain(z[:, :, None, None]).expand(-1, 3, -1, -1)
        hidden = [chain[: 3 * i + 3](z[:, :, None, None]) for i in range(len(kernels) - 1)]
    assert (G.resolution, G.z_dim, wanted.shape[2]) == (resolution, widths[0], resolution)
    assert torch.allclose(G.synthesis(ws), wanted, atol=1e-6)
    assert wanted.std() > 0.01
    for i, features in enumerate(hidden):
        assert torch.allclose(G.features(ws, i), features, atol=1e-5)


def test_a_layer_is_its_formula_with_the_statistics_of_training():
    """Layer 0 on one pixel is a matrix; the norm takes mean and variance from training, not from these codes."""
    random = np.random.default_rng(0)
    weights = {"layers.0.weight": random.normal(size=(5, 6, 4, 4)), "layers.1.weight": random.normal(size=(6, 3, 4, 4))}
    weights |= {"layers.0.bias": random.normal(size=6), "norms.0.running_var": random.uniform(0.1, 9, size=6)}
    weights |= {f"norms.0.{name}": random.normal(size=6) for name in ("weight", "bias", "running_mean")}
    G = DCGAN.from_weights({name: value.astype(np.float32) for name, value in weights.items()})
    z = G.draw(3)

    def spread(name):
        return weights[name][:, None, None]

    x = np.einsum("nz,zchw->nchw", z.double().numpy(), weights["layers.0.weight"]) + spread("layers.0.bias")
    x = (x - spread("norms.0.running_mean")) / np.sqrt(spread("norms.0.running_var") + 1e-5)
    wanted = np.maximum(x * spread("norms.0.weight") + spread("norms.0.bias"), 0)
    assert np.allclose(G.features(G.mapping(z), 0).numpy(), wanted, atol=1e-5)
    assert (wanted > 0).mean() == pytest.approx(0.5, abs=0.3)
    assert np.allclose(G.norms["0"].running_mean, weights["norms.0.running_mean"])


def test_layers_may_do_without_norm_or_have_a_bias(loaded):
    torch.manual_seed(0)
    chain = nn.Sequential(
        *(nn.ConvTranspose2d(6, 8, 4, bias=False), nn.ReLU()),
        *(nn.ConvTranspose2d(8, 7, 4, 2, 1), nn.BatchNorm2d(7), nn.ReLU()),
        *(nn.ConvTranspose2d(7, 5, 3, 1, 1), nn.ReLU()),
        *(nn.ConvTranspose2d(5, 3, 4, 2, 1), nn.Tanh()),
    )
    chain(torch.randn(20, 6, 1, 1))
    G = loaded(chain.eval().state_dict())
    z = G.draw(2)
    assert list(G.norms) == ["1"]
    assert [layer.bias is not None for layer in G.layers] == [False, True, True, True]
    with torch.no_grad():
        assert torch.allclose(G(z), chain(z[:, :, None, None]), atol=1e-6)


def test_a_loaded_network_is_ready_for_pictures(foreign, loaded):
    G = loaded(foreign.dcgan().state_dict())
    before = G.fingerprint()
    picture = G(G.draw(4))[:1]
    assert not G.training
    assert not any(module.training for module in G.modules())
    assert not any(weight.requires_grad for weight in G.parameters())
    assert {value.dtype for value in G.state_dict().values()} == {torch.float32}
    assert G.fingerprint() == before
    assert torch.allclose(G(G.draw(4)[:1]), picture, atol=1e-6)
    assert picture.abs().max() <= 1


def test_the_class_is_behind_the_code_as_one_hot_coordinates(foreign, loaded):
    chain = foreign.dcgan()
    G = loaded(chain.state_dict(), classes=["red", "green", "blue"])
    z, label = G.draw(4), torch.tensor([2, 0, 1, 1])
    ws = G.mapping(z, label)
    assert (G.classes, G.z_dim, G.w_dim, G.edit_dim) == (("red", "green", "blue"), 7, 10, 7)
    assert torch.equal(ws[:, 0, :7], z)
    assert ws[:, 0, 7:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert torch.equal(G.mapping(z, label.to(torch.uint8)), ws)
    with torch.no_grad():
        assert torch.allclose(G(z, label), chain(ws[:, 0, :, None, None]), atol=1e-6)
    assert (G(z, label) - G(z, label.flip(0))).abs().max() > 0.001


def test_a_grey_picture_is_repeated_to_three_colours(foreign, loaded):
    chain = foreign.dcgan(widths=(6, 5, 1), kernels=(4, 4))
    G = loaded(chain.state_dict())
    z = G.draw(2)
    pictures = G(z)
    with torch.no_grad():
        grey = chain(z[:, :, None, None])
    assert pictures.shape == (2, 3, 8, 8)
    assert all(torch.allclose(pictures[:, c], grey[:, 0], atol=1e-6) for c in range(3))
