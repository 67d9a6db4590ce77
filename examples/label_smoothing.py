r"""An objective of one's own beside the seven built-in ones: least squares, the real points' target moved off 1.

    python examples/label_smoothing.py

makes the study that this command makes, and goes on with it where it was stopped:

    ganatomy compare --recipe examples/label_smoothing.toml \
        --objectives examples/label_smoothing.py:SmoothedLeastSquares,gan,ns-gan,wgan,wgan-gp,lsgan,hinge,rpgan

Smoothing (Salimans et al., 2016, section 3.4) keeps a discriminator from being too sure of itself. An objective is two
losses, functions of the scores that the discriminator gives real and generated points, averaged over the last axis.
"""

import argparse
from pathlib import Path

import ganatomy
from ganatomy.fitting.recipes.recipe import OBJECTIVES


class SmoothedLeastSquares(ganatomy.Objective):
    """Real scores are pulled to `target`, generated ones to 0; the generator pulls its own to `target`."""

    def __init__(self, target=0.9):
        self.target = target

    def discriminator_loss(self, real, fake):
        """Average what D minimises."""
        return ((real - self.target).square() + fake.square()).mean(-1) / 2

    def generator_loss(self, real, fake):
        """Average what G minimises."""
        return (fake - self.target).square().mean(-1) / 2


if __name__ == "__main__":  # the study's processes import this file
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=320)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--out", help="the study's folder  [default: studies/label_smoothing]")
    arguments = parser.parse_args()
    records = ganatomy.compare(
        objectives=[f"{__file__}:SmoothedLeastSquares", *OBJECTIVES],
        recipe=Path(__file__).with_suffix(".toml"),
        epochs=arguments.epochs,
        seeds=range(arguments.seeds),
        out=arguments.out,
        progress=True,
    )
    print(f"{'objective':<22} {'seed':>4} {'distance / floor':>16} {'coverage / floor':>16}")
    for record in records:
        ratios = (record.final[name] / record.floor[name] for name in ("wasserstein2", "coverage"))
        print(f"{record.cell.objective:<22} {record.seed:>4}" + "".join(f" {ratio:>16.2f}" for ratio in ratios))
