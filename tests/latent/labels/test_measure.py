"""Naming, on the generator of known factors with scorers that read each factor off the picture."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganatomy.attributes import Attribute, Trait
from ganatomy.errors import InputError
from ganatomy.generators.networks.planted import FACTORS, Planted
from ganatomy.latent.codes import Drawing
from ganatomy.latent.direction import Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.measure import in_batches, name_directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.progress import Silent


def factors_of(view):
    """Solve the planted generator's equations for its factors, (N, 6) in their order, up to scale and shift."""
    x = view.pictures / 255
    warmth = np.log(x[..., 0].mean(axis=(1, 2)) / x[..., 2].mean(axis=(1, 2)))
    light = x @ [0.2126, 0.7152, 0.0722]
    side = light.shape[1]
    axis = (np.arange(side) + 0.5) * (2 / side) - 1
    mean, middle = light.mean(axis=(1, 2)), slice(side // 2 - 2, side // 2 + 2)
    centre = light[:, middle, middle].mean(axis=(1, 2))
    top, bottom = light[:, :2][..., [0, -1]].mean(axis=(1, 2)), light[:, -2:][..., [0, -1]].mean(axis=(1, 2))
    border = (top + bottom) / 2
    contrast = (top - bottom) / (0.24 * -axis[:2].mean())  # the light falls by 0.24 from edge to edge
    behind = (border - centre) / contrast + 0.3  # 0.35 - 0.65 without what was added
    disc = (mean - border) / (centre - border)  # the disc's share of the picture
    position = (light * axis).mean(axis=(1, 2)) / (disc * (centre - border))
    bright = mean - (1 - disc) * (0.35 + behind) - 0.65 * disc
    return np.stack([bright, position, warmth, disc, behind, np.log(contrast)], axis=1)


def attribute(name, value, group=None):
    words = {"en": f"more {name}", "zh": "多"}, {"en": f"less {name}", "zh": "少"}
    return Attribute(Trait(name, {"en": name, "zh": f"字{name}"}, "", group or name, "a test", *words), value)


def factor(k):
    return attribute(FACTORS[k], lambda view: factors_of(view)[:, k])


ALL = tuple(factor(k) for k in range(len(FACTORS)))


@pytest.fixture(scope="module")
def planted():
    return Planted(z_dim=32, resolution=32).eval()


@pytest.fixture(scope="module")
def found(planted):
    return sefa(planted, 6, source="planted")


@pytest.fixture(scope="module")
def naming(planted, found):
    return name_directions(planted, found, ALL, n_codes=60)


def test_every_planted_direction_gets_its_label(planted, found, naming):
    assert naming.labels == FACTORS
    assert found[0].label is None
    for meaning in naming:
        assert meaning[meaning.main[0]].ratio > 4  # of at most sqrt(32) = 5.7
        assert max(meaning.leakage.values()) < 0.2


def test_the_sign_is_that_of_the_factor(planted, found, naming):
    truth = planted.directions.numpy()
    for k, name in enumerate(FACTORS):
        index, trait, sign = naming.find(name)
        assert (index, trait) == (k, name)
        assert sign * (found.vectors[k] @ truth[k]) > 0.99


def test_an_unplanted_direction_is_unnamed(planted, found):
    rest = np.random.default_rng(0).normal(size=(3, 32))
    truth = planted.directions.double().numpy()
    rest -= rest @ truth.T @ truth
    rest /= np.linalg.norm(rest, axis=1, keepdims=True)
    nothing = Directions(rest, [1, 1, 1], [0.1, 0.1, 0.1], "z", (0,), "random", found.fingerprint)
    naming = name_directions(planted, nothing, ALL, n_codes=30)
    assert naming.labels == (None, None, None)


def test_labels_are_found_again_in_another_order_and_sign(found, naming):
    order, signs = [3, 0, 5], np.array([[1], [-1], [1]])
    others = replace(found[:3], vectors=signs * found.vectors[order], names=("a", "b", "c"))
    assert naming.labelled(others).labels == tuple(FACTORS[k] for k in order)
    assert naming.of(others[1]) == replace(-naming[0], name="b")
    assert naming.of(others[0]).plus() == naming[3].plus()


def test_a_direction_that_was_not_measured_keeps_its_label(found, naming):
    vectors = (found.vectors[:2] + found.vectors[[1, 2]]) / np.sqrt(2)
    others = replace(found[:2], vectors=vectors, labels=("given", None))
    assert naming.labelled(others).labels == ("given", None)


def test_what_was_measured_is_shown_in_a_line_a_table_and_a_frame(found, naming):
    assert repr(naming).startswith(f"Naming({len(FACTORS)} of {len(found)} by {found.method} in ")
    assert repr(naming).endswith("; 60 codes)")
    frame = naming.to_frame()
    assert len(frame) == len(found) * len(naming.traits)
    row = frame[(frame["direction"] == naming[0].name) & (frame["trait"] == naming[0].main[0])].iloc[0]
    assert row["main"]
    assert row["effect"] == naming[0][naming[0].main[0]].effect
    assert naming._repr_html_().count("<tr>") == 1 + len(found)
    assert naming[0].text() in naming._repr_html_()


def test_labels_of_another_generator_are_refused(found, naming):
    with pytest.raises(InputError, match=r"measure its own[^\n]*$"):
        naming.labelled(replace(found, fingerprint="another"))
    with pytest.raises(InputError, match="measure its own"):
        naming.of(Direction(np.eye(16)[0], (0,), "z", found.fingerprint))


@pytest.mark.parametrize("label", ["size", " Size", "字size"])
def test_a_label_is_found_by_name_or_title(naming, label):
    assert naming.find(label)[:2] == (3, "size")


def test_a_label_that_no_direction_has_is_refused_with_those_there_are(naming):
    with pytest.raises(InputError, match=r"unknown label 'sise'; did you mean 'size'\? Known: brightness, .*contrast$"):
        naming.find("sise")
    nameless = replace(naming, meanings=tuple(replace(meaning, main=()) for meaning in naming))
    with pytest.raises(InputError, match="none of the 6 directions has a label"):
        nameless.find("size")


def test_of_several_directions_of_one_label_the_one_that_moves_it_most_is_found(naming):
    stronger = replace(naming[1], name="again")
    stronger = replace(stronger, responses=tuple(replace(r, effect=2 * r.effect) for r in stronger.responses))
    both = replace(
        naming, meanings=(*naming.meanings, stronger), vectors=np.vstack([naming.vectors, naming.vectors[1]])
    )
    assert both.find(FACTORS[1])[0] == 6


def test_a_card_survives_its_file(tmp_path, found, naming):
    naming.save(tmp_path / "labels.json")
    back = Naming.load(tmp_path / "labels.json")
    assert back.meanings == naming.meanings
    assert back.to_dict() == naming.to_dict()
    assert back.labelled(found).labels == FACTORS
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "labels-0"},
        {"vectors": [[1.0]]},
        {"traits": []},
        {"traits": [{"name": "a"}]},
        {"codes": "many"},
        {"meanings": 3},
        {"space": "y"},
        {"missing": None},
    ],
)
def test_damaged_cards_are_refused_in_one_line(tmp_path, naming, change):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({**naming.to_dict(), **change}), encoding="utf-8")
    with pytest.raises(InputError, match=r"labels.json: [^\n]*$"):
        Naming.load(path)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000])
