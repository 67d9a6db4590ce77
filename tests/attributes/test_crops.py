"""Crops: where a point of a crop is in the picture, and back; what is seen there, at any scale and turn."""

import numpy as np
import pytest

from ganatomy.attributes.crops import Canvas, Place


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
def test_a_crop_shows_what_is_at_its_place(angle):
    """On a picture that is a linear function of place, interpolation is exact."""
    v, u = np.indices((64, 64)) + 0.5
    picture = np.stack([2 * u + v, 3 * v, 4 * u / 3], axis=-1).round().astype(np.uint8)
    place = Place(30, 34, 24, angle)
    crop = Canvas(picture).crop(place, 16)
    y, x = np.indices((16, 16)).reshape(2, -1) + 0.5
    x, y = place.to_picture(np.column_stack([x, y]), 16).T
    np.testing.assert_allclose(crop.reshape(-1, 3), np.stack([2 * x + y, 3 * y, 4 * x / 3], axis=-1), atol=1.6)


def test_an_enlarged_picture_gives_the_same_crop():
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    large = picture.repeat(8, axis=0).repeat(8, axis=1)
    here = Canvas(picture).crop(Place(16, 16, 24), 24)
    np.testing.assert_array_equal(Canvas(large).crop(Place(128, 128, 192), 24), here)


def test_outside_of_the_picture_its_edge_goes_on():
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[:, -1] = 200
    crop = Canvas(picture).crop(Place(16, 8, 8), 8)
    assert (crop[:, 4:] == 200).all()
    assert (crop[:, :3] == 0).all()


def test_the_edge_goes_on_for_half_of_the_longer_side():
    white = Canvas(np.full((16, 24, 3), 255, np.uint8))
    assert (white.crop(Place(12, 8, 40), 20) == 255).all()
    assert (white.crop(Place(12, 8, 60), 20)[[0, -1]] == 0).all()


def test_pictures_need_not_be_square():
    picture = np.zeros((16, 40, 3), np.uint8)
    picture[4:8, 30:34] = 255
    assert (Canvas(picture).crop(Place(32, 6, 4), 4) == 255).all()
