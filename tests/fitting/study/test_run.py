"""Studies: every run once, whatever happens in between, and no study taken for another."""

import csv
import json
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from attacks.tables import write_study
from ganatomy.cli import main  # noqa: F401 (imports nothing slow, and everything that is patched below)
from ganatomy.errors import InputError
from ganatomy.fitting.metrics.samples import wasserstein2
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.run.fit import fit, run_fit
from ganatomy.fitting.study.executors.base import LostJob
from ganatomy.fitting.study.executors.choose import choose_executor
from ganatomy.fitting.study.executors.local import LocalProcesses
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.job import Job, make_run
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.report import write_report
from ganatomy.fitting.study.run import compare, run_study
from ganatomy.fitting.study.trial import longest_first
from ganatomy.fitting.training.game import Diverged

TINY = {
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
    "penalties": {"clip": 0.1},
    "objective": "wgan",
    "batch_size": 100,
    "snapshots": 4,
    "epochs": 4,
}

WORKERS = '''
import os, signal
from pathlib import Path
import ganatomy.fitting.run.pictures
from ganatomy.fitting.study.job import make_run as ordinary

def quick(job):
    """An ordinary run without its pictures, which take most of the time."""
    ganatomy.fitting.run.pictures.draw_run = lambda *arguments: None
    return ordinary(job)

def killed_once(job):
    """Die in the middle of the first run of seed 1."""
    def draw(folder, *arguments):
        mark = Path(__file__).with_name("died")
        if job.seed == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    ganatomy.fitting.run.pictures.draw_run = draw
    return ordinary(job)

def killed_always(job):
    if job.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return ordinary(job)
'''


class Inline:
    """Makes jobs in this process, one after another, and counts them; `before` is called with each."""

    width, shares_disk, device = 1, True, "cpu"

    def __init__(self, before=lambda job: None):
        self.made, self.before = [], before

    def as_completed(self, work, jobs, told=None):
        for job in jobs:
            self.before(job)
            self.made.append(job.name)
            yield job, work(job)

    def close(self):
        pass


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    """Leave pictures and the page out, which other tests look at, and what depends on how long things took."""
    monkeypatch.setattr("ganatomy.fitting.study.run.longest_first", lambda runs, seconds: runs)
    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """A module that fresh processes can import too."""
    (tmp_path / "runs_of_the_tests.py").write_text(WORKERS)
    monkeypatch.syspath_prepend(tmp_path)
    import runs_of_the_tests

    yield runs_of_the_tests
    del sys.modules["runs_of_the_tests"]


def tiny(points_file, **changes):
    """Plan 2 optimizers x 2 seeds of tiny networks on 400 points."""
    settings = {"objectives": ["wgan"], "optimizers": ["rmsprop", "sgd"], "seeds": [0, 1], "train_size": 300}
    return plan_study(points_file, recipe=TINY, **{**settings, **changes})


