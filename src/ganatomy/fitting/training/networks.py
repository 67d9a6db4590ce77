"""The two players: multilayer perceptrons that know neither each other nor their loss.

A generator maps latent codes to points, a discriminator maps points to unbounded scores:

    G: (N, Z) -> (N, D)        D: (N, m D) -> (N,)

Both are plain modules without side effects on their inputs, so the networks of many runs can be stacked into one (see
`stacked_networks`). Shapes: `N` samples, `Z` latent, `D` data dimensions,
`m` points a score, 1 unless the recipe packs them (see `ganatomy.fitting.training.packing`).

Batch normalisation always uses the statistics of the batch it is given, in training and in sampling, as the course
does; it keeps no running averages. A point generated with it depends on its batch, which is why
`FittedGAN.sample` generates in batches of the training's size.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganatomy.fitting.objectives.catalogue import Objective
from ganatomy.fitting.objectives.guarded import Guarded
from ganatomy.fitting.recipes.recipe import Latent, Network, Recipe
from ganatomy.own_code import blamed

ACTIVATIONS: dict[str, Callable[[Network], nn.Module]] = {
    # In place: neither a linear layer nor a normalisation needs its own output to go backward.
    "leaky-relu": lambda network: nn.LeakyReLU(network.slope, inplace=True),
    "relu": lambda network: nn.ReLU(inplace=True),
    "elu": lambda network: nn.ELU(),
    "silu": lambda network: nn.SiLU(),
    "gelu": lambda network: nn.GELU(),
    "softplus": lambda network: nn.Softplus(),
    "tanh": lambda network: nn.Tanh(),
}

NORMALIZATIONS: dict[str, Callable[[int, float], nn.Module]] = {
    "batch": lambda width, eps: nn.BatchNorm1d(width, eps=eps, track_running_stats=False),
    "layer": lambda width, eps: nn.LayerNorm(width, eps=eps),
}


def _perceptron(network: Network, inputs: int, outputs: int) -> nn.Sequential:
    """Stack linear layers, each hidden one followed by its normalisation and the activation."""
    names = network.normalization
    names = (names,) * len(network.hidden) if isinstance(names, str) else names
    wrap = spectral_norm if network.spectral_norm else nn.Identity()
    layers: list[nn.Module] = []
    for width, name in zip(network.hidden, names, strict=True):
        layers.append(wrap(nn.Linear(inputs, width)))
        if name != "none":
            layers.append(NORMALIZATIONS[name](width, network.normalization_eps))
        layers.append(ACTIVATIONS[network.activation](network))
        inputs = width
    layers.append(wrap(nn.Linear(inputs, outputs)))
    return nn.Sequential(*layers)


class _Player(nn.Module):
    """A perceptron, or a module of a user's own in its place.

    Attributes:
        own: the file and the method that the module is of, to be blamed for what goes wrong in it; None of a recipe's.
    """

    def __init__(self, layers: nn.Module, own: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.layers, self.own = layers, own

    def _outputs(self, inputs: Tensor) -> Tensor:
        if self.own is None:
            return self.layers(inputs)
        with blamed(*self.own):
            return self.layers(inputs)


class Generator(_Player):
    """Map latent codes (N, Z) to points (N, D), in the units the discriminator sees.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> G = Generator(load_recipe("course"), dim=2)
    >>> G(torch.zeros(3, 2)).shape, sum(p.numel() for p in G.parameters())
    (torch.Size([3, 2]), 150978)
    """

    def __init__(self, recipe: Recipe, dim: int, objective: Objective | None = None) -> None:
        width, guarded = recipe.latent.width, _guarded(objective)
        own = None if guarded is None else guarded.generator_network(width, dim)
        layers = _perceptron(recipe.generator, width, dim) if own is None else own
        super().__init__(layers, None if guarded is None or own is None else guarded.place("generator_network"))

    def forward(self, z: Tensor) -> Tensor:
        """Generate points: codes (N, Z) -> points (N, D)."""
        return self._outputs(z)


class Discriminator(_Player):
    """Map points (N, D), or packs of m points (N, m D), to scores (N,).

    Scores are unbounded: losses that need a probability take the sigmoid.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> D = Discriminator(load_recipe("course"), dim=2)
    >>> D(torch.zeros(3, 2)).shape, sum(p.numel() for p in D.parameters())
    (torch.Size([3]), 17089)
    """

    def __init__(self, recipe: Recipe, dim: int, objective: Objective | None = None) -> None:
        inputs, guarded = recipe.packing * dim, _guarded(objective)
        own = None if guarded is None else guarded.discriminator_network(inputs)
        layers = _perceptron(recipe.discriminator, inputs, 1) if own is None else own
        super().__init__(layers, None if guarded is None or own is None else guarded.place("discriminator_network"))

    def forward(self, x: Tensor) -> Tensor:
        """Score points or packs: (N, m D) -> (N,)."""
        return self._outputs(x).reshape(x.shape[:-1])


def _guarded(objective: Objective | None) -> Guarded | None:
    """Return an objective of one's own; those that are built in give no networks."""
    return objective if isinstance(objective, Guarded) else None


def build(recipe: Recipe, dim: int, seed: int, objective: Objective | None = None) -> tuple[Generator, Discriminator]:
    """Make both players with PyTorch's default initialisation, the same for the same seed.

    An `objective` of one's own may give either player's network, initialised as it likes.

    The global random state is left as it was.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> G, D = build(load_recipe("course"), dim=2, seed=0)
    >>> G.layers[0].weight[0].tolist()
    [-0.0052..., 0.3793...]
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(recipe, dim, objective), Discriminator(recipe, dim, objective)


def draw_codes(latent: Latent, shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """Draw latent codes of a shape (...): (..., Z).

    >>> from ganatomy.fitting.recipes.recipe import Latent
    >>> draw_codes(Latent(distribution="uniform", classes=2), (1,), torch.Generator().manual_seed(0))
    tensor([[-0.0075,  0.5364,  0.0000,  1.4142]])
    """
    if latent.distribution == "normal":
        codes = torch.randn((*shape, latent.dim), generator=random)
    else:
        codes = torch.rand((*shape, latent.dim), generator=random) * 2 - 1
    if not latent.classes:
        return codes
    classes = torch.randint(latent.classes, shape, generator=random)
    return torch.cat((codes, class_codes(latent)[classes]), dim=-1)


def class_codes(latent: Latent) -> Tensor:
    """Return what stands for each class at the end of a code: (classes, classes).

    >>> class_codes(Latent(dim=4, classes=2))
    tensor([[2., 0.],
            [0., 2.]])
    """
    return torch.eye(latent.classes) * math.sqrt(latent.dim)
