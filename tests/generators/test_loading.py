"""From a source to a generator: what its card and its file say, and our own format."""

import hashlib
import importlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load as read_safetensors
from safetensors.torch import save_file

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import write_checkpoint
from ganatomy.generators.loading import build, convert, load, open_checkpoint
from ganatomy.generators.zoo import cards as zoo

CARD = {
    "name": "tiny",
    "title": "a test",
    "family": "dcgan",
    "resolution": 16,
    "sources": [
        {"kind": "local", "path": "checkpoints/tiny.pth"},
        {"kind": "https", "url": "https://example.org/t.pth"},
    ],
    "licence": "MIT",
    "licence_note": "",
    "author": "A. Author",
    "trained_on": "noise",
    "citation": "A. Author (2026)",
    "status": "unchecked",
    "strength_range": [-3.0, 3.0],
}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Work in an empty folder, cache included."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def carded(foreign, monkeypatch):
    """Make a zoo of one card, with changes, and its person's own file."""

    def make(**changes):
        monkeypatch.setattr(zoo, "_all_cards", lambda: {"tiny": zoo.Card(**CARD | changes)})
        Path("checkpoints").mkdir(exist_ok=True)
        torch.save(foreign.dcgan().state_dict(), "checkpoints/tiny.pth")

    return make


@pytest.mark.parametrize("kind", ["genforce", "zoo", "dcgan"])
def test_loading_builds_the_network_of_the_file(kind, foreign):
    torch.save(foreign.dcgan().state_dict() if kind == "dcgan" else getattr(foreign, kind)(), "some.pth")
    G, checkpoint = load(Path("some.pth")), open_checkpoint("some.pth")
    assert (G.family, G.name, checkpoint.name) == (checkpoint.family, "some", "some")
    told = ("facts", "strength_range", "truncation")
    for name in ("space", "z_dim", "w_dim", "edit_dim", "num_ws", "resolution", "classes", *told):
        assert getattr(G, name) == getattr(checkpoint, name), name
    assert G.fingerprint() == checkpoint.fingerprint()
    assert np.array_equal(G.style_weights(), checkpoint.style_weights())
    assert torch.equal(build(checkpoint)(G.draw(1)), G(G.draw(1)))
    assert next(G.parameters()).device == torch.device("cpu")


def test_opening_a_checkpoint_imports_no_torch(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    code = "import sys; from ganatomy.generators.loading import convert, open_checkpoint as o; "
    code += "o('some.pth').style_weights(); convert(o('some.pth'), 'b.safetensors'); "
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)


def test_in_a_notebook_each_is_one_line_without_weights(foreign):
    torch.save(foreign.stylegan2(), "some.pth")
    checkpoint, G = open_checkpoint("some.pth"), load("some.pth")
    assert repr(G) == "<StyleGAN2 some: 16 x 16 pixels, codes w (6, 7)>"
    assert repr(checkpoint) == "<Checkpoint some (StyleGAN2, genforce layout): 16 x 16 pixels, codes w (6, 7)>"
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    assert repr(load("some.pth", classes=2)) == "<DCGAN some: 16 x 16 pixels, codes z (1, 10), 2 classes>"
    assert all(len(repr(card).splitlines()) == 1 and len(repr(card)) < 200 for card in zoo.cards().values())
    assert repr(zoo.card("eyes")).startswith("<Card eyes: painted eyes, by colour, DCGAN, ")


def test_a_network_whose_picture_does_not_fit_is_not_built(foreign, monkeypatch):
    state = {f"{i}.weight": torch.zeros(64, 64, 4, 4) for i in range(11)} | {"11.weight": torch.zeros(64, 3, 4, 4)}
    torch.save(state, "tower.pth")
    assert open_checkpoint("tower.pth").resolution == 8192
    monkeypatch.setattr(importlib.import_module("ganatomy.files.budget"), "free_memory", lambda: 4 << 30)
    monkeypatch.setattr("ganatomy.generators.networks.DCGAN.from_weights", None)
    with pytest.raises(InputError, match=r"tower\.pth: .* 8192 pixels a side needs 16\.0 GiB of memory, and 4"):
        load("tower.pth")


# The file that was hashed is the file that is read


def _npz(state, path):
    with open(path, "wb") as file:
        np.savez(file, **{name: value.numpy() for name, value in state.items()})


def _plain(state, path):
    path.write_bytes(pickle.dumps(state))


