"""A statement about a study: what it takes to say that it holds, or does not, from a few seeds.

A statement is about the median over seeds of one cell, or about two cells compared seed by seed. It has three outcomes,
because a few seeds often cannot tell:

    of a cell        holds if the whole interval of the median lies within the stated bounds, does not hold if all of
                     it lies without; not enough seeds otherwise, or with fewer than 3
    of two cells     holds if the difference is clear and in the stated sense; does not hold if it is clear in the
                     other, or if the interval leaves out an advantage of `COUNTS` or more; not enough seeds otherwise

and a fourth, not in this study, if a cell is missing or its runs are too short. The intervals of comparisons hold all
at once (`ganatomy.fitting.study.judging.intervals`). Those of medians hold one by one, 75 times in 100 with 3 seeds and
94 with 5, and miss on either side alike: 3 seeds confirm or refute a statement wrongly up to once in 8 times, 5 once in
32.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import REPORTED
from ganatomy.fitting.study.judging.comparison import Cell, Comparison, Difference, differences
from ganatomy.fitting.study.judging.intervals import over_seeds
from ganatomy.fitting.study.judging.quantities import Quantity, quantity

HOLDS, FAILS, UNDECIDED, ABSENT = "holds", "does not hold", "not enough seeds", "not in this study"

VERDICTS = {HOLDS: "成立", FAILS: "不成立", UNDECIDED: "种子不足", ABSENT: "不在本研究中"}
"""The verdicts, with their names in Chinese."""

COURSE_RATE = 5e-5
"""The learning rate of the course recipe, which is meant where none is named."""

OPTIMIZERS = ("rmsprop", "adam", "sgd")
"""The report's three."""

COUNTS = {"ratio": 1.25, "difference": 0.05}
"""The least advantage that counts: a quarter of a distance or an epoch, a twentieth of a score. Two cells whose
interval leaves it out are as good as equal, so that more seeds can refute "better" without showing "worse"."""


def parse_cell(name: str) -> tuple[str, str, float | None, str]:
    """Take "objective,optimizer[,rate[,variant]]" apart; the rate is None if it is left out.

    Raises:
        InputError: it is not of that form.

    >>> parse_cell("gan, rmsprop"), parse_cell("gan,sgd,1e-3")
    (('gan', 'rmsprop', None, ''), ('gan', 'sgd', 0.001, ''))
    """
    parts = [part.strip() for part in name.split(",", 3)]
    try:
        if len(parts) < 2 or not all(parts):
            raise ValueError
        rate = float(parts[2]) if len(parts) > 2 else None
    except ValueError:
        form = "OBJECTIVE,OPTIMIZER or OBJECTIVE,OPTIMIZER,RATE"
        raise InputError(f"'{name}' names no cell; write {form}, such as gan,rmsprop") from None
    return parts[0], parts[1], rate, parts[3] if len(parts) > 3 else ""


class Words(NamedTuple):
    """What a statement's numbers are, in both languages: of what, the numbers, and what became of it."""

    topic: tuple[str, str]
    said: tuple[str, str]
    verdict: str


