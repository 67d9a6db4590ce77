"""Codes to show: drawn from seeds, with a class if the generator has any, ready for synthesis.

Codes are standard normal. They come n of one seed together, or one of each of several seeds, so that a person can pick
the samples to look at. Not guaranteed: that large seeds differ; PyTorch's generator on the CPU takes them modulo 2^32.
Shapes: `N` samples, `Z` latent dimensions, `L` layers, `W` coordinates, as in `generators.base`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator

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

    Raises:
        InputError: no such class, or a label where there are none; n or a seed out of range.

    >>> from ganatomy.generators.dcgan import DCGAN
    >>> samples = draw_samples(DCGAN([10, 8, 3], kernels=[4, 4], classes=["blue", "green"]), seeds=[3, 7])
    >>> samples.names, samples.ws.shape
    (('seed 3, blue', 'seed 7, green'), torch.Size([2, 1, 10]))
    """
    classes, count = generator.classes, n if seeds is None else len(seeds)
    if not 1 <= count <= _MOST:
        raise InputError(f"{count} samples: give 1 to {_MOST}")
    if label is not None and label not in classes:
        raise unknown("class", label, classes) if classes else InputError("this generator has no classes, so no label")
    if seeds is None:
        z, names = generator.draw(n, seed), [f"sample {i}" for i in range(n)]
    else:
        z, names = torch.cat([generator.draw(1, each) for each in seeds]), [f"seed {each}" for each in seeds]
    if classes:
        chosen = [classes.index(label) if label is not None else i % len(classes) for i in range(len(z))]
        names = [f"{name}, {classes[c]}" for name, c in zip(names, chosen, strict=True)]
        return Samples(z, generator.mapping(z, torch.tensor(chosen)), tuple(names))
    plain = not mapped and generator.space == "z"
    return Samples(z, z[:, None] if plain else generator.mapping(z), tuple(names))
