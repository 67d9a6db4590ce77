"""The page of a film: everything is in it, nothing is fetched, and it says what was and was not measured."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from attacks.policy import guarded
from ganatomy.errors import InputError
from ganatomy.latent.survey.page.cards import Card
from ganatomy.latent.survey.page.film import film_page

VOID = {"meta", "link", "img", "input", "br", "path"}


class Document(HTMLParser):
    """The elements of a page with their attributes, and its text; refuses tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text += data

    def all(self, tag: str, **attributes) -> list[dict]:
        return [have for name, have in self.elements if name == tag and attributes.items() <= have.items()]


def card(name, pictures, share=0.1, label="", heat=20.0, **numbers):
    heat = None if heat is None else np.full((16, 16), heat)
    return Card(name, {"en": label, "zh": f"字{label}"} if label else None, {}, share, numbers, [], heat, pictures)


def page(n: int = 2, k: int = 3, s: int = 5, *, about: dict | None = None, **changes) -> str:
    pictures = np.random.default_rng(0).integers(0, 256, (n, k, s, 16, 16, 3), dtype=np.uint8)
    numbers = {"change": 12.0, "ratio": 3.0, "monotonic": 0.8, "consistency": 0.5, **(about or {})}
    given = {
        "cards": [card(f"direction {i}", pictures[:, i], **numbers) for i in range(k)],
        "unedited": pictures[:, 0, s // 2],
        "strengths": np.linspace(-2, 2, s),
        "title": "faces",
        "samples": [f"seed {i}" for i in range(n)],
        "facts": {"source": "faces", "licence": "MIT"},
    }
    return film_page(**{**given, **changes})


PICTURES = np.zeros((2, 5, 16, 16, 3), np.uint8)


@pytest.mark.parametrize(("n", "k", "s"), [(1, 1, 2), (5, 5, 21), (8, 10, 9)])
def test_it_holds_a_slider_a_direction_and_a_sheet_for_each_of_its_samples(n, k, s):
    document = Document(page(n, k, s))
    sliders = document.all("input", type="range")
    assert [slider["max"] for slider in sliders] == [str(s - 1)] * k
    sheets = document.all("img", **{"class": "sheet"})
    assert len({sheet["src"] for sheet in sheets}) == len(sheets) == n * k
    assert len(document.all("button", **{"class": "play"})) == k
    assert len([image for image in document.all("img") if image["alt"].endswith(", unedited")]) == n * k


def test_it_needs_nothing_but_itself():
    html = page()
    document = Document(html)
    for _, attributes in document.elements:
        for name in ("src", "href", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    assert not re.search(r"https?:|@import|url\(|fetch\(|import ", html)
    targets = {attributes.get("id") for _, attributes in document.elements}
    assert {link["href"][1:] for link in document.all("a")} <= targets


def test_everything_that_is_seen_has_words_for_those_who_do_not_see():
    document = Document(page())
    assert all(image["alt"].strip() for image in document.all("img"))
    assert all(slider["aria-label"] and slider["aria-valuetext"] for slider in document.all("input"))
    assert all(button["aria-label"] for button in document.all("button"))
    assert document.all("html")[0]["lang"] == "en"


def test_text_from_outside_is_shown_and_never_acts():
    evil = "</title><script>alert(1)</script>\"'{{ 1 + 1 }}"
    cards = [card(evil, PICTURES[:1], label=evil)]
    html = page(1, 1, title=evil, samples=[evil], facts={evil: evil}, cards=cards, unit=evil)
    guarded(html)
    document = Document(html)
    assert len(document.all("script")) == 1
    assert "alert(1)</script>" not in html
    assert document.text.count("{{ 1 + 1 }}") >= 5


def test_numbers_are_in_the_table_and_what_was_not_measured_is_a_dash():
    numbers = {"change": 12.13, "ratio": 3.21, "monotonic": 0.876, "consistency": -0.25}
    cards = [
        card("direction 0", PICTURES, 0.0741, "smile", **numbers),
        card("direction 1", PICTURES, None, monotonic=float("nan")),
    ]
    text = Document(page(k=2, cards=cards, floor={"change": (3.78, 0.21)})).text
    for number in ("7.4 %", "12.1", "3.21 ×", "0.88", "−0.25", "direction 0: smile", "3.78 ± 0.21"):
        assert number in text, number
    assert "nan" not in text
    assert text.count("–") >= 5


def test_a_partial_result_says_so_and_a_whole_one_does_not():
    assert "3 of 5 directions" in Document(page(asked=5)).text
    assert "partial" not in Document(page(asked=3)).text


def test_zero_is_offered_only_where_there_is_one():
    assert len(Document(page()).all("button", **{"class": "zero"})) == 3
    without = page(s=4)
    assert not Document(without).all("button", **{"class": "zero"})
    assert "At 0" not in Document(without).text


def test_what_is_missing_leaves_the_rest():
    document = Document(page(about={"heat": None}))
    assert not [image for image in document.all("img") if "Heat map" in image["alt"]]
    assert len(Document(page(about={"heat": np.nan})).all("input")) == 3


def test_quality_and_size_decide_the_page_s_size():
    smooth = np.linspace(0, 255, 2 * 3 * 5 * 64 * 64 * 3).reshape(2, 3, 5, 64, 64, 3)
    noise = np.random.default_rng(0).integers(-9, 9, smooth.shape)
    pictures = (smooth + noise).clip(0, 255).astype(np.uint8)
    given = {"cards": [card(f"{k}", pictures[:, k]) for k in range(3)], "unedited": pictures[:, 0, 2]}
    assert len(page(**given, quality=40)) < len(page(**given)) < len(page(**given, size=128))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strengths": [0.0, 1.0]}, "pictures of 'direction 0' have shape"),
        ({"cards": []}, "at least one direction"),
        ({"cards": [card("small", PICTURES[:, :, :8])]}, "pictures of 'small' have shape"),
        ({"samples": ["one"]}, "1 names of samples|names of samples"),
        ({"language": "fr"}, "unknown language 'fr'"),
        ({"floor": {"share": (1.0, 1.0)}}, "floor 'share'"),
        ({"quality": 100}, "1 to 95"),
        ({"unedited": np.zeros((2, 16, 16, 3))}, "uint8"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        page(**changes)


def test_it_speaks_chinese_throughout():
    html = page(language="zh", about={"label": "smile"}, floor={"change": (3.78, 0.21)}, asked=5)
    text = Document(html).text
    assert '<html lang="zh">' in html
    for said in (
        "每个滑块让全部 2 个样本",
        "部分结果：5 个方向中已有 3 个",
        "与随机之比",
        "字smile",
        "随机方向",
        "未编辑",
    ):
        assert said in text, said
    ours = {"faces", "sourcefaces", "licenceMIT", "seed", "direction", "smile"}
    ours |= {"Home", "End", "JavaScript", "Python", "ganatomy", "survey"}
    assert set(re.findall(r"[A-Za-z]{3,}", text.replace("Direction", "direction"))) <= ours


def test_a_page_of_work_that_was_begun_from_python_says_so():
    assert "ganatomy.survey makes the same" in Document(page()).text
    told = Document(page(facts={"command": "ganatomy sefa"})).text
    assert "ganatomy sefa" in told
    assert "ganatomy.survey" not in told
