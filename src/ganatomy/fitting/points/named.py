"""Points as a user gives them: an array, a table, or the name of a built-in distribution or of a file.

A name that is both is the distribution's. A file is one that exists, or whose name has an ending; any other name is
taken for a misspelt distribution. An array is whatever `check_points` takes: of NumPy or PyTorch, a list, a DataFrame.

Shapes: `N` points, `D` data dimensions.
"""

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, unknown
from ganatomy.files import encodable
from ganatomy.fitting.points.cloud import check_points, load_points
from ganatomy.fitting.points.distributions import DISTRIBUTIONS, Distribution

POINTS = 8192
"""Points drawn from a built-in distribution: as many as the laboratory course's file has."""

AnyPoints: TypeAlias = ArrayLike | Path | Distribution
"""Points (N, D) or (N,), a DataFrame of numbers among them; a file's path; a distribution, or its name."""


def find_source(source: str, folder: Path | None = None) -> Distribution | Path:
    """Say what a name stands for: a distribution, or the path of a file.

    Args:
        source: the name.
        folder: where a relative path begins; None is the working directory.

    Raises:
        InputError: an empty name, or one that is neither.

    >>> find_source("ring").name
    'ring'
    >>> find_source("rung")
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown distribution 'rung'; did you mean 'ring'? Known: ...; and there is no such file
    """
    if not source:
        raise InputError("the name of the points is ''; give a file or a distribution")
    if source in DISTRIBUTIONS:
        return DISTRIBUTIONS[source]
    path = (folder or Path()) / source
    if not os.path.exists(path) and not path.suffix:
        raise InputError(f"{unknown('distribution', source, DISTRIBUTIONS)}; and there is no such file")
    return path


def named_points(
    source: AnyPoints, variable: str | None = None, seed: int = 0, folder: Path | None = None
) -> tuple[str, NDArray[np.float64], Distribution | None]:
    """Read or draw the points of a name, or check those that are given as they are.

    Args:
        source: a built-in distribution or its name, a file, or an array or table of points, which is called "points".
        variable: of a file, as in `load_points`.
        seed: by which a distribution is drawn.
        folder: where a relative path begins; None is the working directory.

    Returns:
        A short name, the points (N, D), and the distribution that they are drawn from, if it is known.

    Raises:
        InputError: no such thing, or unusable points.

    >>> name, points, known = named_points("ring")
    >>> name, points.shape, known.name
    ('ring', (8192, 2), 'ring')
    >>> name, points, known = named_points([[0, 1], [2, 4], [5, 6]])
    >>> name, points.shape, known
    ('points', (3, 2), None)
    """
    found = find_source(str(source), folder) if isinstance(source, str | Path) else source
    if isinstance(found, Path):
        return encodable(found.stem), load_points(found, variable), None
    if variable is not None:
        what = f"{found.name} is a built-in distribution" if isinstance(found, Distribution) else "an array was given"
        raise InputError(f"`variable` is for files; {what}; leave it out")
    if isinstance(found, Distribution):
        return found.name, found.sample(POINTS, seed), found
    return "points", check_points(found), None
