"""How a DCGAN is recognised whatever its parts are called: by the shapes, which form a chain.

Transposed convolutions have weights (in, out, k, k), in = Z for the first, and each takes what the one before gives;
the last gives 3 colours or 1. They come in the order of the file, or, if that is no chain, in the natural order of
their names. Batch norms are those with running statistics; each belongs to a convolution of its size: to the one it
stands behind, or, where all convolutions come first, to the only one that order and size allow.

Geometry is not stored, but kernels tell it: the first, of 4, makes 4 x 4 pixels (stride 1, no padding); further ones
of 4 double the resolution (stride 2, padding 1), of 3 keep it (stride 1, padding 1). Anything else is refused.

Shape letters: `Z` latent coordinates, `k` kernel.
"""

from collections.abc import Sequence
from itertools import pairwise

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable
from ganatomy.generators.files.states import State, entry, natural
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.foreign import family_of
from ganatomy.generators.layouts.layout import Layout

_COLOURS = (1, 3)
_STATISTICS = ("weight", "bias", "running_mean", "running_var")


class Chain(Layout):
    """A DCGAN under any names.

    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32", read=lambda: None)
    >>> state = {"up1.weight": tensor(100, 64, 4, 4), "up2.weight": tensor(64, 3, 4, 4), "up2.bias": tensor(3)}
    >>> LAYOUT.recognise(state)
    True
    >>> {ours: entry.origin for ours, entry in LAYOUT.convert(state, "a.pth", {}).items()}
    {'layers.0.weight': 'up1.weight', 'layers.1.weight': 'up2.weight', 'layers.1.bias': 'up2.bias'}
    >>> LAYOUT.convert({**state, "up2.weight": tensor(32, 3, 4, 4)}, "a.pth", {})
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: up2.weight takes 32 channels where up1.weight gives 64
    """

    def recognise(self, state: State) -> bool:
        """Tell whether a state's convolutions end in colours, and its names give no other network away.

        What ends in colours but is no chain counts too, for `convert` to say what is wrong with it.
        """
        if family_of(state) or looks_backwards(state):
            return False
        orders = _long_orders(state)
        ends = [_shape(order, _convolutions(order)[-1])[1] for order in orders]
        return any(not _fault(order) for order in orders) or any(end in _COLOURS for end in ends)

    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor under our name; nothing is read."""
        return _entries(state, where)


LAYOUT = Chain("dcgan")


def looks_backwards(state: State) -> bool:
    """Tell whether a state's convolutions are those of a discriminator.

    Its convolutions are (out, in, k, k), so that from colours to one number they are a generator's chain read
    backwards: the order decides.

    >>> import types
    >>> def tensor(*shape): return types.SimpleNamespace(shape=shape, dtype="float32")
    >>> looks_backwards({"down1.weight": tensor(64, 3, 4, 4), "down2.weight": tensor(1, 64, 4, 4)})
    True
    """
    for order in _long_orders(state):
        if not _fault(order):
            return False
        shapes = [_shape(order, stem) for stem in _convolutions(order)]
        if shapes[0][1] in _COLOURS and all(a[0] == b[1] for a, b in pairwise(shapes)):
            return True
    return False


def _entries(state: State, where: str) -> dict[str, Entry]:
    orders = _orders(state)
    state = next((order for order in orders if not _fault(order)), orders[0])
    if fault := _fault(state):
        raise InputError(f"{where}: {fault}")
    stems, norms = _convolutions(state), _batch_norms(state)
    Meter(where).at_most("nesting", max(len(stems), len(norms)))  # before each is compared with each
    names = {}
    for i, stem in enumerate(stems):
        names[f"layers.{i}.weight"] = f"{stem}.weight"
        if f"{stem}.bias" in state:
            names[f"layers.{i}.bias"] = f"{stem}.bias"
    for norm, i in zip(norms, _places(state, where), strict=True):
        names |= {f"norms.{i}.{kind}": f"{norm}.{kind}" for kind in _STATISTICS}
    missing = [origin for origin in names.values() if origin not in state]
    if missing:
        raise InputError(f"{where}: a batch norm lacks {', '.join(map(printable, missing[:3]))}")
    used = set(names.values())
    extra = [key for key in state if key not in used and not key.endswith("num_batches_tracked")]
    if extra:
        listing = ", ".join(map(printable, extra[:3]))
        raise InputError(f"{where} has {len(extra)} tensors that no plain DCGAN generator has, such as {listing}")
    entries = {ours: entry(state, origin, where) for ours, origin in names.items()}
    for ours, found in entries.items():
        width = _shape(state, stems[int(ours.split(".")[1])])[1]
        if len(found.shape) != 4 and found.shape != (width,):
            raise InputError(f"{where}: {found.origin} has shape {found.shape} where ({width},) fits its layer")
    return entries


def _convolutions(state: State) -> list[str]:
    return [key.removesuffix(".weight") for key, t in state.items() if key.endswith(".weight") and len(t.shape) == 4]


def _batch_norms(state: State) -> list[str]:
    return [key.removesuffix(".running_mean") for key in state if key.endswith(".running_mean")]


def _shape(state: State, stem: str) -> tuple[int, ...]:
    return state[f"{stem}.weight"].shape


def _orders(state: State) -> list[State]:
    """Return the state in the orders to try: the file's, and that of the names.

    Some containers sort their names as text, layer10 before layer2; that order says nothing, so it comes last.
    """
    by_name = {key: state[key] for key in sorted(state, key=natural)}
    stems = _convolutions(state)
    return [by_name, state] if stems == sorted(stems) else [state, by_name]


def _long_orders(state: State) -> list[State]:
    """Return the orders to try that have more than one convolution."""
    return [order for order in _orders(state) if len(_convolutions(order)) > 1]


def _fault(state: State) -> str:
    """Say what keeps the convolutions, in this order, from being a DCGAN's; "" if nothing does."""
    stems = _convolutions(state)
    for i, stem in enumerate(stems):
        shape, known = _shape(state, stem), (3, 4) if i else (4,)
        if shape[2] != shape[3] or shape[2] not in known or 0 in shape:
            sizes = " and ".join(map(str, known))
            return f"{printable(stem)}.weight has shape {shape}; in layer {i} of a DCGAN, kernels of {sizes} are known"
    for a, b in pairwise(stems):
        gives, takes = _shape(state, a)[1], _shape(state, b)[0]
        if gives != takes:
            return f"{printable(b)}.weight takes {takes} channels where {printable(a)}.weight gives {gives}"
    gives = _shape(state, stems[-1])[1]
    return "" if gives in _COLOURS else f"{printable(stems[-1])}.weight, the last, gives {gives} channels, not 3 or 1"