def test_other_files_are_refused_in_one_line(tmp_path, text):
    path = tmp_path / "labels.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"labels.json: [^\n]*$"):
        Naming.load(path)
    with pytest.raises(InputError, match=r"no.json: [^\n]*$"):
        Naming.load(tmp_path / "no.json")


def test_a_card_is_a_json_file(tmp_path, naming):
    with pytest.raises(InputError, match=r"\.json file"):
        naming.save(tmp_path / "labels.txt")


def test_pictures_without_a_score_are_left_out_and_counted(planted, found):
    def sometimes(view):
        scores = factors_of(view)[:, 1]
        return np.where(factors_of(view)[:, 2] > 0.1, np.nan, scores)  # no score for blue pictures

    naming = name_directions(planted, found[:2], [attribute("position", sometimes), ALL[0]], n_codes=120)
    assert 0 < naming.missing["position"] < 100
    assert naming.missing["brightness"] == 0
    response = naming[1]["position"]
    assert response.n_codes == 120 - naming.missing["position"]  # position does not change the colour
    assert naming.labels == ("brightness", "position")


def test_each_picture_is_made_once_and_counted(planted, found):
    class Counted(Silent):
        total, done = None, []

        def showing(self, total, done=0):
            self.total = total
            return super().showing(total, done)

        def update(self, done, text=""):
            self.done.append(done)

    seen = []

    def counting(view):
        seen.append(len(view.pictures))
        return view.pictures.mean(axis=(1, 2, 3))

    progress = Counted()
    name_directions(planted, found[:2], [attribute("a", counting)], n_codes=100, draws=8, progress=progress)
    assert sum(seen) == progress.total == progress.done[-1] == 100 * (1 + 2 * 4) + 50 * 8 * 2
    assert max(seen) <= 64  # never all the pictures at once


