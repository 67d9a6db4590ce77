"""The answer of a study in three sentences: what came nearest, which choice mattered, what became of the claims.

1. The cell with the least median distance / floor, its interval, and which others are not clearly farther.
2. With all else held fixed, how often each optimizer came nearest (or objective, if only those vary), and how often
   that is clear. A *group* is the cells that differ in that choice alone; it counts if it has two or more.
3. How many claims hold, do not, and need more seeds.

What is not guaranteed: that the nearest cell is the best one; sentence 1 says from which others the seeds at hand
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
        differences: of pairs of them in final distance / floor, which say what is clear.
        judgements: of claims.
        best: of every target, objective and optimizer the cell with the best rate, where a rate was chosen; the others
            are then left out.
        language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

    Raises:
        InputError: an unknown language.

    >>> from ganatomy.fitting.study.judging.intervals import Interval
    >>> from ganatomy.fitting.study.judging.quantities import quantity
    >>> gan, other = Cell("zigzag", "gan", "rmsprop", 5e-5), Cell("zigzag", "gan", "sgd", 5e-5)
    >>> summaries = [CellSummary(gan, {}, 0, {"final_ratio": Interval(1.62, 1.4, 2.1, 5)}),
    ...     CellSummary(other, {}, 0, {"final_ratio": Interval(28.0, 26.0, 33.0, 5)})]
    >>> difference = Difference(gan, other, quantity("final_ratio"), 0.06, 0.04, 0.08, 5)
    >>> for sentence in answer(summaries, [difference], []):
    ...     print(sentence)
    On zigzag, GAN with RMSprop came nearest: its points end 1.62 times as far from the held-out points as real points
    are (94 % interval over 5 seeds: 1.40–2.10), clearly nearer than the other combination.
    With all else equal, RMSprop ended nearest in 1 of 1 comparison of optimizers: clearly nearer than SGD in 1.
    """
    words = Words(language, "study")
    kept = [s for s in summaries if math.isfinite(s.final_ratio.median) and (not best or s.cell in best)]
    if not kept:
        return [words("no_answer")]
    kept.sort(key=lambda summary: summary.final_ratio.median)
    clear = {frozenset((difference.a, difference.b)) for difference in differences if difference.clear}
    names, targets = Names([s.cell for s in kept], words), dict.fromkeys(s.cell.target for s in kept)
    nearest = [_nearest([s for s in kept if s.cell.target == target], clear, names) for target in targets]
    sentences = [
        words("semicolon").join(nearest),
        _choice([s.cell for s in kept], clear, words, any_rate=bool(best)),
        _claims(judgements, words),
    ]
    return [sentence[:1].upper() + sentence[1:] + words("full_stop") for sentence in sentences if sentence]


def _nearest(summaries: Sequence[CellSummary], clear: set[frozenset[Cell]], names: Names) -> str:
    """Name the first of some cells of one target, and those that are level with it."""
    words, (top, *others) = names.words, summaries
    ratio = top.final_ratio
    said = words("answer_best", target=top.cell.target, best=names(top.cell), ratio=words.number(ratio.median))
    if interval := words.interval(ratio.low, ratio.high):
        confidence = words.percent(ratio.confidence)
        said += words("answer_interval", n=ratio.seeds, confidence=confidence, interval=interval)
    else:
        said += words.count("answer_few_seeds", ratio.seeds)
    level = [names(other.cell) for other in others if frozenset((top.cell, other.cell)) not in clear]
    if len(level) == len(others) > 1:
        return said + words("answer_level_all", n=len(others))
    if len(level) > _NAMED:
        return said + words("answer_level_many", n=len(level), all=len(others))
    if level:
        return said + words("answer_level", others=words.listed(level))
    return said + words.count("answer_alone", len(others)) if others else said


def _choice(ranked: Sequence[Cell], clear: set[frozenset[Cell]], words: Words, any_rate: bool) -> str:
    """Say which optimizer won its groups of cells, ranked; if optimizers do not vary, which objective."""
    for choice in ("optimizer", "objective"):
        groups: dict[Cell, list[Cell]] = {}
        for cell in ranked:
            rest = replace(cell, lr=0.0) if any_rate else cell
            groups.setdefault(replace(rest, **{choice: ""}), []).append(cell)
        races = [group for group in groups.values() if len({getattr(cell, choice) for cell in group}) > 1]
        if races:
            break
    else:
        return ""
    best, wins = Counter(getattr(race[0], choice) for race in races).most_common(1)[0]
    beaten: Counter[str] = Counter()
    for race in races:
        for cell in race:
            if getattr(cell, choice) != best:
                beaten[getattr(cell, choice)] += (
                    getattr(race[0], choice) == best and frozenset((race[0], cell)) in clear
                )
    clearly = words.listed([words("answer_than", other=written(other), n=n) for other, n in beaten.items()])
    named = {"best": written(best), "wins": wins, "clearly": clearly}
    return words.count(f"answer_{choice}", len(races), **named)


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
