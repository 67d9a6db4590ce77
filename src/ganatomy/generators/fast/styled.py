"""What the fast forms of StyleGAN and StyleGAN2 share: the order of work, its sizes, and noise.

Pictures are made together while several fit in the cache, then one by one, and the large ones in bands of rows.

Shapes: `N` pictures, `L` layers, `W` coordinates of codes, `C` channels, `r` pixels a side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganatomy.generators.networks.styled import Styled

_BAND = 8 << 20  # bytes of float32 features in a band: a share of the cache
_ONE_BY_ONE = 32  # pixels a side from which a picture alone keeps the processor busy
_EXACT = 3  # resolutions, up to 16 pixels, that are too small to gain by bfloat16
_ROUNDED = 5  # resolutions at most that do


def rows_of(height: int, each: int) -> int:
    """Return how many rows to take in a band, an even number or all, when each needs so many float32 numbers.

    >>> rows_of(512, 4 * 1024 * 32), rows_of(8, 10), rows_of(8, 10**9)
    (16, 8, 2)
    """
    return min(height, max(2, _BAND // (8 * each) * 2))


def precise(k: int, finest: int) -> bool:
    """Say whether resolution k, of which the last is `finest`, stays float32 in any case.

    >>> [k for k in range(9) if not precise(k, 8)], [k for k in range(5) if not precise(k, 4)]
    ([4, 5, 6, 7, 8], [3, 4])
    """
    return k < max(_EXACT, finest + 1 - _ROUNDED)


def folded(
    grown: Callable[..., tuple[Tensor | None, Tensor]], ws: Tensor, noise: Sequence[Tensor | None], count: int
) -> Tensor:
    """Run the resolutions of a network one after another, on pictures together and then one by one.

    Args:
        grown: maps k, ws, noise, and the two results for k - 1 (None for k = 0) to its results: tensors whose first
            dimension is pictures, of which the first may be None; the second one's last is the pictures.
        ws: codes (N, L, W).
        noise: of each layer, (1 or N, r, r, 1), or None.
        count: how many resolutions.

    >>> double = lambda k, ws, noise, x, picture: (None, ws if picture is None else 2 * picture)
    >>> folded(double, torch.ones(2, 1, 1), [], 5).flatten()
    tensor([16., 16.])
    """
    together = count if len(ws) == 1 else sum(4 << k < _ONE_BY_ONE for k in range(count))
    state, k = grown(0, ws, noise, None, None), 1
    while k < together:
        state, k = grown(k, ws, noise, *state), k + 1
    if k == count:
        return state[1]
    pictures = []
    for n in range(len(ws)):
        own = [_one(layer, n) for layer in noise]
        single = _one(state[0], n), _one_of(state[1], n)
        for j in range(k, count):
            single = grown(j, ws[n : n + 1], own, *single)
        pictures.append(single[1])
    return torch.cat(pictures)


def _one(x: Tensor | None, n: int) -> Tensor | None:
    """Take picture n of what there is, if there is anything."""
    return None if x is None else _one_of(x, n)


def _one_of(x: Tensor, n: int) -> Tensor:
    """Take picture n of what there is for each, or for all."""
    return x if len(x) == 1 else x[n : n + 1]


class NetworkNoise:
    """The noise of a network's layers, as it says when pictures are made, from a copy of what it stores.

    >>> from ganatomy.generators.networks.stylegan import StyleGAN
    >>> G = StyleGAN(codes=[16, 24], channels=[16, 8])
    >>> stored = NetworkNoise(G)(2, [1.0, 1.0, 0.0, 2.0])
    >>> [noise is not None and tuple(noise.shape) for noise in stored]
    [(1, 4, 4, 1), (1, 4, 4, 1), False, (1, 8, 8, 1)]
    """

    def __init__(self, network: Styled) -> None:
        self._network = network
        self._stored = [layer.noise.float()[:, 0, :, :, None].clone() for layer in network.layers]

    def __call__(self, count: int, strengths: Sequence[float]) -> list[Tensor | None]:
        """Return each layer's noise for so many pictures, times its strength: (1 or N, r, r, 1), or None."""
        kind, made = self._network.noise, []
        for stored, strength in zip(self._stored, strengths, strict=True):
            if kind == "random":  # drawn as `Styled` does, even if the strength is 0: the next layer's come after
                size = stored.shape[1]
                drawn = torch.randn(count, 1, size, size, generator=self._network._chance)
                made.append(drawn[:, 0, :, :, None] * strength)
            else:
                made.append(stored * strength if kind == "stored" and strength else None)
        return made
