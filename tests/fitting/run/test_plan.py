"""What a fit is to be is decided in one place, for Python and the command line alike."""

import json

import numpy as np
import pytest

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.run.plan import plan_fit
from ganatomy.fitting.run.result import Run

SMALL = {
    "epochs": 2,
    "batch_size": 100,
    "snapshots": 2,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"points": "ring"}, "runs/ring-wgan-gp-rmsprop-course-seed0"),
        ({"points": "ring", "objective": "hinge", "seed": 7}, "runs/ring-hinge-adam-literature-seed7"),
        (
            {"points": np.eye(40), "recipe": {"name": "a/b:c", "objective": "gan"}},
            "runs/points-gan-rmsprop-a_b_c-seed0",
        ),
    ],
)
def test_the_folder_is_named_by_what_is_in_it(given, name):
    assert plan_fit(**given).folder.as_posix() == name


def test_long_names_are_cut_and_stay_apart():
    given = {"points": "ring", "recipe": {"name": "中" * 78}}
    names = {plan_fit(**given, objective=o, seed=s).folder.name for o in ("gan", "lsgan") for s in (0, 1)}
    assert len(names) == 4
    assert max(len(name.encode()) for name in names) <= 200


def test_the_command_and_the_call_leave_the_same_files(cli, points_file, tiny, tmp_path, contents, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = cli("fit", points_file, *tiny, "--epochs", "2", "--objective", "gan", "--seed", "3")
    assert command.code == 0, command.err
    (made,) = (tmp_path / "runs").iterdir()
    hidden = {"generator.hidden": [8], "generator.normalization": "none", "discriminator.hidden": [8]}
    same = {"train_size": 300, "batch_size": 100, "snapshots": 3, "epochs": 2, **hidden}
    run = ganatomy.fit(points_file, "gan", seed=3, out=tmp_path / "called", **same)
    command, call = contents(made), contents(tmp_path / "called")
    assert command.keys() == call.keys()
    timed = {"summary.json", "checkpoint.pt"}  # seconds, and the archive's own name
    assert {name for name in command if command[name] != call[name]} <= timed
    summaries = [json.loads(files["summary.json"]) for files in (command, call)]
    assert [summary.pop("seconds_training") > 0 for summary in summaries] == [True, True]
    assert summaries[0] == summaries[1]
    assert repr(run) == repr(Run.load(made))


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "0"])
def test_a_seed_that_is_none_is_refused(points, seed):
    with pytest.raises(InputError, match="give a whole number from 0 to"):
        plan_fit(points, seed=seed)


def test_what_decides_the_run_decides_its_fingerprint(points):
    first = plan_fit(points, "gan", train_size=300, **SMALL)
    assert first.fingerprint == plan_fit(points, "gan", train_size=300, **SMALL).fingerprint
    others = {"seed": {"seed": 1}, "recipe": {"epochs": 3}, "points": {"train_size": 301}}
    for change in others.values():
        assert plan_fit(points, "gan", **{"train_size": 300, **SMALL, **change}).fingerprint != first.fingerprint
