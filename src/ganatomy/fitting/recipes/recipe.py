"""Recipes: everything that decides a training run besides its points and its seed.

A recipe is a TOML file: an objective, two players (network and optimizer each), a latent distribution, penalties
and the length of the training. Two conveniences exist in files only and are gone once a recipe is resolved:

- `[optimizer]` holds what both players share; `[generator.optimizer]`, `[discriminator.optimizer]` differ from it;
- `[for.OBJECTIVE]` holds what changes when that objective is chosen.

Precedence, lowest first: the defaults below, the file, its `[for.OBJECTIVE]`, overrides (flags or keywords). A
resolved recipe is frozen, writes every value out, and survives `to_toml` and `load_recipe` unchanged. Reading one
never executes anything: an objective that somebody wrote is recorded by its name and the SHA-256 of its file, and
whoever trains with it gives the file again (see `ganatomy.fitting.objectives.own`).
"""

import sys
from collections.abc import Mapping
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from ganatomy.errors import InputError, complaint, unknown
from ganatomy.files import parse_toml, printable, read_input, visible
from ganatomy.fitting.recipes.tables import (
    DEFAULT_OPTIMIZER,
    is_class,
    merged,
    per_player,
    plain,
    spelled_out,
    taken_variants,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OBJECTIVES = ("gan", "ns-gan", "wgan", "wgan-gp", "lsgan", "hinge", "rpgan")
REPORTED = ("gan", "wgan", "wgan-gp")  # the laboratory report's three

Normalization = Literal["none", "batch", "layer"]
Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=16384)], ...], Field(min_length=1, max_length=32, strict=False)]


class OwnCode(Protocol):
    """What a recipe records of an objective that is none of `OBJECTIVES`."""

    @property
    def name(self) -> str:
        """Of its class, with what an instance holds that a fresh one does not."""
        ...

    @property
    def sha256(self) -> str:
        """Of the text that the class is in."""
        ...


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Optimizer(_Table):
    """How one player descends: a `torch.optim` class by name, its rate, and its own keyword arguments."""

    name: str = DEFAULT_OPTIMIZER
    lr: float = Field(default=5e-5, gt=0, le=1000)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    options: dict[str, Any] = {}

    @field_validator("options", mode="before")
    @classmethod
    def _as_toml(cls, options: Any) -> Any:
        """Leave what TOML can hold, and no other kind of sequence or number: the recipe is written out again."""
        try:
            return parse_toml(tomli_w.dumps(plain(options)), "options") if isinstance(options, Mapping) else options
        except (TypeError, ValueError, AttributeError, RecursionError):
            held = printable(", ".join(map(str, options)))
            raise ValueError(f"must hold numbers, text and lists only: {held}") from None


class Network(_Table):
    """What both players' networks have in common."""

    activation: Literal["leaky-relu", "relu", "elu", "silu", "gelu", "softplus", "tanh"] = "leaky-relu"
    slope: float = Field(default=0.2, ge=0, lt=1)  # of leaky-relu
    normalization: Normalization | Annotated[tuple[Normalization, ...], Field(strict=False)] = "none"
    normalization_eps: float = Field(default=1e-5, gt=0, le=10)
    spectral_norm: bool = False
    optimizer: Optimizer = Optimizer()
    hidden: Widths

    @model_validator(mode="after")
    def _one_normalization_a_layer(self) -> "Network":
        if isinstance(self.normalization, tuple) and len(self.normalization) != len(self.hidden):
            raise ValueError(
                f"names {len(self.normalization)} normalizations for {len(self.hidden)} hidden layers: "
                f"give one for each in 'normalization', or one for all"
            )
        return self


class Generator(Network):
    """The player that turns latent codes into points: an MLP, by default the course's."""

    hidden: Widths = (64, 256, 512)


class Discriminator(Network):
    """The player that scores points: an MLP with one output and no activation on it."""

    hidden: Widths = (64, 256)


class Latent(_Table):
    """Where the generator's codes come from: `dim` coordinates, standard normal or uniform on [-1, 1].

    With `classes`, one of so many equally likely classes is drawn as well and written behind them, one-hot and about
    as long as a normal code. Separate clusters then need no steep passage from one to the next.
    """

    distribution: Literal["normal", "uniform"] = "normal"
    dim: int = Field(default=2, ge=1, le=4096)
    classes: int = Field(default=0, ge=0, le=4096)

    @property
    def width(self) -> int:
        """The number Z of coordinates of a whole code."""
        return self.dim + self.classes


class Penalties(_Table):
    """What keeps the discriminator smooth; 0 switches a term off.

    `decay` is the share of the penalties' weights that is left at the end, reached geometrically.
    """

    clip: float = Field(default=0.0, ge=0, le=1e6)
    gradient: float = Field(default=0.0, ge=0, le=1e6)
    r1: float = Field(default=0.0, ge=0, le=1e6)
    r2: float = Field(default=0.0, ge=0, le=1e6)
    decay: float = Field(default=1.0, gt=0, le=1)


