"""Training on points: a generator of steps that the caller owns.

    for step in train(points, recipe="recommended", seed=0):
        ...                                        # Step(iteration, epoch, losses, snapshot | None)

A step is one of the game (see `ganatomy.fitting.training.game`): one move of the generator, and as many of the
discriminator as the recipe says. An epoch is one pass over the shuffled points in whole batches. All that is random in
it is drawn at its beginning from (seed, epoch) alone, on the CPU, so a run stopped at any step resumes without a stored
random state and ends bit-identical to one that never stopped, on the same machine with the same number of threads.
Across machines, devices or thread counts results agree only until rounding errors have grown.

Shapes: `B` batch, `D` data, `Z` latent, `n` discriminator moves, `m` points a score, `T` iterations an epoch.
"""

import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.execution import choose_device
from ganatomy.fitting.objectives.catalogue import Objective
from ganatomy.fitting.objectives.own import AnyObjective, objective_of, resolved
from ganatomy.fitting.points.cloud import check_points
from ganatomy.fitting.points.named import AnyPoints, named_points
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.training.game import Diverged, Draws, Game, Losses
from ganatomy.fitting.training.model import FittedGAN, Scaling
from ganatomy.fitting.training.networks import Discriminator, Generator, build, draw_codes
from ganatomy.fitting.training.players import Player
from ganatomy.fitting.training.rehearsal import rehearse


@dataclass(frozen=True, slots=True)
class Step:
    """One iteration, counted from 1, in an epoch counted from 1; a snapshot where the recipe asks for one."""

    iteration: int
    epoch: int
    losses: Losses
    snapshot: FittedGAN | None


