"""Which executor is meant: the one place that knows them all."""

from ganatomy.errors import InputError, unknown
from ganatomy.execution import choose_device
from ganatomy.fitting.study.executors.base import Executor, check_count, cores
from ganatomy.fitting.study.executors.dask import DaskCluster
from ganatomy.fitting.study.executors.local import LocalProcesses
from ganatomy.fitting.study.executors.stacked import Stacked
from ganatomy.fitting.study.job import Job, Outcome

BACKENDS = ("local", "dask")

TOGETHER = 64
"""How many seeds of a cell are trained at once on a device that is no processor, unless told otherwise."""


def choose_executor(
    backend: str = "local",
    jobs: "int | str" = "auto",
    scheduler: str | None = None,
    device: str = "cpu",
    together: int | None = None,
) -> Executor[Job, Outcome]:
    """Return the executor that is meant.

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
    check_count("together", 1 if together is None else together)
    if backend == "dask":
        if device != "cpu" or together is not None:
            given = f"`device={device}`" if device != "cpu" else f"`together={together}`"
            raise InputError(
                f"{given} is for `backend=local`: workers of a cluster make each run by itself, on their processors"
            )
        if scheduler is None:
            raise InputError("the dask backend needs the address of its scheduler: `scheduler=tcp://HOST:8786`")
        return DaskCluster(scheduler)
    if scheduler is not None:
        raise InputError(f"`scheduler={scheduler}` is for `backend=dask`; leave it out, or name that backend")
    if isinstance(jobs, str) and jobs != "auto":
        check_count("jobs", jobs, ", or auto")
    processes = LocalProcesses(cores() if isinstance(jobs, str) else jobs)
    if device != "cpu":
        device = str(choose_device(device))
    if device == "cpu" and together in (None, 1):
        return processes
    return Stacked(device, TOGETHER if together is None else together, processes)
