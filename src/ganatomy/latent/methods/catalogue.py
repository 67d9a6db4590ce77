"""Find directions in a generator by any method, on equal terms: one call, one kind of result.

    sefa         leading eigenvectors of the first layer's A^T A, rows scaled to length 1     exact, from the weights
    sefa-raw     the same, rows as they are                                                   exact, from the weights
    ganspace     principal components of w; of early features, regressed on z, elsewhere      from random codes
    local_basis  singular vectors of the Jacobian of a layer, or the picture, at one code     for that code
    boundary     the plane between codes whose pictures score high and low                    one for each score
    random       orthonormal and uniform                                                      the control

Of a z-space generator, the codes are those that are edited: mapped ones (see `generators.base`). None of them are
truncated, and of a conditional generator all are of one class.
What is not guaranteed: equal bits on another processor or number of threads, so directions of samples then differ in
their last digits.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ganatomy.errors import unknown
from ganatomy.generators.base import Generator
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import Layers
from ganatomy.latent.methods.boundary import boundary
from ganatomy.latent.methods.ganspace import ganspace
from ganatomy.latent.methods.local_basis import local_basis
from ganatomy.latent.methods.random import random_directions
from ganatomy.latent.methods.sefa import sefa

METHODS: dict[str, Callable[..., Directions]] = {
    "sefa": lambda generator, k, layers, source="": sefa(generator, k, layers, source=source),
    "sefa-raw": lambda generator, k, layers, source="": sefa(generator, k, layers, normalize=False, source=source),
    "ganspace": ganspace,
    "local_basis": local_basis,
    "boundary": boundary,
    "random": random_directions,
}


def find(generator: Generator, method: str, k: int = 5, layers: Layers = None, **options: Any) -> Directions:
    """Find K directions by the method of a name.

    Args:
        generator: the network to look into, and whose codes are edited.
        method: one of METHODS.
        k: how many; of `boundary`, the first K scores.
        layers: which layers to edit (of sefa, to factorise too): indices, or such as "0:4"; None for all.
        **options: `source`, what to call the generator, and what the method's own function takes, such as `seed`.

    Raises:
        InputError: an unknown method or option, or what the method itself refuses.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> import numpy as np
    >>> G = Planted(z_dim=16, resolution=16)
    >>> for method in ("sefa", "ganspace", "random"):
    ...     found = find(G, method, k=6)
    ...     print(method, np.abs((found.vectors * G.directions.numpy()).sum(axis=1)).round(2).tolist())
    sefa [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    ganspace [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    random [0.21, 0.24, 0.3, 0.16, 0.16, 0.16]
    """
    known = options_of(method)
    for name in options:
        if name not in known:
            raise unknown(f"option of {method}", name, known)
    return METHODS[method](generator, k, layers, **options)


def options_of(method: str) -> tuple[str, ...]:
    """List what a method takes besides a generator, K and the layers.

    Raises:
        InputError: an unknown method.

    >>> options_of("sefa"), options_of("random")
    (('source',), ('seed', 'source'))
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    return tuple(inspect.signature(METHODS[method]).parameters)[3:]
