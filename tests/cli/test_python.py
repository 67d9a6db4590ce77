"""Whatever the command line does, Python does: the same names, the same defaults, the same files but for times.

Of `sefa` and `directions` see `test_sefa` and `test_directions`, of `compare` the tests of studies.
"""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy
from ganatomy.cli.application import app
from ganatomy.files import strict_json

FUNCTIONS = {  # by verb: what does the same from Python
    "animate": ["animate"],
    "compare": ["compare"],
    "convert": ["convert"],
    "directions": ["survey"],
    "distributions": ["distributions"],
    "edit": ["draw", "edit_by_label", "paint", "save_pictures"],
    "evaluate": ["evaluate"],
    "fit": ["fit"],
    "recipes": ["recipes", "load_recipe"],
    "report": ["report"],
    "sample": ["draw", "paint", "save_pictures", "load", "project", "save_points"],
    "sefa": ["sefa", "survey"],
    "zoo": ["cards", "card", "fetch"],
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    shapes = {"input": (12, 16, 4, 4), "hidden": (16, 8, 4, 4), "last": (8, 3, 4, 4)}
    torch.save({f"{name}.weight": 0.3 * torch.randn(shape) for name, shape in shapes.items()}, "tiny.pth")


def test_every_verb_is_a_public_function_too():
    assert {command.name for command in app.registered_commands} == set(FUNCTIONS)
    assert {name for names in FUNCTIONS.values() for name in names} <= set(ganatomy.__all__)


@pytest.mark.parametrize("package", ["", ".fitting", ".generators", ".latent", ".attributes"])
def test_all_public_names_are_there_and_explained(package):
    module = importlib.import_module(f"ganatomy{package}")
    assert module.__all__
    for name in module.__all__:
        found = getattr(module, name)
        assert found.__doc__ or not callable(found), name
        assert dir(module).count(name) == 1


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="nothing"):
        ganatomy.nothing  # noqa: B018


def _without_times(files):
    """Leave out how long it took."""
    told = {name: content for name, content in files.items() if name not in ("summary.json", "checkpoint.pt")}
    summary = json.loads(files["summary.json"])
    times = [key for key in summary if key.startswith("seconds")]
    assert times
    return told, {key: value for key, value in summary.items() if key not in times}


def test_fit_and_animate_leave_the_same_files(cli, tiny, points_file, contents):
    assert cli("fit", points_file, *tiny, "--epochs", "2", "--seed", "3", "--out", "command").code == 0
    small = {"hidden": [8], "normalization": "none"}
    run = ganatomy.fit(
        points_file,
        seed=3,
        train_size=300,
        out="python",
        epochs=2,
        batch_size=100,
        snapshots=3,
        generator=small,
        discriminator={"hidden": [8]},
    )
    first, second = _without_times(contents(Path("command"))), _without_times(contents(Path("python")))
    assert first[1] == second[1]
    assert list(first[0]) == list(second[0])
    assert {name for name in first[0] if first[0][name] != second[0][name]} <= {"metrics.csv"}
    assert np.array_equal(
        run.sample(5, seed=1), ganatomy.FittedGAN.load("command/generator.safetensors").sample(5, seed=1)
    )
    assert cli("animate", "command", "--fps", "6").code == 0
    assert [path.name for path in ganatomy.animate("python", fps=6)] == ["animation.gif", "animation.mp4"]
    assert contents(Path("command"))["animation.gif"] == contents(Path("python"))["animation.gif"]


@pytest.mark.parametrize("reference", ["real.npy", "ring"])
def test_evaluate_measures_the_same(cli, reference):
    ring = ganatomy.distribution("ring")
    np.save("samples.npy", ring.sample(100, seed=1))
    np.save("real.npy", ring.sample(300, seed=2))
    told = json.loads(cli("evaluate", "samples.npy", reference, "--seed", "5", "--json").out)
    found = ganatomy.evaluate("samples.npy", reference, seed=5)
    assert told == json.loads(strict_json(found.to_dict()))
    assert found.size == 100


def test_recipes_distributions_and_cards_are_the_listed_ones(cli):
    for verb, names in (("recipes", ganatomy.recipes()), ("distributions", ganatomy.distributions())):
        listed = cli(verb).out
        assert all(re.search(rf"^{name}\b", listed, re.MULTILINE) for name in names)
    assert [card["name"] for card in json.loads(cli("zoo", "--json").out)] == list(ganatomy.cards())
    assert (
        cli("recipes", "literature", "--objective", "wgan").out == ganatomy.load_recipe("literature", "wgan").to_toml()
    )


def test_convert_writes_the_same_file(cli):
    assert cli("convert", "tiny.pth", "command.safetensors").code == 0
    ganatomy.convert("tiny.pth", "python.safetensors")
    assert Path("command.safetensors").read_bytes() == Path("python.safetensors").read_bytes()


def test_sample_shows_the_same_pictures(cli):
    assert cli("sample", "tiny.pth", "-n", "4", "--seed", "3", "--out", "command.png").code == 0
    G = ganatomy.load("tiny.pth")
    samples = ganatomy.draw(G, n=4, seed=3)
    pictures = ganatomy.paint(G, samples.ws)
    assert pictures.shape == (4, 16, 16, 3)
    assert pictures.dtype == np.uint8
    ganatomy.save_pictures(pictures, "python.png", titles=samples.names, title="tiny: 4 samples of seed 3")
    assert Path("command.png").read_bytes() == Path("python.png").read_bytes()


def test_edit_shows_the_same_pictures(cli):
    G = ganatomy.load("tiny.pth")
    found = ganatomy.sefa(G, k=3)
    found.save("found.safetensors")
    command = ("edit", "tiny.pth", "--directions", "found.safetensors", "--index", "1", "--strength", "1.5")
    assert cli(*command, "--seeds", "3,7", "--out", "command.png").code == 0
    samples = ganatomy.draw(G, seeds=[3, 7])
    before, after = ganatomy.paint(G, samples.ws), ganatomy.paint(G, found[1].edit(samples.ws, 1.5))
    title = "tiny, direction 1, strength +1.5"
    ganatomy.save_pictures(after, "python.png", before=before, titles=samples.names, title=title)
    assert Path("command.png").read_bytes() == Path("python.png").read_bytes()


def test_report_writes_the_same_page(cli, finished):
    page = finished.folder.parent / "command.html"
    assert cli("report", finished.folder, "--out", page).code == 0
    ganatomy.report([finished.folder], finished.folder.parent / "python.html")
    assert page.read_bytes() == page.with_name("python.html").read_bytes()
