"""Runs on a cluster of dask.distributed that is already there, such as one on SLURM or Kubernetes.

Its workers need this package, in the same version, and nothing else: jobs and results travel as bytes, and no disk is
shared. Give every worker process one thread (`dask worker --nthreads 1`): a process makes one run at a time, whatever
its threads, and with several a run that kills its process is not told from the one that waits behind it. The scheduler
makes the jobs of a dead worker again, `distributed.scheduler.allowed-failures` times (3, if it is not configured).

A scheduler that answers no more, but whose connection stands, is waited for: `SILENCE` seconds, or as many as dask's
configuration says (`DASK_GANATOMY__SCHEDULER_TIMEOUT` in the environment). Not guaranteed: that jobs end; what a worker
may take is not bounded.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

from ganatomy.errors import InputError, require_extra
from ganatomy.fitting.study.executors.base import LOOK, Job, LostJob, Result, described, unheard
from ganatomy.fitting.study.executors.reports import listen
from ganatomy.terminal import tell

ANSWER = 5.0
"""Seconds within which a scheduler must answer at first, and after which one is asked whether it is still there."""

REPORT = 1.0
"""Seconds between two reports of a worker on how far its job is: all of them pass the scheduler."""

SILENCE = 300.0
"""Seconds for which a scheduler that answered before is waited for, unless dask's configuration says otherwise."""


