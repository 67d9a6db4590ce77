"""One run of a study: made somewhere, carried as bytes, kept as a folder, read as a record.

`make_run` is what an executor's process does: the fit of the run's seed into a temporary folder of its own. It returns
the files of that folder, so that the process may be on another machine, and shares no disk with whoever asked; for runs
that are trained at once see `ganatomy.fitting.study.executors.stacked`. Kept, it is the ordinary folder of a run (see
`ganatomy.fitting.run.folder`) without its checkpoint, and with

    record.json      the cell, the seed, how it ended and why, the final numbers and the floor; where it was trained
                     and together with how many, itself included, if not alone on the processor
    validation.csv   epoch, and every metric against the validation points, where a rate is to be chosen
    error.txt        what a failed run raised

A run that *diverged* has a result: that it does. It is kept, and never made again. One that *failed* has none:
something was raised that is no matter of training, or its process died; the same study makes it again.
"""

import math
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import Folder, parse_json, read_input, strict_json
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.run.fit import run_fit
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.measured import yardstick_of
from ganatomy.fitting.study.executors.reports import Reported
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.plan import PlannedRun
from ganatomy.fitting.study.shapes import RecordTable
from ganatomy.fitting.training.game import Diverged
from ganatomy.languages import Language

FORMAT = 1
"""Of record.json: raised when older ones can no longer be read."""

_CELL = ("target", "objective", "optimizer", "lr", "variant")
_LEFT_OUT = {"checkpoint.pt", ".lock"}  # of no use to a run that has ended
_ALONE = threading.Lock()  # the number of threads, and the drawing, are of the whole process


