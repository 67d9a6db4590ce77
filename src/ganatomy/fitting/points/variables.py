"""Which of a file's named arrays are the points, and which label them.

Points are one array, (N, D) or (N,); or several of N rows each, side by side, as separate vectors of coordinates are.
Labels are one variable of N numbers or texts; or several arrays of the points of one component each, which are the
points if they are put one below the other, and whose names are the labels.

Shapes: `N` points, `D` data dimensions.
"""

from collections.abc import Mapping

import numpy as np

from ganatomy.files import Meter, printable, require_memory
from ganatomy.files.arrays import StoredArray
from ganatomy.fitting.points.found import Found, Wanted
from ganatomy.fitting.points.refusal import refusal
from ganatomy.fitting.points.stored import Foreign, Stored, find, inside

_DEFAULT = "xx"
_FLOAT = 8  # bytes
_LISTED = 50  # variables in a message


def select(arrays: Mapping[str, Stored], meter: Meter, wanted: Wanted) -> Found:
    """Read the arrays that are meant.

    Args:
        arrays: that the file holds.
        meter: of the file.
        wanted: their names; several with commas between them, parts of a struct with dots.

    Raises:
        InputError: there are none of these names, or not of numbers; without names, several could be meant, or none.

    >>> stored = {k: StoredArray((3,), np.dtype(float), lambda k=k: np.arange(3.0) + ord(k) - 97) for k in "ab"}
    >>> found = select(stored, Meter("points.mat"), Wanted("b,a"))
    >>> found.values.tolist(), found.columns
    ([[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]], ('b', 'a'))
    """
    found = _points(arrays, meter, wanted)
    if wanted.labels is None:
        return found
    labels = _labels(arrays, meter, wanted.labels, found.values.shape)
    return Found(found.values, found.columns, labels)


def taken(array: StoredArray, meter: Meter) -> Found:
    """Read an array that is to become points, float64, which cost as well; one of named fields becomes columns.

    >>> pair = np.array([(1, 0.5), (2, 0.25)], dtype=[("x", "i4"), ("y", "f8")])
    >>> found = taken(StoredArray(pair.shape, pair.dtype, lambda: pair), Meter("points.npy"))
    >>> found.values.tolist(), found.columns
    ([[1.0, 0.5], [2.0, 0.25]], ('x', 'y'))
    """
    names = array.dtype.names
    meter.draw("bytes", _FLOAT * array.size * len(names or "x"))
    require_memory((_FLOAT * len(names or "x") + array.dtype.itemsize) * array.size, meter.where)
    values = array.read()
    if names is None or values.ndim != 1:
        return Found(values)
    for name in names:
        if values.dtype[name].kind not in "iuf":
            raise refusal(meter.where, f"has no numbers in the field '{name}'; choose others, as `variable=x,y`")
    return Found(np.column_stack([values[name] for name in names]), tuple(map(printable, names)))


def _points(arrays: Mapping[str, Stored], meter: Meter, wanted: Wanted) -> Found:
    variable = wanted.variable
    if variable is None and _DEFAULT in arrays and wanted.labels != _DEFAULT:
        variable = _DEFAULT
    if variable is None:
        return taken(_only(arrays, meter, wanted.labels), meter)
    if variable in arrays or "," not in variable:
        return taken(_array(arrays, variable, meter), meter)
    names = [name.strip() for name in variable.split(",")]
    parts = [_array(arrays, name, meter) for name in names]
    counts = {_rows(part) for part in parts}
    if len(counts) > 1 or any(len(part.shape) not in (1, 2) for part in parts):
        told = ", ".join(f"{name} {part.shape}" for name, part in zip(names, parts, strict=True))
        raise refusal(meter.where, f"cannot put {told} side by side; choose variables of as many rows each")
    read = [taken(part, meter).values for part in parts]
    columns = [values.reshape(_rows(part), -1) for part, values in zip(parts, read, strict=True)]
    single = all(values.shape[1] == 1 for values in columns)
    return Found(np.hstack(columns), tuple(map(printable, names)) if single else ())


def _rows(array: StoredArray) -> int:
    """Return how many points an array is of: a single row, as MATLAB keeps vectors, is one of numbers."""
    return array.size if len(array.shape) == 1 or 1 in array.shape else array.shape[0]


def _array(arrays: Mapping[str, Stored], name: str, meter: Meter) -> StoredArray:
    found = find(arrays, name, meter.where)
    if isinstance(found, Foreign):
        raise found.refusal(meter.where, name)
    return found


def _only(arrays: Mapping[str, Stored], meter: Meter, labels: str | None) -> StoredArray:
    """Find the only array that could be the points."""
    left_out = {name.strip() for name in (labels or "").split(",")}
    for known in (arrays, inside(arrays)):
        usable = {name: a for name, a in known.items() if isinstance(a, StoredArray) and name not in left_out}
        clouds: list[StoredArray] = []
        for axes in (1, 2):  # two axes win over one; a single row is no cloud
            found = [a for a in usable.values() if len(a.shape) == axes and a.shape[0] > 1 and _is_real(a)]
            clouds = found or clouds
        if len(clouds) == 1:
            return clouds[0]
        if clouds:
            break
    listing = [f"{name} {_told(stored)}" for name, stored in list(known.items())[:_LISTED]]
    names = ", ".join([*listing, *["..."] * (len(known) > _LISTED)]) or "nothing"
    others = [(name, stored) for name, stored in known.items() if isinstance(stored, Foreign)]
    if not clouds and len(known) == 1 and others:
        raise others[0][1].refusal(meter.where, others[0][0])
    count = f"{len(clouds)} arrays" if clouds else "no array"
    several = len(clouds) > 1 and all(_rows(a) == a.size == clouds[0].size for a in clouds)
    advice = "choose a `variable`, or several as columns, `variable=x,y`" if several else "choose a `variable`"
    raise refusal(meter.where, f"holds {count} that could be the points; {advice}. It has: {names}")


def _is_real(array: StoredArray) -> bool:
    return array.dtype.kind in "iuf" or (array.dtype.names is not None and len(array.shape) == 1)


def _told(stored: Stored) -> str:
    return f"({stored.what})" if isinstance(stored, Foreign) else str(stored.shape)


def _labels(arrays: Mapping[str, Stored], meter: Meter, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read what labels points of an array of that shape."""
    where = meter.where
    if name not in arrays and "," in name:
        names = [part.strip() for part in name.split(",")]
        parts = [find(arrays, part, where, "labels") for part in names]
        sizes = [part.shape[0] if isinstance(part, StoredArray) and part.shape else 0 for part in parts]
        if sum(sizes) != shape[0]:
            told = " + ".join(map(str, sizes))
            raise refusal(where, f"has {told} rows under `labels={name}` for {shape[0]} points; give one for each")
        meter.draw("bytes", _FLOAT * shape[0])
        return np.repeat(np.array(names, dtype=object), sizes)
    found = find(arrays, name, where, "labels")
    if isinstance(found, StoredArray):
        meter.draw("bytes", _FLOAT * found.size)
        return found.read()
    if found.labels is None:
        raise refusal(f"{where}:", f"'{name}' is {found.what}; give `labels` as numbers or text, one for each point")
    try:
        return found.labels()
    except ValueError as error:
        raise refusal(f"{where}:", f"'{name}' is {found.what} that cannot be `labels` ({error})") from None
