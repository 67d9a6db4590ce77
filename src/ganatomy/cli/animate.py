"""ganatomy animate: the films of a run, made again."""

from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.terminal import say


@verb
def animate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    fps: Annotated[float, typer.Option(help="Frames a second, 1 to 60.")] = 12,
    width: Annotated[int, typer.Option(help="Of a frame in pixels, 480 to 4096.")] = 640,
    language: options.Language = None,
) -> None:
    """Make animation.gif and animation.mp4 of a finished run again, with other settings.

    Examples:

      ganatomy animate runs/demo --fps 6

      ganatomy animate runs/demo --width 1280
    """
    from ganatomy.fitting.run import pictures

    for path in pictures.animate(run, fps=fps, width=width, language=language):
        say(str(path))
