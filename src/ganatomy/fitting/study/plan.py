"""Plan a study: which runs, on which points, by which recipe.

A study is a union of grids. A grid is a product

    targets x objectives x optimizers x learning rates x (values of any other recipe keys),

its elements are *cells*, and every cell is run with every seed. A run is the fit that `ganatomy.fit` makes with its
seed, so that all cells of a seed share their points (see `ganatomy.fitting.study.targets`). What a grid leaves out is
the recipe's own.
"""

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import file_name, printable
from ganatomy.fitting.objectives.own import AnyObjective, OwnObjective, named_own, own_objective, read_objective
from ganatomy.fitting.recipes.recipe import OBJECTIVES, Recipe, load_recipe, recipe_names
from ganatomy.fitting.run.plan import PlannedFit, plan_fit
from ganatomy.fitting.study.file import Grid, StudyFile, read_study_file
from ganatomy.fitting.study.judging.claims import declared_claim
from ganatomy.fitting.study.judging.comparison import contested
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.targets import StudyPoints, Target, choosing, read_targets

_OWN = {"objective": "objectives", "optimizer": "optimizers", "optimizer.name": "optimizers", "lr": "lrs"}
_MOST = 100_000  # runs; more are a slip of the pen


@dataclass(frozen=True)
class PlannedRun:
    """One run: a cell, a seed, the resolved recipe, the points, and the objective if it is not built in."""

    cell: Cell
    seed: int
    recipe: Recipe
    target: Target
    objective: OwnObjective | None = None

    @property
    def name(self) -> str:
        """Return the name of the run's folder."""
        cell = self.cell
        parts = (cell.target, cell.objective, cell.optimizer, f"{cell.lr:g}", cell.variant)
        name = "-".join(filter(None, parts))
        safe = "".join(c if c.isalnum() or c in "-.=+" else "_" for c in name.replace(", ", "_"))
        if len(safe.encode()) > 180:  # what file systems take, with the rest
            safe = safe.encode()[:160].decode(errors="ignore") + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{safe}-seed{self.seed}"

    @property
    def fit(self) -> PlannedFit:
        """The fit that it is: of the seed's training points, measured on its test points."""
        parts = self.target.parts(self.seed)
        return plan_fit(parts.train, self.objective, self.recipe, self.seed, heldout=parts.test)

    @property
    def fingerprint(self) -> str:
        """Digest what decides the run, as its own folder does."""
        return self.fit.fingerprint


@dataclass(frozen=True)
class Plan:
    """The runs of a study, seed by seed, and what else it is told.

    Attributes:
        name: a short one for the folder.
        targets: the points.
        runs: all of them, each once; a study that is stopped early has whole seeds of all cells.
        base: the recipe that cells differ from.
        seeds: of every cell.
        claims: tables of the study file, judged at the end.
    """

    name: str
    targets: tuple[Target, ...]
    runs: tuple[PlannedRun, ...]
    base: Recipe
    seeds: tuple[int, ...]
    claims: tuple[dict[str, Any], ...] = ()

    @property
    def cells(self) -> list[Cell]:
        """Return the cells, in the order in which they were asked for."""
        return list(dict.fromkeys(run.cell for run in self.runs))

    def choosing(self, names: Container[str]) -> "Plan":
        """Return the plan with half of the held-out points of the targets of these names kept to choose rates by.

        Raises:
            InputError: a target has too few of them.
        """
        targets = {target: choosing(target) if target.name in names else target for target in self.targets}
        runs = tuple(replace(run, target=targets[run.target]) for run in self.runs)
        return replace(self, targets=tuple(targets.values()), runs=runs)


