"""Flags that several verbs share, and what they come to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ganatomy.errors import InputError

if TYPE_CHECKING:
    from ganatomy.generators.checkpoint import Checkpoint

Flag = typer.Option

Source = Annotated[
    str,
    typer.Argument(
        metavar="[SOURCE]", help="A zoo name, a checkpoint, hf://owner/repo/file, or https://... (see 'ganatomy zoo')."
    ),
]
Classes = Annotated[
    int | None, Flag(help="Of a conditional checkpoint without a card: how many.  [default: what its card says]")
]
Sha256 = Annotated[str | None, Flag(help="That the file must have.")]
Trust = Annotated[bool, Flag("--trust-on-first-use", help="Take a file whose hash nobody has checked, and pin it.")]
ClassName = Annotated[
    str | None, Flag("--class", help="Of all samples, for conditional generators.  [default: in turn]")
]
Psi = Annotated[
    float | None,
    Flag(help="How far codes w are drawn to their mean: 1 not, 0 all the way.  [default: 0.7 where there is a mean]"),
]
Cutoff = Annotated[
    int | None, Flag(help="In how many layers, the first ones.  [default: all if --psi is given, else 8]")
]
Noise = Annotated[str, Flag(help="Grain of a StyleGAN's pictures: stored, none, or random.")]
Size = Annotated[int, Flag(help="Pixels a side at which pictures are shown.")]
Precision = Annotated[str, Flag(help="float32, or bfloat16: faster, about a grey level off.")]
Device = Annotated[str, Flag(help="auto, cpu, cuda, cuda:1, mps.")]
Language = Annotated[
    str | None, Flag(help="Of pictures and pages: en or zh.  [default: what GANATOMY_LANGUAGE says, or en]")
]
Variable = Annotated[
    str | None,
    Flag(help="Array in a .mat or .npz (data.xx in a struct), or columns (x,y).  [default: xx, or the only one]"),
]
Labels = Annotated[
    str | None, Flag(metavar="COLUMN", help="Column, or array in a .mat or .npz, with the component of each point.")
]
Transpose = Annotated[bool, Flag("--transpose", help="Each column of the file's array is a point.")]
Threads = Annotated[int | None, Flag(help="Of the processor.  [default: as many as it has cores]")]


def open_source(source: str, classes: int | None, sha256: str | None, trust: bool) -> "Checkpoint":
    """Open a source, saying on standard error what a person should know: licence at first use, downloads."""
    from ganatomy.generators.loading import open_checkpoint

    if classes is not None and not 1 <= classes <= 10_000:
        raise InputError(f"--classes {classes}: give a whole number, 1 or more")
    return open_checkpoint(source, classes=classes, sha256=sha256, trust=trust)


@contextmanager
def threads_of(count: int | None) -> Iterator[None]:
    """Use that many threads; PyTorch's own choice if none is given."""
    from contextlib import nullcontext

    from ganatomy.execution import use_threads

    with nullcontext() if count is None else use_threads(count):
        yield
