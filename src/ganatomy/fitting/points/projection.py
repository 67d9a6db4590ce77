"""Put points where data of a known kind must lie: on multiples of a step, and within bounds.

    x -> step * round(x / step)        x -> min(max(x, low), high)

Projection moves points; it makes no fit better, and can hide a bad one: samples of a model that knows nothing of a
lattice then lie on it all the same. So what it does is counted: the share of the points that were moved, and how far,
in the units of the data. Constraint: what comes out lies on the multiples and within the bounds at once. Not
guaranteed: that it follows the distribution that the model learned; mass beyond a bound is piled up on it.

Shapes: `N` points, `D` data dimensions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.points.writing import named

Bounds: TypeAlias = "tuple[float | None, float | None]"
"""The least and the greatest value that there can be; None for none."""


@dataclass(frozen=True)
class Moved:
    """How many points one step of a projection moved, and how far.

    Attributes:
        how: "rounded" or "bounded".
        share: of the points that were moved, 0 to 1.
        median: of the distances of those that were moved, in the data's units; 0 if none was.
        most: the largest of these.

    >>> print(Moved("bounded", 0.123, 0.05, 1.5))
    bounded: 12.3% of the points were moved, by 0.05 (median) to 1.5 (largest)
    """

    how: str
    share: float
    median: float
    most: float

    @classmethod
    def between(cls, how: str, before: NDArray[np.float64], after: NDArray[np.float64]) -> "Moved":
        """Count what became of points (N, D)."""
        far = np.linalg.norm(after - before, axis=1)
        far = far[far > 0]
        size = (float(np.median(far)), float(far.max())) if len(far) else (0.0, 0.0)
        return cls(how, len(far) / len(before), *size)

    def __str__(self) -> str:
        if not self.share:
            return f"{self.how}: no point had to be moved"
        shown = f"{self.share:.1%}" if 0.0005 <= self.share < 0.9995 or self.share == 1 else f"{self.share:.4%}"
        return (
            f"{self.how}: {shown} of the points were moved, by {self.median:.3g} (median) to {self.most:.3g} (largest)"
        )


def project(
    points: ArrayLike,
    *,
    step: "float | Mapping[str, float] | None" = None,
    bounds: "Bounds | Mapping[str, Bounds] | None" = None,
    columns: Sequence[str] = (),
) -> tuple[NDArray[np.float64], list[Moved]]:
    """Put points on multiples of a step and within bounds, and count what that moves.

    Args:
        points: (N, D), which are left alone.
        step: 1 for whole numbers; or one a column by its name, {"age": 1}. Other columns are not rounded.
        bounds: (low, high) of all columns, either None for none; or of some by their names, {"age": (0, 120)}.
        columns: names of the D coordinates; without them x0, x1, ...

    Returns:
        The points (N, D), and what rounding and bounding moved, one after the other, each if it was asked for.

    Raises:
        InputError: a step that is not above 0, bounds in the wrong order or without a multiple between them, a column
            that is not there.

    >>> points, moved = project([[0.4, -1.0], [1.6, 3.0]], step={"x0": 1}, bounds={"x1": (0, None)})
    >>> points.tolist()
    [[0.0, 0.0], [2.0, 3.0]]
    >>> print(*moved, sep=chr(10))
    rounded: 100.0% of the points were moved, by 0.4 (median) to 0.4 (largest)
    bounded: 50.0% of the points were moved, by 1 (median) to 1 (largest)
    """
    found = np.array(points, dtype=np.float64, ndmin=2)
    names = named(columns, found.shape[1])
    steps = {name: _step(value) for name, value in _each(step, names, "step").items()}
    limits = {name: _limits(value, steps.get(name)) for name, value in _each(bounds, names, "bounds").items()}
    moved = []
    for how, asked in (("rounded", steps), ("bounded", limits)):
        before = found.copy()
        for name in asked:
            column = found[:, names.index(name)]
            column[:] = np.clip(column, *limits[name]) if how == "bounded" else _rounded(column, steps[name])
        moved += [Moved.between(how, before, found)] if asked else []
    return found + 0.0, moved  # of a zero, without its sign


def _each(value: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """Return what is asked of each column."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return dict.fromkeys(names, value)
    for name in value:
        if name not in names:
            raise InputError(f"`{what}`: {unknown('column', str(name), names)}")
    return dict(value)


def _step(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < math.inf:
        raise InputError(f"`step` = {value!r}: give a number above 0, such as 1 for whole numbers")
    return float(value)


def _rounded(column: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Round to multiples, each the float that is nearest to it: 0.3 for 3 x 0.1."""
    times = np.rint(column / step)
    inverse = 1 / step
    return times / np.rint(inverse) if abs(inverse - round(inverse)) < 1e-9 * inverse else times * step


def _limits(value: Any, step: float | None) -> tuple[float, float]:
    """Return the bounds of a column, the outermost multiples within them if it is rounded."""
    try:
        low, high = (end if given is None else float(given) for given, end in zip(value, _ENDS, strict=True))
    except (TypeError, ValueError):
        raise InputError(f"`bounds` = {value!r}: give (low, high), either None for none") from None
    if not low < high:
        raise InputError(f"`bounds` = {value!r}: the first must be below the second")
    if step is not None:
        low, high = _multiple(low, step, math.ceil), _multiple(high, step, math.floor)
        if low > high:
            raise InputError(f"`bounds` = {value!r}: no multiple of {step:g} lies between them")
    return low, high


def _multiple(end: float, step: float, toward: Callable[[float], int]) -> float:
    """Return the multiple of a step next to a bound, which is one itself if it is so to nine places."""
    return end if math.isinf(end) else float(_rounded(np.array([toward(round(end / step, 9)) * step]), step)[0])


_ENDS = (-math.inf, math.inf)
