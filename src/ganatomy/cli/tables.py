"""How a measured fit is printed."""

import math
from collections.abc import Mapping
from typing import Any

from ganatomy.terminal import say_table


def print_metrics(metrics: Mapping[str, Mapping[str, Any]], title: str) -> None:
    """Print each metric with its floor and their ratio."""
    from ganatomy.fitting.metrics.catalogue import METRICS

    rows = []
    for name, m in metrics.items():
        better = {"lower": "lower", "higher": "higher", "half": "0.5"}[METRICS[name].direction]
        spread = f"± {_short(m['floor_spread'])}" if m.get("floor_spread") is not None else ""
        ratio = "" if m["ratio"] is None else f"{m['ratio']:.2f}" if m["ratio"] < 1000 else f"{m['ratio']:.3g}"
        rows.append((METRICS[name].title, better, _short(m["value"]), _short(m["floor"]), spread, ratio))
    say_table(("metric", "better", "value", "floor", "", "ratio"), rows, title, right=("value", "floor", "ratio"))


def _short(value: float | None) -> str:
    """Write a number with three significant digits.

    >>> _short(0.123456), _short(8.0), _short(None)
    ('0.123', '8', '-')
    """
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"
