"""The checkpoint of a run: what `checkpoint.pt` may hold, and nothing else.

It is a file of PyTorch's: a zip archive with one pickle, which says how tensors lie in the other members. Before
PyTorch's weights-only reader sees it, the archive must unpack to no more than its own size, and the pickle must name
nothing but tensors and dictionaries, since that reader also makes other things, of any size. What comes out is of the
shape of `Checkpoint`, and each tensor lies whole in the file. Not guaranteed: that it fits the run; who takes it up
sees to that.

Shapes: `T` iterations, `n` points of a snapshot, `D` data, `g` points of the grid.
"""

import io
import math
import os
import pickletools
import zipfile
from collections.abc import Callable
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable, read_input
from ganatomy.files.arrays import open_archive

_ENDING = b"PK\5\6"  # of a zip archive, 22 bytes before its end where it has no comment
_NAMED = {  # by which a pickle may call for anything at all
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int")),
}
_NUMBERS = (torch.float32, torch.float64, torch.int64)
_ADVICE = "`force=True` starts anew"


def _whole(tensor: Any) -> Tensor:
    if type(tensor) is not Tensor or tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise ValueError("should be a tensor")
    if tensor.dtype not in _NUMBERS or not tensor.is_contiguous():
        raise ValueError("should be a whole tensor of numbers")
    if not tensor.dim() and not 0 <= float(tensor) < math.inf:  # a count of steps, or a share
        raise ValueError("should be a finite number, 0 or more")
    return tensor


def _axes(count: int) -> Callable[[Tensor], Tensor]:
    def check(tensor: Tensor) -> Tensor:
        if tensor.dim() != count:
            raise ValueError(f"should have {count} axes")
        return tensor

    return check


_Tensor = Annotated[Any, AfterValidator(_whole)]
_Row = Annotated[Any, AfterValidator(_whole), AfterValidator(_axes(1))]
_Matrix = Annotated[Any, AfterValidator(_whole), AfterValidator(_axes(2))]
_Name = Annotated[str, Field(max_length=400)]
_SNAPSHOTS = 10_001  # the most that a recipe can ask for, and the one before training


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Optimizer(_Table):
    state: Annotated[dict[int, Annotated[dict[_Name, _Tensor | None], Field(max_length=32)]], Field(max_length=1000)]
    param_groups: Any  # which nobody takes up


class _Player(_Table):
    network: Annotated[dict[_Name, _Tensor], Field(max_length=1000)]
    optimizer: _Optimizer


class _Trainer(_Table):
    iteration: Annotated[int, Field(ge=0, le=1 << 53)]
    generator: _Player
    discriminator: _Player
    average: _Row | None


class _History(_Table):
    losses: _Matrix
    epochs: Annotated[list[Annotated[int, Field(ge=0, le=10_000_000)]], Field(max_length=_SNAPSHOTS)]
    samples: Annotated[list[_Matrix], Field(max_length=_SNAPSHOTS)]
    fields: Annotated[list[_Row], Field(max_length=_SNAPSHOTS)]
    metrics: Annotated[list[Annotated[dict[_Name, float], Field(max_length=100)]], Field(max_length=_SNAPSHOTS)]
    seconds: Annotated[float, Field(ge=0, le=1e12)]


class Checkpoint(_Table):
    """What a checkpoint holds: of which run it is, its players, and what was measured on the way."""

    format: int
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    epochs: Annotated[int, Field(ge=1, le=10_000_000)] | None = None  # that it is to have, unless recipe.toml says so
    measured: Annotated[str, Field(max_length=40)] = ""  # by what: see `Yardstick.mark`
    trainer: _Trainer
    history: _History


def read_checkpoint(path: str | os.PathLike, version: int) -> dict[str, Any]:
    """Read a checkpoint that was written in a version of the format. Nothing in it is executed.

    Raises:
        InputError: no such file, damage, another version, or more than a file may cost.

    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/checkpoint.pt"
    >>> torch.save({"format": 1, "fingerprint": None}, path)
    >>> read_checkpoint(path, 1)
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...checkpoint.pt: no checkpoint of ganatomy, or damaged (fingerprint: Input should ...
    """
    meter = Meter(os.fspath(path))
    content = read_input(path, _ADVICE, meter)
    try:
        _inspect(content, meter)
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        written = found["format"]
        if type(written) is int and written != version:
            raise InputError(
                f"{meter.where}: written in format {printable(written)}, this version reads {version}; {_ADVICE}"
            )
        Checkpoint.model_validate(found)
    except InputError:
        raise
    except ValidationError as error:  # whose own words may show a thing that grows when it is written out
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
        raise _damaged(meter, why) from None
    except Exception as error:  # a damaged file can make the reader raise nearly anything
        raise _damaged(meter, type(error).__name__) from None
    return found


def _damaged(meter: Meter, why: str) -> InputError:
    return InputError(f"{meter.where}: no checkpoint of ganatomy, or damaged ({printable(why)}); {_ADVICE}")


def _inspect(content: bytes, meter: Meter) -> None:
    """See that a file unpacks to no more than its size, and that its pickle asks for tensors and dictionaries only."""
    if content[-22:-18] != _ENDING or content[-2:] != b"\0\0":
        raise ValueError("no archive")
    with open_archive(io.BytesIO(content), meter) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("a compressed archive")
        meter.draw("bytes", sum(member.file_size for member in members))
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("an archive of more than there is")
        (name,) = (member.filename for member in members if member.filename.endswith("/data.pkl"))
        for count, (code, value, _) in enumerate(pickletools.genops(archive.read(name))):
            if count % 1000 == 0:
                meter.draw("objects", 1000)
            if code.name in ("GLOBAL", "STACK_GLOBAL", "INST") and value not in _NAMED:
                raise ValueError("a pickle of other things")
