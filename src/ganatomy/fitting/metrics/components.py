"""How much of each component there is: of a known mixture, or of components that the user's own labels tell.

Labelled real points p_1 .. p_F with labels l_i stand for K components with weights w_k, the shares of the labels. A
sample belongs to the component of the nearest labelled point (in equal parts to those of several at one place), and is
good if it is no farther from it than that one's own `NEIGHBOURS`-th neighbour of its component is. Real points are
assigned in the same way, each by all others but itself, so that the floor has the errors of assigning too.

    share_k = mean over samples of [the nearest labelled point is of component k]          weights as in `Labels.counts`

For samples of the distribution itself the shares tend to the weights, also where components overlap, as F grows: the
nearest point's label is a draw of the components' odds there. (A majority of several neighbours would not: it gives all
of an overlap to the commoner one, and components of very few points nothing.) Not guaranteed: that a share says where
in the component samples lie, nor that they lie in any.

Shapes: `F` labelled points, `N` samples, `D` data dimensions, `K` components.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import ndtri

from ganatomy.fitting.metrics.known import component_shares
from ganatomy.fitting.points.distributions import Components
from ganatomy.fitting.points.labels import Labels

NEIGHBOURS = 5
"""The k of the balls in which samples are good."""

MUCH = 1.25
"""Times as much of a component as there should be, or as little, from which a share that is surely wrong is told."""


@dataclass(frozen=True)
class ComponentShare:
    """A component: its share of real points and of samples.

    Attributes:
        name: its label, or its number from 0.
        real: the weight w_k.
        generated: the share of the samples.
        low: of the interval, 95 times in 100, that the samples' number leaves.
        high: of it.
        is_off: whether there is clearly too much or too little of it: see `shares_of`.
    """

    name: str
    real: float
    generated: float
    low: float
    high: float
    is_off: bool = False


def wilson(share: float, number: float, z: float = 1.96) -> tuple[float, float]:
    """Return where a share that was counted among so many may lie: 95 times in 100, or within z standard deviations.

    References:
        Wilson 1927, Probable inference, the law of succession, and statistical inference.

    >>> [round(end, 4) for end in wilson(0.0, 100)], [round(end, 4) for end in wilson(0.5, 100)]
    ([0.0, 0.037], [0.4038, 0.5962])
    """
    centre = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    half = z * math.sqrt(share * (1 - share) / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def shares_of(
    names: Sequence[str], weights: np.ndarray, shares: np.ndarray, samples: int, labelled: int | None = None
) -> list[ComponentShare]:
    """Put the shares (K,) of so many samples beside the weights (K,), which were counted among so many labelled points.

    A share is off if it is more than `MUCH` times the weight, or less by as much, and the two intervals do not meet
    which hold all K shares, and weights that were counted, 95 times in 100. Weights are known if `labelled` is None.

    >>> weights, shares = np.array([0.9, 0.07, 0.02, 0.01]), np.array([0.939, 0.05, 0.009, 0.002])
    >>> [share.name for share in shares_of("abcd", weights, shares, 20_000, 7_000) if share.is_off]
    ['b', 'c', 'd']
    >>> [share.name for share in shares_of("abcd", weights, shares, 700, 700) if share.is_off]  # too few to be sure
    []
    """
    z = float(-ndtri(0.025 / len(names)))
    told = []
    for name, weight, share in zip(names, weights.tolist(), shares.tolist(), strict=True):
        low, high = wilson(share, samples, z)
        least, most = (weight, weight) if labelled is None else wilson(weight, labelled, z)
        surely = (high < least and share * MUCH < weight) or (low > most and share > weight * MUCH)
        told.append(ComponentShare(name, weight, share, *wilson(share, samples), surely))
    return told


class LabelledComponents:
    """Components that are told by labelled real points, (F, D).

    >>> rng = np.random.default_rng(0)
    >>> points = np.concatenate([rng.normal(size=(950, 2)), rng.normal(size=(50, 2)) + [9.0, 0.0]])
    >>> told = LabelledComponents(points, Labels.of(["common"] * 950 + ["rare"] * 50))
    >>> told.values(rng.normal(size=(1000, 2)))
    {'components_found': 1, 'weight_error': 0.05...}
    """

    def __init__(self, points: np.ndarray, labels: Labels) -> None:
        self.names, self._codes, self._counts = labels.names, labels.codes, labels.counts
        places, self._place, self._crowd = np.unique(points, axis=0, return_inverse=True, return_counts=True)
        self._place = self._place.ravel()
        self._tree = KDTree(places)
        self.weights: NDArray[np.float64] = self._counts / len(labels)
        reach = np.concatenate([_reach(points[labels.codes == code]) for code in range(len(labels.names))])
        self._radii = np.zeros(len(places))  # of the widest ball at each place
        np.maximum.at(self._radii, self._place[np.argsort(labels.codes, kind="stable")], reach)
        self._next = _nearest(self._tree, places, 2)  # which is missing where all points are at one place
        self._radii = np.where(self._radii > 0, self._radii, self._next[0])  # of lone points, and of crowds

    def shares(self, samples: np.ndarray) -> NDArray[np.float64]:
        """Return each component's share (K,) of samples (N, D)."""
        return self._shares(_nearest(self._tree, samples)[1])

    def _shares(self, places: np.ndarray) -> NDArray[np.float64]:
        """Give each of the places (N,) in equal parts to the components of the labelled points there."""
        hits = np.bincount(places, minlength=len(self._crowd)) / self._crowd
        return np.bincount(self._codes, hits[self._place], minlength=len(self.names)) / len(places)

    def _found(self, places: np.ndarray) -> int:
        """Count the components that have a labelled point at one of the places."""
        return len(np.unique(self._codes[np.isin(self._place, places)]))

    def values(self, samples: np.ndarray) -> dict[str, float]:
        """Count the components that have a good sample among (N, D), and measure how wrong the shares are."""
        distances, places = _nearest(self._tree, samples)
        error = 0.5 * np.abs(self._shares(places) - self.weights).sum()
        return {"components_found": self._found(places[distances <= self._radii[places]]), "weight_error": float(error)}

    def values_of_own(self, rows: np.ndarray) -> dict[str, float]:
        """Measure some of the labelled points, each assigned by all others, against the weights of the others."""
        alone = self._crowd[self._place[rows]] == 1
        beside = rows[~alone]  # at a place with others: the components of those, each an equal part
        distances, places = (found[self._place[rows[alone]]] for found in self._next)
        shares = self._shares(places) * len(places) if len(places) else np.zeros(len(self.names))
        if len(beside):
            parts = 1 / (self._crowd[self._place[beside]] - 1)
            crowds = np.bincount(self._place[beside], parts, len(self._crowd))
            shares += np.bincount(self._codes, crowds[self._place], len(self.names))
            shares -= np.bincount(self._codes[beside], parts, len(self.names))
        others = self._counts - np.bincount(self._codes[rows], minlength=len(self.names))
        weights = others / others.sum() if others.any() else self.weights
        error = 0.5 * np.abs(shares / len(rows) - weights).sum()
        good = places[distances <= self._radii[places]]
        found = self._found(np.concatenate([good, self._place[beside]]))
        return {"components_found": found, "weight_error": float(error)}


def _reach(points: np.ndarray) -> np.ndarray:
    """Return each point's distance to its `NEIGHBOURS`-th neighbour of (F, D), or to the farthest of fewer."""
    k = min(NEIGHBOURS, len(points) - 1)
    return _nearest(KDTree(points), points, k + 1)[0] if k > 0 else np.zeros(len(points))


def _nearest(tree: KDTree, points: np.ndarray, rank: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances (N,) of points (N, D) to their nearest in the tree, or second nearest, ..., and which."""
    distances, which = tree.query(points, rank)
    return np.reshape(distances, (len(points), -1))[:, -1], np.reshape(which, (len(points), -1))[:, -1]


def known_shares(samples: np.ndarray, components: Components) -> list[ComponentShare]:
    """Put the shares of samples (N, D) beside the weights of a known mixture.

    >>> from ganatomy.fitting.points.distributions import distribution
    >>> ring = distribution("ring")
    >>> shares = known_shares(ring.sample(20000, seed=0), ring.components)
    >>> len(shares), any(share.is_off for share in shares)
    (8, False)
    """
    names = [str(k) for k in range(len(components.weights))]
    return shares_of(names, components.weights, component_shares(samples, components), len(samples))
