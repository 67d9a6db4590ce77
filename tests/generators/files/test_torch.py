"""Torch files are read as torch reads them, bit for bit, and no lie about a tensor gets through."""

import struct
import warnings
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from attacks.pickles import SIX, Global, Raw, Storage, legacy, storage, tensor, zipped
from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile
from ganatomy.generators.files.containers import open_container
from ganatomy.generators.files.unpickling import Stub


def opened(path):
    """The tree of a file."""
    return open_container(OpenFile(path), Meter(path))[0]


DTYPES = (
    *("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64"),
    *("uint16", "uint32", "uint64"),
)


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def save(request, tmp_path):
    """Save with torch, in the new or the old format, and return the path."""

    def write(value, **options):
        path = tmp_path / "a.pth"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save(value, path, _use_new_zipfile_serialization=request.param, **options)
        return path

    return write


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_torch_saves_is_read_bit_for_bit(save, protocol):
    random = torch.Generator().manual_seed(0)
    tensors = {name: (50 * torch.randn(3, 4, generator=random)).abs().to(getattr(torch, name)) for name in DTYPES}
    base = torch.randn(4, 5, 6, generator=random)
    tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "one": torch.ones(1, 1)}
    tensors |= {"turned": base.permute(2, 0, 1), "part": base[1:3, ::2, 1:4], "row": base[2, 3], "whole": base}
    tensors["parameter"] = torch.nn.Parameter(base.clone())
    found = opened(save(tensors, pickle_protocol=protocol))
    assert list(found) == list(tensors)
    for name, value in tensors.items():
        value = value.detach()
        expected = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
        array = found[name].read()
        assert found[name].shape == array.shape == expected.shape
        assert array.dtype == expected.dtype
        assert np.array_equal(array, expected)
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_views_of_one_storage_share_it(save):
    base = torch.arange(12.0)
    found = opened(save([base, base[3:], base.reshape(3, 4).T]))
    assert len({id(tensor.storage) for tensor in found}) == 1
    assert found[1].read()[0] == 3


def test_what_is_no_tensor_is_plain_data(save):
    class Options:  # not importable: torch.save refuses a local class, so it is made to look like one that is gone
        pass

    Options.__module__, Options.__qualname__ = __name__, "Options"
    globals()["Options"] = Options
    options = Options()
    options.z_dim, options.table = 512, OrderedDict(a=torch.Size([1, 2]))
    found = opened(save({"options": options, "dtype": torch.float32, "device": torch.device("cpu"), "epoch": 3}))
    del globals()["Options"]
    assert isinstance(found["options"], Stub)
    assert found["options"].state == {"z_dim": 512, "table": {"a": (1, 2)}}
    assert (found["epoch"], str(found["dtype"])) == (3, "torch.float32")


@pytest.mark.filterwarnings("ignore")
def test_a_whole_network_is_read_without_its_class(save):
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    found = opened(save(network))
    assert found.kind == "torch.nn.modules.container.Sequential"
    inner = found.state["_modules"]["0"].state["_parameters"]["weight"]
    assert np.array_equal(inner.read(), network[0].weight.detach().numpy())


def test_a_tensor_with_attributes_is_a_tensor(save):
    weight = torch.nn.Parameter(torch.arange(3.0))
    weight.note = "kept by torch"
    assert opened(save({"w": weight}))["w"].read().tolist() == [0, 1, 2]


def test_opening_reads_no_tensor(save, counts):
    path = save({"a": torch.ones(3), "b": torch.zeros(3)})
    found = opened(path)
    assert counts == []
    found["b"].read()
    assert counts == [3]


def test_checksums_are_compared_where_there_are_any(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(100), "b": torch.ones(100)}, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(torch.ones(100).numpy().tobytes(), torch.full((100,), 2.0).numpy().tobytes()))
    found = opened(path)
    found["a"].read()
    with pytest.raises(InputError, match="does not match its checksum"):
        found["b"].read()


def test_files_without_checksums_are_read(tmp_path):
    before = torch.serialization.get_crc32_options()
    try:
        torch.serialization.set_crc32_options(False)
        torch.save({"a": torch.ones(3)}, tmp_path / "a.pth")
    finally:
        torch.serialization.set_crc32_options(before)
    assert opened(tmp_path / "a.pth")["a"].read().tolist() == [1, 1, 1]


def test_files_made_by_hand_are_read(tmp_path):
    """So what follows is refused for what is wrong with it."""
    data = np.arange(6, dtype="<f4").tobytes()
    for path in (
        zipped(tmp_path / "a.pth", {"w": tensor(storage())}, data),
        legacy(tmp_path / "b.pth", {"w": tensor(storage())}, tail=SIX + data),
        legacy(
            tmp_path / "c.pth",
            {"w": tensor(storage(6, "0", "torch.cuda.FloatStorage", None))},
            tail=SIX + data,
        ),
    ):
        assert opened(path)["w"].read().tolist() == [[0, 1, 2], [3, 4, 5]]


