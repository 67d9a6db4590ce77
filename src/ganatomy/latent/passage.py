"""A passage: codes moved along directions by several strengths, every picture made once for all that look at it.

A picture has a *place* (q, n, s): code n moved along direction q by strength s. Direction -1 stands for the unedited
code, whose strength is -1 too, as strength 0 gives the same picture along any direction. A passage is a list of
places, walked in its order, a batch at a time. Each picture is made once, at all sizes that somebody wants, and shown
to every `Observer` that wants it: to whoever scores it, whoever keeps it. An observer that writes down what it sees
(its `len` says how much) can be shown the rest later, after whatever stopped the work: batches are the same ones again,
so that arithmetic is, and those that all observers have seen are not made.

What is not guaranteed: the same bits from batches of another size.

Shapes: `P` places, `B` of them in a batch, `M` codes, `L` layers, `W` coordinates of a code, `K` directions, `S`
strengths, `h` pixels a side.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.execution import deferred_interrupts
from ganatomy.latent.direction import Codes, Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.pictures import Store

Places = NDArray[np.intp]
Paint = Callable[[Codes, Collection[int]], Mapping[int, NDArray]]
"""Makes pictures of codes (B, L, W) at several sizes, in pixels a side: (B, h, h, 3) of each."""

UNEDITED = -1


def unedited(codes: int) -> Places:
    """List the places (M, 3) of unedited codes.

    >>> unedited(2).tolist()
    [[-1, 0, -1], [-1, 1, -1]]
    """
    numbers = np.arange(codes)
    return np.stack([np.full(codes, UNEDITED), numbers, np.full(codes, UNEDITED)], axis=1)


def edited(codes: int, directions: int, strengths: ArrayLike) -> Places:
    """List the places (P, 3) of edited pictures: direction by direction, code by code, all strengths that are not 0.

    >>> edited(1, 2, [-1.0, 0.0, 1.0]).tolist()
    [[0, 0, 0], [0, 0, 2], [1, 0, 0], [1, 0, 2]]
    """
    moving = np.flatnonzero(np.asarray(strengths))
    grid = np.meshgrid(np.arange(directions), np.arange(codes), moving, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1)


class Observer(ABC):
    """Looks at pictures, in the order of a passage; its `len` says at how many of those that it wants it has looked.

    Attributes:
        size: of the pictures that it looks at, in pixels a side.
    """

    size: int

    def wants(self, places: Places) -> NDArray[np.bool_]:
        """Tell which places it wants to see, (P,); here all."""
        return np.ones(len(places), dtype=bool)

    @abstractmethod
    def __len__(self) -> int:
        """Count the pictures seen."""

    def keep(self, count: int) -> None:
        """Forget all but the first so many pictures: the rest was cut off in the middle of a batch."""
        assert count == len(self), "what is not written down is not resumed"

    @abstractmethod
    def see(self, places: Places, pictures: NDArray) -> None:
        """Look at the pictures (B, h, h, 3) of places (B, 3)."""


class Kept(Observer):
    """Keeps pictures in a store, of all codes or of the first few.

    Args:
        store: of pictures of this size.
        codes: how many of the codes, the first ones; by default all.
        after: how many pictures of other passages come before those of this one.
        most: how many pictures of this passage there are, if others come behind them.
    """

    def __init__(self, store: Store, codes: int | None = None, after: int = 0, most: int | None = None) -> None:
        self.store, self.size, self._codes, self._after, self._most = store, store.shape[0], codes, after, most

    def wants(self, places: Places) -> NDArray[np.bool_]:
        """Tell which places are of its codes."""
        return super().wants(places) if self._codes is None else places[:, 1] < self._codes

    def __len__(self) -> int:
        there = max(len(self.store) - self._after, 0)
        return there if self._most is None else min(there, self._most)

    def keep(self, count: int) -> None:
        """Forget all but the first so many pictures."""
        if count < len(self):
            self.store.keep(self._after + count)

    def see(self, places: Places, pictures: NDArray) -> None:
        """Store the pictures."""
        self.store.append(pictures)


@dataclass(frozen=True, eq=False)
class Passage(Generic[Codes]):
    """Which pictures there are, and in which order.

    Attributes:
        ws: codes (M, L, W), a numpy array or a torch tensor.
        directions: K of them.
        strengths: (S,).
        places: (P, 3), ascending by direction.

    >>> found = Directions(np.eye(2), [1, 1], [0.5, 0.5], "z", (0,), "sefa", "f")
    >>> places = np.concatenate([unedited(1), edited(1, 2, [-1, 0, 1])])
    >>> passage = Passage(np.array([[[10.0, 20.0]]]), found, np.array([-1.0, 0.0, 1.0]), places)
    >>> len(passage), passage.codes(1, 5)[:, 0].tolist()
    (5, [[9.0, 20.0], [11.0, 20.0], [10.0, 19.0], [10.0, 21.0]])
    """

    ws: Codes
    directions: Directions | Sequence[Direction]
    strengths: NDArray[np.float64]
    places: Places

    def __len__(self) -> int:
        return len(self.places)

    def codes(self, begin: int, end: int) -> Codes:
        """Make the codes (B, L, W) of the places from `begin` to `end`, the end excluded; of the kind of `ws`."""
        q, n, s = self.places[begin:end].T
        codes = self.ws[n.tolist()]
        for one in np.unique(q[q != UNEDITED]):
            first, last = np.flatnonzero(q == one)[[0, -1]]
            here = slice(first, last + 1)
            codes[here] = self.directions[int(one)].edit(codes[here], self.strengths[s[here]])
        return codes

    def known(self, observers: Sequence[Observer], batch: int) -> int:
        """Count the pictures that need not be made, as all observers have seen them."""
        _, seen = self._seen(observers, batch)
        return min(min(seen) * batch, len(self))

    def walk(
        self, paint: Paint, observers: Sequence[Observer], batch: int, tell: Callable[[int], None] | None = None
    ) -> None:
        """Make the pictures that some observer has not seen yet, and show them; a first Ctrl-C waits for the batch.

        Args:
            paint: makes pictures.
            observers: each wants some of the places.
            batch: B, how many pictures to ask for at a time.
            tell: is told after each batch how many pictures are done, those that were known included.

        Raises:
            InputError: what the painter and the observers raise.
            KeyboardInterrupt: it was stopped between two batches; what observers have seen, they have seen.

        >>> class Sum(Observer):
        ...     size, total, count = 1, 0.0, 0
        ...     def __len__(self): return self.count
        ...     def see(self, places, pictures): self.total, self.count = self.total + pictures.sum(), self.count + 1
        >>> passage = Passage(np.array([[[10.0, 20.0]]]), [], np.array([0.0]), unedited(1))
        >>> observer = Sum()
        >>> passage.walk(lambda codes, sizes: {1: codes[:, None]}, [observer], batch=4)
        >>> float(observer.total)
        30.0
        """
        wanted, seen = self._seen(observers, batch)
        with deferred_interrupts(True) as stop:
            for b in range(min(seen), -(-len(self) // batch)):
                here = slice(b * batch, (b + 1) * batch)
                lacking = [
                    (one, mask[here])
                    for one, mask, known in zip(observers, wanted, seen, strict=True)
                    if known <= b and mask[here].any()
                ]
                if lacking:
                    if stop.is_set():
                        raise KeyboardInterrupt
                    pictures = paint(self.codes(here.start, here.stop), {one.size for one, _ in lacking})
                    for one, mask in lacking:
                        one.see(self.places[here][mask], pictures[one.size][mask])
                    if tell is not None:
                        tell(min(here.stop, len(self)))
        if stop.is_set():  # only now: up to here one may come, and it is not deferred for ever
            raise KeyboardInterrupt

    def _seen(self, observers: Sequence[Observer], batch: int) -> tuple[list[NDArray[np.bool_]], list[int]]:
        """For each observer, say what it wants, (P,), and of how many batches it has seen all that it wants."""
        wanted, seen = [one.wants(self.places) for one in observers], []
        begins = np.arange(0, len(self), batch)
        for one, mask in zip(observers, wanted, strict=True):
            ends = np.cumsum(np.add.reduceat(mask, begins, dtype=np.intp)) if len(self) else np.zeros(0, np.intp)
            seen.append(known := int(np.searchsorted(ends, len(one), side="right")))
            one.keep(int(ends[known - 1]) if known else 0)
        return wanted, seen
