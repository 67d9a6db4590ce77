"""What of the data a picture shows: a line, a plane, and limits that stay put.

A view of points in R^D is an affine map onto P = min(D, 2) coordinates, p = B (x - o), with orthonormal rows
in B (P, D), and a rectangle in those coordinates. For D <= 2 the map is the identity; for D > 2 the rows of B
are the two leading principal axes and o is the mean. Both are fixed by the real points once, so that every
picture of a run has the same axes. The rectangle holds all real points but wild ones (`style.robust_limits`);
nothing is guaranteed of generated points, hence `View.outside`. For D > 2 points that differ may coincide in
the picture.

Shapes: `N` points, `D` data dimensions, `P` drawn dimensions (1 or 2), `n` grid cells a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.style import robust_limits
from ganatomy.languages import Words

_WIDEST = 1.6  # a plane much wider than high, or the reverse, wastes the page: its shorter side is grown to this
_LONGEST = 40  # letters of a name beside an axis
_UNEQUAL = 6.0  # beyond this ratio of the sides equal scales would hide the data, and each axis gets its own


@dataclass(frozen=True, eq=False)
class View:
    """Where points are drawn: `origin` (D,), `basis` (P, D), `limits` (P, 2) and the variance `shares` (P,).

    `equal` says whether both axes have the same scale, `names` what the D coordinates are called, if that is known.
    """

    origin: np.ndarray
    basis: np.ndarray
    limits: np.ndarray
    shares: np.ndarray
    equal: bool = True
    names: tuple[str, ...] = ()

    @classmethod
    def fit(cls, points: ArrayLike, names: Sequence[str] = ()) -> "View":
        """Choose the view of real `points` (N, D): themselves, or their two leading principal axes for D > 2.

        The axes are eigenvectors of the covariance, largest eigenvalue first, each with its largest entry
        positive. The limits leave 15 % on each side; the shorter side of the rectangle is grown to 1 / 1.6 of
        the longer.

        Raises:
            InputError: `points` is not (N, D) with N, D >= 1, or holds NaN or infinity.

        >>> rng = np.random.default_rng(0)
        >>> view = View.fit(rng.normal(size=(500, 3)) * [1.0, 5.0, 2.0])
        >>> view.shares.round(2).tolist(), np.abs(view.basis).round(1).tolist()
        ([0.82, 0.15], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        """
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or 0 in points.shape:
            raise InputError(f"a picture needs points of shape (N, D), not {points.shape}; give one point a row")
        if bad := int((~np.isfinite(points)).any(axis=1).sum()):
            raise InputError(f"{bad} of {len(points)} points hold NaN or infinity; remove them before drawing")
        dims = points.shape[1]
        origin, basis, shares = np.zeros(dims), np.eye(dims), np.full(dims, np.nan)
        if dims > 2:
            origin = points.mean(axis=0)
            variance, vectors = np.linalg.eigh((points - origin).T @ (points - origin) / len(points))
            basis = vectors.T[:-3:-1]
            basis = basis * np.sign(basis[[0, 1], np.abs(basis).argmax(axis=1)])[:, None]
            shares = variance[:-3:-1] / (variance.sum() or 1.0)
        flat = (points - origin) @ basis.T
        limits = np.array([robust_limits(column, reach=1.0, margin=0.15) for column in flat.T])
        sides = np.ptp(limits, axis=1)
        equal = bool(sides.max() <= _UNEQUAL * sides.min())
        if equal:
            grow = np.maximum(sides.max() / _WIDEST - sides, 0.0) / 2
            limits += grow[:, None] * [-1.0, 1.0]
        return cls(origin, basis, limits, shares, equal, tuple(names) if len(names) == dims else ())

    @property
    def aspect(self) -> float:
        """Height of the drawn rectangle over its width."""
        sides = np.ptp(self.limits, axis=1)
        return float(sides[1] / sides[0]) if self.equal and len(sides) == 2 else 1 / _WIDEST

    def labels(self, words: Words) -> tuple[str, ...]:
        """Name the P axes, in the words of pictures.

        >>> from ganatomy.figures.fonts import picture_words
        >>> View.fit(np.eye(2), ["age", "income"]).labels(picture_words("en"))
        ('age', 'income')
        """
        if self.basis.shape[1] <= 2:
            if self.names:
                return tuple(name[:_LONGEST] for name in self.names)
            return ("x",) if len(self.basis) == 1 else ("x₁", "x₂")
        return tuple(words("principal_axis", number=number) for number in (1, 2))

    def caption(self, words: Words) -> str:
        """Say what a reader must know of the view; empty if the plane is the data's own, equally scaled."""
        told = []
        if len(self.origin) > 2:
            first, second = (f"{share:.1%}" for share in self.shares)
            told.append(words("projected", dims=len(self.origin), first=first, second=second))
        if not self.equal:
            told.append(words("unequal"))
        return words("semicolon").join(told)

    def headed(self, title: str, words: Words) -> str:
        r"""Write a picture's title, and below it what a reader must know of the view.

        >>> from ganatomy.figures.fonts import picture_words
        >>> View.fit(np.array([[0.0, 0.0], [1.0, 10.0]])).headed("fit", picture_words("en"))
        'fit\naxes not to the same scale'
        """
        return "\n".join(filter(None, (title, self.caption(words))))

    def project(self, points: ArrayLike) -> np.ndarray:
        """Map points (N, D) into the picture, p = B (x - o), shape (N, P).

        Raises:
            InputError: the points have another number of dimensions than those the view was fitted to.

        >>> View.fit(np.eye(2)).project([[3.0, 4.0]]).tolist()
        [[3.0, 4.0]]
        """
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != len(self.origin):
            raise InputError(f"this view draws points of shape (N, {len(self.origin)}), not {points.shape}")
        if len(self.origin) == len(self.basis):  # the identity, which must not turn an infinity into NaN
            return points
        with np.errstate(all="ignore"):  # a diverged generator's points are counted as outside, not warned of
            return (points - self.origin) @ self.basis.T

    def lift(self, flat: ArrayLike) -> np.ndarray:
        """Map picture coordinates (N, P) back into data space, x = o + B^T p, shape (N, D).

        `project(lift(p)) = p` always; `lift(project(x)) = x` for points on the drawn plane, hence for all if D
        <= 2.

        >>> view = View.fit(np.eye(3))
        >>> view.project(view.lift([[0.5, -0.25]])).round(6).tolist()
        [[0.5, -0.25]]
        """
        return self.origin + np.asarray(flat, dtype=float) @ self.basis

    def grid(self, n: int = 100) -> np.ndarray:
        """List the data-space points at the cell centres of an n x n grid over the picture, shape (n^P, D).

        The first picture coordinate runs fastest, so that values at these points, reshaped to (n, n), have the
        second coordinate along their rows. For D = 1 the grid has n points.

        >>> View.fit(np.array([[0.0], [1.0]])).grid(4).ravel().round(3).tolist()
        [0.012, 0.337, 0.662, 0.987]
        """
        centres = [low + (high - low) * (np.arange(n) + 0.5) / n for low, high in self.limits]
        flat = np.stack(np.meshgrid(*centres), axis=-1).reshape(-1, len(self.basis))
        return self.lift(flat)

    def outside(self, flat: np.ndarray) -> int:
        """Count the picture points (N, P) that the limits do not show; NaN and infinity are among them.

        >>> View.fit(np.eye(2)).outside(np.array([[0.5, 0.5], [9.0, 0.5], [np.nan, 0.0]]))
        2
        """
        inside = (flat >= self.limits[:, 0]) & (flat <= self.limits[:, 1])
        return int((~inside.all(axis=1)).sum())
