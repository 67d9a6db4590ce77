"""A rehearsal: what an objective of one's own gives beside its losses, tried on a batch before anything is trained.

Networks and penalties need points of the data's dimension, codes of the recipe's and each other, so they are tried when
a training is made, on copies of its networks, which stay as they are. What is seen to:

- a generator makes N points of D numbers, a discriminator N scores, finite ones, in training and in evaluation;
- each of their parameters takes part, and the scores have a gradient by the samples, which the generator learns by;
- where the recipe penalises gradients, a sample's score depends on that sample alone;
- a penalty is one finite number, and depends on the parameters of the player whose loss it is added to.

What is wrong is said in one line with the file, the method or the line in it, and what to do.

Shapes: `N` samples of a batch, `D` data, `Z` latent, `m` samples a score.
"""

import copy

import torch
from torch import Tensor

from ganatomy.fitting.objectives.catalogue import PARTS, Networks, Objective, Part
from ganatomy.fitting.objectives.guarded import Guarded
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.training.networks import Discriminator, Generator, draw_codes
from ganatomy.fitting.training.packing import packed

_MOMENTS = 0.0, 0.5, 0.99  # a penalty may begin late or end early


def rehearse(
    objective: Objective, recipe: Recipe, generator: Generator, discriminator: Discriminator, points: Tensor
) -> None:
    """Try the networks and the penalties that an objective gives, if it gives any, on the first points (N, D).

    The networks and the global random state are left as they were.

    Raises:
        InputError: one is none, raises, is not finite, or leaves parameters out that it should move.

    >>> from ganatomy.fitting.objectives.catalogue import GAN
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> from ganatomy.fitting.training.networks import build
    >>> class Frozen(GAN):
    ...     def generator_penalty(self, networks, real, fake, progress):
    ...         return (real.mean() - fake.detach().mean()).square()
    >>> recipe = load_recipe("course", "gan", batch_size=8)
    >>> rehearse(Guarded(Frozen(), "my.py"), recipe, *build(recipe, 2, seed=0), torch.zeros(8, 2))
    Traceback (most recent call last):
    ganatomy.errors.InputError: my.py: generator_penalty of Frozen does not depend on the generator's parameters; ...
    """
    if not isinstance(objective, Guarded) or not any(objective.gives(part) for part in PARTS):
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _Rehearsal(objective, recipe, copy.deepcopy(generator), copy.deepcopy(discriminator), points)()


class _Rehearsal:
    def __init__(
        self, objective: Guarded, recipe: Recipe, generator: Generator, discriminator: Discriminator, points: Tensor
    ) -> None:
        self.objective, self.recipe, self.packing = objective, recipe, recipe.packing
        self.generator, self.discriminator = generator, discriminator
        self.real = points[: recipe.batch_size]
        self.codes = draw_codes(recipe.latent, (recipe.batch_size,), torch.Generator().manual_seed(0)).to(self.real)

    def __call__(self) -> None:
        if self.generator.own:
            self._try_network("generator_network", self.generator, self.codes, self.real.shape)
        if self.discriminator.own:
            packs = packed(self.real, self.packing).clone().requires_grad_()
            self._try_network("discriminator_network", self.discriminator, packs, packs.shape[:1])
        for part in ("discriminator_penalty", "generator_penalty"):
            if self.objective.gives(part):
                self._try_penalty(part)

    def _try_network(self, part: Part, network: Generator | Discriminator, inputs: Tensor, shape: torch.Size) -> None:
        wrong = self.objective.wrong
        for mode in (False, True):
            network.train(mode)
            with self.objective.watched(part):
                found = network.layers(inputs)
            allowed = (shape,) if isinstance(network, Generator) else (shape, (*shape, 1))
            if not isinstance(found, Tensor) or found.shape not in allowed or found.dtype != inputs.dtype:
                is_tensor = isinstance(found, Tensor)
                told = f"{found.dtype} of shape {tuple(found.shape)}" if is_tensor else f"a {type(found).__name__}"
                advice = f"it is to return {inputs.dtype} of shape {tuple(shape)}"
                raise wrong(part, f"makes {told} of {tuple(inputs.shape)}", advice)
            if not found.isfinite().all():
                raise wrong(part, "gives NaN or infinite values before any training", "initialise it smaller")
        if not found.requires_grad:
            raise wrong(part, "gives numbers without a gradient", "compute them from its parameters, as tensors")
        names, tensors = zip(*network.layers.named_parameters(), strict=True)
        wanted = [*tensors, inputs] if inputs.requires_grad else [*tensors]
        slopes = torch.autograd.grad(found.sum(), wanted, allow_unused=True)
        for name, slope in zip((*names, ""), slopes, strict=False):
            if slope is None and name:
                raise wrong(part, f"never uses its parameter '{name}'", "use it in forward, or leave it out")
            if slope is None:
                raise wrong(part, "gives scores that do not depend on the points", "compute them from the points")
        held = self.recipe.penalties
        if inputs.requires_grad and (held.gradient or held.r1 or held.r2):
            (slope,) = torch.autograd.grad(network.layers(inputs)[0].sum(), inputs)
            if slope[1:].any():
                advice = "leave batch normalization out, or the recipe's gradient penalties"
                raise wrong(part, "mixes the points of a batch, and a gradient penalty looks at one at a time", advice)

    def _try_penalty(self, part: Part) -> None:
        generator, discriminator = self.generator, self.discriminator
        networks = Networks(generator, discriminator, lambda samples: discriminator(packed(samples, self.packing)))
        player = part.partition("_")[0]
        moved = list((generator if player == "generator" else discriminator).parameters())
        reached = False
        for progress in _MOMENTS:
            penalty = getattr(self.objective, part)(networks, self.real, generator(self.codes), progress)
            if penalty is None:
                continue
            if not penalty.isfinite():
                what = f"is {penalty.item():g} before any training"
                raise self.objective.wrong(part, what, "a square root needs something added below it")
            if penalty.requires_grad:
                slopes = torch.autograd.grad(penalty, moved, allow_unused=True)
                reached |= any(slope is not None for slope in slopes)
                if any(slope is not None and not slope.isfinite().all() for slope in slopes):
                    what = f"has a gradient by the {player}'s parameters that is no number"
                    raise self.objective.wrong(part, what, "a square root needs something added below it")
        if not reached:
            raise self.objective.wrong(
                part,
                f"does not depend on the {player}'s parameters",
                "compute it from `networks` or `fake`, as tensors, without detach",
            )
