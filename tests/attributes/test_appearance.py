"""The attributes of any picture: known values, the operation that each one measures, and what it must not notice."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ganatomy.attributes.appearance import APPEARANCE
from ganatomy.attributes.attribute import View, checked_pictures
from ganatomy.attributes.choosing import measure
from ganatomy.attributes.colour import lab_of, linear_of
from ganatomy.errors import InputError

BY_NAME = {one.name: one for one in APPEARANCE}


def value(name, pictures):
    return BY_NAME[name].value(View(np.asarray(pictures, np.uint8)))


def grey_of(lightness):
    """Grey levels (..., 3) of L*, by inverting CIE 15 and IEC 61966-2-1 independently of the package."""
    light = np.asarray(lightness, float)
    y = np.where(light > 8, ((light + 16) / 116) ** 3, light / 903.2963)
    level = np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-12) ** (1 / 2.4) - 0.055)
    return np.repeat(np.round(255 * level)[..., None], 3, axis=-1).astype(np.uint8)


@pytest.fixture
def pictures():
    """Six smooth pictures in colour, of no symmetry."""
    noise = np.random.default_rng(0).normal(size=(6, 32, 32, 3))
    smooth = gaussian_filter(noise, (0, 3, 3, 0))
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def test_colours_agree_with_the_published_values_of_srgb_primaries():
    primaries = lab_of(linear_of(np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)))
    expected = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [100, 0, 0]]
    np.testing.assert_allclose(primaries, expected, atol=0.15)


@pytest.mark.parametrize("lightness", [5, 30, 50, 90])
def test_a_uniform_grey_has_its_lightness_and_nothing_else(lightness):
    picture = grey_of(np.full((1, 16, 16), lightness))
    assert value("brightness", picture)[0] == pytest.approx(lightness, abs=0.3)
    assert value("background", picture)[0] == pytest.approx(lightness, abs=0.3)
    for name in ("contrast", "warmth", "saturation", "asymmetry", "border"):
        assert value(name, picture)[0] == pytest.approx(0, abs=2e-3), name
    assert np.isnan(value("sharpness", picture)[0])


def test_contrast_is_the_standard_deviation_of_lightness():
    waves = 50 + 20 * np.sin(np.arange(64) / 64 * 2 * np.pi * 4)
    assert value("contrast", grey_of(np.tile(waves, (64, 1)))[None])[0] == pytest.approx(20 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize("cycles", [2, 4, 8, 16])
@pytest.mark.parametrize("amplitude", [10, 30])
def test_sharpness_of_stripes_is_their_frequency_whatever_their_contrast(cycles, amplitude):
    size = 128
    waves = 50 + amplitude * np.sin((np.arange(size) + 0.5) / size * 2 * np.pi * cycles)
    stripes = grey_of(np.tile(waves, (size, 1)))
    expected = size / np.pi * np.sin(np.pi * cycles / size)
    found = value("sharpness", [stripes, stripes.transpose(1, 0, 2)])
    np.testing.assert_allclose(found, expected, rtol=0.03)


def test_blurring_lowers_sharpness_more_the_wider_it_is(pictures):
    blurred = [gaussian_filter(pictures.astype(float), (0, s, s, 0)).round().astype(np.uint8) for s in (0, 1, 2, 4)]
    values = np.array([value("sharpness", some) for some in blurred])
    assert (np.diff(values, axis=0) < 0).all()


def test_lightening_raises_brightness(pictures):
    half = (pictures // 2).astype(np.uint8)
    assert (value("brightness", pictures) > value("brightness", half)).all()


def test_exchanging_red_and_blue_turns_warmth_around_and_a_black_picture_has_none(pictures):
    np.testing.assert_allclose(value("warmth", pictures[..., ::-1]), -value("warmth", pictures), atol=1e-6)
    assert value("warmth", np.zeros((1, 8, 8, 3)))[0] == 0


def test_warmth_counts_powers_of_two_of_light():
    levels = np.array([[255, 100, 188], [188, 100, 255]])  # 188 is half the light of 255
    two = np.broadcast_to(levels[:, None, None], (2, 8, 8, 3))
    np.testing.assert_allclose(value("warmth", two), [1, -1], atol=0.02)


def test_fading_to_grey_lowers_saturation_to_nothing(pictures):
    grey = pictures.mean(3, keepdims=True)
    faded = [(grey + share * (pictures - grey)).round().astype(np.uint8) for share in (1, 0.6, 0.3, 0)]
    values = np.array([value("saturation", some) for some in faded])
    assert (np.diff(values, axis=0) < 0).all()
    np.testing.assert_allclose(values[-1], 0, atol=0.01)


@pytest.mark.parametrize("width", [16, 17])
def test_asymmetry_is_right_minus_left_and_ignores_a_middle_column(width):
    lightness = np.full((8, width), 30.0)
    lightness[:, -(width // 2) :] = 70
    assert value("asymmetry", grey_of(lightness)[None])[0] == pytest.approx(40, abs=0.5)


def test_mirroring_turns_asymmetry_around_and_leaves_the_rest(pictures):
    here, there = measure(APPEARANCE, pictures), measure(APPEARANCE, pictures[:, :, ::-1])
    signs = [-1 if one.name == "asymmetry" else 1 for one in APPEARANCE]
    np.testing.assert_allclose(there, here * signs, rtol=1e-4, atol=1e-4)


def test_the_background_is_seen_along_the_top_and_the_upper_sides_only(pictures):
    before = value("background", pictures)
    changed = pictures.copy()
    changed[:, 4:, 4:-4] = 255  # the middle, down to the bottom
    changed[:, 16:] = 0
    np.testing.assert_array_equal(value("background", changed), before)
    changed[:, :4] = 255
    assert (value("background", changed) > before).all()


def test_border_is_the_rim_minus_the_middle():
    lightness = np.full((32, 32), 50.0)
    lightness[8:24, 8:24] = 80
    lightness[:4] = lightness[-4:] = 20
    lightness[:, :4] = lightness[:, -4:] = 20
    assert value("border", grey_of(lightness)[None])[0] == pytest.approx(-60, abs=0.5)


def test_repeating_every_pixel_changes_nothing_but_the_sharpness(pictures):
    names = [name for name in BY_NAME if name != "sharpness"]
    larger = pictures.repeat(4, axis=1).repeat(4, axis=2)
    for name in names:
        np.testing.assert_allclose(value(name, larger), value(name, pictures), rtol=1e-4, atol=1e-4, err_msg=name)


def test_a_picture_has_the_same_numbers_whatever_is_measured_with_it(pictures):
    together = measure(APPEARANCE, pictures, batch=4)
    alone = np.concatenate([measure(APPEARANCE, pictures[n : n + 1]) for n in range(len(pictures))])
    np.testing.assert_allclose(together, alone, rtol=1e-6)


@pytest.mark.parametrize(
    "pictures",
    [np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 8, 4), np.uint8), np.zeros((1, 2, 8, 3))],
)
def test_what_is_no_picture_is_refused(pictures):
    with pytest.raises(InputError, match=r"give uint8 \(N, H, W, 3\)"):
        checked_pictures(pictures)
