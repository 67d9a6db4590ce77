"""What a pickle's contents become here: plain data, and values that can do nothing.

A `Name` is two words that were never looked up; a `Stub` is an instance of a foreign class, of which only what it was
built from is kept; a `Blob` is a run of bytes that was left in its file. The few calls that plain containers are made
by are answered here (`CONTAINERS`), others become stubs (`INERT`); nothing else can be called. Constraint: making any
of these takes time and memory in proportion to its arguments, whatever they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Classes of plain values that pickles make by a call; they come out as stubs.
INERT = {
    *("builtins.complex", "builtins.slice", "builtins.range", "builtins.bytearray", "builtins.bytes"),
    *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone"),
    *("pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath"),
    *("pathlib._local.PosixPath", "pathlib._local.WindowsPath", "types.SimpleNamespace", "collections.deque"),
    *("numpy.dtype", "numpy._core.multiarray.scalar", "numpy._core.multiarray._reconstruct"),
}
_LONGEST = 500  # letters of a module's or a class's name
_RENAMED = {"copy_reg": "copyreg", "__builtin__": "builtins", "numpy.core.multiarray": "numpy._core.multiarray"}


@dataclass(frozen=True)
class Name:
    """What a pickle calls something by: a module and a name in it. It is text, and is never looked up.

    >>> str(Name("copy_reg", "_reconstructor"))
    'copyreg._reconstructor'
    """

    module: str
    name: str
    dotted: str = field(init=False, repr=False, compare=False)  # one text, however many instances have it for a kind

    def __post_init__(self) -> None:
        if not all(isinstance(word, str) and len(word) <= _LONGEST for word in (self.module, self.name)):
            raise ValueError("a name that is no text, or longer than any")
        object.__setattr__(self, "dotted", f"{_RENAMED.get(self.module, self.module)}.{self.name}")

    def __str__(self) -> str:
        return self.dotted


@dataclass(eq=False, repr=False, slots=True)  # it may hold itself, or as much as a file likes
class Stub:
    """An instance of a foreign class, as data: its arguments, its state, and what was put into it."""

    kind: str
    arguments: tuple = ()
    state: Any = None
    items: list = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Blob:
    """Bytes of a pickle that were not read: `length` of them, from byte `position` of its file."""

    position: int
    length: int

    def __len__(self) -> int:
        return self.length


def instance(kind: Any, arguments: Any, state: Any = None) -> Stub | dict:
    """Make an instance: a plain dictionary, or of everything else a stub.

    >>> instance(Name("collections", "OrderedDict"), ()), instance(Name("subprocess", "Popen"), ("ls",)).kind
    ({}, 'subprocess.Popen')
    """
    if not isinstance(kind, Name) or not isinstance(arguments, tuple):
        raise ValueError("an instance of no class")
    return {} if CONTAINERS.get(str(kind)) is _pairs else Stub(str(kind), arguments, state)


def safe_key(key: Any) -> Any:
    """Return a key whose hash is quick whatever the file says: of nested tuples and huge integers it is not.

    >>> safe_key("a"), safe_key((1, 2)).arguments
    ('a', ((1, 2),))
    """
    simple = key is None or isinstance(key, str | bytes | bool) or (isinstance(key, int) and abs(key) < 1 << 60)
    return key if simple else Stub("key", (key,))


def _pairs(pairs: list | tuple | dict = (), *_: Any) -> dict:
    """Make a dictionary of [key, value] pairs; one that is a dictionary already is taken as it is."""
    return pairs if isinstance(pairs, dict) else {safe_key(key): value for key, value in pairs}


CONTAINERS: Mapping[str, Callable] = {
    "collections.OrderedDict": _pairs,
    "collections.Counter": _pairs,
    "collections.defaultdict": lambda factory=None, pairs=(): _pairs(pairs),
    "builtins.set": lambda values=(): values,
    "builtins.frozenset": lambda values=(): values,
    "_codecs.encode": lambda text, encoding="latin1": text.encode("latin1"),  # how protocol 2 writes bytes
    "copyreg._reconstructor": lambda kind, base=None, state=None: instance(kind, (), state),
    "copyreg.__newobj__": lambda kind, *arguments: instance(kind, arguments),
}
