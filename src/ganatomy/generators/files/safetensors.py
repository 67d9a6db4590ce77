"""safetensors files: a header of JSON, which says where each tensor lies, and the tensors one behind the other.

The header is read here rather than by its own library, which opens a path. Constraint: as there, tensors fill the file
behind the header without gap or overlap. Not guaranteed: that the numbers are undamaged, as there are no checksums.

References:
    Hugging Face, safetensors: the format, in its README.
"""

import math
from typing import Annotated

from pydantic import Field

from ganatomy.errors import InputError
from ganatomy.files import Count, Meter, OpenFile, Table, parse_json, printable
from ganatomy.generators.files.stored import Storage, StoredTensor, contiguous, item_size

_LONGEST = 100_000_000  # bytes of a header, by the format
_AXES = 64  # as numpy has
_TYPES = {
    "BOOL": "bool",
    "BF16": "bfloat16",
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"{sign}{bits}": f"{kind}int{bits}" for sign, kind in (("I", ""), ("U", "u")) for bits in (8, 16, 32, 64)},
}


class _Place(Table):
    dtype: str
    shape: Annotated[list[Count], Field(max_length=_AXES)]
    data_offsets: tuple[Count, Count]


class _Header(Table, extra="allow"):
    __pydantic_extra__: dict[str, _Place]
    metadata: Annotated[dict[str, str], Field(alias="__metadata__", default_factory=dict)]


def is_safetensors(head: bytes) -> bool:
    r"""Tell whether a file begins as safetensors do: with the length of a header, and a brace.

    >>> is_safetensors(b"\x10\0\0\0\0\0\0\0{}")
    True
    """
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= _LONGEST


def read_safetensors(file: OpenFile, meter: Meter) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """Read the header: the tensors by their names, and the metadata.

    Raises:
        InputError: damaged, truncated, numbers of a kind that is not read, or more tensors than the budget allows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "a.safetensors"
    >>> save_file({"w": np.arange(6.0).reshape(2, 3)}, path, metadata={"by": "me"})
    >>> tensors, metadata = read_safetensors(OpenFile(path), Meter(path))
    >>> tensors["w"].read()[1].tolist(), metadata
    ([3.0, 4.0, 5.0], {'by': 'me'})
    """
    where = f"{meter.where} is a truncated or damaged safetensors file"
    start = 8 + int.from_bytes(file.read(0, 8), "little")
    if start > file.size:
        raise InputError(f"{where} (its header goes on behind its end); get the file again")
    meter.draw("bytes", start)
    content = file.read(8, start - 8)
    meter.draw("objects", content.count(b":") + content.count(b","))
    header: _Header = parse_json(content, f"{where} (its header", _Header)
    tensors: dict[str, StoredTensor] = {}
    end = 0
    for name, place in sorted((header.__pydantic_extra__ or {}).items(), key=lambda item: item[1].data_offsets):
        if place.dtype not in _TYPES:
            kind = printable(place.dtype)
            raise InputError(f"{meter.where} holds numbers as {kind}, which is not read; save as float32")
        (begin, stop), shape, dtype = place.data_offsets, tuple(place.shape), _TYPES[place.dtype]
        if begin != end or stop - begin != math.prod(shape) * item_size(dtype):
            raise InputError(f"{where} ({printable(name)} does not lie where it should); get the file again")
        end = stop
        tensors[name] = StoredTensor(Storage(file, stop - begin, start + begin), dtype, shape, contiguous(shape))
    if start + end != file.size:
        raise InputError(f"{where} (its tensors do not end where it does); get the file again")
    return {name: tensors[name] for name in header.__pydantic_extra__ or {}}, header.metadata
