"""A server that answers what it is told to, by the rules of HTTP or not, and a watch over who fetches from it."""

import contextlib
import re
import resource
import socket
import threading
from random import Random

from ganatomy.errors import InputError
from ganatomy.files import spending
from ganatomy.generators.loading import fetch, read_checkpoint
from ganatomy.generators.zoo.cache import cache_folder


class Server:
    """Answers each request with the bytes that `answer` yields, and notes what was asked and how much was taken.

    It speaks without TLS; `connect` stands in for `http.client.HTTPSConnection` and leads to it from any host.
    """

    def __init__(self, answer=None):
        self.answer = answer
        self.requests, self.sent = [], 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self, host, timeout=30, **_):
        """Connect to this server, whatever the host."""
        import http.client

        http.client.HTTPConnection(host)  # which looks at the port
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def close(self):
        """Take no more requests."""
        self._listening.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._reply, args=(connection,), daemon=True).start()

    def _reply(self, connection):
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request and (read := connection.recv(65536)):
                request += read
            self.requests.append(request.decode("latin-1"))
            for chunk in self.answer(self.requests[-1]):
                connection.sendall(chunk)
                self.sent += len(chunk)


def head(status="200 OK", **headers):
    """The beginning of an answer; names of headers with _ for -."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def start_of(request):
    """From which byte on a request wants the file."""
    asked = re.search(r"Range: bytes=(\d+)-", request)
    return int(asked[1]) if asked else 0


def endless(chunk=bytes(65536)):
    """Yield the same bytes until nobody listens."""
    while True:
        yield chunk


def honest(content, etag='"1"', cut=None):
    """Answer as an ordinary server, which may break off."""

    def answer(request):
        start = start_of(request)
        rest = content[start:]
        told = {"ETag": etag, "Content_Length": len(rest)}
        if start:
            told["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        yield head("206 Partial Content" if start else "200 OK", **told)
        yield rest[:cut]

    return answer


def chunked(*chunks, end=b"0\r\n\r\n"):
    """Answer in chunks, whose sizes are given as text or follow from them."""

    def answer(request):
        yield head(Transfer_Encoding="chunked", ETag='"1"')
        for chunk in chunks:
            size, data = chunk if isinstance(chunk, tuple) else (f"{len(chunk):x}", chunk)
            yield f"{size}\r\n".encode()
            yield from ([data, b"\r\n"] if isinstance(data, bytes) else data)
        yield end

    return answer


# At random

_STATUS = (
    "200 OK",
    "206 Partial Content",
    "204 None",
    "302 Found",
    "100 Continue",
    "416 Range",
    "500 x",
    "-1 x",
    "999 x",
)
_STRANGE = (
    "",
    "-1",
    "0",
    "1",
    "9" * 30,
    "9" * 5000,
    "abc",
    "\x1b]0;a\x07",
    "\xff\xfe",
    "x" * 70_000,
    "*",
    ", ,",
    "/",
    '"1"',
)
_NAMES = (
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Content-Encoding",
    "Transfer-Encoding",
    "ETag",
    "Location",
)
_VALUES = (
    "gzip",
    "chunked",
    "identity",
    "text/html",
    "bytes 0-9/10",
    "bytes 500-1399/1400",
    "/b",
    "https://b/",
    "http://b",
)
_LEADS = (
    "/again",
    "https://here:x/",
    "http://here/a",
    "file:///etc/passwd",
    "//\x00/",
    "https://[::1/",
    "https://here:" + "9" * 30,
)
_SIZES = ("-1", "0", "ffffffffffff", "-ffffffffffffffffffffff", "zz", "1" * 70_000, "5;a=b", " 5", "")


def wild(random, content):
    """Return an answer like an honest server's, with some of it wrong."""

    def answer(request):
        start = start_of(request) if random.random() < 0.8 else random.choice((0, 1, 500, 10**12))
        rest = content[start:]
        told = {"ETag": random.choice(('"1"', '"1"', '"2"', 'W/"1"', "")), "Content-Length": str(len(rest))}
        status = "206 Partial Content" if start else "200 OK"
        if start:
            told["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = [rest]
        ways = random.sample(
            ("status", "drop", "header", "body", "chunks", "cut", "lead", "endless", "bytes"),
            random.choice((0, 1, 1, 2, 4)),
        )
        if "status" in ways:
            status = random.choice(_STATUS)
        if "drop" in ways:
            told.pop(random.choice(list(told)))
        if "header" in ways:
            for _ in range(random.choice((1, 2, 120))):
                name = random.choice((*_NAMES, f"X-{random.random()}"))
                told[name] = random.choice((*_STRANGE, *_VALUES))
        if "lead" in ways:
            status, told["Location"] = "302 Found", random.choice((*_LEADS, *_STRANGE))
        if "body" in ways:
            body = [
                random.choice(
                    (b"", b"<html>", bytes(3000), rest[: len(rest) // 2], rest + b"more", random.randbytes(2000))
                )
            ]
        if "chunks" in ways:
            told.pop("Content-Length", None)
            told["Transfer-Encoding"] = "chunked"
            sizes = [random.choice((f"{len(part):x}", *_SIZES)) for part in body]
            body = [x for size, part in zip(sizes, body, strict=True) for x in (f"{size}\r\n".encode(), part, b"\r\n")]
            body += random.choice(([b"0\r\n\r\n"], [], [b"0\r\n", b"X: y\r\n" * 500]))
        whole = f"HTTP/1.1 {status}\r\n".encode("latin-1")
        whole += b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in told.items()) + b"\r\n"
        whole += b"".join(body)
        if "bytes" in ways:
            whole = bytearray(whole)
            for _ in range(random.choice((1, 3, 30))):
                whole[random.randrange(min(len(whole), 300))] = random.randrange(256)
        if "cut" in ways:
            whole = whole[: random.randrange(len(whole))]
        yield bytes(whole)
        if "endless" in ways:
            yield from endless()

    return answer


def fetch_from_wild(server, seed, content, sha256):
    """Fetch some times from a server that answers at random; return what came of each, or fail if it is not in order.

    In order is the file itself, where its hash is known, or one that opens as a generator; else one printable line, no
    record, and no more in the cache than the budget.
    """
    random, came, most = Random(seed), [], 4 * len(content)
    known = random.choice((sha256, None))
    server.answer = wild(random, content)
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            with spending(bytes=most):
                file = fetch(f"https://here/{seed}/G.pth", sha256=known, trust=True, say=_unsaid)
            came.append("fetched")
            assert known is None or file.path.read_bytes() == content
            read_checkpoint(file.path)
        except InputError as error:
            came.append("refused")
            said = str(error)
            assert said.isprintable(), said
            assert len(said) < 2000, said
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 50_000, f"{grown} kB"
        files = {path.name: path.stat().st_size for path in cache_folder().rglob("*") if path.is_file()}
        assert set(files) <= {"G.pth", "G.pth.json", "G.pth.part", "G.pth.part.json", ".lock"}, files
        assert sum(files.values()) <= most + 20_000, files
        assert ("G.pth" in files) == ("G.pth.json" in files) == ("fetched" in came), files
    for path in sorted(cache_folder().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return came


def _unsaid(line):
    assert line.isprintable()
