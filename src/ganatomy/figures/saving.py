"""Save figures as PNG files that appear whole or not at all, with the same bytes for the same figure."""

import base64
import io
import os

from matplotlib.figure import Figure

from ganatomy.figures.style import house
from ganatomy.files import replacing


def image_of(picture: Figure | bytes) -> str:
    """Write a figure, or the bytes of a PNG file, as an HTML element that a notebook shows.

    >>> from ganatomy.figures.style import new_figure
    >>> image_of(new_figure(1, 1, dpi=20))[:74]
    '<img alt="" style="max-width: 100%" src="data:image/png;base64,iVBORw0KGgo'
    """
    if isinstance(picture, Figure):
        content = io.BytesIO()
        with house():
            picture.savefig(content, format="png", dpi="figure", metadata={"Software": None})
        picture = content.getvalue()
    address = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return f'<img alt="" style="max-width: 100%" src="{address}">'


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
    with replacing(path) as file, house():
        figure.savefig(file, format="png", dpi="figure", metadata={"Software": None})
