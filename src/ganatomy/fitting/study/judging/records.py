"""What a study remembers of its runs, as plain arrays: which cell, which seed, how it went.

A *cell* is a way to train on a target: objective, optimizer, rate, and what else differs. A *run* is a cell with a
seed, and its *record* is what was measured. Runs of one target and seed share their points, so they share the floor
and can be compared pair by pair. A run that diverged is a result, and a bad one; a run that failed (no memory, a killed
machine) says nothing of its cell, and is counted and left out.

Shape letters: `S` snapshots, of which the first is of the untrained generator.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS, Floor
from ganatomy.fitting.metrics.fitness import distance_of, is_wide, judged_by

DISTANCE = "wasserstein2"
"""The distance that every run has: 0 for the distribution itself and for no other."""

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


def _arrays(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(values, dtype=np.float64) for name, values in given.items()}


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
        validation: metrics of every snapshot against validation points, (S,) each; an array is one of `DISTANCE`.
        seconds: of training, without measuring and drawing.
        floor: what real points score, a metric.
        floor_spread: its standard deviation over resamples.
        final: the metrics of the finished model, averaged over draws of samples; empty if it did not finish.
        low: of the interval within which the mean over many more draws may be expected, where that is known.
        high: of this interval.
        memory: what perfect memory of the training points scores, where it was measured.
        path: the run's folder, below the study's.
        unjudged: metrics that it is not judged by; None for those whose floors are too wide. See `settled`.

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
    validation: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: float = math.nan
    floor: Mapping[str, float] = field(default_factory=dict)
    floor_spread: Mapping[str, float] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    path: str = ""
    unjudged: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Turn what was given into arrays, and see that they fit together."""
        given = self.validation if isinstance(self.validation, Mapping) else {DISTANCE: self.validation}
        arrays, validation = _arrays(self.metrics), _arrays(given)
        object.__setattr__(self, "epochs", np.asarray(self.epochs, dtype=np.int64))
        object.__setattr__(self, "metrics", arrays)
        object.__setattr__(self, "validation", {name: array for name, array in validation.items() if array.size})
        where = f"record of {self.cell.label}, seed {self.seed}"
        if self.status not in ("finished", "diverged", "failed"):
            raise InputError(f"{where}: status {self.status!r}; it is finished, diverged or failed")
        shapes = {array.shape for array in (*arrays.values(), *self.validation.values())}
        if self.epochs.ndim != 1 or not shapes <= {self.epochs.shape}:
            raise InputError(f"{where}: {len(self.epochs)} snapshots, but other numbers of measurements")
        if (np.diff(self.epochs) <= 0).any():
            raise InputError(f"{where}: the snapshots' epochs must rise")
        needs = (arrays, self.floor, self.final) if self.status == "finished" else ()
        if any(DISTANCE not in needed for needed in needs) or (DISTANCE in arrays and DISTANCE not in self.floor):
            raise InputError(f"{where}: {DISTANCE} is missing from its metrics, its floor or its final values")

    @property
    def floors(self) -> dict[str, Floor]:
        """The floors that this run is judged by, without those that are too wide or `unjudged`."""
        spread = self.floor_spread
        found = {n: Floor(mean, spread.get(n, 0.0)) for n, mean in self.floor.items() if n in METRICS}
        left_out = {n for n, f in found.items() if is_wide(f)} if self.unjudged is None else self.unjudged
        return {name: floor for name, floor in found.items() if name not in left_out}

    @property
    def judged(self) -> dict[str, Floor]:
        """The floors, by which the finished model is judged, of the metrics that it was measured in."""
        floors = {name: floor for name, floor in self.floors.items() if name in self.final}
        return {name: floors[name] for name in judged_by(floors)}

    @property
    def distance(self) -> str | None:
        """The distance that this run is judged by; None where real points scatter too widely in all of them."""
        return distance_of(self.floors)

    @property
    def ratios(self) -> np.ndarray:
        """Distance / floor of every snapshot, (S,); nan without a distance to judge by, empty if none was measured."""
        if DISTANCE not in self.metrics:
            return _none()
        found = np.array(self.metrics.get(self.distance or "", np.full(len(self.epochs), math.nan)))
        return self._in_floors(found)

    @property
    def final_ratio(self) -> float:
        """Distance / floor of the finished model; infinite if it diverged, nan if it failed or has no distance."""
        if self.status == "finished":
            return float(self._in_floors(np.array(self.final.get(self.distance or "", math.nan))))
        return math.inf if self.status == "diverged" else math.nan

    def _in_floors(self, values: np.ndarray) -> np.ndarray:
        """Divide distances by their floor; by one of 0, as of points that are all the same, 0 is as good as it."""
        floor = self.floors[self.distance].mean if self.distance else math.nan
        return values / floor if floor else np.where(values > 0, math.inf, np.where(values == 0, 1.0, math.nan))

    def late(self, values: np.ndarray) -> np.ndarray:
        """Return the last quarter of what was measured at the snapshots: (S,) -> (max(3, ceil(S / 4)),)."""
        return values[-max(FEWEST_LATE, math.ceil(len(values) / 4)) :]


