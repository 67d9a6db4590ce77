"""An objective of one's own, compared with the built-in ones: least squares, the real points' target moved off 1.

    python examples/label_smoothing.py                       # here, one run each
    ganatomy fit --objective examples/label_smoothing.py:SmoothedLeastSquares
    ganatomy compare --objectives examples/label_smoothing.py:SmoothedLeastSquares,lsgan

Smoothing (Salimans et al., 2016, section 3.4) keeps a discriminator from being too sure of itself. An objective is two
losses, functions of the scores that the discriminator gives real and generated points, averaged over the last axis.
"""

import argparse

import ganatomy
from ganatomy.config import OBJECTIVES


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


def compare(**settings):
    """Fit `zigzag` once with each objective; yield its name, and distance and coverage as multiples of the floor."""
    points = ganatomy.distribution("zigzag").sample(8192, seed=0)
    for objective in (SmoothedLeastSquares, *OBJECTIVES):
        model = ganatomy.fit(points, objective, "literature", train_size=7000, **settings)
        measured = model.measurements
        yield model.recipe.objective, measured["wasserstein2"].ratio, measured["coverage"].ratio


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=320)
    arguments = parser.parse_args()
    print(f"{'objective':<22} {'distance / floor':>16} {'coverage / floor':>16}")
    for name, distance, coverage in compare(epochs=arguments.epochs):
        print(f"{name:<22} {distance:>16.2f} {coverage:>16.2f}", flush=True)
