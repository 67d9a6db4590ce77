"""Find directions in a generator by any method, on equal terms: one call, one kind of result.

    sefa         leading eigenvectors of the first layer's A^T A, rows scaled to length 1     exact, from the weights
    sefa-raw     the same, rows as they are                                                   exact, from the weights
    ganspace     principal components of w; of early features, regressed on z, elsewhere      from random codes
    local_basis  singular vectors of the Jacobian of a layer, or the picture, at one code     for that code
    boundary     the plane between codes whose pictures score high and low                    one for each score
    random       orthonormal and uniform                                                      the control

Here codes are passed through the network, which is differentiated if need be; the methods themselves are in `latent`
and see arrays only. Of a z-space generator, the codes are those that are edited: mapped ones (see `generators.base`).
What is not guaranteed: equal bits on another processor or number of threads, so directions of samples then differ in
their last digits.

Shapes: `N` codes, `B` of them in a batch, `L` layers, `W` coordinates of a code, `E` of them editable, `K` directions,
`F` outputs of a layer, `X` columns of a block.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import jvp, vjp, vmap

from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator
from ganatomy.generators.networks.planted import FACTORS, Planted
from ganatomy.latent.boundaries import boundary
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Directions
from ganatomy.latent.drawn_codes import Layers, as_directions, to_numpy
from ganatomy.latent.layers import read_layers
from ganatomy.latent.methods.ganspace import principal_directions, regressed_directions
from ganatomy.latent.methods.local_basis import singular_directions
from ganatomy.latent.methods.random import random_directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import batch_size


def find(generator: Generator, method: str, k: int = 5, layers: Layers = None, **options: Any) -> Directions:
    """Find K directions by the method of a name.

    Args:
        generator: whose.
        method: one of METHODS.
        k: how many; of `boundary`, the first K scores.
        layers: which layers to edit (of sefa, to factorise too): indices, or such as "0:4"; None for all.
        **options: `source`, what to call the generator, and what the method's own function takes, such as `seed`.

    Raises:
        InputError: an unknown method or option, or what the method itself refuses.

    >>> from ganatomy.generators.networks.planted import Planted
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
    if method == "boundary" and "scorer" not in options:
        raise InputError("boundary needs scores: give a scorer, a function from pictures (N, H, W, 3) to numbers (N,)")
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


