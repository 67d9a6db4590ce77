"""What a checkpoint may cost: small files that described gigabytes or hours are refused at once, in a line."""

import gc
import importlib
import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from attacks.pickles import Global, Raw, storage, tensor, text, zipped
from attacks.tensors import npy
from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, spending
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.files.containers import open_container
from ganatomy.generators.files.inert import Stub
from ganatomy.generators.files.states import states
from ganatomy.generators.layouts.find import find_generator

W = SimpleNamespace(dtype="float32", shape=(2, 3), read=lambda: None)


def refusal(path, **limits):
    """The message with which a file is refused, within some megabytes of memory."""
    tracemalloc.start()
    try:
        with spending(**limits), pytest.raises(InputError) as caught:
            read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(str(path)).strip()


def tower(path, layers, width=2, kernel=4):
    """Write a DCGAN of few parameters, whose pictures double with each layer of kernel 4."""
    state = {f"{i}.weight": torch.zeros(width, width, kernel if i else 4, kernel if i else 4) for i in range(layers)}
    state[f"{layers - 1}.weight"] = torch.zeros(width, 3, kernel, kernel)
    torch.save(state, path)
    return path


@pytest.mark.parametrize("layers", [13, 16, 70])
def test_a_tower_of_doublings_is_refused_by_its_pixels(layers, tmp_path):
    path = tower(tmp_path / "a.pth", layers)
    message = refusal(path)
    assert "pixels a side, more than the 8,192 that one file may cost; if you trust it, set" in message
    with spending(pixels=4 << layers):
        assert read_checkpoint(path).resolution == 4 << (layers - 1)


def test_layers_without_end_are_refused_by_their_number(tmp_path):
    assert "nested more than 100 deep" in refusal(tower(tmp_path / "a.pth", 101, kernel=3))


