"""What a result folder has to show: its main numbers, and its pictures, films and files.

A folder is known by what it holds: a finished run of `ganatomy fit`, a film of `ganatomy sefa`, a survey of `ganatomy
directions`, or a study of `ganatomy compare`. Numbers are read from the files that are written for programs, and a
number that is not there is not shown, so that folders of older versions are shown too. Not guaranteed: that what a
file says of itself is true.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ganatomy.errors import InputError
from ganatomy.files import Line, Stem, Table, instead, parse_json, read_input
from ganatomy.languages import ABSENT, Words, written
from ganatomy.pages.studies import read_study

Kind = Literal["picture", "video", "page", "data"]
KINDS: tuple[Kind, ...] = ("picture", "video", "page", "data")
WHAT = "a run of 'ganatomy fit', or a folder of 'ganatomy sefa', 'ganatomy directions' or 'ganatomy compare'"

_ROWS = 6  # of a table at most; the rest is in the pages that are linked
_MOST = 100_000  # directions of a summary


@dataclass(frozen=True)
class Entry:
    """One thing that was made.

    Attributes:
        title: what it is.
        kind: a picture or video is shown, a page linked with its thumbnail, data linked by name.
        href: its path from the page's folder, with forward slashes, not quoted.
        caption: what to see in it.
        thumbnail: path of a picture to show of a page or before a video plays; "" for none.
    """

    title: str
    kind: Kind
    href: str
    caption: str = ""
    thumbnail: str = ""


@dataclass(frozen=True)
class Number:
    """A number as it is written, what it is of, and what to hold it against."""

    value: str
    name: str
    note: str = ""


@dataclass(frozen=True)
class Part:
    """What one folder has to show.

    Attributes:
        title: what it is.
        lead: a sentence or two on it.
        numbers: the main ones.
        headings: of a table of its best, empty for none; the first two columns are text, the others numbers.
        rows: of that table, as long as `headings` each.
        note: what the rows are.
        entries: what was made.
    """

    title: str
    lead: str = ""
    numbers: Sequence[Number] = ()
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""
    entries: Sequence[Entry] = field(default=())


def part_of(folder: Path, prefix: str, words: Words) -> Part:
    """Read what a result folder has to show.

    Args:
        folder: with a finished result.
        prefix: its path from the page's folder, with forward slashes; the links begin with it.
        words: of the table "index".

    Raises:
        InputError: there is no finished result in it.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "summary.json").write_text('{"name": "faces", "method": "sefa", "share": [0.1]}')
    >>> part_of(folder, "faces", Words("en", "index")).title
    'faces: 1 direction of its latent space, by SeFa'
    """
    name = "study.json" if (folder / "study.json").exists() else "summary.json"
    try:
        content = read_input(folder / name)
        plain = parse_json(content, folder / name)
        kind = next((kind for kind in _KINDS if kind in plain), None) if isinstance(plain, dict) else None
    except InputError:
        kind = None
    if kind is None:
        if other := instead(folder, "result"):
            raise other
        raise InputError(f"{folder} holds no finished result; give {WHAT}")
    shape, read = _KINDS[kind]
    try:
        part = read(folder, parse_json(content, "", shape), words)
    except InputError as error:
        problem = str(error).strip(": ")
        raise InputError(f"{folder / name}: damaged, or of another version ({problem}); make it again") from None
    entries = [_below(entry, prefix) for entry in part.entries if (folder / entry.href).exists()]
    return replace(part, entries=entries)


def _below(entry: Entry, prefix: str) -> Entry:
    thumbnail = entry.thumbnail and f"{prefix}/{entry.thumbnail}"
    return replace(entry, href=f"{prefix}/{entry.href}", thumbnail=thumbnail)


def _entry(words: Words, name: str, kind: Kind, href: str, thumbnail: str = "", told: str = "") -> Entry:
    """Make an entry of the texts of that name."""
    key = f"data_{name}" if kind == "data" else name
    told = told or f"{key}_told"
    return Entry(words(key), kind, href, words(told) if words.has(told) else "", thumbnail)


# A fit


class _Metric(Table):
    value: float | None = None
    floor: float | None = None
    ratio: float | None = None


class _Run(Table):
    objective: Line
    optimizer: Line = ""
    recipe: Line = ABSENT
    epochs: Line | int = ABSENT
    seed: Line | int = ABSENT
    train_size: Line | int = ABSENT
    heldout_size: Line | int = ABSENT
    seconds_training: float | None = None
    metrics: dict[Line, _Metric] = Field(default_factory=dict)


def _run(folder: Path, summary: _Run, words: Words) -> Part:
    how = {key: getattr(summary, key) for key in ("recipe", "epochs", "seed")}
    sizes = {"train": summary.train_size, "heldout": summary.heldout_size}
    return Part(
        words("run", objective=written(summary.objective), optimizer=written(summary.optimizer)),
        words("run_how", **how, **sizes, folder=folder.name),
        list(_run_numbers(summary, words)),
        entries=[
            _entry(words, "fit", "picture", "figures/final.png"),
            _entry(words, "film", "video", "animation.mp4", "figures/final.png"),
            _entry(words, "strip", "picture", "figures/film_strip.png"),
            _entry(words, "flows", "picture", "directions/flows.png"),
            _entry(words, "summary", "data", "summary.json"),
        ],
    )


def _run_numbers(summary: _Run, words: Words) -> Iterator[Number]:
    distance, *shares = (summary.metrics.get(name, _Metric()) for name in ("wasserstein2", "recall", "coverage"))
    if distance.ratio is not None:
        yield Number(words.ratio(distance.ratio), words("ratio"), words("ratio_note"))
    for name, share in zip(("recall", "coverage"), shares, strict=True):
        if share.value is not None:
            floor = words.number(share.floor)
            yield Number(words.number(share.value), words(name), words("real_note", floor=floor))
    if summary.seconds_training is not None:
        yield Number(words.seconds(summary.seconds_training), words("training"))


# Directions: of one method with a film, or of several with labels


class _Effect(Table):
    ratio: float | None = None
    consistency: float | None = None


class _Row(_Effect):
    name: Line = ""
    label: Line | None = None


class _Film(Table):
    name: Line | None = None
    method: Line
    share: tuple[float, ...] = Field(default=(), max_length=_MOST)
    labels: tuple[Line | None, ...] = ()
    effects: tuple[_Effect, ...] = ()


class _Survey(Table):
    name: Line | None = None
    methods: tuple[Stem, ...] = Field(min_length=1)
    directions: tuple[_Row, ...] = Field(default=(), max_length=_MOST)


class _Meaning(Table):
    name: Line
    label: dict[Line, Line | None]


class _Labels(Table):
    meanings: tuple[_Meaning, ...] = ()


def _film(folder: Path, summary: _Film, words: Words) -> Part:
    labels = summary.labels or [None] * len(summary.share)
    effects = summary.effects or [_Effect()] * len(summary.share)
    rows = [
        _Row(name=f"{summary.method} {k}", label=label, ratio=effect.ratio, consistency=effect.consistency)
        for k, (label, effect) in enumerate(zip(labels, effects, strict=False))
    ]
    return _directions(summary.name or folder.name, [summary.method], rows, _film_entries(words), words)


def _survey(folder: Path, summary: _Survey, words: Words) -> Part:
    rows = list(_survey_rows(folder, summary, words))
    entries = _survey_entries(summary.methods, words)
    return _directions(summary.name or folder.name, summary.methods, rows, entries, words)


def _directions(name: str, methods: Sequence[str], rows: list[_Row], entries: list[Entry], words: Words) -> Part:
    ratios = [row.ratio for row in rows if row.ratio is not None]
    numbers = []
    if any(row.label for row in rows):
        named = sum(bool(row.label) for row in rows)
        numbers.append(Number(words("n_of", n=named, all=len(rows)), words("named")))
    if ratios:
        numbers.append(Number(words.ratio(max(ratios)), words("strongest")))
    rows.sort(key=lambda row: (not row.label, -(row.ratio or 0.0)))
    columns = ("direction", "label", "over", "consistency") if numbers else ()
    told = words("some_directions" if len(rows) > _ROWS else "all_directions", n=min(len(rows), _ROWS), all=len(rows))
    table = [
        (row.name, row.label or ABSENT, words.ratio(row.ratio), words.number(row.consistency)) for row in rows[:_ROWS]
    ]
    titles = [words(f"method_{method}") if words.has(f"method_{method}") else method for method in methods]
    return Part(
        words.count("sefa", len(rows), name=name, methods=words.listed(titles)),
        numbers=numbers,
        headings=[words(f"col_{column}") for column in columns],
        rows=table if columns else [],
        note=told if columns else "",
        entries=entries,
    )


def _survey_rows(folder: Path, summary: _Survey, words: Words) -> Iterator[_Row]:
    """List the directions of a survey, with their labels in the page's language where the labels' files have it."""
    labels = {}
    for method in summary.methods:
        path = folder / f"labels-{method}.json"
        if path.exists():
            for meaning in parse_json(read_input(path), path.name, _Labels).meanings:
                labels[meaning.name] = meaning.label.get(words.language)
    for row in summary.directions:
        yield row.model_copy(update={"label": labels.get(row.name, row.label)})


def _film_entries(words: Words) -> list[Entry]:
    return [
        _entry(words, "play", "page", "traversal.html", "direction_0.png"),
        _entry(words, "at_once", "video", "traversal.mp4", "overview.png"),
        _entry(words, "where", "picture", "overview.png"),
        _entry(words, "directions", "data", "directions.json", told="data_vectors_told"),
        _entry(words, "summary", "data", "summary.json"),
    ]


def _survey_entries(methods: Sequence[str], words: Words) -> list[Entry]:
    """List what a survey may hold; the first picture of its first method stands for its page."""
    cards = [
        Entry(words("data_labels", method=method), "data", f"labels-{method}.json", words("data_labels_told"))
        for method in methods
    ]
    return [
        _entry(words, "means", "page", "page.html", f"{methods[0]}-0.png"),
        _entry(words, "directions", "data", "table.csv", told="data_row_told"),
        *cards,
        _entry(words, "comparison", "data", "comparison.json"),
        _entry(words, "summary", "data", "summary.json"),
    ]


# A study


class _Study(Table):
    name: Line | None = None
    cells: tuple[Any, ...]
    seeds: tuple[Any, ...] = ()
    judge: Line | None = None


def _study(folder: Path, summary: _Study, words: Words) -> Part:
    cells, seeds = len(summary.cells), len(summary.seeds)
    told = read_study(folder, summary.judge, words)
    runs = {"runs": words.count("n_runs", cells * seeds), "seeds": words.count("n_seeds", seeds)}
    how = words("study_how", **runs) if seeds else ""
    return Part(
        words.count("study", cells, name=summary.name or folder.name),
        words.sentences(told.answer, how),
        headings=told.headings,
        rows=told.rows[:_ROWS],
        note=words(
            "some_cells" if len(told.rows) > _ROWS else "all_cells", metric=told.metric, n=_ROWS, all=len(told.rows)
        )
        if told.rows
        else "",
        entries=_study_entries(folder, words),
    )


def _study_entries(folder: Path, words: Words) -> list[Entry]:
    """List what a study may hold: the pictures of its first target stand for all."""

    def first(pattern: str) -> str:
        return next((f"figures/{path.name}" for path in sorted((folder / "figures").glob(pattern))), "figures/none")

    matrix, ranking = first("matrix-*.png"), first("ranking-*.png")
    thumbnail = matrix if matrix != "figures/none" else ""
    return [
        _entry(words, "report", "page", "report.html", thumbnail),
        _entry(words, "matrix", "video", first("matrix-*.mp4"), thumbnail),
        _entry(words, "ranking", "picture", ranking),
        _entry(words, "snapshots", "data", "table.csv"),
        _entry(words, "cells", "data", "summary.csv"),
        _entry(words, "study", "data", "study.json"),
    ]


_KINDS: Mapping[str, tuple[type[Table], Callable[[Path, Any, Words], Part]]] = {
    "objective": (_Run, _run),
    "cells": (_Study, _study),
    "methods": (_Survey, _survey),
    "method": (_Film, _film),
}
"""By the key that tells them: what the summary must hold, and what makes a part of it."""
