"""A cell over its seeds: how its runs are judged, and every quantity's median with an interval.

Infinite values stay in: a run that diverged or never converged is worse than any that did, and the median says so.
Runs that failed are counted and left out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ganatomy.fitting.study.judging.intervals import Interval, over_seeds
from ganatomy.fitting.study.judging.quantities import quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.verdicts import KINDS, RunVerdict, judge_run

SUMMARISED = ("final_ratio", "late_ratio", "converged_at", "stability", "moved", "coverage", "recall", "seconds")
"""The quantities of a cell's summary, in the order of summary.csv."""


@dataclass(frozen=True)
class KindShare:
    """The runs of a cell that have one kind of verdict.

    Attributes:
        kind: one of `verdicts.KINDS`.
        seeds: how many they are.
        converged_at: over those that converged.
        late_ratio: in floors.
        moved: the median share of the way.

    >>> KindShare.of([RunVerdict("hardly moved", late_ratio=27.0, moved=0.1)]).moved
    0.1
    """

    kind: str
    seeds: int
    converged_at: Interval
    late_ratio: Interval
    moved: float

    @classmethod
    def of(cls, alike: Sequence[RunVerdict]) -> "KindShare":
        """Take verdicts of one kind together."""
        at = over_seeds(v.converged_at for v in alike if v.converged_at is not None)
        level, moved = over_seeds(v.late_ratio for v in alike), float(np.median([v.moved for v in alike]))
        return cls(alike[0].kind, len(alike), at, level, moved)


@dataclass(frozen=True, eq=False)
class CellSummary:
    """A cell over its seeds. Runs that failed are counted and otherwise left out.

    Attributes:
        cell: which.
        verdicts: of the runs that did not fail, by seed.
        failed: how many did.
        values: median and interval of every quantity in `SUMMARISED`.
    """

    cell: Cell
    verdicts: Mapping[int, RunVerdict]
    failed: int
    values: Mapping[str, Interval]

    @property
    def final_ratio(self) -> Interval:
        """Of the finished model, in floors; infinite where it diverged."""
        return self.values["final_ratio"]

    @property
    def converged_at(self) -> Interval:
        """Epoch of convergence; infinite where it never did."""
        return self.values["converged_at"]

    @property
    def stability(self) -> Interval:
        """Late spread, in floors; infinite where it diverged."""
        return self.values["stability"]

    @property
    def seconds(self) -> Interval:
        """Of training, of the runs that finished."""
        return self.values["seconds"]

    @property
    def shares(self) -> list["KindShare"]:
        """The kinds of the runs' verdicts, the most frequent first."""
        kinds = Counter(verdict.kind for verdict in self.verdicts.values())
        ranked = sorted(kinds, key=lambda kind: (-kinds[kind], KINDS.index(kind)))
        return [KindShare.of([v for v in self.verdicts.values() if v.kind == kind]) for kind in ranked]


def summarise(cell: Cell, records: Sequence[RunRecord]) -> CellSummary:
    """Judge a cell's runs and take them together.

    >>> summarise(Cell("ring", "gan", "sgd", 0.1), []).final_ratio.seeds
    0
    """
    kept = sorted((record for record in records if record.status != "failed"), key=lambda record: record.seed)
    verdicts = {record.seed: judge_run(record) for record in kept}
    values = {
        name: over_seeds(quantity(name).of(record, verdicts[record.seed]) for record in kept) for name in SUMMARISED
    }
    return CellSummary(cell, MappingProxyType(verdicts), len(records) - len(kept), MappingProxyType(values))
