"""Plain pickles as containers: what is in them is found, and what they cost is in proportion to their length.

Other containers are tested by what is read from them (`test_checkpoints`, `test_torchfile`), attacks in
`test_unpickling`, NVIDIA's networks in `test_nvidia`.
"""

import io
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
import torch

from attacks.pickles import COSTLY, LOAD, binary
from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, spending
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.files import pickle as picklefile
from ganatomy.generators.files.containers import open_container


def stored(tensor):
    """The bytes by which a tensor's storage lies in a plain pickle."""
    stream = io.BytesIO()
    torch.save(tensor.untyped_storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@pytest.fixture
def opened(tmp_path):
    """Write bytes as a file and open it as a container."""

    def write(data):
        (tmp_path / "a.pkl").write_bytes(data)
        return open_container(OpenFile(tmp_path / "a.pkl"), Meter("a.pkl"))[0]

    return write


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_tensors_of_every_type_are_read_as_torch_reads_them(protocol, opened):
    random = torch.Generator().manual_seed(0)
    base = torch.randn(3, 4, generator=random)
    types = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
    tensors = {str(kind): (9 * base).abs().to(kind) for kind in types}
    tensors |= {"turned": base.T, "part": base[1:, ::2], "scalar": base[0, 0], "empty": base[:0]}
    tensors["parameter"] = torch.nn.Parameter(base)
    found = opened(pickle.dumps(tensors, protocol))
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        expected = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()
        array = found[name].read()
        assert array.dtype == expected.dtype
        assert np.array_equal(array, expected)
        assert array.flags.writeable


def test_one_storage_is_read_once_however_often_it_is_asked_for(opened, monkeypatch):
    calls = []
    monkeypatch.setattr(
        picklefile, "read_storage", lambda *given, read=picklefile.read_storage: calls.append(1) or read(*given)
    )
    data = stored(torch.arange(3.0))
    opened(b"\x80\x04" + binary(data) + b"\x85\x940" + LOAD + b"\x940" + b"h\x01h\x00R0" * 20_000 + b"N.")
    assert calls == [1]


def test_there_are_no_more_storages_than_the_budget_allows(opened):
    one = LOAD + binary(stored(torch.arange(3.0))) + b"\x85R0"
    with spending(objects=3000):
        opened(b"\x80\x04" + 20 * one + b"N.")
        with pytest.raises(InputError, match=r"needs .* objects, more than the 3,000 that one file may cost"):
            opened(b"\x80\x04" + 40 * one + b"N.")


@pytest.mark.parametrize("name", COSTLY)
def test_what_would_cost_much_costs_little(name, tmp_path):
    (tmp_path / "a.pkl").write_bytes(COSTLY[name])
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"damaged|holds no tensors|is nested more than 100 deep"):
            read_checkpoint(tmp_path / "a.pkl")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000


def test_a_long_file_with_little_in_it_is_not_read(tmp_path):
    """A sparse file of 64 GiB, whose pickle speaks of bytes that are all zeros."""
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04" + LOAD + b"\x8e" + struct.pack("<Q", 1 << 36))
    try:
        os.truncate(path, path.stat().st_size + (1 << 36))
    except OSError:
        pytest.skip("no sparse files here")
    with open(path, "ab") as file:
        file.write(b"\x85R.")
    with pytest.raises(InputError, match="damaged"):
        open_container(OpenFile(path), Meter(path))


@pytest.mark.parametrize(
    "value", [np.arange(3), {1, 2}, print, Exception("x"), range(3), torch.float32, torch.device("cpu")]
)
def test_other_pickles_are_refused_or_hold_nothing(value, tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(InputError, match=r"asks to call [\w.]*[Ee]xception|holds no tensors by name"):
        read_checkpoint(tmp_path / "a.pkl")
