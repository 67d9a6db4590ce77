"""What is computed from a generator's weights alone, without building it.

`weights` maps our names to float32 arrays, whole or read from a file at each access; they are unscaled (before the
equalised gain, which is one factor for a whole layer, and one for all styles of a network, so changes no direction).

Shape letters: `Z` latent coordinates, `L` layers with a code each, `W` coordinates of such a code, `E` of them editable
(the first), `C` channels, `R` rows, one an output unit.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError

Shapes = Mapping[str, tuple[int, ...]]
Space = Literal["z", "w"]


@dataclass(frozen=True, kw_only=True)
class Family(ABC):
    """What the shapes of a family's weights say, and its usual settings: nobody else asks which family it is.

    Attributes:
        title: for people.
        conditional: whether a class can be among the coordinates of a code.
        space: "z" or "w", the space in which codes are edited.
        strength_range: how far a code is moved each way, in units of its space: pictures change and rarely break.
        truncation: psi and cutoff with which pictures are published, where there is a mean code; None for none.
    """

    title: str
    conditional: bool = False
    strength_range: tuple[float, float] = (-2.0, 2.0)
    truncation: tuple[float, int] | None = None
    space: ClassVar[Space]

    @abstractmethod
    def z_dim(self, shapes: Shapes) -> int:
        """Count the coordinates of what the mapping takes, a class's among them."""

    @abstractmethod
    def w_dim(self, shapes: Shapes) -> int:
        """Count the coordinates W of a code for one layer, a class's among them."""

    @abstractmethod
    def num_ws(self, names: Iterable[str]) -> int:
        """Count the layers L that take a code each, from the names of all weights."""

    @abstractmethod
    def resolution(self, shapes: Shapes) -> int:
        """Compute the pixels a side."""

    def features(self, shapes: Shapes) -> list[tuple[int, int]]:
        """List the channels and the pixels a side of what leaves each layer; nothing where that is not known."""
        return []

    def picture_bytes(self, shapes: Shapes, resolution: int) -> int:
        """Estimate the memory that one picture takes while it is made: four times the largest of what leaves a layer.

        So much is there at once: what enters a layer, what leaves it, and what convolution and norm put between them.
        Fast forms take less, StyleGAN's own synthesis up to three times as much.
        """
        return 4 * 4 * max(channels * pixels**2 for channels, pixels in [*self.features(shapes), (3, resolution)])

    @abstractmethod
    def style(self, weights: Mapping[str, NDArray], layers: Sequence[int] | None) -> NDArray:
        """Return the matrix (R, W) of the first affine map that codes of these layers go through, None for all."""

    def style_weights(
        self, weights: Mapping[str, NDArray], edit_dim: int, layers: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """Return the matrix A (R, E) of the first affine map that a code goes through, A w + b, up to one factor.

        For families that are edited in z that is the first layer, with R = 16 C: a row for each channel and pixel of
        the first 4 x 4. Rows are in the order of channel, row, column of the kernel (of ProGAN, whose layer 0 is a
        convolution, that is the picture turned by 180 degrees). For others it is the chosen layers' styles, one above
        the other: of StyleGAN R = 2 C for each, of StyleGAN2 the channels that enter it, and the last layer is the
        last output's style.

        Args:
            weights: by our names; only those of the map are read.
            edit_dim: E; the coordinates behind are a conditional generator's class.
            layers: which, None for all; a family without styles has no other than 0.

        Raises:
            InputError: layers that there are not.

        References:
            Y. Shen and B. Zhou (2021), Closed-Form Factorization of Latent Semantics in GANs, CVPR, sections 3.1, 3.2.
        """
        return np.ascontiguousarray(self.style(weights, layers)[:, :edit_dim], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class OneCode(Family):
    """A family whose first layer takes the code, for all that follows.

    Attributes:
        code_axis: the axis of `layers.0.weight` that runs over the coordinates of a code.
        doublings: how often the first 4 x 4 pixels are doubled, from the shapes of the layers' weights.

    >>> FAMILIES["dcgan"].resolution({"layers.0.weight": (100, 64, 4, 4), "layers.1.weight": (64, 3, 4, 4)})
    8
    >>> FAMILIES["dcgan"].picture_bytes({"layers.0.weight": (100, 64, 4, 4), "layers.1.weight": (64, 3, 4, 4)}, 8)
    16384
    >>> weights = {"layers.0.weight": np.arange(3 * 2 * 16, dtype=np.float32).reshape(3, 2, 4, 4)}
    >>> A = FAMILIES["dcgan"].style_weights(weights, edit_dim=2)
    >>> A.shape, A[0]
    ((32, 2), array([ 0., 32.]))
    >>> FAMILIES["progan"].style_weights(weights, edit_dim=2)[0]
    array([ 0., 16.])
    """

    code_axis: int
    doublings: Callable[[list[tuple[int, ...]]], int]
    space: ClassVar[Space] = "z"

    def z_dim(self, shapes: Shapes) -> int:
        """Count the coordinates of a code, a class's among them."""
        return shapes["layers.0.weight"][self.code_axis]

    w_dim = z_dim

    def num_ws(self, names: Iterable[str]) -> int:
        """Return 1."""
        return 1

    def resolution(self, shapes: Shapes) -> int:
        """Compute the pixels a side."""
        return 4 << self.doublings([shapes[name] for name in _layers(shapes, "weight")])

    def features(self, shapes: Shapes) -> list[tuple[int, int]]:
        """List the channels and the pixels a side of what leaves each layer."""
        layers = [shapes[name] for name in _layers(shapes, "weight")]
        return [(shape[1 - self.code_axis], 4 << self.doublings(layers[: i + 1])) for i, shape in enumerate(layers)]

    def style(self, weights: Mapping[str, NDArray], layers: Sequence[int] | None) -> NDArray:
        """Return the first layer as a matrix: R = 16 C, a row for each channel and pixel of the first 4 x 4.

        Raises:
            InputError: other layers than (0,).
        """
        if layers is not None and list(layers) != [0]:
            raise InputError(
                f"layers {list(layers)}: a {self.title} takes one code for all its layers; leave `layers` out"
            )
        kernel = weights["layers.0.weight"]
        return np.moveaxis(kernel, self.code_axis, -1).reshape(-1, kernel.shape[self.code_axis])


@dataclass(frozen=True, kw_only=True)
class CodeForEachLayer(Family):
    """A family with a mapping from z to w, whose layers each turn a code into a style by an affine map.

    The L-th code is the last output's where there is no L-th layer, as in StyleGAN2.

    >>> names = [f"layers.{i}.bias" for i in range(5)]  # one layer at 4 pixels, two each at 8 and 16
    >>> family = FAMILIES["stylegan2"]
    >>> family.num_ws(names), family.resolution(dict.fromkeys(names, (8,)))
    (6, 16)
    >>> family.strength_range, family.truncation
    ((-3.0, 3.0), (0.7, 8))
    """

    strength_range: tuple[float, float] = (-3.0, 3.0)
    truncation: tuple[float, int] | None = (0.7, 8)
    space: ClassVar[Space] = "w"

    def z_dim(self, shapes: Shapes) -> int:
        """Count the coordinates Z of what the mapping takes."""
        return shapes["mapping.0.weight"][1]

    def w_dim(self, shapes: Shapes) -> int:
        """Count the coordinates W of what the mapping gives."""
        depth = sum(bool(re.fullmatch(r"mapping\.\d+\.weight", name)) for name in shapes)
        return shapes[f"mapping.{depth - 1}.weight"][0]

    def num_ws(self, names: Iterable[str]) -> int:
        """Count the layers: two for each resolution, of which StyleGAN2 lacks one."""
        return (len(_layers(names, "bias")) + 1) // 2 * 2

    def resolution(self, shapes: Shapes) -> int:
        """Compute the pixels a side: the first 4, doubled after each second layer."""
        return 2 << self.num_ws(shapes) // 2

    def features(self, shapes: Shapes) -> list[tuple[int, int]]:
        """List the channels and the pixels a side of what leaves each layer."""
        stems = [name.removesuffix(".bias") for name in _layers(shapes, "bias")]
        return [(shapes[f"{stem}.bias"][0], shapes[f"{stem}.noise"][-1]) for stem in stems if f"{stem}.noise" in shapes]

    def style(self, weights: Mapping[str, NDArray], layers: Sequence[int] | None) -> NDArray:
        """Return the style weights of the layers, one above the other.

        Raises:
            InputError: no layer, or one that there is not.
        """
        names, count = set(weights), self.num_ws(weights)
        chosen = range(count) if layers is None else list(layers)
        if not chosen or not all(0 <= layer < count for layer in chosen):
            raise InputError(f"layers {list(chosen)}: this {self.title} has layers 0 to {count - 1}")
        stems = (f"layers.{i}" if f"layers.{i}.style.weight" in names else f"outputs.{i // 2}" for i in chosen)
        return np.concatenate([weights[f"{stem}.style.weight"] for stem in stems])


def _layers(names: Iterable[str], kind: str) -> list[str]:
    """List the names of the layers' weights or biases."""
    return [name for name in names if re.fullmatch(rf"layers\.\d+\.{kind}", name)]


FAMILIES: dict[str, Family] = {
    "progan": OneCode(title="ProGAN", code_axis=1, doublings=lambda layers: (len(layers) + 1) // 2 - 1),
    "stylegan": CodeForEachLayer(title="StyleGAN"),
    "stylegan2": CodeForEachLayer(title="StyleGAN2"),
    "dcgan": OneCode(
        title="DCGAN",
        conditional=True,
        code_axis=0,
        doublings=lambda layers: sum(shape[-1] == 4 for shape in layers) - 1,
    ),
}


def sizes_in_words(resolution: int, space: Space, num_ws: int, w_dim: int, classes: Sequence[str] = ()) -> str:
    """Write in a few words how large pictures and codes are.

    >>> sizes_in_words(1024, "w", 18, 512), sizes_in_words(64, "z", 1, 100, ["cat", "dog"])
    ('1024 x 1024 pixels, codes w (18, 512)', '64 x 64 pixels, codes z (1, 100), 2 classes')
    """
    counted = f", {len(classes)} classes" if classes else ""
    return f"{resolution} x {resolution} pixels, codes {space} ({num_ws}, {w_dim}){counted}"


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
