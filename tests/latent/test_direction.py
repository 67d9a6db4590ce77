"""The algebra of directions: laws of a vector space, and edits as its action on codes."""

import dataclasses

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.latent.direction import Direction

PLACE = {"layers": (0, 2), "space": "w", "fingerprint": "a" * 64}
WHOLE = st.integers(-1000, 1000).map(float)  # whole numbers, so that the laws hold exactly
vectors = arrays.arrays(np.float64, 3, elements=WHOLE)
directions = vectors.map(lambda vector: Direction(vector, **PLACE))


def one(**changes):
    return dataclasses.replace(Direction([3.0, 4.0], label="smile", name="d", **PLACE), **changes)


@given(directions, directions, directions, WHOLE, WHOLE)
def test_directions_are_a_vector_space(d, e, f, s, t):
    assert d + e == e + d
    assert (d + e) + f == d + (e + f)
    assert d - e == d + -e
    assert s * (d + e) == s * d + s * e
    assert (s + t) * d == s * d + t * d
    assert (s * t) * d == s * (t * d) == (t * d) * s
    opposite = -d
    assert 1 * d == d == -opposite
    assert (4 * d) / 4 == d


@given(directions, directions, WHOLE, WHOLE)
def test_edits_add(d, e, s, t):
    ws = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(d.edit(d.edit(ws, s), t), d.edit(ws, s + t))
    np.testing.assert_array_equal(e.edit(d.edit(ws, 1), 1), (d + e).edit(ws, 1))
    np.testing.assert_array_equal((s * d).edit(ws, t), d.edit(ws, s * t))
    np.testing.assert_array_equal(d.edit(ws, 0), ws)


def test_an_edit_acts_on_its_layers_and_each_code_by_its_strength():
    ws = np.random.default_rng(0).normal(size=(2, 4, 2))
    moved = one().edit(ws, [2.0, -1.0]) - ws
    np.testing.assert_allclose(moved[:, [0, 2]], np.multiply.outer([2.0, -1.0], [[3, 4], [3, 4]]), atol=1e-14)
    assert not moved[:, [1, 3]].any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_tensors_and_arrays_are_edited_alike_and_left_as_they_were(dtype):
    ws = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(dtype)
    direction, before = Direction([0.1, -0.7], **PLACE), ws.copy()
    by_numpy, by_torch = direction.edit(ws, [0.3, 1, -2]), direction.edit(torch.from_numpy(ws), [0.3, 1, -2])
    assert isinstance(by_torch, torch.Tensor)
    assert by_numpy.dtype == by_torch.numpy().dtype == dtype
    np.testing.assert_array_equal(by_numpy, by_torch.numpy())
    np.testing.assert_array_equal(ws, before)


def test_gradients_flow_through_an_edit():
    ws = torch.zeros(1, 3, 2, requires_grad=True)
    one().edit(ws, 2.0).square().sum().backward()
    assert ws.grad.tolist() == [[[12.0, 16.0], [0.0, 0.0], [12.0, 16.0]]]


def test_numbers_of_numpy_scale_from_either_side():
    for factor in (np.float64(2), np.float32(2), np.int64(2)):
        assert factor * one() == one() * factor == one() + one()


def test_a_label_is_kept_only_where_the_direction_stays():
    d = one()
    assert [x.label for x in (2 * d, d / 2)] == ["smile", "smile"]
    assert [x.label for x in (-d, -2 * d, d / -2, 0 * d, d + d, d - d)] == [None] * 6


def test_names_say_what_was_done():
    d, e = one(), one(name="e")
    assert [x.name for x in (-d, 2.5 * d, d / 3, d + e, -(d + e), d - (d - e))] == [
        "-d",
        "2.5 * d",
        "d / 3",
        "d + e",
        "-(d + e)",
        "d - (d - e)",
    ]


def test_length():
    assert one().length == 5.0
    assert (-3 * one()).length == 15.0


def test_a_direction_cannot_be_written_to():
    vector = np.array([1.0, 2.0])
    direction = Direction(vector, **PLACE)
    vector[0] = 9
    assert direction.vector.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        direction.vector[0] = 9


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": "z"}, r"'d' and 'e' are of different spaces \(w and z\)"),
        ({"fingerprint": "b" * 64}, r"different generators \(weights aaaaaaaa and weights bbbbbbbb\)"),
        ({"fingerprint": "a" * 63 + "b"}, "different generators"),
        ({"layers": (0,)}, r"different layers \(\(0, 2\) and \(0,\)\)"),
        ({"vector": [1.0]}, r"different widths \(2 and 1\)"),
    ],
)
def test_what_does_not_belong_together_is_not_added(changes, said):
    for combine in (lambda d, e: d + e, lambda d, e: d - e):
        with pytest.raises(InputError, match=said):
            combine(one(), one(name="e", **changes))


def test_other_things_are_not_added():
    for other in (1, "d", np.ones(2)):
        with pytest.raises(TypeError):
            one() + other
        with pytest.raises(TypeError):
            one() * "d"
    assert one() != 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: one() / 0, "cannot divide 'd' by 0"),
        (lambda: one() * float("nan"), r"'nan \* d': there are NaN or infinite"),
        (lambda: one(vector=[[1.0]]), r"'d': shape \(1, 1\), where 1 dimension and no 0"),
        (lambda: one(vector=[]), r"shape \(0,\)"),
        (lambda: one(vector=["a"]), "array of numbers"),
        (lambda: one(space="x"), "unknown space 'x'.*Known: z, w"),
        (lambda: one(layers=()), "layers by ascending index"),
        (lambda: one(layers=(1, 0)), "layers by ascending index"),
        (lambda: one(layers=(0, 0)), "layers by ascending index"),
        (lambda: one(layers=(-1,)), "layers by ascending index"),
        (lambda: one(layers=("0",)), "layers by ascending index"),
        (lambda: one().edit(np.zeros((2, 2)), 1), r"shape \(2, 2\).*\(N, 3 or more, 2\).*mapping"),
        (lambda: one().edit(np.zeros((2, 2, 2)), 1), r"shape \(2, 2, 2\)"),
        (lambda: one().edit(torch.zeros(2, 3, 5), 1), r"shape \(2, 3, 5\)"),
        (lambda: one().edit(np.zeros((2, 3, 2), dtype=int), 1), "type int64.*floating-point"),
        (lambda: one().edit(torch.zeros(2, 3, 2, dtype=torch.int64), 1), "type torch.int64.*floating-point"),
        (lambda: one().edit(np.zeros((2, 3, 2)), float("inf")), "strength.*finite.*not inf"),
        (lambda: one().edit(np.zeros((2, 3, 2)), [1, 2, 3]), "each of the 2 codes"),
    ],
)
def test_what_makes_no_direction_or_edit_is_refused(make, said):
    with pytest.raises(InputError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)
