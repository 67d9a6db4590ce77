"""The answer of a study in three sentences: what came out best, which choice mattered, what became of the claims.

1. The cell with the best median of the headline metric, its interval, its distance, whether it fits, and which others
   are not clearly worse. If no cell fits, best is not good, and that is said.
2. With all else held fixed, how often each optimizer came out best (or objective, or variant, if only those vary), and
   how often that is clear. A *group* is the cells that differ in that choice alone; it counts if it has two or more,
   and is won by who is first alone.
3. How many claims hold, do not, and need more seeds.

What is not guaranteed: that the first cell is the best one; sentence 1 says from which others the seeds at hand
cannot tell it.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Difference
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.statements import VERDICTS
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.sentences import Sentences, told_apart
from ganatomy.languages import Words, written

_NAMED = 3  # more names than these make a sentence that nobody reads


class Names:
    """How cells are called where all of `cells` are spoken of: by what tells them apart, and no more.

    >>> names = Names([Cell("ring", "gan", "sgd", 0.1), Cell("ring", "wgan", "sgd", 0.01)], Words("en", "study"))
    >>> names(Cell("ring", "wgan", "sgd", 0.01))
    'WGAN with SGD at 0.01'
    """

    def __init__(self, cells: Iterable[Cell], words: Words) -> None:
        cells = list(cells)
        self.words = words
        self.rates = len({cell.lr for cell in cells}) > 1
        self.targets = len({cell.target for cell in cells}) > 1

    def __call__(self, cell: Cell, form: str = "with", rate: bool = True) -> str:
        """Name a cell in a sentence, or, with `form` "pair", in a table; with its rate, where they differ."""
        words = self.words
        name = words(form, objective=written(cell.objective), optimizer=written(cell.optimizer))
        if cell.variant:
            name += words("comma") + cell.variant
        return words("at", cell=name, lr=words.rate(cell.lr)) if self.rates and rate else name

    def full(self, cell: Cell) -> str:
        """Name a cell in a table, with its target where there are several."""
        name = self(cell, "pair")
        return self.words("on", cell=name, target=cell.target) if self.targets else name


def answer(
    summaries: Iterable[CellSummary],
    differences: Iterable[Difference],
    judgements: Iterable[Judgement],
    *,
    best: Collection[Cell] = (),
    language: str | None = None,
) -> list[str]:
    """Say in up to three sentences what a study found.

    Args:
        summaries: of all cells.
        differences: of pairs of them in the headline, which say what is clear.
        judgements: of claims.
        best: the cells that are spoken of, where rates were chosen (`Comparison.chosen`); the others are left out.
        language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

    Raises:
        InputError: an unknown language.

    >>> from ganatomy.fitting.study.judging.intervals import Interval
    >>> from ganatomy.fitting.study.judging.quantities import quantity
    >>> from ganatomy.fitting.study.judging.verdicts import RunVerdict
    >>> gan, other = Cell("zigzag", "gan", "rmsprop", 5e-5), Cell("zigzag", "gan", "sgd", 5e-5)
    >>> values = {"final_coverage": Interval(0.93, 0.91, 0.94, 5), "final_ratio": Interval(1.62, 1.4, 2.1, 5)}
    >>> fits = {seed: RunVerdict("stable", 50, fits=True) for seed in range(5)}
    >>> summaries = [CellSummary(gan, fits, 0, values, floors={"coverage": 0.97}),
    ...     CellSummary(other, {}, 0, {"final_coverage": Interval(0.02, 0.01, 0.04, 5)})]
    >>> difference = Difference(gan, other, quantity("final_coverage"), 0.91, 0.89, 0.93, 5)
    >>> for sentence in answer(summaries, [difference], []):
    ...     print(sentence)
    On zigzag, GAN with RMSprop came out best: coverage 0.93 (real points 0.97; 94 % interval over 5 seeds: 0.91–0.94),
    distance 1.62 × floor (1.40–2.10), and it fits with every one of 5 seeds; clearly better than the other combination.
    With all else equal, RMSprop came out best in 1 of 1 comparison of optimizers: clearly better than SGD in 1.
    """
    say = Sentences(language)
    words = say.words
    spoken = sorted((s for s in summaries if not best or s.cell in best), key=lambda summary: summary.rank)
    ended = [s for s in spoken if not math.isnan(s.final.median)]
    if not ended:
        return [words("no_answer")]
    clear = {frozenset((difference.a, difference.b)) for difference in differences if difference.clear}
    names, targets = Names([s.cell for s in ended], words), dict.fromkeys(s.cell.target for s in spoken)
    first = [_first([s for s in ended if s.cell.target == target], target, clear, names, say) for target in targets]
    sentences = [
        words("semicolon").join(first),
        _choice(ended, clear, words, any_rate=bool(best)),
        _claims(judgements, words),
    ]
    return [sentence[:1].upper() + sentence[1:] + words("full_stop") for sentence in sentences if sentence]


def _first(
    summaries: Sequence[CellSummary], target: str, clear: set[frozenset[Cell]], names: Names, say: Sentences
) -> str:
    """Name the first of some ranked cells of one target, say how good it is, and name those that are level with it."""
    words = names.words
    if not summaries:
        return words("answer_unfinished", target=target)
    top, *others = summaries
    if math.isinf(top.final.median):
        return words("answer_diverged", target=target)
    parts = {"target": target, "best": names(top.cell), "headline": _headline(top, say), "fit": say.fitting(top)}
    if math.isfinite(top.final_ratio.median) and top.quantity.read != "floors":
        ratio = words.number(top.final_ratio.median)
        if interval := words.interval(top.final_ratio.low, top.final_ratio.high):
            ratio = words("noted", text=words("answer_floors", ratio=ratio), note=interval)
        else:
            ratio = words("answer_floors", ratio=ratio)
        parts["headline"] += words("comma") + words("answer_distance", ratio=ratio)
    said = words("answer_best" if others else "answer_only", **parts)
    if others and not any(s.fitting[0] for s in summaries) and any(s.fitting[1] for s in summaries):
        said += words("semicolon") + words("answer_none_fits")
    level = [names(other.cell) for other in others if frozenset((top.cell, other.cell)) not in clear]
    if len(level) == len(others) > 1:
        return said + words("answer_level_all", n=len(others))
    if len(level) > _NAMED:
        return said + words("answer_level_many", n=len(level), all=len(others))
    if level:
        return said + words("answer_level", others=words.listed(level))
    return said + words.count("answer_alone", len(others)) if others else said


def _headline(summary: CellSummary, say: Sentences) -> str:
    """Say a cell's headline with what real points score, and its interval or why there is none."""
    words, found = say.words, summary.final
    value, real = words.number(found.median), words.number(summary.real)
    if value == real and found.median != summary.real:
        value, real = told_apart(found.median, summary.real, words.number)
    notes = [] if math.isnan(summary.real) or summary.quantity.read == "floors" else [words("real_points", real=real)]
    if interval := words.interval(found.low, found.high):
        confidence = words.percent(found.confidence)
        notes.append(words("answer_interval", n=found.seeds, confidence=confidence, interval=interval))
    else:
        notes.append(words.count("answer_few_seeds", found.seeds))
    text = words("headline_alone", metric=say.quantity(summary.quantity), value=value)
    return words("noted", text=text, note=words("semicolon").join(notes))


