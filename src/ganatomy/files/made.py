"""What ganatomy itself made: told by its mark, and what is to be done with it where something else was wanted.

A folder is known by the mark that its work left in it (see `owned`), a file by what our header says of its format.
What is told is what it was made as, not that it is whole.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from ganatomy.errors import InputError
from ganatomy.files.names import printable
from ganatomy.files.reading import Line, Table, open_input, parse_json, read_input

Kind = Literal["run", "study", "film", "survey", "flows", "model", "generator", "directions"]
Wanted = Literal["generator", "run", "study", "points", "directions", "result"]

MARKS: "dict[str, Kind]" = {
    ".ganatomy": "run",
    ".ganatomy-study": "study",
    ".ganatomy-exploration": "film",
    ".ganatomy-survey": "survey",
}
"""By the names of marks: what folders with them are."""

_FORMATS: "dict[str, Kind]" = {"fitted-gan": "model", "generator": "generator", "directions": "directions"}
_HEADER = 1 << 20  # bytes of a safetensors file; those with a card of ours have fewer
_NOUNS = {
    "run": "a run of 'ganatomy fit'",
    "study": "a study of 'ganatomy compare'",
    "film": "a folder of 'ganatomy sefa'",
    "survey": "a folder of 'ganatomy directions'",
    "flows": "what 'ganatomy sefa' found in a run",
    "model": "the model of a run of 'ganatomy fit'",
    "generator": "a generator of pictures",
    "directions": "a file of directions",
}


class _Format(Table):
    format: Line


class _Named(Table):
    name: Line


class _Header(Table):
    model_config = ConfigDict(extra="allow")

    metadata: dict[str, str] = Field(default={}, alias="__metadata__")


def kind_of(path: str | os.PathLike) -> Kind | None:
    """Say what a folder or file is of all that ganatomy makes; None for anything else, or nothing.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> kind_of(folder), kind_of(folder / "nothing")
    (None, None)
    >>> _ = (folder / ".ganatomy-study").write_text("study")
    >>> kind_of(folder)
    'study'
    """
    path = Path(path)
    try:
        if not path.is_dir():
            return _format_of(path) if path.suffix.lower() == ".safetensors" else None
        names = set(os.listdir(path))
    except (OSError, ValueError, InputError):
        return None
    for mark, kind in MARKS.items():
        if mark in names:
            return kind
    if {"flows.png", "directions.safetensors"} <= names:
        return "flows"
    return None


def _format_of(path: Path) -> Kind | None:
    with open_input(path) as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if 2 <= length <= _HEADER else b"{}"
    card = parse_json(header, path, _Header).metadata.get("ganatomy", "")
    written = parse_json(card, path, _Format).format if card else ""
    return next((kind for name, kind in _FORMATS.items() if written.startswith(f"{name}-")), None)


def run_of(path: str | os.PathLike) -> Path | None:
    """Return the folder of the run that a path is, or is the model of; None if it is neither.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / ".ganatomy").write_text("")
    >>> run_of(folder) == folder, run_of(folder / "figures")
    (True, None)
    """
    path, kind = Path(path), kind_of(path)
    home = path.parent if kind == "model" else path
    return home if kind_of(home) == "run" else None


def instead(path: str | os.PathLike, wanted: Wanted) -> InputError | None:
    """Make the error for what ganatomy made, and is not what was wanted: what it is, and the one thing to do.

    Args:
        path: of the folder or file.
        wanted: a generator of pictures, a finished run, a study, points, a file of directions, or the folder of any
            result.

    Returns:
        None for what was wanted, and for all that ganatomy did not make.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / ".ganatomy").write_text("")
    >>> print(str(instead(folder, "generator")).replace(str(folder), "runs/a"))
    runs/a is a run of 'ganatomy fit', which makes points and no pictures; 'ganatomy sefa runs/a' finds its directions
    """
    kind = kind_of(path)
    if kind is None or kind == wanted:
        return None
    shown, run = printable(os.fspath(path), None), run_of(path)
    if wanted == "result" and kind in MARKS.values():
        if any((Path(path) / name).exists() for name in ("summary.json", "study.json")):
            return None
        return InputError(f"{shown} is {_NOUNS[kind]} that is not finished; the command that made it goes on with it")
    advice = _advice(kind, wanted, shown, Path(path), run)
    return InputError(f"{shown} is {_NOUNS[kind]}{advice}") if advice else None


def _advice(kind: Kind, wanted: Wanted, shown: str, path: Path, run: Path | None) -> str:
    """Say what to do with a thing of one kind where another was wanted."""
    home = None if run is None else printable(run, None)
    if kind == "study" and wanted != "result":
        one = printable(_run_in(path), None)
        if wanted == "points":
            return f", and holds no points; 'ganatomy sample {one} --out samples.csv' writes those of one of its runs"
        return f"; give one of its runs, such as {one}"
    if wanted == "points":
        if kind in ("run", "model"):
            return f", and holds no points; 'ganatomy sample {shown} --out samples.csv' writes some"
        return "; give a file of points"
    if kind in ("film", "survey", "flows") and wanted == "directions":
        return f"; give its directions{'-METHOD' if kind == 'survey' else ''}.safetensors"
    if kind in ("film", "survey"):
        if wanted == "generator":
            return f", and no generator; give the one that it is of{_generator_of(path)}"
        return f"; 'ganatomy report {shown}' shows it"
    if kind == "flows":
        return f"; give the run itself, {printable(path.parent, None)}"
    if kind == "directions":
        return f"; 'ganatomy edit --directions {shown}' moves codes along them"
    if kind == "generator":
        return f"; 'ganatomy sefa {shown}' finds its directions"
    if wanted in ("generator", "directions"):
        return (
            f", which makes points and no pictures; 'ganatomy sefa {home}' finds its directions"
            if home
            else f", which makes points and no pictures; 'ganatomy sample {shown}' writes some"
        )
    if wanted == "study":
        return " alone; ganatomy.load opens it"
    if kind == "model":
        return f"; give the run's folder{f', {home}' if home else ''}"
    return f"; 'ganatomy report {shown}' shows it"


def _generator_of(folder: Path) -> str:
    try:
        return f", {parse_json(read_input(folder / 'summary.json'), folder, _Named).name}"
    except InputError:
        return ""


def _run_in(study: Path) -> Path:
    """Return the first finished run of a study, or a name that stands for one."""
    try:
        names = sorted(name for name in os.listdir(study / "runs") if (study / "runs" / name / "summary.json").exists())
    except OSError:
        names = []
    return study / "runs" / (names[0] if names else "NAME")
