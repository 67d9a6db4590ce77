"""A run of more epochs goes on from one of fewer and is the run from the start; nothing of the shorter one is lost."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.training import trainer
from ganatomy.progress import Silent

SMALL = {
    "train_size": 320,
    "snapshots": 2,
    "batch_size": 80,
    "lr": 1e-3,
    "averaging": 0.9,
    "generator": {"hidden": [8], "normalization": "batch"},
    "discriminator": {"hidden": [8]},
}
TABLES = ("recipe.toml", "losses.csv", "metrics.csv", "samples.npz")
COSINE = {"discriminator.optimizer.schedule": "cosine"}
FADING = {"penalties.decay": 0.5}

pytestmark = pytest.mark.usefixtures("_no_pictures")


def fit(points, epochs, out, **more):
    return ganatomy.fit(points, "wgan-gp", epochs=epochs, out=out, **{**SMALL, **more})


@pytest.fixture(scope="module")
def from_start(points, tmp_path_factory):
    """Runs of 4, 6 and 8 epochs, each made at once; with snapshots at the middle and the end."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
        home = tmp_path_factory.mktemp("whole")
        return {epochs: fit(points, epochs, home / str(epochs)) for epochs in (4, 6, 8)}


@pytest.fixture
def shorter(from_start, tmp_path):
    """A copy of the run of 4 epochs."""
    return Path(shutil.copytree(from_start[4].path, tmp_path / "run"))


def same_training(folder, other):
    first, second = (load_file(path / "generator.safetensors") for path in (folder, other))
    assert all(torch.equal(first[name], second[name]) for name in first | second)
    for name in TABLES[:2]:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name


def test_a_longer_run_is_that_from_the_start_in_all_its_files(points, from_start, shorter):
    run = fit(points, 8, shorter)  # at 0, 4 and 8, so that all its snapshots can be had
    same_training(shorter, from_start[8].path)
    for name in TABLES:
        assert (shorter / name).read_bytes() == (from_start[8].path / name).read_bytes(), name
    assert run.measurements == from_start[8].measurements == Run.load(shorter).measurements
    assert "resumed after 4 of 8 epochs" in (shorter / "log.txt").read_text(encoding="utf-8")
    assert not run.taken_over


def test_snapshots_that_cannot_be_had_are_those_of_the_shorter_run_and_that_is_said(points, from_start, shorter):
    run = fit(points, 6, shorter)
    same_training(shorter, from_start[6].path)
    assert run.measurements == from_start[6].measurements
    assert (from_start[6].history.epochs, run.history.epochs) == ([0, 3, 6], [0, 2, 4, 6])
    for old, new in ((from_start[4], 0), (from_start[4], 4), (from_start[6], 6)):
        place, there = run.history.epochs.index(new), old.history.epochs.index(new)
        ended = new == old.recipe.epochs  # whose row is then the mean over draws, as of this one's own last row
        assert run.history.metrics[place] == old.history.metrics[there] or (ended and new < 6)
        assert np.array_equal(run.history.samples[place], old.history.samples[there])
    assert "2 of 4 are at other epochs than a run of 6" in run.taken_over == Run.load(shorter).taken_over
    assert not from_start[6].taken_over


def test_of_a_run_of_before_whose_checkpoint_does_not_say_its_length(points, from_start, shorter):
    content = torch.load(shorter / "checkpoint.pt", weights_only=True)
    assert content.pop("epochs") == 4
    torch.save(content, shorter / "checkpoint.pt")
    fit(points, 8, shorter)
    same_training(shorter, from_start[8].path)


def test_the_command_goes_on_and_says_which_snapshots_are_kept(cli, tiny, points_file, finished, tmp_path):
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    command = ("fit", points_file, *tiny, "--out", folder, "--epochs")
    assert "would write" in cli(*command, "9", "--dry-run").out
    result = cli(*command, "9")
    assert result.code == 0, result.err
    assert "snapshots: 2 of 5 are at other epochs than a run of 9" in result.out
    assert "--epochs" in cli(*command, "8").refusal


# What is stopped on the way


class _Interrupting(Silent):
    def update(self, done, text=""):
        if done == 6:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
