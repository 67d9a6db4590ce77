"""One page that shows and links what result folders hold.

The page stands in a folder that all of them are in, and names files in or below it, by paths relative to it, so that
the folder can be moved, renamed or handed on.
"""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

from ganatomy.errors import InputError, unknown
from ganatomy.files import replacing
from ganatomy.languages import Words
from ganatomy.pages.page import render
from ganatomy.pages.results import KINDS, WHAT, Entry, Part, part_of


def report(
    folders: Sequence[str | os.PathLike],
    out: str | os.PathLike = "index.html",
    *,
    title: str = "Ganatomy",
    language: str | None = None,
) -> None:
    """Write a page that shows the main numbers of result folders, and shows and links what they hold.

    Args:
        folders: of `ganatomy fit`, `sefa`, `directions` and `compare`, in the order of the page.
        out: the .html file, in a folder that holds all the others.
        title: of the page.
        language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

    Raises:
        InputError: a folder that holds no finished result, or is not below the page's; an unknown language; a file that
            cannot be written.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "faces").mkdir()
    >>> _ = (folder / "faces" / "summary.json").write_text('{"name": "faces", "method": "sefa", "share": [0.1]}')
    >>> _ = (folder / "faces" / "traversal.html").write_text("")
    >>> report([folder / "faces"], folder / "index.html")
    >>> 'href="faces/traversal.html"' in (folder / "index.html").read_text(encoding="utf-8")
    True
    """
    out, words = Path(out), Words(language, "fit", "index")
    if out.suffix != ".html":
        raise InputError(f"{out}: the page is HTML; let its name end in .html")
    if not folders:
        raise InputError(f"no folders were given; name {WHAT}")
    parts = [part_of(Path(folder), _below(Path(folder), out.parent), words) for folder in folders]
    page = index_page(title, parts, lead=words("lead"), language=words.language)
    with replacing(out) as file:
        file.write(page.encode(errors="replace"))


def _below(folder: Path, base: Path) -> str:
    try:
        return folder.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{folder} is not below {base}, where the page is to be; choose another `out`") from None


def index_page(title: str, parts: Sequence[Part], *, lead: str = "", language: str | None = None) -> str:
    """Write the page, as the text of one HTML file that stands beside what it links.

    Args:
        title: of the page.
        parts: what was made.
        lead: a sentence or two below the title.
        language: "en" or "zh"; None for what GANATOMY_LANGUAGE says, or English.

    Raises:
        InputError: an unknown kind or language; a path that is absolute, leaves the folder or is an address.

    >>> page = index_page("demo", [Part("Half 1", entries=[Entry("Fit", "picture", "runs/终 1/final.png")])])
    >>> 'href="runs/%E7%BB%88%201/final.png"' in page
    True
    """
    words = Words(language, "fit", "index")
    shown = [{**vars(part), "entries": [_linked(entry) for entry in part.entries]} for part in parts]
    values = {"title": title, "lead": lead, "parts": shown, "t": words, "language": words.language}
    return render("index.html", values)


def _linked(entry: Entry) -> dict[str, str]:
    if entry.kind not in KINDS:
        raise unknown("kind of entry", entry.kind, KINDS)
    thumbnail = entry.thumbnail and _address(entry.thumbnail)
    return {**vars(entry), "href": _address(entry.href), "thumbnail": thumbnail, "path": entry.href}


def _address(path: str) -> str:
    windows, parts = PureWindowsPath(path), PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or windows.drive or "://" in path or ".." in parts:
        raise InputError(f"'{path}' must be a path in or below the page's folder, with forward slashes")
    return quote(path, errors="surrogateescape")  # of a file whose name is no UTF-8
