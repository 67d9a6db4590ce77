"""`ganatomy.fit` from Python: arrays in, a model out, in the manner of scikit-learn and without side effects."""

import functools
import io
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.points.cloud import split_points
from ganatomy.fitting.run import fit as fitting
from ganatomy.fitting.run.look import look
from ganatomy.fitting.run.measured import Measured
from ganatomy.fitting.run.plan import plan_fit

SMALL = {
    "epochs": 3,
    "batch_size": 50,
    "snapshots": 2,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
}


def fit(points, **arguments):
    return ganatomy.fit(points, **{**SMALL, **arguments})


def same(first, second):
    return np.array_equal(first.sample(20, seed=1), second.sample(20, seed=1))


# What is trained on


@pytest.mark.parametrize(
    ("arguments", "expected"), [({}, 400), ({"train_size": 150}, 150), ({"heldout": "these"}, 400)], ids=str
)
def test_all_points_are_trained_on_unless_some_are_held_out(points, monkeypatch, arguments, expected):
    seen = []

    class Watched(fitting.Trainer):
        def __init__(self, given, *others):
            seen.append(given)
            super().__init__(given, *others)

    monkeypatch.setattr("ganatomy.fitting.run.plan.Trainer", Watched)
    heldout = np.random.default_rng(9).normal(size=(30, 2))
    fit(points, **{key: heldout if value == "these" else value for key, value in arguments.items()})
    assert len(seen[0]) == expected
    assert {tuple(row) for row in seen[0]} <= {tuple(row) for row in points}
    assert len({tuple(row) for row in seen[0]}) == expected


def test_measuring_does_not_change_the_model(points):
    heldout = np.random.default_rng(9).normal(size=(30, 2))
    assert same(fit(points), fit(points, heldout=heldout))


def test_what_is_told_is_measured_as_what_is_trained(points):
    recipe, heldout = ganatomy.load_recipe("course", "gan", **{**SMALL, "epochs": 4}), points[:60] + 1e-3
    fitted = fitting.MeasuredFit(plan_fit(points, recipe=recipe, seed=3, heldout=heldout))
    expected = fitted.train()
    told = Measured(3, points, heldout)
    trainer = fitting.Trainer(points, recipe, 3)
    told.begin(look(trainer.snapshot(), heldout, 3))
    for step in trainer:
        values = [float(getattr(step.losses, name)) for name in ("discriminator", "generator", "penalty")]
        seen = None if step.snapshot is None else look(step.snapshot, heldout, 3)
        told.take(step.iteration, step.epoch, values, seen)
    assert told.end(trainer.snapshot()).measurements == expected.measurements
    assert told.history.epochs == fitted.history.epochs == [0, 2, 4]
    assert told.history.losses == fitted.history.losses
    assert told.history.metrics == fitted.history.metrics
    for name in ("samples", "fields"):
        np.testing.assert_array_equal(getattr(told.history, name), getattr(fitted.history, name))


def test_what_is_told_may_diverge(points):
    told = Measured(0, points, points[:60] + 1e-3)
    with pytest.raises(ganatomy.Diverged, match="in epoch 7: generated points are not finite"):
        told.take(14, 7, (0.1, 0.2, 0.0), (np.full((60, 2), np.nan), np.zeros(9)))
    assert told.history.losses == [(14, 7, 0.1, 0.2, 0.0)]
    assert told.history.epochs == []


def test_heldout_and_train_size_together_are_refused(points):
    with pytest.raises(InputError, match="not both"):
        fit(points, train_size=300, heldout=points)


# What may be given


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: x.tolist(),
        lambda x: x.astype(np.float32).astype(np.float64),
        torch.tensor,
        pd.DataFrame,
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=0)[::2],
    ],
    ids=["list", "array", "tensor", "frame", "fortran", "strided"],
)
def test_the_container_of_the_points_does_not_matter(points, kind):
    rounded = points.astype(np.float32).astype(np.float64)
    assert same(fit(kind(rounded)), fit(rounded))


@pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "int64", "uint8"])
def test_the_number_type_of_the_points_does_not_matter(points, dtype):
    typed = (points * 8 + 100).astype(dtype)
    model = fit(typed)
    assert same(model, fit(typed.astype(np.float64)))
    assert model.sample(3).dtype == np.float64


