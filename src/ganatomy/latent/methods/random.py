"""Random directions: the control that any way of finding directions has to beat.

K orthonormal vectors, uniform over all such sets in the E coordinates that can be edited. Each alone is uniform on
the sphere. They are orthonormal, and not drawn one by one, since what they are compared with is: SeFa's directions,
principal components and local bases share out a space among them, and so does the control. A random direction takes
1 / E of |A n|^2, summed over an orthonormal basis, in the mean, whatever A is: that is its share.

What is not guaranteed: that all the random directions of a picture are bad.

References:
    F. Mezzadri (2007), How to Generate Random Matrices from the Classical Compact Groups, Notices of the AMS 54(5).

Shape letters: `W` coordinates of a code, `E` of them editable, `K` directions.
"""

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import Layers
from ganatomy.latent.methods.sefa import Factorizable

_OWN = 1


def random_directions(
    generator: Factorizable, k: int = 5, layers: Layers = None, *, seed: int = 0, source: str = ""
) -> Directions:
    """Draw K random orthonormal directions in the coordinates of a generator's codes that can be edited.

    Args:
        generator: a generator, or a checkpoint.
        k: how many, from 1 to E.
        layers: which layers to edit: indices, or such as "0:4" (end excluded); None for all.
        seed: of the directions; the first of more are not those of fewer.
        source: what to call the generator in the result.

    Returns:
        Directions of method "random"; `values` are 1, `share` is 1 / E.

    Raises:
        InputError: K out of range, or layers that there are not.

    >>> from types import SimpleNamespace
    >>> generator = SimpleNamespace(space="z", w_dim=3, edit_dim=2, num_ws=1, fingerprint=lambda: "f")
    >>> found = random_directions(generator, k=2)
    >>> found.vectors.round(2).tolist(), found.share.tolist()
    ([[0.12, -0.99, 0.0], [-0.99, -0.12, 0.0]], [0.5, 0.5])
    """
    width = generator.edit_dim
    found = orthonormal(k, width, seed), np.ones(k), np.full(k, 1 / width)
    return Directions.of(generator, *found, method="random", layers=layers, source=source)


def orthonormal(k: int, width: int, seed: int = 0) -> NDArray[np.float64]:
    """Draw k orthonormal vectors (k, width), uniform over all such sets.

    Raises:
        InputError: k out of range.

    >>> frame = orthonormal(2, 3, seed=1)
    >>> np.allclose(frame @ frame.T, np.eye(2)), frame[0].round(2).tolist()
    (True, [0.67, 0.23, 0.71])
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= width:
        raise InputError(f"K = {k!r}: give a whole number of directions, from 1 to the {width} coordinates to edit")
    # Numbers of its own: those of the seed alone are the null's.
    columns, upper = np.linalg.qr(np.random.default_rng([seed, _OWN]).standard_normal((width, k)))
    return (columns * np.sign(np.diag(upper))).T  # without the signs, LAPACK's would make it uneven
