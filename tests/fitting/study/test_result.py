"""A study in Python: begun from arrays, gone on with, opened again, and shown as a line, a table or a picture."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.study.result import PICTURES, TABLES, Study

CELL = "`target` `objective` `optimizer` `lr` `variant`"
TINY = {
    "objective": "gan",
    "batch_size": 100,
    "snapshots": 6,
    "epochs": 6,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
}


class Inline:
    """Makes jobs in this process, and counts them."""

    width, shares_disk, device = 1, True, "cpu"

    def __init__(self):
        self.made = []

    def as_completed(self, work, jobs, told=None):
        for job in jobs:
            self.made.append(job.name)
            yield job, work(job)

    def close(self):
        pass


def conduct(patched, points, out, **changes):
    """Compare in this process, without pictures of single runs; return the study and the names of the runs made."""
    executor = Inline()
    patched.setattr("ganatomy.fitting.study.run.choose_executor", lambda *arguments: executor)
    patched.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
    settings = {"optimizers": ["rmsprop", "sgd"], "seeds": range(2), "train_size": 300, "recipe": TINY, "out": out}
    return ganatomy.compare(points, ["gan", "lsgan"], **{**settings, **changes}), executor.made


@pytest.fixture(scope="module")
def clouds(points):
    return {"array": points, "table": pd.DataFrame(2 * points, columns=["x", "y"])}


@pytest.fixture(scope="module")
def study(clouds, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        return conduct(patched, clouds, tmp_path_factory.mktemp("studies") / "mine")[0]


def test_a_study_is_the_sequence_of_its_runs(study):
    assert len(study) == 2 * 2 * 2 * 2
    assert {record.cell.target for record in study} == {"array", "table"}
    assert study[0] is next(iter(study))
    assert len(study[:3]) == 3


def test_the_page_says_that_it_was_begun_from_python_and_shows_the_call(study):
    page = study.report.read_text(encoding="utf-8")
    assert "This study was begun from Python." in page
    (shown,) = re.findall(r"<pre><code>(.*?)</code></pre>", page, re.S)
    assert "ganatomy.compare(" in shown
    assert "points/array.npy" in shown


def test_the_call_on_the_page_goes_on_with_the_study(study, tmp_path, monkeypatch, clouds):
    call = study._state["call"]
    elsewhere = shutil.copytree(study.path, tmp_path / "moved")
    made = []
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)  # it is drawn above
    with monkeypatch.context() as patched:
        executor = Inline()
        patched.setattr("ganatomy.fitting.study.run.choose_executor", lambda *arguments: executor)
        exec(call.replace(study.path.as_posix(), elsewhere.as_posix()), {})
        made += executor.made
    assert made == []
    more, made = conduct(monkeypatch, clouds, elsewhere, seeds=[0, 1, 2])
    assert {name[-5:] for name in made} == {"seed2"}
    assert len(more) == 24
    with pytest.raises(InputError, match="holds another study"):
        conduct(monkeypatch, {"array": clouds["array"] + 1}, elsewhere)


def test_points_given_as_arrays_are_kept_beside_the_runs(study, clouds):
    assert sorted(path.name for path in (study.path / "points").iterdir()) == ["array.npy", "table.npy"]
    assert np.array_equal(np.load(study.path / "points" / "table.npy"), clouds["table"].to_numpy())


def test_a_study_is_opened_again_as_it_was(study):
    again = Study.load(study.path)
    assert repr(again) == repr(study)
    assert [record.final for record in again] == [record.final for record in study]
    run = again.run(0)
    assert isinstance(run, Run)
    assert run.measurements["wasserstein2"].value == again[0].final["wasserstein2"]
    with pytest.raises(InputError, match="holds no study"):
        Study.load(study.path / "runs")


def test_it_is_one_short_line_to_look_at_and_a_notebook_shows_the_answer(study):
    assert re.fullmatch(
        r"Study\(array, table: 8 cells, 16 of 16 runs finished; best: \S.*, coverage \S+ \(real points \S+\), "
        r"fits with 0 of 2 seeds\)",
        repr(study),
    )
    assert len(repr(study)) < 150
    shown = study._repr_html_()
    assert shown.count("<tr>") == 9
    assert shown.count("data:image/png") == 1
    assert all(sentence.split(":")[0] in shown for sentence in study.answer("en"))


@pytest.mark.parametrize("name", TABLES)
def test_its_tables_are_data_frames(study, name):
    frame = study.to_frame(name)
    rows = {"snapshots": 16 * 7, "runs": 16, "cells": 8, "differences": 12, "claims": 0}
    assert len(frame) == {**rows, "tidy": 16 * len(study[0].final)}[name]
    file = {"snapshots": "table.csv", "tidy": "tidy.csv", "cells": "summary.csv"}.get(name)
    if file is not None:
        assert frame.columns.tolist() == pd.read_csv(study.path / file).columns.tolist()
    with pytest.raises(InputError, match="unknown table of a study 'cell'; did you mean 'cells'"):
        study.to_frame("cell")


def test_the_page_of_studies_names_the_columns_and_its_program_runs(study, monkeypatch, capsys, tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "studies.md").read_text("utf-8")
    told = dict(re.findall(r"^\| .*`(\w+)` \| [^|]+ \| (.*) \|$", page[page.index("## Tables") :], re.M))
    assert told.keys() == {*TABLES}
    for name in ("tidy", "differences", "claims"):
        named = re.findall(r"`(\w+)`", told[name].replace("the combination", CELL))
        assert named == study.to_frame(name).columns.tolist()
    for name in ("snapshots", "runs", "cells"):
        named = {word for word in re.findall(r"`([a-z]\w+)`", told[name]) if not word.startswith("real_")}
        assert named <= {*study.to_frame(name).columns}
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine").symlink_to(study.path)
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    space = {}
    exec(program, space)
    assert len(space["long"]) == 2 * 16 * 7
    assert r"\label{tab:mine}" in capsys.readouterr().out


def test_its_table_for_a_paper_is_in_its_folder(study):
    written = study.to_latex()
    assert (study.path / "summary.tex").read_text(encoding="utf-8") == written
    assert written.count("lsgan & rmsprop") == 2  # of either target
    assert r"\caption{Mine.}" in study.to_latex(["seconds"], target="array", caption="Mine.")


@pytest.mark.parametrize("picture", PICTURES)
def test_its_pictures_are_figures(study, picture):
    assert study.plot(picture).axes
    assert "table" in study.plot(picture, "table").get_suptitle()
    for wrong in ({"picture": "rank"}, {"target": "tables"}, {"at": "best", "picture": "matrix"}):
        with pytest.raises(InputError, match="unknown"):
            study.plot(**wrong)


def test_a_study_of_which_everything_failed_is_shown_too(points, tmp_path, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.study.job.run_fit", None)
    failed, _ = conduct(monkeypatch, points, tmp_path / "s", seeds=[0])
    assert repr(failed) == "Study(points: 4 cells, 0 of 4 runs finished)"
    assert "failed" in failed._repr_html_()
    with pytest.raises(InputError, match="nothing was measured"):
        failed.plot()
    with pytest.raises(InputError, match="failed: TypeError"):
        failed.run(0)