@pytest.mark.parametrize("column", [lambda x: x, lambda x: x.tolist(), pd.Series, lambda x: x[:, None]])
def test_one_axis_is_one_coordinate(points, column):
    model = fit(column(points[:, 0]))
    assert model.sample(7, seed=1).shape == (7, 1)
    assert same(model, fit(points[:, :1]))


def test_the_points_given_are_left_alone(points):
    before = points.copy()
    frozen = points.copy()
    frozen.setflags(write=False)
    fit(points, recipe="recommended", train_size=300)
    fit(frozen)
    assert np.array_equal(points, before)


def test_samples_come_in_the_units_of_the_data(points):
    far = points * [1e-3, 1e3] + [1e4, -1e6]
    model = fit(far, recipe="recommended", epochs=60, generator={"hidden": [32]}, discriminator={"hidden": [32]})
    samples = model.sample(400, seed=1)
    assert (np.abs(samples.mean(axis=0) - far.mean(axis=0)) < far.std(axis=0)).all()
    assert (samples.std(axis=0) > 0.2 * far.std(axis=0)).all()
    assert (samples.std(axis=0) < 3 * far.std(axis=0)).all()


@pytest.mark.parametrize("number", [np.int64, np.int32])
def test_numpy_integers_are_whole_numbers_too(points, number):
    assert same(fit(points, seed=number(3), threads=number(1)), fit(points, seed=3))
    assert same(fit(points, train_size=number(200)), fit(points, train_size=200))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"seed": -1, "train_size": 300}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"seed": None}, "seed"),
        ({"train_size": 400}, "train_size"),
        ({"train_size": 0}, "train_size"),
        ({"train_size": 0.8}, "train_size"),
        ({"train_size": 200.0}, "train_size"),
        ({"heldout": np.arange(40.0)}, "column"),
        ({"heldout": [[0.0, np.nan], [1.0, 2.0]]}, "NaN"),
        ({"heldout": np.arange(6.0).reshape(3, 2)}, "6"),
        ({"threads": 0}, "threads"),
        ({"threads": 1.5}, "threads"),
        ({"device": "quantum"}, "quantum"),
        ({"device": "meta"}, "meta"),
        ({"device": None}, "device"),
        ({"recipe": "corse"}, "course"),
        ({"recipe": 3}, "recipe"),
        ({"objective": "wgan_gp"}, "wgan-gp"),
        ({"optimizer": "adamm"}, "adam"),
        ({"latent_dimension": 3}, "latent_dimension"),
        ({"source": "course"}, "source"),
        ({"batch_size": 500}, "batch"),
        ({"distribution": "zigzagg", "train_size": 300}, "distribution"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_in_one_line(points, arguments, match):
    with pytest.raises(InputError, match=match) as caught:
        fit(points, **arguments)
    assert len(str(caught.value).splitlines()) == 1


# Determinism and side effects


def test_same_seed_same_model_and_another_seed_another(points):
    first = fit(points, seed=3)
    assert same(fit(points, seed=3), first)
    assert not same(fit(points, seed=4), first)
    assert np.array_equal(fit(points, seed=3).discriminate(points), first.discriminate(points))


def _surroundings():
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        random.getstate(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )


@pytest.mark.parametrize("failing", [False, True])
def test_random_states_and_threads_are_left_as_they_were(points, tmp_path, failing, monkeypatch):
    before = _surroundings()
    other = torch.get_num_threads() + 1
    if failing:
        with pytest.raises(ganatomy.Diverged):
            fit(points, train_size=300, optimizer="sgd", lr=1000.0, threads=other)
    else:
        monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
        fit(points, train_size=300, threads=other, out=tmp_path / "run")
    assert _surroundings() == before


def test_the_threads_asked_for_are_used(points, monkeypatch):
    used = []
    monkeypatch.setattr(fitting.Trainer, "__iter__", lambda trainer: used.append(torch.get_num_threads()) or iter(()))
    fit(points, threads=3)
    assert used == [3]


# Overrides


def test_overrides_reach_the_model(points):
    recipe = fit(points, objective="gan", optimizer="adam", lr=1e-3, latent_dim=5, epochs=2).recipe
    assert (recipe.objective, recipe.epochs, recipe.latent.dim) == ("gan", 2, 5)
    for player in (recipe.generator, recipe.discriminator):
        assert (player.optimizer.name, player.optimizer.lr) == ("adam", 1e-3)


def test_a_recipe_may_be_a_name_a_file_a_mapping_or_a_recipe(points, tmp_path):
    recipe = ganatomy.load_recipe("literature", "hinge", **SMALL)
    path = tmp_path / "mine.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    expected = ganatomy.fit(points, recipe=recipe)
    assert expected.recipe == recipe
    for form in (path, str(path), recipe.model_dump()):
        assert same(ganatomy.fit(points, recipe=form), expected)
    assert same(fit(points, recipe="literature", objective="hinge"), expected)


# With a folder


@pytest.mark.usefixtures("_no_pictures")
def test_a_folder_is_measured_on_the_points_that_the_command_holds_out(points, tmp_path):
    written = fit(points, out=tmp_path / "run")
    train, heldout = split_points(points, None, 0)
    assert np.array_equal(written.heldout, heldout)
    assert same(written, fit(train))


def test_points_by_name_are_split_and_measured_as_the_command_does(points, tmp_path):
    np.save(tmp_path / "mine.npy", points)
    for given in (tmp_path / "mine.npy", str(tmp_path / "mine.npy")):
        run = fit(given, seed=1)
        train, heldout = split_points(points, None, 1)
        assert np.array_equal(run.heldout, heldout)
        assert same(run, fit(train, seed=1))
    known = fit("ring", epochs=1)
    assert len(known.heldout) == 1192
    assert "components_found" in known.measurements  # what they are drawn from is known
    table = tmp_path / "table.csv"
    pd.DataFrame(points, columns=["x", "y"]).assign(name="a").to_csv(table, index=False)
    assert same(fit(table, variable="x,y", train_size=300), fit(points, train_size=300))


@pytest.mark.usefixtures("_no_pictures")
def test_a_folder_changes_nothing_of_the_model(points, tmp_path):
    in_memory = fit(points, train_size=300)
    written = fit(points, train_size=300, out=tmp_path / "run")
    assert same(in_memory, written)
    assert same(ganatomy.FittedGAN.load(tmp_path / "run" / "generator.safetensors"), written)


# The model and its file


def test_a_saved_model_is_the_model_and_no_pickle(points, tmp_path, monkeypatch):
    model = fit(points, objective="gan", recipe="recommended")
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    monkeypatch.setattr(torch, "load", None)
    model.save(tmp_path / "model.safetensors")
    again = ganatomy.FittedGAN.load(str(tmp_path / "model.safetensors"))
    assert same(again, model)
    assert np.array_equal(again.discriminate(points), model.discriminate(points))
    assert again.recipe == model.recipe
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_equal_models_have_equal_files(points, tmp_path):
    files = [tmp_path / f"{k}.safetensors" for k in range(10)]
    for path in files:
        fit(points, epochs=1).save(path)
    assert len({path.read_bytes() for path in files}) == 1


def test_score_is_higher_for_the_points_the_model_was_fitted_to(points):
    model = fit(points, recipe="recommended", epochs=40)
    assert -2.0 < model.score(points[:100]) < 0.0
    assert model.score(points[:100]) > model.score(points[:100] + 5.0) + 3.0


# Progress


def _shown(monkeypatch, points, terminal, **arguments):
    screen = io.StringIO()
    console = functools.partial(Console, force_terminal=terminal, width=100)
    monkeypatch.setattr("rich.console.Console", lambda **settings: console(**{**settings, "file": screen}))
    fit(points, progress=True, epochs=20, **arguments)
    return screen.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_epoch_losses_distance_and_time_left(points, monkeypatch, terminal):
    shown = _shown(monkeypatch, points, terminal, train_size=300)
    for part in ("epoch 20/20", "D +", "G -", "distance ", "x floor", *(["left"] if terminal else [])):
        assert part in shown.replace("D -", "D +").replace("G +", "G -"), part


def test_progress_is_shown_when_nothing_is_held_out_too(points, monkeypatch):
    assert "epoch 20/20" in _shown(monkeypatch, points, terminal=False)


def test_no_progress_unless_asked_for(points, capfd):
    fit(points, train_size=300)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


# The package


def test_the_public_names_are_there_and_listed():
    assert set(ganatomy.__all__) <= set(dir(ganatomy))
    for name in ganatomy.__all__:
        assert getattr(ganatomy, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = ganatomy.nothing
    assert (Path(ganatomy.__file__).parent / "py.typed").is_file()
