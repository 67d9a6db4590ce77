"""Parquet files as pandas writes them: an index with a name is a column, labels are of any plain kind."""

import pandas as pd
import pytest

from ganatomy.errors import InputError, Note
from ganatomy.fitting.points.cloud import read_points

TABLE = pd.DataFrame({"x": [1.5, 2, 4], "y": [4, 6, 5], "kind": ["a", "b", "a"]})


def test_an_index_with_a_name_is_a_column(tmp_path):
    TABLE[["x", "y"]].set_index(pd.Index([7, 9, 8], name="hour")).to_parquet(tmp_path / "a.parquet")
    assert read_points(tmp_path / "a.parquet").columns == ("x", "y", "hour")
    TABLE.set_index("kind").to_parquet(tmp_path / "a.parquet")
    with pytest.warns(Note, match="its index 'kind' holds no numbers and is left out"):
        assert read_points(tmp_path / "a.parquet").columns == ("x", "y")


@pytest.mark.parametrize("kind", ["str", "category", "whole"])
def test_labels_are_a_column(tmp_path, kind):
    table = TABLE.assign(kind=[3, 1, 3]) if kind == "whole" else TABLE.astype({"kind": kind})
    table.to_parquet(tmp_path / "a.parquet")
    cloud = read_points(tmp_path / "a.parquet", labels="kind")
    assert cloud.columns == ("x", "y")
    assert (cloud.labels.names, cloud.labels.counts.tolist()) == (
        (("1", "3"), [1, 2]) if kind == "whole" else (("a", "b"), [2, 1])
    )
    with pytest.raises(InputError, match="unknown column 'kin'; did you mean 'kind'"):
        read_points(tmp_path / "a.parquet", labels="kin")


def test_missing_whole_numbers_are_refused(tmp_path):
    table = pd.DataFrame({"x": pd.array([1, None, 3], "Int64"), "y": [1.0, 2, 4]})
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="NaN or infinite values in 1 of 3 rows, first in row 2"):
        read_points(tmp_path / "a.parquet")
