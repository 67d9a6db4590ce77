"""A direction in a latent space: a value one can negate, scale, add, and apply to codes.

A generator turns codes `ws` into pictures. A `Direction` d is a vector v of that space with the layers it acts on,
and an edit of strength s is the translation

    ws[n, l] -> ws[n, l] + s v    for every layer l of d, the other layers as they were.

Directions of one space, one generator and one set of layers form a vector space, and edits add: editing by s and
then by t is editing by s + t (up to rounding).
What is not guaranteed: that a direction means one thing, or the same for every code. A `label` is only ever a
meaning that was measured or that a person gave, so it is lost where the vector comes to point elsewhere.

Shape letters: `N` samples, `L` layers, `W` coordinates.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, unknown
from ganatomy.latent.layers import written_layers

SPACES = ("z", "w")


class CodeArray(Protocol):
    """What numpy's arrays and torch's tensors have in common, as far as codes go."""

    @property
    def ndim(self) -> int:
        """The number of axes."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __setitem__(self, index: Any, value: Any, /) -> None: ...


Codes = TypeVar("Codes", bound=CodeArray)


@dataclass(frozen=True, eq=False, repr=False)
class Direction:
    """A vector of a latent space, with the layers it acts on and the generator it belongs to.

    Two are equal when they do the same to the same generator, whatever they are called. Raises `InputError` where
    the parts make no direction, or where two do not belong together.

    Attributes:
        vector: (W,), in units of the code: a normal code has standard deviation 1 in each coordinate.
        layers: the layers it is added to, ascending.
        space: "z" or "w".
        fingerprint: of the generator's weights.
        label: a meaning that was measured or given by a person, else None.
        name: how to call it, such as "sefa 2".

    >>> d = Direction([3.0, 4.0], layers=(0,), space="z", fingerprint="f", name="d")
    >>> e = Direction([0.0, 2.0], layers=(0,), space="z", fingerprint="f", name="e")
    >>> (d - e / 2).vector, (d - e / 2).name, (2 * d).length
    (array([3., 3.]), 'd - e / 2', 10.0)
    """

    vector: NDArray[np.float64]
    layers: tuple[int, ...]
    space: str
    fingerprint: str
    label: str | None = None
    name: str = "direction"

    __array_ufunc__ = None  # so that numpy leaves np.float64(2) * direction to __rmul__

    def __post_init__(self) -> None:
        object.__setattr__(self, "vector", finite_array(self.vector, 1, f"the vector of {self.name!r}"))
        object.__setattr__(self, "layers", checked_place(self.space, self.layers))

    def __repr__(self) -> str:
        meaning = f": {self.label}" if self.label else ""
        return f"Direction({self.name}{meaning}; {self.space}, layers {written_layers(self.layers)})"

    @property
    def length(self) -> float:
        """The Euclidean length of the vector, in units of the code."""
        return float(np.linalg.norm(self.vector))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Direction):
            return NotImplemented
        place = (self.space, self.layers, self.fingerprint) == (other.space, other.layers, other.fingerprint)
        return place and np.array_equal(self.vector, other.vector)

    def __neg__(self) -> "Direction":
        return replace(self, vector=-self.vector, label=None, name=f"-{_term(self.name)}")

    def __mul__(self, factor: float) -> "Direction":
        if not isinstance(factor, Real):
            return NotImplemented
        label = self.label if factor > 0 else None
        return replace(self, vector=float(factor) * self.vector, label=label, name=f"{factor:g} * {_term(self.name)}")

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> "Direction":
        if not isinstance(divisor, Real):
            return NotImplemented
        if divisor == 0:
            raise InputError(f"cannot divide {self.name!r} by 0")
        label = self.label if divisor > 0 else None
        return replace(self, vector=self.vector / float(divisor), label=label, name=f"{_term(self.name)} / {divisor:g}")

    def __add__(self, other: "Direction") -> "Direction":
        if not isinstance(other, Direction):
            return NotImplemented
        self._check_goes_with(other)
        return replace(self, vector=self.vector + other.vector, label=None, name=f"{self.name} + {other.name}")

    def __sub__(self, other: "Direction") -> "Direction":
        if not isinstance(other, Direction):
            return NotImplemented
        self._check_goes_with(other)
        return replace(self, vector=self.vector - other.vector, label=None, name=f"{self.name} - {_term(other.name)}")

    def _check_goes_with(self, other: "Direction") -> None:
        for what, mine, theirs in (
            ("spaces", self.space, other.space),
            ("widths", len(self.vector), len(other.vector)),
            ("layers", self.layers, other.layers),
            ("generators", f"weights {self.fingerprint[:8]}", f"weights {other.fingerprint[:8]}"),
        ):
            if mine != theirs or (what == "generators" and self.fingerprint != other.fingerprint):
                raise InputError(
                    f"{self.name!r} and {other.name!r} are of different {what} ({mine} and {theirs}) and cannot be "
                    f"added; edit with one after the other if both fit the generator"
                )

    def edit(self, ws: Codes, strength: ArrayLike) -> Codes:
        """Move codes along the direction: ws[n, l] + strength[n] vector for its layers l.

        Args:
            ws: codes (N, L, W), a numpy array or a torch tensor; left as it is.
            strength: a number, or one for each code (N,), in units of the vector.

        Returns:
            The edited codes, of the same kind, type, device and shape. The product is rounded once, to that type.

        Raises:
            InputError: codes of another shape or whole numbers, or strengths that are not finite or not N.

        >>> direction = Direction([1.0, 0.0], layers=(1,), space="w", fingerprint="f")
        >>> direction.edit(np.zeros((2, 3, 2)), [0.5, -1.0]).tolist()
        [[[0.0, 0.0], [0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]]
        """
        is_tensor = hasattr(ws, "new_tensor")  # asked so, since this module does without torch
        codes: Any = ws if is_tensor else np.asarray(ws)  # which of the two, a type checker cannot know without torch
        width, last = len(self.vector), self.layers[-1]
        if codes.ndim != 3 or codes.shape[2] != width or codes.shape[1] <= last:
            raise InputError(
                f"codes have shape {tuple(codes.shape)}, but {self.name!r} needs (N, {last + 1} or more, {width}): "
                f"ws = generator.mapping(z)"
            )
        if not (codes.is_floating_point() if is_tensor else codes.dtype.kind == "f"):
            raise InputError(f"codes are of type {codes.dtype}; an edit needs floating-point numbers")
        amount = np.asarray(strength, dtype=np.float64)
        if amount.shape not in ((), (codes.shape[0],)) or not np.isfinite(amount).all():
            raise InputError(
                f"strength: give a finite number, or one for each of the {codes.shape[0]} codes, "
                f"not {amount.tolist()!r:.60}"
            )
        step = amount.reshape(-1, 1, 1) * self.vector  # (N or 1, 1, W)
        if is_tensor:
            edited, step = codes.clone(), codes.new_tensor(step)
        else:
            edited, step = codes.copy(), step.astype(codes.dtype)
        edited[:, list(self.layers)] += step
        return edited