WRONG = {
    "reaches outside": tensor(storage(), 1),
    "far outside": tensor(storage(), 2**40),
    "strides outside": tensor(storage(), 0, (2, 3), (100, 1)),
    "repeats an element": tensor(storage(), 0, (2**20, 2**20), (0, 0)),
    "overlaps": tensor(storage(), 0, (4, 4), (1, 1)),
    "huge": tensor(storage(), 0, (2**40, 2**40), (1, 1)),
    "beyond integers": tensor(storage(), 0, (2**70,), (1,)),
    "negative size": tensor(storage(), 0, (-1, 3), (3, 1)),
    "negative stride": tensor(storage(), 3, (2, 3), (-3, 1)),
    "negative offset": tensor(storage(), -1, (2, 3), (3, 1)),
    "a size that is text": tensor(storage(), 0, ("2", 3), (3, 1)),
    "a size that is a truth": tensor(storage(), 0, (True, 3), (3, 1)),
    "no shape": tensor(storage(), 0, None, (3, 1)),
    "a list for a shape": tensor(storage(), 0, [2, 3], (3, 1)),
    "strides missing": tensor(storage(), 0, (2, 3), (1,)),
    "many axes": tensor(storage(), 0, (1,) * 100_000, (1,) * 100_000),
    "no storage": tensor("0"),
    "few arguments": Raw("torch._utils._rebuild_tensor_v2", storage()),
    "no tensor in a parameter": Raw("torch._utils._rebuild_parameter", [1.0], True, OrderedDict()),
    "another size": tensor(storage(7)),
    "a negative size of storage": tensor(storage(-6)),
    "a size of storage that is text": tensor(storage("6")),
    "a wider type": tensor(storage(6, "0", "torch.DoubleStorage")),
    "another key": tensor(storage(6, "1")),
    "a path for a key": tensor(storage(6, "../data.pkl")),
    "a number for a key": tensor(storage(6, 0)),
    "two sizes for one storage": [tensor(storage()), tensor(storage(5), 0, (5,), (1,))],
    "a type of no storage": tensor(storage(6, "0", "os.system")),
    "a quantised type": tensor(storage(6, "0", "torch.QInt8Storage")),
    "a foreign FloatStorage": tensor(storage(6, "0", "evil.FloatStorage")),
    "no identity": tensor(Storage()),
    "an old view": tensor(storage(6, "0", "torch.FloatStorage", ("1", 0, 6))),
    "another word": tensor(Storage("system", "rm -rf")),
    "an unknown type by name": Raw(
        "torch._utils._rebuild_tensor_v3", storage(), 0, (2, 3), (3, 1), False, OrderedDict(), Global("torch.float9")
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("write", [zipped, legacy])
def test_a_lie_about_a_tensor_is_refused(name, write, tmp_path):
    with pytest.raises(InputError) as caught:
        opened(write(tmp_path / "a.pth", {"w": WRONG[name]}))
    assert str(caught.value).startswith(str(tmp_path / "a.pth"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"little": False}, "big-endian"),
        ({"little": None}, "big-endian"),
        ({"protocol": 1000}, "does not begin"),
        ({"keys": ()}, "list of storages"),
        ({"keys": ("0", "1")}, "list of storages"),
        ({"keys": (0,)}, "list of storages"),
        ({"tail": b""}, "truncated"),
        ({"tail": SIX + bytes(23)}, "truncated: it has"),
        ({"tail": struct.pack("<q", 5) + bytes(24)}, "another size"),
        ({"tail": struct.pack("<q", -6) + bytes(24)}, "another size"),
    ],
)
def test_a_legacy_file_that_contradicts_itself_is_refused(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        opened(legacy(tmp_path / "a.pth", {"w": tensor(storage())}, **options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"byteorder": "big"}, "big-endian"),
        ({"data": bytes(20)}, "a storage of 24 bytes that has 20"),
        ({"data": bytes(28)}, "a storage of 24 bytes that has 28"),
        ({"data": bytes(24), "compression": zipfile.ZIP_DEFLATED}, "is compressed"),
    ],
)
def test_a_zip_that_contradicts_itself_is_refused(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        opened(zipped(tmp_path / "a.pth", {"w": tensor(storage())}, **options))


def test_a_compressed_bomb_is_not_unpacked(tmp_path):
    """Zeros are a thousand times smaller when compressed."""
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/data.pkl", bytes(1 << 26))
    with pytest.raises(InputError, match="is compressed"):
        opened(tmp_path / "a.pth")


def test_a_file_changed_after_opening_is_noticed(save):
    path = save({"w": torch.ones(1000)})
    found = opened(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="changed"):
        found["w"].read()
    path.unlink()
    with pytest.raises(InputError, match=r"changed|no such file"):
        found["w"].read()
