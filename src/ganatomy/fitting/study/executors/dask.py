"""Runs on a cluster of dask.distributed that is already there, such as one on SLURM or Kubernetes.

Its workers need this package, in the same version, and nothing else: jobs and results travel as bytes, and no disk is
shared. Give every worker process one thread (`dask worker --nthreads 1`): a process makes one run at a time, whatever
its threads, and with several a run that kills its process is not told from the one that waits behind it. The scheduler
makes the jobs of a dead worker again, `distributed.scheduler.allowed-failures` times (3, if it is not configured).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

from ganatomy.errors import InputError, require_extra
from ganatomy.fitting.study.executors.base import Job, LostJob, Result, described
from ganatomy.terminal import tell

ANSWER = 5.0
"""Seconds within which a scheduler must answer."""


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
        try:
            asyncio.run(_knock(scheduler))
            self._client = distributed.Client(scheduler, timeout=ANSWER, set_as_default=False)
        except Exception as error:  # whatever there is at an address can answer anything
            raise InputError(
                f"no dask scheduler answers at '{scheduler}' within {ANSWER:.0f} s ({described(error)}); "
                f"start one with 'dask scheduler', or correct `scheduler`"
            ) from None
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            tell(f"the dask scheduler at {scheduler} has no workers yet; waiting for some")

    @property
    def width(self) -> int:
        """Return how many jobs the workers of now make at once: one a process, whatever their threads."""
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def as_completed(
        self, work: Callable[[Job], Result], jobs: Iterable[Job]
    ) -> Generator[tuple[Job, Result | LostJob], None, None]:
        """Make all jobs and yield each with its result, or with `LostJob`, as it finishes."""
        stream, sent = iter(jobs), {}

        def submit(job: Job) -> Any:
            future = self._client.submit(work, job, pure=False)
            sent[future.key] = (future, job)
            return future

        completed = self._dask.as_completed(loop=self._client.loop)
        try:
            while True:
                room = 2 * self.width - len(sent)  # one more for each, so that no worker waits for this process
                completed.update([submit(job) for job in islice(stream, max(room, 0))])
                if not sent:
                    return
                future, job = sent.pop(next(completed).key)
                yield job, self._result(future)
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel([future for future, _ in sent.values()], force=True)

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


async def _knock(scheduler: str) -> None:
    """See that a scheduler answers; a client whose first connection fails would not go without complaints."""
    from distributed.comm.core import connect

    comm = await asyncio.wait_for(connect(scheduler, timeout=ANSWER), ANSWER)  # what is silent is waited for as well
    await comm.close()
