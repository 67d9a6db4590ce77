"""Tables for papers: nothing that things are called by commands TeX, and numbers read back as what they were."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.files import printable
from ganatomy.fitting.metrics import latex

NAMED = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^"}
NAMED |= {"textless": "<", "textgreater": ">", "textbar": "|"}
TOKEN = re.compile(r"\\([A-Za-z]+)\{\}|\\([&%$#_{}])|\{([\[\]`'\"])\}|(-)\{\}|([^\\{}&%$#_~^<>|`'\"\[\]])")


def _read(text):
    """Read escaped text as TeX shows it; anything that would command TeX is an error."""
    shown, at = "", 0
    while at < len(text):
        token = TOKEN.match(text, at)
        assert token, text[at:]
        shown += NAMED[token[1]] if token[1] else next(filter(None, token.groups()[1:]))
        at = token.end()
    return shown


@given(st.text() | st.text(alphabet="\\{}&%$#_~^<>|`'\"[]- \nab"))
def test_any_text_is_shown_as_it_is_and_commands_nothing(text):
    escaped = latex.text(text)
    assert _read(escaped) == printable(text, None)
    assert "--" not in escaped  # which would be one longer dash


@given(st.floats(-1e300, 1e300))
def test_a_number_is_read_back_to_three_digits(value):
    written = latex.number(value).replace("$-$", "-").replace("$", "")
    digits, _, power = written.replace("\\times10^{", "e").rstrip("}").partition("e")
    assert float(f"{digits}e{power or 0}") == pytest.approx(value, rel=0.005, abs=1e-320)
    assert len(written) < 22


def test_what_is_no_number_and_what_is_best_are_marked():
    assert (latex.number(-math.inf), latex.number(None)) == (r"$-\infty$", "--")
    assert latex.interval(7e-6, 6e-6, math.inf, best=True) == (
        r"\textbf{\boldmath $7.00\times10^{-6}$} {\small[$6.00\times10^{-6}$, $\infty$]}"
    )
    assert latex.interval(math.nan, math.nan, math.nan) == "--"


def test_with_a_caption_it_is_a_float_and_comments_stay_comments():
    written = latex.table(["a", "b"], [[["1", "2"]]], "lr", ["of\n\\input{x}"], r"\emph{Mine}.", "tab:mine")
    assert written.splitlines()[:5] == [
        r"% of \input{x}",
        r"\begin{table}",
        r"\centering",
        r"\caption{\emph{Mine}.}",
        r"\label{tab:mine}",
    ]
    assert written.endswith("\\end{tabular}\n\\end{table}\n")
    assert written.count(r"\midrule") == 1
