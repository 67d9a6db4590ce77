"""Networks of one shape as one network, whose first axis is the run: each sees its own batch with its own weights.

    y[r] = network_r(x[r])        (R, N, I) -> (R, N, O)        for r = 1 ... R

`stack` gives a network of the same class and with the same names in its state, every tensor with an axis of runs in
front; `unstack` takes one run out again. Guaranteed: no number of one run depends on another run, also in batch
normalisation and in a spectral norm's power iteration, and gradients of any order are the single network's up to
rounding. Layers are written out rather than mapped (`torch.vmap` over `functional_call`): on small networks, where the
handling of operations is all that counts, mapped ones take more than twice as long. Shapes: `R` runs, `N` samples, `I`
inputs, `O` outputs, `C` channels.
"""

import copy
from collections.abc import Sequence
from functools import singledispatch
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganatomy.fitting.training.networks import Discriminator, Generator

Network = TypeVar("Network", Generator, Discriminator)


def stack(networks: Sequence[Network]) -> Network:
    """Stack the networks of R runs: (R, N, I) -> (R, N, O), or (R, N) where one gives (N,).

    >>> from ganatomy.fitting.training.networks import build
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> critics = [build(load_recipe("course"), dim=2, seed=seed)[1] for seed in range(3)]
    >>> x = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(0))
    >>> stack(critics)(x).shape, torch.allclose(stack(critics)(x)[2], critics[2](x[2]), atol=1e-6)
    (torch.Size([3, 5]), True)
    """
    whole = copy.deepcopy(networks[0])
    layers = whole.layers
    assert isinstance(layers, nn.Sequential), "networks of a user's own are trained one by one"
    whole.layers = nn.Sequential(*(_stacked(layer, len(networks)) for layer in layers))
    states = [network.state_dict() for network in networks]
    whole.load_state_dict({name: torch.stack([state[name] for state in states]) for name in states[0]})
    return whole.to(next(networks[0].parameters()).device)


def unstack(whole: Network, run: int, like: Network) -> Network:
    """Copy one run out of a stack, as a network of its own on the same device, of the make of `like`.

    >>> from ganatomy.fitting.training.networks import build
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> critics = [build(load_recipe("course"), dim=2, seed=seed)[1] for seed in range(3)]
    >>> again = unstack(stack(critics), 2, like=critics[0])
    >>> torch.equal(again.layers[0].weight, critics[2].layers[0].weight)
    True
    """
    network = copy.deepcopy(like).to(next(whole.parameters()).device)
    network.load_state_dict({name: tensor[run] for name, tensor in whole.state_dict().items()})
    return network


@singledispatch
def _stacked(layer: nn.Module, runs: int) -> nn.Module:
    """Return what stands for a layer of each run; an activation has no weights and is the same for all."""
    layer = copy.copy(layer)
    if isinstance(layer, nn.ReLU | nn.LeakyReLU):
        layer.inplace = False  # what a normalisation returns is a view, and changing that in place takes longer
    return layer


class _Linear(nn.Module):
    """y[r] = x[r] W[r]ᵀ + b[r]."""

    def __init__(self, runs: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(runs, outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(runs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias.unsqueeze(1), x, self.weight.mT)


class _SpectralNorm(nn.Module):
    """W[r] / σ[r], with σ by one step of the power iteration a call, as `torch.nn.utils.parametrizations` does it."""

    def __init__(self, runs: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("_u", torch.zeros(runs, outputs))
        self.register_buffer("_v", torch.zeros(runs, inputs))

    def forward(self, weight: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():  # into new tensors: a graph may still hold the former
                self._u = F.normalize(_times(weight, self._v), dim=-1)
                self._v = F.normalize(_times(weight.mT, self._u), dim=-1)
        sigma = (self._u * _times(weight, self._v)).sum(-1)
        return weight / sigma[:, None, None]


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Multiply each matrix by its vector: (R, O, I), (R, I) -> (R, O)."""
    return torch.bmm(matrices, vectors.unsqueeze(-1)).squeeze(-1)


class _BatchNorm(nn.Module):
    """Batch normalisation whose channels are the R C pairs of a run and a channel."""

    def __init__(self, runs: int, channels: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(runs, channels))
        self.bias = nn.Parameter(torch.zeros(runs, channels))

    def forward(self, x: Tensor) -> Tensor:
        runs, samples, channels = x.shape
        flat = x.transpose(0, 1).reshape(samples, runs * channels)
        weight, bias = self.weight.view(-1), self.bias.view(-1)
        normal = F.batch_norm(flat, None, None, weight, bias, training=True, eps=self.eps)
        return normal.view(samples, runs, channels).transpose(0, 1)


class _LayerNorm(nn.Module):
    def __init__(self, runs: int, channels: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(runs, channels))
        self.bias = nn.Parameter(torch.zeros(runs, channels))

    def forward(self, x: Tensor) -> Tensor:
        normal = F.layer_norm(x, x.shape[-1:], eps=self.eps)
        return torch.addcmul(self.bias.unsqueeze(1), normal, self.weight.unsqueeze(1))


@_stacked.register
def _(layer: nn.Linear, runs: int) -> nn.Module:
    found = _Linear(runs, layer.in_features, layer.out_features)
    if parametrize.is_parametrized(layer):
        # Unchecked, since the check would divide the zeros that are there before the state is loaded.
        norm = _SpectralNorm(runs, layer.in_features, layer.out_features)
        parametrize.register_parametrization(found, "weight", norm, unsafe=True)
    return found


@_stacked.register
def _(layer: nn.BatchNorm1d, runs: int) -> nn.Module:
    return _BatchNorm(runs, layer.num_features, layer.eps)


@_stacked.register
def _(layer: nn.LayerNorm, runs: int) -> nn.Module:
    return _LayerNorm(runs, layer.normalized_shape[0], layer.eps)
