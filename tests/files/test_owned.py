"""Folders that one piece of work owns: no other work writes there, and nothing that it did not make is removed."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.files import OwnedFolder, Stages, file_name, strict_json
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.latent.survey.choices import FORMAT
from ganatomy.latent.survey.run import FilmFolder, SurveyFolder

KINDS = [OwnedFolder, RunFolder, FilmFolder, SurveyFolder]
ONE, TWO = f"{FORMAT}:one", f"{FORMAT}:two"


def _strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def _begin(kind, path, mark=ONE):
    with kind(path).claim(mark):
        pass
    return kind(path)


def _refusal(folder, mark=ONE, force=False):
    """The one line with which both `check` and `claim` refuse."""
    lines = []
    for attempt in (folder.check, folder.claim):
        with pytest.raises(InputError) as caught:
            attempt(mark, force)
        lines.append(str(caught.value))
    assert lines[0] == lines[1]
    assert "\n" not in lines[0]
    return lines[0]


# Who may write


@pytest.mark.parametrize(
    "kind", [OwnedFolder, FilmFolder, SurveyFolder]
)  # a run has its mark in its checkpoint: see test_runs
def test_unfinished_work_goes_on_and_no_other_work_there(tmp_path, contents, kind):
    folder = _begin(kind, tmp_path / "a b" / "工")
    (folder.path / "codes.npz").write_bytes(b"half")
    before = contents(folder.path)
    line = _refusal(folder, TWO)
    assert f"unfinished {kind.noun} of {kind.others}" in line
    assert "`force=True`" in line
    assert contents(folder.path) == before
    with folder.claim(ONE):
        assert contents(folder.path) == before


@pytest.mark.parametrize("kind", [FilmFolder, SurveyFolder])
@pytest.mark.parametrize("mark", ["0a1b2c", "2:0a1b2c"])
def test_work_that_another_version_began_is_refused_as_that(tmp_path, contents, kind, mark):
    folder = _begin(OwnedFolder, tmp_path / "work")
    (folder.path / ".ganatomy").rename(folder.path / kind.mark_name)
    (folder.path / kind.mark_name).write_text(f"{mark}\n", encoding="utf-8")
    before = contents(folder.path)
    line = _refusal(kind(folder.path))
    assert "that another version of ganatomy began" in line
    assert "`force=True`" in line
    assert contents(folder.path) == before
    with kind(folder.path).claim(ONE, force=True):
        assert kind(folder.path).unfinished() == ONE


@pytest.mark.parametrize("kind", KINDS)
def test_finished_work_is_replaced_by_force_only_and_what_others_added_stays(tmp_path, contents, kind):
    folder = _begin(kind, tmp_path / "work")
    for name in ("summary.json", "notes.txt", "strips/mine.png"):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_text("{}", encoding="utf-8")
    before = contents(folder.path)
    for mark in (ONE, TWO):
        assert f"a finished {kind.noun}" in _refusal(folder, mark)
        assert contents(folder.path) == before
    with folder.claim(TWO, force=True):
        assert set(contents(folder.path)) == {kind.mark_name, "notes.txt", "strips/mine.png"}
    assert folder.begun
    assert not folder.finished


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(("mine", "theirs"), [(FilmFolder, RunFolder), (RunFolder, FilmFolder)])
def test_work_of_another_kind_is_not_touched_whatever_is_said(tmp_path, contents, mine, theirs, finished, force):
    _begin(theirs, tmp_path / "work")
    if finished:
        (tmp_path / "work" / "summary.json").write_text("{}", encoding="utf-8")
    before = contents(tmp_path / "work")
    assert "holds other things" in _refusal(mine(tmp_path / "work"), force=force)
    assert contents(tmp_path / "work") == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["traversal.mp4", "summary.json", ".pictures", "thesis.tex"])
def test_a_folder_that_nothing_made_is_not_touched_whatever_is_said(tmp_path, contents, name, force):
    (tmp_path / name).write_text("precious", encoding="utf-8")
    assert name in _refusal(FilmFolder(tmp_path), force=force)
    assert contents(tmp_path) == {name: b"precious"}


def test_a_message_names_what_a_person_sees(tmp_path):
    for name in (".hidden", "thesis.tex"):
        (tmp_path / name).touch()
    assert "(thesis.tex)" in _refusal(OwnedFolder(tmp_path))


def test_an_empty_folder_and_a_mark_that_was_never_written_may_be_taken(tmp_path):
    (tmp_path / ".ganatomy").touch()  # a crash right after it was made
    folder = _begin(OwnedFolder, tmp_path, TWO)
    assert folder.unfinished() == TWO


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, below):
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    assert "is a file or below one" in _refusal(OwnedFolder(tmp_path / "file" / below))
    assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("number", [13, 28, 30, 36])  # permission, room, read-only, name too long
def test_a_folder_that_cannot_be_made_is_one_line_with_the_remedy(tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number), "somewhere")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match=f"cannot write to .*: {os.strerror(number)}; choose another `out`"):
        OwnedFolder(tmp_path / "work").claim(ONE)
    assert not (tmp_path / "work").exists()


CLAIM = """
from ganatomy.errors import InputError
from ganatomy.files import OwnedFolder
for mark, force in (("one", False), ("two", True)):
    try:
        OwnedFolder({!r}).claim(mark, force)
    except InputError as error:
        print(error)
