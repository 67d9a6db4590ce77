"""What was said of these GANs, judged from the numbers of a study.

A *claim* is a conjunction of statements (see `statements`): it does not hold if one of them does not; it is not in
this study if one is not; it has not enough seeds if that is true of one; and it holds if all hold. The laboratory
report makes six, from one run each and without a metric. They are vague; what they are taken to mean is stated here:

    fits well       near from the epoch that is named to the end (see `verdicts`: the distance below `CONVERGED` floors
                    and every score at least half of real points'), and the finished model fits: it is near what real
                    points score in every metric that a fit is judged by (`fitness.shortfalls`), read off the quantity
                    `fit`, that of its worst metric
    stays stable    the late spread is below `verdicts.UNSTABLE` floors, and jumping about is the contrary
    hardly moves    less than `verdicts.HARDLY_MOVED` of the way to the floor is done in `COURSE_EPOCHS` epochs, and as
                    little away from it
    slower          a later epoch from which on it is near
    thinner         a lower recall: real points at the sides of the cloud are farther from generated ones
    more even       a higher coverage / recall: where a cloud is thin in places, its neighbour balls there are large and
                    recall counts real points that no generated one is near, which coverage does not (Naeem, Oh, Uh,
                    Choi and Yoo 2020, Reliable fidelity and diversity metrics for generative models, section 3)
    best            a smaller distance and a higher coverage in the last quarter, for every objective (the last snapshot
                    alone is a lottery, and a distance alone may be that of a smear)

Not guaranteed: that a claim says the same of other points or another recipe; that eyes would put the bounds where these
are. A claim of several statements is refuted by any, so wrongly more often than one: with 3 seeds each, up to once in
8 times for every statement about a median.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ganatomy.errors import InputError, unknown
from ganatomy.files import printable
from ganatomy.fitting.recipes.recipe import REPORTED
from ganatomy.fitting.study.judging.comparison import Comparison
from ganatomy.fitting.study.judging.quantities import quantity
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.statements import OPTIMIZERS, Bench, Finding, Statement, Verdict, all_of, parse_cell
from ganatomy.fitting.study.judging.verdicts import HARDLY_MOVED, UNSTABLE

COURSE_EPOCHS = 320
"""The length of the report's runs. A tenth more or less of it counts as the same."""

ABOUT = 2.0
"""Factor within which "about so many epochs" is taken: two seeds of one cell differ by as much."""

EARLY = 50
"""Epochs after which GAN is said to fit: `ABOUT` * 50 at most, and the sooner the better."""

SOME_TENS = 100
"""Epochs that WGAN is given: some tens are fewer than a hundred."""

LATE = 200
"""Epochs that WGAN-GP is said to need, within a factor of `ABOUT`."""

RATES: tuple[Literal["course", "best"], ...] = ("course", "best")
"""Which rates can be meant."""


@dataclass(frozen=True)
class Claim:
    """Something that can be said of a study.

    Attributes:
        name: short, for tables.
        judge: finds out.
        texts: in its author's words, by language; those of the report's six are in `words/study.json`.
    """

    name: str
    judge: Callable[[Bench], Finding]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """A claim and what became of it, on a target and at the rates in question.

    Attributes:
        claim: which.
        finding: its verdict and statements.
        target: on which points.
        at: "course" if cells without a rate are meant at the course's, "best" if at each pair's best.
    """

    claim: Claim
    finding: Finding
    target: str
    at: Literal["course", "best"] = "course"

    @property
    def verdict(self) -> Verdict:
        """One of `statements.VERDICTS`."""
        return self.finding.verdict

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The claim's, with their numbers."""
        return self.finding.statements

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that show it."""
        return self.finding.cells


def _fits_by(name: str, epoch: float) -> Callable[[Bench], Finding]:
    def judge(bench: Bench) -> Finding:
        long = (epoch, math.inf)
        found = [bench.within(name, "converged_at", most=epoch, epochs=long)]
        found += [bench.within(name, "stability", most=UNSTABLE), bench.within(name, "fit", least=1.0, epochs=long)]
        return all_of(found)

    return judge


def _slower_thinner_more_even(bench: Bench) -> Finding:
    name, others = "wgan-gp,rmsprop", ("gan,rmsprop", "wgan,rmsprop")
    long = (0.9 * COURSE_EPOCHS, math.inf)
    findings = [bench.within(name, "converged_at", LATE / ABOUT, LATE * ABOUT, epochs=long)]
    findings += [bench.better(other, name, "converged_at") for other in others]
    findings += [bench.better(name, other, "recall", reverse=True) for other in others]
    findings += [bench.better(name, other, "evenness") for other in others]
    return all_of(findings)


def _hardly_move(bench: Bench) -> Finding:
    length = (0.9 * COURSE_EPOCHS, 1.1 * COURSE_EPOCHS)
    bounds = -HARDLY_MOVED, HARDLY_MOVED
    return all_of([bench.within(f"{objective},sgd", "moved", *bounds, epochs=length) for objective in REPORTED])


def _jump_about(bench: Bench) -> Finding:
    return all_of([bench.within(f"{objective},adam", "stability", least=UNSTABLE) for objective in REPORTED])


def _best_optimizer(bench: Bench) -> Finding:
    best, *others = OPTIMIZERS
    pairs = [(f"{objective},{best}", f"{objective},{other}") for objective in REPORTED for other in others]
    return all_of([bench.better(one, than, name) for name in ("late_ratio", "coverage") for one, than in pairs])


REPORT_CLAIMS = (
    Claim("gan-rmsprop", _fits_by("gan,rmsprop", ABOUT * EARLY)),
    Claim("wgan-rmsprop", _fits_by("wgan,rmsprop", SOME_TENS)),
    Claim("wgan-gp-rmsprop", _slower_thinner_more_even),
    Claim("sgd", _hardly_move),
    Claim("adam", _jump_about),
    Claim("rmsprop", _best_optimizer),
)
"""The report's six."""


