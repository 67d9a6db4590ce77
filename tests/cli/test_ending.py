"""How a command ends that the machine cannot do: in one line, whatever the library calls it."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from ganatomy.cli.ending import ending

CLOSED = {
    "standard output": (">&-", 1, "cannot print: standard output is closed"),
    "a reader that left": ("| head -0; exit ${PIPESTATUS[0]}", 1, None),
    "a full disk": (">/dev/full", 1, "cannot print: No space left on device"),
    "standard error": ("2>&-", 0, None),
    "standard input": ("<&-", 0, None),
}


@pytest.mark.skipif(os.name == "nt", reason="of a POSIX shell")
@pytest.mark.parametrize(("how", "code", "line"), CLOSED.values(), ids=CLOSED)
def test_closed_streams_end_in_at_most_a_line(how, code, line):
    command = f"'{sys.executable}' -c 'from ganatomy.cli import main; main()' distributions {how}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == code
    assert done.stderr.splitlines() == ([] if line is None else [f"ganatomy: {line}"])


FAILURES = {
    "PyTorch": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate 8 bytes. Error code 12 (Cannot allocate memory)"
    ),
    "NumPy": MemoryError("Unable to allocate 8.00 GiB for an array with shape (1,) and data type float64"),
    "Python": MemoryError(),
    "C++": RuntimeError("std::bad_alloc"),
    "a thread": RuntimeError("can't start new thread"),
    "a map": RuntimeError("unable to mmap 512 bytes from file <a.safetensors>: Cannot allocate memory (12)"),
    "PyTorch's own code": ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    "the system": OSError(errno.ENOMEM, "Cannot allocate memory"),
}


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_lack_of_memory_is_one_line_with_what_to_do(cli, monkeypatch, error):
    line = _failing(cli, monkeypatch, error).refusal
    assert line.startswith("ganatomy: not enough memory")
    assert "--size" in line


def test_lack_of_memory_is_seen_behind_what_came_of_it(cli, monkeypatch):
    error = AttributeError("partially initialized module 'torch'")
    error.__cause__ = FAILURES["PyTorch's own code"]
    assert "not enough memory" in _failing(cli, monkeypatch, error).refusal


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room"),
        (OSError(errno.EROFS, "Read-only file system", "a.png"), "a.png: Read-only file system; choose another path"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), "File name too long; choose a shorter name"),
        (OSError("cannot identify image file"), "cannot identify image file"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_failures_of_the_machine_are_one_line_too(cli, monkeypatch, error, words):
    assert words in _failing(cli, monkeypatch, error).refusal


def test_a_mistake_of_ours_keeps_its_traceback(cli, monkeypatch):
    with pytest.raises(KeyError, match="name"):
        _failing(cli, monkeypatch, KeyError("name"))


def _failing(cli, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("ganatomy.fitting.recipes.recipe.recipes", fail)
    return cli("recipes")


class _Careless:
    """Is interrupted where Python lets no exception pass."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_falls_into_a_destructor_is_not_lost(cli, monkeypatch):
    going_on = []

    def work(*_):
        careless = _Careless()
        del careless
        time.sleep(5)
        going_on.append(True)

    monkeypatch.setattr("ganatomy.fitting.recipes.recipe.recipes", work)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # which a command sets
    ended = cli("recipes")
    assert (ended.code, ended.err) == (130, "ganatomy: interrupted\n")
    assert not going_on


def test_a_flag_that_commands_the_terminal_is_shown_without_its_escapes(cli):
    line = cli("fit", "--\x1b]0;title\x07", "[/red]").refusal
    assert "\x1b" not in line


def test_an_error_that_cannot_say_what_it_is_is_a_mistake_of_its_maker():
    class Mute(Exception):
        def __str__(self):
            raise ZeroDivisionError

    assert ending(Mute()) is None
