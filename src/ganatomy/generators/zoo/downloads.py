"""Fetch one file over https, whole or not at all.

A fetch takes an address to a `target` path under an `Expected`: SHA-256, the beginning of one, and size in bytes, each
of which may be unknown. The constraint: `target` appears only when all bytes have come and everything expected of them
holds, and it appears by a rename; until then and upon every error it is left as it was. What is no weight file (a web
page that a redirect or a proxy put in its place) is refused by its type and its first bytes, even where no hash is
known. An interrupted fetch leaves `target.part`, and the next goes on from there if the server says that the file is
still the same one.

Not guaranteed: that a file of unknown hash is what its author published; that the bytes have reached the disk when the
machine loses power; that two fetches to one target at once agree (the caller holds a lock, see `zoo`).

No arrays here, hence no shapes; sizes are in bytes, and 1 MB is 10^6 of them.

References:
    R. Fielding, M. Nottingham and J. Reschke (2022), HTTP Semantics (RFC 9110), sections 13.1.5 and 14.
"""

import hashlib
import http.client
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ganatomy.errors import InputError

TIMEOUT = 30.0  # seconds without a byte
_CHUNK = 1 << 18
_QUIET = 20_000_000  # bytes; a fetch below this needs no word on how far it is
_PAGES = ("text/html", "application/xhtml+xml", "application/json", "application/xml", "text/xml")
_NO_WEIGHTS = {b"<!doctype": "a web page", b"<html": "a web page", b"<head": "a web page", b"<?xml": "an XML page"}
_NO_WEIGHTS |= {b"version https://git-lfs": "a git-lfs pointer"}

Say = Callable[[str], None]


class FetchError(InputError):
    """A file cannot be had from where it was sought; another source, or a person, may still bring it.

    >>> issubclass(FetchError, InputError)
    True
    """


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
        InputError: it cannot be read.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "abc"
    >>> _ = path.write_bytes(b"abc")
    >>> sha256_of(path)[:16]
    'ba7816bf8f01cfea'
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; check the path and its permissions") from None
    return digest.hexdigest()


def from_https(url: str, target: Path, expected: Expected, say: Say, opener: Callable[..., Any] | None = None) -> None:
    """Fetch a file over https, going on where an earlier fetch was cut off.

    Args:
        url: begins with https://; so must every address that it is redirected to.
        target: where the file appears; its folder exists.
        expected: what must hold of it.
        say: called with a line now and then.
        opener: stands in for urllib's `open(request, timeout=...)`.

    Raises:
        FetchError: no network, a refusal, a web page in its place, a file other than expected.
        InputError: `url` is not https, or `target` cannot be written.

    >>> from_https("http://example.org/a.pt", Path("a.pt"), Expected(), print)
    Traceback (most recent call last):
    ganatomy.errors.InputError: http://example.org/a.pt: only https:// addresses are fetched; what http:// brings ...
    """
    if not url.lower().startswith("https://"):
        raise InputError(
            f"{url}: only https:// addresses are fetched; what http:// brings anyone on the way can change"
        )
    part, mark = (target.with_name(target.name + ending) for ending in (".part", ".part.json"))
    done, validator = _begun(part, mark, url)
    request = Request(quote(url, safe="%/:=&?~#+!$,;'@()*[]"), headers={"User-Agent": "ganatomy"})
    if done:
        request.add_header("Range", f"bytes={done}-")
        request.add_header("If-Range", validator)
    try:
        with _answer(opener or build_opener(_OnlyHttps).open, request) as response:
            if response.status == 200:
                done = 0
            elif response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
                raise _NoRange
            _receive(response, url, part, mark, done, expected, say)
    except _NoRange:  # such as when the part is as long as the file: ask anew, without it
        _forget(part, mark)
        from_https(url, target, expected, say, opener)
        return
    if complaint := expected.complaint(sha256_of(part), part.stat().st_size):
        _forget(part, mark)
        raise WrongFile(f"{url} is not the file it should be: {complaint}")
    with _writing(target):
        os.replace(part, target)
    _forget(mark)


class _NoRange(Exception):
    """The server does not go on from where the part ends."""


class _OnlyHttps(HTTPRedirectHandler):
    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if not newurl.lower().startswith("https://"):
            raise FetchError(f"{req.full_url} leads to {newurl}, which is not https://, so it was not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _answer(opener: Callable[..., Any], request: Request) -> Iterator[Any]:
    """Open an address; everything that can go wrong on the way becomes one line."""
    url = request.full_url
    try:
        with opener(request, timeout=TIMEOUT) as response:
            yield response
    except HTTPError as error:
        error.close()
        if error.code == 416 and request.has_header("Range"):
            raise _NoRange from None
        raise FetchError(f"cannot fetch {url}: the server answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = (
            getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error) or type(error).__name__
        )
        raise FetchError(f"cannot fetch {url}: {reason}") from None


def _receive(response: Any, url: str, part: Path, mark: Path, done: int, expected: Expected, say: Say) -> None:
    """Append what comes to the part, after a look at what it is."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind in _PAGES:
        _forget(part, mark)
        raise FetchError(f"{url} brings a page ({kind}) and no weights; it may want a login, or a proxy is in between")
    length = response.headers.get("Content-Length")
    total = done + int(length) if length and length.isdigit() else None
    if total is None and expected.size is None and expected.sha256 is None:
        raise FetchError(f"{url} says neither how long it is nor is its hash known, so a cut-off would go unseen")
    if total is not None and expected.size is not None and total != expected.size:
        _forget(part, mark)
        raise WrongFile(f"{url} is not the file it should be: it is {total} bytes long, not {expected.size}")
    validator = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    with _writing(part, part, mark):
        mark.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")
        file = part.open("ab" if done else "wb")
    limit, told, chunk = expected.size or total, done, b"..."
    with file:
        while chunk and (limit is None or done <= limit):  # one that is too long is found out by the caller
            try:
                chunk = response.read(_CHUNK)
            except (OSError, http.client.HTTPException):
                raise FetchError(f"{url}: {_broken(done, total)}") from None
            beginning = chunk[:64].lstrip().lower() if done == 0 else b""
            for signature, what in _NO_WEIGHTS.items():
                if beginning.startswith(signature):
                    file.close()
                    _forget(part, mark)
                    raise FetchError(f"{url} brings {what} and no weights; fetch the file by hand, in a browser")
            with _writing(part, part, mark):
                file.write(chunk)
                file.flush()
            done += len(chunk)
            if total is not None and total > _QUIET and done - told > total / 4:
                say(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
                told = done
    if total is not None and done < total:
        raise FetchError(f"{url}: {_broken(done, total)}")


def _broken(done: int, total: int | None) -> str:
    of = "" if total is None else f" of {total}"
    return f"the connection broke after {done}{of} bytes; the same command goes on from there"


def _begun(part: Path, mark: Path, url: str) -> tuple[int, str]:
    """Find how many bytes an earlier fetch of `url` left, and by what the server knows the file; 0 for a new start."""
    try:
        noted = json.loads(mark.read_text(encoding="utf-8"))
        size, validator = part.stat().st_size, noted["validator"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""
    usable = noted.get("url") == url and isinstance(validator, str) and validator and not validator.startswith("W/")
    return (size, validator) if usable else (0, "")


def _forget(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


@contextmanager
def _writing(path: Path, *scrap: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _forget(*scrap)  # a full disk is not to stay full
        raise InputError(f"cannot write {path}: {error.strerror or error}; choose a folder that has room") from None
