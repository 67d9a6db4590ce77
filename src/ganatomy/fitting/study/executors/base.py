"""What a place where runs are made is: one small seam, and several executors behind it.

An executor makes pieces of work in processes of its own and yields each as it finishes:

    for job, result in executor.as_completed(work, jobs):     result: what work(job) returned, or LostJob(reason)

`work` is a function that a fresh process can import, jobs and results can be pickled, and jobs are drawn only when
there is room for them, so memory holds what is in flight and no more. Results come in no particular order. A process
that dies takes one job with it, which is made again; a job that was lost `RETRIES + 1` times is given up. Leaving the
loop early stops what is in flight, and is done when that has ended.

While results are waited for, `told(job, share)`, a third argument, is called by the same thread every `LOOK` seconds or
so for each job under way, with the share of it that its work has reported (see `reports`), 0 at first and after it was
lost. Not guaranteed: that every report is told, or that a job is made only once, so it must not change anything
outside.

    local     processes of this machine, of one thread each
    stacked   the same, but runs of one cell are trained at once, on a GPU if there is one
    dask      a cluster of dask.distributed
    choose    which of them is meant
    reports   how far a job is
"""

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ganatomy.errors import InputError

RETRIES = 2
"""How often a job whose process died is made again: once may be chance, three times is the job's own doing."""

LOOK = 0.5
"""Seconds between two looks at how far the jobs under way are."""

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class LostJob:
    """Stands for the result of a job that could not be made."""

    reason: str


class Executor(Protocol[Job, Result]):
    """A place where jobs are made; `width` is how many at once, as far as is known now.

    `shares_disk` says whether its processes see the folders of this one, `device` on which runs are trained, as PyTorch
    calls it.
    """

    @property
    def shares_disk(self) -> bool:
        """Whether its processes see the folders of this one."""
        ...

    @property
    def device(self) -> str:
        """On which runs are trained, as PyTorch calls it."""
        ...

    @property
    def width(self) -> int:
        """How many jobs are made at once."""
        ...

    def as_completed(
        self, work: Callable[[Job], Result], jobs: Iterable[Job], told: Callable[[Job, float], None] = ..., /
    ) -> Generator[tuple[Job, Result | LostJob], None, None]:
        """Make all jobs and yield each with its result, or with `LostJob`, as it finishes."""
        ...

    def close(self) -> None:
        """Let go of what the executor holds."""
        ...


def unheard(job: Any, share: float) -> None:
    """Take note of nothing: what `told` is by default.

    >>> unheard("a job", 0.5)
    """


def check_count(name: str, count: Any, extra: str = "") -> None:
    """Refuse what is no whole number from 1 to 1024.

    >>> check_count("jobs", 0, ", or auto")
    Traceback (most recent call last):
    ganatomy.errors.InputError: `jobs=0`: give a whole number from 1 to 1024, or auto
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1024:
        raise InputError(f"`{name}={count!r}`: give a whole number from 1 to 1024{extra}")


def cores() -> int:
    """Count the processor's cores that this process may use.

    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def described(error: BaseException) -> str:
    r"""Say an exception in one line.

    >>> described(OSError("no room\non the disk"))
    'OSError: no room'
    """
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