def _places(state: State, where: str) -> list[int]:
    """Find the layer that each batch norm follows; the last layer has none."""
    stems, norms = _convolutions(state), _batch_norms(state)
    widths = [(_shape(state, stem)[1],) for stem in stems[:-1]]
    sizes = [state[f"{norm}.running_mean"].shape for norm in norms]
    known = {*stems, *norms}
    parts = [stem for stem in dict.fromkeys(key.rpartition(".")[0] for key in state) if stem in known]
    before = dict(zip(parts[1:], parts, strict=False))
    places = [stems.index(before[norm]) if before.get(norm) in stems[:-1] else -1 for norm in norms]
    if all(i >= 0 and widths[i] == size for i, size in zip(places, sizes, strict=True)):
        return places
    first = _fit(sizes, widths)
    last = [len(widths) - 1 - i for i in _fit(sizes[::-1], widths[::-1])][::-1]
    if len(first) < len(sizes):
        raise InputError(f"{where}: its batch norms, of sizes {sizes}, do not fit its layers, of widths {widths}")
    if first != last:
        raise InputError(f"{where}: which layers its {len(norms)} batch norms follow cannot be told from their sizes")
    return first


def _fit(sizes: Sequence[tuple[int, ...]], widths: Sequence[tuple[int, ...]]) -> list[int]:
    """Give each size in turn the first width behind the former's that equals it; stop where there is none."""
    places: list[int] = []
    for size in sizes:
        start = places[-1] + 1 if places else 0
        if size not in widths[start:]:
            break
        places.append(widths.index(size, start))
    return places