def ganspace(
    generator: Generator,
    k: int = 5,
    layers: Layers = None,
    *,
    codes: int = 10_000,
    layer: int = 0,
    rank: int | None = None,
    label: str | None = None,
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find principal components: of w, or where z is the only space, of features, regressed back to z.

    Args:
        generator: whose.
        k: how many.
        layers: which layers to edit.
        codes: N, of `seed`; see `latent.methods.ganspace.expected_error` for what they are enough for.
        layer: of z-space generators, whose features: what leaves it after its activation.
        rank: of z-space generators, see `latent.methods.ganspace.regressed_directions`.
        label: of conditional generators, the class of all codes; by default the first, since the components of
            several would be the differences between them.
        seed: of the codes.
        source: what to call the generator in the result.

    Raises:
        InputError: no such layer or class, K out of range, too few codes.

    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> _ = torch.manual_seed(0)
    >>> G = DCGAN([6, 8, 3], kernels=[4, 4]).eval().requires_grad_(False)
    >>> found = ganspace(G, k=2, codes=1000)
    >>> found[0].name, found.share.round(2).tolist()
    ('ganspace 0', [0.16, 0.14])
    """
    if isinstance(codes, bool) or not isinstance(codes, int | np.integer) or codes <= k:
        raise InputError(f"{codes!r} codes for {k} directions: give more codes than that, best a thousand or more")
    drawing = Drawing(n=int(codes), seed=seed, class_name=label, psi=1).of_one_class(generator)
    mapped = drawing.batches(generator)
    if generator.space == "w":
        vectors, values, share = principal_directions((to_numpy(ws[:, 0]) for ws in mapped), k)
    else:
        width = generator.edit_dim
        pairs = ((ws[:, 0, :width], generator.features(ws, layer).flatten(1)) for ws in mapped)
        with torch.no_grad():
            vectors, values, share = regressed_directions(((to_numpy(z), to_numpy(y)) for z, y in pairs), k, rank)
    return as_directions(generator, "ganspace", layers, vectors, values, share, source)


def local_basis(
    generator: Generator,
    k: int = 5,
    layers: Layers = None,
    *,
    code: Tensor | None = None,
    layer: int | None = None,
    label: str | None = None,
    iterations: int = 4,
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find what changes this picture most: singular vectors of the Jacobian at one code.

    With the default of 4 iterations it costs about 9 (K + 10) passes through the network, forward or backward.

    Args:
        generator: whose.
        k: how many.
        layers: which layers to edit: all of them move by the same vector.
        code: ws (1, L, W) of the picture; by default the code of `seed`.
        layer: whose features are differentiated; by default the picture itself.
        label: of conditional generators, the class of the code that is drawn; by default the first.
        iterations: of the randomised decomposition, see `latent.methods.local_basis`.
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
    drawing = Drawing(n=1, seed=seed, class_name=label, psi=1).of_one_class(generator)
    ws = next(drawing.batches(generator)) if code is None else code
    if tuple(ws.shape) != (1, generator.num_ws, generator.w_dim):
        raise InputError(f"a code of shape {tuple(ws.shape)}; give (1, {generator.num_ws}, {generator.w_dim})")
    ws = ws.to(next(generator.parameters()))
    moving = torch.zeros(generator.num_ws, 1).to(ws)
    moving[list(read_layers(layers, generator.num_ws))] = 1.0
    width = generator.edit_dim

    def outputs(step: Tensor) -> Tensor:
        moved = ws + moving * torch.nn.functional.pad(step, (0, generator.w_dim - width))
        return (generator.synthesis(moved) if layer is None else generator.features(moved, layer)).flatten()

    here = torch.zeros(width).to(ws)
    at_once = max(1, batch_size(generator.resolution) // 8)  # columns of a block: each takes a picture's memory, twice
    with torch.no_grad():
        _, back = vjp(outputs, here)
        push = vmap(lambda step: jvp(outputs, (here,), (step,))[1], chunk_size=at_once)
        pull = vmap(lambda change: back(change)[0], chunk_size=at_once)

        def through(function: Callable[[Tensor], Tensor], block: NDArray[np.float64]) -> NDArray[np.float64]:
            return to_numpy(function(torch.from_numpy(np.ascontiguousarray(block.T)).to(ws))).T

        with warnings.catch_warnings():  # PyTorch's own forward differentiation uses what PyTorch deprecates
            warnings.filterwarnings("ignore", r".*torch\.jit\.script", DeprecationWarning)
            vectors, values, share = singular_directions(
                partial(through, push), partial(through, pull), width, k, iterations=iterations, seed=seed
            )
    return as_directions(generator, "local_basis", layers, vectors, values, share, source)


def planted_directions(generator: Planted) -> Directions:
    """Return the true directions of a planted generator, labelled: what a method should find.

    Returns:
        Directions of method "planted", in the order of SeFa's; `values` are |A r_i|^2, raw SeFa's eigenvalues.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> truth = planted_directions(Planted(z_dim=16))
    >>> truth[0].label, truth.values.round(2).tolist()
    ('brightness', [9.0, 6.25, 4.0, 2.56, 1.69, 1.0])
    """
    rows = to_numpy(generator.directions)
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)  # which float32 has of length 1 to 7 digits
    values = ((generator.style_weights() @ vectors.T) ** 2).sum(axis=0)
    share = values / values.sum()
    return as_directions(generator, "planted", None, vectors, values, share, generator.name, labels=FACTORS)


METHODS: dict[str, Callable[..., Directions]] = {
    "sefa": lambda generator, k, layers, source="": sefa(generator, k, layers, source=source),
    "sefa-raw": lambda generator, k, layers, source="": sefa(generator, k, layers, normalize=False, source=source),
    "ganspace": ganspace,
    "local_basis": local_basis,
    "boundary": boundary,
    "random": random_directions,
}
