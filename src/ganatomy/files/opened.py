"""One file, opened once: its hash and all that is read of it come through the same descriptor.

A path may lead to another file at any moment. So an `OpenFile` keeps the file that it opened: one that is put in its
place later is never read. Whether the file itself was written to is seen by its size and its time of change, after each
reading. Only some are held open at a time; one that was closed meanwhile is opened again when it is read, and refused
unless it is the same file, unchanged, of the same hash where that was asked for.

Not guaranteed: to notice somebody who writes into the file and sets its time back.
"""

import errno
import hashlib
import io
import os
import threading
import weakref
from pathlib import Path
from typing import cast

from ganatomy.errors import InputError
from ganatomy.files.budget import Meter
from ganatomy.files.names import printable
from ganatomy.files.reading import open_input

_MOST = 16  # files that are held open
_CHUNK = 1 << 20
_LOCK = threading.RLock()  # around every use of a descriptor: it has one position, and may be closed for another's sake
_HELD: "list[weakref.ref[OpenFile]]" = []


class OpenFile:
    """An ordinary file that is read from now and then, as it was when it was opened; closed when nobody has it.

    Args:
        path: the file.
        advice: what to do if there is none.

    Raises:
        InputError: as `open_input`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a"
    >>> _ = path.write_bytes(b"abc")
    >>> opened = OpenFile(path)
    >>> _ = path.with_name("b").write_bytes(b"another")
    >>> _ = path.with_name("b").replace(path)
    >>> opened.read(1, 9), opened.size, opened.sha256[:8]
    (b'bc', 3, 'ba7816bf')
    """

    def __init__(self, path: str | os.PathLike, advice: str = "give another path") -> None:
        self.path, self._sha256 = Path(path), ""
        with _LOCK:
            self._open(advice)
            self._seen = self._state()
        self.size = self._seen[2]

    def __repr__(self) -> str:
        return f"<OpenFile {printable(self.path, None)}: {self.size:,} bytes>"

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, 64 lower-case hex digits; computed once.

        Raises:
            InputError: it cannot be read, was changed, or takes more time than the budget allows.
        """
        if not self._sha256:
            self._sha256 = self._hash()
        return self._sha256

    def read(self, position: int, count: int) -> bytes:
        """Return `count` bytes from a position on, or as many as there are.

        Raises:
            InputError: it cannot be read, or was changed.
        """
        data = bytearray(max(0, min(count, self.size - position)))
        del data[self.fill(data, position) :]
        return bytes(data)

    def fill(self, target: "bytearray | memoryview", position: int) -> int:
        """Read bytes from a position on into a buffer; return how many there were.

        Raises:
            InputError: it cannot be read, or was changed.
        """
        view, done = memoryview(target).cast("B"), 0
        with _LOCK:
            self._reopen()
            try:
                self._stream.seek(position)
                while done < len(view) and (count := self._stream.readinto(view[done:])):
                    done += count
            except (OSError, ValueError) as error:  # ValueError: a position that no file has
                why = getattr(error, "strerror", None) or error
                raise InputError(f"{self._name} cannot be read: {printable(why)}") from None
            self._check()
        return done

    def stream(self) -> io.BufferedReader:
        """Return a stream of its bytes, from the beginning; to close it closes nothing."""
        return io.BufferedReader(_Reader(self), 1 << 16)

    def release(self) -> None:
        """Close it for now; it is opened again when it is read."""
        with _LOCK:
            self._close()

    @property
    def _name(self) -> str:
        return printable(self.path, None)

    def _open(self, advice: str) -> None:
        buffered = cast("io.BufferedReader", open_input(self.path, advice))
        self._stream = buffered.detach()  # without a buffer, which would give old bytes
        self._close = weakref.finalize(self, self._stream.close)
        _HELD[:] = [held for held in _HELD if held() not in (None, self)]
        while len(_HELD) >= _MOST:
            if (oldest := _HELD.pop(0)()) is not None:
                oldest.release()
        _HELD.append(weakref.ref(self))

    def _reopen(self) -> None:
        """Open it again where it was closed: as the file that it was."""
        if self._close.alive:
            return
        self._open("was it removed?")
        self._check()
        if self._sha256 and self._hash() != self._sha256:
            raise self._changed()

    def _state(self) -> tuple[int, ...]:
        found = os.fstat(self._stream.fileno())
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _check(self) -> None:
        if self._state() != self._seen:
            raise self._changed()

    def _changed(self) -> InputError:
        self.release()
        return InputError(f"{self._name} was changed after it had been opened; open it again")

    def _hash(self) -> str:
        digest, buffer, position = hashlib.sha256(), memoryview(bytearray(_CHUNK)), 0
        meter = Meter(self.path)  # a file of a few bytes on the disk may claim to be a terabyte of zeros
        while count := self.fill(buffer, position):
            meter.tick()
            digest.update(buffer[:count])
            position += count
        return digest.hexdigest()


class _Reader(io.RawIOBase):
    """The bytes of an `OpenFile` as a stream without a buffer."""

    def __init__(self, opened: OpenFile) -> None:
        self._opened, self._position = opened, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._opened.size}[whence]
        if position < 0:
            raise OSError(errno.EINVAL, "a position before the beginning")  # as files say it; zipfile asks
        self._position = position
        return position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        count = self._opened.fill(buffer, self._position)
        self._position += count
        return count
