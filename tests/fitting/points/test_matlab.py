"""MATLAB files of every version, written by scipy and h5py, read by us; and damaged ones."""

import io
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.files.arrays import StoredArray
from ganatomy.fitting.points.matlab import stored_mat

SHARED = Path(__file__).resolve().parents[4] / "shared" / "points.mat"
CLOUD = np.array([[0.5, -1.0], [2.25, 3.0], [-1e-3, 1e5]])
MATRICES = {
    "cloud": CLOUD,
    "single": CLOUD.astype(np.float32),
    "whole": np.arange(6).reshape(2, 3),
    "bytes": np.arange(6, dtype=np.uint8).reshape(3, 2),
    "cube": np.arange(24.0).reshape(2, 3, 4),
    "scalar": np.array([[7.0]]),
    "empty": np.zeros((0, 2)),
    "a_name_of_more_than_eight_letters": -CLOUD,
}


def read_arrays(content: bytes) -> dict[str, np.ndarray | None]:
    """Read all variables of a file."""
    stored = stored_mat(io.BytesIO(content), len(content), Meter("points.mat"))
    return {name: array.read() if isinstance(array, StoredArray) else None for name, array in stored.items()}


def saved(**options) -> bytes:
    """Write variables of every kind with scipy."""
    others = {"text": "hi", "truth": CLOUD > 0, "waves": CLOUD * 1j, "parts": {"x": CLOUD, "name": "n"}}
    others["cell"] = np.array([CLOUD, "b"], dtype=object)
    others["sparse"] = scipy.sparse.csc_array(CLOUD)
    file = io.BytesIO()
    scipy.io.savemat(file, MATRICES | others, long_field_names=True, **options)
    return file.getvalue()


