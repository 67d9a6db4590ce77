"""What a study found, as plain data: what its page is written from.

`Cell` to `Judgement` have the names of what `ganatomy.fitting` judges a study with, and whatever has the attributes
named here will do in their place, so that those objects are passed as they are and the page needs to know no more of
them. Numbers that are not known are nan; infinite ones are "never", or of a run that diverged.

Legend: a *cell* is a way to train on a target; a *run* is a cell with a seed; a *floor* is the distance that real
points have.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Cell:
    """A way to train on a target: objective, optimizer and learning rate by name, and in words what else differs."""

    target: str
    objective: str
    optimizer: str
    lr: float
    variant: str = ""


@dataclass(frozen=True)
class Interval:
    """A median over seeds, and an interval that holds the true one with at most this confidence, in [0, 1]."""

    median: float = math.nan
    low: float = math.nan
    high: float = math.nan
    seeds: int = 0
    confidence: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What is said of one run, in both languages, and the epoch from which it had converged, if it did."""

    words: str
    words_zh: str
    converged_at: int | None = None


@dataclass(frozen=True)
class CellSummary:
    """A cell over its seeds.

    Attributes:
        cell: which.
        verdicts: of the runs that did not fail, by seed.
        final_ratio: in floors.
        converged_at: an epoch.
        stability: late spread, in floors.
        seconds: of training.
        words: in English.
        words_zh: in Chinese.
    """

    cell: Cell
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    final_ratio: Interval = Interval()
    converged_at: Interval = Interval()
    stability: Interval = Interval()
    seconds: Interval = Interval()
    words: str = ""
    words_zh: str = ""


@dataclass(frozen=True)
class Difference:
    """Two cells compared by their final distances, seed by seed.

    Attributes:
        a: the one.
        b: the other.
        effect: how many times as far a ends as b.
        low: of the interval of that; nan with too few seeds.
        high: of the interval.
        seeds: how many both have.
        clear: whether the interval leaves out 1.
    """

    a: Cell
    b: Cell
    effect: float
    low: float
    high: float
    seeds: int
    clear: bool


@dataclass(frozen=True)
class Claim:
    """A claim, in both languages; its name is what pictures of it are given for."""

    name: str
    text: str
    text_zh: str


@dataclass(frozen=True)
class Judgement:
    """What the study says of a claim on a target.

    Attributes:
        claim: which.
        verdict: one of `VERDICTS`.
        evidence: statements with their numbers, in English, with "; " between them.
        evidence_zh: in Chinese, with "；" between them.
        target: on which points.
        at: "course" if it is about the course's learning rate, "best" if about each cell's best.
    """

    claim: Claim
    verdict: str
    evidence: str
    evidence_zh: str
    target: str
    at: str = "course"


VERDICTS = ("holds", "does not hold", "not enough seeds", "not in this study")


@dataclass(frozen=True)
class Run:
    """One run, as it ended: "finished", "diverged" or "failed", and why; its folder is below the study's."""

    cell: Cell
    seed: int
    status: str
    reason: str = ""
    final_ratio: float = math.nan
    seconds: float = math.nan
    path: str = ""


@dataclass(frozen=True)
class Target:
    """Points by name, and how many of them train, choose learning rates, and test."""

    name: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Thresholds:
    """Where the words for a run begin.

    Attributes:
        converged: floors below which a run has converged.
        stay: snapshots that it must stay there.
        unstable: floors of late spread from which it is unstable.
        hardly_moved: share of the way to the floor below which it hardly moved.
        collapsed: share of the floor's coverage below which it collapsed.
    """

    converged: float
    stay: int
    unstable: float
    hardly_moved: float
    collapsed: float


@dataclass(frozen=True)
class Setup:
    """What was run, and how to run it again.

    Attributes:
        targets: what was fitted.
        cells: all that were planned.
        seeds: of every cell.
        epochs: of a run.
        recipe: the name of what is the same in all cells.
        thresholds: of the words.
        command: that repeats the study.
        versions: of programs, by name.
        machine: the processor's name.
        cores: of the machine.
        processes: that trained at once.
        together: whether seeds were trained at once in one of them, and so many at most.
        seconds: from start to end; nan if it was not measured.
        date: such as "2026-11-24".
    """

    targets: Sequence[Target]
    cells: Sequence[Cell]
    seeds: Sequence[int]
    epochs: int
    recipe: str
    thresholds: Thresholds
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    cores: int = 0
    processes: int = 0
    together: bool = False
    seconds: float = math.nan
    date: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of the study, or a film.

    Attributes:
        place: where it belongs: "matrix", "curves", "time", "ranking", or "claim:" and the name of a claim.
        image: uint8 (h, w, 3), or the bytes of a PNG, JPEG or GIF file, or of an MP4 film.
        title: what tells it from others of its place; "" if there is one only.
        poster: what shows of a film before it plays, uint8 (h, w, 3) or bytes of a picture.
    """

    place: str
    image: np.ndarray | bytes
    title: str = ""
    poster: np.ndarray | bytes | None = None
