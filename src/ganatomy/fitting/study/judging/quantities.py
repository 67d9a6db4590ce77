"""What runs can be compared in: a number of each run, and what a difference of two such numbers means.

A quantity is compared on one of two scales: as a *ratio* (a times as far), where the numbers are positive and their
scatter grows with them, as distances' does, or as a plain *difference*, such as that of two scores in [0, 1]. It also
says which is better, and what a run that has no number of its own is taken for: one that diverged, or never
converged, is infinitely bad, which medians bear and means do not. Where means are taken it counts as the worst that
the study shows at its seed, untrained generators included: the least that can be said against it.

Metrics are medians over the last quarter of the snapshots, since the last one alone is a lottery while a run jumps;
`final_METRIC` is that of the finished model, averaged over draws of samples, and `final_ratio` the distance / floor
that the run is judged by. `fit` is the worst of the metrics that a fit is judged by, each relative to its bound,

    value / (bound floor) of scores,    bound floor / value of distances,    and 1 at least where it is near anyway,

so that a model fits if `fit` >= 1, and 0.5 in some metric is half of what would be near. Which metric, `worst_metric`
tells.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganatomy.errors import unknown
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.metrics.fitness import is_near
from ganatomy.fitting.study.judging.records import RunRecord
from ganatomy.fitting.study.judging.verdicts import UNSTABLE, RunVerdict

SMALLEST = 0.01
"""Below it numbers that are compared as ratios count as it: a hundredth of a floor, an epoch or a second is nothing."""


@dataclass(frozen=True)
class Quantity:
    """A number of a run.

    Attributes:
        name: as in tables and recipes.
        scale: how two of them are compared.
        better: which are.
        measured: reads it off a run that finished.
        start: what it is, or is counted as, before training.
        read: how: "plain", in "floors", or as the distance from "half".
        over_time: reads it off the snapshots, (S,); empty if there is nothing to read.
    """

    name: str
    scale: Literal["ratio", "difference"]
    better: Literal["lower", "higher"]
    measured: Callable[[RunRecord, RunVerdict], float]
    start: Callable[[RunRecord], float]
    read: Literal["plain", "floors", "half"] = "plain"
    over_time: Callable[[RunRecord], np.ndarray] = lambda record: np.empty(0)

    def of(self, record: RunRecord, verdict: RunVerdict) -> float:
        """Return a run's number: infinite, on the bad side, if it diverged; nan if it failed or does not have it."""
        if record.status == "finished":
            return self.measured(record, verdict)
        worst = math.inf if self.better == "lower" else -math.inf
        return worst if record.status == "diverged" and self.name != "seconds" else math.nan


def worst_metric(record: RunRecord) -> tuple[str, float] | None:
    """Return the metric in which the finished model is worst, and its `fit`; None if it cannot be judged.

    >>> from ganatomy.fitting.study.judging.records import Cell
    >>> run = RunRecord(cell=Cell("grid", "gan", "adam", 1e-3), seed=0, status="finished", epochs=[0],
    ...     metrics={"wasserstein2": [1]}, floor={"wasserstein2": 0.8, "coverage": 0.9}, final={"wasserstein2": 0.8,
    ...     "coverage": 0.27})
    >>> name, fit = worst_metric(run)
    >>> name, round(fit, 2)
    ('coverage', 0.33)
    """
    if record.distance not in record.judged or len(record.judged) < 2:
        return None
    found = {name: _closeness(record, name) for name in record.judged}
    return min(found.items(), key=lambda item: item[1])


def _closeness(record: RunRecord, name: str) -> float:
    """Return how near a metric's final value is, relative to its bound: 1 or more if it is near."""
    value, floor, info = record.final[name], record.judged[name], METRICS[name]
    bound = (info.bound or 1.0) * floor.mean
    of, to = (value, bound) if info.direction == "higher" else (bound, value)
    share = 0.0 if math.isnan(value) or to == 0 else of / to
    return max(1.0, share) if is_near(name, value, floor) else min(share, math.nextafter(1.0, 0.0))


