"""Files of points: numpy, MATLAB old and new, HDF5, text, Parquet; bombs, lies, and references to other files."""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from attacks.kind import SECRET, Kind, Place
from attacks.mutate import ANYWHERE
from attacks.tensors import headers_npz, lying_npz, npy, zeros_npz
from ganatomy.errors import InputError, Note
from ganatomy.fitting.points.cloud import read_points

POINTS = np.random.default_rng(0).normal(size=(60, 2))


def read(path: Path) -> object:
    """Read points; what stands in a file outside must not be among them."""
    return _asked({})(path)


def _asked(*asked: dict[str, Any]) -> Callable[[Path], object]:
    """Return what reads points in each way in turn, and is refused only if it is in all."""

    def read(path: Path) -> object:
        shapes, refused = [], None
        for how in asked:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", Note)
                    cloud = read_points(path, **how)
            except InputError as error:
                refused = error
                continue
            assert not (cloud.points == SECRET).any(), "numbers of another file"
            assert cloud.labels is None or len(cloud.labels) == len(cloud.points), "labels of other points"
            assert len(cloud.columns) in (0, cloud.points.shape[1]), "names of other columns"
            shapes.append(cloud.points.shape)
        if refused is not None and not shapes:
            raise refused
        return shapes

    return read


def _mat5(compressed: bool) -> Callable[[Path], None]:
    from scipy.io import savemat

    return lambda folder: savemat(folder / "a.mat", {"xx": POINTS, "title": "points"}, do_compression=compressed)


def _mat4(folder: Path) -> None:
    from scipy.io import savemat

    savemat(folder / "a.mat", {"xx": POINTS}, format="4")


def _hdf5(folder: Path) -> None:
    with h5py.File(folder / "a.mat", "w") as file:
        file.create_dataset("xx", data=POINTS.T, compression="gzip")
        file["title"] = np.frombuffer(b"points", np.uint8)


def _struct(compressed: bool) -> Callable[[Path], None]:
    from scipy.io import savemat

    data = {"inner": {"xx": POINTS}, "kinds": np.array(["a", "b"] * 30), "cells": np.array(["a", "bc"] * 30, object)}
    return lambda folder: savemat(folder / "a.mat", {"data": data, "truth": POINTS > 0}, do_compression=compressed)


def _groups(folder: Path) -> None:
    with h5py.File(folder / "a.mat", "w") as file:
        for name in ("data", "data/inner"):
            file.create_group(name).attrs["MATLAB_class"] = np.bytes_("struct")
        file["data/inner"].create_dataset("xx", data=POINTS.T)
        cells = np.empty((1, 60), h5py.ref_dtype)
        for k in range(2):
            file[f"#refs#/{k}"] = np.array([[97 + k]], np.uint16)
            file[f"#refs#/{k}"].attrs["MATLAB_class"] = np.bytes_("char")
            cells[0, k::2] = file[f"#refs#/{k}"].ref
        file["data/cells"], file["data/kinds"] = cells, np.array([[97, 98] * 30], np.uint16)
        for name, kind in (("cells", "cell"), ("kinds", "char")):
            file[f"data/{name}"].attrs["MATLAB_class"] = np.bytes_(kind)


def _table(name: str, **how: Any) -> Callable[[Path], None]:
    """Write a table as pandas does: an index, names, labels, marks of other lands."""

    def write(folder: Path) -> None:
        import pandas as pd

        pd.DataFrame(1000 * POINTS).assign(kind=["a", "b"] * 30).to_csv(folder / name, **how)

    return write


def _deep_struct(place: Place) -> None:
    """Put a structure into a structure, thousands of times."""
    inside = b""
    for _ in range(place.random.choice((50, 3000))):
        head = _element(6, struct.pack("<II", 2, 0)) + _element(5, struct.pack("<2i", 1, 1)) + _element(1, b"")
        inside = _element(14, head + struct.pack("<HHi", 5, 4, 5) + _element(1, b"inner") + inside)
    place.target.write_bytes(_mat(inside.replace(_element(1, b""), _element(1, b"data"), 1)))


