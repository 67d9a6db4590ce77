"""Errors that teach: what was given, where, and what to do about it.

Everything a user can get wrong ends in an `InputError` whose message is one line. The command line prints that
line and leaves with exit code 2; from Python it is an ordinary `ValueError`.
"""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """What was given cannot be used; the message says what, where and what to do.

    >>> raise InputError("points.csv is empty; give a file with one point a line")
    Traceback (most recent call last):
    ganatomy.errors.InputError: points.csv is empty; give a file with one point a line
    """


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
