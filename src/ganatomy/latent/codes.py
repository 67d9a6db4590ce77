"""Codes: how they are drawn, and what is drawn, ready for synthesis.

A `Drawing` says how. Codes are standard normal. They come n of one seed together, or one of each of several seeds, so
that a person can pick the samples to look at; or they are read from a file. In this order, a code

    is mapped         to ws, of its class where the generator has classes;
    is mixed          where the generator takes a code for each of L layers: some layers take that of another seed;
    is truncated      drawn towards the mean code, in the first layers up to a cutoff.

What is not said is as published: StyleGANs are truncated by psi 0.7 in the first 8 layers, as the published SeFa tool
does, and of a conditional generator the classes come in turn. Both can be said otherwise: psi 1 is no truncation,
and `Drawing.of_one_class` takes the first class where none is named, for what several classes would blur.
Not guaranteed: that n codes of a seed drawn at once (`Drawing.codes`) are those drawn in batches (`Drawing.batches`),
as PyTorch's last few numbers depend on how many are drawn together.
Shapes: `N` samples, `B` of them in a batch, `Z` latent dimensions, `L` layers, `W` coordinates, as in
`generators.base`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError, unknown
from ganatomy.files.arrays import read_arrays
from ganatomy.generators.base import Generator
from ganatomy.languages import Words
from ganatomy.latent.layers import check_layers, parse_layers, written_layers

Mix: TypeAlias = tuple[int, Sequence[int] | str]
"""A seed, and the layers that take its code: indices, or such as "4:8"."""

BATCH = 250
"""Codes at a time where no pictures are made."""

_MOST = 10_000  # more than anybody looks at
_FAR = 2**31  # from the seed of codes on show to that of codes to measure on


@dataclass(frozen=True, repr=False)
class Samples:
    """Codes that were drawn.

    Attributes:
        z: standard normal codes (N, Z); None where a file told what was made of them only.
        ws: what synthesis takes, (N, L, W).
        names: N short texts, such as "seed 3".
    """

    z: Tensor | None
    ws: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ws)

    def __repr__(self) -> str:
        shown = ", ".join(self.names[:4]) + (", ..." if len(self) > 4 else "")
        return f"Samples({len(self)} of {tuple(self.ws.shape[1:])}: {shown})"

    def called(self, language: str | None = None) -> list[str]:
        """Call the samples by their names in a language; None for the one that is `languages.chosen`.

        >>> Samples(None, torch.zeros(1, 1, 2), ("seed 3, blue + seed 7",)).called("zh")
        ['种子 3，blue + 种子 7']
        """
        words, kinds = Words(language), re.compile(r"\b(seed|sample|code|layers) ([\d:,]+)")
        names = [name.replace(", ", words("comma")) for name in self.names]
        return [kinds.sub(lambda found: words(f"{found[1]}_n", n=found[2]), name) for name in names]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """How codes are drawn.

    Attributes:
        n: how many, of `seed`.
        seed: of the n codes together.
        seeds: if given, a code of each, in place of n of one.
        class_name: the class of all of them; by default the classes in turn.
        psi: truncation, 1 for none; by default as published. See `Generator.truncate`.
        cutoff: layers from this one on are left out of the truncation; by default none where psi is given.
        mix: seeds whose codes take the place of all samples' in some layers; later ones in that of earlier ones.
        mapped: whether codes go through the mapping. Without, a z-space generator gets them as they were drawn: a
            ProGAN then normalises them after an edit only, as the laboratory report has it.
        file: codes to take in place of drawn ones: a `codes.npz` of 'ganatomy sefa', whose ws are taken as they are; or
            a .npy of z (N, Z), which are used like drawn ones, or of ws (N, L, W).

    >>> from ganatomy.generators.networks.stylegan2 import StyleGAN2
    >>> G = StyleGAN2(codes=[8, 8], channels=[4, 4])
    >>> drawing = Drawing(seeds=[3, 7], mix=[(9, "2:")])
    >>> samples = drawing.codes(G)
    >>> samples.names, samples.ws.shape, bool(torch.equal(samples.ws[0, 2:], samples.ws[1, 2:]))
    (('seed 3 + seed 9', 'seed 7 + seed 9'), torch.Size([2, 4, 8]), True)
    >>> drawing.truncation(G), drawing.measured(100).seed
    ((0.7, 8), 2147483648)
    """

    n: int = 5
    seed: int = 0
    seeds: Sequence[int] | None = None
    class_name: str | None = None
    psi: float | None = None
    cutoff: int | None = None
    mix: Sequence[Mix] = ()
    mapped: bool = True
    file: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer):
            raise InputError(f"cannot draw {self.n!r} codes: give a whole number, 1 or more")
        if isinstance(self.seeds, int | np.integer):
            raise InputError(f"seeds {self.seeds}: give a list of them, such as [{self.seeds}]")

    def codes(self, generator: Generator) -> Samples:
        """Draw all codes at once: those on show, or a few to measure on.

        Raises:
            InputError: no such class, or a class where there are none; n or a seed out of range; truncation or mixing
                where there is one code for all layers, and layers that there are not; a file without codes of this
                generator.

        >>> from ganatomy.generators.networks.dcgan import DCGAN
        >>> samples = Drawing(seeds=[3, 7]).codes(DCGAN([10, 8, 3], kernels=[4, 4], classes=["blue", "green"]))
        >>> samples.names, samples.ws.shape
        (('seed 3, blue', 'seed 7, green'), torch.Size([2, 1, 10]))
        """
        truncation = self._checked(generator)
        if self.file is not None:
            found = self._read(generator, self.file)
            if isinstance(found, Samples):
                return found
            z, names = found, [f"sample {i}" for i in range(len(found))]
        elif self.seeds is None:
            self._check_count(self.n)
            z, names = generator.draw(self.n, self.seed), [f"sample {i}" for i in range(self.n)]
        else:
            self._check_count(len(self.seeds))
            z = torch.cat([generator.draw(1, each) for each in self.seeds])
            names = [f"seed {each}" for each in self.seeds]
        chosen = self._classes(generator, 0, len(z))
        if chosen is not None:
            names = [f"{name}, {generator.classes[c]}" for name, c in zip(names, chosen, strict=True)]
        names = [" + ".join([name, *(f"seed {other}" for other, _ in self.mix)]) for name in names]
        return Samples(z, self._finished(generator, z, chosen, truncation).cpu(), tuple(names))

    def batches(self, generator: Generator, batch: int = BATCH) -> Iterator[Tensor]:
        """Draw the n codes of the seed in batches: yields ws (B, L, W), on the generator's device.

        Whole batches are the same whatever n, and a single code is that of `Generator.draw`.

        Raises:
            InputError: as of `codes`, but for n, which may be as large as one likes; seeds or a file, which are few.

        >>> from ganatomy.generators.networks.planted import Planted
        >>> [tuple(ws.shape) for ws in Drawing(n=5).batches(Planted(z_dim=8), batch=3)]
        [(3, 1, 8), (2, 1, 8)]
        """
        if self.seeds is not None or self.file is not None:
            raise InputError("codes of several seeds, or of a file, do not come in batches; give n and a seed")
        truncation, like = self._checked(generator), next(generator.parameters())
        generator.draw(min(self.n, 1), self.seed)  # which checks both
        random = torch.Generator().manual_seed(self.seed)
        for begin in range(0, self.n, batch):
            z = torch.randn(min(batch, self.n - begin), generator.z_dim, generator=random).to(like)
            yield self._finished(generator, z, self._classes(generator, begin, len(z)), truncation)

    def measured(self, n: int) -> Drawing:
        """Say how n other codes are drawn to measure on: a number should not be of the very pictures on show.

        >>> Drawing(seeds=[3, 7], seed=5, psi=0.5).measured(100).n
        100
        """
        return replace(self, n=n, seed=(self.seed + _FAR) % 2**32, seeds=None, file=None)

    def mixed(self, generator: Generator) -> Samples | None:
        """Draw the codes alone that are mixed in, truncated like the others; None if there are none.

        >>> from ganatomy.generators.networks.stylegan2 import StyleGAN2
        >>> Drawing(mix=[(9, "2:"), (3, "0")]).mixed(StyleGAN2(codes=[8, 8], channels=[4, 4])).names
        ('seed 9, layers 2:', 'seed 3, layers 0')
        """
        if not self.mix:
            return None
        alone = replace(self, seeds=[seed for seed, _ in self.mix], mix=(), file=None).codes(generator)
        names = [f"seed {seed}, layers {layers}" for seed, layers in self._mixed()]
        return replace(alone, names=tuple(names))

    def later(self, steps: int) -> Drawing:
        """Say the same of the seed so many further on.

        >>> Drawing(seed=2**32 - 1).later(2).seed
        1
        """
        return replace(self, seed=(self.seed + steps) % 2**32)

    def of_one_class(self, generator: Generator) -> Drawing:
        """Say the same of codes that are all of one class: the first, if none is named.

        >>> from ganatomy.generators.networks.dcgan import DCGAN
        >>> Drawing().of_one_class(DCGAN([10, 8, 3], kernels=[4, 4], classes=["blue", "green"])).class_name
        'blue'
        """
        return replace(self, class_name=self.class_name or next(iter(generator.classes), None))

    def suited(self, method: str) -> Drawing:
        """Say the same of codes as directions of a method are for: those of raw SeFa edit codes that are not mapped.

        >>> Drawing().suited("sefa").mapped, Drawing().suited("sefa-raw").mapped
        (True, False)
        """
        return replace(self, mapped=method != "sefa-raw")

    def truncation(self, generator: Generator) -> tuple[float, int | None] | None:
        """Return psi and cutoff as they are applied to codes of a generator; None for no truncation.

        Raises:
            InputError: a cutoff without psi, or truncation where there is no mean code.

        >>> from ganatomy.generators.networks.planted import Planted
        >>> Drawing().truncation(Planted(z_dim=8)) is Drawing(psi=1).truncation(Planted(z_dim=8)) is None
        True
        """
        if self.psi is None and self.cutoff is not None:
            raise InputError(f"cutoff {self.cutoff} says which layers are truncated; give `psi`, how far, too")
        if generator.w_avg is None and self.psi in (None, 1):
            return None
        return generator.truncation if self.psi is None else (self.psi, self.cutoff)

    def told(self, generator: Generator) -> dict[str, Any]:
        """Say in what JSON can hold how codes are drawn, defaults filled in, and what does not apply left out.

        >>> from ganatomy.generators.networks.stylegan2 import StyleGAN2
        >>> Drawing(seeds=[3, 7]).told(StyleGAN2(codes=[8, 8], channels=[4, 4]))
        {'seeds': [3, 7], 'psi': 0.7, 'cutoff': 8}
        """
        psi, cutoff = self.truncation(generator) or (None, None)
        which: dict[str, Any] = {"seed": self.seed}
        if self.file is not None:
            which = {"file": str(self.file)}
        elif self.seeds is not None:
            which = {"seeds": [int(seed) for seed in self.seeds]}
        more = {"class": self.class_name, "psi": psi, "cutoff": cutoff, "mix": self._mixed() or None}
        return which | {name: value for name, value in more.items() if value is not None}

    def _mixed(self) -> list[tuple[int, str]]:
        """List seeds and layers that are mixed in, the layers as they are written."""
        return [(seed, told if isinstance(told, str) else written_layers(told)) for seed, told in self.mix]

    def _checked(self, generator: Generator) -> tuple[float, int | None] | None:
        """Refuse what this generator cannot do, and return its truncation."""
        classes = generator.classes
        if self.class_name is not None and self.class_name not in classes:
            if not classes:
                raise InputError("this generator has no classes; leave `class_name` out")
            raise unknown("class", self.class_name, classes)
        if self.mix and generator.space == "z":
            raise InputError(
                "mixing needs a code for each layer, as StyleGAN and StyleGAN2 take; this generator takes one for all"
            )
        return self.truncation(generator)

    def _check_count(self, count: int) -> None:
        if not 1 <= count <= _MOST:
            raise InputError(f"{count} samples: give 1 to {_MOST}")

    def _classes(self, generator: Generator, begin: int, count: int) -> list[int] | None:
        """Return the class of each of so many codes, the first of which is number `begin`; None without classes."""
        names = generator.classes
        if not names:
            return None
        one = None if self.class_name is None else names.index(self.class_name)
        return [i % len(names) if one is None else one for i in range(begin, begin + count)]

    def _finished(
        self,
        generator: Generator,
        z: Tensor,
        classes: Sequence[int] | None,
        truncation: tuple[float, int | None] | None,
    ) -> Tensor:
        """Map, mix and truncate codes z (N, Z), on the generator's device."""
        plain = not self.mapped and generator.space == "z" and not generator.classes
        ws = z[:, None] if plain else _mapped(generator, z, classes)
        for other, layers in self.mix:
            count = generator.num_ws
            places = parse_layers(layers, count) if isinstance(layers, str) else check_layers(layers, count)
            mixed = generator.draw(1, other)
            mixed = mixed if classes is None else mixed.expand(len(z), -1)  # each of its sample's class
            ws[:, places] = _mapped(generator, mixed, classes)[:, places]
        return ws if truncation is None else generator.truncate(ws, *truncation)

    def _read(self, generator: Generator, path: str | os.PathLike[str]) -> Samples | Tensor:
        """Read codes of this generator: samples, to which nothing is to be done, or z (N, Z)."""
        found = read_codes(path)
        given, wanted = (
            (tuple(found.shape[1:]), (generator.z_dim,))
            if isinstance(found, Tensor)
            else (tuple(found.ws.shape[1:]), (generator.num_ws, generator.w_dim))
        )
        if given != wanted:
            raise InputError(f"{path}: its codes are of shape {given}, and this generator takes {wanted}")
        for name in ("class_name", "psi", "cutoff", "mix"):
            if not isinstance(found, Tensor) and getattr(self, name) not in (None, ()):
                raise InputError(f"{path} holds codes that are mapped, and taken as they are; leave `{name}` out")
        return found


