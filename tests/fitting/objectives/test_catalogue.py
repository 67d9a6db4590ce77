"""Every objective under one contract, and each against its paper's formula written naively."""

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import Objective, objective
from ganatomy.fitting.recipes.recipe import OBJECTIVES

PLAYERS = ("discriminator_loss", "generator_loss")
every_objective = pytest.mark.parametrize("name", OBJECTIVES)
each_player = pytest.mark.parametrize("player", PLAYERS)


def _scores(*shape, seed=0, scale=2.0):
    return scale * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _sigmoid(s):
    return 1 / (1 + np.exp(-s))


# The papers' formulas, with log and sigmoid as they stand: (discriminator, generator), each minimised.
NAIVE = {
    "gan": (
        lambda r, f: -np.mean(np.log(_sigmoid(r))) - np.mean(np.log(1 - _sigmoid(f))),
        lambda r, f: np.mean(np.log(1 - _sigmoid(f))),
    ),
    "ns-gan": (
        lambda r, f: -np.mean(np.log(_sigmoid(r))) - np.mean(np.log(1 - _sigmoid(f))),
        lambda r, f: -np.mean(np.log(_sigmoid(f))),
    ),
    "wgan": (lambda r, f: -(np.mean(r) - np.mean(f)), lambda r, f: -np.mean(f)),
    "wgan-gp": (lambda r, f: -(np.mean(r) - np.mean(f)), lambda r, f: -np.mean(f)),
    "lsgan": (
        lambda r, f: 0.5 * np.mean((r - 1) ** 2) + 0.5 * np.mean(f**2),
        lambda r, f: 0.5 * np.mean((f - 1) ** 2),
    ),
    "hinge": (
        lambda r, f: -np.mean(np.minimum(0, r - 1)) - np.mean(np.minimum(0, -f - 1)),
        lambda r, f: -np.mean(f),
    ),
    "rpgan": (
        lambda r, f: np.mean(np.log(1 + np.exp(-(r - f)))),
        lambda r, f: np.mean(np.log(1 + np.exp(-(f - r)))),
    ),
}

# Values at scores of zero, by hand.
AT_ZERO = {
    "gan": (2 * math.log(2), -math.log(2)),
    "ns-gan": (2 * math.log(2), math.log(2)),
    "wgan": (0, 0),
    "wgan-gp": (0, 0),
    "lsgan": (0.5, 0.5),
    "hinge": (2, 0),
    "rpgan": (math.log(2), math.log(2)),
}


# The contract


