"""Runs trained at once are the single runs: the same numbers up to rounding, whatever the others do."""

import gc
import itertools

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import LeastSquares, Objective
from ganatomy.fitting.objectives.own import own_objective
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe
from ganatomy.fitting.training.batched import BatchedTrainer, train_many
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.players import SHAPED
from ganatomy.fitting.training.trainer import Trainer, train

POINTS = np.random.default_rng(0).standard_normal((72, 2)) * [0.3, 0.1] + [0.5, 0.2]
SMALL = {
    "batch_size": 16,
    "epochs": 3,
    "generator": {"hidden": [8, 8], "normalization": ["none", "batch"]},
    "discriminator": {"hidden": [8]},
}
NEEDED = {"wgan": {"clip": 0.1}, "wgan-gp": {"gradient": 1.0}, "rpgan": {"r1": 0.5, "r2": 0.5}}
TUNED = {
    "rmsprop": {"alpha": 0.9, "momentum": 0.5, "centered": True},
    "adam": {"betas": [0.5, 0.9], "amsgrad": True, "weight_decay": 0.1},
    "sgd": {"momentum": 0.9, "nesterov": True},
    "nadam": {},
}
SEEDS = [3, 11, 4]


def _recipe(objective="gan", **overrides):
    """Return a tiny recipe: 4 iterations an epoch on POINTS, 12 in all."""
    return load_recipe({"objective": objective, "penalties": NEEDED.get(objective, {}), **SMALL}, **overrides)


@pytest.fixture
def _in_float64():
    # In float64 two correct loops agree to 1e-9; in float32, RMSprop's first steps turn on the sign of rounding errors.
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _in_double(*trainers):
    """Let trainers made in float64 take their points so, which are float32 otherwise."""
    for trainer in trainers:
        trainer.points = trainer.points.double()


def _losses(steps):
    rows = [(s.losses.discriminator, s.losses.generator, s.losses.penalty) for s in steps]
    return torch.tensor([[float(loss) for loss in row] for row in rows])


def _steps(epochs, run):
    return list(itertools.chain.from_iterable(epoch.steps(run) for epoch in epochs))


def _agree(steps, expected, rtol=1e-6, atol=1e-8):
    """Compare all that two lists of steps say: when, the losses, and each snapshot's weights and samples.

    Not closer, since a bias before a batch normalisation has no gradient but rounding errors, and an optimizer may
    divide those by their own size. A mistake would be as large as the steps: 1e-3.
    """
    assert [(s.iteration, s.epoch) for s in steps] == [(s.iteration, s.epoch) for s in expected]
    torch.testing.assert_close(_losses(steps), _losses(expected), rtol=rtol, atol=atol)
    for ours, theirs in zip(steps, expected, strict=True):
        assert (ours.snapshot is None) == (theirs.snapshot is None)
        if ours.snapshot is None:
            continue
        for name in ("generator", "discriminator"):
            found, wanted = (getattr(step.snapshot, name).state_dict() for step in (ours, theirs))
            assert list(found) == list(wanted)
            for key, tensor in wanted.items():
                torch.testing.assert_close(found[key], tensor, rtol=rtol, atol=atol)
        samples = (step.snapshot.sample(9, seed=1) for step in (ours, theirs))
        np.testing.assert_allclose(*samples, rtol=10 * rtol, atol=10 * atol)


def _compare(recipe, points=POINTS, objective=None):
    """Train SEEDS at once and one by one, in float64, and compare them; return the epochs of the former."""
    batch = BatchedTrainer(points, recipe, SEEDS, objective=objective)
    _in_double(*batch.runs)
    epochs = list(batch)
    firsts = []
    for run, seed in enumerate(SEEDS):
        single = Trainer(points if np.ndim(points) == 2 else points[run], recipe, seed, objective=objective)
        _in_double(single)
        before = single.game.discriminator.parameters.detach().clone()
        expected = list(single)
        _agree(_steps(epochs, run), expected)
        assert not torch.allclose(before, single.game.discriminator.parameters, rtol=1e-6)  # something was learnt
        firsts.append(float(expected[0].losses.discriminator))
    assert len(set(firsts)) == len(SEEDS)
    return epochs