def _choice(ranked: Sequence[CellSummary], clear: set[frozenset[Cell]], words: Words, any_rate: bool) -> str:
    """Say which optimizer won its groups of cells, ranked; if optimizers do not vary, which objective, or variant."""
    for choice in ("optimizer", "objective", "variant"):
        groups: dict[Cell, list[CellSummary]] = {}
        for summary in ranked:
            rest = replace(summary.cell, lr=0.0) if any_rate else summary.cell
            groups.setdefault(replace(rest, **{choice: ""}), []).append(summary)
        told = [group for group in groups.values() if math.isfinite(group[0].final.median)]  # and not all diverged
        races = [group for group in told if len({getattr(s.cell, choice) for s in group}) > 1]
        if races:
            break
    else:
        return ""
    won = [race for race in races if race[0].rank < race[1].rank]
    wins = Counter(getattr(race[0].cell, choice) for race in won).most_common()
    if not wins or (len(wins) > 1 and wins[0][1] == wins[1][1]):
        return words.count(f"answer_no_{choice}", len(races))
    best = wins[0][0]
    beaten: Counter[str] = Counter()
    for race in races:
        for summary in race:
            if (other := getattr(summary.cell, choice)) != best:
                first = race[0].cell
                beaten[other] += getattr(first, choice) == best and frozenset((first, summary.cell)) in clear
    clearly = words.listed([words("answer_than", other=_named(other, words), n=n) for other, n in beaten.items()])
    named = {"best": _named(best, words), "wins": wins[0][1], "clearly": clearly}
    return words.count(f"answer_{choice}", len(races), **named)


def _named(choice: str, words: Words) -> str:
    """Name an optimizer, an objective or a variant."""
    return written(choice) if choice else words("no_variant")


def _claims(judgements: Iterable[Judgement], words: Words) -> str:
    """Count the verdicts on those claims that are about this study."""
    judgements = list(judgements)
    verdicts = Counter(judgement.verdict for judgement in judgements)
    counts = [(verdict, verdicts[verdict]) for verdict in VERDICTS[:3] if verdicts[verdict]]
    total = sum(n for _, n in counts)
    said = words("comma").join(words.count(f"answer_{verdict}", n) for verdict, n in counts)
    claims = len({judgement.claim.name for judgement in judgements})
    if claims < len(judgements):
        return words("answer_cases", n=total, claims=claims, counts=said) if total else ""
    return words.count("answer_claims", total, counts=said) if total else ""
