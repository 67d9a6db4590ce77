"""The Python call that makes a study again, as one would type it.

It is exact where what was given can be written: names, paths, numbers and plain containers. Points that were given as
arrays are read from where the study keeps them. Not guaranteed: a class of one's own, or a Recipe, has to be at hand by
the name that is written.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.files import encodable
from ganatomy.fitting.objectives.catalogue import Objective
from ganatomy.fitting.objectives.own import OwnObjective, own_objective
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe, recipe_names
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.targets import Target

_WIDEST = 100  # letters of a call that stands in one line


def call_of(targets: Sequence[Target] | None, settings: Mapping[str, Any], folder: StudyFolder) -> str:
    """Write the call of `ganatomy.compare`.

    Args:
        targets: the study's; None if none were given.
        settings: the other keywords; those that are None are left out.
        folder: of the study, which keeps the points that were given as arrays.

    >>> print(call_of(None, {"objectives": ["gan", "wgan"], "epochs": 9, "seeds": None}, StudyFolder("studies/a")))
    import ganatomy
    <BLANKLINE>
    ganatomy.compare(objectives=['gan', 'wgan'], epochs=9)
    """
    words = [] if targets is None else [_points(targets, folder)]
    plain, dotted = {}, {}
    for key, value in settings.items():
        if value is not None:
            (plain if key.isidentifier() else dotted)[key] = _written(value)
    words += [f"{key}={value}" for key, value in plain.items()]
    words += [f"**{{{', '.join(f'{key!r}: {value}' for key, value in dotted.items())}}}"] if dotted else []
    call = f"ganatomy.compare({', '.join(words)})"
    if len(call) > _WIDEST:
        call = "ganatomy.compare(\n" + "".join(f"    {word},\n" for word in words) + ")"
    arrays = ["import numpy as np"] if any("np.load(" in word for word in words) else []
    return "\n".join(["import ganatomy", *arrays, "", call])


def _points(targets: Sequence[Target], folder: StudyFolder) -> str:
    """Write where points come from: one without a name of its own as it is, others by their names."""
    sources = {target.name: _source(target, folder) for target in targets}
    plain = all(target.name == (encodable(Path(target.source).stem) or "points") for target in targets)
    if len(targets) == 1 and plain:
        return next(iter(sources.values()))
    return f"{{{', '.join(f'{name!r}: {source}' for name, source in sources.items())}}}"


def _source(target: Target, folder: StudyFolder) -> str:
    return repr(target.source) if target.given is None else f"np.load({folder.points(target.name).path.as_posix()!r})"


def _written(value: Any) -> str:
    if isinstance(value, str | Path):
        return repr(str(value))
    if isinstance(value, OwnObjective):
        return repr(f"{value.path}:{value.name}")
    if isinstance(value, Objective) or (inspect.isclass(value) and issubclass(value, Objective)):
        return own_objective(value).name
    if isinstance(value, Recipe):
        known = value.name in recipe_names() and load_recipe(value.name) == value
        return repr(value.name if known else value.model_dump())
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, range):
        return repr(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, Iterable):
        return f"[{', '.join(map(_written, value))}]"
    return repr(value)