# Against single runs


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("optimizer", TUNED)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_run_of_a_batch_is_the_single_run_with_its_seed(objective, optimizer, updates):
    settings = {"name": optimizer, "lr": 2e-3, "options": TUNED[optimizer]}
    epochs = _compare(_recipe(objective, updates=updates, optimizer=settings))
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert all(len(epoch.snapshots) == len(SEEDS) for epoch in epochs)


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("objective", ["ns-gan", "wgan", "wgan-gp", "rpgan"])
def test_so_it_is_with_all_that_a_recipe_can_ask_for(objective, updates):
    # Several steps of the discriminator, averaged weights, schedules, decaying penalties, classes, standardising.
    recipe = _recipe(
        objective,
        updates=updates,
        discriminator_steps=2,
        averaging=0.9,
        standardize=True,
        snapshots=2,
        penalties={"decay": 0.1},
        latent={"distribution": "uniform", "dim": 3, "classes": 2},
        generator={"optimizer": {"name": "adam", "lr": 1e-2, "schedule": "cosine"}},
        discriminator={"normalization": "layer", "optimizer": {"name": "adagrad", "lr": 1e-2, "schedule": "linear"}},
    )
    epochs = _compare(recipe)
    assert [len(epoch.snapshots) for epoch in epochs] == [0, 3, 3]


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("objective", ["gan", "wgan-gp", "rpgan"])
def test_so_it_is_with_packs_of_points(objective):
    _compare(_recipe(objective, packing=4, lr=1e-3))


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("spectral_norm", [False, True])
def test_so_it_is_with_every_normalisation_of_the_discriminator(normalization, spectral_norm):
    chosen = {"normalization": normalization, "spectral_norm": spectral_norm, "hidden": [8, 8]}
    _compare(_recipe("hinge", optimizer={"name": "adam", "lr": 1e-2}, generator=chosen, discriminator=chosen))


@pytest.mark.usefixtures("_in_float64")
def test_each_run_may_have_points_of_its_own():
    _compare(_recipe("wgan-gp", standardize=True), np.stack([POINTS, POINTS * 2 + 1, POINTS[::-1] ** 2]))


@pytest.mark.parametrize("recipe", ["course", "literature", "recommended"])
def test_in_float32_the_first_losses_of_built_in_recipes_agree(recipe):
    # Rounding errors of 1e-7 may grow a hundredfold in the steps of an epoch: optimizers divide by small numbers.
    settings, points = load_recipe(recipe, epochs=1), np.random.default_rng(1).normal(size=(1600, 2))
    (epoch,) = train_many(points, recipe=settings, seeds=SEEDS)
    for run, seed in enumerate(SEEDS):
        steps = list(Trainer(points, settings, seed))
        torch.testing.assert_close(_losses(epoch.steps(run)), _losses(steps), rtol=1e-3, atol=1e-4)
        values = (step.snapshot.discriminate(points) for step in (list(epoch.steps(run))[-1], steps[-1]))
        np.testing.assert_allclose(*values, rtol=1e-2, atol=1e-3)


# Each for itself


def test_what_a_run_is_given_changes_no_other_run():
    recipe = _recipe("wgan-gp", optimizer="adam", lr=1e-2)
    first = list(BatchedTrainer(np.stack([POINTS, POINTS, POINTS]), recipe, [0, 1, 2]))
    other = list(BatchedTrainer(np.stack([POINTS, 3 * POINTS, POINTS]), recipe, [0, 9, 2]))
    for run, same in ((0, True), (1, False), (2, True)):
        ours, theirs = _steps(first, run), _steps(other, run)
        assert torch.equal(_losses(ours), _losses(theirs)) == same
        assert np.array_equal(ours[-1].snapshot.sample(9), theirs[-1].snapshot.sample(9)) == same


