"""Progress on the terminal: epoch, both losses, the distance over its floor, the time left.

It goes to standard error, so that what a command prints stays clean; where that is no terminal, a line a tenth of
the training is printed instead of a bar.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Silent:
    """Shows nothing."""

    @contextmanager
    def showing(self, epochs: int, done: int = 0) -> Iterator[None]:
        """Surround the training, of which some epochs may be done already."""
        yield

    def update(self, epoch: int, losses: tuple[float, float], ratio: float | None = None) -> None:
        """Take note of a finished epoch, the losses (discriminator, generator), and the distance over its floor."""

    def say(self, text: str) -> None:
        """Say what is being done now."""


class Progress(Silent):
    """Shows a bar on a terminal, and a few lines elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._epochs = 1
        self._tenth = 0

    @contextmanager
    def showing(self, epochs: int, done: int = 0) -> Iterator[None]:
        """Surround the training, of which some epochs may be done already."""
        self._epochs = epochs
        if not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        with Bar(*columns, console=self._console) as self._bar:
            self._task = self._bar.add_task("", total=epochs, completed=done)
            yield
        self._bar = None

    def update(self, epoch: int, losses: tuple[float, float], ratio: float | None = None) -> None:
        """Take note of a finished epoch, the losses (discriminator, generator), and the distance over its floor."""
        text = f"D {losses[0]:+.3f}  G {losses[1]:+.3f}" + ("" if ratio is None else f"  distance {ratio:.3g} x floor")
        if self._bar is not None:
            self._bar.update(self._task, completed=epoch, description=text)
        elif not self._console.is_terminal and epoch * 10 // self._epochs > self._tenth:
            self._tenth = epoch * 10 // self._epochs
            self._console.print(f"epoch {epoch}/{self._epochs}  {text}", soft_wrap=True)

    def say(self, text: str) -> None:
        """Say what is being done now."""
        if self._console.is_terminal:
            self._console.print(f"[dim]{text} ...[/dim]")
