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

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import jvp, vjp, vmap

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.latent.codes import Drawing, to_numpy
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import Layers, read_layers
from ganatomy.latent.methods.sefa import signed
from ganatomy.latent.pictures import batch_size

Array = NDArray[np.float64]
OVERSAMPLING = 10
"""Columns of the block beyond K: Halko et al. find 5 to 10 enough."""


def local_basis(
    generator: Generator,
    k: int = 5,
    layers: Layers = None,
    *,
    code: Tensor | None = None,
    feature_layer: int | None = None,
    class_name: str | None = None,
    iterations: int = 4,
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find what changes this picture most: singular vectors of the Jacobian at one code.

    With the default of 4 iterations it costs about 9 (K + 10) passes through the network, forward or backward.

    Args:
        generator: the network that is differentiated, and whose codes are edited.
        k: how many.
        layers: which layers to edit: all of them move by the same vector.
        code: ws (1, L, W) of the picture; by default the code of `seed`.
        feature_layer: the layer whose features are differentiated; by default the picture itself.
        class_name: of conditional generators, the class of the code that is drawn; by default the first.
        iterations: of the randomised decomposition, see `singular_directions`.
        seed: of the code and of the decomposition.
        source: what to call the generator in the result.

    Raises:
        InputError: a code of another shape, no such layer, K out of range, a layer that the code does not move, or a
            generator whose noise is random.

    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> _ = torch.manual_seed(0)
    >>> G = DCGAN([6, 8, 3], kernels=[4, 4]).eval().requires_grad_(False)
    >>> local_basis(G, k=2).share.round(2).tolist()
    [0.24, 0.19]
    """
    if generator.noise == "random":
        raise InputError("noise 'random' is new in each pass, so that nothing can be differentiated; set another")
    drawing = Drawing(n=1, seed=seed, class_name=class_name, psi=1).of_one_class(generator)
    ws = next(drawing.batches(generator)) if code is None else code
    if tuple(ws.shape) != (1, generator.num_ws, generator.w_dim):
        raise InputError(f"a code of shape {tuple(ws.shape)}; give (1, {generator.num_ws}, {generator.w_dim})")
    ws = ws.to(next(generator.parameters()))
    moving = torch.zeros(generator.num_ws, 1).to(ws)
    moving[list(read_layers(layers, generator.num_ws))] = 1.0
    width = generator.edit_dim

    def outputs(step: Tensor) -> Tensor:
        moved = ws + moving * torch.nn.functional.pad(step, (0, generator.w_dim - width))
        seen = generator.synthesis(moved) if feature_layer is None else generator.features(moved, feature_layer)
        return seen.flatten()

    here = torch.zeros(width).to(ws)
    at_once = max(1, batch_size(generator.resolution) // 8)  # columns of a block: each takes a picture's memory, twice
    with torch.no_grad():
        back = vjp(outputs, here)[1]
        push = vmap(lambda step: jvp(outputs, (here,), (step,))[1], chunk_size=at_once)
        pull = vmap(lambda change: back(change)[0], chunk_size=at_once)

        def through(function: Callable[[Tensor], Tensor], block: NDArray[np.float64]) -> NDArray[np.float64]:
            return to_numpy(function(torch.from_numpy(np.ascontiguousarray(block.T)).to(ws))).T

        with warnings.catch_warnings():  # PyTorch's own forward differentiation uses what PyTorch deprecates
            warnings.filterwarnings("ignore", r".*torch\.jit\.script", DeprecationWarning)
            found = singular_directions(
                partial(through, push), partial(through, pull), width, k, iterations=iterations, seed=seed
            )
    return Directions.of(generator, *found, method="local_basis", layers=layers, source=source)


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