@dataclass(frozen=True)
class Job:
    """All that a process needs to make a run.

    Points travel as they were given, once for all jobs that are sent together, and those of a distribution not at all;
    whoever makes the run draws and splits them by its seed. `language` is that of the run's own pictures.
    """

    run: PlannedRun
    scratch: str | None = None
    language: Language = "en"

    @property
    def name(self) -> str:
        """Return the name of the run's folder."""
        return self.run.name

    @property
    def cell(self) -> Cell:
        """Return the cell of the run."""
        return self.run.cell

    @property
    def seed(self) -> int:
        """Return the seed of the run."""
        return self.run.seed

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of the run."""
        return self.run.recipe


@dataclass(frozen=True)
class Outcome:
    """What a run left: `record` as record.json holds it, and its files by their paths."""

    record: Mapping[str, Any]
    files: Mapping[str, bytes]


def record_of(job: Job, status: str, reason: str = "", **numbers: Any) -> dict[str, Any]:
    """Return what record.json holds of a run.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> job = Job(plan_study("ring", objectives=["gan"], optimizers=["sgd"], seeds=[0]).runs[0])
    >>> record_of(job, "failed", "its process died")["reason"]
    'its process died'
    """
    cell, empty = job.cell, {"seconds": math.nan, "final": {}, "floor": {}, "floor_spread": {}}
    where = {name: getattr(cell, name) for name in _CELL}
    ended = {"seed": job.seed, "status": status, "reason": reason}
    return {"format": FORMAT, **where, **ended, **empty, **numbers, "fingerprint": job.run.fingerprint}


def make_run(job: Job) -> Outcome:
    """Make a run in a temporary folder and return what it left; whatever it raises is its outcome.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> recipe = {"generator": {"hidden": [8], "normalization": "none"}, "batch_size": 50, "epochs": 2}
    >>> points = np.random.default_rng(0).normal(size=(200, 2))
    >>> outcome = make_run(Job(plan_study(points, recipe=recipe, objectives=["gan"], seeds=[0]).runs[0]))
    >>> outcome.record["status"], "animation.gif" in outcome.files, "checkpoint.pt" in outcome.files
    ('finished', True, False)
    """

    def make(folder: Path) -> None:
        how = {"language": job.language, "progress": Reported()}
        run_fit(job.run.fit, device="cpu", threads=1, out=folder, **how)

    return carry_out(job, make)


def carry_out(job: Job, make: Callable[[Path], Any], **known: Any) -> Outcome:
    """Let `make` write a run into a temporary folder, and return what it left; whatever it raises is its outcome.

    Args:
        job: the run.
        make: writes all that an ordinary run leaves into the folder that it is given, or raises.
        **known: what else record.json is to hold; `seconds` of training that was done before, if it diverged.

    >>> def fail(folder):
    ...     raise ValueError("no luck")
    >>> from ganatomy.fitting.study.plan import plan_study
    >>> job = Job(plan_study("ring", objectives=["gan"], optimizers=["sgd"], seeds=[0]).runs[0])
    >>> carry_out(job, fail).record["reason"], sorted(carry_out(job, fail).files)
    ('ValueError: no luck', ['error.txt'])
    """
    with _ALONE, tempfile.TemporaryDirectory("", "run-", job.scratch, ignore_cleanup_errors=True) as place:
        folder, started = RunFolder(Path(place) / "run"), time.perf_counter()
        extra: dict[str, bytes] = {}
        try:
            try:
                make(folder.path)
                record = record_of(job, "finished", **{**known, **_numbers(folder.read_summary())})
            except Diverged as error:
                reason = str(error).removesuffix(f"; what was done is in {folder.path}")
                numbers = {"seconds": time.perf_counter() - started, **known, **_floor(job)}
                record = record_of(job, "diverged", reason, **numbers)
            parts = job.run.target.parts(job.seed)
            if parts.validation is not None:
                add_validation(folder, parts.validation.points, parts.train.points, parts.train.distribution)
        except Exception as error:  # a run must not stop the others
            text = str(error).strip().splitlines() or ["no reason given"]
            reason = text[0] if isinstance(error, InputError) else f"{type(error).__name__}: {text[0]}"
            reason = reason.replace(str(folder.path), "its folder")
            record = record_of(job, "failed", reason, **{**known, "seconds": math.nan})
            extra["error.txt"] = traceback.format_exc().encode()
        return Outcome(record, {**_files(folder.path), **extra})


def _numbers(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Take what a record needs from summary.json."""
    metrics = summary["metrics"]
    columns = {"final": "value", **{name: name for name in ("floor", "floor_spread", "low", "high", "memory")}}
    numbers = {key: {name: m.get(column) for name, m in metrics.items()} for key, column in columns.items()}
    return {"seconds": summary["seconds_training"], **numbers}


def _floor(job: Job) -> dict[str, dict[str, float]]:
    """Measure what a run that diverged did not live to say."""
    fit, parts = job.run.fit, job.run.target.parts(job.seed)
    floor = yardstick_of(parts.test.points, fit.train, fit.distribution, fit.train_labels, fit.scale).floor
    columns = {"floor": "mean", "floor_spread": "spread"}
    return {key: {name: getattr(f, column) for name, f in floor.items()} for key, column in columns.items()}


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in _LEFT_OUT)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def add_validation(
    folder: RunFolder, validation: np.ndarray, train: np.ndarray, distribution: Distribution | None = None
) -> None:
    """Measure the snapshots on validation points (V, D), by every metric, at the size of the smaller of the two.

    Raises:
        InputError: the snapshots are missing or damaged, or the file cannot be written.

    >>> folder, points = RunFolder(tempfile.mkdtemp()), np.random.default_rng(0).normal(size=(90, 2))
    >>> arrays = {"snapshots": np.stack([points[:30], 9 + points[:30]]), "epochs": np.array([0, 5])}
    >>> folder.write_arrays("samples.npz", arrays)
    >>> add_validation(folder, points[30:60], points[60:])
    >>> names, table = folder.read_table("validation.csv")
    >>> names[:2], table[:, 0].tolist(), bool(table[0, 1] < table[1, 1])
    (['epoch', 'wasserstein2'], [0.0, 5.0], True)
    """
    snapshots, epochs = folder.read_arrays(["snapshots", "epochs"])
    yardstick = Yardstick(validation, train, distribution, resamples=2, limit=snapshots.shape[1])
    rows = [yardstick.value(samples) for samples in snapshots]
    names = list(yardstick.floor)
    table = ([epoch, *(row[name] for name in names)] for epoch, row in zip(epochs.tolist(), rows, strict=True))
    folder.write_table("validation.csv", ["epoch", *names], table)


