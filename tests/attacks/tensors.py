"""Files of tensors: torch's new and old, plain pickles, safetensors, .npz; bombs, lies and shared structure in them."""

import json
import os
import pickle
import struct
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

import foreign
from attacks import pickles
from attacks.kind import Kind, Place
from attacks.mutate import ANYWHERE, WORDS
from attacks.pickles import BOMBS, COSTLY, Global, Raw, dumped, storage, tensor
from ganatomy.generators.checkpoint import write_checkpoint
from ganatomy.generators.loading import load, open_checkpoint

STATES: dict[str, Callable[[], Any]] = {
    "genforce": foreign.genforce,
    "zoo": foreign.zoo,
    "dcgan": lambda: foreign.dcgan().state_dict(),
    "stylegan": foreign.stylegan,
    "stylegan2": lambda: {"generator_smooth": foreign.stylegan2(), "epoch": 3},
    "nvidia": foreign.nvidia,
    "rosinality": lambda: {"g_ema": foreign.rosinality(), "latent_avg": torch.zeros(12)},
}


def read(path: Path) -> object:
    """Open a checkpoint, ask all it tells, and make its network."""
    checkpoint = open_checkpoint(path)
    told = [repr(checkpoint), checkpoint.facts, checkpoint.strength_range, checkpoint.classes]
    assert all(str(one).isprintable() for one in (told[0], checkpoint.name)), told
    generator = load(path)
    told += [generator.fingerprint(), repr(generator)[:50], checkpoint.style_weights().shape]
    if generator.resolution <= 64:
        codes = generator.mapping(torch.zeros(1, generator.z_dim + len(generator.classes)))
        told.append(generator.synthesis(codes).shape)
    return told


def _saved(name: str, old: bool) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save(STATES[name](), folder / "a.pth", _use_new_zipfile_serialization=not old)

    return save


def _pickled(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "a.pkl").write_bytes(pickle.dumps(STATES[name](), 4))


def _ours(name: str) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        torch.save(STATES[name](), folder / "part.pth")
        write_checkpoint(
            open_checkpoint(folder / "part.pth"), folder / "a.safetensors", {"title": "A", "licence": "MIT"}
        )
        (folder / "part.pth").unlink()

    return save


def _arrays(name: str) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        np.savez(folder / "a.npz", **{key: value.numpy() for key, value in STATES[name]().items()})

    return save


# Pickles, in any of their three containers


def _laughing(levels: int = 60) -> tuple:
    """Make a tuple of two of itself, and so on: small, and endless when it is written out."""
    laugh: tuple = ("x",)
    for _ in range(levels):
        laugh = (laugh, laugh)
    return laugh


def _retyped(kind: Any) -> bytes:
    made = Raw("torch._utils._rebuild_tensor_v3", storage(), 0, (2, 3), (3, 1), False, OrderedDict(), kind)
    return dumped({"layer0.weight": made})


def _nested(levels: int, key: str, width: int = 1) -> bytes:
    """Make networks in networks, each with the same long key."""
    called = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\nq\x010"
    inner = b"N"
    for _ in range(levels):
        state = b"}" + pickles.text("_modules") + b"}(" + (b"h\x00" + inner) * width + b"us"
        inner = b"h\x01}(" + pickles.text("class_name") + pickles.text("G") + pickles.text("state") + state + b"u\x85R"
    return b"\x80\x02" + pickles.text(key) + b"q\x000" + called + inner + b"."


def _sharing(stubs: int) -> bytes:
    """Make many networks that share their modules."""
    head = b"\x80\x02}" + b"".join(pickles.text("a" + str(k)) + b"K\x01s" for k in range(500)) + b"q\x000"
    one = b"cx\nNetwork\n)R}" + pickles.text("_modules") + b"h\x00sb"
    return head + b"](" + one * stubs + b"e."


def _tower(layers: int) -> Any:
    """Make a DCGAN of that many layers, each of one channel: its pictures have 4 x 2^layers pixels a side."""
    return {f"main.{3 * k}.weight": torch.ones(1, 1, 4, 4) for k in range(layers)}


