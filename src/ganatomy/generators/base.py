"""The interface behind which every pretrained generator stands.

A generator is two maps, and a family is what its two maps are; nothing else asks what kind it is:

    mapping:   z (N, Z)      ->  ws (N, L, W)       the code, ready to be edited
    synthesis: ws (N, L, W)  ->  pictures (N, 3, H, H), about [-1, 1]

A family without a mapping network has L = 1 and is edited in its z space: a DCGAN maps a code to itself, a ProGAN to
its pixel norm. Families with one are edited in W+, a code for each of L layers, and know the mean of their codes,
towards which `truncate` draws them. Of the W coordinates the first E =
`edit_dim` can be edited; behind them a conditional generator keeps its class. Shapes: `N` pictures, `Z` latent
dimensions, `L` layers, `W` coordinates of a code for one layer, `E` of them editable, `H` pixels a side, `R` rows.

Not guaranteed: equal bits on other processors or with other numbers of threads, as convolutions sum in other orders.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganatomy.errors import InputError, unknown
from ganatomy.generators.families import FAMILIES, Family, Space, fingerprint, sizes_in_words

Precision = Literal["float32", "bfloat16"]
Noise = Literal["stored", "random", "none"]
NOISES: tuple[Noise, ...] = ("stored", "random", "none")
PRECISIONS: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def precision_of(name: str) -> Precision:
    """Return the precision of a name.

    Raises:
        InputError: an unknown precision.

    >>> precision_of("bfloat16")
    'bfloat16'
    """
    for known in PRECISIONS:
        if name == known:
            return known
    raise unknown("precision", name, PRECISIONS)


def noise_of(name: str) -> Noise:
    """Return the kind of noise of a name.

    Raises:
        InputError: an unknown kind.

    >>> noise_of("none")
    'none'
    """
    for known in NOISES:
        if name == known:
            return known
    raise unknown("noise", name, NOISES)


def dtype_of(precision: Precision) -> torch.dtype:
    """Return PyTorch's type for a precision's name.

    Raises:
        InputError: an unknown precision.

    >>> dtype_of("bfloat16")
    torch.bfloat16
    """
    if precision not in PRECISIONS:
        raise unknown("precision", str(precision), PRECISIONS)
    return PRECISIONS[precision]


class Generator(nn.Module, ABC):
    """A pretrained generator: see the module's docstring for its two maps.

    Attributes:
        family: such as "progan".
        z_dim: Z.
        w_dim: W.
        edit_dim: E.
        num_ws: L.
        resolution: H.
        classes: names of the classes of a conditional generator; empty for others.
        name: what it was loaded as.
        facts: what is known of the weights, by name: source, sha256, title, author, licence ...; empty if it was not
            loaded.
        strength_range: how far codes are moved each way, in units of their space: its card's, or its family's.
        w_avg: the mean code (W,), None where there is none.
        noise: the fine grain that some families add in each layer: "stored", the same for all pictures; "random", new
            for each; or "none". The random kind is drawn in the order of calls from numbers that `seed_noise` starts
            anew, 0 at first: the same calls after the same seed give the same pictures, on any device; another size of
            batch gives others.
    """

    family: ClassVar[str]
    num_ws: int = 1
    z_dim: int
    w_dim: int
    resolution: int
    classes: tuple[str, ...] = ()
    name: str = ""
    w_avg: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.facts: Mapping[str, Any] = {}
        self.strength_range = self.record.strength_range
        self.register_buffer("w_avg", None)
        self._noise: Noise = "stored"
        self.seed_noise(0)

    def __repr__(self) -> str:
        sizes = sizes_in_words(self.resolution, self.space, self.num_ws, self.w_dim, self.classes)
        return f"<{' '.join(filter(None, (type(self).__name__, self.name)))}: {sizes}>"

    @property
    def record(self) -> Family:
        """What is known of the family without its network."""
        return FAMILIES[self.family]

    @property
    def space(self) -> Space:
        """The space in which codes are edited, "z" or "w"."""
        return self.record.space

    @property
    def truncation(self) -> tuple[float, int] | None:
        """The psi and cutoff with which the family's pictures are published; None where there is no mean code."""
        return None if self.w_avg is None else self.record.truncation

    @property
    def grown(self) -> bool:
        """Whether `synthesis` is that of the whole network, which of one that was saved while it grew it may not be."""
        return True

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(chain(self.parameters(), self.buffers())).device

    @property
    def noise(self) -> Noise:
        """How the grain of pictures is made: "stored", "random" or "none"."""
        return self._noise

    @noise.setter
    def noise(self, kind: Noise) -> None:
        """Choose how the grain of pictures is made.

        Raises:
            InputError: another kind.
        """
        if kind not in NOISES:
            raise unknown("noise", str(kind), NOISES)
        self._noise = kind

    @property
    def picture_bytes(self) -> int:
        """About how much memory one picture takes while it is made, in bytes."""
        shapes = {name: tuple(value.shape) for name, value in self.state_dict().items()}
        return self.record.picture_bytes(shapes, self.resolution)

    def seed_noise(self, seed: int) -> None:
        """Start the random numbers of `noise = "random"` anew."""
        self._chance = _chance(seed)

    @property
    def edit_dim(self) -> int:
        """The number E of coordinates of a code that can be edited, the first ones."""
        return self.w_dim - len(self.classes)

    @abstractmethod
    def mapping(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Map codes z (N, Z) to what synthesis takes, (N, L, W).

        Args:
            z: standard normal, (N, Z).
            class_index: the class of each, whole numbers (N,) that count `classes`; for conditional generators only.
        """

    @abstractmethod
    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H), about [-1, 1], from ws (N, L, W)."""

    @abstractmethod
    def features(self, ws: Tensor, layer: int) -> Tensor:
        """Return what leaves a layer after its activation, (N, C, h, w), for ws (N, L, W)."""

    def truncate(self, ws: Tensor, psi: float = 0.7, cutoff: int | None = None) -> Tensor:
        """Draw codes towards the mean, w_avg + psi (w - w_avg): fewer odd pictures, less variety.

        Args:
            ws: codes (N, L, W); left as they are.
            psi: 1 for no change, 0 for the mean itself.
            cutoff: layers from this one on stay as they are; None for none.

        Raises:
            InputError: a generator without a mean code, codes of another shape, a psi that is not finite, or a cutoff
                below 0.
        """
        self._check_ws(ws)
        if self.w_avg is None:
            raise InputError("this generator has no mean code to truncate towards; leave the truncation (`psi`) out")
        if not math.isfinite(psi):
            raise InputError(f"psi {psi}: give a finite number, such as 0.7")
        if cutoff is not None and cutoff < 0:
            raise InputError(f"cutoff {cutoff}: give how many layers are truncated, 0 or more")
        near = torch.lerp(self.w_avg.to(ws), ws, psi)
        return near if cutoff is None else torch.cat([near[:, :cutoff], ws[:, cutoff:]], dim=1)

    def forward(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Make the picture of each code: synthesis(mapping(z))."""
        return self.synthesis(self.mapping(z, class_index))

    @classmethod
    @abstractmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.float32]], classes: Sequence[str] = ()) -> Generator:
        """Build the network that has these weights, inferring every size from their shapes."""

    def style_weights(self, layers: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return the matrix (R, E) that the first affine map applies to the code: what SeFa factorises."""
        return self.record.style_weights(self._arrays(), self.edit_dim, layers)

    def fingerprint(self) -> str:
        """Digest all weights (sha256), so that directions are not used with another generator."""
        return fingerprint(self._arrays())

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """Draw n standard normal codes (n, Z), on the CPU, the same for the same seed.

        They are what `torch.manual_seed(seed); torch.randn(n, Z)` gives, so that published pictures can be met again.
        """
        if n < 1:
            raise InputError(f"cannot draw {n} codes: give a whole number, 1 or more")
        return torch.randn(n, self.z_dim, generator=_chance(seed))

    def _arrays(self) -> dict[str, NDArray[np.float32]]:
        return {name: value.detach().cpu().float().numpy() for name, value in self.state_dict().items()}

    def _check_codes(self, z: Tensor) -> None:
        if z.dim() != 2 or z.shape[1] != self.z_dim:
            raise InputError(f"codes have shape {tuple(z.shape)}, this generator takes (N, {self.z_dim})")

    def _check_no_class(self, class_index: Tensor | None) -> None:
        if class_index is not None:
            raise InputError("this generator has no classes; leave `class_index` out")

    def _check_ws(self, ws: Tensor) -> None:
        if ws.dim() != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            raise InputError(f"ws have shape {tuple(ws.shape)}, this generator takes (N, {self.num_ws}, {self.w_dim})")

    def _check_layer(self, layer: int, count: int) -> None:
        if not 0 <= layer < count:
            raise InputError(f"layer {layer}: this generator has layers 0 to {count - 1}")

    def _load(self, weights: Mapping[str, NDArray[np.float32]]) -> Generator:
        """Take the weights, which have been checked, and be ready for pictures."""
        self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        return self.eval().requires_grad_(False)


def _chance(seed: int) -> torch.Generator:
    """Return random numbers that begin at a seed."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:  # of more, PyTorch's generator sees nothing
        raise InputError(f"seed {seed}: give a whole number from 0 to 2^32 - 1")
    return torch.Generator().manual_seed(seed)
