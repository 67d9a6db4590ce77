"""ganatomy report: one page that links results."""

from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.terminal import say


@verb
def report(
    folders: Annotated[
        list[str],
        typer.Argument(metavar="FOLDER...", help="Runs, and folders of sefa, directions and compare."),
    ],
    out: Annotated[Path, typer.Option(help="The page, in a folder that holds the others.")] = Path("index.html"),
    title: Annotated[str, typer.Option(help="Of the page.")] = "Ganatomy",
    language: options.Language = None,
) -> None:
    """Write one HTML page that shows the main numbers of result folders, and shows and links what they hold.

    Examples:

      ganatomy report runs/first edits/faces_N5_K5_seed0

      ganatomy report demo/fit demo/faces --out demo/index.html
    """
    from ganatomy.pages import index

    index.report(folders, out, title=title, language=language)
    say(f"page: {out}")
