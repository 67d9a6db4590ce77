"""Fetch one file over https, whole or not at all.

A fetch takes an address to a `target` path under an `Expected`: SHA-256, the beginning of one, and size in bytes, each
of which may be unknown. The constraint: `target` appears only when all bytes have come and everything expected of them
holds, and it appears by a rename; until then and upon every error it is left as it was. What is no weight file (a web
page that a redirect or a proxy put in its place) is refused by its type and its first bytes, even where no hash is
known. A fetch that ends early leaves `target.part`, if the server says by what it knows the file, and the next goes on
from there if it is still the same one.

A server can cost no more than the `Budget` says: the file's size (the expected one where it is known, else `bytes`),
told or not, and its time (`fetching`), which ends earlier if bytes only drip. What a server calls the file is not
looked at.

Not guaranteed: that a file of unknown hash is what its author published, nor a generator at all (see `cache`); that the
bytes have reached the disk when the machine loses power; that two fetches to one target at once agree (the caller holds
a lock, see `cache`).

No arrays here, hence no shapes; sizes are in bytes, and 1 MB is 10^6 of them.

References:
    R. Fielding, M. Nottingham and J. Reschke (2022), HTTP Semantics (RFC 9110), sections 8.6, 13.1.5, 14 and 15.3.7.
"""

import http.client
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile, budget, printable
from ganatomy.generators.zoo.https import Clock, FetchError, Late, Refusal, ask
from ganatomy.generators.zoo.part import Part

_CHUNK = 1 << 18
_LEAST = 256  # bytes; no weights are shorter
_BEGINNING = 64  # bytes by which a page is known
_GRACE, _SLOWEST = 60, 1000  # seconds after which so many bytes a second must have come
_QUIET = 20_000_000  # bytes; a fetch below this needs no word on how far it is
_PAGES = ("text/html", "application/xhtml+xml", "application/json", "application/xml", "text/xml")
_NO_WEIGHTS = {b"<!doctype": "a web page", b"<html": "a web page", b"<head": "a web page", b"<?xml": "an XML page"}
_NO_WEIGHTS |= {b"version https://git-lfs": "a git-lfs pointer"}

Say = Callable[[str], None]


class WrongFile(FetchError):
    """What came is not the file that was expected.

    >>> issubclass(WrongFile, FetchError)
    True
    """


@dataclass(frozen=True)
class Expected:
    """What must hold of a file: its SHA-256 (64 hex digits), the first digits of it, its size in bytes, or None.

    >>> Expected(size=3).complaint("ba78...", 4)
    'it is 4 bytes long, not 3'
    """

    sha256: str | None = None
    prefix: str | None = None
    size: int | None = None

    def complaint(self, sha256: str, size: int) -> str:
        """Say in half a sentence what does not hold of a file with this hash and size; nothing if all does."""
        if self.size is not None and size != self.size:
            return f"it is {size} bytes long, not {self.size}"
        if self.sha256 is not None and sha256 != self.sha256:
            return f"its sha256 is {sha256}, not {self.sha256}"
        if self.prefix is not None and not sha256.startswith(self.prefix):
            return f"its sha256 is {sha256}, which does not begin with {self.prefix}"
        return ""


def sha256_of(path: str | os.PathLike) -> str:
    """Compute the SHA-256 of a file: 64 lower-case hex digits.

    Raises:
        InputError: it cannot be read, or is no ordinary file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "abc"
    >>> _ = path.write_bytes(b"abc")
    >>> sha256_of(path)[:16]
    'ba7816bf8f01cfea'
    """
    return OpenFile(path, "check the path").sha256


def from_https(url: str, target: Path, expected: Expected, say: Say) -> None:
    """Fetch a file over https, going on where an earlier fetch was cut off.

    Args:
        url: begins with https://; so must every address that it is redirected to.
        target: where the file appears; its folder exists.
        expected: what must hold of it.
        say: called with a line now and then.

    Raises:
        FetchError: no network, a refusal, a web page in its place, a file other than expected, one that is larger or
            takes longer than the budget allows.
        InputError: `url` is not https, or `target` cannot be written.

    >>> from_https("http://example.org/a.pt", Path("a.pt"), Expected(), print)
    Traceback (most recent call last):
    ganatomy.errors.InputError: http://example.org/a.pt: only https:// addresses are fetched; what http:// brings ...
    """
    part, clock, shown = Part(target, url), Clock(), printable(url, None)
    if not _came(url, part, expected, clock, say):  # the server does not go on from where the part ends
        part.forget()
        _came(url, part, expected, clock, say)  # which now asks for the whole
    complaint = expected.complaint(sha256_of(part.path), part.size)
    if not complaint and expected == Expected() and part.size < _LEAST:
        complaint = f"it has {part.size} bytes, and no weights are so short"
    if complaint:
        part.forget()
        raise WrongFile(f"{shown} is not the file it should be: {complaint}")
    part.become_whole()


