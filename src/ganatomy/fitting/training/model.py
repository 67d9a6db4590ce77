"""A fitted GAN: two networks, the scaling of the data, and the recipe that made them.

A model is a value: it can be sampled, asked for the discriminator's opinion, saved and loaded, and it does not
change while training goes on. Its file is a safetensors file (no pickle) whose header holds the recipe. Shapes: `N`
samples, `D` data, `Z` latent dimensions.
"""

import contextlib
import copy
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load
from safetensors.torch import save as serialize
from torch import Tensor, nn

from ganatomy.errors import InputError
from ganatomy.files import Meter, parse_json, printable, read_input, replacing
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.metrics.yardstick import Scale, units_of
from ganatomy.fitting.objectives.catalogue import Objective
from ganatomy.fitting.objectives.own import NamedObjective, objective_of
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
from ganatomy.fitting.training.card import card
from ganatomy.fitting.training.networks import Discriminator, Generator, build, draw_codes
from ganatomy.fitting.training.packing import copied

FORMAT = "fitted-gan-1"
_PLAYERS = ("generator", "discriminator")
_HEADER = 1 << 20  # bytes; ours have some thousands


class ForeignNetworks(InputError):
    """A model's networks are somebody's own code, which was not given."""


class _Header(BaseModel):
    """What a safetensors file says of itself before its tensors; of these, its reader makes sure."""

    model_config = ConfigDict(strict=True, extra="allow")
    metadata: dict[str, str] = Field(default={}, alias="__metadata__")


@dataclass(frozen=True)
class Scaling:
    """The map between the data's units and the networks': network = (data - shift) / scale, each (D,).

    >>> Scaling.fit(np.array([[0.0], [2.0]]), standardize=True)
    Scaling(shift=array([1.]), scale=array([1.]))
    """

    shift: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, points: NDArray[np.float64], standardize: bool) -> "Scaling":
        """Take each column's mean and standard deviation, or leave the units alone."""
        dim = points.shape[1]
        if not standardize:
            return cls(np.zeros(dim), np.ones(dim))
        return cls(points.mean(axis=0), points.std(axis=0))

    def check(self) -> None:
        """See that it is one, as it may come from a file.

        Raises:
            ValueError: it is not.
        """
        shapes = self.shift.shape, self.scale.shape
        if len(shapes[0]) != 1 or not shapes[0][0] or shapes[1] != shapes[0]:
            raise ValueError(f"scaling of shapes {shapes[0]} and {shapes[1]}")
        if {self.shift.dtype, self.scale.dtype} != {np.dtype(np.float64)} or not (self.scale > 0).all():
            raise ValueError("scaling by no positive numbers")
        if not (np.isfinite(self.shift) & np.isfinite(self.scale)).all():
            raise ValueError("scaling has NaN or infinite values")

    def to_network(self, points: NDArray[np.float64]) -> Tensor:
        """Turn points (N, D) in the data's units into a float32 tensor (N, D)."""
        return torch.from_numpy(((points - self.shift) / self.scale).astype(np.float32))

    def to_data(self, points: Tensor) -> NDArray[np.float64]:
        """Turn a tensor (N, D) from the generator into points in the data's units."""
        return points.detach().cpu().numpy().astype(np.float64) * self.scale + self.shift


