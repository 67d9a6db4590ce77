"""How much of each component there is: of a known mixture, or of components that the user's own labels tell.

Labelled real points p_1 .. p_F with labels l_i stand for K components with weights w_k, the shares of the labels. A
sample goes to the component that most of its `NEIGHBOURS` nearest labelled points have (of the nearest among equals),
and is good if it lies in a ball of the nearest one, which reaches to that one's own `NEIGHBOURS`-th neighbour. Real
points are assigned in the same way, each by all others but itself, so that the floor has the errors of assigning too.

Not guaranteed: shares of components that overlap, beyond what the floor says.

Shapes: `F` labelled points, `N` samples, `D` data dimensions, `K` components.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ganatomy.fitting.metrics.known import component_shares
from ganatomy.fitting.points.distributions import Components
from ganatomy.fitting.points.labels import Labels

NEIGHBOURS = 5


@dataclass(frozen=True)
class ComponentShare:
    """A component: its share of real points and of samples.

    Attributes:
        name: its label, or its number from 0.
        real: the weight w_k.
        generated: the share of the samples.
        low: of the interval, 95 times in 100, that the samples' number leaves.
        high: of it.

    >>> ComponentShare.of("d", 0.02, 0.002, 20000).is_off
    True
    """

    name: str
    real: float
    generated: float
    low: float
    high: float

    @classmethod
    def of(cls, name: str, real: float, generated: float, samples: int) -> "ComponentShare":
        """Give a share among so many samples its interval.

        References:
            Wilson 1927, Probable inference, the law of succession, and statistical inference.
        """
        z2 = 1.96**2
        centre = (generated + z2 / (2 * samples)) / (1 + z2 / samples)
        half = 1.96 * math.sqrt(generated * (1 - generated) / samples + z2 / (4 * samples**2)) / (1 + z2 / samples)
        return cls(name, real, generated, max(centre - half, 0.0), min(centre + half, 1.0))

    @property
    def is_off(self) -> bool:
        """Whether there is clearly less than two thirds, or more than one and a half, of what there should be."""
        return self.high < self.real / 1.5 or self.low > self.real * 1.5


def shares_of(names: Sequence[str], weights: np.ndarray, shares: np.ndarray, samples: int) -> list[ComponentShare]:
    """Put the shares (K,) of so many samples beside the weights (K,).

    >>> [share.is_off for share in shares_of("ab", np.array([0.9, 0.1]), np.array([0.98, 0.02]), 1000)]
    [False, True]
    """
    each = zip(names, weights.tolist(), shares.tolist(), strict=True)
    return [ComponentShare.of(name, weight, share, samples) for name, weight, share in each]


class LabelledComponents:
    """Components that are told by labelled real points, (F, D).

    >>> rng = np.random.default_rng(0)
    >>> points = np.concatenate([rng.normal(size=(950, 2)), rng.normal(size=(50, 2)) + [9.0, 0.0]])
    >>> told = LabelledComponents(points, Labels.of(["common"] * 950 + ["rare"] * 50))
    >>> told.values(rng.normal(size=(1000, 2)))
    {'components_found': 1, 'weight_error': 0.05...}
    """

    def __init__(self, points: np.ndarray, labels: Labels) -> None:
        self.names, self._codes, self._tree = labels.names, labels.codes, cKDTree(points)
        self._k = min(NEIGHBOURS, len(points) - 1)
        distances, neighbours = self._tree.query(points, self._k + 1)
        self._radii = distances[:, -1]
        self.weights: NDArray[np.float64] = labels.counts / len(labels)
        self._own = self._components(neighbours[:, 1:]), distances[:, 1] <= self._radii[neighbours[:, 1]]

    def _components(self, neighbours: np.ndarray) -> np.ndarray:
        """Take the majority (N,) of the neighbours' (N, k) components."""
        codes = self._codes[neighbours]
        votes = np.zeros((len(codes), len(self.names)))
        for column in range(codes.shape[1]):  # the nearest weighs a little more, which decides among equals
            votes[np.arange(len(codes)), codes[:, column]] += 1 + 0.1 * (column == 0)
        return votes.argmax(axis=1)

    def shares(self, samples: np.ndarray) -> NDArray[np.float64]:
        """Return each component's share (K,) of samples (N, D)."""
        _, neighbours = self._tree.query(samples, range(1, self._k + 1))
        return self._shares(self._components(neighbours))

    def _shares(self, components: np.ndarray) -> NDArray[np.float64]:
        return np.bincount(components, minlength=len(self.names)) / len(components)

    def _values(self, components: np.ndarray, good: np.ndarray) -> dict[str, float]:
        error = 0.5 * np.abs(self._shares(components) - self.weights).sum()
        return {"components_found": len(np.unique(components[good])), "weight_error": float(error)}

    def values(self, samples: np.ndarray) -> dict[str, float]:
        """Count the components that have a good sample among (N, D), and measure how wrong the shares are."""
        distances, neighbours = self._tree.query(samples, range(1, self._k + 1))
        return self._values(self._components(neighbours), distances[:, 0] <= self._radii[neighbours[:, 0]])

    def values_of_own(self, rows: np.ndarray) -> dict[str, float]:
        """Measure some of the labelled points themselves, each assigned by the others."""
        return self._values(*(part[rows] for part in self._own))


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
