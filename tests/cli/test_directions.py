"""directions: what the verb writes and prints, how it refuses, and that it goes on where it was stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import ganatomy
from ganatomy import errors as extras
from ganatomy.attributes import choose
from ganatomy.errors import InputError
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.zoo import sources
from ganatomy.generators.zoo.downloads import FetchError
from ganatomy.latent.survey import Choices, Film

posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
QUICK = ("-K", "2", "--codes", "20", "-N", "1", "--steps", "3", "--size", "64", "--no-faces", "--repetitions", "1")
MINE = """
import time
def redness(pictures):
    return pictures[..., 0].mean((1, 2)) / 255
def broken(pictures):
    raise KeyError("colour")
def nothing(pictures):
    return [float("nan")] * len(pictures)
def slow(pictures):
    time.sleep(0.02)
    return pictures.mean((1, 2, 3))
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """A folder with a random ProGAN of 16 pixels and a person's scorers, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    state = ProGAN(z_dim=12, channels=[8, 6, 4]).state_dict()
    torch.save({re.sub(r"^(layer|output)s\.(\d+)\.", r"\1\2.", name): value for name, value in state.items()}, "G.pth")
    Path("mine.py").write_text(MINE, encoding="utf-8")

    def no_network(*_):
        raise FetchError("no network")

    monkeypatch.setattr(sources, "_pip", no_network)
    monkeypatch.setattr(sources, "from_https", no_network)


def test_it_prints_directions_agreement_and_paths(cli):
    done = cli("directions", "G.pth", *QUICK, "--methods", "sefa, random", "--scorer", "mine.py:redness")
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if re.match(r"(sefa|random) \d ", line)]
    assert len(rows) == 4
    assert "sefa and random" in done.out
    folder = Path("surveys/G_sefa+random_K2_seed0")
    for path in re.findall(r"surveys/\S+", done.out):
        assert Path(path).is_file(), path
    assert str(folder / "page.html") in done.out
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["attributes"][-1] == "redness"
    assert rows[0].split()[-1] == f"{summary['directions'][0]['angle']:.0f}°"
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "ganatomy directions G.pth" in page


def test_json_is_the_summary_and_nothing_else(cli):
    flags = ("--methods", "sefa", "--no-labels", "--start", "-1", "--end", "2", "--json", "--out", "脸")
    done = cli("directions", "G.pth", *QUICK, *flags)
    assert json.loads(done.out) == json.loads(Path("脸/summary.json").read_text(encoding="utf-8"))
    assert (json.loads(done.out)["start"], json.loads(done.out)["end"]) == (-1.0, 2.0)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--methods", "sefa,gansapce"), "unknown method 'gansapce'; did you mean 'ganspace'?"),
        (("--methods", "sefa,sefa"), "each once"),
        (("--methods", ""), "unknown method ''"),
        (("-K", "13"), "from 1 to the 12 coordinates to edit"),
        (("-K", "0"), "k = 0"),
        (("--codes", "5"), "codes = 5"),
        (("--layers", "0:4"), "layers"),
        (("--psi", "0.7"), "no mean code to truncate towards"),
        (("--class", "cat"), "no classes"),
        (("--seeds", "3-"), "seeds '3-'"),
        (("--start", "5000"), "--start 5000"),
        (("--steps", "99"), "steps = 99"),
        (("--language", "de"), "unknown language 'de'"),
        (("--attributes", "brightnes"), "did you mean 'brightness'?"),
        (("--no-labels", "--attributes", "warmth"), "leave one of them out"),
        (("--no-labels", "--methods", "boundary"), "boundary parts pictures by their attributes"),
        (("--scorer", "mine.py:redless"), "did you mean 'redness'?"),
        (("--scorer", "mine.py:broken"), "mine.py: line 6: KeyError: 'colour'; repair it there"),
        (("--out", "mine.py"), "mine.py is a file"),
        (("--out", "mine.py/x"), "mine.py/x is a file or below one"),
        (("--out", "."), "holds other things"),
        (("--precision", "int4"), "unknown precision 'int4'"),
    ],
)
def test_bad_input_is_refused_in_one_line(cli, flags, complaint):
    assert complaint in cli("directions", "G.pth", *QUICK, *flags).refusal


def test_a_scorer_that_tells_nothing_is_refused_in_one_line_before_the_long_work(cli):
    done = cli("directions", "G.pth", *QUICK, "--scorer", "mine.py:nothing")
    assert (done.code, done.out) == (2, "")
    assert "ganatomy: the scorer 'nothing' gives NaN for all of 20 pictures" in done.err.splitlines()[-1]
    assert not list(Path("surveys").rglob("along-*.npz"))


def test_faces_without_their_extra_say_how_to_install_it(cli, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    quick = [flag for flag in QUICK if flag != "--no-faces"]
    assert "pip install 'ganatomy[faces]'" in cli("directions", "G.pth", *quick, "--faces").refusal


def test_a_finished_survey_is_kept_unless_forced(cli):
    command = ("directions", "G.pth", *QUICK, "--methods", "sefa", "--no-labels", "--out", "out")
    assert cli(*command).code == 0
    assert "a finished survey" in cli(*command).refusal
    done = cli(*command, "--force")
    assert done.code == 0
    assert "--force" not in Path("out/page.html").read_text(encoding="utf-8")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_the_same_command_goes_on(cli, number, contents):
    command = ("directions", "G.pth", *QUICK, "--methods", "sefa,random", "--scorer", "mine.py:slow", "--out", "out")
    work, home = Path("out/.work"), {**os.environ, "OMP_NUM_THREADS": "1"}
    program = subprocess.Popen(
        [sys.executable, "-m", "ganatomy", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home
    )
    deadline = time.monotonic() + 120
    while not (work / "along-null-0.npz").exists() and program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    program.send_signal(number)
    _, err = program.communicate(timeout=60)
    assert program.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL), err.decode()
    if number == signal.SIGINT:
        last = err.decode().splitlines()[-1]
        assert last.startswith("ganatomy: stopped; the stages that were done are in out; to go on: ganatomy directions")
    assert not Path("out/summary.json").exists()
    done = cli(*command)
    assert done.code == 0, done.err
    assert cli(*command[:-1], "whole").code == 0
    first, second = contents(Path("out")), contents(Path("whole"))
    summaries = [json.loads(files.pop("summary.json")) for files in (first, second)]
    pictures = [summary.pop("pictures") for summary in summaries]
    assert summaries[0] == summaries[1]
    assert pictures[0]["distinct"] == pictures[1]["distinct"] == pictures[1]["painted"]
    assert 0 <= pictures[0]["painted"] - pictures[0]["distinct"] <= 64  # the batch under way, if it was killed in one
    different = {name for name in first if first[name] != second[name]}
    assert different <= {"page.html", ".ganatomy-survey"}  # the page says the command, which names the folder
    assert list(first) == list(second)


def test_what_a_scorer_prints_is_not_in_the_json(cli):
    Path("loud.py").write_text("def loud(p):\n    print('HELLO')\n    return p.mean((1, 2, 3))\n", encoding="utf-8")
    done = cli("directions", "G.pth", *QUICK, "--methods", "sefa", "--scorer", "loud.py:loud", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["attributes"][-1] == "loud"
    assert "HELLO" in done.err


def test_scores_of_an_edited_scorer_are_never_taken_for_those_of_the_new_one(cli):
    command = ("directions", "G.pth", *QUICK, "--methods", "sefa", "--scorer", "own.py:own", "--out", "out")
    Path("own.py").write_text("def own(p):\n    return [1.0] * len(p)\n", encoding="utf-8")
    assert "gives the same number for all" in cli(*command).err
    Path("own.py").write_text("def own(p):\n    return p.mean((1, 2, 3))\n", encoding="utf-8")
    assert "holds an unfinished survey of another source, method, scorer" in cli(*command).refusal
    assert cli(*command, "--force").code == 0


@pytest.mark.parametrize(("there", "said"), [(False, True), (True, False)])
def test_it_says_what_an_extra_would_have_measured(cli, there, said):
    flags = [flag for flag in QUICK if flag != "--no-faces"] + (["--no-faces"] if there else [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganatomy.attributes.choosing.find_spec", lambda module: None)
        done = cli("directions", "G.pth", *flags, "--methods", "sefa")
    assert done.code == 0, done.err
    assert ("pip install 'ganatomy[faces]'" in done.out) == said


def test_the_command_and_python_leave_the_same_files(cli, contents):
    command = ("directions", "G.pth", *QUICK, "--methods", "sefa,random", "--seeds", "3,7", "--out", "command")
    assert cli(*command).code == 0
    chosen = {"k": 2, "n_codes": 20, "samples": 1, "seeds": [3, 7], "steps": 3, "size": 64, "repetitions": 1}
    attributes = choose(faces=False)
    done = ganatomy.survey(ganatomy.load("G.pth"), ["sefa", "random"], "python", attributes=attributes, **chosen)
    first, second = contents(Path("command")), contents(Path("python"))
    assert list(first) == list(second)
    assert {name for name in first if first[name] != second[name]} == {"page.html"}  # which says how it was begun
    assert dict(done) == json.loads(first["summary.json"])
    assert "begun from Python" in second["page.html"].decode()
    assert "ganatomy directions G.pth" in first["page.html"].decode()


def test_a_survey_is_looked_at_in_a_line_a_table_a_frame_and_a_picture():
    done = ganatomy.survey(
        ganatomy.load("G.pth"), "sefa", k=2, n_codes=20, samples=1, steps=3, size=64, attributes=["warmth"], draws=8
    )
    assert done.out == Path("surveys/G_sefa_K2_seed0")
    named = sum(row["label"] is not None for row in done["directions"])
    assert repr(done) == f"Surveyed(G: 2 directions by sefa, {named} named, in {done.out})"
    assert done._repr_html_().count("<tr>") == 1 + 2
    frame = done.to_frame()
    assert frame["name"].tolist() == ["sefa 0", "sefa 1"]
    assert frame["change"].tolist() == [row["change"] for row in done["directions"]]
    wide, high = done.plot("sefa 1").get_size_inches()
    assert wide > 1 < high
    with pytest.raises(InputError, match="unknown direction 'sefa 2'"):
        done.plot("sefa 2")
    (done.out / "sefa-0.png").unlink()
    with pytest.raises(InputError, match="the survey's folder holds its pictures"):
        done.plot()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kk": 3}, "unknown choice 'kk'; did you mean 'k'"),
        ({"columns": 3}, "unknown choice 'columns'"),
        ({"choices": Film()}, "a film has the choices"),
        ({"choices": Choices(attributes=()), "k": 3}, "choices, and k besides"),
        ({"film": True, "methods": ["sefa", "random"]}, "a film is of one method"),
    ],
)
def test_python_is_told_in_one_line_too(changes, complaint):
    with pytest.raises(InputError, match=f"{complaint}[^\n]*$"):
        ganatomy.survey(ganatomy.load("G.pth"), **changes)
    assert not Path("surveys").exists()
