"""Boundaries of known scores, the symmetries they have to have, chance, and published files."""

import io
import os
from types import SimpleNamespace

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.latent.methods.boundary import SCORED, read_boundary, separable, separate


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


CODES, WEIGHTS = normal(2000, 10), np.linspace(-1, 1, 10) / np.linalg.norm(np.linspace(-1, 1, 10))
SCORES = CODES @ WEIGHTS


def test_a_linear_scores_direction_is_found_up_to_sampling():
    """Off by sqrt(W / N) or so, of the codes learnt from."""
    found = separate(CODES, SCORES)
    assert np.sqrt(1 - (found.normal @ WEIGHTS) ** 2) < 1.5 * np.sqrt(10 / 1400)
    assert found.accuracy > 0.99
    assert found.explained == pytest.approx((found.normal @ WEIGHTS) ** 2, abs=0.01)
    assert (found.learnt, found.held_out) == (2 * 420, 2 * 180)
    assert found.surely_better_than_chance


def test_more_codes_come_nearer():
    error = [
        np.mean([1 - separate(z, z @ WEIGHTS).normal @ WEIGHTS for z in (normal(n, 10, seed=s) for s in range(5))])
        for n in (100, 400, 1600, 6400)
    ]
    assert (np.diff(error) < 0).all()
    assert error[0] > 10 * error[-1]


def test_it_is_the_minimum_of_the_stated_loss():
    """By Newton's method in float64, on the same extremes: those of all codes, as nearly none are held out."""
    found = separate(CODES, SCORES, held_out=0.002, penalty=0.3)
    index = np.random.default_rng(0).permutation(2000)[4:]
    order = index[np.argsort(SCORES[index])]
    count = int(0.3 * len(index))
    chosen, target = np.r_[order[:count], order[-count:]], np.repeat([0.0, 1.0], count)
    centre = CODES[index].mean(axis=0)
    x = (CODES[chosen] - centre) / np.sqrt(((CODES[index] - centre) ** 2).mean())
    x, theta, ridge = np.column_stack([x, np.ones(len(x))]), np.zeros(11), np.diag([0.3] * 10 + [0])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ theta))
        hessian = x.T @ (x * (p * (1 - p))[:, None]) / len(x) + ridge
        theta = theta - np.linalg.solve(hessian, x.T @ (p - target) / len(x) + ridge @ theta)
    np.testing.assert_allclose(found.normal, theta[:-1] / np.linalg.norm(theta[:-1]), atol=1e-5)
    distances = (CODES @ found.normal + found.offset)[chosen]
    scale = np.sqrt(((CODES[index] - centre) ** 2).mean()) / np.linalg.norm(theta[:-1])
    np.testing.assert_allclose(distances, scale * (x @ theta), atol=1e-4)


def test_only_the_order_of_scores_tells_high_from_low():
    plain, warped = separate(CODES, SCORES), separate(CODES, np.exp(3 * SCORES) + 7)
    np.testing.assert_array_equal(plain.normal, warped.normal)
    assert warped.explained < plain.explained


def test_less_of_a_score_is_the_other_way():
    np.testing.assert_allclose(separate(CODES, -SCORES).normal, -separate(CODES, SCORES).normal, atol=1e-5)


def test_moving_scaling_and_turning_the_codes_moves_and_turns_the_plane():
    turn, shift = np.linalg.qr(normal(10, 10, seed=1))[0], 50 * normal(10, seed=2)
    plain, moved = separate(CODES, SCORES), separate(4 * CODES @ turn.T + shift, SCORES)
    np.testing.assert_allclose(moved.normal, turn @ plain.normal, atol=1e-5)
    here, there = CODES @ plain.normal + plain.offset, (4 * CODES @ turn.T + shift) @ moved.normal + moved.offset
    np.testing.assert_allclose(there, 4 * here, atol=1e-2)


def test_codes_without_a_score_are_as_if_they_were_not_there():
    holes = np.arange(2000) % 3 == 0
    with_holes = separate(CODES, np.where(holes, np.nan, SCORES))
    without = separate(CODES[~holes], SCORES[~holes])
    np.testing.assert_allclose(with_holes.normal, without.normal, atol=1e-9)
    assert (with_holes.accuracy, with_holes.learnt) == (without.accuracy, without.learnt)


def test_of_noise_nothing_is_claimed():
    found = [separate(normal(300, 20, seed=s), normal(300, seed=s + 1000), seed=s) for s in range(100)]
    assert abs(np.mean([each.accuracy for each in found]) - 0.5) < 0.02
    assert np.mean([each.explained for each in found]) < 0.03
    assert sum(each.surely_better_than_chance for each in found) <= 10  # one side of two standard errors: 2.3 % is due


