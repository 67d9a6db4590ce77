"""How far a job is: work says so to whoever began it, if anybody listens.

A worker's thread is given a listener by the executor that it works for, and work calls `report` as it goes. A report is
a number, so that it costs nothing, and changes nothing of what work returns.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ganatomy.progress import Silent

Listener = Callable[[float], None]

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listen(listener: Listener) -> None:
    """Let a listener hear what is reported in this thread from now on.

    >>> listen(print)
    >>> report(0.5)
    0.5
    >>> listen(lambda share: None)
    """
    _LISTENER.set(listener)


def report(share: float) -> None:
    """Say which share of the job of this thread is done, from 0 to 1.

    >>> report(0.5)
    """
    listener = _LISTENER.get()
    if listener is not None:
        listener(share)


class Reported(Silent):
    """Reports the progress of a function's work as the share of a job.

    >>> listen(print)
    >>> progress = Reported()
    >>> with progress.showing(8):
    ...     progress.update(4)
    0.5
    1.0
    >>> listen(lambda share: None)
    """

    _total = 1

    @contextmanager
    def showing(self, total: int, done: int = 0) -> Iterator[None]:
        """Surround the work, after which the share is 1."""
        self._total = total
        yield
        report(1.0)

    def update(self, done: int, text: str = "") -> None:
        """Report how much is done."""
        report(done / self._total)
