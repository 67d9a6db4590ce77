"""One page that links what runs and explorations hold.

A folder is known by what it holds: a finished run of `ganatomy fit`, or a finished exploration of `ganatomy sefa`. The
page stands in a folder that all of them are in, and links them by relative paths, so that the whole can be moved.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import replacing
from ganatomy.report.index import Entry, index_page

_Link = Callable[[str], str]


def write_index(folders: Sequence[str | os.PathLike], out: str | os.PathLike, title: str = "Ganatomy") -> None:
    """Write a page that shows and links the contents of result folders.

    Args:
        folders: of runs and explorations, in the order of the page.
        out: the .html file, in a folder that holds all the others.
        title: of the page.

    Raises:
        InputError: a folder that holds no finished result, or is not below the page's; a file that cannot be written.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "faces").mkdir()
    >>> _ = (folder / "faces" / "summary.json").write_text('{"name": "faces", "method": "sefa", "share": [0.1]}')
    >>> _ = (folder / "faces" / "traversal.html").write_text("")
    >>> write_index([folder / "faces"], folder / "index.html")
    >>> 'href="faces/traversal.html"' in (folder / "index.html").read_text(encoding="utf-8")
    True
    """
    out = Path(out)
    if out.suffix != ".html":
        raise InputError(f"{out}: the page is HTML; let its name end in .html")
    if not folders:
        raise InputError("no folders were given; name runs of 'ganatomy fit' and folders of 'ganatomy sefa'")
    entries = [entry for folder in folders for entry in _entries(Path(folder), out.parent)]
    page = index_page(title, entries, lead="Pictures, films and pages, with the numbers behind them.")
    with replacing(out) as part:
        part.write_text(page, encoding="utf-8")


def _entries(folder: Path, base: Path) -> Iterator[Entry]:
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        known = summary.keys() & {"objective", "method"}
    except (OSError, ValueError, AttributeError):
        known = set()
    if not known:
        raise InputError(
            f"{folder} holds no finished result; give a run of 'ganatomy fit' or a folder of 'ganatomy sefa'"
        )
    try:
        relative = folder.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{folder} is not below {base}, where the page is to be; choose another --out") from None
    found = _of_run(folder, summary) if "objective" in known else _of_exploration(folder, summary)
    for entry in found:
        if (folder / entry.href).exists():
            thumbnail = f"{relative}/{entry.thumbnail}" if entry.thumbnail else ""
            yield Entry(entry.part, entry.title, entry.kind, f"{relative}/{entry.href}", entry.caption, thumbnail)


def _of_run(folder: Path, summary: dict[str, Any]) -> Iterator[Entry]:
    part = f"A GAN fitted to points: {summary['objective']}, {summary.get('epochs', '?')} epochs ({folder.name})"
    for name, title, kind, caption in (
        ("figures/final.png", "The fit", "picture", "Blue: real points never trained on. Orange: generated."),
        ("animation.mp4", "The training", "video", "A frame a snapshot."),
        ("figures/film_strip.png", "The training, still", "picture", "Some moments of it, from first to last."),
        ("directions/flows.png", "SeFa on it", "picture", "SeFa's directions beside the exact local ones."),
        ("summary.json", "All numbers", "data", ""),
    ):
        yield Entry(part, title, kind, name, caption, "figures/final.png" if kind == "video" else "")


def _of_exploration(folder: Path, summary: dict[str, Any]) -> Iterator[Entry]:
    part = f"Directions of a generator: {summary.get('name', folder.name)}, {len(summary.get('share', []))} of them"
    for name, title, kind, caption in (
        ("traversal.html", "Play with it", "page", "Sliders for every direction, and what each does in numbers."),
        ("traversal.mp4", "All at once", "video", "A row a sample, a column a direction."),
        ("overview.png", "Where each acts", "picture", "One sample along each direction, and a map of the change."),
        ("directions.json", "The directions", "data", "The vectors are in the file beside it."),
        ("summary.json", "All numbers", "data", ""),
    ):
        yield Entry(
            part, title, kind, name, caption, {"video": "overview.png", "page": "direction_0.png"}.get(kind, "")
        )