PICKLES: dict[str, Callable[[Random], bytes]] = {
    **{f"bomb: {name}": (lambda random, data=data: data) for name, data in BOMBS.items()},
    **{f"costly: {name}": (lambda random, data=data: data) for name, data in COSTLY.items()},
    "a type shared without end": lambda random: _retyped(_laughing()),
    "a shared rebuild function": lambda random: dumped(
        {"a": Raw("torch._tensor._rebuild_from_type_v2", _laughing(), 0, 0, 0)}
    ),
    "a shared storage": lambda random: dumped(
        {"a": Raw("torch._utils._rebuild_tensor_v2", _laughing(), 0, (2,), (1,))}
    ),
    "shared shapes": lambda random: dumped({"a": tensor(storage(), 0, _laughing(), _laughing())}),
    "networks with one long key": lambda random: _nested(28, "k" * 1_000_000),
    "networks twice in each other": lambda random: _nested(16, "k", 2),
    "stubs that share modules": lambda random: _sharing(20_000),
    "very many tensors": lambda random: dumped([tensor(storage()) for _ in range(30_000)]),
    "very many numbers": lambda random: b"\x80\x02](" + b"K\x01" * 1_200_000 + b"e.",
    "one list very often": lambda random: b"\x80\x02](" + b"N" * 1000 + b"eq\x00](" + b"h\x00" * 100_000 + b"e.",
    "a shared tree": lambda random: dumped({"a": _laughing(), "layer0.weight": tensor(storage())}),
    "a tensor of lies": lambda random: dumped(
        {"layer0.weight": tensor(storage(random.choice((0, 6, 2**40, -1))), *random.choice(_LIES))}
    ),
    "a strange key": lambda random: dumped(
        {str(random.choice(WORDS))[:500].encode("utf-8", "replace").decode(): tensor(storage())}
    ),
    "a strange type": lambda random: _retyped(
        random.choice((None, 5, "float32", ["x"], Global("torch.\x1b[2J"), b"x"))
    ),
}
_LIES = (
    *(
        (0, (1 << 40,), (0,)),
        (0, (1 << 20, 1 << 20), (1, 1)),
        (1 << 60, (1,), (1,)),
        (0, (2, 3), (0, 0)),
        (-1, (2,), (1,)),
    ),
    *((0, (0,) * 63, (0,) * 63), (0, (1,) * 1000, (1,) * 1000), (0, (), ()), (0, (2.0, 3), (3, 1)), (True, (2,), (1,))),
)


def _in_zip(make: Callable[[Random], bytes]) -> Callable[[Place], None]:
    def attack(place: Place) -> None:
        content = make(place.random)
        packing = place.random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        pickles.torch_zip(place.target, content, bytes(24), compression=packing)

    return attack


def _in_legacy(make: Callable[[Random], bytes]) -> Callable[[Place], None]:
    return lambda place: (
        pickles.torch_legacy(place.target, make(place.random), ["0"], struct.pack("<q", 6) + bytes(24)) and None
    )


def _in_plain(make: Callable[[Random], bytes]) -> Callable[[Place], None]:
    return lambda place: pickles.plain(place.target, make(place.random)) and None


def _code(write: Callable) -> Callable[[Place], str]:
    """Write one of the pickles that run code."""

    def attack(place: Place) -> str:
        name, content = place.random.choice(list(pickles.attacks(place.canary).items()))
        write(place.target, content)
        return name

    return attack


def _deep(place: Place) -> str:
    layers = place.random.choice((8, 12, 16, 24, 70, 300))
    torch.save(_tower(layers), place.target)
    return f"{layers} layers"


def _wide(place: Place) -> None:
    """Save weights that share one number, of a network of a billion parameters."""
    one = torch.zeros(1).expand(1 << 15, 1 << 15, 4, 4)
    torch.save({"main.0.weight": one, "main.3.weight": torch.zeros(1).expand(1 << 15, 3, 4, 4)}, place.target)


