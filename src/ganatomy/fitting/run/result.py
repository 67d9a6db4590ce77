"""A run: a fitted GAN together with the training that made it, whether it was just made or is read from its folder.

Shapes: `M` real points, `D` data dimensions.
"""

import contextlib
import html
import math
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.figures.saving import image_of
from ganatomy.files import printable, read_input
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.metrics.components import ComponentShare
from ganatomy.fitting.metrics.measurement import Measurement, Measurements
from ganatomy.fitting.objectives.own import NamedObjective
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.history import LOSSES, History
from ganatomy.fitting.run.pictures import figure_of
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.trainer import snapshot_epochs

_NUMBERS = ("value", "floor", "floor_spread", "spread", "error", "floor_error")

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Run(FittedGAN):
    """A fitted GAN with its training: what `ganatomy.fit` returns, and what `Run.load` reads from the folder of a run.

    Attributes:
        history: losses, and where there are held-out points the metrics and pictures of every snapshot.
        heldout: the real points (M, D) that it was measured on; None if it was not.
        measurements: every metric of the model beside its floor; None if it was not measured.
        seed: of everything random.
        path: the folder that it was written to, or read from; None if there is none.

    >>> from ganatomy.fitting.training.trainer import Trainer
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> points = np.random.default_rng(0).normal(size=(300, 2))
    >>> Run.of(Trainer(points, load_recipe("course", "gan")).snapshot(), History(), real=points)
    Run(gan, rmsprop, course recipe, seed 0: not measured)
    """

    history: History
    heldout: NDArray[np.float64] | None = None
    measurements: Measurements | None = None
    seed: int = 0
    path: Path | None = None
    _real: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        model: FittedGAN,
        history: History,
        *,
        heldout: NDArray[np.float64] | None = None,
        measurements: Measurements | None = None,
        seed: int = 0,
        path: Path | None = None,
        real: NDArray[np.float64] | None = None,
        columns: tuple[str, ...] = (),
    ) -> "Run":
        """Put a model and its training together; without held-out points, pictures show the `real` ones given."""
        objective = None
        with contextlib.suppress(InputError):  # one's own, that was not given: the model can be sampled without
            objective = model.objective
        run = cls(model.recipe, model.generator, model.discriminator, model.scaling, objective)
        run.history, run.heldout, run.measurements = history, heldout, measurements
        run.columns = columns
        run.seed, run.path, run._real = seed, path, heldout if real is None else real
        return run

    @classmethod
    def load(cls, path: str | Path, objective: NamedObjective | None = None) -> "Run":
        """Read the folder of a finished run. Nothing in it is executed.

        Args:
            path: the folder, such as one that `fit` was given as `out`, or of a run of a study.
            objective: that the run was trained with, if it is not built in; without it there are no new pictures.

        Raises:
            InputError: no finished run there, damaged files, or not the objective that it was trained with.

        >>> Run.load("runs/nowhere")
        Traceback (most recent call last):
        ganatomy.errors.InputError: runs/nowhere is no run folder; give one that ganatomy fit made, such as runs/NAME
        """
        folder = RunFolder(path)
        summary = folder.read_summary()
        model = FittedGAN.load(folder.path / "generator.safetensors", objective)
        history, heldout = _read_history(folder, summary["seconds_training"])
        found = Measurements({n: _measurement(values) for n, values in summary["metrics"].items() if n in METRICS})
        found.scale, found.size = summary["scale"], summary.get("measured_size", 0)
        found.components = tuple(ComponentShare(**share) for share in summary["components"])
        kept = {"heldout": heldout, "measurements": found, "seed": summary["seed"]}
        columns = tuple(summary["columns"]) if len(summary["columns"]) == model.dim else ()
        return cls.of(model, history, path=folder.path, columns=columns, **kept)

    @property
    def taken_over(self) -> str:
        """Say which snapshots a run from the start would not have, as this one goes on from a shorter one; or ""."""
        taken, wanted = self.history.epochs, snapshot_epochs(self.recipe)
        if not taken or taken == wanted:
            return ""
        return (
            f"{len({*taken} - {*wanted})} of {len(taken)} are at other epochs than a run of {self.recipe.epochs} from "
            f"the start takes them, as the run that this one goes on from had fewer; model and losses are the same"
        )

    def __repr__(self) -> str:
        told = (self.measurements.told if self.measurements else "") or "not measured"
        recipe = self.recipe
        return f"Run({recipe.objective}, {recipe.optimizer_name}, {recipe.name} recipe, seed {self.seed}: {told})"

    def _repr_html_(self) -> str:
        table = "" if self.measurements is None else self.measurements._repr_html_()
        return f"<p>{html.escape(repr(self))}</p>{self._picture()}{table}"

    def _picture(self) -> str:
        """Return the final picture as HTML: the file where there is one, or drawn now; "" if there is nothing."""
        if self.path is not None:
            with contextlib.suppress(InputError):  # there is none, or none of a picture's size: then it is drawn
                return image_of(read_input(self.path / "figures" / "final.png"))
        return "" if self._real is None else image_of(self.plot())

    def to_frame(self, of: Literal["metrics", "losses"] = "metrics") -> "pandas.DataFrame":
        """Make a DataFrame of the training: the metrics, a row a snapshot, or the losses, a row an iteration.

        Raises:
            InputError: there is no such table.
        """
        return self.history.to_frame(of)

    def plot(self, picture: str = "final", *, arrows: bool = False, language: str | None = None) -> "Figure":
        """Draw one of the run's pictures: final, film_strip, losses, metrics or latent_grid.

        Args:
            picture: which.
            arrows: whether to draw the discriminator's gradient at generated points into "final".
            language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

        Raises:
            InputError: no such picture, nothing is remembered that it could show, or an unknown language.
        """
        if self._real is None:
            raise InputError("this run has no real points to draw; fit with `heldout` or `train_size`")
        floor, scale = (self.measurements.floor, self.measurements.scale) if self.measurements else ({}, "raw")
        return figure_of(
            picture,
            self,
            self.history,
            self._real,
            floor,
            self.seed,
            scale=scale,
            arrows=arrows,
            trained_on=self.heldout is None,
            language=language,
            columns=self.columns,
        )


