"""The four networks that look at faces: what goes in, and what comes out.

    detector  128 x 128 -> 896 boxes with 6 points and a score each: about where a face is, and how it is turned
    mesh      192 x 192 -> 468 points in three dimensions, and the log-odds that there is a face at all
    age       64 x 64   -> the probabilities of 81 ages: 0.25 (below one year), 1, 2, ..., 80
    gender    32 x 32   -> the probabilities of female and male appearance, as its training labels had them

The first two take colours scaled to [-1, 1] and [0, 1], the others less their training mean and over 256. They are run
by ai_edge_litert and onnxruntime, which the extra `faces` brings, from the files of `face_models`.

Not guaranteed: that an age or a gender is a person's. They are what a classifier says of a picture, learned from labels
that others gave to photographs; of a generated face there is no truth.

Shape letters: `B` crops.

References:
    V. Bazarevsky, Y. Kartynnik, A. Vakunov, K. Raveendran and M. Grundmann (2019), BlazeFace: sub-millisecond neural
    face detection on mobile GPUs, arXiv:1907.05047: the detector and its anchors.
    Y. Kartynnik, A. Ablavatski, I. Grishchenko and M. Grundmann (2019), Real-time facial surface geometry from
    monocular video on mobile GPUs, CVPR Workshop on Computer Vision for Augmented and Virtual Reality: the mesh.
    Cydral Technology (2024), age and gender predictors in dlib-models (CC0).
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.attributes.crops import Canvas, Place
from ganatomy.attributes.face_models import AGE, DETECTOR, GENDER, MESH
from ganatomy.attributes.landmarks import MIDDLE, MIRRORED
from ganatomy.generators.zoo.downloads import Say
from ganatomy.terminal import tell

Array = NDArray[np.float64]

AGES = np.array([0.25, *range(1, 81)])
_MEAN = np.array([122.782, 117.001, 104.298], np.float32)  # of red, green and blue
# Of the detector, in shares of its crop: two anchors in each of 16 x 16 cells, then six in each of 8 x 8, row by row,
# all in the cells' middles.
_GRIDS = [(np.indices((n, n)).reshape(2, -1)[::-1].T + 0.5) / n for n in (16, 8)]
_ANCHORS = np.concatenate([grid.repeat(k, axis=0) for grid, k in zip(_GRIDS, (2, 6), strict=True)])
_LEAST = 1e-12  # probability; keeps log-odds within 28 of 0


class Detector:
    """Finds about where a face is."""

    SIZE = 128

    def __init__(self, say: Say = tell) -> None:
        self._run = _lite(DETECTOR.obtain(say))

    def find(self, canvas: Canvas) -> Place:
        """Return the square around the most likely face, eyes level; half as large again as the face.

        The picture is shown with a quarter of its side added around, and with as much as it is wide: faces that fill
        a picture are found in the second. Never none: whether there is a face is for the mesh to say.
        """
        side = max(canvas.width, canvas.height)
        wholes = (Place(canvas.width / 2, canvas.height / 2, k * side) for k in (1.25, 2.0))
        return max((self._best(canvas, whole) for whole in wholes), key=lambda found: found[0])[1]

    def _best(self, canvas: Canvas, whole: Place) -> tuple[float, Place]:
        boxes, scores = self._run(canvas.crop(whole, self.SIZE) / np.float32(127.5) - 1)
        k = int(scores[:, 0].argmax())
        middle, extent, *points = boxes[k].reshape(8, 2).astype(np.float64)
        anchor = _ANCHORS[k] * self.SIZE
        (x, y), left, right = whole.to_picture(np.stack([middle, points[0], points[1]]) + anchor, self.SIZE)
        across = right - left  # from the eye that is left in the picture to the other
        side = 1.5 * extent.max() * whole.side / self.SIZE
        return float(scores[k, 0]), Place(x, y, max(float(side), 4.0), float(np.arctan2(across[1], across[0])))


class Mesh:
    """Lays 468 points over the face in a crop."""

    SIZE = 192

    def __init__(self, say: Say = tell) -> None:
        self._run = _lite(MESH.obtain(say))

    def lay(self, canvas: Canvas, place: Place) -> tuple[Array, float]:
        """Return the points (468, 3), in the picture's pixels, and the log-odds that there is a face."""
        return self._read(canvas.crop(place, self.SIZE), place)

    def lay_twice(self, canvas: Canvas, place: Place) -> tuple[Array, float]:
        """Do the same to the crop and to its mirror image, and return the mean of both.

        The network favours a side: on the zoo's `faces` it puts points 0.5 % of the picture's side too far left, and
        turns heads by 0.7 degrees. The mean does not, and its noise is less. Of the 468 points, those in `MIRRORED`
        and those on the middle line that are used are averaged; the others stay as they are in the crop.
        """
        crop = canvas.crop(place, self.SIZE)
        (seen, presence), (other, its_presence) = (self._read(one, place, m) for one, m in ((crop, 1), (crop, -1)))
        seen[MIRRORED] = (seen[MIRRORED] + other[MIRRORED[:, ::-1]]) / 2
        seen[MIDDLE] = (seen[MIDDLE] + other[MIDDLE]) / 2
        return seen, (presence + its_presence) / 2

    def _read(self, crop: NDArray[np.uint8], place: Place, mirror: int = 1) -> tuple[Array, float]:
        points, presence = self._run(crop[:, ::mirror] / np.float32(255))
        points = points.reshape(-1, 3).astype(np.float64)
        if mirror == -1:
            points[:, 0] = self.SIZE - points[:, 0]
        flat = place.to_picture(points[:, :2], self.SIZE)
        return np.column_stack([flat, points[:, 2] * (place.side / self.SIZE)]), float(presence.ravel()[0])


