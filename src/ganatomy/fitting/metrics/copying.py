"""Whether samples are copies of training points.

With T the points that a model was trained on, H other real points and X its samples, each at its distance from T,

    d(p) = min over t in T of |p - t|

a model that has learned the distribution puts samples as far from T as H lies, one that has learned T by heart nearer.
The statistic is that of Mann and Whitney, which is 1/2 for samples of the distribution itself whatever that is.

    copying(X) = P(d(x) < d(h)) + 1/2 P(d(x) = d(h))        x of X, h of H

Below 1/2 says nothing of copies: samples that miss the target are far from T too. A model that copies some points and
misses others can come out at 1/2.

Shapes: `N` samples, `F` training points, `M` held-out points, `D` data dimensions.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from ganatomy.fitting.metrics.catalogue import Floor
from ganatomy.fitting.metrics.pairs import point_set


class Copying:
    """The statistic against training points (F, D) and held-out points (M, D).

    Raises:
        InputError: they are no point sets.

    References:
        Meehan, Chaudhuri and Dasgupta 2020, A non-parametric test to detect data-copying in generative models,
        section 3. Mann and Whitney 1947, On a test of whether one of two random variables is stochastically larger
        than the other (the variance without ties).

    >>> real = np.random.default_rng(0).normal(size=(3000, 2))
    >>> copying = Copying(real[:1000], real[1000:2000])
    >>> round(copying.value(real[2000:]), 2), copying.value(real[:500]), copying.value(real[2000:] + [9, 9])
    (0.5, 1.0, 0.0)
    >>> copying.floor(1000)
    Floor(mean=0.5, spread=0.01291...)
    """

    def __init__(self, training: ArrayLike, heldout: ArrayLike) -> None:
        self._tree = KDTree(point_set(training, "training points"))
        self._heldout = np.sort(self._distances(point_set(heldout, "held-out points")))

    def _distances(self, points: np.ndarray) -> np.ndarray:
        return self._tree.query(points)[0]

    @property
    def shared(self) -> int:
        """How many held-out points are training points too."""
        return int((self._heldout == 0).sum())

    def value(self, samples: ArrayLike) -> float:
        """Compute the statistic of samples (N, D), in [0, 1].

        Raises:
            InputError: they are no point set.
        """
        distances = self._distances(point_set(samples, "samples"))
        nearer = np.searchsorted(self._heldout, distances, side="left")  # held-out points that are nearer
        no_farther = np.searchsorted(self._heldout, distances, side="right")
        return float(1 - (nearer + no_farther).mean() / (2 * len(self._heldout)))

    def floor(self, size: int) -> Floor:
        """Return what as many real points score: mean and standard deviation of the statistic, without ties."""
        m = len(self._heldout)
        return Floor(0.5, math.sqrt((size + m + 1) / (12 * size * m)))
