"""The game: one step of two players, who know nothing of points, files or seeds.

    G: codes (..., N, Z) -> samples (..., N, *)        D: samples (..., N, *) -> scores (..., N)

With packing, what D scores are packs of m samples, and there are N / m of them and of their scores (see
`ganatomy.fitting.training.packing`).

A step is `n` moves of the discriminator, each on real samples of its own, and one of the generator. Two orders exist:

- `alternating`: n discriminator moves, each on fresh codes, then the generator's against the discriminator as it now is
  (Goodfellow et al., 2014, algorithm 1);
- `simultaneous`: the last discriminator move and the generator's use the same codes and the same scores, both taken
  before either player moves. This is the laboratory course's loop, which steps the generator first and then shows the
  discriminator the points generated before that step; one forward pass serves both.

Losses are averaged over the last axis of the scores and players step on the sum of their losses, so nothing here
depends on what a sample is, a point (D,) or a picture (3, H, W), nor on whether there is a leading axis of independent
runs. A step is decided by the draws that it is given, by the progress, and by what `state_dict` holds. Not guaranteed:
that runs of a leading axis stay apart, which is the players' matter (see `ganatomy.fitting.training.stacked`).

Shapes: `N` samples of a batch, `*` axes of a sample, `Z` latent, `n` discriminator moves a step, `P` parameters.
"""

import contextlib
import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, unknown
from ganatomy.execution import swift_products
from ganatomy.fitting.objectives.catalogue import Networks, Objective, Part
from ganatomy.fitting.recipes.recipe import Penalties
from ganatomy.fitting.training.packing import packed
from ganatomy.fitting.training.penalties import clip_, gradient_penalty, zero_centred_penalty
from ganatomy.fitting.training.players import Player

ABSURD = 1e8
"""A loss beyond this will not come back."""

Moving = Literal["both", "discriminator", "generator"]
"""Which players a step moves."""

G = TypeVar("G", bound=nn.Module)
D = TypeVar("D", bound=nn.Module)


class Diverged(RuntimeError):
    """Training stopped because a loss is not a number or is absurdly large."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of one step, each detached, () or one a run, without the penalty.

    That is what was added to the discriminator's, and by an objective of one's own to the generator's.
    """

    discriminator: Tensor
    generator: Tensor
    penalty: Tensor

    @property
    def fault(self) -> str:
        """Say what is wrong with losses (), of one run: "not a number", "absurd", or "" for nothing.

        >>> one = torch.ones(())
        >>> [Losses(one, loss * one, one).fault for loss in (-2.0, 1e9, math.nan)]
        ['', 'absurd', 'not a number']
        """
        value = sum(abs(float(loss)) for loss in (self.discriminator, self.generator, self.penalty))
        if value < ABSURD:
            return ""
        return "absurd" if math.isfinite(value) else "not a number"


@dataclass(frozen=True, slots=True)
class Draws:
    """What one step consumes.

    Attributes:
        real: n batches of real samples, (n, ..., N, *).
        codes: for n batches, and for one more where players alternate, (n or n + 1, ..., N, Z).
        shares: n rows of interpolation shares in [0, 1), one a score, (n, ..., N), for the gradient penalty; else None.
    """

    real: Tensor
    codes: Tensor
    shares: Tensor | None = None


class _Judged(NamedTuple):
    """A batch as the discriminator sees it: its loss, the penalty on top if there is one, scores, generated samples."""

    loss: Tensor
    penalty: Tensor | None
    real_scores: Tensor
    fake_scores: Tensor
    fake: Tensor


