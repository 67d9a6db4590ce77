"""A run folder: what one fit leaves behind, and how it is found again.

    recipe.toml            the resolved recipe            summary.json          the result, written last
    metrics.csv            a row a snapshot               losses.csv            a row an iteration
    samples.npz            snapshots (S, n, D), epochs (S,), heldout (M, D), fields (S, ...): D's value on a grid
    generator.safetensors  the model (`FittedGAN.load`)   checkpoint.pt         where training stands
    figures/*.png          animation.gif, animation.mp4   log.txt               what happened when
    .ganatomy              the mark of a run's folder     .lock                 held while it is written

A folder with a summary is finished and is never changed unless told to; one without is resumed by the same recipe,
seed and points, and by nothing else: their digest, the *fingerprint*, is in the checkpoint. The same run of more epochs
goes on from either (see `PlannedFit.goes_on_in`). Files appear whole or not at all. No file needs a pickle to be read,
and the checkpoint is read by PyTorch's weights-only reader.
"""

import hashlib
import io
import json
import os
from array import array
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import ConfigDict, Field

from ganatomy.errors import InputError
from ganatomy.files import Count, Line, Meter, OwnedFolder, Table, instead, parse_json, printable, read_input
from ganatomy.files.arrays import read_npz
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.run.checkpoint import read_checkpoint

FORMAT = 1
"""Of the folder: raised when older folders can no longer be read."""

_LINE = 1 << 16  # letters
_AXES = {"snapshots": (3,), "epochs": (1,), "heldout": (2,), "fields": (2, 3)}  # of the arrays in samples.npz


class _Versions(Table):
    model_config = ConfigDict(extra="allow")

    run_folder: int


class _Versioned(Table):
    """What every version writes."""

    versions: _Versions


class _Metric(Table):
    """A measurement: see `metrics.measurement.Measurement`; what is no number is null."""

    model_config = ConfigDict(extra="allow")

    value: float | None
    floor: float | None
    floor_spread: float | None
    ratio: float | None
    spread: float | None = None  # which runs of before do not have, nor what follows
    draws: int = Field(1, ge=1, le=10_000)
    error: float | None = None
    floor_error: float | None = None
    compared: float | None = None
    memory: float | None = None


class _Share(Table):
    """A component's share: see `metrics.components.ComponentShare`."""

    name: Line
    real: float
    generated: float
    low: float
    high: float
    is_off: bool = False


class SummaryTable(_Versioned):
    """What summary.json must hold, whoever sent it; other keys are kept as they are."""

    model_config = ConfigDict(extra="allow")

    objective: Line
    field_label: Line = ""  # which runs of before do not have
    optimizer: Line
    recipe: Line
    seed: Annotated[int, Field(ge=0, lt=1 << 63)]
    epochs: Count
    columns: tuple[Line, ...] = ()  # which runs of before do not have
    train_size: Count
    heldout_size: Count
    seconds_training: float = Field(ge=0)
    scale: Literal["std", "raw"] = "raw"  # as runs of before were measured
    metrics: dict[Line, _Metric]
    components: list[_Share] = Field(default_factory=list, max_length=1000)


def fingerprint(recipe: Recipe, seed: int, *points: np.ndarray) -> str:
    """Digest all that decides a run, so that no other one is resumed by mistake.

    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> fingerprint(load_recipe("course"), 0, np.zeros((2, 2)))[:8]
    '9076cca0'
    """
    digest = hashlib.sha256(json.dumps([FORMAT, recipe.model_dump(), seed], sort_keys=True).encode())
    for cloud in points:
        digest.update(str(cloud.shape).encode() + np.ascontiguousarray(cloud, dtype=np.float64).tobytes())
    return digest.hexdigest()