def table(folder):
    """Read table.csv without the seconds, which differ from run to run."""
    with open(folder / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_a_study_leaves_a_row_a_run_and_snapshot_and_ordinary_run_folders(points_file, tmp_path):
    plan, executor = tiny(points_file), Inline()
    records = run_study(plan, tmp_path / "s", executor)
    assert executor.made == [run.name for run in plan.runs]
    assert [(r.cell.optimizer, r.seed, r.status) for r in records] == [
        (name, seed, "finished") for name in ("rmsprop", "sgd") for seed in (0, 1)
    ]
    rows = table(tmp_path / "s")
    assert len(rows) == 4 * 5
    assert [int(row["epoch"]) for row in rows[:5]] == [0, 1, 2, 3, 4]
    files = {path.name for path in (tmp_path / "s" / records[0].path).iterdir()}
    assert {"summary.json", "metrics.csv", "losses.csv", "generator.safetensors", "record.json"} <= files
    assert "checkpoint.pt" not in files
    assert {path.name for path in (tmp_path / "s").iterdir()} >= {"study.json", "table.csv", "summary.csv", "runs"}
    assert not (tmp_path / "s" / ".work").exists()


def test_within_a_seed_the_runs_that_take_longest_begin_first(points_file, tmp_path, monkeypatch):
    def times(runs, iterations):
        return {("points", "wgan", name, ""): k for k, name in enumerate(("rmsprop", "sgd"))}

    monkeypatch.setattr("ganatomy.fitting.study.run.longest_first", longest_first)
    monkeypatch.setattr("ganatomy.fitting.study.run.try_cells", times)
    executor = Inline()
    run_study(tiny(points_file), tmp_path / "s", executor)
    assert executor.made == [f"points-wgan-{name}-5e-05-seed{seed}" for seed in (0, 1) for name in ("sgd", "rmsprop")]


@pytest.mark.parametrize(("source", "train_size"), [("ring", 8150), ("points_file", None)])
def test_a_run_is_the_run_that_fit_makes_with_its_seed(source, train_size, request, tmp_path):
    source = request.getfixturevalue(source) if source == "points_file" else source
    plan = tiny(source, optimizers=["sgd"], seeds=[0, 3], train_size=train_size, snapshots=1, epochs=1)
    records = run_study(plan, tmp_path / "s", Inline())
    for record, run in zip(records, plan.runs, strict=True):
        alone = tmp_path / f"alone-{run.seed}"
        fitted = fit(source, recipe=run.recipe, seed=run.seed, train_size=train_size, out=alone, device="cpu")
        for name in ("metrics.csv", "losses.csv", "generator.safetensors", "samples.npz", "recipe.toml"):
            assert (tmp_path / "s" / record.path / name).read_bytes() == (alone / name).read_bytes(), name
        assert record.final == {name: measured.value for name, measured in fitted.measurements.items()}
        assert record.floor == {name: measured.floor for name, measured in fitted.measurements.items()}
    assert records[0].floor != records[1].floor  # of other held-out points


def test_records_hold_what_the_folders_hold(points_file, tmp_path):
    plan = tiny(points_file, seeds=[0])
    run_study(plan, tmp_path / "s", Inline())
    record = StudyFolder(tmp_path / "s").records()[0]
    summary = json.loads((tmp_path / "s" / record.path / "summary.json").read_text())
    assert record.final["wasserstein2"] == summary["metrics"]["wasserstein2"]["value"]
    fit = plan.runs[0].fit
    yardstick = Yardstick(fit.heldout, fit.train)
    floor = yardstick.floor["wasserstein2"]
    assert (record.floor["wasserstein2"], record.floor_spread["wasserstein2"]) == (floor.mean, floor.spread)
    snapshots = np.load(tmp_path / "s" / record.path / "samples.npz")["snapshots"]
    assert record.metrics["wasserstein2"][0] == pytest.approx(yardstick.value(snapshots[0])["wasserstein2"])
    assert record.metrics["wasserstein2"][-1] == record.final["wasserstein2"]
    assert record.seconds == summary["seconds_training"]


def test_the_same_study_again_makes_nothing(points_file, tmp_path, contents):
    plan = tiny(points_file)
    run_study(plan, tmp_path / "s", Inline())
    before = contents(tmp_path / "s" / "runs")
    again = Inline()
    run_study(plan, tmp_path / "s", again)
    assert again.made == []
    assert contents(tmp_path / "s" / "runs") == before


def test_a_wider_grid_makes_the_new_cells_only_and_judges_all(points_file, tmp_path):
    run_study(tiny(points_file), tmp_path / "s", Inline())
    wider = Inline()
    plan = tiny(points_file, objectives=["wgan", "lsgan"], seeds=[0, 1, 2])
    records = run_study(plan, tmp_path / "s", wider)
    assert len(wider.made) == 12 - 4
    assert not any("wgan" in name and "seed2" not in name for name in wider.made)
    assert len(records) == 12
    narrower = Inline()
    assert len(run_study(tiny(points_file, seeds=[1]), tmp_path / "s", narrower)) == 12  # nothing is forgotten
    assert narrower.made == []
    held = json.loads((tmp_path / "s" / "study.json").read_text())
    assert held["seeds"] == [0, 1, 2]
    assert [(cell["objective"], cell["optimizer"]) for cell in held["cells"]] == [
        ("wgan", "rmsprop"),
        ("wgan", "sgd"),
        ("lsgan", "rmsprop"),
        ("lsgan", "sgd"),
    ]


def test_what_a_study_is_judged_by_is_kept_and_can_be_changed_without_a_run(points_file, tmp_path):
    kept = []
    for judge in (None, "recall", None):
        executor = Inline()
        study = run_study(tiny(points_file, seeds=[0]), tmp_path / "s", executor, judge=judge)
        kept.append((json.loads((tmp_path / "s" / "study.json").read_text())["judge"], study.judged.headline))
        assert bool(executor.made) == (len(kept) == 1)
    assert kept == [(None, "coverage"), ("recall", "recall"), ("recall", "recall")]
    assert "came out best: recall" in study.answer("en")[0]


def test_rates_are_chosen_on_the_half_of_the_held_out_points_that_judges_nothing(points_file, tmp_path):
    plan = tiny(points_file, optimizers=["sgd"], lrs=[1e-3, 1e-2])
    records = run_study(plan, tmp_path / "s", Inline())
    assert json.loads((tmp_path / "s" / "study.json").read_text())["identity"]["targets"]["points"]["validation"] == 50
    assert len(records) == 4
    for record in records:
        arrays = np.load(tmp_path / "s" / record.path / "samples.npz")
        parts = plan.targets[0].parts(record.seed)
        assert np.array_equal(arrays["heldout"], parts.test.points)
        units = parts.validation.points.std(axis=0)
        expected = [wasserstein2(samples / units, parts.validation.points / units) for samples in arrays["snapshots"]]
        np.testing.assert_allclose(record.validation["wasserstein2"], expected)


def test_the_cells_of_a_seed_are_measured_with_one_yardstick(points_file, tmp_path, monkeypatch):
    made = []

    class Counted(Yardstick):
        def __init__(self, heldout, *fresh, **settings):
            made.append(heldout)
            super().__init__(heldout, *fresh, **settings)

    monkeypatch.setattr("ganatomy.fitting.run.measured.Yardstick", Counted)
    records = run_study(tiny(points_file, seeds=[0, 11], train_size=310), tmp_path / "s", Inline())
    assert (len(records), len(made)) == (4, 2)
    assert not np.array_equal(*made)


@pytest.mark.parametrize("labels", [None, "kind"])
def test_a_study_can_be_judged_by_what_labels_let_be_measured(points, tmp_path, labels):
    table = pd.DataFrame(points, columns=["x", "y"]).assign(kind=np.where(points[:, 0] > 2, "right", "left"))
    table = table if labels else table[["x", "y"]]
    plan = plan_study(table, labels=labels, recipe=TINY, optimizers=["sgd"], seeds=[0], objectives=["wgan"])
    if labels is None:
        with pytest.raises(InputError, match="`judge=weight_error`: that cannot be measured on points"):
            run_study(plan, tmp_path / "s", Inline(), judge="weight_error")
    else:
        assert "weight_error" in run_study(plan, tmp_path / "s", Inline(), judge="weight_error")[0].final


def test_a_study_that_chooses_goes_on_choosing_whatever_is_added(points_file, tmp_path):
    first = run_study(tiny(points_file, optimizers=["sgd"], lrs=[1e-3, 1e-2], seeds=[0]), tmp_path / "s", Inline())
    paths = [record.path for record in first]
    wider = Inline()
    plan = tiny(points_file, objectives=["wgan", "lsgan"], optimizers=["sgd"], lrs=[1e-3], seeds=[0, 1])
    records = run_study(plan, tmp_path / "s", wider)  # alone it would choose nothing
    assert (len(records), len(wider.made)) == (5, 3)
    assert all(len(record.validation["wasserstein2"]) == 5 for record in records)
    assert {len(np.load(tmp_path / "s" / record.path / "samples.npz")["heldout"]) for record in records} == {50}
    assert {*paths} < {record.path for record in records}
    (tmp_path / "s" / "study.json").unlink()  # the runs know what they are
    again = Inline()
    run_study(plan, tmp_path / "s", again)
    assert again.made == []


def test_rates_cannot_be_chosen_where_all_held_out_points_judged(points_file, tmp_path, contents):
    run_study(tiny(points_file, optimizers=["sgd"], seeds=[0]), tmp_path / "s", Inline())
    before = contents(tmp_path / "s")
    for lrs in ([1e-2], [5e-5, 1e-2]):
        words = r"to choose among rates, give all `lrs` from the start.*another `out`"
        with pytest.raises(InputError, match=words) as no:
            run_study(tiny(points_file, optimizers=["sgd"], seeds=[1], lrs=lrs), tmp_path / "s", Inline())
        assert "\n" not in str(no.value)
    assert contents(tmp_path / "s") == before


def test_a_study_of_one_split_for_all_seeds_is_read_but_not_gone_on_with(tmp_path, points_file):
    folder = write_study(tmp_path / "s")  # in format 1
    write_report(folder)
    words = r"an earlier version, whose seeds shared one split .* another `out`"
    with pytest.raises(InputError, match=words) as refused:
        run_study(plan_study("zigzag"), folder, Inline())
    assert "\n" not in str(refused.value)
    assert len(run_study(tiny(points_file, optimizers=["sgd"], seeds=[0]), folder, Inline(), force=True)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 5}, "epochs = 4 there, 5 here"),
        ({"train_size": 310}, "train = 300 there, 310 here"),
        ({"generator": {"hidden": [9]}}, r"generator.hidden = \[8\] there, \[9\] here"),
    ],
)
def test_another_study_is_refused_and_nothing_is_touched(points_file, tmp_path, contents, changes, words):
    run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Inline())
    before = contents(tmp_path / "s")
    with pytest.raises(InputError, match=f"holds another study .*{words}"):
        run_study(tiny(points_file, **changes), tmp_path / "s", Inline())
    assert contents(tmp_path / "s") == before
    replaced = Inline()
    run_study(tiny(points_file, seeds=[0], **changes), tmp_path / "s", replaced, force=True)
    assert len(replaced.made) == 2