def draw(
    generator: Generator,
    n: int = 16,
    seed: int = 0,
    *,
    seeds: Sequence[int] | None = None,
    class_name: str | None = None,
    psi: float | None = None,
    cutoff: int | None = None,
    mix: Sequence[Mix] = (),
    file: str | os.PathLike[str] | None = None,
) -> Samples:
    """Draw codes, mapped and truncated as published: `Drawing(...).codes(generator)`.

    Args:
        generator: the network that takes them.
        n: how many, of `seed`.
        seed: of the n codes together.
        seeds: if given, a code of each, in place of n of one.
        class_name: the class of all of them; by default the classes in turn.
        psi: truncation, 1 for none; by default as published.
        cutoff: layers from this one on are left out of the truncation.
        mix: seeds and the layers that take their codes, such as [(9, "4:8")].
        file: codes to take in place of drawn ones; see `Drawing`.

    Raises:
        InputError: as of `Drawing.codes`.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> draw(Planted(z_dim=8), seeds=[3, 7])
    Samples(2 of (1, 8): seed 3, seed 7)
    """
    chosen = {"seeds": seeds, "class_name": class_name, "psi": psi, "cutoff": cutoff, "mix": mix, "file": file}
    return Drawing(n=n, seed=seed, **chosen).codes(generator)


