"""Progress on the terminal or in a notebook: how much of the work is done, what was measured last, the time left.

It goes to standard error, so that what a command prints stays clean; where that is neither a terminal nor a notebook, a
line a tenth of the work is printed instead of a bar. What is said may come from a stranger's file or a user's own code:
it is shown as it is, in one line, without markup.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from ganatomy.files import visible
from ganatomy.terminal import error_console

_LONGEST = 300  # characters of a line


class Silent:
    """Shows nothing."""

    @contextmanager
    def showing(self, total: int, done: int = 0) -> Iterator[None]:
        """Surround the work, of which a part may be done already."""
        yield

    def update(self, done: int, text: str = "") -> None:
        """Take note of how much is done, and what else is to be said."""

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
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._unit, self._rate = unit, rate
        self._total, self._begun, self._began = 1, 0, time.perf_counter()
        self._tenth = 0

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
        columns = (
            TextColumn(f"{self._unit} {{task.completed:.0f}}/{{task.total:.0f}}"),
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        with Bar(*columns, console=self._console) as self._bar:
            self._task = self._bar.add_task("", total=total, completed=done)
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
            assert self._task is not None
            self._bar.update(self._task, completed=done, description=text)
        elif not self._lively and done * 10 // self._total > self._tenth:
            self._tenth = done * 10 // self._total
            self._console.print(Text(f"{self._unit} {done}/{self._total}  {text}"), soft_wrap=True)

    def say(self, text: str) -> None:
        """Say what is being done now."""
        if self._console.is_terminal:
            self._console.print(Text(f"{visible(text)[:_LONGEST]} ...", style="dim"))