class FittedGAN:
    """A generator one can sample, with the discriminator it was trained against.

    The snapshots of `ganatomy.train` are of this class; what `ganatomy.fit` returns holds its training too.

    Attributes:
        columns: the names of the D coordinates; none where the points had no names.
    """

    columns: tuple[str, ...] = ()

    def __init__(
        self,
        recipe: Recipe,
        generator: Generator,
        discriminator: Discriminator,
        scaling: Scaling,
        objective: Objective | None = None,
    ) -> None:
        self.recipe = recipe
        self.generator = generator.eval()
        self.discriminator = discriminator.eval()
        self.scaling = scaling
        self._objective = objective

    @property
    def objective(self) -> Objective:
        """What the players minimised, which says how the discriminator's scores are read.

        Raises:
            InputError: it is not built in, and `load` was not given it.
        """
        if self._objective is None:
            self._objective = objective_of(self.recipe)
        return self._objective

    @property
    def dim(self) -> int:
        """The number D of coordinates of a point."""
        return len(self.scaling.shift)

    def __repr__(self) -> str:
        return f"FittedGAN({self.recipe.objective}, recipe={self.recipe.name!r}, dim={self.dim})"

    def _repr_html_(self) -> str:
        recipe = self.recipe
        facts = {
            "objective": recipe.objective,
            "optimizer": f"{recipe.optimizer_name}, {recipe.generator.optimizer.lr:g}",
            "recipe": recipe.name,
            "epochs": recipe.epochs,
            "dim": self.dim,
            "latent": recipe.latent.width,
        }
        return card(repr(self), facts, self.sample(400))

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> NDArray[np.float64]:
        """Generate n points (n, D) in the data's units, the same for the same seed.

        Points are made in whole batches of the training's size, since batch normalisation, where there is one,
        makes a point depend on its batch. So `sample(m, seed)` is the beginning of `sample(n, seed)` for m < n.

        Raises:
            InputError: n is not positive.
        """
        points = torch.cat([self._generate(z) for z in self._batches(n, seed)])
        return self.scaling.to_data(points[:n])

    def codes(self, n: int, seed: int = 0) -> NDArray[np.float32]:
        """Draw the latent codes (n, Z) of the points that `sample` makes for the same seed.

        Their points by `transform` are those, to rounding, of a generator without batch normalisation.

        Raises:
            InputError: as `sample`.

        >>> from ganatomy.fitting.recipes.recipe import load_recipe
        >>> recipe = load_recipe("course", generator={"normalization": "none"})
        >>> model = FittedGAN(recipe, *build(recipe, 2, seed=0), Scaling(np.zeros(2), np.ones(2)))
        >>> np.allclose(model.transform(model.codes(500, seed=3)), model.sample(500, seed=3))
        True
        """
        return torch.cat(list(self._batches(n, seed)))[:n].numpy()

    def _batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """Draw codes for n points batch by batch: one large draw would not begin with the numbers of a smaller one."""
        if not isinstance(n, int | np.integer) or n < 1:
            raise InputError(f"cannot sample {n} points: give a whole number, 1 or more")
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
            raise InputError(f"seed = {seed!r}: give a whole number from 0 to 2^63 - 1")
        size, random = self.recipe.batch_size, torch.Generator().manual_seed(int(seed))
        for _ in range(-(-n // size)):
            yield draw_codes(self.recipe.latent, (size,), random)

    def _generate(self, z: Tensor) -> Tensor:
        return self.generator(z.to(next(self.generator.parameters()).device))

    @torch.no_grad()
    def frozen(self) -> Generator:
        """Copy the generator as a map of each code for itself, z (N, Z) to points (N, D) in the networks' units.

        Batch normalisation, where there is one, uses the statistics of 32 ordinary batches instead of the batch's.
        A point in the data's units is `scaling.scale * frozen(z) + scaling.shift`.

        >>> from ganatomy.fitting.recipes.recipe import load_recipe
        >>> recipe = load_recipe("course")
        >>> model = FittedGAN(recipe, *build(recipe, 2, seed=0), Scaling(np.zeros(2), np.ones(2)))
        >>> frozen, z = model.frozen(), torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(frozen(z)[:1], frozen(z[:1]))
        True
        """
        generator = copy.deepcopy(self.generator)
        norms = [
            module
            for module in generator.modules()
            if isinstance(module, nn.BatchNorm1d) and module.running_mean is None  # else it does so already
        ]
        for norm in norms:
            norm.train()
            zeros = torch.zeros(norm.num_features, device=next(generator.parameters()).device)
            norm.running_mean, norm.running_var = zeros, zeros.clone()
            norm.num_batches_tracked, norm.track_running_stats = torch.tensor(0), True
            norm.momentum = None  # a plain average
        if norms:
            device, random = next(generator.parameters()).device, torch.Generator().manual_seed(0)
            for batch in draw_codes(self.recipe.latent, (32, self.recipe.batch_size), random):
                generator(batch.to(device))
        return generator.eval()

    @torch.no_grad()
    def transform(self, z: ArrayLike) -> NDArray[np.float64]:
        """Map latent codes (N, Z) to points (N, D) in the data's units, each for itself, as `frozen` does.

        Raises:
            InputError: codes of another dimension.
        """
        codes = torch.as_tensor(np.asarray(z), dtype=torch.float32)
        if codes.dim() != 2 or codes.shape[1] != self.recipe.latent.width:
            raise InputError(f"codes have shape {tuple(codes.shape)}, the model takes (N, {self.recipe.latent.width})")
        generator = self.frozen()
        return self.scaling.to_data(generator(codes.to(next(generator.parameters()).device)))

    @torch.no_grad()
    def discriminate(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return the discriminator's value at points (N, D) in the data's units: (N,).

        It is the probability D(x) for `gan` and `ns-gan`, the score itself for the other objectives. A discriminator
        that was trained on packs of m points is asked about m copies of each, which no batch held.
        """
        x = self.scaling.to_network(self._checked(points)).to(next(self.discriminator.parameters()).device)
        return self._value(x).cpu().numpy().astype(np.float64)

    def discriminator_gradient(self, points: ArrayLike) -> NDArray[np.float64]:
        """Differentiate what `discriminate` returns by the point: (N, D) -> (N, D), in the data's units."""
        device = next(self.discriminator.parameters()).device
        x = self.scaling.to_network(self._checked(points)).to(device).requires_grad_()
        slopes = torch.autograd.grad(self._value(x).sum(), x)[0]
        return slopes.cpu().numpy().astype(np.float64) / self.scaling.scale

    def _value(self, x: Tensor) -> Tensor:
        """Return the discriminator's value at points (N, D) in the networks' units: (N,)."""
        return self.objective.readout(self.discriminator(copied(x, self.recipe.packing)))

    def score(self, heldout: ArrayLike, y: object = None, *, seed: int = 0, scale: Scale = "std") -> float:
        """Score the fit on held-out points (N, D), higher is better as in scikit-learn.

        The score is minus the exact 2-Wasserstein distance between as many generated points and the held-out ones, of
        one draw. Good to choose by, no verdict: `ganatomy.evaluate` gives all the numbers, with their floors.

        Args:
            heldout: the points.
            y: of no effect; scikit-learn's tools pass one.
            seed: of the generated points.
            scale: "std" to measure each column in the held-out points' standard deviations, "raw" in the data's units.

        Raises:
            InputError: points of another dimension, a seed in the place of `y`, or an unknown scale.
        """
        if isinstance(y, int | np.integer):
            raise InputError(f"score takes its seed by name: score(points, seed={y})")
        heldout = self._checked(heldout)
        units = units_of(heldout, scale)
        return -metrics.wasserstein2(self.sample(len(heldout), seed) / units, heldout / units)

    def _checked(self, points: ArrayLike) -> NDArray[np.float64]:
        points = np.asarray(points, dtype=np.float64)
        points = points[:, None] if points.ndim == 1 else points
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise InputError(f"points have {points.shape[-1]} columns, the model was fitted on {self.dim}")
        if not np.isfinite(points).all():
            raise InputError("points have NaN or infinite values; remove them")
        return points

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to a safetensors file: weights, scaling, and the recipe in its header.

        Raises:
            InputError: the file cannot be written.
        """
        tensors = {
            **{f"generator.{k}": v.detach().cpu().clone() for k, v in self.generator.state_dict().items()},
            **{f"discriminator.{k}": v.detach().cpu().clone() for k, v in self.discriminator.state_dict().items()},
            "scaling.shift": torch.from_numpy(self.scaling.shift.copy()),
            "scaling.scale": torch.from_numpy(self.scaling.scale.copy()),
        }
        own = [player for player in _PLAYERS if getattr(self, player).own]
        told = {"columns": self.columns, "own": own}
        # One key, since the order of several differs from file to file.
        card = {"format": FORMAT, "recipe": self.recipe.model_dump()}
        header = {"ganatomy": json.dumps(card | {name: names for name, names in told.items() if names})}
        with replacing(path) as file:
            file.write(serialize(tensors, header))

    @classmethod
    def load(cls, path: str | Path, objective: NamedObjective | None = None) -> "FittedGAN":
        """Read a model that `save` wrote. Nothing in the file is executed.

        An `objective` that is not built in is not in the file. Without it the model can be sampled, but not asked for
        the discriminator's value; if it gave a player's network, it is needed for that.

        Raises:
            InputError: no such file, not a model of this version, or not the objective that it was trained with.
        """
        meter = Meter(os.fspath(path))
        content = read_input(path, "give a generator.safetensors from a run", meter)
        told, tensors = _opened(content, meter)
        recipe, columns, own = _card_of(told, meter.where)
        if own and objective is None:
            name, digest = recipe.objective.partition("(")[0], recipe.objective_sha256[:12]
            raise ForeignNetworks(
                f"{meter.where}: its networks are somebody's own code, which no model holds; give the file with the "
                f"SHA-256 {digest}... again: `objective=FILE.py:{name}`"
            )
        made = None if objective is None else objective_of(recipe, objective)
        try:
            scaling = Scaling(tensors.pop("scaling.shift").numpy(), tensors.pop("scaling.scale").numpy())
            scaling.check()
            with contextlib.nullcontext() if own else torch.device("meta"):  # of which only the shapes are there
                described = build(recipe, len(scaling.shift), 0, made)
            wanted = {
                f"{player}.{name}": (value.shape, value.dtype)
                for player, network in zip(_PLAYERS, described, strict=True)
                for name, value in network.state_dict().items()
            }
            _compare(tensors, wanted)
            networks = build(recipe, len(scaling.shift), 0, made)
            for player, network in zip(_PLAYERS, networks, strict=True):
                network.load_state_dict({name: tensors[f"{player}.{name}"] for name in network.state_dict()})
        except InputError:  # of somebody's own code
            raise
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError(f"{meter.where}: damaged model: {printable(error)}") from None
        model = cls(recipe, *networks, scaling, made)
        model.columns = columns if len(columns) == model.dim else ()
        return model


def _opened(content: bytes, meter: Meter) -> tuple[str, dict[str, Tensor]]:
    """Return what a safetensors file says of itself, and its tensors."""
    length = int.from_bytes(content[:8], "little")
    try:
        if not 2 <= length <= min(len(content) - 8, _HEADER):
            raise ValueError("it has no header")
        header = parse_json(content[8 : 8 + length], meter.where, _Header)
        meter.draw("bytes", len(content))
        return header.metadata.get("ganatomy", "{}"), load(content)
    except InputError:
        raise
    except Exception as error:  # on damaged bytes the reader raises several kinds
        raise InputError(f"{meter.where}: not a safetensors file: {printable(error)}") from None


def _card_of(card: str, where: str) -> tuple[Recipe, tuple[str, ...], bool]:
    """Return what a model's card holds: the recipe, which never names a file of one, and the names of the columns.

    And whether a player's network is of an objective of one's own.
    """
    found = parse_json(card, f"{where}: damaged model")
    written = found.get("format", "no model of ganatomy") if isinstance(found, dict) else "no model of ganatomy"
    if written != FORMAT:
        raise InputError(f"{where}: holds {printable(written)}, this version reads {FORMAT}")
    if not isinstance(found.get("recipe"), dict):
        raise InputError(f"{where}: damaged model: its recipe is no table")
    columns = found.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise InputError(f"{where}: damaged model: its columns are no names")
    try:
        recipe = load_recipe(found["recipe"])
        if found.get("own") and not recipe.objective_sha256:
            raise InputError(f"{recipe.objective} is built in, and its networks are somebody's own")
        return recipe, tuple(map(printable, columns)), bool(found.get("own"))
    except InputError as error:
        raise InputError(f"{where}: damaged model: {error}") from None


def _compare(tensors: Mapping[str, Tensor], wanted: Mapping[str, tuple[torch.Size, torch.dtype]]) -> None:
    """See that tensors are those that are wanted, and finite.

    Raises:
        ValueError: they are not.
    """
    for name in {**wanted, **tensors}:
        if name not in wanted or name not in tensors:
            raise ValueError(f"'{name}' is {'missing' if name in wanted else 'no part of it'}")
        value, (shape, dtype) = tensors[name], wanted[name]
        if (value.shape, value.dtype) != (shape, dtype):
            raise ValueError(f"'{name}' is {value.dtype} {tuple(value.shape)}, not {dtype} {tuple(shape)}")
        if not value.isfinite().all():
            raise ValueError(f"'{name}' has NaN or infinite values")
