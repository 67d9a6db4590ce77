"""What keeps the discriminator smooth: penalties on its gradient, and clipping of its weights.

A penalty is one scalar added to the discriminator's loss. It looks at the norm of the gradient of the scores (..., N)
with respect to the samples (..., N, *), one norm a sample, over all axes behind those of the scores: points (..., N, D)
and pictures (..., N, 3, H, W) are one case. It averages over the last axis of the scores, so a leading axis of
independent runs passes through. Nothing here holds with a discriminator that mixes the samples of a batch (batch
normalisation). Shapes: `N` samples, `*` the axes of one, `P` their product.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def gradients(scores: Tensor, samples: Tensor) -> Tensor:
    """Differentiate each score with respect to its own sample, keeping the graph.

    Args:
        scores: (..., N), computed from `samples`.
        samples: (..., N, *), requiring a gradient.

    Returns:
        (..., N, P), the axes of a sample laid out in one.

    >>> x = torch.tensor([[3.0, 4.0]], requires_grad=True)
    >>> gradients((x**2).sum(-1), x).tolist()
    [[6.0, 8.0]]
    >>> pictures = torch.zeros(4, 3, 2, 2, requires_grad=True)
    >>> gradients(pictures.sum((1, 2, 3)), pictures).shape
    torch.Size([4, 12])
    """
    # Each score depends on its own sample only, so the gradient of the sum holds all of them.
    return torch.autograd.grad(scores.sum(), samples, create_graph=True)[0].flatten(scores.dim())


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Average (|∇D(x̂)| - 1)² over samples x̂ between real and generated ones (Gulrajani et al., 2017, equation 3).

    x̂ = share · real + (1 - share) · fake, one uniform share a pair of samples: (..., N, *), (..., N, *), (..., N) ->
    (...). A linear discriminator a·x has penalty (|a| - 1)² whatever the samples:

    >>> a = torch.tensor([3.0, 4.0])
    >>> gradient_penalty(lambda x: x @ a, torch.ones(5, 2), torch.zeros(5, 2), torch.rand(5))
    tensor(16.)
    """
    share = share.reshape(share.shape + (1,) * (real.dim() - share.dim()))
    between = torch.lerp(fake.detach(), real.detach(), share).requires_grad_()
    norms = torch.linalg.vector_norm(gradients(discriminator(between), between), dim=-1)
    return (norms - 1).square().mean(-1)


def zero_centred_penalty(scores: Tensor, samples: Tensor) -> Tensor:
    """Average |∇D(x)|² / 2: R1 on real samples, R2 on generated ones (Mescheder et al., 2018, equations 9, 10).

    Takes scores (..., N) computed from samples (..., N, *) that require a gradient -> (...). A linear discriminator a·x
    has |a|² / 2 whatever the samples:

    >>> x = torch.ones(5, 2, requires_grad=True)
    >>> float(zero_centred_penalty(x @ torch.tensor([3.0, 4.0]), x))
    12.5
    """
    return gradients(scores, samples).square().sum(-1).mean(-1) / 2


def clip_(parameters: Tensor, bound: float) -> None:
    """Clip parameters to [-bound, bound] in place, after the optimizer's step (Arjovsky et al., 2017, algorithm 1).

    >>> weights = torch.tensor([-2.0, 0.05])
    >>> clip_(weights, 0.1)
    >>> weights
    tensor([-0.1000,  0.0500])
    """
    with torch.no_grad():
        parameters.clamp_(-bound, bound)