class RunFolder(OwnedFolder):
    """The folder of one run: opened for writing with `claim`, for reading with `read_*`.

    >>> import tempfile
    >>> folder = RunFolder(f"{tempfile.mkdtemp()}/run")
    >>> with folder.claim("abc"):
    ...     folder.write_json("summary.json", {"seed": 0, "versions": {"run_folder": FORMAT}})
    >>> folder.finished
    True
    >>> folder.read_summary()
    Traceback (most recent call last):
    ganatomy.errors.InputError: ...: damaged; `force=True` makes the run again (objective is missing)
    """

    noun = "run"
    others = "another recipe, seed or data"
    owned = (
        *("recipe.toml", "summary.json", "metrics.csv", "losses.csv", "samples.npz", "generator.safetensors"),
        *("checkpoint.pt", "animation.gif", "animation.mp4", "log.txt", "directions"),
        *(f"figures/{name}.png" for name in ("final", "film_strip", "losses", "metrics", "latent_grid")),
    )

    def unfinished(self) -> str | None:
        """Return the fingerprint of the checkpoint; without one there is nothing to lose."""
        checkpoint = self.read_checkpoint()
        return None if checkpoint is None else checkpoint["fingerprint"]

    def write_checkpoint(self, content: dict[str, Any]) -> None:
        """Write checkpoint.pt: tensors, numbers, text and plain containers only."""
        with self.writing("checkpoint.pt") as file:
            try:
                torch.save({"format": FORMAT, **content}, file)
            except RuntimeError as error:  # PyTorch's own writer says so when the disk is full
                raise OSError(f"no room, perhaps ({str(error).splitlines()[0]})") from error

    def read_checkpoint(self) -> dict[str, Any] | None:
        """Read checkpoint.pt, or None when there is none. Nothing in it is executed.

        Raises:
            InputError: the file is damaged or of another version.
        """
        path = self.path / "checkpoint.pt"
        return read_checkpoint(path, FORMAT) if os.path.lexists(path) else None

    def read_summary(self) -> dict[str, Any]:
        """Read summary.json.

        Raises:
            InputError: there is none, or it is damaged or of another version.
        """
        path = self.path / "summary.json"
        if not self.begun:
            if other := instead(self.path, "run"):
                raise other
            raise InputError(f"{self.path} is no run folder; give one that ganatomy fit made, such as runs/NAME")
        if not self.finished:
            raise InputError(f"{self.path} holds no finished run; run the same fit command again to finish it")
        try:
            content = read_input(path)
            version = parse_json(content, "", _Versioned).versions.run_folder
            summary = parse_json(content, "", SummaryTable) if version == FORMAT else None
        except InputError as error:
            raise InputError(f"{path}: damaged; `force=True` makes the run again ({str(error).strip(': ')})") from None
        if summary is None:
            raise InputError(f"{path}: written in format {version}, this version reads {FORMAT}")
        return summary.model_dump()

    def read_arrays(self, names: Sequence[str]) -> list[np.ndarray]:
        """Read arrays from samples.npz, without unpickling anything.

        Raises:
            InputError: the file or an array is missing or damaged.
        """
        arrays = read_npz(self.path / "samples.npz", names, "make the run again")
        found = dict(zip(names, arrays, strict=True))
        wrong = [name for name, array in found.items() if name in _AXES and array.ndim not in _AXES[name]]
        counts = {len(found[name]) for name in ("snapshots", "epochs", "fields") if name in found and not wrong}
        if wrong or len(counts) > 1:
            what = f"'{wrong[0]}' is of another shape" if wrong else "there are not as many of each"
            raise InputError(f"{printable(self.path / 'samples.npz', None)}: damaged ({what}); make the run again")
        return arrays

    def read_table(self, name: str) -> tuple[list[str], np.ndarray]:
        """Read a table of numbers that `write_table` wrote: the names of its columns (C,), and the rows (N, C).

        Raises:
            InputError: it is missing or damaged, or costs more than a file may.

        >>> import tempfile
        >>> folder = RunFolder(f"{tempfile.mkdtemp()}/run")
        >>> with folder.claim("abc"):
        ...     folder.write_table("metrics.csv", ["epoch", "recall"], [[0, 0.5], [10, float("nan")]])
        >>> folder.read_table("metrics.csv")
        (['epoch', 'recall'], array([[ 0. ,  0.5],
               [10. ,  nan]]))
        """
        path = self.path / name
        meter, values = Meter(path), array("d")
        try:
            text = io.StringIO(read_input(path, "make the run again", meter).decode(), newline=None)
            names = text.readline(_LINE).rstrip("\n").split(",")
            while line := text.readline(_LINE):
                row = line.split(",")
                if len(row) != len(names):
                    raise ValueError("a row of another length")
                meter.draw("bytes", 2 * values.itemsize * len(row))
                values.extend(map(float, row))
        except InputError:
            raise
        except ValueError as error:
            raise InputError(f"{meter.where}: damaged ({printable(error)}); make the run again") from None
        return [printable(name) for name in names], np.array(values).reshape(-1, len(names))
