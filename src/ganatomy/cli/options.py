"""Flags that several verbs share, and how their texts are read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganatomy.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganatomy.generators.base import Generator
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
Threads = Annotated[int | None, Flag(help="Of the processor.  [default: as many as it has cores]")]


def open_source(source: str, classes: int | None, sha256: str | None, trust: bool) -> "Checkpoint":
    """Open a source, saying on standard error what a person should know: licence at first use, downloads."""
    from ganatomy.generators.loading import open_checkpoint

    if classes is not None and not 1 <= classes <= 10_000:
        raise InputError(f"--classes {classes}: give a whole number, 1 or more")
    return open_checkpoint(source, classes=classes, sha256=sha256, trust=trust)


def truncation(generator: "Generator", psi: float | None, cutoff: int | None) -> dict[str, Any]:
    """Return psi and cutoff for `draw_samples`; without flags, what the published SeFa tool takes."""
    if psi is None and cutoff is None and generator.truncation is not None:
        psi, cutoff = generator.truncation
    return {"psi": psi, "cutoff": cutoff}


@contextmanager
def threads_of(count: int | None) -> Iterator[None]:
    """Use that many threads; PyTorch's own choice if none is given."""
    from contextlib import nullcontext

    from ganatomy.execution import use_threads

    with nullcontext() if count is None else use_threads(count):
        yield


def read_seeds(text: str) -> list[int]:
    """Read "3,7,12" or "0-7", both ends included, or a mixture.

    >>> read_seeds("3, 7,10-12")
    [3, 7, 10, 11, 12]
    """
    seeds: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d{1,19})\s*(?:-\s*(\d{1,19})\s*)?", part)
        if ends is None:
            raise InputError(f"seeds '{text}': write whole numbers such as 3,7,12 or 0-7")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if not first <= last < 2**32 or last - first + len(seeds) >= 1000:
            raise InputError(
                f"seeds '{part.strip()}': from a smaller to a larger one, below 2^32, at most 1,000 in all"
            )
        seeds.extend(range(first, last + 1))
    return seeds


def read_settings(assignments: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE, the value as TOML, or as text where it is none.

    >>> read_settings(["penalties.clip=0.01", "optimizer=adam"])
    {'penalties.clip': 0.01, 'optimizer': 'adam'}
    """
    from ganatomy.fitting.recipes.recipe import tomllib

    settings: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not (equals and key.strip() and all(key.strip().split("."))):
            raise InputError(f"--set {assignment}: write KEY=VALUE, such as --set penalties.clip=0.01")
        try:
            settings[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            settings[key.strip()] = value.strip()
    return settings


def seeds_in_name(seed: int, seeds: str | None) -> str:
    """Say in a file's name which seeds it is of.

    >>> seeds_in_name(0, None), seeds_in_name(0, "3, 7,10-12")
    ('seed0', 'seeds3+7+10-12')
    """
    return f"seed{seed}" if seeds is None else f"seeds{seeds.replace(',', '+').replace(' ', '')}"


def drawn_in_name(psi: float | None, cutoff: int | None, noise: str, mix: list[str] | None = None) -> list[str]:
    """Say in a file's name how codes were drawn and pictures grained, where a person said so.

    >>> drawn_in_name(0.5, None, "none", ["7:0:2"]), drawn_in_name(None, None, "stored")
    (['psi0.5', 'noise-none', 'mix7:0:2'], [])
    """
    told = [] if psi is None else [f"psi{psi:g}"]
    told += [] if cutoff is None else [f"cutoff{cutoff}"]
    told += [] if noise == "stored" else [f"noise-{noise}"]
    return told + [f"mix{each}" for each in mix or []]


def check_strength(flag: str, value: float) -> None:
    """Refuse a strength that is no number, or so large that nothing of a code would be left."""
    if not abs(value) <= 1000:
        raise InputError(f"{flag} {value:g}: give a number from -1000 to 1000; coordinates of codes are about 1")


def check_ending(path: Path | None, ending: str) -> None:
    """Refuse a file's name that does not say what will be in it, before any work is done."""
    if path is not None and path.suffix.lower() != ending:
        raise InputError(f"{path}: the file will be {ending[1:]}; let the name end in {ending}")


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, if it is not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {path}: {error.strerror or error}; choose another --out") from None


def file_name(*parts: Any) -> str:
    """Join parts by underscores into a name that every file system takes.

    >>> file_name("a/b", "N5", "")
    'a_b_N5'
    """
    text = "_".join(str(part) for part in parts if str(part))
    text = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in text)
    return text.encode()[:200].decode(errors="ignore")  # bytes are what file systems count


def save_png(figure: "Figure", path: Path) -> None:
    """Save a figure, making the folder if need be."""
    from ganatomy.figures.saving import save_figure

    make_folder(path.parent)
    save_figure(figure, path)