def _legacy(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


WRITERS = {
    "safetensors": lambda state, path: save_file(state, path),
    "zip": torch.save,
    "legacy": _legacy,
    "npz": _npz,
    "pickle": _plain,
}


@pytest.fixture
def two(foreign):
    """Write two files of one layout and other numbers, by a kind of file; return their paths."""

    def write(kind):
        paths = Path("good.pth"), Path("evil.pth")
        for factor, path in enumerate(paths, 1):
            state = foreign.dcgan().state_dict()
            WRITERS[kind]({name: value * factor for name, value in state.items()}, path)
        return paths

    return write


@pytest.mark.skipif(os.name == "nt", reason="Windows replaces no file that is open")
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_swapped_after_it_was_hashed_is_not_read(kind, two):
    good, evil = two(kind)
    known, wanted = hashlib.sha256(good.read_bytes()).hexdigest(), open_checkpoint("good.pth").fingerprint()
    assert open_checkpoint("evil.pth").fingerprint() != wanted
    checkpoint = open_checkpoint("good.pth", sha256=known)
    evil.replace(good)
    assert build(checkpoint).fingerprint() == checkpoint.fingerprint() == wanted
    assert checkpoint.facts["sha256"] == known
    assert convert(checkpoint, "ours.safetensors").card["sha256"] == known
    assert open_checkpoint("ours.safetensors").fingerprint() == wanted


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_overwritten_after_it_was_hashed_is_refused(kind, two):
    good, evil = two(kind)
    wanted = open_checkpoint("good.pth").fingerprint()
    checkpoint = open_checkpoint("good.pth", sha256=hashlib.sha256(good.read_bytes()).hexdigest())
    good.write_bytes(evil.read_bytes())
    os.utime(good, ns=(1, 1))  # a clock of a file system may be too coarse to tell
    if kind in ("npz", "pickle"):  # so short a file of theirs was read whole
        assert checkpoint.fingerprint() == wanted
        return
    for read in (checkpoint.fingerprint, checkpoint.style_weights, lambda: build(checkpoint)):
        with pytest.raises(InputError, match=r"good\.pth was changed after it had been opened"):
            read()


def test_hundreds_of_checkpoints_may_be_open(two):
    two("safetensors")
    checkpoints = [open_checkpoint("good.pth") for _ in range(300)]
    assert len({checkpoint.style_weights().tobytes() for checkpoint in checkpoints}) == 1


def test_a_card_that_could_not_be_read_again_is_not_written(two):
    two("zip")
    with pytest.raises(InputError, match=r"the card of ours\.safetensors: licence = 5: should be a valid string"):
        write_checkpoint(open_checkpoint("good.pth"), "ours.safetensors", {"licence": 5})
    assert not Path("ours.safetensors").exists()


# Cards


def test_the_card_names_the_classes_and_says_whose_it_is(carded):
    carded(classes=["red", "green"])
    opened, G = open_checkpoint("tiny", say=lambda line: None), load("tiny")
    assert (G.classes, G.z_dim, G.name) == (("red", "green"), 8, "tiny")
    digest = hashlib.sha256(Path("checkpoints/tiny.pth").read_bytes()).hexdigest()
    told = {key: CARD[key] for key in ("name", "title", "author", "trained_on", "licence", "citation")}
    assert opened.facts == {**told, "sha256": digest, "source": "checkpoints/tiny.pth"}
    assert G.facts == opened.facts
    plain = load("checkpoints/tiny.pth")  # the file by its path has no card
    assert (plain.classes, plain.facts.keys()) == ((), {"name", "source", "sha256"})


def test_a_generator_keeps_the_strengths_of_its_card_and_else_of_its_family(carded):
    carded(strength_range=[-5.0, 4.0])
    assert load("tiny").strength_range == (-5.0, 4.0)
    assert load("checkpoints/tiny.pth").strength_range == (-2.0, 2.0)


@pytest.mark.parametrize(("kind", "truncation"), [("stylegan", (0.7, 8)), ("stylegan2", (0.7, 8)), ("genforce", None)])
def test_truncation_is_the_published_one_where_there_is_a_mean_code(kind, truncation, foreign):
    state = getattr(foreign, kind)()
    torch.save(state, "some.pth")
    assert load("some.pth").truncation == open_checkpoint("some.pth").truncation == truncation
    state.pop("truncation.w_avg", None)
    torch.save(state, "some.pth")
    assert load("some.pth").truncation is open_checkpoint("some.pth").truncation is None


@pytest.mark.parametrize(("classes", "names"), [(1, ("class 0",)), (["a", "b"], ("a", "b")), (0, ())])
def test_classes_that_are_given_win_over_the_cards(classes, names, carded):
    carded(classes=["red", "green"])
    assert load("tiny", classes=classes).classes == names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"resolution": 32},
            "is a dcgan of 16 pixels, the card 'tiny' says dcgan of 32; to use the file as it is, give",
        ),
        ({"family": "progan"}, "is a dcgan of 16 pixels, the card 'tiny' says progan of 16;"),
    ],
)
def test_a_file_that_contradicts_its_card_is_refused(changes, message, carded):
    carded(**changes)
    with pytest.raises(InputError, match=rf"checkpoints/tiny.pth {message}"):
        load("tiny")
    assert load("checkpoints/tiny.pth").resolution == 16


