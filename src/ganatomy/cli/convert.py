"""ganatomy convert: any checkpoint into one that is safe to open and says what it is."""

from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.cli.parsing import check_ending
from ganatomy.terminal import say


@verb
def convert(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As of 'ganatomy sefa'.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.safetensors", help="The file to write.")],
    classes: options.Classes = None,
    sha256: options.Sha256 = None,
    trust: options.Trust = False,
) -> None:
    """Write a checkpoint as safetensors, with a card: family, sizes, source, sha256, licence. No pickle is left.

    Examples:

      ganatomy convert checkpoints/pggan_celebahq1024.pth pggan.safetensors

      ganatomy convert eyes eyes.safetensors
    """
    from ganatomy.generators.loading import convert as write

    check_ending(out, ".safetensors")
    made = write(options.open_source(source, classes, sha256, trust), out)
    say(f"{made.name}: {made.layout}, {made.resolution} pixels, weights {made.fingerprint()}")
    say(f"written: {out}")
