"""What is left of a direction besides others: at right angles to them, and the nearest that is."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.latent.direction import Direction
from ganatomy.latent.labels.conditional import project


def direction(vector, name="d", **changes):
    place = {"layers": (0,), "space": "z", "fingerprint": "f" * 64, "label": name, "name": name}
    return Direction(vector, **{**place, **changes})


def drawn(count, width=9, seed=0):
    return [
        direction(vector, f"d{i}") for i, vector in enumerate(np.random.default_rng(seed).normal(size=(count, width)))
    ]


def test_the_rest_is_of_length_1_and_at_right_angles_to_what_is_kept():
    first, *kept = drawn(5)
    rest = project(first, kept)
    assert rest.length == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose([rest.vector @ other.vector for other in kept], 0, atol=1e-12)


def test_no_other_direction_that_keeps_them_is_nearer():
    first, *kept = drawn(5)
    rest = project(first, kept)
    free = np.linalg.svd(np.array([other.vector for other in kept]))[2][4:]
    others = np.random.default_rng(1).normal(size=(5000, len(free))) @ free
    cosines = others @ first.vector / np.linalg.norm(others, axis=1)
    assert cosines.max() < rest.vector @ first.vector < first.length
    assert cosines.max() > 0.9 * rest.vector @ first.vector  # the search came near, so that it would have found more


def test_neither_order_nor_length_nor_repeats_of_what_is_kept_count():
    first, a, b = drawn(3)
    expected = project(first, [a, b]).vector
    for kept in ([b, a], [5 * a, -b], [a, b, a + b, 0 * a]):
        np.testing.assert_allclose(project(first, kept).vector, expected, atol=1e-12)
    np.testing.assert_allclose(project(project(first, [a, b]), [a, b]).vector, expected, atol=1e-12)
    np.testing.assert_allclose(project(3 * first, [a, b]).vector, expected, atol=1e-12)


def test_a_linear_score_that_is_kept_does_not_change():
    first, kept = drawn(2)
    codes = np.random.default_rng(1).normal(size=(20, 1, 9))
    scores = [codes[:, 0] @ kept.vector, project(first, [kept]).edit(codes, 3.0)[:, 0] @ kept.vector]
    np.testing.assert_allclose(*scores, atol=1e-12)
    assert np.abs(first.edit(codes, 3.0)[:, 0] @ kept.vector - scores[0]).min() > 0.1


def test_the_label_goes_where_the_vector_turns_only():
    first, other = direction([1.0, 0, 0], "smile"), direction([0, 1.0, 0], "age")
    assert project(2 * first, [other]).label == "smile"
    assert project(2 * first, []).label == "smile"
    assert project(direction([1.0, 0.1, 0], "smile"), [other]).label is None
    assert project(first, [other]).name == "smile without age"


def test_what_is_kept_may_act_on_other_layers():
    first, other = direction([1.0, 1.0], space="w", layers=(0, 1)), direction([0.0, 1.0], space="w", layers=(5,))
    rest = project(first, [other])
    assert (rest.layers, rest.vector.tolist()) == ((0, 1), [1.0, 0.0])


@pytest.mark.parametrize(
    ("first", "kept", "said"),
    [
        ([1.0, 0], [direction([2.0, 0], "age")], "nothing of 'd' is left besides 'age'; keep fewer"),
        ([1.0, 1], [direction([2.0, 0], "a"), direction([3.0, 1], "b")], "nothing of 'd' is left besides 'a', 'b'"),
        ([1.0, 1e-9], [direction([1.0, 0], "a")], "nothing of 'd' is left"),
        ([0.0, 0], [], "'d' has length 0"),
        ([1.0, 0], [direction([1.0, 0, 0], "a")], "2 coordinates of z.*cannot keep 'a' .3 of z"),
        ([1.0, 0], [direction([1.0, 0], "a", space="w")], "cannot keep 'a' .2 of w"),
        ([1.0, 0], [direction([1.0, 0], "a", fingerprint="g" * 64)], "weights gggggggg"),
    ],
)
def test_what_cannot_be_kept_is_refused(first, kept, said):
    with pytest.raises(InputError, match=said):
        project(direction(first), kept)
