"""The pictures of a study, drawn from the folders of its runs.

    figures/matrix-TARGET-GROUP.png, .gif, .mp4    final points of every cell, and the training of all in step
    figures/curves-TARGET-GROUP.png                the headline metric against epochs, with a band over the seeds
    figures/distance-TARGET-GROUP.png              distance over floor likewise, if that is not the headline
    figures/time-TARGET-GROUP.png                  the headline against seconds of training
    figures/ranking-TARGET.png                     cells in order of the headline, with intervals
    figures/claim-NAME-TARGET.png                  the cells that a claim is about

A *group* of cells has one for every pair of objective (with what else differs) and optimizer: `base` at the recipe's
learning rate, `best` at each pair's best, where there was a choice. Of a cell's runs the one with the median headline
is shown (the better of the middle two), so neither the luckiest nor a mean that no run looks like.

Shapes: `K` seeds, `S` snapshots.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import drawable
from ganatomy.figures.points.matrix import matrix_figure, matrix_frames
from ganatomy.figures.points.measure import Measure
from ganatomy.figures.points.ranking import ranking_figure
from ganatomy.figures.points.study import convergence_figure, time_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_gif, write_mp4
from ganatomy.files import Place, file_name
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Comparison, contested
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.verdicts import CONVERGED
from ganatomy.fitting.study.page.plates import Picture
from ganatomy.fitting.study.sentences import Sentences
from ganatomy.languages import Language, Words, written

_FPS = 8
_ROWS, _COLUMNS = 8, 5  # of a matrix; more panels than these show nothing any more


@dataclass(frozen=True)
class Group:
    """Cells of one target, one for each row and column."""

    name: str
    cells: Mapping[tuple[str, str], Cell]

    @property
    def rows(self) -> list[str]:
        """The names of the rows."""
        return list(dict.fromkeys(row for row, _ in self.cells))

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(dict.fromkeys(column for _, column in self.cells))


def groups(judged: Comparison, target: str, rate: float, words: Words) -> list[Group]:
    """Group the cells of a target: at the recipe's rate, and at each pair's best where there was a choice.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> groups(compare([]), "ring", 5e-5, Words("en"))
    []
    """
    cells = [cell for cell in judged.summaries if cell.target == target]
    choice = contested(cells)
    base = [cell for cell in cells if cell.lr == rate or not choice]
    best = [cell for key, cell in judged.best.items() if key[0] == target] if choice else []
    found = []
    for name, chosen in (("base", base), ("best", best)):
        named = {_place(cell, words): cell for cell in chosen}
        if named:
            found.append(Group(name, named))
    return found


def _place(cell: Cell, words: Words) -> tuple[str, str]:
    """Return the heads of a cell's row and column."""
    variant = cell.variant.replace(", ", words("list_comma"))
    return words("comma").join(filter(None, (written(cell.objective), variant))), written(cell.optimizer)


@dataclass(frozen=True)
class _Panels:
    """What there is to see of the cells of a group, by their rows and columns."""

    view: View
    heldout: np.ndarray
    epochs: np.ndarray
    finals: Mapping[tuple[str, str], tuple[np.ndarray | None, np.ndarray | None, str]]
    films: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
    notes: Mapping[tuple[str, str], list[str]]
    absent: Mapping[tuple[str, str], str]


