"""A model's card in a notebook: well formed, small, in the reader's language, its picture where the points are."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.training.card import picture
from ganatomy.fitting.training.trainer import Trainer

POINTS = np.random.default_rng(0).normal(size=(300, 3)) * [1.0, 2.0, 0.5]


def _places(svg):
    return np.array(re.findall(r"M([\d.]+) ([\d.]+)", svg), dtype=float)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize(("language", "epochs"), [("en", "epochs"), ("zh", "训练轮数")])
def test_a_card_says_what_the_model_is_and_shows_its_points(monkeypatch, columns, language, epochs):
    monkeypatch.setenv("GANATOMY_LANGUAGE", language)
    text = Trainer(POINTS[:, :columns], load_recipe("literature", "hinge", epochs=7)).snapshot()._repr_html_()
    page = ElementTree.fromstring(f"<div>{text}</div>")
    assert len(text) < 10_000
    places = _places(page.find(".//svg/path").get("d"))
    assert len(places) == (40 if columns == 1 else pytest.approx(388, abs=12))  # of 400, without the outermost
    assert ((places >= 8) & (places <= 172)).all()
    rows = [[cell.text for cell in row] for row in page.iter("tr")]
    assert [epochs, "7"] in rows
    assert {"hinge", "adam, 0.0002", "literature", str(columns)} <= {value for _, value in rows}


def test_points_stand_where_they_are():
    corners = np.array([[-1.0, 5.0], [3.0, 5.0], [-1.0, 9.0], [3.0, 9.0], [1.0, 7.0]])
    points = np.concatenate([np.repeat(corners, 50, axis=0), [[100.0, 100.0], [np.nan, 0.0]]])
    places = {tuple(place) for place in _places(picture(points)).tolist()}
    assert places == {(8, 172), (172, 172), (8, 8), (172, 8), (90, 90)}  # up is less in SVG


def test_one_column_is_a_histogram():
    heights = re.findall(r"v-?(\d+)", picture(np.repeat([0.0, 1.0, 2.0, 3.0], [30, 10, 20, 30])[:, None]))
    assert [int(h) for h in heights if h != "0"] == [164, 55, 109, 164]


@pytest.mark.parametrize("points", [np.full((3, 2), np.nan), np.full((3, 1), np.inf)])
def test_points_that_are_no_numbers_leave_an_empty_frame(points):
    assert 'd=""' in picture(points)
    assert "<rect" in picture(points)


def test_points_that_are_all_one_are_shown():
    assert len(_places(picture(np.full((3, 2), 4.0)))) == 3