def test_what_it_learns_from_is_not_what_it_is_judged_by():
    """With more coordinates than codes every split can be learnt without an error, which says nothing."""
    found = separate(normal(100, 200), normal(100, seed=1), penalty=1e-4)
    assert found.accuracy < 0.85


@pytest.mark.parametrize(
    ("codes", "scores", "how", "said"),
    [
        (CODES, SCORES[:-1], {}, r"scores of shape \(1999,\) for 2000 codes"),
        (
            CODES,
            np.full(2000, np.nan),
            {},
            "smile has a value in 0 of 2000 pictures: too few to learn from; 53 or more",
        ),
        (CODES[:40], SCORES[:40], {}, "40 of 40 pictures: too few"),
        (CODES, np.ones(2000), {}, "smile: the 30% highest scores are no higher than the 30% lowest"),
        (CODES * 0, SCORES, {}, "the codes are all the same"),
        (CODES * np.nan, SCORES, {}, "the codes: there are NaN"),
        (CODES, SCORES, {"extremes": 0.6}, r"extremes = 0\.6: give a share above 0, at most 0\.5"),
        (CODES, SCORES, {"held_out": 0}, "held_out = 0"),
        (CODES, SCORES, {"penalty": 0}, "penalty = 0"),
    ],
)
def test_what_has_no_boundary_is_refused(codes, scores, how, said):
    with pytest.raises(InputError, match=said):
        separate(codes, scores, name="smile", **how)


def test_the_least_number_that_is_asked_for_is_enough():
    assert separate(CODES[:53], SCORES[:53]).learnt >= 20


def test_what_few_pictures_have_or_most_share_is_not_separable():
    some = normal(64)
    enough, too_few = (np.where(np.arange(64) < SCORED * 64 - less, some, np.nan) for less in (0, 1))
    flags = [np.arange(64) < share * 64 for share in (0.25, 0.5)]  # the highest and lowest 30 % both have zeros, or not
    columns = np.column_stack([some, enough, too_few, np.full(64, np.nan), np.ones(64), *flags])
    assert separable(columns).tolist() == [True, True, False, False, False, False, True]


# --- published files ---

GENERATOR = SimpleNamespace(space="w", w_dim=4, edit_dim=4, num_ws=3, fingerprint=lambda: "f" * 64)


@pytest.mark.parametrize("shape", [(1, 4), (4,)])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2"])
def test_a_published_boundary_is_a_direction_on_all_layers(tmp_path, shape, kind):
    np.save(tmp_path / "stylegan_smile_boundary.npy", np.array([1, -1, 1, -1]).reshape(shape).astype(kind))
    found = read_boundary(tmp_path / "stylegan_smile_boundary.npy", GENERATOR, label="smile", source="faces")
    np.testing.assert_allclose(found.vectors, [[0.5, -0.5, 0.5, -0.5]])
    assert (found.layers, found.space, found.method, found.labels) == ((0, 1, 2), "w", "boundary", ("smile",))
    assert found[0].name == "boundary smile"
    assert read_boundary(tmp_path / "stylegan_smile_boundary.npy", GENERATOR)[0].name.endswith(
        "stylegan_smile_boundary"
    )


def as_file(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content, allow_pickle=True)
    return path


def truncated():
    file = io.BytesIO()
    np.save(file, np.ones((1, 4)))
    return file.getvalue()[:-8]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "not a .npy file"),
        (b"<html>closed</html>", "not a .npy file"),
        (b"\x93NUMPY\x01\x00", "damaged .npy file"),
        (truncated(), "damaged .npy file"),
        (b"\x93NUMPY\x01\x00\x05\x00(((((" + bytes(32), "damaged .npy file.*header"),
        (np.array([{"a": 1}], dtype=object), "holds Python objects, which are not read"),
        (np.ones((1, 5)), r"float64 of shape \(1, 5\); this generator's boundaries are \(1, 4\)"),
        (np.ones((4, 1)), r"shape \(4, 1\)"),
        (np.ones((1, 4), int), "int64 of shape"),
        (np.ones((1, 4), complex), "complex128"),
        (np.array([[1, np.nan, 1, 1]]), "NaN or infinite"),
        (np.zeros((1, 4)), "all zeros"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        read_boundary(as_file(tmp_path / "boundary.npy", content), GENERATOR)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_boundary(tmp_path, GENERATOR)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "boundary.npy")
    with pytest.raises(InputError, match="no ordinary file"):
        read_boundary(tmp_path / "boundary.npy", GENERATOR)
