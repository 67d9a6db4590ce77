"""One page that links what result folders hold.

A folder is known by what it holds: a finished run of `ganatomy fit`, exploration of `ganatomy sefa`, survey of
`ganatomy directions`, or study of `ganatomy compare`. The page stands in a folder that all of them are in, and links
them by relative paths, so that the whole can be moved.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import replacing
from ganatomy.pages.index import Entry, index_page

# What a folder may hold, in the page's order: path, title, kind, caption, and what to show of it.
_OF_RUN = (
    ("figures/final.png", "The fit", "picture", "Blue: real points never trained on. Orange: generated.", ""),
    ("animation.mp4", "The training", "video", "A frame a snapshot.", "figures/final.png"),
    ("figures/film_strip.png", "The training, still", "picture", "Some moments of it, from first to last.", ""),
    ("directions/flows.png", "SeFa on it", "picture", "SeFa's directions beside the exact local ones.", ""),
    ("summary.json", "All numbers", "data", "", ""),
)
_OF_EXPLORATION = (
    ("traversal.html", "Play with it", "page", "Sliders for every direction, and what each does.", "direction_0.png"),
    ("traversal.mp4", "All at once", "video", "A row a sample, a column a direction.", "overview.png"),
    ("overview.png", "Where each acts", "picture", "One sample along each direction, and a map of the change.", ""),
    ("directions.json", "The directions", "data", "The vectors are in the file beside it.", ""),
    ("summary.json", "All numbers", "data", "", ""),
)
_OF_STUDY = (
    ("report.html", "The answer", "page", "Which objective and optimizer, over seeds; the claims, judged.", ""),
    ("table.csv", "Every snapshot", "data", "A row a run and snapshot.", ""),
    ("summary.csv", "Every cell", "data", "Medians and intervals over seeds.", ""),
    ("study.json", "What was run", "data", "", ""),
)
_KINDS = "a run of 'ganatomy fit', or a folder of 'ganatomy sefa', 'ganatomy directions' or 'ganatomy compare'"


def write_index(folders: Sequence[str | os.PathLike], out: str | os.PathLike, title: str = "Ganatomy") -> None:
    """Write a page that shows and links the contents of result folders.

    Args:
        folders: of runs, explorations, surveys and studies, in the order of the page.
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
        raise InputError(f"no folders were given; name {_KINDS}")
    entries = [entry for folder in folders for entry in _entries(Path(folder), out.parent)]
    page = index_page(title, entries, lead="Pictures, films and pages, with the numbers behind them.")
    with replacing(out) as part:
        part.write_text(page, encoding="utf-8")


def _entries(folder: Path, base: Path) -> Iterator[Entry]:
    try:
        name = "study.json" if (folder / "study.json").exists() else "summary.json"
        summary = json.loads((folder / name).read_text(encoding="utf-8"))
        known = summary.keys() & {"objective", "method", "methods", "cells"}
    except (OSError, ValueError, AttributeError):
        known = set()
    if not known:
        raise InputError(f"{folder} holds no finished result; give {_KINDS}")
    try:
        relative = folder.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{folder} is not below {base}, where the page is to be; choose another --out") from None
    if "objective" in known:
        part = f"A GAN fitted to points: {summary['objective']}, {summary.get('epochs', '?')} epochs ({folder.name})"
        contents = _OF_RUN
    elif "cells" in known:
        part = f"A study of {len(summary['cells'])} cells: {summary.get('name', folder.name)}"
        contents = _OF_STUDY
    elif "methods" in known:
        methods, count = summary["methods"], len(summary.get("directions", []))
        part = f"Directions by {', '.join(methods)}: {summary.get('name', folder.name)}, {count} of them"
        contents = _of_survey(methods)
    else:
        part = f"Directions of a generator: {summary.get('name', folder.name)}, {len(summary.get('share', []))} of them"
        contents = _OF_EXPLORATION
    for name, title, kind, caption, thumbnail in contents:
        if (folder / name).exists():
            yield Entry(part, title, kind, f"{relative}/{name}", caption, thumbnail and f"{relative}/{thumbnail}")


def _of_survey(methods: Sequence[str]) -> list[tuple[str, str, str, str, str]]:
    """List what a survey may hold; the first picture of its first method stands for its page."""
    page = "Every direction, measured, and the methods beside one another."
    cards = [
        (f"labels-{method}.json", f"Labels ({method})", "data", "For 'ganatomy edit --labels'.", "")
        for method in methods
    ]
    return [
        ("page.html", "What each means", "page", page, f"{methods[0]}-0.png"),
        ("table.csv", "The directions", "data", "A row a direction.", ""),
        *cards,
        ("comparison.json", "The methods compared", "data", "", ""),
        ("summary.json", "All numbers", "data", "", ""),
    ]
