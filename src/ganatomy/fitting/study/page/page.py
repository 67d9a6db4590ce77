"""The page of a study: what was run, the answer, claims, pictures, tables, and how to do it again.

One HTML file that needs nothing else: pictures and the film are in it, nothing is fetched, and all that a script does
is to sort tables. It is written from what `judging` found, in English or Chinese, and decides nothing itself
but what to say first (`answer`) and how far to shrink a picture. Not guaranteed: that pictures speak the language of
the page; they are the caller's.

Legend: `h` x `w` a picture's pixels.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ganatomy.errors import unknown
from ganatomy.fitting.metrics.catalogue import ALL, FEW_FLOORS, MOST
from ganatomy.fitting.recipes.recipe import OBJECTIVES
from ganatomy.fitting.study.judging.claims import Judgement
from ganatomy.fitting.study.judging.comparison import Comparison, Difference
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.statements import Verdict
from ganatomy.fitting.study.judging.verdicts import COLLAPSED, CONVERGED, HALF, HARDLY_MOVED, STAY, UNSTABLE
from ganatomy.fitting.study.page.answer import Names, answer
from ganatomy.fitting.study.page.plates import Picture, plate
from ganatomy.fitting.study.page.references import references
from ganatomy.fitting.study.page.setup import Setup
from ganatomy.fitting.study.page.tables import cells_table, differences_table, runs_table
from ganatomy.fitting.study.sentences import Sentences
from ganatomy.languages import Words, written
from ganatomy.pages.page import render

PLACES = ("matrix", "curves", "time", "ranking")
"""Sections of pictures, in order."""

_MARKS: dict[Verdict, tuple[str, str]] = {  # what is written, and its class in the style sheet
    "holds": ("✓", "holds"),
    "does not hold": ("✗", "fails"),
    "not enough seeds": ("?", "open"),
    "not in this study": ("–", "absent"),
}


def study_page(
    setup: Setup,
    judged: Comparison,
    differences: Iterable[Difference],
    judgements: Iterable[Judgement],
    *,
    pictures: Iterable[Picture] = (),
    best: Collection[Cell] = (),
    language: str | None = None,
) -> str:
    """Write the page, as the text of one HTML file that needs nothing else.

    Args:
        setup: what was run, and with what.
        judged: all runs that ended, however they did, and their cells.
        differences: of pairs of cells, in the headline.
        judgements: of claims, in order; those of one claim are shown together.
        pictures: for the sections of `PLACES` and for claims; a section without one is left out.
        best: the cells that are spoken of, where rates were chosen (`Comparison.chosen`).
        language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

    Raises:
        InputError: an unknown language, a picture for a place that there is not, or that is no picture.

    >>> from ganatomy.fitting.study.judging.comparison import compare
    >>> from ganatomy.fitting.study.page.setup import Split
    >>> cell = Cell("ring", "gan", "sgd", 0.1)
    >>> setup = Setup([Split("ring", 7000, 596, 596)], [cell], [0], 320, "course", "ganatomy compare ring")
    >>> run = RunRecord(cell=cell, seed=0, status="finished", epochs=[0, 9], metrics={"wasserstein2": [9, 5]},
    ...     floor={"wasserstein2": 2}, final={"wasserstein2": 5})
    >>> page = study_page(setup, compare([run]), [], [])
    >>> page.count("<table>"), page.count("src="), "2.50 (" in page, "floor 2.50" in page
    (2, 0, True, True)
    """
    say = Sentences(language)
    words, runs, judgements = say.words, judged.records, list(judgements)
    summaries = judged.ranked
    differences = [difference for difference in differences if not math.isnan(difference.effect)]
    names = Names(setup.cells, words)
    claims = list(dict.fromkeys(judgement.claim.name for judgement in judgements))
    known = [*PLACES, *(f"claim:{name}" for name in claims)]
    places: dict[str, list[dict[str, Any]]] = {}
    for picture in pictures:
        if picture.place not in known:
            raise unknown("place of a picture", picture.place, known)
        places.setdefault(picture.place, []).append(plate(picture, words))
    tables = [
        cells_table(summaries, names, best),
        *([differences_table(differences, names)] if differences else []),
        runs_table(runs, summaries, names),
    ]
    sections = [place for place in PLACES if place in places]
    targets = words.listed([target.name for target in setup.targets])
    values = {
        "t": words,
        "language": words.language,
        "title": words("title", targets=targets),
        "lead": _lead(setup, words),
        "notes": _notes(setup, runs, words),
        "answer": answer(summaries, differences, judgements, best=best, language=words.language),
        "setup": _setup(setup, words),
        "claims": [_claim([j for j in judgements if j.claim.name == name], say) for name in claims],
        "places": places,
        "sections": sections,
        "tables": tables,
        "meanings": _meanings(say, judged),
        "again": setup.command or setup.call,
        "again_intro": _again(setup, words),
        "repeat": _repeat(setup, runs, words),
        "references": references([name for cell in setup.cells for name in (cell.objective, cell.optimizer)]),
        "contents": [
            *("setup", *(["claims"] if claims else []), *sections, *(table["name"] for table in tables)),
            *("meanings", "repeat", "references"),
        ],
    }
    return render("study.html", values)


def _lead(setup: Setup, words: Words) -> str:
    """Say in a sentence what was run."""
    cells, seeds = len(setup.cells), len(setup.seeds)
    counted = {
        "cells": words.count("n_cells", cells),
        "seeds": words.count("n_seeds", seeds),
        "runs": words.count("n_runs", cells * seeds),
    }
    return words("lead", epochs=setup.epochs, **counted)


def _notes(setup: Setup, runs: Sequence[RunRecord], words: Words) -> list[str]:
    """Say what is missing."""
    planned, failed = len(setup.cells) * len(setup.seeds), sum(run.status == "failed" for run in runs)
    partial = "partial" if setup.command else "partial_call"
    notes = [words(partial, here=len(runs), all=planned)] if len(runs) < planned else []
    return notes + ([words.count("unfinished", failed)] if failed else [])


def _setup(setup: Setup, words: Words) -> list[tuple[str, list[str]]]:
    """Say what was run: names, each with lines of text."""
    cells = setup.cells
    chosen = any(target.validation for target in setup.targets)
    points = [words("split" if target.validation else "split_two", **vars(target)) for target in setup.targets]
    points.append(words("split_by_seed" if setup.by_seed else "split_once"))
    points.append(words("unseen" if chosen else "unseen_two"))

    def about(names: Iterable[str]) -> list[str]:
        return [
            written(n) + words("colon") + words(f"about_{n}" if words.has(f"about_{n}") else "about_own") for n in names
        ]

    lrs = [words.rate(lr) for lr in sorted({cell.lr for cell in cells})]
    rates = words("one_rate", lr=lrs[0]) if len(lrs) == 1 else words("many_rates", lrs=words.listed(lrs))
    variants = list(dict.fromkeys(cell.variant for cell in cells if cell.variant))
    facts = {
        "points": points,
        "objectives": about(dict.fromkeys(cell.objective for cell in cells)),
        "optimizers": about(dict.fromkeys(cell.optimizer for cell in cells)),
        "lrs": [rates],
        "variants": variants,
        "seeds": [words.count("seeds", len(setup.seeds), seeds=words("list_comma").join(map(str, setup.seeds)))],
        "epochs": [words("epochs", n=setup.epochs)],
        "recipe": [words("recipe", name=setup.recipe)],
    }
    return [(words(f"setup_{name}"), lines) for name, lines in facts.items() if lines]


def _claim(judgements: Sequence[Judgement], say: Sentences) -> dict[str, Any]:
    """Put together what became of one claim, at each learning rate and on each target it was judged for."""
    claim, words = judgements[0].claim, say.words
    several = len({j.target for j in judgements}) > 1
    found = []
    for judgement in judgements:
        mark, kind = _MARKS[judgement.verdict]
        where = [words("bench_target", target=judgement.target)] if several else []
        where += [words(f"bench_{judgement.at}")] if len({j.at for j in judgements}) > 1 else []
        found.append(
            {
                "mark": mark,
                "kind": kind,
                "verdict": say.claim_verdict(judgement.verdict),
                "where": words("comma").join(where),
                "evidence": say.evidence(judgement.statements),
            }
        )
    return {"name": claim.name, "text": say.claim(claim), "found": found}


def _meanings(say: Sentences, judged: Comparison) -> list[tuple[str, list[str]]]:
    """Explain every number of the page."""
    words = say.words
    numbers = {
        "headline": say.quantity(judged.quantity),
        "few": f"{FEW_FLOORS:g}",
        "most": words.percent(MOST),
        "all": words.percent(ALL),
        "converged": f"{CONVERGED:g}",
        "stay": STAY,
        "half": words.percent(HALF),
        "unstable": f"{UNSTABLE:g}",
        "moved": words.percent(HARDLY_MOVED),
        "collapsed": words.percent(COLLAPSED),
    }
    names = ("heldout", "floor", "scores", "distance", "ratio", "fits", "converged", "spread", "words")
    return [(words(f"mean_{name}"), [words(f"mean_{name}_text", **numbers)]) for name in (*names, "median", "clear")]


def _again(setup: Setup, words: Words) -> str:
    """Say what to do with the command or the call that stands below, if one does."""
    if setup.command:
        return words("repeat_intro")
    if not setup.call:
        return words("repeat_python")
    own = any(cell.objective not in OBJECTIVES for cell in setup.cells)
    return words("repeat_own", intro=words("repeat_call")) if own else words("repeat_call")


def _repeat(setup: Setup, runs: Sequence[RunRecord], words: Words) -> list[tuple[str, list[str]]]:
    """Say with what the study was made, and how long it took."""
    trained = sum(run.seconds for run in runs if math.isfinite(run.seconds))
    took = [words("took_wall", wall=words.seconds(setup.seconds))] if math.isfinite(setup.seconds) else []
    took += [words("took_training", training=words.seconds(trained))] if trained else []
    hardware = "hardware_together" if setup.together else "hardware_text"
    machine = words.count(hardware, setup.processes, machine=setup.machine, cores=setup.cores)
    facts = {
        "versions": [words("list_comma").join(f"{name} {version}" for name, version in setup.versions.items())],
        "hardware": [machine if setup.machine else ""],
        "took": took,
        "date": [setup.date],
        "files": [words("files_text")],
        "repeat_numbers": [words("repeat_numbers_text"), *([words("repeat_fit")] if setup.by_seed else [])],
    }
    return [(words(name), lines) for name, lines in facts.items() if any(lines)]
