"""The index: every entry is under its heading, and its addresses lead to the files beside the page."""

import re
from html import unescape
from urllib.parse import unquote

import pytest

from ganatomy.errors import InputError
from ganatomy.pages.index import Entry, index_page


def addresses(html: str) -> list[str]:
    found = re.findall(r'(?:href|src|poster)="([^"]*)"', html)
    return [unquote(unescape(address)) for address in found if not address.startswith("data:")]


def test_addresses_lead_back_to_the_files_whatever_their_names(tmp_path):
    paths = ["runs/终 1/fi#nal.png", "a&b/50%.mp4", 'quo"te?.html', "x.json", "thumb'nail.png"]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    kinds = ("picture", "video", "page", "data")
    entries = [Entry("part", "t", kind, path, thumbnail=paths[4]) for kind, path in zip(kinds, paths, strict=False)]
    found = addresses(index_page("t", entries))
    assert set(found) == set(paths)
    assert all((tmp_path / path).is_file() for path in found)


def test_entries_stay_in_their_order_under_their_parts():
    entries = [Entry(part, f"title {n}", "picture", f"{n}.png") for n, part in enumerate(["one", "two", "one"])]
    html = index_page("demo", entries, lead="what was made")
    texts = ("what was made", "one", "title 0", "title 2", "two", "title 1")
    order = [html.index(f">{text}<") for text in texts]
    assert order == sorted(order)
    assert html.count("<h2>") == 2


def test_videos_play_in_the_page_and_pages_are_opened():
    entries = [Entry("p", "film", "video", "a.mp4"), Entry("p", "sliders", "page", "a.html", "move them")]
    html = index_page("t", entries)
    assert re.search(r'<video src="a.mp4" controls', html)
    assert "autoplay" not in html
    assert 'href="a.html"' in html
    assert "move them" in html


def test_text_is_escaped():
    html = index_page("<b>", [Entry("<i>", "<script>", "data", "a.png", "<u>")], lead="<s>")
    assert not re.search(r"<(b|i|script|u|s)>", html)


@pytest.mark.parametrize(
    "path", ["", "/tmp/a.png", "../a.png", "a/../../b", "https://a/b.png", "C:/a.png", "C:a", "a\\b.png", "file:///a"]
)
def test_paths_that_leave_the_folder_are_refused(path):
    with pytest.raises(InputError, match="in or below"):
        index_page("t", [Entry("p", "t", "picture", path)])


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="kind of entry 'pictures'"):
        index_page("t", [Entry("p", "t", "pictures", "a.png")])
