"""Where a checkpoint's generator is, what its tensors are called there, and how they become ours.

A *layout* is a family and a way of naming; it is recognised by keys and shapes, never by a file's name.
`find_generator` searches a tree for the state that is meant and returns `Found`: an `Entry` for each of our names,
which knows its shape and can read itself. It takes no more than names and shapes, so that nothing is read; every
expected tensor is there, has the one shape that fits the others, and no tensor is left over, as one that is not
understood would be a network that is not understood. Not guaranteed: what names and shapes cannot tell, such as the
activations between a DCGAN's layers.

Our names and shapes (`Z` latent coordinates, `C` channels, `k` kernel):
    ProGAN   layers.{i}.weight (C, Z, 4, 4) for i = 0, else (C', C, 3, 3); layers.{i}.bias (C,), of layer 0 also
             (C, 4, 4); outputs.{j}.weight (3, C, 1, 1), outputs.{j}.bias (3,); lod ()
    StyleGAN and StyleGAN2: see `stylegan_layouts`
    DCGAN    layers.{i}.weight (C, C', k, k), a transposed convolution; layers.{i}.bias (C',) where there is one;
             norms.{i}.{weight,bias,running_mean,running_var} (C',) where a batch norm follows layer i
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganatomy.errors import InputError
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.files.inert import printable
from ganatomy.generators.files.states import State, rank, states
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts import (
    dcgan as dcgan_layouts,
)
from ganatomy.generators.layouts import (
    genforce as stylegan_layouts,
)
from ganatomy.generators.layouts import (
    nvidia as nvidia_layouts,
)
from ganatomy.generators.layouts import (
    progan as progan_layouts,
)
from ganatomy.generators.layouts import (
    rosinality as rosinality_layouts,
)

_KNOWN = "this version reads generators of ProGAN, StyleGAN, StyleGAN2 and DCGAN"
_OTHER_GENERATORS = {  # a key that gives each away
    r"synthesis\.input\..*|synthesis\.L\d+_.*": "StyleGAN3 generator",
    r"(generator\.)?gen_z\..*|.*\.bn_\d\.running_means|blocks\.\d+\.\d+\.bn\d\.gain\..*": "BigGAN generator",
    r".*\.conv\.modulation\.weight|synthesis\.early_layer\..*": "StyleGAN2 generator in a layout that is not known",
    r"synthesis\.layer0\.const|g_synthesis\..*": "StyleGAN generator in a layout that is not known",
}
_DISCRIMINATORS = (
    r"input\d+\..*|fromRGBLayers\..*|decisionLayer\..*|from_rgbs?\..*|(.*\.)?fromrgb\..*|final_(conv|linear)\..*"
)


@dataclass(frozen=True)
class Found:
    """A generator in a checkpoint: its family, the layout it came in, where it was, and its tensors by our names."""

    family: str
    layout: str
    place: str
    entries: Mapping[str, Entry]


def find_generator(tree: Any, where: str) -> Found:
    """Find the generator in a tree, the averaged one if there are several, under our names.

    Args:
        tree: what `open_container` returned.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: no generator, several with nothing to choose by, a discriminator or a family that is not read, or
            a generator that is not whole (see the modules of layouts).

    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32", read=lambda: None)
    >>> tree = {"netG_state_dict": {"0.weight": tensor(100, 64, 4, 4), "2.weight": tensor(64, 3, 4, 4)}}
    >>> found = find_generator(tree, "a.pth")
    >>> found.layout, found.place, list(found.entries)
    ('DCGAN', 'netG_state_dict', ['layers.0.weight', 'layers.1.weight'])
    >>> find_generator({"epoch": 3}, "a.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth holds no tensors by name; this version reads generators of ProGAN, ...
    """
    candidates = [(place, state, _kind(state)) for place, state in states(tree)]
    readable = [(place, state) for place, state, kind in candidates if kind == "generator"]
    if not readable:
        raise InputError(f"{where} {_what_else(candidates)}; {_KNOWN}")
    place, state = readable[0]
    tied = [other for other, _ in readable if rank(other) == rank(place)]
    if len(tied) > 1:
        listing = ", ".join(map(printable, tied[:5]))
        raise InputError(
            f"{where} holds {len(tied)} generators ({listing}): save the one you mean in a file of its own"
        )
    where = f"{where} ({printable(place)})" if place else where
    if naming := stylegan_layouts.recognise(state):  # before ProGAN, some of whose names are theirs too
        layout = f"{FAMILIES[naming.family].title}, {naming.title}"
        return Found(naming.family, layout, printable(place), stylegan_layouts.convert(naming, state, where))
    if nvidia_layouts.recognise(state):
        layout = f"StyleGAN2, {nvidia_layouts.TITLE}"
        return Found("stylegan2", layout, printable(place), nvidia_layouts.convert(state, where))
    if rosinality_layouts.recognise(state):
        beside = next((other for at, other, _ in candidates if at == place.rpartition("/")[0]), {})
        layout = f"StyleGAN2, {rosinality_layouts.TITLE}"
        return Found("stylegan2", layout, printable(place), rosinality_layouts.convert(state, beside, where))
    if naming := progan_layouts.recognise(state):
        entries = progan_layouts.convert(naming, state, where)
        return Found("progan", f"ProGAN, {naming.title}", printable(place), entries)
    return Found("dcgan", "DCGAN", printable(place), dcgan_layouts.convert(state, where))


def _kind(state: State) -> str:
    """Say what a state is: "generator" if it can be read, "discriminator", what else in words, or ""."""
    if any(layout.recognise(state) for layout in (stylegan_layouts, nvidia_layouts, rosinality_layouts)):
        return "generator"
    for pattern, family in _OTHER_GENERATORS.items():
        if any(re.fullmatch(pattern, key) for key in state):
            return family
    if any(re.fullmatch(_DISCRIMINATORS, key) for key in state):
        return "discriminator"
    return "generator" if progan_layouts.recognise(state) else dcgan_layouts.recognise(state)


def _what_else(candidates: list[tuple[str, State, str]]) -> str:
    """Say what a checkpoint holds instead of a generator that can be read."""
    kinds = [kind for _, _, kind in candidates]
    if other := next((kind for kind in kinds if kind not in ("", "discriminator")), ""):
        return f"holds a {other}"
    if "discriminator" in kinds:
        return "holds a network that takes pictures, as a discriminator does, and no generator that makes them"
    if not candidates:
        return "holds no tensors by name"
    place, state, _ = candidates[0]
    listing = ", ".join(f"{printable(key, 60)} {tensor.shape}" for key, tensor in list(state.items())[:3])
    return f"holds tensors in no layout that is known ({f'{printable(place)}: ' if place else ''}{listing}, ...)"
