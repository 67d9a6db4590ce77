"""Labels of points: of which component each one is.

The components of `N` points are numbered 0, ..., K-1, in the order of their names: as numbers where all are whole
numbers, else as text.

Shapes: `N` points, `K` components.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError
from ganatomy.files import printable

_MOST = 1000  # components; of more, few have enough points for anything
_WHOLE = re.compile("-?[0-9]{1,15}")


@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """The component of each of N points: codes (N,) of 0, ..., K-1, and the K names that these stand for.

    >>> labels = Labels.of([10, 2, 10])
    >>> labels.names, labels.codes, labels.take(np.array([1])).codes
    (('2', '10'), array([1, 0, 1]), array([0]))
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: ArrayLike, where: str = "labels") -> "Labels":
        """Number what labels the points: whole numbers, truth values or text, (N,) or (N, 1) or (1, N).

        Args:
            values: array-like, or a column of a table.
            where: what to call them in messages.

        Raises:
            InputError: they are something else, some are missing, all are the same, or there are too many kinds.

        >>> Labels.of([0.5, 1.5])
        Traceback (most recent call last):
        ganatomy.errors.InputError: labels: 0.5 is no label; give whole numbers or text, one for each point
        """
        array = np.asarray(values)
        array = array.ravel() if array.ndim == 2 and 1 in array.shape else array
        if array.ndim != 1 or array.dtype.kind not in "iufbUSO":
            raise InputError(f"{where}: of shape {array.shape} and type {array.dtype}; give one label for each point")
        if array.dtype.kind == "U" and _is_damaged(array):
            raise InputError(f"{where}: text with characters that there are not; give one label for each point")
        if array.dtype.kind == "S":
            array = np.char.decode(array, "utf-8", "replace")
        if array.dtype.kind == "f":
            array = _whole(array, where)
        if array.dtype.kind == "O":
            array = np.array([_text(value, where) for value in array], dtype=str)
            array = array.astype(np.int64) if all(map(_WHOLE.fullmatch, array)) else array
        kinds, codes = np.unique(array, return_inverse=True)
        names = tuple(printable(kind, 40) for kind in kinds[: _MOST + 1].tolist())
        if len(kinds) > _MOST:
            raise InputError(f"{where}: {len(kinds):,} different labels; {_MOST:,} at most are components")
        if len(kinds) < 2:
            raise InputError(f"{where}: all points have the label '{''.join(names)}'; leave `labels` out")
        return cls(codes.astype(np.int64).ravel(), names)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[np.integer]) -> "Labels":
        """Return the labels of some of the points; the names stay all, as do their numbers."""
        return Labels(self.codes[rows], self.names)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many points each component has: (K,)."""
        return np.bincount(self.codes, minlength=len(self.names))

    def __repr__(self) -> str:
        told = [f"{name} {count}" for name, count in zip(self.names, self.counts, strict=True)]
        return f"Labels({len(self)} points: {', '.join([*told[:10], *['...'] * (len(told) > 10)])})"


def _is_damaged(texts: np.ndarray) -> bool:
    """Whether a file's text has numbers that stand for no character, upon which NumPy raises nearly anything."""
    letters = np.frombuffer(np.ascontiguousarray(texts).tobytes(), texts.dtype.byteorder.replace("|", "=") + "u4")
    return bool((letters >= 0x110000).any())


def _whole(array: np.ndarray, where: str) -> np.ndarray:
    wrong = array[~np.isfinite(array) | (array != np.round(array)) | (np.abs(array) >= 1 << 53)]
    if len(wrong):
        raise InputError(f"{where}: {wrong[0]:g} is no label; give whole numbers or text, one for each point")
    return array.astype(np.int64)


def _text(value: object, where: str) -> str:
    if value != "" and isinstance(value, str | int | np.integer | np.bool_):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    raise InputError(f"{where}: '{printable(value, 40)}' is no label; give whole numbers or text, one for each point")
