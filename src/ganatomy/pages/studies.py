"""What a study's folder says of itself in summary.csv: its combinations in order, and which of them came out best.

The order is the study's own, by the metric that study.json names or coverage, and stands in the column `rank`. Studies
of before have none; they were ranked by distance, and are shown so.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import printable, read_input
from ganatomy.languages import ABSENT, Words, written

_RATIO = "final_ratio"
_HEADLINE = "coverage"


@dataclass(frozen=True)
class StudyTold:
    """What there is to say of a study.

    Attributes:
        answer: a sentence; "" if nothing was measured.
        headings: of its table, empty if there is none.
        rows: of that table, a combination each, the best first.
        metric: by which.
    """

    answer: str
    headings: list[str]
    rows: list[list[str]]
    metric: str


def read_study(folder: Path, judge: str | None, words: Words) -> StudyTold:
    """Read what a study came to.

    Args:
        folder: of the study.
        judge: the metric that it is ranked by; None for coverage.
        words: of the tables "fit" and "index".

    Raises:
        InputError: summary.csv is damaged.

    >>> read_study(Path("nowhere"), None, Words("en", "fit", "index"))
    StudyTold(answer='', headings=[], rows=[], metric='distance / floor')
    """
    judge = judge or _HEADLINE
    known = list(_cells(folder, judge))
    ranked = any(not math.isnan(row["rank"]) for row in known)
    known.sort(key=lambda row: _last(row["rank"]) if ranked else _last(row[_RATIO]))
    several = len({row["lr"] for row in known}) > 1
    metric = words(f"metric_{judge}") if words.has(f"metric_{judge}") else judge
    columns = {name: words(f"col_{name}") for name in ("target", "cell", "ratio", "fits", "seconds")}
    if ranked and judge != "wasserstein2":
        columns = {"target": columns.pop("target"), "cell": columns.pop("cell"), "score": metric, **columns}
    shown = [_shown(row, several, words) for row in known]
    bests = {row["target"]: row for row in reversed(known) if math.isfinite(row["score" if ranked else _RATIO])}
    said = [
        _first(row, several, metric, words) if ranked else _nearest(row, several, words)
        for _, row in sorted(bests.items())
    ]
    answer = words("semicolon").join(said)
    return StudyTold(
        answer[:1].upper() + answer[1:] + words("full_stop") if answer else "",
        list(columns.values()) if known else [],
        [[row[name] for name in columns] for row in shown],
        metric if ranked else words("col_ratio"),
    )


def _shown(row: Mapping[str, Any], with_rate: bool, words: Words) -> dict[str, str]:
    return {
        "target": row["target"],
        "cell": _cell(row, with_rate, words),
        "score": words.number(row["score"]),
        "ratio": words.ratio(row[_RATIO]),
        "fits": _fits(row, words),
        "seconds": words.seconds(row["seconds"]),
    }


def _last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _cells(folder: Path, judge: str) -> Iterator[dict[str, Any]]:
    """Read what each combination came to; what was not measured is no number."""
    path = folder / "summary.csv"
    if not path.exists():
        return
    score, real = f"final_{judge}", f"real_{judge}"
    ratio = [f"{_RATIO}{end}" for end in ("", "_low", "_high")]
    numbers = (
        *ratio,
        "rank",
        "fitting",
        "judged",
        "confidence",
        "seconds",
        score,
        f"{score}_low",
        f"{score}_high",
        real,
    )
    try:
        for row in csv.DictReader(io.StringIO(read_input(path).decode(), newline="")):
            texts = {key: printable(row[key]) for key in ("target", "objective", "optimizer")}
            known = {key: float(row.get(key) or "nan") for key in (*numbers, "lr")}
            told = {"score": known[score], "low": known[f"{score}_low"], "high": known[f"{score}_high"]}
            if math.isnan(known["rank"]) and math.isnan(known[_RATIO]):
                known[_RATIO] = math.inf
            yield {**texts, "variant": printable(row.get("variant") or ""), **known, **told, "real": known[real]}
    except (ValueError, TypeError, LookupError, csv.Error) as error:
        raise InputError(f"{path.name}: {type(error).__name__}: {printable(error)}") from None


def _fits(row: Mapping[str, Any], words: Words) -> str:
    """Say with how many of its seeds a combination fits."""
    known = all(math.isfinite(row[key]) and row[key] >= 0 for key in ("fitting", "judged")) and row["judged"]
    return words("n_of", n=f"{row['fitting']:.0f}", all=f"{row['judged']:.0f}") if known else ABSENT


def _cell(row: Mapping[str, Any], with_rate: bool, words: Words) -> str:
    objective = words("comma").join(filter(None, (written(row["objective"]), row.get("variant", ""))))
    cell = words("cell", objective=objective, optimizer=written(row["optimizer"]))
    return words("at", cell=cell, lr=words.rate(row["lr"])) if with_rate else cell


def _first(row: Mapping[str, Any], with_rate: bool, metric: str, words: Words) -> str:
    """Say which combination came out best on a target, and whether it fits."""
    interval = words.interval(row["low"], row["high"])
    notes = [words("real_note", floor=words.number(row["real"]))] if math.isfinite(row["real"]) else []
    if interval:
        notes.append(words("interval_note", confidence=words.percent(row["confidence"]), interval=interval))
    score = words("score", metric=metric, value=words.number(row["score"]))
    score = words("noted", text=score, note=words("semicolon").join(notes)) if notes else score
    parts = {"target": row["target"], "cell": _cell(row, with_rate, words), "score": score}
    fits = _fits(row, words)
    return words("first", **parts) + (words("first_fits", fits=fits) if fits != ABSENT else "")


def _nearest(row: Mapping[str, Any], with_rate: bool, words: Words) -> str:
    """Say which combination came nearest on a target, in a study of before, that was ranked by distance."""
    told = words.interval(row[f"{_RATIO}_low"], row[f"{_RATIO}_high"])
    if told:
        told = words("best_interval", confidence=words.percent(row["confidence"]), interval=told)
    parts = {"target": row["target"], "cell": _cell(row, with_rate, words), "ratio": words.number(row[_RATIO])}
    return words("best", **parts, interval=told)
