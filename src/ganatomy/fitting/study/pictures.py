"""The pictures of a study, drawn from the folders of its runs.

    figures/matrix-TARGET-GROUP.png, .gif, .mp4    final points of every cell, and the training of all in step
    figures/curves-TARGET-GROUP.png                distance over floor against epochs, with a band over the seeds
    figures/time-TARGET-GROUP.png                  the same against seconds of training
    figures/ranking-TARGET.png                     cells in order, with intervals
    figures/claim-NAME-TARGET.png                  the cells that a claim is about

A *group* of cells has one for every pair of objective (with what else differs) and optimizer: `base` at the recipe's
learning rate, `best` at each pair's best, where there was a choice. Of a cell's runs the one with the median final
distance is shown (the better of the middle two), so neither the luckiest nor a mean that no run looks like.

Shapes: `K` seeds, `S` snapshots.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError
from ganatomy.figures.fonts import drawable
from ganatomy.figures.points.matrix import matrix_figure, matrix_frames
from ganatomy.figures.points.ranking import ranking_figure
from ganatomy.figures.points.study import convergence_figure, time_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_gif, write_mp4
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Comparison
from ganatomy.fitting.study.judging.records import DISTANCE, Cell, RunRecord
from ganatomy.fitting.study.judging.verdicts import CONVERGED
from ganatomy.fitting.study.page.setup import Picture
from ganatomy.fitting.study.plan import contested
from ganatomy.languages import written

_FPS = 8
_ROWS, _COLUMNS = 8, 5  # of a matrix; more panels than these show nothing any more
_SAYS = {  # by picture: in English, in Chinese
    "matrix": (
        "{name}: how each ended (the run with the median distance)",
        "{name}：各组合的结果（距离居中的一次训练）",
    ),
    "curves": ("{name}: distance over floor during training", "{name}：训练过程中的距离 / 下限"),
    "time": ("{name}: distance over floor against training time", "{name}：距离 / 下限与训练用时"),
    "ranking": ("{name}: final distance over floor", "{name}：最终的距离 / 下限"),
    "base": ("at a learning rate of {lr:g}", "学习率 {lr:g}"),
    "best": ("each at its best learning rate", "各取最佳学习率"),
    "level": ("{ratio:.3g} × floor", "下限的 {ratio:.3g} 倍"),
    "other": ("other epochs than the others", "轮数与其他组合不同"),
    "range": ("range of the seeds", "各种子的范围"),
}


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


def groups(judged: Comparison, target: str, rate: float) -> list[Group]:
    """Group the cells of a target: at the recipe's rate, and at each pair's best where there was a choice.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> groups(compare([]), "ring", 5e-5)
    []
    """
    cells = [cell for cell in judged.summaries if cell.target == target]
    choice = contested(cells)
    base = [cell for cell in cells if cell.lr == rate or not choice]
    best = [cell for key, cell in judged.best.items() if key[0] == target] if choice else []
    found = []
    for name, chosen in (("base", base), ("best", best)):
        named = {(_row(cell), written(cell.optimizer)): cell for cell in chosen}
        if named:
            found.append(Group(name, named))
    return found


def _row(cell: Cell) -> str:
    return ", ".join(filter(None, (written(cell.objective), cell.variant)))


class Artist:
    """Draws the pictures of a study into its folder; each method yields them for the page.

    Args:
        study: the folder.
        judged: its runs.
        rate: the recipe's learning rate.
        language: of the words in pictures, en or zh; English where no font has Chinese.
    """

    def __init__(self, study: StudyFolder, judged: Comparison, rate: float, language: str) -> None:
        self.study, self.judged, self.rate, self.language = study, judged, rate, language
        self._tongue = int(drawable(language) == "zh")
        self.folder = study.path / "figures"
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write to {self.folder}: {error.strerror or error}") from None
        spreads = [r.floor_spread[DISTANCE] / r.floor[DISTANCE] for r in judged.records if DISTANCE in r.floor_spread]
        self._bounds = {"threshold": CONVERGED, "spread": float(np.median(spreads)) if spreads else 0.0}

    def say(self, key: str, **values: Any) -> str:
        """Say something in the language of the pictures."""
        return _SAYS[key][self._tongue].format(**values)

    def head(self, several: Sequence[Any], target: str, *more: str) -> str:
        """Say, in the language of the page, what tells a picture from others: its target, where there are several."""
        texts = [_SAYS[key][self.language == "zh"].format(lr=self.rate) for key in more]
        return ", ".join([*([target] if len(several) > 1 else []), *texts])

    def draw(self, judgements: Sequence[Judgement]) -> Iterator[Picture]:
        """Draw everything there is to see; a target of which nothing was measured has nothing."""
        for target in self.judged.targets:
            known = groups(self.judged, target, self.rate)
            for group in known:
                heading = self.head(self.judged.targets, target, *([group.name] if len(known) > 1 else []))
                stem = f"{target}-{group.name}"
                yield from self._matrix(target, group, heading, stem)
                for place in ("curves", "time"):
                    figure = self._curves(target, group.cells, place)
                    if figure is not None:
                        yield self._saved(figure, place, f"{place}-{stem}", heading)
            yield from self._ranking(target, known)
        for judgement in judgements:
            yield from self._claim(judgement)

    def _saved(self, figure: Figure, place: str, stem: str, title: str = "") -> Picture:
        path = self.folder / f"{stem}.png"
        save_figure(figure, path)
        return Picture(place, path.read_bytes(), title)

    def _runs(self, cell: Cell) -> list[RunRecord]:
        return [record for record in self.judged.records if record.cell == cell]

    def _shown(self, cell: Cell) -> RunRecord:
        """Return the run that stands for a cell: the median one, or one that did not finish."""
        runs = [record for record in self._runs(cell) if record.status != "failed"] or self._runs(cell)
        return sorted(runs, key=lambda record: record.final_ratio)[(len(runs) - 1) // 2]

    def _matrix(self, target: str, group: Group, heading: str, stem: str) -> Iterator[Picture]:
        """Draw how the cells ended, and their training in step."""
        rows, columns = group.rows[:_ROWS], group.columns[:_COLUMNS]
        finals: dict[tuple[str, str], Any] = {}
        films: dict[tuple[str, str], Any] = {}
        notes: dict[tuple[str, str], list[str]] = {}
        heldout, epochs = None, np.zeros(0, int)
        for place, cell in group.cells.items():
            if place[0] not in rows or place[1] not in columns:
                continue
            record = self._shown(cell)
            if not len(record.epochs):
                finals[place] = (None, None, f"{record.status}: {record.reason}")
                continue
            folder = RunFolder(self.study.path / record.path)
            points, heldout, fields = folder.read_arrays(["snapshots", "heldout", "fields"])
            epochs = record.epochs if len(record.epochs) > len(epochs) else epochs
            notes[place] = [self.say("level", ratio=ratio) for ratio in record.ratios]
            verdict = self.judged.summaries[cell].verdicts[record.seed]
            told = verdict.words_zh if self._tongue else verdict.words
            finals[place] = (points[-1], fields[-1], f"{notes[place][-1]}, {told}")
            films[place] = (points, fields, record.epochs)
        if heldout is None:
            return
        view, drawn = View.fit(heldout), {"language": self.language}
        title = self.say("matrix", name=target)
        figure = matrix_figure(view, heldout, finals, rows, columns, title=title, **drawn)
        still = self._saved(figure, "matrix", f"matrix-{stem}", heading)
        absent = {place: note for place, (points, _, note) in finals.items() if points is None}
        for place, (_, _, own) in list(films.items()):
            if not np.array_equal(own, epochs[: len(own)]):
                absent[place] = self.say("other")
                del films[place], notes[place]
        moving = {place: (points, fields) for place, (points, fields, _) in films.items()}
        drawn |= {"notes": notes, "absent": absent}
        frames = list(matrix_frames(view, heldout, moving, epochs.tolist(), rows, columns, title=target, **drawn))
        write_gif(frames, self.folder / f"matrix-{stem}.gif", _FPS)
        film = self.folder / f"matrix-{stem}.mp4"
        write_mp4(frames, film, _FPS)
        yield still
        yield Picture("matrix", film.read_bytes(), heading, frames[-1])

    def _curves(self, target: str, cells: Mapping[tuple[str, str], Cell], place: str) -> Figure | None:
        """Draw distance over floor against epochs ("curves") or seconds ("time"), if anything was measured."""
        known: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        for (row, column), cell in cells.items():
            runs = [record for record in self._runs(cell) if len(record.ratios)]
            if runs:
                epochs = max((record.epochs for record in runs), key=len)
                ratios = np.stack([_padded(record.ratios, len(epochs)) for record in runs])  # (K, S)
                paces = [record.seconds / max(record.epochs[-1], 1) for record in runs]
                if place == "curves":
                    known[row, column] = (epochs, ratios)
                else:
                    known[column, row] = (np.outer(paces, epochs), ratios)
        draw = convergence_figure if place == "curves" else time_figure
        title = self.say(place, name=target)
        return draw(known, title=title, **self._bounds, language=self.language) if known else None

    def _ranking(self, target: str, known: Sequence[Group]) -> Iterator[Picture]:
        """Draw all cells of the groups in order."""
        labels, kinds, intervals = [], [], []
        for group in known:
            for place, cell in group.cells.items():
                if self.judged.summaries[cell].verdicts:
                    labels.append(", ".join(place))
                    kinds.append(self.say(group.name, lr=self.rate))
                    intervals.append(self.judged.summaries[cell].final_ratio)
        if not labels:
            return
        medians = [interval.median for interval in intervals]
        ends = [[np.nan_to_num(getattr(i, end), nan=i.median) for i in intervals] for end in ("low", "high")]
        few = min(interval.confidence for interval in intervals) < 0.95
        options = {**self._bounds, "language": self.language, "kinds": kinds}
        title, interval = self.say("ranking", name=target), self.say("range") if few else None
        figure = ranking_figure(labels, medians, *ends, title=title, interval=interval, **options)
        yield self._saved(figure, "ranking", f"ranking-{target}", self.head(self.judged.targets, target))

    def _claim(self, judgement: Judgement) -> Iterator[Picture]:
        """Draw the curves of the cells that a claim is about."""
        cells = {(_row(cell), written(cell.optimizer)): cell for cell in judgement.cells}
        name, target = judgement.claim.name, judgement.target
        stem = "".join(c if c.isalnum() or c in "-." else "_" for c in f"claim-{name}-{target}")
        figure = self._curves(target, cells, "curves")
        if figure is not None:
            yield self._saved(figure, f"claim:{name}", stem, self.head(self.judged.targets, target))


def _padded(values: np.ndarray, size: int) -> np.ndarray:
    return np.pad(values, (0, size - len(values)), constant_values=np.nan)
