"""Files of strangers, opened for reading: ordinary files only, once, and JSON through a door that knows its shape."""

import json
import os
import stat
from contextlib import suppress
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from ganatomy.errors import InputError, complaint
from ganatomy.files.budget import Meter
from ganatomy.files.names import printable

_JSON = 1 << 28  # bytes; the largest of ours are a tenth of it
Model = TypeVar("Model", bound=BaseModel)


def open_input(path: str | os.PathLike, advice: str = "give another path") -> BinaryIO:
    """Open an ordinary file for reading; a pipe or a device, on which one may wait for ever, is refused.

    Raises:
        InputError: no such file, a folder, no ordinary file, or one that cannot be read.

    >>> open_input("nowhere.npz")
    Traceback (most recent call last):
    ganatomy.errors.InputError: nowhere.npz: no such file; give another path
    """
    shown = printable(os.fspath(path), None)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise InputError(f"{shown}: no such file; {advice}") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        if os.path.isdir(path):  # which Windows does not open
            raise InputError(f"{shown} is a folder; {advice}") from None
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{shown} cannot be read: {printable(why)}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise InputError(f"{shown} is {kind}; {advice}")
    with suppress(AttributeError, OSError):
        os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def read_input(path: str | os.PathLike, advice: str = "give another path", meter: Meter | None = None) -> bytes:
    """Read an ordinary file whole, within the budget.

    Raises:
        InputError: as `open_input`; it is larger than the budget allows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = file.write_text("1 2")
    >>> read_input(file)
    b'1 2'
    """
    meter = meter or Meter(os.fspath(path))
    with open_input(path, advice) as stream:
        size = os.fstat(stream.fileno()).st_size
        meter.draw("bytes", size)
        try:
            return stream.read(size + 1)  # one that is still growing is not followed for ever
        except OSError as error:
            raise InputError(f"{printable(path, None)} cannot be read: {error.strerror or error}") from None


def parse_json(content: bytes | str, where: object, model: type[Model] | None = None) -> Any:
    """Read JSON as a model, or as plain data where none is given.

    Args:
        content: the text, UTF-8.
        where: what to call it in messages.
        model: what it must be.

    Raises:
        InputError: it is no JSON, or not of the model.

    >>> class Card(BaseModel, strict=True):
    ...     licence: str
    >>> parse_json('{"licence": "MIT"}', "card.json", Card).licence
    'MIT'
    >>> parse_json('{"licence": 5}', "card.json", Card)
    Traceback (most recent call last):
    ganatomy.errors.InputError: card.json: licence = 5: should be a valid string
    """
    shown = printable(where, None)
    if len(content) > _JSON:
        raise InputError(f"{shown}: longer than any such file ({len(content):,} bytes)")
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown}: damaged, no JSON ({printable(error, 80)})") from None
    if model is None:
        return plain
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise InputError(printable(f"{shown}: {complaint(error, model)}", None)) from None
    except RecursionError:
        raise InputError(f"{shown}: damaged, nested too deeply") from None
