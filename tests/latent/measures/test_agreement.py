"""Agreement, stability and locality: closed forms, symmetries, and chance by simulation."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.latent.directions import Directions
from ganatomy.latent.measures.agreement import agreement, locality, stability
from ganatomy.latent.methods.random import orthonormal


def found(vectors, space="z"):
    count = len(vectors)
    return Directions(vectors, np.ones(count), np.full(count, 1 / count), space, (0,), "by hand", "f")


def test_order_and_sign_do_not_count():
    vectors = orthonormal(4, 9)
    order, signs = [2, 0, 3, 1], np.array([1, -1, -1, 1])[:, None]
    result = agreement(found(vectors), found(signs * vectors[order]))
    np.testing.assert_allclose(result.matched, 1)
    assert result.partner.tolist() == [1, 3, 0, 2]
    assert result.overlap == pytest.approx(1)


def test_a_turn_within_the_span_leaves_the_overlap_and_lowers_the_matches():
    vectors, turn = orthonormal(2, 9), np.array([[1.0, 1], [-1, 1]]) / np.sqrt(2)
    result = agreement(found(vectors), found(turn @ vectors))
    np.testing.assert_allclose(result.matched, np.sqrt(0.5))
    assert result.overlap == pytest.approx(1)


def test_the_overlap_is_the_mean_squared_cosine_of_the_principal_angles():
    result = agreement(found(orthonormal(3, 7, 1)), found(orthonormal(4, 7, 2)))
    assert result.overlap == pytest.approx(np.mean(np.cos(np.deg2rad(result.angles)) ** 2))
    assert 0.1 < result.overlap < 0.9


def test_no_direction_is_matched_twice_though_two_like_one_best():
    first = np.array([[1.0, 0, 0], [0.8, 0.6, 0]])
    result = agreement(found(first), found([[1.0, 0, 0], [0, 0, 1]]))
    assert result.partner.tolist() == [0, 1]
    np.testing.assert_allclose(result.matched, [1, 0])


def test_of_fewer_others_some_are_left_over():
    result = agreement(found(np.eye(5)[:3]), found(np.eye(5)[1:2]))
    assert result.partner.tolist() == [-1, 0, -1]
    assert result.to_dict()["matched"] == [None, 1.0, None]
    assert result.to_dict()["partner"] == [None, 0, None]
    assert result.overlap == 1  # the smaller span lies in the larger


def test_chance_is_what_random_subspaces_overlap_in_the_mean():
    pairs = [(found(orthonormal(2, 8, 2 * s)), found(orthonormal(3, 8, 2 * s + 1))) for s in range(400)]
    overlaps = [agreement(*pair).overlap for pair in pairs]
    assert np.mean(overlaps) == pytest.approx(agreement(*pairs[0]).chance, abs=0.03)
    assert agreement(*pairs[0], coordinates=6).chance == 0.5


def test_directions_of_another_space_are_refused():
    with pytest.raises(InputError, match="compare within one space"):
        agreement(found(np.eye(3)), found(np.eye(3), "w"))


# --- stability ---


def test_what_is_found_again_is_still_and_a_turn_is_measured():
    vectors, angle = np.eye(4)[:2], np.deg2rad(20)
    turned = np.array([[np.cos(angle), 0, np.sin(angle), 0], [0, -1, 0, 0]])
    result = stability(found(vectors), [found(vectors[::-1]), found(turned)])
    np.testing.assert_allclose(result.angles, [[0, 0], [20, 0]], atol=1e-12)
    np.testing.assert_allclose(result.span, [0, 20], atol=1e-12)
    np.testing.assert_allclose(result.overlap, [1, (1 + np.cos(angle) ** 2) / 2])
    assert result.to_dict()["angle_of_each"] == pytest.approx([10, 0])
    assert result.to_dict()["repetitions"] == 2


def test_small_turns_are_not_lost_in_rounding():
    angle = 1e-9
    turned = np.array([[np.cos(angle), np.sin(angle), 0]])
    assert stability(found(np.eye(3)[:1]), [found(turned)]).angles[0, 0] == pytest.approx(np.rad2deg(angle), rel=1e-5)


def test_stability_needs_as_many_again():
    with pytest.raises(InputError, match="at least one"):
        stability(found(np.eye(3)), [])
    with pytest.raises(InputError, match="3 directions and 2"):
        stability(found(np.eye(3)), [found(np.eye(3)[:2])])


# --- locality ---


def test_of_a_gaussian_spot_they_are_the_integrals():
    """exp(-r^2 / 2 s^2): half within r^2 = 2 s^2 log 2, so an area 2 pi s^2 log 2; effective 4 pi s^2."""
    y, x = np.mgrid[-100:101, -100:101]
    spot = locality(np.exp(-(x**2 + y**2) / (2 * 10.0**2)))
    assert spot.half == pytest.approx(2 * np.pi * 100 * np.log(2) / 201**2, rel=1e-3)
    assert spot.pixels == pytest.approx(4 * np.pi * 100 / 201**2, rel=1e-3)


def test_neither_place_nor_strength_counts():
    heat = np.random.default_rng(0).random((8, 8)) ** 3
    shuffled = 7 * np.random.default_rng(1).permutation(heat.ravel()).reshape(8, 8)
    assert locality(heat).half == pytest.approx(locality(shuffled).half)
    assert locality(heat).pixels == pytest.approx(locality(shuffled).pixels)
    assert locality(heat).half < locality(np.ones((8, 8))).half == 0.5


def test_one_pixel_is_the_most_local():
    heat = np.zeros((10, 10))
    heat[3, 4] = 5
    assert (locality(heat).half, locality(heat).pixels) == (0.005, 0.01)
    assert locality(np.zeros((3, 3))) is None
    with pytest.raises(InputError, match="negative"):
        locality(-heat)
