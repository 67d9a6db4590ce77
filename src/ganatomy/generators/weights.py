"""What is computed from a generator's weights alone, without building it.

`weights` maps our names to float32 arrays, whole or read from a file at each access; they are unscaled (of ProGAN:
before the equalised gain, which is one factor for a whole layer and so changes no direction).

Shape letters: `Z` latent coordinates, `E` of them editable (the first), `C` channels, `R` rows, one an output unit.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError, unknown

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Family:
    """What the shapes of a family's weights say, so that nobody else asks which family it is.

    Attributes:
        title: for people.
        code_axis: the axis of `layers.0.weight` that runs over the coordinates of a code.
        conditional: whether a class can be among them.
        doublings: how often the first 4 x 4 pixels are doubled, from the shapes of the layers' weights.
    """

    title: str
    code_axis: int
    conditional: bool
    doublings: Callable[[list[tuple[int, ...]]], int]

    def code_length(self, shapes: Shapes) -> int:
        """Count the coordinates of a code, a class's among them."""
        return shapes["layers.0.weight"][self.code_axis]

    def resolution(self, shapes: Shapes) -> int:
        """Compute the pixels a side.

        >>> FAMILIES["dcgan"].resolution({"layers.0.weight": (100, 64, 4, 4), "layers.1.weight": (64, 3, 4, 4)})
        8
        """
        return 4 << self.doublings(
            [shape for name, shape in shapes.items() if re.fullmatch(r"layers\.\d+\.weight", name)]
        )


FAMILIES = {
    "progan": Family("ProGAN", code_axis=1, conditional=False, doublings=lambda layers: len(layers) // 2 - 1),
    "dcgan": Family(
        "DCGAN", code_axis=0, conditional=True, doublings=lambda layers: sum(shape[-1] == 4 for shape in layers) - 1
    ),
}


def style_weights(
    family: str, weights: Mapping[str, NDArray], edit_dim: int, layers: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Return the matrix A (R, E) that the first layer applies to a code, G1(z) = A z + b, up to one factor.

    R = 16 C: a row for each channel and pixel of the first 4 x 4. Rows are in the order of channel, row, column of the
    kernel (of ProGAN, whose layer 0 is a convolution, that is the picture turned by 180 degrees).

    Args:
        family: one of FAMILIES.
        weights: by our names; only `layers.0.weight` is read: (C, Z, 4, 4) of ProGAN, (Z, C, 4, 4) of DCGAN.
        edit_dim: E; the coordinates behind are a conditional generator's class.
        layers: None or (0,): these families take one code, for all layers.

    Raises:
        InputError: another family, or other layers.

    References:
        Y. Shen and B. Zhou (2021), Closed-Form Factorization of Latent Semantics in GANs, CVPR, section 3.1.

    >>> weights = {"layers.0.weight": np.arange(3 * 2 * 16, dtype=np.float32).reshape(3, 2, 4, 4)}
    >>> A = style_weights("dcgan", weights, edit_dim=2)
    >>> A.shape, A[0]
    ((32, 2), array([ 0., 32.]))
    >>> style_weights("progan", weights, edit_dim=2)[0]
    array([ 0., 16.])
    """
    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES)
    if layers is not None and list(layers) != [0]:
        raise InputError(f"layers {list(layers)}: a {family} takes one code for all its layers; leave layers out")
    kernel = weights["layers.0.weight"]
    inputs = FAMILIES[family].code_axis
    matrix = np.moveaxis(kernel, inputs, -1).reshape(-1, kernel.shape[inputs])
    return np.ascontiguousarray(matrix[:, :edit_dim], dtype=np.float64)


def fingerprint(weights: Mapping[str, NDArray]) -> str:
    """Digest all weights: the sha256 of names in order, shapes, and float32 values, as 64 hexadecimal digits.

    It depends on the weights only, not on the file or the layout that they came in.

    >>> fingerprint({"b": np.zeros(2, np.float32), "a": np.ones((), np.float32)})[:16]
    'caf7222dce353438'
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = np.asarray(weights[name], dtype="<f4", order="C")
        digest.update(f"{name} {'x'.join(map(str, value.shape))}\n".encode())
        digest.update(value.data)
    return digest.hexdigest()
