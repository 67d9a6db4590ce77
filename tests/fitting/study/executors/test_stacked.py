"""Runs of a study that are trained at once: the runs that `fit` makes, whatever becomes of the others."""

import csv
import dataclasses
import io
import json
import multiprocessing
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load

from ganatomy.fitting.study.executors.base import LostJob
from ganatomy.fitting.study.executors.choose import choose_executor
from ganatomy.fitting.study.executors.local import LocalProcesses
from ganatomy.fitting.study.executors.stacked import Stacked, finish, train_together
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.job import Job, make_run
from ganatomy.fitting.study.judging.comparison import compare
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.report import _setup
from ganatomy.fitting.study.run import run_study
from ganatomy.fitting.training.model import Scaling

TINY = {
    "generator": {"hidden": [8], "normalization": "batch"},
    "discriminator": {"hidden": [8]},
    "penalties": {"clip": 0.1},
    "objective": "wgan",
    "batch_size": 100,
    "snapshots": 4,
    "epochs": 8,
}
SEEDS = [5, 0, 3]

WORKERS = '''
import os, signal
from pathlib import Path
import ganatomy.fitting.run.pictures
from ganatomy.fitting.study.executors.stacked import finish, train_together

def _once(name):
    """Die, if this was not done yet."""
    mark = Path(__file__).with_name(name)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)

def train_killed_once(jobs, device):
    _once("died in training")
    return train_together(jobs, device)

def train_killed_always(jobs, device):
    if jobs[0].cell.optimizer == "sgd":
        os.kill(os.getpid(), signal.SIGKILL)
    return train_together(jobs, device)

def train_impossible(jobs, device):
    raise ValueError("no luck")

def finish_killed_once(made):
    if made[0].seed == 0:
        _once("died in finishing")
    return finish(made)

def finish_broken(made):
    def draw(*arguments):
        if made[0].seed == 0:
            raise OSError("no ink")
    ganatomy.fitting.run.pictures.draw_run = draw
    return finish(made)
'''


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    """Leave pictures and the page out, which other tests look at."""
    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)


@pytest.fixture
def workers(tmp_path, monkeypatch, _quick_processes):
    """A module that fresh processes can import too."""
    (tmp_path / "stacks_of_the_tests.py").write_text(WORKERS)
    monkeypatch.syspath_prepend(tmp_path)
    import stacks_of_the_tests

    yield stacks_of_the_tests
    del sys.modules["stacks_of_the_tests"]


@pytest.fixture
def _in_float64(monkeypatch):
    """In float64 two correct loops agree to 1e-9; in float32, first steps may turn on the sign of rounding errors."""
    monkeypatch.setattr(Scaling, "to_network", lambda self, x: torch.from_numpy((x - self.shift) / self.scale))
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def tiny(points_file, **changes):
    """Plan 2 optimizers x 3 seeds of tiny networks on 400 points."""
    settings = {"objectives": ["wgan"], "optimizers": ["sgd", "adam"], "seeds": SEEDS, "train_size": 300}
    return plan_study(points_file, recipe=TINY, **{**settings, **changes})


def jobs_of(plan):
    return [Job(run) for run in plan.choosing({"points"}).runs]


def stacked(jobs):
    """Make jobs of one cell as the executor does, in this process."""
    return [finish(pair) for pair in zip(jobs, train_together(jobs), strict=True)]


def rows(outcome, name):
    """Read a table: its header, and its numbers."""
    header, *others = csv.reader(io.StringIO(outcome.files[name].decode()))
    return header, np.array(others, dtype=float)


# Against single runs


