"""Points from files: every format gives the same, and any other bytes give one line."""

import io
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.fitting.points.cloud import load_points
from ganatomy.fitting.points.formats import FORMATS

CLOUD = np.array([[0.5, -1.0], [2.25, 3.0], [-1e-3, 1e5]])


class Trap:
    """Fail loudly when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a file was unpickled",))


def refused(call, *args, **kwargs) -> str:
    """Return the one line with which the call is refused."""
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    line = str(caught.value)
    assert line.isprintable()
    return line


def write(path: Path, cloud: np.ndarray) -> Path:
    """Write a cloud as the extension says, by other means than the package."""
    kind = path.suffix.lower()
    if kind == ".mat":
        scipy.io.savemat(path, {"cloud": cloud}, appendmat=False)
    elif kind == ".npy":
        np.save(path, cloud)
    elif kind == ".npz":
        np.savez(path, cloud=cloud)
    elif kind == ".parquet":
        pd = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        pd.DataFrame(cloud, columns=["x", "y"]).to_parquet(path)
    else:
        np.savetxt(path, cloud, delimiter="\t" if kind == ".tsv" else ",")
    return path


# What is read


@pytest.mark.parametrize("name", [f"cloud{kind}" for kind in FORMATS] + ["CLOUD.CSV", "Cloud.Mat"])
def test_every_format_gives_the_same_points(tmp_path: Path, name: str):
    points = load_points(write(tmp_path / name, CLOUD))
    np.testing.assert_array_equal(points, CLOUD)
    assert points.dtype == np.float64
    assert points.flags.c_contiguous
    np.testing.assert_array_equal(load_points(str(tmp_path / name)), CLOUD)


@pytest.mark.parametrize(
    "text",
    [
        "0.5,-1\n2.25,3\n-1e-3,1e5\n",
        "x,y\n0.5,-1\n2.25,3\n-1e-3,1e5",
        "x y\n0.5 -1\n 2.25  3 \n-1e-3   1e5\n",
        "0.5\t-1\r\n2.25\t3\r\n\r\n-1e-3\t1e5\r\n",
        '"x";"y"\n0.5; -1\n2.25; 3\n-1e-3; 1e5\n',
        "# made today, by hand\n0.5, -1\n# a remark\n2.25, 3\n-1e-3, 1e5\n",
        "\ufeffbreite,höhe\n0.5,-1\n2.25,3\n-1e-3,1e5\n",
    ],
)
def test_text_is_read_whatever_separates_it(tmp_path: Path, text: str):
    for kind in (".csv", ".tsv", ".txt"):
        (tmp_path / f"points{kind}").write_bytes(text.encode())
        np.testing.assert_array_equal(load_points(tmp_path / f"points{kind}"), CLOUD)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_text_of_other_encodings_keeps_its_numbers(tmp_path: Path, encoding: str):
    (tmp_path / "points.csv").write_bytes("横,纵\n0.5,-1\n2.25,3\n-1e-3,1e5\n".encode(encoding))
    np.testing.assert_array_equal(load_points(tmp_path / "points.csv"), CLOUD)


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_columns_are_chosen_by_name_and_in_that_order(tmp_path: Path, kind: str):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table, file = (
        pd.DataFrame({"x": CLOUD[:, 0], "label": list("abc"), "y": CLOUD[:, 1]}),
        tmp_path / f"table{kind}",
    )
    table.to_csv(file, index=False) if kind == ".csv" else table.to_parquet(file)
    np.testing.assert_array_equal(load_points(file, "y, x"), CLOUD[:, ::-1])
    np.testing.assert_array_equal(load_points(file, "x"), CLOUD[:, :1])
    assert "did you mean 'label'" in refused(load_points, file, "x,lable")
    assert "`variable" in refused(load_points, file)


def test_one_axis_becomes_one_dimension(tmp_path: Path):
    np.savez(tmp_path / "line.npz", line=np.arange(5), scale=np.float64(2))
    np.testing.assert_array_equal(load_points(tmp_path / "line.npz"), np.arange(5.0)[:, None])
    (tmp_path / "line.txt").write_text("1\n2\n4\n")
    assert load_points(tmp_path / "line.txt").shape == (3, 1)


def test_the_only_cloud_is_taken_and_several_are_listed(tmp_path: Path):
    file = tmp_path / "run.npz"
    np.savez(file, snapshots=np.zeros((3, 5, 2)), epochs=np.arange(3), names=np.array(["a"]), heldout=CLOUD)
    np.testing.assert_array_equal(load_points(file), CLOUD)
    np.savez(file, train=CLOUD, heldout=CLOUD + 1)
    line = refused(load_points, file)
    assert "train (3, 2)" in line
    assert "heldout (3, 2)" in line
    assert "`variable`" in line
    np.testing.assert_array_equal(load_points(file, "heldout"), CLOUD + 1)
    np.savez(file, xx=CLOUD, other=CLOUD + 1)
    np.testing.assert_array_equal(load_points(file), CLOUD)
    np.savez(file, cube=np.zeros((3, 3, 3)))
    assert "cube (3, 3, 3)" in refused(load_points, file)


# What is refused


@pytest.mark.parametrize("kind", FORMATS)
def test_empty_truncated_and_foreign_files_are_refused(tmp_path: Path, kind: str):
    file = tmp_path / f"points{kind}"
    file.write_bytes(b"")
    assert "is empty" in refused(load_points, file)
    content = write(file, np.random.default_rng(0).normal(size=(500, 2))).read_bytes()
    # Half a line of text is still text; only binary files are damaged wherever they end.
    if kind not in (".csv", ".tsv", ".txt"):
        file.write_bytes(content[: len(content) // 2])
        assert f"cannot be read as {kind}" in refused(load_points, file)
        file.write_text("1,2\n3,4\n")
        assert f"cannot be read as {kind}" in refused(load_points, file)
    other = ".npz" if kind == ".npy" else ".npy"
    file.write_bytes(write(tmp_path / f"other{other}", CLOUD).read_bytes())
    assert f"it looks like {other}" in refused(load_points, file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n\n5,six\n", ["line 4", "'six'"]),
        ("x,y\n1,2\n3\n", ["line 3", "1 values", "line 1 has 2"]),
        ("1,x\n3,4\n", ["line 1", "'x'"]),
        ("1,5;2\n2.5;3\n", ["'1,5'", "write 1.5"]),
        ("x,y\n", ["no numbers", "x,y"]),
        ("# nothing\n\n", ["no points"]),
        ("1,2\n3,nan\n5,inf\n7,8\n", ["2 of 4 rows", "row 2"]),
        ("1,2\n", ["(1, 2)", "at least two"]),
    ],
)
def test_text_that_is_no_table_of_numbers_says_where(tmp_path: Path, text: str, expected: list[str]):
    (tmp_path / "points.csv").write_text(text)
    line = refused(load_points, tmp_path / "points.csv")
    assert all(part in line for part in ["points.csv", *expected])


def test_columns_need_a_header(tmp_path: Path):
    (tmp_path / "points.csv").write_text("1,2\n3,4\n")
    assert "no header" in refused(load_points, tmp_path / "points.csv", "x,y")
    assert "without a name" in refused(load_points, write(tmp_path / "p.npy", CLOUD), "x")


def test_nothing_is_ever_unpickled(tmp_path: Path):
    trap = np.array([Trap(), Trap()], dtype=object)
    np.save(tmp_path / "trap.npy", trap, allow_pickle=True)
    assert "cannot be read as .npy" in refused(load_points, tmp_path / "trap.npy")
    np.savez(tmp_path / "trap.npz", trap=trap, allow_pickle=True)
    line = refused(load_points, tmp_path / "trap.npz", "trap")
    assert "'trap' is an array of Python objects, which are never read" in line
    np.savez(tmp_path / "mixed.npz", trap=trap, cloud=CLOUD)
    np.testing.assert_array_equal(load_points(tmp_path / "mixed.npz"), CLOUD)


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "names.npz", "w") as archive:
        for name in ("a\nb", "\x1b[2Jc"):
            buffer = io.BytesIO()
            np.save(buffer, CLOUD)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    assert "2 arrays" in refused(load_points, tmp_path / "names.npz")  # refused() wants a printable line


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "points.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert "pip install pyarrow" in refused(load_points, tmp_path / "points.parquet")


# Any bytes at all


def _valid_files() -> list[bytes]:
    files = []
    for save in (
        lambda file: scipy.io.savemat(file, {"cloud": CLOUD, "text": "hi"}),
        lambda file: np.save(file, CLOUD),
        lambda file: np.savez(file, cloud=CLOUD, other=np.arange(3)),
        lambda file: np.savetxt(file, CLOUD, header="x y"),
    ):
        buffer = io.BytesIO()
        save(buffer)
        files.append(buffer.getvalue())
    return files


VALID = _valid_files()
STARTS = [b"", b"\x93NUMPY\1\0", b"PK\3\4", b"\x89HDF\r\n\x1a\n", b"PAR1", b"\0" * 4, VALID[0][:128], b"1,2\n"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw random bytes behind a known start, or a valid file with a few bytes changed and its end cut off."""
    if draw(st.booleans()):
        return draw(st.sampled_from(STARTS)) + draw(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
    content = bytearray(draw(st.sampled_from(VALID)))
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)):
        content[place] = value
    return bytes(content[: draw(st.integers(1, len(content)))])


@given(content=damaged(), kind=st.sampled_from(list(FORMATS)))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_any_bytes_give_points_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str):
    file = tmp_path_factory.getbasetemp() / f"fuzz{kind}"
    file.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            points = load_points(file)
        except InputError as error:
            line = str(error)
            points = None
    if points is None:
        assert line.isprintable()
    else:
        assert np.isfinite(points).all()
        assert len(points) >= 2
