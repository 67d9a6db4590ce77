"""A hostile pickle does nothing: what it asks for is refused or stays data, soon and in little memory."""

import contextlib
import io
import os
import pickle
import struct
import tracemalloc
import zipfile

import pytest

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.files import unpickling
from ganatomy.generators.files.torch import LEGACY_MAGIC
from ganatomy.generators.files.unpickling import Name, Stub, printable, read_pickle


def read(data):
    return read_pickle(io.BytesIO(data), "a.pkl")


def text(word):
    """The instruction that pushes a text."""
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def called(module, name, *arguments):
    """A pickle that calls a function with texts."""
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(map(text, arguments)) + b"tR."


@pytest.fixture
def canary(tmp_path):
    """A file that only an attack makes."""
    return tmp_path / "canary"


def attacks(path):
    """Pickles that make the file `path` when Python's own machine reads them; name -> bytes."""
    touch, code = f"touch {path}", f"open({str(path)!r}, 'w').close()"
    return {
        "reduce": called("os", "system", touch),
        "posix": called("posix", "system", touch),
        "exec": called("builtins", "exec", code),
        "eval": called("builtins", "eval", code),
        "old builtins": called("__builtin__", "eval", code),
        "inst": b"(S'" + touch.encode() + b"'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\n" + text(touch) + b"o.",
        "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93(" + text(touch) + b"tR.",
        "dotted name": b"\x80\x04" + text("os") + text("path.os.system") + b"\x93(" + text(touch) + b"tR.",
        "getattr": b"\x80\x02cbuiltins\ngetattr\n(cos\npath\nX\x02\x00\x00\x00ostRq\x000cbuiltins\ngetattr\n(h\x00"
        + text("system")
        + b"tR("
        + text(touch)
        + b"tR.",
        "popen": b"\x80\x02csubprocess\ncall\n((" + text("touch") + text(str(path)) + b"ltR.",
        "in a state": b"\x80\x02carray\narray\n("
        + text("d")
        + b"]tR}"
        + text("a")
        + called("os", "system", touch)[2:-1]
        + b"s.",
        "in a key": b"\x80\x02}" + called("os", "system", touch)[2:-1] + text("v") + b"s.",
        "in a list": b"\x80\x02](" + called("os", "system", touch)[2:-1] + b"e.",
        "partial": b"\x80\x02cfunctools\npartial\n(cos\nsystem\n" + text(touch) + b"tR)R.",
        "map": b"\x80\x02cbuiltins\nlist\n(cbuiltins\nmap\n(cos\nsystem\n](" + text(touch) + b"etRtR.",
        "after the stop": called("os", "system", touch)[:-1] + b"0}." + b"}.",
        "tensor of a type": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n("
        + text(touch)
        + b"t}tR.",
    }


NAMES = list(attacks("x"))


@pytest.mark.skipif(os.name != "posix", reason="the attacks are written for POSIX")
@pytest.mark.parametrize("name", [name for name in NAMES if name != "tensor of a type"])
def test_the_attack_is_real(name, canary):
    """Otherwise its refusal would show nothing."""
    with contextlib.suppress(Exception):  # what the code that it ran leaves behind may be no object
        pickle.loads(attacks(canary)[name])
    assert canary.exists()


def torch_zip(path, content, *storages, byteorder="little", compression=zipfile.ZIP_STORED):
    """Write a torch file of our own making."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/byteorder", byteorder)
        for key, data in enumerate(storages):
            archive.writestr(f"a/data/{key}", data)
    return path


def torch_legacy(path, content, keys=(), tail=b""):
    """Write an old torch file of our own making."""
    head = [LEGACY_MAGIC, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}]
    pickles = [pickle.dumps(part, protocol=2) for part in head] + [content, pickle.dumps(list(keys), protocol=2)]
    path.write_bytes(b"".join(pickles) + tail)
    return path


def plain(path, content):
    """Write a pickle as it is, with the byte that all pickles of today begin with."""
    path.write_bytes(content if content[:1] == b"\x80" else b"\x80\x02" + content)
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("write", [torch_zip, torch_legacy, plain])
def test_an_attack_in_a_checkpoint_does_nothing(name, write, canary, tmp_path):
    path = write(tmp_path / "a.pth", attacks(canary)[name])
    with pytest.raises(
        InputError, match=r"a\.pth asks to call .*(system|exec|eval|getattr|partial|list|map|call|array)"
    ):
        read_checkpoint(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "__import__"),
        ("builtins", "compile"),
        ("builtins", "open"),
        ("builtins", "type"),
        ("builtins", "print"),
        ("importlib", "import_module"),
        ("operator", "attrgetter"),
        ("runpy", "run_path"),
        ("webbrowser", "open"),
        ("shutil", "rmtree"),
        ("socket", "create_connection"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("torch._utils._rebuild_tensor_v2", ""),
        ("collections", "OrderedDict.__init__"),
        ("_codecs", "decode"),
        ("copyreg", "add_extension"),
        ("ganatomy.generators.files.unpickling", "read_pickle"),
        ("", ""),
    ],
)
def test_every_other_call_is_refused_by_name(module, name):
    with pytest.raises(InputError) as caught:
        read(called(module, name, "x"))
    assert f"asks to call {module}.{name} when" in str(caught.value)


def test_a_hostile_name_makes_one_printable_line():
    with pytest.raises(InputError) as caught:
        read(b"\x80\x04" + text("o\n\x1b[2Js" + "x" * 9999) + text("sys\ntem") + b"\x93)R.")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_instances_stay_data(canary):
    """NEWOBJ, BUILD, _reconstructor and the like build stubs, whatever class is named."""
    popen = read(b"\x80\x02csubprocess\nPopen\n(" + text(f"touch {canary}") + b"t\x81}" + text("a") + b"K\x01sb.")
    assert (popen.kind, popen.state) == ("subprocess.Popen", {"a": 1})
    old = read(b"ccopy_reg\n_reconstructor\n(cmy.module\nConfig\nc__builtin__\nobject\nNtR}" + text("z") + b"K\x05sb.")
    assert (old.kind, old.state) == ("my.module.Config", {"z": 5})
    keywords = read(b"\x80\x04cx\nY\n(K\x01t}" + text("k") + b"K\x02s\x92.")
    assert (keywords.kind, keywords.arguments) == ("x.Y", ((1,), {"k": 2}))
    mapping = read(b"\x80\x02ceasydict\nEasyDict\n)\x81" + text("k") + b"K\x02s.")
    assert (mapping.kind, mapping.items) == ("easydict.EasyDict", [("k", 2)])
    assert not canary.exists()


def test_a_state_does_not_reach_what_is_named():
    """Python's BUILD would set attributes of the class that a pickle names."""
    data = b"\x80\x02cganatomy.errors\nInputError\n}" + text("owned") + b"K\x01sb."
    assert read(data) == Name("ganatomy.errors", "InputError")
    assert not hasattr(InputError, "owned")


def test_a_stub_cannot_be_called():
    with pytest.raises(InputError, match="asks to call a value"):
        read(b"\x80\x02cx\nY\n)\x81(K\x01tR.")
    with pytest.raises(InputError, match="damaged"):
        read(b"\x80\x02cx\nY\n)\x81)\x81.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read_as_python_reads_it(protocol):
    data = {"a": [1, -2, 2**40, 2**300, 1.5, None, True], "b": ("x", "ü", (), (1, 2), (1, 2, 3, 4)), 3: {"c": []}}
    data["again"] = data["a"]
    found = read(pickle.dumps(data, protocol))
    assert found == data
    assert found["again"] is found["a"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_other_containers_become_plain_ones(protocol):
    from collections import Counter, OrderedDict, defaultdict

    data = [OrderedDict(a=1), Counter("aab"), defaultdict(list, {"k": [2]}), {5}, frozenset({6}), b"\0\xff", b""]
    found = read(pickle.dumps(data, protocol))
    assert found[:5] == [{"a": 1}, {"a": 2, "b": 1}, {"k": [2]}, [5], [6]]
    assert found[5] == b"\0\xff"


def test_other_values_become_stubs():
    import datetime
    import pathlib

    import numpy as np

    data = [np.float32(2.5), np.arange(3), pathlib.PurePosixPath("/a"), datetime.date(2020, 1, 2), {(1, 2): 3}]
    *stubs, keyed = read(pickle.dumps(data, 2))
    assert all(isinstance(stub, Stub) for stub in stubs)
    assert [stub.arguments for stub in keyed] == [((1, 2),)]  # a key whose hash could take for ever


# Names of bombs: what they would cost Python is memory or time without end.
BOMBS = {
    "memo": b"\x80\x02Nr\xff\xff\xff\xff.",
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"x.",
    "more bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 33) + b"x.",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.",
    "integer": b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"x.",
    "long line": b"L" + b"9" * 3_000_000 + b"L\n.",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.",
    "deep": b"\x80\x02)" + b"\x85" * 100_000 + b".",
    "deep key": b"\x80\x02})" + b"\x85" * 100_000 + b"Ns.",
    "hash": b"\x80\x02})" + b"2\x86" * 200 + b"Ns.",
    "colliding keys": b"\x80\x02}("
    + b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(1, 20_000))
    + b"u.",
    "cycle": b"\x80\x02}q\x00(" + text("a") + b"h\x00" + text("b") + b"h\x00u.",
    "laughs": b"\x80\x02}"
    + b"".join(b"q\x00}(" + text("a") + b"h\x00" + text("b") + b"h\x00u" for _ in range(200))
    + b".",
    "copies": b"\x80\x02cbuiltins\nset\nq\x00](" + b"K\x01" * 50_000 + b"e\x85q\x010" + b"h\x00h\x01R" * 20_000 + b"N.",
    "pairs": b"\x80\x02ccollections\nOrderedDict\nq\x00]("
    + b"K\x01K\x02\x86" * 9_000
    + b"e\x85q\x010"
    + b"h\x00h\x01R" * 9_000
    + b"N.",
    "encodings": b"\x80\x02c_codecs\nencode\nq\x00"
    + text("x" * 100_000)
    + b"\x85q\x010"
    + b"h\x00h\x01R" * 90_000
    + b"N.",
    "keywords": b"\x80\x04cx\nY\nq\x00(" + b"K\x01" * 50_000 + b"tq\x010" + b"h\x00h\x01}\x92" * 20_000 + b"N.",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("write", [torch_zip, plain])
def test_a_bomb_does_not_go_off(name, write, tmp_path):
    path = write(tmp_path / "a.pth", BOMBS[name])
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"damaged|holds no tensors"):
            read_checkpoint(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000  # most would take gigabytes, or hours


def test_a_pickle_may_not_be_endless(monkeypatch):
    monkeypatch.setattr(unpickling, "MOST_INSTRUCTIONS", 1000)
    assert read(b"\x80\x02]" + b"N0" * 400 + b".") == []
    with pytest.raises(InputError, match="too long for weights"):
        read(b"\x80\x02]" + b"N0" * 600 + b".")


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b".", b"N", b"0.", b"(.", b"R.", b"K\x01K\x02R.", b"u.", b"(Nu.", b"]K\x01u.", b"}(Nu.", b"h\x05."),
        *(
            b"\x80\x02t.",
            b"\x82\x01.",
            b"\x97.",
            b"\x98.",
            b"Pa\n.",
            b"NQ.",
            b"cos\n.",
            b"\x93.",
            b"NN\x93.",
            b"c\xff\n\n.",
        ),
        *(b"(o.", b"o.", b"1.", b"l.", b"d.", b"(Nd.", b"\x90.", b"]\x90.", b"a.", b"Na.", b"b.", b"\xff.", b"I1x\n."),
    ],
)
def test_nonsense_is_damage(data):
    with pytest.raises(InputError, match=r"a\.pkl (is damaged|needs what is not)"):
        read(data)


def test_printable_is_short():
    assert printable("x" * 500) == "x" * 117 + "..."
    assert printable("a\r\nb\x00c") == "a b c"
