"""What has come of a file so far, beside where it shall be, and by what the server knows the file that it is of.

A part is two files: NAME.part, which grows, and NAME.part.json, its mark. It is gone on with only where the mark is of
the same address and has the server's own word for the file, a strong one; else it is begun anew. Neither is written
through a link, nor into a file that has another name besides, which somebody may have put there.

No arrays here, hence no shapes; sizes are in bytes.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ganatomy.errors import InputError
from ganatomy.files import Table, open_input, parse_json, printable, replacing, strict_json

_LONGEST = 1 << 16  # bytes of a mark
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_OLD = os.O_WRONLY | os.O_APPEND
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Mark(Table):
    """What a part is of: its address, by what the server knows the file, and its whole size, if that is known."""

    url: str
    validator: str
    total: int | None = None


class Part:
    """The part of one file that has come from one address.

    Args:
        target: where the whole file shall be; its folder exists.
        url: the address.

    >>> import tempfile
    >>> part = Part(Path(tempfile.mkdtemp()) / "G.pth", "https://example.org/G.pth")
    >>> part.begin('"1"', 6)
    >>> for text in (b"who", b"le!"):
    ...     with part.growing() as file:
    ...         _ = file.write(text)
    >>> part.begun().total, part.size
    (6, 6)
    >>> part.become_whole()
    >>> [path.name for path in part.path.parent.iterdir()]
    ['G.pth']
    """

    def __init__(self, target: Path, url: str) -> None:
        self._target, self._url = target, url
        self.path, self._mark = (target.with_name(target.name + ending) for ending in (".part", ".part.json"))

    @property
    def size(self) -> int:
        """How many bytes there are; 0 if it is no ordinary file that has one name."""
        try:
            found = self.path.lstat()
        except OSError:
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else 0

    def begun(self) -> Mark | None:
        """Return the mark, if there is something to go on with."""
        try:
            with open_input(self._mark) as file:
                mark = parse_json(file.read(_LONGEST), self._mark, Mark)
        except (InputError, OSError):
            return None
        return mark if mark.url == self._url and _is_strong(mark.validator) and self.size else None

    def begin(self, validator: str, total: int | None) -> None:
        """Begin anew; the mark is written only if the server's word for the file is one to go on with.

        Raises:
            InputError: it cannot be written.
        """
        self.forget()
        if _is_strong(validator):
            mark = {"url": self._url, "validator": validator, "total": total}
            with replacing(self._mark) as part:
                part.write(f"{strict_json(mark)}\n".encode())

    @contextmanager
    def growing(self) -> Iterator[BinaryIO]:
        """Yield the file, to be written behind what is there; upon an error it goes, lest a full disk stay full.

        Raises:
            InputError: it cannot be written.
        """
        try:
            with os.fdopen(os.open(self.path, (_OLD if self.size else _NEW) | _SAFE, 0o666), "ab") as file:
                yield file
        except OSError as error:
            self.forget()
            why = error.strerror or printable(error)
            raise InputError(
                f"cannot write {printable(self.path, None)}: {why}; choose a folder that has room"
            ) from None

    def become_whole(self) -> None:
        """Move it to where it shall be, in place of what is there.

        Raises:
            InputError: it cannot be moved.
        """
        try:
            os.replace(self.path, self._target)
        except OSError as error:
            raise InputError(f"cannot write {printable(self._target, None)}: {error.strerror}") from None
        self.forget()

    def forget(self) -> None:
        """Remove it, and its mark."""
        for path in (self.path, self._mark):
            with suppress(OSError):
                path.unlink()


def _is_strong(validator: str) -> bool:
    """Whether files that a server knows by the same word are the same; and it can be said in a header."""
    return re.fullmatch("[ -~]{1,200}", validator) is not None and not validator.startswith("W/")
