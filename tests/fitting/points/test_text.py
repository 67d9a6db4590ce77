"""Tables of strangers: of a text no more is held than its numbers, of a Parquet file no more than it may cost."""

import io
import tracemalloc

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.fitting.points.found import Wanted
from ganatomy.fitting.points.parquet import read_parquet
from ganatomy.fitting.points.text import read_text


def text_of(content: bytes) -> np.ndarray:
    """Read a table from text."""
    return read_text(io.BytesIO(content), len(content), Meter("points.csv"), Wanted()).values


def test_a_text_of_many_lines_costs_little_more_than_its_numbers():
    content = b"1\n" * 20_000
    tracemalloc.start()
    try:
        assert text_of(content).shape == (20_000, 1)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000  # as lists of words it would be six
    finally:
        tracemalloc.stop()
    with spending(bytes=1 << 18), pytest.raises(InputError, match="GANATOMY_BUDGET"):
        text_of(content)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ganatomy.fitting.points.text._LINE", 1000)
    with pytest.raises(InputError, match="line 2 is longer than 1,000 letters"):
        text_of(b"1,2\n" + b"3," * 1000 + b"4\n")


def test_a_number_beyond_all_numbers_is_infinite():
    assert np.isinf(text_of(b"1,2\n3,1e999999\n")[1, 1])
    assert np.isinf(text_of(b"1,2\n3," + b"9" * 100_000 + b"\n")[1, 1])


def parquet(**columns) -> io.BytesIO:
    """Write a Parquet file."""
    pyarrow, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    stream = io.BytesIO()
    pq.write_table(pyarrow.table(columns), stream)
    return stream


def test_the_rows_of_a_parquet_file_are_drawn_before_they_are_unpacked():
    stream = parquet(x=np.zeros(1_000_000), y=np.zeros(1_000_000))
    size = len(stream.getvalue())
    assert size < 100_000
    assert read_parquet(stream, size, Meter("points.parquet"), Wanted()).values.shape == (1_000_000, 2)
    with spending(bytes=1 << 24), pytest.raises(InputError, match="needs 32,"):
        read_parquet(stream, size, Meter("points.parquet"), Wanted())


def test_the_names_of_the_rows_of_a_table_are_no_column():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    stream = io.BytesIO()
    pandas.DataFrame({"x": [1.0, 2, 3], "y": [4, 5, 6]}).loc[[0, 2]].to_parquet(stream)
    np.testing.assert_array_equal(read_parquet(stream, 0, Meter("a"), Wanted()).values, [[1, 4], [3, 6]])


def test_columns_of_one_name_and_columns_of_other_things_are_refused():
    pyarrow, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for columns, names, words in (
        ([[1.0, 2]] * 2, ["x", "x"], "several columns 'x'"),
        ([[True, False], [1, 2]], ["x", "y"], "no numbers in column 'x'"),
        ([[[1], [2]]], ["x"], "no numbers in column 'x'"),
    ):
        stream = io.BytesIO()
        pq.write_table(pyarrow.table([pyarrow.array(column) for column in columns], names=names), stream)
        with pytest.raises(InputError, match=words):
            read_parquet(stream, 0, Meter("points.parquet"), Wanted())
