"""The loop against loops written plainly, and what it promises: determinism, resuming, records that stay."""

import io
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.trainer import Trainer, train

POINTS = np.random.default_rng(0).standard_normal((72, 2)) * [0.3, 0.1] + [0.5, 0.2]
SMALL = {"batch_size": 16, "epochs": 3, "generator": {"hidden": [8]}, "discriminator": {"hidden": [8]}}
NEEDED = {"wgan": {"clip": 0.1}, "wgan-gp": {"gradient": 1.0}, "rpgan": {"r1": 0.5, "r2": 0.5}}


def _recipe(objective="gan", **overrides):
    """Return a tiny recipe: 4 iterations an epoch on POINTS, 12 in all."""
    return load_recipe({"objective": objective, "penalties": NEEDED.get(objective, {}), **SMALL}, **overrides)


def _weights(trainer):
    players = trainer.game.generator, trainer.game.discriminator
    return [p.detach().clone() for player in players for p in player.network.parameters()]


def _same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


# Against the textbook


@pytest.fixture
def _in_float64():
    # In float64 two correct loops agree to 1e-9; in float32, RMSprop's first steps turn on the sign of rounding errors.
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _perceptron(*widths, batch_norm_after=()):
    layers = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        layers.append(nn.Linear(inputs, outputs))
        if i in batch_norm_after:
            layers.append(nn.BatchNorm1d(outputs, 0.8))
        if i < len(widths) - 1:
            layers.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*layers)


def _start(recipe, points, generator, discriminator):
    """Return a trainer in float64 whose weights the plain players are given; GAN's discriminator ends in a sigmoid."""
    trainer = Trainer(points, recipe, seed=5)
    trainer.points = trainer.points.double()
    with torch.no_grad():
        plain = [*generator.parameters(), *discriminator.parameters()]
        for p, q in zip(plain, _weights(trainer), strict=True):
            p.copy_(q)
    if recipe.objective == "gan":
        discriminator.append(nn.Sigmoid())
    return trainer


def _slopes_at(discriminator, points):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)[0]


def _discriminator_loss(objective, discriminator, real, fake, share, weight):
    if objective == "gan":
        return -torch.log(discriminator(real)).mean() - torch.log(1 - discriminator(fake)).mean()
    loss = discriminator(fake).mean() - discriminator(real).mean()
    if objective == "wgan-gp":
        slopes = _slopes_at(discriminator, share[:, None] * real + (1 - share[:, None]) * fake)
        loss = loss + weight * ((slopes.norm(dim=1) - 1) ** 2).mean()
    return loss


def _generator_loss(objective, discriminator, fake):
    scores = discriminator(fake)
    return torch.log(1 - scores).mean() if objective == "gan" else -scores.mean()