def agree(ours, theirs, rtol=1e-6, atol=1e-8):
    """Compare all that two outcomes of one job say, but for how long it took and where."""
    same = ("target", "objective", "optimizer", "lr", "seed", "status", "reason", "fingerprint", "format")
    assert [ours.record[key] for key in same] == [theirs.record[key] for key in same]
    for key in ("final", "floor", "floor_spread"):
        assert ours.record[key] == pytest.approx(theirs.record[key], rel=rtol, abs=atol), key
    assert set(ours.files) == set(theirs.files)
    for name in ("losses.csv", "metrics.csv", "validation.csv"):
        header, numbers = rows(ours, name)
        expected_header, expected = rows(theirs, name)
        assert header == expected_header
        assert len(numbers) == len(expected)
        np.testing.assert_allclose(numbers, expected, rtol=rtol, atol=atol, err_msg=name)
    arrays, expected = (np.load(io.BytesIO(outcome.files["samples.npz"])) for outcome in (ours, theirs))
    for name in expected:
        np.testing.assert_allclose(arrays[name], expected[name], rtol=1e2 * rtol, atol=1e2 * atol, err_msg=name)
    assert ours.files["recipe.toml"] == theirs.files["recipe.toml"]


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"updates": "alternating", "discriminator_steps": 2, "averaging": 0.9, "snapshots": 3},
        {"optimizers": ["adam"], "objectives": ["rpgan"], "penalties": {"clip": 0.0, "r1": 0.5}, "standardize": True},
        {"discriminator": {"spectral_norm": True, "normalization": "layer"}},
    ],
    ids=["plain", "averaged", "penalised", "normalised"],
)
def test_a_run_of_a_stack_is_the_run_that_fit_makes(points_file, changes):
    jobs = jobs_of(tiny(points_file, **{"optimizers": ["sgd"], "lrs": [1e-2], **changes}))
    for job, outcome in zip(jobs, stacked(jobs), strict=True):
        expected = make_run(job)
        assert expected.record["status"] == "finished", expected.record["reason"]
        agree(outcome, expected)
        weights, wanted = (load(made.files["generator.safetensors"]) for made in (outcome, expected))
        assert set(weights) == set(wanted)
        for name, tensor in wanted.items():
            torch.testing.assert_close(weights[name], tensor, rtol=1e-6, atol=1e-8)


def test_it_says_with_how_many_it_was_trained_and_its_share_of_the_time(points_file):
    jobs = jobs_of(tiny(points_file, optimizers=["sgd"]))
    left = train_together(jobs)
    for job, one in zip(jobs, left, strict=True):
        outcome = finish((job, one))
        summary = json.loads(outcome.files["summary.json"])
        assert (summary["together"], summary["device"], summary["threads"]) == (3, "cpu", 1)
        assert (outcome.record["together"], outcome.record["device"]) == (3, "cpu")
        assert outcome.record["seconds"] == summary["seconds_training"] == round(one.seconds, 3)
    assert len({one.seconds for one in left}) == 1
    single = make_run(jobs[0])
    assert "together" not in {**single.record, **json.loads(single.files["summary.json"])}


def test_what_is_left_of_a_training_holds_no_tensors(points_file):
    (left, *_) = train_together(jobs_of(tiny(points_file, optimizers=["sgd"])))
    arrays = [left.losses, *(array for seen in left.seen.values() for array in seen)]
    arrays += [array for network in left.weights for array in network.values()]
    assert {type(array) for array in arrays} == {np.ndarray}


# What becomes of one run is no matter of the others


@pytest.mark.usefixtures("_in_float64")
def test_a_run_that_diverges_is_the_result_that_it_is_alone(points_file):
    unbounded = {"objectives": ["lsgan"], "lrs": [0.65], "penalties": {"clip": 0.0}}  # seed 3 bears it
    jobs = jobs_of(tiny(points_file, optimizers=["sgd"], **unbounded))
    outcomes, expected = stacked(jobs), [make_run(job) for job in jobs]
    statuses = [outcome.record["status"] for outcome in outcomes]
    assert set(statuses) == {"finished", "diverged"}
    assert statuses == [outcome.record["status"] for outcome in expected]
    for ours, theirs in zip(outcomes, expected, strict=True):
        if theirs.record["status"] == "diverged":
            assert ours.record["reason"] == theirs.record["reason"]
            assert set(ours.files) == set(theirs.files)
            assert ours.record["floor"] == theirs.record["floor"]
            assert len(rows(ours, "losses.csv")[1]) == len(rows(theirs, "losses.csv")[1])
            np.testing.assert_array_equal(rows(ours, "metrics.csv")[1][:, 0], rows(theirs, "metrics.csv")[1][:, 0])
            assert ours.record["seconds"] > 0