def plan_study(
    points: StudyPoints | None = None,
    *,
    objectives: Sequence[str | AnyObjective] | None = None,
    optimizers: Sequence[str] | None = None,
    lrs: Sequence[float] | None = None,
    seeds: Iterable[int] | None = None,
    recipe: "str | Path | Recipe | Mapping[str, Any] | None" = None,
    train_size: int | None = None,
    variable: str | None = None,
    labels: str | None = None,
    transpose: bool | None = None,
    **overrides: Any,
) -> Plan:
    """Plan a study; what is not given is taken from the study file, else it is the laboratory report's 3 x 3.

    Args:
        points: a file, a built-in distribution, an array or a table; or several, by their names in a mapping, or in a
            list; None takes the study file's targets, else `zigzag`.
        objectives: instead of those of every grid: names, and one's own as in `ganatomy.fit`, or as FILE.py:CLASS.
        optimizers: likewise.
        lrs: learning rates, likewise; None is the recipe's own.
        seeds: of every cell.
        recipe: the base: a name, a recipe, a mapping or a TOML file, which may be a study file; None is `course`.
        train_size: how many points train; the others test, but for half of them where rates are to be chosen.
        variable: of a .mat, .npz or table, as `load_points` takes it.
        labels: of a table the column, of a .mat or .npz the variable that says of which component each point is.
        transpose: whether each column of a file's array, or of an array, is a point.
        **overrides: recipe fields for all runs, as in `ganatomy.load_recipe`.

    Raises:
        InputError: anything given cannot be used.

    >>> plan = plan_study("ring", objectives=["gan", "wgan"], optimizers=["adam"], lrs=[1e-4, 1e-3], seeds=[0])
    >>> [run.name for run in plan.runs][:2], len(plan.runs[0].fit.heldout)  # half of them choose rates
    (['ring-gan-adam-0.0001-seed0', 'ring-gan-adam-0.001-seed0'], 596)
    """
    file, folder, name = read_study_file(recipe)
    base = recipe if file is None else file.recipe
    file = file or StudyFile()
    overrides = {**file.set, **{key: value for key, value in overrides.items() if value is not None}}
    if "objective" in overrides:
        raise InputError("`objective` is no setting of all runs; name `objectives`, or those of a [[grid]]")
    resolve = _resolver("course" if base is None else base, folder, overrides)
    seeds = _distinct("seeds", file.seeds if seeds is None else seeds)
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
            raise InputError(f"seed {seed!r}: give whole numbers from 0 to 2^63 - 1")
    own, names = _own_objectives(objectives)
    given = {"objectives": names, "optimizers": optimizers, "lrs": lrs}
    grids = [
        grid.model_copy(update={key: tuple(value) for key, value in given.items() if value is not None})
        for grid in file.grid
    ]
    recipes = _cells(grids, lambda name, /, **special: resolve(own.get(name, name), **special))
    place = Path()
    if points is None and file.targets:
        points, place = _distinct("targets", file.targets), folder
    train_size = file.train_size if train_size is None else train_size
    how = {"variable": variable, "labels": labels, "transpose": transpose}
    how |= {key: getattr(file, key) for key, value in how.items() if value is None}
    targets = read_targets("zigzag" if points is None else points, train_size, folder=place, **how)
    _distinct("the targets' names", [target.name for target in targets])
    if len(recipes) * len(seeds) * len(targets) > _MOST:
        raise InputError(f"{len(recipes) * len(seeds) * len(targets):,} runs are too many; plan {_MOST:,} at most")
    runs = [
        PlannedRun(Cell(target.name, *key), int(seed), recipe, target, own.get(recipe.objective))
        for seed in seeds
        for target in targets
        for key, recipe in recipes.items()
    ]
    shared = _shared(resolve)
    title = name or f"{targets[0].name}-{shared.name}"
    for k, table in enumerate(file.claim, 1):
        declared_claim(table, f"{recipe}: claim {k}")
    plan = Plan(file_name(title), tuple(targets), tuple(runs), shared, tuple(map(int, seeds)), file.claim)
    return plan.choosing({cell.target for cell in contested(plan.cells)})


def _own_objectives(
    objectives: Sequence[str | AnyObjective] | None,
) -> tuple[dict[str, OwnObjective], list[str] | None]:
    """Return the objectives that are not built in, by name, and the names of all."""
    own: dict[str, OwnObjective] = {}
    if objectives is None:
        return own, None
    names = []
    for given in objectives:
        if isinstance(given, str) and not named_own(given):
            names.append(given)
            continue
        mine = (read_objective(given) if isinstance(given, str) else own_objective(given)).portable()
        if mine.name in own and own[mine.name] != mine:
            raise InputError(f"objectives: two are called {mine.name}; rename the class of one")
        own[mine.name] = mine
        names.append(mine.name)
    return own, names


def _resolver(base: Any, folder: Path, overrides: Mapping[str, Any]) -> Callable[..., Recipe]:
    """Return what resolves the recipe of a cell, given what is special about it."""
    if isinstance(base, str) and base not in recipe_names() and Path(base).suffix:
        base = folder / base

    def resolve(objective: str | OwnObjective | None = None, /, **special: Any) -> Recipe:
        special = {key: value for key, value in special.items() if value is not None}
        return load_recipe(base, objective, **{**overrides, **special})

    return resolve


def _shared(resolve: Callable[..., Recipe]) -> Recipe:
    """Resolve the recipe without a cell, by the first objective that it serves: the same whatever the grids ask for."""
    for objective in (None, *OBJECTIVES):
        with contextlib.suppress(InputError):
            return resolve(objective)
    return resolve()


def _cells(grids: Sequence[Grid], resolve: Callable[..., Recipe]) -> dict[tuple[Any, ...], Recipe]:
    """Resolve every cell but for its target: (objective, optimizer, rate, variant) -> recipe."""
    found: dict[tuple[Any, ...], Recipe] = {}
    for grid in grids:
        for key in grid.vary:
            if key in _OWN:
                raise InputError(f"vary.{key}: the grid has '{_OWN[key]}' for it")
        axes = [_axis(name, getattr(grid, name)) for name in ("objectives", "optimizers", "lrs")]
        varied = [_distinct(f"vary.{key}", values) for key, values in grid.vary.items()]
        for objective, optimizer, lr, *changed in itertools.product(*axes, *varied):
            changes = dict(zip(grid.vary, changed, strict=True))
            recipe = resolve(objective, **changes, optimizer=optimizer, lr=lr)
            variant = ", ".join(f"{key}={_written(value)}" for key, value in changes.items())
            found[recipe.objective, recipe.optimizer_name, recipe.generator.optimizer.lr, variant] = recipe
    return found


def _axis(what: str, values: "Sequence[Any] | None") -> list[Any]:
    """Return the values of an axis of a grid; None stands for the recipe's own."""
    return [None] if values is None else _distinct(what, values)


def _distinct(what: str, values: Iterable[Any]) -> list[Any]:
    """Return the values, refusing none and twice the same."""
    values = list(values)
    if not values:
        raise InputError(f"{what}: none were given; name at least one")
    for k, value in enumerate(values):
        if value in values[:k]:
            raise InputError(f"{what}: {value} is named twice; once is enough")
    return values


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "x".join(map(_written, value))
    if isinstance(value, float):
        return f"{value:g}"
    return printable(value, None) if isinstance(value, str) else str(value)
