"""The cache: each fetched file beside a record of what it was when it came.

An entry is a folder with one weight file NAME and its record NAME.json: source, SHA-256, size, and by whose word that
hash was taken (the card's, one that was given, or `pinned`: nobody's, the first file to come). The constraint: a file
is used only if its hash is the one expected, checked at every use, and expected is what was given, else the card's,
else the record's. A hash of nobody's word is pinned only of a file that whoever asks for it recognises (`check`). File
and record appear whole or not at all, and of several processes one fetches and the others wait for it. An entry that is
in order is read without writing anything, so a cache that is read-only serves. Nothing is written through a link below
the cache's folder, which itself may be one.

Not guaranteed: that a record was not changed by somebody who can write to the cache.

No arrays here, hence no shapes; sizes are in bytes.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs
from filelock import FileLock, Timeout

from ganatomy.errors import InputError
from ganatomy.files import Count, Folder, Line, budget, open_input, parse_json, printable, replacing, strict_json
from ganatomy.files import Table as FileTable
from ganatomy.generators.zoo.downloads import Expected, FetchError, Say, WrongFile, sha256_of
from ganatomy.generators.zoo.sources import Hub, Package, Sha256, Web

State = Literal["ok", "damaged", "missing", "unchecked"]
Check = Callable[[Path], object]
"""Raises an `InputError` for a file that is not of the wanted kind."""
_LONGEST = 1 << 16  # bytes of a record


def cache_folder() -> Path:
    """Return the folder that fetched files are kept in: GANATOMY_CACHE, or else the system's place for caches.

    Raises:
        InputError: what the variable says is no folder's path.

    >>> cache_folder().is_absolute()
    True
    """
    given = os.environ.get("GANATOMY_CACHE")
    try:
        if given:
            return Path(given).expanduser().absolute()
        return platformdirs.user_cache_path("ganatomy", appauthor=False)
    except (RuntimeError, OSError) as error:  # nobody's home; no working directory
        why = f"GANATOMY_CACHE={printable(given)}: {printable(error)}" if given else f"no place for caches: {error}"
        raise InputError(f"{why}; give the whole path of a folder in GANATOMY_CACHE") from None


def address_folder(address: str) -> Path:
    """Return the folder of what was fetched from an address.

    >>> address_folder("https://example.org/G.pth").name
    '797b089387605c1f'
    """
    return cache_folder() / "addresses" / hashlib.sha256(address.encode()).hexdigest()[:16]


class Record(FileTable):
    """What a file was when it came; only its name, source and hash are ever asked for."""

    name: Line
    source: Line
    sha256: Sha256
    size: Count
    hash_from: Literal["card", "given", "pinned"]


def read_record(path: Path) -> Record | None:
    """Read a record; None if there is none that can be read.

    >>> read_record(Path("nowhere.json"))
    """
    try:
        with open_input(path) as file:
            return parse_json(file.read(_LONGEST), path, Record)
    except (InputError, OSError):
        return None


@dataclass(frozen=True)
class CacheEntry:
    """One file in the cache, there or not: its name in messages, its folder, and where it can be had."""

    name: str
    folder: Path
    sources: tuple[Package | Hub | Web, ...]
    known: Expected = field(default_factory=Expected)  # by the card
    notice: str = ""  # to be shown once; only what has a card has one
    own: str = ""  # where a person's own file would be looked for

    @property
    def path(self) -> Path:
        """Where the file is or would be."""
        return self.folder / self.sources[0].filename

    @property
    def record_path(self) -> Path:
        """Where its record is or would be."""
        return self.path.with_name(self.path.name + ".json")

    @property
    def is_here(self) -> bool:
        """Whether there is something at its path."""
        return os.path.exists(self.path)

    def record(self) -> Record | None:
        """Read the record; None if there is none that can be read."""
        return read_record(self.record_path)

    def obtain(self, given: str | None, trust: bool, say: Say, check: Check | None = None) -> tuple[str, str]:
        """See that the file is there and is the one expected; return its SHA-256 and by whose word it is right.

        Args:
            given: the SHA-256 that it must have, if somebody said one.
            trust: whether to pin a hash that nobody knows.
            say: called with each line that a person should see.
            check: refuses a file of another kind before its hash is pinned; without it, anything is taken.

        Raises:
            InputError: its hash is unknown and `trust` is not given; it cannot be fetched; the cache is read-only.
        """
        expected, word = self._expected(given)
        if not self._is_held(expected):
            if expected.sha256 is None and not trust:
                raise InputError(
                    f"{self.name}: nobody has checked the hash of this file, so what comes could be anything; give its "
                    f"`sha256`, or take what comes first with `trust=True`, which pins its hash"
                )
            with self._locked(say):
                expected, word = self._expected(given)  # another process may have pinned it meanwhile
                if not self._is_held(expected) and not (trust and self._adopt(expected, say, check)):
                    self._fetch(expected, word, say, check)
                expected, word = self._expected(given)
        self.show_notice(say)
        assert expected.sha256 is not None, self
        return expected.sha256, word

    def state(self) -> State:
        """Hash the file and compare: missing, damaged, ok, or unchecked, when there is nothing to compare it with."""
        expected, _ = self._expected(None)
        if not self.is_here:
            return "missing"
        if expected.sha256 is None:
            return "unchecked"
        return "ok" if self._is_held(expected) else "damaged"

    def show_notice(self, say: Say) -> None:
        """Say the notice, unless it was said before in these words."""
        seen = self.folder / "notice.txt"
        with suppress(OSError, UnicodeError, InputError), open_input(seen) as file:
            if file.read(_LONGEST).decode() == self.notice:
                return
        if self.notice:
            for line in self.notice.splitlines():
                say(line)
            with suppress(OSError, InputError):  # a read-only cache: then it is said again
                self._make()
                with replacing(seen) as file:
                    file.write(self.notice.encode())

    def _expected(self, given: str | None) -> tuple[Expected, str]:
        record = self.record()
        for sha256, word in ((given, "given"), (self.known.sha256, "card"), (record and record.sha256, "pinned")):
            if sha256:
                return Expected(sha256, self.known.prefix, self.known.size), word
        return self.known, ""

    def _is_held(self, expected: Expected) -> bool:
        return expected.sha256 is not None and self.is_here and sha256_of(self.path) == expected.sha256

    def _adopt(self, expected: Expected, say: Say, check: Check | None) -> bool:
        """Pin a file that somebody put here by hand."""
        if expected.sha256 is not None or not self.is_here:
            return False
        sha256, size = sha256_of(self.path), self.path.stat().st_size
        if complaint := expected.complaint(sha256, size):
            raise WrongFile(f"{self.path} is not the file it should be: {complaint}; remove it")
        if check is not None:
            check(self.path)
        self._write_record(str(self.path), sha256, "pinned", say)
        return True

    def _fetch(self, expected: Expected, word: str, say: Say, check: Check | None) -> None:
        if self.is_here:
            say(f"{self.path} is damaged or another file (its hash differs); fetching it again")
        for number, source in enumerate(self.sources, 1):
            try:
                source.fetch(self.path, expected, say)
                if not word and check is not None:
                    self._recognise(source.address, check)
            except FetchError as error:
                if number < len(self.sources):
                    say(f"{error}; trying the next source")
                    continue
                place = f"put it at {self.path}" + (f" or {self.own}" if self.own else "")
                remedy = f"{source.elsewhere} and {place if self.notice else 'give its path instead'}"
                if isinstance(error, WrongFile):
                    remedy = "it was not kept: it was changed on the way or at its source"
                    remedy += ", or that hash is another's" if word else ""
                    if word == "pinned":
                        remedy += f"; to pin it anew, remove {self.record_path}"
                kind = WrongFile if isinstance(error, WrongFile) else FetchError
                raise kind(f"{self.name}: {error}; {remedy}") from None
            self._write_record(source.address, sha256_of(self.path), word or "pinned", say)
            return

    def _recognise(self, address: str, check: Check) -> None:
        """Remove what came if it is not of the wanted kind."""
        try:
            check(self.path)
        except InputError as error:
            with suppress(OSError):
                self.path.unlink()
            raise WrongFile(f"{address} brings another kind of file: {error}") from None
        except BaseException:
            with suppress(OSError):
                self.path.unlink()
            raise

    def _write_record(self, source: str, sha256: str, word: str, say: Say) -> None:
        size = self.path.stat().st_size
        record = {"name": self.name, "source": source, "sha256": sha256, "size": size, "hash_from": word}
        with replacing(self.record_path) as file:
            file.write(f"{strict_json(record)}\n".encode())
        if word == "pinned":
            say(f"pinned the sha256 of {self.name} as it came: {sha256} (checked by nobody)")

    def _make(self) -> None:
        """Make the folder, through no link below the cache's own."""
        root = cache_folder()
        root.mkdir(parents=True, exist_ok=True)
        Folder(root).make(self.folder.relative_to(root).as_posix())

    @contextmanager
    def _locked(self, say: Say) -> Iterator[None]:
        lock, patience = FileLock(self.folder / ".lock"), budget().fetching
        try:
            self._make()
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say(f"waiting for another process that fetches {self.name}")
                lock.acquire(timeout=patience)
        except Timeout:
            raise InputError(
                f"another process has been fetching {self.name} for {patience:,} seconds; stop it, or try later"
            ) from None
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"cannot write to the cache {self.folder}: {reason}; name another folder in GANATOMY_CACHE"
            ) from None
        try:
            with suppress(OSError):
                Folder(self.folder).remove_parts()  # which a killed process left
            yield
        finally:
            lock.release()
