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

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.metrics.catalogue import HEADLINE, METRICS
from ganatomy.fitting.study.judging.intervals import paired_differences
from ganatomy.fitting.study.judging.quantities import SMALLEST, Quantity, quantity
from ganatomy.fitting.study.judging.records import DISTANCE, Cell, RunRecord, settled
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
        best: the best rate of every target, objective, optimizer and variant; see `best_rates`.
        headline: the metric that cells are ranked by.
    """

    records: tuple[RunRecord, ...]
    summaries: Mapping[Cell, CellSummary]
    best: Mapping[tuple[str, str, str, str], Cell]
    headline: str = HEADLINE

    @property
    def targets(self) -> tuple[str, ...]:
        """What was trained on, in order of first appearance."""
        return tuple(dict.fromkeys(cell.target for cell in self.summaries))

    @property
    def quantity(self) -> Quantity:
        """The quantity that cells are ranked by: the headline of the finished model."""
        return quantity(f"final_{self.headline}")

    @property
    def chosen(self) -> frozenset[Cell]:
        """The cells that are spoken of: of a pair with several rates the one that validation points chose."""
        return frozenset(self.best.values())

    @property
    def ranked(self) -> list[CellSummary]:
        """All cells, the best first: those that are `chosen` before those that are not."""
        return sorted(self.summaries.values(), key=lambda s: (s.cell not in self.chosen, s.rank))

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


def known_metric(name: str) -> str:
    """Return the name of a metric to rank by.

    Raises:
        InputError: there is none of that name.

    >>> known_metric("recal")
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown metric to `judge` by 'recal'; did you mean 'recall'? Known: ...
    """
    if name not in METRICS:
        raise unknown("metric to `judge` by", name, METRICS)
    return name


def compare(records: Iterable[RunRecord], judge: str | None = None) -> Comparison:
    """Judge a study: every run, every cell over its seeds, and every pair's best rate.

    Args:
        records: of its runs.
        judge: the metric that cells are ranked by; None takes `HEADLINE`, or the distance where that was not measured.

    Raises:
        InputError: a run is there twice, an unknown metric or one that was not measured on every target, or rates
            cannot be chosen (see `best_rates`).

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
    records = settled(records)
    headline = _headline(records, judge)
    twice = [key for key, count in Counter((r.cell, r.seed) for r in records).items() if count > 1]
    if twice:
        raise InputError(f"{twice[0][0].label}, seed {twice[0][1]}: there are two runs of it; give each run once")
    cells = dict.fromkeys(record.cell for record in records)
    summaries = {cell: summarise(cell, [r for r in records if r.cell == cell], headline) for cell in cells}
    best = best_rates(records, headline)
    return Comparison(records, MappingProxyType(summaries), MappingProxyType(best), headline)


def _headline(records: Sequence[RunRecord], judge: str | None) -> str:
    """Settle what to rank by: what was asked for, if it was measured wherever a run came to an end."""
    name = HEADLINE if judge is None else known_metric(judge)
    ended = [record for record in records if record.status == "finished"]
    without = [
        t
        for t in dict.fromkeys(r.cell.target for r in ended)
        if not any(name in r.final for r in ended if r.cell.target == t)
    ]
    if not without:
        return name
    if judge is None:
        return DISTANCE
    raise InputError(f"`judge={name}`: that was not measured on {without[0]}; choose a metric that all targets have")


def contested(cells: Iterable[Cell]) -> set[Cell]:
    """Return the cells among which validation must choose a rate: those that differ from another in nothing else.

    >>> cells = [Cell("ring", "gan", "adam", 1e-4), Cell("ring", "gan", "adam", 1e-3), Cell("ring", "gan", "sgd", 1e-3)]
    >>> sorted(cell.label for cell in contested([*cells, Cell("ring", "gan", "sgd", 1e-2, "penalties.r2=2")]))
    ['gan, adam, 0.0001', 'gan, adam, 0.001']
    """
    cells = set(cells)
    counts = Counter(map(_but_for_rate, cells))
    return {cell for cell in cells if counts[_but_for_rate(cell)] > 1}


def _but_for_rate(cell: Cell) -> tuple[str, str, str, str]:
    return cell.target, cell.objective, cell.optimizer, cell.variant