@dataclass(frozen=True)
class Finding:
    """What became of a statement, or of several together.

    Attributes:
        verdict: one of `VERDICTS`.
        words: of every statement.
        numbers: the same as data; infinities stay.
        cells: which show it.
    """

    verdict: str
    words: tuple[Words, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    cells: tuple[Cell, ...] = ()

    @property
    def evidence(self) -> str:
        """The numbers in English; with several statements, what became of each."""
        return self._join(0, ": ", "; ", " [{}]")

    @property
    def evidence_zh(self) -> str:
        """The same in Chinese."""
        return self._join(1, "：", "；", "［{}］")

    def _join(self, language: int, colon: str, semicolon: str, frame: str) -> str:
        parts, topic = [], ""
        for words in self.words:
            verdict = VERDICTS[words.verdict] if language else words.verdict
            mark = frame.format(verdict) if len(self.words) > 1 else ""
            repeated = words.topic[language] == topic
            topic = words.topic[language]
            parts.append(("" if repeated or not topic else topic + colon) + words.said[language] + mark)
        return semicolon.join(parts)


def _finding(
    verdict: str, topic: tuple[str, str], said: tuple[str, str], numbers: Mapping[str, Any], *cells: Cell
) -> Finding:
    return Finding(verdict, (Words(topic, said, verdict),), numbers, cells)


def _absent(said: str, said_zh: str, *cells: Cell) -> Finding:
    return _finding(ABSENT, ("", ""), (said, said_zh), {}, *cells)


@dataclass(frozen=True)
class Bench:
    """Where a claim is judged: a study, one of its targets, and which rates are meant.

    Attributes:
        study: the comparison.
        target: the points.
        at: "course" for the course's rate, "best" for each pair's best.
    """

    study: Comparison
    target: str
    at: str = "course"

    def cell(self, name: str) -> Cell | None:
        """Find a cell by its name (see `parse_cell`); a name without a rate means the one at the rates in question."""
        objective, optimizer, rate, variant = parse_cell(name)
        if rate is None and self.at == "best":
            return self.study.best.get((self.target, objective, optimizer))
        wanted = (self.target, objective, optimizer, variant)
        for cell in self.study.summaries:
            same = (cell.target, cell.objective, cell.optimizer, cell.variant) == wanted
            if same and math.isclose(cell.lr, rate or COURSE_RATE, rel_tol=1e-6):
                return cell
        return None

    def missing(self, name: str) -> Finding:
        """Say that a cell is not there."""
        objective, optimizer, rate, variant = parse_cell(name)
        at = "" if rate is None and self.at == "best" else f"{rate or COURSE_RATE:g}"
        wanted = ", ".join(filter(None, (objective, optimizer, at, variant)))
        return _absent(f"no runs of {wanted} on {self.target}", f"{self.target} 上没有 {wanted} 的运行")

    def within(
        self,
        name: str,
        asked: str,
        least: float = -math.inf,
        most: float = math.inf,
        epochs: tuple[float, float] = (0, math.inf),
    ) -> Finding:
        """Judge that a cell's median of a quantity lies within bounds, given runs of so many epochs."""
        cell, of = self.cell(name), quantity(asked)
        if cell is None:
            return self.missing(name)
        runs = [run for run in self.study.records if run.cell == cell and run.status != "failed"]
        length = max((int(run.epochs[-1]) for run in runs if run.status == "finished"), default=0)
        if runs and length and not epochs[0] <= length <= epochs[1]:
            wanted, wanted_zh = _bounds(*epochs)
            text, text_zh = f"runs end at epoch {length}, {wanted}", f"运行止于第 {length} 轮，{wanted_zh}"
            return _absent(f"{cell.label}: {text}", f"{cell.label}：{text_zh}", cell)
        verdicts = self.study.summaries[cell].verdicts
        found = over_seeds(of.of(run, verdicts[run.seed]) for run in runs)
        if not found.enough:
            verdict = UNDECIDED
        elif least <= found.low and found.high <= most:
            verdict = HOLDS
        else:
            verdict = FAILS if found.high < least or found.low > most else UNDECIDED
        said, said_zh = _bounds(least, most)
        seeds = f"{found.seeds} seed{'' if found.seeds == 1 else 's'}"
        return _finding(
            verdict,
            (of.title, of.title_zh),
            (
                f"{cell.label} is at {found.text()} with {seeds}, {said}",
                f"{cell.label} 为 {found.text(never='从未', to=' 至 ')}，{found.seeds} 个种子，{said_zh}",
            ),
            {f"{cell.label}: {of.name}": _numbers(found.median, found.low, found.high, found.seeds)},
            cell,
        )

    def better(self, name: str, than: str, asked: str, reverse: bool = False) -> Finding:
        """Judge that one cell is better than another in a quantity; with `reverse`, that it is worse."""
        of = quantity(asked)
        pair = [self.cell(name), self.cell(than)]
        for cell, wanted in zip(pair, (name, than), strict=True):
            if cell is None:
                return self.missing(wanted)
        if pair[0] == pair[1]:
            label = pair[0].label
            return _absent(f"{label} cannot be compared with itself", f"{label} 不能与自身比较", pair[0])
        found = self._difference(pair[0], pair[1], of)
        verdict = _sense(found, (of.better == "lower") != reverse)
        key = f"{found.a.label} against {found.b.label}: {of.name}"
        numbers = _numbers(found.effect, found.low, found.high, found.seeds)
        return _finding(verdict, (of.title, of.title_zh), (found.said, found.said_zh), {key: numbers}, *pair)

    def _difference(self, a: Cell, b: Cell, of: Quantity) -> Difference:
        """Compare two cells among the report's nine, or among all of the target if one is not of these."""
        nine = [self.cell(f"{objective},{optimizer}") for objective in REPORTED for optimizer in OPTIMIZERS]
        family = [cell for cell in nine if cell is not None]
        if a not in family or b not in family:
            family = [cell for cell in self.study.summaries if cell.target == self.target]
        family = [a, b, *(cell for cell in family if cell not in (a, b))]  # so that a comes first
        return differences(self.study, of.name, family)[0]


def _bounds(least: float, most: float) -> tuple[str, str]:
    if math.isinf(least):
        return f"wanted at most {most:g}", f"应不超过 {most:g}"
    if math.isinf(most):
        return f"wanted at least {least:g}", f"应不低于 {least:g}"
    return f"wanted {least:g} to {most:g}", f"应为 {least:g} 至 {most:g}"


def _numbers(value: float, low: float, high: float, seeds: int) -> dict[str, float]:
    return {"value": value, "low": low, "high": high, "seeds": seeds}


def _sense(found: Difference, less: bool) -> str:
    """Judge that a is less than b (or more) from their difference."""
    if math.isnan(found.low):
        return UNDECIDED
    ratio = found.quantity.scale == "ratio"
    low, high = (math.log(found.low), math.log(found.high)) if ratio else (found.low, found.high)
    counts = math.log(COUNTS["ratio"]) if ratio else COUNTS["difference"]
    low, high = (-high, -low) if less else (low, high)  # now above 0 in a's favour
    return HOLDS if low > 0 else FAILS if high < counts else UNDECIDED


def all_of(findings: Sequence[Finding]) -> Finding:
    """Join statements into one that holds if all of them do.

    >>> all_of([Finding("holds", ()), Finding("not enough seeds", ()), Finding("holds", ())]).verdict
    'not enough seeds'
    """
    verdict = next((v for v in (FAILS, ABSENT, UNDECIDED) if any(f.verdict == v for f in findings)), HOLDS)
    return Finding(
        verdict,
        tuple(words for finding in findings for words in finding.words),
        {key: value for finding in findings for key, value in finding.numbers.items()},
        tuple(dict.fromkeys(cell for finding in findings for cell in finding.cells)),
    )
