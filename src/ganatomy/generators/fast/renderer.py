"""The fastest way to a generator's pictures: its family's fast form where there is one, and else its own synthesis.

A *fast form* is made of a network, holds a copy of its weights, and is a function from ws (N, L, W) to pictures
(N, 3, H, H) with the values of `synthesis`, up to rounding. It is for processors, and for networks that have grown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganatomy.generators.base import Generator, Precision, dtype_of
from ganatomy.generators.fast.progan import FoldedProGAN
from ganatomy.generators.fast.stylegan import FoldedStyleGAN
from ganatomy.generators.fast.stylegan2 import FoldedStyleGAN2
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

Renderer = Callable[[Tensor], Tensor]

FAST_FORMS: dict[type[Generator], Callable[[Any, Precision], Renderer]] = {
    ProGAN: FoldedProGAN,
    StyleGAN: FoldedStyleGAN,
    StyleGAN2: FoldedStyleGAN2,
}
"""By network; a family needs none."""


def renderer(generator: Generator, precision: Precision = "float32") -> Renderer:
    """Return the fastest function with the values of `synthesis`, for pictures rather than gradients.

    Args:
        generator: the network. A class that is derived from one with a fast form has none itself.
        precision: of the arithmetic; the pictures are float32 in any case.

    Raises:
        InputError: an unknown precision.

    >>> _ = torch.manual_seed(0)
    >>> G = ProGAN(z_dim=16, channels=[16, 8, 4]).eval()
    >>> render, ws = renderer(G), G.mapping(G.draw(2, seed=0))
    >>> type(render).__name__, bool((render(ws) - G.synthesis(ws)).abs().max() < 1e-5)
    ('FoldedProGAN', True)
    """
    low, device = dtype_of(precision) == torch.bfloat16, generator.device.type
    fast = FAST_FORMS.get(type(generator))
    if fast is not None and device == "cpu" and generator.grown:
        return fast(generator, precision)

    @torch.inference_mode()
    def render(ws: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=low):
            return generator.synthesis(ws).float()

    return render