def test_points_that_are_not_finite_end_their_run_only(points_file):
    jobs = jobs_of(tiny(points_file, optimizers=["sgd"]))
    left = train_together(jobs)
    samples, field = left[1].seen[4]
    left[1] = dataclasses.replace(left[1], seen={**left[1].seen, 4: (samples * np.nan, field)})
    outcomes = [finish(pair) for pair in zip(jobs, left, strict=True)]
    assert [outcome.record["status"] for outcome in outcomes] == ["finished", "diverged", "finished"]
    assert "diverged in epoch 4: generated points are not finite" in outcomes[1].record["reason"]
    assert rows(outcomes[1], "metrics.csv")[1][:, 0].tolist() == [0, 2]
    assert rows(outcomes[1], "losses.csv")[1][-1, 1] == 4


# As an executor


class Inline:
    """Makes jobs in this process."""

    width, shares_disk, device = 1, True, "cpu"

    def as_completed(self, work, jobs, told=None):
        yield from ((job, work(job)) for job in jobs)

    def close(self):
        pass


def table(folder):
    """Read table.csv: the names of each row, and its numbers, without the seconds."""
    with open(folder / "table.csv", newline="") as file:
        read = list(csv.DictReader(file))
    names = [[row[key] for key in ("objective", "optimizer", "seed", "status", "epoch")] for row in read]
    return names, [float(row["wasserstein2"] or "nan") for row in read]


@pytest.mark.usefixtures("_quick_processes")
def test_a_stacked_study_has_the_table_of_an_ordinary_one_and_goes_on_as_one(points_file, tmp_path):
    plan = tiny(points_file, seeds=[0, 1, 2])
    records = run_study(plan, tmp_path / "s", Stacked("cpu", 2, LocalProcesses(2)))
    run_study(plan, tmp_path / "alone", Inline())
    (names, numbers), (expected_names, expected) = table(tmp_path / "s"), table(tmp_path / "alone")
    assert names == expected_names
    assert len(names) == 2 * 3 * 5
    np.testing.assert_allclose(numbers, expected, rtol=1e-2)

    def together():
        found = {}
        for record in StudyFolder(tmp_path / "s").records():
            content = json.loads((tmp_path / "s" / record.path / "record.json").read_text())
            found[record.cell.optimizer, record.seed] = content["together"]
        return found

    sizes = {0: 2, 1: 2, 2: 1}
    assert together() == {(name, seed): sizes[seed] for name in ("sgd", "adam") for seed in sizes}
    state = json.loads((tmp_path / "s" / "study.json").read_text())
    assert state["executor"] == {"backend": "Stacked", "width": 2, "device": "cpu"}
    assert (state["machine"]["accelerator"], state["made"]) == ("", 6)
    times = {record.path: (tmp_path / "s" / record.path / "record.json").stat().st_mtime_ns for record in records}
    wider = run_study(tiny(points_file, seeds=[2, 7, 8]), tmp_path / "s", Stacked("cpu", 8, LocalProcesses(1)))
    assert len(wider) == 2 * 5
    assert together() == {(name, s): {**sizes, 7: 2, 8: 2}[s] for name in ("sgd", "adam") for s in (0, 1, 2, 7, 8)}
    for path, time in times.items():
        assert (tmp_path / "s" / path / "record.json").stat().st_mtime_ns == time


@pytest.mark.parametrize("moment", ["training", "finishing"])
def test_a_killed_process_changes_nothing(points_file, tmp_path, workers, monkeypatch, moment):
    if moment == "training":
        monkeypatch.setattr("ganatomy.fitting.study.executors.stacked.train_together", workers.train_killed_once)
    else:
        monkeypatch.setattr("ganatomy.fitting.study.executors.stacked.finish", workers.finish_killed_once)
    plan = tiny(points_file, optimizers=["sgd"])
    records = run_study(plan, tmp_path / "s", Stacked("cpu", 8, LocalProcesses(2)))
    assert (tmp_path / f"died in {moment}").exists()
    assert [(record.seed, record.status) for record in records] == [(seed, "finished") for seed in sorted(SEEDS)]