class DaskCluster:
    """An executor (see `base`) that gives jobs to the workers of a cluster.

    Raises:
        InputError: dask is not installed, or no scheduler answers at the address within `ANSWER` seconds.
    """

    shares_disk = False
    device = "cpu"

    def __init__(self, scheduler: str) -> None:
        require_extra("distributed", "dask", "`backend=dask`")
        import distributed

        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it logs is raised here, in a line
        self._dask, self._address = distributed, scheduler
        self._silence = _configured_silence()
        try:
            asyncio.run(_knock(scheduler))
            self._client = distributed.Client(scheduler, timeout=ANSWER, set_as_default=False)
        except Exception as error:  # whatever there is at an address can answer anything
            raise InputError(
                f"no dask scheduler answers at '{scheduler}' within {ANSWER:.0f} s ({described(error)}); "
                f"start one with 'dask scheduler', or correct `scheduler`"
            ) from None
        if not self._workers():
            tell(f"the dask scheduler at {scheduler} has no workers yet; waiting for some")

    @property
    def width(self) -> int:
        """Return how many jobs the workers of now make at once: one a process, whatever their threads."""
        return max(1, self._workers())

    def _workers(self) -> int:
        """Ask the scheduler how many workers there are.

        Raises:
            InputError: it is gone, or answers no more.
        """

        def ask() -> int:
            return len(self._client.scheduler_info(n_workers=-1)["workers"])

        answer = _Answer(ask)
        with contextlib.suppress(queue.Empty):
            return self._told(answer, ANSWER)
        tell(f"the dask scheduler at {self._address} does not answer; waiting up to {self._silence:.0f} s for it")
        with contextlib.suppress(queue.Empty):
            return self._told(answer, self._silence)
        raise InputError(
            f"the dask scheduler at {self._address} has not answered for {self._silence:.0f} s; what is finished is "
            f"kept; see to it, or start another, and the same command goes on"
        )

    def _told(self, answer: "_Answer", seconds: float) -> int:
        try:
            return answer.get(seconds)
        except queue.Empty:
            raise
        except Exception:  # what a client that lost its scheduler says
            raise self._gone() from None

    def as_completed(
        self, work: Callable[[Job], Result], jobs: Iterable[Job], told: Callable[[Job, float], None] = unheard
    ) -> Generator[tuple[Job, Result | LostJob], None, None]:
        """Make all jobs and yield each with its result, or with `LostJob`, as it finishes."""
        stream, sent, topic = iter(jobs), {}, f"ganatomy-{self._client.id}"
        shares: dict[str, float] = {}  # by keys, as workers report them; another thread writes

        def submit(job: Job) -> Any:
            future = self._client.submit(_reporting, work, topic, job, pure=False)
            sent[future.key] = (future, job)
            return future

        def look() -> None:
            for key in shares.keys() & sent.keys():
                told(sent[key][1], shares[key])

        completed = self._dask.as_completed(loop=self._client.loop)
        self._client.subscribe_topic(topic, lambda event: shares.update([event[1]]))
        try:
            while True:
                room = 2 * self.width - len(sent)  # one more for each, so that no worker waits for this process
                completed.update([submit(job) for job in islice(stream, max(room, 0))])
                if not sent:
                    return
                self._wait(completed, look)
                future, job = sent.pop(next(completed).key)
                yield job, self._result(future)
        finally:
            left = [future for future, _ in sent.values()]
            with contextlib.suppress(Exception):
                _Answer(lambda: self._client.cancel(left, force=True)).get(ANSWER)
                self._client.unsubscribe_topic(topic)

    def _wait(self, completed: Any, look: Callable[[], None]) -> None:
        """Wait until a future is finished, seeing meanwhile that the scheduler is there, and how far the jobs are."""
        asked = looked = time.monotonic()
        while not completed.has_ready():
            time.sleep(0.02)
            if time.monotonic() - looked > LOOK:
                look()
                looked = time.monotonic()
            if time.monotonic() - asked > ANSWER:
                self._workers()
                asked = time.monotonic()

    def _result(self, future: Any) -> Any:
        """Return what a finished future holds, or `LostJob`."""
        if future.status == "finished":
            return future.result()
        if future.status != "error":
            raise self._gone()
        error = future.exception()
        if isinstance(error, self._dask.KilledWorker):
            return LostJob("the workers that made it died, one after another; is memory short?")
        return LostJob(described(error))

    def _gone(self) -> InputError:
        return InputError(f"the dask scheduler at {self._address} is gone; the same command goes on with another")

    def close(self) -> None:
        """Leave the cluster as it is, and the scheduler."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=ANSWER)


def _reporting(work: Callable[[Job], Result], topic: str, job: Job) -> Result:
    """Do work in a worker, and let the scheduler pass on what it reports, at most one report in `REPORT` seconds."""
    from distributed import get_worker

    worker, key, told = get_worker(), get_worker().get_current_task(), -REPORT

    def tell(share: float) -> None:
        nonlocal told
        if time.monotonic() - told >= REPORT or share >= 1:
            told = time.monotonic()
            with contextlib.suppress(Exception):  # work goes on if nobody can be told
                worker.log_event(topic, (key, share))

    tell(0.0)
    listen(tell)
    return work(job)


class _Answer:
    """What a call comes to that may never end: it is made by a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._came: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()
        threading.Thread(target=self._make, args=(call,), daemon=True).start()

    def _make(self, call: Callable[[], Any]) -> None:
        try:
            self._came.put((call(), None))
        except Exception as error:
            self._came.put((None, error))

    def get(self, seconds: float) -> Any:
        """Return what the call returned, or raise what it raised; `queue.Empty` if it has not ended in time."""
        result, error = self._came.get(timeout=seconds)
        if error is not None:
            raise error
        return result


def _configured_silence() -> float:
    from dask import config

    given = config.get("ganatomy.scheduler-timeout", SILENCE)
    if not isinstance(given, int | float) or not 0 < given < 1e6:
        raise InputError(f"ganatomy.scheduler-timeout = {given!r} in dask's configuration: give seconds, such as 300")
    return float(given)


async def _knock(scheduler: str) -> None:
    """See that a scheduler answers; a client whose first connection fails would not go without complaints."""
    from distributed import Security
    from distributed.comm.core import connect

    how = Security().get_connection_args("client")  # such as certificates, as dask is configured
    comm = await asyncio.wait_for(connect(scheduler, timeout=ANSWER, **how), ANSWER)  # what is silent is waited for too
    await comm.close()
