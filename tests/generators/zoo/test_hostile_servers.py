"""Servers that answer as they should not: each fetch ends in one line, within the budget, and leaves no file behind."""

import hashlib
import http.client
import io
import os
import resource
import signal
from collections import Counter

import pytest
import torch

from attacks.servers import Server, chunked, endless, fetch_from_wild, head, honest, start_of
from ganatomy.errors import InputError
from ganatomy.files import spending
from ganatomy.generators.zoo import https
from ganatomy.generators.zoo.downloads import Expected, FetchError, from_https

CONTENT = bytes(range(256)) * 300
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HASHED = Expected(SHA256)
RAW = "application/octet-stream"


@pytest.fixture
def server(monkeypatch):
    one = Server()
    monkeypatch.setattr(https.http.client, "HTTPSConnection", one.connect)
    yield one
    one.close()


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch from the server what an answer brings."""

    def run(*answers, expected=HASHED, most=12, say=lambda text: None):
        for answer in answers:
            server.answer = answer
        from_https("https://here/G.pth", tmp_path / "G.pth", expected, say)
        assert len(server.requests) <= most
        return (tmp_path / "G.pth").read_bytes()

    return run


@pytest.fixture
def refused(fetch, server, tmp_path):
    """Fetch in vain: return the line that is said, after a look that nothing was left."""

    def run(answer, **how):
        with pytest.raises(FetchError) as caught:
            fetch(answer, **how)
        said = str(caught.value)
        assert said.isprintable()
        assert len(said) < 500
        assert os.listdir(tmp_path) == []
        assert len(server.requests) <= 12
        return said

    return run


def _always(*chunks):
    return lambda request: iter(chunks)


def _begun(fetch, server):
    """Leave a part of 1000 bytes, and forget what was asked."""
    with pytest.raises(FetchError, match=r"broke after 1000 of 76800 bytes; the same command goes on from there"):
        fetch(honest(CONTENT, cut=1000))
    server.requests.clear()


# Answers


@pytest.mark.parametrize(
    "status", ["204 No Content", "206 Partial Content", "299 Strange", "304 Not Modified", "600 x"]
)
def test_an_answer_without_the_file_is_passed_on(refused, status):
    assert f"the server answers {status[:3]}" in refused(_always(head(status, Content_Length=9), b"something"))


@pytest.mark.parametrize("status", ["204 No Content", "202 Accepted", "416 Range Not Satisfiable", "500 x"])
def test_a_refusal_to_go_on_ends(fetch, server, status):
    _begun(fetch, server)
    with pytest.raises(FetchError, match=f"the server answers {status[:3]}"):
        fetch(_always(head(status)))
    assert len(server.requests) <= 2


@pytest.mark.parametrize(
    "told",
    [
        "bytes 1000-76799/99999",
        "bytes 1000-99999/76800",
        "bytes 1000-77000/77001",  # another total than at first
        "bytes 1000-999/1000",
        "bytes 0-76799/76800",
        "bytes 1000-76799/",
        "bytes */76800",
        "items 1000-76799/76800",
        "bytes 1000-" + "9" * 5000 + "/*",
        None,
    ],
)
def test_a_rest_that_is_none_is_not_appended(fetch, server, told):
    _begun(fetch, server)

    def answer(request):
        if not start_of(request):
            return honest(CONTENT)(request)
        headers = {} if told is None else {"Content_Range": told}
        return iter([head("206 Partial Content", Content_Length=75800, ETag='"1"', **headers), bytes(75800)])

    assert fetch(answer) == CONTENT
    assert [start_of(request) for request in server.requests] == [1000, 0]


def test_a_server_that_never_goes_on_is_asked_twice(fetch, server):
    _begun(fetch, server)
    with pytest.raises(FetchError, match="the server answers 206"):
        fetch(_always(head("206 Partial Content", Content_Length=10, Content_Range="bytes 7-16/20"), bytes(10)))
    assert len(server.requests) == 2


@pytest.mark.parametrize("length", ["-1", "abc", "1_000", "+768", "7, 7", "9" * 5000, "1e3", "٣", "768\x1f"])
def test_a_length_that_is_no_number_is_refused(refused, length):
    told = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
    assert "which is no length" in refused(_always(told, CONTENT))


def test_what_is_packed_is_refused(refused):
    said = refused(_always(head(Content_Length=76800, Content_Encoding="gzip"), CONTENT))
    assert "comes packed (gzip), which was not asked for" in said


def test_what_the_server_calls_a_file_is_not_looked_at(fetch, tmp_path):
    told = head(Content_Length=76800, Content_Disposition='attachment; filename="../../evil.pth"')
    assert fetch(_always(told, CONTENT)) == CONTENT
    assert os.listdir(tmp_path) == ["G.pth"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0" * 9000,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 " + b"\x1b]0;" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 404 \x1b]0;title\x07\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n : \r\nContent-Length\r\n\r\n",
    ],
    ids=["nothing", "zeros", "ssh", "status", "reason", "escape", "headers", "header", "colon"],
)
def test_what_is_no_answer_is_one_line(refused, answer):
    refused(_always(answer), expected=Expected())


# Redirects


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://here/G.pth", "infinite loop"),
        ("http://here/G.pth", "which is not https://"),
        ("file:///etc/passwd", "not allowed"),
        ("ftp://here/G.pth", "which is not https://"),
        ("data:application/octet-stream,abc", "not allowed"),
        ("https://here:99999999999999999999999999/G.pth", "cannot fetch"),
        ("https://here:x/G.pth", "nonnumeric port"),
        ("https://[::1/G.pth", "cannot fetch"),
        ("https:///G.pth", "infinite loop"),
        ("//\x1b]0;a/G.pth", "cannot fetch"),
        ("https://" + "a" * 60_000, "infinite loop"),
    ],
)
def test_a_redirect_leads_to_no_other_place(refused, location, words):
    assert words in refused(_always(head("302 Found", Location=location)))


def test_a_long_way_is_told_in_short(refused, server):
    def answer(request):
        yield head("302 Found", Location="/" + "9" * 5000 if len(server.requests) < 2 else "http://here/")

    assert "which is not https://" in refused(answer)


def test_redirects_that_never_end_are_followed_ten_times(refused, server):
    def answer(request):
        yield head("301 Moved", Location=f"/{len(server.requests)}", Content_Length=0)

    assert "infinite loop" in refused(answer)
    assert len(server.requests) == 11


def test_nothing_is_read_of_a_redirect_but_where_it_leads(fetch, server):
    def answer(request):
        if "/G.pth" in request:
            yield head("302 Found", Location="/there")
            for chunk in endless():
                assert server.sent < 50_000_000
                yield chunk
        yield from honest(CONTENT)(request)

    assert fetch(answer) == CONTENT
    assert server.sent < 50_000_000


# Size


def test_more_than_the_budget_is_not_begun(refused, fetch, server):
    with spending(bytes=76_799):
        said = refused(honest(CONTENT), expected=Expected())
    assert (
        "needs 76,800 bytes, more than the 76,799 that one file may cost; if you trust it, set GANATOMY_BUDGET" in said
    )
    with spending(bytes=76_800):
        assert fetch(honest(CONTENT), expected=Expected()) == CONTENT


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: (chunk for part in ([head(ETag='"1"')], endless()) for chunk in part),
        chunked(("-1", endless())),
        chunked(("ffffffffffffffffffffff", endless())),
        chunked(*[bytes(1 << 20)] * 40),
    ],
    ids=["no length", "a negative chunk", "an endless chunk", "chunks"],
)
def test_what_never_ends_is_cut_off(refused, answer):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with spending(bytes=1_000_000):
        said = refused(answer)
    assert "bytes, more than the 1,000,000 that one file may cost" in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kilobytes


def test_no_more_is_taken_than_was_told(fetch):
    assert fetch(_always(head(Content_Length=76800), CONTENT, b"and more"), expected=Expected()) == CONTENT


@pytest.mark.parametrize("size", [0, 1, 255])
def test_what_is_too_short_for_weights_is_not_taken(refused, size):
    assert f"it has {size} bytes, and no weights are so short" in refused(honest(bytes(size)), expected=Expected())


# Chunks


def test_a_file_in_chunks_comes_whole(fetch):
    assert fetch(chunked(*(CONTENT[k : k + 1001] for k in range(0, len(CONTENT), 1001)))) == CONTENT


@pytest.mark.parametrize(
    "answer",
    [
        chunked(CONTENT[:1000], end=b""),
        chunked(CONTENT[:1000], ("zz", b"")),
        chunked(CONTENT[:1000], ("5000", [CONTENT[1000:1003]]), end=b""),
        chunked(CONTENT[:1000], ("1" * 70_000, b"")),
        chunked(CONTENT[:1000], ("-" + "f" * 40, b"abc")),
    ],
    ids=["cut off", "no number", "a half", "a long number", "a negative number"],
)
def test_chunks_that_break_off_are_gone_on_with(fetch, answer):
    with pytest.raises(FetchError, match=r"the connection broke after \d+ bytes; the same command goes on from there"):
        fetch(answer)
    assert fetch(honest(CONTENT)) == CONTENT


# Time


class _Passing:
    """A clock that is some seconds later each time that it is read."""

    def __init__(self, step):
        self.step, self.now = step, 0.0

    def monotonic(self):
        self.now += self.step
        return self.now


def _drip(request):
    yield head(Content_Length=76800, ETag='"1"')
    for k in range(len(CONTENT)):
        yield CONTENT[k : k + 1]


def test_a_file_that_drips_is_given_up(fetch, monkeypatch):
    monkeypatch.setattr(https, "time", _Passing(5))
    with pytest.raises(FetchError, match=r"fewer than 1000 bytes came a second .* goes on from there"):
        fetch(_drip)
    monkeypatch.setattr(https, "time", _Passing(0))
    assert fetch(honest(CONTENT)) == CONTENT


def test_the_time_for_a_file_ends(fetch, monkeypatch):
    monkeypatch.setattr(https, "time", _Passing(1))
    with (
        spending(fetching=20),
        pytest.raises(FetchError, match=r"it was ended \(GANATOMY_BUDGET=fetching=40 .* goes on from there"),
    ):
        fetch(_drip)


@pytest.mark.parametrize("header", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "], ids=["100", "X"])
def test_headers_that_drip_are_not_waited_for(refused, monkeypatch, header):
    monkeypatch.setattr(https, "time", _Passing(100))

    def answer(request):
        yield header
        yield from endless(header if b"100" in header else b"y")

    assert "it took more than 7,200 seconds" in refused(answer)


# What was there


@pytest.mark.parametrize("name", ["G.pth.part", "G.pth.part.json", "G.pth"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_nothing_is_written_through_a_link(fetch, server, tmp_path, tmp_path_factory, name, link):
    mine = tmp_path_factory.mktemp("elsewhere") / "mine"
    _begun(fetch, server)
    mine.write_bytes((tmp_path / name).read_bytes() if (tmp_path / name).exists() else b"precious")
    before = mine.read_bytes()
    (tmp_path / name).unlink(missing_ok=True)
    link(mine, tmp_path / name)
    assert fetch(honest(CONTENT)) == CONTENT
    assert mine.read_bytes() == before
    assert os.listdir(tmp_path) == ["G.pth"]
    assert not (tmp_path / "G.pth").is_symlink()


@pytest.mark.parametrize("name", ["G.pth.part", "G.pth.part.json"])
def test_a_pipe_is_not_waited_on(fetch, server, tmp_path, name):
    _begun(fetch, server)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert fetch(honest(CONTENT)) == CONTENT


@pytest.mark.parametrize("validator", ["\\u00e9", "a\\r\\nHost: evil", "x" * 300, "\\ud800"])
def test_a_mark_says_nothing_to_the_server_that_is_no_word_of_its(fetch, server, tmp_path, validator):
    _begun(fetch, server)
    mark = tmp_path / "G.pth.part.json"
    assert '"\\"1\\""' in mark.read_text()
    mark.write_text(mark.read_text().replace('"\\"1\\""', f'"{validator}"'))
    assert fetch(honest(CONTENT)) == CONTENT
    assert [start_of(request) for request in server.requests] == [0]


@pytest.mark.parametrize(("etag", "left"), [('"1"', ["G.pth.part", "G.pth.part.json"]), ('W/"1"', [])])
def test_an_interrupt_keeps_what_can_be_gone_on_with_and_says_so(fetch, tmp_path, monkeypatch, etag, left):
    read = http.client.HTTPResponse.read1

    def interrupted(self, count):
        if (tmp_path / "G.pth.part").exists() and (tmp_path / "G.pth.part").stat().st_size:
            signal.raise_signal(signal.SIGINT)
        return read(self, 5000)

    monkeypatch.setattr(http.client.HTTPResponse, "read1", interrupted)
    said = []
    with pytest.raises(KeyboardInterrupt):
        fetch(honest(CONTENT, etag=etag), say=said.append)
    goes = "goes on from there" if left else "begins anew"
    assert [line.endswith(f"5000 bytes came; the same command {goes}") for line in said] == [True]
    assert sorted(os.listdir(tmp_path)) == left


def test_a_full_disk_is_one_line_and_does_not_stay_full(fetch, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(InputError, match=r"cannot write .*: File too large; choose a folder that has room"):
            fetch(honest(CONTENT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_servers_that_are_wrong_at_random_pin_nothing_and_end_in_a_line(server, tmp_path, monkeypatch):
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    monkeypatch.setattr(https, "TIMEOUT", 0.5)
    saved = io.BytesIO()
    torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, saved)
    content = saved.getvalue()
    came = Counter()
    for seed in range(40):
        came.update(fetch_from_wild(server, seed, content, hashlib.sha256(content).hexdigest()))
    assert min(came["fetched"], came["refused"]) > 20
