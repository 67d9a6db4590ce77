"""Do sets of directions agree: two methods, one method run again; and how local is what a direction does.

Let A (K, W) and B (J, W) be directions of length 1 of one space, and P_A, P_B the projections onto what they span.

    cosines    |a_k . b_j|, without sign, as a direction may be followed either way
    matched    each a_k with a b_j of its own, so that the sum of cosines is largest
    overlap    trace(P_A P_B) / min(K, J): the mean squared cosine of the principal angles, in [0, 1]
    chance     what the overlap of uniformly random subspaces of E coordinates is in the mean: max(K, J) / E

Directions whose values nearly coincide may turn among themselves: then the overlap of the spans is high and matched
cosines are low. That is why both are told.
What is not guaranteed: that directions which agree mean anything.

References:
    Å. Björck, G. Golub (1973), Numerical Methods for Computing Angles Between Linear Subspaces.
    H. Kuhn (1955), The Hungarian Method for the Assignment Problem.

Shape letters: `W` coordinates of a code, `E` of them editable, `K`, `J` directions, `R` repetitions, `H` pixels a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orth
from scipy.optimize import linear_sum_assignment

from ganatomy.errors import InputError
from ganatomy.latent.direction import finite_array
from ganatomy.latent.directions import Directions

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How two sets of directions agree; see the module for the equations.

    Attributes:
        cosines: (K, J).
        partner: for each of the first set, which of the other it was matched with; -1 where J < K left none.
        matched: (K,) the cosine of each pair; NaN without a partner.
        angles: principal angles in degrees, ascending, (min(K, J),) or fewer.
        overlap: in [0, 1].
        chance: of random subspaces.
    """

    cosines: Array
    partner: NDArray[np.intp]
    matched: Array
    angles: Array
    overlap: float
    chance: float

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {
            "cosines": self.cosines.tolist(),
            "partner": [int(j) if j >= 0 else None for j in self.partner],
            "matched": [float(c) if np.isfinite(c) else None for c in self.matched],
            "angles": self.angles.tolist(),
            "overlap": self.overlap,
            "chance": self.chance,
        }


@dataclass(frozen=True, eq=False)
class Stability:
    """How far directions turn when their method is run again with other codes or seeds.

    Attributes:
        angles: (R, K), in degrees, between each direction and its match in each repetition; 0 is unmoved.
        span: (R,), the largest principal angle to each repetition, in degrees.
        overlap: (R,), of the spans.
    """

    angles: Array
    span: Array
    overlap: Array

    def to_dict(self) -> dict[str, Any]:
        """Turn it into medians and what they are of, for JSON."""
        return {
            "repetitions": len(self.span),
            "angle_of_each": np.median(self.angles, axis=0).tolist(),
            "angle": float(np.median(self.angles)),
            "span_angle": float(np.median(self.span)),
            "overlap": float(np.median(self.overlap)),
        }


@dataclass(frozen=True)
class Locality:
    """How concentrated the change of a picture is.

    Attributes:
        half: the share of the pixels in the smallest area that holds half of the change, in (0, 0.5].
        pixels: the effective share of pixels, (sum h)^2 / (sum h^2) over their number: 1 when all change alike.
    """

    half: float
    pixels: float


