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
from collections.abc import Callable
from typing import Any

from ganatomy.errors import InputError


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
