"""A statement about a study: what it takes to say that it holds, or does not, from a few seeds.

A statement is about the median over seeds of one cell, or about two cells compared seed by seed. It has three outcomes,
because a few seeds often cannot tell:

    of a cell        holds if the whole interval of the median lies within the stated bounds, does not hold if all of
                     it lies without; not enough seeds otherwise, or with fewer than 3
    of two cells     holds if the difference is clear and in the stated sense; does not hold if it is clear in the
                     other, or if the interval leaves out an advantage of `COUNTS` or more; not enough seeds otherwise

and a fourth, not in this study, if a cell is missing, its runs are too short, or none of them has the number, as where
real points scatter too widely for a ratio. The intervals of comparisons hold all
at once (`ganatomy.fitting.study.judging.intervals`). Those of medians hold one by one, 75 times in 100 with 3 seeds and
94 with 5, and miss on either side alike: 3 seeds confirm or refute a statement wrongly up to once in 8 times, 5 once in
32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import REPORTED
from ganatomy.fitting.study.judging.comparison import Comparison, Difference, differences
from ganatomy.fitting.study.judging.intervals import Interval, over_seeds
from ganatomy.fitting.study.judging.quantities import Quantity, quantity
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.verdicts import Shortfall

Verdict = Literal["holds", "does not hold", "not enough seeds", "not in this study"]
VERDICTS: tuple[Verdict, ...] = ("holds", "does not hold", "not enough seeds", "not in this study")
HOLDS, FAILS, UNDECIDED, ABSENT = VERDICTS

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


@dataclass(frozen=True)
class Statement:
    """A statement and what became of it, as a key and numbers.

    Attributes:
        key: "median" (of a cell), "difference" (of two), or why it is not in this study: "no runs", "other length",
            "itself" (a cell against itself), "no number" (none of its runs has one).
        verdict: one of `VERDICTS`.
        cells: that it is about, as far as they are there.
        quantity: that it is about; None if it is not in this study.
        median: of the cell, with its interval.
        difference: of the two cells.
        bounds: within which the median, or the runs' last epoch, has to lie.
        length: the runs' last epoch.
        wanted: objective, optimizer, rate (None for any) and variant of a cell that is not there.
        target: on which that is not there.
        shortfalls: the metrics in which the cell's runs are not near, where the quantity is whether they fit.
    """

    key: Literal["median", "difference", "no runs", "other length", "itself", "no number"]
    verdict: Verdict
    cells: tuple[Cell, ...] = ()
    quantity: Quantity | None = None
    median: Interval | None = None
    difference: Difference | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)
    length: int = 0
    wanted: tuple[str, str, float | None, str] | None = None
    target: str = ""
    shortfalls: tuple[Shortfall, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What became of one statement, or of several together.

    Attributes:
        verdict: one of `VERDICTS`.
        statements: all of them.
    """

    verdict: Verdict
    statements: tuple[Statement, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that show it."""
        return tuple(dict.fromkeys(cell for statement in self.statements for cell in statement.cells))


def _finding(statement: Statement) -> Finding:
    return Finding(statement.verdict, (statement,))


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
            return self.study.best.get((self.target, objective, optimizer, variant))
        wanted = (self.target, objective, optimizer, variant)
        for cell in self.study.summaries:
            same = (cell.target, cell.objective, cell.optimizer, cell.variant) == wanted
            if same and math.isclose(cell.lr, rate or COURSE_RATE, rel_tol=1e-6):
                return cell
        return None

    def missing(self, name: str) -> Finding:
        """Say that a cell is not there."""
        objective, optimizer, rate, variant = parse_cell(name)
        at = None if rate is None and self.at == "best" else rate or COURSE_RATE
        return _finding(Statement("no runs", ABSENT, wanted=(objective, optimizer, at, variant), target=self.target))

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
            return _finding(Statement("other length", ABSENT, (cell,), bounds=epochs, length=length))
        verdicts = self.study.summaries[cell].verdicts
        found = over_seeds(of.of(run, verdicts[run.seed]) for run in runs)
        if runs and not found.seeds:
            return _finding(Statement("no number", ABSENT, (cell,), of))
        if not found.enough:
            verdict = UNDECIDED
        elif least <= found.low and found.high <= most:
            verdict = HOLDS
        else:
            verdict = FAILS if found.high < least or found.low > most else UNDECIDED
        short = self.study.summaries[cell].shortfalls if of.name == "fit" else ()
        return _finding(Statement("median", verdict, (cell,), of, median=found, bounds=(least, most), shortfalls=short))

    def better(self, name: str, than: str, asked: str, reverse: bool = False) -> Finding:
        """Judge that one cell is better than another in a quantity; with `reverse`, that it is worse."""
        of = quantity(asked)
        a, b = self.cell(name), self.cell(than)
        if a is None or b is None:
            return self.missing(name if a is None else than)
        if a == b:
            return _finding(Statement("itself", ABSENT, (a,)))
        values = self.study.values(asked, [a, b])
        for k, cell in enumerate((a, b)):
            if not np.isfinite(values[:, k]).any() and self.study.summaries[cell].verdicts:
                return _finding(Statement("no number", ABSENT, (cell,), of))
        found = self._difference(a, b, of)
        verdict = _sense(found, (of.better == "lower") != reverse)
        return _finding(Statement("difference", verdict, (a, b), of, difference=found))

    def _difference(self, a: Cell, b: Cell, of: Quantity) -> Difference:
        """Compare two cells among the report's nine, or among all of the target if one is not of these."""
        nine = [self.cell(f"{objective},{optimizer}") for objective in REPORTED for optimizer in OPTIMIZERS]
        family = [cell for cell in nine if cell is not None]
        if a not in family or b not in family:
            family = [cell for cell in self.study.summaries if cell.target == self.target]
        family = [a, b, *(cell for cell in family if cell not in (a, b))]  # so that a comes first
        return differences(self.study, of.name, family)[0]


def _sense(found: Difference, less: bool) -> Verdict:
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
    verdict: Verdict = HOLDS
    for worse in (UNDECIDED, ABSENT, FAILS):
        if any(finding.verdict == worse for finding in findings):
            verdict = worse
    return Finding(verdict, tuple(statement for finding in findings for statement in finding.statements))
