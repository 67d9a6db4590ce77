"""The fuzz is alive: its honest samples are read, its cases end as they should, and what should not happen is seen."""

import os
import subprocess
import time

import numpy as np
import pytest

from attacks import watch
from attacks.catalogue import KINDS
from attacks.kind import Kind
from attacks.watch import Worker, play
from ganatomy.errors import InputError
from ganatomy.files import spending

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fuzz is written for POSIX")
SMALL = {"bytes": 1 << 27, "parameters": 1 << 24, "pixels": 1024, "objects": 200_000, "seconds": 10}
DRAWN = ("run drawn", "run animated", "study again", "film")  # which take seconds


@pytest.fixture
def _no_report(monkeypatch):
    """Leave the page of a study and its pictures out."""
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)


@pytest.mark.usefixtures("_no_pictures", "_no_report")
@pytest.mark.parametrize("name", [name for name in KINDS if name not in DRAWN])
def test_a_kind_is_made_read_and_damaged(name, tmp_path):
    kind, shelf = KINDS[name], tmp_path / "shelf"
    shelf.mkdir()
    with spending(**SMALL):
        cases = [play(kind, 5, number, tmp_path / str(number), shelf) for number in range(2)]
        honest = next(path for path in shelf.iterdir() if path.name.startswith(kind.name))
        kind.read(honest / kind.target if kind.target else honest)
    assert not [case for case in cases if case.found]
    assert not [case for case in cases if case.attack == "none"]


def _writes_outside(path):
    (path.parent.parent / "outside" / "new").write_text("x")


def _removes(path):
    os.remove(path.parent.parent / "outside" / "photo.png")


def _two_lines(path):
    raise InputError("one\ntwo")


READERS = {  # outcome of the watch -> what a reader must not do
    "traceback": (lambda path: 1 / 0, _two_lines),
    "outside": (
        *(_writes_outside, _removes, lambda path: os.system("true"), lambda path: subprocess.run(["true"])),
        *(
            lambda path: (path.parent.parent / "beside").touch(),
            lambda path: (path.parent.parent / "outside" / "secret.toml").read_text(),
        ),
    ),
    "memory": (lambda path: np.ones(1 << 23),),
    "slow": (lambda path: time.sleep(60),),
    "died": (lambda path: os._exit(3),),
    "read": (lambda path: path.read_text(), lambda path: (path.parent / "out").write_text("x")),
    "refused": (lambda path: (_ for _ in ()).throw(InputError("no")),),
}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_a_reader_must_not_do_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "_PATIENCE", 0.1)
    sample = lambda folder: (folder / "a.txt").write_text("honest")  # noqa: E731
    readers = [(outcome, reader) for outcome, readers in READERS.items() for reader in readers]
    kinds = {str(k): Kind(str(k), "a.txt", (sample,), reader) for k, (_, reader) in enumerate(readers)}
    (tmp_path / "shelf").mkdir()
    with spending(bytes=1 << 23, seconds=5):
        worker = Worker(kinds, 0, tmp_path / "shelf", tmp_path / "room")
        try:
            for name, (outcome, _) in zip(kinds, readers, strict=True):
                worker.give(name, 0)
                while (case := worker.take()) is None:
                    time.sleep(0.01)
                assert case.outcome == outcome, (name, case)
        finally:
            worker.stop()
