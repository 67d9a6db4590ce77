"""Planted: an analytic generator whose factors are known, to test what finds directions, and to show it.

A picture is a soft disc on a background, lit from above. Six factors vary it, standard normal numbers of the code:

    f_i = r_i . z,   r_1 .. r_6 orthonormal in the D coordinates of z: columns of a random rotation.

So r_i is the direction of factor i, the truth. The other D - 6 directions change nothing. What SeFa sees is the
affine first layer that computes them,

    h = A z,   A = Q diag(s) R^T,   R = [r_1 .. r_6],

with s descending, so that the r_i are the eigenvectors of A^T A in this order, with eigenvalues s_i^2. The columns of Q
(8, 6) are orthonormal, and as all its entries are +-1/sqrt(8), all rows of A have one length. So SeFa's two variants,
with rows scaled or as they are, find the same. A second layer undoes the mixing, f = diag(1/s) Q^T h, and the picture
follows, smooth in z and defined at any resolution. With L the luminance of a pixel, <L> its mean over the picture:

    horizontal position    moves the disc, + is to the right
    size                   multiplies its radius by exp(0.12 f)
    background             adds 0.05 f to L where the disc is not
    contrast               L -> <L> + exp(0.25 f) (L - <L>)
    brightness             L -> L + 0.06 f
    warmth                 multiplies red and divides blue by exp(0.12 f), all three then scaled so that L stays

There is no last squashing: about one picture in 20 has pixels a little beyond [-1, 1].
What is not guaranteed: that attributes, as they are measured, are as independent as the factors. A brighter picture
has a brighter background, and a larger disc makes a brighter picture.

Shape letters: `N` pictures, `D` coordinates of a code, `H` pixels a side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import hadamard
from torch import Tensor, nn

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.families import Family, Shapes, Space

FACTORS = ("brightness", "horizontal position", "warmth", "size", "background", "contrast")
STRENGTHS = (3.0, 2.5, 2.0, 1.6, 1.3, 1.0)
"""s: how strongly each factor enters the first layer; the gaps are wide enough for sampling to find the order."""

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue: Rec. ITU-R BT.709
_DISC, _BACKGROUND, _SHADE = 0.65, 0.35, 0.12  # levels of L from 0, black, to 1, and how much it falls to the bottom
_RADIUS, _SOFTNESS = 0.6, 0.06  # of the disc, where the picture is 2 wide
_RESOLUTION = 64


@dataclass(frozen=True, kw_only=True)
class _Analytic(Family):
    """What Planted's weights say; no file of others holds any, so it is not among `families.FAMILIES`."""

    space: ClassVar[Space] = "z"

    def z_dim(self, shapes: Shapes) -> int:
        """Count the coordinates of a code."""
        return shapes["first"][1]

    w_dim = z_dim

    def num_ws(self, names: Iterable[str]) -> int:
        """Return 1."""
        return 1

    def resolution(self, shapes: Shapes) -> int:
        """Return the usual one, as its pictures can have any."""
        return _RESOLUTION

    def style(self, weights: Mapping[str, NDArray], layers: Sequence[int] | None) -> NDArray:
        """Return A (8, D)."""
        if layers is not None and list(layers) != [0]:
            raise InputError(f"layers {list(layers)}: a planted takes one code for all its layers; leave `layers` out")
        return weights["first"]


