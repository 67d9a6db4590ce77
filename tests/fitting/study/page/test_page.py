"""The page of a study: it says what was found, in either language, needs nothing beside it, and hides nothing."""

import io
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from attacks.policy import guarded
from ganatomy.errors import InputError
from ganatomy.fitting.study.judging.claims import Claim, Judgement, judge_claims
from ganatomy.fitting.study.judging.comparison import Difference, compare, differences
from ganatomy.fitting.study.judging.quantities import quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.statements import Finding, Statement
from ganatomy.fitting.study.judging.verdicts import COLLAPSED, CONVERGED, HARDLY_MOVED, STAY, UNSTABLE
from ganatomy.fitting.study.page.answer import answer
from ganatomy.fitting.study.page.page import study_page
from ganatomy.fitting.study.page.plates import LARGEST_FILM, LARGEST_PNG, Picture, plate
from ganatomy.fitting.study.page.setup import Setup, Split
from ganatomy.fitting.study.sentences import Sentences
from ganatomy.languages import Words

SCORES = ("coverage", "recall")
VOID = {"meta", "link", "img", "br"}
FINAL = {("gan", "rmsprop"): 1.5, ("gan", "sgd"): 28.0, ("wgan", "rmsprop"): 1.6, ("wgan", "sgd"): 31.0}
MP4 = b"\0\0\0\x18ftypisom" + bytes(100)