def _packed_zeros(place: Place) -> None:
    """Pack a storage of a gigabyte of zeros into a megabyte."""

    def write(path: Path) -> None:
        content = dumped({"layer0.weight": tensor(storage(1 << 28), 0, (1 << 14, 1 << 14), (1 << 14, 1))})
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("a/data.pkl", content)
            archive.writestr("a/byteorder", "little")
            zeros(archive, "a/data/0", 1 << 30)

    place.take("zeros.pth", write)


def zeros(archive: zipfile.ZipFile, name: str, size: int, head: bytes = b"") -> None:
    """Write a member of that many zeros, behind a head."""
    with archive.open(name, "w", force_zip64=True) as member:
        member.write(head)
        for begin in range(0, size, 1 << 24):
            member.write(bytes(min(1 << 24, size - begin)))


def _packed_pickle(place: Place) -> None:
    """Pack instructions without end into little."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", b"\x80\x02](" + b"N" * (1 << 28) + b"e.", compresslevel=1)

    place.take("pickle.pth", write)


def _many_members(place: Place) -> None:
    with zipfile.ZipFile(place.target, "w") as archive:
        archive.writestr("a/data.pkl", dumped({}))
        for k in range(20_000):
            archive.writestr(f"a/data/{k}", b"")


ZIPPED = {
    **{name: _in_zip(make) for name, make in PICKLES.items()},
    "runs code": _code(pickles.torch_zip),
    "very deep network": _deep,
    "expanded": _wide,
    "packed zeros": _packed_zeros,
    "packed instructions": _packed_pickle,
    "very many members": _many_members,
}
LEGACY = {**{name: _in_legacy(make) for name, make in PICKLES.items()}, "runs code": _code(pickles.torch_legacy)}
PLAIN = {**{name: _in_plain(make) for name, make in PICKLES.items()}, "runs code": _code(pickles.plain)}


# safetensors


def safetensors(path: Path, header: Any, body: bytes = b"", size: int | None = None) -> None:
    """Write a safetensors file that says what it is told to."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if size is None else size) + text + body)