def _many_fields(place: Place) -> str:
    """Name very many fields, of no length or of much."""
    width, count = place.random.choice(((0, 5), (-1, 5), (1, 900_000), (4096, 200), (2**31 - 1, 1)))
    head = _element(6, struct.pack("<II", 2, 0)) + _element(5, struct.pack("<2i", 1, 1)) + _element(1, b"data")
    names = _element(1, b"a" * min(width * count, 1 << 20) if width > 0 else b"aaaaa")
    place.target.write_bytes(_mat(_element(14, head + struct.pack("<HHi", 5, 4, width) + names)))
    return f"{width} {count}"


def _loops(place: Place) -> None:
    """Let groups hold themselves, and cells lead to anything."""
    with h5py.File(place.target, "w") as file:
        file["data/xx"] = POINTS.T
        file["data/inner"], file["data/data"] = file["data"], file["/"]
        cells = np.empty((1, 60), h5py.ref_dtype)
        cells[0, :] = file["data"].ref
        file["data/cells"] = cells
        file["data/cells"].attrs["MATLAB_class"] = np.bytes_("cell")


def _odd_table(place: Place) -> str:
    rows = {
        "a separator that is none": "sep=\nx,y\n1,2\n2,1\n",
        "a separator of quotes": 'sep="\n"1""2"\n3"4\n',
        "marks everywhere": "1.234.567,8;1,234,567.8\n" * 3000,
        "one mark at the end": "1;2\n" * 3000 + "1,5;2\n1.234,5;7\n",
        "years": ",".join(map(str, range(3000))) + "\n" + ",".join(["0.5"] * 3000) + "\n",
        "a label a line": "x,y,kind\n" + "".join(f"{k},{k % 7},{k}\n" for k in range(3000)),
        "a quotation of many lines": 'x,y,kind\n1,2,"' + "a\n" * 100_000 + '"\n3,4,b\n',
        "truth": "0,1,kind\n" + "1,2,True\n" * 2000 + "True,False,x\n" * 140_000,
        "names of escapes": '"\x1b[2J",y,kind\n1,2,"\x1b]0;x\x07"\n2,3,b\n4,4,b\n',
    }
    name = place.random.choice(list(rows))
    place.target.write_text(rows[name])
    return name


def _text(name: str, mark: str, head: str = "") -> Callable[[Path], None]:
    rows = "\n".join(mark.join(f"{x:.6g}" for x in row) for row in POINTS)
    return lambda folder: (folder / name).write_text(f"{head}{rows}\n") and None


def _parquet(folder: Path) -> None:
    import pandas as pd

    pd.DataFrame({"x": POINTS[:, 0], "y": POINTS[:, 1]}).to_parquet(folder / "a.parquet")


# .npy


def _head(place: Place) -> str:
    heads = (
        *(npy("(1099511627776, 2)", "'<f8'"), npy("(-1, 2)"), npy("(3, 2)", "'O'"), npy("(3, 2)", "'<U99999999'")),
        *(
            npy("(300000000, 2)", "'<f8'"),
            npy("(3, 2)", "[('x', '<f8', (100000000,))]"),
            npy("(" * 5000),
            npy("(2,) * 9"),
        ),
        *(
            b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
            b"\x93NUMPY\x09\x00\x10\x00",
            npy("(4, 2)", "'<f4'", "True"),
            npy("()"),
        ),
        *(npy("(0, 5)"), npy("(3, 2)", "'<c16'"), npy("(3, 2)", "'|b1'"), npy("(1,) + (1,) * 60"), npy("(3, 1000000)")),
    )
    head = place.random.choice(heads)
    place.target.write_bytes(head + bytes(48))
    return f"{head[10:80]!r}"


def _objects(place: Place) -> None:
    from attacks.pickles import attacks

    content = place.random.choice(list(attacks(place.canary).values()))
    place.target.write_bytes(npy("(1,)", "'|O'") + content)


def _sparse_array(place: Place) -> None:
    """Say that there are 32 GiB of points, which the file has, all of them holes."""
    place.target.write_bytes(npy("(2147483648, 2)", "'<f8'"))
    os.truncate(place.target, (1 << 35) + 128)


# MATLAB 5


