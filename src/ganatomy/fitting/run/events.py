"""Event files of a run, for TensorBoard.

They are written from the files of a run's folder: scalars of every iteration (losses) and of every snapshot (metrics,
validation), by iteration and by epoch; images of every snapshot, as the film shows them, and the final picture. So they
can be written of any run, on whatever machine it was made. Needs the extra `tensorboard`.
"""

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganatomy.errors import InputError, require_extra
from ganatomy.files import Place


def write_events(run: Path, into: Place, scratch: Path) -> None:
    """Write the event files of a run into a folder; one that has some is left as it is.

    Args:
        run: the run's folder; what it lacks is left out.
        into: the folder of the events.
        scratch: a folder on the same disk, in which they are written first.

    Raises:
        InputError: TensorBoard is not installed, or a file is damaged or cannot be written.

    >>> from ganatomy.files import Folder
    >>> folder = Folder(tempfile.mkdtemp())
    >>> with folder.writing("a/events.out") as file: pass
    >>> write_events(Path("runs/a"), folder.at("a"), folder.path)  # it has some
    """
    if into.folder.names(into.name):
        return
    require_extra("tensorboard", "tensorboard", "`tensorboard`")
    try:
        with tempfile.TemporaryDirectory("", "events-", scratch, ignore_cleanup_errors=True) as place:
            made = Path(place) / "events"
            _write(run, made)
            into.folder.remove(into.name)
            into.folder.adopt(made, into.name)
    except (OSError, ValueError, LookupError) as error:
        raise InputError(f"cannot write the events of {run} to {into}: {error}") from None


def _write(run: Path, into: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(into) as writer:
        for name, step in (("losses", "iteration"), ("metrics", "epoch"), ("validation", "epoch")):
            for row in _rows(run / f"{name}.csv"):
                at = int(row[step])
                for column in row.keys() - {"iteration", "epoch"}:
                    writer.add_scalar(f"{name}/{column}", float(row[column]), at)
        epochs = [int(row["epoch"]) for row in _rows(run / "metrics.csv")]
        for epoch, frame in zip(epochs, _frames(run / "animation.gif"), strict=False):
            writer.add_image("training", frame, epoch, dataformats="HWC")
        for frame in _frames(run / "figures" / "final.png"):
            writer.add_image("final", frame, epochs[-1] if epochs else 0, dataformats="HWC")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, or none where there is no file."""
    if path.exists():
        with open(path, encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def _frames(path: Path) -> Iterator[np.ndarray]:
    """Yield the pictures (H, W, 3) of a file, or none where there is none."""
    from PIL import Image, ImageSequence

    if path.exists():
        with Image.open(path) as picture:
            for frame in ImageSequence.Iterator(picture):
                yield np.asarray(frame.convert("RGB"))
