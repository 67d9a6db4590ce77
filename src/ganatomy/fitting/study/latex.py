r"""A study as a table for a paper: a row a combination, the best first, with medians over seeds and their intervals.

Of combinations that differ in nothing but the rate, the one stands there that validation points chose. Bold is the best
median of a column on its target. That it is best is no proof that it is better: whether two differ, the study's
differences say.
"""

import math
from collections.abc import Sequence

from ganatomy.errors import unknown
from ganatomy.fitting.metrics import latex
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.study.judging.comparison import Comparison, contested
from ganatomy.fitting.study.judging.intervals import FEWEST, Interval, over_seeds
from ganatomy.fitting.study.judging.quantities import Quantity, quantity
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.sentences import Sentences

SHOWN = ("final_ratio", "final_precision", "final_recall", "final_coverage", "final_components_found")
"""The quantities that are shown beside the headline, as far as they were measured."""


def study_latex(
    judged: Comparison,
    quantities: Sequence[str] | None = None,
    *,
    target: str | None = None,
    caption: str | None = None,
    label: str | None = None,
) -> str:
    r"""Write a study's combinations as a table in LaTeX, with the rules of booktabs.

    Args:
        judged: the study.
        quantities: the columns, by the names of `judging.quantities.QUANTITIES`; None for the headline and `SHOWN`.
        target: which points; None for all, one group of rows each.
        caption: in LaTeX; with one, it is a whole `table`.
        label: of that.

    Raises:
        InputError: an unknown quantity or target.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> print(study_latex(compare([]), ["final_ratio"]).splitlines()[-3])
    seeds & fit & final distance / floor \\
    """
    if target is not None and target not in judged.targets:
        raise unknown("target", target, judged.targets)
    chosen = [s for s in judged.ranked if s.cell in judged.chosen and target in (None, s.cell.target)]
    asked = _asked(judged, chosen, quantities)
    names = [name for name in ("objective", "optimizer", "lr", "variant") if _varies(chosen, name)]
    targets = [name for name in judged.targets if target in (None, name)]
    columns = ["target"] * (len(targets) > 1) + names
    headings = ["rate" if name == "lr" else name for name in columns] + ["seeds", "fit", *map(_title, asked)]
    groups = [
        rows
        for name in targets
        for rows in _group([s for s in chosen if s.cell.target == name], judged, asked, columns)
    ]
    kinds = "l" * len(columns) + "rr" + "r" * len(asked)
    return latex.table(list(map(latex.text, headings)), groups, kinds, _notes(chosen, judged), caption, label)


def _asked(judged: Comparison, chosen: Sequence[CellSummary], names: Sequence[str] | None) -> list[Quantity]:
    if names is not None:
        return [quantity(name) for name in names]
    headline = judged.quantity
    wanted = dict.fromkeys((headline.name, *(n for n in SHOWN if n != "final_ratio" or headline.read != "floors")))
    return [quantity(name) for name in wanted if any(_known(_over_seeds(s, judged, quantity(name))) for s in chosen)]


def _known(found: Interval) -> bool:
    """Whether it was measured; infinite is also what diverged before it could be."""
    return any(map(math.isfinite, (found.median, found.low, found.high)))


def _varies(chosen: Sequence[CellSummary], name: str) -> bool:
    """Whether a part of the cells' names is to be shown: the rate and the variant only if they tell cells apart."""
    values = {getattr(summary.cell, name) for summary in chosen}
    return len(values) > 1 or (name in ("objective", "optimizer") and bool(values))


def _title(asked: Quantity) -> str:
    return Sentences("en").quantity(asked)


def _over_seeds(summary: CellSummary, judged: Comparison, asked: Quantity) -> Interval:
    if asked.name in summary.values:
        return summary.values[asked.name]
    runs = [run for run in judged.records if run.cell == summary.cell and run.seed in summary.verdicts]
    return over_seeds(asked.of(run, summary.verdicts[run.seed]) for run in runs)


def _group(
    summaries: Sequence[CellSummary], judged: Comparison, asked: Sequence[Quantity], columns: Sequence[str]
) -> list[list[list[str]]]:
    """Lay out the cells of a target, and under a rule of their own what real points score, where that is known."""
    found = [[_over_seeds(summary, judged, each) for each in asked] for summary in summaries]
    best = [_best([row[k].median for row in found], each) for k, each in enumerate(asked)]
    rows = []
    for summary, values in zip(summaries, found, strict=True):
        fits, told = summary.fitting
        row = [_named(summary, name) for name in columns]
        row += [str(len(summary.verdicts)), f"{fits}/{told}" if told else "--"]
        ends = ((i.median, i.low, i.high, i.median == top) for i, top in zip(values, best, strict=True))
        rows.append(row + [latex.interval(*each) for each in ends])
    real = [_real(summaries[0], each) for each in asked]
    if all(math.isnan(value) for value in real):
        return [rows]
    head = [latex.text(summaries[0].cell.target)] if "target" in columns else []
    head.append("real points")
    head += [""] * (len(columns) + 2 - len(head))
    return [rows, [head + [latex.number(value) for value in real]]]


def _named(summary: CellSummary, name: str) -> str:
    value = getattr(summary.cell, name)
    return latex.given(value) if name == "lr" else latex.text(value)


def _best(medians: Sequence[float], asked: Quantity) -> float:
    """Return the best of several medians, nan where there is none or nothing to choose among."""
    known = [value for value in medians if math.isfinite(value)]
    if len(medians) < 2 or not known:
        return math.nan
    return min(known) if asked.better == "lower" else max(known)


def _real(summary: CellSummary, asked: Quantity) -> float:
    metric = asked.name.removeprefix("final_")
    if asked.name == "final_ratio":
        return 1.0
    return summary.real_in(metric) if metric in METRICS else math.nan


def _notes(chosen: Sequence[CellSummary], judged: Comparison) -> list[str]:
    seeds = sorted({len(summary.verdicts) for summary in chosen}) or [0]
    several = " to ".join(dict.fromkeys(map(str, (seeds[0], seeds[-1]))))
    sure = sorted({f"{Interval(0.0, 0.0, 0.0, n).confidence:.0%}" for n in seeds if n >= FEWEST})
    notes = [r"Needs \usepackage{booktabs}.", f"Medians over seeds ({several}); ranked by {_title(judged.quantity)}."]
    if sure:
        notes.append(
            f"In brackets intervals of the median, of confidence {' to '.join((sure[0], sure[-1])[: len(sure)])}."
        )
    notes.append("Bold: the best median on its points, which need not be clearly better than the next.")
    notes.append("fit: runs near real points in every metric that a fit is judged by, of those that can be judged.")
    if contested(judged.summaries):
        notes.append("Of several learning rates, validation points chose the one that is shown.")
    return notes