def _element(kind: int, payload: bytes, size: int | None = None) -> bytes:
    return struct.pack("<II", kind, len(payload) if size is None else size) + payload + bytes(-len(payload) % 8)


def _matrix(shape: tuple[int, ...], values: bytes, kind: int = 9, flags: int = 6, name: bytes = b"xx") -> bytes:
    parts = _element(6, struct.pack("<II", flags, 0)) + _element(5, struct.pack(f"<{len(shape)}i", *shape))
    return parts + _element(1, name) + _element(kind, values)


def _mat(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"".join(elements)


def _lying_matrix(place: Place) -> str:
    shape = place.random.choice(((2**31 - 1, 2**31 - 1), (-1, -3), (0, 2**31 - 1), (1,) * 500, (), (3, 3, 3)))
    kind, flags = place.random.choice((9, 9, 0, 8, 99)), place.random.choice((6, 6, 0x0806, 0, 255, 17))
    name = place.random.choice((b"xx", b"", b"\xff\x1b[2J", b"x" * 5000))
    place.target.write_bytes(_mat(_element(14, _matrix(shape, bytes(48), kind, flags, name))))
    return f"{shape!r:.30} {kind} {flags}"


def _lying_size(place: Place) -> None:
    size = place.random.choice((0, 1, 2**31, 2**32 - 1))
    place.target.write_bytes(_mat(_element(14, _matrix((3, 2), bytes(48)), size)))


def _zeros_mat(place: Place) -> None:
    """Pack a gigabyte of zeros into a megabyte."""

    def write(path: Path) -> None:
        head = _element(6, struct.pack("<II", 6, 0)) + _element(5, struct.pack("<2i", 1 << 26, 2)) + _element(1, b"xx")
        size, squeeze = 1 << 30, zlib.compressobj(1)
        packed = [squeeze.compress(struct.pack("<II", 14, len(head) + 8 + size) + head + struct.pack("<II", 9, size))]
        packed += [squeeze.compress(bytes(1 << 24)) for _ in range(64)] + [squeeze.flush()]
        path.write_bytes(_mat(_element(15, b"".join(packed))))

    place.take("zeros.mat", write)


def _many_matrices(place: Place) -> None:
    one = _element(15, zlib.compress(_element(14, _matrix((1, 1), bytes(8), name=b"x" * 40))))
    place.target.write_bytes(_mat(*([one] * 20_000)))


def _mat4_head(place: Place) -> str:
    numbers = [place.random.choice((0, 1, 2, 10, 50, 1000, 4052, 2**31 - 1, -1)) for _ in range(5)]
    place.target.write_bytes(struct.pack("<5i", *numbers) + b"xx\0" + bytes(200))
    return str(numbers)


# HDF5


def _external(place: Place) -> str:
    name = place.random.choice(("secret.bin", "secret.toml", "pipe"))
    if name == "pipe":
        os.mkfifo(place.folder / "pipe")
    path = str(place.folder / "pipe") if name == "pipe" else os.path.relpath(place.outside / name, place.folder)
    if place.random.random() < 0.5 and name != "pipe":
        path = str(place.outside / name)
    with h5py.File(place.target, "w") as file:
        kind = np.uint8 if name == "secret.toml" else np.float64
        file.create_dataset(
            "xx", (2, 16 if name == "secret.toml" else 32), kind, external=[(path, 0, h5py.h5f.UNLIMITED)]
        )
    return name


def _linked(place: Place) -> str:
    other = place.outside / "other.h5"
    how = place.random.choice(("external", "loop", "virtual", "soft"))
    with h5py.File(place.target, "w") as file:
        if how == "external":
            file["xx"] = h5py.ExternalLink(str(other), "/xx")
        elif how == "virtual":
            layout = h5py.VirtualLayout((2, 32), np.float64)
            layout[:] = h5py.VirtualSource(str(other), "xx", (2, 32))
            file.create_virtual_dataset("xx", layout)
        elif how == "loop":
            file["a"], file["b"], file["xx"] = h5py.SoftLink("/b"), h5py.SoftLink("/a"), h5py.SoftLink("/xx")
        else:
            file["xx"], file["."] = h5py.SoftLink("/../../x"), h5py.SoftLink("/")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["xx"] = np.full((2, 32), SECRET)
    other.write_bytes(buffer.getvalue())
    return how


def _undeclared(place: Place) -> None:
    """Declare a gigabyte of points, of which no chunk was ever written."""
    with h5py.File(place.target, "w") as file:
        file.create_dataset("xx", (2, place.random.choice((1 << 26, 1 << 30, 1 << 40))), np.float64, chunks=(2, 1024))


def _zeros_hdf5(place: Place) -> None:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            data = file.create_dataset("xx", (2, 1 << 26), np.float64, chunks=(2, 1 << 20), compression="gzip")
            data[:, : 1 << 22] = 0.0
            data.attrs["note"] = "x" * 60_000

    place.take("zeros-h5.mat", write)


def _odd_types(place: Place) -> str:
    kinds = (
        "S2000000000",
        "V1000000000",
        [("x", "<f8", (1000000,))],
        "<f2",
        "<c16",
        h5py.string_dtype(),
        h5py.ref_dtype,
    )
    kind = place.random.choice(kinds)
    with h5py.File(place.target, "w") as file:
        file.create_dataset("xx", (2, 3), kind, chunks=None if kind in kinds[3:] else (1, 1))
        file.create_dataset("\x1b[2J\n", data=POINTS.T)
    return f"{kind!r:.40}"


def _many_groups(place: Place) -> None:
    def write(path: Path) -> None:
        with h5py.File(path, "w", libver="latest") as file:
            for k in range(20_000):
                file.create_group(f"g{k}")

    place.take("groups.mat", write)


# Text


def _odd_text(place: Place) -> str:
    rows = {
        "a long field": b"1," + b"1" * 1_000_000 + b"\n" * 2,
        "a quote without end": b'x,y\n1,"' + b"2\n" * 200_000,
        "very many columns": b",".join([b"1"] * 300_000) + b"\n",
        "very many rows": b"1,2\n" * 600_000,
        "very many words": b"1 " * 1_000_000,
        "nul": b"1,2\0\n3,4\n",
        "utf-16": "1,2\n3,4\n".encode("utf-16"),
        "a half of utf-16": b"\xff\xfe1\0,\x002\0\n",
        "huge numbers": b"1e999,-1e999\nnan,inf\n1e308,1e-320\n",
        "underscores": "1_000,٣\n1,２\n".encode(),
        "a header of escapes": b"\x1b[2J,\x07\n1,2\n3,x\n",
        "lines of strange ends": "1,2\x0b3,4\x0c5,6\x1c7,8\x85\u2028".encode(),
        "marks only": b",,,,\n,,,,\n",
        "comments": b"#" * 1_000_000 + b"\n#\n",
        "endless digits": b"0." + b"1" * 400_000 + b",1\n2,3\n",
    }
    name = place.random.choice(list(rows))
    place.target.write_bytes(rows[name])
    return name


# Parquet


def _zeros_parquet(place: Place) -> None:
    """Pack two gigabytes of equal numbers into kilobytes."""

    def write(path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        chunk = pa.table({"x": np.zeros(1 << 22), "y": np.zeros(1 << 22)})
        with pq.ParquetWriter(path, chunk.schema, compression="gzip") as writer:
            for _ in range(32):
                writer.write_table(chunk)

    place.take("zeros.parquet", write)


def _odd_columns(place: Place) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = {
        "lists": {"x": [[1.0], [2.0]], "y": [[[3.0]], []]},
        "very many": {f"c{k}": [1.0, 2.0] for k in range(3000)},
        "texts": {"x": ["=1+1", "\x1b[2J"], "y": [1.0, 2.0]},
        "names": {"\x1b]0;x\x07\n": ["a", "b"], "": [1.0, 2.0]},
        "none": {"x": pa.nulls(3), "y": pa.array([None, 1.0, 2.0])},
        "structures": {"x": [{"a": {"b": 1}}, None]},
        "dictionaries": {"x": pa.array(["a" * 9, "b"]).dictionary_encode()},
        "decimals": {"x": pa.array([1, 2], pa.decimal128(38, 0))},
        "times": {"x": pa.array([1, 2], pa.timestamp("ns")), "y": pa.array([1, 2], pa.duration("s"))},
    }
    name = place.random.choice(list(tables))
    pq.write_table(pa.table(tables[name]), place.target)
    return name


def _pandas_note(place: Place) -> None:
    """Tell pandas strange things of the columns."""
    import json

    import pyarrow.parquet as pq

    from attacks.mutate import tree

    table = pq.read_table(place.target)
    held = json.loads(table.schema.metadata[b"pandas"])
    note = json.dumps(tree(held, place.random)).encode()
    pq.write_table(table.replace_schema_metadata({b"pandas": note, b"ARROW:schema": b"x"}), place.target)


def _kind(
    name: str,
    target: str,
    *samples: Callable[[Path], object],
    reader: Callable[[Path], object] = read,
    **attacks: Callable[[Place], object],
) -> Kind:
    told = {key.strip("_").replace("_", " "): attack for key, attack in attacks.items()}
    return Kind(name, target, samples, reader, {**told, **ANYWHERE})


PARTS = _asked(
    {"variable": "data.inner.xx", "labels": "data.cells"},
    {"variable": "data.inner.xx", "labels": "data.kinds"},
    {"labels": "truth"},
    {"variable": "data"},
    {},
)
VECTORS = _asked({"variable": "x,y", "labels": "kinds"}, {"variable": "both", "transpose": True}, {"labels": "x,y"}, {})
WRITTEN = _asked({"labels": "kind"}, {"variable": "0,1"}, {})


KINDS = (
    _kind(
        "npy points",
        "a.npy",
        lambda f: np.save(f / "a.npy", POINTS),
        head=_head,
        objects=_objects,
        sparse=_sparse_array,
    ),
    _kind(
        "npz points",
        "a.npz",
        lambda f: np.savez(f / "a.npz", xx=POINTS, labels=np.arange(60)),
        lambda f: np.savez_compressed(f / "a.npz", xx=POINTS),
        zeros=zeros_npz("xx"),
        other_zeros=zeros_npz("other"),
        lie=lying_npz("xx"),
        head=headers_npz("xx"),
    ),
    _kind(
        "mat points",
        "a.mat",
        *(_mat5(True), _mat5(False), _mat4),
        lying_matrix=_lying_matrix,
        lying_size=_lying_size,
        zeros=_zeros_mat,
        many=_many_matrices,
        mat4=_mat4_head,
    ),
    _kind(
        "hdf5 points",
        "a.mat",
        _hdf5,
        external=_external,
        linked=_linked,
        undeclared=_undeclared,
        zeros=_zeros_hdf5,
        odd_types=_odd_types,
        many_groups=_many_groups,
    ),
    _kind(
        "struct points",
        "a.mat",
        *(_struct(True), _struct(False)),
        reader=PARTS,
        deep=_deep_struct,
        fields=_many_fields,
        lying_matrix=_lying_matrix,
    ),
    _kind("struct points 7.3", "a.mat", _groups, reader=PARTS, loops=_loops, linked=_linked),
    _kind(
        "vectors",
        "a.npz",
        lambda f: np.savez(f / "a.npz", x=POINTS[:, 0], y=POINTS[:, 1], both=POINTS.T, kinds=["a", "b"] * 30),
        reader=VECTORS,
        lie=lying_npz("x"),
        head=headers_npz("kinds"),
    ),
    _kind(
        "written tables",
        "a.csv",
        *(_table("a.csv"), _table("a.csv", sep=";", decimal=","), _table("a.csv", index=False, sep="\t")),
        reader=WRITTEN,
        odd_table=_odd_table,
        odd_text=_odd_text,
    ),
    _kind("csv points", "a.csv", _text("a.csv", ","), _text("a.csv", ";", "x;y\n"), odd_text=_odd_text),
    _kind("tsv points", "a.tsv", _text("a.tsv", "\t", "x\ty\n"), odd_text=_odd_text),
    _kind("txt points", "a.txt", _text("a.txt", " "), _text("a.txt", "  ", "# points\n"), odd_text=_odd_text),
    _kind("parquet points", "a.parquet", _parquet, zeros=_zeros_parquet, columns=_odd_columns, note=_pandas_note),
)
