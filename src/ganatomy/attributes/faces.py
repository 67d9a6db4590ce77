"""The faces in pictures: where they are, their meshes and poses, and what else is read off them when it is asked for.

One face a picture, the most likely one. The detector says about where; the mesh is laid there and, three times in all,
again where the last one says the face is (its middle, its size, its eyes level), since a mesh is best in the crops that
its network was trained on. After that it moves by 0.1 % of the picture's side (median on the zoo's `faces`). A face is
found if the log-odds of the last mesh are at least `PRESENCE`; a picture without one has NaN in everything.

Not guaranteed: that a drawing or an animal is no face, or that the face of a picture is where a person sees it.

Shape letters: `N` pictures, `F` of them with a face, `P` = 468 points of a mesh.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ganatomy.attributes.crops import Canvas, Place
from ganatomy.attributes.face_models import require_faces
from ganatomy.attributes.face_networks import Detector, Judge, Mesh
from ganatomy.attributes.geometry import Frames, angles_of, fit_frames
from ganatomy.attributes.hair import BELOW, SIDE, read_hair
from ganatomy.attributes.landmarks import EYES, POINTS
from ganatomy.generators.zoo.downloads import Say
from ganatomy.terminal import tell

Array = NDArray[np.float64]

PRESENCE = 5.0  # log-odds
ROUNDS = 3
# The crop that age and gender are read off: eyes level, this many scales (see `geometry`) wide, its middle this many
# below that of the eyes. Those models move least under small shifts there, of all that were tried (docs/attributes.md).
_JUDGED_SIDE, _JUDGED_BELOW = 1.83, 0.36


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of N pictures.

    Attributes:
        pictures: uint8 (N, H, W, 3).
        points: the meshes in pixels, (N, P, 3): x to the right, y down, z away; NaN without a face.
        presence: the log-odds of a face, (N,).
        judge: guesses age and gender.
    """

    pictures: NDArray[np.uint8]
    points: Array
    presence: Array
    judge: Judge = field(default_factory=Judge, repr=False)

    @cached_property
    def found(self) -> NDArray[np.bool_]:
        """Whether there is a face, (N,)."""
        return np.asarray(np.isfinite(self.points).all((1, 2)))

    @cached_property
    def frames(self) -> Frames:
        """The pose of each."""
        return fit_frames(self.points)

    @cached_property
    def angles(self) -> Array:
        """Yaw, pitch and roll in degrees, (N, 3)."""
        return angles_of(self.frames.rotation)

    @cached_property
    def upright(self) -> Array:
        """The meshes seen from the front, in units of the distance between the eyes' outer corners, (N, P, 3)."""
        return self.frames.upright(self.points)

    def places(self, side: float, below: float) -> list[Place]:
        """Return a square for each of the F faces, eyes level.

        Args:
            side: in units of the frames' scale.
            below: how far below the middle of the eyes its middle is, in the same unit.
        """
        found = []
        for mesh, scale in zip(self.points[self.found], self.frames.scale[self.found], strict=True):
            eyes = Place(*mesh[list(EYES), :2].mean(0), side=1, angle=_level(mesh))
            x, y = eyes.to_picture(np.array([[0.5, 0.5 + below * scale]]), 1)[0]
            found.append(Place(x, y, side * scale, eyes.angle))
        return found

    def crops(self, places: Sequence[Place], size: int) -> NDArray[np.uint8]:
        """Cut the places of the F faces out of their pictures, (F, size, size, 3)."""
        pictures = (self.pictures[n] for n in np.flatnonzero(self.found))
        cut = [Canvas(picture).crop(place, size) for picture, place in zip(pictures, places, strict=True)]
        return np.array(cut, np.uint8).reshape(-1, size, size, 3)

    @cached_property
    def ages(self) -> Array:
        """The expected age in years, (N,)."""
        return self._judged(self.judge.ages, Judge.AGE_SIZE)

    @cached_property
    def genders(self) -> Array:
        """The log-odds of male against female appearance, (N,)."""
        return self._judged(self.judge.genders, Judge.GENDER_SIZE)

    @cached_property
    def hair(self) -> Array:
        """Hair length, hair lightness and skin lightness, (N, 3)."""
        values = np.full((len(self.points), 3), np.nan)
        for n, place in zip(np.flatnonzero(self.found), self.places(SIDE, BELOW), strict=True):
            read = read_hair(self.pictures[n], self.points[n, :, :2], place)
            values[n] = read.length, read.lightness, read.skin
        return values

    def _judged(self, judge: Callable[[NDArray[np.uint8]], Array], size: int) -> Array:
        """Average a judgement over a crop and its mirror image, which steadies it."""
        values = np.full(len(self.points), np.nan)
        if self.found.any():
            crops = self.crops(self.places(_JUDGED_SIDE, _JUDGED_BELOW), size)
            values[self.found] = (judge(crops) + judge(crops[:, :, ::-1])) / 2
        return values


class FaceReader:
    """Reads the faces of pictures; opens the models when it is made, those of age and gender when they are needed.

    Besides the results, it holds what it derives of one picture at a time.

    Args:
        threads: of the models that can use several; None for OMP_NUM_THREADS, or 1.
        say: called with each line that a person should see.

    Raises:
        InputError: the extra `faces` is not installed, or a model cannot be had.
    """

    def __init__(self, threads: int | None = None, say: Say = tell) -> None:
        require_faces()
        stated = os.environ.get("OMP_NUM_THREADS", "")
        self._detector, self._mesh = Detector(say), Mesh(say)
        self._judge = Judge(threads or (int(stated) if stated.isdigit() else 0) or 1, say)

    def read(self, pictures: NDArray[np.uint8]) -> Faces:
        """Read the faces of pictures (N, H, W, 3)."""
        points, presence = np.full((len(pictures), POINTS, 3), np.nan), np.full(len(pictures), np.nan)
        for n, picture in enumerate(pictures):
            canvas = Canvas(picture)
            place = self._detector.find(canvas)
            for _ in range(ROUNDS - 1):
                place = around(self._mesh.lay(canvas, place)[0])
            mesh, presence[n] = self._mesh.lay_twice(canvas, place)
            if presence[n] >= PRESENCE:
                points[n] = mesh
        return Faces(pictures, points, presence, self._judge)


def around(mesh: Array) -> Place:
    """Return the square around a mesh (P, 3), eyes level, half as large again as the mesh.

    >>> mesh = np.zeros((POINTS, 3))
    >>> mesh[:, 0] = np.linspace(0, 30, POINTS)  # all on a line that falls to the right, by 45 degrees
    >>> mesh[:, 1] = mesh[:, 0]
    >>> mesh[list(EYES), :2] = [[10, 10], [14, 14], [16, 16], [20, 20]]
    >>> place = around(mesh)
    >>> np.round([place.x, place.y, place.side, np.degrees(place.angle)], 2).tolist()
    [15.0, 15.0, 63.64, 45.0]
    """
    upright = Place(0, 0, 1, _level(mesh))
    turned = upright.to_crop(mesh[:, :2], 1)
    low, high = turned.min(0), turned.max(0)
    x, y = upright.to_picture((low + high)[None] / 2, 1)[0]
    return Place(x, y, max(1.5 * float((high - low).max()), 4.0), upright.angle)


def _level(mesh: Array) -> float:
    """Return the angle of the line from the left to the right eye's outer corner, clockwise."""
    across = mesh[EYES[-1], :2] - mesh[EYES[0], :2]
    return float(np.arctan2(across[1], across[0]))
