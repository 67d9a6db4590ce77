"""What study.json and record.json must hold: whoever sent the folder, nothing else gets past here.

Text is made fit to be shown in a line as it is read. Keys that are not named here are kept as they are, since older and
newer versions write others. Not guaranteed: that what a folder says of its runs is true.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from ganatomy.files import Count, Line, Table

Seed = Annotated[int, Field(ge=0, lt=1 << 63)]


def _name(text: str) -> str:
    if not 0 < len(text) <= 255 or "/" in text:
        raise ValueError(f"= {ascii(text)[:60]}: is no name: 1 to 255 letters, without a slash")
    return text


Name = Annotated[Line, AfterValidator(_name)]
"""Of points, an objective or an optimizer; pictures are called by it."""


class _Open(Table):
    model_config = ConfigDict(extra="allow")


class Versioned(Table):
    """What every version writes."""

    format: int


class CellTable(Table):
    """A cell: see `judging.records.Cell`."""

    target: Name
    objective: Name
    optimizer: Annotated[Line, Field(min_length=1)]  # two with a slash between them, where the players differ
    lr: float = Field(gt=0)
    variant: Line = ""


class RecordTable(CellTable):
    """A run of a study: its cell, how it ended, and its numbers; what is no number is null."""

    model_config = ConfigDict(extra="allow")

    format: int
    seed: Seed
    status: Literal["finished", "diverged", "failed"]
    reason: Line
    seconds: float | None = Field(ge=0)
    final: dict[Line, float | None]
    floor: dict[Line, float | None]
    floor_spread: dict[Line, float | None]
    low: dict[Line, float | None] = Field(default_factory=dict)  # which runs of before do not have
    high: dict[Line, float | None] = Field(default_factory=dict)
    memory: dict[Line, float | None] = Field(default_factory=dict)
    fingerprint: Line


class _Split(_Open):
    train: Count
    validation: Count
    test: Count


class _Optimizer(_Open):
    lr: float = Field(gt=0)


class _Player(_Open):
    optimizer: _Optimizer


class _Base(_Open):
    epochs: Count
    generator: _Player


class _Identity(_Open):
    targets: dict[Name, _Split] = Field(min_length=1)
    recipe: _Base


class _Executor(_Open):
    backend: Line
    width: Count


class _Machine(_Open):
    processor: Line
    cores: Count
    accelerator: Line = ""


class _Versions(_Open):
    ganatomy: Line
    python: Line
    torch: Line
    numpy: Line
    platform: Line


class StudyTable(_Open):
    """A study: what was asked, of which points, where and when."""

    format: int
    name: Line = ""
    command: str = ""
    call: str = ""
    began: Line
    seconds: float = Field(ge=0)
    made: Count = 0
    judge: Line | None = None
    recipe: Line
    cells: list[CellTable]
    seeds: list[Seed]
    claims: list[dict[str, Line | float]]
    executor: _Executor
    machine: _Machine
    versions: _Versions
    identity: _Identity
