"""A server that answers what it is told to, by the rules of HTTP or not."""

import contextlib
import re
import socket
import threading


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
