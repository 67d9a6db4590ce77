"""Objectives whose mistakes are said well: somebody's code, tried before training and watched during it.

A loss is a function of scores, (..., N), (..., N) -> (...), finite for ordinary scores, with a gradient by the scores
that its player moves. Where it is not, one line says so, with the file, the method and what to do. A loss that is no
number for scores far out is not called a mistake of the code but what it is: the training diverged.

What else an objective gives needs networks and points to be tried: see `ganatomy.fitting.training.rehearsal`. Here
only the kinds and shapes are seen to, whenever it is used.
"""

import copy
import math
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import Networks, Objective, Part
from ganatomy.own_code import blamed

ORDINARY = 30.0
"""Scores up to this size are no reason for a loss to be infinite or no number: even exp of them is finite."""


class Guarded(Objective):
    """An objective from a file, or wherever `path` says, that is tried at once and checked whenever it is used.

    Raises:
        InputError: it raises, or its losses are no losses.

    >>> class Unfinished(Objective):
    ...     def discriminator_loss(self, real, fake):
    ...         return (fake - real).square()
    >>> Guarded(Unfinished(), "my.py")
    Traceback (most recent call last):
    ganatomy.errors.InputError: my.py: discriminator_loss of Unfinished returns numbers of shape (16,); average over the
    points to one number, .mean(-1)
    """

    def __init__(self, inner: Objective, path: str) -> None:
        self.inner, self.path = inner, path
        self.relative, self.critic, self.label = bool(inner.relative), bool(inner.critic), str(inner.label)
        self._try()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what the discriminator minimises."""
        return self._loss("discriminator_loss", real, fake)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what the generator minimises."""
        return self._loss("generator_loss", real, fake)

    def readout(self, scores: Tensor) -> Tensor:
        """Turn scores into the value that pictures show."""
        value = self._call("readout", scores)
        if not isinstance(value, Tensor) or value.shape != scores.shape:
            raise self.wrong("readout", f"returns {_told(value)}", "return a value for each score")
        return value

    def gives(self, part: Part) -> bool:
        """Say whether the objective that is guarded has a method of its own for a part."""
        return self.inner.gives(part)

    def discriminator_penalty(self, networks: Networks, real: Tensor, fake: Tensor, progress: float) -> Tensor | None:
        """Return the term that is added to the discriminator's loss."""
        return self._penalty("discriminator_penalty", networks, real, fake, progress)

    def generator_penalty(self, networks: Networks, real: Tensor, fake: Tensor, progress: float) -> Tensor | None:
        """Return the term that is added to the generator's loss."""
        return self._penalty("generator_penalty", networks, real, fake, progress)

    def discriminator_network(self, dim: int) -> nn.Module | None:
        """Make a new discriminator."""
        return self._network("discriminator_network", dim)

    def generator_network(self, width: int, dim: int) -> nn.Module | None:
        """Make a new generator."""
        return self._network("generator_network", width, dim)

    def _penalty(self, method: Part, networks: Networks, *batch: Any) -> Tensor | None:
        penalty = self._call(method, networks, *batch)
        if penalty is not None and not (isinstance(penalty, Tensor) and penalty.shape == ()):
            raise self.wrong(method, f"returns {_told(penalty)}", "return one number as a tensor, or None for none")
        return penalty

    def _network(self, method: Part, *sizes: int) -> nn.Module | None:
        network = self._call(method, *sizes)
        if network is None:
            return None
        if not isinstance(network, nn.Module):
            raise self.wrong(method, f"returns {_told(network)}", "return a torch.nn.Module")
        with self.watched(method):
            network = copy.deepcopy(network)  # its own, also if the method returns the same one twice
            parameters, state = dict(network.named_parameters()), network.state_dict()
        if not parameters:
            raise self.wrong(method, "has no parameters that a player could move", "return a network that learns")
        for name, value in parameters.items():
            if is_lazy(value):
                raise self.wrong(method, f"leaves the size of '{name}' open", "give lazy modules their sizes")
            if value.dtype != torch.get_default_dtype() or not value.requires_grad:
                what = "needs no gradient" if value.is_floating_point() and not value.requires_grad else value.dtype
                raise self.wrong(
                    method, f"has '{name}' ({what})", f"parameters are {torch.get_default_dtype()} and learn; keep "
                    f"others as buffers"
                )  # fmt: skip
        for name, value in state.items():
            if not isinstance(value, Tensor):
                raise self.wrong(method, f"keeps '{name}', {_told(value)}, in its state", "keep tensors only")
        return network

    def place(self, method: str) -> tuple[str, str]:
        """Return the file and the method of the class, which are blamed for what goes wrong in it."""
        return self.path, f"{method} of {type(self.inner).__name__}"

    def watched(self, method: str) -> AbstractContextManager[None]:
        """Turn what goes wrong in a method into one line with its place."""
        return blamed(*self.place(method))

    def _loss(self, method: str, real: Tensor, fake: Tensor) -> Tensor:
        loss = self._call(method, real, fake)
        if not isinstance(loss, Tensor) or loss.shape != real.shape[:-1]:
            raise self.wrong(method, f"returns {_told(loss)}", "average over the points to one number, .mean(-1)")
        value = float(loss.detach().sum())
        if not math.isfinite(value) and all(scores.abs().max() <= ORDINARY for scores in (real, fake)):
            low, high = (
                float(end(real.detach().aminmax()[k], fake.detach().aminmax()[k])) for k, end in enumerate((min, max))
            )
            what = f"is {value:g} for scores from {low:.3g} to {high:.3g}"
            raise self.wrong(method, what, "scores can be any numbers; log D is F.logsigmoid(score)")
        return loss

    def _call(self, method: str, *given: Any) -> Any:
        with self.watched(method):
            return getattr(self.inner, method)(*given)

    def wrong(self, method: str, what: str, advice: str) -> InputError:
        """Return what says in one line which method does what, and what to do instead."""
        return InputError(f"{self.path}: {method} of {type(self.inner).__name__} {what}; {advice}")

    def _try(self) -> None:
        """Call all that training and pictures will, on scores that any training meets."""
        real, fake = torch.linspace(-2, 3, 16), torch.linspace(2, -3, 16)
        self.readout(real)
        for method in ("discriminator_loss", "generator_loss"):
            scores = real.clone().requires_grad_(), fake.clone().requires_grad_()
            loss = getattr(self, method)(*scores)
            slopes = torch.autograd.grad(loss, scores, allow_unused=True) if loss.requires_grad else (None, None)
            felt = [slope is not None and bool(slope.any()) for slope in slopes]
            if not (felt[1] if method == "generator_loss" else any(felt)):
                raise self.wrong(
                    method, "has no gradient by the scores it should move", "compute it from them, as tensors"
                )
        if not self.relative and self._seeded_loss(real, fake) != self._seeded_loss(2 * real + 1, fake):
            raise self.wrong(
                "generator_loss", "looks at the real points' scores", "say so in the class: relative = True"
            )

    def _seeded_loss(self, real: Tensor, fake: Tensor) -> float:
        """Return the generator's loss, the same for the same scores even if it draws random numbers."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return float(self.generator_loss(real, fake))


def _told(value: Any) -> str:
    """Say what was returned in place of what was asked for."""
    return f"numbers of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
