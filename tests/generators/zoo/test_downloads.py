"""Fetching over https: whole or not at all, resumed where it broke off, and nothing but the file expected.

The files are served by this process, without TLS: what stands in for a connection over TLS leads to it from any host.
"""

import hashlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ganatomy.errors import InputError
from ganatomy.generators.zoo import downloads, https
from ganatomy.generators.zoo.downloads import Expected, FetchError, WrongFile, from_https

CONTENT = bytes(range(256)) * 3000  # 768 kB: several reads
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one content at every path, as its attributes say, and notes the Range of each request."""

    daemon_threads = True

    def __init__(self):
        self.content, self.kind, self.etag = CONTENT, "application/octet-stream", '"1"'
        self.cut = None  # bytes after which the connection is closed
        self.length = True  # whether Content-Length is said
        self.location = None
        self.shift = 0  # how far a partial answer begins from where it was asked to
        self.ranges = []
        self.refusal = None
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_):
        """Say nothing of a client that stops listening."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, wanted = self.server, self.headers.get("Range")
        server.ranges.append(wanted)
        if server.refusal:
            self.send_error(server.refusal)
            return
        if server.location:
            self.send_response(302)
            self.send_header("Location", server.location)
            self.end_headers()
            return
        start = 0
        if wanted and self.headers.get("If-Range") == server.etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start and start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", server.kind)
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        if start:
            first = start + server.shift
            self.send_header("Content-Range", f"bytes {first}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        self.wfile.write(body[: server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture
def fetch(server, tmp_path, monkeypatch):
    """Fetch https://here/a%20b/G.pth from the server into this test's folder."""

    def connect(host, timeout, **_):
        assert timeout > 0
        return http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=timeout)

    monkeypatch.setattr(https.http.client, "HTTPSConnection", connect)
    said = []

    def run(expected=Expected(), url="https://here/a b/生成器.pth"):  # noqa: B008 (it is frozen)
        from_https(url, tmp_path / "G.pth", expected, said.append)
        return (tmp_path / "G.pth").read_bytes()

    run.said = said
    return run


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_alone(fetch, server, tmp_path):
    assert fetch(Expected(SHA256, SHA256[:8], len(CONTENT))) == CONTENT
    assert (_names(tmp_path), server.ranges) == (["G.pth"], [None])


def test_a_broken_fetch_goes_on_where_it_broke_off(fetch, server, tmp_path):
    server.cut = 500_000
    with pytest.raises(FetchError, match="broke after 500000 of 768000 bytes; the same command goes on"):
        fetch()
    assert _names(tmp_path) == ["G.pth.part", "G.pth.part.json"]
    server.cut = None
    assert fetch() == CONTENT
    assert (_names(tmp_path), server.ranges) == (["G.pth"], [None, "bytes=500000-"])


@pytest.mark.parametrize("etag", ['"2"', None], ids=["another file", "no tag"])
def test_a_part_of_another_file_is_not_gone_on_with(fetch, server, etag):
    server.cut, server.content = 500_000, b"old" * 256_000
    with pytest.raises(FetchError, match="broke"):
        fetch()
    server.cut, server.content, server.etag = None, CONTENT, etag
    assert fetch() == CONTENT


def test_a_part_of_another_address_is_not_gone_on_with(fetch, server):
    server.cut = 500_000
    with pytest.raises(FetchError, match="broke"):
        fetch(url="https://here/other.pth")
    server.cut = None
    assert fetch() == CONTENT
    assert server.ranges == [None, None]


@pytest.mark.parametrize("weak", ["", 'W/"1"'])
def test_without_a_strong_tag_a_fetch_begins_anew(fetch, server, weak):
    server.cut, server.etag = 500_000, weak
    with pytest.raises(FetchError, match="broke"):
        fetch()
    server.cut = None
    assert fetch() == CONTENT
    assert server.ranges == [None, None]


def test_a_part_that_is_whole_already_is_fetched_anew(fetch, server, tmp_path):
    (tmp_path / "G.pth.part").write_bytes(CONTENT)
    (tmp_path / "G.pth.part.json").write_text(
        '{"url": "https://here/a b/生成器.pth", "validator": "\\"1\\""}', encoding="utf-8"
    )
    assert fetch() == CONTENT
    assert server.ranges == ["bytes=768000-", None]


def test_an_answer_that_begins_elsewhere_is_not_appended(fetch, server):
    server.cut = 500_000
    with pytest.raises(FetchError, match="broke"):
        fetch()
    server.cut, server.shift = None, 1
    assert fetch() == CONTENT


