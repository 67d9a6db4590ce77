"""Hair around a face, on painted heads: the colours and lengths that were painted are the ones read."""

import numpy as np
import pytest

from ganatomy.attributes.crops import Place
from ganatomy.attributes.hair import BELOW, SIDE, read_hair
from ganatomy.attributes.landmarks import CHEEKS, EYES, OVAL, POINTS

UNIT, EYES_AT = 40, (96, 90)  # pixels; x and y
SKIN, BROWN, WHITE = (220, 180, 160), (70, 45, 30), (235, 235, 235)


def head(length, hair=BROWN, skin=SKIN, background=WHITE):
    """Paint a head 192 pixels wide: hair reaches 1.9 `length` units below the eyes; the chin is at 1.3."""
    v, u = np.indices((192, 192)) + 0.5
    x, y = (u - EYES_AT[0]) / UNIT, (v - EYES_AT[1]) / UNIT
    picture = np.full((192, 192, 3), background, np.uint8)
    picture[(np.hypot(x, y + 0.2) < 1.3) & (y < 0)] = hair
    picture[(np.abs(x) < 1.3) & (y >= 0) & (y < 1.9 * length)] = hair
    picture[np.hypot(x / 0.75, (y - 0.3) / 0.95) < 1] = skin
    mesh = np.full((POINTS, 2), np.nan)
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[list(OVAL)] = np.column_stack([0.78 * np.sin(turn), 0.3 - np.cos(turn)])
    mesh[list(CHEEKS)] = [[-0.4, 0.5], [0.4, 0.5]]
    mesh[list(EYES)] = [[-0.5, 0], [-0.2, 0], [0.2, 0], [0.5, 0]]
    return picture, mesh * UNIT + EYES_AT


def place(turn=0.0):
    return Place(EYES_AT[0], EYES_AT[1] + BELOW * UNIT, SIDE * UNIT, turn)


def test_longer_hair_is_longer():
    lengths = [read_hair(*head(part), place()).length for part in (0, 0.3, 0.45, 0.6, 0.75)]
    assert lengths[0] < 0.1
    assert lengths[-1] > 0.85
    assert (np.diff(lengths) > 0.02).all()


@pytest.mark.parametrize("hair", [BROWN, (40, 40, 40), (120, 60, 20)])
def test_its_colour_does_not_matter(hair):
    assert read_hair(*head(1, hair=hair), place()).length > 0.85


def test_hair_and_skin_have_the_lightness_they_were_painted_with():
    read = read_hair(*head(1, hair=(119, 119, 119), skin=(94, 94, 94)), place())
    assert read.lightness == pytest.approx(50.0, abs=0.2)
    assert read.skin == pytest.approx(40.0, abs=0.3)


def test_nothing_is_said_where_hair_looks_like_the_background_or_the_skin():
    assert np.isnan(read_hair(*head(1, background=BROWN), place()).length)
    assert np.isnan(read_hair(*head(1, hair=SKIN), place()).length)


def test_a_side_that_looks_like_the_background_is_left_to_the_other():
    picture, mesh = head(1)
    picture[:24, :24] = BROWN
    assert read_hair(picture, mesh, place()).length > 0.85


def test_nothing_is_said_of_hair_that_is_cut_off():
    picture, mesh = head(1)
    cut, shift = picture[:120, 64:128], (64, 0)  # the face alone: 64 pixels wide, down to the mouth
    moved = Place(place().x - 64, place().y, place().side)
    assert np.isnan(read_hair(np.ascontiguousarray(cut), mesh - shift, moved).length)


def test_mirroring_changes_nothing():
    picture, mesh = head(0.6)
    mirrored = mesh * [-1, 1] + [192, 0]
    a, b = read_hair(picture, mesh, place()), read_hair(picture[:, ::-1], mirrored, place())
    assert a.length == pytest.approx(b.length, abs=0.02)
    assert (a.lightness, a.skin) == pytest.approx((b.lightness, b.skin))


def test_clothes_below_the_chin_are_not_hair():
    picture, mesh = head(0)
    picture[int(EYES_AT[1] + 1.35 * UNIT) :] = BROWN
    assert read_hair(picture, mesh, place()).length < 0.1