def test_other_points_by_the_same_name_are_refused(points, tmp_path):
    for name, cloud in (("a", points), ("b", points[::-1])):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "points.npy", cloud)
    run_study(tiny(tmp_path / "a" / "points.npy", seeds=[0]), tmp_path / "s", Inline())
    with pytest.raises(InputError, match="other points of points"):
        run_study(tiny(tmp_path / "b" / "points.npy", seeds=[0]), tmp_path / "s", Inline())
    with pytest.raises(InputError, match="of points, not ring"):
        run_study(plan_study("ring", recipe=TINY, objectives=["wgan"]), tmp_path / "s", Inline())


def test_a_run_of_another_recipe_is_refused_even_where_the_study_does_not_know(points_file, tmp_path):
    """What a [for.OBJECTIVE] table changes is in no identity but the run's own."""
    run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Inline())
    (tmp_path / "s" / "study.json").unlink()
    with pytest.raises(InputError, match="is of another study: its recipe, its objective or its points differ"):
        run_study(tiny(points_file, seeds=[0], epochs=5), tmp_path / "s", Inline())
    again = Inline()
    run_study(tiny(points_file, seeds=[0]), tmp_path / "s", again)
    assert again.made == []


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}'])
def test_a_damaged_study_json_is_told(points_file, tmp_path, content):
    run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Inline())
    (tmp_path / "s" / "study.json").write_text(content)
    with pytest.raises(InputError, match=r"study.json: damaged; remove it"):
        run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Inline())


