"""Studies: every run of a plan, made by an executor, kept as it finishes, judged at the end.

    study.json       what was asked, of which points, where and when; its *identity*: points, split, base recipe
    table.csv        a row a run and snapshot                 summary.csv   a row a cell: median and interval over seeds
    tidy.csv         a row a run and metric, of its model     summary.tex   the cells as a table for a paper
    runs/NAME/       a folder a run (see `ganatomy.fitting.study.job`)
    figures/         report.html                              tensorboard/  event files, if wanted
    .ganatomy-study  the mark of a study's folder             .lock         held while it is written

A run's folder appears whole, by one renaming, and only this process writes: killed at any moment, the same command
makes what is missing and nothing else. So does a wider one (see `ganatomy.fitting.study.folder`), and all are judged
together.
"""

import contextlib
import math
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ganatomy.errors import InputError, require_extra
from ganatomy.execution import versions
from ganatomy.fitting.metrics.catalogue import HEADLINE, METRICS
from ganatomy.fitting.objectives.own import AnyObjective
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.run.events import write_events
from ganatomy.fitting.run.folder import FORMAT as RUN_FORMAT
from ganatomy.fitting.study.call import call_of
from ganatomy.fitting.study.executors.base import LOOK, Executor, LostJob, cores
from ganatomy.fitting.study.executors.choose import choose_executor
from ganatomy.fitting.study.folder import FORMAT, StudyFolder, identity
from ganatomy.fitting.study.forecast import Forecast
from ganatomy.fitting.study.job import Job, Outcome, keep, make_run, record_of
from ganatomy.fitting.study.judging.comparison import known_metric
from ganatomy.fitting.study.judging.records import DISTANCE
from ganatomy.fitting.study.plan import Plan, PlannedRun, plan_study
from ganatomy.fitting.study.report import write_report
from ganatomy.fitting.study.result import Study
from ganatomy.fitting.study.targets import StudyPoints
from ganatomy.fitting.study.trial import kind_of, longest_first, training, try_cells
from ganatomy.languages import Language, chosen
from ganatomy.progress import Silent, shown


def run_study(
    plan: Plan,
    out: str | Path,
    executor: Executor[Job, Outcome],
    *,
    force: bool = False,
    progress: Silent | bool | None = None,
    tensorboard: bool = False,
    language: str | None = None,
    judge: str | None = None,
    command: str = "",
    call: str = "",
) -> Study:
    """Make the runs of a plan that a folder lacks, and judge all that it holds.

    Args:
        plan: of the study.
        out: its folder.
        executor: which makes the runs.
        force: whether to replace what the folder holds.
        progress: whether to show it; None shows it in a notebook.
        tensorboard: whether to write event files too.
        language: of the page and the pictures, "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.
        judge: the metric that combinations are ranked by; None for the one that the folder was judged by, or coverage.
        command: that makes the study again, for study.json; "" where it was no command.
        call: of Python that makes it again.

    Returns:
        The study of the folder, with all of its runs; those that failed say why.

    Raises:
        InputError: a setting that no run can have, a metric that these points do not have, a folder of another study, a
            file that cannot be written.
        KeyboardInterrupt: as it came; what is finished is kept.

    >>> import tempfile
    >>> tiny = {"generator": {"hidden": [8], "normalization": "none"}, "snapshots": 2, "batch_size": 100, "epochs": 2}
    >>> plan = plan_study("ring", objectives=["gan"], optimizers=["sgd"], seeds=[0], train_size=8000, recipe=tiny)
    >>> [record.status for record in run_study(plan, tempfile.mkdtemp(), choose_executor(jobs=1))]
    ['finished']
    """
    if tensorboard:
        require_extra("tensorboard", "tensorboard", "`tensorboard`")
    spoken = chosen(language)
    _check_judge(judge, plan)
    folder, began = StudyFolder(out), time.perf_counter()
    display = shown(progress, "run")
    plan = folder.admit(plan, force)
    seconds = try_cells(plan.runs if force else folder.missing(plan), 8)
    with folder.working(plan, force):
        missing = longest_first(folder.missing(plan), seconds)
        folder.keep_points(plan.targets)
        state = _describe(plan, folder.read(), executor, {"command": command, "call": call}, judge)
        folder.write_json("study.json", state)
        expected = {run.name: training(run, seconds) for run in missing}
        forecast = Forecast(expected, {run.name: kind_of(run) for run in missing}, executor.width)
        _make_missing(folder, plan, missing, forecast, executor, display, spoken, state["judge"])
        if tensorboard:
            display.say("writing event files")
            for path in sorted(folder.runs.iterdir()):
                write_events(path, folder.at(f"tensorboard/{path.name}"), folder.scratch)
        display.say("judging and drawing")
        state["seconds"] = round(state["seconds"] + time.perf_counter() - began, 1)
        state["made"] += len(missing)
        folder.write_json("study.json", state)
        write_report(folder.path, spoken)
    return Study.load(folder.path)