def _descend(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _agree(trainer, plain_generator, plain_discriminator, before):
    after = _weights(trainer)
    for ours, p in zip(after, [*plain_generator.parameters(), *plain_discriminator.parameters()], strict=True):
        torch.testing.assert_close(ours, p.detach(), rtol=1e-8, atol=1e-10)
    moved = [not torch.equal(a, b) for a, b in zip(after, before, strict=True) if a.dim() == 2]
    assert all(moved)


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("objective", ["gan", "wgan", "wgan-gp"])
def test_the_course_recipe_is_the_textbook_s_loop(objective):
    recipe = load_recipe("course", objective=objective, batch_size=32, epochs=10)
    weight, clip = 0.001, 0.1
    generator = _perceptron(2, 64, 256, 512, 2, batch_norm_after=(2, 3))
    discriminator = _perceptron(2, 64, 256, 1)
    trainer = _start(recipe, POINTS, generator, discriminator)  # 2 batches an epoch, the rest is dropped
    of_generator = torch.optim.RMSprop(generator.parameters(), lr=5e-5)
    of_discriminator = torch.optim.RMSprop(discriminator.parameters(), lr=5e-5)
    before = _weights(trainer)
    steps = iter(trainer)
    for epoch in range(10):
        for draws in trainer.draw_epoch(epoch):
            (real,), (z,), share = draws.real, draws.codes, None if draws.shares is None else draws.shares[0]
            fake = generator(z)
            generator_loss = _generator_loss(objective, discriminator, fake)
            _descend(of_generator, generator_loss)
            loss = _discriminator_loss(objective, discriminator, real, fake.detach(), share, weight)
            _descend(of_discriminator, loss)
            if objective == "wgan":
                for p in discriminator.parameters():
                    p.data.clamp_(-clip, clip)
            losses = next(steps).losses
            torch.testing.assert_close(losses.generator, generator_loss.detach())
            torch.testing.assert_close(losses.discriminator + losses.penalty, loss.detach())
    assert next(steps, None) is None
    _agree(trainer, generator, discriminator, before)


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize(
    ("objective", "normalization"), [("gan", "none"), ("gan", "batch"), ("wgan", "none"), ("wgan-gp", "none")]
)
def test_alternating_updates_are_the_papers_loop(objective, normalization):
    # Five discriminator steps, each on fresh codes and another batch, then the generator on codes of its own.
    recipe = _recipe(
        objective, discriminator_steps=5, updates="alternating", batch_size=8, epochs=10,
        optimizer={"name": "adam", "lr": 1e-3, "options": {"betas": [0.5, 0.9]}}, generator={"hidden": [8, 8]},
        discriminator={"normalization": normalization, "normalization_eps": 0.8},
    )  # fmt: skip
    # Batch normalisation in the discriminator sees real and generated points apart.
    generator = _perceptron(2, 8, 8, 2)
    discriminator = _perceptron(2, 8, 1, batch_norm_after=(1,) if normalization == "batch" else ())
    trainer = _start(recipe, np.concatenate([POINTS, POINTS + 0.01]), generator, discriminator)
    of_generator = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    before = _weights(trainer)
    assert trainer.iterations == 30
    for epoch in range(10):
        for draws in trainer.draw_epoch(epoch):
            assert len(draws.real) == 5
            assert len(draws.codes) == 6
            for i, real in enumerate(draws.real):
                share = None if draws.shares is None else draws.shares[i]
                fake = generator(draws.codes[i]).detach()
                loss = _discriminator_loss(objective, discriminator, real, fake, share, 1.0)
                _descend(of_discriminator, loss)
                if objective == "wgan":
                    for p in discriminator.parameters():
                        p.data.clamp_(-0.1, 0.1)
            _descend(of_generator, _generator_loss(objective, discriminator, generator(draws.codes[5])))
    list(trainer)
    _agree(trainer, generator, discriminator, before)


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
def test_the_relativistic_objective_with_r1_and_r2_is_its_plain_loop(updates):
    recipe = _recipe("rpgan", updates=updates, optimizer={"name": "sgd", "lr": 0.05}, generator={"activation": "tanh"},
                     discriminator={"activation": "tanh"}, penalties={"r1": 0.7, "r2": 0.3})  # fmt: skip
    trainer = Trainer(POINTS, recipe)
    trainer.points = trainer.points.double()
    values = [w.requires_grad_() for w in _weights(trainer)]
    before = _weights(trainer)

    def perceptron(weights, x):
        return torch.tanh(x @ weights[0].T + weights[1]) @ weights[2].T + weights[3]

    def pairing(s):
        return torch.log(1 + torch.exp(-s)).mean()

    for epoch in range(3):
        for draws in trainer.draw_epoch(epoch):
            (real,), g, d = draws.real, values[:4], values[4:]

            def score(x, d=d):
                return perceptron(d, x)[:, 0]

            fake = perceptron(g, draws.codes[0]).detach()
            loss = pairing(score(real) - score(fake))
            loss = loss + 0.7 / 2 * _slopes_at(score, real).square().sum(1).mean()
            loss = loss + 0.3 / 2 * _slopes_at(score, fake).square().sum(1).mean()
            moved = [p - 0.05 * s for p, s in zip(d, torch.autograd.grad(loss, d), strict=True)]
            if updates == "alternating":
                d = moved
            scores = score(perceptron(g, draws.codes[-1]), d)
            slopes = torch.autograd.grad(pairing(scores - score(real, d)), g)
            values = [p - 0.05 * s for p, s in zip(g, slopes, strict=True)] + moved
            values = [v.detach().requires_grad_() for v in values]
    list(trainer)
    for ours, theirs in zip(_weights(trainer), values, strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-8, atol=1e-10)
    assert not any(torch.equal(a, b) for a, b in zip(before[:-1], _weights(trainer)[:-1], strict=True))


# What is drawn


def test_an_epoch_is_one_pass_over_shuffled_points_in_whole_batches():
    trainer = Trainer(POINTS, _recipe("wgan-gp"))
    epochs = [torch.cat([draws.real.flatten(0, 1) for draws in trainer.draw_epoch(epoch)]) for epoch in (0, 1, 0)]
    known = {tuple(row) for row in POINTS.astype(np.float32).tolist()}
    for rows in epochs:
        assert len(rows) == 64  # 4 batches of 16 of the 72 points
        assert {tuple(row) for row in rows.tolist()} <= known
        assert len(rows.unique(dim=0)) == 64
    assert torch.equal(epochs[0], epochs[2])
    assert not torch.equal(epochs[0], epochs[1])
    (ours, *_), (other, *_) = trainer.draw_epoch(0), Trainer(POINTS, _recipe("wgan-gp"), seed=1).draw_epoch(0)
    for name in ("real", "codes", "shares"):
        assert not torch.equal(getattr(ours, name), getattr(other, name))
    shares = torch.cat([draws.shares for draws in trainer.draw_epoch(0)])
    assert shares.shape == (4, 16)  # one a pair of points
    assert len(shares.unique()) > 60
    assert ((shares >= 0) & (shares < 1)).all()


def test_more_discriminator_steps_than_batches_go_round_the_points_again():
    trainer = Trainer(POINTS[:40], _recipe("wgan", discriminator_steps=10, updates="alternating"))  # 2 batches
    (draws,) = trainer.draw_epoch(0)
    assert draws.real.shape == (10, 16, 2)
    _, counts = draws.real.flatten(0, 1).unique(dim=0, return_counts=True)
    assert counts.tolist() == [5] * 32
    assert [step.epoch for step in trainer] == [1, 2, 3]


# How it is asked for


def test_points_come_first_and_what_else_decides_by_name():
    settings = {"objective": "gan", "recipe": {**SMALL, "penalties": {}}, "seed": 3, "epochs": 2}
    expected = list(Trainer(POINTS, _recipe(epochs=2), 3))
    for points in (POINTS, POINTS.tolist(), pd.DataFrame(POINTS, columns=["x", "y"])):
        steps = list(train(points, **settings))
        assert [float(s.losses.generator) for s in steps] == [float(s.losses.generator) for s in expected]
    np.testing.assert_array_equal(steps[-1].snapshot.sample(9), expected[-1].snapshot.sample(9))


def test_a_file_and_a_distribution_are_trained_on_by_their_names(tmp_path):
    np.save(tmp_path / "mine.npy", POINTS)
    ring = distribution("ring").sample(8192, seed=3)
    for named, points in ((tmp_path / "mine.npy", POINTS), (str(tmp_path / "mine.npy"), POINTS), ("ring", ring)):
        first, expected = (next(train(given, recipe=_recipe(), seed=3)) for given in (named, points))
        assert torch.equal(first.losses.generator, expected.losses.generator)


@pytest.mark.parametrize(
    "ask",
    [
        lambda recipe: train(recipe, POINTS),
        lambda recipe: train(recipe, pd.DataFrame(POINTS)),
        lambda recipe: train("course", POINTS.tolist()),
        lambda recipe: train(recipe, recipe="course"),
        lambda recipe: Trainer(recipe, POINTS),
    ],
)
def test_the_recipe_before_the_points_is_refused_with_the_right_order(ask):
    with pytest.raises(InputError, match=r"points come first.*fit\(points, recipe=\.\.\.\)") as caught:
        ask(_recipe())
    assert len(str(caught.value)) < 200


def test_a_recipe_in_the_objective_s_place_is_refused():
    with pytest.raises(InputError, match=r"`objective` is a recipe: give it as recipe="):
        train(POINTS, _recipe())


# Determinism


def _run(recipe, seed=0):
    trainer = Trainer(POINTS, recipe, seed)
    losses = [torch.stack([s.losses.discriminator, s.losses.generator, s.losses.penalty]) for s in trainer]
    return [torch.stack(losses), *_weights(trainer)]


@pytest.mark.parametrize("objective", ["gan", "wgan-gp"])
def test_a_run_depends_on_its_seed_alone_and_leaves_global_random_states_alone(objective):
    torch.manual_seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = _run(_recipe(objective))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    torch.manual_seed(2)
    assert _same(_run(_recipe(objective)), first)
    assert not _same(_run(_recipe(objective), seed=1), first)


# Stopping and going on


FULL = {
    "averaging": 0.9,
    "optimizer": {"name": "adam", "lr": 1e-3, "schedule": "cosine"},
    "generator": {"normalization": "batch"},
    "discriminator": {"spectral_norm": True},
}


@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_resumed_run_ends_bit_identical_to_an_uninterrupted_one(objective, updates):
    recipe = _recipe(objective, updates=updates, penalties={"decay": 0.1}, **FULL)
    whole = Trainer(POINTS, recipe, seed=3)
    expected = list(whole)
    for stop in (1, 4, 6, 11):  # of 12: in the middle of an epoch and at its end
        first = Trainer(POINTS, recipe, seed=3)
        list(itertools.islice(first, stop))
        file = io.BytesIO()
        torch.save(first.state_dict(), file)
        file.seek(0)
        second = Trainer(POINTS, recipe, seed=3)
        second.load_state_dict(torch.load(file, weights_only=True))
        rest = list(second)
        assert [step.iteration for step in rest] == list(range(stop + 1, 13))
        for ours, theirs in zip(rest, expected[stop:], strict=True):
            assert (ours.epoch, ours.snapshot is None) == (theirs.epoch, theirs.snapshot is None)
            for name in ("discriminator", "generator", "penalty"):
                assert torch.equal(getattr(ours.losses, name), getattr(theirs.losses, name))
        assert _same(_weights(second), _weights(whole))
        np.testing.assert_array_equal(second.snapshot().sample(9), whole.snapshot().sample(9))
        np.testing.assert_array_equal(second.snapshot().discriminate(POINTS), whole.snapshot().discriminate(POINTS))


def test_a_state_is_laid_out_as_in_the_checkpoints_of_unfinished_runs():
    state = Trainer(POINTS, _recipe("gan", averaging=0.9)).state_dict()
    assert set(state) == {"iteration", "generator", "discriminator", "average"}
    assert all(set(state[player]) == {"network", "optimizer"} for player in ("generator", "discriminator"))


def test_iterating_again_goes_on_where_the_trainer_stands():
    trainer = Trainer(POINTS, _recipe())
    assert [s.iteration for s in itertools.islice(trainer, 3)] == [1, 2, 3]
    assert [s.iteration for s in trainer] == list(range(4, 13))
    assert list(trainer) == []
    assert (trainer.epoch, trainer.iteration, trainer.iterations) == (3, 12, 12)


# Snapshots and averages


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_snapshots_come_at_the_recipe_s_epochs_and_never_change_afterwards(averaging):
    recipe = _recipe(epochs=10, snapshots=4, averaging=averaging, lr=0.01)
    trainer = Trainer(POINTS, recipe)
    kept, seen = [], {}
    for step in trainer:
        if step.snapshot is not None:
            assert step.iteration == 4 * step.epoch  # at the end of the epoch
            seen[step.epoch] = step.snapshot.sample(8), step.snapshot.discriminate(POINTS)
            kept.append(step.snapshot)
    assert [0, *seen] == trainer.snapshot_epochs == [0, 2, 5, 8, 10]
    for model, (sample, values) in zip(kept, seen.values(), strict=True):
        np.testing.assert_array_equal(model.sample(8), sample)
        np.testing.assert_array_equal(model.discriminate(POINTS), values)
    assert not np.array_equal(kept[0].sample(8), kept[-1].sample(8))


def test_with_more_snapshots_than_epochs_every_epoch_has_one():
    snapshots = [step.epoch for step in train(POINTS, recipe=_recipe(snapshots=100)) if step.snapshot]
    assert snapshots == [1, 2, 3]


@pytest.mark.parametrize("averaging", [0.5, 0.999])
def test_the_average_is_its_closed_form(averaging):
    trainer = Trainer(POINTS, _recipe(averaging=averaging, lr=0.01))
    path = [trainer.game.generator.parameters.detach().double().clone()]
    path += [trainer.game.generator.parameters.detach().double().clone() for _ in trainer]
    # avg_T = Σ_k (1 - d_k) Π_{j>k} d_j θ_k + Π_j d_j θ_0, with d_k = min(averaging, k / (9 + k)).
    decay = [min(averaging, k / (9 + k)) for k in range(1, len(path))]
    expected = np.prod(decay) * path[0]
    for k, weights in enumerate(path[1:]):
        expected = expected + (1 - decay[k]) * np.prod(decay[k + 1 :]) * weights
    found = torch.nn.utils.parameters_to_vector(trainer.snapshot().generator.parameters()).detach()
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-6)
    assert (found - trainer.game.generator.parameters.detach()).abs().max() > 1e-4


