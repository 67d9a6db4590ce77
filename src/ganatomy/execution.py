"""How work is executed: on which device and how many threads, by which kernels, and what an interrupt does.

PyTorch has two libraries that multiply float32 matrices on the processor: its matrix library (MKL), which on some
processors with AVX-512 has AVX2 kernels only, and oneDNN, which has them for all and is up to twice as fast there.
PyTorch asks oneDNN only where it may round the factors to bfloat16; where a processor has no such product of float32
matrices, oneDNN rounds nothing and just multiplies. Whether that is so is tried out. Guaranteed: products of float32,
in whatever order their sums are taken. Not guaranteed: the same last digits as without, nor any gain.
"""

import numbers
import platform
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import torch

from ganatomy.errors import InputError, unknown


def choose_device(name: str | torch.device) -> torch.device:
    """Find the device with a name, or say why it cannot be used.

    Raises:
        InputError: no such device in PyTorch, or none on this machine.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = str(name).partition(":")[0]
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise unknown("device", str(name), ["auto", "cpu", "cuda", "mps", "xpu"])
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


_SETTING: Any = getattr(torch.backends.mkldnn, "matmul", None)  # of PyTorch 2.9 and later


@contextmanager
def swift_products() -> Iterator[None]:
    """Let oneDNN multiply float32 matrices on the processor, if it does so without rounding them.

    >>> x = torch.full((64, 64), 1 + 2**-20)
    >>> with swift_products():
    ...     torch.equal(x @ torch.eye(64), x)
    True
    """
    if not _exact():
        yield
        return
    with _allowed():
        yield


@contextmanager
def _allowed() -> Iterator[None]:
    former = _SETTING.fp32_precision
    _SETTING.fp32_precision = "bf16"
    try:
        yield
    finally:
        _SETTING.fp32_precision = former


@cache
def _exact() -> bool:
    """Try whether oneDNN, allowed to round, leaves the 20 bits behind the point that bfloat16 has no room for.

    Small and large products are tried, since it may choose between kernels by size.
    """
    if _SETTING is None or not torch.backends.mkldnn.is_available():
        return False
    with _allowed():
        return all(torch.equal(x @ torch.eye(len(x)), x) for x in (torch.full((n, n), 1 + 2**-20) for n in (64, 512)))


def versions(**more: Any) -> dict[str, Any]:
    """List the versions that a result depends on, and what else is given.

    >>> sorted(versions(folder=2))
    ['folder', 'ganatomy', 'numpy', 'platform', 'python', 'torch']
    """
    return {
        "ganatomy": metadata.version("ganatomy"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(terse=True),
        **more,
    }