def test_a_run_that_cannot_be_finished_fails_alone(points_file, tmp_path, workers, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.study.executors.stacked.finish", workers.finish_broken)
    records = run_study(tiny(points_file, optimizers=["sgd"]), tmp_path / "s", Stacked("cpu", 8, LocalProcesses(2)))
    ends = {record.seed: (record.status, record.reason) for record in records}
    assert ends == {0: ("failed", "OSError: no ink"), 3: ("finished", ""), 5: ("finished", "")}
    assert "no ink" in (tmp_path / "s" / records[0].path / "error.txt").read_text()


def test_a_stack_that_raises_fails_with_a_reason_and_stops_no_other(points_file, workers, monkeypatch):
    jobs = jobs_of(tiny(points_file, seeds=[0, 1]))
    executor = Stacked("cpu", 8, LocalProcesses(2))
    monkeypatch.setattr("ganatomy.fitting.study.executors.stacked.train_together", workers.train_killed_always)
    ends = {(job.cell.optimizer, job.seed): result for job, result in executor.as_completed(make_run, jobs)}
    lost = [ends["sgd", seed] for seed in (0, 1)]
    assert all(isinstance(result, LostJob) for result in lost)
    assert "died 3 times" in lost[0].reason
    assert "so ended all 2 runs that were trained at once; try a smaller `together`" in lost[0].reason
    assert [ends["adam", seed].record["status"] for seed in (0, 1)] == ["finished"] * 2
    monkeypatch.setattr("ganatomy.fitting.study.executors.stacked.train_together", workers.train_impossible)
    ((_, alone),) = executor.as_completed(make_run, jobs[:1])
    assert alone == LostJob("ValueError: no luck")


@pytest.mark.usefixtures("_quick_processes")
def test_an_optimizer_that_would_mix_runs_is_given_one_run_at_a_time(points_file):
    jobs = jobs_of(tiny(points_file, optimizers=["adafactor", "sgd"], seeds=[0, 1]))
    executor = Stacked("cpu", 8, LocalProcesses(2))
    told = {job.name: 0.0 for job in jobs}
    stream = executor.as_completed(make_run, jobs, lambda job, share: told.update({job.name: share}))
    ends = [(job, outcome.record) for job, outcome in stream]
    assert set(told.values()) == {1.0}
    assert {(job.cell.optimizer, job.seed): record.get("together") for job, record in ends} == {
        **dict.fromkeys([("sgd", 0), ("sgd", 1)], 2),
        **dict.fromkeys([("adafactor", 0), ("adafactor", 1)]),
    }
    assert {record["status"] for _, record in ends} == {"finished"}


@pytest.mark.usefixtures("_quick_processes")
def test_leaving_the_loop_ends_the_stack_in_training(points_file):
    short, *_ = jobs_of(tiny(points_file, optimizers=["sgd"]))
    endless = jobs_of(tiny(points_file, optimizers=["adam"], epochs=30_000))
    stream = Stacked("cpu", 8, LocalProcesses(1)).as_completed(make_run, [short, *endless])
    next(stream)
    training = multiprocessing.active_children()
    assert training
    stream.close()
    for process in training:
        process.join(10)
    assert not any(process.is_alive() for process in training)


def test_what_runs_were_trained_on_is_named_where_it_is_told(points_file, tmp_path, monkeypatch):
    class Elsewhere(Inline):
        device = "cuda:1"

    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"Abacus {device}")
    run_study(tiny(points_file, optimizers=["sgd"], seeds=[0]), tmp_path / "s", Elsewhere())
    state = StudyFolder(tmp_path / "s").read()
    assert state["executor"]["device"] == "cuda:1"
    assert state["machine"]["accelerator"] == "cuda:1 (Abacus cuda:1)"
    setup = _setup(state, compare(StudyFolder(tmp_path / "s").records()), choice=False)
    assert setup.machine == f"{state['machine']['processor']} + cuda:1 (Abacus cuda:1)"
    assert "by Elsewhere(1), on cuda:1" in (tmp_path / "s" / "log.txt").read_text()
    text = (tmp_path / "s" / "study.json").read_text()
    (tmp_path / "s" / "study.json").write_text(text.replace('"accelerator"', '"none"'))  # as older studies lack it
    state = StudyFolder(tmp_path / "s").read()
    assert _setup(state, compare([]), choice=False).machine == state["machine"]["processor"]


# Chosen by flags


def test_seeds_are_trained_at_once_where_flags_say_so():
    executor = choose_executor(jobs=1, together=8)
    assert (type(executor), executor.width, executor.device) == (Stacked, 8, "cpu")
    for flags in ({}, {"together": 1}, {"device": "cpu"}):
        assert type(choose_executor(jobs=1, **flags)) is LocalProcesses
