"""Packing: the discriminator scores m samples at once, and all that is said of a sample holds for a pack."""

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.fitting.objectives.catalogue import objective
from ganatomy.fitting.recipes.recipe import Optimizer, Penalties, load_recipe
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.training.game import Draws, Game
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.networks import build
from ganatomy.fitting.training.packing import packed
from ganatomy.fitting.training.players import Player
from ganatomy.fitting.training.trainer import Trainer

M, BATCH, DIM = 3, 12, 2
POINTS = np.random.default_rng(0).normal(size=(60, DIM))
SMALL = {"batch_size": BATCH, "epochs": 2, "generator": {"hidden": [8], "normalization": "none"}}
SMALL["discriminator"] = {"hidden": [8]}


def _recipe(name="gan", **overrides):
    penalties = {"wgan-gp": {"gradient": 0.3}, "rpgan": {"r1": 0.5, "r2": 0.2}}.get(name, {})
    return load_recipe({"objective": name, "penalties": penalties, **SMALL}, **overrides)


class Linear(nn.Module):
    """Scores a . x of packs x, whose gradient is a everywhere."""

    def __init__(self, width):
        super().__init__()
        self.a = nn.Parameter(torch.linspace(0.5, 2, width))

    def forward(self, x):
        return x @ self.a


def _draws(simultaneous=True, seed=0):
    random = torch.Generator().manual_seed(seed)
    codes = torch.randn(2 - simultaneous, BATCH, 2, generator=random)
    return Draws(torch.randn(1, BATCH, DIM, generator=random), codes, torch.rand(1, BATCH // M, generator=random))


def test_neighbours_of_a_batch_make_a_pack_also_behind_an_axis_of_runs():
    samples = torch.arange(24.0).view(2, 6, 2)
    whole = packed(samples, 3, axis=1)
    assert whole.shape == (2, 2, 6)
    assert whole[1, 0].tolist() == samples[1, :3].flatten().tolist()
    assert packed(samples, 1, axis=1) is samples


@pytest.mark.parametrize("m", [1, M])
def test_the_discriminator_is_as_wide_as_a_pack_and_the_generator_as_a_point(m):
    generator, discriminator = build(_recipe(packing=m), DIM, seed=0)
    assert discriminator.layers[0].in_features == m * DIM
    assert discriminator(torch.zeros(4, m * DIM)).shape == (4,)
    assert generator(torch.zeros(4, 2)).shape == (4, DIM)


@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("name", ["gan", "wgan-gp", "rpgan"])
def test_one_sample_a_pack_is_no_packing_bit_for_bit(name, updates):
    plain, ones = (list(Trainer(POINTS, _recipe(name, updates=updates, **given))) for given in ({}, {"packing": 1}))
    for a, b in zip(plain, ones, strict=True):
        assert torch.equal(a.losses.discriminator, b.losses.discriminator)
        assert torch.equal(a.losses.generator, b.losses.generator)


@pytest.mark.parametrize("simultaneous", [True, False])
def test_penalties_on_packs_are_known_by_hand_for_a_linear_discriminator(simultaneous):
    a = torch.linspace(0.5, 2, M * DIM)
    for held, expected in (
        (Penalties(r1=1.0), a.square().sum() / 2),
        (Penalties(r2=1.0), a.square().sum() / 2),
        (Penalties(gradient=1.0), (a.norm() - 1).square()),
    ):
        players = [Player(network, Optimizer(name="sgd", lr=0.1)) for network in (nn.Linear(2, DIM), Linear(M * DIM))]
        game = Game(*players, objective("rpgan"), held, simultaneous=simultaneous, packing=M, scored_at_once=True)
        torch.testing.assert_close(game.step(_draws(simultaneous), 0.0).penalty, expected)


@pytest.mark.parametrize("simultaneous", [True, False])
@pytest.mark.parametrize("name", ["gan", "rpgan"])
def test_losses_are_of_packs_put_together_by_hand(name, simultaneous):
    generator, critic = nn.Linear(2, DIM), Linear(M * DIM)
    players = [Player(network, Optimizer(name="sgd", lr=0.0625)) for network in (generator, critic)]
    game, draws = Game(*players, objective(name), simultaneous=simultaneous, packing=M), _draws(simultaneous)
    scores = [
        torch.stack([critic(batch[k : k + M].flatten()) for k in range(0, BATCH, M)])
        for batch in (draws.real[0], generator(draws.codes[0]))
    ]
    losses = game.step(draws, 0.0)
    torch.testing.assert_close(losses.discriminator, game.objective.discriminator_loss(*scores).detach())
    if simultaneous:
        torch.testing.assert_close(losses.generator, game.objective.generator_loss(*scores).detach())


@pytest.mark.parametrize("name", ["gan", "rpgan"])
def test_a_packed_model_is_asked_about_copies_and_comes_back_from_its_file(tmp_path, name):
    model = fit(POINTS, recipe=_recipe(name, packing=M))
    x = torch.tensor(POINTS[:5], dtype=torch.float32)
    with torch.no_grad():
        expected = model.objective.readout(model.discriminator(torch.cat(M * [x], dim=1)))
    np.testing.assert_allclose(model.discriminate(POINTS[:5]), expected.numpy())
    step, ahead = 1e-3, np.array([1.0, 0.0])
    slope = (model.discriminate(POINTS[:5] + step * ahead) - model.discriminate(POINTS[:5] - step * ahead)) / 2 / step
    np.testing.assert_allclose(model.discriminator_gradient(POINTS[:5])[:, 0], slope, rtol=0.02, atol=1e-3)
    model.save(tmp_path / "model.safetensors")
    loaded = FittedGAN.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.discriminate(POINTS), model.discriminate(POINTS))
    np.testing.assert_array_equal(loaded.sample(9), model.sample(9))


def test_a_generator_that_collapsed_is_told_by_packs_and_not_by_single_points():
    # Real points are +1 or -1; generated ones of a batch are all alike, half of the batches each. One point says
    # nothing; of two, half of the real pairs differ, so the best pack discriminator sees a total variation of 1/2.
    random = torch.Generator().manual_seed(0)
    real = torch.randint(2, (4000, 1), generator=random) * 2.0 - 1
    fake = (torch.randint(2, (2000, 1), generator=random) * 2.0 - 1).repeat_interleave(2, dim=0)
    apart = lambda samples: float((packed(samples, 2).prod(1) < 0).double().mean())  # noqa: E731
    assert abs(float(real.mean() - fake.mean())) < 0.1
    assert apart(real) - apart(fake) == pytest.approx(0.5, abs=0.05)