def settled(records: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """Let all runs of a target be judged by the same metrics: those whose floors, taken together, are not too wide.

    Floors are of resamples, which may differ from seed to seed; runs that are compared must not differ in what they
    are compared by. Together: the mean of the means, and the root of the mean squared spread.

    >>> run = dict(cell=Cell("tails", "gan", "sgd", 0.1), status="finished", epochs=[0],
    ...     metrics={"wasserstein2": [9], "mmd": [0.2]}, final={"wasserstein2": 9, "mmd": 0.2},
    ...     floor={"wasserstein2": 10, "mmd": 0.1})
    >>> runs = [RunRecord(**run, seed=k, floor_spread={"wasserstein2": wide}) for k, wide in enumerate([4, 9])]
    >>> [record.distance for record in runs], [record.distance for record in settled(runs)]
    (['wasserstein2', 'mmd'], ['mmd', 'mmd'])
    """
    records = tuple(records)
    pooled: dict[str, dict[str, list[Floor]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for name, mean in record.floor.items():
            pooled[record.cell.target][name].append(Floor(mean, record.floor_spread.get(name, 0.0)))
    wide = {
        target: frozenset(name for name, floors in by_name.items() if is_wide(_together(floors)))
        for target, by_name in pooled.items()
    }
    return tuple(replace(record, unjudged=wide.get(record.cell.target, frozenset())) for record in records)


def _together(floors: Sequence[Floor]) -> Floor:
    spread = math.sqrt(sum(floor.spread**2 for floor in floors) / len(floors))
    return Floor(sum(floor.mean for floor in floors) / len(floors), spread)


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
    columns += ["ratio", "distance", "floor", "validation", *names, "seconds", "path"]
    rows = [row for record in records for row in _rows(record, names)]
    return columns, rows


def _rows(record: RunRecord, names: Sequence[str]) -> list[list[Any]]:
    cell = record.cell
    head = [cell.target, cell.objective, cell.optimizer, cell.lr, cell.variant, record.seed, record.status]
    head.append(record.reason)
    tail = [record.seconds if math.isfinite(record.seconds) else None, record.path]
    distance, count = record.distance, len(record.epochs)
    floor = record.floor.get(distance or "")
    validation = record.validation.get(distance or "", _none())
    columns = [record.epochs, record.ratios, np.full(count, distance), np.full(count, floor), validation]
    columns += [record.metrics.get(name, _none()) for name in names]
    cells = [column.tolist() if len(column) else [None] * count for column in columns]
    rows = [[*head, *values, *tail] for values in zip(*cells, strict=True)]
    return rows or [[*head, None, None, distance, floor, None, *[None] * len(names), *tail]]
