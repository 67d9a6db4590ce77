"""Folders that one piece of work owns, and the steps of that work.

A folder holds a mark, such as `.ganatomy`, with the *fingerprint* of its work, a digest of all that decides it, so that
only the same work goes on in it; and `.lock`, held while it is written. With a summary.json it is finished, and is
never changed unless told to; one with the mark of another kind of work is never written to. Nothing is removed but what
bears a name of the work's own, and, as in every `Folder`, nothing is written through a link. Not guaranteed: locks on
network file systems that have none.
"""

import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.files.arrays import read_arrays
from ganatomy.files.folder import Folder, Place
from ganatomy.files.names import encodable, printable, spreadsheet_safe


class OwnedFolder(Folder):
    """A folder that is opened for writing with `claim`. What owns it is said by the class attributes.

    Attributes:
        noun: what the folder holds, in messages.
        others: what may differ in other work of the kind, in messages.
        mark_name: of the file with the fingerprint, another for each kind of work, since none may touch another's.
        owned: names that `claim` removes when it is forced; nothing else is ever removed.

    >>> import tempfile
    >>> folder = OwnedFolder(f"{tempfile.mkdtemp()}/work")
    >>> with folder.claim("abc"):
    ...     folder.write_json("summary.json", {"seed": 0})
    >>> folder.finished
    True
    """

    noun = "result"
    others = "other settings"
    mark_name = ".ganatomy"
    owned: tuple[str, ...] = ("summary.json", "log.txt")

    @property
    def finished(self) -> bool:
        """Whether the work came to its end: the summary is written last."""
        return self.is_file("summary.json")

    @property
    def begun(self) -> bool:
        """Whether such work was ever written here: each leaves its mark before it writes anything else."""
        return self.is_file(self.mark_name)

    def check(self, mark: str, force: bool = False, goes_on: Callable[[], bool] | None = None) -> None:
        """Refuse a folder that the work of this fingerprint must not write to; nothing is changed.

        Args:
            mark: the fingerprint.
            force: whether finished and other work may be replaced.
            goes_on: says of work of this kind, finished or of another fingerprint, whether this work goes on from it.

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
        if force or (goes_on is not None and self.begun and goes_on()):
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
        return self.read(self.mark_name).decode("utf-8", errors="replace").strip() or None

    def claim(self, mark: str, force: bool = False, goes_on: Callable[[], bool] | None = None) -> FileLock:
        """Take the folder for the work of this fingerprint, making or (with force) emptying it; hold while writing.

        The arguments are those of `check`.

        Raises:
            InputError: as `check`; the folder cannot be made; another process is writing to it.
        """
        self.check(mark, force, goes_on)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.check_links(self._first)
            self.open(self.mark_name, "ab").close()
            self.open(".lock", "ab").close()  # which refuses one that is somebody's file under another name
            lock.acquire()
        except Timeout:
            raise InputError(f"{self.path} is being written by another process; wait for it or stop it") from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            self.check(mark, force, goes_on)  # again: another process may have been here in between
            for name in self.owned if force else ():
                self.remove(name)
            for name in {""} | {first for first in self._first if self.is_folder(first)}:
                self.remove_parts(name)
            self.write_text(self.mark_name, mark + "\n")
        except OSError as error:
            lock.release()
            raise self._unwritable(error) from None
        except BaseException:
            lock.release()
            raise
        return lock

    @property
    def _first(self) -> list[str]:
        """What is here of the names that this work writes right below its folder."""
        ours = {self.mark_name, ".lock", Stages.NAME, *(name.partition("/")[0] for name in self.owned)}
        return [name for name in self.names() if name in ours]

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"cannot write to {self.path}: {error.strerror or error}; choose another `out`")

    def log(self, line: str) -> None:
        """Append a line with the time to log.txt."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            with self.open("log.txt", "ab") as file:
                file.write(f"{stamp}  {printable(line, None)}\n".encode())
        except OSError as error:
            raise InputError(f"cannot write {self.path / 'log.txt'}: {error.strerror or error}") from None

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all, `encodable`."""
        with self.writing(name) as file:
            file.write(encodable(text).encode())

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write strict JSON (see `strict_json`)."""
        self.write_text(name, strict_json(content) + "\n")

    def write_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file with a header, in which no spreadsheet takes a text for a formula."""
        with self.writing(name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([spreadsheet_safe(cell) for cell in row] for row in rows)
            text.detach()

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a compressed .npz file."""
        with self.writing(name) as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)


class Stages:
    """The steps of one work, each done once: what it gave lies in a hidden folder until all are done.

    A result is a file that appears whole or not at all, so that one which is there is of a step that is done. Steps
    that take long may besides append to files of their own as they go on.

    Args:
        folder: which is claimed.

    >>> import tempfile
    >>> folder = OwnedFolder(tempfile.mkdtemp())
    >>> for _ in range(2):
    ...     stages = Stages(folder)
    ...     done, made = stages.done("sum.npz"), lambda: {"sum": np.arange(4).sum()}
    ...     print(done, stages.arrays("sum.npz", made, {"sum": ()})["sum"])
    False 6
    True 6
    >>> stages.clear()
    >>> list(folder.path.iterdir())
    []
    """

    NAME = ".work"

    def __init__(self, folder: OwnedFolder) -> None:
        self._folder = folder

    def file(self, name: str) -> Place:
        """Return the file of a step."""
        return self._folder.at(f"{self.NAME}/{name}")

    def done(self, name: str) -> bool:
        """Say whether the file of a step is there."""
        return self.file(name).exists()

    def arrays(
        self, name: str, make: Callable[[], Mapping[str, ArrayLike]], shapes: Mapping[str, Sequence[int | None]]
    ) -> dict[str, np.ndarray]:
        """Return the arrays that a step gives, which is done if it was not: they are read from its file.

        Args:
            name: of the file, ending in .npz.
            make: does the step.
            shapes: of the arrays, all of which are there, and numbers; None for any length.

        Raises:
            InputError: what the step raises; a file that cannot be written, is damaged, or holds anything else.
        """
        if not self.done(name):
            made = {key: np.asarray(array) for key, array in make().items()}
            self._folder.write_arrays(f"{self.NAME}/{name}", made)
        arrays = read_arrays(self.file(name), advice="`force=True` begins anew")
        alike = arrays.keys() == shapes.keys() and all(
            array.dtype.kind in "biuf"
            and array.ndim == len(shapes[key])
            and all(wanted in (None, size) for size, wanted in zip(array.shape, shapes[key], strict=True))
            for key, array in arrays.items()
        )
        if not alike:
            where = printable(self.file(name), None)
            raise InputError(f"{where}: damaged (other arrays than this step gives); `force=True` begins anew")
        return arrays

    def clear(self) -> None:
        """Remove all that the steps left, as far as that can be done."""
        with suppress(OSError):
            self._folder.remove(self.NAME)


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
