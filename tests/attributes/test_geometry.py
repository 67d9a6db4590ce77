"""The pose of a mesh: a face turned by known angles has those angles, at any size and place, and mirrored ones."""

import numpy as np
import pytest

from ganatomy.attributes.geometry import AVERAGE, STABLE, angles_of, fit_frames, rotation_of
from ganatomy.attributes.landmarks import MIDDLE, MIRRORED, POINTS

POSES = [(0, 0, 0), (35, 0, 0), (0, 25, 0), (0, 0, -30), (20, -15, 10), (-50, 30, 25), (60, -40, -70)]


@pytest.fixture(scope="module")
def face():
    """A whole upright mesh: the average stable points, and others anywhere near."""
    mesh = np.random.default_rng(0).normal(scale=0.5, size=(POINTS, 3))
    mesh[list(AVERAGE)] = list(AVERAGE.values())
    return mesh


def posed(face, pose, scale=20.0, origin=(32.0, 30.0, 5.0)):
    return (scale * face @ rotation_of(*pose).T + origin)[None]


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("scale", [3.0, 300.0])
def test_a_turned_face_has_its_angles_its_size_and_its_place(face, pose, scale):
    frames = fit_frames(posed(face, pose, scale))
    np.testing.assert_allclose(angles_of(frames.rotation)[0], pose, atol=1e-6)
    np.testing.assert_allclose(frames.scale, scale)
    np.testing.assert_allclose(frames.origin[0], [32, 30, 5], atol=1e-6)
    np.testing.assert_allclose(frames.misfit, 0, atol=1e-9)


@pytest.mark.parametrize("pose", POSES)
def test_brought_upright_it_is_itself_again(face, pose):
    mesh = posed(face, pose)
    np.testing.assert_allclose(fit_frames(mesh).upright(mesh)[0], face, atol=1e-9)


@pytest.mark.parametrize("pose", POSES)
def test_mirroring_turns_yaw_and_roll_around_and_leaves_pitch(face, pose):
    mesh = posed(face, pose)
    mirrored = mesh * [-1, 1, 1] + [64, 0, 0]
    left, right = MIRRORED.T
    mirrored[:, left], mirrored[:, right] = mirrored[:, right].copy(), mirrored[:, left].copy()
    yaw, pitch, roll = angles_of(fit_frames(mirrored).rotation)[0]
    np.testing.assert_allclose([-yaw, pitch, -roll], pose, atol=1e-6)


def test_turning_the_picture_adds_to_the_roll_of_a_frontal_face(face):
    mesh = posed(face, (0, 0, 5))
    turn = np.radians(12)  # clockwise, y being down
    turned = mesh @ np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]).T
    np.testing.assert_allclose(angles_of(fit_frames(turned).rotation)[0], [0, 0, 17], atol=1e-6)


def test_an_expression_changes_no_pose(face):
    smiling = face.copy()
    smiling[[61, 291, 13, 14, 152, 159, 145]] += [0, 0.3, 0.1]
    assert not {61, 291, 13, 14, 152, 159, 145} & set(STABLE)
    frames = fit_frames(np.concatenate([posed(face, (10, 5, 2)), posed(smiling, (10, 5, 2))]))
    np.testing.assert_array_equal(frames.rotation[0], frames.rotation[1])


def test_a_frame_is_a_rotation_even_of_a_mesh_that_is_turned_inside_out(face):
    rotation = fit_frames(posed(face * [1, 1, -1], (10, 0, 0))).rotation[0]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_noise_moves_the_angles_a_little_and_shows_as_misfit(face):
    noisy = face + np.random.default_rng(1).normal(scale=0.02, size=face.shape)
    frames = fit_frames(posed(noisy, (15, -10, 5)))
    np.testing.assert_allclose(angles_of(frames.rotation)[0], [15, -10, 5], atol=2)
    assert frames.misfit[0] == pytest.approx(0.02 * np.sqrt(3), rel=0.3)


def test_a_face_that_was_not_found_has_no_pose_and_does_not_disturb_others(face):
    both = np.concatenate([np.full((1, POINTS, 3), np.nan), posed(face, (10, 0, 0))])
    frames = fit_frames(both)
    assert np.isnan(angles_of(frames.rotation)[0]).all()
    assert np.isnan(frames.scale[0])
    np.testing.assert_allclose(angles_of(frames.rotation)[1], [10, 0, 0], atol=1e-6)
    assert np.isnan(fit_frames(both[:1]).scale).all()


def test_the_average_face_is_symmetric_and_its_eyes_are_one_apart():
    left, right = (
        np.array([AVERAGE[p] for p in side]) for side in ((33, 133, 127, 234, 98), (263, 362, 356, 454, 327))
    )
    np.testing.assert_array_equal(left * [-1, 1, 1], right)
    assert right[0].tolist() == [0.5, 0, 0]
    assert all(AVERAGE[p][0] == 0 for p in STABLE if p in MIDDLE)


def test_every_point_has_one_mirror_image():
    assert len(set(MIRRORED.ravel())) == MIRRORED.size
    assert not set(MIRRORED.ravel()) & set(MIDDLE)
    assert set(STABLE) <= {*MIRRORED.ravel(), *MIDDLE}
