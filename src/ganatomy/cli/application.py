"""What all verbs of the command line share: the application, and how a verb ends.

Bad input ends in one line on standard error and exit code 2; a run that diverged in code 1; an interrupt in code 130.
"""

import _thread
import functools
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Annotated, Any, NoReturn, get_type_hints

import typer
from typer.models import ArgumentInfo

from ganatomy.errors import InputError, Note
from ganatomy.terminal import say, tell

app = typer.Typer(
    name="ganatomy",
    help="Fit GANs to point clouds and compare them; find directions in pretrained generators and edit with them.",
    epilog="Examples:  ganatomy fit --recipe recommended    ganatomy sefa faces",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

PATIENCE = 1.0
"""Seconds within which a second Ctrl-C says no more than the first: a terminal and a wrapper may each send one."""

UsageError: Any = typer.BadParameter.__base__  # any wrong use of flags; typer does not export it by its own name


def _version(wanted: bool) -> None:
    if wanted:
        say(f"ganatomy {metadata.version('ganatomy')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def verb(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function a verb of the command line, its docstring the help, what it refuses one line."""

    @app.command(name=function.__name__, help=function.__doc__)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with _notes(function):
                function(*args, **kwargs)
        except InputError as error:
            fail(flagged(str(error), function), 2)
        except KeyboardInterrupt:
            fail("interrupted", 130)

    return run


@contextmanager
def _notes(function: Callable[..., Any]) -> Iterator[None]:
    """Say in a line what a verb's user should know of what was done."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", Note)
        usual = warnings.showwarning

        def show(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, Note):
                complain(f"note: {flagged(str(message), function)}")
            else:
                usual(message, category, *rest, **more)

        warnings.showwarning = show
        yield


def flagged(message: str, function: Callable[..., Any]) -> str:
    """Write the keywords that a message of the library names in backticks as the flags of a verb.

    >>> from pathlib import Path
    >>> def sefa(
    ...     source: Annotated[str, typer.Argument(metavar="SOURCE")],
    ...     k: Annotated[int, typer.Option("--directions", "-K")] = 5,
    ...     normalize: Annotated[bool, typer.Option("--normalize/--raw")] = True,
    ...     out: Path | None = None,
    ... ) -> None: ...
    >>> flagged("`source` is no file; `k=0`, `normalize=False`, `out`, `twist`", sefa)
    'SOURCE is no file; --directions 0, --raw, --out, twist'
    """
    flags: dict[str, tuple[str, str]] = {}
    for name, hint in get_type_hints(function, include_extras=True).items():
        info = next(iter(getattr(hint, "__metadata__", ())), None)
        given = [getattr(info, "default", None), *(getattr(info, "param_decls", None) or ())]  # a first flag is either
        written = max((text for text in map(str, given) if text.startswith("-")), key=len, default="")
        yes, _, no = written.partition("/")
        if isinstance(info, ArgumentInfo):
            yes = (info.metavar or name.upper()).strip("[.]")
        flags[name] = (yes or f"--{name.replace('_', '-')}", no)

    def flag(named: re.Match[str]) -> str:
        yes, no = flags.get(named[1], (named[1], ""))
        if named[2] == "False" and no:
            return no
        return yes if named[2] in (None, "", "True") else f"{yes} {named[2]}"

    return re.sub(r"`(\w+)(?:=([^`]*))?`", flag, message)


def fail(message: str, code: int) -> NoReturn:
    """Say what went wrong in one line, and leave."""
    complain(message)
    raise typer.Exit(code)


def heed_interrupts() -> None:
    """Let Ctrl-C or SIGTERM interrupt the command, so that it ends in order and nothing unfinished stays behind.

    What it does thereupon is left in peace: the next interrupt counts `PATIENCE` seconds later. Nothing is changed
    where somebody else decides what an interrupt does.
    """
    heeded = [-PATIENCE]

    def obey(number: int, frame: Any) -> None:
        now = time.monotonic()
        if now - heeded[0] >= PATIENCE:
            heeded[0] = now
            raise KeyboardInterrupt

    def again(lost: Any) -> None:  # what interrupted a destructor or a callback, where no exception passes
        if issubclass(lost.exc_type, KeyboardInterrupt):
            heeded[0] = -PATIENCE
            threading.Timer(0.02, _interrupt).start()  # later: here it would be lost in the same way
        else:
            sys.__unraisablehook__(lost)

    if threading.current_thread() is threading.main_thread():  # which signals come to
        sys.unraisablehook = again
        for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
            if signal.getsignal(number) == usual:
                signal.signal(number, obey)


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):  # which wakes a thread that waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def ignore_interrupts() -> None:
    """Leave the end of the program alone: Python would restore the system's way, which is to be killed.

    SIGTERM is to kill from now on, in case that the end does not come.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if callable(signal.getsignal(signal.SIGTERM)):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def complain(message: str) -> None:
    """Print one line on standard error."""
    from ganatomy.files import printable

    tell(f"ganatomy: {printable(message, None)}")
