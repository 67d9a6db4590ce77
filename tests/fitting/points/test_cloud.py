"""Point clouds: what counts as one, and how it is split."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.fitting.points.cloud import check_points, load_points, split_points
from ganatomy.fitting.points.formats import FORMATS

SHARED = Path(__file__).resolve().parents[4] / "shared" / "points.mat"
CLOUD = np.array([[0.5, -1.0], [2.25, 3.0], [-1e-3, 1e5]])


def refused(call, *args, **kwargs) -> str:
    """Return the one line with which the call is refused."""
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    line = str(caught.value)
    assert line.isprintable()
    return line


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the laboratory's points.mat is not here")
def test_the_laboratory_file_gives_xx_by_default():
    found = scipy.io.loadmat(SHARED)
    np.testing.assert_array_equal(load_points(SHARED), found["xx"])
    np.testing.assert_array_equal(load_points(SHARED, "b"), found["b"])


def test_what_is_no_file_is_refused(tmp_path: Path):
    assert "no such file" in refused(load_points, tmp_path / "none.csv")
    assert "cannot be read" in refused(load_points, "nul\0byte.csv")
    assert "cannot be read" in refused(load_points, "n" * 5000 + ".csv")
    assert "is a folder" in refused(load_points, tmp_path)
    (tmp_path / "points.doc").write_text("1,2\n3,4\n")
    line = refused(load_points, tmp_path / "points.doc")
    assert "'.doc'" in line
    assert all(kind in line for kind in FORMATS)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ([[0, 1], [np.nan, 2], [3, np.inf]], "2 of 3 rows, first in row 2"),
        (np.empty((0, 2)), "(0, 2)"),
        (np.empty((3, 0)), "(3, 0)"),
        (np.zeros((2, 2, 2)), "(2, 2, 2)"),
        (5.0, "shape ()"),
        ([[1, 2]], "transpose"),
        ([[1, 2], [1, 2], [1, 2]], "3 times the same point"),
        ([[1, 2, 0], [2, 2, 0]], "column 1, 2 (counting from 0)"),
        ([["a", "b"]], "not real numbers"),
        (CLOUD + 1j, "complex128"),
        (CLOUD > 0, "bool"),
        ([[1, 2], [3]], "is not an array of numbers"),
        (None, "NoneType"),
    ],
)
def test_arrays_that_are_no_points_are_refused(array, expected: str):
    line = refused(check_points, array, where="cloud")
    assert line.startswith("cloud ")
    assert expected in line


def test_check_keeps_values_and_makes_them_contiguous_float64():
    points = check_points(np.asfortranarray(np.arange(6, dtype=np.int16).reshape(3, 2)))
    np.testing.assert_array_equal(points, [[0, 1], [2, 3], [4, 5]])
    assert points.dtype == np.float64
    assert points.flags.c_contiguous


# The split


@given(total=st.integers(2, 300), size=st.integers(1, 299) | st.none(), seed=st.integers(0, 10))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_split_is_a_partition(total: int, size: int | None, seed: int):
    points = np.arange(total)[:, None] * [1.0, -1.0]
    if size is not None and size >= total:
        line = refused(split_points, points, size, seed)
        assert all(part in line for part in (str(size), str(total), "`train_size`"))
        return
    train, heldout = split_points(points, size, seed)
    assert len(heldout) > 0
    assert len(train) == (size if size is not None else min(round(total * 7000 / 8192), total - 1))
    np.testing.assert_array_equal(np.sort(np.concatenate([train, heldout])[:, 0]), np.arange(total))
    np.testing.assert_array_equal(train[:, 1], -train[:, 0])  # rows stay whole


def test_split_depends_on_the_seed_and_shuffles():
    points = np.arange(8192.0)[:, None]
    train, heldout = split_points(points, None, seed=0)
    assert (len(train), len(heldout)) == (7000, 1192)
    np.testing.assert_array_equal(train, split_points(points, 7000, seed=0)[0])
    assert not np.array_equal(train, split_points(points, 7000, seed=1)[0])
    # Held-out points come from everywhere: their mean index is that of all, within 4 standard errors.
    assert abs(heldout.mean() - 4095.5) < 4 * 8192 / np.sqrt(12 * 1192)
    assert "0" in refused(split_points, points, 0, seed=0)
