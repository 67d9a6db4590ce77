"""Runs in processes of this machine, of one thread each (an executor, see `base`)."""

import contextlib
import ctypes
import functools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace
from typing import Any

from ganatomy.errors import InputError
from ganatomy.fitting.study.executors.base import LOOK, RETRIES, Job, LostJob, Result, check_count, described, unheard
from ganatomy.fitting.study.executors.reports import listen


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
        check_count("jobs", width, ", or auto")
        if getattr(multiprocessing.current_process(), "_inheriting", False):  # set while a fresh process imports it
            raise InputError(
                'processes of a study import the script: let it begin one under if __name__ == "__main__": only'
            )
        self.width = width
        self.look: Callable[[], None] = lambda: None
        """Tells how far the jobs under way are, for who waits for others meanwhile."""

    def as_completed(
        self, work: Callable[[Job], Result], jobs: Iterable[Job], told: Callable[[Job, float], None] = unheard
    ) -> Generator[tuple[Job, Result | LostJob], None, None]:
        """Make all jobs and yield each with its result, or with `LostJob`, as it finishes.

        Raises:
            InputError: the first process ended before it could begin, as all others would.
        """
        fresh = ((job, 0) for job in jobs)
        again: deque[tuple[Job, int]] = deque()
        processes: set[_Process] = set()
        running: dict[Future, tuple[_Process, Job, int]] = {}
        begun = False

        def look() -> None:
            for process, job, _ in running.values():
                told(job, process.share)

        def start(process: _Process) -> None:
            processes.add(process)
            following = again.popleft() if again else next(fresh, None)
            if following is None:
                stop(process)
            else:
                running[process.submit(work, following[0])] = (process, *following)
                told(following[0], 0.0)

        def stop(process: _Process) -> None:
            processes.discard(process)
            process.stop()
            process.join()

        self.look = look
        try:
            for _ in range(self.width):
                start(_Process())
            while running:
                ended = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED).done
                look()
                for future in ended:
                    process, job, losses = running.pop(future)
                    error = future.exception()
                    died = isinstance(error, BrokenProcessPool | KeyboardInterrupt | SystemExit)
                    begun = begun or not died or process.began()
                    if not begun:
                        raise InputError(
                            "the first process ended before it could begin. It imports the script: let that call this "
                            'under if __name__ == "__main__": only. If it does, memory may be short: try fewer `jobs`'
                        )
                    if died:
                        stop(process)
                        process = _Process()
                        if losses < RETRIES:
                            again.append((job, losses + 1))
                    start(process)  # before the result is looked at, so that no process waits for that
                    if error is None:
                        yield job, future.result()
                    elif not died:
                        yield job, LostJob(described(error))
                    elif losses == RETRIES:
                        yield job, LostJob(f"its process died {RETRIES + 1} times; is memory short?")
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
        try:
            self._share: Any = context.RawValue(ctypes.c_double)
        except OSError:  # no room for shared memory: then the process reports to itself
            self._share = SimpleNamespace(value=0.0)
        starting = {"initializer": _live, "initargs": (self._end, self._share)}
        self._pool = ProcessPoolExecutor(1, mp_context=context, **starting)

    @property
    def share(self) -> float:
        """How much of its job is done, as the job's work reports it."""
        return self._share.value

    def submit(self, work: Callable[[Job], Any], job: Job) -> Future:
        self._share.value = 0.0
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
    mask = None
    if hasattr(signal, "pthread_sigmask"):  # a mask is inherited, a handler is not
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if former is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = former
        if mask is not None:  # last: a Ctrl-C that waited is raised here
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _live(end: Any, share: Any) -> None:
    """Begin a process, and say so: it ends when the other end of the pipe is closed, whatever it is doing.

    What its work reports is written into memory that both processes see, so that it waits for nobody.
    """
    end.send(None)
    listen(functools.partial(setattr, share, "value"))

    def watch() -> None:
        with contextlib.suppress(OSError, EOFError):
            end.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
