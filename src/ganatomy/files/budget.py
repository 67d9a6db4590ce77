"""What opening a stranger's file may cost, said before anything is allocated or walked.

A `Budget` sets a limit to each kind of cost, far above what any published file needs. Whoever reads a file takes a
`Meter` and draws from it first: the bytes that something unpacks to before it is unpacked, the objects of a pickle as
they come. The meter of a file is exhausted once, for all its parts together; what it then raises says which limit it
was and how to raise it: `GANATOMY_BUDGET="bytes=64G, seconds=600"` in the environment, or `spending(...)` in Python.

Besides, `require_memory` refuses what this machine has no room for now, since a process that asks for more is killed.

Guaranteed: a reader that draws first ends within its budget. Not guaranteed: that a library underneath, asked for an
array of a known size, holds no second copy of it for a moment.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from ganatomy.errors import InputError, unknown
from ganatomy.files.names import printable

VARIABLE = "GANATOMY_BUDGET"
Limit = Literal["bytes", "parameters", "pixels", "objects", "nesting", "seconds", "fetching"]
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SPARE = 1 << 28  # bytes of memory that are left alone


@dataclass(frozen=True)
class Budget:
    """What one file may cost at most.

    Attributes:
        bytes: that are read and unpacked into memory.
        parameters: numbers in all weights of a network; the largest published generators have 2^28.
        pixels: a side of a picture.
        objects: containers, tensors and other things that a file describes.
        nesting: of objects in objects, and of layers in a network.
        seconds: of reading.
        fetching: seconds of bringing the file from elsewhere; what has come by then is kept.

    >>> Budget().pixels
    8192
    """

    bytes: int = 1 << 33
    parameters: int = 1 << 31
    pixels: int = 1 << 13
    objects: int = 4_000_000
    nesting: int = 100
    seconds: int = 120
    fetching: int = 7200


_SET: ContextVar[Budget | None] = ContextVar("budget", default=None)


def budget() -> Budget:
    """Return the budget that is in force: of `spending`, else of the environment, else the default.

    Raises:
        InputError: the variable says something else than limits.

    >>> budget() == Budget()
    True
    """
    return _SET.get() or _read(os.environ.get(VARIABLE, ""))


@contextmanager
def spending(**limits: int) -> Iterator[Budget]:
    """Set limits for the files that are read inside.

    Raises:
        InputError: an unknown limit, or one that is no positive whole number.

    >>> with spending(bytes=1000):
    ...     Meter("a.npz").draw("bytes", 1001)
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.npz needs 1,001 bytes, more than the 1,000 that one file may cost; if you trust ...
    """
    known = [limit.name for limit in fields(Budget)]
    for name, value in limits.items():
        if name not in known:
            raise unknown("limit of a budget", name, known)
        if type(value) is not int or value < 1:
            raise InputError(f"budget {name} = {printable(value)}: give a whole number, 1 or more")
    token = _SET.set(replace(budget(), **limits))
    try:
        yield budget()
    finally:
        _SET.reset(token)


def _read(text: str) -> Budget:
    """Read limits such as "bytes=64G, seconds=600"."""
    limits: dict[str, int] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        name, _, value = word.partition("=")
        if name not in (known := [limit.name for limit in fields(Budget)]):
            raise InputError(f"{VARIABLE}: {unknown('limit', name, known)}")
        number = re.fullmatch(r"([0-9]{1,18})([KMGT]?)(?:iB|B)?", value)
        if number is None or not int(number[1]):
            raise InputError(f"{VARIABLE}: {name}={printable(value, 40)} is no amount; write such as {name}=16G")
        limits[name] = int(number[1]) * _UNITS[number[2]]
    return replace(Budget(), **limits)


class Meter:
    """What is left of the budget for one file.

    Args:
        where: what to call the file in messages.

    >>> meter = Meter("a.pth")
    >>> meter.draw("objects", 3)
    >>> meter.at_most("pixels", 1 << 20)
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth needs 1,048,576 pixels a side, more than the 8,192 that one file may cost; if ...
    """

    def __init__(self, where: object) -> None:
        self.where, self.budget = printable(where, None), budget()
        self._spent: dict[str, int] = {}
        self._ends = time.monotonic() + self.budget.seconds

    def draw(self, limit: Limit, amount: int = 1) -> None:
        """Take an amount from a limit for good, before it is spent; sees to the time as well.

        Raises:
            InputError: no so much is left.
        """
        spent = self._spent[limit] = self._spent.get(limit, 0) + amount
        if spent > getattr(self.budget, limit):
            raise self._refusal(limit, spent)
        self.tick()

    def at_most(self, limit: Limit, amount: int) -> None:
        """See that a single amount, such as a depth or a number of pixels, is within its limit.

        Raises:
            InputError: it is not.
        """
        if amount > getattr(self.budget, limit):
            raise self._refusal(limit, amount)

    def tick(self) -> None:
        """See that there is time left.

        Raises:
            InputError: there is not.
        """
        if time.monotonic() > self._ends:
            raise self._refusal("seconds", self.budget.seconds)

    def _refusal(self, limit: Limit, amount: int) -> InputError:
        most = getattr(self.budget, limit)
        if limit == "seconds":
            cost = f"takes more than the {most:,} seconds"
        elif limit == "nesting":
            cost = f"is nested more than {most:,} deep, the most"
        else:
            words = {"pixels": "pixels a side", "bytes": "bytes"}.get(limit, limit)
            number = f"{amount:,}" if amount < 1 << 64 else "too many"
            cost = f"needs {number} {words}, more than the {most:,}"
        advice = f"if you trust it, set {VARIABLE}={limit}={2 * most} (or more)"
        return InputError(f"{self.where} {cost} that one file may cost; {advice}")


def free_memory() -> int:
    """Return how many bytes of memory this process may still take: what the machine, its container and a limit leave.

    >>> free_memory() > 1 << 20
    True
    """
    import psutil

    free = psutil.virtual_memory().available
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:  # a container's, version 2 or 1; pages of files are given back
            room = int((Path("/sys/fs/cgroup") / limit).read_text()) - int((Path("/sys/fs/cgroup") / used).read_text())
        except (OSError, ValueError):
            continue
        free = min(free, room + _given_back())
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            free = min(free, limit - psutil.Process().memory_info().vms)
    except ImportError:  # on Windows
        pass
    return max(free, 0)


def _given_back() -> int:
    """Return how many bytes of a container's memory are of files, which are dropped when the room is needed."""
    for name in ("memory.stat", "memory/memory.stat"):
        try:
            lines = (Path("/sys/fs/cgroup") / name).read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.split()[0] in ("inactive_file", "active_file"))
        except (OSError, ValueError, IndexError):
            continue
    return 0


def require_memory(nbytes: int, what: str) -> None:
    """See that there is memory for `what`, before it is taken; a few hundred megabytes there always are.

    Raises:
        InputError: there is not.

    >>> require_memory(1 << 60, "a picture of 2^20 pixels a side")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a picture of 2^20 pixels a side needs 1,073,741,824.0 GiB of memory, and ... GiB are ...
    """
    at_once(1, nbytes, what)


def at_once(most: int, nbytes: int, what: str) -> int:
    """Return how many things of `nbytes` each there is memory for at a time, `most` at most.

    Raises:
        InputError: not for one.

    >>> at_once(8, 1 << 20, "a picture")
    8
    """
    if most * nbytes <= _SPARE:
        return most
    free = free_memory()
    room = max(free - _SPARE, _SPARE)
    if nbytes > room:
        needed = f"{min(nbytes, 1 << 80) / (1 << 30):,.1f} GiB"
        raise InputError(
            f"{printable(what, None)} needs {needed} of memory, and {free / (1 << 30):,.1f} GiB are free; close other "
            f"programs, or take less"
        )
    return min(most, room // nbytes)
