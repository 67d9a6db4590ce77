"""Random codes of a generator, mapped and ready for synthesis, as many as are wanted in the memory of a batch.

They are standard normal codes z of a seed, mapped to ws. Of a conditional generator all are of one class, since over
several classes codes would differ by the class most. Not guaranteed: the codes of `Generator.draw`, which draws all at
once.

Shapes: `N` codes, `B` of them in a batch, `L` layers, `W` coordinates of a code, `E` of them editable, `K` directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import read_layers

Layers = Sequence[int] | str | None
BATCH = 250
"""Codes at a time where no pictures are made."""


def mapped_codes(
    generator: Generator, count: int, seed: int = 0, label: str | None = None, batch: int = BATCH
) -> Iterator[Tensor]:
    """Draw codes of a seed and map them: yields ws (B, L, W), on the generator's device, without gradients.

    Args:
        generator: whose.
        count: N.
        seed: of the codes. PyTorch's last few numbers depend on how many are drawn at once: whole batches are the same
            whatever `count`, and a single code is that of `Generator.draw`.
        label: the class of all of them; by default the first.
        batch: B, at most.

    Raises:
        InputError: no such class, or a label where there are none; a count or seed out of range.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> [tuple(ws.shape) for ws in mapped_codes(Planted(z_dim=8), 5, batch=3)]
    [(3, 1, 8), (2, 1, 8)]
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise InputError(f"cannot draw {count!r} codes: give a whole number, 1 or more")
    generator.draw(min(count, 1), seed)  # which checks both
    classes, like = generator.classes, next(generator.parameters())
    if label is not None and label not in classes:
        raise unknown("class", label, classes) if classes else InputError("this generator has no classes, so no label")
    which = classes.index(label) if label is not None else 0
    random = torch.Generator().manual_seed(seed)
    for begin in range(0, count, batch):
        z = torch.randn(min(batch, count - begin), generator.z_dim, generator=random).to(like)
        labels = torch.full((len(z),), which, device=like.device) if classes else None
        with torch.no_grad():
            ws = generator.mapping(z, labels)
        yield ws


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

    >>> to_numpy(torch.ones(2)).dtype
    dtype('float64')
    """
    return values.detach().cpu().double().numpy()
