"""A model in a notebook: what it is, as a table, beside a picture of its points; HTML and SVG.

The picture shows the first two columns (one column: a histogram), each stretched to the frame by its own 1st and 99th
percentiles; points beyond are left out. It takes some kilobytes, and nothing is loaded for it.

Shapes: `N` points, `D` data dimensions.
"""

import html
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ganatomy.languages import Words

_SIDE, _EDGE = 180, 8  # pixels


def card(title: str, facts: Mapping[str, object], points: NDArray[np.float64]) -> str:
    """Write a model's card as HTML.

    Args:
        title: one line.
        facts: what it is, by names that `words/fit.json` has texts for with "fact_" in front.
        points: generated ones, (N, D).

    >>> text = card("A model", {"epochs": 9}, np.random.default_rng(0).normal(size=(50, 2)))
    >>> text.count("<svg"), "<td>9</td>" in text, len(text) < 2000
    (1, True, True)
    """
    words = Words(None, "fit")
    rows = ((words(f"fact_{name}"), str(value)) for name, value in facts.items())
    lines = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in rows)
    style = "display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start"
    table = f"<table><tbody>{lines}</tbody></table>"
    return f'<p>{html.escape(title)}</p><div style="{style}">{picture(points)}{table}</div>'


def picture(points: NDArray[np.float64]) -> str:
    """Draw points (N, D) in a small frame as SVG: the first two columns, or a histogram of the only one.

    >>> drawn = picture(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]))
    >>> drawn[drawn.index(" d=") :].split('"')[1]
    'M90 90h0'
    """
    room = _SIDE - 2 * _EDGE
    flat = points[np.isfinite(points).all(axis=1)][:, :2]
    if not len(flat):
        marks = ""
    elif flat.shape[1] == 1:
        counts, _ = np.histogram(flat, bins=40, range=tuple(np.quantile(flat, (0.01, 0.99))))
        heights = room * counts / max(1, counts.max())
        wide = room / len(counts)
        marks = "".join(f"M{_EDGE + (k + 0.5) * wide:.0f} {_SIDE - _EDGE}v{-h:.0f}" for k, h in enumerate(heights))
    else:
        low, high = np.quantile(flat, (0.01, 0.99), axis=0)
        shares = (flat - low) / np.where(high > low, high - low, 1.0)
        inside = ((shares >= 0) & (shares <= 1)).all(axis=1)
        places = _EDGE + room * (shares[inside] * [1, -1] + [0, 1])
        marks = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in places)
    look = 'fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-opacity="0.5"'
    return (
        f'<svg width="{_SIDE}" height="{_SIDE}" role="img">'
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="currentColor" stroke-opacity="0.3"/>'
        f'<path {look} d="{marks}"/></svg>'
    )
