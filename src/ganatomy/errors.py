"""Errors that teach: what was given, where, and what to do about it.

Everything a user can get wrong ends in an `InputError` whose message is one line. The command line prints that
line and leaves with exit code 2; from Python it is an ordinary `ValueError`.
"""

import difflib
import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from typing_extensions import TypeIs


class InputError(ValueError):
    """What was given cannot be used; the message says what, where and what to do.

    >>> raise InputError("points.csv is empty; give a file with one point a line")
    Traceback (most recent call last):
    ganatomy.errors.InputError: points.csv is empty; give a file with one point a line
    """


class Note(UserWarning):
    """What a person should know of what was done, and may want otherwise: no error. The command line prints it.

    >>> issubclass(Note, Warning)
    True
    """


def note(text: str) -> None:
    """Give a `Note` to who called the function that gives it; what is said twice of one place is shown once.

    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     note("points.csv: its first line '0,1' is read as names of columns")
    >>> given[0].category.__name__, str(given[0].message)
    ('Note', "points.csv: its first line '0,1' is read as names of columns")
    """
    warnings.warn(text, Note, stacklevel=3)


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Make the error for a `name` that is not among the `known` ones of its `kind`.

    Near misses are suggested; the known names are listed in any case.

    >>> print(unknown("objective", "wgan_gp", ["gan", "wgan", "wgan-gp"]))
    unknown objective 'wgan_gp'; did you mean 'wgan-gp'? Known: gan, wgan, wgan-gp
    """
    names = list(known)
    name = name if name.isprintable() else ascii(name)[1:-1]
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return InputError(f"unknown {kind} '{name}'; {hint}Known: {', '.join(names)}")


def require_extra(module: str, extra: str, what: str) -> None:
    """See that the module of an extra is installed.

    Raises:
        InputError: it is not.

    >>> require_extra("nowhere", "dask", "--backend dask")
    Traceback (most recent call last):
    ganatomy.errors.InputError: --backend dask needs an extra: pip install 'ganatomy[dask]'
    """
    if find_spec(module) is None:
        raise InputError(f"{what} needs an extra: pip install 'ganatomy[{extra}]'")


def complaint(error: "ValidationError", model: "type[BaseModel]") -> str:
    """Say the first of pydantic's complaints about a table in one line: the key, the value, what it should be.

    >>> from pydantic import BaseModel, ValidationError
    >>> class Table(BaseModel, extra="forbid"):
    ...     rate: float = 0.1
    >>> for table in {"rate": "fast"}, {"rite": 1}:
    ...     try:
    ...         Table.model_validate(table)
    ...     except ValidationError as error:
    ...         print(complaint(error, Table))
    rate = 'fast': should be a valid number, unable to parse string as a number
    unknown key 'rite'; did you mean 'rate'? Known: rate
    """
    details = error.errors()[0]
    location = [str(part) for part in details["loc"]]
    if details["type"] == "extra_forbidden":
        return str(unknown("key", ".".join(location), _keys(location[:-1], model)))
    if details["type"] == "missing":
        return f"{'.'.join(location)} is missing"
    if details["type"] == "value_error":
        prefix = f"{'.'.join(location)} " if location else ""
        return prefix + details["msg"].removeprefix("Value error, ")
    key = ".".join(part for part in location if not part.startswith(("tuple", "literal", "function")))
    value = details["input"]
    try:
        shown = ascii(value)[:60]
    except (ValueError, RecursionError):  # a number of thousands of digits, or tables nested as deeply
        shown = type(value).__name__
    return f"{key} = {shown}: {details['msg'].removeprefix('Input ')}"


def _keys(location: list[str], model: "type[BaseModel]") -> list[str]:
    """List the keys that a table knows, with the path to it, for suggestions."""
    for part in location:
        field = model.model_fields.get(part)
        if field is None or not _is_table(field.annotation):
            return []
        model = field.annotation
    return [".".join([*location, key]) for key in model.model_fields]


def _is_table(annotation: Any) -> "TypeIs[type[BaseModel]]":
    return hasattr(annotation, "model_fields")
