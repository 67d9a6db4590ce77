"""The index: every entry is under its heading, and its addresses lead to the files beside the page."""

import re
from html import unescape
from urllib.parse import unquote

import pytest

from attacks.policy import guarded
from ganatomy.errors import InputError
from ganatomy.pages.index import index_page
from ganatomy.pages.results import Entry, Number, Part


def addresses(html: str) -> list[str]:
    found = re.findall(r'(?:href|src|poster)="([^"]*)"', html)
    return [unquote(unescape(address)) for address in found if not address.startswith("data:")]


def test_addresses_lead_back_to_the_files_whatever_their_names(tmp_path):
    paths = ["runs/终 1/fi#nal.png", "a&b/50%.mp4", 'quo"te?.html', "x.json", "thumb'nail.png"]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    kinds = ("picture", "video", "page", "data")
    entries = [Entry("t", kind, path, thumbnail=paths[4]) for kind, path in zip(kinds, paths, strict=False)]
    found = addresses(index_page("t", [Part("part", entries=entries)]))
    assert set(found) == set(paths)
    assert all((tmp_path / path).is_file() for path in found)


def test_parts_and_entries_stay_in_their_order():
    parts = [Part(part, entries=[Entry(f"{part} {n}", "picture", f"{n}.png") for n in (1, 2)]) for part in ("a", "b")]
    html = index_page("demo", parts, lead="what was made")
    texts = ("what was made", "a", "a 1", "a 2", "b", "b 1", "b 2")
    order = [html.index(f">{text}<") for text in texts]
    assert order == sorted(order)
    assert html.count("<h2>") == 2


def test_numbers_stand_between_the_title_and_the_pictures():
    part = Part(
        "one",
        "a sentence",
        [Number("1.54 ×", "distance", "as good as real")],
        ["what", "how", "much"],
        [["x", "y", "3"]],
        "the first of nine",
        [Entry("shown", "picture", "a.png")],
    )
    html = index_page("t", [part])
    texts = (">one<", ">a sentence<", ">distance<", ">1.54 × <small>as good as real<", ">much<", ">3<", ">shown<")
    order = [html.index(text) for text in texts]
    assert order == sorted(order)
    assert "<table>" not in index_page("t", [Part("one")])
    assert '<dl class="tiles">' not in index_page("t", [Part("one")])


@pytest.mark.parametrize(("language", "words"), [("en", ["Open the page", "video"]), ("zh", ["打开页面", "影片"])])
def test_the_page_speaks_one_language(language, words):
    entries = [Entry("1", "page", "a.html"), Entry("2", "video", "b.mp4")]
    html = index_page("3", [Part("4", entries=entries)], language=language)
    assert f'<html lang="{language}">' in html
    assert all(word in html for word in words)
    assert bool(re.search(r"[\u4e00-\u9fff]", html)) == (language == "zh")


def test_videos_play_in_the_page_and_pages_are_opened():
    entries = [Entry("film", "video", "a.mp4"), Entry("sliders", "page", "a.html", "move them")]
    html = index_page("t", [Part("p", entries=entries)])
    assert re.search(r'<video src="a.mp4" controls', html)
    assert "autoplay" not in html
    assert 'href="a.html"' in html
    assert "move them" in html


def test_text_is_escaped():
    entries = [Entry("<script>", "data", "a.png", "<u>")]
    part = Part("<i>", "<em>", [Number("<b>", "<u>", "<s>")], ["<q>"], [["<q>"]], "<s>", entries)
    html = index_page("<b>", [part], lead="<s>")
    assert not re.search(r"<(b|i|script|u|s|em|q)>", html)
    guarded(html, files=True)


@pytest.mark.parametrize(
    "path", ["", "/tmp/a.png", "../a.png", "a/../../b", "https://a/b.png", "C:/a.png", "C:a", "a\\b.png", "file:///a"]
)
def test_paths_that_leave_the_folder_are_refused(path):
    with pytest.raises(InputError, match="in or below"):
        index_page("t", [Part("p", entries=[Entry("t", "picture", path)])])


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="kind of entry 'pictures'"):
        index_page("t", [Part("p", entries=[Entry("t", "pictures", "a.png")])])
