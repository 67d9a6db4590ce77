r"""Tables for papers: LaTeX with the rules of booktabs, which is all that they need (`\usepackage{booktabs}`).

    number     three significant digits, or powers of ten; a dash for what is none
    interval   1.41 [1.36, 1.46], its ends smaller
    text       anything that a file or a person calls things by, with no letter left that commands TeX

A table is the tabular alone, to be put into one's own float, or a whole `table` if it has a caption. What its numbers
are is said in comments above it.
"""

import math
import re
from collections.abc import Sequence

from ganatomy.files import printable

_MARKS = {
    **{mark: rf"\{mark}" for mark in "&%$#_{}"},
    **{mark: f"{{{mark}}}" for mark in "[]`'\""},  # an option behind a line's end; ligatures, and quotes of languages
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_LEAST, _MOST = 1e-3, 1e5  # beyond them, powers of ten


def text(written: object) -> str:
    r"""Escape text for LaTeX: one line that is shown as it is.

    >>> print(text("penalties.r2=0, 50% of {x_1}"), text(r"\input{a}"), text("a--b [c]"))
    penalties.r2=0, 50\% of \{x\_1\} \textbackslash{}input\{a\} a-{}-b {[}c{]}
    """
    return re.sub("-(?=-)", "-{}", "".join(_MARKS.get(c, c) for c in printable(written, None)))


def number(value: float | None) -> str:
    r"""Write a number to three digits.

    >>> print(number(1.40625), number(0.93), number(1234.4), number(-0.5), number(7.4e-6), number(25.0), number(0))
    1.41 0.930 1234 $-$0.500 $7.40\times10^{-6}$ 25 0
    >>> print(number(math.inf), number(math.nan), number(None))
    $\infty$ -- --
    """
    if value is None or math.isnan(value):
        return "--"
    size = abs(value)
    if math.isinf(size):
        shown = r"$\infty$"
    elif size and not _LEAST <= size < _MOST:
        shown = _power(f"{size:.2e}")
    elif size >= 999.5 or (size == round(size) and not 0 < size < 10):
        shown = f"{size:.0f}"
    else:
        shown = f"{size:#.3g}".rstrip(".")
    return f"$-${shown}".replace("$$", "") if value < 0 else shown


def given(value: float) -> str:
    r"""Write a number that a person gave, to as many digits as it has.

    >>> print(given(0.002), given(5e-5))
    0.002 $5\times10^{-5}$
    """
    return _power(f"{value:g}")


def _power(written: str) -> str:
    digits, _, power = written.partition("e")
    return rf"${digits}\times10^{{{int(power)}}}$" if power else digits


def interval(value: float, low: float, high: float, best: bool = False) -> str:
    r"""Write a number with its interval, if there is one; the best one bold.

    >>> print(interval(1.41, 1.36, 1.46, best=True), interval(1.5, math.nan, math.nan))
    \textbf{1.41} {\small[1.36, 1.46]} 1.50
    """
    shown = number(value)
    if best:
        shown = rf"\textbf{{\boldmath {shown}}}" if "$" in shown else rf"\textbf{{{shown}}}"
    if math.isnan(low) or math.isnan(high):
        return shown
    return f"{shown} {{\\small[{number(low)}, {number(high)}]}}"


def table(
    headings: Sequence[str],
    groups: Sequence[Sequence[Sequence[str]]],
    kinds: str,
    notes: Sequence[str] = (),
    caption: str | None = None,
    label: str | None = None,
) -> str:
    r"""Write a table, a rule between groups of rows.

    Args:
        headings: of the columns, as `text` returns them.
        groups: of rows, whose entries are LaTeX already.
        kinds: of the columns, a letter each: l, c or r.
        notes: what the numbers are, for comments above the table.
        caption: in LaTeX; with one, the tabular is put into a `table`.
        label: by which the table is referred to; only with a caption.

    >>> print(table(["metric", "value"], [[["recall", "0.930"]], [["seeds", "3"]]], "lr", ["Medians."]))
    % Medians.
    \begin{tabular}{lr}
    \toprule
    metric & value \\
    \midrule
    recall & 0.930 \\
    \midrule
    seeds & 3 \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    lines = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", _row(headings)]
    for rows in filter(None, groups):
        lines += [r"\midrule", *map(_row, rows)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if caption is not None:
        named = [] if label is None else [rf"\label{{{label}}}"]
        lines = [r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", *named, *lines, r"\end{table}"]
    return "\n".join([*(f"% {printable(note, None)}" for note in notes), *lines]) + "\n"


def _row(entries: Sequence[str]) -> str:
    return " & ".join(entries) + r" \\"
