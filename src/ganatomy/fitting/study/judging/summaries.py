"""A cell over its seeds: how its runs are judged, and every quantity's median with an interval.

Infinite values stay in: a run that diverged or never converged is worse than any that did, and the median says so.
Runs that failed are counted and left out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ganatomy.fitting.study.judging.intervals import FEWEST, Interval, over_seeds
from ganatomy.fitting.study.judging.quantities import quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.verdicts import KINDS, RunVerdict, judge_run

SUMMARISED = ("final_ratio", "late_ratio", "converged_at", "stability", "moved", "coverage", "recall", "seconds")
"""The quantities of a cell's summary, in the order of summary.csv."""


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
    def words(self) -> str:
        """The cell in English: its kinds of verdict, the most frequent first, with how many seeds have it."""
        return self._say(0, "never", "{kind} ({count} of {seeds} seeds)", "{kind} ({seeds} seed{s})", "; ", "failed")

    @property
    def words_zh(self) -> str:
        """The cell in Chinese."""
        return self._say(
            1, "未收敛", "{kind}（{seeds} 个种子中的 {count} 个）", "{kind}（{seeds} 个种子）", "；", "次运行失败"
        )

    def _say(self, language: int, never: str, part: str, few: str, joint: str, failed: str) -> str:
        seeds, order = len(self.verdicts), list(KINDS)
        kinds = Counter(verdict.kind for verdict in self.verdicts.values())
        parts = []
        for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], order.index(item[0]))):
            alike = [verdict for verdict in self.verdicts.values() if verdict.kind == kind]
            words = KINDS[kind][language].format(
                at=over_seeds([v.converged_at for v in alike if v.converged_at is not None]).text(never=never),
                level=over_seeds([v.late_ratio for v in alike]).text(never=never),
                moved=f"{np.median([v.moved for v in alike]):.0%}",
            )
            if count == seeds and seeds >= FEWEST:
                parts.append(words)
            else:
                frame = few if count == seeds else part
                parts.append(frame.format(kind=words, count=count, seeds=seeds, s="" if seeds == 1 else "s"))
        if self.failed:
            parts.append(f"{self.failed} {failed}")
        return joint.join(parts)


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


def summary_rows(summaries: Iterable[CellSummary]) -> tuple[list[str], list[list[Any]]]:
    """Lay summaries out as a table: a row a cell, with median, low and high of every quantity.

    Infinities stay ("inf": never, diverged); None where there is nothing to say, such as intervals of fewer than 3
    seeds. `confidence` is the intervals' own (see `intervals`).

    >>> summary_rows([])[0][:9]
    ['target', 'objective', 'optimizer', 'lr', 'variant', 'seeds', 'diverged', 'failed', 'confidence']
    """
    columns = ["target", "objective", "optimizer", "lr", "variant", "seeds", "diverged", "failed", "confidence"]
    columns += [f"{name}{part}" for name in SUMMARISED for part in ("", "_low", "_high")] + ["verdict"]
    rows = []
    for summary in summaries:
        cell, verdicts = summary.cell, summary.verdicts.values()
        row = [cell.target, cell.objective, cell.optimizer, cell.lr, cell.variant, len(verdicts)]
        row += [sum(verdict.diverged for verdict in verdicts), summary.failed, summary.final_ratio.confidence]
        numbers = [n for name in SUMMARISED for n in (lambda i: (i.median, i.low, i.high))(summary.values[name])]
        rows.append([*row, *(None if math.isnan(number) else number for number in numbers), summary.words])
    return columns, rows
