from .errors import InputError as InputError
from .fitting.metrics.yardstick import evaluate as evaluate
from .fitting.objectives.catalogue import Objective as Objective
from .fitting.objectives.own import read_objective as read_objective
from .fitting.points.cloud import load_points as load_points
from .fitting.points.distributions import distribution as distribution
from .fitting.recipes.recipe import Recipe as Recipe
from .fitting.recipes.recipe import load_recipe as load_recipe
from .fitting.run.fit import fit as fit
from .fitting.study.run import compare as compare
from .fitting.training.batched import train_many as train_many
from .fitting.training.game import Diverged as Diverged
from .fitting.training.game import Game as Game
from .fitting.training.model import FittedGAN as FittedGAN
from .fitting.training.trainer import Step as Step
from .fitting.training.trainer import train as train
from .generators.base import Generator as Generator
from .generators.loading import load as load
from .latent.direction import Direction as Direction
from .latent.directions import Directions as Directions
from .latent.methods.sefa import sefa as sefa
from .latent.survey.run import survey as survey

__version__: str
