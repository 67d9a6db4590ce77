"""A projection puts points where they must lie, and tells how many it moved and how far."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.points.projection import project

POINTS = np.random.default_rng(0).normal(size=(500, 3)) * [1.0, 2.0, 30.0]
NAMES = ("a", "b", "c")


def test_nothing_asked_is_nothing_moved():
    points, moved = project(POINTS)
    assert np.array_equal(points, POINTS)
    assert moved == []


def test_rounding_is_to_the_nearest_multiple_and_counted():
    points, (moved,) = project(POINTS, step=0.1)
    assert np.array_equal(points, np.rint(POINTS * 10) / 10)  # 0.3, and not 0.30000000000000004
    far = np.linalg.norm(points - POINTS, axis=1)
    assert (moved.how, moved.share) == ("rounded", 1.0)
    assert (moved.median, moved.most) == (np.median(far), far.max())
    again, (still,) = project(points, step=0.1)
    assert np.array_equal(again, points)
    assert (still.share, still.median, still.most) == (0.0, 0.0, 0.0)
    assert str(still) == "rounded: no point had to be moved"


def test_bounds_move_what_is_beyond_and_nothing_else():
    points, (moved,) = project(POINTS, bounds={"b": (0, None), "c": (-10, 10)}, columns=NAMES)
    expected = np.stack([POINTS[:, 0], np.maximum(POINTS[:, 1], 0), np.clip(POINTS[:, 2], -10, 10)], axis=1)
    assert np.array_equal(points, expected)
    beyond = (expected != POINTS).any(axis=1)
    assert moved.share == beyond.mean()
    assert 0.5 < moved.share < 1
    far = np.linalg.norm(expected - POINTS, axis=1)[beyond]
    assert (moved.median, moved.most) == (np.median(far), far.max())


def test_both_are_counted_apart_and_hold_at_once():
    points, (rounded, bounded) = project(POINTS, step={"a": 1, "c": 2.5}, bounds=(-1.2, 31), columns=NAMES)
    assert set(points[:, 0]) <= {-1.0, *range(32)}
    assert np.array_equal(np.rint(points[:, 2] / 2.5) * 2.5, points[:, 2])
    assert (points.min(axis=0) >= [-1, -1.2, 0]).all()
    assert points[:, 2].max() == 30.0
    assert (rounded.how, bounded.how) == ("rounded", "bounded")
    assert rounded.share == 1.0
    assert bounded.share < 1.0


def test_a_bound_that_is_a_multiple_is_kept():
    points, _ = project([[0.29, -5.0], [9.0, 0.1]], step=0.1, bounds=(0, 0.3))
    assert points.tolist() == [[0.3, 0.0], [0.3, 0.1]]


def test_the_points_given_are_left_alone():
    before = POINTS.copy()
    project(POINTS, step=1, bounds=(0, 1))
    assert np.array_equal(POINTS, before)


@pytest.mark.parametrize("share", [1, 1999])
def test_a_share_is_never_rounded_to_none_or_all(share):
    points = np.r_[np.full(share, -1.0), np.ones(2000 - share)][:, None]
    _, (moved,) = project(points, bounds=(0, None))
    assert moved.share == share / 2000
    assert "0.0%" not in str(moved)
    assert " 100.0%" not in str(moved)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": 0}, "`step` = 0: give a number above 0"),
        ({"step": -1.0}, "`step` = -1.0"),
        ({"step": float("nan")}, "`step` = nan"),
        ({"step": "1"}, "`step` = '1'"),
        ({"step": {"d": 1}}, "`step`: unknown column 'd'"),
        ({"bounds": (1, 0)}, "the first must be below the second"),
        ({"bounds": (float("nan"), 1)}, "the first must be below the second"),
        ({"bounds": 3}, "give \\(low, high\\)"),
        ({"bounds": (1, 2, 3)}, "give \\(low, high\\)"),
        ({"bounds": {"age": (0, 1)}}, "`bounds`: unknown column 'age'"),
        ({"step": 1, "bounds": (0.2, 0.8)}, "no multiple of 1 lies between them"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        project(POINTS, columns=NAMES, **arguments)
