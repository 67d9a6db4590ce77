"""Write points into a file that other programs and `ganatomy.load_points` read: each number as it is, to the last bit.

    .csv       a header of the columns' names, a line a point, numbers by Python's shortest text that reads back
    .npy       the array (N, D) alone, without names
    .npz       `points` (N, D) and `columns` (D,), the names
    .parquet   a column of float64 for each coordinate; needs pyarrow
    .mat       of MATLAB 5: `xx` (N, D), and `columns`, a cell array of the names

A file appears whole or not at all. Not guaranteed: that `load_points` takes back what is no cloud, such as a single
point or a column that is constant.

Shapes: `N` points, `D` data dimensions.
"""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError
from ganatomy.files import encodable, make_folder, printable, replacing, spreadsheet_safe
from ganatomy.fitting.points.dialect import form_of

_LINES = 1 << 14  # of text that are made at once
_SAMPLE = 1 << 10  # by which a reader tells what a table is


def save_points(
    points: ArrayLike, path: str | os.PathLike, columns: Sequence[str] = (), *, force: bool = False
) -> None:
    """Write points into a file of the kind that its ending names.

    Args:
        points: (N, D) or (N,), finite.
        path: ends in one of `WRITERS`; folders above it are made.
        columns: names of the D coordinates; without them x0, x1, ...
        force: whether to replace a file that is there.

    Raises:
        InputError: another ending, a file that is there or cannot be written, points that are no finite numbers, names
            that are not D, twice the same, or, in text, numbers that would be read as a point; pyarrow is missing.

    >>> import tempfile
    >>> from ganatomy.fitting.points.cloud import read_points
    >>> path = Path(tempfile.mkdtemp()) / "samples.csv"
    >>> save_points([[0.1 + 0.2, 1e-300], [-2.0, 5.0]], path, ["width", "height"])
    >>> print(path.read_text(), end="")
    width,height
    0.30000000000000004,1e-300
    -2.0,5.0
    >>> read_points(path).columns
    ('width', 'height')
    """
    check_target(path, force)
    array = np.asarray(points, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not array.size:
        raise InputError(f"points have shape {array.shape}; write (N, D), one row a point")
    if not np.isfinite(array).all():
        raise InputError("points have NaN or infinite values, which no such file is to hold")
    names = named(columns, array.shape[1])
    make_folder(Path(path).parent)
    with replacing(path) as file:
        WRITERS[_ending(path)](file, array, names)


def check_target(path: str | os.PathLike, force: bool = False) -> None:
    """See that points may be written to a path; nothing is changed.

    Raises:
        InputError: an ending that is none of `WRITERS`, a file that is there, pyarrow is missing.

    >>> check_target("samples.doc")
    Traceback (most recent call last):
    ganatomy.errors.InputError: samples.doc: let the name end in .csv, .npy, .npz, .parquet or .mat
    """
    shown = printable(os.fspath(path), None)
    if _ending(path) not in WRITERS:
        *most, last = WRITERS
        raise InputError(f"{shown}: let the name end in {', '.join(most)} or {last}")
    if _ending(path) == ".parquet" and find_spec("pyarrow") is None:
        raise InputError(f"{shown} needs pyarrow to be written: pip install pyarrow")
    if os.path.lexists(path) and not force:
        raise InputError(f"{shown} is there already; choose another `out`, or `force=True` to replace it")


def named(columns: Sequence[str], dim: int) -> tuple[str, ...]:
    """Return the names of D coordinates: those that are given, or x0, x1, ...

    Raises:
        InputError: they are not D, or not all different.

    >>> named((), 2), named(["age", "income"], 2)
    (('x0', 'x1'), ('age', 'income'))
    """
    names = tuple(printable(name) or f"x{k}" for k, name in enumerate(columns or [""] * dim))
    if len(names) != dim:
        raise InputError(f"{len(names)} names were given for {dim} columns; give one for each")
    if len({*names}) < dim:
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two columns are called '{twice}'; give each a name of its own")
    return names


def _ending(path: str | os.PathLike) -> str:
    return Path(path).suffix.lower()


def _write_csv(file: BinaryIO, points: NDArray[np.float64], names: Sequence[str]) -> None:
    text, safe = io.StringIO(), tuple(map(spreadsheet_safe, names))
    csv.writer(text, lineterminator="\n").writerow(safe)
    header = text.getvalue()
    form = form_of([header, *_lines(points[:_SAMPLE])])
    if form.header != safe or form.left_out:
        raise InputError(
            f"the names {', '.join(names)} above points would be read as a point; give others, or choose .parquet"
        )
    file.write(encodable(header).encode())
    for start in range(0, len(points), _LINES):
        file.write("".join(_lines(points[start : start + _LINES])).encode())


def _lines(points: NDArray[np.float64]) -> list[str]:
    return [",".join(map(repr, row)) + "\n" for row in points.tolist()]


def _write_npy(file: BinaryIO, points: NDArray[np.float64], names: Sequence[str]) -> None:
    np.save(file, points, allow_pickle=False)


def _write_npz(file: BinaryIO, points: NDArray[np.float64], names: Sequence[str]) -> None:
    np.savez_compressed(file, points=points, columns=np.array(names), allow_pickle=False)


def _write_parquet(file: BinaryIO, points: NDArray[np.float64], names: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table([pa.array(column) for column in np.ascontiguousarray(points.T)], names=list(names))
    pq.write_table(table, file)


def _write_mat(file: BinaryIO, points: NDArray[np.float64], names: Sequence[str]) -> None:
    from scipy.io import savemat

    if points.nbytes >= 1 << 31:
        raise InputError("MATLAB's files of version 5 hold less than 2 GiB a variable; let the name end in .npy")
    savemat(file, {"xx": points, "columns": np.array(names, dtype=object)})


WRITERS: Mapping[str, Callable[[BinaryIO, NDArray[np.float64], Sequence[str]], None]] = {
    ".csv": _write_csv,
    ".npy": _write_npy,
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".mat": _write_mat,
}
"""What writes each kind of file, by its ending."""
