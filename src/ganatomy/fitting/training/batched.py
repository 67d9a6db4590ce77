"""Many runs at once: the runs of several seeds by one recipe, trained as one.

    for epoch in train_many(points, recipe="recommended", seeds=range(64), device="cuda"):
        for run in range(64):
            for step in epoch.steps(run):
                ...                                    # what `train(points, recipe=..., seed=run)` would have yielded

A small network leaves a large device idle: what takes the time is starting some 150 operations a step. Here the same
number of operations moves all runs: the players are stacks of networks (see `stacked_networks`) with losses (R,), and
the loop, the objectives, the penalties and the optimizers are those of a single run. Whatever is random in a run is
drawn as in the single run, on the processor, from its own seed. So run r is the single run with that seed: the same
numbers up to rounding, which grows as a training goes on. No run depends on another; one that diverges ends alone.

Not for every optimizer: an update that looks at a whole tensor would mix the runs in it, and is refused. Draws reach
the device once an epoch and losses leave it once an epoch; in between the processor waits for nothing, except for an
objective of one's own, which is watched. Written for a GPU and not timed on one yet; on a processor it gains nothing.

Shapes: `R` runs, `N` points, `B` batch, `D` data, `Z` latent, `n` discriminator steps, `m` points a score,
`T` iterations an epoch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.execution import choose_device
from ganatomy.fitting.objectives.catalogue import Objective
from ganatomy.fitting.objectives.guarded import Guarded
from ganatomy.fitting.objectives.own import AnyObjective, own_objective, resolved
from ganatomy.fitting.points.cloud import check_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import AnyPoints, find_source, named_points
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.training.game import ABSURD, Diverged, Draws, Losses
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.players import SHAPED, optimizer_class
from ganatomy.fitting.training.stacked import stack, unstack
from ganatomy.fitting.training.trainer import Step, Trainer, check, game_of


@dataclass(frozen=True)
class Epoch:
    """One epoch of all runs, counted from 1.

    Attributes:
        number: of the epoch.
        losses: of its iterations, each (T, R), on the processor; those of a run that has diverged say nothing.
        snapshots: a model a run where the recipe asks for them, and None for one that has diverged; empty elsewhere.
        diverged: the runs that have diverged so far, by their places among the seeds: in which iteration, and how.
    """

    number: int
    losses: Losses
    snapshots: Sequence[FittedGAN | None]
    diverged: Mapping[int, tuple[int, str]]

    def steps(self, run: int) -> Iterator[Step]:
        """Yield the steps that a run made in this epoch, as its `Trainer` alone would.

        Raises:
            Diverged: the run did, after these steps or in an earlier epoch.
        """
        columns = [part[:, run] for part in (self.losses.discriminator, self.losses.generator, self.losses.penalty)]
        total = len(columns[0])
        first, last = (self.number - 1) * total + 1, self.number * total
        ended, how = self.diverged.get(run, (last + 1, ""))
        for iteration, row in zip(range(first, min(last + 1, ended)), zip(*columns, strict=True), strict=False):
            snapshot = self.snapshots[run] if self.snapshots and iteration == last else None
            yield Step(iteration, self.number, Losses(*row), snapshot)
        if how:
            raise Diverged(how)


class BatchedTrainer:
    """The state of R training runs, one a seed; iterating over it trains all to their end, an `Epoch` at a time.

    Points (N, D) are those of every run, points (R, N, D) each run's own; of a distribution, each run draws its own by
    its seed. An `objective` is given if the recipe's is not built in; it is to be a function of the scores and of
    nothing else.

    Attributes:
        runs: a `Trainer` for each run, which says its seed, its objective, where it stands and what its epochs draw;
            its networks stay as they began, since they are trained in the stack.
        diverged: as in `Epoch`.

    Raises:
        InputError: whatever `Trainer` refuses; no seeds; not as many sets of points as seeds; an optimizer whose update
            looks at whole tensors; an objective with penalties or networks of its own.
    """

    def __init__(
        self,
        points: AnyPoints,
        recipe: Recipe,
        seeds: Iterable[int],
        device: str | torch.device = "cpu",
        objective: AnyObjective | None = None,
    ) -> None:
        given = list(seeds) if isinstance(seeds, Iterable) else []
        if not given:
            raise InputError(f"`seeds` = {seeds!r}: give a list of one or more whole numbers")
        clouds = _clouds(points, given)
        for player in (recipe.generator, recipe.discriminator):
            if optimizer_class(player.optimizer.name).__name__ in SHAPED:
                raise InputError(
                    f"optimizer '{player.optimizer.name}' looks at whole tensors, in which runs that are trained at "
                    f"once would mix; train them one by one, or take adam"
                )
        own = None if objective is None else own_objective(objective)
        if own is not None and own.parts:
            raise InputError(
                f"objective {own.name} has its own {own.parts[0]}, which sees one run at a time; train them one by one"
            )
        self.recipe = recipe
        self.runs = tuple(Trainer(cloud, recipe, seed, "cpu", own) for cloud, seed in zip(clouds, given, strict=True))
        self.diverged: dict[int, tuple[int, str]] = {}
        self.device = choose_device(device)
        self.game = game_of(
            recipe,
            stack([run.game.generator.network for run in self.runs]),
            stack([run.game.discriminator.network for run in self.runs]),
            _mapped(self.runs[0].objective),
            self.device,
        )

    @property
    def epoch(self) -> int:
        """The number of finished epochs."""
        return self.game.iteration // self.runs[0].iterations_an_epoch

    def __iter__(self) -> Iterator[Epoch]:
        """Train from where the runs stand to their end, or until all have diverged."""
        game, total, ahead = self.game, self.runs[0].iterations, None
        while game.iteration < total and len(self.diverged) < len(self.runs):
            made = [self._make(draws, game.iteration / total) for draws in ahead or self._draw_epoch(self.epoch)]
            # The device is still at work: the next epoch is drawn before the losses of this one are waited for.
            ahead = self._draw_epoch(self.epoch) if game.iteration < total else None
            losses = Losses(*torch.stack(made, dim=1).cpu())
            self._take_up(losses)
            snapshots = self.snapshots() if self.epoch in self.runs[0].snapshot_epochs else ()
            yield Epoch(self.epoch, losses, snapshots, dict(self.diverged))

    def _make(self, draws: Draws, progress: float) -> Tensor:
        """Make one iteration and return its losses (3, R), which are still being computed."""
        losses = self.game.step(draws, progress)
        return torch.stack((losses.discriminator, losses.generator, losses.penalty))

    def _draw_epoch(self, epoch: int) -> list[Draws]:
        """Draw the epoch of each run: real (n, R, B, D), codes (n or n + 1, R, B, Z), shares (n, R, B / m)."""
        drawn = [run.draw_epoch(epoch) for run in self.runs]

        def moved(name: str) -> Tensor:
            whole = torch.stack([torch.stack([getattr(draws, name) for draws in run]) for run in drawn], dim=2)
            # Memory that the system may not move is copied while the processor goes on.
            return whole.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else whole

        shares = moved("shares") if self.recipe.penalties.gradient else len(drawn[0]) * [None]
        return [Draws(*row) for row in zip(moved("real"), moved("codes"), shares, strict=True)]

    def _take_up(self, losses: Losses) -> None:
        """Let each run stand at the end of an epoch, or where it diverged in it, which is said as a single run does."""
        parts = losses.discriminator, losses.generator, losses.penalty
        size = torch.stack(parts).double().abs().sum(0)
        absurd = ~(size < ABSURD)  # (T, R), also where a loss is no number
        for r, run in enumerate(self.runs):
            if r in self.diverged:
                continue
            before, run.game.iteration = run.game.iteration, self.game.iteration
            for t in absurd[:, r].nonzero().flatten().tolist()[:1]:
                run.game.iteration = before + t + 1
                try:
                    check(Losses(*(part[t, r] for part in parts)), run.iteration, self.epoch)
                except Diverged as error:
                    self.diverged[r] = run.iteration, str(error)

    def snapshots(self) -> list[FittedGAN | None]:
        """Copy the models as they stand to the processor; None stands for a run that has diverged."""
        generators, discriminators = self.game.copies()  # of stacks
        generators, discriminators = generators.cpu(), discriminators.cpu()

        def model(r: int, run: Trainer) -> FittedGAN:
            generator = unstack(generators, r, like=run.game.generator.network)
            discriminator = unstack(discriminators, r, like=run.game.discriminator.network)
            return FittedGAN(self.recipe, generator, discriminator, run.scaling, run.objective)

        return [None if r in self.diverged else model(r, run) for r, run in enumerate(self.runs)]


def train_many(
    points: AnyPoints,
    objective: str | AnyObjective | None = None,
    recipe: str | Path | Mapping[str, Any] | Recipe | None = None,
    seeds: Iterable[int] = range(8),
    *,
    device: str | torch.device = "cpu",
    **overrides: Any,
) -> Iterator[Epoch]:
    """Train a run a seed, all at once, yielding an `Epoch` at a time; stop consuming to stop training.

    The last epoch's `snapshots` are the models, one a seed. Run r is what `ganatomy.train` makes with its seed, up to
    rounding. It pays on a GPU, where a small network leaves most of the device idle.

    Args:
        points: (N, D), of every run, or (R, N, D), each run's own; else as `ganatomy.train` takes them.
        objective: as `ganatomy.train` takes it; a function of the scores and of nothing else.
        recipe: as `ganatomy.train` takes it.
        seeds: of the runs, R of them.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` is CUDA where there is one.
        **overrides: recipe fields, as in `ganatomy.load_recipe`: `epochs=100`, `lr=1e-3`, `latent_dim=8` ...

    Raises:
        InputError: as `BatchedTrainer`; nothing was trained.

    >>> points = np.random.default_rng(0).normal(size=(512, 2))
    >>> *_, last = train_many(points, "gan", seeds=[5, 6, 7], epochs=2)
    >>> models = last.snapshots
    >>> last.number, last.losses.generator.shape, len(models), models[1].sample(3).shape
    (2, torch.Size([2, 3]), 3, (3, 2))
    >>> from ganatomy.fitting.training.trainer import train
    >>> (*_, alone), (*_, together) = train(points, "gan", seed=6, epochs=2), last.steps(1)
    >>> together.iteration, torch.allclose(together.losses.generator, alone.losses.generator, atol=1e-3)
    (4, True)
    """
    settled, own = resolved(objective, recipe, overrides)
    return iter(BatchedTrainer(points, settled, seeds, device, own))


class _Mapped(Guarded):
    """An own objective whose losses, written for the scores (N,) of one run, are taken of those (R, N) of all."""

    def __init__(self, single: Guarded) -> None:
        self._together = True
        super().__init__(single.inner, single.path)
        scores = torch.linspace(-2, 3, 32).view(2, 16)
        try:
            self.discriminator_loss(scores, -scores)
            self.generator_loss(scores, -scores)
        except InputError:  # its code asks for numbers, or does what no map can
            self._together = False

    def _call(self, method: str, *given: Tensor) -> Any:
        if given[0].dim() == 1:
            return super()._call(method, *given)
        if not self._together:
            return torch.stack([super(_Mapped, self)._call(method, *run) for run in zip(*given, strict=True)])
        with self.watched(method):
            return torch.vmap(getattr(self.inner, method), randomness="different")(*given)


def _mapped(objective: Objective) -> Objective:
    """Return an objective for the scores (R, N) of all runs; what is built in takes them as it is."""
    return _Mapped(objective) if isinstance(objective, Guarded) else objective


def _clouds(points: AnyPoints, seeds: Sequence[int]) -> list[NDArray[np.float64]]:
    """Return the points (N, D) of each run."""
    if isinstance(points, str | Path):
        points = find_source(str(points))
    if isinstance(points, Distribution):
        return [named_points(points, seed=seed).points for seed in seeds]
    try:
        own = not isinstance(points, Path) and np.ndim(points) == 3
    except ValueError:  # of a list of arrays of several shapes
        raise InputError("the runs have sets of points of several shapes; give (N, D), or (R, N, D)") from None
    if not own:
        return len(seeds) * [named_points(points).points]
    clouds = np.asarray(points)
    if len(clouds) != len(seeds):
        raise InputError(f"{len(clouds)} sets of points for {len(seeds)} seeds: give one set for all, or one a seed")
    return [check_points(cloud, f"points[{r}]") for r, cloud in enumerate(clouds)]
