"""SeFa: directions that change a generator's first layer most, in closed form from its weights.

A generator's first layer is affine in the code, G1(z) = A z + b. Moving a code by s n, with |n| = 1, changes its
output by s A n, whatever the code was. The K orthonormal directions that change it most are the eigenvectors of
A^T A with the largest eigenvalues,

    A^T A n_k = lambda_k n_k,   lambda_1 >= lambda_2 >= ...,   lambda_k = |A n_k|^2.

For a space "w", A stacks the style weights of the chosen layers. Two variants are in use: the published tool first
scales each row of A, the weights of one output unit, to length 1 (`normalize=True`, method "sefa"); the plain one
takes A as it is ("sefa-raw").

What is not guaranteed: that what changes the first layer most changes the picture most, or means anything. Where
eigenvalues coincide, any rotation of their eigenvectors is as good, and which is returned depends on rounding; where
they nearly do, small changes of the weights turn them much. Eigenvalues below about 1e-15 of the largest are rounding.

References:
    Y. Shen and B. Zhou (2021), Closed-Form Factorization of Latent Semantics in GANs, CVPR.

Shape letters: `R` output units, `E` editable coordinates of a code, `W` all of them, `L` layers, `K` directions.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from ganatomy.errors import InputError
from ganatomy.files import require_memory
from ganatomy.latent.directions import Directions, LatentSpace
from ganatomy.latent.labels.card import with_shipped_labels
from ganatomy.latent.layers import Layers, read_layers


class Factorizable(LatentSpace, Protocol):
    """What SeFa needs to know of a generator or of a checkpoint."""

    @property
    def edit_dim(self) -> int:
        """The number E of coordinates that can be edited, the first of the W; the others, if any, say the class."""
        ...

    def style_weights(self, layers: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return A (R, E) of the given layers, one above the other; of all layers for None."""
        ...


def sefa(
    generator: Factorizable,
    k: int = 5,
    layers: Layers = None,
    normalize: bool = True,
    *,
    source: str = "",
) -> Directions:
    """Find the K directions that change a generator's first layer (for "w": its styles) most.

    Args:
        generator: a generator, or a checkpoint, which need not be built for this.
        k: how many directions K, from 1 to the number E of editable coordinates.
        layers: which layers to factorise and edit: indices, or such as "0:4" (end excluded); None for all.
        normalize: scale each output unit's weights to length 1 first, as the published tool does.
        source: what to call the generator in the result.

    Returns:
        Directions, strongest first. `values` are the eigenvalues lambda, in squared units of the (normalised) weights;
        `share` is lambda over the trace of A^T A. Coordinates that are not editable are 0. Those that were measured for
        the labels that come with this package have them.

    Raises:
        InputError: K out of range, layers that there are not, or weights that are zero or not finite.

    >>> from types import SimpleNamespace
    >>> weights = np.random.default_rng(0).standard_normal((64, 3)) * [1.0, 3.0, 2.0]
    >>> generator = SimpleNamespace(space="z", w_dim=4, edit_dim=3, num_ws=1,
    ...                             style_weights=lambda layers: weights, fingerprint=lambda: "f")
    >>> found = sefa(generator, k=2, normalize=False)
    >>> found.vectors.round(2)
    array([[ 0.03,  1.  ,  0.08,  0.  ],
           [ 0.09, -0.09,  0.99,  0.  ]])
    >>> found.share.round(2), found[0].name
    (array([0.59, 0.31]), 'sefa-raw 0')
    """
    chosen = read_layers(layers, generator.num_ws)
    weights = generator.style_weights(chosen)
    assert weights.shape[1] == generator.edit_dim <= generator.w_dim
    found, method = factorize(weights, k, normalize), "sefa" if normalize else "sefa-raw"
    return with_shipped_labels(Directions.of(generator, *found, method=method, layers=chosen, source=source))


def factorize(
    weights: ArrayLike, k: int, normalize: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute the k leading eigenvectors of A^T A, in float64, and what part of the whole each is.

    Each vector's sign is such that its component of largest magnitude is positive, the first of them where several
    tie. The first vectors of a larger k are those of a smaller one.

    Args:
        weights: A (R, E), a row for each output unit.
        k: how many, from 1 to E. Beyond the rank of A the eigenvalues are 0 and the vectors change nothing.
        normalize: divide each row by its Euclidean length first; a row of zeros stays one.

    Returns:
        The vectors (k, E), rows of length 1, orthogonal; the eigenvalues (k,), descending, at least 0; and the shares
        (k,), eigenvalue / trace.

    Raises:
        InputError: k out of range, weights that are no matrix, not finite, or all zero, or no memory for A^T A.

    >>> vectors, values, share = factorize([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]], k=2, normalize=False)
    >>> vectors.tolist(), values.tolist(), share.tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [16.0, 9.0], [0.64, 0.36])
    """
    a = np.asarray(weights, dtype=np.float64)
    if a.ndim != 2 or not a.size:
        raise InputError(f"the weights have shape {a.shape}; SeFa factorises a matrix (output units, coordinates)")
    if not np.isfinite(a).all():
        raise InputError(
            "the weights have NaN or infinite entries; the checkpoint is damaged, or its training diverged"
        )
    editable = a.shape[1]
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"K = {k!r}: give a whole number of directions, from 1 to {editable}")
    if k > editable:
        raise InputError(f"K = {k} is larger than the space: it has {editable} coordinates to edit")
    require_memory(8 * (2 * a.size + 4 * editable**2), f"SeFa of weights of shape {a.shape}")
    if normalize:
        lengths = np.linalg.norm(a, axis=1, keepdims=True)
        a = np.divide(a, lengths, out=np.zeros_like(a), where=lengths > 0)
    trace = float(np.vdot(a, a))
    if trace == 0:
        raise InputError("the weights are all zero, so that no direction changes anything; is the checkpoint whole?")
    values, columns = eigh(a.T @ a)  # ascending; all of them, so that the result does not depend on k
    values = np.maximum(values[::-1][:k], 0.0)
    return signed(columns.T[::-1][:k]), values, values / trace


def signed(vectors: ArrayLike) -> NDArray[np.float64]:
    """Turn the vectors (K, W) so that each one's component of largest magnitude is positive, the first that ties.

    >>> signed([[0.6, -0.8], [0.8, 0.6]]).tolist()
    [[-0.6, 0.8], [0.8, 0.6]]
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1, keepdims=True), axis=1)
    return vectors * np.where(largest < 0, -1.0, 1.0) + 0.0  # + 0.0: no negative zeros
