"""What attributes are in words: complete in every language, and the same after a file."""

import json
from importlib import resources

import pytest

from ganatomy.attributes.appearance import APPEARANCE
from ganatomy.attributes.face_attributes import FACE
from ganatomy.attributes.trait import Trait, described
from ganatomy.languages import LANGUAGES, Words

ALL = (*APPEARANCE, *FACE)


@pytest.mark.parametrize("attribute", ALL, ids=lambda one: one.name)
def test_every_attribute_says_what_it_is_in_every_language(attribute):
    told = attribute.trait.to_dict()
    assert attribute.name == attribute.trait.name
    assert all(told[key] for key in ("name", "unit", "source", "group"))
    for key in ("title", "more", "less"):
        assert set(told[key]) == set(LANGUAGES)
        assert all(told[key].values())
        assert len(set(told[key].values())) == len(LANGUAGES), "in each by words of its own"
    assert told["more"] != told["less"]


def test_the_table_has_the_words_of_attributes_and_no_others():
    """So that none outlives its attribute."""
    names = {f"{one.name}.{key}" for one in ALL for key in ("title", "more", "less")}
    assert (
        set(json.loads((resources.files("ganatomy") / "words" / "attributes.json").read_text(encoding="utf-8")))
        == names
    )
    assert all(Words("zh", "attributes").has(name) for name in names)


def test_a_trait_goes_through_a_file():
    for one in ALL:
        assert Trait(**json.loads(json.dumps(one.trait.to_dict()))) == one.trait


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({}, {"en": "more age", "zh": "more age"}),
        ({"en": "older"}, {"en": "older", "zh": "older"}),
        ({"zh": "更老"}, {"en": "more age", "zh": "更老"}),
        ({"en": "", "zh": "更老"}, {"en": "", "zh": "更老"}),
        ({"en": "older", "zh": "更老", "fr": "plus vieux"}, {"en": "older", "zh": "更老", "fr": "plus vieux"}),
    ],
)
def test_words_that_are_left_out_are_said_in_english_or_by_the_name(given, whole):
    trait = Trait("age", {}, "years", "age", "", given, given)
    assert trait.title == {"en": "age", "zh": "age"}
    assert trait.more == whole
    assert trait.less == {language: text.replace("more age", "less age") for language, text in whole.items()}


def test_an_attribute_without_words_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match=r"height\.title"):
        described("height", "m", "body", "a ruler")
