"""What a study says: its tables, pictures and page, from the runs that its folder holds.

Nothing here needs the runs to be made again: `write_report` can be called for any study, in either language, and
replaces what it wrote before.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.judging.claims import REPORT_CLAIMS, Judgement, declared_claim, judge_claims
from ganatomy.fitting.study.judging.comparison import Comparison, compare, contested, differences
from ganatomy.fitting.study.judging.records import tidy_rows
from ganatomy.fitting.study.latex import study_latex
from ganatomy.fitting.study.page.page import study_page
from ganatomy.fitting.study.page.setup import Setup, Split
from ganatomy.fitting.study.pictures import Artist
from ganatomy.fitting.study.tables import metric_rows, summary_rows
from ganatomy.languages import Language, chosen


def write_report(folder: str | Path, language: str | None = None, judge: str | None = None) -> None:
    """Judge the runs of a study and write its tables, figures/ and report.html.

    Args:
        folder: of the study.
        language: of the page and the pictures, "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.
        judge: the metric that combinations are ranked by; None for what study.json says, or coverage.

    Raises:
        InputError: no study there, or no run, damaged files of a run, an unknown language or metric, or a file that
            cannot be written.

    >>> write_report("nowhere")
    Traceback (most recent call last):
    ganatomy.errors.InputError: nowhere holds no study; give a folder that ganatomy compare made, such as studies/NAME
    """
    study, spoken = StudyFolder(folder), chosen(language)
    state = study.require_state()
    judged = compare(study.records(), judge or state["judge"])
    if not judged.records:
        raise InputError(f"{study.path} holds no run that can be read; compare again, which makes them")
    study.write_table("table.csv", *tidy_rows(judged.records))
    study.write_table("tidy.csv", *metric_rows(judged))
    study.write_table("summary.csv", *summary_rows(judged))
    study.write_text("summary.tex", study_latex(judged))
    _draw_report(study, state, judged, spoken)


def _draw_report(study: StudyFolder, state: Mapping[str, Any], judged: Comparison, language: Language) -> None:
    """Draw the pictures of a study and write its page."""
    choice = contested(judged.summaries)
    judgements = judge(state, judged)
    rate = state["identity"]["recipe"]["generator"]["optimizer"]["lr"]
    shown = [judgement for judgement in judgements if judgement.at == "course" and judgement.cells]
    pictures = list(Artist(study, judged, rate, language).draw(shown))
    page = study_page(
        _setup(state, judged, bool(choice)),
        judged,
        differences(judged),
        judgements,
        pictures=pictures,
        best=judged.chosen if choice else (),
        language=language,
    )
    study.write_text("report.html", page)


def judge(state: Mapping[str, Any], judged: Comparison) -> list[Judgement]:
    """Judge the laboratory report's claims, if this study is about any of them, and those of the study file.

    Args:
        state: what study.json holds.
        judged: the runs.

    >>> from ganatomy.fitting.study.judging.records import Cell, RunRecord
    >>> failed = RunRecord(cell=Cell("ring", "gan", "sgd", 0.1), seed=0, status="failed")
    >>> judge({"claims": []}, compare([failed]))
    []
    """
    choice = contested(judged.summaries)
    declared = [declared_claim(table, f"claim {k}") for k, table in enumerate(state["claims"], 1)]
    found: list[Judgement] = []
    for claims, always in ((REPORT_CLAIMS, False), (declared, True)):
        judgements = [
            judgement
            for target in judged.targets
            for at in (("course", "best") if choice else ("course",))
            for judgement in judge_claims(judged, claims, target, at)
        ]
        if always or any(judgement.verdict != "not in this study" for judgement in judgements):
            found += judgements
    return found


def _setup(state: Mapping[str, Any], judged: Comparison, choice: bool) -> Setup:
    """Say what was run, on what, and with what."""
    targets = [
        Split(name, held["train"], held["validation"] if choice else 0, held["test"])
        for name, held in state["identity"]["targets"].items()
    ]
    return Setup(
        targets=targets,
        cells=list(judged.summaries),
        seeds=state["seeds"],
        epochs=state["identity"]["recipe"]["epochs"],
        recipe=state["recipe"],
        command=state["command"],
        call=state["call"],
        versions={name: str(state["versions"][name]) for name in ("ganatomy", "python", "torch", "numpy", "platform")},
        machine=" + ".join(filter(None, (state["machine"]["processor"], state["machine"]["accelerator"]))),
        cores=state["machine"]["cores"],
        processes=state["executor"]["width"],
        by_seed=state["format"] > 1,
        together=state["executor"]["backend"] == "Stacked",
        seconds=state["seconds"],
        date=state["began"][:10],
    )
