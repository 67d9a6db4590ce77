"""Read columns of numbers out of a Parquet file, so many rows at a time, which are drawn from its meter.

An index of pandas that has a name is a column as others are; one without a name only counts the rows, and is left out.
Shapes: `N` rows, `D` chosen columns.
"""

import json
import re
from typing import Any, BinaryIO

import numpy as np

from ganatomy.files import Meter, printable, require_memory
from ganatomy.fitting.points.columns import chosen_columns
from ganatomy.fitting.points.found import Found, Wanted
from ganatomy.fitting.points.refusal import refusal

_FLOAT = 8  # bytes
_BATCH = 1 << 16  # rows that are unpacked at once
_NOTE = 1 << 24  # bytes of any text about a table, and of them all together the things that they list
_NAMELESS = re.compile("__index_level_[0-9]+__")  # what pandas calls an index without a name


def read_parquet(stream: BinaryIO, size: int, meter: Meter, wanted: Wanted) -> Found:
    """Read a Parquet file, so many rows at a time: (N, D). The arguments are those of `read_text`.

    Not guaranteed: that no page of the file unpacks to more than it should before it is refused; a page has at most
    2 GiB.

    Raises:
        InputError: there are no such columns, or they hold no numbers; pyarrow is missing; it costs too much.
        Exception: it is damaged; pyarrow raises nearly anything.

    >>> import io, pandas
    >>> stream = io.BytesIO()
    >>> pandas.DataFrame({"x": [1, 2], "y": [0.5, None]}).to_parquet(stream)
    >>> read_parquet(stream, len(stream.getvalue()), Meter("points.parquet"), Wanted()).values
    array([[1. , 0.5],
           [2. , nan]])
    """
    where = meter.where
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise refusal(where, "needs pyarrow to be read: pip install pyarrow") from None
    meter.draw("bytes", size)
    file = pq.ParquetFile(stream, thrift_string_size_limit=_NOTE, thrift_container_size_limit=_NOTE)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    index = _index_columns((schema.metadata or {}).get(b"pandas", b""))
    names = [name for name in schema.names if not (name in index and _NAMELESS.fullmatch(name))]
    label = None if wanted.labels is None else names[chosen_columns(names, len(names), wanted.labels, where, True)[0]]
    chosen = [names[i] for i in chosen_columns(names, len(names), wanted.variable, where)]
    notices = []
    if wanted.variable is None:
        plain = [name for name in chosen if name not in index or names.count(name) > 1 or _is_number(schema, name)]
        notices += [f"its index '{name}' holds no numbers and is left out" for name in chosen if name not in plain]
        chosen = [name for name in plain if name != label]
    for name in [*chosen, *([] if label is None else [label])]:
        if names.count(name) > 1:
            raise refusal(where, f"has several columns '{name}'; give each a name of its own")
        if name != label and not _is_number(schema, name):
            raise refusal(where, f"has no numbers in column '{name}'; choose others, as `variable=x,y`")
    nbytes = 2 * _FLOAT * rows * len(chosen)  # the table, and the points that it becomes
    meter.draw("bytes", nbytes)
    require_memory(nbytes, where)
    table, at, labels = np.empty((rows, len(chosen))), 0, []
    wide = list(dict.fromkeys([*chosen, *([] if label is None else [label])]))
    for batch in file.iter_batches(_BATCH, columns=wide, use_threads=False):
        meter.tick()
        if label is not None:
            labels.append(_labels(batch.column(label)))
        for k, name in enumerate(chosen):
            table[at : at + len(batch), k] = batch.column(name).to_numpy(zero_copy_only=False)
        at += len(batch)
    if at != rows:
        raise ValueError("it ends too early")
    told = None if label is None else np.concatenate([*labels, np.empty(0, object)])
    return Found(table, tuple(map(printable, chosen)), told, notices)


def _is_number(schema: Any, name: str) -> bool:
    from pyarrow import types

    kind = schema.field(name).type
    return types.is_integer(kind) or types.is_floating(kind)


def _labels(column: Any) -> np.ndarray:
    """Return the labels of some rows, each as Python has it; categories by their values."""
    labels = np.empty(len(column), object)
    labels[:] = column.to_pylist()
    return labels


def _index_columns(note: bytes) -> set[str]:
    """Return the columns of which pandas says that they are only the names of its rows."""
    try:
        found = json.loads(note[:_NOTE])["index_columns"]
        return {name for name in found if isinstance(name, str)}
    except (ValueError, LookupError, TypeError, RecursionError):  # a note, on which nothing else depends
        return set()
