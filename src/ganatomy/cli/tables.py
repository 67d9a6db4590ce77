"""How measured samples are printed."""

import math
from typing import TYPE_CHECKING

from ganatomy.terminal import say, say_table, width

if TYPE_CHECKING:
    from ganatomy.fitting.metrics.measurement import Measurement, Measurements

_BETTER = {"lower": "lower", "higher": "higher", "half": "0.5"}
_WIDE = 96  # letters that the whole table needs; a narrower one goes without what can be done without


def print_metrics(measured: "Measurements", title: str) -> None:
    """Print each metric with its interval, floor, ratio and what perfect memory scores; then what that means."""
    from ganatomy.fitting.metrics.catalogue import METRICS
    from ganatomy.fitting.metrics.verdict import reading, verdict

    narrow, files = width() < _WIDE, measured.sizes is not None
    rows = []
    for name, m in measured.items():
        row = {"metric": METRICS[name].title, "better": _BETTER[METRICS[name].direction]}
        mark = " *" if name in measured.marked else "  "
        if measured.sizes is not None:
            row["{} to {}".format(*measured.sizes)] = short(m.value)
        shown = short(m.at_floor_size) if narrow and files else _within(m)
        row[f"{measured.size} to {measured.size}" if files else "samples"] = shown + mark
        row["real points"] = f"{short(m.floor)} ± {_error(m.floor_spread)}"
        row["ratio"] = _ratio(m)
        row["memory"] = short(m.memory)
        rows.append(row)
    left_out = {"better"} if narrow else set()
    left_out |= {"memory"} if all(m.memory is None for m in measured.values()) else set()
    headings = [name for name in rows[0] if name not in left_out]
    rows = [[row[name] for name in headings] for row in rows]
    say_table(headings, rows, title, right=[name for name in headings if name not in ("metric", "better")])
    for line in (*verdict(measured), "", *reading(measured)):
        say(line)


def _within(m: "Measurement") -> str:
    """Write a mean over draws with half its interval."""
    (low, high), value = m.interval, m.at_floor_size
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
