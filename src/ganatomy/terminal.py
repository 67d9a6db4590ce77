"""What is printed: the one place that writes to standard output and standard error.

Names of files, classes and cards, and what a user's own code says when it fails, come from outside. Guaranteed: none of
it commands the terminal, turns a line, or is read as markup, and a stream whose encoding lacks a character, or that is
closed, ends in no traceback. What is said on standard error is a courtesy: work goes on if it cannot be said.
"""

import io
import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 100  # where there is no terminal to ask


class PrintError(Exception):
    """Standard output is closed, or takes no more.

    No `OSError`, since libraries take one of a pipe for their own affair.

    >>> issubclass(PrintError, OSError)
    False
    """


def prepare() -> None:
    """See to the streams of a process that is a command.

    Characters that their encoding lacks are printed as escapes, warnings in a line; a descriptor that was closed leads
    nowhere, lest a file that is opened later takes its number and what a library prints.

    >>> prepare()
    """
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass
        os.close(number)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _warn


def _warn(message: object, category: type[Warning], *_: Any) -> None:
    tell(f"{category.__name__}: {message}")


def say(line: str = "") -> None:
    r"""Print a line of results on standard output.

    Raises:
        PrintError: standard output is closed, or takes no more.

    >>> say("picture: a  b\x1b[2J.png")
    picture: a  b [2J.png
    """
    from ganatomy.files import visible

    print(visible(line), file=_Output())


def say_text(text: str) -> None:
    r"""Print lines of results on standard output.

    Raises:
        PrintError: as `say`.

    >>> say_text('name = "a"\nseed = 0\n')
    name = "a"
    seed = 0
    """
    for line in text.removesuffix("\n").split("\n"):
        say(line)


def say_json(content: Mapping[str, Any] | Sequence[Any]) -> None:
    r"""Print JSON on standard output; a character that cannot be shown is written as JSON escapes it.

    Raises:
        PrintError: as `say`.

    >>> say_json({"name": "中\x9b"})
    {
      "name": "中\u009b"
    }
    """
    from ganatomy.files import strict_json

    text, encoding = strict_json(content), getattr(sys.stdout, "encoding", None) or "utf-8"
    kept = {"\n", *(c for c in set(text) if c.isprintable() and _has(encoding, c))}
    print(text.translate({ord(c): json.dumps(c)[1:-1] for c in set(text) - kept}), file=_Output())


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def say_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", right: Sequence[str] = ()
) -> None:
    """Print rows under headings on standard output; the headings named in `right` are of columns of numbers.

    Raises:
        PrintError: as `say`.

    >>> say_table(("name", "points"), [("[ring]", "8192")], right=("points",))
    name    points
    [ring]    8192
    """
    from rich.table import Table

    from ganatomy.files import visible

    table = Table(title=visible(title) or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in headings:
        numbers = heading in right
        table.add_column(visible(heading), justify="right" if numbers else "left", header_style="dim", no_wrap=numbers)
    for row in rows:
        table.add_row(*map(visible, row))
    _console(file=_Output(), width=width()).print(table)


def width() -> int:
    """Return how many letters a line of a table may have: as many as the terminal shows, or 100 elsewhere.

    >>> width()
    100
    """
    return _console(file=_Output()).width if _Output().isatty() else _WIDTH


def finish() -> None:
    """See that all that was said has been printed.

    Raises:
        PrintError: it has not; nothing of it is tried again.

    >>> finish()
    """
    if sys.stdout is not None:
        _Output().flush()


def tell(line: str) -> None:
    """Print a line on standard error: what a person should know, or do; nothing if that cannot be.

    >>> tell("")
    """
    from ganatomy.files import visible

    print(visible(line), file=_Courtesy(), flush=True)


def error_console() -> "Console":
    """Return what draws bars on standard error, or in a notebook.

    >>> error_console().is_jupyter
    False
    """
    return _console(file=_Courtesy())


def _console(**settings: Any) -> "Console":
    from rich.console import Console

    return Console(**settings, markup=False, emoji=False, highlight=False)


class _Output:
    """Standard output, whose failures are known as such."""

    def __init__(self) -> None:
        if sys.stdout is None:  # closed before this process began
            raise PrintError("standard output is closed")
        self._stream = sys.stdout

    def write(self, text: str) -> int:
        with _failing():
            return self._stream.write(text)

    def flush(self) -> None:
        with _failing():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # who read has what was wanted
        sys.stdout = None
        raise PrintError from None
    except OSError as error:
        sys.stdout = None  # or the interpreter would try again at its end
        raise PrintError(error.strerror or str(error)) from None


class _Courtesy:
    """Standard error, whose failures are nobody's concern."""

    def __init__(self) -> None:
        self._stream: Any = sys.stderr

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
