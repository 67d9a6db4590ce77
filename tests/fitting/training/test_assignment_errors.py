"""The errors found in public answers to the laboratory assignment, a test for each: none of them is made here.

They are: the animations of the three models are made from one model's frames; "SGD" constructs Adam; the gradient
penalty is added after the optimizer's step and never acts; clipping and the penalty are used at once; interpolation
weights are drawn per coordinate instead of per sample.
"""

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import OBJECTIVES, REPORTED, load_recipe, recipe_names
from ganatomy.fitting.training import game
from ganatomy.fitting.training.trainer import Trainer

POINTS = np.random.default_rng(0).standard_normal((64, 3)) * [0.3, 0.1, 0.2] + [0.5, 0.2, 0.9]


def _trainer(objective, recipe="course", seed=0, **overrides):
    return Trainer(POINTS, load_recipe(recipe, objective=objective, epochs=4, batch_size=16, **overrides), seed)


# 1. The three animations are made from one model's frames


def test_three_models_trained_side_by_side_have_the_frames_of_each_trained_alone():
    def frames(steps):
        return [step.snapshot.sample(8) for step in steps if step.snapshot is not None]

    together = zip(*(_trainer(objective, lr=1e-3) for objective in REPORTED), strict=True)
    for objective, steps in zip(REPORTED, zip(*together, strict=True), strict=True):
        assert {step.snapshot.recipe.objective for step in steps if step.snapshot} == {objective}
        np.testing.assert_array_equal(frames(steps), frames(_trainer(objective, lr=1e-3)))


def test_three_models_of_one_seed_begin_alike_and_end_apart():
    trainers = [_trainer(objective, lr=1e-3) for objective in REPORTED]
    begin = [trainer.snapshot().sample(8) for trainer in trainers]
    end = [list(trainer)[-1].snapshot.sample(8) for trainer in trainers]
    for i in range(3):
        np.testing.assert_array_equal(begin[i], begin[0])
        assert not np.allclose(end[i], end[i - 1], atol=1e-4)


# 2. "SGD" constructs Adam


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("objective", REPORTED)
def test_both_players_descend_by_the_optimizer_that_was_named(objective, name):
    trainer = _trainer(objective, optimizer=name.lower())
    for player in (trainer.game.generator, trainer.game.discriminator):
        assert type(player.optimizer) is getattr(torch.optim, name)


def test_sgd_moves_by_its_rate_times_the_gradient_and_adam_by_about_its_rate():
    moves = {}
    for name in ("sgd", "adam"):
        trainer = _trainer("gan", optimizer=name, lr=1e-3)
        generator = trainer.game.generator.network
        (draws, *_), before = trainer.draw_epoch(0), trainer.game.generator.parameters.detach().clone()
        loss = torch.log(1 - trainer.game.discriminator.network(generator(draws.codes[0])).sigmoid()).mean()
        gradients = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(generator.parameters()))])
        next(iter(trainer))
        moves[name] = before - trainer.game.generator.parameters.detach()
        if name == "sgd":
            torch.testing.assert_close(moves[name], 1e-3 * gradients, rtol=1e-2, atol=1e-6)
    largest = {name: float(move.abs().max()) for name, move in moves.items()}
    assert largest["adam"] == pytest.approx(1e-3, rel=1e-2)  # the first step of Adam is the sign of the gradient
    assert largest["sgd"] < 0.5e-3


# 3. The gradient penalty never acts


def test_the_penalty_is_in_the_gradient_of_the_very_step_it_belongs_to():
    trainer = _trainer("wgan-gp", optimizer="sgd", lr=0.01, penalties={"gradient": 7.0})
    network, (draws, *_) = trainer.game.discriminator.network, trainer.draw_epoch(0)
    real, fake = draws.real[0], trainer.game.generator.network(draws.codes[0]).detach()
    share = draws.shares[0][:, None]
    between = (share * real + (1 - share) * fake).requires_grad_()
    (slopes,) = torch.autograd.grad(network(between).sum(), between, create_graph=True)
    penalty = 7 * (slopes.norm(dim=1) - 1).square().mean()
    loss = network(fake).mean() - network(real).mean()
    parameters = list(network.parameters())
    by_loss, by_both = (torch.autograd.grad(v, parameters, retain_graph=True) for v in (loss, loss + penalty))
    before = [p.detach().clone() for p in parameters]
    losses = next(iter(trainer)).losses
    for p, old, with_penalty, without in zip(parameters, before, by_both, by_loss, strict=True):
        torch.testing.assert_close(p.detach(), old - 0.01 * with_penalty, rtol=1e-4, atol=1e-6)
        if p.dim() == 2:
            assert not torch.allclose(p.detach(), old - 0.01 * without, rtol=1e-4, atol=1e-6)
    assert float(losses.penalty) == pytest.approx(penalty.item(), rel=1e-4)


def test_a_strong_gradient_penalty_brings_the_slope_to_one():
    changes = {"generator": {"hidden": [16]}, "discriminator": {"hidden": [32]}, "penalties": {"gradient": 10.0}}
    recipe = load_recipe("literature", objective="wgan-gp", epochs=60, batch_size=16, lr=2e-3, **changes)
    trainer = Trainer(POINTS, recipe)

    def slope():
        model = trainer.snapshot()
        between = (POINTS + model.sample(64)) / 2
        return np.linalg.norm(model.discriminator_gradient(between), axis=1).mean()

    assert abs(slope() - 1) > 0.5
    list(trainer)
    assert abs(slope() - 1) < 0.2


# 4. Clipping and the penalty at once


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", recipe_names())
def test_no_built_in_recipe_clips_and_penalizes(name, objective):
    held = load_recipe(name, objective=objective).penalties
    assert not (held.clip and (held.gradient or held.r1 or held.r2))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_clipping_with_the_gradient_penalty_is_refused(objective):
    with pytest.raises(InputError, match="clipping and a gradient penalty"):
        load_recipe("course", objective=objective, penalties={"clip": 0.1, "gradient": 0.001})


def test_weights_are_clipped_after_every_step_of_wgan_and_never_for_the_others():
    for objective in REPORTED:
        trainer = _trainer(objective, lr=0.01)
        largest = [float(trainer.game.discriminator.parameters.detach().abs().max()) for _ in trainer]
        bound = float(np.float32(0.1))
        assert (max(largest) <= bound) == (objective == "wgan")
        assert min(largest) >= bound  # and the bound is reached
        assert float(trainer.game.generator.parameters.detach().abs().max()) > bound  # the generator is left alone


# 5. Interpolation weights per coordinate


def test_the_loop_penalizes_points_on_the_segments_between_its_real_and_generated_points(monkeypatch):
    seen, original = [], game.gradient_penalty

    def spy(discriminator, real, fake, share):
        def watched(x):
            seen.append([t.detach().double() for t in (x, real, fake)])
            return discriminator(x)

        return original(watched, real, fake, share)

    monkeypatch.setattr(game, "gradient_penalty", spy)
    list(_trainer("wgan-gp"))
    assert len(seen) == 16  # every step of the discriminator
    for between, real, fake in seen:
        whole, part = real - fake, between - fake  # (B, 3)
        shares = (part * whole).sum(1, keepdim=True) / whole.square().sum(1, keepdim=True)
        torch.testing.assert_close(part, shares * whole, rtol=0, atol=1e-6)
        assert (shares > -1e-6).all()
        assert (shares < 1 + 1e-6).all()
        assert shares.std() > 0.1  # another for every pair
