"""Training: a generator of steps that the caller owns.

    for step in train(recipe, points, seed=0):
        ...                                        # Step(iteration, epoch, losses, snapshot | None)

One iteration gives the generator one step and the discriminator `n = recipe.discriminator_steps`. Two orders exist:

- `alternating`: n discriminator steps, each on fresh codes, then a generator step against the discriminator as it
  now is (Goodfellow et al., 2014, algorithm 1);
- `simultaneous`: the last discriminator step and the generator step use the same codes and the same scores, both
  taken before either player moves. This is the laboratory course's loop, which steps the generator first and then
  shows the discriminator the points generated before that step; one forward pass serves both.

An epoch is one pass over the shuffled points in whole batches. All that is random in it is drawn at its beginning
from (seed, epoch) alone, on the CPU, so a run stopped at any step resumes without a stored random state and ends
bit-identical to one that never stopped, on the same machine with the same number of threads. Across machines,
devices or thread counts results agree only until rounding errors have grown.

Losses are averaged over the last axis and players step on the sum of their losses, so nothing here depends on
whether scores are (N,) or have a leading axis of independent runs. Shapes: `B` batch, `D` data, `Z` latent, `n`
discriminator steps, `T` iterations an epoch.
"""

import copy
import math
import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.execution import choose_device, swift_products
from ganatomy.fitting.objectives.own import AnyObjective, objective_of
from ganatomy.fitting.points.cloud import check_points
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.training import penalties
from ganatomy.fitting.training.model import FittedGAN, Scaling
from ganatomy.fitting.training.networks import build, draw_codes
from ganatomy.fitting.training.players import Player

ABSURD = 1e8  # a loss beyond this will not come back


class Diverged(RuntimeError):
    """Training stopped because a loss is not a number or is absurdly large."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of one iteration, each a detached scalar; the penalty is what was added to the discriminator's."""

    discriminator: Tensor
    generator: Tensor
    penalty: Tensor


@dataclass(frozen=True, slots=True)
class Step:
    """One iteration, counted from 1, in an epoch counted from 1; a snapshot where the recipe asks for one."""

    iteration: int
    epoch: int
    losses: Losses
    snapshot: FittedGAN | None


@dataclass(frozen=True, slots=True)
class _Draws:
    """What one iteration consumes: n real batches, codes for n or n + 1 batches, n rows of interpolation shares."""

    real: Tensor  # (n, B, D)
    codes: Tensor  # (n or n + 1, B, Z)
    shares: Tensor | None  # (n, B)


