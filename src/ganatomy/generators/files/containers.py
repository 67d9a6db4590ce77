"""What kind of file this is, and the tree of tensors in it.

A container is recognised by its bytes, never by its name, and read to a *tree*: dictionaries, lists and stubs with
`StoredTensor`s (or `ArchivedTensor`s, of an .npz) at its leaves. Containers: torch files old and new, plain pickles,
safetensors, .npz. Everything else is refused by the name of what it is. For any bytes, `open_container` returns a tree
or raises an `InputError` of one line; it never runs what is in a file. Not guaranteed: that the tree has a generator
in it.
"""

import re
import zipfile
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, printable
from ganatomy.files.arrays import open_archive
from ganatomy.generators.files.archives import read_weights
from ganatomy.generators.files.pickle import read_plain
from ganatomy.generators.files.safetensors import is_safetensors, read_safetensors
from ganatomy.generators.files.torch import LEGACY_MAGIC, read_legacy, read_zip

ADVICE = "give a generator's checkpoint (.pth, .pt, .pkl, .safetensors, .npz)"
"""What to do with a path that leads to no such file."""

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


def open_container(file: OpenFile, meter: Meter) -> tuple[Any, str]:
    """Read the tree of a file of tensors, and what ganatomy wrote in its header ("" if nothing).

    Args:
        file: which is read then and later.
        meter: of the file, for all that is read now.

    Raises:
        InputError: damaged, something that is no container of tensors, or one that costs more than the budget allows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "weights.dat"
    >>> np.savez(path.with_suffix(".npz"), w=np.zeros((2, 3)))
    >>> path.with_suffix(".npz").rename(path).name
    'weights.dat'
    >>> tree, header = open_container(OpenFile(path), Meter(path))
    >>> tree["w"].shape, header
    ((2, 3), '')
    >>> path.write_text("<!DOCTYPE html><html>404")
    24
    >>> open_container(OpenFile(path), Meter(path))
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...weights.dat is a web page, not a checkpoint (a download that failed?): ...
    """
    try:
        return _read(file, meter)
    except InputError:
        raise
    except Exception as error:  # on damaged bytes a foreign reader may raise anything, MemoryError included
        why = printable(error) or type(error).__name__
        raise InputError(f"{meter.where} is damaged ({why}); get the file again") from None


def _read(file: OpenFile, meter: Meter) -> tuple[Any, str]:
    """Choose the reader by the first bytes."""
    head = file.read(0, 512)
    if not head:
        raise InputError(f"{meter.where} is empty; {ADVICE}")
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return _read_archive(file, meter), ""
    if re.match(_LEGACY, head, re.DOTALL):
        return read_legacy(file, meter), ""
    if is_safetensors(head):  # before the pickles: the length that it begins with may look like one
        tensors, metadata = read_safetensors(file, meter)
        return tensors, metadata.get("ganatomy", "")
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return read_plain(file, meter), ""
    raise InputError(f"{meter.where} is {_describe(head)}; {ADVICE}")


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


def _read_archive(file: OpenFile, meter: Meter) -> Any:
    """Read a zip archive: of torch or of numpy."""
    try:
        archive = open_archive(file.stream(), meter)
    except InputError:
        raise
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError(f"{meter.where} is truncated or damaged: its end is missing; get the file again") from None
    names = archive.namelist()
    folders = {name.rpartition("/")[0] for name in names}
    if any(name.endswith("/constants.pkl") for name in names) or any(folder.endswith("/code") for folder in folders):
        raise InputError(
            f"{meter.where} is a TorchScript archive, a program rather than weights; save its state_dict() with "
            f"torch.save"
        )
    if any(name.endswith("/data.pkl") for name in names):
        return read_zip(file, archive, meter)
    if names and all(name.endswith(".npy") for name in names):
        return read_weights(archive, meter)
    listing = ", ".join(map(printable, names[:3])) or "nothing"
    raise InputError(
        f"{meter.where} is a zip archive with no weights right in it (it has {listing}): unpack it; {ADVICE}"
    )
