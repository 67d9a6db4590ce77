"""Where the runs of a study are made: one small seam, and two backends behind it.

An executor makes pieces of work in processes of its own and yields each as it finishes:

    for job, result in executor.as_completed(work, jobs):     result: what work(job) returned, or Lost(reason)

`work` is a function that a fresh process can import, jobs and results can be pickled, and jobs are drawn only when
there is room for them, so memory holds what is in flight and no more. Results come in no particular order. A process
that dies takes one job with it, which is made again; a job that was lost `LOST + 1` times is given up. Leaving the loop
early stops what is in flight, and is done when that has ended. Not guaranteed: that a job is made once only, so it must
not change anything outside.

- `LocalProcesses`: processes of this machine, of one thread each.
- `ganatomy.fitting.study.executors.stacked.Stacked`: the same, but runs of one cell are trained at once, on a GPU if
there is one. - `ganatomy.fitting.study.executors.dask.DaskCluster`: a cluster of dask.distributed.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ganatomy.errors import InputError, unknown

BACKENDS = ("local", "dask")

TOGETHER = 64
"""How many seeds of a cell are trained at once on a device that is no processor, unless told otherwise."""

LOST = 2
"""How often a job whose process died is made again: once may be chance, three times is the job's own doing."""

Job = TypeVar("Job")


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a job that could not be made."""

    reason: str


class Executor(Protocol):
    """A place where jobs are made; `width` is how many at once, as far as is known now.

    Attributes:
        shares_disk: whether its processes see the folders of this one.
        device: on which runs are trained, as PyTorch calls it.
    """

    shares_disk: bool
    device: str

    @property
    def width(self) -> int:
        """Return how many jobs are made at once."""

    def as_completed(self, work: Callable[[Job], Any], jobs: Iterable[Job]) -> Iterator[tuple[Job, Any]]:
        """Make all jobs and yield each with its result, or with `Lost`, as it finishes."""

    def close(self) -> None:
        """Let go of what the executor holds."""


def choose_executor(
    backend: str = "local",
    jobs: "int | str" = "auto",
    scheduler: str | None = None,
    device: str = "cpu",
    together: int | None = None,
) -> Executor:
    """Return the executor that flags ask for.

    Args:
        backend: one of `BACKENDS`.
        jobs: processes of the local backend; "auto" is one a core.
        scheduler: the address of dask's scheduler, such as tcp://host:8786.
        device: of the local backend: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` is CUDA where there is one.
        together: how many seeds of a cell are trained at once; None is 1 on the processor, `TOGETHER` elsewhere.

    Raises:
        InputError: an unknown backend, a number of jobs that is none, an address that is missing or does not answer,
            a device that is not there, or that is another machine's matter.

    >>> choose_executor(jobs=2).width
    2
    """
    if backend not in BACKENDS:
        raise unknown("backend", str(backend), BACKENDS)
    check_count("together (--together)", 1 if together is None else together)
    if backend == "dask":
        if device != "cpu" or together is not None:
            flag = f"--device {device}" if device != "cpu" else f"--together {together}"
            raise InputError(
                f"{flag} is for --backend local: the workers of a cluster make each run for itself, on their processors"
            )
        if scheduler is None:
            raise InputError("the dask backend needs the scheduler's address: --scheduler tcp://HOST:8786")
        from ganatomy.fitting.study.executors.dask import DaskCluster

        return DaskCluster(scheduler)
    if scheduler is not None:
        raise InputError(f"--scheduler {scheduler} is for --backend dask; leave it out, or name that backend")
    processes = LocalProcesses(cores() if jobs == "auto" else jobs)
    if device != "cpu":
        from ganatomy.execution import choose_device

        device = str(choose_device(device))
    if device == "cpu" and together in (None, 1):
        return processes
    from ganatomy.fitting.study.executors.stacked import Stacked

    return Stacked(device, TOGETHER if together is None else together, processes)


def check_count(name: str, count: Any, extra: str = "") -> None:
    """Refuse what is no whole number from 1 to 1024.

    >>> check_count("jobs (--jobs)", 0, ", or auto")
    Traceback (most recent call last):
    ganatomy.errors.InputError: jobs (--jobs) = 0: give a whole number from 1 to 1024, or auto
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1024:
        raise InputError(f"{name} = {count!r}: give a whole number from 1 to 1024{extra}")


def cores() -> int:
    """Count the processor's cores that this process may use.

    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalProcesses:
    """Processes of this machine, started afresh, with one thread each.

    Every one is a pool of its own: when one dies, exactly the job it had is lost. All of them end within moments of
    this process, however it ends: each waits at a pipe whose other end closes with it.

    Raises:
        InputError: the number of processes is not a whole number from 1 to 1024, or this one is itself being started,
            by a script that does not say `if __name__ == "__main__":`.

    >>> sorted(result for _, result in LocalProcesses(1).as_completed(abs, [-1, -2]))
    [1, 2]
    """

    shares_disk = True
    device = "cpu"

    def __init__(self, width: int) -> None:
        check_count("jobs (--jobs)", width, ", or auto")
        if getattr(multiprocessing.current_process(), "_inheriting", False):  # set while a fresh process imports it
            raise InputError(
                'processes of a study import the script: let it begin one under if __name__ == "__main__": only'
            )
        self.width = width

    def as_completed(self, work: Callable[[Job], Any], jobs: Iterable[Job]) -> Iterator[tuple[Job, Any]]:
        """Make all jobs and yield each with its result, or with `Lost`, as it finishes.

        Raises:
            InputError: the first process ended before it could begin, as all others would.
        """
        fresh = ((job, 0) for job in jobs)
        again: deque[tuple[Job, int]] = deque()
        processes: set[_Process] = set()
        running: dict[Future, tuple[_Process, Job, int]] = {}
        begun = False

        def start(process: _Process) -> None:
            processes.add(process)
            following = again.popleft() if again else next(fresh, None)
            if following is None:
                stop(process)
            else:
                running[process.submit(work, following[0])] = (process, *following)

        def stop(process: _Process) -> None:
            processes.discard(process)
            process.stop()
            process.join()

        try:
            for _ in range(self.width):
                start(_Process())
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    process, job, losses = running.pop(future)
                    error = future.exception()
                    died = isinstance(error, BrokenProcessPool | KeyboardInterrupt | SystemExit)
                    begun = begun or not died or process.began()
                    if not begun:
                        raise InputError(
                            "the first process ended before it could begin. It imports the script: let that call this "
                            'under if __name__ == "__main__": only. If it does, memory may be short: try fewer --jobs'
                        )
                    if died:
                        stop(process)
                        process = _Process()
                        if losses < LOST:
                            again.append((job, losses + 1))
                    start(process)  # before the result is looked at, so that no process waits for that
                    if error is None:
                        yield job, future.result()
                    elif not died:
                        yield job, Lost(described(error))
                    elif losses == LOST:
                        yield job, Lost(f"its process died {LOST + 1} times; is memory short?")
        finally:
            for process in processes:
                process.stop()
            for process in processes:
                process.join()

    def close(self) -> None:
        """Do nothing: processes end with the loop."""


class _Process:
    """A pool of one process, started when it is given its first job."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._end, self._lifeline = context.Pipe()
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_live, initargs=(self._end,))

    def submit(self, work: Callable[[Job], Any], job: Job) -> Future:
        with _quiet_start():
            future = self._pool.submit(work, job)
        self._end.close()  # the process has its own
        return future

    def began(self) -> bool:
        """Tell whether a process that died had begun to work, rather than died of its start."""
        try:
            self._lifeline.recv()
        except (OSError, EOFError):
            return False
        return True

    def stop(self) -> None:
        """Tell the process to end, whatever it is doing."""
        self._end.close()
        self._lifeline.close()

    def join(self) -> None:
        """Wait until a stopped process has ended, and the threads of this one that fed it."""
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Let a process that is started now use one thread, and leave Ctrl-C to this one."""
    former = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # BLAS and OpenMP read it once, when they are loaded
    masking = hasattr(signal, "pthread_sigmask")  # a mask is inherited, a handler is not
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masking else None
    try:
        yield
    finally:
        if former is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = former
        if masking:  # last: a Ctrl-C that waited is raised here
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _live(end: Any) -> None:
    """Begin a process, and say so: it ends when the other end of the pipe is closed, whatever it is doing."""
    end.send(None)

    def watch() -> None:
        with contextlib.suppress(OSError, EOFError):
            end.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def described(error: BaseException) -> str:
    r"""Say an exception in one line.

    >>> described(OSError("no room\non the disk"))
    'OSError: no room'
    """
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
