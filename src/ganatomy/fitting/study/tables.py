"""A study's cells as a table of plain values, the same in every language."""

import math
from collections.abc import Iterable
from typing import Any

from ganatomy.fitting.study.judging.summaries import SUMMARISED, CellSummary
from ganatomy.fitting.study.sentences import Sentences


def summary_rows(summaries: Iterable[CellSummary]) -> tuple[list[str], list[list[Any]]]:
    """Lay summaries out as a table: a row a cell, with median, low and high of every quantity.

    Infinities stay ("inf": never, diverged); None where there is nothing to say, such as intervals of fewer than 3
    seeds. `confidence` is the intervals' own (see `intervals`).

    The last column says the cell in English, whatever the language of the page: the table is for programs.

    >>> summary_rows([])[0][:9]
    ['target', 'objective', 'optimizer', 'lr', 'variant', 'seeds', 'diverged', 'failed', 'confidence']
    """
    columns = ["target", "objective", "optimizer", "lr", "variant", "seeds", "diverged", "failed", "confidence"]
    columns += [f"{name}{part}" for name in SUMMARISED for part in ("", "_low", "_high")] + ["verdict"]
    rows, say = [], Sentences("en")
    for summary in summaries:
        cell, verdicts = summary.cell, summary.verdicts.values()
        row = [cell.target, cell.objective, cell.optimizer, cell.lr, cell.variant, len(verdicts)]
        row += [sum(verdict.diverged for verdict in verdicts), summary.failed, summary.final_ratio.confidence]
        numbers = [n for name in SUMMARISED for n in (lambda i: (i.median, i.low, i.high))(summary.values[name])]
        rows.append([*row, *(None if math.isnan(number) else number for number in numbers), say.summary(summary)])
    return columns, rows
