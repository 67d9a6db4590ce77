"""Fit GANs to point clouds and compare them; find the directions in pretrained generators, and edit with them.

    >>> import ganatomy
    >>> points = ganatomy.distribution("zigzag").sample(8192, seed=0)
    >>> model = ganatomy.fit(points, objective="gan", epochs=1)
    >>> model.sample(1000, seed=1).shape
    (1000, 2)

The names below are loaded when first used, so that importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "fit": "ganatomy.fitting.run.fit",
    "compare": "ganatomy.fitting.study.run",
    "train": "ganatomy.fitting.training.trainer",
    "Step": "ganatomy.fitting.training.trainer",
    "Diverged": "ganatomy.fitting.training.trainer",
    "FittedGAN": "ganatomy.fitting.training.model",
    "Objective": "ganatomy.fitting.objectives.catalogue",
    "read_objective": "ganatomy.fitting.objectives.own",
    "evaluate": "ganatomy.fitting.metrics.yardstick",
    "load_points": "ganatomy.fitting.points.cloud",
    "distribution": "ganatomy.fitting.points.distributions",
    "Recipe": "ganatomy.fitting.recipes.recipe",
    "load_recipe": "ganatomy.fitting.recipes.recipe",
    "load": "ganatomy.generators.loading",
    "Generator": "ganatomy.generators.base",
    "sefa": "ganatomy.latent.methods.sefa",
    "Direction": "ganatomy.latent.direction",
    "Directions": "ganatomy.latent.directions",
    "InputError": "ganatomy.errors",
}

__all__ = [
    "Direction",
    "Directions",
    "Diverged",
    "FittedGAN",
    "Generator",
    "InputError",
    "Objective",
    "Recipe",
    "Step",
    "__version__",
    "compare",
    "distribution",
    "evaluate",
    "fit",
    "load",
    "load_points",
    "load_recipe",
    "read_objective",
    "sefa",
    "train",
]

if TYPE_CHECKING:
    from ganatomy.errors import InputError
    from ganatomy.fitting.metrics.yardstick import evaluate
    from ganatomy.fitting.objectives.catalogue import Objective
    from ganatomy.fitting.objectives.own import read_objective
    from ganatomy.fitting.points.cloud import load_points
    from ganatomy.fitting.points.distributions import distribution
    from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
    from ganatomy.fitting.run.fit import fit
    from ganatomy.fitting.study.run import compare
    from ganatomy.fitting.training.model import FittedGAN
    from ganatomy.fitting.training.trainer import Diverged, Step, train
    from ganatomy.generators.base import Generator
    from ganatomy.generators.loading import load
    from ganatomy.latent.direction import Direction
    from ganatomy.latent.directions import Directions
    from ganatomy.latent.methods.sefa import sefa


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganatomy' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