@pytest.mark.parametrize("mark", ["", "{}", "[]", '{"url": 1, "validator": 2}', "\udcff"])
def test_a_damaged_mark_means_a_new_start(fetch, tmp_path, mark):
    (tmp_path / "G.pth.part").write_bytes(b"rubbish")
    (tmp_path / "G.pth.part.json").write_text(mark, encoding="utf-8", errors="surrogateescape")
    assert fetch() == CONTENT


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (Expected(sha256=64 * "0"), f"its sha256 is {SHA256}, not {64 * '0'}"),
        (Expected(prefix=8 * "0"), "which does not begin with 00000000"),
        (Expected(size=767_999), "it is 768000 bytes long, not 767999"),
    ],
)
def test_another_file_than_expected_leaves_what_was_there(fetch, tmp_path, expected, words):
    (tmp_path / "G.pth").write_bytes(b"former")
    with pytest.raises(WrongFile) as caught:
        fetch(expected)
    assert words in str(caught.value)
    assert (_names(tmp_path), (tmp_path / "G.pth").read_bytes()) == (["G.pth"], b"former")


def test_the_hash_speaks_for_a_file_of_unknown_length(fetch, server, tmp_path):
    server.length = False
    with pytest.raises(WrongFile, match="its sha256 is"):
        fetch(Expected(sha256=64 * "0"))
    assert _names(tmp_path) == []
    assert fetch(Expected(sha256=SHA256)) == CONTENT


def test_no_more_than_the_size_on_the_card_is_taken(fetch, server, tmp_path):
    server.length, server.content = False, bytes(5_000_000)
    with pytest.raises(WrongFile, match=r"it is (\d+) bytes long, not 1000") as caught:
        fetch(Expected(size=1000))
    assert int(str(caught.value).split("it is ")[1].split()[0]) < 1_000_000
    assert _names(tmp_path) == []


def test_a_file_of_unknown_length_and_hash_is_refused(fetch, server):
    server.length = False
    with pytest.raises(FetchError, match="neither how long it is nor is its hash known"):
        fetch()


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("text/html; charset=utf-8", b"PK\3\4", r"a page \(text/html\) and no weights"),
        ("application/json", b'{"error": "login"}', r"a page \(application/json\)"),
        ("application/octet-stream", b"\n <!DOCTYPE html><html>", "a web page and no weights"),
        ("application/octet-stream", b"<HTML><body>moved", "a web page"),
        ("text/plain", b"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer"),
    ],
)
def test_no_page_passes_for_weights(fetch, server, tmp_path, kind, content, words):
    server.kind, server.content = kind, content
    with pytest.raises(FetchError, match=words):
        fetch()
    assert _names(tmp_path) == []


def test_a_redirect_to_http_is_not_followed(fetch, server, tmp_path):
    server.location = "http://127.0.0.1:1/G.pth"
    with pytest.raises(FetchError, match=r"leads to http://127.0.0.1:1/G.pth, which is not https://"):
        fetch()
    assert _names(tmp_path) == []


@pytest.mark.parametrize(("code", "words"), [(404, "404 Not Found"), (401, "401 Unauthorized"), (416, "416 ")])
def test_a_refusal_is_passed_on(fetch, server, tmp_path, code, words):
    server.refusal = code
    with pytest.raises(FetchError, match=f"the server answers {words}"):
        fetch()
    assert _names(tmp_path) == []


@pytest.mark.parametrize("error", [OSError("Name or service not known"), TimeoutError("timed out"), OSError(101, "no")])
def test_no_network_is_one_line(tmp_path, monkeypatch, error):
    def fail(host, **_):
        raise error

    monkeypatch.setattr(https.http.client, "HTTPSConnection", fail)
    with pytest.raises(FetchError, match=r"cannot fetch https://here/G.pth: (Name or|timed out|no)"):
        from_https("https://here/G.pth", tmp_path / "G.pth", Expected(), print)
    assert _names(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_is_not_blamed_on_the_network(fetch, tmp_path):
    (tmp_path / "G.pth.part").mkdir()
    with pytest.raises(InputError, match="cannot write") as caught:
        fetch()
    assert not isinstance(caught.value, FetchError)


def test_a_long_fetch_says_how_far_it_is(fetch, server, monkeypatch):
    monkeypatch.setattr(downloads, "_QUIET", 100)
    fetch()
    assert len(fetch.said) >= 2
    assert all(line.endswith("of 1 MB") for line in fetch.said)
