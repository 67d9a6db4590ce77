"""The attributes of faces: closed forms on meshes of known expression and pose, and the way to a mesh, step by step.

The networks are replaced here by functions whose answers are known; `test_real_faces.py` asks the real ones.
"""

import numpy as np
import pytest

from ganatomy.attributes import faces as faces_module
from ganatomy.attributes.attribute import View
from ganatomy.attributes.crops import Canvas, Place
from ganatomy.attributes.face_attributes import FACE
from ganatomy.attributes.face_networks import AGES, Detector, Judge, Mesh
from ganatomy.attributes.faces import FaceReader, Faces
from ganatomy.attributes.geometry import AVERAGE, rotation_of
from ganatomy.attributes.landmarks import (
    CHEEKS,
    EYES,
    LEFT_EYE,
    LIPS,
    MIDDLE,
    MIRRORED,
    MOUTH,
    OVAL,
    POINTS,
    RIGHT_EYE,
)

BY_NAME = {one.name: one for one in FACE}
SIZE = 64


def expression(width=0.6, opening=0.05, raised=0.03, eyes=0.1):
    """An upright face: a mouth of this width, opening and raised corners, eyes with lids this far apart."""
    mesh = np.zeros((POINTS, 3))
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[list(OVAL), :2] = np.column_stack([0.78 * np.sin(turn), 0.3 - np.cos(turn)])
    mesh[list(CHEEKS)] = [[-0.4, 0.5, -0.1], [0.4, 0.5, -0.1]]
    mesh[list(AVERAGE)] = list(AVERAGE.values())
    mesh[list(LIPS)] = [[0, 0.8 - opening / 2, -0.2], [0, 0.8 + opening / 2, -0.2]]
    mesh[list(MOUTH)] = [[-width / 2, 0.8 - raised, -0.1], [width / 2, 0.8 - raised, -0.1]]
    for a, b, c, d, e, f in (LEFT_EYE, RIGHT_EYE):
        for point, part, side in (b, 0.3, -1), (c, 0.7, -1), (e, 0.7, 1), (f, 0.3, 1):
            mesh[point] = (1 - part) * mesh[a] + part * mesh[d] + [0, side * eyes / 2, 0]
    return mesh


def posed(mesh, pose=(0, 0, 0), scale=20.0, origin=(32, 30, 0)):
    return scale * mesh @ rotation_of(*pose).T + origin


def value(name, *meshes, pictures=None):
    points = np.array(meshes)
    pictures = np.zeros((len(points), SIZE, SIZE, 3), np.uint8) if pictures is None else pictures

    class Reader:
        def read(self, given):
            return Faces(given, points, np.full(len(points), 9.0))

    return BY_NAME[name].value(View(pictures, Reader()))


@pytest.mark.parametrize("pose", [(0, 0, 0), (40, -20, 10), (-25, 15, -60)])
@pytest.mark.parametrize("scale", [8.0, 30.0])
def test_an_expression_is_measured_alike_at_every_pose_and_size(pose, scale):
    eye = np.linalg.norm(np.subtract(AVERAGE[33], AVERAGE[133]))
    known = {"mouth-width": 0.6, "mouth-opening": 0.05, "smile": 0.03, "eye-opening": 0.1 / eye}
    for name, expected in known.items():
        assert value(name, posed(expression(), pose, scale))[0] == pytest.approx(expected), name


@pytest.mark.parametrize(
    ("name", "changed"),
    [("mouth-width", {"width": 0.8}), ("mouth-opening", {"opening": 0.2}), ("smile", {"raised": 0.1})],
)
def test_each_part_of_an_expression_moves_its_own_number_only(name, changed):
    neutral, other = posed(expression()), posed(expression(**changed))
    for one in ("mouth-width", "mouth-opening", "smile", "eye-opening", "yaw", "face-size"):
        before, after = value(one, neutral, other)
        assert (after > before + 0.01) if one == name else after == pytest.approx(before), one


def test_pose_and_place_are_said_with_their_signs():
    meshes = [posed(expression()), posed(expression(), (30, 20, 10), 32, (48, 14, 0))]
    for name, expected in {"yaw": 30, "pitch": 20, "roll": 10, "face-size": 50}.items():
        assert value(name, *meshes)[1] == pytest.approx(expected), name
    for name, by in {"face-x": (48 - 32) / 64 * 100, "face-y": (30 - 14) / 64 * 100}.items():
        same_pose = [posed(expression()), posed(expression(), origin=(48, 14, 0))]
        assert np.diff(value(name, *same_pose))[0] == pytest.approx(by), name


