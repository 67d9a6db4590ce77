"""A cell over its seeds: how its runs are judged, and every quantity's median with an interval.

Cells are ranked by their *headline*: a metric of the finished models, `metrics.catalogue.HEADLINE` unless another is
asked for; among equals by the distance. Infinite values stay in: a run that diverged or never converged is worse than
any that did, and the median says so. Runs that failed are counted and left out.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ganatomy.fitting.metrics.catalogue import HEADLINE, METRICS, Floor
from ganatomy.fitting.metrics.fitness import spreads_off
from ganatomy.fitting.study.judging.intervals import Interval, over_seeds
from ganatomy.fitting.study.judging.quantities import Quantity, quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.verdicts import KINDS, RunVerdict, Shortfall, judge_run

SUMMARISED = (
    *("final_ratio", "late_ratio", "converged_at", "stability", "moved", "fit", "coverage", "recall", "seconds"),
    *(f"final_{name}" for name, info in METRICS.items() if info.bound is not None),
)
"""The quantities of a cell's summary, in the order of summary.csv; that of the headline follows where it is another."""

NEAR = ("stable", "drifting", "wavering")
"""The kinds of verdict that say more of a run if one adds whether it fits."""

_NONE = Interval(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class KindShare:
    """The runs of a cell that have one kind of verdict, and fit or do not where that is worth saying.

    Attributes:
        kind: one of `verdicts.KINDS`.
        seeds: how many they are.
        converged_at: over those that converged.
        late_ratio: in floors.
        moved: the median share of the way.
        fits: whether they fit; None if that cannot be said, or the kind is none of `NEAR`.
        shortfalls: by how many runs a metric falls short, with medians over these, the most frequent first.

    >>> KindShare.of([RunVerdict("hardly moved", late_ratio=27.0, moved=0.1)]).moved
    0.1
    """

    kind: str
    seeds: int
    converged_at: Interval
    late_ratio: Interval
    moved: float
    fits: bool | None = None
    shortfalls: tuple[Shortfall, ...] = ()

    @classmethod
    def of(cls, alike: Sequence[RunVerdict]) -> "KindShare":
        """Take verdicts of one kind together."""
        at = over_seeds(v.converged_at for v in alike if v.converged_at is not None)
        level, moved = over_seeds(v.late_ratio for v in alike), float(np.median([v.moved for v in alike]))
        kind = alike[0].kind
        short = [v.astray if kind == "astray" else v.shortfalls for v in alike]
        fits = alike[0].fits if kind in NEAR else None
        return cls(kind, len(alike), at, level, moved, fits, together(short))


def together(found: Sequence[Sequence[Shortfall]]) -> tuple[Shortfall, ...]:
    """Take the shortfalls of several runs together: the most frequent first, with medians of value and floor.

    >>> together([[Shortfall("recall", 0.7, 0.97)], [Shortfall("recall", 0.8, 0.97), Shortfall("coverage", 0.6, 0.96)]])
    (Shortfall(name='recall', value=0.75, floor=0.97), Shortfall(name='coverage', value=0.6, floor=0.96))
    """
    counts = Counter(short.name for one in found for short in one)
    taken = []
    for name in sorted(counts, key=lambda name: -counts[name]):
        pairs = np.array([(short.value, short.floor) for one in found for short in one if short.name == name])
        taken.append(Shortfall(name, *np.median(pairs, axis=0).tolist()))
    return tuple(taken)


@dataclass(frozen=True, eq=False)
class CellSummary:
    """A cell over its seeds. Runs that failed are counted and otherwise left out.

    Attributes:
        cell: which.
        verdicts: of the runs that did not fail, by seed.
        failed: how many did.
        values: median and interval of every quantity in `SUMMARISED`, and of the headline.
        headline: the metric that cells are ranked by.
        floors: what real points score in every metric, the median over the runs.
        off: by how many of the floor's spreads the headline is worse, the median over the runs; nan if not known.
        memory: what perfect memory of the training points scores in the headline; nan if not known.
    """

    cell: Cell
    verdicts: Mapping[int, RunVerdict]
    failed: int
    values: Mapping[str, Interval]
    headline: str = HEADLINE
    floors: Mapping[str, float] = field(default_factory=dict)
    off: float = math.nan
    memory: float = math.nan

    @property
    def quantity(self) -> Quantity:
        """The quantity that cells are ranked by: the headline of the finished model."""
        return quantity(f"final_{self.headline}")

    @property
    def final(self) -> Interval:
        """The headline over the seeds; infinite, on the bad side, where a run diverged."""
        return self.values.get(self.quantity.name, _NONE)

    @property
    def real(self) -> float:
        """What real points score in the headline, read as it is; nan if that is not known."""
        return self.real_in(self.headline)

    def real_in(self, metric: str) -> float:
        """Return what real points score in a metric, as `final_METRIC` is read: 1 in floors."""
        floor = self.floors.get(metric, math.nan)
        return {"floors": 1.0, "half": abs(floor - 0.5), "plain": floor}[quantity(f"final_{metric}").read]

    @property
    def rank(self) -> tuple[bool, float, float]:
        """What cells of a target are sorted by, the best first: the headline, then the distance."""
        value, ratio = self.final.median, self.final_ratio.median
        signed = value if self.quantity.better == "lower" else -value
        return (
            math.isnan(value),
            math.inf if math.isnan(value) else signed,
            math.inf if math.isnan(ratio) else ratio,
        )

    @property
    def fitting(self) -> tuple[int, int]:
        """How many runs fit, and of how many that can be said; one that diverged does not."""
        told = [verdict.fits for verdict in self.verdicts.values() if verdict.fits is not None or verdict.diverged]
        return sum(fits is True for fits in told), len(told)

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """The metrics in which runs fall short, the most frequent first."""
        return together([verdict.shortfalls for verdict in self.verdicts.values()])

    @property
    def copying(self) -> int:
        """How many runs have samples that are copies of training points."""
        return sum(verdict.copies for verdict in self.verdicts.values())

    @property
    def final_ratio(self) -> Interval:
        """Distance of the finished model, in floors; infinite where it diverged."""
        return self.values.get("final_ratio", _NONE)

    @property
    def converged_at(self) -> Interval:
        """Epoch of convergence; infinite where it never did."""
        return self.values.get("converged_at", _NONE)

    @property
    def stability(self) -> Interval:
        """Late spread, in floors; infinite where it diverged."""
        return self.values.get("stability", _NONE)

    @property
    def seconds(self) -> Interval:
        """Of training, of the runs that finished."""
        return self.values.get("seconds", _NONE)

    @property
    def shares(self) -> list["KindShare"]:
        """The kinds of the runs' verdicts, the most frequent first; of equals those that fit."""
        alike: dict[tuple[str, bool | None], list[RunVerdict]] = {}
        for verdict in self.verdicts.values():
            alike.setdefault((verdict.kind, verdict.fits if verdict.kind in NEAR else None), []).append(verdict)
        counts = {key: len(runs) for key, runs in alike.items()}
        ranked = sorted(alike, key=lambda key: (-counts[key], KINDS.index(key[0]), key[1] is not True))
        return [KindShare.of(alike[key]) for key in ranked]


def summarise(cell: Cell, records: Sequence[RunRecord], headline: str = HEADLINE) -> CellSummary:
    """Judge a cell's runs and take them together.

    >>> summarise(Cell("ring", "gan", "sgd", 0.1), []).final_ratio.seeds
    0
    """
    kept = sorted((record for record in records if record.status != "failed"), key=lambda record: record.seed)
    verdicts = {record.seed: judge_run(record) for record in kept}
    names = dict.fromkeys((*SUMMARISED, f"final_{headline}"))
    values = {name: over_seeds(quantity(name).of(record, verdicts[record.seed]) for record in kept) for name in names}
    floors = {
        n: over_seeds(r.floor.get(n, math.nan) for r in kept).median for n in METRICS if any(n in r.floor for r in kept)
    }
    off = over_seeds(_off(record, headline) for record in kept).median
    shown = MappingProxyType(verdicts), len(records) - len(kept), MappingProxyType(values)
    memory = over_seeds(record.memory.get(headline, math.nan) for record in kept).median
    return CellSummary(cell, *shown, headline, floors, off, memory)


def _off(record: RunRecord, name: str) -> float:
    """Return by how many spreads of its floor a metric of the finished model is worse than real points."""
    if name not in record.final or name not in record.floor_spread or name not in record.floor:
        return math.nan
    return spreads_off(name, record.final[name], Floor(record.floor[name], record.floor_spread[name]))
