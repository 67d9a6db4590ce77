"""Numpy's files of strangers: what they cost is known before it is spent."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.files.arrays import read_npz, stored_npz, take_array


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """Write the header of an array."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def archive(path: Path, *pieces: bytes, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive whose array `a` is of these pieces."""
    with zipfile.ZipFile(path, "w", kind) as file, file.open("a.npy", "w") as member:
        for piece in pieces:
            member.write(piece)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_as_they_were(tmp_path: Path, save):
    arrays = {
        "a": np.arange(12).reshape(3, 4).T,
        "b": np.float32(2),
        "c": np.zeros((0, 3)),
        "d": np.arange(5, dtype=">i2"),
    }
    save(tmp_path / "a.npz", **arrays)
    for wanted, found in zip(arrays.values(), read_npz(tmp_path / "a.npz", list(arrays)), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype


def test_an_array_is_drawn_before_it_is_unpacked(tmp_path: Path):
    path = archive(tmp_path / "a.npz", header((1 << 19,)), bytes(1 << 22))
    assert path.stat().st_size < 10_000
    assert not read_npz(path, ["a"])[0].any()
    with spending(bytes=1 << 20), pytest.raises(InputError, match="needs 4,194,304 bytes"):
        read_npz(path, ["a"])


@pytest.mark.parametrize(
    "pieces",
    [
        (header((1 << 40,)), bytes(64)),  # more than is there
        (header((1 << 40, 1 << 40)), bytes(64)),
        (header((-1, 2)), bytes(64)),
        (b"\x93NUMPY\2\0" + struct.pack("<I", 1 << 30), bytes(1 << 20)),  # a header of a GiB
        (header((2,), "|O"), bytes(64)),
        (header((2,), "<U9"), bytes(72)),
        (b"no array", b"at all" * 99),
    ],
)
def test_lies_and_other_things_are_refused_in_one_line(tmp_path: Path, pieces):
    with pytest.raises(InputError, match="missing or damaged") as caught:
        read_npz(archive(tmp_path / "a.npz", *pieces), ["a"])
    assert str(caught.value).isprintable()


def test_damage_is_noticed_by_the_checksum(tmp_path: Path):
    content = bytearray(archive(tmp_path / "a.npz", header((8,)), bytes(64), kind=zipfile.ZIP_STORED).read_bytes())
    content[content.index(bytes(64))] = 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match="CRC"):
        read_npz(tmp_path / "a.npz", ["a"])


def test_archives_are_unpacked_by_zlib_only_and_have_no_more_members_than_allowed(tmp_path: Path):
    with pytest.raises(InputError, match="no numbers under 'a'"):  # whose dictionary may be as large as it likes
        read_npz(archive(tmp_path / "a.npz", header((1,)), bytes(8), kind=zipfile.ZIP_LZMA), ["a"])
    with spending(objects=100), open(archive(tmp_path / "a.npz", header((1,)), bytes(8)), "rb") as stream:
        meter = Meter("a.npz")
        assert list(stored_npz(stream, meter)) == ["a"]
        meter.draw("objects", 70)  # of the directory the bytes count
        with pytest.raises(InputError, match="objects, more than the 100"):
            stored_npz(stream, meter)


def test_memory_that_is_not_there_is_not_asked_for():
    with spending(bytes=1 << 60), pytest.raises(InputError, match="GiB are free"):
        take_array(io.BytesIO(), (1 << 50,), np.dtype("f8"), Meter("a.npy"))
