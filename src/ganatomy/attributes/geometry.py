"""The pose of a face, from its mesh: a rigid frame fitted to the points that no expression moves.

A mesh is 468 points (x, y, z): x to the picture's right, y down, z away from the viewer, all in pixels. A frame is the
rotation R, the scale s and the shift t that bring the average face's stable points T closest to the mesh's M:

    min over R, s, t of  sum_p |M_p - (s R T_p + t)|^2        (Kabsch; Umeyama, equations 40 to 42)

s is the distance between the outer corners of the eyes in pixels, as it would be if the face looked at the viewer, and
t where the middle between them is. The inverse puts a mesh upright: distances on it are in units of that distance and
do not depend on pose or size. With the face looking along f = R (0, 0, -1),

    R = Y(yaw) X(pitch) Z(roll)      yaw = atan2(f_x, -f_z),  pitch = asin(-f_y)

    yaw    > 0  the face looks to the picture's right (its own left)
    pitch  > 0  it looks up
    roll   > 0  the top of the head leans to the picture's right: clockwise

Mirroring a picture turns yaw and roll around and leaves pitch. Pitch 0 is that of the average face below.
Not guaranteed: perspective; the frame knows none. Nor that the mesh's depth is right: it is a network's guess.

Shape letters: `N` faces, `P` = 17 stable points.

References:
    W. Kabsch (1976), A solution for the best rotation to relate two sets of vectors, Acta Crystallographica A32.
    S. Umeyama (1991), Least-squares estimation of transformation parameters between two point patterns, IEEE TPAMI 13.
    See also `landmarks`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The average of the meshes of the zoo's `faces` (seed 0, 381 of 400 pictures), aligned to each other and mirrored, and
# turned so that their mean pitch is 0. Forehead and bridge, tip and base of the nose.
_MIDDLE = {
    151: (0.0, -0.378, -0.277),
    9: (0.0, -0.199, -0.283),
    168: (0.0, -0.024, -0.248),
    6: (0.0, 0.069, -0.287),
    195: (0.0, 0.231, -0.384),
    4: (0.0, 0.410, -0.456),
    2: (0.0, 0.533, -0.246),
}
_PAIRS = {  # (point left in the picture, point right): where the right one is. Eye corners, temples, ears, nostrils
    (33, 263): (0.5, 0.0, 0.0),
    (133, 362): (0.191, 0.025, -0.060),
    (127, 356): (0.774, 0.004, 0.541),
    (234, 454): (0.763, 0.154, 0.609),
    (98, 327): (0.192, 0.497, -0.161),
}
AVERAGE: dict[int, tuple[float, float, float]] = _MIDDLE | {
    point: (sign * x, y, z) for pair, (x, y, z) in _PAIRS.items() for point, sign in zip(pair, (-1, 1), strict=True)
}
"""The stable points of the average face, by their numbers in the mesh."""
STABLE = tuple(AVERAGE)
_T = np.array(list(AVERAGE.values()))  # (P, 3)


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of N faces; NaN where there is no face.

    Attributes:
        rotation: R, (N, 3, 3).
        scale: s, in pixels, (N,).
        origin: t, in pixels, (N, 3).
        misfit: root mean square distance left between the P points, over s, (N,).
    """

    rotation: Array
    scale: Array
    origin: Array
    misfit: Array

    def upright(self, points: Array) -> Array:
        """Bring points (N, ..., 3) of the pictures into the faces' own frames, in units of s.

        >>> from ganatomy.attributes.landmarks import POINTS
        >>> face = np.array(list(AVERAGE.values()))
        >>> mesh = np.zeros((1, POINTS, 3))
        >>> mesh[0, list(STABLE)] = 20 * face @ rotation_of(30, 10, -5).T + [32, 30, 0]
        >>> abs(fit_frames(mesh).upright(mesh)[0, 263]).round(6).tolist()
        [0.5, 0.0, 0.0]
        """
        moved = points - self.origin[:, None]
        return np.einsum("nij,npi->npj", self.rotation, moved) / self.scale[:, None, None]


def fit_frames(points: Array) -> Frames:
    """Fit a frame to each mesh (N, 468, 3), using the stable points only.

    >>> from ganatomy.attributes.landmarks import POINTS
    >>> mesh = np.zeros((2, POINTS, 3))
    >>> for n, angle in enumerate((0, 25)):
    ...     mesh[n, list(STABLE)] = 20 * np.array(list(AVERAGE.values())) @ rotation_of(angle, 0, 0).T + [32, 30, 0]
    >>> frames = fit_frames(mesh)
    >>> frames.scale.round(6).tolist(), (abs(angles_of(frames.rotation)[1]).round(6)).tolist()
    ([20.0, 20.0], [25.0, 0.0, 0.0])
    """
    rotation, scale = np.full((len(points), 3, 3), np.nan), np.full(len(points), np.nan)
    origin, misfit = np.full((len(points), 3), np.nan), np.full(len(points), np.nan)
    there = np.isfinite(points).all((1, 2))
    if there.any():
        stable = points[there][:, list(STABLE)]  # (N, P, 3)
        middle, average = stable.mean(1), _T.mean(0)
        moved, shape = stable - middle[:, None], _T - average
        u, s, v = np.linalg.svd(np.einsum("npi,pj->nij", moved, shape))
        proper = np.ones_like(s)
        proper[:, 2] = np.sign(np.linalg.det(u @ v))  # a rotation, not a reflection
        r = (u * proper[:, None]) @ v
        size = (s * proper).sum(1) / np.square(shape).sum()
        left = moved / size[:, None, None] - np.einsum("nij,pj->npi", r, shape)
        rotation[there], scale[there] = r, size
        origin[there] = middle - size[:, None] * (r @ average)
        misfit[there] = np.sqrt(np.square(left).sum(2).mean(1))
    return Frames(rotation, scale, origin, misfit)


def rotation_of(yaw: float, pitch: float, roll: float) -> Array:
    """Make the rotation (3, 3) of a pose in degrees.

    >>> looks_right, looks_up = rotation_of(90, 0, 0) @ [0, 0, -1], rotation_of(0, 90, 0) @ [0, 0, -1]
    >>> top_to_the_right = rotation_of(0, 0, 90) @ [0, -1, 0]
    >>> np.allclose([looks_right, looks_up, top_to_the_right], [[1, 0, 0], [0, -1, 0], [1, 0, 0]])
    True
    """
    (a, b, c), (d, e, f) = np.cos(np.radians([yaw, pitch, roll])), np.sin(np.radians([yaw, pitch, roll]))
    about_y = np.array([[a, 0, -d], [0, 1, 0], [d, 0, a]])
    about_x = np.array([[1, 0, 0], [0, b, e], [0, -e, b]])
    about_z = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def angles_of(rotation: Array) -> Array:
    """Turn rotations (N, 3, 3) into yaw, pitch and roll (N, 3) in degrees; yaw and roll in (-180, 180].

    >>> angles_of(rotation_of(40, -20, 10)[None]).round(6).tolist()
    [[40.0, -20.0, 10.0]]
    """
    looks = -rotation[..., 2]
    yaw, pitch = np.arctan2(looks[:, 0], -looks[:, 2]), np.arcsin(np.clip(-looks[:, 1], -1, 1))
    roll = np.arctan2(rotation[:, 1, 0], rotation[:, 1, 1])  # row y is cos(pitch) (sin roll, cos roll) and its third
    return np.degrees(np.stack([yaw, pitch, roll], axis=1))
