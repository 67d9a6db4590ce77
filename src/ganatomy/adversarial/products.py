"""The library that multiplies float32 matrices on the processor.

PyTorch has two: its matrix library (MKL), which on some processors with AVX-512 has AVX2 kernels only, and oneDNN,
which has them for all and is up to twice as fast there. PyTorch asks oneDNN only where it may round the factors to
bfloat16; where a processor has no such product of float32 matrices, oneDNN rounds nothing and just multiplies. Whether
that is so is tried out. Guaranteed: products of float32, in whatever order their sums are taken. Not guaranteed: the
same last digits as without, nor any gain.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

_SETTING = getattr(torch.backends.mkldnn, "matmul", None)  # of PyTorch 2.9 and later


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