"""


def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path):
    folder = OwnedFolder(tmp_path / "work")
    with folder.claim("one"):
        code = CLAIM.format(str(folder.path))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.count("is being written by another process; wait for it or stop it\n") == 2
        assert folder.unfinished() == "one"
    with folder.claim("one"):
        pass


def test_a_folder_is_let_go_when_the_work_fails(tmp_path):
    folder = OwnedFolder(tmp_path / "work")
    with pytest.raises(ZeroDivisionError), folder.claim(ONE):
        raise ZeroDivisionError
    with folder.claim(ONE):
        pass


# What is written


def test_what_is_written_is_read_back_and_others_may_read_it(tmp_path):
    folder = OwnedFolder(tmp_path)
    folder.write_json("a.json", {"名": [1, float("nan")]})
    folder.write_table("b.csv", ["x", "y"], [[1, "a,b"], [2.5, None]])
    folder.write_arrays("c.npz", {"z": np.eye(2, dtype=np.float32)})
    folder.log("begun")
    folder.log("ended")
    assert (tmp_path / "a.json").read_bytes() == '{\n  "名": [\n    1,\n    null\n  ]\n}\n'.encode()
    assert (tmp_path / "b.csv").read_bytes() == b'x,y\n1,"a,b"\n2.5,\n'
    with np.load(tmp_path / "c.npz", allow_pickle=False) as file:
        assert np.array_equal(file["z"], np.eye(2))
    assert [line.split("  ")[1] for line in (tmp_path / "log.txt").read_text().splitlines()] == ["begun", "ended"]
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o666 & ~mask}


def test_equal_arrays_give_equal_bytes(tmp_path, monkeypatch):
    folder = OwnedFolder(tmp_path)
    for name, now in (("a.npz", 1e9), ("b.npz", 1.5e9)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        folder.write_arrays(name, {"z": np.arange(5.0)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_strict_json_has_no_words_that_json_lacks():
    text = strict_json({"a": float("nan"), "b": [float("inf"), 1.5, "é"], "c": {"d": -float("inf")}, "e": None})
    assert _strict(text) == {"a": None, "b": [None, 1.5, "é"], "c": {"d": None}, "e": None}
    assert "é" in text
    assert _strict(strict_json({"a": (np.float64("nan"), np.float64(0.5))})) == {"a": [None, 0.5]}


def test_a_file_that_cannot_be_finished_leaves_the_former_one(tmp_path):
    folder = OwnedFolder(tmp_path)
    folder.write_text("table.csv", "before")

    def rows():
        yield [1, 2]
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match=r"table\.csv.*No space left"):
        folder.write_table("table.csv", ["a", "b"], rows())
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "before"


def test_a_full_disk_is_said_and_the_folder_let_go(tmp_path, monkeypatch):
    folder = OwnedFolder(tmp_path / "a")

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")  # as writing says it, without a file's name

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(InputError, match=r"cannot write .*: No space left on device; choose a folder"):
            folder.claim("abc")
    folder.claim("abc").release()


# Stages, and names


def test_a_step_is_done_once_and_read_afterwards(tmp_path):
    asked, stages = [], Stages(OwnedFolder(tmp_path))
    for _ in range(2):
        assert not stages.done("b.npz")
        arrays = stages.arrays("a.npz", lambda: asked.append(1) or {"a": np.arange(3), "b": 0.5}, {"a": (3,), "b": ()})
        assert (arrays["a"].tolist(), float(arrays["b"])) == ([0, 1, 2], 0.5)
    assert (asked, stages.done("a.npz")) == ([1], True)
    stages.clear()
    stages.clear()
    assert not stages.done("a.npz")


def test_a_step_that_fails_leaves_nothing(tmp_path):
    def fail():
        raise ZeroDivisionError

    stages = Stages(OwnedFolder(tmp_path))
    with pytest.raises(ZeroDivisionError):
        stages.arrays("a.npz", fail, {})
    assert not stages.done("a.npz")
    (tmp_path / Stages.NAME).touch()
    with pytest.raises(InputError, match=r"\.work is a file, and no folder; remove it"):
        stages.arrays("a.npz", lambda: {"a": 1}, {"a": ()})


@pytest.mark.parametrize(
    "parts", [("脸" * 300, "N5"), ("a" * 300,), ("a/b\\c:d*e?f\n\0g\udc80", ""), ("é" * 300, "K5")]
)
def test_names_are_such_as_file_systems_take(tmp_path, parts):
    name = file_name(*parts)
    assert Path(name).name == name
    assert name.isprintable()
    (tmp_path / name).mkdir()
