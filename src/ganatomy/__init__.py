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
    "fit": "ganatomy.fitting",
    "compare": "ganatomy.study.conduct",
    "train": "ganatomy.adversarial.training",
    "Step": "ganatomy.adversarial.training",
    "Diverged": "ganatomy.adversarial.training",
    "FittedGAN": "ganatomy.adversarial.model",
    "Objective": "ganatomy.adversarial.objectives",
    "read_objective": "ganatomy.adversarial.own_objectives",
    "evaluate": "ganatomy.adversarial.yardstick",
    "load_points": "ganatomy.adversarial.points",
    "distribution": "ganatomy.adversarial.distributions",
    "Recipe": "ganatomy.config",
    "load_recipe": "ganatomy.config",
    "load": "ganatomy.generators.loading",
    "Generator": "ganatomy.generators.base",
    "sefa": "ganatomy.latent.sefa",
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
    from ganatomy.adversarial.distributions import distribution
    from ganatomy.adversarial.model import FittedGAN
    from ganatomy.adversarial.objectives import Objective
    from ganatomy.adversarial.own_objectives import read_objective
    from ganatomy.adversarial.points import load_points
    from ganatomy.adversarial.training import Diverged, Step, train
    from ganatomy.adversarial.yardstick import evaluate
    from ganatomy.config import Recipe, load_recipe
    from ganatomy.errors import InputError
    from ganatomy.fitting import fit
    from ganatomy.generators.base import Generator
    from ganatomy.generators.loading import load
    from ganatomy.latent.direction import Direction
    from ganatomy.latent.directions import Directions
    from ganatomy.latent.sefa import sefa
    from ganatomy.study.conduct import compare


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganatomy' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
