"""The players' networks: the course's exactly, every setting's meaning, and readiness for many runs at once."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from ganatomy.fitting.objectives.catalogue import objective
from ganatomy.fitting.recipes.recipe import OBJECTIVES, Latent, load_recipe
from ganatomy.fitting.training import penalties
from ganatomy.fitting.training.networks import ACTIVATIONS, Discriminator, Generator, build, draw_codes


def _normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _recipe(**overrides):
    return load_recipe({"objective": "gan", "generator": {"hidden": [16, 16]}}, **overrides)


# The course's networks


def _course_generator():
    return nn.Sequential(
        nn.Linear(2, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 256),
        nn.BatchNorm1d(256, 0.8),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 512),
        nn.BatchNorm1d(512, 0.8),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 2),
    )


def _course_discriminator():
    layers = (nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1))
    return nn.Sequential(*layers)


def test_the_course_networks_are_the_report_s():
    ours = build(load_recipe("course", objective="gan"), dim=2, seed=3)
    for network, plain in zip(ours, (_course_generator(), _course_discriminator()), strict=True):
        assert [p.shape for p in network.parameters()] == [p.shape for p in plain.parameters()]
        with torch.no_grad():
            for p, q in zip(plain.parameters(), network.parameters(), strict=True):
                p.copy_(q)
        x = _normal(48, 2)
        torch.testing.assert_close(network(x).reshape(48, -1), plain(x), rtol=1e-4, atol=1e-5)


def test_the_initialisation_is_torch_s_own():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        plain = [*_course_generator().parameters(), *_course_discriminator().parameters()]
    ours = build(load_recipe("course", objective="gan"), dim=2, seed=11)
    for p, q in zip(plain, (q for network in ours for q in network.parameters()), strict=True):
        assert torch.equal(p, q)


# Building


def test_the_same_seed_builds_the_same_players_and_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    first, again, other = (build(_recipe(), 3, seed)[0].layers[0].weight for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_shapes_follow_the_data_and_the_codes(dim):
    generator, discriminator = build(_recipe(latent_dim=7), dim, seed=0)
    points = generator(_normal(9, 7))
    assert points.shape == (9, dim)
    assert discriminator(points).shape == (9,)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_codes_have_the_distribution_they_name(distribution):
    z = draw_codes(Latent(distribution=distribution), (100_000,), torch.Generator().manual_seed(0))
    again = draw_codes(Latent(distribution=distribution), (100_000,), torch.Generator().manual_seed(0))
    assert torch.equal(z, again)
    variance, fourth = {"normal": (1.0, 3.0), "uniform": (1 / 3, 1 / 5)}[distribution]
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=0.02, rtol=0)
    torch.testing.assert_close(z.square().mean(0), torch.tensor([variance] * 2), atol=0.02, rtol=0)
    torch.testing.assert_close(z.pow(4).mean(0), torch.tensor([fourth] * 2), atol=0.15, rtol=0)
    assert (z.abs().max() <= 1) == (distribution == "uniform")


def test_classes_are_equally_likely_and_written_behind_the_code():
    latent = Latent(dim=4, classes=5)
    z = draw_codes(latent, (10, 2000), torch.Generator().manual_seed(0))
    assert z.shape == (10, 2000, latent.width)
    classes = z[..., 4:]
    assert torch.equal(classes.sum(-1), torch.full((10, 2000), 2.0))  # one of them, as long as a normal code
    torch.testing.assert_close((classes > 0).float().mean((0, 1)), torch.full((5,), 0.2), atol=0.01, rtol=0)


# Layers


PLAIN = {
    "leaky-relu": lambda x: torch.maximum(x, 0.2 * x),
    "relu": lambda x: x.clamp(min=0),
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
    "silu": lambda x: x * x.sigmoid(),
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "softplus": lambda x: torch.log(1 + x.exp()),
    "tanh": torch.tanh,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_has_its_formula_and_second_derivatives_through_it_are_right(name):
    discriminator = Discriminator(_recipe(discriminator={"activation": name, "hidden": [6, 5]}), dim=3).double()
    weights = [p.detach().clone().requires_grad_() for p in discriminator.parameters()]

    def plain(x):
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = PLAIN[name](x @ weight.T + bias)
        return (x @ weights[-2].T + weights[-1]).squeeze(-1)

    x = _normal(8, 3).double()
    kept = x.clone()
    torch.testing.assert_close(discriminator(x), plain(x))
    assert torch.equal(x, kept)  # nothing is done in place to what a caller owns

    def slopes_of_penalty(score, parameters):
        points = x.clone().requires_grad_()
        penalty = penalties.zero_centred_penalty(score(points), points)
        return torch.autograd.grad(penalty, parameters, allow_unused=True, materialize_grads=True)

    ours, theirs = slopes_of_penalty(discriminator, list(discriminator.parameters())), slopes_of_penalty(plain, weights)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_batch_normalization_uses_the_batch_it_is_given_in_training_and_in_sampling():
    generator = Generator(_recipe(generator={"normalization": ["none", "batch"], "normalization_eps": 0.8}), dim=2)
    assert not list(generator.buffers())
    z = _normal(32, 2)
    trained = generator.train()(z)
    assert torch.equal(generator.eval()(z), trained)
    assert not torch.allclose(generator(z[:16]), trained[:16])
    hidden = generator.layers[:3](z)  # linear, activation, linear: what batch normalisation sees
    normal = generator.layers[3](hidden.clone())
    variance = hidden.var(0, correction=0)
    torch.testing.assert_close(normal.mean(0), torch.zeros(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var(0, correction=0), variance / (variance + 0.8), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("normalization", "mixes"), [("none", False), ("layer", False), ("batch", True)])
def test_only_batch_normalization_mixes_the_points_of_a_batch(normalization, mixes):
    discriminator = Discriminator(_recipe(discriminator={"normalization": normalization}), dim=2)
    x = _normal(10, 2)
    assert torch.allclose(discriminator(x)[:5], discriminator(x[:5]), atol=1e-5) != mixes


def test_spectral_norm_makes_every_layer_and_so_the_discriminator_1_lipschitz():
    discriminator = Discriminator(_recipe(discriminator={"spectral_norm": True, "hidden": [16, 8]}), dim=2)
    with torch.no_grad():
        for layer in discriminator.layers[::2]:
            layer.parametrizations.weight.original.mul_(50)
        for _ in range(200):  # power iterations happen as it is used
            discriminator(_normal(4, 2))
        for layer in discriminator.layers[::2]:
            assert float(torch.linalg.matrix_norm(layer.weight, 2)) == pytest.approx(1, abs=1e-3)
        x, y = 5 * _normal(500, 2, seed=1), 5 * _normal(500, 2, seed=2)
        assert ((discriminator(x) - discriminator(y)).abs() <= 1.01 * (x - y).norm(dim=1)).all()


# Many runs at once


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_stacked_runs_have_the_gradients_of_separate_runs(name, dtype):
    """Networks are mapped over stacked parameters, losses and penalties take the leading axis as they are.

    So a batched computation of many seeds needs no second implementation of any of them.
    """
    recipe, runs, n = load_recipe("course", objective=name), 3, 32
    players = [tuple(network.to(dtype) for network in build(recipe, 2, seed)) for seed in range(runs)]
    z, real = _normal(runs, n, 2, seed=1).to(dtype), _normal(runs, n, 2, seed=2).to(dtype)
    share = torch.rand((runs, n), generator=torch.Generator().manual_seed(3)).to(dtype)

    def gradients(generate, score, g_parameters, d_parameters, z, real, share):
        """Return both players' gradients, from one text for one run and for many."""
        real = real.clone().requires_grad_()
        fake = generate(z)
        scores = score(real), score(fake)
        penalty = penalties.gradient_penalty(score, real, fake, share)
        for of, points in zip(scores, (real, fake), strict=True):
            penalty = penalty + penalties.zero_centred_penalty(of, points)
        d_loss = objective(name).discriminator_loss(*scores) + penalty
        g_loss = objective(name).generator_loss(*scores)
        assert d_loss.shape == g_loss.shape == real.shape[:-2]
        of_generator = torch.autograd.grad(g_loss.sum(), g_parameters, retain_graph=True)
        return of_generator + torch.autograd.grad(d_loss.sum(), d_parameters)

    def stacked(networks):
        parameters, buffers = stack_module_state(networks)
        assert not buffers
        base = copy.deepcopy(networks[0]).to("meta")
        mapped = vmap(lambda parameters, x: functional_call(base, parameters, (x,)))
        return (lambda x: mapped(parameters, x)), list(parameters.values())

    (generate, g_parameters), (score, d_parameters) = (stacked(kind) for kind in zip(*players, strict=True))
    together = gradients(generate, score, g_parameters, d_parameters, z, real, share)
    tolerance = {"rtol": 1e-3, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-12}
    for r, (generator, discriminator) in enumerate(players):
        own = list(generator.parameters()), list(discriminator.parameters())
        alone = gradients(generator, discriminator, *own, z[r], real[r], share[r])
        for many, one in zip(together, alone, strict=True):
            torch.testing.assert_close(many[r], one, **tolerance)
