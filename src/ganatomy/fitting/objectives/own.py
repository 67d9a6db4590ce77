"""Objectives that users write: read from a file or passed in Python, checked before training, guarded during it.

An own objective is a subclass of `Objective` outside this package: two losses, functions of the scores alone, and if
its author likes a penalty for either player and either player's network. What is run, and what is not:

- a file that a user names on the command line, or a class passed in Python, is that user's own code, and is run;
- recipes, run folders and models hold no code. They record the class's name and the SHA-256 of its source (see
  `ganatomy.own_code`), which is data. To train or to ask for the discriminator's value with them, the very source is
  given again, by whoever trusts it.

Other processes are sent the text, which needs no more than the packages it imports. Not guaranteed: that a loss, a
penalty or a network which draws random numbers is the same after resuming.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import PARTS, Objective, Part, objective
from ganatomy.fitting.objectives.guarded import Guarded
from ganatomy.fitting.recipes.recipe import Recipe, is_class, load_recipe
from ganatomy.own_code import Source, blamed, importable, imported, member, read_source, run, source_of, split


@dataclass(frozen=True)
class OwnObjective:
    """An objective that a user wrote: its source as plain data, and the instance that was passed in Python, if one was.

    Attributes:
        name: of the class, with what an instance holds that a fresh one does not; a recipe records it.
        source: the text that the class is in, whose digest a recipe records too.
        values: what an instance holds that a fresh one does not.
        given: the instance that was passed; None if the text is to be run.
    """

    name: str
    source: Source
    values: tuple[tuple[str, Any], ...] = ()
    given: Objective | None = field(default=None, compare=False)

    @property
    def sha256(self) -> str:
        """Of the source."""
        return self.source.sha256

    @property
    def path(self) -> str:
        """Of the file, or the name of the cell, for messages."""
        return self.source.path

    def make(self) -> Objective:
        """Make the objective, running its text if need be, and try it on a few scores.

        Raises:
            InputError: the text raises, the class is missing or no objective, its losses are no losses.
        """
        return Guarded(self._instance() if self.given is None else self.given, self.path)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the objective gives beside its losses, running its text if need be."""
        made = self._instance() if self.given is None else self.given
        return tuple(part for part in PARTS if made.gives(part))

    def _instance(self) -> Objective:
        name = self.name.partition("(")[0]
        kind = member(run(self.source), name, "class", _is_objective, self.path)
        if not _is_objective(kind):
            raise InputError(f"{self.path}: {name} is no subclass of ganatomy.Objective; make it one")
        instance = _fresh(kind, self.path, bare=bool(self.values))
        vars(instance).update(self.values)
        return instance

    def portable(self) -> "OwnObjective":
        """Return it as another process can have it: by its module, if that can be imported there, or by its text.

        Raises:
            InputError: it was typed in, and uses what cannot be sent.

        >>> from ganatomy.fitting.objectives.catalogue import GAN
        >>> own_objective(GAN).portable().given is None  # of an importable module
        False
        """
        if self.given is None or importable(type(self.given)):
            return self
        name = type(self.given).__name__
        if self.source.lacking:
            raise InputError(
                f"objective {name} cannot be sent to other processes: {self.source.lacking}; define in its cell what "
                f"it needs, or put it into a file and give FILE.py:{name}"
            )
        path = self.path if Path(self.path).is_file() else f"the cell of {name}"
        return replace(self, source=replace(self.source, path=path), given=None)


AnyObjective = OwnObjective | Objective | type[Objective]
"""What a user may pass in Python: a subclass of `Objective`, an instance of one, or what `read_objective` returned."""

NamedObjective = AnyObjective | str
"""The same, or where it stands: FILE.py:CLASS or MODULE:CLASS."""


def read_objective(named: str) -> OwnObjective:
    """Read an objective named as FILE.py:CLASS or MODULE:CLASS; the file is run here once, to check it.

    Raises:
        InputError: no such file or module, or `OwnObjective.make` refuses it.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "my.py"
    >>> _ = path.write_text('''
    ... from ganatomy.fitting.objectives.catalogue import LeastSquares
    ... class Smoothed(LeastSquares):
    ...     def discriminator_loss(self, real, fake):
    ...         return ((real - 0.9).square() + fake.square()).mean(-1) / 2
    ... ''')
    >>> own = read_objective(f"{path}:Smoothed")
    >>> own.name, own.sha256[:8]
    ('Smoothed', 'dc64acdf')
    >>> own.make().discriminator_loss(torch.ones(4), torch.zeros(4))
    tensor(0.0050)
    """
    path, name = split(named, "objective", "class")
    if not is_class(name):
        raise InputError(f"objective '{named}': let the class's name begin with a capital, as no built-in name does")
    if not path.endswith(".py"):
        return own_objective(member(imported(path, f"objective '{named}'"), name, "class", _is_objective, path))
    own = OwnObjective(name, read_source(path, f"objective '{named}'"))
    own.make()
    return own