def _first(values: np.ndarray) -> float:
    return float(values[0]) if len(values) else math.nan


def _converged(record: RunRecord, verdict: RunVerdict) -> float:
    return math.inf if verdict.converged_at is None else verdict.converged_at


def _evenness(record: RunRecord) -> np.ndarray:
    """Compute coverage / recall of the snapshots, 0 where nothing is covered."""
    if not {"coverage", "recall"} <= set(record.metrics):
        return np.full(len(record.epochs), np.nan)
    coverage, recall = record.metrics["coverage"], record.metrics["recall"]
    return np.divide(coverage, recall, out=np.zeros_like(coverage), where=recall > 0)


_OWN = (
    Quantity(
        "final_ratio",
        "ratio",
        "lower",
        lambda record, verdict: verdict.final_ratio,
        lambda record: _first(record.ratios),
    ),
    Quantity(
        "late_ratio",
        "ratio",
        "lower",
        lambda record, verdict: verdict.late_ratio,
        lambda record: _first(record.ratios),
    ),
    Quantity(
        "converged_at",
        "ratio",
        "lower",
        _converged,
        lambda record: float(record.epochs[-1]) if len(record.epochs) else math.nan,
    ),
    Quantity(
        "stability",
        "ratio",
        "lower",
        lambda record, verdict: verdict.stability,
        lambda record: UNSTABLE,
    ),
    Quantity(
        "moved",
        "difference",
        "higher",
        lambda record, verdict: verdict.moved,
        lambda record: 0.0,
    ),
    Quantity(
        "fit",
        "ratio",
        "higher",
        lambda record, verdict: (worst_metric(record) or ("", math.nan))[1],
        lambda record: math.nan,
    ),
    Quantity(
        "seconds",
        "ratio",
        "lower",
        lambda record, verdict: record.seconds,
        lambda record: math.nan,
    ),
    Quantity(
        "evenness",
        "difference",
        "higher",
        lambda record, verdict: float(np.median(record.late(_evenness(record)))),
        lambda record: 0.0,
    ),
)


def _metric(name: str, final: bool = False) -> Quantity:
    """Make a quantity of a metric: in floors and as a ratio where it has an origin and less is better too."""
    info = METRICS[name]
    in_floors = info.has_ratio and info.direction == "lower"

    def read(found: np.ndarray, record: RunRecord) -> np.ndarray:
        if info.direction == "half":
            return np.abs(found - 0.5)
        return found / record.floor[name] if in_floors and record.floor.get(name) else found

    def values(record: RunRecord) -> np.ndarray:
        return read(record.metrics.get(name, np.empty(0)), record)

    def late(record: RunRecord, verdict: RunVerdict) -> float:
        found = record.late(values(record))
        return float(np.median(found)) if len(found) else math.nan

    def at_the_end(record: RunRecord, verdict: RunVerdict) -> float:
        return float(read(np.array(record.final.get(name, math.nan)), record))

    return Quantity(
        f"final_{name}" if final else name,
        "ratio" if in_floors else "difference",
        "higher" if info.direction == "higher" else "lower",
        at_the_end if final else late,
        lambda record: _first(values(record)),
        "floors" if in_floors else "half" if info.direction == "half" else "plain",
        values,
    )


QUANTITIES = {q.name: q for q in (*_OWN, *map(_metric, METRICS), *(_metric(name, final=True) for name in METRICS))}
"""All quantities, by name: those of a verdict, and every metric of the yardstick, late and final."""


def quantity(name: str) -> Quantity:
    """Return the quantity of that name.

    Raises:
        InputError: there is none.

    >>> quantity("coverage").better, quantity("coverage").scale, quantity("mmd").read
    ('higher', 'difference', 'floors')
    >>> quantity("final_ration")
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown quantity 'final_ration'; did you mean 'final_ratio'? Known: final_ratio, ...
    """
    if name not in QUANTITIES:
        raise unknown("quantity", name, QUANTITIES)
    return QUANTITIES[name]
