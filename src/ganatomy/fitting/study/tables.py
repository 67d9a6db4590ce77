"""What a study found as tables of plain values, the same in every language.

Infinities stay ("inf": never, diverged); None stands where there is nothing to say, such as intervals of fewer than 3
seeds.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Comparison, Difference
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.summaries import SUMMARISED, CellSummary
from ganatomy.fitting.study.sentences import Sentences

_CELL = ("target", "objective", "optimizer", "lr", "variant")

Table = tuple[list[str], list[list[Any]]]
"""The columns, and the rows."""


def _of_cell(cell: Cell) -> list[Any]:
    return [getattr(cell, name) for name in _CELL]


def _known(numbers: Iterable[float | None]) -> list[float | None]:
    return [None if number is None or math.isnan(number) else number for number in numbers]


def summary_rows(summaries: Iterable[CellSummary]) -> Table:
    """Lay summaries out: a row a cell, with median, low and high of every quantity.

    `confidence` is the intervals' own (see `intervals`). The last column says the cell in English.

    >>> summary_rows([])[0][:9]
    ['target', 'objective', 'optimizer', 'lr', 'variant', 'seeds', 'diverged', 'failed', 'confidence']
    """
    columns = [*_CELL, "seeds", "diverged", "failed", "confidence"]
    columns += [f"{name}{part}" for name in SUMMARISED for part in ("", "_low", "_high")] + ["verdict"]
    rows, say = [], Sentences("en")
    for summary in summaries:
        verdicts = summary.verdicts.values()
        row = [*_of_cell(summary.cell), len(verdicts), sum(verdict.diverged for verdict in verdicts), summary.failed]
        numbers = [n for name in SUMMARISED for n in (lambda i: (i.median, i.low, i.high))(summary.values[name])]
        rows.append([*row, summary.final_ratio.confidence, *_known(numbers), say.summary(summary)])
    return columns, rows


def run_rows(judged: Comparison) -> Table:
    """Lay runs out: a row a run, with what is said of it.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> from ganatomy.fitting.study.judging.records import RunRecord
    >>> failed = RunRecord(cell=Cell("ring", "gan", "sgd", 0.1), seed=3, status="failed", reason="killed")
    >>> run_rows(compare([failed]))[1][0][:9]
    ['ring', 'gan', 'sgd', 0.1, '', 3, 'failed', 'killed', None]
    """
    names = ("kind", "converged_at", "final_ratio", "late_ratio", "stability", "drift", "moved")
    rows = []
    for record in judged.records:
        verdict = judged.summaries[record.cell].verdicts.get(record.seed)
        kind, *numbers = [None] * len(names) if verdict is None else [getattr(verdict, name) for name in names]
        row = [*_of_cell(record.cell), record.seed, record.status, record.reason, kind]
        rows.append([*row, *_known([*numbers, record.seconds]), record.path])
    return [*_CELL, "seed", "status", "reason", *names, "seconds", "path"], rows


def difference_rows(differences: Iterable[Difference]) -> Table:
    """Lay differences out: a row a pair of cells.

    >>> difference_rows([])[0]
    ['target', 'a', 'b', 'quantity', 'effect', 'low', 'high', 'seeds', 'clear']
    """
    columns = ["target", "a", "b", "quantity", "effect", "low", "high", "seeds", "clear"]
    rows = [
        [d.a.target, d.a.label, d.b.label, d.quantity.name, *_known([d.effect, d.low, d.high]), d.seeds, d.clear]
        for d in differences
    ]
    return columns, rows


def claim_rows(judgements: Sequence[Judgement]) -> Table:
    """Lay claims out: a row a claim, target and choice of rates, in English.

    >>> claim_rows([])[0]
    ['claim', 'text', 'target', 'at', 'verdict', 'evidence']
    """
    say = Sentences("en")
    rows = [
        [j.claim.name, say.claim(j.claim), j.target, j.at, j.verdict, "; ".join(say.evidence(j.statements))]
        for j in judgements
    ]
    return ["claim", "text", "target", "at", "verdict", "evidence"], rows
