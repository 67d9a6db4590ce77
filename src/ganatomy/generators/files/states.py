"""The state dictionaries in a checkpoint's tree.

A *state* maps text to tensors. Training code keeps several in one file, nested under names of its own, pickles whole
networks, or wraps them (`module.` in front of every key). `states` finds them all and puts the one that a user wants
first: of a generator the averaged copy, which makes the better pictures. A pickled network also says how it was set
up, in plain attributes; they are its state's `settings`. Each node of the tree is visited once, so that cycles and
repetitions cost nothing; a network's parts are visited once for each network that has them. All that is visited is
drawn from the budget before, a tensor as often as layouts may look at it, and a long name as several objects.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable
from ganatomy.generators.files.inert import Stub
from ganatomy.generators.files.stored import Entry

# Lower case. Averaged generators before plain ones before names that say nothing.
PREFERRED = (
    *("generator_smooth", "avgg", "g_ema", "generator_ema", "netg_ema", "ema", "params_ema"),
    *("generator", "netg", "netg_state_dict", "generator_state_dict", "g_state_dict", "g", "gen", "state_dict"),
    *("model_state_dict", "model", "params", "weights", "net"),
)
_WRAPPERS = ("module.", "_orig_mod.")  # DataParallel and torch.compile
_TENSOR = 25  # objects that a tensor of a state counts for: each layout looks at its name, some more than once
_LETTERS = 64  # of a name that count as one more object
_HUGE = 1 << 60  # what no attribute is; printing or dividing such a number can fail
_NUMBERS = ("f8", "f4", "i8", "i4", "b1")  # numpy's, among attributes


class Tensor(Protocol):
    """A tensor that is still in its file."""

    @property
    def dtype(self) -> str:
        """Its type, by numpy's name or bfloat16."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    def read(self) -> np.ndarray:
        """Read its numbers."""
        ...


State = Mapping[str, Tensor]
Setting = None | bool | int | float | str


class Network(dict[str, Tensor]):
    """A state that also knows the plain attributes of the network it is of, by dotted name as its tensors."""

    def __init__(self, tensors: State = MappingProxyType({}), settings: Mapping[str, Setting] = MappingProxyType({})):
        super().__init__(tensors)
        self.settings = dict(settings)

    def within(self, prefix: str) -> "Network":
        """Return the part whose names begin with a prefix, without it.

        >>> Network({"G.w": "tensor", "D.w": "other"}, {"G.z_dim": 512}).within("G.").settings
        {'z_dim': 512}
        """

        def cut(items: Mapping[str, Any]) -> dict[str, Any]:
            return {key[len(prefix) :]: value for key, value in items.items() if key.startswith(prefix)}

        return Network(cut(self), cut(self.settings))


def entry(state: State, key: str, where: str) -> Entry:
    """Take a tensor of weights out of a state under its own name.

    Raises:
        InputError: numbers of another kind than floating point.

    >>> import types
    >>> state = {"w": types.SimpleNamespace(dtype="int8", shape=(2, 3), read=lambda: None)}
    >>> entry(state, "w", "a.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: w holds int8, weights are floating-point numbers
    """
    tensor = state[key]
    if not tensor.dtype.startswith(("float", "bfloat")):
        raise InputError(f"{where}: {printable(key)} holds {tensor.dtype}, weights are floating-point numbers")
    return Entry(printable(key), tensor.shape, tensor.read)


def states(tree: Any, meter: Meter) -> Iterator[tuple[str, Network]]:
    """Yield each state in a tree with its place, such as "generator_smooth"; "" is the tree itself.

    Raises:
        InputError: there is more in it than the budget allows.

    >>> import types
    >>> w = types.SimpleNamespace(dtype="float32", shape=(2, 3), read=lambda: None)
    >>> found = states({"epoch": 3, "netG": {"module.0.weight": w}, "avgG": {"module.0.weight": w}}, Meter("a.pth"))
    >>> [(place, list(state)) for place, state in found]
    [('avgG', ['0.weight']), ('netG', ['0.weight'])]
    """
    yield from sorted(_walk(tree, meter), key=lambda found: rank(found[0]))


def rank(place: str) -> int:
    """Say how much a state is preferred, 0 the most, by the names on the way to it.

    >>> rank("generator_smooth"), rank("checkpoint/netG"), rank("backup")
    (0, 8, 20)
    """
    words = [word.lower() for word in place.split("/")]
    return min(PREFERRED.index(word) if word in PREFERRED else len(PREFERRED) for word in words)