class Judge:
    """Guesses age and gender of upright crops; opens each model when it is first asked."""

    AGE_SIZE, GENDER_SIZE = 64, 32

    def __init__(self, threads: int = 1, say: Say = tell) -> None:
        self._threads, self._say = threads, say

    @cached_property
    def _age(self) -> Callable[[NDArray], NDArray]:
        return _onnx(AGE.obtain(self._say), self._threads)

    @cached_property
    def _gender(self) -> Callable[[NDArray], NDArray]:
        return _onnx(GENDER.obtain(self._say), self._threads)

    def ages(self, crops: NDArray[np.uint8]) -> Array:
        """Return the expected age in years of each crop (B, 64, 64, 3)."""
        return self._age(_centred(crops)).astype(np.float64) @ AGES

    def genders(self, crops: NDArray[np.uint8]) -> Array:
        """Return the log-odds of male against female appearance of each crop (B, 32, 32, 3)."""
        female, male = np.clip(self._gender(_centred(crops)).astype(np.float64), _LEAST, 1).T
        return np.log(male / female)


def _centred(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(((crops - _MEAN) / 256).transpose(0, 3, 1, 2), np.float32)


def _lite(path: Path) -> Callable[[NDArray], list[NDArray]]:
    """Open a TFLite model with one input; on one thread, since these are too small to be shared out."""
    from ai_edge_litert.interpreter import Interpreter

    with _silence():
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    asked = [one["index"] for one in interpreter.get_output_details()]

    def run(crop: NDArray) -> list[NDArray]:
        interpreter.set_tensor(given, crop[None].astype(np.float32, copy=False))
        interpreter.invoke()
        return [interpreter.get_tensor(index)[0] for index in asked]

    return run


def _onnx(path: Path, threads: int) -> Callable[[NDArray], NDArray]:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(None, {"images": images})[0])


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the runtime's own line about its processor kernels, which it writes past Python, from the terminal."""
    try:
        sys.stderr.flush()
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except (OSError, AttributeError, ValueError):  # there is no standard error
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