def test_lengths_are_shares_of_the_shorter_side():
    wide = np.zeros((1, 64, 128, 3), np.uint8)
    assert value("face-size", posed(expression(), scale=16), pictures=wide)[0] == pytest.approx(25)
    assert value("face-x", posed(expression(), origin=(64, 32, 0)), pictures=wide)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_picture_without_a_face_has_no_value_and_others_keep_theirs(name, monkeypatch):
    monkeypatch.setattr(Judge, "ages", lambda self, crops: np.full(len(crops), 30.0))
    monkeypatch.setattr(Judge, "genders", lambda self, crops: np.full(len(crops), -1.0))
    pictures = np.zeros((2, SIZE, SIZE, 3), np.uint8)  # black hair, red skin, a white background
    pictures[:, :8], pictures[:, 24:54, 18:46] = 255, [255, 80, 80]
    nothing = np.full((POINTS, 3), np.nan)
    none, some = value(name, nothing, posed(expression()), pictures=pictures)
    assert np.isnan(none)
    assert np.isfinite(some)
    assert np.isnan(value(name, nothing, pictures=pictures[:1])[0])


def test_age_and_gender_are_read_off_the_same_crop_however_the_face_lies(monkeypatch):
    """The crop follows the eyes: turned, enlarged and moved, the judge sees the same."""
    seen = []
    monkeypatch.setattr(Judge, "ages", lambda self, crops: seen.append(crops) or np.zeros(len(crops)))
    v, u = np.indices((128, 128)) + 0.5
    pictures = []
    for roll, scale in (0, 20), (25, 30):
        place = Place(64, 60, scale, np.radians(roll))
        x, y = place.to_crop(np.column_stack([u.ravel(), v.ravel()]), 1).T - 0.5
        pattern = 128 + 50 * np.sin(2 * x) + 50 * np.cos(3 * y)
        pictures.append(np.repeat(pattern.reshape(128, 128, 1), 3, axis=2).round().astype(np.uint8))
    meshes = [posed(expression(), (0, 0, roll), scale, (64, 60, 0)) for roll, scale in ((0, 20), (25, 30))]
    value("age", *meshes, pictures=np.array(pictures))
    straight, turned = seen[0].astype(float)
    assert straight.std() > 20
    np.testing.assert_allclose(turned, straight, atol=4)


def test_a_judgement_is_the_mean_over_a_crop_and_its_mirror_image(monkeypatch):
    monkeypatch.setattr(Judge, "ages", lambda self, crops: crops[:, :, :32].mean((1, 2, 3)))  # of the left half
    picture = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    picture[:, :, :32] = 200
    assert value("age", posed(expression()), pictures=picture)[0] == pytest.approx(100, abs=2)


def test_probabilities_become_years_and_log_odds(monkeypatch):
    judge = Judge()
    monkeypatch.setitem(judge.__dict__, "_age", lambda images: np.eye(81)[[0, 30]] / 2 + np.eye(81)[[0, 40]] / 2)
    monkeypatch.setitem(judge.__dict__, "_gender", lambda images: np.array([[0.2, 0.8], [1.0, 0.0]]))
    crops = np.zeros((2, 4, 4, 3), np.uint8)
    assert judge.ages(crops).tolist() == [0.25, 35.0]
    assert judge.genders(crops) == pytest.approx([np.log(4), np.log(1e-12)])
    assert (len(AGES), AGES[0], AGES[80]) == (81, 0.25, 80)


def test_the_judges_are_given_what_they_were_trained_on():
    given = []
    judge = Judge()
    judge.__dict__["_gender"] = lambda images: given.append(images) or np.array([[0.5, 0.5]])
    crop = np.zeros((1, 32, 32, 3), np.uint8)
    crop[..., 0], crop[:, 0, 1, 2] = 255, 128
    judge.genders(crop)
    assert given[0].shape == (1, 3, 32, 32)
    assert given[0].dtype == np.float32
    np.testing.assert_allclose(given[0][0, 0, 5, 5], (255 - 122.782) / 256, rtol=1e-5)
    np.testing.assert_allclose(given[0][0, 2, 0, 1], (128 - 104.298) / 256, rtol=1e-5)


def finder(k, half=8.0, score=3.0):
    """A detector whose network names anchor k, with eyes level and `half` pixels apart, and a box 32 pixels wide."""
    detector = object.__new__(Detector)
    boxes, scores = np.zeros((896, 16), np.float32), np.full((896, 1), -9.0, np.float32)
    boxes[k] = [0, 0, 32, 32, -half, -half, half, half, *[0] * 8]
    scores[k] = score
    detector._run = lambda crop: (boxes, scores)
    return detector