class Artist:
    """Draws the pictures of a study: each by itself, or all into its folder, yielding them for the page.

    Args:
        study: the folder.
        judged: its runs.
        rate: the recipe's learning rate.
        language: of the page; pictures are in English where no font has Chinese.
    """

    def __init__(self, study: StudyFolder, judged: Comparison, rate: float, language: Language) -> None:
        self.study, self.judged, self.rate = study, judged, rate
        self.language, self._page = drawable(language), Words(language, "study")
        self._say = Sentences(self.language)
        self._words = self._say.words

    def groups(self, target: str) -> list[Group]:
        """Group the cells of a target."""
        return groups(self.judged, target, self.rate, self._words)

    def head(self, several: Sequence[Any], target: str, *more: str) -> str:
        """Say, in the language of the page, what tells a picture from others: its target, where there are several."""
        texts = [self._page(f"group_{key}", lr=f"{self.rate:g}") for key in more]
        return self._page("comma").join([*([target] if len(several) > 1 else []), *texts])

    def draw(self, judgements: Sequence[Judgement]) -> Iterator[Picture]:
        """Draw everything there is to see; a target of which nothing was measured has nothing.

        Raises:
            InputError: a picture cannot be written.
        """
        self.study.make("figures")
        for target in self.judged.targets:
            known = self.groups(target)
            for group in known:
                heading = self.head(self.judged.targets, target, *([group.name] if len(known) > 1 else []))
                stem = f"{target}-{group.name}"
                panels = self._panels(group)
                if panels is not None:
                    yield from self._matrix(target, group, panels, heading, f"matrix-{stem}")
                for kind in ("curves", *(["distance"] if self._beside else []), "time"):
                    figure = self.curves(target, group.cells, kind)
                    if figure is not None:
                        yield self._saved(figure, "time" if kind == "time" else "curves", f"{kind}-{stem}", heading)
            figure = self.ranking(target, known)
            if figure is not None:
                yield self._saved(figure, "ranking", f"ranking-{target}", self.head(self.judged.targets, target))
        for judgement in judgements:
            yield from self._claim(judgement)

    def _saved(self, figure: Figure, place: str, stem: str, title: str = "") -> Picture:
        file = self._file(stem, ".png")
        save_figure(figure, file)
        return Picture(place, file.path.read_bytes(), title)

    def _file(self, stem: str, ending: str) -> Place:
        return self.study.at(f"figures/{file_name(stem)}{ending}")

    def _runs(self, cell: Cell) -> list[RunRecord]:
        return [record for record in self.judged.records if record.cell == cell]

    def _shown(self, cell: Cell) -> RunRecord:
        """Return the run that stands for a cell: the median one, or one that did not finish."""
        runs = [record for record in self._runs(cell) if record.status != "failed"] or self._runs(cell)
        better = self.judged.quantity.better
        ranked = sorted(runs, key=lambda run: self._final_of(run) * (1 if better == "lower" else -1))
        return ranked[(len(runs) - 1) // 2]

    def _final_of(self, record: RunRecord) -> float:
        """Return a run's headline; as if it had diverged, if there is none."""
        asked, verdicts = self.judged.quantity, self.judged.summaries[record.cell].verdicts
        value = asked.of(record, verdicts[record.seed]) if record.seed in verdicts else math.nan
        return (math.inf if asked.better == "lower" else -math.inf) if math.isnan(value) else value

    def _panels(self, group: Group) -> _Panels | None:
        """Read what is to be seen of the cells of a group; None if there is nothing."""
        rows, columns = group.rows[:_ROWS], group.columns[:_COLUMNS]
        finals: dict[tuple[str, str], tuple[np.ndarray | None, np.ndarray | None, str]] = {}
        films: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        own: dict[tuple[str, str], np.ndarray] = {}
        notes: dict[tuple[str, str], list[str]] = {}
        heldout, names = None, ()
        for place, cell in group.cells.items():
            if place[0] not in rows or place[1] not in columns:
                continue
            record = self._shown(cell)
            if not len(record.epochs):
                finals[place] = (None, None, self._ended(record))
                continue
            folder = RunFolder(self.study.path / record.path)
            points, heldout, fields = folder.read_arrays(["snapshots", "heldout", "fields"])
            with contextlib.suppress(InputError):  # one that diverged has none
                names = names or folder.read_summary()["columns"]
            notes[place] = [self._level(ratio) for ratio in record.ratios]
            finals[place] = (points[-1], fields[-1], self._ending(record))
            films[place], own[place] = (points, fields), record.epochs
        if heldout is None:
            return None
        epochs = max(own.values(), key=len)
        absent = {place: note for place, (points, _, note) in finals.items() if points is None}
        for place in [place for place, mine in own.items() if not np.array_equal(mine, epochs[: len(mine)])]:
            absent[place] = self._words("picture_other")
            del films[place], notes[place]
        return _Panels(View.fit(heldout, names), heldout, epochs, finals, films, notes, absent)

    def matrix(self, target: str, group: Group) -> Figure | None:
        """Draw how the cells of a group ended, if anything was measured."""
        panels = self._panels(group)
        return None if panels is None else self._final(target, group, panels)

    def _final(self, target: str, group: Group, panels: _Panels) -> Figure:
        rows, columns = group.rows[:_ROWS], group.columns[:_COLUMNS]
        title = self._words("picture_matrix", name=target, metric=self._say.quantity(self.judged.quantity))
        shown = (panels.view, panels.heldout, panels.finals, rows, columns)
        return matrix_figure(*shown, title=title, language=self.language)

    def _matrix(self, target: str, group: Group, panels: _Panels, heading: str, stem: str) -> Iterator[Picture]:
        """Draw how the cells ended, and their training in step."""
        still = self._saved(self._final(target, group, panels), "matrix", stem, heading)
        rows, columns = group.rows[:_ROWS], group.columns[:_COLUMNS]
        shown = (panels.view, panels.heldout, panels.films, panels.epochs.tolist(), rows, columns)
        texts = {"notes": panels.notes, "absent": panels.absent}
        frames = list(matrix_frames(*shown, title=target, language=self.language, **texts))
        write_gif(frames, self._file(stem, ".gif"), _FPS)
        film = self._file(stem, ".mp4")
        write_mp4(frames, film, _FPS)
        yield still
        yield Picture("matrix", film.path.read_bytes(), heading, frames[-1])

    def _ending(self, record: RunRecord) -> str:
        """Say how a run ended: the finished model's numbers, over draws, and what is said of it."""
        words, told = self._words, []
        value = self._final_of(record)
        if self._beside and math.isfinite(value):
            told.append(
                words("headline_alone", metric=self._say.quantity(self.judged.quantity), value=words.number(value))
            )
        if math.isfinite(record.final_ratio):
            told.append(words("picture_final", ratio=words.number(record.final_ratio)))
        told.append(self._say.verdict(self.judged.summaries[record.cell].verdicts[record.seed]))
        return words("comma").join(told)

    def _level(self, ratio: float) -> str:
        """Say how far a snapshot is, by one draw of its points."""
        return "" if math.isnan(ratio) else self._words("picture_level", ratio=self._words.number(ratio))

    def _ended(self, record: RunRecord) -> str:
        """Say of a run that has nothing to show how it ended."""
        return self._words(f"status_{record.status}") + self._words("colon") + record.reason

    @property
    def _beside(self) -> bool:
        """Whether the distance stands beside the headline, since that is another metric."""
        return self.judged.quantity.read != "floors"

    def _measure(self, target: str, distance: bool = False) -> Measure:
        """Return what is to be marked on an axis of the headline, or of distance / floor."""
        runs = [record for record in self.judged.records if record.cell.target == target]
        if distance or not self._beside:
            name = None if distance else self.judged.headline
            spreads = [self._relative(run, name or run.distance) for run in runs]
            spread = float(np.median([s for s in spreads if math.isfinite(s)] or [0.0]))
            title = None if distance else self._say.quantity(self.judged.quantity)
            return Measure(title, spread=spread, bound=CONVERGED if distance else METRICS[self.judged.headline].bound)
        name, asked = self.judged.headline, self.judged.quantity
        found = [(run.floor[name], run.floor_spread.get(name, 0.0)) for run in runs if name in run.floor]
        floor, spread = np.median(found, axis=0).tolist() if found else (math.nan, 0.0)
        bound = METRICS[name].bound
        read = abs(floor - 0.5) if asked.read == "half" else floor
        near = None if bound is None or math.isnan(floor) else bound * floor
        return Measure(self._say.quantity(asked), read, spread, near, asked.better == "higher", log=False)

    @staticmethod
    def _relative(run: RunRecord, name: str | None) -> float:
        if name is None or not run.floor.get(name) or name not in run.floor_spread:
            return math.nan
        return run.floor_spread[name] / run.floor[name]

    def _over_time(self, record: RunRecord, distance: bool) -> np.ndarray:
        """Return what a run had at its snapshots, (S,), or nothing if it was not measured."""
        return record.ratios if distance else self.judged.quantity.over_time(record)

    def curves(self, target: str, cells: Mapping[tuple[str, str], Cell], kind: str) -> Figure | None:
        """Draw the headline against epochs ("curves") or seconds ("time"), or the "distance", if it was measured."""
        known: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        distance = kind == "distance"
        for (row, column), cell in cells.items():
            runs = [record for record in self._runs(cell) if np.isfinite(self._over_time(record, distance)).any()]
            if runs:
                epochs = max((record.epochs for record in runs), key=len)
                values = np.stack(
                    [_padded(self._over_time(record, distance), len(epochs)) for record in runs]
                )  # (K, S)
                paces = [record.seconds / max(record.epochs[-1], 1) for record in runs]
                if kind != "time":
                    known[row, column] = (epochs, values)
                else:
                    known[column, row] = (np.outer(paces, epochs), values)
        draw = time_figure if kind == "time" else convergence_figure
        measure, words = self._measure(target, distance), self._words
        metric = words("col_ratio") if measure.title is None else measure.title
        title = words("picture_time" if kind == "time" else "picture_curves", name=target, metric=metric)
        return draw(known, title=title, measure=measure, language=self.language) if known else None

    def ranking(self, target: str, known: Sequence[Group]) -> Figure | None:
        """Draw all cells of groups in the order of the page's table, if anything was measured."""
        words, marks = self._words, []
        ranks = {summary.cell: k for k, summary in enumerate(self.judged.ranked)}
        for group in known:
            for place, cell in group.cells.items():
                summary = self.judged.summaries[cell]
                if summary.final.seeds:
                    label = words("pair", objective=place[0], optimizer=place[1])
                    marks.append((ranks[cell], label, words(f"group_{group.name}", lr=f"{self.rate:g}"), summary))
        if not marks:
            return None
        marks.sort(key=lambda mark: mark[0])
        _, labels, kinds, summaries = zip(*marks, strict=True)
        intervals = [summary.final for summary in summaries]
        asked = self.judged.quantity
        seeds = [
            [asked.of(run, s.verdicts[run.seed]) for run in self._runs(s.cell) if run.seed in s.verdicts]
            for s in summaries
        ]
        few = any(0 < interval.confidence < 0.95 for interval in intervals)
        return ranking_figure(
            labels,
            [interval.median for interval in intervals],
            [interval.low for interval in intervals],
            [interval.high for interval in intervals],
            title=words("picture_ranking", name=target, metric=self._say.quantity(asked)),
            interval=words("picture_range") if few else None,
            kinds=kinds,
            seeds=seeds,
            measure=self._measure(target),
            language=self.language,
        )

    def _claim(self, judgement: Judgement) -> Iterator[Picture]:
        """Draw the curves of the cells that a claim is about."""
        cells = {_place(cell, self._words): cell for cell in judgement.cells}
        name, target = judgement.claim.name, judgement.target
        stem = "".join(c if c.isalnum() or c in "-." else "_" for c in f"claim-{name}-{target}")
        figure = self.curves(target, cells, "distance")
        if figure is not None:
            yield self._saved(figure, f"claim:{name}", stem, self.head(self.judged.targets, target))


def _padded(values: np.ndarray, size: int) -> np.ndarray:
    return np.pad(values, (0, size - len(values)), constant_values=np.nan)
