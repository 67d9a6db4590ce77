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
from ganatomy.cli.ending import ending
from ganatomy.terminal import finish, prepare


def main() -> None:
    """Run the command line."""
    if not sys.argv[1:]:
        sys.argv.append("--help")
    heed_interrupts()
    prepare()
    try:
        code = app(standalone_mode=False)
        finish()
    except UsageError as error:
        complain(f"{error.format_message()}; see --help")
        code = 2
    except (KeyboardInterrupt, Abort):  # before a verb has begun, or after it has ended
        complain("interrupted")
        code = 130
    except Exception as error:
        told = ending(error)
        if told is None:
            raise
        line, code = told
        if line:
            complain(line)
    ignore_interrupts()
    sys.exit(code)
