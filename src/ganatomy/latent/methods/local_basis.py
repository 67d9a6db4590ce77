"""Local directions: what changes this picture most, from the Jacobian of a layer at one code, never formed.

For a layer f that is differentiable at a code, with J = df/dz (F, E) there, moving the code by a small s n changes the
layer by s J n. The directions that change it most are the right singular vectors of J,

    J^T J n_k = lambda_k n_k,   lambda_k = |J n_k|^2 descending,

raw SeFa's definition with J in the place of A: for an affine layer the two agree at every code.
J is large and is only ever multiplied: J X by forward differentiation, J^T Y by backward. A randomised singular value
decomposition takes a random block X of K + p columns (E,), and q times replaces it by an orthonormal basis of J^T J X;
the small matrix that is left is decomposed exactly. Its error falls as (lambda_{K+p+1} / lambda_K)^(2q).

What is not guaranteed: that these hold at another code, or far from this one; that n_k is unique where lambda_k and
lambda_{k+1} meet. Shares are out of an estimate of |J|_F^2, unless K + p reaches E and all is exact.

References:
    J. Choi, J. Lee, C. Yoon, J. H. Park, G. Hwang, M. Kang (2022), Do Not Escape From the Manifold: Discovering the
        Local Coordinates on the Latent Space of GANs, ICLR (there, of the mapping network).
    J. Zhu, R. Feng, Y. Shen, D. Zhao, Z. Zha, J. Zhou, Q. Chen (2021), Low-Rank Subspaces in GANs, NeurIPS.
    N. Halko, P.-G. Martinsson, J. Tropp (2011), Finding Structure with Randomness, SIAM Review, algorithms 4.4 and 5.1.
    R. Meyer, C. Musco, C. Musco, D. Woodruff (2021), Hutch++: Optimal Stochastic Trace Estimation, SOSA, algorithm 1.

Shape letters: `E` editable coordinates of a code, `F` outputs of the layer, `K` directions, `X` columns of a block.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.latent.methods.sefa import signed

Array = NDArray[np.float64]
OVERSAMPLING = 10
"""Columns of the block beyond K: Halko et al. find 5 to 10 enough."""


def singular_directions(
    forward: Callable[[Array], Array],
    backward: Callable[[Array], Array],
    width: int,
    k: int,
    *,
    iterations: int = 4,
    seed: int = 0,
) -> tuple[Array, Array, Array]:
    """Find the K leading right singular vectors of a matrix J that can only be multiplied.

    It is multiplied (K + 10) (iterations + 1) times each way, and 10 times more for the shares.

    Args:
        forward: blocks (E, X) to J X (F, X).
        backward: blocks (F, X) to J^T Y (E, X).
        width: E.
        k: how many, from 1 to E.
        iterations: q.
        seed: of the random block.

    Returns:
        The vectors (K, E), orthonormal, SeFa's sign; the squared singular values (K,), descending; and the shares (K,)
        of the (estimated) sum of all.

    Raises:
        InputError: K out of range, or a Jacobian that is zero or not finite.

    >>> J = np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 3.0, 2.0]
    >>> vectors, values, share = singular_directions(lambda x: J @ x, lambda y: J.T @ y, width=3, k=2)
    >>> vectors.round(2).tolist(), share.round(2).tolist()
    ([[-0.0, 1.0, -0.04], [-0.07, 0.04, 1.0]], [0.65, 0.28])
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= width:
        raise InputError(f"K = {k!r}: give a whole number of directions, from 1 to the {width} coordinates to edit")
    if isinstance(iterations, bool) or not isinstance(iterations, int | np.integer) or iterations < 0:
        raise InputError(f"iterations = {iterations!r}: give a whole number, 0 or more")
    random = np.random.default_rng(seed)
    columns = min(width, k + OVERSAMPLING)
    block = np.linalg.qr(random.standard_normal((width, columns)))[0]  # (E, X)
    if columns < width:  # else the block spans all there is
        for _ in range(iterations):
            block = np.linalg.qr(backward(np.linalg.qr(_finite(forward(block)))[0]))[0]
    _, scale, inner = np.linalg.svd(_finite(forward(block)), full_matrices=False)
    vectors = inner @ block.T  # (X, E), or fewer rows where F is smaller
    if scale[0] == 0:
        raise InputError("the layer does not move with the code here, so that no direction changes it")
    if len(vectors) < k:
        raise InputError(f"K = {k}: the layer has only {len(vectors)} outputs, and no more directions change it")
    total = float(np.vdot(scale, scale))
    if columns < width:  # Hutch++: what the block does not span, by random probes of the rest
        probes = random.standard_normal((width, OVERSAMPLING))
        rest = forward(probes - block @ (block.T @ probes))
        total += float(np.vdot(rest, rest)) / OVERSAMPLING
    values = scale[:k] ** 2
    return signed(vectors[:k]), values, values / total


def _finite(block: Array) -> Array:
    if not np.isfinite(block).all():
        raise InputError("the layer's derivatives are NaN or infinite here; try another code")
    return block