def own_objective(given: NamedObjective) -> OwnObjective:
    """Take a class or an instance, or FILE.py:CLASS, as an own objective, with the same name and digest either way.

    Raises:
        InputError: it is no objective, its source cannot be found, it was given more than numbers and text, or
            its losses are no losses.

    >>> from ganatomy.fitting.objectives.catalogue import LeastSquares
    >>> class Smoothed(LeastSquares):
    ...     def __init__(self, share=0.9):
    ...         self.share = share
    ...     def discriminator_loss(self, real, fake):
    ...         return ((real - self.share).square() + fake.square()).mean(-1) / 2
    >>> own_objective(Smoothed).name, own_objective(Smoothed(0.8)).name
    ('Smoothed', 'Smoothed(share=0.8)')
    """
    if isinstance(given, OwnObjective):
        return given
    if isinstance(given, str):
        return read_objective(given)
    kind = given if inspect.isclass(given) else type(given)
    if not _is_objective(kind):
        raise InputError(f"objective = {given!r:.80}: give a name, or a subclass of Objective or an instance of one")
    if not is_class(kind.__name__):
        raise InputError(f"objective {kind.__name__}: let its name begin with a capital, as no built-in name does")
    source = source_of(kind)
    instance = _fresh(kind, source.path) if inspect.isclass(given) else given
    values = _values(instance)
    told = ", ".join(f"{key}={value!r}" for key, value in values)
    own = OwnObjective(f"{kind.__name__}({told})" if told else kind.__name__, source, values, instance)
    own.make()
    return own


def named_own(objective: str) -> bool:
    """Tell whether a text names an own objective, as FILE.py:CLASS or MODULE:CLASS, rather than a built-in one.

    >>> named_own("my.py:Mine"), named_own("wgan-gp")
    (True, False)
    """
    return ":" in objective or ".py" in objective


def resolved(
    objective: "str | AnyObjective | None" = None,
    recipe: "str | Path | Mapping[str, Any] | Recipe | None" = None,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Recipe, OwnObjective | None]:
    """Resolve how a training is to go: a recipe with its objective chosen, and that objective if it is one's own.

    Args:
        objective: a name, FILE.py:CLASS, a subclass of `Objective` or an instance; None is the recipe's own.
        recipe: as `load_recipe` takes it.
        overrides: recipe fields, as `load_recipe` takes them.

    Raises:
        InputError: as `load_recipe`, `read_objective` and `own_objective`; points or a recipe in its place.

    >>> resolved("wgan", overrides={"epochs": 9})[0].epochs
    9
    >>> resolved([[0.0, 1.0]])
    Traceback (most recent call last):
    ganatomy.errors.InputError: `objective` is a list: give a name or an Objective; points come first, then ...
    """
    overrides = dict(overrides or {})
    if isinstance(objective, Recipe):
        raise InputError("`objective` is a recipe: give it as recipe=..., as in fit(points, recipe=...)")
    if (isinstance(objective, Mapping | Sequence | Path) and not isinstance(objective, str)) or hasattr(
        objective, "shape"
    ):
        kind = type(objective).__name__
        raise InputError(
            f"`objective` is a {kind}: give a name or an Objective; points come first, then how, as in "
            f"fit(points, recipe=...)"
        )
    own = None
    if isinstance(objective, str):
        own = read_objective(objective) if named_own(objective) else None
    elif objective is not None:
        own = own_objective(objective)
    chosen = objective if isinstance(objective, str) and own is None else own
    return load_recipe(recipe, chosen, **overrides), own


def objective_of(recipe: Recipe, own: NamedObjective | None = None) -> Objective:
    """Return the objective of a recipe: built in, or the very one that it records, which has to be given.

    Raises:
        InputError: a recipe with an own objective and none given, or another one.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> objective_of(load_recipe("course")).label
    'critic f(x)'
    >>> objective_of(load_recipe({"objective": "Mine", "objective_sha256": 64 * "0"}))
    Traceback (most recent call last):
    ganatomy.errors.InputError: the objective Mine is somebody's own code, which no recipe or model holds; give the file
    with the SHA-256 000000000000... again: `objective=FILE.py:Mine`
    """
    own = None if own is None else own_objective(own)
    name, digest = recipe.objective, recipe.objective_sha256
    if not digest:
        if own is not None:
            raise InputError(f"the objective {own.name} was given for {name}, which is built in; leave it out")
        return objective(name)
    again = f"`objective=FILE.py:{name.partition('(')[0]}`"
    if own is None:
        raise InputError(
            f"the objective {name} is somebody's own code, which no recipe or model holds; give the file with the "
            f"SHA-256 {digest[:12]}... again: {again}"
        )
    if (own.name, own.sha256) != (name, digest):
        raise InputError(
            f"{own.path}: {own.name} with the SHA-256 {own.sha256[:12]}... is not {name} with {digest[:12]}...: "
            f"give that one, as it was"
        )
    return own.make()


def _is_objective(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, Objective)


def _fresh(kind: type[Objective], path: str, bare: bool = False) -> Objective:
    """Make an instance without arguments; if it cannot be and `bare` says so, without its __init__."""
    if bare:
        try:
            return kind()
        except Exception:
            return object.__new__(kind)
    with blamed(path, f"{kind.__name__}()"):
        return kind()


def _values(instance: Objective) -> tuple[tuple[str, Any], ...]:
    """Return what an instance holds that a fresh one does not, by which it is named."""
    kind = type(instance)
    try:
        fresh = vars(kind())
    except Exception:  # it cannot be made without arguments
        fresh = {}
    held = {key: v for key, v in vars(instance).items() if key not in fresh or repr(v) != repr(fresh[key])}
    for key, value in held.items():
        if not isinstance(value, bool | int | float | str):
            raise InputError(
                f"objective {kind.__name__}: {key} is of type {type(value).__name__}; give numbers or text, by which a "
                f"run can be told from another"
            )
    return tuple(held.items())
