"""How measured samples are printed."""

import math
from typing import TYPE_CHECKING

from ganatomy.terminal import say, say_table

if TYPE_CHECKING:
    from ganatomy.fitting.metrics.measurement import Measurement, Measurements


def print_metrics(measured: "Measurements", title: str) -> None:
    """Print each metric with its interval, floor, ratio and what perfect memory scores; then what that means."""
    from ganatomy.fitting.metrics.catalogue import METRICS
    from ganatomy.fitting.metrics.verdict import reading, verdict

    whole = any(m.compared is not None for m in measured.values())
    headings = [
        "metric",
        "better",
        "all samples" if whole else "samples",
        f"{measured.size} of them",
        "real points",
        "ratio",
    ]
    headings = [name for name in [*headings, "memory"] if name != f"{measured.size} of them" or whole]
    rows = []
    for name, m in measured.items():
        better = {"lower": "lower", "higher": "higher", "half": "0.5"}[METRICS[name].direction]
        mark = " *" if name in measured.marked else "  "
        shown = [short(m.value), _within(m.compared, m)] if whole else [_within(m.value, m)]
        floor = f"{short(m.floor)} ± {_error(m.floor_spread)}"
        rows.append((METRICS[name].title, better, *shown[:-1], shown[-1] + mark, floor, _ratio(m), short(m.memory)))
    if all(m.memory is None for m in measured.values()):
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    say_table(headings, rows, title, right=headings[2:])
    for line in (*verdict(measured), "", *reading(measured)):
        say(line)


def _within(value: float | None, m: "Measurement") -> str:
    """Write a mean over draws with half its interval."""
    low, high = m.interval
    if value is None:
        return "-"
    return short(value) if math.isnan(low) or low == high else f"{short(value)} ± {_error((high - low) / 2)}"


def _ratio(m: "Measurement") -> str:
    if m.ratio is None:
        return ""
    low, high = m.ratio_interval
    said = f"{m.ratio:.2f}" if m.ratio < 1000 else f"{m.ratio:.3g}"
    return said if math.isnan(low) or m.ratio >= 1000 else f"{said} ({low:.2f}-{high:.2f})"


def _error(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2g}"


def short(value: float | None) -> str:
    """Write a number with three significant digits.

    >>> short(0.123456), short(8.0), short(None)
    ('0.123', '8', '-')
    """
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"