def _check_judge(judge: str | None, plan: Plan) -> None:
    """Refuse a metric to rank by that a target does not have, before any run is made."""
    if judge is None or known_metric(judge) == HEADLINE:
        return
    for name, run in {run.target.name: run for run in plan.runs}.items():
        metrics = run.fit.metrics
        if judge not in metrics:
            raise InputError(f"`judge={judge}`: that cannot be measured on {name}; choose from {', '.join(metrics)}")


def _describe(
    plan: Plan,
    former: Mapping[str, Any],
    executor: Executor[Job, Outcome],
    again: Mapping[str, str],
    judge: str | None,
) -> dict[str, Any]:
    """Return what study.json holds: identities of former targets, seeds, claims and the time spent stay."""
    now = identity(plan)
    now["targets"] = {**former.get("identity", {}).get("targets", {}), **now["targets"]}
    claims = [*former.get("claims", []), *(c for c in plan.claims if c not in former.get("claims", []))]
    cells = [asdict(cell) for cell in plan.cells]
    return {
        "format": FORMAT,
        "name": plan.name,
        **again,
        "began": former.get("began", time.strftime("%Y-%m-%d %H:%M:%S")),
        "seconds": former.get("seconds", 0.0),
        "made": former.get("made", 0),
        "judge": judge or former.get("judge"),
        "recipe": plan.base.name,
        "cells": [*former.get("cells", []), *(cell for cell in cells if cell not in former.get("cells", []))],
        "seeds": sorted({*former.get("seeds", []), *plan.seeds}),
        "claims": claims,
        "executor": {"backend": type(executor).__name__, "width": executor.width, "device": executor.device},
        "machine": {"processor": _processor(), "cores": cores(), "accelerator": _accelerator(executor.device)},
        "versions": versions(run_folder=RUN_FORMAT),
        "identity": now,
    }


def _processor() -> str:
    """Name the processor as well as the system knows it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def _accelerator(device: str) -> str:
    """Name what runs are trained on, if it is no processor."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return "" if device.startswith("cpu") else device


def _make_missing(
    folder: StudyFolder,
    plan: Plan,
    missing: list[PlannedRun],
    forecast: Forecast,
    executor: Executor[Job, Outcome],
    display: Silent,
    language: Language,
    judge: str | None,
) -> None:
    """Make runs and keep each as it finishes."""
    scratch = str(folder.scratch.resolve()) if executor.shares_disk else None
    jobs = (Job(run, scratch, language) for run in missing)
    done, total = len(plan.runs) - len(missing), len(plan.runs)
    where = f"{type(executor).__name__}({executor.width}), on {executor.device}"
    folder.log(f"{total} runs asked for, {len(missing)} to be made by {where}")
    todo = f"{len(missing)} to make, up to {executor.width} at once on {executor.device}"
    watch = _Watch(display, done, forecast, todo)
    stream = executor.as_completed(make_run, jobs, watch.told)
    with display.showing(total, done), contextlib.closing(stream):
        if missing:
            watch.show()
        for job, result in stream:
            if isinstance(result, LostJob):
                result = Outcome(record_of(job, "failed", result.reason), {})
            keep(result, folder.runs / job.name, folder.scratch)
            record = result.record
            folder.log(f"{job.name}: {record['status']} {record['reason']}".rstrip())
            watch.ended(job, _said(record, judge or HEADLINE))


class _Watch:
    """Shows what is under way in a study, and how long the rest will take."""

    def __init__(self, display: Silent, done: int, forecast: Forecast, text: str) -> None:
        self._display, self._done, self._forecast, self._text = display, done, forecast, text
        self._running: dict[str, str] = {}
        self._shown = -math.inf

    def told(self, job: Job, share: float) -> None:
        """Take note of how far a run is."""
        self._forecast.told(job.name, share)
        epochs = job.recipe.epochs
        doing = f"epoch {share * epochs:.0f}/{epochs}" if share < 1 else "measuring and drawing"
        self._running[job.name] = f"{_named(job)}: {doing if share else 'starting'}"
        if time.monotonic() - self._shown > LOOK / 2:  # and not for each of many
            self.show()

    def ended(self, job: Job, text: str) -> None:
        """Take note of a run that has ended, and how."""
        self._forecast.ended(job.name)
        self._running.pop(job.name, None)
        self._done += 1
        self._text = f"{_named(job)}: {text}"
        self.show()

    def show(self) -> None:
        """Show all of it."""
        self._shown = time.monotonic()
        part = sum(map(self._forecast.share, self._running))
        self._display.watch(list(self._running.values()), part, self._forecast.left())
        self._display.update(self._done, self._text)