def test_the_penalties_decay_geometrically_to_the_recipe_s_share():
    held, decayed = (
        [
            float(step.losses.penalty)
            for step in train(POINTS, recipe=_recipe("rpgan", lr=1e-12, penalties={"decay": d}))
        ]
        for d in (1.0, 0.01)
    )  # at this rate nothing moves
    np.testing.assert_allclose(np.array(decayed) / held, 0.01 ** (np.arange(12) / 12), rtol=1e-4)


# Refusals and the rest


@pytest.mark.parametrize("objective", ["lsgan", "wgan-gp"])
def test_divergence_stops_the_run_and_says_when(objective):
    trainer, steps = Trainer(POINTS, _recipe(objective, optimizer="sgd", lr=1000.0)), []
    with pytest.raises(Diverged) as caught:
        steps.extend(trainer)
    iteration = trainer.iteration
    assert f"in epoch {(iteration - 1) // 4 + 1} (iteration {iteration})" in str(caught.value)
    assert "`lr`" in str(caught.value)


def test_fewer_points_than_a_batch_are_refused():
    with pytest.raises(InputError, match="10 points to train on are fewer than a batch of 16"):
        train(POINTS[:10], recipe=_recipe())
    with pytest.raises(InputError, match="NaN"):
        train(np.full((20, 2), np.nan), recipe=_recipe())


