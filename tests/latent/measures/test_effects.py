"""Effects against closed forms, on generators simple enough to be solved by hand."""

import json
from itertools import combinations

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.latent.direction import Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.measures.effects import measure

W, SIDE = 6, 4
PAINT = np.random.default_rng(0).normal(size=(W, SIDE, SIDE, 3))


def linear(ws):
    """Pictures that are linear in the code of layer 0."""
    return 128 + np.tensordot(np.asarray(ws)[:, 0], PAINT, axes=1)


def codes(count=8, width=W):
    return np.random.default_rng(1).normal(size=(count, 2, width))


def axis(index, width=W, length=1.0, layers=(0,)):
    return Direction(length * np.eye(width)[index], layers, "z", "f", name=f"axis {index}")


def one(pictures_of, direction, **options):
    [effect] = measure(pictures_of, options.pop("ws", codes()), [direction], **options)
    return effect


def test_a_linear_generator_goes_straight_and_does_the_same_to_every_picture():
    effect = one(linear, axis(2), strengths=(-2, 2))
    np.testing.assert_allclose(effect.heat, 4 * np.abs(PAINT[2]).mean(axis=-1), rtol=1e-5)
    np.testing.assert_allclose(effect.change, 4 * np.abs(PAINT[2]).mean(), rtol=1e-5)
    np.testing.assert_allclose([effect.monotonic, effect.consistency], 1, atol=1e-5)
    assert (effect.name, effect.label, effect.n_codes, effect.strengths) == ("axis 2", None, 8, (-2.0, 2.0))


def test_the_change_grows_with_the_range_and_the_length():
    base = one(linear, axis(2), strengths=(-1, 1)).change
    np.testing.assert_allclose(one(linear, axis(2), strengths=(-2, 4)).change, 3 * base, rtol=1e-5)
    np.testing.assert_allclose(one(linear, axis(2), strengths=(1, 2)).change, base / 2, rtol=1e-5)
    longer = one(linear, axis(2, length=5.0), strengths=(-1, 1))
    np.testing.assert_allclose(longer.change, 5 * base, rtol=1e-5)
    np.testing.assert_allclose(longer.ratio, one(linear, axis(2), strengths=(-1, 1)).ratio, rtol=1e-5)


@pytest.mark.parametrize("width", [3, 64])
def test_the_ratio_of_a_planted_direction_is_that_of_the_mean_cosine(width):
    # The picture is g . z in every pixel. A random unit vector u changes it by |g| |u_1|, with
    # E |u_1| = Gamma(W / 2) / (sqrt(pi) Gamma((W + 1) / 2)), and the direction g / |g| by |g|.
    from math import gamma, pi, sqrt

    expected = sqrt(pi) * gamma((width + 1) / 2) / gamma(width / 2)
    effect = one(
        lambda ws: np.broadcast_to(9 * np.asarray(ws)[:, 0, 0, None, None, None], (len(ws), 1, 1, 3)),
        axis(0, width),
        ws=codes(1, width),
        draws=4000,
    )
    assert effect.change == pytest.approx(36)
    assert effect.ratio == pytest.approx(expected, rel=0.04)
    assert effect.floor.change.std == pytest.approx(36 * sqrt(1 / width - 1 / expected**2), rel=0.05)


def test_the_floor_is_the_mean_and_the_deviation_of_single_random_directions():
    ends = []

    def watch(ws):
        ends.append(abs(ws[-1, 0, 0]))
        return np.broadcast_to(9 * ws[:, 0, 0, None, None, None], (len(ws), 1, 1, 3))

    floor = one(watch, axis(0), ws=np.zeros((1, 2, W)), draws=3).floor
    changes = 9 * 2 * np.array(ends[1:4])  # after the unedited picture; the last strength is 2, the first -2
    assert floor.draws == 3
    assert floor.change.mean == pytest.approx(changes.mean())
    assert floor.change.std == pytest.approx(changes.std() * np.sqrt(3 / 2))


def test_random_directions_stay_in_the_coordinates_and_layers_of_the_edit():
    seen = []

    def watch(ws):
        seen.append(np.array(ws))
        return linear(ws)

    one(watch, axis(0, layers=(1,)), ws=np.zeros((2, 2, W)), coordinates=4, draws=50)
    touched = np.abs(np.concatenate(seen)).max(axis=0) > 0
    assert touched.tolist() == [[False] * W, [True] * 4 + [False] * 2]
    lengths = np.unique(np.linalg.norm(np.concatenate(seen)[:, 1], axis=1).round(9))
    assert lengths.tolist() == [0, 1, 2]


def test_a_generator_that_ignores_the_code_has_no_effect_and_no_ratio():
    effect = one(lambda ws: np.full((len(ws), 2, 2, 3), 7, dtype=np.uint8), axis(0))
    assert (effect.change, effect.monotonic, effect.consistency, effect.ratio) == (0.0, None, None, None)
    assert (effect.floor.change.mean, effect.floor.monotonic, effect.floor.consistency) == (0.0, None, None)
    json.dumps(effect.to_dict(), allow_nan=False)


