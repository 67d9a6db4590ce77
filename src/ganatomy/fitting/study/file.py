"""A study file: what a study is to be, as data.

It is TOML: `recipe` (a name or file, default course), `targets` and how they are read (`train_size`, `variable`,
`labels`, `transpose`), `seeds`, a table `[set]` of
recipe keys, and one `[[grid]]` or more with `objectives`, `optimizers`, `lrs` and a table `vary` of lists of values by
recipe key; `[[claim]]` tables say what is to be judged (see `ganatomy.fitting.study.judging.claims`). It is data:
objectives of one's own are code, and are given on the command line or in Python only.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganatomy.errors import InputError, unknown
from ganatomy.files import encodable, parse_toml, printable, read_input
from ganatomy.fitting.recipes.recipe import REPORTED
from ganatomy.fitting.study.judging.statements import OPTIMIZERS

SEEDS = (0, 1, 2)


class Grid(BaseModel):
    """A product of settings; None stands for the recipe's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    objectives: tuple[str, ...] | None = None
    optimizers: tuple[str, ...] | None = None
    lrs: tuple[float, ...] | None = None
    vary: dict[str, tuple[Any, ...]] = {}


REPORTED = Grid(objectives=REPORTED, optimizers=OPTIMIZERS)


class StudyFile(BaseModel):
    """What a study file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = "course"
    targets: tuple[str, ...] = ()
    train_size: int | None = Field(default=None, strict=True)
    variable: str | None = None
    labels: str | None = None
    transpose: bool = Field(default=False, strict=True)
    seeds: tuple[int, ...] = SEEDS
    set: dict[str, Any] = {}
    grid: tuple[Grid, ...] = (REPORTED,)
    claim: tuple[dict[str, Any], ...] = ()


def read_study_file(recipe: Any) -> tuple[StudyFile | None, Path, str]:
    """Read a study file, its folder and its name; None for any other kind of recipe.

    Raises:
        InputError: an unknown key, a value of the wrong kind, an objective that is code.

    >>> read_study_file("course")
    (None, ...Path('.'), '')
    """
    path = Path(recipe) if isinstance(recipe, str | Path) else None
    if path is None or path.suffix.lower() != ".toml":
        return None, Path(), ""
    try:
        table = parse_toml(read_input(path), path)
    except InputError:  # load_recipe will say it
        return None, Path(), ""
    if not table.keys() & (set(StudyFile.model_fields) - {"set"}):
        return None, Path(), ""
    try:
        file = StudyFile.model_validate(table)
    except ValidationError as error:
        details = error.errors()[0]
        where = [str(part) for part in details["loc"]]
        if details["type"] == "extra_forbidden":
            what = str(unknown("key", where[-1], Grid.model_fields if where[0] == "grid" else StudyFile.model_fields))
        else:
            what = f"{'.'.join(where)}: {details['msg'].removeprefix('Input ')}"
        raise InputError(printable(f"{path}: {what}", None)) from None
    for name in (name for grid in file.grid for name in grid.objectives or () if ".py" in name):
        raise InputError(f"{path}: objective '{name}': a study file runs no code; give it as `objectives={name}`")
    return file, path.parent, encodable(path.stem)
