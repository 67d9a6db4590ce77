"""A folder below which no link is followed, and files that appear in it whole or not at all.

Whoever gives a person a folder may have put links into it that lead out of it, or pipes on which one waits for ever.
So what is done in a `Folder` is done from its descriptor, step by step, and a step that is no folder, or an end that is
no ordinary file, is refused. The folder itself may be reached in any way: that is its owner's choice.

A file is written under a temporary name beside its target and renamed onto it, which a file system does at once. So a
reader never sees half a file, and an error leaves the former one as it was. Not guaranteed: that the bytes have
reached the disk when the machine loses power; that on Windows, which has no such descriptors, nobody puts a link in
place between the look at a step and the step.
"""

import errno
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from ganatomy.errors import InputError
from ganatomy.files.names import printable

_BY_DESCRIPTOR = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FLAGS = {
    "rb": os.O_RDONLY,
    "xb": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "r+b": os.O_RDWR | os.O_CREAT,
}
Mode = Literal["rb", "ab", "r+b"]
_PART, _END = ".ganatomy-", ".part"


@dataclass(frozen=True)
class _Step:
    """A folder that is open: what is done with a name in it, by its descriptor where the system can, else by path."""

    path: Path
    descriptor: int | None

    def at(self, name: str) -> tuple[Any, dict[str, Any]]:
        return (self.path / name, {}) if self.descriptor is None else (name, {"dir_fd": self.descriptor})

    def kind(self, name: str) -> int | None:
        """Return the mode of what a name is of, itself if it is a link; None where there is nothing."""
        where, how = self.at(name)
        try:
            return os.stat(where, follow_symlinks=False, **how).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None

    def open(self, name: str, mode: str) -> BinaryIO:
        where, how = self.at(name)
        if mode != "xb":
            self.require_ordinary(name)  # says it better than the system, which is asked not to follow it all the same
        descriptor = os.open(where, _FLAGS[mode] | _SAFE, 0o666, **how)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or (mode in ("ab", "r+b") and found.st_nlink > 1):
            os.close(descriptor)  # written in place, a file of two names may be somebody's elsewhere
            raise InputError(f"{self.shown(name)} is no ordinary file of its own; remove it")
        return cast("BinaryIO", os.fdopen(descriptor, mode.replace("x", "w")))

    def require_ordinary(self, name: str) -> None:
        mode = self.kind(name)
        if mode is not None and not stat.S_ISREG(mode):
            raise refusal(self.path / name, mode)

    def rename(self, name: str, to: str) -> None:
        if self.descriptor is None:
            os.replace(self.path / name, self.path / to)
        else:
            os.replace(name, to, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def unlink(self, name: str) -> None:
        where, how = self.at(name)
        os.unlink(where, **how)

    def shown(self, name: str) -> str:
        return printable(self.path / name, None)


def refusal(path: Path, mode: int) -> InputError:
    """Make the error for what stands where an ordinary file or folder was to be.

    >>> print(refusal(Path("runs/a/log.txt"), stat.S_IFLNK))
    runs/a/log.txt is a link, and nothing is written through one; remove it
    """
    kinds = {stat.S_IFLNK: "a link, and nothing is written through one", stat.S_IFDIR: "a folder"}
    kind = kinds.get(stat.S_IFMT(mode), "no ordinary file" if not stat.S_ISREG(mode) else "a file, and no folder")
    return InputError(f"{printable(path, None)} is {kind}; remove it")


class Folder:
    """A folder in which files are read and written by names such as "a.txt" or "figures/a.png".

    Every method raises an `InputError` for a name that leads out of the folder, and for a step of one that is a link.

    >>> import tempfile
    >>> folder = Folder(tempfile.mkdtemp())
    >>> with folder.writing("figures/a.txt") as file:
    ...     _ = file.write(b"whole")
    >>> folder.names("figures"), folder.read("figures/a.txt")
    (['a.txt'], b'whole')
    >>> os.symlink("/elsewhere", folder.path / "out")
    >>> folder.read("out/a.txt")
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...out is a link, and nothing is written through one; remove it
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)

    def at(self, name: str) -> "Place":
        """Return a file of this folder, to be handed to who writes or reads it."""
        return Place(self, name)

    @contextmanager
    def _step(self, name: str, make: bool = False) -> Iterator[tuple[_Step, str]]:
        """Open the folder that a name is in, and yield it with the last part of the name."""
        *steps, last = _parts(name)
        if not _BY_DESCRIPTOR:
            path = self.path
            for step in steps:
                _enter(_Step(path, None), step, make)
                path = path / step
            yield _Step(path, None), last
            return
        path, descriptor = self.path, os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for step in steps:
                _enter(_Step(path, descriptor), step, make)
                inner = os.open(step, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=descriptor)
                os.close(descriptor)
                path, descriptor = path / step, inner
            yield _Step(path, descriptor), last
        finally:
            os.close(descriptor)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Yield a new file; at the end it takes its name, and upon any error it goes.

        Raises:
            InputError: it cannot be written; a link or a folder has the name.
        """
        with self._saying(name), self._step(name, make=True) as (step, last):
            part = f"{_PART}{secrets.token_hex(8)}{_END}"
            if stat.S_ISDIR(step.kind(last) or 0):
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            step.require_ordinary(last)
            try:
                with step.open(part, "xb") as file:
                    yield file
                step.rename(part, last)
            finally:
                with suppress(OSError):  # it is gone after success, and may never have been
                    step.unlink(part)

    @contextmanager
    def _saying(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            shown = printable(self.path / name, None)
            raise InputError(
                f"cannot write {shown}: {error.strerror or printable(error)}; choose a folder that exists and has room"
            ) from error

    def open(self, name: str, mode: Mode = "rb") -> BinaryIO:
        """Open an ordinary file, to read ("rb"), to append ("ab") or to change it in place ("r+b", made if missing).

        Raises:
            InputError: it is no ordinary file, or (unless it is read) one that has other names besides.
            OSError: as of the builtin `open`.
        """
        with self._step(name, make=mode != "rb") as (step, last):
            return step.open(last, mode)

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            InputError: it is no ordinary file.
            OSError: it is not there, or cannot be read.
        """
        with self.open(name) as file:
            return file.read()

    def is_file(self, name: str) -> bool:
        """Say whether an ordinary file of that name is there."""
        return stat.S_ISREG(self._mode(name) or 0)

    def is_folder(self, name: str) -> bool:
        """Say whether a folder of that name is there."""
        return stat.S_ISDIR(self._mode(name) or 0)

    def check_links(self, names: Iterable[str]) -> None:
        """Refuse links, pipes and devices under any of these names, and right below those that are folders.

        Raises:
            InputError: there is one.
        """
        every = [path for name in names for path in (name, *(f"{name}/{inner}" for inner in self._inner(name)))]
        for name in every:
            mode = self._mode(name)
            if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise refusal(self.path / name, mode)

    def _inner(self, name: str) -> list[str]:
        return self.names(name) if self.is_folder(name) else []

    def _mode(self, name: str) -> int | None:
        try:
            with self._step(name) as (step, last):
                return step.kind(last)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, name: str = "") -> list[str]:
        """List what is in the folder, or in one of that name in it, sorted; nothing where there is none.

        Raises:
            OSError: it cannot be read.
        """
        try:
            if not name:
                return sorted(os.listdir(self.path))
            with self._step(f"{name}/x") as (step, _):
                return sorted(os.listdir(step.path if step.descriptor is None else step.descriptor))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def make(self, name: str) -> Path:
        """Make a folder of that name, and those on the way, and return its path.

        Raises:
            InputError: it cannot be made.
        """
        with self._saying(name), self._step(f"{name}/x", make=True):
            return self.path / name

    def adopt(self, made: Path, name: str) -> None:
        """Move a finished folder of the same disk, which nobody else writes to, to a name in this one.

        Raises:
            InputError: it cannot be done; the name is taken.
        """
        with self._saying(name), self._step(name, make=True) as (step, last):
            if (mode := step.kind(last)) is not None:
                raise refusal(step.path / last, mode)
            if step.descriptor is None:
                os.rename(made, step.path / last)
            else:
                os.rename(made, last, dst_dir_fd=step.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; a link is refused, and none below is followed.

        Raises:
            InputError: it is a link.
            OSError: it cannot be removed.
        """
        with suppress(FileNotFoundError, NotADirectoryError), self._step(name) as (step, last):
            mode = step.kind(last)
            if mode is None:
                return
            if stat.S_ISLNK(mode):
                raise refusal(step.path / last, mode)
            if stat.S_ISDIR(mode):
                _remove_tree(step, last)
            else:
                step.unlink(last)

    def remove_parts(self, name: str = "") -> None:
        """Remove what a kill while writing left in the folder, or in one of that name in it; nothing else.

        Raises:
            OSError: it cannot be removed.
        """
        for entry in self.names(name):
            middle = entry.removeprefix(_PART).removesuffix(_END)
            if entry == f"{_PART}{middle}{_END}" and len(middle) == 16 and set(middle) <= set("0123456789abcdef"):
                self.remove(f"{name}/{entry}" if name else entry)


def _parts(name: str) -> list[str]:
    """Take a name apart."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\0" in part or (os.sep != "/" and os.sep in part) for part in parts):
        raise InputError(f"'{printable(name)}' is no name of a file in a folder")
    return parts


def _remove_tree(step: _Step, name: str) -> None:
    """Remove a folder with all below it, by descriptor where Python can: it follows no link, itself or below."""
    if step.descriptor is None or sys.version_info < (3, 11):
        shutil.rmtree(step.path / name)
    else:
        shutil.rmtree(name, dir_fd=step.descriptor)


def _enter(step: _Step, name: str, make: bool) -> None:
    """See that a step is a folder, and make it if it is wanted and missing."""
    mode = step.kind(name)
    if mode is None and make:
        where, how = step.at(name)
        with suppress(FileExistsError):  # made by another process just now
            os.mkdir(where, **how)
        mode = step.kind(name)
    if mode is None:
        raise FileNotFoundError(2, "No such file or directory", str(step.path / name))
    if not stat.S_ISDIR(mode):
        raise refusal(step.path / name, mode)


@dataclass(frozen=True)
class Place:
    """A file in a `Folder`, whether it is there or not. As a path it is only to be read, never to be written.

    >>> import tempfile
    >>> place = Folder(tempfile.mkdtemp()).at("work/numbers")
    >>> place.put(0, b"12345678")
    >>> place.truncate(3)
    >>> place.exists(), place.size(), place.path.name
    (True, 3, 'numbers')
    """

    folder: Folder
    name: str

    @classmethod
    def of(cls, path: "str | os.PathLike | Place") -> "Place":
        """Return a path as the place of a file in the folder that it names."""
        if isinstance(path, Place):
            return path
        path = Path(path)
        return cls(Folder(path.parent), path.name)

    @property
    def path(self) -> Path:
        """Its path."""
        return self.folder.path / self.name

    @property
    def suffix(self) -> str:
        """The ending of its name, such as ".png"."""
        return self.path.suffix

    def with_suffix(self, suffix: str) -> "Place":
        """Return the file beside it with another ending."""
        return Place(self.folder, str(Path(self.name).with_suffix(suffix).as_posix()))

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def writing(self) -> Any:
        """Write it whole or not at all; see `Folder.writing`."""
        return self.folder.writing(self.name)

    def open(self, mode: Mode = "rb") -> BinaryIO:
        """Open it; see `Folder.open`."""
        return self.folder.open(self.name, mode)

    def exists(self) -> bool:
        """Say whether an ordinary file is there."""
        return self.folder.is_file(self.name)

    def size(self) -> int:
        """Return how many bytes it has; 0 where there is none."""
        if not self.exists():
            return 0
        with self.open() as file:
            return os.fstat(file.fileno()).st_size

    def put(self, position: int, content: Any) -> None:
        """Write bytes from a position on, and nothing behind them; the file is made if it is missing.

        Raises:
            InputError: it cannot be written.
        """
        try:
            with self.open("r+b") as file:
                file.truncate(position)
                file.seek(position)
                file.write(content)
        except OSError as error:
            shown = printable(self.path, None)
            raise InputError(
                f"cannot write {shown}: {error.strerror or printable(error)}; choose a folder that exists and has room"
            ) from None

    def truncate(self, size: int) -> None:
        """Cut it off behind so many bytes, if it is there.

        Raises:
            InputError: it is no ordinary file of its own.
            OSError: it cannot be changed.
        """
        if self.exists():
            with self.open("r+b") as file:
                file.truncate(size)

    def remove(self) -> None:
        """Remove it, if it is there."""
        self.folder.remove(self.name)


def make_folder(path: str | os.PathLike) -> None:
    """Make a folder that a person named, and those above it, if it is not there.

    Raises:
        InputError: it cannot be made.

    >>> make_folder("/dev/null/a")
    Traceback (most recent call last):
    ganatomy.errors.InputError: cannot write to /dev/null/a: Not a directory; choose another `out`
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        shown, why = printable(os.fspath(path), None), error.strerror or printable(error)
        raise InputError(f"cannot write to {shown}: {why}; choose another `out`") from None


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Yield a new binary file that takes the place of the one at `path` at the end, or goes upon any error.

    Args:
        path: of the file, or a `Place`.

    Raises:
        InputError: the folder is missing, full or cannot be written to, or `path` is a folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as file:
    ...     _ = file.write(b"whole")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    place = Place.of(path)
    if place.name in ("", ".", ".."):
        raise InputError(f"cannot write {printable(path, None)}: it is a folder; name a file")
    with place.writing() as file:
        yield file
