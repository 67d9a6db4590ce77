"""What is printed: nothing from outside commands the terminal, is markup, or ends in a traceback."""

import contextlib
import io
import json
import sys

import pytest

from ganatomy import terminal
from ganatomy.progress import PAUSE, Progress, spoken

HOSTILE = "[/data/weights] [bold]\x1b]0;title\x07 :smile: \udcd6"
SHOWN = "[/data/weights] [bold] ]0;title  :smile: \ufffd"


def test_names_are_no_markup_and_command_nothing_whatever_prints_them(capsys):
    terminal.say(HOSTILE)
    terminal.say_table((HOSTILE,), [(HOSTILE,)], title=HOSTILE)
    terminal.tell(HOSTILE)
    out, err = capsys.readouterr()
    assert [line.strip() for line in (out + err).splitlines()] == [SHOWN] * 5


class _Full(io.StringIO):
    """Takes nothing, as a full disk or a terminal that is gone."""

    def write(self, text):
        raise OSError(28, "No space left on device")


class _Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("screen", [_Screen(), io.StringIO()], ids=["terminal", "file"])
def test_progress_takes_brackets_and_escapes_as_they_are(monkeypatch, screen):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setattr(sys, "stderr", screen)
    progress = Progress("run")
    with progress.showing(1):
        progress.say(HOSTILE)
        progress.update(1, HOSTILE)
    assert SHOWN in screen.getvalue()
    assert "\x1b]0;" not in screen.getvalue()


def test_what_is_under_way_stands_below_the_bar_which_counts_what_is_done(monkeypatch):
    screen = _Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", screen)
    progress = Progress("run")
    with progress.showing(18, 2):
        progress.watch([f"gan, seed {k}: {HOSTILE}" for k in range(10)], 1.75, 3725.0)
        progress.update(3, "wgan, seed 0: distance 1.2 x floor")
    last = screen.getvalue().rpartition("run 3/18")[2]
    assert "1:02:05 left" in last
    assert "wgan, seed 0: distance 1.2 x floor" in last
    assert [f"seed {k}:" in last for k in range(10)] == [True] * 8 + [False] * 2
    assert "and 2 more" in last
    assert "\x1b]0;" not in screen.getvalue()


def test_where_there_is_no_terminal_lines_come_with_the_work_and_the_time_and_not_with_each_look(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    progress = Progress("run")
    with progress.showing(20):
        for second in range(1, 1001):
            now = float(second)
            progress.watch(["gan, seed 0: epoch 7/320"], 0.5, None if second < 10 else 1000 - now)
            progress.update(second // 50, "so far")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "run 0/20  so far  about 16 min left"
    assert lines[1:] == [
        f"run {done}/20  so far" + f"  about {spoken(1000 - 50 * done)} left" * (done < 20) for done in range(2, 21, 2)
    ]
    progress = Progress("run")
    with progress.showing(2):
        for second in range(0, 3600, 10):
            now = float(second)
            progress.watch([], 0.5, 3600 - now)
            progress.update(0, "so far")
    assert len(capsys.readouterr().err.splitlines()) == 3600 / PAUSE


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_stays_json_where_the_encoding_lacks_a_character(monkeypatch, encoding):
    content = {"中é": "\x9b😀\U000e0001"}
    written = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with contextlib.redirect_stdout(written):
        terminal.say_json(content)
    written.flush()
    text = written.buffer.getvalue().decode(encoding)
    assert json.loads(text) == content
    assert all(line.isprintable() for line in text.splitlines())


def test_lines_are_printed_where_the_encoding_lacks_a_character(monkeypatch):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr("warnings.showwarning", None)  # to be put back
    terminal.prepare()
    terminal.say("中")
    terminal.say_table(("中",), [("é",)])
    terminal.tell("中")
    progress = Progress()
    with progress.showing(1):
        progress.update(1, "中")
    assert out.buffer.getvalue().split() == [rb"\u4e2d", rb"\u4e2d", rb"\xe9"]
    assert err.buffer.getvalue().split() == [rb"\u4e2d", b"epoch", b"1/1", rb"\u4e2d"]


def test_a_closed_standard_error_is_nobodys_concern(monkeypatch, capsys):
    for closed in (None, _Full()):
        monkeypatch.setattr(sys, "stderr", closed)
        terminal.tell("a line")
        progress = Progress()
        with progress.showing(1):
            progress.update(1, "a line")
    assert capsys.readouterr().out == ""


def test_a_closed_standard_output_is_told_apart_from_other_files(monkeypatch):
    for closed in (None, _Full()):
        for print_it in (terminal.say, lambda: terminal.say_json([]), lambda: terminal.say_table(("a",), [])):
            monkeypatch.setattr(sys, "stdout", closed)
            with pytest.raises(terminal.PrintError):
                print_it()