AS_PUBLISHED = Drawing()
"""A few codes, of seed 0."""


def to_numpy(values: Tensor) -> NDArray[np.float64]:
    """Copy a tensor into an array of float64.

    >>> to_numpy(torch.ones(2)).dtype
    dtype('float64')
    """
    return values.detach().cpu().double().numpy()


def read_codes(path: str | os.PathLike[str]) -> Samples | Tensor:
    """Read the codes of a file: samples of an .npz with ws or a .npy (N, L, W), z of others. Nothing in it is executed.

    Raises:
        InputError: no such file, or one without codes.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/codes.npy"
    >>> np.save(path, np.zeros((2, 8)))
    >>> read_codes(path).shape
    torch.Size([2, 8])
    """
    arrays = read_arrays(path, ("codes", "z", "ws", "names"), "give codes, a .npz or .npy file")
    for single in ("", "codes"):
        if single in arrays:
            arrays = {"z" if arrays[single].ndim == 2 else "ws": arrays[single]}
    dims, codes = {"z": 2, "ws": 3}, {}
    for name in dims.keys() & arrays.keys():
        array = arrays[name]
        if array.ndim != dims[name] or not array.size or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise InputError(
                f"{path}: its {name} are {array.dtype} {array.shape}; give finite numbers, z (N, Z) or ws (N, L, W)"
            )
        codes[name] = torch.from_numpy(np.asarray(array, dtype=np.float32))
    if not codes:
        raise InputError(f"{path} has neither z nor ws; give codes")
    if "ws" not in codes:
        return codes["z"]
    names = arrays.get("names", [f"sample {i}" for i in range(len(codes["ws"]))])
    return Samples(codes.get("z"), codes["ws"], tuple(str(name) for name in names))


@torch.no_grad()
def _mapped(generator: Generator, z: Tensor, classes: Sequence[int] | None = None) -> Tensor:
    """Map codes, on the generator's device."""
    index = None if classes is None else torch.tensor(classes, device=generator.device)
    return generator.mapping(z.to(generator.device), index)
