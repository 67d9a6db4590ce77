"""Points as a user gives them: an array, a table, or the name of a built-in distribution or of a file.

A name that is both is the distribution's. A file is one that exists, or whose name has an ending; any other name is
taken for a misspelt distribution. An array is whatever `check_points` takes: of NumPy or PyTorch, a list, a DataFrame.

Shapes: `N` points, `D` data dimensions.
"""

import os
from pathlib import Path
from typing import TypeAlias

from numpy.typing import ArrayLike

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.points.cloud import Cloud, given_points, labelled, read_points
from ganatomy.fitting.points.distributions import DISTRIBUTIONS, Distribution

POINTS = 8192
"""Points drawn from a built-in distribution: as many as the laboratory course's file has."""

AnyPoints: TypeAlias = ArrayLike | Path | Distribution
"""Points (N, D) or (N,), a DataFrame of numbers among them; a file's path; a distribution, or its name; a cloud."""


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
    source: AnyPoints,
    variable: str | None = None,
    seed: int = 0,
    folder: Path | None = None,
    *,
    labels: "str | ArrayLike | None" = None,
    transpose: bool = False,
) -> Cloud:
    """Read or draw the points of a name, or check those that are given as they are.

    Args:
        source: a built-in distribution or its name, a file, a cloud, or an array or table of points, which is called
            "points".
        variable: of a file, as in `load_points`.
        seed: by which a distribution is drawn.
        folder: where a relative path begins; None is the working directory.
        labels: the component of each point: the name of a column or of a variable of the file, or N labels.
        transpose: whether each column of a file's array, or of an array, is a point.

    Returns:
        The points (N, D), a short name, the names of their columns, their labels, and the distribution that they are
        drawn from, as far as these are known.

    Raises:
        InputError: no such thing, or unusable points or labels.

    >>> cloud = named_points("ring")
    >>> cloud.name, cloud.points.shape, cloud.distribution.name
    ('ring', (8192, 2), 'ring')
    >>> cloud = named_points([[0, 1], [2, 4], [5, 6]], labels=["a", "b", "a"])
    >>> cloud.name, cloud.points.shape, cloud.labels
    ('points', (3, 2), Labels(3 points: a 2, b 1))
    """
    found = find_source(str(source), folder) if isinstance(source, str | Path) else source
    column = labels if isinstance(labels, str) else None
    if isinstance(found, Path):
        cloud = read_points(found, variable, labels=column, transpose=transpose)
        return cloud if labels is None or column is not None else labelled(cloud, labels)
    if isinstance(found, Distribution):
        for keyword, given in (("variable", variable), ("labels", labels), ("transpose", transpose or None)):
            if given is not None:
                what = "is for files" if keyword == "variable" else "is for files and arrays"
                raise InputError(f"`{keyword}` {what}; {found.name} is a built-in distribution; leave it out")
        return Cloud(found.sample(POINTS, seed), name=found.name, distribution=found)
    if variable is not None:
        raise InputError("`variable` is for files; an array was given; leave it out")
    if isinstance(found, Cloud):
        return found if labels is None else labelled(found, labels)
    return given_points(found, labels, transpose)


def named_parts(source: AnyPoints, train_size: int | None = None, seed: int = 0) -> tuple[Cloud, Cloud]:
    """Split the points of a run with a seed into those trained on and those held out, drawn by the same seed.

    Args:
        source: as in `named_points`.
        train_size: as in `split_points`.
        seed: of the split, and of the draw where there is one.

    Raises:
        InputError: as `named_points` and `split_points`.

    >>> train, heldout = named_parts("ring", seed=3)
    >>> train.points.shape, heldout.points.shape
    ((7000, 2), (1192, 2))
    """
    return named_points(source, seed=seed).split(train_size, seed)
