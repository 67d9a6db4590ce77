"""The page of a generator's directions: every number is on it, in either language, and it needs nothing beside it."""

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from attacks.policy import guarded
from ganatomy.errors import InputError
from ganatomy.languages import Words
from ganatomy.latent.survey.page.cards import FIRST, NUMBERS, in_words, largest, ranked, shown_bar
from ganatomy.latent.survey.page.page import (
    SIZE,
    Agreement,
    Bar,
    Card,
    Method,
    _side,
    directions_page,
    directions_table,
)

VOID = {"meta", "link", "img", "input", "br", "rect", "line"}
EN, ZH = Words("en", "survey"), Words("zh", "survey")
YAW = Bar(
    title={"en": "turn of the head", "zh": "左右转头"},
    unit="degrees",
    group="pose",
    effect=0.97,
    low=0.91,
    high=1.03,
    null=0.12,
    follows=0.94,
    main=True,
    moved=True,
    plus={"en": "to the right", "zh": "向右"},
)
AGE = Bar({"en": "age", "zh": "年龄"}, "years", "age", -0.31, -0.42, -0.2, 0.2, 0.81)
NUMBERS_OF = {"change": 12.13, "ratio": 3.21, "consistency": 0.876, "monotonic": 0.765, "half": 0.234}


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
        self.text += " "
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and not {"script", "style"} & set(self.open):
            self.text += data

    def all(self, tag: str, **attributes) -> list[dict]:
        return [have for name, have in self.elements if name == tag and attributes.items() <= have.items()]

    @property
    def cards(self) -> list[dict]:
        return self.all("article")

    @property
    def keys(self) -> list[dict]:
        return [json.loads(card["data-keys"]) for card in self.cards]


def pictures(n=2, s=5, side=16, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, s, side, side, 3), dtype=np.uint8)


def card(k=0, method="sefa", n=2, s=5, **changes) -> Card:
    given = {
        "name": f"{method} {k}",
        "label": {"en": "pose (yaw)", "zh": "左右转头"},
        "plus": {"en": "to the right", "zh": "向右"},
        "minus": {"en": "to the left", "zh": "向左"},
        "share": 0.0741,
        "numbers": NUMBERS_OF,
        "bars": [YAW, AGE],
        "heat": np.full((16, 16), 20.0),
        "pictures": pictures(n, s, seed=1000 * len(method) + k),
        "leakage": 0.32,
    }
    return Card(**{**given, **changes})


def method(name="sefa", k=3, **changes) -> Method:
    title = {"en": {"sefa": "SeFa", "ganspace": "GANSpace"}.get(name, name)}
    return Method(name, title, [card(i, name, **changes) for i in range(k)], NUMBERS_OF, 1.5)


def two() -> list[Method]:
    return [method(), method("ganspace", 2)]


AGREED = Agreement(("sefa", "ganspace"), 0.613, 0.25, [1, -1, 0], [0.98, math.nan, 0.43])


