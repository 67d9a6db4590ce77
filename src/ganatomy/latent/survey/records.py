"""What the stages of a survey write down: effects as arrays, and scores as they come.

Effects here are of directions of one length on the same layers, so that they have one floor. A number that is not
defined is NaN in an array, and None in an effect. Nothing is rounded.

Scores are asked for in batches, in an order that is the same each time; so a file of rows, one a picture, tells by its
length alone which are known. Batches are whole: of one that was cut off, nothing is taken, and it is made again.

Shapes: `Q` directions, `H` pixels a side, `B` codes in a batch, `A` attributes.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.latent.direction import Direction
from ganatomy.latent.measures.effects import Effect, Floor, Spread

_NUMBERS = ("change", "monotonic", "consistency", "ratio")
_FLOOR = ("change", "monotonic", "consistency")


def effect_arrays(effects: Sequence[Effect]) -> dict[str, NDArray[np.float64]]:
    """Turn effects into arrays: numbers (Q,), heat maps (Q, H, H), and the floor's mean, deviation and draws.

    >>> floor = Floor(Spread(2.0, 0.5), None, None, 8)
    >>> effect = Effect("a", None, (-2.0, 2.0), 9, 6.0, np.zeros((4, 4)), 0.5, None, 3.0, floor)
    >>> {name: array.tolist() for name, array in effect_arrays([effect]).items() if name != "heat"}
    {'change': [6.0], 'monotonic': [0.5], 'consistency': [nan], 'ratio': [3.0], 'floor_change': [2.0, 0.5], 'draws': 8}
    """
    floor = effects[0].floor
    arrays = {name: np.array([getattr(effect, name) for effect in effects], dtype=np.float64) for name in _NUMBERS}
    spreads = {name: getattr(floor, name) for name in _FLOOR}
    arrays |= {f"floor_{name}": np.array([each.mean, each.std]) for name, each in spreads.items() if each is not None}
    return arrays | {"heat": np.stack([effect.heat for effect in effects]), "draws": np.array(floor.draws)}


def effects_of(
    arrays: dict[str, NDArray], directions: Sequence[Direction], strengths: tuple[float, float], codes: int
) -> list[Effect]:
    """Turn the arrays of `effect_arrays` back into effects.

    Args:
        arrays: what they were turned into.
        directions: Q of them.
        strengths: from where to where they were moved.
        codes: how many codes were moved.

    >>> floor = Floor(Spread(2.0, 0.5), None, None, 8)
    >>> effect = Effect("a", None, (-2.0, 2.0), 9, 6.0, np.zeros((4, 4)), 0.5, None, 3.0, floor)
    >>> a = Direction([1.0], layers=(0,), space="z", fingerprint="f", name="a")
    >>> effects_of(effect_arrays([effect]), [a], (-2.0, 2.0), 9)[0].to_dict() == effect.to_dict()
    True
    """
    spreads = [arrays.get(f"floor_{name}") for name in _FLOOR]
    floor = Floor(*(None if each is None else Spread(*each.tolist()) for each in spreads), int(arrays["draws"]))
    effects = []
    for q, direction in enumerate(directions):
        numbers = {name: float(arrays[name][q]) for name in _NUMBERS}
        known = {name: None if np.isnan(number) else number for name, number in numbers.items()}
        place = {"name": direction.name, "label": direction.label, "strengths": strengths, "codes": codes}
        effects.append(Effect(**place, **known, heat=arrays["heat"][q], floor=floor))
    return effects


def read_arrays(path: Path) -> dict[str, NDArray]:
    """Read all arrays of an .npz file; nothing in it can run.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(path, a=np.arange(3))
    >>> read_arrays(path)
    {'a': array([0, 1, 2])}
    """
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


class Remembered:
    """A function from codes (B, ...) to scores (B, A) that writes down what it gives.

    Asked for the same in the same order again, after whatever stopped it, it reads what was written.

    Args:
        score: the function.
        path: of the file.
        width: A.

    >>> import tempfile
    >>> path, asked = Path(tempfile.mkdtemp()) / "scores", []
    >>> for _ in range(2):
    ...     score = Remembered(lambda codes: asked.append(len(codes)) or codes[:, :2] + 1, path, width=2)
    ...     print(score(np.zeros((3, 4))).tolist(), asked)
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]] [3]
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]] [3]
    """

    def __init__(self, score: Callable[[Any], NDArray[np.float64]], path: Path, width: int) -> None:
        self._score, self._path, self._width, self._asked = score, path, width, 0

    def __call__(self, codes: Any) -> NDArray[np.float64]:
        """Read the scores of the next codes, or make them and write them down.

        Raises:
            InputError: the file cannot be written.
        """
        begin, row = self._asked, 8 * self._width
        self._asked += len(codes)
        if self._path.exists() and os.path.getsize(self._path) >= self._asked * row:
            known = np.fromfile(self._path, np.float64, len(codes) * self._width, offset=begin * row)
            return known.reshape(len(codes), self._width)
        scores = np.ascontiguousarray(self._score(codes), dtype=np.float64)
        try:
            with open(self._path, "r+b" if self._path.exists() else "wb") as file:
                file.truncate(begin * row)
                file.seek(begin * row)
                file.write(scores.data)
        except OSError as error:
            raise InputError(
                f"cannot write {self._path}: {error.strerror or error}; choose a folder that has room"
            ) from None
        return scores
