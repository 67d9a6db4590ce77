"""Where a checkpoint's generator is, and which layout it is in.

`find_generator` searches a tree for the state that is meant and returns `Content`: an `Entry` for each of our names,
which knows its shape and can read itself. It takes no more than names and shapes, never a file's name. Not guaranteed:
what names and shapes cannot tell, such as the activations between a DCGAN's layers.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable
from ganatomy.generators.families import FAMILIES, Family, Shapes
from ganatomy.generators.files.states import State, rank, states
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts import dcgan, genforce, nvidia, progan, rosinality
from ganatomy.generators.layouts.foreign import DISCRIMINATOR, family_of
from ganatomy.generators.layouts.layout import Layout

LAYOUTS: tuple[Layout, ...] = (*genforce.LAYOUTS, nvidia.LAYOUT, rosinality.LAYOUT, *progan.LAYOUTS, dcgan.LAYOUT)
"""In order of precedence: what is told by names before what is told by shapes."""

_TITLES = [family.title for family in FAMILIES.values()]
_KNOWN = f"this version reads generators of {', '.join(_TITLES[:-1])} and {_TITLES[-1]}"


@dataclass(frozen=True)
class Content:
    """A generator in a checkpoint: the layout it came in, where it was, and its tensors by our names."""

    layout: Layout
    place: str
    entries: Mapping[str, Entry]


def find_generator(tree: Any, meter: Meter) -> Content:
    """Find the generator in a tree, the averaged one if there are several, under our names.

    Args:
        tree: what `open_container` returned.
        meter: of the file; what is looked at, the parameters and the pixels of the generator are drawn from it.

    Raises:
        InputError: no generator, several with nothing to choose by, a discriminator or a family that is not read, a
            generator that is not whole (see `layout`), or one that is larger than the budget allows.

    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32", read=lambda: None)
    >>> tree = {"netG_state_dict": {"0.weight": tensor(100, 64, 4, 4), "2.weight": tensor(64, 3, 4, 4)}}
    >>> found = find_generator(tree, Meter("a.pth"))
    >>> found.layout.words, found.place, list(found.entries)
    ('DCGAN', 'netG_state_dict', ['layers.0.weight', 'layers.1.weight'])
    >>> find_generator({"epoch": 3}, Meter("a.pth"))
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth holds no tensors by name; this version reads generators of ProGAN, ...
    """
    where, candidates = meter.where, list(states(tree, meter))
    readable = [(place, state, layout) for place, state in candidates for layout in _layout_of(state)]
    if not readable:
        raise InputError(f"{where} {_what_else(candidates)}; {_KNOWN}")
    place, state, layout = readable[0]
    tied = [other for other, *_ in readable if rank(other) == rank(place)]
    if len(tied) > 1:
        listing = ", ".join(map(printable, tied[:5]))
        raise InputError(
            f"{where} holds {len(tied)} generators ({listing}): save the one you mean in a file of its own"
        )
    where = f"{where} ({printable(place)})" if place else where
    beside = next((other for at, other in candidates if at == place.rpartition("/")[0]), {})
    entries = layout.convert(state, where, beside)
    _check_sizes(FAMILIES[layout.family], {ours: entry.shape for ours, entry in entries.items()}, meter)
    return Content(layout, printable(place), entries)


def _layout_of(state: State) -> list[Layout]:
    """Return the layout that a state is in, if it is known, as a list of one."""
    return [layout for layout in LAYOUTS if layout.recognise(state)][:1]


def _check_sizes(family: Family, shapes: Shapes, meter: Meter) -> None:
    """See that a network is within the budget: its layers in a row, its parameters, its pixels."""
    rows = Counter(ours.split(".")[0] for ours in shapes if re.fullmatch(r"[a-z]+\.\d+\.weight", ours))
    meter.at_most("nesting", max(rows.values(), default=0))
    meter.draw("parameters", sum(map(math.prod, shapes.values())))
    meter.at_most("pixels", family.resolution(shapes))


def _what_else(candidates: Sequence[tuple[str, State]]) -> str:
    """Say what a checkpoint holds instead of a generator that can be read."""
    kinds = [family_of(state) or (DISCRIMINATOR if dcgan.looks_backwards(state) else "") for _, state in candidates]
    if other := next((kind for kind in kinds if kind not in ("", DISCRIMINATOR)), ""):
        return f"holds a {other}"
    if DISCRIMINATOR in kinds:
        return "holds a network that takes pictures, as a discriminator does, and no generator that makes them"
    if not candidates:
        return "holds no tensors by name"
    place, state = candidates[0]
    listing = ", ".join(f"{printable(key, 60)} {tensor.shape}" for key, tensor in list(state.items())[:3])
    return f"holds tensors in no layout that is known ({f'{printable(place)}: ' if place else ''}{listing}, ...)"
