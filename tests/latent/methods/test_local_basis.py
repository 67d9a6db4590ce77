"""The matrix-free decomposition against the dense one, in float64."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.latent.methods.local_basis import OVERSAMPLING, singular_directions


def planted(outputs=300, width=60, decay=0.85, seed=0):
    """A matrix with known singular values decay^j."""
    random = np.random.default_rng(seed)
    u, v = (np.linalg.qr(random.normal(size=(size, width)))[0] for size in (outputs, width))
    return (u * decay ** np.arange(width)) @ v.T


def found(jacobian, k, **how):
    return singular_directions(lambda x: jacobian @ x, lambda y: jacobian.T @ y, jacobian.shape[1], k, **how)


def test_power_iterations_find_the_dense_decompositions_vectors():
    jacobian = planted()
    _, scale, rows = np.linalg.svd(jacobian, full_matrices=False)
    errors = {}
    for iterations in (0, 2, 6):
        vectors, values, _ = found(jacobian, 5, iterations=iterations)
        errors[iterations] = np.abs(1 - np.abs((vectors * rows[:5]).sum(axis=1))).max()
    np.testing.assert_allclose(values, scale[:5] ** 2, rtol=1e-8)
    assert errors[6] < 1e-8 < errors[2] < errors[0]
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(5), atol=1e-12)
    assert (vectors[np.arange(5), np.abs(vectors).argmax(axis=1)] > 0).all()


def test_where_the_block_spans_everything_all_is_exact():
    jacobian = np.random.default_rng(0).normal(size=(40, OVERSAMPLING + 3))
    vectors, values, share = found(jacobian, 3, iterations=0)
    _, scale, rows = np.linalg.svd(jacobian)
    np.testing.assert_allclose(np.abs((vectors * rows[:3]).sum(axis=1)), 1, atol=1e-12)
    np.testing.assert_allclose(values, scale[:3] ** 2)
    np.testing.assert_allclose(share, scale[:3] ** 2 / (scale**2).sum())


def test_shares_are_of_an_estimate_that_is_right_in_the_mean():
    jacobian = planted(decay=0.97)
    truth = np.linalg.svd(jacobian, compute_uv=False)[0] ** 2 / np.linalg.norm(jacobian) ** 2
    shares = np.array([found(jacobian, 2, iterations=6, seed=seed)[2][0] for seed in range(30)])
    assert abs(shares.mean() / truth - 1) < 0.03
    assert np.abs(shares / truth - 1).max() < 0.3


def test_the_matrix_is_multiplied_as_often_as_is_said():
    jacobian, columns = planted(), {"forward": 0, "backward": 0}

    def counting(name, matrix):
        def multiply(block):
            columns[name] += block.shape[1]
            return matrix @ block

        return multiply

    singular_directions(counting("forward", jacobian), counting("backward", jacobian.T), 60, 4, iterations=3)
    assert columns == {"forward": (4 + 10) * (3 + 1) + 10, "backward": (4 + 10) * 3}


def test_a_seed_gives_the_same_again():
    first, again, other = (found(planted(), 4, iterations=0, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize(
    ("jacobian", "k", "how", "said"),
    [
        (planted(), 61, {}, "K = 61: .* from 1 to the 60"),
        (planted(), 0, {}, "K = 0"),
        (planted(), 1, {"iterations": -1}, "iterations = -1"),
        (np.zeros((5, 4)), 1, {}, "does not move with the code"),
        (np.full((5, 4), np.nan), 1, {}, "NaN or infinite"),
        (np.ones((2, 40)), 3, {}, "only 2 outputs"),
    ],
)
def test_what_has_no_directions_is_refused(jacobian, k, how, said):
    with pytest.raises(InputError, match=said):
        found(jacobian, k, **how)
