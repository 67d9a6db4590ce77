"""Folders from strangers: nothing is written through a link, nothing is waited for, and only what we made goes."""

import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.figures.video import write_gif, write_mp4
from ganatomy.files import Folder, OwnedFolder, Place, Stages, replacing
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.latent.pictures import Store
from ganatomy.latent.survey.run import FilmFolder, SurveyFolder

KINDS = [RunFolder, StudyFolder, FilmFolder, SurveyFolder]
WRITTEN = [(kind, name) for kind in KINDS for name in (".lock", kind.mark_name, *kind.owned[:1], *kind.owned[-1:])]
INSIDE = [(RunFolder, "figures"), (StudyFolder, "figures"), (StudyFolder, "runs"), (StudyFolder, ".work")]
INSIDE += [(FilmFolder, "strips"), (FilmFolder, ".work"), (FilmFolder, ".pictures"), (SurveyFolder, ".work")]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")


@pytest.fixture
def outside(tmp_path):
    """A folder of a user's with a file, which nothing may touch."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    yield place
    assert [path.name for path in place.iterdir()] == ["mine.txt"]
    assert (place / "mine.txt").read_text() == "mine"


def received(kind, path):
    path.mkdir()
    (path / kind.mark_name).touch()
    return kind(path)


@pytest.mark.parametrize("force", [False, True], ids=["", "force"])
@pytest.mark.parametrize(("kind", "name"), WRITTEN, ids=str)
def test_a_link_in_place_of_a_file_is_refused(tmp_path, outside, kind, name, force):
    folder = received(kind, tmp_path / "work")
    (folder.path / name).parent.mkdir(exist_ok=True)
    (folder.path / name).unlink(missing_ok=True)
    (folder.path / name).symlink_to(outside / "mine.txt")
    with pytest.raises(InputError, match=r"is a link|holds other things") as caught:
        folder.claim("abc", force)
    assert "\n" not in str(caught.value)
    assert (folder.path / name).is_symlink()


@pytest.mark.parametrize("force", [False, True], ids=["", "force"])
@pytest.mark.parametrize(("kind", "name"), INSIDE, ids=str)
def test_a_link_in_place_of_a_folder_is_refused(tmp_path, outside, kind, name, force):
    folder = received(kind, tmp_path / "work")
    (folder.path / name).symlink_to(outside)
    with pytest.raises(InputError, match="is a link"):
        folder.claim("abc", force)


def test_a_link_that_comes_while_the_folder_is_held_is_refused(tmp_path, outside):
    folder = OwnedFolder(tmp_path / "work")
    with folder.claim("abc"):
        (folder.path / "figures").symlink_to(outside)
        (folder.path / "a.txt").symlink_to(outside / "mine.txt")
        (folder.path / "log.txt").symlink_to(outside / "mine.txt")
        for write in (
            lambda: folder.write_text("figures/mine.txt", "theirs"),
            lambda: folder.write_text("a.txt", "theirs"),
            lambda: folder.log("theirs"),
            lambda: folder.open("figures/mine.txt", "r+b"),
            lambda: folder.make("figures/more"),
            lambda: folder.remove("figures/mine.txt"),
            lambda: folder.remove("figures"),
            lambda: folder.read("figures/mine.txt"),
            lambda: folder.adopt(tmp_path / "work", "figures/more"),
            lambda: Store(folder.at("a.txt"), (1, 1, 3)).append(np.zeros((1, 1, 1, 3), np.uint8)),
            lambda: write_gif([np.zeros((4, 4, 3), np.uint8)], folder.at("figures/mine.txt")),
            lambda: write_mp4([np.zeros((4, 4, 3), np.uint8)], folder.at("a.txt")),
        ):
            with pytest.raises(InputError, match=r"is a link") as caught:
                write()
            assert "\n" not in str(caught.value)
    (folder.path / ".work").symlink_to(outside)
    with pytest.raises(InputError, match=r"\.work is a link"):
        Stages(folder).arrays("x.npz", lambda: {"x": [1]}, {"x": (1,)})


def test_steps_of_a_stranger_lead_nowhere(tmp_path, outside):
    folder = Folder(tmp_path / "work")
    folder.path.mkdir()
    for name in (
        "../outside/mine.txt",
        "/../outside/mine.txt",
        f"{outside}/mine.txt",
        "a/../../outside/x",
        "",
        "a//b",
        ".",
    ):
        with pytest.raises(InputError, match="is no name of a file in a folder"):
            folder.at(name).put(0, b"theirs")
    with pytest.raises(InputError, match="is no name"):
        folder.at("a\0b").put(0, b"theirs")


@pytest.mark.parametrize("name", ["log.txt", ".lock"])
def test_a_file_that_has_another_name_elsewhere_is_not_changed_in_place(tmp_path, outside, name):
    folder = received(OwnedFolder, tmp_path / "work")
    (folder.path / name).unlink(missing_ok=True)
    (folder.path / name).hardlink_to(outside / "mine.txt")
    with pytest.raises(InputError, match="no ordinary file of its own"), folder.claim("abc"):
        folder.log("theirs")


def test_a_file_that_has_another_name_elsewhere_can_be_replaced(tmp_path, outside):
    (tmp_path / "a.txt").hardlink_to(outside / "mine.txt")
    with replacing(tmp_path / "a.txt") as file:
        file.write(b"ours")
    assert (tmp_path / "a.txt").read_bytes() == b"ours"


@pytest.mark.parametrize("name", ["log.txt", ".lock", ".ganatomy", "summary.json"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    path = tmp_path / "work"
    received(OwnedFolder, path)
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    signal.alarm(30)  # which ends the test, should it wait
    try:
        with pytest.raises(InputError, match=r"no ordinary file|other things"):
            OwnedFolder(path).claim("abc", True)
    finally:
        signal.alarm(0)


def test_only_parts_that_we_made_are_cleared_away(tmp_path):
    folder = FilmFolder(tmp_path / "work")
    with folder.claim("abc"):
        pass
    ours = [f"{place}.ganatomy-{'0f' * 8}.part" for place in ("", "strips/", ".work/")]
    theirs = [".a.part", "theirs/.a.4711.part", f"theirs/.ganatomy-{'0f' * 8}.part", ".ganatomy-theirs.part", "a.part"]
    for name in (*ours, *theirs):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_bytes(b"half")
    with folder.claim("abc"):
        assert not [name for name in ours if (folder.path / name).exists()]
    assert [name for name in theirs if (folder.path / name).exists()] == theirs


def test_force_removes_no_more_than_the_work_made(tmp_path, outside):
    folder = received(StudyFolder, tmp_path / "work")
    (folder.path / "runs" / "a").mkdir(parents=True)
    (folder.path / "runs" / "a" / "link").symlink_to(outside)  # goes, and what it leads to stays
    (folder.path / "notes.txt").write_text("mine")
    with folder.claim("study", force=True):
        assert sorted(folder.names()) == [".ganatomy-study", ".lock", "notes.txt"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="rmtree takes a descriptor from Python 3.11 on")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no descriptors of folders")
def test_a_folder_that_becomes_a_link_while_it_is_emptied_leads_nowhere(tmp_path, monkeypatch):
    theirs = tmp_path / "outside" / "final.png"
    theirs.mkdir(parents=True)
    work = tmp_path / "work"
    (work / "figures" / "final.png").mkdir(parents=True)
    rmtree = shutil.rmtree

    def swap(*arguments, **options):
        (work / "figures").rename(work / "moved")
        (work / "figures").symlink_to(theirs.parent)
        rmtree(*arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", swap)
    Folder(work).remove("figures/final.png")
    assert theirs.is_dir()
    assert not (work / "moved" / "final.png").exists()


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "work").symlink_to(tmp_path / "disk")
    with OwnedFolder(tmp_path / "work").claim("abc") as _:
        OwnedFolder(tmp_path / "work").write_text("figures/a.txt", "a")
    assert (tmp_path / "disk" / "figures" / "a.txt").read_text() == "a"


def test_a_path_is_a_place_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with replacing("a.txt") as file:
        file.write(b"a")
    assert Place.of("a.txt").size() == 1
    for path in (".", "..", "/"):
        with pytest.raises(InputError, match="cannot write"), replacing(path):
            pass
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="cannot write b: it is a folder"), replacing("b"):
        pass
    with (
        pytest.raises(InputError, match=r"cannot write nowhere/a.txt: No such file or directory"),
        replacing("nowhere/a.txt"),
    ):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


def test_without_calls_by_descriptor_links_are_refused_as_well(tmp_path, outside, monkeypatch):
    monkeypatch.setattr("ganatomy.files.folder._BY_DESCRIPTOR", False)
    folder = Folder(tmp_path / "work")
    folder.path.mkdir()
    with folder.writing("figures/a.txt") as file:
        file.write(b"a")
    assert (folder.read("figures/a.txt"), folder.names("figures")) == (b"a", ["a.txt"])
    folder.remove("figures/a.txt")
    (folder.path / "out").symlink_to(outside)
    for name in ("out", "out/mine.txt"):
        with pytest.raises(InputError, match="is a link"), folder.writing(name):
            pass
    folder.adopt(Path(folder.make("figures")), "pictures")
    assert folder.names() == ["out", "pictures"]
