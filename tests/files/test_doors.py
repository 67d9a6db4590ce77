"""Every table that this package wrote and reads again, changed in every place: an answer, or a refusal in a line."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest
import tomli_w
from safetensors.numpy import save_file

from attacks.tables import RECORD, STUDY, as_json, mutations, write_study
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError
from ganatomy.files import printable
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.report import write_report
from ganatomy.fitting.study.result import TABLES, Study
from ganatomy.generators.zoo import cards as zoo
from ganatomy.languages import LANGUAGES, Words
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.meanings import Meaning, Response
from ganatomy.pages.results import part_of

MOST = 80  # changes of a kind, drawn by a seed; all of them took nobody by surprise
TRAIT = Trait("yaw", {"en": "turn of the head"}, "degrees", "pose", "geometry", {"en": "right"}, {"en": "left"})
OTHER = Trait("smile", {}, "", "expression", "geometry", {}, {})
RESPONSES = (
    Response(TRAIT, 20, 0.9, (0.8, 1.0), 0.9, 0.9, 0.1, 0.2, 9.0),
    Response(OTHER, 20, 0.2, (0.1, 0.3), 0.6, 0.9, 0.1, 0.2, 2.0),
)
MEANINGS = (Meaning("sefa 0", (-2.0, 2.0), RESPONSES, ("yaw",), 3.0), Meaning("sefa 1", (-2.0, 2.0), RESPONSES))
PLACE = {"space": "z", "layers": (0,), "fingerprint": "f00", "method": "sefa", "source": "a generator"}
LABELS = Naming(MEANINGS, (TRAIT, OTHER), np.eye(2), **PLACE, n_codes=20, draws=16, seed=0, missing={"smile": 1})
DIRECTIONS = {"format": "directions-1", **PLACE, "layers": [0], "names": ["a", "b"], "labels": ["pose", None]}
METRIC = {"value": 0.3, "floor": 0.1, "floor_spread": 0.01, "ratio": 3.0}
SUMMARY = {
    "objective": "gan",
    "field_label": "D",
    "optimizer": "sgd",
    "recipe": "course",
    "seed": 0,
    "epochs": 9,
    "train_size": 300,
    "heldout_size": 100,
    "seconds_training": 1.5,
    "versions": {"run_folder": 1, "torch": "2"},
    "metrics": {"wasserstein2": METRIC, "recall": {**METRIC, "ratio": None}},
}
FILM = {"name": "faces", "method": "sefa", "share": [0.2, 0.1], "labels": ["pose", None]}
FILM["effects"] = [{"ratio": 2.0, "consistency": 0.5}] * 2
ROW = {"name": "sefa 0", "label": "pose", "ratio": 2.0, "consistency": None}
SURVEY = {"name": "faces", "methods": ["sefa", "random"], "directions": [ROW, ROW]}
PINNED = {"name": "https://example.org/G.pth", "source": "https://example.org/G.pth", "sha256": "a" * 64, "size": 9}
PINNED["hash_from"] = "pinned"
RECIPE = {"name": "mine", "epochs": 5, "optimizer": {"name": "adam", "lr": 0.1, "options": {"betas": [0.5, 0.9]}}}
RECIPE |= {"generator": {"hidden": [8, 8]}, "for": {"gan": {"epochs": 9}}, "penalties": {"gradient": 1.0}}
GRID = {"objectives": ["gan"], "optimizers": ["sgd"], "lrs": [0.1], "vary": {"epochs": [3, 4], "name": ["a", "b"]}}
FILE = {"recipe": "course", "targets": ["ring"], "seeds": [0, 1], "set": {"batch_size": 100}, "grid": [GRID]}
FILE |= {"claim": STUDY["claims"], "train_size": 7000}


def _parts(folder):
    return [part_of(folder, "a", Words(language, "index")) for language in LANGUAGES]


def _labels(path, content):
    path.write_text(content, encoding="utf-8")
    found = Naming.load(path)
    shown = [found._repr_html_(), repr(found), found.to_frame(), json.dumps(found.to_dict(), allow_nan=False)]
    shown += [meaning.text(language) + meaning.plus(language) for meaning in found for language in LANGUAGES]
    for use in (lambda: found.labelled(found.directions), lambda: found.find("pose")):
        _answered(use)
    return shown


def _directions(path, content):
    arrays = {"vectors": np.eye(2), "values": np.ones(2), "share": np.full(2, 0.5)}
    save_file(arrays, path.with_suffix(".safetensors"), metadata={"ganatomy": content})
    found = Directions.load(path.with_suffix(".safetensors"))
    _answered(lambda: found.check_fits(SimpleNamespace(space="z", w_dim=2, num_ws=1, fingerprint=lambda: "f00")))
    return found._repr_html_(), found.to_frame(), found[0] + found[1], found.save(path.with_suffix(".json"))


def _run(path, content):
    folder = RunFolder(path.parent)
    (path.parent / folder.mark_name).touch()
    (path.parent / "summary.json").write_text(content)
    _answered(lambda: _parts(path.parent))
    return json.dumps(folder.read_summary(), allow_nan=False)


def _page(path, content):
    (path.parent / "summary.json").write_text(content)
    return _parts(path.parent)


def _page_of_labels(path, content):
    (path.parent / "summary.json").write_text(json.dumps(SURVEY))
    (path.parent / "labels-sefa.json").write_text(content)
    return _parts(path.parent)


def _used(folder):
    _answered(lambda: StudyFolder(folder).require(PLAN))
    _answered(lambda: _parts(folder))
    found = Study.load(folder)
    shown = [repr(found), *(found.answer(language) for language in LANGUAGES), *map(found.table, TABLES)]
    return shown, StudyFolder(folder).missing(PLAN), write_report(folder)


def _study(path, content):
    (path.parent / "study.json").write_text(content)
    return _used(path.parent)


def _record(path, content):
    (path.parent / "runs" / "a-run" / "record.json").write_text(content)
    return _used(path.parent)


def _zoo(path, content):
    folder = zoo.entry_of(zoo.card("eyes")).folder.parents[1] / "addresses" / "a"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "G.pth.json").write_text(content)
    return zoo.verify()


def _recipe(path, content):
    path.write_text(content, encoding="utf-8")
    recipe = load_recipe(path)
    return repr(recipe), load_recipe(path, "gan").to_toml(), json.dumps(recipe.model_dump())


def _study_file(path, content):
    path.write_text(content, encoding="utf-8")
    plan = plan_study(recipe=path)
    return plan.name.encode(), [run.name.encode() + run.fingerprint.encode() for run in plan.runs]


PLAN = plan_study("zigzag", seeds=[0], objectives=["gan"], optimizers=["sgd"])
KINDS = {
    "labels": (LABELS.to_dict(), _labels),
    "directions": (DIRECTIONS, _directions),
    "run": (SUMMARY, _run),
    "film": (FILM, _page),
    "survey": (SURVEY, _page),
    "labels on a page": (LABELS.to_dict(), _page_of_labels),
    "study": (STUDY, _study),
    "record": (RECORD, _record),
    "zoo": (PINNED, _zoo),
}
TOML = {"recipe": (RECIPE, _recipe), "study file": (FILE, _study_file)}


def _answered(use, *arguments) -> str:
    """Return "" where there is an answer, else the refusal, which is one line for people."""
    said = ""
    try:
        use(*arguments)
    except InputError as error:
        said = str(error)
    assert said == printable(said, 1000)
    return said


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A path in a folder with a study in it, and drawing left out, which takes most of the time."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ganatomy.fitting.study.pictures.Artist._saved", lambda *arguments: None)
    monkeypatch.setattr("ganatomy.fitting.study.pictures.Artist._matrix", lambda *arguments: [])
    monkeypatch.setattr("ganatomy.fitting.study.pictures.Artist.draw", lambda *arguments: [])
    return tmp_path


@pytest.mark.parametrize("kind", [*KINDS, *TOML])
def test_a_table_that_is_changed_anywhere_gives_an_answer_or_a_line(place, kind):
    plain, use = {**KINDS, **TOML}[kind]
    folder = place / "s"
    if kind in ("study", "record"):
        write_study(folder)
    else:
        folder.mkdir()
    write, path = (tomli_w.dumps, folder / "a.toml") if kind in TOML else (as_json, folder / "a.json")
    assert _answered(use, path, write(plain)) == ""
    changed = mutations(plain)
    refused = 0
    for other in random.Random(0).sample(changed, min(MOST, len(changed))):
        try:
            content = write(other)
        except TypeError:  # TOML has no null
            continue
        refused += bool(_answered(use, path, content))
    assert refused or kind == "zoo"
    assert {entry.name for entry in place.iterdir()} <= {"s", "cache"}