class Document(HTMLParser):
    """The elements of a page, its text, and its tables; refuses tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.tables: list[list[list[tuple[str, str | None]]]] = []
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        self.text += " "
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(("", dict(attrs).get("data-key")))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"script", "style"} & set(self.open):
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            text, key = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = text + data, key

    def all(self, tag: str, **attributes) -> list[dict]:
        return [have for name, have in self.elements if name == tag and attributes.items() <= have.items()]


def records(seeds=range(3), lrs=(5e-5,), targets=("zigzag",), final=FINAL) -> list[RunRecord]:
    epochs = np.arange(0, 330, 10)
    made = []
    for target in targets:
        for seed in seeds:
            for k, ((objective, optimizer), end) in enumerate(final.items()):
                for lr in lrs:
                    noise = np.random.default_rng([seed, k, round(1e6 * lr)]).lognormal(0, 0.05, len(epochs))
                    scores = np.clip(1 - 0.03 * end * noise, 0.01, 0.97)
                    distances = 0.03 * noise * (end + (34 - end) * np.exp(-epochs / 15))
                    made.append(
                        RunRecord(
                            cell=Cell(target, objective, optimizer, lr),
                            seed=seed,
                            status="finished",
                            epochs=epochs,
                            metrics={"wasserstein2": distances, "coverage": scores, "recall": scores},
                            validation=distances * (1 if lr < 1e-4 else 2),
                            floor={"wasserstein2": 0.03, "coverage": 0.97, "recall": 0.98},
                            final={"wasserstein2": float(distances[-1]), **dict.fromkeys(SCORES, float(scores[-1]))},
                            seconds=30.0 + k,
                            path=f"runs/{target}-{objective}-{optimizer}-{lr:g}-seed{seed}",
                        )
                    )
    return made


def setup_of(study, **changes) -> Setup:
    given = {
        "targets": [Split(name, 7000, 596, 596) for name in study.targets],
        "cells": list(study.summaries),
        "seeds": [0, 1, 2],
        "epochs": 320,
        "recipe": "course",
        "command": "ganatomy compare points.mat --seeds 0-2 --out studies/one",
        "versions": {"ganatomy": "0.1.0", "torch": "2.13.0"},
        "machine": "Abacus 9",
        "cores": 2,
        "processes": 2,
        "seconds": 125.0,
        "date": "2026-11-24",
    }
    return Setup(**{**given, **changes})


def page(runs=None, planned=None, language="en", rates=("course",), **changes) -> str:
    """Make the page as the package does: judged objects are passed as they are."""
    study = compare(records() if runs is None else runs)
    setup = setup_of(study, seeds=planned or sorted({record.seed for record in study.records}))
    judged = [j for target in study.targets for at in rates for j in judge_claims(study, target=target, at=at)]
    given = {
        "setup": setup,
        "judged": study,
        "differences": differences(study),
        "judgements": judged,
        "language": language,
    }
    return study_page(**{**given, **changes})


def picture(height=60, width=90, place="curves") -> Picture:
    return Picture(place, np.full((height, width, 3), 200, np.uint8))


def pictures() -> list[Picture]:
    every = [picture(place=place) for place in ("matrix", "curves", "time", "ranking", "claim:sgd")]
    return [*every, Picture("matrix", MP4, poster=np.zeros((20, 30, 3), np.uint8))]


def png(image: Image.Image) -> bytes:
    image.save(out := io.BytesIO(), format="PNG")
    return out.getvalue()


@pytest.mark.parametrize("by_seed", [True, False])
def test_it_says_how_seeds_split_the_points(by_seed):
    study = compare(records())
    text = Document(page(setup=setup_of(study, by_seed=by_seed))).text
    told = ("Each seed splits the points anew, as ganatomy fit does", "ganatomy fit trains the same model")
    assert [words in text for words in (*told, "All seeds share one split.")] == [by_seed, by_seed, not by_seed]
    assert "it is neither trained on nor chosen by" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_needs_nothing_but_itself(language):
    html = page(pictures=pictures(), language=language)
    document = Document(html)
    for _, attributes in document.elements:
        for name in ("src", "href", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    assert not re.search(r"https?:|@import|url\(|fetch\(|import ", html)
    targets = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(set(targets)) == len(targets)
    assert {link["href"][1:] for link in document.all("a")} <= set(targets)
    assert len(document.all("img")) == 5
    assert [video["src"][:22] for video in document.all("video")] == ["data:video/mp4;base64,"]
    assert document.all("video")[0]["poster"].startswith("data:image/jpeg")
    assert all(image["alt"].strip() for image in document.all("img"))
    assert document.all("video")[0]["aria-label"]


def test_in_chinese_nothing_is_left_in_english_but_names():
    html = page(records(lrs=(5e-5, 5e-4), targets=("zigzag", "ring")), pictures=pictures(), language="zh", planned=[9])
    document = Document(html)
    assert document.all("html")[0]["lang"] == "zh"
    before = document.text[: document.text.rindex("参考文献")]
    names = {"Adam", "GAN", "RMSprop", "SGD", "WGAN", "Wasserstein", "Abacus", "course", "zigzag", "ring", "torch"}
    typed = {"ganatomy", "compare", "points", "mat", "seeds", "out", "studies", "one", "runs", "seed", "csv", "json"}
    typed |= {"fit", "table", "tidy", "tex", "summary", "study", "gan", "wgan", "rmsprop", "adam", "sgd"}
    assert set(re.findall(r"[A-Za-z]{3,}", before)) <= names | typed
    spoken = [have[name] for _, have in document.elements for name in ("alt", "aria-label", "title") if name in have]
    assert spoken
    assert not re.findall(r"[A-Za-z]{3,}", " ".join(spoken))


def test_in_english_nothing_is_in_chinese():
    assert not re.search(r"[\u4e00-\u9fff]", page(pictures=pictures()))


def test_the_answer_names_the_nearest_and_those_that_are_level_with_it():
    study = compare(records())
    judged = judge_claims(study)
    best, choice, claims = answer(study.summaries.values(), differences(study), judged)
    summary = study.summaries[Cell("zigzag", "gan", "rmsprop", 5e-5)]
    ratio, coverage = summary.final_ratio, summary.final
    assert f"GAN with RMSprop came out best: coverage {coverage.median:.2f} (real points 0.97; 75 % interval" in best
    assert f"over 3 seeds: {coverage.low:.2f}–{coverage.high:.2f}), distance {ratio.median:.2f} × floor" in best
    assert "it fits with 2 of 3 seeds, falling short in 2-Wasserstein distance" in best
    assert best.endswith("; not clearly better than WGAN with RMSprop.")
    assert choice == (
        "With all else equal, RMSprop came out best in 2 of 2 comparisons of optimizers: clearly better than SGD in 2."
    )
    held = [sum(j.verdict == verdict for j in judged) for verdict in ("holds", "does not hold", "not enough seeds")]
    assert claims.startswith(f"Of the {sum(held)} claims judged")
    assert [int(n) for n in re.findall(r"\d+", claims)] == [sum(held), *(n for n in held if n)]


def test_the_answer_owns_up_to_one_seed_and_to_none():
    one = answer(*_judged(records(seeds=[0])))
    assert "from one seed, which may be luck" in one[0]
    assert "clearly better than SGD in 0" in one[1]
    assert answer([], [], []) == ["No training run has come to an end that could be measured, so there is no answer."]
    failed = [RunRecord(cell=Cell("ring", "gan", "sgd", 0.1), seed=0, status="failed", reason="killed")]
    assert answer(*_judged(failed))[0].startswith("No training run has come to an end")


def test_the_answer_tells_a_clear_winner_and_which_objective_if_only_those_vary():
    final = {("gan", "sgd"): 1.5, ("wgan", "sgd"): 9.0, ("hinge", "sgd"): 20.0}
    best, choice = answer(*_judged(records(final=final)))[:2]
    assert best.endswith("clearly better than all 2 other combinations.")
    assert "GAN came out best in 1 of 1 comparison of objectives" in choice
    assert "than WGAN in 1 and than Hinge GAN in 1" in choice


def test_the_answer_is_about_chosen_rates_where_they_were_chosen():
    study = compare(records(lrs=(5e-5, 5e-4)))
    given = study.summaries.values(), differences(study), []
    assert "at 5e-5" not in answer(*given, best=set(study.best.values()))[0]  # one rate is left: no need to name it
    assert re.search(r"at 5e-[45]", answer(*given)[0])
    assert "2 of 2" in answer(*given, best=set(study.best.values()))[1]
    assert "4 of 4" in answer(*given)[1]


def _judged(runs):
    study = compare(runs)
    return study.summaries.values(), differences(study), []


def test_tables_hold_the_numbers_and_keys_that_sort_them():
    study = compare(records())
    cells, pairs, runs = Document(page()).tables
    ranked = sorted(study.summaries.values(), key=lambda summary: -summary.final.median)
    assert [float(row[1][1]) for row in cells[1:]] == [summary.final.median for summary in ranked]
    assert [float(row[2][1]) for row in cells[1:]] == [summary.final_ratio.median for summary in ranked]
    assert [row[1][0].split()[0] for row in cells[1:]] == [f"{summary.final.median:.2f}" for summary in ranked]
    assert [row[3][1] for row in cells[-2:]] == ["Infinity"] * 2  # SGD never converged
    assert len(pairs) - 1 == len(differences(study)) == 6
    assert len(runs) - 1 == len(study.records)
    assert {len(row) for table in (cells, pairs, runs) for row in table} == {8, 4, 9}


def test_of_two_cells_the_nearer_one_comes_first_however_they_were_compared():
    a, b, ratio = Cell("ring", "gan", "sgd", 0.1), Cell("ring", "wgan", "sgd", 0.1), quantity("final_ratio")
    forward, backward = Difference(a, b, ratio, 4.0, 2.0, 8.0, 3), Difference(b, a, ratio, 0.25, 0.125, 0.5, 3)
    rows = [Document(page(differences=[given])).tables[1][1] for given in (forward, backward)]
    assert rows[0] == rows[1]
    assert [text for text, _ in rows[0]] == ["WGAN, SGD", "GAN, SGD", "4.00 × (2.00–8.00)", "clear"]
    endless = Difference(b, a, ratio, 0.25, 0.0, math.inf, 3)
    assert Document(page(differences=[endless])).tables[1][1][2][0] == "4.00 × (0.00–∞)"
    unknown = Difference(a, b, ratio, 4.0, math.nan, math.nan, 1)
    assert [text for text, _ in Document(page(differences=[unknown])).tables[1][1]][2:] == ["4.00 ×", "too few seeds"]


def test_what_is_missing_failed_or_diverged_is_said():
    whole = Document(page()).text
    assert "partial" not in whole
    assert "failed and" not in whole
    runs = records()
    runs[1] = replace(runs[1], status="diverged", reason="loss is nan at epoch 82", final={})
    assert "not counted" not in Document(page(runs)).text.split("What was run")[0]  # it is: as infinitely far
    runs[0] = RunRecord(cell=runs[0].cell, seed=0, status="failed", reason="MemoryError: no room")
    document = Document(page(runs, planned=range(5)))
    assert "12 of 20 training runs" in document.text
    assert "1 training run failed" in document.text
    rows = document.tables[-1]
    assert [text for text, _ in rows[1]][1:4] == ["0", "failed", "–"]
    assert [text for text, _ in rows[2]][1:5] == ["0", "diverged", "diverged", "∞"]
    assert "MemoryError: no room" in rows[1][7][0]
    assert rows[1][3][1] == ""  # sorted last


def test_claims_stand_with_verdict_evidence_and_picture():
    study, say = compare(records()), Sentences("en")
    document = Document(page(pictures=pictures()))
    for judgement in judge_claims(study):
        assert say.claim(judgement.claim) in document.text
        assert all(statement in document.text for statement in say.evidence(judgement.statements))
    assert len(document.all("article")) == 6
    both = Document(page(records(lrs=(5e-5, 5e-4)), rates=("course", "best")))
    assert len(both.all("article")) == 6
    assert both.text.count("each at its best learning rate") == 6
    assert "each at its best" not in document.text


def test_several_targets_and_rates_get_columns_and_the_best_rate_a_mark():
    runs = records(lrs=(5e-5, 5e-4), targets=("zigzag", "ring"))
    best = set(compare(runs).best.values())
    cells = Document(page(runs, best=best)).tables[0]
    assert [text for text, _ in cells[0]][:3] == ["combination", "target", "rate"]
    marked = [row for row in cells[1:] if row[2][0].endswith("✓")]
    assert {row[2][0] for row in marked} == {"5e-5 ✓"}
    assert len(marked) == 8
    assert {row[2][0] for row in cells[1:]} == {"5e-5 ✓", "5e-4"}


def test_what_the_words_mean_is_what_runs_are_judged_by():
    text = Document(page()).text
    bounds = f"below {CONVERGED:g} floors", f"at least {STAY} measurements", f"From {UNSTABLE:g} floors"
    for threshold in (*bounds, f"{HARDLY_MOVED:.0%} of the way".replace("%", " %"), f"{100 * COLLAPSED:.0f} %"):
        assert threshold in text, threshold


def test_it_says_how_to_repeat_it():
    text = Document(page()).text
    trained = sum(record.seconds for record in records())
    for part in ("ganatomy compare points.mat --seeds 0-2", "torch 2.13.0", "Abacus 9; 2 cores", "2026-11-24"):
        assert part in text, part
    assert "2 min 5 s in all" in text
    assert f"{trained // 60:.0f} min {trained % 60:.0f} s of training" in text
    assert "Goodfellow" in text
    assert "Gulrajani" not in text  # no WGAN-GP here


@pytest.mark.parametrize(
    ("command", "call", "said"),
    [
        ("ganatomy compare ring", "", "Run this command."),
        ("", "ganatomy.compare('ring')", "This study was begun from Python. Make this call again"),
        ("", "", "This study was begun from Python. The same call of ganatomy.compare goes on with it"),
    ],
)
def test_a_study_that_was_begun_from_python_says_so_in_place_of_an_empty_command(command, call, said):
    given = setup_of(compare(records()), command=command, call=call)
    document = Document(page(setup=given))
    assert said in document.text
    assert len(document.all("pre")) == bool(command or call)
    assert "A class of your own" not in document.text
    own = setup_of(
        compare(records(final={("Mine", "sgd"): 2.0})), command="", call="ganatomy.compare(objectives=[Mine])"
    )
    assert "A class of your own" in page(setup=own)


def test_without_pictures_and_claims_their_sections_are_left_out():
    document = Document(page(judgements=[], differences=[]))
    ids = {attributes.get("id") for _, attributes in document.elements}
    assert not ids & {"claims", "matrix", "curves", "time", "ranking", "differences"}
    assert {"answer", "setup", "cells", "runs", "meanings", "repeat"} <= ids
    assert not document.all("img")


def test_text_from_outside_is_shown_and_never_acts():
    evil = "</title><script>alert(1)</script>\"'{{ 1 + 1 }}{n}"
    cell = Cell(evil, evil, evil, 0.1, evil)
    setup = Setup([Split(evil, 1, 1, 1)], [cell], [0], 1, evil, evil, "", {evil: evil}, evil, 1, 1, date=evil)
    gone = Statement("no runs", "not in this study", wanted=(evil, evil, 0.1, evil), target=evil)
    claim = Claim("sgd", lambda bench: Finding("holds", ()), {"en": evil})
    run = RunRecord(cell=cell, seed=0, status="failed", reason=evil, path=evil)
    judged = [Judgement(claim, Finding("holds", (gone,)), evil)]
    html = study_page(setup, compare([run]), [], judged, pictures=[replace(picture(), title=evil)])
    guarded(html)
    document = Document(html)
    assert len(document.all("script")) == 1
    assert "alert(1)</script>" not in html
    assert document.text.count("{{ 1 + 1 }}{n}") >= 12


def test_pictures_are_made_small_and_kept_as_they_look():
    words = Words("en", "study")
    assert plate(picture(300, 4000), words)["width"] == 1600
    flat = plate(picture(), words)
    noise = np.random.default_rng(0).integers(0, 256, (600, 1600, 3), dtype=np.uint8)
    busy = plate(Picture("matrix", noise), words)
    assert flat["src"].startswith("data:image/png")
    assert busy["src"].startswith("data:image/jpeg")
    assert LARGEST_PNG < len(busy["src"]) < noise.size
    see_through = Image.new("RGBA", (8, 6), (255, 0, 0, 0))
    white = plate(Picture("curves", png(Image.new("RGB", (8, 6), "white"))), words)
    assert plate(Picture("curves", png(see_through)), words)["src"] == white["src"]


def test_a_film_is_recognised_and_a_huge_one_is_left_out():
    words = Words("en", "study")
    Image.new("RGB", (8, 6)).save(gif := io.BytesIO(), format="GIF")
    assert plate(Picture("matrix", gif.getvalue()), words)["src"].startswith("data:image/gif")
    assert plate(Picture("matrix", MP4), words)["video"]
    huge = page(pictures=[Picture("matrix", MP4 + bytes(LARGEST_FILM))])
    assert len(huge) < 1e6
    assert "too large for this page" in Document(huge).text
    assert not Document(huge).all("video")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": "de"}, "unknown language 'de'"),
        ({"pictures": [picture(place="matrx")]}, "did you mean 'matrix'"),
        ({"pictures": [picture(place="claim:sdg")]}, "did you mean 'claim:sgd'"),
        ({"pictures": [Picture("curves", b"no picture")]}, "'curves' is no PNG"),
        ({"pictures": [Picture("curves", b"\x89PNG\r\n\x1a\n" + bytes(30))]}, "'curves' is no PNG"),
        ({"pictures": [Picture("curves", np.zeros((4, 4)))]}, "uint8"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        page(**changes)
