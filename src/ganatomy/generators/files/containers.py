"""What kind of file this is, and the tree of tensors in it.

A container is recognised by its bytes, never by its name, and read to a *tree*: dictionaries, lists and stubs with
`StoredTensor`s (or `ArchivedTensor`s, of an .npz) at its leaves. Containers: torch files old and new, plain pickles,
safetensors, .npz. Everything else is refused by the name of what it is. For any bytes, `open_container` returns a tree
or raises an `InputError` of one line; it never runs what is in a file. Not guaranteed: that the tree has a generator
in it.
"""

import errno
import json
import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.generators.files.inert import printable
from ganatomy.generators.files.pickle import read_plain
from ganatomy.generators.files.stored import Storage, StoredTensor, contiguous
from ganatomy.generators.files.torch import LEGACY_MAGIC, read_torch

_LARGEST = 1 << 32  # bytes that an .npz may unpack to
_ADVICE = "give a generator's checkpoint (.pth, .pt, .pkl, .safetensors, .npz)"
_OTHERS = {  # how files begin that are no checkpoints
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"BM": "a picture (BMP)",
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"BZh": "compressed by bzip2: unpack it first",
    b"\xfd7zXZ": "compressed by xz: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"\x93NUMPY": "a single numpy array",
    b"\x89HDF": "an HDF5 file, such as Keras writes",
    b"MATLAB": "a MATLAB file",
    b"%PDF": "a PDF document",
    b"version https://git-lfs": "a git-lfs pointer, not the file itself: fetch that with `git lfs pull`",
}
_LEGACY = rb"\x80[\x02-\x05](\x95.{8})?\x8a\x0a" + re.escape(LEGACY_MAGIC.to_bytes(10, "little"))
_SAFETENSORS = {
    "BOOL": "bool",
    "BF16": "bfloat16",
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"{sign}{bits}": f"{kind}int{bits}" for sign, kind in (("I", ""), ("U", "u")) for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True, eq=False)
class ArchivedTensor:
    """An array in an .npz file, read when it is wanted."""

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]

    def read(self) -> np.ndarray:
        """Read the array.

        Raises:
            InputError: the file has been changed, is damaged or cannot be read.
        """
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                return archive[self.name]
        except Exception as error:  # on damaged bytes zlib, zipfile and numpy raise many things
            raise InputError(f"{self.path} is damaged: '{printable(self.name)}': {printable(error)}") from None


def open_container(path: Path) -> tuple[Any, str]:
    """Open a file of tensors, and return its tree and what ganatomy wrote in its header ("" if nothing).

    Raises:
        InputError: no such file, not readable, damaged, or something that is no container of tensors.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "weights.dat"
    >>> np.savez(path.with_suffix(".npz"), w=np.zeros((2, 3)))
    >>> path.with_suffix(".npz").rename(path).name
    'weights.dat'
    >>> tree, header = open_container(path)
    >>> tree["w"].shape, header
    ((2, 3), '')
    >>> path.write_text("<!DOCTYPE html><html>404")
    24
    >>> open_container(path)
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...weights.dat is a web page, not a checkpoint (a download that failed?): ...
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; {_ADVICE}")
        with open(path, "rb") as file:
            head = file.read(512)
        return _read(path, head)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {_ADVICE}") from None
    except Exception as error:  # on damaged bytes a foreign reader may raise anything, MemoryError included
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: sent to before the file's beginning
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        why = printable(error) or type(error).__name__
        raise InputError(f"{path} is damaged ({why}); get the file again") from None


def _read(path: Path, head: bytes) -> tuple[Any, str]:
    """Choose the reader by the first bytes."""
    if not head:
        raise InputError(f"{path} is empty; {_ADVICE}")
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return _read_archive(path), ""
    if re.match(_LEGACY, head, re.DOTALL):
        return read_torch(path), ""
    # Before the pickles: the length that a safetensors file begins with may look like one.
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return _read_safetensors(path)
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return read_plain(path), ""
    raise InputError(f"{path} is {_describe(head)}; {_ADVICE}")


def _describe(head: bytes) -> str:
    """Say what a file is that is no container."""
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            return what
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a picture (WebP)"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    text = head.decode("utf-8", errors="ignore").strip()
    if text[:1] == "<":
        return "a web page, not a checkpoint (a download that failed?): get the file again"
    if text.isascii() and all(c.isprintable() or c.isspace() for c in text) and text:
        return f"text, which begins '{printable(text, 40)}'"
    return "no file of tensors that is known"


def _read_archive(path: Path) -> Any:
    """Read a zip archive: of torch or of numpy."""
    try:
        with zipfile.ZipFile(path) as archive:
            records = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError(f"{path} is truncated or damaged: its end is missing; get the file again") from None
    names = [record.filename for record in records]
    folders = {name.rpartition("/")[0] for name in names}
    if any(name.endswith("/constants.pkl") for name in names) or any(folder.endswith("/code") for folder in folders):
        raise InputError(
            f"{path} is a TorchScript archive, a program rather than weights; save its state_dict() with torch.save"
        )
    if any(name.endswith("/data.pkl") for name in names):
        return read_torch(path)
    if names and all(name.endswith(".npy") for name in names):
        return _read_npz(path, records)
    listing = ", ".join(map(printable, names[:3])) or "nothing"
    raise InputError(f"{path} is a zip archive with no weights right in it (it has {listing}): unpack it; {_ADVICE}")


def _read_npz(path: Path, records: list[zipfile.ZipInfo]) -> Any:
    """Read the headers of an archive's arrays; what holds Python objects is left out."""
    if sum(record.file_size for record in records) > _LARGEST:
        raise InputError(f"{path} unpacks to more than {_LARGEST >> 30} GiB, which no generator needs")
    tree = {}
    with zipfile.ZipFile(path) as archive:
        for record in records:
            with archive.open(record) as stream:
                version = np.lib.format.read_magic(stream)
                read_header = np.lib.format.read_array_header_1_0
                if version != (1, 0):
                    read_header = np.lib.format.read_array_header_2_0
                shape, _, dtype = read_header(stream)
                if dtype.hasobject:
                    continue
                if math.prod(shape) * dtype.itemsize != record.file_size - stream.tell():
                    raise ValueError(f"{record.filename} has another size than it says")
            name = record.filename.removesuffix(".npy")
            tree[name] = ArchivedTensor(path, name, dtype.name, shape)
    return tree


def _read_safetensors(path: Path) -> tuple[Any, str]:
    """Read the header, after safetensors' own reader has found the file sound."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            card = (file.metadata() or {}).get("ganatomy", "")
    except SafetensorError as error:
        raise InputError(f"{path} is a truncated or damaged safetensors file ({printable(error)})") from None
    with open(path, "rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(start - 8))
    tree = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _SAFETENSORS:
            raise InputError(f"{path} holds numbers as {entry['dtype']}, which is not read; save as float32")
        begin, end = entry["data_offsets"]
        shape = tuple(entry["shape"])
        storage = Storage(path, end - begin, start + begin)
        tree[name] = StoredTensor(storage, _SAFETENSORS[entry["dtype"]], shape, contiguous(shape))
    return tree, card
