"""Ask a server for a file over https, and wait for it no longer than a `Clock` allows.

One address is asked with GET. It begins with https://, and so do those that it is redirected to, ten at most; the
server's certificate must be valid. What stands around the file is bounded: a hundred headers of 65,536 characters, and
of an answer that redirects or refuses nothing is read but its headers. Guaranteed: each read ends with the clock,
however slowly bytes drip, and what goes wrong is a `FetchError` of one printable line.

Not guaranteed: that a redirect leads to the public net. An address of one's own network is asked like any other, since
a mirror may be there; nothing goes there but the GET, without cookies or passwords. Nor that names are looked up in
time: the system does that.

No arrays here, hence no shapes; times are in seconds.

References:
    R. Fielding, M. Nottingham and J. Reschke (2022), HTTP Semantics (RFC 9110).
"""

import http.client
import io
import socket
import time
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from ganatomy.errors import InputError
from ganatomy.files import budget, printable

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""


class FetchError(InputError):
    """A file cannot be had from where it was sought; another source, or a person, may still bring it.

    >>> issubclass(FetchError, InputError)
    True
    """


class Refusal(FetchError):
    """The server answers, but with no file; `status` is its number for why."""

    def __init__(self, url: str, status: int, reason: object) -> None:
        super().__init__(
            f"cannot fetch {printable(url, None)}: the server answers {status} {printable(reason)}".strip()
        )
        self.status = status


class Late(TimeoutError):
    """The time for a fetch has passed."""


class Clock:
    """How much of the time for one fetch has passed, of what the budget gives it (`fetching`).

    >>> 0 <= Clock().passed < Clock().patience()
    True
    """

    def __init__(self) -> None:
        self.given = budget().fetching
        self._began = time.monotonic()

    @property
    def passed(self) -> float:
        """Seconds since it was set."""
        return time.monotonic() - self._began

    def patience(self) -> float:
        """Return for how long the next byte is waited for.

        Raises:
            Late: no time is left.
        """
        left = self.given - self.passed
        if left <= 0:
            raise Late(f"it took more than {self.given:,} seconds")
        return min(TIMEOUT, left)


def ask(url: str, headers: dict[str, str], clock: Clock) -> http.client.HTTPResponse:
    """Ask for a file and return the server's answer, of which nothing but its headers is read; the caller closes it.

    Raises:
        Refusal: an answer of 400 or more, or that leads nowhere.
        FetchError: anything else that goes wrong on the way.
        InputError: the address is not https.

    >>> ask("http://example.org/a.pt", {}, Clock())
    Traceback (most recent call last):
    ganatomy.errors.InputError: http://example.org/a.pt: only https:// addresses are fetched; what http:// brings ...
    """
    shown = printable(url, None)
    if not url.lower().startswith("https://"):
        raise InputError(
            f"{shown}: only https:// addresses are fetched; what http:// brings anyone on the way can change"
        )
    try:
        request = Request(quote(url, safe="%/:=&?~#+!$,;'@()*[]"), headers={"User-Agent": "ganatomy", **headers})
        return build_opener(_OnlyHttps, _Connecting(clock)).open(request, timeout=clock.patience())
    except HTTPError as error:
        error.close()
        raise Refusal(url, error.code, error.reason) from None
    except (OSError, http.client.HTTPException, ArithmeticError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FetchError(f"cannot fetch {shown}: {printable(why)}") from None


class _OnlyHttps(HTTPRedirectHandler):
    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        fp.close()  # or all that comes with the redirect would be read
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if not newurl.lower().startswith("https://"):
            here, there = printable(req.full_url), printable(newurl)
            raise FetchError(f"{here} leads to {there}, which is not https://, so it was not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Connecting(HTTPSHandler):
    """Connects so that every read heeds the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect, req)  # pyright: ignore[reportArgumentType] (it is called, never looked at)

    def _connect(self, host: str, **how: Any) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(host, **how)
        answer: Any = partial(_Answer, clock=self._clock)
        connection.response_class = answer
        return connection


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, clock: Clock, **how: Any) -> None:
        super().__init__(sock, *args, **how)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock, clock))


class _Timed(io.RawIOBase):
    """Reads from a socket, each time for as long as the clock allows."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket, self._clock = sock, clock
        self._raw = sock.makefile("rb", buffering=0)  # it keeps the socket open, whoever else closes it

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._clock.patience())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
