"""The tables of a study's page: cells, differences and runs, as text to show and keys to sort by.

Not guaranteed: that a key is the number as shown, which is rounded; rows are sorted by what was measured.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganatomy.fitting.metrics.fitness import SPREADS
from ganatomy.fitting.study.judging.comparison import Difference, contested
from ganatomy.fitting.study.judging.intervals import Interval
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.judging.verdicts import RunVerdict
from ganatomy.fitting.study.page.answer import Names
from ganatomy.fitting.study.sentences import Sentences, told_apart
from ganatomy.languages import ABSENT, Words
from ganatomy.pages.tables import Field

_KINDS = {  # of columns, for the style sheet and for sorting
    **dict.fromkeys(("lr", "seeds", "seed", "headline", "ratio", "converged", "spread", "seconds", "times"), "number"),
    **dict.fromkeys(("words", "reason"), "long"),
    **dict.fromkeys(("status", "clear"), "short"),
    "than": "name",
    "folder": "path",
}


OFF = "*"
"""The mark of a value that lies `fitness.SPREADS` of the floor's spreads or more on its bad side."""


def cells_table(summaries: Iterable[CellSummary], names: Names, best: Collection[Cell] = ()) -> dict[str, Any]:
    """Lay out the cells in the order given; where rates were chosen, `best` has them, and the others are faded.

    >>> cell, none = Cell("ring", "gan", "sgd", 0.1), Interval(math.nan, math.nan, math.nan, 0)
    >>> values = {"final_coverage": Interval(0.5, 0.4, 0.6, 3), "final_ratio": Interval(2.5, 2.25, 3.5, 3)}
    >>> values |= {"converged_at": Interval(math.inf, 80, math.inf, 3)}
    >>> summary = CellSummary(cell, {}, 0, {**values, "stability": none, "seconds": none}, off=9.0)
    >>> table = cells_table([summary], Names([cell], Words("en", "study")))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, SGD', '0.50 *', '2.50', 'never', '–', '–', '0', '']
    >>> table["headings"][1]["text"]
    'coverage'
    """
    words, say = names.words, Sentences(names.words.language)
    rows, summaries = [], list(summaries)
    rivals = contested(summary.cell for summary in summaries)
    for summary in summaries:
        cell = summary.cell
        entries = _of_cell(cell, names, best if cell in rivals else ())
        entries += [_marked(_ended(_median(summary.final, words), words), summary.off >= SPREADS)]
        if summary.quantity.read != "floors":
            entries.append(_median(summary.final_ratio, words))
        entries += [_median(summary.converged_at, words, whole=True), _median(summary.stability, words)]
        entries.append(Field.number(summary.seconds.median, words.seconds(summary.seconds.median)))
        entries.append(Field.number(len(summary.verdicts), str(len(summary.verdicts))))
        entries.append(Field.word(say.summary(summary)))
        rows.append({"entries": entries, "faded": bool(best) and cell not in best})
    columns = ["converged", "spread", "seconds", "seeds", "words"]
    table = _table("cells", _columns(["headline", *_beside(summaries), *columns], names), rows, words, "")
    off = any(summary.off >= SPREADS for summary in summaries)
    memory = [summary.memory for summary in summaries if not math.isnan(summary.memory)]
    table["intro"] = words.sentences(
        words("cells_intro"),
        _real(summaries, names),
        words("cells_memory", value=words.number(float(np.median(memory)))) if memory and not names.targets else "",
        words("cells_off", mark=OFF) if off else "",
    )
    return _headed(table, summaries, say)


def _beside(summaries: Sequence[CellSummary]) -> list[str]:
    """Name the column of the distance, if the headline is another."""
    return ["ratio"] if summaries and summaries[0].quantity.read != "floors" else []


def _headed(table: dict[str, Any], summaries: Sequence[CellSummary], say: Sentences) -> dict[str, Any]:
    """Write the headline's name over its column."""
    for heading in table["headings"]:
        if heading["text"] == say.words("col_headline") and summaries:
            heading["text"] = say.quantity(summaries[0].quantity)
    return table


def _real(summaries: Sequence[CellSummary], names: Names) -> str:
    """Say what real points score in the headline, on every target."""
    words, say = names.words, Sentences(names.words.language)
    known = {s.cell.target: s for s in reversed(summaries) if not math.isnan(s.real) and s.quantity.read != "floors"}
    told = [
        words("on", target=target, cell=words.number(s.real)) if names.targets else words.number(s.real)
        for target, s in known.items()
    ]
    metric = say.quantity(summaries[0].quantity) if summaries else ""
    return words("cells_real", metric=metric, values=words("list_comma").join(told)) if told else ""


def _ended(entry: Field, words: Words) -> Field:
    """Say of a score that is none because training diverged that it did."""
    return replace(entry, text=words("status_diverged")) if entry.key == "-Infinity" else entry


def _drawn(run: RunRecord, value: float, names: Names, summaries: Sequence[CellSummary]) -> Field:
    """Make an entry of a run's headline, with its interval over draws where it is read as it was measured."""
    name, read = summaries[0].headline, summaries[0].quantity.read
    low, high = run.low.get(name, math.nan), run.high.get(name, math.nan)
    note = names.words.interval(low, high) if read == "plain" else ""
    return Field.number(value, names.words.number(value), note)


