"""What is read of strangers, as kinds of samples: how an honest one is made, how it is read, how it is attacked.

A sample lies in a folder of its own, and one name in it, the *target*, is what a reader is given. An attack changes the
folder in place. Everything random comes from the `Random` that is given, so that a case follows from its seed.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECRET = 1234567.0987  # a number that stands outside a sample's folder only


@dataclass(frozen=True)
class Place:
    """Where a case is played: the sample's folder, what lies outside it, and a shelf of what is made once.

    Attributes:
        folder: of the sample, `inside`.
        target: what the reader is given.
        outside: a folder of somebody else's, which nothing may change.
        shelf: a folder where what costs much to make is kept between cases.
        random: of the case.
    """

    folder: Path
    target: Path
    outside: Path
    shelf: Path
    random: Random

    @property
    def canary(self) -> Path:
        """A file that is there only after foreign code ran."""
        return self.outside / "ran"

    def kept(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return a file of the shelf, made if it is not there yet."""
        path = self.shelf / name
        if not path.exists():
            self.shelf.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"part-{name}")
            make(part)
            part.rename(path)
        return path

    def take(self, name: str, make: Callable[[Path], object]) -> None:
        """Put a file of the shelf in the place of the target."""
        self.target.unlink(missing_ok=True)
        shutil.copyfile(self.kept(name, make), self.target)


Attack = Callable[[Place], object]


@dataclass(frozen=True)
class Kind:
    """One kind of what is read.

    Attributes:
        name: of the kind.
        target: the name in the folder that the reader is given; "" for the folder itself.
        samples: each writes an honest sample into an empty folder.
        read: reads it as users do, all of it.
        attacks: what is done to a sample, by name.
        every: of how many rounds it takes part in one; more for what is slow.
        may_read: names of files outside that it may have read, as it says where others lie.
        work: seconds of the processor that reading an honest sample may take besides, where pictures are drawn.
    """

    name: str
    target: str
    samples: tuple[Callable[[Path], object], ...]
    read: Callable[[Path], object]
    attacks: Mapping[str, Attack] = field(default_factory=dict)
    every: int = 1
    work: float = 0.0
    may_read: tuple[str, ...] = ()
