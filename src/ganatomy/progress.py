"""Progress on the terminal or in a notebook: how much of the work is done, what was measured last, the time left.

It goes to standard error, so that what a command prints stays clean. Where that is neither a terminal nor a notebook,
lines are printed instead of a bar: one a tenth of the work; of what is watched also one as soon as the time left is
known, and one each `PAUSE` seconds. What is said may come from a stranger's file or a user's own code: it is shown as
it is, in one line, without markup.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from ganatomy.files import visible
from ganatomy.terminal import error_console

PAUSE = 300.0
"""Seconds between two lines, where there is no bar, of work whose time is known to be long."""

_LONGEST = 300  # characters of a line
_MOST = 8  # lines of what is under way


def spoken(seconds: float) -> str:
    """Say how long in words.

    >>> spoken(42), spoken(300), spoken(9000)
    ('42 s', '5 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Silent:
    """Shows nothing."""

    @contextmanager
    def showing(self, total: int, done: int = 0) -> Iterator[None]:
        """Surround the work, of which a part may be done already."""
        yield

    def update(self, done: int, text: str = "") -> None:
        """Take note of how much is done, and what else is to be said."""

    def watch(self, lines: Sequence[str], part: float, left: float | None) -> None:
        """Take note of what is under way: a line each, what part of the work it is, and the seconds left, if known."""

    def say(self, text: str) -> None:
        """Say what is being done now."""


def shown(progress: Silent | bool | None, unit: str = "epoch", rate: bool = False) -> Silent:
    """Return what shows the progress of a function's work: by default a bar in a notebook, and nothing in a script.

    Args:
        progress: True or False to show it or not; None for the default; or one's own.
        unit: what is counted, such as "picture".
        rate: whether to say how many of them are done a second.

    >>> type(shown(None)).__name__, type(shown(True)).__name__
    ('Silent', 'Progress')
    """
    if isinstance(progress, Silent):
        return progress
    wanted = error_console().is_jupyter if progress is None else progress
    return Progress(unit, rate) if wanted else Silent()


class Whole(Silent):
    """Shows several stages as one work.

    Args:
        progress: shows it.

    >>> class Told(Silent):
    ...     def update(self, done, text=""): print(done, text)
    >>> whole = Whole(Told())
    >>> with whole.showing(8):
    ...     for text, count in (("reading", 3), ("writing", 5)):
    ...         with whole.stage(text, count):
    ...             whole.update(count)
    3 reading
    8 writing
    """

    def __init__(self, progress: Silent) -> None:
        self._progress, self._before, self._text, self._seen = progress, 0, "", False

    @contextmanager
    def showing(self, total: int, done: int = 0) -> Iterator[None]:
        """Surround the whole work, of which a part may be done already; stages before it are counted, not shown."""
        with self._progress.showing(total, done):
            self._seen = True
            yield
            self._seen = False

    @contextmanager
    def stage(self, text: str, count: int) -> Iterator[None]:
        """Surround a stage of so much work, which `update` counts from 0."""
        if text != self._text:
            self.say(text)
        self._text = text
        yield
        self._before += count

    def update(self, done: int, text: str = "") -> None:
        """Take note of how much of the stage is done."""
        if self._seen:
            self._progress.update(self._before + done, text or self._text)

    def say(self, text: str) -> None:
        """Say what is being done now."""
        self._progress.say(text)


class Progress(Silent):
    """Shows a bar on a terminal, and a few lines elsewhere.

    Args:
        unit: what is counted.
        rate: whether to say how many of them are done a second.
    """

    def __init__(self, unit: str = "epoch", rate: bool = False) -> None:
        self._console = error_console()
        self._bar: _Bar | None = None
        self._unit, self._rate = unit, rate
        self._total, self._begun, self._began = 1, 0, time.perf_counter()
        self._tenth, self._left, self._told = 0, None, None

    @property
    def _lively(self) -> bool:
        return self._console.is_terminal or self._console.is_jupyter

    @contextmanager
    def showing(self, total: int, done: int = 0) -> Iterator[None]:
        """Surround the work, of which a part may be done already."""
        self._total, self._begun, self._began = total, done, time.perf_counter()
        if not self._lively:
            yield
            return
        with _Bar(self._unit, self._console, total, done) as self._bar:
            try:
                yield
            finally:
                self._bar = None

    def update(self, done: int, text: str = "") -> None:
        """Take note of how much is done, and what else is to be said."""
        if self._rate and done > self._begun:
            text = f"{(done - self._begun) / (time.perf_counter() - self._began):.3g} a second  {text}".rstrip()
        text = visible(text)[:_LONGEST]
        if self._bar is not None:
            self._bar.show(done, text)
        elif not self._lively and (done * 10 // self._total > self._tenth or self._due()):
            self._tenth, self._told = done * 10 // self._total, time.perf_counter()
            left = "" if self._left is None or done >= self._total else f"  about {spoken(self._left)} left"
            self._console.print(Text(f"{self._unit} {done}/{self._total}  {text}{left}"), soft_wrap=True)

    def _due(self) -> bool:
        """Tell whether a line is to be printed although little was done since the last."""
        return self._left is not None and (self._told is None or time.perf_counter() - self._told >= PAUSE)

    def watch(self, lines: Sequence[str], part: float, left: float | None) -> None:
        """Take note of what is under way: a line each, what part of the work it is, and the seconds left, if known."""
        self._left = left
        if self._bar is not None:
            more = [f"and {len(lines) - _MOST} more"] * (len(lines) > _MOST)
            self._bar.watch([visible(line)[:_LONGEST] for line in (*lines[:_MOST], *more)], part, left)

    def say(self, text: str) -> None:
        """Say what is being done now."""
        if self._console.is_terminal:
            self._console.print(Text(f"{visible(text)[:_LONGEST]} ...", style="dim"))


class _Left(TimeRemainingColumn):
    """The time left: as it was told, or else by the speed."""

    def render(self, task: Task) -> Text:
        if not task.fields["watched"]:
            return super().render(task)
        left = task.fields["left"]
        return Text("-:--:--" if left is None else f"{left // 3600:.0f}:{left // 60 % 60:02.0f}:{left % 60:02.0f}")


class _Bar(Bar):
    """A bar; where it is watched, under it what was said and a line for each thing that is under way."""

    def __init__(self, unit: str, console: Any, total: int, done: int) -> None:
        columns = (
            TextColumn(f"{unit} {{task.fields[count]}}/{{task.total:.0f}}"),
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            _Left(),
            TextColumn("left"),
        )
        super().__init__(*columns, console=console)
        self._text, self._lines, self._part = "", (), 0.0
        self._only: TaskID = self.add_task("", total=total, completed=done, count=done, watched=False, left=None)

    def show(self, done: int, text: str) -> None:
        self._text, watched = text, self.tasks[0].fields["watched"]
        self.update(self._only, completed=done + self._part, count=done, description="" if watched else text)

    def watch(self, lines: Sequence[str], part: float, left: float | None) -> None:
        self._lines, self._part = lines, part
        self.update(self._only, watched=True, left=left)

    def get_renderables(self) -> Iterable[Any]:
        yield from super().get_renderables()
        if self.tasks and self.tasks[0].fields["watched"]:
            yield Text(self._text, no_wrap=True, overflow="ellipsis")
            for line in self._lines:
                yield Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis")
