"""What is judged is said in words, in both languages, with the numbers that were found."""

import math
import re
from dataclasses import replace

import pytest

from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.study.judging.claims import REPORT_CLAIMS, Claim
from ganatomy.fitting.study.judging.comparison import Difference
from ganatomy.fitting.study.judging.intervals import Interval
from ganatomy.fitting.study.judging.quantities import QUANTITIES, quantity
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.statements import VERDICTS, Statement
from ganatomy.fitting.study.judging.summaries import CellSummary
from ganatomy.fitting.study.judging.verdicts import KINDS, RunVerdict
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