def saved_73() -> bytes:
    """Write HDF5 behind 512 bytes, axes reversed, as MATLAB does."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        for name, array in MATRICES.items():
            if array.size:
                file.create_dataset(name, data=array.T).attrs["MATLAB_class"] = np.bytes_("double")
        text = file.create_dataset("text", data=np.array([[104], [105]], dtype=np.uint16))
        text.attrs["MATLAB_class"] = np.bytes_("char")
        nothing = file.create_dataset("nothing", data=np.array([0, 3], dtype=np.uint64))
        nothing.attrs["MATLAB_empty"] = 1
        file.create_group("#refs#")
        file.create_group("parts")
    content = buffer.getvalue()
    return (b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM").ljust(512, b"\0") + content[512:]


@pytest.mark.parametrize("compressed", [False, True])
def test_real_matrices_are_read_and_others_are_named(compressed: bool):
    arrays = read_arrays(saved(do_compression=compressed))
    for name, array in MATRICES.items():
        np.testing.assert_array_equal(arrays[name], array)
    rest = {name for name, value in arrays.items() if value is None}
    assert rest == {"text", "truth", "waves", "parts", "cell", "sparse"}


def test_version_73_is_transposed_back():
    arrays = read_arrays(saved_73())
    assert set(arrays) == {*MATRICES, "text", "nothing", "parts"} - {"empty"}
    for name in arrays.keys() & MATRICES.keys():
        np.testing.assert_array_equal(arrays[name], MATRICES[name])
    assert arrays["text"] is arrays["nothing"] is arrays["parts"] is None


def test_version_4_is_read():
    file = io.BytesIO()
    scipy.io.savemat(file, {"cloud": CLOUD}, format="4")
    np.testing.assert_array_equal(read_arrays(file.getvalue())["cloud"], CLOUD)


def test_the_other_byte_order_is_read():
    def element(kind: int, payload: bytes) -> bytes:
        return np.array([kind, len(payload)], ">u4").tobytes() + payload + b"\0" * (-len(payload) % 8)

    flags, shape = np.array([6, 0], ">u4").tobytes(), np.array([3, 2], ">i4").tobytes()
    parts = [(6, flags), (5, shape), (1, b"cloud"), (9, CLOUD.astype(">f8").tobytes("F"))]
    content = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + element(14, b"".join(element(*part) for part in parts))
    np.testing.assert_array_equal(read_arrays(content)["cloud"], CLOUD)
    np.testing.assert_array_equal(scipy.io.loadmat(io.BytesIO(content))["cloud"], CLOUD)  # the test itself is right


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the laboratory's points.mat is not here")
def test_the_laboratory_file_is_read_as_scipy_reads_it():
    found, arrays = scipy.io.loadmat(SHARED), read_arrays(SHARED.read_bytes())
    assert set(arrays) == {"a", "b", "c", "d", "xx"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, found[name])


@pytest.mark.parametrize("content", [saved(), saved(do_compression=True), saved_73()], ids=["5", "7", "7.3"])
def test_files_that_end_too_early_are_refused(content: bytes):
    for end in np.linspace(130, len(content) - 9, 50).astype(int):
        try:
            arrays = read_arrays(content[:end])
        except Exception:  # any will do: `formats.read` makes one line of it
            continue
        # A file cut between two variables is whole as far as it goes.
        assert len(arrays) < len(MATRICES) + 6
        for name in arrays.keys() & MATRICES.keys():
            np.testing.assert_array_equal(arrays[name], MATRICES[name])


def test_a_wrong_type_is_refused_and_ends_no_interpreter():
    file = io.BytesIO()
    scipy.io.savemat(file, {"cloud": CLOUD})
    content = bytearray(file.getvalue())
    content[184] = 0  # the type of the values; scipy.io.loadmat (1.17) would follow a null pointer here
    with pytest.raises(KeyError):
        read_arrays(bytes(content))


# Of strangers


def compressed_zeros(size: int, says: int | None = None) -> bytes:
    """Write version 7 with zeros of so many bytes, or which says so."""
    head = struct.pack("<II", 14, size + 56) + struct.pack("<IIII", 6, 8, 6, 0)
    head += struct.pack("<IIii", 5, 8, (says or size) // 16, 2) + struct.pack("<II", 1 | 2 << 16, 0x7878)
    packed = zlib.compress(head + struct.pack("<II", 9, says or size) + bytes(size))
    return b"MATLAB 5.0".ljust(124) + b"\0\1IM" + struct.pack("<II", 15, len(packed)) + packed


def test_compressed_values_are_drawn_before_they_are_unpacked():
    content = compressed_zeros(1 << 22)
    assert len(content) < 10_000
    assert read_arrays(content)["xx"].shape == (1 << 18, 2)
    with spending(bytes=1 << 20), pytest.raises(InputError, match="needs 4,194,304 bytes"):
        read_arrays(content)
    with pytest.raises(ValueError, match="its values are not as many"):
        read_arrays(compressed_zeros(1 << 10, says=1 << 30))  # no zlib makes so much of so little


def test_only_the_variable_that_is_wanted_is_unpacked():
    content = compressed_zeros(1 << 22)
    with spending(bytes=1 << 20):
        stored = stored_mat(io.BytesIO(content), len(content), Meter("points.mat"))
    assert stored["xx"].shape == (1 << 18, 2)


def test_structures_are_not_walked_into():
    deep = CLOUD
    for _ in range(200):
        deep = {"a": deep}
    file = io.BytesIO()
    scipy.io.savemat(file, {"deep": deep, "cloud": CLOUD})
    arrays = read_arrays(file.getvalue())
    np.testing.assert_array_equal(arrays["cloud"], CLOUD)
    assert arrays["deep"] is None
    with spending(objects=1), pytest.raises(InputError, match="2 objects"):
        read_arrays(file.getvalue())


def test_a_length_beyond_the_file_is_refused_in_version_4():
    content = struct.pack("<5i", 0, 1 << 30, 1 << 30, 0, 3) + b"xx\0" + bytes(64)
    with pytest.raises(ValueError, match="too early"):
        read_arrays(content)
