"""Random directions are orthonormal, uniform, and in the coordinates that can be edited."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.measures.null import null_directions
from ganatomy.latent.methods.random import orthonormal, random_directions

GENERATOR = SimpleNamespace(space="w", w_dim=8, edit_dim=6, num_ws=4, fingerprint=lambda: "f")


def test_they_are_orthonormal_and_leave_the_class_alone():
    found = random_directions(GENERATOR, k=6, layers="1:3", seed=3, source="here")
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-12)
    assert not found.vectors[:, 6:].any()
    assert (found.method, found.layers, found.source) == ("random", (1, 2), "here")
    np.testing.assert_allclose(found.share.sum(), 1)


def test_they_are_uniform():
    """Moments of the uniform distribution: mean 0, covariance I / E, fourth moment 3 / (E (E + 2))."""
    frames = np.array([orthonormal(3, 4, seed) for seed in range(4000)])
    for vectors in frames.swapaxes(0, 1):
        assert np.abs(vectors.mean(axis=0)).max() < 4 * 0.5 / np.sqrt(4000)
        assert np.abs(vectors.T @ vectors / 4000 - np.eye(4) / 4).max() < 0.02
        assert np.abs((vectors**4).mean(axis=0) - 3 / 24).max() < 0.02


def test_the_share_is_what_one_takes_in_the_mean():
    weights = np.random.default_rng(0).normal(size=(20, 6)) * np.linspace(1, 3, 6)
    taken = [np.linalg.norm(weights @ orthonormal(1, 6, seed)[0]) ** 2 for seed in range(2000)]
    assert np.mean(taken) / np.linalg.norm(weights) ** 2 == pytest.approx(1 / 6, rel=0.03)


def test_the_control_is_none_of_what_it_is_compared_with():
    """Of one seed, neither a draw of the null (which is what one control would be) nor what was planted."""
    G = Planted(z_dim=12, resolution=16)
    for seed in (0, 3):
        control = random_directions(G, k=1, seed=seed)
        null = [direction.vector for direction in null_directions(control[0], 8, G.edit_dim, seed)]
        assert np.abs(null @ control.vectors[0]).max() < 0.95
    cosines = np.abs(random_directions(G, k=12, seed=0).vectors @ G.directions.numpy().T)
    assert cosines.max() < 0.95


def test_a_seed_gives_the_same_again():
    first, again, other = (random_directions(GENERATOR, seed=seed).vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


@pytest.mark.parametrize("k", [0, 7, True, 2.0])
def test_k_out_of_range_is_refused(k):
    with pytest.raises(InputError, match="from 1 to the 6 coordinates"):
        random_directions(GENERATOR, k=k)
