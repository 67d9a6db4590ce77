"""HDF5 files of strangers: nothing outside them is read, and nothing in them grows."""

import io
import os
import zlib
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.points.cloud import load_points

CLOUD = np.random.default_rng(0).normal(size=(40, 3))


def made(path: Path, make) -> Path:
    """Write an HDF5 file with what `make` puts into it."""
    with h5py.File(path, "w") as file:
        make(file)
    return path


def virtual(file: h5py.File, target: str, maxshape=None) -> None:
    layout = h5py.VirtualLayout((4, 2), dtype="f8", maxshape=maxshape)
    layout[:] = h5py.VirtualSource(target, "a", (4, 2), maxshape=maxshape)
    file.create_virtual_dataset("xx", layout)


OUTSIDE = {
    "external data": lambda file, target: file.create_dataset("xx", (4, 2), dtype="f8", external=[(target, 0, 64)]),
    "external link": lambda file, target: file.__setitem__("xx", h5py.ExternalLink(target, "/a")),
    "soft link": lambda file, target: file.__setitem__("xx", h5py.SoftLink("/elsewhere")),
    "virtual data": virtual,
    "growing virtual data": lambda file, target: virtual(file, target, (None, 2)),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_the_file_is_read(tmp_path: Path, name: str):
    (tmp_path / "secret").write_bytes(CLOUD.tobytes())
    os.mkfifo(tmp_path / "pipe")
    for target in ("secret", "pipe"):  # on which one would wait for ever
        file = made(tmp_path / "points.mat", lambda file, to=str(tmp_path / target): OUTSIDE[name](file, to))
        with pytest.raises(InputError, match=r"'xx' is in another file or place, which is not read$"):
            load_points(file)


@pytest.mark.parametrize("libver", ["earliest", "v108"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (7, 2)},
        {"chunks": (7, 2), "compression": "gzip"},
        {"chunks": (41, 5), "maxshape": (None, None), "compression": 9, "shuffle": True},
        {"chunks": (7, 2), "compression": "gzip", "shuffle": True, "fletcher32": True},
    ],
)
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "i2"])
def test_data_in_chunks_are_read_as_the_library_reads_them(tmp_path: Path, libver: str, options: dict, dtype: str):
    cloud = (100 * CLOUD).astype(dtype)
    with h5py.File(tmp_path / "points.mat", "w", libver=libver) as file:
        file.create_dataset("xx", data=cloud, **options)
    np.testing.assert_array_equal(load_points(tmp_path / "points.mat", transpose=True), cloud)


def test_what_was_never_written_is_refused(tmp_path: Path):
    for options in ({}, {"chunks": (100_000, 3)}):
        file = made(tmp_path / "points.mat", lambda file, o=options: file.create_dataset("xx", (200_000, 3), "f8", **o))
        assert file.stat().st_size < 10_000
        with pytest.raises(InputError, match="was never written"):
            load_points(file)
    file = made(file, lambda file: file.create_dataset("xx", (1 << 40, 3), "f8", chunks=(1000, 3)))
    with pytest.raises(InputError, match="GANATOMY_BUDGET"):
        load_points(file)


def test_a_chunk_unpacks_to_its_own_size_at_most(tmp_path: Path):
    def bomb(file: h5py.File) -> None:
        data = file.create_dataset("xx", (4, 2), "f8", chunks=(4, 2), compression="gzip")
        data.id.write_direct_chunk((0, 0), zlib.compress(bytes(1 << 20)))

    with pytest.raises(InputError, match="larger than it says"):
        load_points(made(tmp_path / "points.mat", bomb))


def test_filters_that_need_a_plug_in_are_refused(tmp_path: Path):
    file = made(tmp_path / "points.mat", lambda file: file.create_dataset("xx", data=CLOUD, compression="lzf"))
    with pytest.raises(InputError, match="filter 32000"):
        load_points(file)


def test_groups_that_hold_themselves_are_not_walked(tmp_path: Path):
    def loop(file: h5py.File) -> None:
        file["xx"] = CLOUD
        file["loop"] = file["/"]
        file["deep"] = file.create_group("/".join("a" * 2000))

    np.testing.assert_array_equal(load_points(made(tmp_path / "points.mat", loop), transpose=True), CLOUD)


def test_damage_is_refused_in_one_line_and_ends_no_interpreter(tmp_path: Path):
    buffer, random = io.BytesIO(), np.random.default_rng(0)
    with h5py.File(buffer, "w") as file:
        file.create_dataset("xx", data=CLOUD.T, compression="gzip").attrs["MATLAB_class"] = np.bytes_("double")
    whole = np.frombuffer(buffer.getvalue(), np.uint8)
    for _ in range(100):
        content = whole.copy()
        content[random.integers(0, len(whole), 3)] = random.integers(0, 256, 3)
        (tmp_path / "points.mat").write_bytes(content.tobytes())
        with suppress(InputError):
            load_points(tmp_path / "points.mat")