def judge_claims(
    study: Comparison, claims: Sequence[Claim] = REPORT_CLAIMS, target: str | None = None, at: str = "course"
) -> list[Judgement]:
    """Judge claims on one target of a study.

    Args:
        study: the comparison.
        claims: the report's, or others (see `declared_claim`).
        target: which; None takes the first.
        at: which rates cells without one are meant at: "course" (5e-5) or "best" (chosen on validation points).

    Raises:
        InputError: an unknown target or rate.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> judged = judge_claims(compare([]))
    >>> judged[5].claim.name, judged[5].verdict
    ('rmsprop', 'not in this study')
    """
    if at not in RATES:
        raise unknown("choice of rates", at, RATES)
    if target is not None and target not in study.targets:
        raise unknown("target", target, study.targets)
    bench = Bench(study, target if target is not None else next(iter(study.targets), "no points"), at)
    return [Judgement(claim, claim.judge(bench), bench.target, at) for claim in claims]


def declared_claim(table: Mapping[str, Any], where: str = "claim") -> Claim:
    """Make a claim from what a recipe declares.

    Two forms, both with `text` and, if wanted, `text_zh` and `name`; cells are written "objective,optimizer" or
    "objective,optimizer,rate", and a quantity is one of `quantities.QUANTITIES`:

        better = "gan,rmsprop", worse = "gan,sgd", metric = "late_ratio" (which is the default)
        cell = "wgan,rmsprop", metric = "converged_at", at_most = 100 (or at_least, or both)

    Args:
        table: what was declared.
        where: it was, for messages.

    Raises:
        InputError: an unknown key or metric, or something missing or of the wrong kind.

    >>> claim = declared_claim({"text": "Momentum hurts.", "better": "gan,sgd", "worse": "gan,adam"})
    >>> claim.name, claim.texts["zh"]
    ('momentum-hurts', 'Momentum hurts.')
    >>> declared_claim({"text": "Momentum hurts.", "better": "gan,sgd", "worst": "gan,adam"})
    Traceback (most recent call last):
    ganatomy.errors.InputError: claim: unknown key 'worst'; did you mean 'worse'? Known: text, text_zh, name, ...
    """
    texts, bounds = ("text", "text_zh", "name", "better", "worse", "cell", "metric"), ("at_least", "at_most")
    for key, value in table.items():
        if key not in (*texts, *bounds):
            raise InputError(f"{where}: {unknown('key', str(key), (*texts, *bounds))}")
        right = isinstance(value, str) if key in texts else isinstance(value, int | float) and value == value
        if not right or isinstance(value, bool) or value == "":
            raise InputError(f"{where}: {key} = {value!r:.60}; give {'text' if key in texts else 'a number'}")
    given = set(table)
    of_two = {"better", "worse"} <= given and not given & {"cell", *bounds}
    of_one = {"cell", "metric"} <= given and given & set(bounds) and not given & {"better", "worse"}
    if "text" not in given or not (of_two or of_one):
        raise InputError(
            f"{where}: a claim has a text and either better and worse, or cell, metric and at_least or at_most"
        )
    metric = table.get("metric", "late_ratio")
    try:
        quantity(metric)
        cells = [parse_cell(table[key]) for key in ("better", "worse", "cell") if key in table]
    except InputError as error:
        raise InputError(printable(f"{where}: {error}", None)) from None
    if of_two and cells[0] == cells[1]:
        raise InputError(f"{where}: better and worse are the same cell; name two")
    least, most = table.get("at_least", -math.inf), table.get("at_most", math.inf)
    if least > most:
        raise InputError(f"{where}: at_least = {least:g} is above at_most = {most:g}")

    def judge(bench: Bench) -> Finding:
        if of_two:
            return bench.better(table["better"], table["worse"], metric)
        return bench.within(table["cell"], metric, least, most)

    words = "".join(c if c.isalnum() else " " for c in table["text"].lower()).split()
    texts = {"en": table["text"], "zh": table.get("text_zh", table["text"])}
    return Claim(table.get("name", "-".join(words[:6])), judge, texts)
