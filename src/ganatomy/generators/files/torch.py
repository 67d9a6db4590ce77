"""PyTorch's files, read without PyTorch, without running anything, and no more of them than is asked for.

A torch file is a pickle, which describes a tree of containers and tensors, and storages, runs of numbers that the
tensors are views of. Opening reads the pickle alone; every tensor is checked to lie inside its storage, and to have
no more elements than it, and every storage to lie inside the file; a tensor's numbers are read when they are wanted.
Both ways of laying this out are known: a zip archive (PyTorch 1.6 and later), and before it a sequence of pickles
with the storages behind them, in which single storages are still written. Not guaranteed: that the numbers are
undamaged; only the zip archive has checksums (and not always), and they are compared when a whole storage is read.
"""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, printable, require_memory
from ganatomy.generators.files.inert import Blob, Name, Stub
from ganatomy.generators.files.stored import Storage, StoredTensor, item_size, reach
from ganatomy.generators.files.unpickling import asks_to_call, read_pickle

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER
_PROTOCOL = 1001
_AXES = 8
_HEAD = 4096  # bytes; what precedes the numbers of a single storage is a tenth of it

_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_DTYPES = {*_STORAGES.values(), "uint16", "uint32", "uint64"}


@dataclass(frozen=True)
class _Typed:
    """A storage as a pickle refers to it: with the type of its elements."""

    storage: Storage
    dtype: str


