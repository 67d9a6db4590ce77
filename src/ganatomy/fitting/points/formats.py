"""Read one array of numbers out of the bytes of a foreign file.

A *format* is a map from bytes to named arrays (MATLAB, numpy archives) or to named columns (text, Parquet); a
*variable* picks among them. `read` is total: for any bytes it returns an array or raises an `InputError` of one
line, whatever the libraries underneath do with a damaged file. Files are data, never programs: nothing is
unpickled. Not guaranteed: that the array holds numbers, or has two axes; `points.check_points` sees to that.

Shapes: `N` points, `D` data dimensions.
"""

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.points.matlab import HDF5_MAGIC, read_arrays

_DEFAULT_VARIABLE = "xx"
_MAGIC = {
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
    b"MATLAB": ".mat",
    HDF5_MAGIC: "HDF5",
    b"PAR1": ".parquet",
}


def read(content: bytes, kind: str, where: str, variable: str | None = None) -> np.ndarray:
    r"""Read the array that `variable` names.

    Args:
        content: The bytes of the file.
        kind: One of `FORMATS`, as the file's extension says.
        where: What to call the file in messages.
        variable: A name; for tables several column names, "x,y". Without it the array `xx`, else the only
            numeric array of two axes, else the only one of one axis; of a table, all columns.

    Returns:
        The array as it is stored, MATLAB 7.3 transposed to MATLAB's own order; of a table, float64 (N, D).

    Raises:
        InputError: The bytes are damaged or of another kind, or the variable is missing or ambiguous.

    >>> read(b"x;y\n1;2\n3;4.5\n", ".csv", "points.csv", variable="y")
    array([[2. ],
           [4.5]])
    >>> read(b"1 2\n3 four\n", ".txt", "points.txt")
    Traceback (most recent call last):
    ganatomy.errors.InputError: points.txt line 2: 'four' is not a number; correct it
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return FORMATS[kind](content, where, variable)
    except InputError:
        raise
    except Exception as error:  # on damaged bytes a foreign reader may raise anything, MemoryError included
        looks = next((name for magic, name in _MAGIC.items() if content.startswith(magic)), kind)
        hint = f"it looks like {looks}" if looks != kind else f"damaged, or of another kind? ({error})"
        raise refusal(where, f"cannot be read as {kind}: {hint}") from error


def refusal(where: str, what: str) -> InputError:
    r"""Make an error of one printable line: names and messages in it may come from a hostile file.

    >>> print(refusal("points.npz", "has no 'a\nb\x1b[2J'"))
    points.npz has no 'a b [2J'
    """
    text = f"{where} {what}"
    return InputError(" ".join("".join(c if c.isprintable() else " " for c in text).split()))


def _read_mat(content: bytes, where: str, variable: str | None) -> np.ndarray:
    """Read a MATLAB file."""
    return _select(read_arrays(content), variable, where)


def _read_npy(content: bytes, where: str, variable: str | None) -> np.ndarray:
    """Read a numpy file."""
    if variable is not None:
        raise refusal(where, f"holds one array without a name; leave `variable={variable}` out")
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)


def _read_npz(content: bytes, where: str, variable: str | None) -> np.ndarray:
    """Read a zip archive of numpy files."""
    arrays: dict[str, np.ndarray | None] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            with archive.open(member) as stream:
                try:
                    arrays[member.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
                except ValueError:  # Python objects, or no array: no reason to refuse the other members
                    arrays[member.removesuffix(".npy")] = None
    return _select(arrays, variable, where)


def _select(arrays: Mapping[str, np.ndarray | None], variable: str | None, where: str) -> np.ndarray:
    """Choose the array that is meant; what is None is listed but cannot be chosen."""
    if variable is None and _DEFAULT_VARIABLE in arrays:
        variable = _DEFAULT_VARIABLE
    if variable is not None:
        if variable not in arrays:
            raise refusal(f"{where}:", str(unknown("variable", variable, arrays)))
        chosen = arrays[variable]
        if chosen is None:
            raise refusal(where, f"holds no array of real numbers under '{variable}'; choose another `variable`")
        return chosen
    usable = {name: value for name, value in arrays.items() if value is not None}
    clouds: list[np.ndarray] = []
    for axes in (1, 2):  # two axes win over one; a single row is no cloud
        clouds = [a for a in usable.values() if a.ndim == axes and len(a) > 1 and a.dtype.kind in "iuf"] or clouds
    if len(clouds) == 1:
        return clouds[0]
    count = f"{len(clouds)} arrays" if clouds else "no array"
    listing = [f"{name} {usable[name].shape}" if name in usable else f"{name} (no array)" for name in arrays]
    known = ", ".join(listing) or "nothing"
    raise refusal(where, f"holds {count} that could be the points; choose a `variable`. It has: {known}")


def _read_text(content: bytes, where: str, variable: str | None) -> np.ndarray:
    """Read a table of numbers written as text."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in content and not utf16:
        raise ValueError("it is not text")
    # Other encodings may spoil the names in a header, but digits are the same in all of them.
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-16" if utf16 else "utf-8-sig", errors="replace")
    lines = [(number, line.strip()) for number, line in enumerate(text, 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise refusal(where, "has no points; give one point a line")
    sample = lines[min(1, len(lines) - 1)][1]  # the second line is no header
    delimiter = next((mark for mark in "\t;," if mark in sample), None)
    rows = [(number, _fields(line, delimiter)) for number, line in lines]
    start, first = rows[0]
    # Split at every mark, so that a line such as "1,2" above lines of one number is no header.
    header = None if any(map(_is_number, re.split("[\t;,]", lines[0][1]))) or any(map(_is_number, first)) else first
    if header and len(rows) == 1:
        raise refusal(where, f"has no numbers, only the line '{lines[0][1][:40]}'; give one point a line")
    chosen = _columns(header, len(first), variable, where)
    for number, row in rows[1:] if header else rows:
        if len(row) != len(first):
            raise refusal(where, f"line {number} has {len(row)} values where line {start} has {len(first)}")
        wrong = next((row[i] for i in chosen if not _is_number(row[i])), None)
        if wrong is not None:
            hint = "choose columns with `variable`" if header and variable is None else "correct it"
            hint = "write 1.5, not 1,5" if "," in wrong else hint
            raise refusal(where, f"line {number}: '{wrong[:40]}' is not a number; {hint}")
    return np.array([[float(row[i]) for i in chosen] for _, row in (rows[1:] if header else rows)])


def _fields(line: str, delimiter: str | None) -> list[str]:
    """Split a line at the delimiter, minding quotes; without one, at white space."""
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))] if delimiter else line.split()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_parquet(content: bytes, where: str, variable: str | None) -> np.ndarray:
    """Read a table of columns."""
    try:
        import pandas as pd

        frame = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except ImportError:
        raise refusal(where, "needs pandas and pyarrow to be read: pip install pandas pyarrow") from None
    names = [str(name) for name in frame.columns]
    chosen = _columns(names, len(names), variable, where)
    for i in chosen:
        if frame.dtypes.iloc[i].kind not in "iuf":
            raise refusal(where, f"has no numbers in column '{names[i]}'; choose others, as `variable=x,y`")
    return frame.iloc[:, chosen].to_numpy(dtype=np.float64, na_value=np.nan)


def _columns(names: Sequence[str] | None, count: int, variable: str | None, where: str) -> list[int]:
    """Find the columns that `variable` names, "x,y"; all of them without it."""
    if variable is None:
        return list(range(count))
    if names is None:
        raise refusal(where, f"has no header that could name the columns {variable}; leave `variable` out")
    wanted = [name.strip() for name in variable.split(",")]
    for name in wanted:
        if name not in names:
            raise refusal(f"{where}:", str(unknown("column", name, names)))
    return [names.index(name) for name in wanted]


FORMATS: Mapping[str, Callable[[bytes, str, str | None], np.ndarray]] = {
    ".mat": _read_mat,
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".parquet": _read_parquet,
}