def agreement(first: Directions, other: Directions, coordinates: int | None = None) -> Agreement:
    """Compare two sets of directions of one space.

    Args:
        first: K of them.
        other: J of them.
        coordinates: E, for the chance level; by default W.

    Raises:
        InputError: another space or width.

    >>> from ganatomy.latent.methods.random import orthonormal
    >>> def found(vectors):
    ...     return Directions(vectors, np.ones(2), np.ones(2) / 2, "z", (0,), "made up", "f")
    >>> a, turned = orthonormal(2, 10), np.array([[0.6, 0.8], [-0.8, 0.6]])
    >>> same_span, unrelated = agreement(found(a), found(turned @ a)), agreement(found(a), found(orthonormal(2, 10, 1)))
    >>> same_span.matched.round(2).tolist(), round(same_span.overlap, 6), same_span.chance
    ([0.8, 0.8], 1.0, 0.2)
    >>> round(unrelated.overlap, 2)
    0.16
    """
    angles = first.angles_to(other)  # which checks that they are of one space
    width = first.vectors.shape[1]
    cosines = np.minimum(np.abs(first.vectors @ other.vectors.T), 1.0)
    rows, columns = linear_sum_assignment(cosines, maximize=True)
    partner = np.full(len(first), -1)
    partner[rows] = columns
    matched = np.where(partner >= 0, cosines[np.arange(len(first)), partner], np.nan)
    spans = [orth(found.vectors.T) for found in (first, other)]  # (W, K or fewer)
    few, many = sorted(span.shape[1] for span in spans)
    overlap = float(min((np.linalg.norm(spans[0].T @ spans[1]) ** 2) / few, 1.0))
    return Agreement(cosines, partner, matched, angles, overlap, min(many / (coordinates or width), 1.0))


def stability(found: Directions, again: Sequence[Directions]) -> Stability:
    """Compare directions with what the same method found from other codes or seeds.

    Raises:
        InputError: no repetition, or one of another number of directions, space or width.

    >>> found = Directions(np.eye(3)[:2], [2, 1], [0.6, 0.3], "z", (0,), "made up", "f")
    >>> moved = Directions([[0, 1.0, 0], [0.8, 0, 0.6]], [2, 1], [0.6, 0.3], "z", (0,), "made up", "f")
    >>> result = stability(found, [found, moved])
    >>> result.angles.round(2).tolist(), result.span.round(2).tolist()
    ([[0.0, 0.0], [36.87, 0.0]], [0.0, 36.87])
    """
    if not again:
        raise InputError("stability is over repetitions: give at least one")
    angles, spans, overlaps = [], [], []
    for other in again:
        if len(other) != len(found):
            raise InputError(f"{len(found)} directions and {len(other)} in a repetition: ask for as many each time")
        compared = agreement(found, other)
        partners = other.vectors[compared.partner]
        partners = partners * np.where((partners * found.vectors).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
        # By the chord, as an arc cosine near 1 would see rounding as a millionth of a degree.
        chord = np.linalg.norm(found.vectors - partners, axis=1)
        angles.append(np.rad2deg(2 * np.arcsin(np.minimum(chord / 2, 1.0))))
        spans.append(compared.angles[-1])
        overlaps.append(compared.overlap)
    return Stability(np.array(angles), np.array(spans), np.array(overlaps))


def locality(heat: ArrayLike) -> Locality | None:
    """Say how concentrated a heat map is; None where nothing changes.

    Beside random directions' the numbers say whether a direction acts on a place; by themselves they also say how
    much of the pictures is empty.

    Args:
        heat: (H, H), how much each pixel changes, 0 or more; see `effects`.

    Raises:
        InputError: not a map, not finite, or negative.

    >>> locality(np.ones((4, 4)))
    Locality(half=0.5, pixels=1.0)
    >>> corner = np.zeros((4, 4))
    >>> corner[:2, :2] = 1
    >>> locality(corner)
    Locality(half=0.125, pixels=0.25)
    """
    values = np.sort(finite_array(heat, 2, "the heat map"), axis=None)[::-1]
    if values[-1] < 0:
        raise InputError("the heat map has negative entries; it holds how much each pixel changes")
    total = values.sum()
    if total == 0:
        return None
    within = np.cumsum(values)
    last = int(np.searchsorted(within, total / 2))  # the pixel in which half is reached, counted as far as needed
    before = within[last - 1] if last else 0.0
    whole = last + (total / 2 - before) / values[last]
    return Locality(float(whole / values.size), float(total**2 / np.vdot(values, values) / values.size))