def test_parameters_are_counted_before_they_are_read(tmp_path):
    """A file may say the same numbers many times over."""
    kernel = torch.zeros(64, 64, 3, 3)
    state = {"0.weight": torch.zeros(5, 64, 4, 4), **{f"{i}.weight": kernel for i in range(1, 90)}}
    torch.save({**state, "90.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth").resolution == 4
    message = refusal(tmp_path / "a.pth", parameters=3_000_000)
    assert "needs 3,287," in message
    assert message.endswith("set GANATOMY_BUDGET=parameters=6000000 (or more)")


def test_the_environment_raises_a_limit(tmp_path, monkeypatch):
    path = tower(tmp_path / "a.pth", 13)
    monkeypatch.setenv("GANATOMY_BUDGET", "pixels=16K")
    assert read_checkpoint(path).resolution == 16384
    monkeypatch.setenv("GANATOMY_BUDGET", "pixels=8K")
    assert "8,192" in refusal(path)


# What would be written out without end


def deep_shared():
    """A tuple of two of a tuple of two ...: 60 tuples, 2^60 words."""
    value = (None,)
    for _ in range(60):
        value = (value, value)
    return value


def test_a_type_that_is_a_shared_tuple_is_not_written_out(tmp_path):
    value = Raw("torch._utils._rebuild_tensor_v3", storage(), 0, (2, 3), (3, 1), False, {}, deep_shared())
    path = zipped(tmp_path / "a.pth", {"w": value})
    assert path.stat().st_size < 2000
    assert "holds numbers as tuple of 2" in refusal(path)


def test_a_function_that_is_a_shared_tuple_is_not_written_out(tmp_path):
    value = Raw("torch._tensor._rebuild_from_type_v2", deep_shared(), Global("torch.Tensor"), (), None)
    assert "asks to call tuple of 2 when" in refusal(zipped(tmp_path / "a.pth", {"w": value}))


def test_a_storage_of_a_shared_tuple_is_not_written_out(tmp_path):
    for identity in (("storage", deep_shared(), "0", "cpu", 6), deep_shared(), (deep_shared(),) * 5):
        value = tensor(type(storage())(*identity))
        assert "damaged" in (said := refusal(zipped(tmp_path / "a.pth", {"w": value}))) or "holds numbers" in said


# Names and walks


def network(**modules):
    return Stub("torch.nn.Module", (), {"_parameters": {"w": W}, "_modules": modules})


def test_long_names_of_networks_in_networks_count(tmp_path):
    """28 networks with one name of a megabyte: the names of their tensors would take 400 MB."""
    node = network()
    for _ in range(28):
        node = network(**{"k" * 1_000_000: node})
    with pytest.raises(InputError, match=r"needs .* objects, more than the 4,000,000"):
        list(states(node, Meter("a.pth")))


def test_networks_without_tensors_are_searched_once():
    node = Stub("x.Y", (), {})
    stubs = [node := Stub("x.Y", (), {"_modules": {"a": node, "b": Stub("x.Y", (), {})}}) for _ in range(90)]
    with spending(objects=5000):
        assert list(states({str(i): stub for i, stub in enumerate(stubs)}, Meter("a.pth"))) == []


def test_parts_that_networks_share_count(tmp_path):
    shared = {str(i): W for i in range(2000)}
    stubs = {str(i): Stub("torch.nn.Module", (), {"_parameters": shared}) for i in range(2000)}
    with pytest.raises(InputError, match=r"needs .* objects, more than the 4,000,000"):
        list(states(stubs, Meter("a.pth")))


def test_shared_structure_is_walked_once():
    tree = {"w": W}
    for _ in range(60):
        tree = {"a": tree, "b": tree}
    assert [place for place, _ in states(tree, Meter("a.pth"))] == ["/".join("a" * 60)]


def test_very_many_tensors_are_refused_before_they_are_looked_at(tmp_path):
    tree = dict.fromkeys(map(str, range(200_000)), W)
    with pytest.raises(InputError, match=r"needs 5,[0-9,]+ objects, more than the 4,000,000"):
        find_generator(tree, Meter("a.pth"))


def test_deeply_nested_objects_are_neither_compared_nor_written_out_nor_left_to_crash():
    node = Stub("x.Y")
    for _ in range(100_000):
        node = Stub("x.Y", (node,), {"_modules": {"a": node}}, [node])
    assert len(repr(node)) < 200
    assert node != Stub("x.Y")
    with pytest.raises(InputError, match="nested more than 100 deep"):
        find_generator(node, Meter("a.pth"))
    del node
    gc.collect()


# Containers


def test_the_directory_of_an_archive_counts_before_it_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for i in range(500):
            archive.writestr(f"{i}.npy", b"")
    assert "needs" in refusal(tmp_path / "a.npz", objects=5000)
    assert "is damaged" in refusal(tmp_path / "a.npz")


def test_a_large_file_of_few_tensors_costs_few_objects(tmp_path, foreign):
    """Of an archive the directory counts, not what lies before it."""
    state = foreign.dcgan().state_dict()
    torch.save({"generator": state, "other": torch.zeros(1_000_000)}, tmp_path / "a.pth")
    assert (tmp_path / "a.pth").stat().st_size > 4_000_000
    with spending(objects=10_000, bytes=100_000):
        assert read_checkpoint(tmp_path / "a.pth").place == "generator"


def test_what_an_npz_unpacks_to_counts_before_it_is_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", w=np.zeros(3_000_000, np.float32))
    assert (tmp_path / "a.npz").stat().st_size < 20_000
    message = refusal(tmp_path / "a.npz", bytes=10_000_000)
    assert "needs 12,000,128 bytes, more than the 10,000,000 that one file may cost" in message
    assert "in no layout that is known" in refusal(tmp_path / "a.npz")


def test_an_array_larger_than_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", w=np.zeros(10_000_000, np.int8))
    tree, _ = open_container(OpenFile(tmp_path / "a.npz"), Meter("a.npz"))
    budget = importlib.import_module("ganatomy.files.budget")
    monkeypatch.setattr(budget, "_SPARE", 1 << 20)
    monkeypatch.setattr(budget, "free_memory", lambda: 10_000_000)
    with pytest.raises(InputError, match=r"a\.npz: an array of shape \(10000000,\) needs 0.0 GiB of memory"):
        tree["w"].read()


def safetensors(path, header, data=b""):
    content = json.dumps(header).encode() if not isinstance(header, bytes) else header
    path.write_bytes(struct.pack("<Q", len(content)) + content + data)
    return path


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def test_very_many_tensors_in_a_header_are_refused_before_it_is_parsed(tmp_path):
    header = b"{" + b",".join(b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(50000)) + b"}"
    assert "objects, more than the 300,000" in refusal(safetensors(tmp_path / "a", header), objects=300_000)


@pytest.mark.parametrize(
    "header",
    [
        {"w": ONE | {"data_offsets": [0, 4]}},
        {"w": ONE | {"data_offsets": [4, 12]}},
        {"w": ONE | {"data_offsets": [8, 0]}},
        {"w": ONE | {"shape": [-2]}},
        {"w": ONE | {"shape": [2.0]}},
        {"w": ONE | {"shape": "2"}},
        {"w": ONE | {"shape": [1 << 52, 1 << 52]}},
        {"w": ONE, "v": ONE},
        {"w": {}},
        {"w": 5},
        {"w": ONE, "__metadata__": {"a": 1}},
        {"w": ONE, "__metadata__": []},
        {},
        {"\ud800": ONE},
        b'{"w":' * 100_000,
        b'{"w": ' + b"[" * 100_000,
        b"{" + b'"shape": ' + b"9" * 100_000 + b"}",
        b"{\xff\xff}",
    ],
)
def test_a_header_that_contradicts_itself_is_damage(header, tmp_path):
    assert "a truncated or damaged safetensors file" in refusal(safetensors(tmp_path / "a", header, bytes(8)))


def test_a_pickle_of_names_keeps_one_of_each():
    """A name of 400 letters, said of 20,000 instances."""
    from ganatomy.generators.files.unpickling import read_pickle

    name = text("m" * 400) + b"q\x000" + b"(" + b"h\x00h\x00\x93)\x81" * 20_000 + b"l."
    found = read_pickle(io.BytesIO(b"\x80\x04" + name), Meter("a.pkl"))
    assert len({id(stub.kind) for stub in found}) == 1


def test_a_name_longer_than_any_is_damage():
    from ganatomy.generators.files.unpickling import read_pickle

    with pytest.raises(InputError, match="longer than any"):
        read_pickle(io.BytesIO(b"\x80\x04" + text("m" * 501) + text("n") + b"\x93."), Meter("a.pkl"))


def test_honest_histories_are_within_the_budget(tmp_path):
    """A loss for each of many iterations beside the network is no attack."""
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"losses": [0.1 * i for i in range(20_000)]}))
    assert "holds no tensors" in refusal(tmp_path / "a.pkl")


def test_no_member_of_an_archive_is_unpacked_without_a_bound(tmp_path):
    """Bzip2 gives all that a few bytes hold at once, whatever size the archive says: 5 KB gave 6 GB."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("w.npy", npy("(25,)") + bytes(1 << 27))
    data = path.read_bytes()
    place = data.rindex(b"PK\1\2") + 24
    path.write_bytes(data[:place] + struct.pack("<I", len(npy("(25,)")) + 100) + data[place + 4 :])
    assert "packed as numpy never does" in refusal(path)


def test_the_header_of_an_array_is_not_unpacked_where_it_is_longer_than_any(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", b"\x93NUMPY\x02\0" + struct.pack("<I", 1 << 27) + b" " * (1 << 27))
    assert "too long" in refusal(path)
