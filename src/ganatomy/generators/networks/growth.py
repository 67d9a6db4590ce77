"""Growing networks: which of their pictures is meant while they grow.

A network that is trained from 4 x 4 pixels upwards has K resolutions, k = 0 the coarsest, and can turn the features of
each into a picture. Its *level of detail* `lod` says how many doublings are still missing: 0 when it is grown. The
picture has full size in any case, by repeating pixels. With d = K - 1 - lod, it is that of resolution d where d is
whole; between whole numbers the finer one is faded in:

    alpha x picture(ceil d) + (1 - alpha) x enlarged picture(floor d),    alpha = d - floor d.

Constraint: 0 <= lod <= K - 1. Nothing here needs to know what features or pictures are made of, nor PyTorch.

References:
    T. Karras, T. Aila, S. Laine, J. Lehtinen (2018), Progressive Growing of GANs for Improved Quality, Stability, and
    Variation, section 3 and figure 2.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.generators.files.states import State
from ganatomy.generators.files.stored import Entry


def grow(
    lod: float,
    finest: int,
    deepen: Callable[[int, Any], Any],
    output: Callable[[int, Any], Any],
    enlarge: Callable[[Any], Any],
) -> Any:
    """Make the picture of a level of detail, computing no more of the network than it needs.

    Args:
        lod: the level of detail.
        finest: the last resolution K - 1.
        deepen: maps k and the features of resolution k - 1 (None for k = 0) to those of k.
        output: maps k and the features of resolution k to a picture of that size.
        enlarge: doubles a picture by repeating pixels.

    Raises:
        InputError: a level of detail that there is not.

    >>> grow(0.25, 2, deepen=lambda k, x: k, output=lambda k, x: 10.0 ** x, enlarge=lambda picture: picture)
    77.5
    """
    if not 0 <= lod <= finest:
        raise InputError(f"level of detail {lod:g}: this generator grows from {finest} to 0")
    features, picture = None, None
    for k in range(finest + 1):
        missing = finest - k  # doublings between this resolution and the full one
        if lod < missing + 1:
            features = deepen(k, features)
        if lod >= missing + 1:
            picture = enlarge(picture)
        elif lod > missing:
            alpha = math.ceil(lod) - lod
            picture = alpha * output(k, features) + (1 - alpha) * enlarge(picture)
        elif lod > missing - 1:
            picture = output(k, features)
    return picture


def level_of_detail(state: State, key: str, count: int, outputs: Collection[int], where: str) -> Entry:
    """Return a checkpoint's level of detail, 0 if it says none; it is read at once, as it decides what there must be.

    Args:
        state: the generator's tensors.
        key: what it is called there.
        count: K.
        outputs: the resolutions that can be turned into pictures.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: it is not one number from 0 to K - 1, or needs an output that there is not.

    >>> level_of_detail({}, "lod", 3, [2], "a.pth").read()
    array(0., dtype=float32)
    """
    if key not in state:
        return Entry(key, (), lambda: np.zeros((), np.float32))
    tensor = state[key]
    lod = tensor.read().astype(np.float32).reshape(()) if math.prod(tensor.shape) == 1 else np.nan
    if not 0 <= lod <= count - 1:
        raise InputError(f"{where}: {key} is {lod:g} of shape {tensor.shape}, not one number from 0 to {count - 1}")
    needed = {count - 1 - math.floor(lod), count - 1 - math.ceil(lod)}
    if needed - set(outputs):
        raise InputError(f"{where}: {key} is {lod:g}, which needs the outputs {sorted(needed)}; it has {list(outputs)}")
    return Entry(key, (), lambda: lod)