@dataclass(frozen=True)
class _Members:
    """The members of a zip archive, as places in its file: torch stores them uncompressed."""

    file: OpenFile
    meter: Meter
    records: Mapping[str, zipfile.ZipInfo]

    def place(self, name: str) -> tuple[int, int, int]:
        """Return the position of a member's first byte, its length, and its checksum."""
        record, where = self.records.get(name), self.meter.where
        if record is None:
            raise InputError(f"{where} is damaged: it has no {printable(name)}; get the file again")
        if record.compress_type != zipfile.ZIP_STORED or record.flag_bits & 1:
            raise InputError(f"{where}: {printable(name)} is compressed, which torch never does; save it anew")
        header = self.file.read(record.header_offset, 30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise ValueError(f"{name} is not where it should be")
        position = record.header_offset + 30 + sum(struct.unpack("<HH", header[26:]))
        if record.file_size != record.compress_size or position + record.file_size > self.file.size:
            raise ValueError(f"{name} reaches beyond the end")
        return position, record.file_size, record.CRC

    def content(self, name: str) -> bytes:
        position, size, checksum = self.place(name)
        self.meter.draw("bytes", size)
        require_memory(2 * size, self.meter.where)
        data = self.file.read(position, size)
        if checksum and zlib.crc32(data) != checksum:
            raise ValueError(f"{name} does not match its checksum")
        return data


def read_zip(file: OpenFile, archive: zipfile.ZipFile, meter: Meter) -> Any:
    """Read a zip archive, in which ROOT/data.pkl is the pickle and ROOT/data/KEY a storage.

    Containers come as plain ones, tensors as `StoredTensor`, other objects as `Stub`.

    Raises:
        InputError: of another byte order, a pickle that asks for a call, or one that costs too much.
        ValueError: damaged, as `InputError`.

    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.pth"
    >>> torch.save({"w": torch.arange(6.0).reshape(2, 3).T, "epoch": 7}, path)
    >>> tree = read_zip(OpenFile(path), zipfile.ZipFile(path), Meter(path))
    >>> tree["epoch"], tree["w"].shape, tree["w"].strides
    (7, (3, 2), (1, 3))
    >>> tree["w"].read()
    array([[0., 3.],
           [1., 4.],
           [2., 5.]], dtype=float32)
    """
    members = _Members(file, meter, {record.filename: record for record in archive.infolist()})
    pickles = [name for name in members.records if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise ValueError(f"it has {len(pickles)} pickles")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in members.records and members.content(f"{root}byteorder") != b"little":
        raise InputError(f"{meter.where} was written on a big-endian machine; save it on an ordinary one")
    storages: dict[str, Storage] = {}

    def stored(identity: Any) -> _Typed:
        dtype, key, nbytes = _storage_of(meter.where, identity)
        if key not in storages:
            position, length, checksum = members.place(f"{root}data/{key}")
            storages[key] = Storage(file, length, position, checksum)
        return _agreeing(storages[key], dtype, nbytes)

    return read_pickle(io.BytesIO(members.content(pickles[0])), meter, functions(meter.where), stored)


def read_legacy(file: OpenFile, meter: Meter) -> Any:
    """Read pickles in a row, then the storages, each behind its number of elements.

    Raises:
        InputError: truncated, of another byte order, a pickle that asks for a call, or one that costs too much.
        ValueError: damaged, as `InputError`.

    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.pth"
    >>> torch.save({"w": torch.arange(6.0)}, path, _use_new_zipfile_serialization=False)
    >>> read_legacy(OpenFile(path), Meter(path))["w"].read()
    array([0., 1., 2., 3., 4., 5.], dtype=float32)
    """
    stream = file.stream()
    tree, storages = _read_pickles(file, stream, meter)
    for key, typed in storages.items():
        count = stream.read(8)
        storage = typed.storage
        storage.position = stream.tell()
        end = storage.position + storage.nbytes
        if len(count) < 8 or end > file.size:
            raise InputError(f"{meter.where} is truncated: it has {file.size:,} bytes and needs more; get it again")
        _check_count(count, typed, key)
        stream.seek(end)
    return tree


def read_storage(file: OpenFile, data: bytes | Blob, meter: Meter) -> Any:
    """Read a storage that torch saved alone into the bytes of another pickle; long ones stay in their file.

    Raises:
        ValueError: these bytes are no such storage.

    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.pkl"
    >>> torch.save(torch.arange(3.0).untyped_storage(), path, _use_new_zipfile_serialization=False)
    >>> read_storage(OpenFile(path), path.read_bytes(), Meter(path)).storage.nbytes
    12
    """
    head = file.read(data.position, min(_HEAD, len(data))) if isinstance(data, Blob) else data[:_HEAD]
    stream = io.BytesIO(head)
    typed, storages = _read_pickles(file, stream, meter)
    count = stream.read(8)
    start = stream.tell()
    if not isinstance(typed, _Typed) or len(storages) != 1 or start + typed.storage.nbytes != len(data):
        raise ValueError("bytes that are no storage")
    _check_count(count, typed, "in a pickle")
    if isinstance(data, Blob):
        typed.storage.position = data.position + start
    else:
        typed.storage.position, typed.storage.content = start, data
    return typed


def _read_pickles(file: OpenFile, stream: BinaryIO, meter: Meter) -> tuple[Any, dict[str, _Typed]]:
    """Read magic number, protocol, machine, tree, and keys of storages; return the tree, and the storages in order."""
    storages: dict[str, _Typed] = {}

    def stored(identity: Any) -> Any:
        if isinstance(identity, tuple) and identity[:1] == ("module",) and len(identity) > 1:
            return identity[1]  # a class, with its source text behind it
        dtype, key, nbytes = _storage_of(meter.where, identity)
        known = storages.setdefault(key, _Typed(Storage(file, nbytes), dtype))
        return _agreeing(known.storage, dtype, nbytes)

    magic, protocol, machine = (read_pickle(stream, meter) for _ in range(3))
    if magic != LEGACY_MAGIC or protocol != _PROTOCOL or not isinstance(machine, dict):
        raise ValueError("it does not begin as torch files do")
    if machine.get("little_endian") is not True:
        raise InputError(f"{meter.where} was written on a big-endian machine; save it on an ordinary one")
    tree = read_pickle(stream, meter, functions(meter.where), stored)
    keys = read_pickle(stream, meter)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(storages):
        raise ValueError("its list of storages is not that of its tensors")
    return tree, {key: storages[key] for key in keys}


def _check_count(count: bytes, typed: _Typed, key: str) -> None:
    if struct.unpack("<q", count)[0] * item_size(typed.dtype) != typed.storage.nbytes:
        raise ValueError(f"storage {key} has another size than its tensors say")


def _storage_of(where: str, identity: Any) -> tuple[str, str, int]:
    """Take a reference to a storage apart: element type, key, and length in bytes."""
    if not isinstance(identity, tuple) or not 5 <= len(identity) <= 6:
        raise ValueError("a reference to no storage")
    word, kind, key, _, size, *view = identity
    if word != "storage" or not isinstance(kind, Name) or not isinstance(key, str) or type(size) is not int or size < 0:
        raise ValueError("a reference to no storage")
    if kind.name not in _STORAGES or kind.module.split(".")[0] != "torch":
        raise InputError(f"{where} holds numbers as {printable(kind)}, which is not read; save as float32")
    if view not in ([], [None]):
        raise InputError(f"{where} was written by a PyTorch before 0.4: load it in a newer one and save it again")
    return _STORAGES[kind.name], key, size * item_size(_STORAGES[kind.name])


def _agreeing(storage: Storage, dtype: str, nbytes: int) -> _Typed:
    if storage.nbytes != nbytes:
        raise ValueError(f"a storage of {nbytes} bytes that has {storage.nbytes}")
    return _Typed(storage, dtype)


def functions(where: str) -> Mapping[str, Callable]:
    """Return what a torch pickle may call: functions that make tensors and networks, all answered here.

    NVIDIA's networks carry the source of their classes in a dictionary and ask for it to be run; of that dictionary,
    only the network's state is kept.

    >>> answer = functions("a.pkl")["torch_utils.persistence._reconstruct_persistent_obj"]
    >>> answer({"type": "class", "class_name": "Generator", "module_src": "oops", "state": {"z_dim": 512}}).state
    {'z_dim': 512}
    """

    def tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> StoredTensor:
        if not isinstance(storage, _Typed) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
            raise ValueError("a tensor of no storage")
        if len(shape) != len(strides) or len(shape) > _AXES:
            raise ValueError(f"a tensor of {len(shape)} sizes and {len(strides)} strides")
        if any(type(number) is not int or not 0 <= number < 1 << 48 for number in (offset, *shape, *strides)):
            raise ValueError("a tensor whose sizes are no whole numbers from 0")
        size = storage.storage.nbytes // item_size(storage.dtype)
        if math.prod(shape) > size or (0 not in shape and offset + reach(shape, strides) > size):
            raise ValueError(f"a tensor of shape {shape} in a storage of {size} numbers")
        return StoredTensor(storage.storage, storage.dtype, shape, strides, offset)

    def typed(storage: Any, offset: Any, shape: Any, strides: Any, _: Any, hooks: Any, kind: Any, *__: Any) -> Any:
        if not isinstance(kind, Name) or kind.module != "torch" or kind.name not in _DTYPES:
            raise InputError(f"{where} holds numbers as {printable(kind)}, which this version does not read")
        if not isinstance(storage, _Typed):
            raise ValueError("a tensor of no storage")
        return tensor(_Typed(storage.storage, kind.name), offset, shape, strides)

    def parameter(data: Any, *_: Any) -> StoredTensor:
        if not isinstance(data, StoredTensor):
            raise ValueError("a parameter that is no tensor")
        return data

    def attributed(function: Any, kind: Any, arguments: Any, state: Any) -> StoredTensor:
        if not isinstance(function, Name) or not isinstance(arguments, tuple) or str(function) not in tensors:
            raise asks_to_call(printable(function), where)
        return tensors[str(function)](*arguments)

    def persistent(meta: Any) -> Stub:
        if not isinstance(meta, dict) or not isinstance(meta.get("class_name"), str):
            raise ValueError("a network of no class")
        return Stub(meta["class_name"], (), meta.get("state"))

    tensors: dict[str, Callable] = {
        "torch._utils._rebuild_tensor": tensor,
        "torch._utils._rebuild_tensor_v2": tensor,
        "torch._utils._rebuild_tensor_v3": typed,
        "torch._utils._rebuild_parameter": parameter,
        "torch._utils._rebuild_parameter_with_state": parameter,
    }
    plain = {
        "torch._tensor._rebuild_from_type_v2": attributed,
        "torch_utils.persistence._reconstruct_persistent_obj": persistent,
        "torch.Size": lambda sizes=(): sizes,
        "torch.device": lambda *words: words,
    }
    return {**tensors, **plain}
