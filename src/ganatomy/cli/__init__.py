"""The command line: one file a verb, each thin: parse, call, print.

Bad input ends in one line on standard error and exit code 2; a run that diverged in code 1; an interrupt in code 130.
"""

import functools
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ganatomy import __version__
from ganatomy.errors import InputError

app = typer.Typer(
    name="ganatomy",
    help="Fit GANs to point clouds and compare them; find directions in pretrained generators and edit with them.",
    epilog="Examples:  ganatomy fit --recipe recommended    ganatomy sefa faces",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

_UsageError = typer.BadParameter.__base__  # any wrong use of flags; typer does not export it by its own name


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ganatomy {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def verb(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function a verb of the command line, its docstring the help, its errors one line."""

    @app.command(name=function.__name__, help=function.__doc__)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except InputError as error:
            fail(str(error), 2)
        except OSError as error:
            if error.filename is None:  # standard output: see `main`
                raise
            fail(f"{error.filename}: {error.strerror}; choose another path", 2)
        except KeyboardInterrupt:
            fail("interrupted", 130)

    return run


def fail(message: str, code: int) -> None:
    """Say what went wrong in one line, and leave."""
    _complain(message)
    raise typer.Exit(code)


def _complain(message: str) -> None:
    text = "".join(c if c.isprintable() else " " for c in message)
    print(f"ganatomy: {' '.join(text.split())}", file=sys.stderr)


def main() -> None:
    """Run the command line."""
    from ganatomy.cli import (  # noqa: F401 (each registers its verb, in the order of --help)
        animate,
        compare,
        convert,
        directions,
        distributions,
        edit,
        evaluate,
        fit,
        recipes,
        report,
        sample,
        sefa,
        zoo,
    )

    if not sys.argv[1:]:
        sys.argv.append("--help")
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        _complain(f"{error.format_message()}; see --help")
        code = 2
    except OSError as error:
        sys.stdout = None  # or the interpreter would try to flush it again
        _complain(f"cannot print: {error.strerror}")
        code = 1
    sys.exit(code)
