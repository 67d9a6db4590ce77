"""Pickles that would run code or exhaust the machine when Python's own unpickler reads them, and files to hold them."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict

from ganatomy.generators.files.torch import LEGACY_MAGIC


def text(word):
    """The instruction that pushes a text."""
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def called(module, name, *arguments):
    """A pickle that calls a function with texts."""
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(map(text, arguments)) + b"tR."


def binary(data):
    """The instruction that pushes bytes."""
    return b"\x8e" + struct.pack("<Q", len(data)) + data


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


LOAD = b"ctorch.storage\n_load_from_bytes\n"
PERSISTENT = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"


COSTLY = {  # that is, of a careless reader
    "very many memo entries": b"\x80\x04N" + b"\x94" * 300_000 + b".",
    "very many in any order": b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", i * 7919) for i in range(99_999)) + b".",
    "a memo entry far out": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a network in itself": b"\x80\x04}\x94("
    + text("_modules")
    + b"}"
    + text("a")
    + PERSISTENT
    + b"}("
    + text("class_name")
    + text("G")
    + text("state")
    + b"h\x00u\x85Rsu"
    + PERSISTENT
    + b"}("
    + text("class_name")
    + text("G")
    + text("state")
    + b"h\x00u\x85R.",
    "networks in networks": b"\x80\x04}\x94"
    + b"".join(
        PERSISTENT + b"}(" + text("class_name") + text("G") + text("state") + b"}" + text("_modules")
        + b"}(" + text("a") + b"h" + bytes([i]) + text("b") + b"h" + bytes([i]) + b"usu\x85R\x94"
        for i in range(200)
    )
    + b".",
    "a text as long as numbers": b"\x80\x04\x8d" + struct.pack("<Q", 3_000_000) + bytes(3_000_000) + b".",
    "a number as long as numbers": b"\x80\x02\x8b" + struct.pack("<i", 3_000_000) + bytes(3_000_000) + b".",
    "bytes that are not there": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".",
    "more bytes than there can be": b"\x80\x04\x8e" + struct.pack("<Q", (1 << 63) - 1) + b".",
    "a network of no state": b"\x80\x04" + PERSISTENT + b"}" + text("class_name") + text("G") + b"s\x85R.",
    "a network of no class": b"\x80\x04" + PERSISTENT + b"}\x85R.",
    "a network of nothing": b"\x80\x04" + PERSISTENT + b"N\x85R.",
    "a storage of a text": b"\x80\x04" + LOAD + text("x") + b"\x85R.",
    "a storage of a list": b"\x80\x04" + LOAD + b"]\x85R.",
    "a storage of nothing": b"\x80\x04" + LOAD + b")R.",
}  # fmt: skip


# Torch pickles written by hand: what a tensor says of itself is free.


class Raw:
    """Writes itself into a pickle as a call of a function by name, whether or not it exists."""

    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments

    def __reduce__(self):
        return Global(self.name), self.arguments


class Global:
    def __init__(self, name):
        self.name = name

    def __call__(self):
        raise AssertionError


class Pickler(pickle._Pickler):
    """Python's own pickler, except that it writes what it is told."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            self.write(
                b"c" + obj.name.rpartition(".")[0].encode() + b"\n" + obj.name.rpartition(".")[2].encode() + b"\n"
            )
        else:
            super().save(obj, save_persistent_id)

    def persistent_id(self, obj):
        return obj.identity if isinstance(obj, Storage) else None


class Storage:
    def __init__(self, *identity):
        self.identity = identity


def dumped(value):
    stream = io.BytesIO()
    Pickler(stream, 2).dump(value)
    return stream.getvalue()


def storage(size=6, key="0", kind="torch.FloatStorage", *more):
    return Storage("storage", Global(kind), key, "cpu", size, *more)


def tensor(store, offset=0, shape=(2, 3), strides=(3, 1)):
    return Raw("torch._utils._rebuild_tensor_v2", store, offset, shape, strides, False, OrderedDict())


def zipped(path, value, data=bytes(24), byteorder="little", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a/data.pkl", dumped(value))
        archive.writestr("a/byteorder", byteorder)
        archive.writestr("a/data/0", data)
    return path


SIX = struct.pack("<q", 6)


def legacy(path, value, keys=("0",), tail=SIX + bytes(24), little=True, protocol=1001):
    head = [LEGACY_MAGIC, protocol, {"protocol_version": 1001, "little_endian": little, "type_sizes": {}}]
    path.write_bytes(b"".join(map(dumped, [*head, value, list(keys)])) + tail)
    return path
