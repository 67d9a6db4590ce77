r"""A penalty of one's own: consensus optimization, by which both players seek where both losses are flat.

    python examples/consensus.py

makes the study that this command makes, and goes on with it where it was stopped:

    ganatomy compare grid --recipe literature --optimizers adam --epochs 100 \
        --objectives examples/consensus.py:ConsensusGAN,ns-gan

With L_G and L_D the losses and g, d the weights of generator and discriminator, both players add to their losses

    weight / 2 (|dL_G / dg|^2 + |dL_D / dd|^2)

(Mescheder, Nowozin, Geiger, 2017, "The numerics of GANs", section 4). Where players only descend, a game of two may
turn round its equilibrium for ever, or away from it; the term pulls it in, but also towards any other place where both
slopes vanish.
"""

import argparse

import torch

import ganatomy
from ganatomy.fitting.objectives.catalogue import NonSaturatingGAN


class Consensus:
    """What an objective of any losses takes for consensus: put it before the objective's class."""

    def __init__(self, weight=1.0):
        self.weight = weight

    def discriminator_penalty(self, networks, real, fake, progress):
        """Return half the squared length of both players' slopes, times the weight."""
        scores = networks.score(real), networks.score(fake)
        games = (
            (self.generator_loss(*scores), networks.generator),
            (self.discriminator_loss(*scores), networks.discriminator),
        )
        slopes = [torch.autograd.grad(loss, list(player.parameters()), create_graph=True) for loss, player in games]
        return self.weight / 2 * sum(slope.square().sum() for player in slopes for slope in player)

    generator_penalty = discriminator_penalty


class ConsensusGAN(Consensus, NonSaturatingGAN):
    """The non-saturating game with consensus."""


if __name__ == "__main__":  # the study's processes import this file
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--out", help="the study's folder  [default: studies/grid-literature]")
    arguments = parser.parse_args()
    study = ganatomy.compare(
        "grid",
        objectives=[f"{__file__}:ConsensusGAN", "ns-gan"],
        optimizers=["adam"],
        recipe="literature",
        epochs=arguments.epochs,
        seeds=range(arguments.seeds),
        out=arguments.out,
        progress=True,
    )
    print(study.to_latex())