class Trainer:
    """The state of a training run; iterating over it trains, and goes on where it stands.

    `state_dict` may be taken between any two steps.

    Args:
        points: (N, D) or (N,), in any units.
        recipe: a resolved one.
        seed: of everything random.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` is CUDA where there is one.
        objective: given if the recipe's is not built in.

    Attributes:
        game: which is played, and its players.
        points: in the networks' units, a tensor (N, D).
        scaling: between those and the data's.
        iterations_an_epoch: T.
        snapshot_epochs: the epochs at whose ends there is a snapshot, and 0.

    Raises:
        InputError: unusable points, fewer points than a batch, an unknown optimizer, option or device, an objective
            that is missing or wrong.
    """

    def __init__(
        self,
        points: ArrayLike,
        recipe: Recipe,
        seed: int = 0,
        device: str | torch.device = "cpu",
        objective: AnyObjective | None = None,
    ) -> None:
        points = check_points(points)
        if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**63:
            raise InputError(f"seed = {seed!r}: give a whole number from 0 to 2^63 - 1")
        if len(points) < recipe.batch_size:
            hint = ", or `transpose=True` if each column is a point" if len(points) < points.shape[1] else ""
            raise InputError(
                f"{len(points)} points to train on are fewer than a batch of {recipe.batch_size}: "
                f"give more points or a smaller `batch_size`{hint}"
            )
        self.recipe = recipe
        self.seed = int(seed)
        self.device = choose_device(device)
        self.iterations_an_epoch = iterations_an_epoch(len(points), recipe)
        self.scaling = Scaling.fit(points, recipe.standardize)
        self.points = self.scaling.to_network(points)
        self.objective = objective_of(recipe, objective)
        networks = build(recipe, points.shape[1], seed, self.objective)
        rehearse(self.objective, recipe, *networks, self.points)
        self.game = game_of(recipe, *networks, self.objective, self.device)
        self.snapshot_epochs = snapshot_epochs(recipe)

    @property
    def iteration(self) -> int:
        """The number of iterations made."""
        return self.game.iteration

    @property
    def iterations(self) -> int:
        """The number of iterations of the whole run."""
        return self.recipe.epochs * self.iterations_an_epoch

    @property
    def epoch(self) -> int:
        """The number of finished epochs."""
        return self.iteration // self.iterations_an_epoch

    def __iter__(self) -> Iterator[Step]:
        """Train from where the run stands to its end, yielding each step once it is made.

        Raises:
            Diverged: a loss is not finite, or beyond `ABSURD`.
        """
        wanted = set(self.snapshot_epochs)
        while self.iteration < self.iterations:
            epoch = self.epoch
            for draws in self.draw_epoch(epoch)[self.iteration % self.iterations_an_epoch :]:
                losses = self.game.step(draws, self.iteration / self.iterations)
                check(losses, self.iteration, epoch + 1)
                ended = self.iteration % self.iterations_an_epoch == 0
                snapshot = self.snapshot() if ended and self.epoch in wanted else None
                yield Step(self.iteration, epoch + 1, losses, snapshot)

    def draw_epoch(self, epoch: int) -> list[Draws]:
        """Draw all that is random in an epoch, counted from 0, from the seed and the epoch alone.

        Returns:
            What each of T iterations consumes: real (n, B, D), codes (n or n + 1, B, Z), shares (n, B / m) or None.
        """
        recipe, steps, total = self.recipe, self.recipe.discriminator_steps, self.iterations_an_epoch
        key = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)[0]
        random = torch.Generator().manual_seed(int(key))
        whole = len(self.points) // recipe.batch_size * recipe.batch_size
        order = torch.randperm(len(self.points), generator=random)[:whole]
        # Fewer batches than steps: go round again rather than starve the discriminator.
        order = order.repeat(-(-total * steps * recipe.batch_size // whole))[: total * steps * recipe.batch_size]
        real = self.points[order].view(total, steps, recipe.batch_size, -1).to(self.device)
        extra = recipe.updates == "alternating"
        codes = draw_codes(recipe.latent, (total, steps + extra, recipe.batch_size), random).to(self.device)
        if not recipe.penalties.gradient:
            return [Draws(x, z) for x, z in zip(real, codes, strict=True)]
        shares = torch.rand((total, steps, recipe.batch_size // recipe.packing), generator=random).to(self.device)
        return [Draws(*draws) for draws in zip(real, codes, shares, strict=True)]

    def snapshot(self) -> FittedGAN:
        """Copy the model as it stands, with the averaged generator where the recipe averages."""
        return FittedGAN(self.recipe, *self.game.copies(), self.scaling, self.objective)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to go on, by reference: tensors, numbers and plain containers only."""
        return self.game.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state that `state_dict` returned, of the same recipe, points and seed."""
        self.game.load_state_dict(state)


def snapshot_epochs(recipe: Recipe) -> list[int]:
    """List the epochs at whose ends there is a snapshot of a training, and 0: as evenly as whole numbers can be.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> snapshot_epochs(load_recipe("course", epochs=10, snapshots=4))
    [0, 2, 5, 8, 10]
    """
    marks = np.linspace(0, recipe.epochs, min(recipe.snapshots, recipe.epochs) + 1)
    return [int(epoch) for epoch in marks.round()]


def iterations_an_epoch(count: int, recipe: Recipe) -> int:
    """Count the iterations T of an epoch, one pass over so many points in whole batches.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> iterations_an_epoch(7000, load_recipe("course"))
    27
    """
    return max(1, count // recipe.batch_size // recipe.discriminator_steps)


def game_of(
    recipe: Recipe,
    generator: Generator,
    discriminator: Discriminator,
    objective: Objective,
    device: torch.device | str = "cpu",
) -> Game[Generator, Discriminator]:
    """Make the game that a recipe describes of two networks, on a device.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> recipe = load_recipe("literature", objective="wgan-gp")
    >>> game = game_of(recipe, *build(recipe, dim=2, seed=0), objective_of(recipe))
    >>> game.steps, game.simultaneous, game.penalties.gradient
    (5, False, 0.1)
    """
    network = recipe.discriminator
    return Game(
        Player(generator.to(device), recipe.generator.optimizer),
        Player(discriminator.to(device), network.optimizer),
        objective,
        recipe.penalties,
        steps=recipe.discriminator_steps,
        simultaneous=recipe.updates == "simultaneous",
        averaging=recipe.averaging,
        scored_at_once=not ("batch" in network.normalization or network.spectral_norm or discriminator.own),
        packing=recipe.packing,
    )


def check(losses: Losses, iteration: int, epoch: int) -> None:
    """See that the losses of an iteration in an epoch, both counted from 1, are such that training can go on.

    Raises:
        Diverged: a loss is not a number or absurdly large.

    >>> check(Losses(*torch.tensor([0.5, 1e9, 0.0])), iteration=7, epoch=2)
    Traceback (most recent call last):
    ganatomy.fitting.training.game.Diverged: training diverged in epoch 2 (iteration 7): a loss became absurd; try ...
    """
    if fault := losses.fault:
        raise Diverged(
            f"training diverged in epoch {epoch} (iteration {iteration}): a loss became {fault}; "
            f"try a smaller `lr`, a stronger penalty, or `recipe=recommended`"
        )


def train(
    points: AnyPoints,
    objective: str | AnyObjective | None = None,
    recipe: str | Path | Mapping[str, Any] | Recipe | None = None,
    seed: int = 0,
    *,
    device: str | torch.device = "cpu",
    **overrides: Any,
) -> Iterator[Step]:
    """Train on points, yielding a `Step` an iteration; stop consuming to stop training.

    Args:
        points: (N, D) or (N,), in any units: an array or a DataFrame, a file's path, or a distribution or its name.
        objective: a name, or one's own: a subclass of `Objective`, an instance, "my.py:Mine".
        recipe: a built-in name, a path to a TOML file, or a recipe; None is `course` for the report's objectives and
            `literature` for the others.
        seed: of everything random; same seed, same machine, same number of threads: same steps.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` is CUDA where there is one.
        **overrides: recipe fields, as in `ganatomy.load_recipe`: `epochs=100`, `lr=1e-3`, `latent_dim=8` ...

    Raises:
        InputError: anything given cannot be used; nothing was trained.
        Diverged: a loss became infinite or no number.

    >>> points = np.random.default_rng(0).normal(size=(512, 2))
    >>> steps = list(train(points, "gan", epochs=2))
    >>> len(steps), steps[-1].epoch, round(float(steps[-1].losses.discriminator), 2)
    (4, 2, 1.36)
    >>> steps[-1].snapshot.sample(3).shape
    (3, 2)
    """
    settled, own = resolved(objective, recipe, overrides)
    return iter(Trainer(named_points(points, seed=seed).points, settled, seed, device, own))
