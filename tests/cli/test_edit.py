"""Editing by a label: what is measured is said, what is to be kept is taken out, and nothing is guessed."""

import json
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.attributes import choose
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.codes import Drawing
from ganatomy.latent.labels.card import Naming, shipped_labels, with_shipped_labels
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import painter

CARDS = Path(__file__).parents[2] / "src" / "ganatomy" / "latent" / "labels" / "cards"


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """Labels of a generator whose directions are known: brightness and warmth among them."""
    G = Planted(resolution=16).eval()
    naming = name_directions(G, sefa(G, 3), choose(["brightness", "warmth"]), n_codes=20, draws=16)
    assert naming.labels == ("brightness", None, "colour temperature")
    path = tmp_path_factory.mktemp("labels") / "labels.json"
    naming.save(path)
    return path


@pytest.fixture(autouse=True)
def _planted(monkeypatch, tmp_path):
    """Let every source be that generator, and do without the models of faces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganatomy.cli.options.open_source", lambda *_: types.SimpleNamespace(name="planted"))
    monkeypatch.setattr("ganatomy.generators.loading.build", lambda *_: Planted(resolution=16).eval())
    monkeypatch.setattr("ganatomy.latent.labels.keep.choose", lambda faces="auto": choose(faces=False))


def _changes(text):
    """Read the printed table: attribute -> the numbers in front of the intervals."""
    lines = [line.split("  ") for line in text.splitlines() if "(" in line]
    return {parts[0].strip(): [float(part.split()[0]) for part in parts[1:] if "(" in part] for parts in lines}


def test_more_of_a_label_is_more_of_it_and_what_is_kept_stays(cli, labels):
    result = cli("edit", "planted", "--label", "warmth", "--labels", labels, "--keep", "brightness", "--seeds", "0-3")
    assert result.code == 0, result.err
    changes = _changes(result.out)
    assert changes["colour temperature"][1] > 1
    assert abs(changes["brightness"][1]) < 0.25
    assert "linear" in next(line for line in result.out.splitlines() if line.startswith("brightness"))
    stem = Path("edits") / "planted_warmth_+2_seeds0-3_keep brightness"
    for path in (f"{stem}.png", f"{stem}_changes.png"):
        assert path in result.out
        with Image.open(path) as image:
            assert image.size[0] > 400
    less = _changes(cli("edit", "planted", "--label", "warmth", "--labels", labels, "--strength=-2").out)
    assert less["colour temperature"][0] < -1


def test_a_published_boundary_is_a_direction_like_any_other(cli, tmp_path, monkeypatch):
    G, seen = Planted(resolution=16).eval(), []
    np.save(tmp_path / "boundary.npy", 3 * sefa(G, 1).vectors.astype(np.float32))  # (1, W), of any length
    monkeypatch.setattr(
        "ganatomy.figures.pictures.samples.edit_figure", lambda before, after, *_, **__: seen.append(after)
    )
    monkeypatch.setattr("ganatomy.figures.pictures.samples.save_figure", lambda figure, path: None)
    result = cli("edit", "planted", "--directions", "boundary.npy", "--strength", "1.5", "--seeds", "0,1")
    assert result.code == 0, result.err
    expected = painter(G)(sefa(G, 1)[0].edit(Drawing(seeds=[0, 1]).codes(G).ws, 1.5))
    assert np.abs(seen[0].astype(int) - expected).max() <= 1
    assert "give that as SOURCE" in cli("edit", "--directions", "boundary.npy").refusal


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "say along what: --label smile, or --directions FILE"),
        (["--label", "smile", "--directions", "d.safetensors"], "say along what"),
        (["--directions", "d.safetensors", "--keep", "age"], "--keep goes with --label"),
        (["--label", "smile", "--labels", "LABELS"], "unknown label 'smile'"),
        (["--label", "warmth", "--labels", "LABELS", "--keep", "warmth"], "cannot be kept"),
        (["--label", "warmth", "--labels", "LABELS", "--keep", "brightnes"], "did you mean 'brightness'"),
        (["--label", "warmth"], "nobody has measured what the directions of 'planted' mean: run 'ganatomy directions"),
        (["--label", "warmth", "--labels", "nowhere.json"], "nowhere.json: no such file"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(cli, labels, contents, tmp_path, flags, words):
    flags = [str(labels) if flag == "LABELS" else flag for flag in flags]
    assert words in cli("edit", "planted", *flags).refusal
    assert not contents(tmp_path)


def test_an_unknown_label_lists_those_there_are(cli, labels):
    refusal = cli("edit", "planted", "--label", "smile", "--labels", labels).refusal
    assert "brightness" in refusal
    assert "colour temperature" in refusal


@pytest.mark.parametrize("path", sorted(CARDS.iterdir()), ids=lambda path: path.stem)
def test_shipped_labels_are_found_by_their_generator_and_hold_what_they_say(path):
    naming = Naming.load(path)
    assert path.stem == f"{naming.source}-{naming.method}"
    assert shipped_labels(naming.fingerprint).labels == naming.labels
    bare = replace(naming.directions, labels=(None,) * len(naming))
    assert with_shipped_labels(bare).labels == naming.labels
    assert with_shipped_labels(bare[::-1]).labels == naming.labels[::-1]
    elsewhere = replace(bare, layers=(0, 1)), replace(bare, fingerprint="f")
    assert all(with_shipped_labels(other).labels == bare.labels for other in elsewhere)
    assert naming.n_codes >= 200
    assert len(naming.directions) == len(naming)
    for meaning in naming:
        for name in meaning.main:
            assert abs(meaning[name].effect) >= 3 * meaning[name].null


def test_an_edit_of_no_strength_is_refused(cli, labels):
    assert "--strength 0 changes nothing" in cli("edit", "planted", "--label", "warmth", "--strength", "0").refusal


def test_it_says_that_the_label_itself_was_not_measured(cli, labels, monkeypatch):
    only = choose(["brightness"])
    monkeypatch.setattr("ganatomy.latent.labels.keep.choose", lambda faces="auto": only)
    done = cli("edit", "planted", "--label", "warmth", "--labels", labels, "--seeds", "0")
    assert done.code == 0, done.err
    assert "warmth itself was not measured: pip install" in done.out


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda card: card["vectors"][0].__setitem__(0, 10**400),
            "card.json: damaged, no JSON (a number of 401",
        ),
        (lambda card: card.__setitem__("vectors", [[0.0] * 12] * 3), "one is all zeros"),
        (lambda card: card.__setitem__("meanings", [3, 4, 5]), "damaged labels"),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(cli, labels, damage, words):
    card = json.loads(labels.read_text(encoding="utf-8"))
    damage(card)
    Path("card.json").write_text(json.dumps(card), encoding="utf-8")
    assert words in cli("edit", "planted", "--label", "warmth", "--labels", "card.json").refusal
