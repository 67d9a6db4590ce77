"""Files of named arrays: which are the points and which their labels; what is no array, and what to do about it."""

import io
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.fitting.points.cloud import load_points, read_points
from ganatomy.fitting.points.matlab import stored_mat

CLOUD = np.random.default_rng(0).normal(size=(12, 2))
KINDS = ["a", "b", "a", "c"] * 3


def saved_5(path: Path, **variables: object) -> Path:
    """Write a file of MATLAB 5."""
    scipy.io.savemat(path, variables, do_compression=path.stem != "plain")
    return path


def saved_73(path: Path, make) -> Path:
    """Write a file of MATLAB 7.3, as far as it matters: axes reversed, classes told by attributes."""
    with h5py.File(path, "w") as file:
        make(file)
    return path


def put(group: h5py.Group, name: str, array: np.ndarray, kind: str = "double") -> None:
    group.create_dataset(name, data=np.asarray(array).T).attrs["MATLAB_class"] = np.bytes_(kind)


def structs(file: h5py.File) -> None:
    for path in ("data", "data/inner"):
        file.create_group(path).attrs["MATLAB_class"] = np.bytes_("struct")
    put(file["data/inner"], "xx", CLOUD)
    put(file["data"], "n", [[3.0]])
    letters = np.array([[ord(kind)] for kind in KINDS], np.uint16)
    put(file["data"], "kinds", letters, "char")
    refs = file.create_group("#refs#")
    cells = np.empty((len(KINDS), 1), h5py.ref_dtype)
    for k, kind in enumerate(KINDS):
        put(refs, str(k), np.array([[ord(letter) for letter in f"kind {kind}"]], np.uint16), "char")
        cells[k, 0] = refs[str(k)].ref
    put(file["data"], "cells", cells, "cell")


def test_fields_of_structs_are_variables(tmp_path: Path):
    data = {
        "inner": {"xx": CLOUD},
        "n": 3.0,
        "kinds": np.array(KINDS),
        "cells": np.array([f"kind {k}" for k in KINDS], object),
    }
    files = [saved_5(tmp_path / f"{name}.mat", data=data) for name in ("plain", "packed")]
    files.append(saved_73(tmp_path / "new.mat", structs))
    for file in files:
        np.testing.assert_array_equal(load_points(file, "data.inner.xx"), CLOUD)
        np.testing.assert_array_equal(load_points(file), CLOUD)  # the only one that could be meant
        for labels, names in (("data.kinds", ("a", "b", "c")), ("data.cells", ("kind a", "kind b", "kind c"))):
            found = read_points(file, "data.inner.xx", labels=labels).labels
            assert found is not None
            assert (found.names, found.counts.tolist()) == (names, [6, 3, 3])
        for path, words in (
            ("data", "'data' is a struct; choose a part of it as `variable`. It has: data."),
            ("data.yy", "unknown field of 'data' 'yy'"),
            ("data.n.xx", "'data.n' is an array and has no part 'xx'"),
            ("data.cells", "'data.cells' is a cell array; in MATLAB: xx = cell2mat(data.cells); save points.mat xx"),
            ("data.kinds", "'data.kinds' is text; in MATLAB: xx = str2num(data.kinds)"),
        ):
            with pytest.raises(InputError) as error:
                load_points(file, path)
            assert words in str(error.value)


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def objects() -> bytes:
    """Write what scipy does not: a table, and a function handle, as MATLAB 7 does."""
    flags = {kind: element(6, struct.pack("<II", kind, 0)) for kind in (16, 17)}
    table = element(14, flags[17] + element(1, b"T") + element(1, b"MCOS") + element(1, b"table"))
    handle = element(14, flags[16] + element(5, struct.pack("<ii", 1, 1)) + element(1, b"f"))
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + table + handle


def others(file: h5py.File) -> None:
    sparse = file.create_group("S")
    sparse.attrs["MATLAB_class"], sparse.attrs["MATLAB_sparse"] = np.bytes_("double"), np.uint64(3)
    put(sparse, "data", [1.0, 2.0])
    put(file, "T", np.zeros((1, 6), np.uint32), "table")
    put(file, "d", np.zeros((1, 6), np.uint32), "datetime")
    put(file, "b", np.ones((4, 2), np.uint8), "logical")
    file["z"] = np.zeros((2, 3), [("real", "f8"), ("imag", "f8")])
    file.create_group("f").attrs["MATLAB_class"] = np.bytes_("function_handle")
    file["f/a"] = 1.0


