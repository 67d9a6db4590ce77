"""Files that appear whole or not at all, and folders that one piece of work owns.

A file is written under a temporary name beside its target and renamed onto it, which a file system does at once. So a
reader never sees half a file, and an error leaves the former one as it was. Not guaranteed: that the bytes have
reached the disk when the machine loses power.

A folder holds a mark, such as `.ganatomy`, with the *fingerprint* of its work, a digest of all that decides it, so that
only the same work goes on in it; and `.lock`, held while it is written. With a summary.json it is finished, and is
never changed unless told to; one with the mark of another kind of work is never written to. Not guaranteed: locks on
network file systems that have none.
"""

import csv
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.files.names import encodable

_MASK = os.umask(0)  # it can only be read by setting it
os.umask(_MASK)
_MODE = 0o666 & ~_MASK


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` at the end, or remove it upon any error.

    Raises:
        InputError: the folder is missing, full or cannot be written to, or `path` is a folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as part:
    ...     _ = part.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        yield part
        os.chmod(part, _MODE)  # some writers make private files, which is no use to whom one sends them
        os.replace(part, path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; choose a folder that exists and has room"
        ) from error
    finally:
        with suppress(OSError):  # it is gone after success, and may never have been
            part.unlink()


class OwnedFolder:
    """A folder that is opened for writing with `claim`. What owns it is said by the class attributes.

    Attributes:
        noun: what the folder holds, in messages.
        others: what may differ in other work of the kind, in messages.
        mark_name: of the file with the fingerprint, another for each kind of work, since none may touch another's.
        owned: names that `claim` removes when it is forced; nothing else is ever removed.

    >>> import tempfile
    >>> folder = OwnedFolder(Path(tempfile.mkdtemp()) / "work")
    >>> with folder.claim("abc"):
    ...     folder.write_json("summary.json", {"seed": 0})
    >>> folder.finished
    True
    """

    noun = "result"
    others = "other settings"
    mark_name = ".ganatomy"
    owned: tuple[str, ...] = ("summary.json", "log.txt")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def finished(self) -> bool:
        """Whether the work came to its end: the summary is written last."""
        return (self.path / "summary.json").is_file()

    @property
    def begun(self) -> bool:
        """Whether such work was ever written here: each leaves its mark before it writes anything else."""
        return (self.path / self.mark_name).is_file()

    def check(self, mark: str, force: bool = False) -> None:
        """Refuse a folder that the work of this fingerprint must not write to; nothing is changed.

        Raises:
            InputError: finished work (without force), other unfinished work, or a folder that holds other things.
        """
        try:
            present = {entry.name for entry in self.path.iterdir()}
        except FileNotFoundError:
            return
        except NotADirectoryError:
            raise InputError(f"{self.path} is a file or below one; choose another `out`") from None
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}; choose another `out`") from None
        if present and not self.begun:
            seen = min(present, key=lambda name: (name.startswith("."), name))
            raise InputError(f"{self.path} holds other things ({seen}); choose another `out`")
        if force:
            return
        if self.finished:
            raise InputError(
                f"{self.path} holds a finished {self.noun}; choose another `out`, or `force=True` to replace it"
            )
        if self.begun and self.unfinished() not in (None, mark):
            raise InputError(
                f"{self.path} holds an unfinished {self.noun} {self.other_work()}; choose another `out`, or "
                f"`force=True` to replace it"
            )

    def other_work(self) -> str:
        """Say how the unfinished work that is here may differ from what was to be done."""
        return f"of {self.others}"

    def unfinished(self) -> str | None:
        """Return the fingerprint of the work that was begun here; None if nothing of it is worth keeping."""
        return (self.path / self.mark_name).read_text(encoding="utf-8", errors="replace").strip() or None

    def claim(self, mark: str, force: bool = False) -> FileLock:
        """Take the folder for the work of this fingerprint, making or (with force) emptying it; hold while writing.

        Raises:
            InputError: as `check`; the folder cannot be made; another process is writing to it.
        """
        self.check(mark, force)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / self.mark_name).touch()
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise InputError(f"{self.path} is being written by another process; wait for it or stop it") from None
        except OSError as error:
            raise InputError(f"cannot write to {self.path}: {error.strerror or error}; choose another `out`") from None
        try:
            self.check(mark, force)  # again: another process may have been here in between
            for name in self.owned if force else ():
                entry = self.path / name
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
            for part in self.path.rglob(".*.part"):  # what a kill while writing left behind
                part.unlink()
            (self.path / self.mark_name).write_text(mark + "\n", encoding="utf-8")
        except OSError as error:
            lock.release()
            raise InputError(f"cannot write to {self.path}: {error.strerror or error}; choose another `out`") from None
        except BaseException:
            lock.release()
            raise
        return lock

    def log(self, line: str) -> None:
        """Append a line with the time to log.txt."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            with open(self.path / "log.txt", "a", encoding="utf-8") as file:
                file.write(f"{stamp}  {line}\n")
        except OSError as error:
            raise InputError(f"cannot write {self.path / 'log.txt'}: {error.strerror or error}") from None

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all."""
        with replacing(self.path / name) as part:
            part.write_text(text, encoding="utf-8", newline="\n")

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write strict JSON (see `strict_json`)."""
        self.write_text(name, strict_json(content) + "\n")

    def write_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file with a header."""
        with replacing(self.path / name) as part, open(part, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a compressed .npz file."""
        with replacing(self.path / name) as part, open(part, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)


class Stages:
    """The steps of one work, each done once: what it gave lies in a hidden folder until all are done.

    A result is a file that appears whole or not at all, so that one which is there is of a step that is done. Steps
    that take long may besides append to files of their own as they go on.

    Args:
        folder: which is claimed.

    >>> import tempfile
    >>> folder = OwnedFolder(Path(tempfile.mkdtemp()))
    >>> for _ in range(2):
    ...     stages = Stages(folder)
    ...     print(stages.done("sum.npz"), stages.arrays("sum.npz", lambda: {"sum": np.arange(4).sum()})["sum"])
    False 6
    True 6
    >>> stages.clear()
    >>> list(folder.path.iterdir())
    []
    """

    NAME = ".work"

    def __init__(self, folder: OwnedFolder) -> None:
        self._folder = folder

    def file(self, name: str) -> Path:
        """Return the path of a file of a step; its folder is there.

        Raises:
            InputError: the folder cannot be made.
        """
        path = self._folder.path / self.NAME / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write to {path.parent}: {error.strerror or error}") from None
        return path

    def done(self, name: str) -> bool:
        """Say whether the file of a step is there."""
        return (self._folder.path / self.NAME / name).is_file()

    def arrays(self, name: str, make: Callable[[], Mapping[str, ArrayLike]]) -> dict[str, np.ndarray]:
        """Return the arrays that a step gives, which is done if it was not: they are read from its file.

        Args:
            name: of the file, ending in .npz.
            make: does the step.

        Raises:
            InputError: what the step raises; a file that cannot be written.
        """
        path = self.file(name)
        if not path.is_file():
            made = {key: np.asarray(array) for key, array in make().items()}
            self._folder.write_arrays(f"{self.NAME}/{name}", made)
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}

    def clear(self) -> None:
        """Remove all that the steps left."""
        shutil.rmtree(self._folder.path / self.NAME, ignore_errors=True)


def strict_json(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """Write JSON that every reader takes; numbers that JSON has no word for become null, and text is `encodable`.

    >>> print(strict_json({"ratio": float("nan")}))
    {
      "ratio": null
    }
    """
    return encodable(json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(content: Any) -> Any:
    """Replace nan and infinities by None, all the way down."""
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
