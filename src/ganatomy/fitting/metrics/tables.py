"""Tables of plain values, for people who work in Python: as a pandas DataFrame, and as the HTML that notebooks show.

A table is a list of columns' names and rows of values, None where there is none. pandas is loaded only
where a DataFrame is asked for.
"""

import html
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def frame_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> "pandas.DataFrame":
    """Make a DataFrame of a table.

    >>> frame_of(["epoch", "recall"], [(0, 0.1), (10, None)])["recall"].tolist()
    [0.1, nan]
    """
    import pandas

    return pandas.DataFrame([list(row) for row in rows], columns=list(columns))


def html_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as HTML; what is in it is escaped, and numbers stand to three digits, aligned at the right.

    >>> "<th>a &lt; b</th>" in html_of(["a < b"], [(1.23456,)]), ">1.23</td>" in html_of(["a < b"], [(1.23456,)])
    (True, True)
    """
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    style = "right" if number else "left"
    return f'<td style="text-align: {style}">{html.escape(_written(value))}</td>'


def _written(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else str(value)
