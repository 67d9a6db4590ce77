"""Errors are one line that says what was given, suggests what was meant, and lists what there is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError, unknown


def test_an_input_error_is_an_ordinary_value_error():
    with pytest.raises(ValueError, match=r"^no points$"):
        raise InputError("no points")


@pytest.mark.parametrize("given_name", ["wgan_gp", "WGAN-GP", "wgangp", "wgan-pg"])
def test_a_near_miss_is_suggested_whatever_its_case(given_name):
    message = str(unknown("objective", given_name, ["gan", "wgan", "wgan-gp", "hinge"]))
    assert given_name in message
    assert "did you mean 'wgan-gp'?" in message


def test_nothing_is_suggested_for_a_name_like_no_other_but_all_are_listed():
    message = str(unknown("optimizer", "quux", ["adam", "sgd"]))
    assert "did you mean" not in message
    assert message.startswith("unknown optimizer 'quux'; ")
    assert message.endswith("Known: adam, sgd")


def test_known_names_may_come_from_a_generator():
    assert str(unknown("key", "epoch", (name for name in ["epochs", "name"]))).endswith("Known: epochs, name")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(name=st.text() | st.sampled_from(["a\nb", "\x1b[31m", "\u2028", "\r"]))
def test_the_message_is_one_printable_line_whatever_the_name(name):
    message = str(unknown("key", name, ["epochs"]))
    assert len(message.splitlines()) == 1
    assert message.isprintable()
