"""The page that a demonstration ends with: what was made, shown and linked.

The page stands in a folder and names files in or below it, by paths relative to it, so that the folder can be moved,
renamed or handed on. Not guaranteed: that the files exist; the caller lists what it made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal
from urllib.parse import quote

from ganatomy.errors import InputError, unknown
from ganatomy.pages.page import render

KINDS = ("picture", "video", "page", "data")


@dataclass(frozen=True)
class Entry:
    """One thing that was made.

    Attributes:
        part: the heading it stands under; entries of a part stay together, in the order of the first of each.
        title: what it is.
        kind: a picture or video is shown, a page linked with its thumbnail, data linked by name.
        href: its path from the page's folder, with forward slashes, not quoted.
        caption: what to see in it.
        thumbnail: path of a picture to show of a page or before a video plays; "" for none.
    """

    part: str
    title: str
    kind: Literal["picture", "video", "page", "data"]
    href: str
    caption: str = ""
    thumbnail: str = ""


def index_page(title: str, entries: Sequence[Entry], *, lead: str = "") -> str:
    """Write the page, as the text of one HTML file that stands beside what it links.

    Args:
        title: of the page.
        entries: what was made.
        lead: a sentence or two below the title.

    Raises:
        InputError: an unknown kind; a path that is absolute, leaves the folder or is an address.

    >>> page = index_page("demo", [Entry("Half 1", "Fit", "picture", "runs/终 1/final.png")])
    >>> 'href="runs/%E7%BB%88%201/final.png"' in page
    True
    """
    parts: dict[str, list[dict[str, str]]] = {}
    for entry in entries:
        if entry.kind not in KINDS:
            raise unknown("kind of entry", entry.kind, KINDS)
        linked = {"href": _address(entry.href), "thumbnail": entry.thumbnail and _address(entry.thumbnail)}
        parts.setdefault(entry.part, []).append({**vars(entry), **linked, "path": entry.href})
    return render("index.html", {"title": title, "lead": lead, "parts": list(parts.items())})


def _address(path: str) -> str:
    windows, parts = PureWindowsPath(path), PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or windows.drive or "://" in path or ".." in parts:
        raise InputError(f"'{path}' must be a path in or below the page's folder, with forward slashes")
    return quote(path)
