"""Sets of directions: choosing among them, angles between them, whom they fit, and their file."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ganatomy.errors import InputError
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Direction, Directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import painter


def some(**changes):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    values = np.array([5.0, 3.0, 1.0])
    found = Directions(basis[:3], values, values / 10, "w", (1, 2), "sefa", "c" * 64, source="faces")
    return dataclasses.replace(found, **changes)


def spanning(*rows):
    rows = np.array(rows) / np.linalg.norm(rows, axis=1, keepdims=True)
    return some(vectors=rows, values=rows[:, 0], share=rows[:, 0], labels=(), names=())


def test_indexing_gives_directions_with_their_names():
    found = some(labels=("smile", None, None))
    assert found[0] == Direction(found.vectors[0], (1, 2), "w", "c" * 64)
    assert (found[0].label, found[0].name, found[-1].name, found[np.int64(1)].name) == (
        "smile",
        "sefa 0",
        "sefa 2",
        "sefa 1",
    )
    assert list(found) == [found[0], found[1], found[2]]
    assert len(found) == 3


def test_slices_keep_what_belongs_to_each():
    part = some(labels=("a", "b", "c"))[::-2]
    assert isinstance(part, Directions)
    assert (part.names, part.labels, part.values.tolist()) == (("sefa 2", "sefa 0"), ("c", "a"), [1.0, 5.0])
    assert part[0] == some()[2]
    assert (part.layers, part.space, part.source) == ((1, 2), "w", "faces")


@pytest.mark.parametrize("index", [3, -4, 99])
def test_an_index_out_of_range_says_what_there_is(index):
    with pytest.raises(InputError, match=f"no direction {index}: the indices are 0 to 2"):
        some()[index]


def test_an_empty_slice_is_refused():
    with pytest.raises(InputError, match="no direction is left of 3"):
        some()[3:]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": [1.0]}, "3 directions with 1 values"),
        ({"share": [1.0, float("nan"), 0.0]}, "the shares: there are NaN"),
        ({"labels": ("a",)}, "3 directions with 1 labels"),
        ({"names": ("a",)}, "3 directions with 1 names"),
        ({"vectors": 2 * np.eye(6)[:3]}, "length 1"),
        ({"vectors": np.zeros((0, 6))}, r"the vectors: shape \(0, 6\)"),
        ({"space": "w+"}, "unknown space"),
        ({"layers": ()}, "ascending index"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        some(**changes)


# --- angles ---


def test_angles_of_planes_turned_about_known_angles():
    turned = np.deg2rad([10.0, 70.0])
    a, b = (
        spanning([1, 0, 0, 0], [0, 1, 0, 0]),
        spanning([np.cos(turned[0]), 0, np.sin(turned[0]), 0], [0, np.cos(turned[1]), 0, np.sin(turned[1])]),
    )
    np.testing.assert_allclose(a.angles_to(b), [10, 70], atol=1e-12)
    np.testing.assert_allclose(b.angles_to(a), [10, 70], atol=1e-12)


def test_angles_do_not_depend_on_the_basis_of_a_subspace():
    random = np.random.default_rng(1)
    rows, other = random.normal(size=(2, 8)), spanning(*random.normal(size=(3, 8)))
    mixed = random.normal(size=(2, 2)) @ rows
    np.testing.assert_allclose(spanning(*rows).angles_to(other), spanning(*mixed).angles_to(other), atol=1e-10)
    assert spanning(*rows).angles_to(other).shape == (2,)


def test_small_angles_are_accurate():
    tilt = np.deg2rad(1e-10)  # its cosine is 1 in float64
    angle = spanning([1.0, 0.0]).angles_to(spanning([np.cos(tilt), np.sin(tilt)]))
    np.testing.assert_allclose(angle, 1e-10, rtol=1e-5)


def test_angles_to_another_training_are_allowed_but_not_to_another_space():
    assert some().angles_to(some(fingerprint="d" * 64)).max() < 1e-10
    with pytest.raises(InputError, match="of 6 coordinates in w and of 6 in z"):
        some().angles_to(some(space="z"))
    with pytest.raises(InputError, match="of 6 coordinates in w and of 2 in w"):
        some().angles_to(spanning([1.0, 0.0]))


# --- whom they fit ---


def generator(**changes):
    answers = {"space": "w", "w_dim": 6, "num_ws": 3, "fingerprint": "c" * 64, **changes}
    weights = answers.pop("fingerprint")
    return SimpleNamespace(**answers, fingerprint=lambda: weights)


def test_directions_fit_the_generator_that_they_were_found_in():
    some().check_fits(generator())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": "z"}, r"of 'faces' \(w, 6 coordinates, layers up to 2\).*this one \(z, 6 coord"),
        ({"w_dim": 512}, "512 coordinates"),
        ({"num_ws": 2}, "layers up to 1"),
        ({"fingerprint": "d" * 64}, r"found in 'faces' \(weights cccccccc\), not in this one \(weights dddddddd\)"),
    ],
)
def test_directions_of_another_generator_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        some().check_fits(generator(**changes))


# --- file ---


@pytest.fixture
def saved(tmp_path):
    some(labels=("smile ☺", None, None)).save(tmp_path / "found.safetensors")
    return tmp_path / "found.safetensors"


@pytest.mark.parametrize("name", ["found.safetensors", "found.json"])
def test_a_file_gives_the_directions_back(saved, name):
    found, original = Directions.load(saved.with_name(name)), some(labels=("smile ☺", None, None))
    for field in dataclasses.fields(Directions):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(original, field.name))


def test_a_slice_keeps_its_names_in_a_file(tmp_path):
    some()[1:].save(tmp_path / "part.json")
    assert Directions.load(tmp_path / "part.safetensors").names == ("sefa 1", "sefa 2")


def test_equal_directions_give_equal_bytes(saved, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    Directions.load(saved).save(again / saved.name)
    for suffix in (".safetensors", ".json"):
        assert (again / saved.name).with_suffix(suffix).read_bytes() == saved.with_suffix(suffix).read_bytes()


def test_the_json_can_be_read(saved):
    card = json.loads(saved.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["directions"][0] == {"name": "sefa 0", "label": "smile ☺", "value": 5.0, "share": 0.5}
    assert (card["vectors"], card["source"], card["layers"]) == ("found.safetensors", "faces", [1, 2])


def test_the_vectors_need_their_file(saved):
    saved.unlink()
    with pytest.raises(InputError, match=r"found\.safetensors: no such file; it holds the vectors"):
        Directions.load(saved.with_suffix(".json"))


@pytest.mark.parametrize("name", ["found", "found.pth", "found.npz"])
def test_other_names_are_refused(tmp_path, name):
    for act in (some().save, Directions.load):
        with pytest.raises(InputError, match=r"\.safetensors file with a \.json beside it"):
            act(tmp_path / name)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*choose a folder that exists"):
        some().save(tmp_path / "nowhere" / "found.safetensors")


def rewrite(path, arrays=None, **changes):
    """Write the file anew with other arrays or another header; None drops an entry."""
    card = {
        "format": "directions-1",
        "method": "sefa",
        "source": "",
        "space": "w",
        "layers": [1],
        "fingerprint": "c",
        "names": ["a", "b", "c"],
        "labels": [None] * 3,
        **changes,
    }
    card = {key: value for key, value in card.items() if value is not None}
    arrays = {**load_file(path), **(arrays or {})}
    kept = {key: value for key, value in arrays.items() if value is not None}
    save_file(kept, path, metadata={"ganatomy": json.dumps(card)})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b"<!doctype html>"), "not a safetensors file of directions"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "not a safetensors file of directions"),
        (lambda path: path.write_bytes(b""), "not a safetensors file of directions"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"F64", "\u202e".encode())), "not a safetensors file"),
        (lambda path: save_file({"layers.0.weight": np.ones(3)}, path), "holds 'no directions', this version reads"),
        (lambda path: save_file({}, path, metadata={"ganatomy": "{"}), "header is no JSON object"),
        (lambda path: save_file({}, path, metadata={"ganatomy": "[" * 100_000}), "header is no JSON object"),
        (lambda path: save_file({}, path, metadata={"ganatomy": "3"}), "header is no JSON object"),
        (lambda path: rewrite(path, format="directions-2"), "holds 'directions-2', this version reads directions-1"),
        (lambda path: rewrite(path, method=None), "damaged directions: method is missing"),
        (lambda path: rewrite(path, method=3), "method = 3: should be a valid string"),
        (lambda path: rewrite(path, labels=[1, 2, 3]), "labels.0 = 1: should be a valid string"),
        (lambda path: rewrite(path, names=["a"]), "3 directions with 1 names"),
        (lambda path: rewrite(path, layers=["0"]), "layers.0 = '0': should be a valid integer"),
        (lambda path: rewrite(path, layers=0), "damaged directions"),
        (lambda path: rewrite(path, space="q"), "unknown space 'q'"),
        (lambda path: rewrite(path, {"vectors": None}), "damaged directions: vectors are missing"),
        (lambda path: rewrite(path, {"vectors": np.full((3, 6), np.nan)}), "NaN or infinite"),
        (lambda path: rewrite(path, {"vectors": np.ones((3, 6))}), "length 1"),
        (lambda path: rewrite(path, {"values": np.ones(2)}), "3 directions with 2 values"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_on_one_line(saved, damage, said):
    damage(saved)
    with pytest.raises(InputError, match=said) as caught:
        Directions.load(saved)
    assert str(caught.value).startswith(str(saved))
    assert str(caught.value).isprintable()


# --- in a notebook ---


def test_they_are_one_line_and_a_table():
    found = Directions(np.eye(3)[:2], [3.0, 1.0], [0.75, 0.25], "w", (0, 1, 4), "sefa", "f", ("a < b", None), "faces")
    assert repr(found) == "Directions(2 by sefa in faces; w, layers 0:2,4; 1 labelled)"
    assert repr(found[0]) == "Direction(sefa 0: a < b; w, layers 0:2,4)"
    assert repr(found[1]) == "Direction(sefa 1; w, layers 0:2,4)"
    table = found._repr_html_()
    assert "<tr><th>0</th><td>sefa 0</td><td>a &lt; b</td><td>75.0%</td><td>3</td></tr>" in table
    assert table.count("<tr>") == 3
    many = Directions(np.eye(50), np.ones(50), np.ones(50) / 50, "w", (0,), "sefa", "f")
    assert "... and 20 more" in many._repr_html_()


def test_a_frame_has_a_row_a_direction():
    frame = Directions(np.eye(3)[:2], [3.0, 1.0], [0.75, 0.25], "w", (0,), "sefa", "f", ("smile", None)).to_frame()
    assert list(frame.columns) == ["name", "label", "share", "value"]
    assert frame["value"].tolist() == [3.0, 1.0]
    assert frame["label"][0] == "smile"


def test_a_plot_shows_the_code_moved_along_each_direction(monkeypatch):
    shown = []
    figure = "ganatomy.figures.pictures.traversals.direction_figure"
    monkeypatch.setattr(figure, lambda *given, **how: shown.append((*given, how)))
    G = Planted(resolution=16).eval()
    found = dataclasses.replace(sefa(G, 2), labels=("brightness", None))
    found.plot(G)
    found.plot(G, drawing=Drawing(seeds=[3]), strengths=[-1.0, 0.0, 0.5], language="en")
    (_, usual, how), (pictures, strengths, other) = shown
    assert usual.tolist() == [-2, -1, 0, 1, 2]
    assert how["rows"][0].startswith("0: brightness (")
    assert other["subtitle"] == "seed 3"
    assert pictures.shape == (2, 3, 16, 16, 3)
    ws = Drawing(seeds=[3]).codes(G).ws
    for k, direction in enumerate(found):
        for s, strength in enumerate(strengths):
            np.testing.assert_array_equal(pictures[k, s], painter(G)(direction.edit(ws, strength))[0])
    with pytest.raises(InputError, match="not in this one"):
        found.plot(Planted(resolution=16, seed=1).eval())
