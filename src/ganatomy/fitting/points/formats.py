"""Read one array of numbers out of a foreign file.

A *format* is a map from bytes to named arrays (MATLAB, numpy archives) or to named columns (text, Parquet); a
*variable* picks among them. `read` is total: for any bytes it returns an array or raises an `InputError` of one
line, whatever the libraries underneath do with a damaged file. Files are data, never programs: nothing is
unpickled. What an array costs is known before it is read, and drawn from the file's `Meter`; of several, only the one
that is wanted is read. Not guaranteed: that the array holds numbers, or has two axes; `points.check_points` sees to
that.

Shapes: `N` points, `D` data dimensions.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable
from ganatomy.files.arrays import stored_npy, stored_npz
from ganatomy.fitting.points.found import Found, Wanted
from ganatomy.fitting.points.hdf5 import MAGIC
from ganatomy.fitting.points.matlab import stored_mat
from ganatomy.fitting.points.parquet import read_parquet
from ganatomy.fitting.points.refusal import refusal
from ganatomy.fitting.points.stored import Foreign
from ganatomy.fitting.points.text import read_text
from ganatomy.fitting.points.variables import select, taken

_DEFAULT_VARIABLE = "xx"
_FLOAT = 8  # bytes
_LISTED = 50  # variables in a message
_MAGIC = {
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
    b"MATLAB": ".mat",
    MAGIC: "HDF5",
    b"PAR1": ".parquet",
}


def read(stream: BinaryIO, kind: str, where: str, wanted: Wanted = Wanted()) -> Found:  # noqa: B008
    r"""Read the array that is wanted.

    Args:
        stream: The file, in which can be sought.
        kind: One of `FORMATS`, as the file's extension says.
        where: What to call the file in messages.
        wanted: Its variable is a name; for tables several column names, "x,y". Without it the array `xx`, else the
            only numeric array of two axes, else the only one of one axis; of a table, all columns.

    Returns:
        The array as it is stored, MATLAB 7.3 transposed to MATLAB's own order; of a table, float64 (N, D).

    Raises:
        InputError: The bytes are damaged or of another kind, cost more than a file may (see
            `ganatomy.files.budget`), or the variable is missing or ambiguous.

    >>> read(io.BytesIO(b"x;y\n1;2\n3;4.5\n"), ".csv", "points.csv", Wanted("y")).values
    array([[2. ],
           [4.5]])
    >>> read(io.BytesIO(b"1 2\n3 four\n"), ".txt", "points.txt")
    Traceback (most recent call last):
    ganatomy.errors.InputError: points.txt line 2: 'four' is not a number; correct it
    """
    meter, size = Meter(where), stream.seek(0, io.SEEK_END)
    stream.seek(0)
    start = stream.read(8)
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return FORMATS[kind](stream, size, meter, wanted)
    except InputError:
        raise
    except Exception as error:  # on damaged bytes a foreign reader may raise anything, MemoryError included
        looks = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), kind)
        why = printable(error) or type(error).__name__
        other = looks not in (kind, "HDF5" if kind == ".mat" else kind)  # MATLAB's since version 7.3
        hint = f"it looks like {looks}" if other else f"damaged, or of another kind? ({why})"
        raise refusal(where, f"cannot be read as {kind}: {hint}") from None


def _read_mat(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    """Read a MATLAB file."""
    return select(stored_mat(stream, size, meter), meter, wanted)


def _read_npy(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    """Read a numpy file."""
    for keyword, given in (("variable", wanted.variable), ("labels", wanted.labels)):
        if given is not None:
            raise refusal(meter.where, f"holds one array without a name; leave `{keyword}={given}` out")

    @contextmanager
    def beginning() -> Iterator[BinaryIO]:
        stream.seek(0)
        yield stream

    return taken(stored_npy(beginning, size, meter), meter)


def _read_npz(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    """Read a zip archive of numpy files."""
    stored = {name: array or Foreign("pickled") for name, array in stored_npz(stream, meter).items()}
    return select(stored, meter, wanted)


FORMATS: Mapping[str, Callable[[BinaryIO, int, Meter, Wanted], Found]] = {
    ".mat": _read_mat,
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".parquet": read_parquet,
}