def _marked(entry: Field, off: bool) -> Field:
    return replace(entry, text=f"{entry.text} {OFF}") if off and entry.text != ABSENT else entry


def differences_table(differences: Iterable[Difference], names: Names) -> dict[str, Any]:
    """Lay out differences, the better cell first in each, clear and large ones on top.

    >>> from ganatomy.fitting.study.judging.quantities import quantity
    >>> a, b = Cell("ring", "gan", "sgd", 0.1), Cell("ring", "gan", "adam", 0.1)
    >>> difference = Difference(a, b, quantity("final_ratio"), 4.0, 2.0, 8.0, 3)
    >>> table = differences_table([difference], Names([a, b], Words("en", "study")))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, Adam', 'GAN, SGD', '4.00 ×', 'clear']
    >>> difference = Difference(a, b, quantity("final_coverage"), 0.25, 0.125, 0.5, 3)
    >>> table = differences_table([difference], Names([a, b], Words("en", "study")))
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, SGD', 'GAN, Adam', '0.25', 'clear']
    """
    words, differences = names.words, list(differences)
    ratio = bool(differences) and differences[0].quantity.scale == "ratio"
    turned = sorted((_turned(d) for d in differences), key=lambda row: (not row[-1].clear, -row[2]))
    rows, none = [], 1.0 if ratio else 0.0
    for better, worse, size, low, high, difference in turned:
        few = math.isnan(low)
        said = words("few") if few else words("clear" if difference.clear else "not_clear")
        shown, *both = (told_apart(number, none, words.number)[0] for number in (size, low, high))
        ends = "" if few else "–".join(both)
        entries = [Field.word(names.full(better)), Field.word(names.full(worse))]
        entries += [Field.number(size, words("times", ratio=shown) if ratio else shown, ends), Field.word(said)]
        rows.append({"entries": entries, "faded": not difference.clear})
    intro = words("differences_intro", clear=sum(row[-1].clear for row in turned), n=len(turned))
    columns = ["better", "than", "times" if ratio else "by", "clear"]
    say = Sentences(words.language)
    if differences:
        intro = words.sentences(intro, words("differences_in", metric=say.quantity(differences[0].quantity)))
    return _table("differences", columns, rows, words, intro)


def _turned(difference: Difference) -> tuple[Cell, Cell, float, float, float, Difference]:
    """Return the better cell, the worse, and how much better with its interval: a ratio of 1, or 0, and more."""
    ratio, lower_is_better = difference.quantity.scale == "ratio", difference.quantity.better == "lower"
    numbers = difference.effect, difference.low, difference.high
    more = difference.effect > (1.0 if ratio else 0.0)
    first, second = (difference.b, difference.a) if more == lower_is_better else (difference.a, difference.b)
    if more:
        return first, second, *numbers, difference
    size, high, low = (_inverse(number) if ratio else -number for number in numbers)
    return first, second, size, low, high, difference


def runs_table(runs: Iterable[RunRecord], summaries: Iterable[CellSummary], names: Names) -> dict[str, Any]:
    """Lay out the runs, with the verdict of each or the reason why it did not finish.

    >>> cell = Cell("ring", "gan", "sgd", 0.1)
    >>> names = Names([cell], Words("en", "study"))
    >>> run = RunRecord(cell=cell, seed=3, status="failed", reason="no memory", path="runs/a")
    >>> table = runs_table([run], [], names)
    >>> [entry.text for entry in table["rows"][0]["entries"]]
    ['GAN, SGD', '3', 'failed', '–', '–', '–', 'no memory', 'runs/a']
    """
    words, say, summaries = names.words, Sentences(names.words.language), list(summaries)
    verdicts = {(s.cell, seed): verdict for s in summaries for seed, verdict in s.verdicts.items()}
    asked, beside = (summaries[0].quantity if summaries else None), _beside(summaries)
    rows = []
    for run in runs:
        verdict = verdicts.get((run.cell, run.seed)) if run.status == "finished" else None
        at = verdict.converged_at if verdict else None
        converged = Field.number(math.inf, words("never")) if verdict and at is None else Field.number(at, _whole(at))
        if verdict and verdict.kind in ("too few snapshots", "no distance"):
            converged = Field.number(math.nan, ABSENT)
        said = run.reason or (say.verdict(verdict) if verdict else "")
        headline = asked.of(run, verdict or RunVerdict(run.status)) if asked else math.nan
        entries = [
            *_of_cell(run.cell, names),
            Field.number(run.seed, str(run.seed)),
            Field.word(words(f"status_{run.status}")),
            *([_ended(_drawn(run, headline, names, summaries), words)] if beside else []),
            Field.number(run.final_ratio, words.number(run.final_ratio)),
            converged,
            Field.number(run.seconds, words.seconds(run.seconds)),
            Field.word(said or ABSENT),
            Field.word(run.path or ABSENT),
        ]
        rows.append({"entries": entries, "faded": False})
    columns = ["seed", "status", *(["headline"] if beside else []), "ratio", "converged", "seconds", "reason", "folder"]
    return _headed(_table("runs", _columns(columns, names), rows, words, words("runs_intro")), summaries, say)


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