def finite_array(values: ArrayLike, dims: int, what: str) -> NDArray[np.float64]:
    """Copy `values` into a float64 array of `dims` dimensions that cannot be written to.

    Raises:
        InputError: not numbers, not finite, empty, or of another number of dimensions; `what` names them.

    >>> finite_array([1, 2], 1, "the values")
    array([1., 2.])
    """
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"{what}: give an array of numbers") from None
    if array.ndim != dims or not array.size:
        raise InputError(f"{what}: shape {array.shape}, where {dims} dimension{'s' * (dims > 1)} and no 0 is expected")
    if not np.isfinite(array).all():
        raise InputError(f"{what}: there are NaN or infinite entries")
    array.setflags(write=False)
    return array


def checked_place(space: str, layers: Iterable[int]) -> tuple[int, ...]:
    """Check where a direction acts, and return its layers as a tuple.

    Raises:
        InputError: another space than "z" or "w", or layers that are not ascending indices.

    >>> checked_place("w", range(2, 4))
    (2, 3)
    """
    if space not in SPACES:
        raise unknown("space", str(space), SPACES)
    layers = tuple(layers)
    indices = all(isinstance(layer, int | np.integer) and layer >= 0 for layer in layers)
    if not layers or not indices or list(layers) != sorted(set(layers)):
        raise InputError(f"a direction acts on layers by ascending index from 0, such as (0, 1), not {layers!r:.60}")
    return tuple(int(layer) for layer in layers)


def _term(name: str) -> str:
    """Put a name into brackets where it is a sum, so that a multiple of it reads as one."""
    return f"({name})" if " + " in name or " - " in name else name
