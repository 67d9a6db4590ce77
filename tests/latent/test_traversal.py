"""Strengths, and the plan of a traversal: every picture once, and each where it belongs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.latent.directions import Directions
from ganatomy.latent.passage import Passage, edited, unedited
from ganatomy.latent.traversal import Traversal, strengths

RANGES = st.tuples(st.integers(-3, 3), st.integers(1, 5)).map(lambda pair: (pair[0], pair[0] + pair[1]))
plans = st.builds(
    lambda n, k, ends, steps: Traversal(n, k, strengths(*ends, steps)),
    st.integers(1, 4),
    st.integers(1, 4),
    RANGES,
    st.integers(2, 7),
)


def directions(count, width=4):
    vectors = np.linalg.qr(np.random.default_rng(2).normal(size=(width, width)))[0][:count]
    return Directions(vectors, np.ones(count), np.ones(count), "w", (0, 2), "sefa", "f")


def codes(count, width=4):
    return np.random.default_rng(3).normal(size=(count, 3, width))


def made(plan, ws, found, begin=0, end=None):
    """Make the codes of a plan's pictures, in the order in which a passage makes them."""
    places = np.concatenate([unedited(plan.samples), edited(plan.samples, plan.directions, plan.strengths)])
    assert len(places) == len(plan)
    return Passage(ws, found, plan.strengths, places).codes(begin, len(plan) if end is None else end)


# --- strengths ---


@given(st.floats(-10, 10), st.floats(0.1, 10), st.integers(2, 60))
def test_strengths_are_evenly_spaced_and_include_both_ends(start, length, steps):
    values = strengths(start, start + length, steps)
    assert len(values) == steps
    np.testing.assert_allclose([values[0], values[-1]], [start, start + length], atol=1e-14)
    np.testing.assert_allclose(np.diff(values), length / (steps - 1), rtol=1e-9)


def test_zero_is_exactly_zero_wherever_it_belongs():
    for below in range(1, 60):
        for above in range(1, 60):
            values = strengths(-0.1 * below, 0.1 * above, below + above + 1)
            assert values[below] == 0, (below, above)
            assert np.count_nonzero(values) == below + above


def test_what_is_small_but_meant_is_kept():
    assert strengths(-1e-12, 1.0, 2)[0] == -1e-12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((-2, 2, 1), "steps = 1: give a whole number of strengths, 2 or more"),
        ((-2, 2, 2.5), "steps = 2.5"),
        ((-2, 2, True), "steps = True"),
        ((2, -2, 5), "from 2 to -2: the start has to be below the end"),
        ((1, 1, 5), "start has to be below"),
        ((float("nan"), 1, 5), "two finite numbers"),
        ((0, float("inf"), 5), "two finite numbers"),
    ],
)
def test_no_range_is_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        strengths(*arguments)


# --- the plan ---


def test_the_reports_grid():
    plan = Traversal(samples=5, directions=5, strengths=strengths(-2, 2, 21))
    assert (plan.shown, len(plan)) == (630, 505)


def test_without_strength_0_the_unedited_pictures_are_extra():
    plan = Traversal(samples=5, directions=5, strengths=strengths(-2, 2, 20))
    assert (plan.shown, len(plan)) == (600, 505)


@given(plans)
def test_every_place_shows_the_picture_of_its_own_edit(plan):
    ws, found = codes(plan.samples), directions(plan.directions)
    distinct = made(plan, ws, found)
    np.testing.assert_array_equal(distinct[plan.unedited], ws)
    for n in range(plan.samples):
        for k in range(plan.directions):
            expected = [found[k].edit(ws[n : n + 1], strength)[0] for strength in plan.strengths]
            np.testing.assert_array_equal(distinct[plan.grid[n, k]], expected)


@given(plans)
def test_no_picture_is_made_twice_and_none_for_nothing(plan):
    distinct = made(plan, codes(plan.samples), directions(plan.directions))
    assert len({code.tobytes() for code in distinct}) == len(plan)
    assert set(plan.unedited) | set(plan.grid.ravel()) == set(range(len(plan)))


@given(plans, st.integers(1, 9))
def test_batches_make_the_same_codes(plan, size):
    ws, found = codes(plan.samples), directions(plan.directions)
    whole = made(plan, ws, found)
    parts = [made(plan, ws, found, begin, begin + size) for begin in range(0, len(plan), size)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@given(plans)
def test_an_interrupt_leaves_whole_directions(plan):
    for rendered in range(len(plan) + 1):
        whole = plan.whole_directions(rendered)
        there = [set(plan.grid[:, k].ravel()) <= set(range(rendered)) for k in range(plan.directions)]
        assert there == [k < whole for k in range(plan.directions)]


def test_strength_0_alone_makes_the_unedited_pictures_only():
    plan = Traversal(3, 2, [0.0])
    assert (len(plan), plan.shown, plan.whole_directions(2), plan.whole_directions(3)) == (3, 9, 0, 2)
    np.testing.assert_array_equal(made(plan, codes(3), directions(2)), codes(3))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Traversal(0, 1, [1.0]), "0 samples"),
        (lambda: Traversal(1, 0, [1.0]), "0 directions"),
        (lambda: Traversal(1, 1, []), "the strengths"),
        (lambda: Traversal(1, 1, [np.nan]), "the strengths: there are NaN"),
    ],
)
def test_what_does_not_fit_the_plan_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()
