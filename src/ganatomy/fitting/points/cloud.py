"""Read point clouds from files, check them, and split them into training and held-out points.

A *point cloud* is a finite sample `x_1, ..., x_N` of a distribution on `R^D`, kept as one C-contiguous float64
array (N, D) with one row a point. What `load_points` and `check_points` return satisfies: `N >= 2`, `D >= 1`,
every value finite, and no coordinate the same for all points (it would have no scale to learn, and no density).
Not guaranteed: that points are distinct, that they are in any order, or that `N` is large enough for anything.

A `Cloud` is the same with what is known beside the numbers: names of the coordinates, and the component that each
point is of.

Shapes: `N` points, `D` data dimensions, `K` components.
"""

import numbers
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, note, unknown
from ganatomy.files import encodable, instead, open_input, printable
from ganatomy.fitting.points import formats
from ganatomy.fitting.points.distributions.base import Distribution
from ganatomy.fitting.points.found import Wanted
from ganatomy.fitting.points.labels import Labels
from ganatomy.fitting.points.refusal import refusal

_GREATEST = 1e30  # its square, and sums of it, stay finite
_BEGINNING = 1000  # points among which most coordinates vary
_TRAIN_FRACTION = 7000 / 8192  # the split of the laboratory report: 7000 of 8192 points train


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points, and what is known of them; to whoever asks for an array, the points alone.

    Attributes:
        points: (N, D), as `check_points` leaves them.
        columns: the names of the D coordinates; none where they have no names.
        labels: the component that each point is of; None where that is not told.
        notices: how an ambiguous file was read, a line each.
        name: a short one.
        distribution: that they are drawn from, if it is known.

    >>> cloud = Cloud(np.arange(8.0).reshape(4, 2), ("x", "y"), Labels.of(["a", "b", "a", "b"]))
    >>> train, heldout = cloud.split(3, seed=0)
    >>> train.points.tolist(), train.labels.codes.tolist(), heldout.labels.codes.tolist()
    ([[4.0, 5.0], [0.0, 1.0], [2.0, 3.0]], [0, 0, 1], [1])
    """

    points: NDArray[np.float64]
    columns: tuple[str, ...] = ()
    labels: Labels | None = None
    notices: tuple[str, ...] = ()
    name: str = "points"
    distribution: Distribution | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.points, dtype) if copy else np.asarray(self.points, dtype)

    def split(self, train_size: int | None, seed: int) -> "tuple[Cloud, Cloud]":
        """Split the points, and their labels with them, as `split_points` does.

        Raises:
            InputError: as `split_points`.
        """
        train, heldout = split_points(np.arange(len(self.points))[:, None], train_size, seed)
        return self.take(train.ravel()), self.take(heldout.ravel())

    def take(self, rows: NDArray[np.integer]) -> "Cloud":
        """Return some of the points, with their labels."""
        labels = None if self.labels is None else self.labels.take(rows)
        return replace(self, points=self.points[rows], labels=labels)


def load_points(source: str | Path, variable: str | None = None, *, transpose: bool = False) -> np.ndarray:
    r"""Read a point cloud from a file.

    The extension decides how: `.mat` (MATLAB 4 to 7.2, and 7.3, which is HDF5 with the axes reversed), `.npy`,
    `.npz`, `.csv`, `.tsv`, `.txt` (separated by tabs, semicolons, bars, commas or white space, as pandas, R and Excel
    write them, with or without names of columns and an index; lines that start with `#` are skipped) and `.parquet`
    (needs pyarrow). Where a file could be read in two ways, a `Note`, a warning, says in which it was.

    Args:
        source: The file.
        variable: The array to take from a `.mat` or `.npz`, `data.xx` of a struct, or several vectors, "x,y"; without
            it `xx`, else the only numeric array of two axes, else the only one of one axis. For a table: the
            columns to take, "x,y"; without it all.
        transpose: Whether each column of the file's array is a point, (D, N).

    Returns:
        float64 (N, D), as `check_points` leaves it, in the file's units.

    Raises:
        InputError: No such file, a damaged one, no such variable, more than one candidate, or unusable points.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "points.csv"
    ...     _ = file.write_text("x,y,name\n0,1,a\n2,0.5,b\n")
    ...     load_points(file, variable="x,y")
    array([[0. , 1. ],
           [2. , 0.5]])
    """
    return read_points(source, variable, transpose=transpose).points


def read_points(
    source: str | Path, variable: str | None = None, *, labels: str | None = None, transpose: bool = False
) -> Cloud:
    r"""Read a point cloud from a file, with the names of its columns and the labels of its points.

    How an ambiguous file was read is told in a `Note`, a warning, and in the cloud's `notices`.

    Args:
        source: The file; see `load_points`, also for `variable` and `transpose`.
        variable: The array, or the columns.
        labels: The column of a table, or the variable of a `.mat` or `.npz`, that says of which component each
            point is.
        transpose: Whether each column of the file's array is a point.

    Raises:
        InputError: As `load_points`, or labels that are not there, or not as many as the points.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "points.csv"
    ...     _ = file.write_text("x,y,kind\n0,1,a\n2,0.5,b\n3,2,a\n")
    ...     cloud = read_points(file, labels="kind")
    >>> cloud.points.shape, cloud.columns, cloud.labels
    ((3, 2), ('x', 'y'), Labels(3 points: a 2, b 1))
    """
    where, kind = str(source), Path(source).suffix.lower()
    if other := instead(source, "points"):
        raise other
    if kind not in formats.FORMATS and os.path.isfile(source):  # and is not opened
        raise refusal(where, f"has the unknown extension '{kind}'; known: {', '.join(formats.FORMATS)}")
    with open_input(source, "give a file of points") as stream:
        if not os.fstat(stream.fileno()).st_size:
            raise refusal(where, "is empty; give a file with at least two points")
        found = formats.read(stream, kind, where, Wanted(variable, labels))
    points = check_points(found.values.T if transpose else found.values, where)
    known = None if labels is None else Labels.of([] if found.labels is None else found.labels, f"{where}: {labels}")
    if known is not None and len(known) != len(points):
        raise refusal(where, f"has {len(known)} labels under '{labels}' for {len(points)} points; give one for each")
    notices = (*found.notices, *_few(points))
    for line in notices:
        note(f"{where}: {line}")
    columns = () if transpose else found.columns
    return Cloud(points, columns, known, notices, encodable(Path(source).stem))


def given_points(
    array: Any, labels: "str | ArrayLike | None" = None, transpose: bool = False, where: str = "points"
) -> Cloud:
    """Take points that are given as they are: an array, nested lists, a table with the names of its columns.

    Args:
        array: (N, D) or (N,), or a DataFrame or a column of one.
        labels: N of them, or the name of a table's column that holds them, which is then none of the points'.
        transpose: whether each column is a point.
        where: what to call them in messages.

    Raises:
        InputError: as `check_points`, or unusable labels.

    >>> import pandas
    >>> cloud = given_points(pandas.DataFrame({"x": [0.0, 1.5], "y": [2, 3], "kind": ["a", "b"]}), labels="kind")
    >>> cloud.points.tolist(), cloud.columns, cloud.labels.names
    ([[0.0, 2.0], [1.5, 3.0]], ('x', 'y'), ('a', 'b'))
    """
    columns = getattr(array, "columns", None)
    names = [] if columns is None or callable(columns) else list(columns)
    if isinstance(labels, str):
        if labels not in names:
            known = unknown("column", labels, map(str, names)) if names else "the points have no columns with names"
            raise InputError(f"`labels`: {known}")
        names.remove(labels)
        array, labels = array[names], array[labels]
    if columns is None and isinstance(getattr(array, "name", None), str):
        names = [array.name]
    points = check_points(np.transpose(array) if transpose else array, where)
    for line in _few(points):
        note(f"{where}: {line}")
    told = any(isinstance(name, str) for name in names) and len(names) == points.shape[1] and not transpose
    cloud = Cloud(points, tuple(map(printable, names)) if told else ())
    return cloud if labels is None else labelled(cloud, labels)


def _few(points: np.ndarray) -> list[str]:
    """Say so where there are fewer points than coordinates, and perhaps the columns are the points."""
    count, dim = points.shape
    return [f"{count} points of {dim} coordinates; `transpose=True` if each column is a point"] if count < dim else []


def labelled(cloud: Cloud, labels: ArrayLike) -> Cloud:
    """Say of which component each point is.

    Raises:
        InputError: unusable labels, or not one for each point.

    >>> labelled(Cloud(np.arange(3.0)[:, None]), [1, 2, 2]).labels
    Labels(3 points: 1 1, 2 2)
    """
    found = Labels.of(labels)
    if len(found) != len(cloud.points):
        raise InputError(f"{len(found)} `labels` for {len(cloud.points)} points; give one for each")
    return replace(cloud, labels=found)


def check_points(array: ArrayLike, where: str = "points") -> np.ndarray:
    """Make a point cloud of anything array-like, or say why it is none.

    One axis (N,) is taken as (N, 1). The result is writeable and may share memory with the input.

    Args:
        array: Real numbers (N, D) or (N,): an array, nested lists, a DataFrame or a column of one.
        where: What to call it in messages: a file, a parameter.

    Returns:
        float64 (N, D), C-contiguous, finite, at least two points, no constant column.

    Raises:
        InputError: Not numbers, another number of axes, no or one point, NaN or infinite values, one distinct
            point, or a column that is constant.

    >>> check_points([1, 2, 4]).shape
    (3, 1)
    >>> check_points([[0.0, 1.0], [float("nan"), 2.0], [3.0, 4.0]])
    Traceback (most recent call last):
    ganatomy.errors.InputError: points has NaN or infinite values in 1 of 3 rows, first in row 2; remove or ...
    """
    if np.ma.is_masked(array):
        raise refusal(where, "has masked values; fill them or leave their rows out")
    try:
        raw = np.asarray(array)
    except Exception as error:  # ragged lists, tensors with gradients: every array type raises its own
        raise refusal(where, f"is not an array of numbers: {error}") from None
    if raw.dtype == object and hasattr(array, "to_numpy"):  # a table of several types of numbers, or not of numbers
        try:
            raw = np.where(array.isna(), np.nan, raw).astype(np.float64)  # type: ignore[union-attr]
        except (AttributeError, TypeError, ValueError):
            raise refusal(where, "has columns or rows without numbers; choose others, as table[['x', 'y']]") from None
    if raw.dtype.kind not in "iuf":
        if raw.ndim == 0:
            what = f"is a {type(array).__name__}, not real numbers; points come first, as in fit(points, recipe=...)"
        else:
            what = f"holds {raw.dtype} values, not real numbers; give points as numbers"
        raise refusal(where, what)
    if raw.ndim == 1:
        raw = raw[:, None]
    if raw.ndim != 2 or raw.shape[1] == 0:
        raise refusal(where, f"has shape {raw.shape}; points have shape (N, D), one row a point")
    if len(raw) < 2:
        hint = "; `transpose=True` if each column is a point" if raw.size > 1 else ""
        raise refusal(where, f"has shape {raw.shape}; at least two points, one a row, are needed{hint}")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite and is refused below
        points = np.require(raw, np.float64, ["C", "W"])
    finite = np.isfinite(points)
    if not finite.all():
        bad = np.flatnonzero(~finite.all(axis=1))
        what = f"has NaN or infinite values in {len(bad)} of {len(points)} rows, first in row {bad[0] + 1}"
        raise refusal(where, f"{what}; remove or repair these rows")
    if max(points.max(), -points.min()) > _GREATEST:
        raise refusal(where, f"has values beyond {_GREATEST:.0e}, whose squares overflow; choose other units")
    constant = (points[:_BEGINNING] == points[0]).all(axis=0)  # (D,)
    if constant.any():
        constant = (points == points[0]).all(axis=0)
    if constant.all():
        raise refusal(where, f"holds {len(points)} times the same point; there is no distribution to learn")
    if constant.any():
        columns = ", ".join(map(str, np.flatnonzero(constant)))
        raise refusal(where, f"is constant in column {columns} (counting from 0); leave that column out")
    return points


def split_points(points: np.ndarray, train_size: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle the points and split them into training and held-out points.

    With a random permutation `s` of the rows, the first `n` of `x_s(1), ..., x_s(N)` train and the others are
    held out: no row is in both, and together they are all rows.

    Args:
        points: (N, D), N >= 2.
        train_size: The number `n` of training points, `1 <= n < N`; None takes 7000/8192 of them, rounded.
        seed: Of the permutation.

    Returns:
        Training points (n, D) and held-out points (N - n, D).

    Raises:
        InputError: `train_size` leaves one of the two without a point.

    >>> train, heldout = split_points(np.arange(10.0)[:, None], train_size=7, seed=0)
    >>> train.ravel(), heldout.ravel()
    (array([4., 6., 2., 7., 3., 5., 9.]), array([0., 8., 1.]))
    """
    total = len(points)
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed!r}: give a whole number from 0 to 2^63 - 1")
    if train_size is not None and not isinstance(train_size, numbers.Integral):
        raise InputError(f"train_size = {train_size!r}: give a whole number")
    if train_size is None:
        train_size = min(round(total * _TRAIN_FRACTION), total - 1)
    if not 1 <= train_size < total:
        raise InputError(
            f"`train_size` = {train_size} of {total} points: give a whole number from 1 to {total - 1}, so that some "
            f"are held out"
        )
    order = np.random.default_rng(seed).permutation(total)
    return points[order[:train_size]], points[order[train_size:]]
