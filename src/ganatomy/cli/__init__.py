"""The command line: one file a verb, each thin: parse, call, print."""

import sys

from typer import Abort

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
from ganatomy.cli.application import UsageError, app, complain, heed_interrupts, ignore_interrupts


def main() -> None:
    """Run the command line."""
    if not sys.argv[1:]:
        sys.argv.append("--help")
    heed_interrupts()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except UsageError as error:
        complain(f"{error.format_message()}; see --help")
        code = 2
    except OSError as error:
        sys.stdout = None  # or the interpreter would try to flush it again
        complain(f"cannot print: {error.strerror}")
        code = 1
    except (KeyboardInterrupt, Abort):  # before a verb has begun, or after it has ended
        complain("interrupted")
        code = 130
    ignore_interrupts()
    sys.exit(code)
