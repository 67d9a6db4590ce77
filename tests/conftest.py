"""What the tests of the upper layers share: the command line in this process, a notebook, and one finished run."""

import contextlib
import io
import linecache
import multiprocessing
import os
import signal
import sys
import threading
import types
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

TINY = (  # 3 iterations an epoch of networks with 8 neurons; `--epochs` and `--out` are for the test to add
    *("--train-size", "300", "--batch-size", "100", "--set", "snapshots=3"),
    *("--set", "generator.hidden=[8]", "--set", "generator.normalization=none", "--set", "discriminator.hidden=[8]"),
)


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line with which bad input is refused: but for notes nothing else is printed; the exit code is 2."""
        assert (self.code, self.out) == (2, ""), self
        lines = [line for line in self.err.splitlines() if not line.startswith("ganatomy: note: ")]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("ganatomy: ")
        return f"{lines[0]}\n"


def _run(*arguments) -> Result:
    from ganatomy.cli import main

    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.argv = ["ganatomy", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            main()
        raise AssertionError("the command line returned instead of leaving with a code")
    except SystemExit as ended:
        return Result(ended.code or 0, out.getvalue(), err.getvalue())
    finally:
        sys.argv = argv
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)  # a command owns its process, but this is another


class Notebook:
    """Runs cells as a notebook does: each compiled under a name of its own, in a __main__ without a file."""

    def __init__(self, main):
        self.main, self.cells = main, 0

    def run(self, text):
        self.cells += 1
        name = f"/tmp/ipykernel_1/{self.cells}.py"
        linecache.cache[name] = (len(text), None, [f"{line}\n" for line in text.splitlines()], name)
        exec(compile(text, name, "exec"), vars(self.main))

    def __getitem__(self, name):
        return getattr(self.main, name)


@pytest.fixture
def notebook(monkeypatch):
    """A notebook with no cells yet."""
    main = types.ModuleType("__main__")
    for name in ("__main__", "__mp_main__"):  # as multiprocessing calls it too
        monkeypatch.setitem(sys.modules, name, main)
    monkeypatch.setattr(linecache, "cache", dict(linecache.cache))
    return Notebook(main)


@pytest.fixture(scope="session")
def cli():
    """Run the command line in this process; a warning is an error, and any other exception is let through."""
    return _run


@pytest.fixture(scope="session")
def tiny():
    """Flags that make a run quick, given `points_file`."""
    return TINY


@pytest.fixture(scope="session")
def points():
    """400 points in the plane."""
    return np.random.default_rng(0).normal(size=(400, 2)) * [1.0, 0.5] + [2.0, -1.0]


@pytest.fixture(scope="session")
def points_file(points, tmp_path_factory):
    """A file of the 400 points."""
    path = tmp_path_factory.mktemp("data") / "points.npy"
    np.save(path, points)
    return path


@pytest.fixture(scope="session")
def finished(points_file, tmp_path_factory):
    """The folder of a finished run of 6 epochs and what the command said; copy the folder before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    result = _run("fit", points_file, *TINY, "--epochs", "6", "--out", folder)
    assert result.code == 0, result.err
    return types.SimpleNamespace(folder=folder, result=result)


@pytest.fixture
def _no_pictures(monkeypatch):
    """Leave the drawing out: it takes most of the time of a tiny run."""
    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)


@pytest.fixture(scope="session")
def _fork_server(tmp_path_factory):
    """A server that has loaded PyTorch once and forks: processes that begin in no time, and draw no pictures of runs.

    The way to ask for such a process; None where the system cannot fork.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    from multiprocessing import forkserver

    folder = tmp_path_factory.mktemp("server")
    (folder / "loaded_by_the_server.py").write_text(
        "import torch._dynamo\n"  # which the first optimizer of a process loads
        "import ganatomy.fitting.study.executors.stacked\n"
        "from ganatomy.fitting.run import pictures\n"
        "pictures.draw_run = lambda *arguments: None\n"
    )
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join(paths))
        patched.setenv("OMP_NUM_THREADS", "1")
        multiprocessing.set_forkserver_preload(["loaded_by_the_server"])
        forkserver.ensure_running()
    return multiprocessing.get_context("forkserver")


@pytest.fixture
def _quick_processes(_fork_server, monkeypatch):
    """Let processes of studies begin quickly and draw no pictures, in tests that are not about how one begins."""
    if _fork_server is not None:
        quick = types.SimpleNamespace(
            get_context=lambda method: _fork_server, current_process=multiprocessing.current_process
        )
        monkeypatch.setattr("ganatomy.fitting.study.executors.local.multiprocessing", quick)


@pytest.fixture(scope="session")
def contents():
    """Map a folder's files, by their paths in it, to their bytes; locks and logs are left out."""

    def read(folder):
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in {".lock", "log.txt"}
        }

    return read
