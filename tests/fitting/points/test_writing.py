"""Points are written so that they read back to the last bit, under their names, whole or not at all."""

import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat

from ganatomy.errors import InputError
from ganatomy.fitting.points import writing
from ganatomy.fitting.points.cloud import load_points, read_points
from ganatomy.fitting.points.writing import WRITERS, check_target, save_points

HARD = [[0.1 + 0.2, 5e-324], [-0.0, 1.7e29], [1 / 3, -1e-17], [np.pi, 123456789.123456789], [2.0**60 + 256, -7.0]]


@pytest.mark.parametrize("ending", WRITERS)
def test_points_read_back_to_the_last_bit(tmp_path, ending):
    path = tmp_path / "new" / f"samples{ending}"
    save_points(HARD, path, ["age", "income"])
    assert load_points(path).tobytes() == np.array(HARD).tobytes()
    random = np.random.default_rng(0).normal(size=(20_000, 3)) * [1e-9, 1, 1e9]  # more lines than are made at once
    save_points(random, path, force=True)
    assert load_points(path).tobytes() == random.tobytes()


@pytest.mark.parametrize("ending", WRITERS)
def test_one_coordinate_is_a_column(tmp_path, ending):
    save_points([1.5, -2.0, 0.25], tmp_path / f"a{ending}")
    assert load_points(tmp_path / f"a{ending}").tolist() == [[1.5], [-2.0], [0.25]]


def test_names_are_kept_where_the_file_has_room_for_them(tmp_path):
    names = ["a, b", "身高", "c 'd' \"e\""]
    points = np.arange(12.0).reshape(4, 3) ** 2
    for ending in WRITERS:
        save_points(points, tmp_path / f"a{ending}", names)
    for ending, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        assert list(read(tmp_path / f"a{ending}").columns) == names
        assert read_points(tmp_path / f"a{ending}").columns == tuple(names)
    with np.load(tmp_path / "a.npz") as file:
        assert file["columns"].tolist() == names
    found = loadmat(tmp_path / "a.mat")
    assert [str(name[0]) for name in found["columns"].ravel()] == names
    assert np.array_equal(found["xx"], points)


def test_without_names_they_are_numbered(tmp_path):
    save_points(HARD, tmp_path / "a.csv")
    assert read_points(tmp_path / "a.csv").columns == ("x0", "x1")


@pytest.mark.parametrize("names", [("0", "1"), ("2019", "2020"), ("x", "99"), ("Unnamed: 0", "y"), ("", "b")])
@pytest.mark.filterwarnings("ignore::ganatomy.errors.Note")
def test_names_that_look_like_numbers_are_names_again(tmp_path, names):
    save_points(HARD[:1] * 2 + [[0.5, 1.5]], tmp_path / "a.csv", names)
    told = () if names == ("0", "1") else tuple(name or "x0" for name in names)  # a count names nothing
    assert read_points(tmp_path / "a.csv").columns == told
    assert load_points(tmp_path / "a.csv").tobytes() == np.array(HARD[:1] * 2 + [[0.5, 1.5]]).tobytes()


@pytest.mark.parametrize("names", [("1.5", "2.5"), ("x", "2"), ("sep=;",)])
def test_names_that_would_be_read_as_a_point_are_refused(tmp_path, names):
    with pytest.raises(InputError, match="would be read as a point; give others, or choose"):
        save_points(np.array(HARD)[:, : len(names)], tmp_path / "a.csv", names)
    assert not list(tmp_path.iterdir())
    save_points(np.array(HARD)[:, : len(names)], tmp_path / "a.parquet", names)


def test_a_name_commands_no_spreadsheet_and_breaks_no_line(tmp_path):
    save_points(HARD, tmp_path / "a.csv", ["=HYPERLINK()", "two\nlines"])
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[0] == "'=HYPERLINK(),two lines"
    assert load_points(tmp_path / "a.csv").tobytes() == np.array(HARD).tobytes()


@pytest.mark.parametrize(
    ("points", "columns", "message"),
    [
        ([[1.0, np.nan]], (), "NaN"),
        ([[1.0, np.inf]], (), "infinite"),
        ([[1.0, 2.0]], ["a"], "1 names were given for 2 columns"),
        ([[1.0, 2.0]], ["a", "a"], "two columns are called 'a'"),
        (np.zeros((2, 2, 2)), (), "shape"),
        (np.zeros((0, 2)), (), "shape"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(tmp_path, points, columns, message):
    with pytest.raises(InputError, match=message):
        save_points(points, tmp_path / "a.csv", columns)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path):
    path = tmp_path / "a.npy"
    save_points(HARD, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="is there already; choose another `out`, or `force=True` to replace it"):
        save_points([[1.0], [2.0]], path)
    assert path.read_bytes() == before
    save_points([[1.0], [2.0]], path, force=True)
    assert load_points(path).shape == (2, 1)


def test_an_error_in_the_middle_leaves_the_former_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    save_points(HARD, path)
    before = path.read_bytes()

    def failing(file, points, names):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(writing.WRITERS, ".csv", failing)
    with pytest.raises(InputError, match="No space left"):
        save_points([[1.0], [2.0]], path, force=True)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_an_ending_that_nobody_reads_and_a_parquet_without_pyarrow_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"let the name end in \.csv, \.npy, \.npz, \.parquet or \.mat"):
        check_target(tmp_path / "a.xlsx")
    monkeypatch.setattr(writing, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"a\.parquet needs pyarrow"):
        check_target(tmp_path / "a.parquet")
    check_target(tmp_path / "a.csv")