@pytest.mark.parametrize(
    ("k", "cell", "cells"), [((3 * 16 + 5) * 2 + 1, (5, 3), 16), (512 + (2 * 8 + 6) * 6 + 4, (6, 2), 8)]
)
def test_a_detection_is_where_its_anchor_is(k, cell, cells):
    place = finder(k).find(Canvas(np.zeros((64, 64, 3), np.uint8)))
    middle = 32 + (np.add(cell, 0.5) / cells - 0.5) * 1.25 * 64
    assert (place.x, place.y) == pytest.approx(tuple(middle))
    assert place.side == pytest.approx(1.5 * 32 * 1.25 * 64 / 128)
    assert np.degrees(place.angle) == pytest.approx(45)


def reader(mesh_of, monkeypatch):
    """A reader whose detector takes the whole picture, and whose mesh is given by a function of the place."""
    places = []

    class Mesh:
        def __init__(self, say):
            pass

        def lay(self, canvas, place):
            places.append(place)
            return mesh_of(len(places), place)

        lay_twice = lay

    class Finder:
        def __init__(self, say):
            pass

        def find(self, canvas):
            return Place(32, 32, 64)

    monkeypatch.setattr(faces_module, "require_faces", lambda: None)
    monkeypatch.setattr(faces_module, "Mesh", Mesh)
    monkeypatch.setattr(faces_module, "Detector", Finder)
    return FaceReader(), places


def test_the_mesh_is_laid_three_times_each_where_the_last_one_was(monkeypatch):
    face = posed(expression(), (0, 0, 30), 10, (40, 20, 0))
    read, places = reader(lambda n, place: (face, 9.0), monkeypatch)
    faces = read.read(np.zeros((1, SIZE, SIZE, 3), np.uint8))
    np.testing.assert_array_equal(faces.points[0], face)
    assert len(places) == 3
    assert places[0] == Place(32, 32, 64)
    assert places[1] == places[2]
    assert np.degrees(places[1].angle) == pytest.approx(30)
    inside = places[1].to_crop(face[:, :2], 192)
    extent = inside.max(0) - inside.min(0)
    assert extent.max() == pytest.approx(192 / 1.5)
    np.testing.assert_allclose((inside.max(0) + inside.min(0)) / 2, 96, atol=1e-6)


@pytest.mark.parametrize(("presence", "found"), [(5.0, True), (4.9, False), (-3.0, False)])
def test_a_face_is_found_by_the_log_odds_of_the_last_mesh(presence, found, monkeypatch):
    read, _ = reader(lambda n, place: (posed(expression()), presence if n == 3 else 99.0), monkeypatch)
    faces = read.read(np.zeros((1, SIZE, SIZE, 3), np.uint8))
    assert faces.found.tolist() == [found]
    assert faces.presence.tolist() == [presence]


def test_a_network_that_favours_a_side_does_not_show():
    """It answers with the picture's bright spot as the middle of the face, 3 pixels too far left, eyes unequal."""
    net = object.__new__(Mesh)

    def run(crop):
        weight = crop[0, :, :, 0] if crop.ndim == 4 else crop[:, :, 0]
        x = (weight.sum(0) * (np.arange(192) + 0.5)).sum() / weight.sum()
        points = posed(expression(), scale=60, origin=(x - 3, 96, 0))
        points[33] += [0, 5, 0]
        return points.ravel(), np.array([4.0 if x > 96 else 8.0])

    net._run = run
    picture = np.zeros((192, 192, 3), np.uint8)
    picture[90:100, 110:120] = 255
    canvas, place = Canvas(picture), Place(96, 96, 192)
    once, _ = net.lay(canvas, place)
    twice, presence = net.lay_twice(canvas, place)
    straight = posed(expression(), scale=60, origin=(115, 96, 0))
    used = [*MIRRORED.ravel(), *MIDDLE]
    level = [point for point in used if point not in (33, 263)]
    assert once[4, 0] == pytest.approx(112)
    np.testing.assert_allclose(twice[level], straight[level], atol=1e-6)
    np.testing.assert_allclose(twice[[33, 263], 1], straight[[33, 263], 1] + 2.5, atol=1e-6)
    assert presence == 6.0


def test_the_points_that_are_used_are_those_that_are_averaged():
    used = {*AVERAGE, *MOUTH, *LIPS, *LEFT_EYE, *RIGHT_EYE, *EYES, *OVAL, *CHEEKS}
    assert used <= {*MIRRORED.ravel(), *MIDDLE}


def test_threads_are_the_callers_or_the_environments(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    read, _ = reader(lambda n, place: None, monkeypatch)
    assert read._judge._threads == 3
    assert FaceReader(threads=2)._judge._threads == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert FaceReader()._judge._threads == 1
