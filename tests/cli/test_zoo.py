"""ganatomy zoo: what it prints, on which stream, with which exit code."""

import json
import signal

import pytest

import ganatomy.cli.zoo  # noqa: F401 (registers the verb)
from ganatomy.generators.zoo import sources
from ganatomy.generators.zoo.cards import card, cards, entry_of
from ganatomy.generators.zoo.downloads import FetchError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))

    def no_network(*_):
        raise FetchError("no network")

    monkeypatch.setattr(sources, "_pip", no_network)
    monkeypatch.setattr(sources, "from_https", no_network)


def _put(name, content=b"not the weights"):
    path = entry_of(card(name)).path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_help_shows_two_examples(cli):
    lines = cli("zoo", "--help").out.split("Examples:")[1].splitlines()
    assert len([line for line in lines if line.strip().startswith("ganatomy zoo")]) == 2


def test_a_bare_zoo_lists_every_card(cli):
    result = cli("zoo")
    assert (result.code, result.err, result.out) == (0, "", cli("zoo", "list").out)
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    assert {*lines} == {"name", *cards()}
    assert "unchecked" in lines["pggan-celebahq-1024"]
    assert "CC-BY-NC-4.0" in lines["pggan-celebahq-1024"]
    assert "unchecked" not in lines["faces"]


def test_the_list_says_what_is_here(cli, tmp_path):
    _put("faces")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "pggan_celebahq1024.pth").write_bytes(b"mine")
    here = {one["name"]: one["here"] for one in json.loads(cli("zoo", "list", "--json").out)}
    assert {name: where for name, where in here.items() if where} == {
        "faces": "cached",
        "pggan-celebahq-1024": "own file",
    }


def test_show_prints_all_that_is_on_the_card(cli):
    lines = dict(line.split("  ", 1) for line in cli("zoo", "show", "eyes").out.splitlines())
    shown = {key.strip(): value.strip() for key, value in lines.items()}
    assert shown["sha256"] == card("eyes").sha256
    assert shown["classes"] == "amber, blue, brown, gray, grayscale, green, hazel, red"
    assert shown["sources"].startswith("pypi:omniart-eye-generator==0.1/")
    assert json.loads(cli("zoo", "show", "eyes", "--json").out)["licence"] == "MIT"


def test_show_knows_the_name_of_the_report(cli):
    assert "pggan-celebahq-1024" in cli("zoo", "show", "pggan_celebahq1024").out.splitlines()[0]


def test_fetch_prints_the_path_and_nothing_else(cli, tmp_path):
    (tmp_path / "mine.pth").write_bytes(b"abc")
    result = cli("zoo", "fetch", "mine.pth")
    assert (result.code, result.out, result.err) == (0, "mine.pth\n", "")
    assert json.loads(cli("zoo", "fetch", "mine.pth", "--json").out)["sha256"].startswith("ba7816bf")


def test_fetch_shows_the_licence_on_standard_error(cli, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "pggan_celebahq1024.pth").write_bytes(b"mine")
    first, second = (cli("zoo", "fetch", "pggan_celebahq1024") for _ in range(2))
    assert "CC-BY-NC-4.0 (non-commercial" in first.err
    assert first.err.splitlines() == card("pggan-celebahq-1024").notice.splitlines()
    assert (second.err, second.out) == ("", first.out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("shw",), "unknown action of zoo 'shw'; did you mean 'show'?"),
        (("show",), "zoo show: name a generator, one of faces"),
        (("fetch",), "zoo fetch: name a generator, one of faces"),
        (("list", "faces"), "ganatomy zoo show faces"),
        (("show", "face"), "did you mean 'faces'?"),
        (("verify", "face"), "did you mean 'faces'?"),
        (("fetch", "pgan-dtd-128"), "--trust-on-first-use"),
        (("fetch", "http://example.org/G.pth"), "only https://"),
        (("fetch", "faces", "--sha256", "abc"), "64 hex digits"),
    ],
)
def test_bad_input_is_one_line(cli, arguments, words):
    assert words in cli("zoo", *arguments).refusal


def test_no_network_ends_with_what_to_do(cli):
    result = cli("zoo", "fetch", "pgan-dtd-128", "--trust-on-first-use")
    assert (result.code, result.out) == (2, "")
    path = entry_of(card("pgan-dtd-128")).path
    assert f"no network; get that file with a browser or on another machine and put it at {path}" in result.err


def test_verify_ends_with_1_for_damaged_and_missing_files(cli):
    assert cli("zoo", "verify").out == "nothing was fetched yet\n"
    _put("faces")
    for arguments in (("verify",), ("verify", "faces")):
        result = cli("zoo", *arguments)
        assert (result.code, "damaged" in result.out) == (1, True)
        assert "damaged or missing: faces" in result.err
    assert cli("zoo", "verify", "eyes").code == 1
    assert [one["state"] for one in json.loads(cli("zoo", "verify", "--json").out)] == ["damaged"]


def test_verify_ends_with_0_where_all_is_in_order(cli, tmp_path):
    _put("pgan-dtd-128")
    assert cli("zoo", "verify").out.splitlines()[1].split()[:2] == ["pgan-dtd-128", "unchecked"]
    assert cli("zoo", "verify").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_from_outside_a_fetch_leaves_nothing(cli, tmp_path, monkeypatch, number):
    folders = []

    def stopped(requirement, folder, size):
        (folder / "half.whl").write_bytes(bytes(1000))
        folders.append(folder)
        assert callable(signal.getsignal(number)), "it would be killed"
        signal.raise_signal(number)

    monkeypatch.setattr(sources, "_pip", stopped)
    result = cli("zoo", "fetch", "faces")
    assert (result.code, result.out, result.err.splitlines()[-1]) == (130, "", "ganatomy: interrupted")
    assert folders
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"] == []