def test_the_result_does_not_depend_on_other_directions_or_on_chance(planted, found, naming):
    again = name_directions(planted, found[2:4], ALL, n_codes=60)
    assert again[0].responses == naming[2].responses
    assert again[1].responses == naming[3].responses


def test_a_scorer_of_ones_own_that_tells_nothing_is_refused_before_the_long_work(planted, found):
    seen = []

    def nothing(view):
        seen.append(len(view.pictures))
        return np.full(len(view.pictures), np.nan)

    with pytest.raises(InputError, match=r"the scorer 'mine' gives NaN for all[^\n]*$"):
        name_directions(planted, found, [replace(attribute("mine", nothing), own=True), ALL[0]], n_codes=40)
    assert sum(seen) == 40


def test_a_range_may_begin_at_the_unedited_picture(planted, found, naming):
    onesided = name_directions(planted, found[:3], ALL, n_codes=60, strengths=[0.0, 1.0, 2.0])
    assert onesided.labels == naming.labels[:3]
    for one, both in zip(onesided, naming, strict=False):
        assert one.main == both.main
        assert one[one.main[0]].effect == pytest.approx(both[one.main[0]].effect, abs=0.1)


def test_stopping_it_passes_through(planted, found):
    def stop(view):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        name_directions(planted, found, [attribute("a", stop)], n_codes=20)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"attributes": ()}, "at least one"),
        ({"attributes": (ALL[0], ALL[0])}, "two attributes are called 'brightness'"),
        ({"n_codes": 10}, "n_codes = 10"),
        ({"draws": 7}, "draws = 7"),
        ({"strengths": [0.0]}, "two or more"),
        ({"strengths": [1.0, -1.0]}, "ascend"),
        ({"drawing": Drawing(class_name="cat")}, "no classes"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(planted, found, options, complaint):
    with pytest.raises(InputError, match=f"{complaint}[^\n]*$"):
        name_directions(planted, found, **{"attributes": ALL, **options})


def test_directions_of_another_generator_are_refused(found):
    with pytest.raises(InputError, match="not in this one"):
        name_directions(Planted(32, 32, seed=1), found, ALL)


def test_batches_are_put_together_in_order():
    ws = torch.arange(300.0)[:, None, None]
    np.testing.assert_array_equal(in_batches(lambda some: some[:, 0].numpy(), ws, 64), ws[:, 0].numpy())