def test_what_is_no_matrix_is_called_what_it_is(tmp_path: Path):
    old = saved_5(tmp_path / "old.mat", S=scipy.sparse.csc_array(CLOUD), z=CLOUD * 1j, b=CLOUD > 0, e=np.zeros((0, 2)),
                  many=np.array([(1.0,), (2.0,)], [("xx", "O")]))  # fmt: skip
    new = saved_73(tmp_path / "new.mat", others)
    (tmp_path / "objects.mat").write_bytes(objects())
    for file, name, words in (
        (old, "S", "'S' is a sparse matrix; in MATLAB: xx = full(S); save points.mat xx"),
        (old, "z", "'z' is a complex matrix; in MATLAB: xx = [real(z) imag(z)]; save"),
        (old, "b", "'b' is truth values; in MATLAB: xx = double(b); save"),
        (old, "many", "'many' is an array of structs; in MATLAB: xx = vertcat(many.FIELD); save"),
        (new, "S", "'S' is a sparse matrix; in MATLAB: xx = full(S); save"),
        (new, "z", "'z' is a complex matrix"),
        (new, "T", "'T' is a table; in MATLAB: xx = T{:,:}; save"),
        (new, "d", "'d' is dates; in MATLAB: xx = posixtime(d); save"),
        (new, "b", "'b' is truth values"),
        (new, "f", "'f' is a function handle; in MATLAB: xx = f(t); save"),
        (tmp_path / "objects.mat", "T", "'T' is a table; in MATLAB: xx = T{:,:}; save"),
        (tmp_path / "objects.mat", "f", "'f' is a function handle"),
    ):
        with pytest.raises(InputError) as error:
            load_points(file, name)
        assert words in str(error.value)
    with pytest.raises(InputError, match=r"It has: S \(a sparse matrix\), z \(a complex matrix\), b \(truth values\)"):
        load_points(old)


@pytest.mark.parametrize("kind", [".mat", ".npz"])
def test_separate_vectors_are_put_side_by_side(tmp_path: Path, kind: str):
    file, (x, y) = tmp_path / f"points{kind}", CLOUD.T
    scipy.io.savemat(file, {"x": x, "y": y[:, None], "z": [1.0, 2.0]}) if kind == ".mat" else np.savez(file, x=x, y=y)
    cloud = read_points(file, "y, x")
    np.testing.assert_array_equal(cloud.points, CLOUD[:, ::-1])
    assert cloud.columns == ("y", "x")
    if kind == ".mat":
        with pytest.raises(InputError, match=r"cannot put y \(12, 1\), z \(1, 2\) side by side"):
            load_points(file, "y,z")
    else:
        with pytest.raises(InputError, match="or several as columns, `variable=x,y`"):
            load_points(file)


def test_fields_of_a_numpy_array_are_columns(tmp_path: Path):
    pairs = np.array([tuple(row) for row in CLOUD], [("u", "f8"), ("v", "f4")])
    np.save(tmp_path / "a.npy", pairs)
    np.savez(tmp_path / "a.npz", points=pairs)
    for file in (tmp_path / "a.npy", tmp_path / "a.npz"):
        cloud = read_points(file)
        assert cloud.columns == ("u", "v")
        np.testing.assert_allclose(cloud.points, CLOUD, rtol=1e-6)


def test_points_in_columns_are_transposed_where_that_is_said(tmp_path: Path):
    np.save(tmp_path / "a.npy", CLOUD.T)
    np.testing.assert_array_equal(load_points(tmp_path / "a.npy", transpose=True), CLOUD)
    with pytest.warns(UserWarning, match="2 points of 12 coordinates; `transpose=True` if each column is a point"):
        assert load_points(tmp_path / "a.npy").shape == (2, 12)


def test_labels_are_a_variable_or_the_arrays_of_each_component(tmp_path: Path):
    parts = {"right": CLOUD[:5], "left": CLOUD[5:]}
    saved_5(tmp_path / "a.mat", xx=CLOUD * 2 + 1, **parts, numbers=np.arange(12.0) % 3, truth=CLOUD[:, :1] > 0)
    np.savez(tmp_path / "a.npz", xx=CLOUD, **parts, numbers=np.arange(12) % 3, truth=CLOUD[:, 0] > 0)
    for file in (tmp_path / "a.mat", tmp_path / "a.npz"):
        found = read_points(file, labels="right,left").labels
        assert (found.names, found.counts.tolist(), found.codes[0]) == (("left", "right"), [7, 5], 1)
        assert read_points(file, labels="numbers").labels.names == ("0", "1", "2")
        assert read_points(file, labels="truth").labels.counts.sum() == 12
        with pytest.raises(InputError, match=r"has 5 \+ 12 rows under `labels=right,xx` for 12 points"):
            read_points(file, labels="right,xx")
        with pytest.raises(InputError, match="unknown variable for `labels` 'nothing'"):
            read_points(file, labels="nothing")
        with pytest.raises(InputError, match="has 12 labels under 'numbers' for 7 points; give one for each"):
            read_points(file, "left", labels="numbers")


def test_structs_in_structs_cost_no_more_than_a_file_may():
    nested: object = {"a": CLOUD}
    for _ in range(30):
        nested = {"a": nested}
    file = io.BytesIO()
    scipy.io.savemat(file, {"deep": nested})
    with spending(nesting=10):
        found = stored_mat(file, len(file.getvalue()), Meter("points.mat"))["deep"]
    for _ in range(9):
        found = found.fields()["a"]
    with pytest.raises(InputError, match="nested"):
        found.fields()


def test_damaged_text_is_no_label(tmp_path: Path):
    kinds = np.array(KINDS)
    kinds.view(np.uint32)[3] = 0x7FFFFFFF
    np.savez(tmp_path / "a.npz", xx=CLOUD, kinds=kinds)
    with pytest.raises(InputError, match="kinds: text with characters that there are not"):
        read_points(tmp_path / "a.npz", labels="kinds")
