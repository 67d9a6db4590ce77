"""Tables on the terminal."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 100  # where there is no terminal to ask


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", right: Sequence[str] = ()
) -> None:
    """Print rows under headings; the headings named in `right` are of columns of numbers."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in headings:
        numbers = heading in right
        table.add_column(heading, justify="right" if numbers else "left", header_style="dim", no_wrap=numbers)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDTH).print(table)


def print_metrics(metrics: Mapping[str, Mapping[str, Any]], title: str) -> None:
    """Print each metric with its floor and their ratio."""
    from ganatomy.fitting.metrics.yardstick import METRICS

    rows = []
    for name, m in metrics.items():
        better = {"lower": "lower", "higher": "higher", "half": "0.5"}[METRICS[name].direction]
        spread = f"± {_short(m['floor_spread'])}" if m.get("floor_spread") is not None else ""
        ratio = "" if m["ratio"] is None else f"{m['ratio']:.2f}" if m["ratio"] < 1000 else f"{m['ratio']:.3g}"
        rows.append((METRICS[name].title, better, _short(m["value"]), _short(m["floor"]), spread, ratio))
    print_table(("metric", "better", "value", "floor", "", "ratio"), rows, title, right=("value", "floor", "ratio"))


def _short(value: float | None) -> str:
    """Write a number with three significant digits.

    >>> _short(0.123456), _short(8.0), _short(None)
    ('0.123', '8', '-')
    """
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"
