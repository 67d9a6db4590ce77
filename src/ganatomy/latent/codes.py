"""Codes to show: drawn from seeds, with a class if the generator has any, ready for synthesis.

Codes are standard normal. They come n of one seed together, or one of each of several seeds, so that a person can pick
the samples to look at. Where a generator takes a code for each of L layers, some layers can take that of another seed
(*style mixing*), and codes can be drawn towards the mean (*truncation*), in this order; both act on each layer alone.
Shapes: `N` samples, `Z` latent dimensions, `L` layers, `W` coordinates, as in `generators.base`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator
from ganatomy.latent.layers import check_layers, parse_layers

Mix = tuple[int, Sequence[int] | str]
"""A seed, and the layers that take its code: indices, or such as "4:8"."""

_MOST = 10_000  # more than anybody looks at


@dataclass(frozen=True)
class Samples:
    """The codes that are shown.

    Attributes:
        z: standard normal codes (N, Z).
        ws: what synthesis takes, (N, L, W).
        names: N short texts, such as "seed 3".
    """

    z: Tensor
    ws: Tensor
    names: tuple[str, ...]


def draw_samples(
    generator: Generator,
    n: int = 5,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    label: str | None = None,
    mapped: bool = True,
    *,
    psi: float | None = None,
    cutoff: int | None = None,
    mix: Sequence[Mix] = (),
) -> Samples:
    """Draw codes: n of one seed, or one of each of several seeds.

    Args:
        generator: whose codes.
        n: how many of `seed`.
        seed: of the n codes together.
        seeds: if given, a code of each, in place of n of one.
        label: the class of all of them; by default the classes in turn.
        mapped: whether codes go through the mapping. Without, a z-space generator gets them as they were drawn: a
            ProGAN then normalises them after an edit only, as the laboratory report has it.
        psi: truncation; see `Generator.truncate`. None for none.
        cutoff: of the truncation.
        mix: seeds whose codes take the place of all samples' in some layers; later ones in that of earlier ones.

    Raises:
        InputError: no such class, or a label where there are none; n or a seed out of range; truncation or mixing where
            there is one code for all layers, and layers that there are not.

    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> samples = draw_samples(DCGAN([10, 8, 3], kernels=[4, 4], classes=["blue", "green"]), seeds=[3, 7])
    >>> samples.names, samples.ws.shape
    (('seed 3, blue', 'seed 7, green'), torch.Size([2, 1, 10]))
    >>> from ganatomy.generators.networks.stylegan2 import StyleGAN2
    >>> G = StyleGAN2(codes=[8, 8], channels=[4, 4])
    >>> samples = draw_samples(G, seeds=[3, 7], psi=0.5, mix=[(9, "2:")])
    >>> samples.names, bool(torch.equal(samples.ws[0, 2:], samples.ws[1, 2:]))
    (('seed 3 + seed 9', 'seed 7 + seed 9'), True)
    """
    classes, count = generator.classes, n if seeds is None else len(seeds)
    if not 1 <= count <= _MOST:
        raise InputError(f"{count} samples: give 1 to {_MOST}")
    if label is not None and label not in classes:
        raise unknown("class", label, classes) if classes else InputError("this generator has no classes, so no label")
    if mix and generator.space == "z":
        raise InputError(
            "mixing needs a code for each layer, as StyleGAN and StyleGAN2 take; this generator takes one for all"
        )
    if cutoff is not None and psi is None:
        raise InputError(f"cutoff {cutoff} says which layers are truncated; give psi, how far, too")
    if seeds is None:
        z, names = generator.draw(n, seed), [f"sample {i}" for i in range(n)]
    else:
        z, names = torch.cat([generator.draw(1, each) for each in seeds]), [f"seed {each}" for each in seeds]
    chosen = None
    if classes:
        chosen = [classes.index(label) if label is not None else i % len(classes) for i in range(len(z))]
        names = [f"{name}, {classes[c]}" for name, c in zip(names, chosen, strict=True)]
    plain = not mapped and generator.space == "z" and not classes
    ws = z[:, None] if plain else _mapped(generator, z, chosen)
    for other, layers in mix:
        count = generator.num_ws
        places = parse_layers(layers, count) if isinstance(layers, str) else check_layers(layers, count)
        ws[:, places] = _mapped(generator, generator.draw(1, other))[:, places]
        names = [f"{name} + seed {other}" for name in names]
    return Samples(z, ws if psi is None else generator.truncate(ws, psi, cutoff), tuple(names))


@torch.no_grad()
def _mapped(generator: Generator, z: Tensor, classes: Sequence[int] | None = None) -> Tensor:
    """Map codes on the generator's device, and fetch the result."""
    label = None if classes is None else torch.tensor(classes, device=generator.device)
    return generator.mapping(z.to(generator.device), label).cpu()
