"""What keeps the discriminator smooth: penalties on its gradient, and clipping of its weights.

A penalty is one scalar added to the discriminator's loss. It looks at the norm of the gradient of the scores with
respect to the points, one norm a point, and averages over the last axis: a leading axis of independent runs passes
through. Nothing here holds with a discriminator that mixes the points of a batch (batch normalisation).
Shapes: `N` samples, `D` data dimensions.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def gradients(scores: Tensor, points: Tensor) -> Tensor:
    """Differentiate each score with respect to its own point, keeping the graph.

    Args:
        scores: (..., N), computed from `points`.
        points: (..., N, D), requiring a gradient.

    >>> x = torch.tensor([[3.0, 4.0]], requires_grad=True)
    >>> gradients((x**2).sum(-1), x)
    tensor([[6., 8.]], grad_fn=<MulBackward0>)
    """
    # Each score depends on its own point only, so the gradient of the sum holds all of them.
    return torch.autograd.grad(scores.sum(), points, create_graph=True)[0]


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Average (|∇D(x̂)| - 1)² over points x̂ between real and generated ones (Gulrajani et al., 2017, equation 3).

    x̂ = share · real + (1 - share) · fake, one uniform share a pair of points: (..., N, D), (..., N, D), (..., N) ->
    (...). A linear discriminator a·x has penalty (|a| - 1)² whatever the points:

    >>> a = torch.tensor([3.0, 4.0])
    >>> gradient_penalty(lambda x: x @ a, torch.ones(5, 2), torch.zeros(5, 2), torch.rand(5))
    tensor(16.)
    """
    between = torch.lerp(fake.detach(), real.detach(), share.unsqueeze(-1)).requires_grad_()
    norms = torch.linalg.vector_norm(gradients(discriminator(between), between), dim=-1)
    return (norms - 1).square().mean(-1)


def zero_centred_penalty(slopes: Tensor) -> Tensor:
    """Average |∇D(x)|² / 2: R1 on real points, R2 on generated ones (Mescheder et al., 2018, equations 9, 10).

    Takes what `gradients` returns, (..., N, D) -> (...).

    >>> x = torch.ones(5, 2, requires_grad=True)
    >>> zero_centred_penalty(gradients(x @ torch.tensor([3.0, 4.0]), x))
    tensor(12.5000)
    """
    return slopes.square().sum(-1).mean(-1) / 2


def clip_(parameters: Tensor, bound: float) -> None:
    """Clip parameters to [-bound, bound] in place, after the optimizer's step (Arjovsky et al., 2017, algorithm 1).

    >>> weights = torch.tensor([-2.0, 0.05])
    >>> clip_(weights, 0.1)
    >>> weights
    tensor([-0.1000,  0.0500])
    """
    with torch.no_grad():
        parameters.clamp_(-bound, bound)
