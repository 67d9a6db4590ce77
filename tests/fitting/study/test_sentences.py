"""What is judged is said in words, in both languages, with the numbers that were found."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.study.judging.claims import REPORT_CLAIMS, Claim
from ganatomy.fitting.study.judging.comparison import Difference, compare, differences
from ganatomy.fitting.study.judging.intervals import Interval
from ganatomy.fitting.study.judging.quantities import QUANTITIES, quantity
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.judging.statements import VERDICTS, Statement
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.judging.verdicts import KINDS, RunVerdict
from ganatomy.fitting.study.page.answer import Names, answer
from ganatomy.fitting.study.page.tables import cells_table, differences_table, runs_table
from ganatomy.fitting.study.sentences import Sentences

EN, ZH = Sentences("en"), Sentences("zh")
GAN, WGAN = Cell("zigzag", "gan", "rmsprop", 5e-5), Cell("zigzag", "wgan", "adam", 1e-3, "clip=0.1, width=32")
HAN = re.compile(r"[\u4e00-\u9fff]")
FAULTS = re.compile(r"[\u4e00-\u9fff]\s*[,;:()]|[,;:()]\s*[\u4e00-\u9fff]|[，。；：（）]\s|\s[，。；：（）]")


def in_both(method: str, *arguments) -> tuple[str, str]:
    """Say something in both languages, and see that each is written as its language is."""
    english, chinese = (getattr(say, method)(*arguments) for say in (EN, ZH))
    assert "{" not in english + chinese
    assert not HAN.search(english)
    assert HAN.search(chinese)
    assert not FAULTS.search(chinese), chinese
    return english, chinese


def stated(*statements: Statement) -> tuple[list[str], list[str]]:
    english, chinese = EN.evidence(statements), ZH.evidence(statements)
    assert not any(FAULTS.search(text) for text in chinese), chinese
    return english, chinese


def verdict(kind="stable", **numbers) -> RunVerdict:
    return RunVerdict(kind, **{"converged_at": 60, "late_ratio": 1.62, "moved": 0.14, "fits": True, **numbers})


def summary(*verdicts: RunVerdict, failed=0) -> CellSummary:
    return CellSummary(GAN, dict(enumerate(verdicts)), failed, {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_has_words(kind):
    in_both("verdict", verdict(kind))


def test_a_run_is_said_with_its_numbers():
    assert in_both("verdict", verdict()) == (
        "near from epoch 60 on, stable, and fits",
        "第 60 轮起接近目标，此后稳定，且拟合",
    )
    assert EN.verdict(verdict("unstable", late_ratio=123.4)) == "unstable, around 123 × floor"
    assert EN.verdict(verdict("too few snapshots")) == "too few snapshots to judge"
    assert (EN.verdict(verdict("diverged")), EN.verdict(verdict("failed"))) == ("diverged", "failed")


@pytest.mark.parametrize(
    ("moved", "away", "share"),
    [(0.14, False, "14%"), (-0.002, False, "0%"), (-0.12, False, "12%"), (-0.47, True, "47%")],
)
def test_who_went_away_did_not_hardly_move(moved, away, share):
    english, chinese = in_both("verdict", verdict("hardly moved", moved=moved))
    assert english.startswith("moved away" if away else "hardly moved")
    assert ("远离" in chinese) == away
    assert ("backwards" in english, "还远了" in chinese) == 2 * (-0.25 < moved < -0.005,)
    assert share in english
    assert share in chinese
    assert "-" not in english + chinese


def test_a_cell_is_said_with_its_interval():
    three = [verdict(converged_at=at) for at in (50, 60, 80)]
    assert in_both("summary", summary(*three)) == (
        "near from epoch 60 (50-80) on, stable, and fits",
        "第 60（50–80）轮起接近目标，此后稳定，且拟合",
    )
    assert EN.summary(summary(verdict())) == "near from epoch 60 on, stable, and fits (1 seed)"
    assert EN.summary(summary(*three[:2])) == "near from epoch 55 on, stable, and fits (2 seeds)"
    assert EN.summary(summary(failed=1)) == "1 failed"


def test_seeds_that_disagree_are_counted():
    runs = [
        *(verdict(converged_at=at) for at in (50, 60, 80)),
        verdict("unstable", late_ratio=12.0),
        RunVerdict("diverged"),
    ]
    english, chinese = in_both("summary", summary(*runs, failed=1))
    assert english == (
        "near from epoch 60 (50-80) on, stable, and fits (3 of 5 seeds); unstable, around 12 × floor (1 of 5 seeds); "
        "diverged (1 of 5 seeds); 1 failed"
    )
    assert "5 个种子中的 3 个" in chinese


@pytest.mark.parametrize(
    ("found", "never", "text"),
    [
        (Interval(math.nan, math.nan, math.nan, 0), "never", "-"),
        (Interval(1.618, math.nan, math.nan, 2), "never", "1.6"),
        (Interval(math.inf, 60, math.inf, 3), "never", "never (60-never)"),
        (Interval(1234.4, 7.4e-6, math.inf, 3), "∞", "1234 (7.4×10⁻⁶-∞)"),
        (Interval(0.25, -0.5, 0.5, 3), "never", "0.25 (-0.5 to 0.5)"),
    ],
)
def test_a_median_is_written_with_its_interval(found, never, text):
    assert EN.interval(found, never) == text


def test_a_difference_is_said_by_its_scale_and_whether_it_is_clear():
    found = Difference(GAN, WGAN, quantity("late_ratio"), 0.252, 0.2, 0.31, 5)
    english, chinese = in_both("difference", found)
    assert english == "gan, rmsprop, 5e-05 is 0.25 times wgan, adam, 0.001, clip=0.1, width=32 (0.2 to 0.31)"
    assert chinese == (
        "gan + rmsprop（学习率 5e-05）是 wgan + adam（学习率 0.001），clip=0.1、width=32 的 0.25 倍（0.2 至 0.31）"
    )
    assert EN.difference(replace(found, high=1.2)).endswith(": no clear difference")
    assert ZH.difference(replace(found, high=1.2)).endswith("：差别不明确")
    few = replace(found, low=math.nan, high=math.nan)
    assert EN.difference(few).startswith("not enough seeds to tell gan, rmsprop, 5e-05 from wgan")
    assert "种子不足" in in_both("difference", few)[1]
    scores = Difference(GAN, WGAN, quantity("coverage"), 0.05, -0.012, 1e-14, 5)
    assert "is +0.05 (-0.012 to +0)" in EN.difference(scores)


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_has_a_name(name):
    english, _ = in_both("quantity", quantity(name))
    if name in METRICS:
        assert METRICS[name].title in english


def test_a_claim_is_said_in_its_authors_words_and_the_reports_in_ours():
    for claim in REPORT_CLAIMS:
        in_both("claim", claim)
    own = Claim("mine", REPORT_CLAIMS[0].judge, {"en": "Mine is best.", "zh": "我的最好。"})
    assert in_both("claim", own) == ("Mine is best.", "我的最好。")
    for outcome in VERDICTS:
        in_both("claim_verdict", outcome)


def test_one_statement_needs_no_verdict_of_its_own_and_several_do():
    found = Interval(60, 50, math.inf, 3)
    at = Statement("median", "holds", (GAN,), quantity("converged_at"), median=found, bounds=(-math.inf, 100))
    (english,), (chinese,) = stated(at)
    assert english.startswith("first epoch from which on it is near: gan, rmsprop, 5e-05 is at 60 (50-never) with 3")
    assert english.endswith("seeds, wanted at most 100")
    assert "60（50–未接近）" in chinese
    assert "应不超过 100" in chinese
    one = replace(at, verdict="does not hold", median=Interval(60, math.nan, math.nan, 1), bounds=(40, 60))
    english, chinese = stated(at, one)
    assert (
        english[1] == "gan, rmsprop, 5e-05 is at 60 with 1 seed, wanted 40 to 60 [does not hold]"
    )  # the topic is said
    assert english[0].endswith("[holds]")
    assert chinese[1].endswith("［不成立］")


def test_what_is_not_in_a_study_is_said():
    gone = Statement("no runs", "not in this study", wanted=("gan", "sgd", 1e-3, ""), target="ring")
    assert stated(gone)[0] == ["no runs of gan, sgd, 0.001 on ring"]
    assert stated(replace(gone, wanted=("gan", "sgd", None, "deep")))[0] == ["no runs of gan, sgd, deep on ring"]
    short = Statement("other length", "not in this study", (GAN,), bounds=(100, math.inf), length=60)
    assert stated(short)[0] == ["gan, rmsprop, 5e-05: runs end at epoch 60, wanted at least 100"]
    itself = Statement("itself", "not in this study", (GAN,))
    assert stated(itself)[0] == ["gan, rmsprop, 5e-05 cannot be compared with itself"]


# What a study says of situations made to mislead it

GOOD = {"wasserstein2": 1.0, "precision": 0.98, "recall": 0.97, "coverage": 0.96}  # in floors, and scores
SMEAR = {"wasserstein2": 1.0, "precision": 0.06, "recall": 0.9, "coverage": 0.12, "share_within_3_std": 0.04}
FLOORS = {"wasserstein2": 0.8, "precision": 0.99, "recall": 0.98, "coverage": 0.97, "share_within_3_std": 0.99}
PRAISE = re.compile(r"as good as|perfect|good data|一样好|完美")


def ran(end, *, seed=0, status="finished", start=6.0, floor=(), spread=(), near=2, **cell):
    """A run of 20 epochs that is at `end` from its third snapshot on: distances in floors, scores as they are."""
    given = {"target": "grid", "objective": "rpgan", "optimizer": "adam", "lr": 2e-3, **cell}
    floors, epochs = {**FLOORS, **dict(floor)}, np.arange(21)
    scale = {"wasserstein2": floors["wasserstein2"] or 1.0}
    values = {name: value * scale.get(name, 1.0) for name, value in end.items()}
    wave = 1 + 1e-3 * np.random.default_rng([seed, len(given["objective"])]).normal(size=21)
    metrics = {name: np.where(epochs < near, 0.01, value * wave) for name, value in values.items()}
    metrics["wasserstein2"][:near] = start * scale["wasserstein2"]
    return RunRecord(
        cell=Cell(*given.values()),
        seed=seed,
        status=status,
        epochs=epochs,
        metrics=metrics,
        validation=given.pop("validation", {}),
        floor=floors,
        floor_spread={"wasserstein2": 0.08, **dict.fromkeys(SMEAR.keys() - {"wasserstein2"}, 0.003), **dict(spread)},
        final=values if status == "finished" else {},
    )


def cells_of(*ends, seeds=range(3), **others):
    """Runs of a cell for each end, which differ in their objectives unless `others` say more."""
    names = ("rpgan", "gan", "wgan", "lsgan", "hinge")
    return [ran(end, seed=seed, objective=names[k], **others) for k, end in enumerate(ends) for seed in seeds]


def said_of(runs, language="en", judge=None):
    """The answer of a study, and the words of its cells, the best first."""
    study, say = compare(runs, judge), Sentences(language)
    found = answer(study.summaries.values(), differences(study), [], language=language)
    return say.words.sentences(*found), [say.summary(summary) for summary in study.ranked]


FAR = {**GOOD, "wasserstein2": 7.0, "precision": 0.5, "recall": 0.5, "coverage": 0.4}
AWAY = {**GOOD, "wasserstein2": 13.5, "precision": 0.0, "recall": 0.0, "coverage": 0.0}
SITUATIONS = {
    # what happened: the runs, what has to be said of the first cell, what must not
    "a smear over clusters at 1 floor": (
        cells_of(SMEAR, seeds=range(2)),
        ["close by distance alone", "precision 0.06 (real points 0.99)", "coverage 0.12 (0.97)", "(2 seeds)"],
        ["stable", "and fits", "near from", "converged"],
    ),
    "a fit": (cells_of(GOOD), ["near from epoch 2 (2-2) on, stable, and fits"], ["falls short", "seeds)"]),
    "near and stable, but short": (
        cells_of({**GOOD, "coverage": 0.78, "recall": 0.79}),
        ["near from epoch 2 (2-2) on, stable, but falls short: recall 0.79 (real points 0.98), coverage 0.78 (0.97)"],
        ["and fits"],
    ),
    "a distance that real points do not agree in": (
        cells_of({**GOOD, "wasserstein2": 0.63}, floor={"wasserstein2": 105}, spread={"wasserstein2": 113}, start=0.6),
        ["no verdict: real points scatter too widely"],
        ["×", "stable", "near from", "fits"],
    ),
    "a floor of 0": (
        cells_of({**GOOD, "wasserstein2": 0.0}, floor={"wasserstein2": 0.0}, spread={"wasserstein2": 0.0}),
        ["near from epoch 2 (2-2) on, stable, and fits"],
        ["nan", "∞"],
    ),
    "no number where a score should be": (
        cells_of({**GOOD, "precision": math.nan}),
        ["precision – (real points 0.99)"],
        ["stable", "and fits", "nan"],
    ),
    "one seed": (cells_of(GOOD, seeds=[4]), ["(1 seed)"], ["interval"]),
    "it flew away": (
        cells_of(AWAY),
        ["moved away from the target (by 150% of the way to it)"],
        ["hardly moved", "-", "fits"],
    ),
    "all diverged": (cells_of(GOOD, status="diverged"), ["diverged"], ["near", "fits", "stable"]),
    "it jumps, and ends well": (
        [
            replace(run, metrics={**run.metrics, "wasserstein2": 0.8 * np.tile([5.0, 1.0], 11)[:21]})
            for run in cells_of(GOOD)
        ],
        ["unstable, around"],
        ["fits", "near from"],
    ),
    "some fit and some do not": (
        [*cells_of(GOOD, seeds=range(2)), ran({**GOOD, "coverage": 0.7}, seed=2)],
        ["and fits (2 of 3 seeds)", "falls short: coverage 0.7 (real points 0.97) (1 of 3 seeds)"],
        [],
    ),
    "points without components, in one dimension": (
        cells_of({name: value for name, value in GOOD.items() if name != "share_within_3_std"}),
        ["and fits"],
        ["share", "component"],
    ),
    "all of it lies on a few points": (
        cells_of({**GOOD, "recall": 0.1, "coverage": 0.2}),
        ["collapsed: most of the target is missing"],
        ["stable", "and fits"],
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_said_of_a_situation_is_true_of_it(situation):
    runs, wanted, unwanted = SITUATIONS[situation]
    english, cells = said_of(runs)
    for part in wanted:
        assert part in cells[0], cells[0]
    for part in unwanted:
        assert part not in cells[0], cells[0]
    chinese, their = said_of(runs, "zh")
    assert not HAN.search(english + cells[0])
    assert not PRAISE.search(english + chinese + cells[0] + their[0])
    assert not FAULTS.search(chinese), chinese
    assert ("且拟合" in their[0]) == ("and fits" in cells[0])
    assert "nan" not in english + chinese


ANSWERS = {
    # what happened: the runs, what the answer has to say, and what it must not
    "nearest in distance, last in coverage": (
        cells_of(SMEAR, {**GOOD, "wasserstein2": 1.4}),
        ["GAN with Adam came out best: coverage 0.96 (real points 0.97;", "1.40 × floor", "fits with every one of 3"],
        ["RpGAN with Adam came out best"],
    ),
    "nothing fits": (
        cells_of(SMEAR, FAR),
        ["GAN with Adam came out best", "it does not fit, falling short in", "no combination fits with any seed"],
        ["and fits"],
    ),
    "all diverged": (
        cells_of(GOOD, FAR, status="diverged"),
        ["most runs of every combination diverged"],
        ["came out best", "No training run", "clearly"],
    ),
    "one seed": (
        cells_of(GOOD, FAR, seeds=[0]),
        ["from one seed, which may be luck", "it fits with its one seed", "not clearly better than GAN"],
        ["interval over", "; clearly better"],
    ),
    "two seeds": (
        cells_of(GOOD, FAR, seeds=[0, 1]),
        ["median of 2 seeds, too few for an interval"],
        ["–", "; clearly"],
    ),
    "a tie": (
        [ran(GOOD, seed=k, optimizer=o) for k in range(3) for o in ("sgd", "adam")],
        ["not clearly better than", "no optimizer came out best more often than another in 1 comparison"],
        ["; clearly better than", "came out best in 1"],
    ),
    "a clear winner": (
        cells_of(GOOD, FAR),
        ["; clearly better than the other combination.", "RpGAN came out best in 1 of 1 comparison of objectives"],
        ["not clearly"],
    ),
    "only some cells were run": (
        [*cells_of(GOOD), RunRecord(cell=Cell("ring", "gan", "adam", 2e-3), seed=0, status="failed", reason="killed")],
        ["On grid, RpGAN with Adam was run: coverage 0.96", "on ring, no training run has come to an end"],
        ["came out best", "clearly better"],
    ),
    "several targets that disagree": (
        [*cells_of(GOOD, FAR), *cells_of(FAR, GOOD, target="ring")],
        [
            "On grid, RpGAN with Adam came out best",
            "on ring, GAN with Adam came out best",
            "no objective came out best",
        ],
        [],
    ),
    "a study of a penalty": (
        [ran(end, seed=k, variant=f"penalties.r2={r}") for k in range(3) for r, end in ((0, GOOD), (2, FAR))],
        [
            "RpGAN with Adam, penalties.r2=0 came out best",
            "penalties.r2=0 came out best in 1 of 1 comparison of variants",
        ],
        ["penalties.r2=2 came", "at 0.002"],
    ),
    "no distance to speak of": (
        cells_of(GOOD, FAR, floor={"wasserstein2": 105}, spread={"wasserstein2": 113}),
        ["came out best: coverage 0.96", "whether it fits cannot be said"],
        ["×", "floor"],
    ),
}


@pytest.mark.parametrize("situation", ANSWERS)
def test_the_answer_to_a_situation_is_true_of_it(situation):
    runs, wanted, unwanted = ANSWERS[situation]
    english, _ = said_of(runs)
    for part in wanted:
        assert part in english, english
    for part in unwanted:
        assert part not in english, english
    chinese, _ = said_of(runs, "zh")
    assert not FAULTS.search(chinese), chinese
    assert not PRAISE.search(english + chinese)
    assert "nan" not in english + chinese


@pytest.mark.parametrize("situation", [name for name in ANSWERS if "diverged" not in name])
@pytest.mark.parametrize("judge", [None, "wasserstein2", "recall"])
def test_the_answer_and_its_table_name_the_same_first(situation, judge):
    study = compare(ANSWERS[situation][0], judge)
    if judge == "wasserstein2" and "no distance" in situation:
        return  # all that is said is that there is nothing to say
    names = Names(study.summaries, EN.words)
    said = answer(study.summaries.values(), differences(study), [], language="en")[0]
    first = cells_table(study.ranked, names)["rows"][0]["entries"][0].text
    named = re.search(r"n \w+, (.*?) (?:came out best|was run)", said).group(1)
    assert first.replace(", ", " with ", 1) == named.removesuffix(" at 0.002")


def test_another_metric_can_be_asked_for_and_gives_the_old_ranking():
    runs = cells_of({**SMEAR, "wasserstein2": 1.0}, {**GOOD, "wasserstein2": 1.4})
    english, _ = said_of(runs, judge="wasserstein2")
    assert "RpGAN with Adam came out best: 2-Wasserstein distance / floor 1.00" in english
    assert "it does not fit" in english  # and is not praised for it


def test_a_choice_of_rates_between_some_cells_leaves_no_other_out():
    """WGAN was run at one rate, GAN at two; the best of all is WGAN."""
    runs = [ran(end, seed=k, objective="gan", lr=lr) for k in range(3) for lr, end in ((1e-3, FAR), (1e-4, FAR))]
    runs = [replace(run, validation={"wasserstein2": run.metrics["wasserstein2"]}) for run in runs]
    study = compare([*runs, *(ran(GOOD, seed=k, objective="wgan", lr=1e-3) for k in range(3))])
    said = answer(study.summaries.values(), differences(study), [], best=study.chosen, language="en")[0]
    assert "WGAN with Adam" in said
    assert len(study.chosen) == 2
    assert [summary.cell in study.chosen for summary in study.ranked] == [True, True, False]
    rows = cells_table(study.ranked, Names(study.summaries, EN.words), study.chosen)["rows"]
    assert [row["faded"] for row in rows] == [False, False, True]
    assert [row["entries"][1].text for row in rows] == ["0.001", "1e-4 ✓", "0.001"]


def test_what_is_clear_is_seen_in_its_numbers():
    """A difference that rounds to none is written with the digits that show it."""
    a, b = Cell("grid", "gan", "adam", 0.1), Cell("grid", "wgan", "adam", 0.1)
    found = Difference(a, b, quantity("final_ratio"), 0.9996, 0.9993, 0.9998, 5)
    assert "1 times" not in EN.difference(found)
    assert "0.9996" in EN.difference(found).replace("1.0 times", "")
    entries = differences_table([found], Names([a, b], EN.words))["rows"][0]["entries"]
    assert (entries[2].text, entries[3].text) == ("1.0004 ×", "clear")
    assert entries[2].note == "1.0002–1.001"
    scores = Difference(a, b, quantity("final_coverage"), 0.002, 0.001, 0.003, 5)
    entries = differences_table([scores], Names([a, b], EN.words))["rows"][0]["entries"]
    assert [entry.text for entry in entries] == ["GAN, Adam", "WGAN, Adam", "2×10⁻³", "clear"]


def test_who_copies_training_points_is_said_to_though_it_fits():
    more = {"floor": {"copying": 0.5}, "spread": {"copying": 0.013}}
    honest, copied = (cells_of({**GOOD, "copying": share}, **more) for share in (0.51, 0.9))
    assert "cop" not in said_of(honest)[1][0]
    english, chinese = said_of(copied)[1][0], said_of(copied, "zh")[1][0]
    assert english == "near from epoch 2 (2-2) on, stable, and fits; copies training points (3 of 3 seeds)"
    assert chinese.endswith("；复制训练点（3 个种子中的 3 个）")
    (study,) = compare(copied[:1]).summaries.values()
    assert EN.verdict(study.verdicts[0]).endswith("and fits; copies training points")


def test_what_was_measured_beside_a_value_is_shown_beside_it():
    runs = [
        replace(run, low={"coverage": 0.952}, high={"coverage": 0.968}, memory={"coverage": 0.99})
        for run in cells_of(GOOD)
    ]
    study = compare(runs)
    names = Names(study.summaries, EN.words)
    assert "Perfect memory of the training points would score 0.99." in cells_table(study.ranked, names)["intro"]
    entry = runs_table(study.records, study.ranked, names)["rows"][0]["entries"][3]
    assert (entry.text, entry.note) == ("0.96", "0.95–0.97")
    old = compare(cells_of(GOOD))
    assert "memory" not in cells_table(old.ranked, names)["intro"]
    assert runs_table(old.records, old.ranked, names)["rows"][0]["entries"][3].note == ""


@pytest.mark.parametrize(("precision", "marked"), [(0.972, True), (0.99, False), (math.nan, False)])
def test_a_value_many_spreads_off_is_marked_though_it_looks_small(precision, marked):
    runs = cells_of({**GOOD, "precision": precision}, floor={"precision": 0.996})
    study = compare(runs, "precision")
    table = cells_table(study.ranked, Names(study.summaries, EN.words))
    assert ("*" in table["rows"][0]["entries"][1].text) == marked
    assert ("*" in table["intro"]) == marked
