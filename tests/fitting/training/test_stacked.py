"""A stack of networks is each of them: values, first and second derivatives, state, whatever layers they have."""

import copy

import pytest
import torch

from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.training.networks import ACTIVATIONS, NORMALIZATIONS, build
from ganatomy.fitting.training.penalties import gradients
from ganatomy.fitting.training.stacked import stack, unstack

RUNS, BATCH = 3, 6


@pytest.fixture(autouse=True)
def _in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _networks(player, **settings):
    recipe = load_recipe("course", "gan", **{player: {"normalization": "none", "hidden": [5, 4], **settings}})
    networks = [build(recipe, 2, seed)[player == "discriminator"] for seed in range(RUNS)]
    for network in networks:
        for parameter in network.parameters():  # a normalisation's begin as ones and zeros
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return networks


def _points(seed=0):
    return torch.randn(RUNS, BATCH, 2, generator=torch.Generator().manual_seed(seed))


def _value(network, x):
    """Return a number a run that depends on the network's values and, with a discriminator, on its slopes too."""
    x = x.clone().requires_grad_()
    y = network(x)
    if y.dim() == x.dim():
        return y.square().mean((-2, -1))
    return y.square().mean(-1) + gradients(y, x).square().sum(-1).mean(-1)


def _compare(networks):
    whole = stack(networks)
    for call in range(3):  # a spectral norm goes on from call to call
        values = _value(whole, _points(call))
        slopes = torch.autograd.grad(values.sum(), list(whole.parameters()))
        for r, network in enumerate(networks):
            value = _value(network, _points(call)[r])
            torch.testing.assert_close(values[r], value, rtol=1e-9, atol=1e-12)
            expected = torch.autograd.grad(value, list(network.parameters()))
            for ours, theirs in zip(slopes, expected, strict=True):
                torch.testing.assert_close(ours[r], theirs, rtol=1e-8, atol=1e-11)
                assert theirs.shape == ours.shape[1:]
    return whole


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_the_single_networks_values_and_derivatives(player, activation):
    _compare(_networks(player, activation=activation))


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_so_has_every_normalisation(normalization, spectral_norm):
    settings = {"normalization": [normalization, "none"], "spectral_norm": spectral_norm, "normalization_eps": 0.3}
    for player in ("generator", "discriminator"):
        _compare(_networks(player, **settings))


def test_a_spectral_norm_goes_on_in_training_only():
    networks = _networks("discriminator", spectral_norm=True)
    whole = stack(networks)
    for network in (whole, *networks):
        network.eval()
    before = copy.deepcopy(whole.state_dict())
    values = whole(_points())
    assert all(torch.equal(tensor, before[name]) for name, tensor in whole.state_dict().items())
    torch.testing.assert_close(values, torch.stack([n(x) for n, x in zip(networks, _points(), strict=True)]))
    whole.train()(_points())
    assert not all(torch.equal(tensor, before[name]) for name, tensor in whole.state_dict().items())


def test_unstacking_gives_back_each_network_as_a_copy():
    networks = _networks("discriminator", normalization="layer", spectral_norm=True)
    whole = stack(networks)
    assert list(whole.state_dict()) == list(networks[0].state_dict())
    for r, network in enumerate(networks):
        again = unstack(whole, r, like=networks[0])
        assert type(again) is type(network)
        assert all(torch.equal(again.state_dict()[name], tensor) for name, tensor in network.state_dict().items())
        with torch.no_grad():
            next(again.parameters()).add_(1)
        assert torch.equal(next(whole.parameters())[r], next(network.parameters()))
