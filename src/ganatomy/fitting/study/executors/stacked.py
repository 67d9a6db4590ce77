"""Runs of one cell trained at once, on a GPU if there is one: an executor, and the two halves of its work.

    train_together    R jobs of one cell -> what each left: its losses, what was seen of its snapshots, its last weights
    finish            a job and what it left -> the outcome that `make_run` has: measured, written, drawn

A *stack* of jobs is trained by one process, which does nothing else; what it left is finished by processes of one
thread each, a run a process, while the next stack is being trained. So the device waits for no picture, and a run that
cannot be measured or drawn fails alone. Each run is the run that `fit` makes with its seed, up to rounding: see
`ganatomy.fitting.training.batched`. It says *together* with how many it was trained, itself included, and its `seconds`
are its share: those of the stack, until the run ended, over R.

What a kill costs: a run is kept once it is finished. Killed, the stack in training and the runs of the former one that
are not finished are made again. A stack that raises fails as a whole. Memory holds the snapshots, as arrays, of two
stacks, and in the process that trains one the points of each of its runs, R (N + M) D numbers, since each seed has its
own. Written for a GPU and not measured on one.

Shapes: `R` runs, `T` iterations, `S` snapshots, `n` points of one, `D` data, `g` points of the grid.
"""

import functools
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from ganatomy.execution import choose_device, use_threads
from ganatomy.fitting.run.fit import MeasuredFit
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.look import Look, look
from ganatomy.fitting.run.plan import PlannedFit
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.study.executors.base import LostJob, check_count, unheard
from ganatomy.fitting.study.executors.local import LocalProcesses
from ganatomy.fitting.study.executors.reports import report
from ganatomy.fitting.study.job import Job, Outcome, carry_out
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.targets import Parts
from ganatomy.fitting.training.batched import BatchedTrainer
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.players import SHAPED, optimizer_class

Weights = Mapping[str, np.ndarray]


class _OfCell(Protocol):
    @property
    def cell(self) -> Cell: ...


_Piece = TypeVar("_Piece", bound=_OfCell)


@dataclass(frozen=True)
class Training:
    """What the training of a run left; no tensors, which would be sent as memory that ends with its process.

    Attributes:
        losses: of the iterations that it made, (T, 3).
        seen: of its snapshots, by their epochs.
        weights: of generator and discriminator at the end; None if it diverged.
        diverged: how; "" if it did not.
        seconds: its share of the training time.
        device: on which it was trained.
        together: R.
    """

    losses: np.ndarray
    seen: Mapping[int, Look]
    weights: tuple[Weights, Weights] | None
    diverged: str
    seconds: float
    device: str
    together: int


def train_together(jobs: Sequence[Job], device: str = "cpu") -> list[Training]:
    """Train the runs of R jobs of one cell, that differ in nothing but their seeds and the points of these.

    Raises:
        InputError: as `BatchedTrainer`, or an objective's own mistake.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> recipe = {"generator": {"hidden": [8], "normalization": "none"}, "epochs": 2}
    >>> points = np.random.default_rng(0).normal(size=(600, 2))
    >>> runs = plan_study(points, recipe=recipe, objectives=["gan"], optimizers=["sgd"], seeds=[0, 1]).runs
    >>> jobs = [Job(run) for run in runs]
    >>> left = train_together(jobs)
    >>> left[1].losses.shape, list(left[1].seen), left[1].seen[2][0].shape
    ((4, 3), [0, 1, 2], (87, 2))
    """
    first, count = jobs[0], len(jobs)
    given = [job.run.target.parts(job.seed) for job in jobs]
    with use_threads(1):
        points = np.stack([parts.train.points for parts in given])
        batch = BatchedTrainer(points, first.recipe, [job.seed for job in jobs], device, first.run.objective)
        models, going = batch.snapshots(), list(range(count))
        seen = [{0: found} for found in _looks(models, jobs, given, device).values()]  # nothing has diverged yet
        losses, seconds = [], np.zeros(count)
        started = time.perf_counter()
        for epoch in batch:
            parts = epoch.losses.discriminator, epoch.losses.generator, epoch.losses.penalty
            losses.append(torch.stack(parts, dim=-1).numpy())  # (iterations of the epoch, R, 3)
            seconds[going] += (time.perf_counter() - started) / count
            report(epoch.number / first.recipe.epochs)
            going = [r for r in going if r not in epoch.diverged]
            if epoch.snapshots:
                models = epoch.snapshots
                for r, found in _looks(models, jobs, given, device).items():
                    seen[r][epoch.number] = found
            started = time.perf_counter()

    def left(r: int) -> Training:
        ended, how = batch.diverged.get(r, (None, ""))
        made = np.concatenate([part[:, r] for part in losses])[: None if ended is None else ended - 1]
        model = None if how else models[r]
        weights = None if model is None else (_weights(model.generator), _weights(model.discriminator))
        return Training(made, seen[r], weights, how, float(seconds[r]), device, count)

    return [left(r) for r in range(count)]


def _looks(
    models: Sequence[FittedGAN | None], jobs: Sequence[Job], parts: Sequence[Parts], device: str
) -> dict[int, Look]:
    """Look at the models of a stack where they were trained: a grid of 10,000 points is work for a processor."""
    found = {}
    for r, (model, job, part) in enumerate(zip(models, jobs, parts, strict=True)):
        if model is not None:
            model.generator.to(device)
            model.discriminator.to(device)
            found[r] = look(model, part.test.points, job.seed)
    return found


def _weights(network: nn.Module) -> Weights:
    return {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}


