"""How a run is executed: on how many threads, and what an interrupt does."""

import numbers
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ganatomy.errors import InputError


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Use that many threads of the processor, and restore the former number afterwards.

    Raises:
        InputError: not a whole number from 1 to 1024.

    >>> with use_threads(1):
    ...     torch.get_num_threads()
    1
    """
    if not isinstance(count, numbers.Integral) or not 1 <= count <= 1024:
        raise InputError(f"threads = {count!r}: give a whole number from 1 to 1024")
    former = torch.get_num_threads()
    torch.set_num_threads(int(count))
    try:
        yield
    finally:
        torch.set_num_threads(former)


@contextmanager
def deferred_interrupts(wanted: bool) -> Iterator[threading.Event]:
    """Turn a first Ctrl-C or SIGTERM into an event, so that the step under way is finished; a second one is obeyed.

    Nothing is changed when not wanted, or outside the main thread, where signals do not arrive.

    >>> with deferred_interrupts(True) as interrupted:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupted.is_set()
    True
    """
    event = threading.Event()
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield event
        return

    def notice(number: int, frame: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    former = {number: signal.signal(number, notice) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