class Game(Generic[G, D]):
    """Two players and the rules between them; `step` lets them move.

    Args:
        generator: the player whose network makes samples.
        discriminator: the player whose network scores them.
        objective: what each minimises.
        penalties: what keeps the discriminator smooth; None is nothing.
        steps: the discriminator's moves a step, n.
        simultaneous: the order, see above.
        averaging: the share of the generator's moving average that a step keeps; 0 is no average. Less is kept while
            the game is young, so that its start is forgotten.
        scored_at_once: whether real and generated samples may go through the discriminator as one batch, which is
            faster: only if its score of a sample depends on no other sample and on no earlier call.
        packing: how many samples the discriminator scores at once, m, of which N is a multiple.

    Attributes:
        iteration: the number of steps made.
        average: the generator's averaged parameters (P,), or None.

    >>> from ganatomy.fitting.objectives.catalogue import objective
    >>> from ganatomy.fitting.recipes.recipe import Optimizer
    >>> sgd, random = Optimizer(name="sgd", lr=0.1), torch.Generator().manual_seed(0)
    >>> with torch.random.fork_rng(devices=[]):
    ...     _ = torch.manual_seed(0)
    ...     generator = nn.Linear(2, 2)
    ...     critic = nn.Sequential(nn.Linear(2, 1), nn.Flatten(-2))
    >>> game = Game(Player(generator, sgd), Player(critic, sgd), objective("gan"))
    >>> draws = Draws(torch.randn(1, 8, 2, generator=random) + 5, torch.randn(1, 8, 2, generator=random))
    >>> round(float(game.step(draws, progress=0.0).discriminator), 3)
    0.8
    >>> before = generator.weight.clone()
    >>> for _ in range(3):
    ...     losses = game.step(draws, progress=0.0, moving="discriminator")
    >>> round(float(losses.discriminator), 3), torch.equal(generator.weight, before)
    (0.676, True)
    """

    def __init__(
        self,
        generator: Player[G],
        discriminator: Player[D],
        objective: Objective,
        penalties: Penalties | None = None,
        *,
        steps: int = 1,
        simultaneous: bool = True,
        averaging: float = 0.0,
        scored_at_once: bool = False,
        packing: int = 1,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.objective = objective
        self.penalties = penalties or Penalties()
        self.steps, self.simultaneous, self.averaging, self.packing = steps, simultaneous, averaging, packing
        self.iteration = 0
        self.average = generator.parameters.detach().clone() if averaging else None
        # No slopes by the samples can be had of a batch that was put together.
        self._at_once = scored_at_once and not (self.penalties.r1 or self.penalties.r2)
        # A penalty of one's own may differentiate through the samples to the generator, whoever moves.
        self._looks_through = objective.gives("discriminator_penalty") or objective.gives("generator_penalty")
        self._none: Tensor | None = None

    def step(self, draws: Draws, progress: float, moving: Moving = "both") -> Losses:
        """Let the players move: the discriminator n times, the generator once.

        A player that does not move ends as it was, bit for bit, its network's buffers too; the losses are those of both
        in any case. If the generator moves alone, of the n batches only the last is looked at.

        Args:
            draws: what the step consumes.
            progress: the share of the training that is done, in [0, 1), which schedules and decays follow.
            moving: who moves.

        Raises:
            InputError: draws that do not fit the game, or nobody of that name.
        """
        if moving not in get_args(Moving):
            raise unknown("player", str(moving), get_args(Moving))
        self._check(draws)
        idle = {"generator": self.discriminator.network, "discriminator": self.generator.network}.get(moving)
        with swift_products(), contextlib.nullcontext() if idle is None else _kept(idle):
            losses = self._play(draws, progress, moving)
        self.iteration += 1
        return losses

    def _check(self, draws: Draws) -> None:
        counts, wanted = (len(draws.real), len(draws.codes)), (self.steps, self.steps + (not self.simultaneous))
        if counts != wanted:
            raise InputError(
                f"draws have {counts[0]} real batches and codes for {counts[1]}; this game takes {wanted[0]} and "
                f"{wanted[1]} a step"
            )
        if self.penalties.gradient and draws.shares is None:
            raise InputError("a game with a gradient penalty takes draws with shares (n, ..., N); none were given")

    def _play(self, draws: Draws, progress: float, moving: Moving) -> Losses:
        descends, follows = moving != "generator", moving != "discriminator"
        last = self.steps - 1
        for i in range(last) if descends else ():
            self._descend(self._judge(draws, i, progress), progress)
        judged = self._judge(draws, last, progress, differentiable=self.simultaneous and follows)
        if self.simultaneous:
            generator_loss = self.objective.generator_loss(judged.real_scores, judged.fake_scores)
            added = self._own_penalty("generator_penalty", draws.real[last], judged.fake, progress)
            total = _penalized(generator_loss, added)
            gradients = self.generator.gradients(total, retain_graph=True) if follows else ()
            if descends:
                self._descend(judged, progress)
        else:
            if descends:
                self._descend(judged, progress)
            generator_loss, added = self._generator_loss(draws, progress, differentiable=follows)
            gradients = self.generator.gradients(_penalized(generator_loss, added)) if follows else ()
        if follows:
            self.generator.step(gradients, progress)
            self._update_average()
        penalties = [term.detach() for term in (judged.penalty, added) if term is not None]
        penalty = sum(penalties[1:], penalties[0]) if penalties else self._zero(judged.loss)
        return Losses(judged.loss.detach(), generator_loss.detach(), penalty)

    def _judge(self, draws: Draws, i: int, progress: float, differentiable: bool = False) -> _Judged:
        """Generate the i-th batch, with a graph if the generator is to learn from it, and judge it beside the real."""
        with torch.set_grad_enabled(differentiable or self._looks_through):
            samples = self.generator.network(draws.codes[i])
            fake = self._packed(samples, draws)
        real, score = self._packed(draws.real[i], draws), self.discriminator.network
        if self.penalties.r1:
            real = real.detach().requires_grad_()
        if self.penalties.r2 and not fake.requires_grad:
            fake = fake.requires_grad_()
        if self._at_once:
            real_scores, fake_scores = score(torch.cat((real, fake), dim=_runs(draws))).chunk(2, dim=-1)
        else:
            real_scores, fake_scores = score(real), score(fake)
        loss = self.objective.discriminator_loss(real_scores, fake_scores)
        held, left, terms = self.penalties, self.penalties.decay**progress, []
        if held.gradient and draws.shares is not None:
            terms.append(held.gradient * left * gradient_penalty(score, real, fake, draws.shares[i]))
        if held.r1:
            terms.append(held.r1 * left * zero_centred_penalty(real_scores, real))
        if held.r2:
            terms.append(held.r2 * left * zero_centred_penalty(fake_scores, fake))
        own = self._own_penalty("discriminator_penalty", draws.real[i], samples, progress)
        terms += [] if own is None else [own]
        return _Judged(loss, sum(terms[1:], terms[0]) if terms else None, real_scores, fake_scores, samples)

    def _own_penalty(self, part: Part, real: Tensor, fake: Tensor, progress: float) -> Tensor | None:
        """Return the term that an objective of one's own adds to a player's loss."""
        if not self.objective.gives(part):
            return None
        generator, discriminator = self.generator.network, self.discriminator.network
        networks = Networks(generator, discriminator, lambda samples: discriminator(packed(samples, self.packing)))
        return getattr(self.objective, part)(networks, real, fake, progress)

    def _packed(self, samples: Tensor, draws: Draws) -> Tensor:
        return packed(samples, self.packing, axis=_runs(draws))

    def _descend(self, judged: _Judged, progress: float) -> None:
        """Let the discriminator move once."""
        total = _penalized(judged.loss, judged.penalty)
        self.discriminator.step(self.discriminator.gradients(total), progress)
        if self.penalties.clip:
            clip_(self.discriminator.parameters, self.penalties.clip)

    def _generator_loss(self, draws: Draws, progress: float, differentiable: bool) -> tuple[Tensor, Tensor | None]:
        """Judge the generator on codes of its own, by the discriminator as it now is: its loss, and what is added."""
        score, differentiable = self.discriminator.network, differentiable or self._looks_through
        with torch.set_grad_enabled(differentiable):
            fake = self.generator.network(draws.codes[-1])
            fake_scores = score(self._packed(fake, draws))
        with torch.no_grad():
            real_scores = score(self._packed(draws.real[-1], draws)) if self.objective.relative else fake_scores
        with torch.set_grad_enabled(differentiable):
            loss = self.objective.generator_loss(real_scores, fake_scores)
        return loss, self._own_penalty("generator_penalty", draws.real[-1], fake, progress)

    def _update_average(self) -> None:
        if self.average is not None:
            decay = min(self.averaging, (1 + self.iteration) / (10 + self.iteration))
            self.average.lerp_(self.generator.parameters.detach(), 1 - decay)

    def _zero(self, like: Tensor) -> Tensor:
        """Return the penalty where there is none, always the same tensor."""
        if self._none is None:
            self._none = torch.zeros_like(like, requires_grad=False)
        return self._none

    def copies(self) -> tuple[G, D]:
        """Copy both networks as they stand, the generator with its averaged parameters where there is an average."""
        generator = copy.deepcopy(self.generator.network)
        if self.average is not None:
            # A copy, since the parameters become views of what they are given.
            torch.nn.utils.vector_to_parameters(self.average.clone(), generator.parameters())
        return generator, copy.deepcopy(self.discriminator.network)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to go on, by reference: tensors, numbers and plain containers only."""
        return {
            "iteration": self.iteration,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "average": self.average,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state that `state_dict` returned, of a game of the same players and rules.

        Raises:
            ValueError: it is of another game.
        """
        if (None if self.average is None else self.average.shape) != getattr(state["average"], "shape", None):
            raise ValueError("it is of another game")
        self.iteration = state["iteration"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        if self.average is not None:
            self.average.copy_(state["average"])


def _penalized(loss: Tensor, penalty: Tensor | None) -> Tensor:
    return loss if penalty is None else loss + penalty


def _runs(draws: Draws) -> int:
    """Return how many axes there are before that of the samples."""
    return draws.codes.dim() - 3


@contextlib.contextmanager
def _kept(network: nn.Module) -> Iterator[None]:
    """Leave a network's buffers as they were: running statistics, and the vectors of a spectral norm."""
    held = [buffer.clone() for buffer in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for now, before in zip(network.buffers(), held, strict=True):
                now.copy_(before)