def _header(place: Place) -> str:
    kind, deep = (
        place.random.choice(("F32", "F64", "I8", "F8_E4M3", "BOOL", "x")),
        b'{"__metadata__":' + b'{"a":' * 200_000,
    )
    headers = {
        "a huge shape": ({"w": {"dtype": kind, "shape": [1 << 40, 1 << 40], "data_offsets": [0, 0]}}, b"", None),
        "an overlap": ({n: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for n in "ab"}, bytes(16), None),
        "a negative shape": ({"w": {"dtype": "F32", "shape": [-1, -4], "data_offsets": [0, 16]}}, bytes(16), None),
        "a huge length": ({}, b"", (1 << 64) - 1),
        "a length of a gigabyte": ({}, b"", 1 << 30),
        "depth": (deep, b"", None),
        "empty tensors": (
            {f"t{k}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(60_000)},
            b"",
            None,
        ),
        "many axes": ({"w": {"dtype": "F32", "shape": [1] * 5000, "data_offsets": [0, 4]}}, bytes(4), None),
        "strange metadata": (
            {"__metadata__": {"ganatomy": place.random.choice(("[" * 100_000, "null", "5", '"x"'))}},
            b"",
            None,
        ),
        "empty": ({}, b"", None),
    }
    name = place.random.choice(list(headers))
    safetensors(place.target, *headers[name])
    return name


def card_changed(place: Place, **changes: Any) -> None:
    """Change what ganatomy's card in a safetensors file says."""
    data = place.target.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"]["ganatomy"] = json.dumps({**json.loads(header["__metadata__"]["ganatomy"]), **changes})
    safetensors(place.target, header, data[8 + size :])


def _card(place: Place) -> str:
    key = place.random.choice(
        ("format", "family", "layout", "classes", "name", "title", "licence", "sha256", "resolution")
    )
    word = place.random.choice((*WORDS, "\x1b]0;owned\x07", ["a"] * 10_000, ["x" * 100_000]))
    card_changed(place, **{key: word})
    return f"{key} = {word!r:.60}"


def sparse_header(place: Place) -> None:
    """Say that the header is a hundred megabytes, which the file has."""
    place.target.write_bytes(struct.pack("<Q", 100_000_000) + b"{")
    os.truncate(place.target, 100_000_008)


# .npz


def npy(shape: str, kind: str = "'<f4'", order: str = "False") -> bytes:
    """Write the head of an array."""
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zeros_npz(name: str) -> Callable[[Place], None]:
    """Pack an array of a gigabyte of zeros into a megabyte."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            zeros(archive, f"{name}.npy", 1 << 30, npy("(134217728, 2)"))

    return lambda place: place.take(f"zeros-{name}.npz", write)


def lying_npz(name: str) -> Callable[[Place], str]:
    """Say a size in the archive's directory that is not the member's."""

    def attack(place: Place) -> str:
        zeros_npz(name)(place)
        data, size = bytearray(place.target.read_bytes()), place.random.choice((0, 100, 1 << 20))
        at = data.rindex(b"PK\1\2")
        data[at + 24 : at + 28] = struct.pack("<I", size)
        place.target.write_bytes(data)
        return f"{size} bytes"

    return attack


def headers_npz(name: str) -> Callable[[Place], str]:
    """Write one array whose head says something strange."""
    heads = (
        *(
            npy("(1099511627776, 2)"),
            npy("(-1, 2)"),
            npy("(0, 9999999999)"),
            npy("(3, 2)", "'O'"),
            npy("(3, 2)", "'<U99999999'"),
        ),
        *(npy("(3, 2)", "[('x', '<f8', (1000000000,))]"), npy("(3,", "'<f4'"), npy("(True, False)"), npy("((((3))))")),
        *(
            b"\x93NUMPY\x09\x00\xff\xff",
            b"\x93NUMPY\x03\x00\xff\xff\xff\x7f{}",
            b"\x93NUMPY",
            npy("(1.5, 2)"),
            npy("'x'"),
        ),
        *(
            npy("(3, 2)", "'M8[s]'"),
            npy("(3, 2)", "'<c16'"),
            npy("(3, 2)", "'|b1'"),
            npy("(" + "(" * 3000),
            npy("[3, 2]"),
        ),
    )

    def attack(place: Place) -> str:
        head = place.random.choice(heads)
        with zipfile.ZipFile(place.target, "w") as archive:
            archive.writestr(f"{name}.npy", head + bytes(48))
        return f"{head[10:80]!r}"

    return attack


NPZ = {
    "packed zeros": zeros_npz("layer0.weight"),
    "a lie about a size": lying_npz("layer0.weight"),
    "a strange head": headers_npz("layer0.weight"),
    "very many arrays": lambda place: place.take(
        "many.npz", lambda path: np.savez(path.open("wb"), **{f"a{k}": np.zeros(1, np.float32) for k in range(20_000)})
    ),
}

KINDS = (
    Kind("torch zip", "a.pth", tuple(_saved(name, False) for name in STATES), read, {**ZIPPED, **ANYWHERE}),
    Kind("torch legacy", "a.pth", tuple(_saved(name, True) for name in STATES), read, {**LEGACY, **ANYWHERE}),
    Kind("plain pickle", "a.pkl", tuple(_pickled(name) for name in STATES), read, {**PLAIN, **ANYWHERE}),
    Kind(
        "safetensors",
        "a.safetensors",
        tuple(_ours(name) for name in STATES),
        read,
        {"a header": _header, "a card": _card, "a sparse header": sparse_header, **ANYWHERE},
    ),
    Kind("npz weights", "a.npz", (_arrays("genforce"), _arrays("stylegan")), read, {**NPZ, **ANYWHERE}),
)
