"""What lies in a file of named variables: arrays of real numbers, and what is none but has a name and perhaps parts.

A variable is found by its name, a field of a struct by the path to it, `data.xx`. What is no array of real numbers is
called what it is, with what to type in MATLAB to get some.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.files.arrays import StoredArray
from ganatomy.fitting.points.refusal import refusal

_LISTED = 50  # names in a message
_KINDS = {  # what it is, and what makes numbers of it
    "sparse": ("a sparse matrix", "full({name})"),
    "complex": ("a complex matrix", "[real({name}) imag({name})]"),
    "cell": ("a cell array", "cell2mat({name})"),
    "structs": ("an array of structs", "vertcat({name}.FIELD)"),
    "members": ("spread over an array of structs", "vertcat({name})"),
    "table": ("a table", "{name}{{:,:}}"),
    "timetable": ("a timetable", "{name}{{:,:}}"),
    "dataset": ("a dataset", "double({name})"),
    "char": ("text", "str2num({name})"),
    "string": ("text", "double({name})"),
    "logical": ("truth values", "double({name})"),
    "function_handle": ("a function handle", "{name}(t)"),
    "datetime": ("dates", "posixtime({name})"),
    "duration": ("durations", "seconds({name})"),
    "categorical": ("categories", "double({name})"),
    "empty": ("empty", ""),
    "pickled": ("an array of Python objects, which are never read", ""),
}


@dataclass(frozen=True)
class Foreign:
    """A variable that is no array of real numbers.

    Attributes:
        kind: one of those that are known, "struct", or the name of a class of MATLAB's.
        fields: returns the parts of a struct.
        labels: returns what it holds if points can be labelled by it: texts or truth values.

    >>> print(Foreign("sparse").refusal("points.mat", "S"))
    points.mat: 'S' is a sparse matrix; in MATLAB: xx = full(S); save points.mat xx
    """

    kind: str
    fields: "Callable[[], Mapping[str, Stored]] | None" = None
    labels: Callable[[], np.ndarray] | None = None

    @property
    def what(self) -> str:
        """What it is, in words."""
        if self.fields is not None:
            return "a struct"
        return _KINDS[self.kind][0] if self.kind in _KINDS else f"an object of class {self.kind}"

    def refusal(self, where: str, name: str) -> InputError:
        """Make the error for one that is to be points."""
        if self.fields is not None:
            inside = ", ".join(f"{name}.{field}" for field in list(self.fields())[:_LISTED]) or "nothing"
            return refusal(f"{where}:", f"'{name}' is {self.what}; choose a part of it as `variable`. It has: {inside}")
        typed = _KINDS.get(self.kind, ("", ""))[1].format(name=name)
        advice = f"in MATLAB: xx = {typed}; save points.mat xx" if typed else "save its numbers as an array"
        return refusal(f"{where}:", f"'{name}' is {self.what}; {advice}")


Stored: TypeAlias = StoredArray | Foreign
"""A variable of a file."""


def find(arrays: Mapping[str, Stored], path: str, where: str, keyword: str = "variable") -> Stored:
    """Find the variable of a name, or the part of a struct at a path.

    Args:
        arrays: by their names.
        path: a name, "xx", or names with dots between them, "data.xx".
        where: what to call the file in messages.
        keyword: what the user named it by.

    Raises:
        InputError: there is none.

    >>> parts = {"data": Foreign("struct", lambda: {"xx": Foreign("cell")})}
    >>> find(parts, "data.xx", "points.mat").kind
    'cell'
    >>> find(parts, "data.x", "points.mat")
    Traceback (most recent call last):
    ganatomy.errors.InputError: points.mat: unknown field of 'data' 'x'; did you mean 'xx'? Known: xx
    """
    if path in arrays:
        return arrays[path]
    known, kind, passed, left = arrays, "variable" if keyword == "variable" else f"variable for `{keyword}`", "", path
    while True:
        name, _, left = left.partition(".")
        if name not in known:
            raise refusal(f"{where}:", str(unknown(kind, name, list(known)[:_LISTED])))
        found, passed = known[name], f"{passed}.{name}".strip(".")
        if not left:
            return found
        if not isinstance(found, Foreign) or found.fields is None:
            what = found.what if isinstance(found, Foreign) else "an array"
            raise refusal(f"{where}:", f"'{passed}' is {what} and has no part '{left}'")
        known, kind = found.fields(), f"field of '{passed}'"


def inside(arrays: Mapping[str, Stored], depth: int = 2) -> dict[str, Stored]:
    """List the variables and, some steps deep, the parts of structs, by their paths.

    >>> list(inside({"data": Foreign("struct", lambda: {"xx": Foreign("cell")}), "n": Foreign("empty")}))
    ['data', 'data.xx', 'n']
    """
    listed: dict[str, Stored] = {}
    for name, stored in arrays.items():
        listed[name] = stored
        if depth and isinstance(stored, Foreign) and stored.fields is not None:
            listed |= {f"{name}.{field}": part for field, part in inside(stored.fields(), depth - 1).items()}
    return listed
