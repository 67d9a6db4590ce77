"""Words from outside: what is shown commands no terminal, and what is written can be written."""

import json

import pytest

from ganatomy.files import encodable, printable, strict_json, visible

HOSTILE = "\x1b]0;title\x07 \x9b2J \r\n \u202egpj.exe \udcd6\udcd0"


@pytest.mark.parametrize("clean", [printable, visible])
def test_nothing_that_is_shown_commands_a_terminal_or_turns_a_line(clean):
    assert clean(HOSTILE).isprintable()
    assert clean("中文 é 😀") == "中文 é 😀"


def test_a_line_that_is_visible_keeps_its_spaces_so_that_a_path_can_be_copied():
    assert visible("runs/a  b") == "runs/a  b"


def test_names_that_are_no_utf8_can_be_written_and_no_other_text_is_changed():
    name = b"\xd6\xd0 1.csv".decode(errors="surrogateescape")
    assert encodable(name) == "\ufffd\ufffd 1.csv"
    assert encodable("中\n\x1b") == "中\n\x1b"
    assert json.loads(strict_json({name: [name]}).encode()) == {encodable(name): [encodable(name)]}


def test_an_error_that_cannot_say_what_it_is_is_still_named():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("[red]")

    assert printable(Mute()) == "a Mute that cannot be shown"
