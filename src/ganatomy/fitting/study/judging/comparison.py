"""Compare ways to train over seeds: the table of a study and what it says.

A *comparison* is made of records (see `records`). Every run is judged (`verdicts`), every cell gets the median over its
seeds with an interval, and two cells of one target are compared seed by seed, with intervals that hold for all pairs at
once (`intervals`). No p-value appears: a difference is *clear* if its interval leaves out no difference.

Not guaranteed: with 3 to 5 seeds, that a cell's interval holds its median 95 times in 100 (see `intervals`); that best
rates, chosen on other points but on the same runs, keep their order with other seeds.

Shape letters: `S` snapshots, `R` seeds, `C` cells.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np

from ganatomy.errors import InputError
from ganatomy.fitting.study.judging.intervals import paired_differences
from ganatomy.fitting.study.judging.quantities import SMALLEST, Quantity, quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.summaries import CellSummary, summarise


@dataclass(frozen=True)
class Difference:
    """Two cells compared in one quantity, seed by seed.

    Attributes:
        a: the one.
        b: the other.
        quantity: what they are compared in.
        effect: geometric mean of a / b over common seeds, or mean of a - b, as the quantity's scale says.
        low: of the interval, which holds for all pairs of the comparison at once; nan with fewer than 3 seeds.
        high: of the interval.
        seeds: how many both have.
    """

    a: Cell
    b: Cell
    quantity: Quantity
    effect: float
    low: float
    high: float
    seeds: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out no difference."""
        none = 1.0 if self.quantity.scale == "ratio" else 0.0
        return self.low > none or self.high < none

    @property
    def better(self) -> Cell | None:
        """The better one, if that is clear."""
        if not self.clear:
            return None
        a_is_lower = self.effect < (1.0 if self.quantity.scale == "ratio" else 0.0)
        return self.a if a_is_lower == (self.quantity.better == "lower") else self.b


@dataclass(frozen=True, eq=False)
class Comparison:
    """A study, judged.

    Attributes:
        records: of all its runs.
        summaries: of all its cells, in order of first appearance.
        best: the best rate of every target, objective and optimizer; see `best_rates`.
    """

    records: tuple[RunRecord, ...]
    summaries: Mapping[Cell, CellSummary]
    best: Mapping[tuple[str, str, str], Cell]

    @property
    def targets(self) -> tuple[str, ...]:
        """What was trained on, in order of first appearance."""
        return tuple(dict.fromkeys(cell.target for cell in self.summaries))

    def values(self, name: str, cells: Sequence[Cell]) -> np.ndarray:
        """Return a quantity of cells of one target, with what counts instead where a run has none (see `quantities`).

        Returns:
            (R, C): a row a seed of the target in rising order; nan where there is no such run.

        Raises:
            InputError: an unknown quantity.
        """
        asked = quantity(name)
        there = [r for r in self.records if r.cell in cells and r.status != "failed"]
        seeds = sorted({record.seed for record in there})
        table, starts = np.full((2, len(seeds), len(cells)), np.nan)
        for record in there:
            place = seeds.index(record.seed), list(cells).index(record.cell)
            table[place] = asked.of(record, self.summaries[record.cell].verdicts[record.seed])
            starts[place] = asked.start(record)
        known = np.concatenate([np.where(np.isinf(table), np.nan, table), starts], axis=1)
        worst = (np.fmax if asked.better == "lower" else np.fmin).reduce(known, axis=1, keepdims=True)
        return np.where(np.isinf(table), worst, table)


def compare(records: Iterable[RunRecord]) -> Comparison:
    """Judge a study: every run, every cell over its seeds, and every pair's best rate.

    Raises:
        InputError: a run is there twice, or rates cannot be chosen (see `best_rates`).

    >>> rng = np.random.default_rng(0)
    >>> def run(optimizer, seed, level):
    ...     distances = 0.03 * np.append(30, level * rng.lognormal(0, 0.1, 32))
    ...     return RunRecord(cell=Cell("zigzag", "gan", optimizer, 5e-5), seed=seed, status="finished",
    ...         epochs=range(0, 330, 10), metrics={"wasserstein2": distances}, floor={"wasserstein2": 0.03},
    ...         final={"wasserstein2": distances[-1]})
    >>> study = compare(run(*which) for which in [("rmsprop", 0, 1.5), ("rmsprop", 1, 1.2), ("rmsprop", 2, 1.6),
    ...     ("sgd", 0, 27), ("sgd", 1, 28), ("sgd", 2, 28)])
    >>> for summary in study.summaries.values():
    ...     print(summary.cell.label, "|", summary.shares[0].kind, round(summary.shares[0].late_ratio.median, 1))
    gan, rmsprop, 5e-05 | stable 1.5
    gan, sgd, 5e-05 | unstable 26.8
    >>> found = differences(study, "late_ratio")[0]
    >>> round(found.effect, 3), round(found.low, 3), round(found.high, 3), found.clear
    (0.052, 0.034, 0.081, True)
    """
    records = tuple(records)
    twice = [key for key, count in Counter((r.cell, r.seed) for r in records).items() if count > 1]
    if twice:
        raise InputError(f"{twice[0][0].label}, seed {twice[0][1]}: there are two runs of it; give each run once")
    cells = dict.fromkeys(record.cell for record in records)
    summaries = {cell: summarise(cell, [r for r in records if r.cell == cell]) for cell in cells}
    return Comparison(records, MappingProxyType(summaries), MappingProxyType(best_rates(records)))


