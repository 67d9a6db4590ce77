"""Traversals: every sample moved along every direction by every strength, each distinct picture planned once.

A traversal shows N samples in rows and, in columns, each sample unedited and then along K directions, at S
strengths: N (1 + K) S pictures. Many are the same, since strength 0 leaves a sample as it is in every direction, and
the unedited column does not change. So there are

    N + N K S'    distinct pictures, S' of the S strengths not being 0,

numbered from 0: first the N unedited ones, then direction by direction, sample by sample, strength by strength, as a
passage takes them (see `latent.passage.edited`). When rendering in this order is interrupted, the directions that came
first are whole.

Strengths are in units of the code: a normal code has standard deviation 1 in each coordinate.

Shape letters: `N` samples, `K` directions, `S` strengths.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.latent.direction import finite_array


def strengths(start: float, end: float, steps: int) -> NDArray[np.float64]:
    """Space `steps` strengths evenly from `start` to `end`, both included; what is 0 but for rounding is 0.

    The range ascends; to go the other way, edit with `-direction`.

    Returns:
        (S,) strengths in units of the code.

    Raises:
        InputError: fewer than 2 steps, or a range that is not finite or does not ascend.

    >>> strengths(-0.3, 0.6, 4).tolist()
    [-0.3, 0.0, 0.3, 0.6]
    """
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 2:
        raise InputError(f"steps = {steps!r}: give a whole number of strengths, 2 or more")
    if not np.isfinite([start, end]).all():
        raise InputError(f"strengths from {start} to {end}: give two finite numbers")
    if not start < end:
        raise InputError(f"strengths from {start:g} to {end:g}: the start has to be below the end")
    values = np.linspace(start, end, steps)
    rounding = 4 * np.finfo(np.float64).eps * max(abs(start), abs(end))
    return np.where(np.abs(values) < rounding, 0.0, values)


@dataclass(frozen=True, eq=False)
class Traversal:
    """Which pictures a traversal is made of, and where each belongs.

    Raises `InputError` for no samples, no directions or no strengths. The report's grid:

    >>> plan = Traversal(samples=5, directions=5, strengths=strengths(-2, 2, 21))
    >>> plan.shown, len(plan)
    (630, 505)
    >>> plan.grid.shape, plan.grid[3, 1, 9:12].tolist()  # sample 3 along direction 1, about strength 0
    ((5, 5, 21), [174, 3, 175])

    Attributes:
        samples: N.
        directions: K.
        strengths: (S,).
    """

    samples: int
    directions: int
    strengths: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "strengths", finite_array(self.strengths, 1, "the strengths"))
        for what, count in (("samples", self.samples), ("directions", self.directions)):
            if not isinstance(count, int | np.integer) or count < 1:
                raise InputError(f"a traversal of {count!r} {what}: give a whole number, 1 or more")

    @property
    def shown(self) -> int:
        """The number N (1 + K) S of pictures on show, repeats and all."""
        return self.samples * (1 + self.directions) * len(self.strengths)

    def __len__(self) -> int:
        """Count the distinct pictures."""
        return self.samples * (1 + self.directions * len(self._moving))

    @cached_property
    def _moving(self) -> NDArray[np.intp]:
        """The indices of the strengths that are not 0, (S',)."""
        return np.flatnonzero(self.strengths)

    @property
    def unedited(self) -> NDArray[np.intp]:
        """The numbers of the unedited pictures, (N,)."""
        return np.arange(self.samples)

    @cached_property
    def grid(self) -> NDArray[np.intp]:
        """The number of the picture of sample n along direction k at strength s, (N, K, S)."""
        n, k, moving = self.samples, self.directions, self._moving
        grid = np.empty((n, k, len(self.strengths)), dtype=np.intp)
        grid[...] = self.unedited[:, None, None]
        grid[:, :, moving] = n + np.arange(n * k * len(moving)).reshape(k, n, -1).swapaxes(0, 1)
        return grid

    def whole_directions(self, rendered: int) -> int:
        """Count the directions of which every picture is among the first `rendered` distinct ones.

        >>> [Traversal(2, 3, [-1, 0, 1]).whole_directions(rendered) for rendered in (0, 5, 6, 14)]
        [0, 0, 1, 3]
        """
        if rendered < self.samples:
            return 0
        block = self.samples * len(self._moving)
        return min((rendered - self.samples) // block, self.directions) if block else self.directions