def keep(outcome: Outcome, folder: Path, scratch: Path) -> None:
    """Write a run's folder, whole or not at all; one that failed before is replaced.

    Args:
        outcome: of the run.
        folder: to be written; the one that holds it is there.
        scratch: a folder on the same disk, to write in.

    Raises:
        InputError: it cannot be written.

    >>> place = Path(tempfile.mkdtemp())
    >>> keep(Outcome({"format": FORMAT, "status": "failed"}, {"figures/a.png": b""}), place / "run", place)
    >>> sorted(path.name for path in place.rglob("*"))
    ['a.png', 'figures', 'record.json', 'run']
    """
    home = Folder(folder.parent)
    try:
        with tempfile.TemporaryDirectory("", "keep-", scratch, ignore_cleanup_errors=True) as place:
            part = Folder(Path(place))
            for name, content in {**outcome.files, "record.json": strict_json(outcome.record).encode()}.items():
                with part.writing(f"run/{name}") as file:
                    file.write(content)
            home.remove(folder.name)
            home.adopt(part.path / "run", folder.name)
    except (OSError, InputError) as caught:
        error = caught if isinstance(caught, OSError) else caught.__cause__
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"cannot write {folder}: {error.strerror or error}; what is finished is kept, make room and go on"
        ) from error


def read_content(folder: Path) -> dict[str, Any] | None:
    """Read a run's record.json; None where there is none, or a damaged one, as of a run that was never made.

    >>> read_content(Path(tempfile.mkdtemp())) is None
    True
    """
    path = folder / "record.json"
    try:
        record = parse_json(read_input(path), path, RecordTable)
    except InputError:
        return None
    return record.model_dump() if record.format == FORMAT else None


def read_record(folder: Path) -> RunRecord | None:
    """Read a run's folder as a record; None where it holds none, as `read_content`.

    Raises:
        InputError: its tables are missing or damaged.

    >>> read_record(Path(tempfile.mkdtemp())) is None
    True
    """
    content = read_content(folder)
    if content is None:
        return None
    epochs, metrics, validation = np.zeros(0), {}, {}
    try:
        if content["status"] != "failed":
            epochs, metrics = _read_columns(folder, "metrics.csv")
            if (folder / "validation.csv").exists():
                validation = _read_columns(folder, "validation.csv")[1]
        final, floor, floor_spread, low, high, memory = (
            {key: math.nan if value is None else float(value) for key, value in content[name].items()}
            for name in ("final", "floor", "floor_spread", "low", "high", "memory")
        )
        return RunRecord(
            cell=_cell(content),
            seed=content["seed"],
            status=content["status"],
            reason=content["reason"],
            epochs=epochs,
            metrics=metrics,
            validation=validation,
            seconds=math.nan if content["seconds"] is None else content["seconds"],
            path=f"{folder.parent.name}/{folder.name}",
            final=final,
            floor=floor,
            floor_spread=floor_spread,
            low=low,
            high=high,
            memory=memory,
        )
    except (OSError, ValueError, ArithmeticError, LookupError, InputError) as error:
        raise InputError(f"{folder}: damaged ({type(error).__name__}); remove it, and compare again") from None


def _cell(content: Mapping[str, Any]) -> Cell:
    return Cell(**{name: content[name] for name in _CELL})


def _read_columns(folder: Path, name: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read a table whose first column is the epoch: (S,) and the other columns (S,) by name."""
    names, table = RunFolder(folder).read_table(name)
    epochs = [int(epoch) for epoch in table[:, 0]]
    return np.array(epochs, dtype=int), {name: table[:, k] for k, name in enumerate(names) if k}