def _read_history(folder: RunFolder, seconds: float) -> tuple[History, NDArray[np.float64]]:
    """Read what a run remembers, and its held-out points, from the tables and arrays of its folder."""
    samples, epochs, heldout, fields = folder.read_arrays(["snapshots", "epochs", "heldout", "fields"])
    names, measured = folder.read_table("metrics.csv")
    columns, trained = folder.read_table("losses.csv")
    counts = np.concatenate((measured[:, 0], trained[:, :2].ravel(), epochs))
    counted = (counts == counts.round()) & (counts >= 0) & (counts < 1 << 53)
    known = len(columns) == len(LOSSES) and set(names[1:]) <= METRICS.keys() and len({*names}) == len(names)
    if not known or len(measured) != len(samples) or not counted.all():
        raise InputError(f"{printable(folder.path, None)}: its tables are damaged; make the run again")
    metrics = [dict(zip(names[1:], row[1:], strict=True)) for row in measured.tolist()]
    losses = [(int(row[0]), int(row[1]), row[2], row[3], row[4]) for row in trained.tolist()]
    return History(losses, epochs.astype(int).tolist(), list(samples), list(fields), metrics, seconds), heldout


def _measurement(values: dict[str, Any]) -> Measurement:
    """Read a measurement from a summary, in which numbers that are none are null."""
    told = {field.name: values[field.name] for field in fields(Measurement) if field.name in values}
    numbers = {name: math.nan if told.get(name) is None else told[name] for name in _NUMBERS}
    return Measurement(**{**told, **numbers})