def test_a_given_hash_must_be_the_files(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    assert load("some.pth", sha256=hashlib.sha256(Path("some.pth").read_bytes()).hexdigest()).resolution == 16
    with pytest.raises(InputError, match=r"some\.pth: its sha256 is"):
        load("some.pth", sha256=64 * "0")


# Our own format


@pytest.mark.parametrize("kind", ["genforce", "zoo", "dcgan"])
def test_converting_keeps_the_network(kind, foreign):
    state = foreign.dcgan().state_dict() if kind == "dcgan" else getattr(foreign, kind)()
    torch.save({"generator": state}, "some.pth")
    convert(open_checkpoint("some.pth"), "ours.safetensors")
    G, again = load("some.pth"), load("ours.safetensors")
    assert torch.equal(again(G.draw(2)), G(G.draw(2)))
    assert (again.fingerprint(), again.name) == (G.fingerprint(), "some")


def test_a_converted_file_holds_floats_and_a_card_and_nothing_else(foreign):
    torch.save({"generator": foreign.dcgan().state_dict()}, "some.pth")
    opened = open_checkpoint("some.pth", classes=["red", "green"])
    convert(opened, "ours.safetensors")
    data = Path("ours.safetensors").read_bytes()
    values, length = read_safetensors(data), int.from_bytes(data[:8], "little")
    assert {value.dtype for value in values.values()} == {np.dtype(np.float32)}
    assert len(data) == 8 + length + sum(value.nbytes for value in values.values())
    header = json.loads(data[8 : 8 + length])
    card = json.loads(header.pop("__metadata__")["ganatomy"])
    assert header.keys() == values.keys() == opened.weights.keys()
    assert card == {
        "format": "generator-1",
        "family": "dcgan",
        "layout": "DCGAN",
        "classes": ["red", "green"],
        "resolution": 16,
        "z_dim": 8,
        "w_dim": 10,
        "name": "some",
        "source": "some.pth",
        "place": "generator",
        "sha256": hashlib.sha256(Path("some.pth").read_bytes()).hexdigest(),
    }
    assert load("ours.safetensors").classes == ("red", "green")


def test_a_card_goes_into_the_file_and_through_conversions(carded):
    carded(classes=["red", "green"])
    opened = open_checkpoint("tiny", say=lambda line: None)
    convert(opened, "ours.safetensors")
    ours = open_checkpoint("ours.safetensors")
    told = ("name", "title", "author", "trained_on", "licence", "citation")
    assert {key: ours.facts[key] for key in told} == {key: CARD[key] for key in told}
    assert (ours.name, ours.classes) == ("tiny", ("red", "green"))
    convert(ours, "again.safetensors")  # still says where the weights came from at first
    assert Path("again.safetensors").read_bytes() == Path("ours.safetensors").read_bytes()
    assert open_checkpoint("again.safetensors").card["sha256"] == opened.facts["sha256"]


def test_converting_to_another_format_is_refused(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    with pytest.raises(InputError, match=r"out\.pth: the format written is safetensors; let the name end in"):
        convert(open_checkpoint("some.pth"), "out.pth")
    assert not Path("out.pth").exists()


def test_converting_takes_a_source_and_makes_folders(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    made = convert("some.pth", "new/folder/ours.safetensors", classes=["red"])
    assert (made.path, made.name, made.classes) == (Path("new/folder/ours.safetensors"), "some", ("red",))
    assert made.fingerprint() == open_checkpoint("some.pth").fingerprint()
    again = convert(made, made.path)
    assert (again.card, again.fingerprint()) == (made.card, made.fingerprint())
    Path("file").touch()
    with pytest.raises(InputError, match="cannot write to file/in: Not a directory; choose another `out`"):
        convert("some.pth", "file/in/ours.safetensors")


def test_weights_that_are_not_finite_make_no_generator(foreign):
    state = foreign.genforce()
    state["layer3.bias"][1] = float("nan")
    torch.save(state, "some.pth")
    for use in (lambda: load("some.pth"), lambda: convert(open_checkpoint("some.pth"), "ours.safetensors")):
        with pytest.raises(InputError, match=r"some\.pth: layer3\.bias has 1 NaN or infinite weights of 6"):
            use()
    assert [path.name for path in Path().iterdir()] == ["some.pth"]


# Devices


def test_devices_by_name(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert next(load("some.pth", device="auto").parameters()).device.type == best
    assert next(load("some.pth", device=torch.device("cpu")).parameters()).device.type == "cpu"
    with pytest.raises(InputError, match=r"unknown device 'gpu'; .*Known: auto, cpu, cuda"):
        load("some.pth", device="gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_device_that_is_not_here_is_refused(foreign):
    torch.save(foreign.dcgan().state_dict(), "some.pth")
    with pytest.raises(InputError, match=r"device 'cuda' cannot be used here \(.*\); use cpu or auto"):
        load("some.pth", device="cuda")
