"""What a study was made of and with, as its page says it.

Legend: a *cell* is a way to train on a target; a *run* is a cell with a seed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ganatomy.fitting.study.judging.records import Cell


@dataclass(frozen=True)
class Split:
    """Points by name, and how many of them train, choose learning rates, and test."""

    name: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Setup:
    """What was run, and how to run it again.

    Attributes:
        targets: what was fitted.
        cells: all that were planned.
        seeds: of every cell.
        epochs: of a run.
        recipe: the name of what is the same in all cells.
        command: that repeats the study; "" if it was begun from Python.
        call: of Python that repeats it; "" if it is not known.
        versions: of programs, by name.
        machine: the processor's name.
        cores: of the machine.
        processes: that trained at once.
        by_seed: whether each seed splits the points, as `ganatomy.fit` does; in older studies all shared one split.
        together: whether seeds were trained at once in one of them, and so many at most.
        seconds: from start to end; nan if it was not measured.
        date: such as "2026-11-24".
    """

    targets: Sequence[Split]
    cells: Sequence[Cell]
    seeds: Sequence[int]
    epochs: int
    recipe: str
    command: str
    call: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    cores: int = 0
    processes: int = 0
    by_seed: bool = True
    together: bool = False
    seconds: float = math.nan
    date: str = ""