def test_the_same_batch_gives_the_same_bits_and_leaves_the_global_random_state_alone():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = [epoch.losses.generator for epoch in train_many(POINTS, recipe=_recipe(), seeds=SEEDS)]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    again = [epoch.losses.generator for epoch in train_many(POINTS, recipe=_recipe(), seeds=SEEDS)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def _wild(run, scale):
    """Return points for three runs of which one is scaled up, so that its training explodes."""
    return np.stack([POINTS * (scale if r == run else 1) for r in range(3)])


@pytest.mark.parametrize("objective", ["lsgan", "wgan-gp"])
def test_a_run_that_diverges_ends_as_it_would_alone_and_the_others_go_on(objective):
    recipe = _recipe(objective, optimizer="sgd", lr=0.01, snapshots=3)
    points = _wild(1, 1e5)
    epochs = list(train_many(points, recipe=recipe, seeds=SEEDS))
    assert [epoch.number for epoch in epochs] == [1, 2, 3]

    alone, steps = Trainer(points[1], recipe, SEEDS[1]), []
    with pytest.raises(Diverged) as expected:
        steps.extend(alone)
    found = []
    with pytest.raises(Diverged) as caught:
        found.extend(itertools.chain.from_iterable(epoch.steps(1) for epoch in epochs))
    assert str(caught.value) == str(expected.value)
    assert [step.iteration for step in found] == [step.iteration for step in steps]

    assert [epoch.snapshots[1] is None for epoch in epochs] == [4 * number >= alone.iteration for number in (1, 2, 3)]
    with pytest.raises(Diverged):
        next(epochs[-1].steps(1))
    calm = list(train_many(np.stack([POINTS] * 3), recipe=recipe, seeds=SEEDS))
    for run in (0, 2):
        ours = _steps(epochs, run)
        assert len(ours) == 12
        assert torch.equal(_losses(ours), _losses(_steps(calm, run)))
        assert np.isfinite(ours[-1].snapshot.sample(9)).all()


def test_training_ends_when_all_have_diverged():
    batch = BatchedTrainer(POINTS, _recipe("lsgan", optimizer="sgd", lr=1000.0, epochs=50), SEEDS)
    epochs = list(batch)
    assert set(batch.diverged) == {0, 1, 2}
    assert 1 <= len(epochs) < 50
    assert all(run.iteration == batch.diverged[r][0] for r, run in enumerate(batch.runs))


# What it leaves behind


def test_snapshots_never_change_afterwards_and_iterating_again_goes_on():
    batch = BatchedTrainer(POINTS, _recipe("wgan", lr=0.01), SEEDS)
    start = [model.sample(9) for model in batch.snapshots()]
    first = next(iter(batch))
    seen = [model.sample(9) for model in first.snapshots]
    assert [run.epoch for run in batch.runs] == [1, 1, 1]
    rest = list(batch)
    assert [epoch.number for epoch in rest] == [2, 3]
    for run in range(3):
        np.testing.assert_array_equal(first.snapshots[run].sample(9), seen[run])
        assert not np.array_equal(start[run], seen[run])
        assert not np.array_equal(rest[-1].snapshots[run].sample(9), seen[run])
    assert not list(batch)
    whole = list(train_many(POINTS, recipe=_recipe("wgan", lr=0.01), seeds=SEEDS))
    assert torch.equal(_losses(_steps(whole, 2)), _losses(_steps([first, *rest], 2)))


def _held():
    """Count the numbers in all tensors there are."""
    gc.collect()
    return sum(thing.numel() for thing in gc.get_objects() if type(thing) in (torch.Tensor, torch.nn.Parameter))


def test_memory_does_not_grow_with_the_epochs():
    recipe = _recipe("wgan-gp", optimizer="adam", epochs=60, snapshots=1)
    held = [_held() for epoch in train_many(POINTS, recipe=recipe, seeds=SEEDS) if epoch.number in (5, 55)]
    assert held[0] == held[1] > 0


# Own objectives


class Smoothed(LeastSquares):
    """As most would write it: with the mean over everything there is."""

    def discriminator_loss(self, real, fake):
        return ((real - 0.9).square() + fake.square()).mean() / 2


class Relativistic(Objective):
    """Compares with the mean score of the batch, which must not be that of all runs."""

    relative = True

    def discriminator_loss(self, real, fake):
        return (
            torch.nn.functional.softplus(fake.mean() - real) + torch.nn.functional.softplus(fake - real.mean())
        ).mean()

    def generator_loss(self, real, fake):
        return self.discriminator_loss(fake, real)


class Branching(LeastSquares):
    """Asks for a number, which no map over runs can give."""

    def generator_loss(self, real, fake):
        return (fake - 1).square().mean() if float(fake.mean().detach()) < 0.1 else (fake - 1).abs().mean()


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("kind", [Smoothed, Relativistic, Branching])
def test_an_own_objective_written_for_one_run_serves_many(kind):
    recipe = load_recipe({**SMALL, "penalties": {}}, own_objective(kind), optimizer="adam", lr=1e-2)
    _compare(recipe, objective=kind)


class Unfinished(LeastSquares):
    def discriminator_loss(self, real, fake):
        return (real - 1).square() if len(real) == 72 else super().discriminator_loss(real, fake)


def test_an_own_objective_s_mistake_in_training_is_said_in_one_line():
    recipe = load_recipe({**SMALL, "batch_size": 72}, own_objective(Unfinished))
    with pytest.raises(InputError, match="discriminator_loss of Unfinished returns numbers of shape") as caught:
        list(train_many(POINTS, recipe=recipe, seeds=SEEDS, objective=Unfinished))
    assert len(str(caught.value).splitlines()) == 1


# How it is asked for


def test_a_distribution_is_drawn_by_each_run_s_own_seed():
    (epoch,) = train_many("ring", recipe=_recipe(epochs=1, batch_size=4096), seeds=[3, 4])
    for run, seed in enumerate([3, 4]):
        (alone, *_) = train("ring", recipe=_recipe(epochs=1, batch_size=4096), seed=seed)
        together = next(epoch.steps(run))
        torch.testing.assert_close(together.losses.discriminator, alone.losses.discriminator)
    assert not torch.equal(epoch.losses.discriminator[:, 0], epoch.losses.discriminator[:, 1])


@pytest.mark.parametrize("make", [train_many, BatchedTrainer])
def test_the_recipe_before_the_points_is_refused_with_the_right_order(make):
    with pytest.raises(InputError, match="points come first"):
        make(_recipe(), POINTS, SEEDS)


# Refusals


@pytest.mark.parametrize(
    ("points", "seeds", "words"),
    [
        (POINTS, [], "seeds"),
        (POINTS, 3, "seeds"),
        (POINTS, [0, -1], "seed = -1"),
        (POINTS, ["0"], "seed = '0'"),
        (np.stack([POINTS, POINTS]), [0, 1, 2], "2 sets of points for 3 seeds"),
        ([POINTS, POINTS[:40]], [0, 1], "several shapes"),
        (POINTS[:10], [0], "fewer than a batch"),
        (np.stack([POINTS, POINTS * np.nan]), [0, 1], r"points\[1\]"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(points, seeds, words):
    with pytest.raises(InputError, match=words) as caught:
        train_many(points, recipe=_recipe(), seeds=seeds)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", sorted(SHAPED))
def test_an_optimizer_that_would_mix_the_runs_is_refused(name):
    if not hasattr(torch.optim, name):
        pytest.skip("this torch does not have it")
    with pytest.raises(InputError, match="would mix; train them one by one"):
        train_many(POINTS, recipe=_recipe(optimizer=name), seeds=SEEDS)