def test_interrupted_the_shorter_run_is_whole_and_the_same_fit_goes_on(points, from_start, shorter, contents):
    before = {name: held for name, held in contents(shorter).items() if name not in ("checkpoint.pt", ".ganatomy")}
    with pytest.raises(KeyboardInterrupt):
        fit(points, 8, shorter, progress=_Interrupting())
    assert before.items() <= contents(shorter).items()
    assert Run.load(shorter).recipe.epochs == 4
    with pytest.raises(
        InputError, match=r"holds a finished run of 4 epochs, and what goes on from it to 8; give 8 or mo"
    ):
        fit(points, 6, shorter)
    fit(points, 8, shorter)
    assert "resumed after 6 of 8 epochs" in (shorter / "log.txt").read_text(encoding="utf-8")
    same_training(shorter, from_start[8].path)
    assert Run.load(shorter).measurements == from_start[8].measurements


def test_stopped_while_it_is_drawn_the_trained_run_only_draws_again(points, from_start, shorter, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ganatomy.fitting.run.pictures.draw_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(points, 8, shorter)
    assert not (shorter / "summary.json").exists()  # of a run that the other files are no more
    monkeypatch.setattr(trainer.Game, "step", None)  # nothing is left to be trained
    fit(points, 8, shorter)
    same_training(shorter, from_start[8].path)


def test_one_that_diverges_leaves_the_shorter_run_as_it_was(points, shorter, contents, monkeypatch):
    before = contents(shorter)

    def diverging(losses, iteration, epoch):
        if epoch == 6:
            raise ganatomy.Diverged("training diverged")

    monkeypatch.setattr(trainer, "check", diverging)
    with pytest.raises(ganatomy.Diverged, match="the finished run of fewer epochs in"):
        fit(points, 8, shorter)
    assert {**contents(shorter), ".ganatomy": before[".ganatomy"]} == before


def test_an_unfinished_run_may_become_a_longer_one(points, from_start, shorter):
    (shorter / "summary.json").unlink()
    fit(points, 8, shorter)
    same_training(shorter, from_start[8].path)


def test_directions_of_the_shorter_run_go_with_it(points, shorter):
    (shorter / "directions").mkdir()
    (shorter / "directions" / "flows.png").write_bytes(b"of another generator")
    fit(points, 8, shorter)
    assert not (shorter / "directions").exists()


# What is refused


@pytest.mark.parametrize("epochs", [3, 4])
def test_no_more_epochs_are_refused(points, shorter, contents, epochs):
    before = contents(shorter)
    advice = "give more `epochs` to go on from it, choose another `out`, or `force=True` to replace it"
    with pytest.raises(InputError, match=f"holds a finished run of 4 epochs; {advice}"):
        fit(points, epochs, shorter)
    assert contents(shorter) == before


@pytest.mark.parametrize(
    ("setting", "what"), [(COSINE, r"learning rate \(cosine\)"), (FADING, r"penalty \(its decay is 0.5\)")]
)
@pytest.mark.parametrize("epochs", [1, 3])
def test_where_something_follows_their_number_another_is_refused(points, tmp_path, setting, what, epochs):
    fit(points, 2, tmp_path / "run", **setting)
    with pytest.raises(
        InputError, match=rf"holds a finished run of 2 epochs, whose {what} follows their number"
    ) as told:
        fit(points, epochs, tmp_path / "run", **setting)
    assert "choose another `out`, or `force=True` to replace it" in str(told.value)
    fit(points, epochs, tmp_path / "run", force=True, **setting)


def test_a_decay_of_no_penalty_is_none():
    gan = ganatomy.load_recipe("course", "gan")
    assert not gan.penalties.gradient
    assert not ganatomy.load_recipe(gan, penalties={"decay": 0.5}).paced


@pytest.mark.parametrize("more", [{"seed": 1}, {"lr": 1e-2}, {"train_size": 300}, {"snapshots": 3}], ids=str)
def test_a_longer_run_of_anything_else_is_another_run(points, shorter, contents, more):
    before = contents(shorter)
    with pytest.raises(InputError, match="holds a finished run; choose another `out`"):
        fit(points, 8, shorter, **more)
    assert contents(shorter) == before
