"""The tables of a study's page: cells, differences and runs, as text to show and keys to sort by.

Not guaranteed: that a key is the number as shown, which is rounded; rows are sorted by what was measured.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ganatomy.fitting.study.judging.comparison import Difference
from ganatomy.fitting.study.judging.intervals import Interval
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.page.answer import Names
from ganatomy.fitting.study.sentences import Sentences
from ganatomy.languages import ABSENT, Words
from ganatomy.pages.tables import Field

_KINDS = {  # of columns, for the style sheet and for sorting
    **dict.fromkeys(("lr", "seeds", "seed", "ratio", "converged", "spread", "seconds", "times"), "number"),
    **dict.fromkeys(("words", "reason"), "long"),
    **dict.fromkeys(("status", "clear"), "short"),
    "than": "name",
    "folder": "path",
}


def cells_table(summaries: Iterable[CellSummary], names: Names, best: Collection[Cell] = ()) -> dict[str, Any]:
    """Lay out the cells in the order given; the best rate of a pair is marked, if `best` has it.

    >>> cell, none = Cell("ring", "gan", "sgd", 0.1), Interval(math.nan, math.nan, math.nan, 0)
    >>> values = {"final_ratio": Interval(2.5, 2.25, 3.5, 3), "converged_at": Interval(math.inf, 80, math.inf, 3)}
    >>> summary = CellSummary(cell, {}, 0, {**values, "stability": none, "seconds": none})
    >>> table = cells_table([summary], Names([cell], Words("en", "study")))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, SGD', '2.50', 'never', '–', '–', '0', '']
    """
    words, say = names.words, Sentences(names.words.language)
    rows = []
    for summary in summaries:
        cell = summary.cell
        entries = _of_cell(cell, names, best)
        entries += [_median(summary.final_ratio, words), _median(summary.converged_at, words, whole=True)]
        entries.append(_median(summary.stability, words))
        entries.append(Field.number(summary.seconds.median, words.seconds(summary.seconds.median)))
        entries.append(Field.number(len(summary.verdicts), str(len(summary.verdicts))))
        entries.append(Field.word(say.summary(summary)))
        rows.append({"entries": entries, "faded": False})
    columns = ["ratio", "converged", "spread", "seconds", "seeds", "words"]
    return _table("cells", _columns(columns, names), rows, words, words("cells_intro"))


def differences_table(differences: Iterable[Difference], names: Names) -> dict[str, Any]:
    """Lay out differences, the nearer cell first in each, clear and large ones on top.

    >>> from ganatomy.fitting.study.judging.quantities import quantity
    >>> a, b = Cell("ring", "gan", "sgd", 0.1), Cell("ring", "gan", "adam", 0.1)
    >>> difference = Difference(a, b, quantity("final_ratio"), 4.0, 2.0, 8.0, 3)
    >>> table = differences_table([difference], Names([a, b], Words("en", "study")))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, Adam', 'GAN, SGD', '4.00 ×', 'clear']
    """
    words = names.words
    turned = [
        (d.a, d.b, _inverse(d.effect), _inverse(d.high), _inverse(d.low), d) for d in differences if d.effect <= 1
    ]
    turned += [(d.b, d.a, d.effect, d.low, d.high, d) for d in differences if d.effect > 1]
    turned.sort(key=lambda row: (not row[-1].clear, -row[2]))
    rows = []
    for nearer, farther, times, low, high, difference in turned:
        few = math.isnan(low)
        said = words("few") if few else words("clear" if difference.clear else "not_clear")
        entries = [Field.word(names.full(nearer)), Field.word(names.full(farther))]
        entries += [Field.number(times, words.ratio(times), words.interval(low, high)), Field.word(said)]
        rows.append({"entries": entries, "faded": not difference.clear})
    intro = words("differences_intro", clear=sum(row[-1].clear for row in turned), n=len(turned))
    return _table("differences", ["nearer", "than", "times", "clear"], rows, words, intro)


def runs_table(runs: Iterable[RunRecord], summaries: Iterable[CellSummary], names: Names) -> dict[str, Any]:
    """Lay out the runs, with the verdict of each or the reason why it did not finish.

    >>> cell = Cell("ring", "gan", "sgd", 0.1)
    >>> names = Names([cell], Words("en", "study"))
    >>> run = RunRecord(cell=cell, seed=3, status="failed", reason="no memory", path="runs/a")
    >>> table = runs_table([run], [], names)
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, SGD', '3', 'failed', '–', '–', '–', 'no memory', 'runs/a']
    """
    words, say = names.words, Sentences(names.words.language)
    verdicts = {(s.cell, seed): verdict for s in summaries for seed, verdict in s.verdicts.items()}
    rows = []
    for run in runs:
        verdict = verdicts.get((run.cell, run.seed)) if run.status == "finished" else None
        at = verdict.converged_at if verdict else None
        converged = Field.number(math.inf, words("never")) if verdict and at is None else Field.number(at, _whole(at))
        said = run.reason or (say.verdict(verdict) if verdict else "")
        entries = [
            *_of_cell(run.cell, names),
            Field.number(run.seed, str(run.seed)),
            Field.word(words(f"status_{run.status}")),
            Field.number(run.final_ratio, words.number(run.final_ratio)),
            converged,
            Field.number(run.seconds, words.seconds(run.seconds)),
            Field.word(said or ABSENT),
            Field.word(run.path or ABSENT),
        ]
        rows.append({"entries": entries, "faded": False})
    columns = ["seed", "status", "ratio", "converged", "seconds", "reason", "folder"]
    return _table("runs", _columns(columns, names), rows, words, words("runs_intro"))


def _inverse(times: float) -> float:
    return 1 / times if times else math.inf


def _columns(columns: Sequence[str], names: Names) -> list[str]:
    return ["cell", *(["target"] if names.targets else []), *(["lr"] if names.rates else []), *columns]


def _of_cell(cell: Cell, names: Names, best: Collection[Cell] = ()) -> list[Field]:
    entries = [Field.word(names(cell, "pair", rate=False))]
    entries += [Field.word(cell.target)] if names.targets else []
    mark = " ✓" if cell in best else ""
    return entries + ([Field.number(cell.lr, names.words.rate(cell.lr) + mark)] if names.rates else [])


def _table(name: str, columns: Sequence[str], rows: Sequence[Any], words: Words, intro: str) -> dict[str, Any]:
    headings = [{"text": words(f"col_{column}"), "kind": _KINDS.get(column, "")} for column in columns]
    return {"name": name, "headings": headings, "rows": rows, "intro": intro}


def _whole(value: float | None) -> str:
    return ABSENT if value is None or math.isnan(value) else f"{value:.0f}"


def _median(found: Interval, words: Words, whole: bool = False) -> Field:
    """Make an entry of a median with its interval; of an epoch (`whole`), infinity is "never"."""
    never = words("never") if whole else ""
    if whole and math.isinf(found.low):  # then all of it is
        return Field.number(found.median, never)
    text = (
        never if whole and math.isinf(found.median) else _whole(found.median) if whole else words.number(found.median)
    )
    return Field.number(found.median, text, words.interval(found.low, found.high, never))
