"""Where and how a run is executed: the device, the threads, and what an interrupt does."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ganatomy.errors import InputError


def choose_device(name: str) -> torch.device:
    """Find the device with a name, or say why it cannot be used.

    Raises:
        InputError: no such device in PyTorch, or none on this machine.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"device '{name}' cannot be used here ({reason}); use cpu or auto") from None
    return device


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Use that many threads of the processor, and restore the former number afterwards.

    Raises:
        InputError: not a whole number from 1 to 1024.

    >>> with use_threads(1):
    ...     torch.get_num_threads()
    1
    """
    if not isinstance(count, int) or not 1 <= count <= 1024:
        raise InputError(f"threads = {count!r}: give a whole number from 1 to 1024")
    former = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(former)


@contextmanager
def deferred_interrupts(wanted: bool) -> Iterator[threading.Event]:
    """Turn a first Ctrl-C or SIGTERM into an event, so that the step under way is finished; a second one is obeyed."""
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