def test_a_folder_of_other_things_is_refused(points_file, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(InputError, match="holds other things"):
            run_study(tiny(points_file), tmp_path, Inline(), force=force)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="holds no study"):
        write_report(tmp_path)


def test_two_processes_do_not_write_one_study(points_file, tmp_path):
    plan, folder = tiny(points_file), StudyFolder(tmp_path / "s")
    with folder.working(plan), pytest.raises(InputError, match="written by another process"):
        run_study(plan, tmp_path / "s", Inline())


def test_interrupted_the_rest_is_made_later(points_file, tmp_path):
    def interrupt(job):
        if job.name.endswith("sgd-5e-05-seed0"):
            raise KeyboardInterrupt

    first, plan = Inline(interrupt), tiny(points_file)
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "s", first)
    assert len(first.made) == 1
    assert not (tmp_path / "s" / ".work").exists()
    second = Inline()
    run_study(plan, tmp_path / "s", second)
    assert sorted(first.made + second.made) == sorted(run.name for run in plan.runs)


def test_half_a_run_is_no_run(points_file, tmp_path):
    plan = tiny(points_file, seeds=[0])
    run_study(plan, tmp_path / "s", Inline())
    (tmp_path / "s" / "runs" / plan.runs[0].name / "record.json").write_text('{"format": 1, "sta')
    shutil.rmtree(tmp_path / "s" / "runs" / plan.runs[1].name)
    (tmp_path / "s" / ".work" / "run-x").mkdir(parents=True)  # as a kill leaves it
    again = Inline()
    records = run_study(plan, tmp_path / "s", again)
    assert again.made == [run.name for run in plan.runs]
    assert [record.status for record in records] == ["finished"] * 2