def test_noise_has_the_chance_values():
    random = np.random.default_rng(5)
    effect = one(lambda ws: random.normal(128, 20, size=(len(ws), 24, 24, 3)), axis(0), ws=codes(20), draws=2)
    assert effect.monotonic == pytest.approx(1 / 4, abs=0.005)
    assert effect.consistency == pytest.approx(0, abs=0.01)
    assert effect.ratio == pytest.approx(1, abs=0.02)


def test_going_there_and_back_is_not_monotonic():
    even = one(lambda ws: np.abs(linear(ws) - 128), axis(1), ws=np.zeros((1, 2, W)), strengths=(-1, 1))
    assert (even.change, even.monotonic) == (0, 0)
    # Three of four equal steps go forth and one back: |D| is 2 steps, the way is 4.
    zigzag = one(
        lambda ws: np.interp(ws[:, 0, 0], [-2, 1, 2], [0, 3, 2])[:, None, None, None] * np.ones((1, 2, 2, 3)),
        axis(0),
        ws=np.zeros((3, 2, W)),
    )
    assert zigzag.monotonic == pytest.approx(0.5)


def test_a_bent_way_is_monotonic_as_long_as_no_pixel_turns_back():
    effect = one(lambda ws: np.exp(linear(ws) / 128), axis(3))
    assert effect.monotonic == pytest.approx(1, abs=1e-5)
    assert effect.consistency > 0.99


def quadratic(ws):
    """Pictures that change differently from code to code."""
    ws = np.asarray(ws)
    return 100 + np.tensordot(ws[:, 0] * np.roll(ws[:, 0], 1, axis=1), PAINT, axes=1)


def test_alike_is_the_mean_cosine_over_pairs():
    ws, direction = codes(7), axis(1)
    changes = [(b - a).ravel() for a, b in zip(*(quadratic(direction.edit(ws, s)) for s in (-2, 2)), strict=True)]
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in combinations(changes, 2)]
    assert one(quadratic, direction, ws=ws).consistency == pytest.approx(np.mean(cosines), abs=1e-5)
    assert one(quadratic, direction, ws=ws[:1]).consistency is None


def test_neither_the_batch_nor_the_kind_of_codes_matters():
    expected = one(quadratic, axis(1), batch=100).to_dict()
    for options in ({"batch": 1}, {"batch": 9}, {"ws": torch.from_numpy(codes())}):
        mine = one(quadratic, axis(1), **options).to_dict()
        for key in ("change", "monotonic", "consistency", "ratio"):
            assert mine[key] == pytest.approx(expected[key], rel=1e-6), (options, key)


def test_no_more_pictures_are_made_at_once_or_in_all_than_promised():
    sizes = []

    def count(ws):
        sizes.append(len(ws))
        return linear(ws)

    found = Directions(np.eye(W)[:3], [1, 1, 1], [0.5, 0.3, 0.2], "z", (0,), "sefa", "f")
    effects = measure(count, codes(6), found, draws=5, batch=8)
    assert sum(sizes) == 6 * (1 + 4 * 3 + 4 * 5)
    assert max(sizes) == 8
    assert [effect.name for effect in effects] == ["sefa 0", "sefa 1", "sefa 2"]
    assert effects[0].floor is effects[2].floor
    sizes.clear()
    measure(count, codes(6), found, (1, 2), draws=5)  # without 0, no picture is unedited
    assert sum(sizes) == 6 * (5 * 3 + 5 * 5)


def test_the_same_seed_gives_the_same_floor():
    first, again, other = (one(quadratic, axis(1), seed=seed).floor for seed in (3, 3, 4))
    assert first == again != other


def test_all_but_the_heat_map_goes_into_json():
    written = json.loads(json.dumps(one(quadratic, axis(1)).to_dict(), allow_nan=False))
    assert written["floor"]["change"].keys() == {"mean", "std"}
    assert written["strengths"] == [-2.0, 2.0]
    assert "heat" not in written


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ws": np.zeros((0, 2, W))}, "give at least one"),
        ({"draws": 1}, "draws = 1: give a whole number, 2 or more"),
        ({"batch": 0}, "batch = 0"),
        ({"coordinates": 0}, "give 1 to 6"),
        ({"coordinates": 7}, "coordinates = 7: codes have 6"),
        ({"strengths": (2, -2)}, "start has to be below"),
        ({"pictures_of": lambda ws: np.zeros((len(ws), 3, 8, 8))}, r"have shape \(8, 3, 8, 8\), not \(8, H, W, 3\)"),
        ({"pictures_of": lambda ws: np.full((len(ws), 2, 2, 3), np.nan)}, "NaN or infinite pictures"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        one(options.pop("pictures_of", linear), axis(0), **options)