def differences(study: Comparison, name: str | None = None, cells: Sequence[Cell] | None = None) -> list[Difference]:
    """Compare all pairs of cells of a target in one quantity, seed by seed, with intervals that hold at once.

    Args:
        study: the comparison.
        name: of the quantity; None is that of the headline.
        cells: which, all of one target, chosen before the results are seen; None takes all of every target, target by
            target. With fewer, fewer pairs share the 5 times in 100, but also fewer runs tell the scatter.

    Raises:
        InputError: an unknown quantity, or cells of several targets.

    >>> differences(compare([]))
    []
    """
    asked = study.quantity if name is None else quantity(name)
    if cells is None:
        groups = [[cell for cell in study.summaries if cell.target == target] for target in study.targets]
    elif len({cell.target for cell in cells}) > 1:
        raise InputError("cells of several targets have no seeds in common; compare target by target")
    else:
        groups = [list(cells)]
    found = []
    for group in groups:
        values = study.values(asked.name, group)
        if asked.scale == "ratio":
            values = np.log(np.maximum(values, SMALLEST))
        pairs = paired_differences(values)
        for (i, a), (j, b) in combinations(enumerate(group), 2):
            mean, half = pairs.mean[i, j], pairs.half[i, j]
            numbers = np.array([mean, mean - half, mean + half])
            effect, low, high = (np.exp(numbers) if asked.scale == "ratio" else numbers).tolist()
            found.append(Difference(a, b, asked, effect, low, high, int(pairs.seeds[i, j])))
    return found


def best_rates(records: Iterable[RunRecord], headline: str = HEADLINE) -> dict[tuple[str, str, str, str], Cell]:
    """Choose the best rate of every target, objective, optimizer and variant, by validation points alone.

    A cell is as good as its median, over the seeds that all rivals have, of the median late value, over the last
    quarter of the snapshots, of the headline on validation points, or of the distance where one of the rivals has only
    that, as those of older studies; a run that diverged is infinitely bad. Among equals the smallest rate is chosen.
    Cells that differ in their variant too are no rivals: what a study varies, it compares on test points.

    What is not guaranteed: the final numbers use other points but the same runs, so a cell chosen because its runs were
    lucky looks a little too good. Runs with new seeds at the chosen rates would not.

    Raises:
        InputError: there is a choice, and a finished run of it has no validation values.

    >>> def run(lr, distance):
    ...     return RunRecord(cell=Cell("ring", "gan", "sgd", lr), seed=0, status="finished", epochs=[0, 1, 2],
    ...         metrics={"wasserstein2": [1, 1, 1]}, floor={"wasserstein2": 1}, final={"wasserstein2": 1},
    ...         validation={"wasserstein2": [1, distance, distance]})
    >>> best_rates([run(0.1, 0.5), run(0.01, 0.9)])["ring", "gan", "sgd", ""].lr
    0.1
    """
    rivals: dict[tuple[str, str, str, str], list[RunRecord]] = {}
    for record in records:
        if record.status != "failed":
            rivals.setdefault(_but_for_rate(record.cell), []).append(record)
    return {key: _best(runs, headline) for key, runs in rivals.items()}


def _best(runs: Sequence[RunRecord], headline: str) -> Cell:
    cells: dict[Cell, dict[int, float]] = {run.cell: {} for run in runs}
    if len(cells) == 1:
        return runs[0].cell
    ended = [run for run in runs if run.status == "finished"]
    name = headline if all(headline in run.validation for run in ended) else DISTANCE
    missing = [run for run in ended if name not in run.validation]
    if missing:
        raise InputError(f"{missing[0].cell.label}: no validation distances, without which no rate can be chosen")
    for run in runs:
        cells[run.cell][run.seed] = _validated(run, name)
    common = set.intersection(*(set(scores) for scores in cells.values()))

    def rank(cell: Cell) -> tuple[float, Cell]:
        scores = cells[cell]
        return float(np.median([scores[seed] for seed in (common or scores)])), cell

    return min(cells, key=rank)


def _validated(record: RunRecord, name: str) -> float:
    """Return the late validation value, the lower the better: infinite if it diverged or there is no number."""
    if record.status == "diverged":
        return math.inf
    found = float(np.median(record.late(record.validation[name])))
    info = METRICS[name]
    read = -found if info.direction == "higher" else abs(found - 0.5) if info.direction == "half" else found
    return math.inf if math.isnan(read) else read
