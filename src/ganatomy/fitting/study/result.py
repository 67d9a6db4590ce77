"""A study in Python: its runs, what they say, its pictures and its tables, read from the folder that `compare` made."""

import html
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ganatomy.errors import InputError, unknown
from ganatomy.figures.saving import image_of
from ganatomy.fitting.metrics.tables import frame_of, html_of
from ganatomy.fitting.objectives.own import NamedObjective
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import (
    Comparison,
    Difference,
    compare,
    contested,
    differences,
    known_metric,
)
from ganatomy.fitting.study.judging.records import RunRecord, tidy_rows
from ganatomy.fitting.study.latex import study_latex
from ganatomy.fitting.study.page.answer import Names, answer
from ganatomy.fitting.study.pictures import Artist
from ganatomy.fitting.study.report import judge
from ganatomy.fitting.study.sentences import Sentences
from ganatomy.fitting.study.tables import Table, claim_rows, difference_rows, metric_rows, run_rows, summary_rows
from ganatomy.languages import chosen

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

PICTURES = ("ranking", "matrix", "curves", "time", "distance")
TABLES = ("snapshots", "tidy", "runs", "cells", "differences", "claims")


class Study(Sequence[RunRecord]):
    """A study and what it found: a sequence of the records of all its runs, those that failed among them.

    Attributes:
        path: its folder, with report.html, table.csv, tidy.csv, summary.csv, summary.tex and figures.
        judge: the metric that combinations are ranked by; None for coverage, or the distance in a study without it.
    """

    def __init__(
        self,
        folder: StudyFolder,
        state: Mapping[str, Any],
        records: Sequence[RunRecord],
        judge: str | None = None,
    ) -> None:
        self.judge = judge or state["judge"]
        self.path, self._folder, self._state, self._records = folder.path, folder, state, tuple(records)

    @classmethod
    def load(cls, path: str | Path, judge: str | None = None) -> "Study":
        """Read the folder of a study, finished or not.

        Args:
            path: the folder.
            judge: the metric to rank by; None for the one that the study was made with.

        Raises:
            InputError: there is no study, damaged files, or an unknown metric.

        >>> Study.load("nowhere")
        Traceback (most recent call last):
        ganatomy.errors.InputError: nowhere holds no study; give a folder that ganatomy compare made, such as ...
        """
        folder = StudyFolder(path)
        state = folder.require_state()
        return cls(folder, state, folder.records(), None if judge is None else known_metric(judge))

    @overload
    def __getitem__(self, key: int) -> RunRecord: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[RunRecord, ...]: ...
    def __getitem__(self, key: int | slice) -> RunRecord | tuple[RunRecord, ...]:
        return self._records[key]

    def __len__(self) -> int:
        return len(self._records)

    @cached_property
    def judged(self) -> Comparison:
        """Every run, every cell over its seeds, and every pair's best rate."""
        return compare(self._records, self.judge)

    @cached_property
    def claims(self) -> list[Judgement]:
        """What became of the claims that the study is about."""
        return judge(self._state, self.judged)

    @cached_property
    def differences(self) -> list[Difference]:
        """All pairs of cells of a target, compared in the metric that they are ranked by."""
        return differences(self.judged)

    @property
    def report(self) -> Path:
        """The page that says all of it."""
        return self.path / "report.html"

    def answer(self, language: str | None = None) -> list[str]:
        """Say in up to three sentences what was found.

        Raises:
            InputError: an unknown language.
        """
        found = self.judged.summaries.values()
        best = self.judged.chosen if contested(self.judged.summaries) else ()
        return answer(found, self.differences, self.claims, best=best, language=language)

    def run(self, index: int, objective: NamedObjective | None = None) -> Run:
        """Open the run of a record, by its place in the sequence.

        Raises:
            InputError: it did not finish, its files are damaged, or not the objective that it was trained with.
        """
        record = self._records[index]
        if record.status != "finished":
            raise InputError(f"{record.cell.label}, seed {record.seed}: {record.status}: {record.reason}")
        return Run.load(self.path / record.path, objective)

    def table(self, of: str = "snapshots") -> Table:
        """Lay out one of `TABLES`, as columns and rows of plain values.

        Raises:
            InputError: there is no such table.
        """
        if of == "snapshots":
            return tidy_rows(self._records)
        if of == "tidy":
            return metric_rows(self.judged)
        if of == "runs":
            return run_rows(self.judged)
        if of == "cells":
            return summary_rows(self.judged)
        if of == "differences":
            return difference_rows(self.differences)
        if of == "claims":
            return claim_rows(self.claims)
        raise unknown("table of a study", of, TABLES)

    def to_frame(
        self, of: Literal["snapshots", "tidy", "runs", "cells", "differences", "claims"] = "snapshots"
    ) -> "pandas.DataFrame":
        """Make a DataFrame of one of the study's tables.

        Args:
            of: "snapshots" (table.csv: a row a run and snapshot), "tidy" (tidy.csv: a row a run and metric, of the
                finished models), "runs", "cells" (summary.csv: a row a combination, over its seeds), "differences"
                between all pairs of these, or "claims". docs/studies.md names the columns.

        Raises:
            InputError: there is no such table.
        """
        return frame_of(*self.table(of))

    def to_latex(
        self,
        quantities: Sequence[str] | None = None,
        *,
        target: str | None = None,
        caption: str | None = None,
        label: str | None = None,
    ) -> str:
        """Write the combinations as a table for a paper (summary.tex), the best first: medians with intervals.

        Args:
            quantities: the columns, as claims name them, such as "final_coverage" or "seconds"; None for the metric
                that is ranked by and those beside it.
            target: which points; None for all.
            caption: in LaTeX; with one, it is a whole `table`, otherwise a `tabular`.
            label: of that.

        Raises:
            InputError: an unknown quantity or target.
        """
        return study_latex(self.judged, quantities, target=target, caption=caption, label=label)

    def plot(
        self,
        picture: str = "ranking",
        target: str | None = None,
        *,
        at: Literal["course", "best"] = "course",
        language: str | None = None,
    ) -> "Figure":
        """Draw one of the study's pictures.

        Args:
            picture: "ranking" (all combinations in order), "matrix" (how each ended), "curves" (the metric that they
                are ranked by, over epochs), "time" (over seconds), or "distance" (distance / floor over epochs).
            target: which points; None is the first.
            at: which learning rates, where there was a choice: "course" for the recipe's, or each pair's "best".
            language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

        Raises:
            InputError: no such picture, points or choice, nothing was measured, or an unknown language.
        """
        judged = self.judged
        if picture not in PICTURES:
            raise unknown("picture of a study", picture, PICTURES)
        if target is not None and target not in judged.targets:
            raise unknown("target", target, judged.targets)
        rate = self._state["identity"]["recipe"]["generator"]["optimizer"]["lr"]
        artist = Artist(self._folder, judged, rate, chosen(language))
        where = target if target is not None else next(iter(judged.targets), "")
        known = {"course" if group.name == "base" else group.name: group for group in artist.groups(where)}
        if picture == "ranking":
            figure = artist.ranking(where, list(known.values()))
        elif known and at not in known:
            raise unknown("choice of rates", at, known)
        elif not known:
            figure = None
        elif picture == "matrix":
            figure = artist.matrix(where, known[at])
        else:
            figure = artist.curves(where, known[at].cells, picture)
        if figure is None:
            raise InputError(f"{self.path}: nothing was measured, so there is nothing to draw")
        return figure

    def __repr__(self) -> str:
        judged, targets = self.judged, ", ".join(self.judged.targets) or "no runs"
        finished = sum(record.status == "finished" for record in self)
        told = f"{targets}: {len(judged.summaries)} cells, {finished} of {len(self)} runs finished"
        top = next((s for s in judged.ranked if math.isfinite(s.final.median)), None)
        if top is not None:
            fits, of = top.fitting
            said = Sentences("en").headline(top)
            told += f"; best: {top.cell.label}, {said}, fits with {fits} of {of} seeds"
        return f"Study({told})"

    def _repr_html_(self) -> str:
        say = Sentences(chosen(None))
        names = Names(self.judged.summaries, say.words)
        told = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.answer(say.words.language))
        columns = [say.words(f"col_{name}") for name in ("cell", "ratio", "seeds", "words")]
        columns.insert(1, say.quantity(self.judged.quantity))
        rows = [
            [
                *(names.full(s.cell), say.interval(s.final), say.interval(s.final_ratio), len(s.verdicts)),
                say.summary(s),
            ]
            for s in self.judged.ranked
        ]
        try:
            picture = image_of(self.plot())
        except InputError:  # nothing was measured
            picture = ""
        return told + picture + html_of(columns, rows)