def test_an_unknown_device_and_cuda_where_there_is_none_are_refused():
    absent = ["quantum", "", *([] if torch.cuda.is_available() else ["cuda"])]
    for device in absent:
        with pytest.raises(InputError, match="device"):
            Trainer(POINTS, _recipe(), device=device)


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_a_seed_that_cannot_be_used_is_refused_at_once(seed):
    with pytest.raises(InputError, match="seed"):
        Trainer(POINTS, _recipe(), seed=seed)


@pytest.mark.parametrize("dim", [1, 5])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_data_of_any_dimension_train(objective, dim):
    points = np.random.default_rng(0).standard_normal((40, dim))
    *_, last = train(points[:, 0] if dim == 1 else points, recipe=_recipe(objective))
    assert last.snapshot.sample(5).shape == (5, dim)
    assert np.isfinite(last.snapshot.sample(5)).all()


@pytest.mark.parametrize("objective", ["wgan", "rpgan"])
def test_training_brings_the_generated_points_to_a_gaussian(objective):
    rng = np.random.default_rng(1)
    points, heldout = (rng.standard_normal((512, 2)) @ [[1.0, 0.0], [0.8, 0.4]] + [5.0, -3.0] for _ in range(2))
    small = {"generator": {"hidden": [32]}, "discriminator": {"hidden": [32]}, "discriminator_steps": 1}
    recipe = load_recipe(
        "literature", objective=objective, epochs=60, batch_size=128, standardize=True, lr=2e-3, **small
    )
    ratios = []
    for seed in range(3):
        trainer = Trainer(points, recipe, seed)
        before = trainer.snapshot().score(heldout)
        *_, last = trainer
        ratios.append(last.snapshot.score(heldout) / before)
    assert np.median(ratios) < 0.5