@each_player
@every_objective
def test_a_leading_axis_of_runs_is_as_many_separate_runs(name, player):
    real, fake = _scores(3, 5, 16, seed=1), _scores(3, 5, 16, seed=2)
    loss = getattr(objective(name), player)
    together = loss(real, fake)
    assert together.shape == (3, 5)
    for i in range(3):
        for j in range(5):
            alone = loss(real[i, j], fake[i, j])
            assert alone.shape == ()
            torch.testing.assert_close(together[i, j], alone, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("real_score", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("fake_score", [-1e4, 0.0, 1e4])
@each_player
@every_objective
def test_extreme_scores_give_finite_losses_and_gradients(name, player, real_score, fake_score, dtype):
    scores = [torch.full((8,), value, dtype=dtype, requires_grad=True) for value in (real_score, fake_score)]
    loss = getattr(objective(name), player)(*scores)
    assert loss.dtype == dtype
    assert torch.isfinite(loss)
    for gradient in torch.autograd.grad(loss, scores, allow_unused=True):
        assert gradient is None or torch.isfinite(gradient).all()


@every_objective
def test_the_generator_minds_the_real_scores_only_where_the_objective_is_relative(name):
    chosen, fake = objective(name), _scores(16, seed=2)
    losses = [chosen.generator_loss(_scores(16, seed=seed), fake) for seed in (3, 4)]
    assert (losses[0] != losses[1]) == chosen.relative
    assert chosen.relative == (name == "rpgan")


@every_objective
def test_each_player_gains_where_its_aim_says(name):
    # A step of gradient descent raises real scores and lowers fake ones for D, and raises fake ones for G.
    real, fake = (s.requires_grad_() for s in (_scores(16, seed=1, scale=0.3), _scores(16, seed=2, scale=0.3)))
    raise_real, raise_fake = torch.autograd.grad(objective(name).discriminator_loss(real, fake), (real, fake))
    assert (raise_real < 0).all()
    if name != "lsgan":  # which pulls fake scores to 0 from both sides
        assert (raise_fake > 0).all()
    assert (torch.autograd.grad(objective(name).generator_loss(real, fake), fake)[0] < 0).all()


@every_objective
def test_the_mean_does_not_depend_on_the_batch_s_size_or_order(name):
    real, fake = _scores(16, seed=1), _scores(16, seed=2)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    for player in PLAYERS:
        loss = getattr(objective(name), player)
        expected = loss(real, fake)
        torch.testing.assert_close(loss(real.repeat(3), fake.repeat(3)), expected)
        torch.testing.assert_close(loss(real[order], fake[order]), expected)


# The values


@every_objective
def test_scores_of_zero_have_the_values_known_by_hand(name):
    zero = torch.zeros(7, dtype=torch.float64)
    found = [float(getattr(objective(name), player)(zero, zero)) for player in PLAYERS]
    assert found == pytest.approx(AT_ZERO[name], abs=1e-15)


@pytest.mark.parametrize("scale", [0.1, 2.0, 8.0])  # beyond, the naive form has lost its digits
@every_objective
def test_the_safe_form_is_the_naive_form_where_that_is_finite(name, scale):
    real, fake = _scores(64, seed=1, scale=scale), _scores(64, seed=2, scale=scale)
    for player, naive in zip(PLAYERS, NAIVE[name], strict=True):
        expected = naive(real.numpy(), fake.numpy())
        assert np.isfinite(expected)
        assert float(getattr(objective(name), player)(real, fake)) == pytest.approx(expected, rel=1e-7)


def test_the_naive_form_is_not_finite_where_the_safe_one_has_the_limit():
    s = torch.tensor([1e4], dtype=torch.float64)
    with np.errstate(divide="ignore", over="ignore"):
        assert NAIVE["gan"][1](None, s.numpy()) == -np.inf
    assert float(objective("gan").generator_loss(s, s)) == -1e4
    assert float(objective("ns-gan").generator_loss(s, -s)) == 1e4


def test_the_saturating_form_has_no_gradient_where_the_discriminator_is_sure_and_the_other_form_has():
    fake = torch.tensor([-20.0, 0.0, 20.0], dtype=torch.float64, requires_grad=True)
    saturating, other = (
        3 * torch.autograd.grad(objective(name).generator_loss(fake, fake), fake)[0] for name in ("gan", "ns-gan")
    )
    probability = fake.detach().sigmoid()
    torch.testing.assert_close(saturating, -probability)
    torch.testing.assert_close(other, -(1 - probability))
    assert abs(saturating[0]) < 1e-8
    assert other[0] == pytest.approx(-1)


@pytest.mark.parametrize(("name", "is_zero_sum"), [("gan", True), ("wgan", True), ("ns-gan", False), ("hinge", False)])
def test_gan_and_wgan_are_zero_sum_games(name, is_zero_sum):
    real, fake = _scores(9, seed=1), _scores(9, seed=2).requires_grad_()
    losses = (getattr(objective(name), player)(real, fake) for player in PLAYERS)
    ours, theirs = (torch.autograd.grad(loss, fake)[0] for loss in losses)
    assert torch.allclose(ours, -theirs) == is_zero_sum


def test_wgan_and_rpgan_do_not_feel_a_constant_added_to_all_scores():
    real, fake = _scores(9, seed=1), _scores(9, seed=2)
    for name in OBJECTIVES:
        chosen = objective(name)
        same = torch.allclose(chosen.discriminator_loss(real, fake), chosen.discriminator_loss(real + 5, fake + 5))
        assert same == (name in ("wgan", "wgan-gp", "rpgan"))


def test_the_hinge_loss_leaves_points_beyond_the_margin_alone():
    real = torch.tensor([1.5, 0.5], requires_grad=True)
    fake = torch.tensor([-1.5, -0.5], requires_grad=True)
    gradients = torch.autograd.grad(objective("hinge").discriminator_loss(real, fake), (real, fake))
    assert [g.tolist() for g in gradients] == [[0.0, -0.5], [0.0, 0.5]]


# What pictures are told


@every_objective
def test_pictures_show_a_probability_where_there_is_one_and_the_score_elsewhere(name):
    chosen, scores = objective(name), torch.tensor([-50.0, 0.0, 50.0])
    if name in ("gan", "ns-gan"):
        assert chosen.label == "D(x)"
        assert chosen.readout(scores).tolist() == pytest.approx([0, 0.5, 1], abs=1e-6)
    else:
        assert chosen.label != "D(x)"
        assert torch.equal(chosen.readout(scores), scores)
    assert chosen.critic == name.startswith("wgan")


def test_a_critic_s_loss_is_minus_a_distance():
    # The identity is the optimal critic between a point mass at 0 and one at 3, whose 1-Wasserstein distance is 3.
    assert -objective("wgan").discriminator_loss(torch.full((4,), 3.0), torch.zeros(4)) == 3


def test_an_unknown_objective_is_refused_with_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'wgan-gp'"):
        objective("wgan_gp")


def test_the_base_class_has_no_loss():
    for player in PLAYERS:
        with pytest.raises(NotImplementedError):
            getattr(Objective(), player)(torch.zeros(1), torch.zeros(1))
