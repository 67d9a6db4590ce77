"""Points by the name that a user gives: a built-in distribution's, or a file's.

A name that is both is the distribution's. A file is one that exists, or whose name has an ending; any other name is
taken for a misspelt distribution.

Shapes: `N` points, `D` data dimensions.
"""

from pathlib import Path

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.points.cloud import load_points
from ganatomy.fitting.points.distributions import DISTRIBUTIONS, Distribution

POINTS = 8192
"""Points drawn from a built-in distribution: as many as the laboratory course's file has."""


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
    if not path.exists() and not path.suffix:
        raise InputError(f"{unknown('distribution', source, DISTRIBUTIONS)}; and there is no such file")
    return path


def named_points(
    source: str, variable: str | None = None, seed: int = 0, folder: Path | None = None
) -> tuple[str, np.ndarray, Distribution | None]:
    """Read or draw the points of a name.

    Args:
        source: a built-in distribution or a file.
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
    """
    found = find_source(source, folder)
    if isinstance(found, Path):
        return found.stem, load_points(found, variable), None
    if variable is not None:
        raise InputError(f"--variable is for files; {source} is a built-in distribution")
    return source, found.sample(POINTS, seed), found
