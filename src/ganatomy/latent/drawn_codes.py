"""From what methods find in codes of a generator to its directions.

Shapes: `W` coordinates of a code, `E` of them editable, `K` directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import read_layers

Layers = Sequence[int] | str | None


def as_directions(
    generator: Generator,
    method: str,
    layers: Layers,
    vectors: NDArray[np.float64],
    values: NDArray[np.float64],
    share: NDArray[np.float64],
    source: str,
    **more: Any,
) -> Directions:
    """Make `Directions` of vectors (K, E) that were found in a generator.

    Args:
        generator: in which.
        method: how.
        layers: which to edit; see `latent.layers.read_layers`.
        vectors: of length 1; coordinates that are not editable are filled with 0.
        values: (K,).
        share: (K,).
        source: what to call the generator.
        **more: `labels` and `names`.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> as_directions(Planted(z_dim=8), "by hand", None, np.eye(8)[:1], [1.0], [1.0], "")[0].name
    'by hand 0'
    """
    return Directions(
        vectors=np.pad(vectors, ((0, 0), (0, generator.w_dim - vectors.shape[1]))),
        values=values,
        share=share,
        space=generator.space,
        layers=read_layers(layers, generator.num_ws),
        method=method,
        fingerprint=generator.fingerprint(),
        source=source,
        **more,
    )


def to_numpy(values: Tensor) -> NDArray[np.float64]:
    """Copy a tensor into an array of float64.

    >>> import torch
    >>> to_numpy(torch.ones(2)).dtype
    dtype('float64')
    """
    return values.detach().cpu().double().numpy()