def test_a_failing_run_is_told_with_its_reason_and_made_again(points_file, tmp_path, monkeypatch):
    def broken(plan, **settings):
        if plan.seed == 1:
            raise RuntimeError("no luck\ntoday")
        return run_fit(plan, **settings)

    plan = tiny(points_file)
    with monkeypatch.context() as patched:
        patched.setattr("ganatomy.fitting.study.job.run_fit", broken)
        records = run_study(plan, tmp_path / "s", Inline())
    failed = [record for record in records if record.status == "failed"]
    assert [(record.seed, record.reason) for record in failed] == [(1, "RuntimeError: no luck")] * 2
    rows = [row for row in table(tmp_path / "s") if row["status"] == "failed"]
    assert [row["reason"] for row in rows] == ["RuntimeError: no luck"] * 2
    assert "in broken" in (tmp_path / "s" / failed[0].path / "error.txt").read_text()
    again = Inline()
    records = run_study(plan, tmp_path / "s", again)
    assert [record.status for record in records] == ["finished"] * 4
    assert sorted(again.made) == sorted(record.path.partition("/")[2] for record in failed)
    assert not (tmp_path / "s" / failed[0].path / "error.txt").exists()


def test_a_run_that_diverges_is_a_result(points_file, tmp_path):
    plan = tiny(points_file, optimizers=["sgd"], lrs=[1000.0], objectives=["lsgan"], seeds=[0])
    records = run_study(plan, tmp_path / "s", Inline())
    assert [record.status for record in records] == ["diverged"]
    assert "diverged" in records[0].reason
    assert str(tmp_path) not in records[0].reason
    assert records[0].floor["wasserstein2"] > 0
    assert records[0].epochs[0] == 0
    assert table(tmp_path / "s")[0]["status"] == "diverged"
    again = Inline()
    run_study(plan, tmp_path / "s", again)
    assert again.made == []


def test_a_setting_that_no_run_can_have_is_refused_before_anything_is_written(points_file, tmp_path, monkeypatch):
    for changes, words in (
        ({"optimizers": ["adamm"]}, "did you mean 'adam'"),
        ({"batch_size": 301}, "fewer than a batch"),
        ({"optimizer.options": {"momentun": 0.5}}, "did you mean 'momentum'"),
    ):
        with pytest.raises(InputError, match=words):
            run_study(tiny(points_file, **changes), tmp_path / "s", Inline())

    def broken(self, real, fake):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("ganatomy.fitting.objectives.catalogue.LeastSquares.generator_loss", broken)
    with pytest.raises(InputError, match="lsgan, rmsprop, 5e-05 cannot be trained: ZeroDivisionError: by zero"):
        run_study(tiny(points_file, objectives=["lsgan"]), tmp_path / "s", Inline())
    with pytest.raises(InputError, match="unknown language 'fr'"):
        run_study(tiny(points_file), tmp_path / "s", Inline(), language="fr")
    assert not (tmp_path / "s").exists()


def test_divergence_at_once_is_not_refused(points_file, tmp_path, monkeypatch):
    def diverge(self):
        raise Diverged("at once")
        yield

    monkeypatch.setattr("ganatomy.fitting.training.trainer.Trainer.__iter__", diverge)
    records = run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Inline())
    assert [record.reason for record in records] == ["at once"] * 2


def test_a_full_disk_is_told_and_what_is_finished_stays(points_file, tmp_path, monkeypatch):
    plan, real = tiny(points_file), os.rename

    def full(path, target, **folders):
        if target == plan.runs[1].name:
            raise OSError(28, "No space left on device")
        return real(path, target, **folders)

    with monkeypatch.context() as patched:
        patched.setattr("os.rename", full)
        with pytest.raises(InputError, match="No space left on device; what is finished is kept"):
            run_study(plan, tmp_path / "s", Inline())
    again = Inline()
    run_study(plan, tmp_path / "s", again)
    assert again.made == [run.name for run in plan.runs[1:]]


@pytest.fixture
def alone(points_file, tmp_path):
    """The table of the tiny study, made in this process."""
    run_study(tiny(points_file), tmp_path / "alone", Inline())
    return table(tmp_path / "alone")


