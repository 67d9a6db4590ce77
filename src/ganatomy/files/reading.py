"""Files of strangers, opened for reading: ordinary files only, once, and text through a door that knows its shape.

JSON and TOML are held against a pydantic model before anybody looks at them. A model says what a file must hold where
it is used, a `Table` of our own words: `Line` for what is shown to people, `Stem` for what a file is called by.
"""

import datetime
import json
import math
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, BinaryIO, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ganatomy.errors import InputError, complaint
from ganatomy.files.budget import Meter
from ganatomy.files.names import encodable, file_name, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_JSON = 1 << 28  # bytes; the largest of ours are a tenth of it
_TOML = 1 << 18  # bytes; people write it, and its reader is slow
_LETTERS = 4000  # of a line
_DIGITS = 25  # of a whole number; ours have 19 at most
_DOTS = 500  # of a key in TOML, whose reader takes their square in time
_DATES = (datetime.date, datetime.time)
Model = TypeVar("Model", bound=BaseModel)


class Table(BaseModel):
    """What a file must hold: no number that is none, nothing of another kind; keys that it does not name are let be.

    >>> class Card(Table):
    ...     size: int
    >>> parse_json('{"size": 5, "colour": "red"}', "card.json", Card)
    Card(size=5)
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


def _one_line(text: str) -> str:
    return text if text.isprintable() and len(text) <= _LETTERS else printable(text, _LETTERS)


def _stem(text: str) -> str:
    if not text or file_name(text) != text:
        raise ValueError(f"= {ascii(text)[:60]}: is no part of a file's name")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
"""Text that is shown in a line: what commands a terminal is taken out, and what nobody reads to its end is cut."""

Stem = Annotated[str, AfterValidator(_stem)]
"""Text that a file is called by, as `file_name` would have it."""

Count = Annotated[int, Field(ge=0, le=1 << 53)]
"""A whole number of things."""


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


@contextmanager
def utf8_path(path: str | os.PathLike) -> Iterator[str]:
    """Yield a path for a library that takes UTF-8 only: the path, or one that leads to the file while it is open.

    Raises:
        InputError: as `open_input`, of a file whose name is no UTF-8.

    >>> with utf8_path("a.safetensors") as path:
    ...     path
    'a.safetensors'
    """
    text = os.fspath(path)
    if encodable(text) == text or not os.path.isdir("/dev/fd"):
        yield text
        return
    with open_input(text) as stream:
        yield f"/dev/fd/{stream.fileno()}"


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

    Refused in any case: a key that is there twice, numbers that JSON has no word for or that nobody needs, characters
    that no text has, and more or deeper than the budget allows.

    Args:
        content: the text, UTF-8.
        where: what to call it in messages.
        model: what it must be; one that is strict still takes a list for a tuple.

    Raises:
        InputError: it is no such JSON, or not of the model.

    >>> class Card(BaseModel, strict=True):
    ...     licence: str
    >>> parse_json('{"licence": "MIT"}', "card.json", Card).licence
    'MIT'
    >>> parse_json('{"licence": 5}', "card.json", Card)
    Traceback (most recent call last):
    ganatomy.errors.InputError: card.json: licence = 5: should be a valid string
    """
    meter = Meter(where)
    if len(content) > _JSON:
        raise InputError(f"{meter.where}: longer than any such file ({len(content):,} bytes)")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        meter.draw("objects", sum(map(text.count, "[{,:")))  # no fewer than there are
        hooks = {"parse_int": _whole, "parse_float": _finite, "parse_constant": _finite}
        plain = json.loads(text, object_pairs_hook=_once, **hooks)
        _walk(plain, meter)
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"{meter.where}: damaged, nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{meter.where}: damaged, no JSON ({printable(error, 80)})") from None
    if model is None:
        return plain
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(printable(f"{meter.where}: {complaint(error, model)}", None)) from None


def parse_toml(content: bytes | str, where: object) -> dict[str, Any]:
    """Read TOML as plain data, without dates, of which nothing here has any.

    Raises:
        InputError: it is no TOML; it is larger or nested more deeply than anybody writes it.

    >>> parse_toml("penalties.clip = 0.5", "mine.toml")
    {'penalties': {'clip': 0.5}}
    >>> parse_toml("epochs = 1979-05-27", "mine.toml")
    Traceback (most recent call last):
    ganatomy.errors.InputError: mine.toml: epochs is a date, 1979-05-27; give a number or text
    """
    meter = Meter(where)
    if len(content) > _TOML:
        raise InputError(f"{meter.where}: longer than anybody writes TOML ({len(content):,} bytes)")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        parts = re.split(r"[\n,=\[\]{}]", text.translate({ord(" "): None, ord("\t"): None}))
        if max(part.count(".") for part in parts) > _DOTS:
            raise RecursionError
        plain = tomllib.loads(text)
        _walk(plain, meter)
    except InputError:
        raise
    except ValueError as error:  # of TOML, of UTF-8, or a number of thousands of digits
        raise InputError(f"{meter.where}: not a TOML file: {printable(error)}") from None
    except RecursionError:
        raise InputError(f"{meter.where}: its tables are nested too deeply") from None
    return plain


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice!r:.40} twice")
    return table


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.40} is no number")
    return number


def _walk(plain: Any, meter: Meter) -> None:
    """Go through all that was read, level by level: how deep it is, and of what."""
    level, depth = [plain], 0
    while level:
        meter.at_most("nesting", depth)
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item, *item.values()]
                for key, value in item.items():
                    if isinstance(value, _DATES):
                        raise InputError(f"{meter.where}: {printable(key)} is a date, {value}; give a number or text")
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str):
                item.encode()  # which half a surrogate pair cannot be
            elif isinstance(item, _DATES):
                raise InputError(f"{meter.where}: a list holds a date, {item}; give numbers or text")
        level, depth = below, depth + 1
