"""What moving along a direction does to the picture, measured over many codes and against random directions.

Along a direction, code n gives pictures I_n(0) .. I_n(4) at five strengths, equally spaced from start to end. With
D_n = I_n(4) - I_n(0), |.|_1 the sum over pixels and colours of absolute values and |.|_2 the root of the sum of
squares:

    change       mean over n, pixels and colours of |D_n|, in grey levels of 255
    heat         the same, per pixel: where the picture changes
    monotonic    sum_n |D_n|_1 / sum_n sum_j |I_n(j + 1) - I_n(j)|_1
                 Of all that pixels change on the way, the part that is kept at the end. In [0, 1]: 1 exactly when
                 every pixel only brightens or only darkens, 0 when the end is the start again, 1/4 for five unrelated
                 noise pictures. What moves by more than its size, such as the features of a turning head, lights up
                 pixels on its way and leaves them again, which makes it smaller too.
    consistency  mean over pairs n != m of D_n . D_m / (|D_n|_2 |D_m|_2)
                 1 when the same happens to every picture, 0 when what happens is unrelated.

Each is a number only beside what any direction would give. The floor is the same measured for random directions of
the same length, uniform on the sphere in the coordinates that can be edited, on the same layers; `ratio` is a
direction's change over the floor's mean.
What is not guaranteed: that a large ratio means something to a person, or that the ends of the range are still
plausible pictures. A direction that breaks the picture changes it a lot.

Shape letters: `M` codes, `L` layers, `W` coordinates, `K` directions, `B` codes in a batch, `H` height and width.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.latent.direction import Codes, Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.measures.null import null_directions
from ganatomy.latent.passage import Observer, Passage, Places, edited, unedited
from ganatomy.latent.traversal import strengths as spaced

STEPS = 5


@dataclass(frozen=True)
class Spread:
    """A measured number over several random directions: its mean and its standard deviation (of one direction)."""

    mean: float
    std: float


@dataclass(frozen=True)
class Floor:
    """What random directions of the same length give; an entry is None where it is not defined."""

    change: Spread
    monotonic: Spread | None
    consistency: Spread | None
    draws: int


@dataclass(frozen=True, eq=False)
class Effect:
    """What one direction does to pictures; see the module for the equations.

    Attributes:
        name: the direction's.
        label: a meaning, None as long as nobody measured or gave one.
        strengths: from where to where it was moved, in units of the direction.
        n_codes: how many codes M were moved.
        change: in grey levels of 255.
        heat: (H, H), the change in each pixel, in grey levels of 255.
        monotonic: in [0, 1]; None if nothing changed.
        consistency: in [-1, 1]; None if fewer than two pictures changed.
        ratio: change over the floor's mean; None if random directions change nothing.
        floor: what random directions give.
    """

    name: str
    label: str | None
    strengths: tuple[float, float]
    n_codes: int
    change: float
    heat: NDArray[np.float64]
    monotonic: float | None
    consistency: float | None
    ratio: float | None
    floor: Floor

    def to_dict(self) -> dict[str, Any]:
        """Turn all but the heat map into what JSON can hold."""
        floor = {name: vars(value) if isinstance(value, Spread) else value for name, value in vars(self.floor).items()}
        told = {"codes" if key == "n_codes" else key: value for key, value in vars(self).items() if key != "heat"}
        return {**told, "floor": floor}


def measure(
    pictures_of: Callable[[Codes], NDArray],
    ws: Codes,
    directions: Directions | Sequence[Direction],
    strengths: tuple[float, float] = (-2.0, 2.0),
    *,
    draws: int = 8,
    coordinates: int | None = None,
    seed: int = 0,
    batch: int = 16,
) -> list[Effect]:
    """Measure what each direction does to the pictures of M codes, beside random directions of its length.

    About M (1 + 4 K + 4 draws) pictures are asked for: the unedited ones once (if 0 is among the five strengths), the
    random ones once for all directions of one length and on the same layers. Besides these M pictures, what is held
    at a time is those along one direction. The result does not depend on `batch`, up to rounding.

    Args:
        pictures_of: makes pictures (B, H, H, 3) of codes (B, L, W): numpy, in grey levels from 0 to 255, of any type.
        ws: codes (M, L, W), a numpy array or a torch tensor.
        directions: K of them.
        strengths: start and end of the range, in units of the directions.
        draws: random directions for the floor, 2 or more.
        coordinates: how many of the W coordinates, the first ones, can be edited; None for all.
        seed: of the random directions.
        batch: how many pictures to ask for at a time.

    Returns:
        An effect for each direction, in their order.

    Raises:
        InputError: no codes, fewer than 2 draws, a range that does not ascend, or pictures that are none.

    >>> paint = np.random.default_rng(0).normal(size=(4, 12)) * [[9.0], [1.0], [1.0], [1.0]]
    >>> pictures_of = lambda ws: 128 + (ws[:, 0] @ paint).reshape(-1, 2, 2, 3)
    >>> strong = Direction([1.0, 0.0, 0.0, 0.0], layers=(0,), space="z", fingerprint="f", name="strong")
    >>> [effect] = measure(pictures_of, np.random.default_rng(1).normal(size=(6, 1, 4)), [strong])
    >>> round(effect.change, 1), round(effect.ratio, 1), round(effect.monotonic, 6), round(effect.consistency, 6)
    (20.4, 2.4, 1.0, 1.0)
    """
    amounts = spaced(*strengths, STEPS)
    if not len(ws):
        raise InputError("effects are measured over codes: give at least one")
    for what, count, least in (("draws", draws, 2), ("batch", batch, 1)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise InputError(f"{what} = {count!r}: give a whole number, {least} or more")
    width = int(ws.shape[-1])
    coordinates = width if coordinates is None else coordinates
    if not 1 <= coordinates <= width:
        raise InputError(f"coordinates = {coordinates!r}: codes have {width}, so give 1 to {width}")

    def paint(codes: Codes, sizes: Collection[int]) -> dict[int, NDArray]:
        pictures = np.asarray(pictures_of(codes))
        if pictures.ndim != 4 or pictures.shape[0] != len(codes) or pictures.shape[3] != 3:
            raise InputError(f"pictures of {len(codes)} codes have shape {pictures.shape}, not ({len(codes)}, H, W, 3)")
        if not np.isfinite(pictures).all():
            raise InputError("the generator gives NaN or infinite pictures; choose a smaller range of strengths")
        return dict.fromkeys(sizes, pictures)

    def seen(direction: Sequence[Direction], places: Places) -> NDArray:
        held = _Held()
        Passage(ws, direction, amounts, places).walk(paint, [held], batch)
        return np.concatenate(held.pictures)

    still = None if amounts.all() else seen([], unedited(len(ws)))

    def moved(direction: Direction) -> Movement:
        return movement(seen([direction], edited(len(ws), 1, amounts)), still, amounts)

    floors: dict[tuple[float, tuple[int, ...]], Floor] = {}
    effects = []
    for direction in directions:
        key = (round(direction.length, 9), direction.layers)
        if key not in floors:
            others = null_directions(direction, draws, coordinates, seed)
            floors[key] = floor_of([moved(direction.length * other) for other in others])
        effects.append(effect_of(direction, moved(direction), floors[key], amounts, len(ws)))
    return effects


class _Held(Observer):
    """Holds the pictures that it sees, as they come."""

    size = 0  # whatever they come in

    def __init__(self) -> None:
        self.pictures: list[NDArray] = []

    def __len__(self) -> int:
        return sum(map(len, self.pictures))

    def see(self, places: Places, pictures: NDArray) -> None:
        self.pictures.append(pictures)


class Pictures(Protocol):
    """Pictures (P, H, H, 3) that are read a few at a time: an array, or a store of them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(P, H, H, 3)."""
        ...

    def __getitem__(self, some: slice, /) -> NDArray:
        """Return some of them."""
        ...


@dataclass(frozen=True, eq=False)
class Movement:
    """The numbers of one direction, before they are compared with the floor; see `Effect`."""

    change: float
    heat: NDArray[np.float64]
    monotonic: float | None
    consistency: float | None


def movement(edited: Pictures, unedited: NDArray | None, strengths: NDArray[np.float64]) -> Movement:
    """Compute what one direction does to M pictures, one after another; sums over codes only are held.

    Args:
        edited: (M S', H, H, 3), code by code, at the S' strengths that are not 0.
        unedited: (M, H, H, 3); None where no strength is 0.
        strengths: (S,), ascending.

    >>> levels = np.array([100.0, 120.0, 90.0, 130.0])[:, None, None, None] * np.ones((1, 2, 2, 3))
    >>> found = movement(levels, np.full((2, 2, 2, 3), 110.0), np.array([-1.0, 0.0, 1.0]))
    >>> found.change, found.monotonic, round(found.consistency, 6)
    (30.0, 1.0, 1.0)
    """
    moving = np.flatnonzero(strengths)
    codes, shape = edited.shape[0] // len(moving), edited.shape[1:]
    heat = same = np.zeros(())
    path, changed = 0.0, 0
    for n in range(codes):
        pictures = np.empty((len(strengths), *shape), dtype=np.float32)
        pictures[moving] = edited[n * len(moving) : (n + 1) * len(moving)]
        if unedited is not None:
            pictures[strengths == 0] = unedited[n]
        for before, after in pairwise(pictures):
            path += float(np.abs(after - before).sum(dtype=np.float64))
        whole = (pictures[-1] - pictures[0]).astype(np.float64)
        heat = heat + np.abs(whole).mean(axis=2)
        length = np.linalg.norm(whole)
        if length > 0:
            same, changed = same + whole / length, changed + 1
    heat = heat / codes
    # The sum over all pairs is |sum of the unit vectors|^2; each is paired with itself once, which gives 1.
    consistency = (float(np.vdot(same, same)) - changed) / (changed * (changed - 1)) if changed > 1 else None
    kept = heat.sum() * codes * 3
    return Movement(float(heat.mean()), heat, min(float(kept / path), 1.0) if path else None, consistency)


def floor_of(movements: Sequence[Movement]) -> Floor:
    """Compute what random directions give, from the movement of each.

    >>> still = np.zeros((1, 1))
    >>> floor_of([Movement(2.0, still, 0.5, None), Movement(4.0, still, None, None)]).change
    Spread(mean=3.0, std=1.4142135623730951)
    """

    def spread(values: list[float | None]) -> Spread | None:
        defined = [value for value in values if value is not None]
        if len(defined) < 2:
            return None
        return Spread(float(np.mean(defined)), float(np.std(defined, ddof=1)))

    change = spread([each.change for each in movements])
    if change is None:
        raise InputError(f"{len(movements)} random directions: a floor needs 2 or more")
    monotonic = spread([each.monotonic for each in movements])
    return Floor(change, monotonic, spread([each.consistency for each in movements]), len(movements))


def effect_of(
    direction: Direction, moved: Movement, floor: Floor, strengths: NDArray[np.float64], n_codes: int
) -> Effect:
    """Put together what a direction does and what random ones do.

    Args:
        direction: which.
        moved: what it does.
        floor: what random directions of its length do.
        strengths: (S,), ascending.
        n_codes: M, over how many both were measured.

    >>> still = np.zeros((1, 1))
    >>> up = Direction([1.0], layers=(0,), space="z", fingerprint="f", name="up")
    >>> floor = Floor(Spread(2.0, 0.5), None, None, 8)
    >>> effect_of(up, Movement(6.0, still, None, None), floor, np.array([-2.0, 2.0]), 9).ratio
    3.0
    """
    return Effect(
        name=direction.name,
        label=direction.label,
        strengths=(float(strengths[0]), float(strengths[-1])),
        n_codes=n_codes,
        change=moved.change,
        heat=moved.heat,
        monotonic=moved.monotonic,
        consistency=moved.consistency,
        ratio=moved.change / floor.change.mean if floor.change.mean else None,
        floor=floor,
    )