def test_one_and_two_processes_make_the_same_table(points_file, tmp_path, alone, workers, request, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.study.run.make_run", workers.quick)
    for width in (1, 2):
        run_study(tiny(points_file), tmp_path / f"s{width}", LocalProcesses(width))
        assert table(tmp_path / f"s{width}") == alone
        request.getfixturevalue("_quick_processes")  # only the first one begins as it does for users


@pytest.mark.usefixtures("_quick_processes")
def test_a_killed_worker_changes_nothing(points_file, tmp_path, alone, workers, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.study.run.make_run", workers.killed_once)
    run_study(tiny(points_file), tmp_path / "s", LocalProcesses(2))
    assert (tmp_path / "died").exists()
    assert table(tmp_path / "s") == alone
    assert not (tmp_path / "s" / ".work").exists()


@pytest.mark.usefixtures("_quick_processes")
def test_a_run_that_kills_every_worker_fails_alone(points_file, tmp_path, workers, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.study.run.make_run", workers.killed_always)
    records = run_study(tiny(points_file), tmp_path / "s", LocalProcesses(2))
    assert [(record.seed, record.status) for record in records] == [(0, "finished"), (1, "failed")] * 2
    assert all("its process died" in record.reason for record in records if record.status == "failed")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_which_a_worker_is_killed_makes_the_same_table(points_file, tmp_path, alone, workers, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("ganatomy.fitting.study.run.make_run", workers.killed_once)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        executor = choose_executor("dask", scheduler=cluster.scheduler_address)
        run_study(tiny(points_file), tmp_path / "s", executor)
        executor.close()
    assert (tmp_path / "died").exists()
    assert table(tmp_path / "s") == alone


def test_a_lost_run_is_reported(points_file, tmp_path):
    class Losing(Inline):
        def as_completed(self, work, jobs, told=None):
            yield from ((job, LostJob("it rained")) for job in jobs)

    records = run_study(tiny(points_file, seeds=[0]), tmp_path / "s", Losing())
    assert [(record.status, record.reason) for record in records] == [("failed", "it rained")] * 2
    assert StudyFolder(tmp_path / "s").records()[0].reason == "it rained"


def test_event_files_hold_losses_metrics_and_pictures(points_file, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.undo()  # with pictures
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)
    plan = tiny(points_file, seeds=[0], optimizers=["sgd"])
    records = run_study(plan, tmp_path / "s", Inline(), tensorboard=True)
    events = EventAccumulator(str(tmp_path / "s" / "tensorboard" / plan.runs[0].name), {"images": 0}).Reload()
    distances = [(event.step, event.value) for event in events.Scalars("metrics/wasserstein2")]
    expected = list(zip(records[0].epochs.tolist(), records[0].metrics["wasserstein2"].tolist(), strict=True))
    assert distances == [(epoch, pytest.approx(value)) for epoch, value in expected]
    assert len(events.Scalars("losses/generator")) == 4 * 3
    assert [event.step for event in events.Images("training")] == records[0].epochs.tolist()
    assert len(events.Images("final")) == 1
    before = {path.name for path in (tmp_path / "s" / "tensorboard" / plan.runs[0].name).iterdir()}
    run_study(plan, tmp_path / "s", Inline(), tensorboard=True)
    assert {path.name for path in (tmp_path / "s" / "tensorboard" / plan.runs[0].name).iterdir()} == before


def test_tensorboard_is_asked_for_before_anything_is_made(points_file, tmp_path, monkeypatch):
    monkeypatch.setattr("ganatomy.errors.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"`tensorboard` needs an extra: pip install 'ganatomy\[tensorboard\]'"):
        run_study(tiny(points_file), tmp_path / "s", Inline(), tensorboard=True)
    assert not (tmp_path / "s").exists()


def test_from_python_it_is_one_call(points_file, tmp_path, monkeypatch):
    executor = Inline()
    monkeypatch.setattr("ganatomy.fitting.study.run.choose_executor", lambda *arguments: executor)
    records = compare(points_file, out=tmp_path / "s", recipe=TINY, objectives=["wgan"], train_size=300, seeds=[5])
    assert [(record.cell.optimizer, record.seed) for record in records] == [("rmsprop", 5), ("adam", 5), ("sgd", 5)]
    assert executor.made == [f"points-wgan-{name}-5e-05-seed5" for name in ("rmsprop", "adam", "sgd")]


def test_make_run_leaves_nothing_behind(points_file, tmp_path):
    run = tiny(points_file).choosing({"points"}).runs[0]
    outcome = make_run(Job(run, str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
    assert outcome.record["status"] == "finished"
    assert outcome.files["validation.csv"].startswith(b"epoch,wasserstein2,")
