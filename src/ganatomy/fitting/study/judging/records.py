"""What a study remembers of its runs, as plain arrays: which cell, which seed, how it went.

A *cell* is a way to train on a target: objective, optimizer, rate, and what else differs. A *run* is a cell with a
seed, and its *record* is what was measured. Runs of one target and seed share their points, so they share the floor
and can be compared pair by pair. A run that diverged is a result, and a bad one; a run that failed (no memory, a killed
machine) says nothing of its cell, and is counted and left out.

Shape letters: `S` snapshots, of which the first is of the untrained generator.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS

DISTANCE = "wasserstein2"
"""The metric that runs are judged by: in the data's units, and 0 for the distribution itself and for no other."""

FEWEST_LATE = 3
"""Snapshots of which a last quarter consists at least: a line through two leaves no spread to measure."""


@dataclass(frozen=True, order=True)
class Cell:
    """A way to train on a target.

    Attributes:
        target: the points' name, such as "zigzag".
        objective: such as "wgan".
        optimizer: such as "rmsprop".
        lr: the learning rate.
        variant: what else differs from the study's recipe, in words; "" if nothing does.

    >>> cell = Cell("zigzag", "wgan", "rmsprop", 5e-5)
    >>> cell.label
    'wgan, rmsprop, 5e-05'
    """

    target: str
    objective: str
    optimizer: str
    lr: float
    variant: str = ""

    @property
    def label(self) -> str:
        """The cell in words, without its target."""
        return ", ".join([self.objective, self.optimizer, f"{self.lr:g}", *filter(None, [self.variant])])


def _none() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class RunRecord:
    """One run of a study, measured.

    Attributes:
        cell: what was run.
        seed: of everything random in it.
        status: "finished", "diverged" (a loss or the points became infinite) or "failed" (something else stopped it).
        reason: why it did not finish, in a line.
        epochs: of the snapshots, (S,), rising.
        metrics: of every snapshot against test points, (S,) each.
        validation: 2-Wasserstein distance of every snapshot to validation points, (S,), or empty.
        seconds: of training, without measuring and drawing.
        floor: what real points score, a metric.
        floor_spread: its standard deviation over resamples.
        final: the metrics of the finished model, averaged over draws of samples; empty if it did not finish.
        path: the run's folder, below the study's.

    Raises:
        InputError: the parts do not fit together.

    >>> record = RunRecord(cell=Cell("zigzag", "gan", "adam", 5e-5), seed=0, status="finished", epochs=[0, 10, 20],
    ...     metrics={"wasserstein2": [0.9, 0.3, 0.06]}, floor={"wasserstein2": 0.03}, final={"wasserstein2": 0.045})
    >>> record.ratios.round(6).tolist(), round(record.final_ratio, 6)
    ([30.0, 10.0, 2.0], 1.5)
    """

    cell: Cell
    seed: int
    status: Literal["finished", "diverged", "failed"]
    reason: str = ""
    epochs: np.ndarray = field(default_factory=_none)
    metrics: Mapping[str, np.ndarray] = field(default_factory=dict)
    validation: np.ndarray = field(default_factory=_none)
    seconds: float = math.nan
    floor: Mapping[str, float] = field(default_factory=dict)
    floor_spread: Mapping[str, float] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)
    path: str = ""

    def __post_init__(self) -> None:
        """Turn what was given into arrays, and see that they fit together."""
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in self.metrics.items()}
        object.__setattr__(self, "epochs", np.asarray(self.epochs, dtype=np.int64))
        object.__setattr__(self, "metrics", arrays)
        object.__setattr__(self, "validation", np.asarray(self.validation, dtype=np.float64))
        where = f"record of {self.cell.label}, seed {self.seed}"
        if self.status not in ("finished", "diverged", "failed"):
            raise InputError(f"{where}: status {self.status!r}; it is finished, diverged or failed")
        shapes = {array.shape for array in arrays.values()} | ({self.validation.shape} - {(0,)})
        if self.epochs.ndim != 1 or not shapes <= {self.epochs.shape}:
            raise InputError(f"{where}: {len(self.epochs)} snapshots, but other numbers of measurements")
        if (np.diff(self.epochs) <= 0).any():
            raise InputError(f"{where}: the snapshots' epochs must rise")
        needs = (arrays, self.floor, self.final) if self.status == "finished" else ()
        if any(DISTANCE not in needed for needed in needs) or (DISTANCE in arrays and not self.floor.get(DISTANCE)):
            raise InputError(f"{where}: {DISTANCE} is missing from its metrics, its floor or its final values")

    @property
    def ratios(self) -> np.ndarray:
        """Distance / floor of every snapshot, (S,); empty if nothing was measured."""
        return self.metrics[DISTANCE] / self.floor[DISTANCE] if DISTANCE in self.metrics else np.empty(0)

    @property
    def final_ratio(self) -> float:
        """Distance / floor of the finished model; infinite if it diverged, nan if it failed."""
        if self.status == "finished":
            return self.final[DISTANCE] / self.floor[DISTANCE]
        return math.inf if self.status == "diverged" else math.nan

    def late(self, values: np.ndarray) -> np.ndarray:
        """Return the last quarter of what was measured at the snapshots: (S,) -> (max(3, ceil(S / 4)),)."""
        return values[-max(FEWEST_LATE, math.ceil(len(values) / 4)) :]


def tidy_rows(records: Iterable[RunRecord]) -> tuple[list[str], list[list[Any]]]:
    """Lay records out as a tidy table: a row a run and snapshot, and one for a run that has none.

    Returns:
        The columns, and the rows; None where there is nothing to say.

    >>> columns, rows = tidy_rows([RunRecord(cell=Cell("ring", "gan", "sgd", 0.1), seed=3, status="failed",
    ...     reason="killed")])
    >>> dict(zip(columns, rows[0]))["reason"], len(rows)
    ('killed', 1)
    """
    records = list(records)
    measured = {name for record in records for name in record.metrics}
    names = [name for name in METRICS if name in measured] + sorted(measured - set(METRICS))
    columns = ["target", "objective", "optimizer", "lr", "variant", "seed", "status", "reason", "epoch"]
    columns += ["ratio", "floor", "validation", *names, "seconds", "path"]
    rows = [row for record in records for row in _rows(record, names)]
    return columns, rows


def _rows(record: RunRecord, names: Sequence[str]) -> list[list[Any]]:
    cell = record.cell
    head = [cell.target, cell.objective, cell.optimizer, cell.lr, cell.variant, record.seed, record.status]
    head.append(record.reason)
    tail = [record.seconds if math.isfinite(record.seconds) else None, record.path]
    floor = record.floor.get(DISTANCE)
    count = len(record.epochs)
    columns = [record.epochs, record.ratios, np.full(count, floor), record.validation]
    columns += [record.metrics.get(name, _none()) for name in names]
    cells = [column.tolist() if len(column) else [None] * count for column in columns]
    rows = [[*head, *values, *tail] for values in zip(*cells, strict=True)]
    return rows or [[*head, None, None, floor, None, *[None] * len(names), *tail]]
