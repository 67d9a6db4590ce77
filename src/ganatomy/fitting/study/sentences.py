"""What is said of judged runs, cells, differences and claims: sentences made of their keys and numbers.

The judging modules (`ganatomy.fitting.study.judging`) find keys and numbers; a page, a picture, a table or the command
line says them by one of these, in the language that it is given. The texts are in `words/study.json`.
"""

import math
from collections.abc import Callable, Sequence

from ganatomy.fitting.study.judging.claims import Claim
from ganatomy.fitting.study.judging.comparison import Difference
from ganatomy.fitting.study.judging.intervals import FEWEST, Interval
from ganatomy.fitting.study.judging.quantities import Quantity
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.statements import Statement
from ganatomy.fitting.study.judging.summaries import NEAR, CellSummary, KindShare
from ganatomy.fitting.study.judging.verdicts import HARDLY_MOVED, RunVerdict, Shortfall
from ganatomy.languages import Words

_NAMED = 3  # more metrics than these in a sentence nobody reads
_NOTHING = 1e-12  # of a difference: what rounding leaves of equal numbers
_DIGITS = 2


class Sentences:
    """Sentences of one language.

    Args:
        language: "en" or "zh"; None is the one that is chosen for all (see `ganatomy.languages.chosen`).

    Raises:
        InputError: an unknown language.

    >>> verdict = RunVerdict("hardly moved", moved=0.14)
    >>> Sentences("en").verdict(verdict), Sentences("zh").verdict(verdict)
    ('hardly moved (14% of the way)', '几乎没有移动（只走了 14%）')
    >>> Sentences("en").verdict(RunVerdict("hardly moved", moved=-0.47))
    'moved away from the target (by 47% of the way to it)'
    >>> Sentences("en").verdict(RunVerdict("stable", 50, fits=False, shortfalls=(Shortfall("coverage", 0.78, 0.97),)))
    'near from epoch 50 on, stable, but falls short: coverage 0.78 (real points 0.97)'
    """

    def __init__(self, language: str | None = None) -> None:
        self.words = Words(language, "fit", "study")

    def cell(self, cell: Cell) -> str:
        """Name a cell in full, without its target."""
        name = self.words("cell", objective=cell.objective, optimizer=cell.optimizer, lr=f"{cell.lr:g}")
        return self._with(name, cell.variant)

    def _with(self, name: str, variant: str) -> str:
        return name + self.words("comma") + variant.replace(", ", self.words("list_comma")) if variant else name

    def verdict(self, verdict: RunVerdict) -> str:
        """Say what became of a run, and whether it fits."""
        said = self._kind(KindShare.of([verdict]))
        return self.words("copies", said=said) if verdict.copies else said

    def _kind(self, share: KindShare) -> str:
        words, kind, moved = self.words, share.kind, share.moved
        if kind == "hardly moved" and round(100 * moved) < 0:
            kind = "moved away" if moved <= -HARDLY_MOVED else "hardly moved back"
        said = words(
            f"kind_{kind}",
            at=self.interval(share.converged_at, words("never")),
            level=self.interval(share.late_ratio),
            moved="" if math.isnan(moved) else f"{abs(moved):.0%}",
            scores=self.shortfalls(share.shortfalls),
        )
        if share.kind not in NEAR:
            return said
        if share.fits is None:
            return words("fits_unknown", said=said)
        if share.fits:
            return words("fits_stable" if kind == "stable" else "fits_still", said=said)
        return words("falls_short", said=said, scores=self.shortfalls(share.shortfalls))

    def shortfalls(self, found: Sequence[Shortfall]) -> str:
        """Say in which metrics samples fall short, each with what real points score.

        >>> Sentences("en").shortfalls([Shortfall("coverage", 0.12, 0.97), Shortfall("precision", 0.06, 0.99)])
        'coverage 0.12 (real points 0.97), precision 0.06 (0.99)'
        """
        words = self.words
        parts = []
        for short in found[:_NAMED]:
            value, real = told_apart(short.value, short.floor, self.number)
            name = "short_later" if parts else "short_first"
            parts.append(words(name, metric=words(f"metric_{short.name}"), value=value, real=real))
        if len(found) > _NAMED:
            parts.append(words("short_more", n=len(found) - _NAMED))
        return words("list_comma").join(parts)

    def summary(self, summary: CellSummary) -> str:
        """Say what became of a cell: the kinds of its runs, the most frequent first, with how many seeds have each."""
        words, seeds = self.words, len(summary.verdicts)
        parts = []
        for share in summary.shares:
            said = self._kind(share)
            if share.seeds < seeds:
                said = words("of_seeds", kind=said, count=share.seeds, seeds=seeds)
            elif seeds < FEWEST:
                said = words.count("with_seeds", seeds, kind=said)
            parts.append(said)
        if summary.copying:
            parts.append(words("copies_of", count=summary.copying, seeds=seeds))
        if summary.failed:
            parts.append(words("runs_failed", n=summary.failed))
        return words("semicolon").join(parts)

    def fitting(self, summary: CellSummary) -> str:
        """Say how many runs of a cell fit, and in what the others fall short."""
        words, (fits, told) = self.words, summary.fitting
        if not told:
            return words("fit_unknown")
        if fits == told:
            return words.count("fit_all", told)
        short = summary.shortfalls
        some = words("fit_some" if fits else "fit_none", fits=fits, seeds=told)
        return words("fit_short", said=some, scores=self.shortfalls(short)) if short else some

    def headline(self, summary: CellSummary) -> str:
        """Say a cell's headline beside what real points score, such as "coverage 0.93 (real points 0.97)".

        >>> summary = CellSummary(Cell("ring", "gan", "sgd", 0.1), {}, 0,
        ...     {"final_coverage": Interval(0.931, 0.9, 0.95, 3)}, floors={"coverage": 0.974})
        >>> Sentences("en").headline(summary), Sentences("zh").headline(summary)
        ('coverage 0.93 (real points 0.97)', '覆盖率 0.93（真实点 0.97）')
        """
        value, real = told_apart(summary.final.median, summary.real, self.number)
        metric = self.quantity(summary.quantity)
        if math.isnan(summary.real) or summary.quantity.read == "floors":
            return self.words("headline_alone", metric=metric, value=value)
        return self.words("short_first", metric=metric, value=value, real=real)

    def number(self, value: float) -> str:
        """Write a number to two digits, or all of a larger whole one.

        >>> [Sentences("en").number(value) for value in (1.618, 27.4, 1234.5, 7.4e-6, float("inf"))]
        ['1.6', '27', '1234', '7.4×10⁻⁶', '∞']
        """
        if not math.isfinite(value) or (value and abs(value) < 1e-4):
            return self.words.number(value)
        return f"{value:.0f}" if abs(value) >= 10**_DIGITS else f"{value:.{_DIGITS}g}"

    def interval(self, found: Interval, never: str = "∞") -> str:
        """Write a median with its interval, such as "60 (50-80)"; `never` stands for infinity.

        >>> say = Sentences("en")
        >>> say.interval(Interval(60, 50, math.inf, 3), "never"), say.interval(Interval(1.6, math.nan, math.nan, 2))
        ('60 (50-never)', '1.6')
        """
        if not found.seeds:
            return "-"
        ends = [never if math.isinf(value) else self.number(value) for value in (found.median, found.low, found.high)]
        if not found.enough:
            return ends[0]
        name = "with_signed_range" if found.low < 0 else "with_range"  # a dash would look like a sign
        return self.words(name, **dict(zip(("median", "low", "high"), ends, strict=True)))

    def quantity(self, quantity: Quantity) -> str:
        """Name a quantity; a metric of the finished model as the metric.

        >>> from ganatomy.fitting.study.judging.quantities import quantity
        >>> Sentences("en").quantity(quantity("mmd")), Sentences("zh").quantity(quantity("converged_at"))
        ('maximum mean discrepancy / floor', '接近目标的轮数')
        """
        metric = f"metric_{quantity.name.removeprefix('final_')}"  # has its name among the words of a fit
        title = self.words(metric if self.words.has(metric) else f"quantity_{quantity.name}")
        return title if quantity.read == "plain" else self.words(f"read_{quantity.read}", title=title)

    def difference(self, found: Difference) -> str:
        """Say how two cells differ, without what they differ in."""
        words, a, b = self.words, self.cell(found.a), self.cell(found.b)
        if math.isnan(found.low):
            return words("too_few_to_tell", a=a, b=b)
        sign = "" if found.quantity.scale == "ratio" else "+"
        numbers = {name: getattr(found, name) for name in ("effect", "low", "high")}
        none = 0.0 if sign else 1.0
        told = {
            name: self._signed(value if abs(value) > _NOTHING else 0.0, sign, none) for name, value in numbers.items()
        }
        said = words(f"differ_{found.quantity.scale}", a=a, b=b, **told)
        return said if found.clear else words("differ_unclearly", said=said)

    def _signed(self, value: float, sign: str, none: float) -> str:
        text = told_apart(value, none, self.number)[0]
        return sign + text if value >= 0 else text

    def claim(self, claim: Claim) -> str:
        """Say a claim: in its author's words, if it was declared with them."""
        own = claim.texts.get(self.words.language)
        return self.words(f"claim_{claim.name}") if own is None else own

    def claim_verdict(self, verdict: str) -> str:
        """Say what became of a claim or a statement."""
        return self.words(f"verdict_{verdict}")

    def evidence(self, statements: tuple[Statement, ...]) -> list[str]:
        """Say the statements of a claim with their numbers; of several, what became of each."""
        parts, former = [], None
        for statement in statements:
            said = self._statement(statement)
            if len(statements) > 1:
                said = self.words("judged", said=said, verdict=self.claim_verdict(statement.verdict))
            if statement.quantity is not None and statement.quantity != former:
                said = self.words("topic", topic=self.quantity(statement.quantity), said=said)
            former = statement.quantity
            parts.append(said)
        return parts

    def _statement(self, statement: Statement) -> str:
        words, key = self.words, statement.key
        if statement.difference is not None:
            return self.difference(statement.difference)
        cell = "".join(map(self.cell, statement.cells[:1]))
        if statement.median is not None:
            never = words("never") if statement.quantity and statement.quantity.name == "converged_at" else "∞"
            found, seeds = self.interval(statement.median, never), statement.median.seeds
            said = words.count("stated_median", seeds, cell=cell, found=found, wanted=self._bounds(*statement.bounds))
            scores = self.shortfalls(statement.shortfalls)
            return words("stated_short", said=said, scores=scores) if scores else said
        if statement.wanted is not None:
            return words("stated_no runs", wanted=self._wanted(*statement.wanted), target=statement.target)
        return words(f"stated_{key}", cell=cell, length=statement.length, wanted=self._bounds(*statement.bounds))

    def _wanted(self, objective: str, optimizer: str, lr: float | None, variant: str) -> str:
        if lr is None:
            name = self.words("cell_at_any", objective=objective, optimizer=optimizer)
        else:
            name = self.words("cell", objective=objective, optimizer=optimizer, lr=f"{lr:g}")
        return self._with(name, variant)

    def _bounds(self, least: float, most: float) -> str:
        name = "wanted_most" if math.isinf(least) else "wanted_least" if math.isinf(most) else "wanted_between"
        return self.words(name, least=f"{least:g}", most=f"{most:g}")


def told_apart(value: float, other: float, write: Callable[[float], str]) -> tuple[str, str]:
    """Write two numbers so that they look different if they are: with more digits where two that differ round alike.

    >>> told_apart(1.0004, 1.0, "{:.2g}".format), told_apart(0.972, 0.996, "{:.2f}".format)
    (('1.0004', '1'), ('0.97', '1.00'))
    >>> told_apart(1.0, 1.0, "{:.2f}".format)
    ('1.00', '1.00')
    """
    texts = write(value), write(other)
    if texts[0] != texts[1] or not (math.isfinite(value) and math.isfinite(other)) or abs(value - other) <= _NOTHING:
        return texts
    for digits in range(_DIGITS + 1, 13):
        texts = f"{value:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts
