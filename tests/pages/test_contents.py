"""The page that links results: what it shows, in which order, and what it refuses."""

import json
import re

import pytest

from ganatomy.errors import InputError
from ganatomy.pages.contents import write_index


@pytest.fixture
def exploration(tmp_path):
    """A folder as `ganatomy sefa` leaves it, without its video."""
    folder = tmp_path / "脸 1"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"name": "faces", "method": "sefa", "share": [0.2, 0.1]}))
    for name in ("traversal.html", "overview.png", "direction_0.png", "directions.json"):
        (folder / name).write_bytes(b"")
    return folder


def test_what_is_there_is_linked_and_nothing_else(exploration, tmp_path):
    page = tmp_path / "index.html"
    write_index([exploration], page, "here")
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', text)
    assert "%E8%84%B8%201/traversal.html" in links
    assert not any("traversal.mp4" in link for link in links)
    assert "faces, 2 of them" in text
    assert "direction_0.png" in text  # shown in place of the page


def test_a_run_is_shown_with_its_film(cli, finished):
    page = finished.folder.parent / "index.html"
    result = cli("report", finished.folder, "--out", page)
    assert (result.code, result.out) == (0, f"page: {page}\n")
    text = page.read_text(encoding="utf-8")
    for name in ("final.png", "animation.mp4", "film_strip.png", "summary.json"):
        assert f"{finished.folder.name}/" in text
        assert name in text
    assert "flows.png" not in text


def test_a_study_is_shown_with_its_report_and_tables(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.json").write_text(json.dumps({"name": "mine", "cells": [{}, {}]}))
    for name in ("report.html", "summary.csv"):
        (folder / name).write_bytes(b"")
    write_index([folder], tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert {"study/report.html", "study/summary.csv", "study/study.json"} <= set(re.findall(r'href="([^"#]+)"', text))
    assert "study/table.csv" not in text
    assert "A study of 2 cells: mine" in text


def test_folders_come_in_the_order_given(exploration, tmp_path):
    other = tmp_path / "b"
    other.mkdir()
    (other / "summary.json").write_text(json.dumps({"name": "eyes", "method": "sefa", "share": [0.2]}))
    page = tmp_path / "index.html"
    write_index([other, exploration], page)
    text = page.read_text(encoding="utf-8")
    assert text.index("eyes, 1 of them") < text.index("faces, 2 of them")


@pytest.mark.parametrize("content", [None, "", "[]", '{"seed": 0}', "{"])
def test_a_folder_without_a_result_is_refused(tmp_path, content):
    folder = tmp_path / "nothing"
    folder.mkdir()
    if content is not None:
        (folder / "summary.json").write_text(content)
    with pytest.raises(InputError, match="nothing holds no finished result; give a run"):
        write_index([folder], tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def test_wrong_places_and_names_are_refused(exploration, tmp_path):
    with pytest.raises(InputError, match=r"index\.txt: the page is HTML"):
        write_index([exploration], tmp_path / "index.txt")
    with pytest.raises(InputError, match=r"is not below .*, where the page is to be"):
        write_index([exploration], exploration / "deeper" / "index.html")
    with pytest.raises(InputError, match="no folders were given"):
        write_index([], tmp_path / "index.html")


def test_a_survey_is_shown_by_its_page_and_its_labels_are_linked(tmp_path):
    folder = tmp_path / "面 1"
    folder.mkdir()
    summary = {"name": "faces", "methods": ["ganspace", "sefa"], "directions": [{}] * 6}
    (folder / "summary.json").write_text(json.dumps(summary))
    for name in ("page.html", "table.csv", "ganspace-0.png", "labels-ganspace.json"):
        (folder / name).write_bytes(b"")
    write_index([folder], tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="%E9%9D%A2%201/([^"#]+)"', text)
    assert {"page.html", "table.csv", "labels-ganspace.json", "summary.json"} <= set(links)
    assert not {"labels-sefa.json", "comparison.json"} & set(links)  # which are not there
    assert "ganspace-0.png" in text
    assert "Directions by ganspace, sefa: faces, 6 of them" in text
