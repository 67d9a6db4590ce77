"""A hostile pickle does nothing: what it asks for is refused or stays data, soon and in little memory."""

import contextlib
import io
import os
import pickle
import tracemalloc

import pytest

from attacks.pickles import BOMBS, attacks, called, plain, text, torch_legacy, torch_zip
from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.files.unpickling import Name, Stub, read_pickle


def read(data):
    return read_pickle(io.BytesIO(data), Meter("a.pkl"))


@pytest.fixture
def canary(tmp_path):
    """A file that only an attack makes."""
    return tmp_path / "canary"


NAMES = list(attacks("x"))


@pytest.mark.skipif(os.name != "posix", reason="the attacks are written for POSIX")
@pytest.mark.parametrize("name", [name for name in NAMES if name != "tensor of a type"])
def test_the_attack_is_real(name, canary):
    """Otherwise its refusal would show nothing."""
    with contextlib.suppress(Exception):  # what the code that it ran leaves behind may be no object
        pickle.loads(attacks(canary)[name])
    assert canary.exists()


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


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("write", [torch_zip, plain])
def test_a_bomb_does_not_go_off(name, write, tmp_path):
    path = write(tmp_path / "a.pth", BOMBS[name])
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"damaged|holds no tensors|is nested more than 100 deep"):
            read_checkpoint(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000  # most would take gigabytes, or hours


def test_a_pickle_may_not_be_endless():
    endless = b"\x80\x02]" + b"N0" * 3000 + b"."
    with (
        spending(objects=3000),
        pytest.raises(InputError, match=r"more than the 3,000 .*objects=6000"),
    ):
        read(endless)
    with spending(objects=10_000):
        assert read(endless) == []


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
