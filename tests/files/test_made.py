"""What ganatomy made is known by its mark, and where it is not what was wanted, the one thing to do is said."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from ganatomy.files import OwnedFolder, instead, kind_of, run_of
from ganatomy.files.made import MARKS
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.latent.survey.run import FilmFolder, SurveyFolder

FOLDERS: dict[str, type[OwnedFolder]] = {
    "run": RunFolder,
    "study": StudyFolder,
    "film": FilmFolder,
    "survey": SurveyFolder,
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with one thing of each kind, of which only the marks are there."""
    monkeypatch.chdir(tmp_path)
    for kind, folder in FOLDERS.items():
        with folder(kind).claim("abc"):
            pass
    for kind in ("film", "survey"):
        Path(kind, "summary.json").write_text('{"name": "faces"}')
    Path("run/summary.json").write_text("{}")
    for name in ("b", "a"):
        Path("study/runs", name).mkdir(parents=True)
    Path("study/runs/b/summary.json").write_text("{}")
    Path("run/directions").mkdir()
    for name in ("flows.png", "directions.safetensors"):
        Path("run/directions", name).touch()
    for path, mark in (("run/generator", "fitted-gan-1"), ("model", "fitted-gan-1"), ("G", "generator-1")):
        _write(Path(f"{path}.safetensors"), mark)
    _write(Path("found.safetensors"), "directions-1")
    return tmp_path


def _write(path, mark):
    safetensors.numpy.save_file({"w": np.zeros(2)}, path, metadata={"ganatomy": json.dumps({"format": mark})})


def test_each_mark_is_that_of_its_kind():
    assert {folder.mark_name: kind for kind, folder in FOLDERS.items()} == MARKS


@pytest.mark.usefixtures("home")
def test_kinds_are_told_and_a_run_by_its_model_too():
    assert [kind_of(kind) for kind in FOLDERS] == [*FOLDERS]
    files = ("run/directions", "run/generator.safetensors", "model.safetensors", "G.safetensors", "found.safetensors")
    assert [kind_of(path) for path in files] == ["flows", "model", "model", "generator", "directions"]
    assert run_of("run") == run_of("run/generator.safetensors") == Path("run")
    assert [run_of(path) for path in ("model.safetensors", "study", "nowhere", "G.safetensors")] == [None] * 4


ADVICE = {
    (
        "run",
        "generator",
    ): "run is a run of 'ganatomy fit', which makes points and no pictures; 'ganatomy sefa run' finds",
    ("run", "directions"): "makes points and no pictures; 'ganatomy sefa run' finds its directions",
    ("run", "points"): "run is a run of 'ganatomy fit', and holds no points; 'ganatomy sample run --out samples.csv'",
    ("run", "study"): "run is a run of 'ganatomy fit' alone; ganatomy.load opens it",
    ("run/generator.safetensors", "run"): "is the model of a run of 'ganatomy fit'; give the run's folder, run",
    ("run/generator.safetensors", "result"): "is the model of a run of 'ganatomy fit'; give the run's folder, run",
    ("run/generator.safetensors", "generator"): "'ganatomy sefa run' finds its directions",
    ("model.safetensors", "generator"): "makes points and no pictures; 'ganatomy sample model.safetensors' writes some",
    ("study", "generator"): "study is a study of 'ganatomy compare'; give one of its runs, such as study/runs/b",
    ("study", "run"): "study is a study of 'ganatomy compare'; give one of its runs, such as study/runs/b",
    ("study", "points"): "'ganatomy sample study/runs/b --out samples.csv' writes those of one of its runs",
    ("study", "result"): "study is a study of 'ganatomy compare' that is not finished",
    ("film", "generator"): "a folder of 'ganatomy sefa', and no generator; give the one that it is of, faces",
    ("survey", "generator"): "a folder of 'ganatomy directions', and no generator; give the one that it is of, faces",
    ("film", "run"): "film is a folder of 'ganatomy sefa'; 'ganatomy report film' shows it",
    ("film", "directions"): "give its directions.safetensors",
    ("survey", "directions"): "give its directions-METHOD.safetensors",
    ("run/directions", "run"): "is what 'ganatomy sefa' found in a run; give the run itself, run",
    ("G.safetensors", "run"): "is a generator of pictures; 'ganatomy sefa G.safetensors' finds its directions",
    ("G.safetensors", "points"): "is a generator of pictures; give a file of points",
    ("found.safetensors", "generator"): "'ganatomy edit --directions found.safetensors' moves codes along them",
}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("path", "wanted"), ADVICE)
def test_the_one_thing_to_do_is_said(path, wanted):
    error = instead(path, wanted)
    assert error is not None
    assert ADVICE[path, wanted] in str(error)


@pytest.mark.usefixtures("home")
def test_of_what_is_wanted_or_nobody_s_nothing_is_said():
    wanted = [("run", "run"), ("run", "result"), ("film", "result"), ("study", "study"), ("G.safetensors", "generator")]
    assert [instead(path, want) for path, want in wanted] == [None] * 5
    for content in (b"", b"\xff" * 99, b"\x10\0\0\0\0\0\0\0" + b"[" * 16, (1 << 40).to_bytes(8, "little")):
        Path("other.safetensors").write_bytes(content)
        assert kind_of("other.safetensors") is None
        assert instead("other.safetensors", "points") is None
    assert [instead(path, "run") for path in (".", "nowhere", "nul\0byte", "n" * 5000)] == [None] * 4