def finish(made: tuple[Job, Training]) -> Outcome:
    """Measure, write and draw a run that was trained in a stack, as `make_run` does its own.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> recipe = {"generator": {"hidden": [8], "normalization": "none"}, "epochs": 2}
    >>> points = np.random.default_rng(0).normal(size=(600, 2))
    >>> runs = plan_study(points, recipe=recipe, objectives=["gan"], optimizers=["sgd"], seeds=[0, 1]).runs
    >>> jobs = [Job(run) for run in runs]
    >>> outcome = finish((jobs[1], train_together(jobs)[1]))
    >>> outcome.record["status"], outcome.record["together"], "animation.gif" in outcome.files
    ('finished', 2, True)
    """
    job, trained = made
    where = {"device": trained.device, "together": trained.together}

    def make(path: Path) -> None:
        with use_threads(1):
            plan, folder = job.run.fit, RunFolder(path)
            replay = _Replay(plan, trained)
            replay.where.update(where)
            with plan.claim(folder):
                replay.write(folder, plan.fingerprint, language=job.language)

    return carry_out(job, make, seconds=trained.seconds, **where)


class _Replay(MeasuredFit):
    """A fit whose training happened elsewhere, and is told to it iteration by iteration."""

    def __init__(self, plan: PlannedFit, trained: Training) -> None:
        super().__init__(plan)
        self._trained = trained
        self.history.seconds = trained.seconds

    def train(self, save: Callable[[], None] | None = None) -> Run:
        """Take up what happened; there is nothing to save, since nothing would be lost."""
        trained, length = self._trained, self.trainer.iterations_an_epoch
        self.begin(trained.seen[0])
        for iteration, losses in enumerate(trained.losses.tolist(), 1):
            epoch, ended = -(-iteration // length), iteration % length == 0
            self.take(iteration, epoch, losses, trained.seen.get(epoch) if ended else None)
        if trained.weights is None:
            raise Diverged(trained.diverged)
        model = self.trainer.snapshot()
        for network, weights in zip((model.generator, model.discriminator), trained.weights, strict=True):
            network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self.end(model)


class Stacked:
    """Trains up to `width` seeds of a cell at once on a device, and finishes each run in one of some processes.

    Raises:
        InputError: no such device here, or a width that is no whole number from 1 to 1024.

    >>> executor = Stacked("cpu", 8, LocalProcesses(2))
    >>> executor.device, executor.width
    ('cpu', 8)
    """

    shares_disk = True

    def __init__(self, device: str, width: int, processes: LocalProcesses) -> None:
        check_count("together", width)
        self.device, self.width, self._processes = str(choose_device(device)), width, processes

    def as_completed(
        self, work: Callable[[Job], Outcome], jobs: Iterable[Job], told: Callable[[Job, float], None] = unheard
    ) -> Generator[tuple[Job, Outcome | LostJob], None, None]:
        """Make the jobs of a study and yield each with its outcome, or with `LostJob`, as it is finished.

        `work` makes those that no stack can: one by one, on the processor, at the end. Jobs are drawn all at once,
        since a plan has those of a cell far apart; they share what their points are split from.
        """
        jobs = list(jobs)
        alone = [job for job in jobs if _mixes(job)]
        together = stacks([job for job in jobs if not _mixes(job)], self.width)
        train = functools.partial(train_together, device=self.device)
        trainer = LocalProcesses(1)

        def told_together(stack: Sequence[Job], share: float) -> None:
            for job in stack:
                told(job, share)

        def told_finishing(made: tuple[Job, Training], share: float) -> None:
            told(made[0], 1.0)
            trainer.look()

        # A process of its own, so that one that is short of memory takes no more along than its stack. It begins with
        # the next stack before this one's result is looked at.
        with closing(trainer.as_completed(train, together, told_together)) as stream:
            for stack, result in stream:
                if isinstance(result, LostJob):
                    others = f"; so ended all {len(stack)} runs that were trained at once; try a smaller `together`"
                    yield from ((job, LostJob(result.reason + (others if len(stack) > 1 else ""))) for job in stack)
                    continue
                left = zip(stack, result, strict=True)
                with closing(self._processes.as_completed(finish, left, told_finishing)) as finished:
                    yield from ((job, outcome) for (job, _), outcome in finished)
        yield from self._processes.as_completed(work, alone, told)

    def close(self) -> None:
        """Do nothing: processes end with the loop."""


def _mixes(job: Job) -> bool:
    """Tell whether a run must be trained alone.

    So it is if a player's optimizer looks at whole tensors, which in a stack are of several runs, or if the objective
    gives a penalty or a network, which are written for one run.
    """
    players = job.recipe.generator, job.recipe.discriminator
    if job.run.objective is not None and job.run.objective.parts:
        return True
    return any(optimizer_class(player.optimizer.name).__name__ in SHAPED for player in players)


def stacks(jobs: Iterable[_Piece], width: int) -> list[list[_Piece]]:
    """Part jobs into stacks of one cell and at most `width` runs: a first one of every cell, then the second ones.

    >>> from types import SimpleNamespace as Named
    >>> jobs = [Named(cell=cell, seed=seed) for seed in range(3) for cell in ("gan", "wgan")]
    >>> [[(job.cell, job.seed) for job in stack] for stack in stacks(jobs, 2)]
    [[('gan', 0), ('gan', 1)], [('wgan', 0), ('wgan', 1)], [('gan', 2)], [('wgan', 2)]]
    """
    cells: dict[Cell, list[_Piece]] = {}
    for job in jobs:
        cells.setdefault(job.cell, []).append(job)
    parted = ([runs[k : k + width] for k in range(0, len(runs), width)] for runs in cells.values())
    return [stack for rank in zip_longest(*parted) for stack in rank if stack]