def _came(url: str, part: Part, expected: Expected, clock: Clock, say: Say) -> bool:
    """Let a file come into its part; False if the server does not go on with what the part is of."""
    begun, done = part.begun(), 0
    try:
        answer = ask(url, {"Range": f"bytes={part.size}-", "If-Range": begun.validator} if begun else {}, clock)
    except Refusal as error:
        if error.status == 416 and begun:  # such as when the part is as long as the file
            return False
        raise
    with answer:
        total = _length(answer, url)
        if answer.status == 206 and begun:
            done, total = part.size, _end(answer, part.size, total)
            if total is None or total != (begun.total or total):
                return False
        elif answer.status != 200:
            raise Refusal(url, answer.status, answer.reason)
        try:
            most = _check(answer, url, total, expected)
        except FetchError:
            part.forget()
            raise
        if not done:
            part.begin(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "", total)
        _receive(answer, url, part, total, most, clock, say)
    return True


def _length(answer: HTTPResponse, url: str) -> int | None:
    """Return how many bytes the server says that it sends; None if it does not say."""
    told = answer.headers.get("Content-Length")
    if told is not None and not re.fullmatch("[0-9]{1,18}", told := told.strip(" \t")):
        raise FetchError(f"{printable(url, None)} says that it is {printable(told, 40)} bytes long, which is no length")
    return None if told is None else int(told)


def _end(answer: HTTPResponse, start: int, length: int | None) -> int | None:
    """Return how long the whole file is of which the server sends the rest; None if it sends something else."""
    told = re.fullmatch(
        r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", answer.headers.get("Content-Range", "").strip()
    )
    if told is None or int(told[1]) != start:
        return None
    end = int(told[2]) + 1
    return end if told[3] in ("*", str(end)) and end - start == (end - start if length is None else length) else None


def _check(answer: HTTPResponse, url: str, total: int | None, expected: Expected) -> int:
    """See by an answer's headers that it may be the file; return how many bytes are taken at most."""
    shown, told = printable(url, None), answer.headers
    if (kind := told.get("Content-Type", "").split(";")[0].strip().lower()) in _PAGES:
        raise FetchError(
            f"{shown} brings a page ({kind}) and no weights; it may want a login, or a proxy is in between"
        )
    if (coding := told.get("Content-Encoding", "identity").strip().lower()) not in ("", "identity"):
        raise FetchError(f"{shown} comes packed ({printable(coding, 40)}), which was not asked for")
    if total is None and expected.size is None and expected.sha256 is None:
        raise FetchError(f"{shown} says neither how long it is nor is its hash known, so a cut-off would go unseen")
    if expected.size is None:
        _within_budget(url, total or 0)
    elif total is not None and total != expected.size:
        raise WrongFile(f"{shown} is not the file it should be: it is {total} bytes long, not {expected.size}")
    return budget().bytes if expected.size is None else expected.size


def _within_budget(url: str, size: int) -> None:
    try:
        Meter(url).at_most("bytes", size)
    except InputError as error:
        raise FetchError(str(error)) from None


def _receive(answer: HTTPResponse, url: str, part: Part, total: int | None, most: int, clock: Clock, say: Say) -> None:
    """Write what comes behind the part, until it is whole or a byte more than it may be."""
    done, limit, shown = part.size, most + 1 if total is None else total, printable(url, None)
    told, beginning = done, None if done else b""
    try:
        with part.growing() as file:
            for chunk in _chunks(answer, limit - done, clock):
                if beginning is not None and len(beginning) < _BEGINNING:
                    beginning = (beginning + chunk)[:_BEGINNING]
                    _refuse_page(beginning, shown)
                file.write(chunk)
                file.flush()
                done += len(chunk)
                if total is not None and total > _QUIET and done - told > total / 4:
                    say(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
                    told = done
        if total is not None and done < total:
            raise _Broken("the connection broke")
        if total is None and done > budget().bytes:
            _within_budget(url, done)
    except _Broken as error:
        so_far = f"{done}" if total is None else f"{done} of {total}"
        raise FetchError(f"{shown}: {error} after {so_far} bytes; the same command {_remains(part)}") from None
    except FetchError:
        part.forget()
        raise
    except KeyboardInterrupt:
        say(f"{shown}: {done} bytes came; the same command {_remains(part)}")
        raise


class _Broken(Exception):
    """No more comes."""


def _chunks(answer: HTTPResponse, most: int, clock: Clock) -> Iterator[bytes]:
    """Yield what comes, as it comes."""
    came, since = 0, clock.passed
    try:
        while came < most and (chunk := answer.read1(min(_CHUNK, most - came))):
            came += len(chunk)
            yield chunk
            took = clock.passed - since
            if took > _GRACE and came < most and came < took * _SLOWEST:
                raise _Broken(f"fewer than {_SLOWEST} bytes came a second and it was given up")
    except Late:
        raise _Broken(f"it was ended (GANATOMY_BUDGET=fetching={2 * clock.given} gives it more time)") from None
    except (OSError, http.client.HTTPException, ArithmeticError):  # the latter of a chunk of an absurd size
        raise _Broken("the connection broke") from None


def _refuse_page(beginning: bytes, shown: str) -> None:
    for signature, what in _NO_WEIGHTS.items():
        if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(signature):
            raise FetchError(f"{shown} brings {what} and no weights; fetch the file by hand, in a browser")


def _remains(part: Part) -> str:
    """Say what the next fetch will do; a part that it cannot use is removed."""
    if part.begun():
        return "goes on from there"
    part.forget()
    return "begins anew"
