"""Try a study before it is begun: every cell for a moment, and what the whole will take.

A name that PyTorch does not know, an option that it refuses or an objective that raises is found by one iteration of
each cell, rather than after half of the study. Timed, the same iterations estimate it:

    seconds = (sum over runs of (iterations x t_iteration + snapshots x t_measuring + t_drawing) + floors) / processes

with t_iteration of the run's cell on one thread, and the others of one run of its target. Not guaranteed: that the
processes share the machine without loss, or that those of a cluster are as fast as this machine.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from ganatomy.errors import InputError
from ganatomy.execution import use_threads
from ganatomy.fitting.metrics.yardstick import MEMORIES, RESAMPLES
from ganatomy.fitting.run import pictures
from ganatomy.fitting.run.fit import MeasuredFit
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.look import look
from ganatomy.fitting.run.measured import DRAWS
from ganatomy.fitting.study.plan import PlannedRun
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.trainer import Trainer, iterations_an_epoch

_WARM, _TIMED = 3, 20  # iterations


def try_cells(runs: Sequence[PlannedRun], iterations: int = 1) -> dict[tuple, float]:
    """Train every way that runs train for a few iterations; return seconds an iteration, by cell without its rate.

    Raises:
        InputError: a setting that PyTorch refuses, too few points for a batch, an objective that raises.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> seconds = try_cells(plan_study("ring", objectives=["gan"], optimizers=["sgd", "adam"], lrs=[0.1, 1]).runs)
    >>> [key[1:] for key in seconds]
    [('gan', 'sgd', ''), ('gan', 'adam', '')]
    """
    found: dict[tuple, float] = {}
    with use_threads(1):
        for run in runs:
            key = kind_of(run)
            if key not in found:
                found[key] = _try(run, iterations)
    return found


def _trainer(run: PlannedRun) -> Trainer:
    return run.fit.trainer("cpu")


def kind_of(run: PlannedRun) -> tuple:
    """Return what says how long an iteration of a run takes: its cell without the rate.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> kind_of(plan_study("ring", objectives=["gan"], optimizers=["sgd"]).runs[0])
    ('ring', 'gan', 'sgd', '')
    """
    return run.cell.target, run.cell.objective, run.cell.optimizer, run.cell.variant


def _try(run: PlannedRun, iterations: int) -> float:
    """Train for some iterations, of which all but the first few count."""
    warm = min(_WARM, iterations - 1)
    try:
        steps = iter(_trainer(run))
        for _ in islice(steps, warm):
            pass
        started = time.perf_counter()
        count = sum(1 for _ in islice(steps, iterations - warm))
    except InputError:
        raise
    except Diverged:
        return 0.0
    except Exception as error:  # an objective may be anybody's
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise InputError(f"{run.cell.label} cannot be trained: {type(error).__name__}: {reason}") from None
    return (time.perf_counter() - started) / max(count, 1)


def longest_first(runs: Sequence[PlannedRun], seconds: Mapping[tuple, float]) -> list[PlannedRun]:
    """Order the runs of each seed so that those that take longest begin first, and processes end together.

    Args:
        runs: seed by seed, which stays.
        seconds: that `try_cells` returned.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> runs = plan_study("ring", objectives=["gan", "wgan-gp"], optimizers=["sgd"], seeds=[1, 0]).runs
    >>> ordered = longest_first(runs, {kind_of(run): len(run.cell.objective) for run in runs})
    >>> [(run.cell.objective, run.seed) for run in ordered]
    [('wgan-gp', 1), ('gan', 1), ('wgan-gp', 0), ('gan', 0)]
    """
    turn = {seed: k for k, seed in enumerate(dict.fromkeys(run.seed for run in runs))}
    return sorted(runs, key=lambda run: (turn[run.seed], -training(run, seconds)))


def training(run: PlannedRun, seconds: Mapping[tuple, float]) -> float:
    """Expect seconds of a run's training, from those of an iteration that `try_cells` returned.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> run = plan_study("ring", objectives=["gan"], optimizers=["sgd"], train_size=7000, epochs=10).runs[0]
    >>> training(run, {kind_of(run): 0.001})  # of 27 iterations an epoch
    0.27
    """
    trained = len(run.target.parts(run.seed).train.points)
    return seconds[kind_of(run)] * run.recipe.epochs * iterations_an_epoch(trained, run.recipe)


def estimate(runs: Sequence[PlannedRun], processes: int) -> float:
    """Estimate the seconds that runs take on so many processes.

    Raises:
        InputError: as `try_cells`.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> tiny = {"generator": {"hidden": [8], "normalization": "none"}, "batch_size": 100, "snapshots": 2}
    >>> plan = plan_study("ring", recipe=tiny, objectives=["gan"], optimizers=["sgd"], seeds=[0], epochs=2)
    >>> 0 < estimate(plan.runs, 2) < 60
    True
    """
    iterations = try_cells(runs, _WARM + _TIMED)
    measuring: dict[str, tuple[float, float]] = {}
    total = 0.0
    with use_threads(1):
        for run in runs:
            name = run.cell.target
            if name not in measuring:
                measuring[name] = _time_measuring(run)
            once, drawing = measuring[name]
            trainer = _trainer(run)
            snapshots = len(trainer.snapshot_epochs)
            total += trainer.iterations * iterations[kind_of(run)] + (snapshots + DRAWS) * once + drawing
    for (name, _), cells in Counter((run.cell.target, run.seed) for run in runs).items():
        total += min(cells, processes) * (RESAMPLES + MEMORIES) * measuring[name][0]  # of a seed, once a process
    return total / max(1, min(processes, len(runs)))


def _time_measuring(run: PlannedRun) -> tuple[float, float]:
    """Time measuring a snapshot, and drawing a run as if it had stood still."""
    measured = MeasuredFit(run.fit)
    trainer = measured.trainer
    model, history = trainer.snapshot(), measured.history
    samples, field = look(model, measured.heldout, seed=0)
    started = time.perf_counter()
    metrics = measured.yardstick.value(samples)
    once = time.perf_counter() - started
    history.add_losses(1, 1, 0.0, 0.0, 0.0)
    for epoch in trainer.snapshot_epochs:
        history.add_snapshot(epoch, samples, field, metrics)
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(place)
        started = time.perf_counter()
        pictures.draw_run(folder, model, history, measured.heldout, measured.yardstick.floor, run.seed)
        return once, time.perf_counter() - started
