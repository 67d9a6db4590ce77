"""Save figures as PNG files that appear whole or not at all, with the same bytes for the same figure."""

import os

from matplotlib.figure import Figure

from ganatomy.figures.style import house
from ganatomy.files import replacing


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write `figure` as PNG, whole or not at all; equal figures give equal bytes (no date, no stamp).

    Raises:
        InputError: the file cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from ganatomy.figures.style import new_figure
    >>> target = Path(tempfile.mkdtemp()) / "empty.png"
    >>> save_figure(new_figure(1, 1, dpi=20), target)
    >>> target.read_bytes()[1:4]
    b'PNG'
    """
    with replacing(path) as part, house():
        figure.savefig(part, format="png", dpi="figure", metadata={"Software": None})
