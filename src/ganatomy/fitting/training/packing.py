"""Packing: the discriminator scores m samples at once, and so sees whether they differ as real ones do.

    D: (..., N / m, m P) -> (..., N / m)        from samples (..., N, P), m neighbours of a batch in one

A generator that leaves modes out makes packs that are told from real ones more easily than its single samples are
(Lin, Khetan, Fanti, Oh, 2018, "PacGAN: the power of two samples in generative adversarial networks"). All that
is said of a sample holds for a pack then: an objective takes N / m scores, and a gradient penalty looks at the gradient
by all m P coordinates of a pack. Samples of a batch are independent, so which are neighbours is of no matter.

Shapes: `N` samples, `P` numbers on the first axis of one, `m` samples a pack.
"""

from torch import Tensor


def packed(samples: Tensor, size: int, axis: int = 0) -> Tensor:
    """Put neighbours into one sample, behind one another on its first axis: (..., N, P, *) -> (..., N / m, m P, *).

    Args:
        samples: N of them, a multiple of `size`.
        size: m.
        axis: of the samples, N; those before it are of independent runs.

    >>> import torch
    >>> packed(torch.tensor([[0, 1], [2, 3], [4, 5], [6, 7]]), 2)
    tensor([[0, 1, 2, 3],
            [4, 5, 6, 7]])
    >>> packed(torch.zeros(8, 3, 4, 4), 2).shape  # pictures: more channels
    torch.Size([4, 6, 4, 4])
    """
    if size == 1:
        return samples
    return samples.unflatten(axis, (-1, size)).flatten(axis + 1, axis + 2)


def copied(samples: Tensor, size: int) -> Tensor:
    """Make a pack of copies of each sample, to ask a packed discriminator about one: (N, P) -> (N, m P).

    >>> import torch
    >>> copied(torch.tensor([[0, 1], [2, 3]]), 2)
    tensor([[0, 1, 0, 1],
            [2, 3, 2, 3]])
    """
    return samples if size == 1 else samples.repeat(1, size)
