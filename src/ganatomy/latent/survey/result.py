"""What a survey gives back: what its summary.json holds, and how that is looked at in a notebook.

Shapes: `K` directions.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError, unknown
from ganatomy.figures.style import new_figure

if TYPE_CHECKING:
    import pandas

_SHOWN = ("change", "ratio", "monotonic", "consistency")


class Surveyed(Mapping[str, Any]):
    """What a survey found, as a mapping that is summary.json, and its folder.

    Args:
        summary: what summary.json holds.
        out: the folder.

    >>> rows = [{"method": "sefa", "name": "sefa 0", "label": "smile", "change": 3.0}]
    >>> done = Surveyed({"name": "faces", "methods": ["sefa"], "directions": rows}, "surveys/faces")
    >>> done, done["name"]
    (Surveyed(faces: 1 direction by sefa, 1 named, in surveys/faces), 'faces')
    """

    def __init__(self, summary: Mapping[str, Any], out: str | Path) -> None:
        self._summary, self.out = dict(summary), Path(out)

    def __getitem__(self, key: str) -> Any:
        return self._summary[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._summary)

    def __len__(self) -> int:
        return len(self._summary)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is known of each direction, K of them: its method, name, label and numbers."""
        if "directions" in self._summary:
            return [dict(row) for row in self._summary["directions"]]
        told, effects = self._summary, self._summary["effects"] or [{}] * len(self._summary["share"])
        return [
            {
                "method": told["method"],
                "name": f"{told['method']} {k}",
                "label": label,
                "share": share,
                **{name: effect.get(name) for name in _SHOWN if effect},
            }
            for k, (label, share, effect) in enumerate(zip(told["labels"], told["share"], effects, strict=True))
        ]

    def __repr__(self) -> str:
        rows = self.rows
        methods, named = dict.fromkeys(row["method"] for row in rows), sum(row["label"] is not None for row in rows)
        count = f"{len(rows)} direction{'s' * (len(rows) != 1)} by {', '.join(methods)}, {named} named"
        return f"Surveyed({self['name']}: {count}, in {self.out})"

    def _repr_html_(self) -> str:
        rows = self.rows
        columns = [name for name in rows[0] if name != "plus"]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(_written(row.get(name)))}</td>' for name in columns)}</tr>"
            for row in rows
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p>{html.escape(repr(self))}</p>{table}"

    def to_frame(self) -> pandas.DataFrame:
        """Make a pandas DataFrame, a row a direction."""
        import pandas

        return pandas.DataFrame(self.rows)

    def plot(self, direction: str | None = None) -> Figure:
        """Draw a direction's pictures, as they are in the folder.

        Args:
            direction: its name, such as "sefa 2"; by default the first, and of a film one sample along all of them.

        Raises:
            InputError: no such direction, or its picture is no longer in the folder.
        """
        names = [row["name"] for row in self.rows]
        if direction is not None and direction not in names:
            raise unknown("direction", direction, names)
        if "directions" not in self._summary:
            file = "overview.png" if direction is None else f"direction_{names.index(direction)}.png"
        else:
            row = self.rows[names.index(direction or names[0])]
            of_method = [other["name"] for other in self.rows if other["method"] == row["method"]]
            file = f"{row['method']}-{of_method.index(row['name'])}.png"
        return _figure(self.out / file)


def _figure(path: Path) -> Figure:
    from PIL import Image

    try:
        with Image.open(path) as image:
            picture = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; the survey's folder holds its pictures") from None
    high, wide, _ = picture.shape
    figure = new_figure(wide / 100, high / 100, dpi=100)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(picture)
    axes.set_axis_off()
    return figure


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else str(value)