class Recipe(_Table):
    """A resolved recipe: every value that decides a training run besides its points and its seed.

    With `packing` = m the discriminator scores m samples at once, so that it sees how they differ (PacGAN; Lin, Khetan,
    Fanti, Oh, 2018): a batch has batch_size / m scores.

    >>> recipe = load_recipe("course", objective="wgan")
    >>> recipe.penalties.clip, recipe.generator.optimizer.lr
    (0.1, 5e-05)
    """

    name: str = "custom"
    description: str = ""
    objective: str = "wgan-gp"
    objective_sha256: str = Field(
        default="", pattern="^([0-9a-f]{64})?$"
    )  # of the file of one that is none of OBJECTIVES
    epochs: int = Field(default=320, ge=1, le=10_000_000)
    batch_size: int = Field(default=256, ge=2, le=1_000_000)
    updates: Literal["simultaneous", "alternating"] = "simultaneous"
    discriminator_steps: int = Field(default=1, ge=1, le=1000)
    packing: int = Field(default=1, ge=1, le=1024)  # samples a score
    averaging: float = Field(default=0.0, ge=0, lt=1)
    standardize: bool = False
    snapshots: int = Field(default=32, ge=1, le=10_000)
    latent: Latent = Latent()
    generator: Generator = Generator()
    discriminator: Discriminator = Discriminator()
    penalties: Penalties = Penalties()

    @model_validator(mode="after")
    def _no_contradiction(self) -> "Recipe":
        held = self.penalties
        if self.objective in OBJECTIVES and self.objective_sha256:
            raise ValueError(f"objective_sha256 is of an objective in a file, and {self.objective} is built in")
        if self.objective not in OBJECTIVES and not (self.objective_sha256 and is_class(self.objective)):
            raise ValueError(str(unknown("objective", self.objective, OBJECTIVES)))
        if self.batch_size % self.packing or self.batch_size < 2 * self.packing:
            raise ValueError(
                f"packing = {self.packing} puts so many samples of a batch into one, two packs or more: give a "
                f"batch_size that is a multiple, not {self.batch_size}"
            )
        for name in ("generator", "discriminator"):
            hidden = getattr(self, name).hidden
            weights = sum(a * b for a, b in pairwise((self.latent.width, *hidden)))
            if weights > 100_000_000:
                raise ValueError(f"{name}.hidden makes {weights / 1e6:.0f} million weights; choose at most 100 million")
        if held.clip and held.gradient:
            raise ValueError("weight clipping and a gradient penalty are alternatives: set one of them to 0")
        if self.objective == "wgan" and held.gradient:
            raise ValueError("wgan with a gradient penalty is wgan-gp: choose that objective or set it to 0")
        if self.objective == "wgan" and not (held.clip or self.discriminator.spectral_norm):
            raise ValueError("wgan needs penalties.clip above 0 (or spectral_norm): its critic is unbounded")
        if self.objective == "wgan-gp" and not held.gradient:
            raise ValueError("wgan-gp needs penalties.gradient above 0")
        if (held.gradient or held.r1 or held.r2) and "batch" in self.discriminator.normalization:
            raise ValueError(
                "a gradient penalty looks at one point at a time, and batch normalization in the discriminator "
                "mixes them (Gulrajani et al., 2017, section 4): use 'layer' or 'none'"
            )
        return self

    @model_serializer(mode="wrap")
    def _in_full(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what says nothing, so that a recipe is written as it was before that could be said."""
        silent = {"objective_sha256": "", "packing": 1}
        return {key: value for key, value in write(self).items() if key not in silent or value != silent[key]}

    def __repr__(self) -> str:
        return f"Recipe({self.name}: {self.objective}, {self.optimizer_name}, {self.epochs} epochs)"

    @property
    def optimizer_name(self) -> str:
        """The optimizer's name; both, generator's first, where the players differ."""
        return "/".join(dict.fromkeys((self.generator.optimizer.name, self.discriminator.optimizer.name)))

    @property
    def paced(self) -> str:
        """What follows the share of the training that is done, so that a longer one differs from its first step on.

        "" if nothing does: then a training of more epochs begins with all that one of fewer does.

        >>> load_recipe("course").paced, load_recipe("recommended").paced
        ('', 'learning rate (cosine)')
        """
        held = self.penalties
        for player in (self.generator, self.discriminator):
            if player.optimizer.schedule != "constant":
                return f"learning rate ({player.optimizer.schedule})"
        fading = held.decay != 1 and (held.gradient or held.r1 or held.r2)
        return f"penalty (its decay is {held.decay:g})" if fading else ""

    def to_toml(self) -> str:
        """Write the recipe as TOML that `load_recipe` reads back to an equal recipe.

        >>> print(load_recipe("course").to_toml().splitlines()[2])
        objective = "wgan-gp"
        """
        return tomli_w.dumps(self.model_dump())


def recipe_names() -> list[str]:
    """List the recipes that come with the package.

    >>> recipe_names()
    ['course', 'literature', 'recommended']
    """
    folder = resources.files("ganatomy.fitting.recipes")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def recipes(objective: str | None = None) -> dict[str, "Recipe"]:
    """Resolve the recipes that come with the package, by name.

    Args:
        objective: for which; by default each recipe's own.

    Raises:
        InputError: an unknown objective.

    >>> recipes()["recommended"]
    Recipe(recommended: rpgan, adam, 200 epochs)
    >>> {name: recipe.objective for name, recipe in recipes().items()}
    {'course': 'wgan-gp', 'literature': 'wgan-gp', 'recommended': 'rpgan'}
    """
    return {name: load_recipe(name, objective) for name in recipe_names()}


def load_recipe(
    source: "str | Path | Mapping[str, Any] | Recipe | None" = None,
    objective: str | OwnCode | None = None,
    /,
    **overrides: Any,
) -> Recipe:
    """Resolve a recipe: find it, choose its objective, apply the overrides, check everything.

    Args:
        source: a built-in name, a path to a TOML file, a mapping, or a recipe. None means `course` for the
            report's objectives and `literature` for the others.
        objective: replaces the recipe's objective and selects its `[for.OBJECTIVE]` table: a name, or what is to be
            recorded of one's own.
        **overrides: recipe fields (tables as mappings, merged key by key), dotted keys such as
            `{"generator.hidden": [64, 64]}`, and three short names: `optimizer` (its name) and `lr`, for both
            players, and `latent_dim`.

    Raises:
        InputError: no such recipe, an unknown key, an impossible value or a contradiction.

    >>> recipe = load_recipe(objective="gan", optimizer="adam", lr=2e-4, epochs=10)
    >>> recipe.name, recipe.discriminator.optimizer.name, recipe.generator.optimizer.lr, recipe.epochs
    ('course', 'adam', 0.0002, 10)
    >>> load_recipe("course", penalties={"gradient": -1})
    Traceback (most recent call last):
    ganatomy.errors.InputError: recipe 'course': penalties.gradient = -1: should be greater than or equal to 0
    """
    objective = overrides.pop("objective", objective)
    if source is None:
        source = "course" if objective is None or objective in REPORTED else "literature"
    where, table = _read(source)
    variants = taken_variants(table, where, OBJECTIVES)
    top = spelled_out(overrides)
    if objective is not None:
        if isinstance(objective, str) or not hasattr(objective, "sha256"):  # an override can be anything
            top["objective"], top["objective_sha256"] = objective, ""
        else:
            top["objective"], top["objective_sha256"] = objective.name, objective.sha256
    chosen = top.get("objective", table.get("objective", Recipe.model_fields["objective"].default))
    given, held = (layer.get("objective_sha256") for layer in (top, table))
    if chosen not in OBJECTIVES and not (given or held):
        aside = "; one in a file is given as `objective=FILE.py:CLASS`, and never by a recipe"
        raise InputError(f"{unknown('objective', str(chosen), OBJECTIVES)}{aside if '.py' in str(chosen) else ''}")
    if given and held and given != held and chosen == table.get("objective"):
        raise InputError(f"{where}: its {chosen} is from a file with the SHA-256 {held}, not {given}; give that file")
    whole: dict[str, Any] = {}
    for layer in (table, variants.get(str(chosen).partition("(")[0], {}), top):
        whole = merged(whole, per_player(layer, where))
    try:
        return Recipe.model_validate(whole)
    except ValidationError as error:
        raise InputError(f"{where}: {complaint(error, Recipe)}") from None


def _read(source: "str | Path | Mapping[str, Any] | Recipe") -> tuple[str, dict[str, Any]]:
    """Return where a recipe comes from, in words for messages, and its table."""
    if isinstance(source, Recipe):
        return f"recipe '{source.name}'", source.model_dump()
    if isinstance(source, Mapping):
        return "recipe", dict(source)
    if not isinstance(source, str | Path):
        raise InputError(f"a recipe is a name, a path or a mapping, not {type(source).__name__}")
    if str(source) in recipe_names():
        text = (resources.files("ganatomy.fitting.recipes") / f"{source}.toml").read_text(encoding="utf-8")
        return f"recipe '{source}'", {"name": str(source), **tomllib.loads(text)}
    path = Path(source)
    if path.suffix.lower() != ".toml":
        raise InputError(f"{unknown('recipe', str(source), recipe_names())}; or give a path ending in .toml")
    table = parse_toml(read_input(path, "give a recipe's name, or a file that is there"), path)
    return printable(path, None), {"name": visible(path.stem), **table}
