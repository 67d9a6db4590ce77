"""What ganatomy made, given to a verb that wants another thing: each says in one line what it is, and what to do."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.latent.survey.run import FilmFolder, SurveyFolder


@pytest.fixture(scope="module")
def _things(finished, tmp_path_factory):
    """A folder with a run, its model alone, a study of that run, a film, a survey, and a generator of our own."""
    home = tmp_path_factory.mktemp("things")
    shutil.copytree(finished.folder, home / "run")
    shutil.copy(home / "run" / "generator.safetensors", home / "model.safetensors")
    for name, kind in (("study", StudyFolder), ("film", FilmFolder), ("survey", SurveyFolder)):
        with kind(home / name).claim("abc"):
            (home / name / "summary.json").write_text('{"name": "faces"}')
    shutil.copytree(finished.folder, home / "study" / "runs" / "one")
    card = json.dumps({"format": "generator-1"})
    safetensors.numpy.save_file({"w": np.zeros(2)}, home / "G.safetensors", metadata={"ganatomy": card})
    np.save(home / "points.npy", np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(home)
        yield


GENERATOR = {
    "study": "study is a study of 'ganatomy compare'; give one of its runs, such as study/runs/one",
    "film": "film is a folder of 'ganatomy sefa', and no generator; give the one that it is of, faces",
    "survey": "survey is a folder of 'ganatomy directions', and no generator; give the one that it is of, faces",
}
PICTURES = {
    **GENERATOR,
    "run": "run is a run of 'ganatomy fit', which makes points and no pictures; 'ganatomy sefa run' finds",
    "run/generator.safetensors": "makes points and no pictures; 'ganatomy sefa run' finds",
    "model.safetensors": "makes points and no pictures; 'ganatomy sample model.safetensors' writes some",
}
POINTS = {
    "run": "run is a run of 'ganatomy fit', and holds no points; 'ganatomy sample run --out samples.csv' writes some",
    "model.safetensors": "and holds no points; 'ganatomy sample model.safetensors --out samples.csv' writes some",
    "study": "'ganatomy sample study/runs/one --out samples.csv' writes those of one of its runs",
    "film": "film is a folder of 'ganatomy sefa'; give a file of points",
    "survey": "survey is a folder of 'ganatomy directions'; give a file of points",
    "G.safetensors": "G.safetensors is a generator of pictures; give a file of points",
}
RUN = {
    "study": "study is a study of 'ganatomy compare'; give one of its runs, such as study/runs/one",
    "run/generator.safetensors": "is the model of a run of 'ganatomy fit'; give the run's folder, run",
    "film": "film is a folder of 'ganatomy sefa'; 'ganatomy report film' shows it",
    "survey": "survey is a folder of 'ganatomy directions'; 'ganatomy report survey' shows it",
    "G.safetensors": "is a generator of pictures; 'ganatomy sefa G.safetensors' finds its directions",
}
WRONG = {
    "sample {}": GENERATOR,
    "sefa {}": {name: line for name, line in RUN.items() if "safetensors" not in name},
    "directions {}": PICTURES,
    "edit {} --label smile": PICTURES,
    "convert {} new.safetensors": PICTURES,
    "edit G.safetensors --directions {}": {
        "run": "'ganatomy sefa run' finds its directions",
        "film": "film is a folder of 'ganatomy sefa'; give its directions.safetensors",
        "survey": "survey is a folder of 'ganatomy directions'; give its directions-METHOD.safetensors",
        "G.safetensors": "is a generator of pictures; 'ganatomy sefa G.safetensors' finds its directions",
    },
    "evaluate {} points.npy": POINTS,
    "evaluate points.npy {}": POINTS,
    "fit {} --dry-run": POINTS,
    "compare {} --dry-run": POINTS,
    "animate {}": RUN,
    "report {} --out page.html": {
        "run/generator.safetensors": "is the model of a run of 'ganatomy fit'; give the run's folder, run",
        "G.safetensors": "is a generator of pictures; 'ganatomy sefa G.safetensors' finds its directions",
    },
}


@pytest.mark.usefixtures("_things")
@pytest.mark.parametrize(("command", "given"), [(c, g) for c, expected in WRONG.items() for g in expected])
def test_it_is_named_and_the_one_thing_to_do_is_said(cli, command, given):
    assert WRONG[command][given] in cli(*command.format(given).split()).refusal.replace("\\", "/")


@pytest.mark.usefixtures("_things")
@pytest.mark.parametrize("source", ["run", "run/generator.safetensors", "study/runs/one", "model.safetensors"])
def test_what_is_said_can_be_done(cli, source, tmp_path):
    assert cli("sample", source, "--out", tmp_path / "samples.csv").code == 0
    assert cli("evaluate", tmp_path / "samples.csv", "points.npy", "--json").code == 0
    assert not Path("samples").exists()
