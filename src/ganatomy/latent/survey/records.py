"""What the stages of a survey write down: movements as arrays, scores as they come, and how many pictures were made.

A number that is not defined is NaN in an array, and None in a movement. Nothing is rounded.
Scores are asked for in batches, in an order that is the same each time; so a file of rows, one a picture, tells by its
length alone which are known. What was cut off in the middle of a batch is made again.

Shapes: `H` pixels a side, `P` pictures, `A` attributes.
"""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ganatomy.attributes import Attribute
from ganatomy.attributes.faces import FaceReader
from ganatomy.errors import InputError
from ganatomy.files import Place
from ganatomy.latent.directions import Directions, LatentSpace
from ganatomy.latent.labels.measure import Scored
from ganatomy.latent.measures.effects import Movement

_NUMBERS = ("change", "monotonic", "consistency")


def movement_arrays(moved: Movement) -> dict[str, NDArray[np.float64]]:
    """Turn a movement into arrays.

    >>> {name: array.tolist() for name, array in movement_arrays(Movement(6.0, np.zeros((1, 2)), 0.5, None)).items()}
    {'change': 6.0, 'monotonic': 0.5, 'consistency': nan, 'heat': [[0.0, 0.0]]}
    """
    numbers = {name: np.array(getattr(moved, name), dtype=np.float64) for name in _NUMBERS}
    return {**numbers, "heat": moved.heat}


def movement_shapes(size: int) -> dict[str, tuple[int, ...]]:
    """Say of which shapes the arrays of `movement_arrays` are, of pictures of so many pixels a side.

    >>> movement_shapes(64)["heat"]
    (64, 64)
    """
    return {**dict.fromkeys(_NUMBERS, ()), "heat": (size, size)}


def movement_of(arrays: Mapping[str, NDArray]) -> Movement:
    """Turn the arrays of `movement_arrays` back into a movement.

    >>> movement_of(movement_arrays(Movement(6.0, np.zeros((1, 2)), 0.5, None))).consistency is None
    True
    """
    change, *others = (float(arrays[name]) for name in _NUMBERS)
    monotonic, consistency = (None if np.isnan(number) else number for number in others)
    return Movement(change, arrays["heat"], monotonic, consistency)


def found_directions(path: str | os.PathLike, method: str, generator: LatentSpace) -> Directions:
    """Read the directions that a stage found, by whose method files will be called.

    Raises:
        InputError: they are damaged, or not by this method in this generator: somebody else wrote them.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> found_directions("found-sefa.safetensors", "sefa", Planted())
    Traceback (most recent call last):
    ganatomy.errors.InputError: found-sefa.safetensors: no such file; ...
    """
    found = Directions.load(path)
    if found.method != method:
        raise InputError(f"{path}: holds directions by {found.method}, not by {method}; `force=True` begins anew")
    found.check_fits(generator)
    return found


class Tally:
    """Counts in a file, by what is appended to it, so that whatever stops the work loses nothing.

    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/made"
    >>> Tally(path).add(64)
    >>> Tally(path).add(7)
    >>> Tally(path).total
    71
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._place = Place.of(path)

    def add(self, count: int) -> None:
        """Add to the count.

        Raises:
            InputError: the file cannot be written.
        """
        _put(self._place, len(self._counts()), np.array([[count]], dtype=np.float64))

    def _counts(self) -> NDArray[np.float64]:
        return np.fromfile(self._place, np.float64) if self._place.exists() else np.zeros(0)

    @property
    def total(self) -> int:
        """The count."""
        return int(np.nan_to_num(self._counts(), posinf=0, neginf=0).sum())


class Remembered(Scored):
    """Scores pictures, and writes the scores down as they come; see `Scored`.

    Args:
        attributes: A of them.
        reader: finds faces; None where none is needed.
        size: at which pictures are scored, in pixels a side.
        path: of the file of rows.
        wanted: of which codes at which strengths edited pictures are scored, (M, S); by default all.

    >>> import tempfile
    >>> from ganatomy.attributes import choose
    >>> path, pictures = f"{tempfile.mkdtemp()}/scores", np.zeros((3, 8, 8, 3), np.uint8)
    >>> scores = Remembered(choose(["brightness"]), None, 8, path)
    >>> scores.see(np.zeros((3, 3), int), pictures)
    >>> again = Remembered(choose(["brightness"]), None, 8, path)
    >>> len(again), again.scores.tolist()
    (3, [[0.0], [0.0], [0.0]])
    """

    def __init__(
        self,
        attributes: Sequence[Attribute],
        reader: FaceReader | None,
        size: int,
        path: str | os.PathLike,
        wanted: NDArray[np.bool_] | None = None,
    ) -> None:
        super().__init__(attributes, reader, size, wanted)
        self._place, self._width, self._begin, self._most = Place.of(path), len(attributes), 0, None

    def next(self, count: int) -> "Remembered":
        """Return what scores the next so many pictures of the same file; whoever asks again asks for the same."""
        part = Remembered(self._attributes, self._reader, self.size, self._place, self._wanted)
        part._begin, part._most = self._begin, count
        self._begin += count
        return part

    def __len__(self) -> int:
        rows = self._place.size() // (8 * self._width)
        there = max(rows - self._begin, 0)
        return there if self._most is None else min(there, self._most)

    def keep(self, count: int) -> None:
        """Forget all but the first so many."""
        if count < len(self):
            self._place.truncate((self._begin + count) * 8 * self._width)

    def see(self, places: NDArray[np.intp], pictures: NDArray) -> None:
        """Score the pictures, and write the scores down.

        Raises:
            InputError: the file cannot be written.
        """
        _put(self._place, self._begin + len(self), self._score(pictures))

    @property
    def scores(self) -> NDArray[np.float64]:
        """Of all pictures seen, (P, A)."""
        count = len(self)
        known = np.fromfile(self._place, np.float64, count * self._width, offset=8 * self._begin * self._width)
        return known.reshape(count, self._width)


def _put(place: Place, begin: int, rows: NDArray[np.float64]) -> None:
    """Write rows behind the first so many of a file, and nothing behind them."""
    place.put(begin * 8 * rows.shape[1], np.ascontiguousarray(rows, dtype=np.float64).data)