class Trainer:
    """The state of a training run; iterating over it trains, and goes on where it stands.

    `state_dict` may be taken between any two steps. An `objective` is given if the recipe's is not built in.

    Raises:
        InputError: unusable points, fewer points than a batch, an unknown optimizer, option or device, an objective
            that is missing or wrong.
    """

    def __init__(
        self,
        recipe: Recipe,
        points: ArrayLike,
        seed: int = 0,
        device: str | torch.device = "cpu",
        objective: AnyObjective | None = None,
    ) -> None:
        points = check_points(points)
        if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**63:
            raise InputError(f"seed = {seed!r}: give a whole number from 0 to 2^63 - 1")
        if len(points) < recipe.batch_size:
            raise InputError(
                f"{len(points)} points to train on are fewer than a batch of {recipe.batch_size}: "
                f"give more points or a smaller --batch-size"
            )
        self.recipe = recipe
        self.seed = int(seed)
        self.device = choose_device(device)
        self.iteration = 0
        self.iterations_an_epoch = max(1, len(points) // recipe.batch_size // recipe.discriminator_steps)
        self._scaling = Scaling.fit(points, recipe.standardize)
        self._points = self._scaling.to_network(points)
        self.objective = objective_of(recipe, objective)
        generator, discriminator = build(recipe, points.shape[1], seed)
        self._generator = Player(generator.to(self.device), recipe.generator.optimizer)
        self._discriminator = Player(discriminator.to(self.device), recipe.discriminator.optimizer)
        self._no_penalty = torch.zeros(())
        network, held = recipe.discriminator, recipe.penalties
        # Real and generated points may be scored at once where that gives the same scores, and no slopes are asked for.
        self._one_pass = not ("batch" in network.normalization or network.spectral_norm or held.r1 or held.r2)
        self._average = self._generator.parameters.detach().clone() if recipe.averaging else None
        marks = np.linspace(0, recipe.epochs, min(recipe.snapshots, recipe.epochs) + 1)
        self.snapshot_epochs = [int(epoch) for epoch in marks.round()]

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
            for draws in self._draw_epoch(epoch)[self.iteration % self.iterations_an_epoch :]:
                with swift_products():
                    losses = self._iterate(draws)
                self._check(losses, epoch + 1)
                self.iteration += 1
                ended = self.iteration % self.iterations_an_epoch == 0
                snapshot = self.snapshot() if ended and self.epoch in wanted else None
                yield Step(self.iteration, epoch + 1, losses, snapshot)

    def _draw_epoch(self, epoch: int) -> list[_Draws]:
        """Draw all that is random in an epoch, from the seed and the epoch alone."""
        recipe, steps, total = self.recipe, self.recipe.discriminator_steps, self.iterations_an_epoch
        key = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)[0]
        random = torch.Generator().manual_seed(int(key))
        whole = len(self._points) // recipe.batch_size * recipe.batch_size
        order = torch.randperm(len(self._points), generator=random)[:whole]
        # Fewer batches than steps: go round again rather than starve the discriminator.
        order = order.repeat(-(-total * steps * recipe.batch_size // whole))[: total * steps * recipe.batch_size]
        real = self._points[order].view(total, steps, recipe.batch_size, -1).to(self.device)
        extra = recipe.updates == "alternating"
        codes = draw_codes(recipe.latent, (total, steps + extra, recipe.batch_size), random).to(self.device)
        if not recipe.penalties.gradient:
            return [_Draws(x, z, None) for x, z in zip(real, codes, strict=True)]
        shares = torch.rand(real.shape[:-1], generator=random).to(self.device)
        return [_Draws(*draws) for draws in zip(real, codes, shares, strict=True)]

    def _iterate(self, draws: _Draws) -> Losses:
        """Make n discriminator steps and one generator step."""
        progress = self.iteration / self.iterations
        generate = self._generator.network
        last = len(draws.real) - 1
        simultaneous = self.recipe.updates == "simultaneous"
        for i, real in enumerate(draws.real):
            together = simultaneous and i == last
            with torch.set_grad_enabled(together):
                fake = generate(draws.codes[i])
            share = None if draws.shares is None else draws.shares[i]
            real, fake, real_scores, fake_scores = self._score(real, fake)
            loss = self.objective.discriminator_loss(real_scores, fake_scores)
            penalty = self._penalty(real, fake, real_scores, fake_scores, share)
            if together:
                generator_loss = self.objective.generator_loss(real_scores, fake_scores)
                generator_gradients = self._generator.gradients(generator_loss, retain_graph=True)
            total = loss if penalty is None else loss + penalty
            self._discriminator.step(self._discriminator.gradients(total), progress)
            if self.recipe.penalties.clip:
                penalties.clip_(self._discriminator.parameters, self.recipe.penalties.clip)
        if not simultaneous:
            fake_scores = self._discriminator.network(generate(draws.codes[-1]))
            with torch.no_grad():
                real_scores = self._discriminator.network(draws.real[-1]) if self.objective.relative else fake_scores
            generator_loss = self.objective.generator_loss(real_scores, fake_scores)
            generator_gradients = self._generator.gradients(generator_loss)
        self._generator.step(generator_gradients, progress)
        if self._average is not None:
            self._update_average()
        return Losses(loss.detach(), generator_loss.detach(), self._no_penalty if penalty is None else penalty.detach())

    def _score(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Score both kinds of points, ready to be differentiated where a penalty will ask for it."""
        if self.recipe.penalties.r1:
            real = real.detach().requires_grad_()
        if self.recipe.penalties.r2 and not fake.requires_grad:
            fake = fake.requires_grad_()
        score = self._discriminator.network
        if not self._one_pass:
            return real, fake, score(real), score(fake)
        return real, fake, *score(torch.cat((real, fake), dim=-2)).chunk(2, dim=-1)

    def _penalty(
        self, real: Tensor, fake: Tensor, real_scores: Tensor, fake_scores: Tensor, share: Tensor | None
    ) -> Tensor | None:
        """Add up the penalties the recipe asks for, or return None."""
        held, terms = self.recipe.penalties, []
        left = held.decay ** (self.iteration / self.iterations)
        if held.gradient:
            network = self._discriminator.network
            terms.append(held.gradient * left * penalties.gradient_penalty(network, real, fake, share))
        if held.r1:
            terms.append(held.r1 * left * penalties.zero_centred_penalty(penalties.gradients(real_scores, real)))
        if held.r2:
            terms.append(held.r2 * left * penalties.zero_centred_penalty(penalties.gradients(fake_scores, fake)))
        return sum(terms[1:], terms[0]) if terms else None

    def _update_average(self) -> None:
        """Move the averaged generator, faster while the run is young so that its start is forgotten."""
        decay = min(self.recipe.averaging, (1 + self.iteration) / (10 + self.iteration))
        self._average.lerp_(self._generator.parameters.detach(), 1 - decay)

    def _check(self, losses: Losses, epoch: int) -> None:
        value = sum(abs(float(loss)) for loss in (losses.discriminator, losses.generator, losses.penalty))
        if not value < ABSURD:  # also true for nan
            kind = "absurd" if math.isfinite(value) else "not a number"
            raise Diverged(
                f"training diverged in epoch {epoch} (iteration {self.iteration + 1}): a loss became {kind}; "
                f"try a smaller --lr, a stronger penalty, or --recipe recommended"
            )

    def snapshot(self) -> FittedGAN:
        """Copy the model as it stands, with the averaged generator where the recipe averages."""
        generator = copy.deepcopy(self._generator.network)
        if self._average is not None:
            # A copy, since the parameters become views of what they are given.
            torch.nn.utils.vector_to_parameters(self._average.clone(), generator.parameters())
        discriminator = copy.deepcopy(self._discriminator.network)
        return FittedGAN(self.recipe, generator, discriminator, self._scaling, self.objective)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to go on, by reference: tensors, numbers and plain containers only."""
        return {
            "iteration": self.iteration,
            "generator": self._generator.state_dict(),
            "discriminator": self._discriminator.state_dict(),
            "average": self._average,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state that `state_dict` returned, of the same recipe, points and seed."""
        self.iteration = state["iteration"]
        self._generator.load_state_dict(state["generator"])
        self._discriminator.load_state_dict(state["discriminator"])
        if self._average is not None:
            self._average.copy_(state["average"])


def train(
    recipe: Recipe,
    points: ArrayLike,
    seed: int = 0,
    device: str | torch.device = "cpu",
    objective: AnyObjective | None = None,
) -> Iterator[Step]:
    """Train on points (N, D), yielding a `Step` an iteration; stop consuming to stop training.

    An `objective` is given if the recipe's is not built in.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> points = np.random.default_rng(0).normal(size=(512, 2))
    >>> steps = list(train(load_recipe("course", objective="gan", epochs=2), points))
    >>> len(steps), steps[-1].epoch, round(float(steps[-1].losses.discriminator), 2)
    (4, 2, 1.36)
    >>> steps[-1].snapshot.sample(3).shape
    (3, 2)
    """
    return iter(Trainer(recipe, points, seed, device, objective))