class Planted(Generator):
    """The generator of known factors; see the module for its equations.

    Args:
        z_dim: D, at least as many as there are factors.
        resolution: H, 4 or more.
        seed: of the rotation.

    Attributes:
        directions: R^T, (6, D), a row for each of FACTORS: more of it.

    Raises:
        InputError: too few coordinates or pixels.

    >>> G = Planted(z_dim=16, resolution=16)
    >>> pictures = G(G.draw(2, seed=0))
    >>> pictures.shape, pictures[:, :, 8, 8].double().numpy().round(2).tolist()
    (torch.Size([2, 3, 16, 16]), [[0.21, 0.25, 0.28], [0.24, 0.25, 0.26]])
    """

    family = "planted"
    unmix: Tensor  # Q diag(1/s), (8, 6)
    directions: Tensor
    size: Tensor

    @property
    def record(self) -> Family:
        """What is known of it without its network."""
        return _Analytic(title="planted")

    def __init__(self, z_dim: int = 32, resolution: int = _RESOLUTION, seed: int = 0) -> None:
        super().__init__()
        if z_dim < len(FACTORS):
            raise InputError(f"z_dim = {z_dim}: {len(FACTORS)} factors need as many coordinates or more")
        if resolution < 4:
            raise InputError(f"resolution {resolution}: give 4 or more pixels")
        rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((z_dim, z_dim)))[0]
        mixing = hadamard(8)[:, 1 : len(FACTORS) + 1] / np.sqrt(8)  # Q, without the constant column
        directions, strengths = rotation.T[: len(FACTORS)], np.array(STRENGTHS)
        self._load_parts(mixing @ (strengths[:, None] * directions), mixing / strengths, directions, resolution)

    def _load_parts(
        self, first: NDArray, unmix: NDArray, directions: NDArray, resolution: int | NDArray[np.float32]
    ) -> None:
        self.first = nn.Parameter(torch.tensor(first, dtype=torch.float32), requires_grad=False)  # A (8, D)
        for name, value in (("unmix", unmix), ("directions", directions), ("size", resolution)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))
        self.z_dim = self.w_dim = first.shape[1]
        self.resolution = int(resolution)

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.float32]], classes: Sequence[str] = ()) -> Planted:
        """Build the generator that has these weights."""
        if classes:
            raise InputError(f"a planted generator has no classes, {len(classes)} were given; leave `classes` out")
        network = cls(weights["first"].shape[1])
        network._load_parts(weights["first"], weights["unmix"], weights["directions"], weights["size"])
        return network.eval()

    def mapping(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Return codes (N, D) as they are, (N, 1, D)."""
        self._check_codes(z)
        self._check_no_class(class_index)
        return z[:, None]

    def factors(self, ws: Tensor) -> Tensor:
        """Return the true value of each factor, (N, 6) in the order of FACTORS, standard normal, for ws (N, 1, D).

        >>> G = Planted(z_dim=8)
        >>> G.factors(2 * G.directions[:1, None]).round(decimals=4).abs().tolist()
        [[2.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
        """
        return self.features(ws, 1)[:, :, 0, 0]

    def features(self, ws: Tensor, layer: int) -> Tensor:
        """Return h (N, 8, 1, 1), layer 0, or the factors (N, 6, 1, 1), layer 1, for ws (N, 1, D)."""
        self._check_ws(ws)
        self._check_layer(layer, 2)
        x = ws[:, 0] @ self.first.T
        return (x if layer == 0 else x @ self.unmix)[:, :, None, None]

    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H), about [-1, 1], from ws (N, 1, D)."""
        bright, position, warmth, size, behind, contrast = self.factors(ws).T[..., None, None]  # each (N, 1, 1)
        axis = (torch.arange(self.resolution, device=ws.device, dtype=ws.dtype) + 0.5) * (2 / self.resolution) - 1
        radius = _RADIUS * torch.exp(0.12 * size)
        distance = torch.sqrt((axis - 0.1 * position) ** 2 + axis[:, None] ** 2 + 1e-4)  # smooth in the middle too
        disc = torch.sigmoid((radius - distance) / _SOFTNESS)  # m (N, H, H)
        light = (1 - disc) * (_BACKGROUND + 0.05 * behind) + disc * _DISC - _SHADE * axis[:, None]
        mean = light.mean(dim=(1, 2), keepdim=True)
        light = mean + torch.exp(0.25 * contrast) * (light - mean) + 0.06 * bright
        gains = torch.cat([torch.exp(0.12 * warmth), torch.ones_like(warmth), torch.exp(-0.12 * warmth)], dim=1)
        gains = gains / (gains * gains.new_tensor(_LUMINANCE)[:, None]).sum(dim=1, keepdim=True)
        return 2 * gains[..., None] * light[:, None] - 1
