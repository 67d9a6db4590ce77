"""What is looked for in a file, and what is found there.

Shapes: `N` points, `D` data dimensions.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Wanted:
    """What is looked for: the array or the columns that are the points, and what labels them; None for the likely ones.

    >>> Wanted("x,y").labels is None
    True
    """

    variable: str | None = None
    labels: str | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What is found: values as they are stored, the names of D columns if they have some, and what labels the points.

    Attributes:
        values: (N, D) of a table; of another file, whatever lies there.
        columns: D names, or none.
        labels: (N,), or None.
        notices: how an ambiguous file was read, a line each.

    >>> Found(np.zeros((3, 2)), ("x", "y")).notices
    []
    """

    values: np.ndarray
    columns: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    notices: list[str] = field(default_factory=list)
