"""Methods beside one another on planted factors: the numbers against their own definitions, and the control."""

import json

import numpy as np
import pytest

from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.codes import Drawing
from ganatomy.latent.measures.agreement import locality
from ganatomy.latent.measures.comparison import NUMBERS
from ganatomy.latent.methods.catalogue import find
from ganatomy.latent.pictures import painter
from ganatomy.latent.survey.choices import Choices, Survey
from ganatomy.latent.survey.run import SurveyFolder
from ganatomy.latent.survey.stages import run
from ganatomy.progress import Silent

G = Planted(z_dim=24, resolution=16)
METHODS = ("sefa", "ganspace", "random")


def compare(generator, methods, folder, **choices):
    """Compare methods without naming their directions or drawing anything."""
    few = {"k": 4, "n_codes": 32, "effect_codes": 12, "samples": 1, "steps": 2, "size": 64, "seed": 5, "attributes": ()}
    few |= choices
    survey, folder = Survey(generator, tuple(methods), Choices(**few), {"name": "here"}), SurveyFolder(folder)
    with folder.claim(survey.fingerprint(), force=False):
        return run(survey, folder, Silent()).comparison(survey)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    return compare(G, METHODS, tmp_path_factory.mktemp("compared"))


def test_the_numbers_are_those_of_their_definitions(compared):
    direction = find(G, "sefa", 4)[1]
    ws, paint = Drawing(n=32, seed=5 + 2**31).codes(G).ws[:12], painter(G)
    low, high = (paint(direction.edit(ws, end)).astype(float) for end in (-2, 2))
    numbers = compared.results["sefa"].numbers()[1]
    assert numbers["change"] == pytest.approx(np.abs(high - low).mean() / 4)
    assert numbers["half"] == pytest.approx(locality(np.abs(high - low).mean(axis=(0, 3))).half)
    units = (high - low).reshape(12, -1) / np.linalg.norm((high - low).reshape(12, -1), axis=1, keepdims=True)
    assert numbers["consistency"] == pytest.approx(((units @ units.T).sum() - 12) / (12 * 11))
    assert (compared.strengths, compared.n_codes) == ((-2.0, 2.0), 12)


def test_the_control_changes_what_chance_does_and_methods_change_more(compared):
    medians = {each["method"]: each["median"] for each in compared.to_dict()["methods"]}
    assert 0.5 < medians["random"]["ratio"] < 1.6
    assert medians["sefa"]["ratio"] > 1.2 * medians["random"]["ratio"]
    assert medians["ganspace"]["ratio"] > 1.2 * medians["random"]["ratio"]


def test_the_exact_method_stays_and_samples_move_less_than_chance(compared):
    stable = {each["method"]: each["stability"] for each in compared.to_dict()["methods"]}
    assert stable["sefa"]["angle"] < 1e-6 < stable["ganspace"]["angle"] < 15 < 45 < stable["random"]["angle"]
    assert stable["sefa"]["overlap"] == pytest.approx(1)
    assert stable["random"]["overlap"] < 0.5


def test_methods_agree_with_one_another_and_not_with_the_control(compared):
    assert compared.agreements["sefa", "ganspace"].matched.min() > 0.98
    for method in ("sefa", "ganspace"):
        assert compared.agreements[method, "random"].overlap < 0.5
    assert compared.agreements["sefa", "random"].chance == pytest.approx(4 / 24)
    assert set(compared.agreements) == {("sefa", "ganspace"), ("sefa", "random"), ("ganspace", "random")}


def test_it_turns_into_json_and_says_all(compared):
    whole = json.loads(json.dumps(compared.to_dict(), allow_nan=False))
    assert [each["method"] for each in whole["methods"]] == list(METHODS)
    assert set(whole["methods"][0]["directions"][0]) == {"name", "label", "value", "share", *NUMBERS}
    assert len(whole["agreements"]) == 3
    assert compared.results["sefa"].directions.source == "here"


def test_the_order_of_methods_changes_no_number(compared, tmp_path):
    other = compare(G, METHODS[::-1], tmp_path, repetitions=0)
    assert list(other.results) == list(METHODS[::-1])
    for method in METHODS:
        assert other.results[method].stability is None
        for one, two in zip(other.results[method].numbers(), compared.results[method].numbers(), strict=True):
            assert one == pytest.approx(two)


def test_what_changes_nothing_has_no_numbers_and_does_no_harm(tmp_path):
    grey = DCGAN([6, 4, 3], [4, 4]).eval().requires_grad_(False)
    for value in grey.layers[1].parameters():
        value.zero_()
    whole = compare(grey, ["sefa", "random"], tmp_path, k=2).to_dict()
    assert whole["methods"][0]["median"] == {**dict.fromkeys(NUMBERS), "change": 0}
    json.dumps(whole, allow_nan=False)


def test_a_conditional_generator_is_compared_within_one_class(tmp_path):
    network = DCGAN([12, 8, 3], [4, 4], classes=["red", "green"]).eval().requires_grad_(False)
    found = compare(network, ["ganspace", "random"], tmp_path, k=2)
    assert not found.results["random"].directions.vectors[:, 10:].any()
    assert found.agreements["ganspace", "random"].chance == pytest.approx(2 / 10)