def _named(job: Job) -> str:
    return f"{job.cell.label}, seed {job.seed}"


def _said(record: Mapping[str, Any], judge: str) -> str:
    """Say what a run came to: what it is ranked by, beside what real points score."""
    if record["status"] != "finished":
        return f"{record['status']}: {record['reason']}"
    name = judge if judge in record["final"] else DISTANCE
    return f"{METRICS[name].title} {record['final'][name]:.3g} (real points {record['floor'][name]:.3g})"


def compare(
    points: StudyPoints | None = None,
    objectives: Sequence[str | AnyObjective] | None = None,
    optimizers: Sequence[str] | None = None,
    *,
    lrs: Sequence[float] | None = None,
    seeds: Iterable[int] | None = None,
    recipe: "str | Path | Recipe | Mapping[str, Any] | None" = None,
    train_size: int | None = None,
    variable: str | None = None,
    labels: str | None = None,
    transpose: bool | None = None,
    out: str | Path | None = None,
    force: bool = False,
    backend: str = "local",
    jobs: "int | str" = "auto",
    scheduler: str | None = None,
    device: str = "cpu",
    together: int | None = None,
    tensorboard: bool = False,
    judge: str | None = None,
    language: str | None = None,
    progress: Silent | bool | None = None,
    **overrides: Any,
) -> Study:
    """Compare objectives and optimizers over seeds: plan, run and judge a study, or go on with one.

    Local processes import the script that calls this: let it do so under `if __name__ == "__main__":`.

    Args:
        points: a file, a built-in distribution, an array or a table; or several, by their names in a mapping, or in a
            list; None is `zigzag`, or what the study file says.
        objectives: names, and one's own as in `ganatomy.fit`; None is the study file's, or the report's three.
        optimizers: names of `torch.optim`; likewise.
        lrs: learning rates; of several, each pair is given its best. None is the recipe's own.
        seeds: of every combination; None is 0, 1 and 2.
        recipe: a name, a recipe, a mapping or a TOML file, which may be a study file; None is `course`.
        train_size: how many points train; the others test, but for half of them where rates are to be chosen.
        variable: of a file, as in `ganatomy.load_points`.
        labels: of a table the column, of a `.mat` or `.npz` the variable that says of which component each point is.
        transpose: whether each column of a file's array, or of an array, is a point.
        out: the study's folder; None is studies/NAME.
        force: whether to replace the study that the folder holds.
        backend: `local` or `dask`.
        jobs: processes of the local backend; "auto" is one a core.
        scheduler: address of dask's.
        device: where the local backend trains, such as `cuda`: not on the processor, many seeds of a cell at once.
        together: how many at most.
        tensorboard: whether to write event files too.
        judge: the metric that combinations are ranked by, and rates chosen; None is coverage. No runs are made anew.
        language: of the page and the pictures, "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.
        progress: whether to show it; None shows it in a notebook.
        **overrides: recipe fields for all runs, as in `ganatomy.load_recipe`.

    Returns:
        The study; its folder holds table.csv, tidy.csv, summary.csv, summary.tex, figures and report.html.

    Raises:
        InputError: anything given cannot be used; nothing that is finished is lost.

    >>> compare("ring", objectives=["gan", "wgan_gp"])
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown objective 'wgan_gp'; did you mean 'wgan-gp'? Known: ...
    """
    given = {
        "objectives": objectives,
        "optimizers": optimizers,
        "lrs": lrs,
        "seeds": seeds if seeds is None or isinstance(seeds, range) else list(seeds),
        "recipe": recipe,
        "train_size": train_size,
        "variable": variable,
        "labels": labels,
        "transpose": transpose,
        **overrides,
    }
    plan = plan_study(points, **given)
    folder = StudyFolder(out or Path("studies") / plan.name)
    call = call_of(None if points is None else plan.targets, {**given, "judge": judge, "out": folder.path}, folder)
    executor = choose_executor(backend, jobs, scheduler, device, together)
    how = {"force": force, "progress": progress, "tensorboard": tensorboard, "language": language, "judge": judge}
    with contextlib.closing(executor):
        return run_study(plan, folder.path, executor, call=call, **how)
