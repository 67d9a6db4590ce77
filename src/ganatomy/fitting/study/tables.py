"""What a study found as tables of plain values, the same in every language.

Infinities stay ("inf": never, diverged); None stands where there is nothing to say, such as intervals of fewer than 3
seeds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Comparison, Difference
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.summaries import SUMMARISED
from ganatomy.fitting.study.sentences import Sentences

_CELL = ("target", "objective", "optimizer", "lr", "variant")

Table = tuple[list[str], list[list[Any]]]
"""The columns, and the rows."""


def _of_cell(cell: Cell) -> list[Any]:
    return [getattr(cell, name) for name in _CELL]


def _known(numbers: Iterable[float | None]) -> list[float | None]:
    return [None if number is None or math.isnan(number) else number for number in numbers]


def summary_rows(judged: Comparison) -> Table:
    """Lay cells out, the best of each target first: a row a cell, with median, low and high of every quantity.

    `rank` counts from 1 on each target, by the study's headline; a rate that validation points did not choose has none.
    `real_METRIC` is what real points score, read as `final_METRIC` is: 1 of what is in floors.
    `fitting` runs fit, of `judged` runs of which that can be said. `confidence` is the intervals' own (see
    `intervals`). The last column says the cell in English.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> summary_rows(compare([]))[0][:12]
    ['target', 'objective', 'optimizer', 'lr', 'variant', 'rank', 'seeds', 'diverged', 'failed', 'fitting', 'judged',
     'confidence']
    """
    names = dict.fromkeys((*SUMMARISED, judged.quantity.name))
    columns = [*_CELL, "rank", "seeds", "diverged", "failed", "fitting", "judged", "confidence"]
    columns += [f"{name}{part}" for name in names for part in ("", "_low", "_high")]
    real = [name for name in METRICS if f"final_{name}" in names]
    columns += [f"real_{name}" for name in real] + ["verdict"]
    rows, say, places = [], Sentences("en"), Counter()
    for summary in judged.ranked:
        verdicts = summary.verdicts.values()
        chosen = summary.cell in judged.chosen
        places[summary.cell.target] += chosen
        row = [*_of_cell(summary.cell), places[summary.cell.target] if chosen else None, len(verdicts)]
        row += [sum(verdict.diverged for verdict in verdicts), summary.failed, *summary.fitting]
        numbers = [n for name in names for n in (lambda i: (i.median, i.low, i.high))(summary.values[name])]
        numbers += [summary.real_in(name) for name in real]
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
    names = ("kind", "fits", "converged_at", "final_ratio", "late_ratio", "stability", "drift", "moved")
    rows = []
    for record in judged.records:
        verdict = judged.summaries[record.cell].verdicts.get(record.seed)
        kind, fits, *numbers = [None] * len(names) if verdict is None else [getattr(verdict, name) for name in names]
        row = [*_of_cell(record.cell), record.seed, record.status, record.reason, kind, fits]
        short = "" if verdict is None else ", ".join(short.name for short in verdict.shortfalls)
        rows.append([*row, *_known([*numbers, record.seconds]), short, record.path])
    return [*_CELL, "seed", "status", "reason", *names, "seconds", "shortfalls", "path"], rows


def metric_rows(judged: Comparison) -> Table:
    """Lay finished models out as tidy data: a row a run and metric, and one for a run that has none.

    `ratio` is value / floor, where that means something; `judged`, whether a fit is judged by the metric.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> from ganatomy.fitting.study.judging.records import RunRecord
    >>> run = RunRecord(cell=Cell("ring", "gan", "sgd", 0.1), seed=3, status="finished", epochs=[0],
    ...     metrics={"wasserstein2": [3]}, floor={"wasserstein2": 0.5}, final={"wasserstein2": 2})
    >>> columns, rows = metric_rows(compare([run]))
    >>> dict(zip(columns[5:], rows[0][5:]))
    {'seed': 3, 'status': 'finished', 'metric': 'wasserstein2', 'value': 2, 'floor': 0.5, 'floor_spread': None,
     'ratio': 4.0, 'judged': True}
    """
    rows = []
    for record in judged.records:
        head = [*_of_cell(record.cell), record.seed, record.status]
        used = record.floors
        for name, value in record.final.items():
            floor, info = record.floor.get(name), METRICS.get(name)
            known = name in used and info is not None and info.has_ratio and bool(floor)
            numbers = [value, floor, record.floor_spread.get(name), value / floor if known and floor else None]
            rows.append([*head, name, *_known(numbers), name in record.judged])
        if not record.final:
            rows.append([*head, *[None] * 6])
    return [*_CELL, "seed", "status", "metric", "value", "floor", "floor_spread", "ratio", "judged"], rows


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
