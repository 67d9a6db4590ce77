"""Objectives that users write take part in studies like the built-in ones."""

import csv
import runpy
import sys
from pathlib import Path

import pytest

import ganatomy
from ganatomy import Objective
from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import OBJECTIVES
from ganatomy.fitting.study.executors.local import LocalProcesses
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.job import Job, make_run
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.run import run_study

EXAMPLE = Path(__file__).parents[3] / "examples" / "label_smoothing.py"
SMALL = {
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
    "penalties": {"clip": 0.1},
    "batch_size": 100,
    "snapshots": 2,
    "epochs": 2,
}
LIKE_BUILT_IN = """
from ganatomy.fitting.objectives.catalogue import Wasserstein
class Mine(Wasserstein):
    pass
"""


class Inline:
    """Makes jobs in this process, one after another."""

    width, shares_disk, device = 1, True, "cpu"

    def as_completed(self, work, jobs, told=None):
        yield from ((job, work(job)) for job in jobs)

    def close(self):
        pass


class Passed(Objective):
    """Least squares, as a class."""

    def discriminator_loss(self, real, fake):
        """Average what D minimises."""
        return ((real - 1).square() + fake.square()).mean(-1) / 2

    def generator_loss(self, real, fake):
        """Average what G minimises."""
        return (fake - 1).square().mean(-1) / 2


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments, **keywords: None)
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my objectives.py"
    path.write_text(LIKE_BUILT_IN)
    return f"{path}:Mine"


def small(points_file, objectives, **changes):
    settings = {"optimizers": ["rmsprop"], "seeds": [0], "train_size": 300, "recipe": SMALL}
    return plan_study(points_file, objectives=objectives, **{**settings, **changes})


@pytest.mark.usefixtures("_quick_processes")
def test_files_and_cells_take_part_in_processes_of_their_own(points_file, mine, notebook, tmp_path):
    notebook.run("from ganatomy.fitting.objectives.catalogue import LeastSquares\nimport torch")
    notebook.run("target = 0.5\ndef squared(x):\n    return torch.square(x)")
    notebook.run(
        "class First(LeastSquares):\n"
        "    def __init__(self, share):\n"
        "        self.share = share\n"
        "    def discriminator_loss(self, real, fake):\n"
        "        return (squared(real - self.share * target) + squared(fake)).mean(-1) / 2"
    )
    notebook.run("class Second(First):\n    label = 'of a cell'")
    plan = small(points_file, [mine, "wgan", notebook["Second"](2.0), "lsgan"])
    Path(mine.rpartition(":")[0]).unlink()  # the processes are sent its text
    records = run_study(plan, tmp_path / "s", LocalProcesses(1))
    assert [(record.status, record.reason) for record in records] == [("finished", "")] * 4
    by_name = {record.cell.objective: record for record in records}
    for own, built_in in (("Mine", "wgan"), ("Second(share=2.0)", "lsgan")):
        assert by_name[own].final == by_name[built_in].final
        assert by_name[own].metrics.keys() == by_name[built_in].metrics.keys()
    with open(tmp_path / "s" / "table.csv", newline="") as file:
        assert {row["objective"] for row in csv.DictReader(file)} == set(by_name)


def test_a_cell_that_uses_what_cannot_be_sent_is_fitted_here_and_refused_in_a_study(points, points_file, notebook):
    notebook.run("import torch\nfrom ganatomy.fitting.objectives.catalogue import LeastSquares\nshift = torch.ones(())")
    notebook.run(
        "class Mine(LeastSquares):\n"
        "    def discriminator_loss(self, real, fake):\n"
        "        return super().discriminator_loss(real - shift, fake)"
    )
    assert ganatomy.fit(points, notebook["Mine"], **SMALL).recipe.objective == "Mine"
    with pytest.raises(InputError, match=r"it uses shift, .* Tensor; define in its cell .* give FILE\.py:Mine$"):
        small(points_file, [notebook["Mine"]])


def test_a_class_and_an_instance_can_be_passed(points_file):
    runs = small(points_file, [Passed, "lsgan"]).runs
    outcomes = [make_run(Job(run)) for run in runs]
    assert runs[0].cell.objective == "Passed"
    assert outcomes[0].record["final"] == outcomes[1].record["final"]
    assert small(points_file, [Passed()]).runs[0].fingerprint == runs[0].fingerprint


def test_another_file_by_the_same_name_is_another_run(points_file, mine, tmp_path):
    folder = StudyFolder(tmp_path / "s")
    run_study(small(points_file, [mine]), folder.path, Inline())
    path = Path(mine.rpartition(":")[0])
    path.write_text(LIKE_BUILT_IN + "# changed\n")
    with pytest.raises(InputError, match="is of another study: its recipe, its objective or its points differ"):
        folder.admit(small(points_file, [mine]))


def test_a_study_file_runs_no_code(points_file, mine, tmp_path):
    path = Path(mine.rpartition(":")[0])
    path.write_text("raise SystemExit('this ran')")
    study = tmp_path / "study.toml"
    study.write_text(f"[[grid]]\nobjectives = ['{path.name}:Mine']\n")
    with pytest.raises(InputError, match=r"a study file runs no code; give it as `objectives=my objectives\.py:Mine`"):
        plan_study(points_file, recipe=study, train_size=300)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise OSError('no room')", "OSError"),
        ("class Mine: pass", "Mine is no subclass"),
        ("from ganatomy import Objective\nclass Nine(Objective): pass", "did you mean 'Nine'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_anything_is_planned(points_file, mine, text, words):
    Path(mine.rpartition(":")[0]).write_text(text)
    with pytest.raises(InputError, match=words):
        small(points_file, [mine])


def test_two_of_one_name_are_refused(points_file, mine, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(LIKE_BUILT_IN + "# another\n")
    with pytest.raises(InputError, match="two are called Mine"):
        small(points_file, [mine, f"{other}:Mine"])
    with pytest.raises(InputError, match="Mine is named twice"):
        small(points_file, [mine, mine])


def test_the_example_runs_and_compares_all(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ganatomy.fitting.study.run.choose_executor", lambda *arguments: Inline())
    monkeypatch.setattr("ganatomy.fitting.points.named.POINTS", 800)  # of which few are measured on
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "--epochs", "1", "--seeds", "1", "--out", str(tmp_path / "s")])
    runpy.run_path(str(EXAMPLE), run_name="__mp_main__")  # as the study's processes import it: nothing begins
    assert not (tmp_path / "s").exists()
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [name for name, *_ in rows] == ["SmoothedLeastSquares", *OBJECTIVES]
    assert all(float(distance) > 0 for _, _, distance, _ in rows)
    assert len(list((tmp_path / "s" / "runs").iterdir())) == len(rows)
