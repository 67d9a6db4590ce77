"""The house style: fonts that exist, and titles that keep to their width, in Latin and in Chinese."""

import logging

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.figures.style import house, wrapped_to


def test_the_style_leaves_everything_as_it_was():
    log, before = logging.getLogger("matplotlib.font_manager"), dict(mpl.rcParams)
    level = log.level
    with pytest.raises(KeyError), house(), house():
        raise KeyError
    assert (log.level, dict(mpl.rcParams)) == (level, before)


@given(st.text("ab c\u4e00\u4e8c\xa0"), st.integers(4, 30))
def test_lines_keep_to_their_width_and_lose_nothing_but_spaces(text, columns):
    lines = wrapped_to(text, columns).split("\n")
    assert max(sum(2 if letter > "\u2e80" else 1 for letter in line) for line in lines) <= columns
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_stop_is_not_torn_from_its_character_nor_a_bracket_from_what_it_opens():
    assert wrapped_to("一二三，四（五六）", 6) == "一二\n三，四\n（五\n六）"


def test_given_lines_and_words_bound_by_a_no_break_space_stay():
    assert wrapped_to("one\ntwo", 20) == "one\ntwo"
    assert wrapped_to("note (3\xa0outside)", 12) == "note\n(3\xa0outside)"
    assert wrapped_to("x" * 25, 10) == "\n".join(["x" * 10, "x" * 10, "x" * 5])
