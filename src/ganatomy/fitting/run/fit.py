"""Fit a GAN to points: the loop over `train` with snapshots, metrics, files and a way to stop and resume.

`fit` trains and returns the model. With held-out points it measures the model against them and the floor; with a folder
it also measures every snapshot, writes all that `ganatomy.fitting.run.folder` lists, saves a checkpoint every few
epochs and when it is interrupted, and resumes from one. Measuring and drawing are not counted as training time.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.execution import deferred_interrupts, use_threads, versions
from ganatomy.fitting.metrics.measurement import Measurements
from ganatomy.fitting.metrics.yardstick import Scale
from ganatomy.fitting.objectives.own import AnyObjective
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import AnyPoints
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.run import pictures
from ganatomy.fitting.run.folder import FORMAT, RunFolder
from ganatomy.fitting.run.history import History
from ganatomy.fitting.run.look import look
from ganatomy.fitting.run.measured import Measured
from ganatomy.fitting.run.plan import PlannedFit, plan_fit
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.trainer import Step, Trainer
from ganatomy.languages import chosen
from ganatomy.progress import Silent, shown

CHECKPOINT_EPOCHS = 10
"""Epochs between two checkpoints: at most a few seconds of work are lost to a crash."""

_LOSSES = "D {:+.3f}  G {:+.3f}"


def fit(
    points: AnyPoints = "zigzag",
    objective: str | AnyObjective | None = None,
    recipe: "str | Path | Recipe | Mapping[str, Any] | None" = None,
    seed: int = 0,
    *,
    heldout: ArrayLike | None = None,
    train_size: int | None = None,
    variable: str | None = None,
    labels: str | ArrayLike | None = None,
    transpose: bool = False,
    device: str = "auto",
    threads: int = 1,
    out: str | Path | None = None,
    force: bool = False,
    distribution: Distribution | None = None,
    scale: Scale = "std",
    arrows: bool = False,
    language: str | None = None,
    progress: Silent | bool | None = None,
    **overrides: Any,
) -> Run:
    """Fit a GAN to points and return the run: the model, its training, and where there are held-out points its quality.

    Args:
        points: (N, D) or (N,), in any units: an array or a DataFrame, a file's path, or a distribution or its name.
        objective: a name, or one's own: a subclass of `Objective`, an instance, "my.py:Mine".
        recipe: a built-in name, a path to a TOML file, or a recipe; None is `course` for the report's objectives and
            `literature` for the others.
        seed: of everything random; same seed, same machine, same number of threads: same model.
        heldout: real points (M, D) to measure on and never trained on; all of `points` are trained on then.
        train_size: instead of `heldout`: train on that many of the points, measure on the others. With neither, an
            array is trained on as a whole; of points that are given by name, or where there is a folder to write to,
            7000 of 8192 are trained on.
        variable: of a file, as in `ganatomy.load_points`.
        labels: of which component each point is: N whole numbers or texts, or where they stand: a column of the
            table, which is then none of the points', or a variable of a `.mat` or `.npz`.
        transpose: whether each column of the points' array is a point.
        threads: of the processor. Two are about a third faster than one on an idle machine and many times slower on
            a busy one, where each waits for the other; and the numbers depend on it in their last digits.
        device: `auto` (CUDA where there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
        out: a folder to write to, resumed if it holds the beginning of this very run. From a run that differs in
            nothing but fewer `epochs` it goes on, unless its recipe follows their number: the model, losses, samples
            and the measurements of the end are those of a run from the start. So are the snapshots if all that such a
            run takes up to there were taken; else those of the shorter run are kept.
        force: whether to replace what `out` holds.
        distribution: where the points come from, if it is a known one: more can be measured then.
        scale: in which it is measured: "std" for the standard deviation of each held-out column, "raw" for its units.
        arrows: whether final.png shows the discriminator's gradient at generated points.
        language: of the pictures, "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.
        progress: whether to show it; None shows it in a notebook.
        **overrides: recipe fields, as in `ganatomy.load_recipe`: `epochs=100`, `lr=1e-3`, `latent_dim=8` ...

    Raises:
        InputError: anything given cannot be used; nothing was written.
        Diverged: a loss became infinite or no number; what was written stays.

    >>> points = np.random.default_rng(0).normal(size=(512, 2)) + [5, 0]
    >>> run = fit(points, recipe="recommended", epochs=30)
    >>> run.sample(1000, seed=1).mean(axis=0).round() + 0.0
    array([5., 0.])
    """
    plan = plan_fit(
        points,
        objective,
        recipe,
        seed,
        heldout=heldout,
        train_size=train_size,
        variable=variable,
        labels=labels,
        transpose=transpose,
        distribution=distribution,
        scale=scale,
        measured=out is not None,
        **overrides,
    )
    how = {"arrows": arrows, "language": language, "progress": progress}
    return run_fit(plan, device=device, threads=threads, out=out, force=force, **how)


def run_fit(
    plan: PlannedFit,
    *,
    device: str = "auto",
    threads: int = 1,
    out: str | Path | None = None,
    force: bool = False,
    arrows: bool = False,
    language: str | None = None,
    progress: Silent | bool | None = None,
) -> Run:
    """Carry out a fit that is decided; the other arguments are those of `fit`.

    Raises:
        InputError: as `fit`.
        Diverged: as `fit`.

    >>> plan = plan_fit([[0.0, 1.0], [2.0, 3.0], [4.0, 0.5]], "gan", epochs=1, batch_size=2)
    >>> len(run_fit(plan).history.losses)
    1
    """
    if arrows and plan.train.shape[1] == 1:
        raise InputError("`arrows` need points of two or more columns; leave them out")
    tongue, display = chosen(language), shown(progress, "epoch")
    with use_threads(threads):
        if plan.heldout is None:
            return _train(plan.trainer(device), plan, display)
        measured = MeasuredFit(plan, device, display)
        if out is None:
            return measured.train()
        folder = RunFolder(out)
        with plan.claim(folder, force):
            return measured.write(folder, plan.fingerprint, arrows, tongue)


def _train(trainer: Trainer, plan: PlannedFit, progress: Silent) -> Run:
    """Train to the end, remembering the losses at the end of each epoch."""
    history, started = History(), time.perf_counter()
    with progress.showing(trainer.recipe.epochs):
        for step in trainer:
            if step.iteration % trainer.iterations_an_epoch == 0:
                losses = step.losses
                values = float(losses.discriminator), float(losses.generator), float(losses.penalty)
                history.add_losses(step.iteration, step.epoch, *values)
                progress.update(step.epoch, _LOSSES.format(*values[:2]))
    history.seconds = time.perf_counter() - started
    return Run.of(trainer.snapshot(), history, seed=trainer.seed, real=plan.train, columns=plan.columns)


class MeasuredFit(Measured):
    """A planned fit with held-out points: a training that is measured, and a folder to write it to.

    Attributes:
        trainer: whose training it is.
        where: the device and the number of threads of the training, for the log and the summary.

    Raises:
        InputError: too few points to measure with, or of another dimension.
    """

    def __init__(self, plan: PlannedFit, device: str = "cpu", progress: Silent | None = None) -> None:
        self.trainer, self.progress = plan.trainer(device), progress or Silent()
        if plan.heldout is None:
            raise InputError("no points are held out to measure with; give `heldout` or `train_size`")
        how = {"columns": plan.columns, "labels": plan.train_labels, "scale": plan.scale}
        super().__init__(plan.seed, plan.train, plan.heldout, plan.distribution, **how)
        self.where: dict[str, Any] = {"device": str(self.trainer.device), "threads": torch.get_num_threads()}

    def write(self, folder: RunFolder, mark: str, arrows: bool = False, language: str | None = None) -> Run:
        """Train in a folder that was claimed with this mark: resume, keep checkpoints, write everything at the end.

        A finished run of fewer epochs, which this one goes on from, stays as it is until this one is trained; only its
        checkpoint goes on. If writing is stopped after that, the same fit writes again.

        Raises:
            InputError: a damaged checkpoint, or a file that cannot be written.
            Diverged: the training did; what was done is written.
        """
        trainer = self.trainer
        self._take_up(folder)
        if not folder.finished:
            folder.write_text("recipe.toml", trainer.recipe.to_toml())

        def save() -> None:
            content = {"trainer": trainer.state_dict(), "history": self.history.state_dict(), "fingerprint": mark}
            more = {"epochs": trainer.recipe.epochs, "measured": self.yardstick.mark}
            folder.write_checkpoint({**content, **more})

        try:
            model = self.train(save)
            self.progress.say("drawing")
            if folder.finished:
                folder.remove("summary.json")  # first: from here on it is the run of fewer epochs no more
                folder.remove("directions")
                folder.write_text("recipe.toml", trainer.recipe.to_toml())
            self._write_tables(folder)
            model.save(folder.at("generator.safetensors"))
            shown = (self.history, self.heldout, self.yardstick.floor, trainer.seed, arrows, language, self.columns)
            pictures.draw_run(folder, model, *shown, self.yardstick.scale)
        except Diverged as error:
            folder.log(str(error))
            if folder.finished:
                raise Diverged(f"{error}; the finished run of fewer epochs in {folder.path} is as it was") from None
            self._write_tables(folder)
            known = (trainer.recipe, trainer.objective, self.history, self.yardstick.floor, trainer.seed)
            pictures.draw_curves(folder, *known, language, self.yardstick.scale)
            raise Diverged(f"{error}; what was done is in {folder.path}") from None
        except KeyboardInterrupt:
            folder.log(f"interrupted after {trainer.epoch} of {trainer.recipe.epochs} epochs")
            raise
        folder.write_json("summary.json", self.summarise(model.measurements or Measurements()))
        folder.log(f"finished: {self.history.seconds:.1f} s of training")
        model.path = folder.path
        return model

    def _take_up(self, folder: RunFolder) -> None:
        """Take up what the folder's checkpoint holds, if there is one."""
        trainer, checkpoint = self.trainer, folder.read_checkpoint()
        where = "on {device}, {threads} threads".format_map(self.where)
        if checkpoint is None:
            folder.log(f"started: {trainer.recipe.objective} on {len(self.points)} points, {where}")
            return
        try:
            history = History.from_state(checkpoint["history"])
            self._require_own(history, checkpoint["trainer"]["iteration"], checkpoint.get("measured"))
            trainer.load_state_dict(checkpoint["trainer"])
        except Exception as error:  # whatever a damaged file can make of a state
            path = folder.path / "checkpoint.pt"
            raise InputError(f"{path}: damaged ({type(error).__name__}); `force=True` starts anew") from None
        wanted = {epoch for epoch in trainer.snapshot_epochs if epoch <= trainer.epoch}
        if wanted <= {*history.epochs}:
            history.keep(wanted)
        self.history = history
        if checkpoint.get("measured") != self.yardstick.mark:
            self.measure_again()
        folder.log(f"resumed after {trainer.epoch} of {trainer.recipe.epochs} epochs, {where}")

    def _require_own(self, history: History, iteration: int, mark: str | None) -> None:
        """See that a history is one of this fit after so many iterations, by what it was measured.

        Raises:
            ValueError: it is not.
        """
        seen = look(self.trainer.snapshot(), self.heldout, self.trainer.seed)
        alike = all(samples.shape == seen.samples.shape for samples in history.samples)
        alike = alike and all(values.shape == seen.field.shape for values in history.fields)
        names = [*self.yardstick.floor]
        same = mark == self.yardstick.mark
        alike = alike and all([*row] == names or not same for row in history.metrics)
        epochs, reached = history.epochs, iteration / self.trainer.iterations_an_epoch
        alike = alike and epochs == sorted({*epochs}) and epochs[:1] == [0] and epochs[-1] <= reached
        if not alike or len(history.losses) != iteration or iteration > self.trainer.iterations:
            raise ValueError("it is of another fit")

    def train(self, save: Callable[[], None] | None = None) -> Run:
        """Train to the end, measuring every snapshot and the model.

        `save`, if given, is called at the start, every few epochs, and before an interrupt is let through.
        """
        trainer, history, deferring = self.trainer, self.history, deferred_interrupts(save is not None)
        if not history.epochs:
            self.begin(look(trainer.snapshot(), self.heldout, trainer.seed))
            if save is not None:
                save()
        with self.progress.showing(trainer.recipe.epochs, trainer.epoch):
            with deferring as interrupted:
                started = time.perf_counter()
                for step in trainer:
                    losses, stop = step.losses, interrupted.is_set()
                    values = float(losses.discriminator), float(losses.generator), float(losses.penalty)
                    pause = stop or step.iteration % trainer.iterations_an_epoch == 0
                    if pause:
                        history.seconds += time.perf_counter() - started
                    seen = step.snapshot and look(step.snapshot, self.heldout, trainer.seed)
                    self.take(step.iteration, step.epoch, values, seen)
                    if pause:
                        self._at_pause(step, save, stop)
                        started = time.perf_counter()
            if interrupted.is_set():
                raise KeyboardInterrupt
            run = self.end(trainer.snapshot())
            self._show(trainer.epoch)
        return run

    def _show(self, epoch: int) -> None:
        losses = _LOSSES.format(*self.history.losses[-1][2:4])
        self.progress.update(epoch, f"{losses}  {self.told}")

    def _at_pause(self, step: Step, save: Callable[[], None] | None, interrupted: bool) -> None:
        """After an epoch, or when asked to stop: show, save."""
        last = step.iteration == self.trainer.iterations
        if not last:  # else it is first to be measured, so that this too shows one number
            self._show(step.epoch)
        if save is not None and (interrupted or last or step.epoch % CHECKPOINT_EPOCHS == 0):
            save()
        if interrupted:
            raise KeyboardInterrupt

    def summarise(self, measurements: Measurements) -> dict[str, Any]:
        """Return what summary.json holds."""
        recipe = self.trainer.recipe
        return {
            "objective": recipe.objective,
            "field_label": self.trainer.objective.label,
            "optimizer": recipe.optimizer_name,
            "recipe": recipe.name,
            "seed": self.trainer.seed,
            "epochs": recipe.epochs,
            "train_size": len(self.points),
            "heldout_size": len(self.heldout),
            "measured_size": self.yardstick.size,
            "dim": self.heldout.shape[1],
            "columns": list(self.columns),
            "seconds_training": round(self.history.seconds, 3),
            **self.where,
            "versions": versions(run_folder=FORMAT),
            "scale": self.yardstick.scale,
            "metrics": {name: measurement.to_dict(name) for name, measurement in measurements.items()},
            "components": [asdict(share) for share in measurements.components],
        }

    def _write_tables(self, folder: RunFolder) -> None:
        history = self.history
        folder.write_table("metrics.csv", *history.table("metrics"))
        folder.write_table("losses.csv", *history.table("losses"))
        arrays = {"snapshots": np.stack(history.samples), "epochs": np.array(history.epochs), "heldout": self.heldout}
        folder.write_arrays("samples.npz", {**arrays, "fields": np.stack(history.fields)})