class _Path(NamedTuple):
    """The names on the way to a node, linked, so that no node costs the length of its way."""

    above: "_Path | None" = None
    key: str = ""
    depth: int = 0
    letters: int = 0

    def __truediv__(self, key: str) -> "_Path":
        return _Path(self, key, self.depth + 1, self.letters + len(key) + 1)

    def joined(self, separator: str, meter: Meter) -> str:
        """Write the names in a row; the letters count."""
        meter.at_most("nesting", self.depth)
        meter.draw("objects", 1 + self.letters // _LETTERS)
        keys, path = [], self
        while path.above is not None:
            keys.append(path.key)
            path = path.above
        return separator.join(reversed(keys))


def _walk(tree: Any, meter: Meter) -> Iterator[tuple[str, Network]]:
    nodes: deque[tuple[_Path, Any]] = deque([(_Path(), tree)])
    seen, barren = set(), set()
    while nodes:
        path, node = nodes.popleft()
        if id(node) in seen or not isinstance(node, list | tuple | dict | Stub):
            continue
        seen.add(id(node))
        meter.at_most("nesting", path.depth)
        if isinstance(node, list | tuple):
            node = {str(i): value for i, value in enumerate(node[:8])}
        elif isinstance(node, Stub):
            node = _network(node, barren, meter) or node.state
        if not isinstance(node, dict):
            continue
        meter.draw("objects", len(node))
        state = {key: value for key, value in node.items() if isinstance(key, str) and hasattr(value, "read")}
        if state:
            settings = node.settings if isinstance(node, Network) else {}
            yield from _parts(path.joined("/", meter), _unwrapped(Network(state, settings)), meter)
        nodes.extend((path / key, value) for key, value in node.items() if isinstance(key, str) and key not in state)


def _unwrapped(state: Network) -> Network:
    for wrapper in 2 * _WRAPPERS:
        if all(key.startswith(wrapper) for key in state):
            state = state.within(wrapper)
    return state


def _parts(place: str, state: Network, meter: Meter) -> Iterator[tuple[str, Network]]:
    """Yield a state, and the parts of it that belong to networks by the first word of their keys."""
    cost = _TENSOR * (len(state) + sum(map(len, state)) // _LETTERS)
    meter.draw("objects", cost)
    yield place, state
    for word in {key.partition(".")[0]: None for key in state}:
        if word.lower() in PREFERRED:
            meter.draw("objects", cost)
            part = state.within(f"{word}.")
            if part and len(part) < len(state):
                yield "/".join(filter(None, (place, word))), _unwrapped(part)


def _network(stub: Stub, barren: set[int], meter: Meter) -> Network:
    """Return the state of a pickled network: parameters, buffers, and those of the networks in it, with attributes.

    What turns out to have no tensors is put into `barren`, by its id, and is not searched another time.
    """
    found, seen, networks = Network(), set(), deque([(_Path(), stub)])
    while networks:
        path, node = networks.popleft()
        state = node.state if isinstance(node, Stub) else None
        if id(node) in seen or id(node) in barren or not isinstance(state, dict):
            continue
        meter.at_most("nesting", path.depth)
        seen.add(id(node))
        inner, parts = [], [state.get(name) for name in ("_parameters", "_buffers", "_modules")]
        for part in (part for part in parts if isinstance(part, dict)):
            meter.draw("objects", len(part))
            for key, value in ((key, value) for key, value in part.items() if isinstance(key, str)):
                if hasattr(value, "read"):
                    found[(path / key).joined(".", meter)] = value
                else:
                    inner.append((path / key, value))
        meter.draw("objects", len(state))
        for key, value in ((key, _plain(value)) for key, value in state.items() if isinstance(key, str)):
            if isinstance(value, Setting) and not (isinstance(value, int) and abs(value) >= _HUGE):
                found.settings[(path / key).joined(".", meter)] = value
        networks.extendleft(reversed(inner))  # in the order in which torch lists them
    if not found:
        barren |= seen
    return found


def _plain(value: Any) -> Any:
    """Return a number of numpy's as a plain one, and everything else as it is."""
    match value:
        case Stub("numpy._core.multiarray.scalar", (Stub("numpy.dtype", (str(kind), *_)), bytes(data))):
            if kind in _NUMBERS and len(data) == np.dtype(kind).itemsize:
                return np.frombuffer(data, np.dtype(kind).newbyteorder("<"))[0].item()
    return value


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key by which names sort as people count: layer2 before layer10.

    >>> sorted(["layer10", "layer2", "bias"], key=natural)
    ['bias', 'layer2', 'layer10']
    """
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"([0-9]{1,9})", text) if part]
