"""What is kept of a snapshot of a training: enough to draw it, and to measure it later.

Shapes: `M` held-out points, `n` points of a snapshot, `D` data, `g` points of the grid.
"""

from typing import NamedTuple

import numpy as np

from ganatomy.figures.points.view import View
from ganatomy.fitting.training.model import FittedGAN

_MOST = 2048  # points of a snapshot; more make no better picture


class Look(NamedTuple):
    """What is kept of a snapshot: generated points (n, D) and the discriminator's value on the grid (g,)."""

    samples: np.ndarray
    field: np.ndarray


def look(model: FittedGAN, heldout: np.ndarray, seed: int) -> Look:
    """See a snapshot as it is kept: n = min(M, 2048) points, and the discriminator on a grid over the held-out ones.

    >>> from ganatomy.fitting.training.trainer import Trainer
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> points = np.random.default_rng(0).normal(size=(300, 2))
    >>> samples, field = look(Trainer(points, load_recipe("course")).snapshot(), points[:50], seed=0)
    >>> samples.shape, field.shape
    ((50, 2), (10000,))
    """
    field = model.discriminate(View.fit(heldout).grid())
    return Look(model.sample(min(len(heldout), _MOST), seed), field.astype(np.float32))
