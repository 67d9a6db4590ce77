"""Texts in two languages: every table says the same in both, and Chinese is set as Chinese is."""

import json
import re
import string
from importlib import resources

import pytest

from ganatomy.errors import InputError
from ganatomy.languages import VARIABLE, Words, chosen

FILES = sorted((file for file in (resources.files("ganatomy") / "words").iterdir()), key=lambda file: file.name)
TABLES = {file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8")) for file in FILES}
TEXTS = [(table, name, text) for table, texts in TABLES.items() for name, text in texts.items()]

HAN = r"[\u4e00-\u9fff]"
WIDE = r"[\u4e00-\u9fff，。；：、！？“”（）]"


def faults(chinese: str) -> list[str]:
    """List what a Chinese typesetter would mark."""
    marks = {
        "a Western stop beside Chinese": rf"{HAN}\s*[,;:!?]|[,;:!?]\s*{HAN}",
        "a Western full stop after Chinese": rf"{HAN}\.(\s|$)",
        "a Western bracket around Chinese": rf"\({HAN}|{HAN}\)|{HAN}\s*\(|\)\s*{HAN}",
        "a straight quotation mark": rf"[\"']{HAN}|{HAN}[\"']",
        "a space between two Chinese characters": rf"{WIDE}[^\S\n]+{WIDE}",
        "another word than 潜码 for a latent code": "编码|隐码|隐向量",
        "another word than 潜空间 for the latent space": "隐空间|潜在空间|隐变量空间",
    }
    return [fault for fault, pattern in marks.items() if re.search(pattern, chinese)]


def holes(text: str) -> list[str]:
    return sorted({hole for form in text.split("|") for _, hole, *_ in string.Formatter().parse(form) if hole})


@pytest.mark.parametrize(("table", "name", "text"), TEXTS, ids=[f"{table}-{name}" for table, name, _ in TEXTS])
def test_every_text_says_the_same_in_both_languages(table, name, text):
    assert set(text) == {"en", "zh"}
    assert all(form for form in text.values())
    assert holes(text["en"]) == holes(text["zh"])
    assert not faults(text["zh"])
    assert not re.search(HAN, text["en"])


@pytest.mark.parametrize(
    "chinese",
    ["一,二", "一: {n}", "一 (二)", "一 二", "一， 二", "{n} 个编码", '"一"', "一."],
)
def test_a_fault_of_the_typesetting_is_found(chinese):
    assert len(faults(chinese)) == 1


def test_good_chinese_has_no_fault():
    assert not faults("一、二：“{n} 个潜码”（95% 区间，见 summary.json），GAN + Adam。")


def test_what_fills_a_hole_leaves_no_space_beside_a_chinese_bracket():
    said = Words("zh", "study")("differ_unclearly", said="a（1） 是 b （2）")
    assert said == "a（1）是 b（2）：差别不明确"
    assert Words("en", "study")("topic", topic="a ", said=" b") == "a :  b"


def test_holes_of_all_forms_are_counted():
    assert holes("{n} seed|{n} seeds of {all}") == ["all", "n"]


def test_only_the_shared_texts_are_in_every_set_of_words():
    assert Words("en")("meanings") == Words("en", "survey")("meanings") == Words("en", "study")("meanings")
    assert not Words("en").has("consistency")
    assert Words("en", "survey").has("consistency")


def test_the_language_is_the_one_given_then_that_of_the_environment_then_english(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen() == "en"
    monkeypatch.setenv(VARIABLE, "zh")
    assert (chosen(), chosen("en"), Words(None).language) == ("zh", "en", "zh")
    monkeypatch.setenv(VARIABLE, "")
    assert chosen() == "en"
    monkeypatch.setenv(VARIABLE, "de")
    with pytest.raises(InputError, match=f"unknown language in {VARIABLE} 'de'.*en, zh"):
        chosen()
    with pytest.raises(InputError, match="unknown language ''"):
        chosen("")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.0049, "4.9×10⁻³"), (-7.4e-06, "−7.4×10⁻⁶"), (2e6, "2×10⁶"), (1e-12, "1×10⁻¹²"), (9.999, "10.0")],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert Words("en").number(value) == text