def differences(study: Comparison, name: str = "final_ratio", cells: Sequence[Cell] | None = None) -> list[Difference]:
    """Compare all pairs of cells of a target in one quantity, seed by seed, with intervals that hold at once.

    Args:
        study: the comparison.
        name: of the quantity.
        cells: which, all of one target, chosen before the results are seen; None takes all of every target, target by
            target. With fewer, fewer pairs share the 5 times in 100, but also fewer runs tell the scatter.

    Raises:
        InputError: an unknown quantity, or cells of several targets.

    >>> differences(compare([]))
    []
    """
    asked = quantity(name)
    if cells is None:
        groups = [[cell for cell in study.summaries if cell.target == target] for target in study.targets]
    elif len({cell.target for cell in cells}) > 1:
        raise InputError("cells of several targets have no seeds in common; compare target by target")
    else:
        groups = [list(cells)]
    found = []
    for group in groups:
        values = study.values(name, group)
        if asked.scale == "ratio":
            values = np.log(np.maximum(values, SMALLEST))
        pairs = paired_differences(values)
        for (i, a), (j, b) in combinations(enumerate(group), 2):
            mean, half = pairs.mean[i, j], pairs.half[i, j]
            numbers = np.array([mean, mean - half, mean + half])
            effect, low, high = (np.exp(numbers) if asked.scale == "ratio" else numbers).tolist()
            found.append(Difference(a, b, asked, effect, low, high, int(pairs.seeds[i, j])))
    return found


def best_rates(records: Iterable[RunRecord]) -> dict[tuple[str, str, str], Cell]:
    """Choose the best cell of every target, objective and optimizer, by validation points alone.

    A cell is as good as its median, over the seeds that all rivals have, of the median validation distance in the last
    quarter of the snapshots; a run that diverged is infinitely far. Among equals the smallest rate is chosen.

    What is not guaranteed: the final numbers use other points but the same runs, so a cell chosen because its runs were
    lucky looks a little too good. Runs with new seeds at the chosen rates would not.

    Raises:
        InputError: there is a choice, and a finished run of it has no validation distances.

    >>> def run(lr, distance):
    ...     return RunRecord(cell=Cell("ring", "gan", "sgd", lr), seed=0, status="finished", epochs=[0, 1, 2],
    ...         metrics={"wasserstein2": [1, 1, 1]}, floor={"wasserstein2": 1}, final={"wasserstein2": 1},
    ...         validation=[1, distance, distance])
    >>> best_rates([run(0.1, 0.5), run(0.01, 0.9)])["ring", "gan", "sgd"].lr
    0.1
    """
    rivals: dict[tuple[str, str, str], dict[Cell, dict[int, float]]] = {}
    kept = [record for record in records if record.status != "failed"]
    for record in kept:
        cell = record.cell
        scores = rivals.setdefault((cell.target, cell.objective, cell.optimizer), {}).setdefault(cell, {})
        scores[record.seed] = _validated(record)
    return {key: _best(cells) for key, cells in rivals.items()}


def _validated(record: RunRecord) -> float:
    """Return the late validation distance: infinite if it diverged, nan if it has none."""
    if record.status == "diverged":
        return math.inf
    return float(np.median(record.late(record.validation))) if len(record.validation) else math.nan


def _best(cells: Mapping[Cell, Mapping[int, float]]) -> Cell:
    if len(cells) == 1:
        return next(iter(cells))
    missing = [cell for cell, scores in cells.items() if any(math.isnan(score) for score in scores.values())]
    if missing:
        raise InputError(f"{missing[0].label}: no validation distances, without which no rate can be chosen")
    common = set.intersection(*(set(scores) for scores in cells.values()))

    def rank(cell: Cell) -> tuple[float, Cell]:
        scores = cells[cell]
        return float(np.median([scores[seed] for seed in (common or scores)])), cell

    return min(cells, key=rank)
