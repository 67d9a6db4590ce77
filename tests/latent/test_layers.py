"""Layers by word: the same selection as Python's ranges give, and one line for everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.latent.layers import check_layers, parse_layers, written_layers

LAYERS = 14


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("all", range(14)),
        ("2", [2]),
        ("0:4", range(4)),
        ("0,2:4", [0, 2, 3]),
        (" 5 , 0:2 ", [0, 1, 5]),
        (":3", range(3)),
        ("12:", [12, 13]),
        (":", range(14)),
    ],
)
def test_selections(text, layers):
    assert parse_layers(text, LAYERS) == tuple(layers)


@given(st.integers(0, LAYERS - 1), st.integers(1, LAYERS))
def test_a_range_is_the_slice_of_that_spelling(start, end):
    expected = tuple(range(LAYERS)[start:end])
    if expected:
        assert parse_layers(f"{start}:{end}", LAYERS) == expected
    else:
        with pytest.raises(InputError, match="names no layer"):
            parse_layers(f"{start}:{end}", LAYERS)


@given(st.sets(st.integers(0, LAYERS - 1), min_size=1))
def test_indices_in_any_order_give_the_same_tuple(layers):
    expected = tuple(sorted(layers))
    assert parse_layers(",".join(map(str, layers)), LAYERS) == expected == check_layers(list(layers)[::-1], LAYERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0-3", "for layers 0 to 3 write 0:4, end excluded"),
        ("1, 4 - 7", "for layers 4 to 7 write 4:8"),
        ("14", "14 is none of this generator's, which has layers 0 to 13"),
        ("0:15", "14 is none of"),
        ("999999", "none of"),
        ("9999999999999999999999", "write all, or"),
        ("-1", "no index is negative"),
        ("0:-1", "no index is negative"),
        ("", "write all, or"),
        ("0,", "write all, or"),
        ("3:3", "'3:3' names no layer"),
        ("5:2", "'5:2' names no layer"),
        ("2,0:3", "2 is named twice"),
        ("0:4:2", "write all, or"),
        ("first", "write all, or"),
        ("0\n1", "write all, or"),
        ("٣", "write all, or"),
    ],
)
def test_anything_else_is_refused_on_one_line(text, said):
    with pytest.raises(InputError, match=said) as caught:
        parse_layers(text, LAYERS)
    assert "\n" not in str(caught.value)


@given(st.sets(st.integers(0, LAYERS - 1), min_size=1))
def test_what_is_written_is_read_again(layers):
    assert parse_layers(written_layers(layers), LAYERS) == tuple(sorted(layers))


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([], "none is named"),
        ([1, 1], "1 is named twice"),
        ([1], "has one layer, 0"),
        ([0.0], "none of"),
        ([True], "none of"),
    ],
)
def test_indices_are_checked(layers, said):
    with pytest.raises(InputError, match=said):
        check_layers(layers, 2 if layers == [1, 1] else 1)