def page(methods=None, agreements=(), n=2, s=5, **changes) -> str:
    given = {
        "unedited": pictures(n, s)[:, s // 2],
        "strengths": np.linspace(-2, 2, s),
        "samples": [f"seed {i}" for i in range(n)],
        "title": "Directions of faces",
        "facts": {"licence": "MIT", "command": "ganatomy directions faces -k 3"},
        "n_codes": 200,
    }
    return directions_page([method(n=n, s=s)] if methods is None else methods, agreements, **{**given, **changes})


@pytest.mark.parametrize(("n", "s", "k"), [(1, 2, 1), (5, 11, 3), (7, 21, 2)])
def test_a_card_a_direction_a_sheet_a_sample(n, s, k):
    document = Document(page([method(k=k, n=n, s=s)], n=n, s=s))
    assert len(document.cards) == k
    assert [slider["max"] for slider in document.all("input", type="range")] == [str(s - 1)] * k
    sheets = [image["src"] for image in document.all("img", **{"class": "sheet"})]
    assert len(sheets) == len(set(sheets)) == n * k
    assert len([image for image in document.all("img") if image["alt"].endswith(", unedited")]) == n


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_needs_nothing_but_itself_and_its_links_lead_somewhere(language):
    html = page(two(), [AGREED], language=language)
    document = Document(html)
    assert document.all("html")[0]["lang"] == language
    for _, attributes in document.elements:
        for name in ("src", "href", "poster", "srcset", "action"):
            assert (attributes.get(name) or "#").startswith(("data:", "#"))
    assert not re.search(r"https?:|@import|url\(|fetch\(|import\(|XMLHttp", html)
    targets = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(targets) == len(set(targets))
    assert {link["href"][1:] for link in document.all("a")} <= set(targets)


def test_every_number_of_a_direction_is_written():
    text = Document(page([method(k=1)])).text
    for number in ("7.4 %", "12.1", "3.21 ×", "0.88", "0.77", "23 %", "0.32"):  # share, NUMBERS, leakage
        assert number in text, number
    for number in ("+0.97", "+0.91 to +1.03", "94 %", "0.12", "−0.31", "−0.42 to −0.20", "81 %", "0.20"):  # bars
        assert number in text, number
    for words in ("pose (yaw)", "to the right", "to the left", "+0.97 sd a unit, 94 % of samples", "over 200 codes"):
        assert words in text, words
    assert "take labels with care" not in text
    assert "ganatomy directions faces -k 3" in text


def test_what_was_not_measured_is_a_dash_and_never_a_number():
    nothing = replace(AGE, effect=math.nan, low=math.nan, high=math.nan, null=math.nan, follows=math.nan)
    bare = card(share=None, numbers={"change": None, "ratio": math.nan}, bars=[nothing], leakage=None, label=None)
    document = Document(page([Method("sefa", {"en": "SeFa"}, [bare])]))
    assert not re.search(r"\b(nan|None|inf)\b", document.text)
    assert not document.all("rect", **{"class": "bar"})[4:]  # those of the key only
    assert document.text.count("–") >= 7 + 5
    assert document.keys[0]["share"] is None
    assert document.keys[0]["change"] is None
    assert document.keys[0]["effects"] == [None]


def test_missing_pieces_leave_the_rest():
    bare = card(label=None, plus={}, minus={}, bars=[], heat=None, share=None, numbers={}, leakage=None)
    html = page([Method("own", {"en": "own"}, [bare])], n_codes=None)
    document = Document(html)
    assert "unnamed" in document.text
    assert "Attributes were not measured" in document.text
    assert "Labels were not measured" in document.text
    assert not [image for image in document.all("img") if "Heat map" in image["alt"]]
    assert not document.all("select", name="attribute")
    assert not document.all("select", name="one")  # one method has none to be compared with
    assert not document.all("input", name="method")
    assert len(document.all("table")) == 1


def test_one_heat_map_of_several_may_be_missing():
    cards = [card(0), card(1, heat=None), card(2, heat=np.full((16, 16), np.nan))]
    images = Document(page([Method("sefa", {"en": "SeFa"}, cards)])).all("img")
    assert len([image for image in images if "Heat map" in image["alt"]]) == 2


def test_text_from_outside_is_shown_and_never_acts():
    evil = "</title></script><script>alert(1)</script>\"'{{ 1 + 1 }}<!--"
    words = {"en": evil, "zh": evil}
    bar = replace(YAW, title=words, unit=evil, group=evil, plus=words, minus=words)
    hostile = [Method(evil, words, [card(name=evil, label=words, plus=words, minus=words, bars=[bar])])]
    hostile.append(Method("b", words, [card(name=evil, label=words)]))
    agreed = Agreement((evil, "b"), 0.5, 0.1, [0], [0.5])
    for language in ("en", "zh"):
        html = page(
            hostile, [agreed], title=evil, samples=[evil, evil], facts={evil: evil, "command": evil}, language=language
        )
        guarded(html)
        document = Document(html)
        assert len(document.all("script")) == 1
        assert html.count("<!--") == 0
        assert "alert(1)</script>" not in html
        assert document.text.count("{{ 1 + 1 }}") >= 15
        assert evil.casefold() in document.keys[0]["text"]


def test_cards_carry_the_keys_they_are_sorted_and_found_by():
    named, unnamed = Document(page([Method("sefa", {"en": "SeFa"}, [card(), card(1, label=None, bars=[AGE])])])).keys
    assert named["label"] == "pose (yaw)"
    assert unnamed["label"] == ""
    assert (named["effect"], unnamed["effect"]) == (0.97, None)
    assert named["effects"] == [0.97, -0.31]  # in the order of the attributes' list
    assert unnamed["effects"] == [None, -0.31]
    assert (named["moved"], unnamed["moved"]) == ([0], [])
    assert {key: named[key] for key in NUMBERS} == NUMBERS_OF
    assert all(word in named["text"] for word in ("sefa 0", "pose", "to the right", "to the left", "turn of the head"))
    assert "age" not in unnamed["text"].split()


def test_a_ratio_to_nothing_is_none():
    assert replace(AGE, null=0.0).ratio is None


def test_matched_directions_are_linked_both_ways():
    html = page(two(), [AGREED])
    document = Document(html)
    assert [link["href"] for link in document.all("a") if re.fullmatch(r"#d\d-\d", link["href"])] == [
        *("#d1-1", "#d1-0"),  # of SeFa 0 and 2; SeFa 1 has no match
        *("#d0-2", "#d0-0"),  # of GANSpace 0 and 1
    ]
    assert "(|cosine| 0.98)" in document.text
    assert json.loads(re.search(r"pairs = (\[.*?\]);", html)[1]) == [[0, 1, [[0, 1, 0.98], [2, 0, 0.43]]]]


def test_methods_are_compared_in_tables():
    text = Document(page(two(), [AGREED])).text
    for number in ("1.5°", "0.61", "2.45 ×"):
        assert number in text, number
    assert re.search(r"SeFa\s+GANSpace\s+0\.61\s+0\.25", text)


def test_few_bars_are_shown_at_once_and_all_are_there():
    bars = [replace(AGE, title={"en": f"attribute {i}"}, effect=0.01 * i) for i in range(FIRST + 3)]
    text = Document(page([method(k=1, bars=bars)])).text
    shown, rest = text.split("3 more attributes")
    written = [[int(i) for i in re.findall(r"attribute (\d)", part)] for part in (shown.split("sd a unit")[-1], rest)]
    assert written == [[7, 6, 5, 4, 3], [2, 1, 0]]


def test_a_bar_is_drawn_where_its_numbers_are():
    shown = shown_bar(YAW, 1.03, EN)
    left, width = shown["bar"]
    assert left == 50
    assert width / (shown["range"][1] - 50) == pytest.approx(0.97 / 1.03, abs=1e-3)
    assert shown["band"][0] + shown["band"][1] / 2 == pytest.approx(50, abs=0.02)
    assert 0 <= shown_bar(AGE, 0.42, EN)["range"][0] < shown_bar(AGE, 0.42, EN)["bar"][0] < 50


def test_the_axis_holds_every_bar_interval_and_null_of_the_page():
    assert largest([card()]) == 1.03
    assert largest([card(bars=[replace(AGE, null=7.0)])]) == 7.0
    assert largest([card(bars=[])]) == 1.0


def test_the_label_s_own_bars_come_first_however_small():
    small = replace(YAW, effect=0.01)
    unmeasured = replace(AGE, effect=math.nan)
    assert ranked([unmeasured, AGE, small]) == [small, AGE, unmeasured]


def test_words_of_a_label_are_those_of_the_issue():
    assert in_words(card(), EN) == "+0.97 sd a unit, 94 % of samples"
    both = card(bars=[YAW, replace(AGE, main=True)])
    assert in_words(both, EN) == "+0.97, −0.31 sd a unit, 94 %, 81 % of samples"
    assert in_words(both, ZH) == "每单位 +0.97、−0.31 个标准差，94%、81% 的样本"
    assert in_words(card(label=None), EN) == ""


def test_the_command_stands_by_itself_in_either_language():
    for language, name in (("en", "command"), ("zh", "command"), ("zh", "命令")):
        html = page(language=language, facts={name: "ganatomy directions faces", "other": "more"})
        assert "<pre><code>ganatomy directions faces</code></pre>" in html
        assert f"<dt>{name}</dt>" not in html
    assert "<pre>" not in page(facts={"other": "more"})


def test_few_codes_are_said_to_be_few():
    assert "with 40, take labels with care" in Document(page(n_codes=40)).text


def test_zero_is_offered_only_where_there_is_one():
    assert len(Document(page()).all("button", **{"class": "zero"})) == 3
    assert not Document(page([method(s=4)], s=4)).all("button", **{"class": "zero"})


def test_everything_seen_or_touched_has_words():
    for language in ("en", "zh"):
        document = Document(page(two(), [AGREED], language=language))
        assert all(image["alt"].strip() for image in document.all("img"))
        assert all(slider["aria-label"] and slider["aria-valuetext"] for slider in document.all("input", type="range"))


def test_no_text_is_left_in_the_other_language():
    text = Document(
        page(two(), [AGREED], language="zh", title="标题", samples=["甲", "乙"], facts={"许可": "自由"})
    ).text
    allowed = {"SeFa", "GANSpace", "JavaScript", "sefa", "ganspace", "Python", "ganatomy", "survey"}
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= allowed


def test_large_pictures_are_shown_smaller_unless_a_size_is_asked_for():
    class Many:  # pictures that are read one sample at a time
        shape = (2, 5, 256, 256, 3)

        def __getitem__(self, n):
            return np.zeros(self.shape[1:], np.uint8)

    made = [Method("sefa", {"en": "SeFa"}, [card(pictures=Many())])]
    given = {"unedited": np.zeros((2, 256, 256, 3), np.uint8)}
    assert f"aspect-ratio: {SIZE} / {SIZE}" in page(made, **given)
    assert "aspect-ratio: 200 / 200" in page(made, **given, size=200)


def test_the_more_pictures_the_smaller():
    large = np.zeros((5, 256, 256, 3), np.uint8)
    assert SIZE - 16 <= _side(large, 3 * 10 * 5 * 11) < SIZE  # so that the page stays below 15 MB, whatever they show
    sides = [_side(large, pictures) for pictures in (1, 2_000, 5_000, 10**9)]
    assert sides == sorted(sides, reverse=True)
    assert sides[2] ** 2 * 5_000 <= 22_000_000
    assert _side(large[:, :32, :16], 1) == 32


def test_the_table_for_a_file_has_every_number():
    columns, rows = directions_table([method(k=1), Method("own", {"en": "own"}, [card(label=None, bars=[AGE])])])
    first, second = (dict(zip(columns, row, strict=True)) for row in rows)
    assert first["label"] == "pose (yaw)"
    assert second["label"] == ""
    assert (first["turn of the head: effect"], first["turn of the head: null"], first["age: follows"]) == (
        0.97,
        0.12,
        0.81,
    )
    assert second["turn of the head: effect"] is None
    assert second["age: low"] == -0.42
    assert [first[EN(name)] for name in ("share", *NUMBERS, "leakage")] == [0.0741, *NUMBERS_OF.values(), 0.32]


def test_a_page_of_work_that_was_begun_from_python_says_so():
    assert "ganatomy.survey makes the same" in Document(page(facts={"licence": "MIT"})).text
    told = Document(page()).text
    assert "ganatomy directions" in told
    assert "ganatomy.survey" not in told


def test_two_attributes_of_one_title_stay_two():
    twin = replace(YAW, group="own", effect=0.5)
    columns, rows = directions_table([method(k=1, bars=[YAW, twin])])
    assert columns.count("turn of the head: effect") == 2
    assert {0.97, 0.5} <= set(rows[0])
    assert Document(page([method(k=1, bars=[YAW, twin])])).keys[0]["effects"] == [0.97, 0.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": []}, "at least one direction"),
        ({"methods": [Method("sefa", {"en": "SeFa"}, [])]}, "at least one direction"),
        ({"strengths": [0.0]}, "two strengths"),
        ({"strengths": [0.0, 1.0]}, "pictures of 'sefa 0' have shape"),
        ({"samples": ["one"]}, "1 and 2"),
        ({"methods": [method(), method()]}, "each once"),
        ({"agreements": [Agreement(("sefa", "gansapce"), 0.5, 0.1)], "methods": two()}, "gansapce.*ganspace"),
        ({"agreements": [Agreement(("sefa", "ganspace"), 0.5, 0.1, [2], [0.1])], "methods": two()}, "not there"),
        ({"methods": [method(heat=np.zeros(4))]}, "heat map"),
        ({"quality": 100}, "1 to 95"),
        ({"language": "de"}, "language"),
        ({"unedited": np.zeros((2, 16, 16, 3))}, "uint8"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        page(**changes)
