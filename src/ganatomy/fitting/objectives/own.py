"""Objectives that users write: read from a file or passed in Python, checked before training, guarded during it.

An own objective is a subclass of `Objective` outside this package: two losses, functions of the scores alone. What is
run, and what is not:

- a file that a user names on the command line, or a class passed in Python, is that user's own code, and is run;
- recipes, run folders and models hold no code. They record the class's name and the SHA-256 of its file, which is data.
  To train or to ask for the discriminator's value with them, the very file is given again, by whoever trusts it.

Other processes are sent the file's text, which needs no more than the packages it imports. Not guaranteed: that a
loss which draws random numbers is the same after resuming.
"""

import hashlib
import importlib.util
import inspect
import linecache
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import ExecutionLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.objectives.catalogue import Objective, objective
from ganatomy.fitting.objectives.guarded import Guarded, blamed
from ganatomy.fitting.recipes.recipe import Recipe, is_class, load_recipe


@dataclass(frozen=True)
class OwnObjective:
    """An objective that a user wrote, as it travels: plain data, or the instance that was passed in Python.

    Attributes:
        name: of the class, with what an instance holds that a fresh one does not; a recipe records it.
        sha256: of the file that the class is in; a recipe records it too.
        path: of that file, for messages.
        text: of that file, if it is to be run; None if an instance was passed.
        given: the instance that was passed; None if there is a text.
    """

    name: str
    sha256: str
    path: str
    text: str | None = None
    given: Objective | None = None

    def make(self) -> Objective:
        """Make the objective, running its file if need be, and try it on a few scores.

        Raises:
            InputError: the file raises, the class is missing or no objective, its losses are no losses.
        """
        return Guarded(_instance(_class(_run(self), self), self.path) if self.given is None else self.given, self.path)


AnyObjective = OwnObjective | Objective | type[Objective]
"""Every form in which an own objective can be given."""


def read_objective(text: str) -> OwnObjective:
    """Read FILE.py:CLASS, as a user writes it on the command line; the file is run here once, to check it.

    Raises:
        InputError: no such file, or `OwnObjective.make` refuses it.

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
    path, _, name = text.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise InputError(f"objective '{text}': write FILE.py:CLASS, such as my.py:MyObjective")
    if not is_class(name):
        raise InputError(f"objective '{text}': let the class's name begin with a capital, as no built-in name does")
    try:
        content = Path(path).read_bytes()
        source = importlib.util.decode_source(content)
    except OSError as error:
        raise InputError(f"objective '{text}': cannot read {path}: {error.strerror or error}") from None
    except (SyntaxError, ValueError):
        raise InputError(f"objective '{text}': {path} is no text that Python reads; save it as UTF-8") from None
    own = OwnObjective(name, hashlib.sha256(content).hexdigest(), path, source)
    own.make()
    return own


def own_objective(given: AnyObjective) -> OwnObjective:
    """Take a class or an instance as an own objective, with the same name and digest as by its file.

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
    kind = given if inspect.isclass(given) else type(given)
    if not issubclass(kind, Objective):
        raise InputError(f"objective = {given!r:.80}: give a name, or a subclass of Objective or an instance of one")
    if not is_class(kind.__name__):
        raise InputError(f"objective {kind.__name__}: let its name begin with a capital, as no built-in name does")
    path, content = _source(kind)
    instance = _instance(kind, path) if inspect.isclass(given) else given
    own = OwnObjective(_name(instance), hashlib.sha256(content).hexdigest(), path, given=instance)
    own.make()
    return own


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
        own = read_objective(objective) if ".py" in objective else None
    elif objective is not None:
        own = own_objective(objective)
    return load_recipe(recipe, own or objective, **overrides), own


def objective_of(recipe: Recipe, own: AnyObjective | None = None) -> Objective:
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


class _Text(ExecutionLoader):
    """Imports a module from its text, so that the file need not be there."""

    def __init__(self, own: OwnObjective) -> None:
        self._own = own

    def get_filename(self, fullname: str) -> str:
        return self._own.path

    def get_source(self, fullname: str) -> str:
        return self._own.text


def _run(own: OwnObjective) -> ModuleType:
    """Run the text of an own objective's file, once a process: the user named the file, so it is trusted."""
    name = f"ganatomy_own_{own.sha256}"
    if name not in sys.modules:
        loader = _Text(own)
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
        sys.modules[name] = module  # dataclasses look their own module up
        try:
            with blamed(own.path, "when it is run"):
                loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _class(module: ModuleType, own: OwnObjective) -> type[Objective]:
    kinds = {name: kind for name, kind in vars(module).items() if inspect.isclass(kind) and issubclass(kind, Objective)}
    known = [name for name, kind in kinds.items() if kind.__module__ == module.__name__]
    if own.name in kinds:
        return kinds[own.name]
    if hasattr(module, own.name):
        raise InputError(f"{own.path}: {own.name} is no subclass of ganatomy.Objective; make it one")
    if not known:
        raise InputError(f"{own.path}: there is no class {own.name}, nor any other subclass of Objective; write one")
    raise InputError(f"{own.path}: {unknown('class', own.name, known)}")


def _instance(kind: type[Objective], path: str) -> Objective:
    with blamed(path, f"{kind.__name__}()"):
        return kind()


def _name(instance: Objective) -> str:
    """Name an instance by its class, and by what it holds that a fresh one does not."""
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
    told = ", ".join(f"{key}={value!r}" for key, value in held.items())
    return f"{kind.__name__}({told})" if told else kind.__name__


def _source(kind: type) -> tuple[str, bytes]:
    """Find the file of a class and what is in it; a notebook's cell counts as one."""
    functions = [value for value in vars(kind).values() if inspect.isfunction(value)]
    try:
        path = functions[0].__code__.co_filename if functions else inspect.getsourcefile(kind)
        content = Path(path).read_bytes() if Path(path).is_file() else "".join(linecache.getlines(path)).encode()
    except (OSError, TypeError):
        content = b""
    if not content:
        raise InputError(f"objective {kind.__name__}: its source cannot be found; put it in a file")
    return path, content
