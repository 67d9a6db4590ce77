"""Edits to look at: the same pages from Python as from the command line."""

import types
from pathlib import Path

import pytest

from ganatomy.attributes import choose
from ganatomy.errors import InputError
from ganatomy.figures.pictures.samples import save_pictures
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.codes import Drawing, draw
from ganatomy.latent.editing import save_edit
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.keep import edit_by_label
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import paint


@pytest.fixture(scope="module")
def G():
    return Planted(resolution=16).eval()


@pytest.fixture
def _planted(G, monkeypatch, tmp_path):
    """Let every source be that generator, and do without the models of faces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganatomy.cli.options.open_source", lambda *_: types.SimpleNamespace(name="planted"))
    monkeypatch.setattr("ganatomy.generators.loading.build", lambda *_: G)
    monkeypatch.setattr("ganatomy.latent.labels.keep.choose", lambda faces="auto": choose(faces=False))


@pytest.mark.usefixtures("_planted")
def test_python_leaves_the_files_of_the_command(G, cli, contents):
    found = sefa(G, 3)
    labels = name_directions(G, found, choose(["brightness", "warmth"]), n_codes=20, draws=16)
    found.save("d.safetensors")
    labels.save("labels.json")
    labels = Naming.load("labels.json")  # which holds 6 decimals
    along = ["--directions", "d.safetensors", "--index=-2", "--strength", "1.5", "--psi", "1"]
    named = ["--label", "warmth", "--labels", "labels.json", "--keep", "brightness", "--seeds", "3,5"]
    for flags, expected in ((along, ["a.png"]), (named, ["a.png", "a_changes.png"])):
        here, there = Path(flags[0].strip("-"), "command"), Path(flags[0].strip("-"), "python")
        assert cli("edit", "planted", *flags, "--out", here / "a.png").code == 0
        if flags is along:
            written = save_edit(G, found, there / "a.png", index=-2, strength=1.5, drawing=Drawing(seeds=range(8)))
        else:
            drawing = Drawing(seeds=[3, 5])
            edit = edit_by_label(G, "warmth", keep=["brightness"], labels=labels, drawing=drawing)
            written = save_edit(G, edit, there / "a.png", drawing=drawing)
        assert [path.name for path in written] == expected
        assert contents(here) == contents(there)
        assert len(contents(here)) == len(expected)


@pytest.mark.usefixtures("_planted")
def test_samples_from_python_are_those_of_the_command(G, cli, contents):
    assert cli("sample", "planted", "-n", "5", "--seed", "3", "--size", "16", "--out", "command/a.png").code == 0
    samples = draw(G, 5, 3)
    title = "planted: 5 samples of seed 3"
    save_pictures(paint(G, samples.ws, size=16), "python/a.png", titles=samples.names, title=title)
    assert contents(Path("command")) == contents(Path("python"))


def test_what_does_not_fit_is_refused_before_anything_is_written(G, tmp_path):
    found = sefa(G, 2)
    for edit, how, said in (
        (sefa(Planted(resolution=16, seed=1).eval(), 2), {}, "not in this one"),
        (found, {"index": 2}, "there is no direction 2"),
        (found, {"drawing": Drawing(psi=0.5)}, "no mean code"),
        (found, {"language": "fr"}, "unknown language"),
    ):
        with pytest.raises(InputError, match=said):
            save_edit(G, edit, tmp_path / "new" / "a.png", **how)
    assert not list(tmp_path.iterdir())
