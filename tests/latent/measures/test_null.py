"""Null directions: any direction of length 1, of the coordinates and layers of what is compared with them."""

import numpy as np
import pytest

from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.latent.direction import Direction
from ganatomy.latent.measures.null import null_directions
from ganatomy.latent.methods.sefa import sefa


def test_null_directions_leave_the_class_alone():
    G = DCGAN([14, 8, 3], kernels=[4, 4], classes=["a", "b", "c", "d"]).eval()
    for direction in null_directions(sefa(G, 2)[0], 8, G.edit_dim, seed=0):
        assert not direction.vector[10:].any()
        assert direction.length == pytest.approx(1)
        assert direction.layers == (0,)


def test_the_first_of_more_are_those_of_fewer_and_they_point_anywhere():
    place = Direction([1.0, 0.0, 0.0], layers=(0,), space="z", fingerprint="f")
    many = np.array([null.vector for null in null_directions(place, 4000, 3, seed=1)])
    np.testing.assert_array_equal(many[:5], [null.vector for null in null_directions(place, 5, 3, seed=1)])
    np.testing.assert_allclose(many.T @ many / len(many), np.eye(3) / 3, atol=0.02)
    assert np.abs(many.mean(axis=0)).max() < 0.04
