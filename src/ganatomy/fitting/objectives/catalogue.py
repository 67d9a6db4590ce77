"""What each player minimises, as functions of scores.

An objective is a pair of losses. Both take the scores of real and of generated points, (..., N), and average over
the last axis, so a leading axis of independent runs passes through untouched: (..., N), (..., N) -> (...). An
objective holds no network and no penalty; scores are unbounded, and where a probability is meant it is
`D(x) = sigmoid(score)`. Every logarithm is taken as log-sigmoid of a score, which is finite where `log(sigmoid(s))`
is not:

    log D = logsigmoid(s)        log(1 - D) = logsigmoid(-s)

One's own is a subclass of `Objective` (see `ganatomy.fitting.objectives.own` and examples/label_smoothing.py). It may
also give, by methods of these names, a penalty for either player, which sees more than scores (`discriminator_penalty`,
`generator_penalty`), and either player's network (`discriminator_network`, `generator_network`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from ganatomy.errors import unknown
from ganatomy.fitting.recipes.recipe import OBJECTIVES

Part = Literal["discriminator_penalty", "generator_penalty", "discriminator_network", "generator_network"]
"""What an objective of one's own may give beside its losses."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Both players' networks, as a penalty sees them.

    Attributes:
        generator: codes (N, Z) -> samples (N, D).
        discriminator: samples (N, D), or packs (N / m, m D) of them, to their scores.
        score: the discriminator's scores of samples, which are packed before where m > 1: (N, D) -> (N / m,).
    """

    generator: nn.Module
    discriminator: nn.Module
    score: Callable[[Tensor], Tensor]


class Objective:
    """A pair of losses; subclasses say which.

    The other methods are optional and built-in objectives have none of them. Samples are in the networks' units.

    Attributes:
        relative: whether the generator's loss looks at the real scores too.
        critic: whether minus the discriminator's loss estimates a distance between the distributions.
        label: what `readout` returns, for pictures.
    """

    relative = False
    critic = False
    label = "score"

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what the discriminator minimises: (..., N), (..., N) -> (...)."""
        raise NotImplementedError(f"{type(self).__name__} has no discriminator_loss; write one")

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what the generator minimises: (..., N), (..., N) -> (...)."""
        raise NotImplementedError(f"{type(self).__name__} has no generator_loss; write one")

    def readout(self, scores: Tensor) -> Tensor:
        """Turn scores into the value that pictures show, named by `label`: any shape, unchanged."""
        return scores

    def discriminator_penalty(self, networks: Networks, real: Tensor, fake: Tensor, progress: float) -> Tensor | None:
        """Return a term () that is added to the discriminator's loss; None is none.

        Args:
            networks: of both players, which may be called and differentiated.
            real: samples of the batch, (N, D).
            fake: generated ones, (N, D), with the graph by which they depend on the generator.
            progress: the share of the training that is done, in [0, 1).
        """
        return None

    def generator_penalty(self, networks: Networks, real: Tensor, fake: Tensor, progress: float) -> Tensor | None:
        """Return a term () that is added to the generator's loss; as `discriminator_penalty`."""
        return None

    def discriminator_network(self, dim: int) -> nn.Module | None:
        """Make a new discriminator, (N, dim) -> (N,) or (N, 1); None is the recipe's. Of packs, dim is m D."""
        return None

    def generator_network(self, width: int, dim: int) -> nn.Module | None:
        """Make a new generator of points from codes, (N, width) -> (N, dim); None is the recipe's."""
        return None

    def gives(self, part: Part) -> bool:
        """Say whether the objective has a method of its own for a part.

        >>> any(GAN().gives(part) for part in PARTS)
        False
        """
        return getattr(type(self), part) is not getattr(Objective, part)


PARTS: tuple[Part, ...] = get_args(Part)


class GAN(Objective):
    """The original game, saturating form (Goodfellow et al., 2014, equation 1).

    D minimises -log D(x) - log(1 - D(G(z))), G minimises log(1 - D(G(z))).

    >>> import torch
    >>> zero = torch.zeros(4)
    >>> GAN().discriminator_loss(zero, zero), GAN().generator_loss(zero, zero)  # 2 log 2, -log 2
    (tensor(1.3863), tensor(-0.6931))
    """

    label = "D(x)"

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what D minimises."""
        return -(F.logsigmoid(real) + F.logsigmoid(-fake)).mean(-1)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return F.logsigmoid(-fake).mean(-1)

    def readout(self, scores: Tensor) -> Tensor:
        """Return the probability D(x)."""
        return scores.sigmoid()


class NonSaturatingGAN(GAN):
    """The same discriminator; G minimises -log D(G(z)) (Goodfellow et al., 2014, section 3).

    >>> import torch
    >>> NonSaturatingGAN().generator_loss(torch.zeros(4), torch.zeros(4))
    tensor(0.6931)
    """

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return -F.logsigmoid(fake).mean(-1)


class Wasserstein(Objective):
    """The dual of the 1-Wasserstein distance (Arjovsky, Chintala, Bottou, 2017, equation 2).

    The critic f maximises E f(x) - E f(G(z)), G maximises E f(G(z)); f must be kept Lipschitz, by clipping
    (`wgan`) or by a gradient penalty (`wgan-gp`, Gulrajani et al., 2017).

    >>> import torch
    >>> Wasserstein().discriminator_loss(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 0.0]))
    tensor(-1.5000)
    """

    critic = True
    label = "critic f(x)"

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what D minimises."""
        return fake.mean(-1) - real.mean(-1)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return -fake.mean(-1)


class LeastSquares(Objective):
    """Scores pulled to 1 and 0 (Mao et al., 2017, equation 9: a = 0, b = c = 1).

    >>> import torch
    >>> LeastSquares().discriminator_loss(torch.ones(4), torch.ones(4))
    tensor(0.5000)
    """

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what D minimises."""
        return ((real - 1).square() + fake.square()).mean(-1) / 2

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return (fake - 1).square().mean(-1) / 2


class Hinge(Objective):
    """Scores pushed beyond 1 and -1 and no further (Lim and Ye, 2017; Miyato et al., 2018, equations 16, 17).

    >>> import torch
    >>> Hinge().discriminator_loss(torch.tensor([2.0]), torch.tensor([0.5]))
    tensor(1.5000)
    """

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what D minimises."""
        return (F.relu(1 - real) + F.relu(1 + fake)).mean(-1)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return -fake.mean(-1)


class RelativisticPairing(Objective):
    """Real and generated points judged in pairs (Jolicoeur-Martineau, 2019; Huang et al., 2024, equation 2).

    D minimises -log sigmoid(s(x) - s(G(z))), G the same with the pair exchanged. Huang et al. (R3GAN) add the
    penalties R1 and R2, without which it need not converge.

    >>> import torch
    >>> RelativisticPairing().generator_loss(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """

    relative = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what D minimises."""
        return -F.logsigmoid(real - fake).mean(-1)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Average what G minimises."""
        return -F.logsigmoid(fake - real).mean(-1)


_CLASSES = (GAN, NonSaturatingGAN, Wasserstein, Wasserstein, LeastSquares, Hinge, RelativisticPairing)


def objective(name: str) -> Objective:
    """Return the objective with a name.

    Raises:
        InputError: the name is not among `ganatomy.fitting.recipes.recipe.OBJECTIVES`.

    >>> type(objective("wgan-gp")).__name__
    'Wasserstein'
    """
    if name not in OBJECTIVES:
        raise unknown("objective", name, OBJECTIVES)
    return dict(zip(OBJECTIVES, _CLASSES, strict=True))[name]()
