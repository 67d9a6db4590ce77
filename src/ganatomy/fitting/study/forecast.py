"""How far a study is, and how long the rest of it will take: told of its runs as they go, by a clock.

A run that is expected to train for `e` seconds, and has done the share `s` of that, is taken to need

    e (1 - s) / v + o      with v = sum of e ds / sum of dt

over all runs of its kind that were seen training, or over all runs while there are none. So `v` is the speed with all
processes at work, where 1 is what was expected. `o` is what a run needs besides: starting, measuring and drawing; the
median of the runs that ended, or `OVERHEAD` before any did. The rest of the study is what its runs take if each process
makes the next one as it gets free. Nothing is known before a run was seen to train, or ended. Not guaranteed: that the
machine stays as busy as it was.
"""

import heapq
import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

OVERHEAD = 6.0
"""Seconds that a run is taken to need besides its training, before one has ended."""

_ALL = object()  # kinds together


@dataclass
class _Seen:
    """A run under way: since when; the first and the last time that its share grew, and the share then."""

    began: float
    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None

    @property
    def share(self) -> float:
        return self.last[1] if self.last else 0.0

    @property
    def span(self) -> tuple[float, float]:
        """The seconds and the share for which it was seen to train."""
        return (self.last[0] - self.first[0], self.last[1] - self.first[1]) if self.first and self.last else (0.0, 0.0)


class Forecast:
    """What runs that are to be made will take.

    Args:
        expected: seconds of training by the run's name, in the order in which they are begun.
        kinds: what trains alike, by the run's name.
        width: how many are made at once.
        clock: tells the seconds.

    >>> now = 0.0
    >>> forecast = Forecast(dict.fromkeys("abc", 10.0), dict.fromkeys("abc", "gan"), 2, lambda: now)
    >>> for now, share in ((1.0, 0.0), (4.0, 0.2), (5.0, 0.25)):
    ...     forecast.told("a", share)
    ...     forecast.told("b", share)
    >>> round(forecast.left(), 6)  # 15 s more of training and 3 s of the 6 s besides, then 20 s and 6 s for c
    44.0
    """

    def __init__(
        self,
        expected: Mapping[str, float],
        kinds: Mapping[str, Hashable],
        width: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting = {name: max(seconds, 1e-9) for name, seconds in expected.items()}
        self._expected, self._kinds = dict(self._waiting), kinds
        self._width, self._clock = max(width, 1), clock
        self._running: dict[str, _Seen] = {}
        self._trained: list[tuple[Hashable, float, float]] = []  # of runs that ended: kind, expected seconds, seconds
        self._besides: list[float] = []

    def told(self, name: str, share: float) -> None:
        """Take note of the share of its training that a run under way has done; less than before if begun anew."""
        now = self._clock()
        self._waiting.pop(name, None)
        seen = self._running.get(name)
        if seen is None or share < seen.share:
            self._running[name] = seen = _Seen(now)
        if share > seen.share:
            seen.last = (now, share)
            seen.first = seen.first or seen.last

    def ended(self, name: str) -> None:
        """Take note that a run has ended, however it did."""
        seen = self._running.pop(name, None)
        self._waiting.pop(name, None)
        if seen is not None:
            seconds, share = seen.span
            self._trained.append((self._kinds[name], share * self._expected[name], seconds))
            self._besides.append(max(self._clock() - seen.began - seconds, 0.0))

    def share(self, name: str) -> float:
        """Return which share of its whole time a run under way has done, from 0 to 1."""
        seen = self._running.get(name)
        if seen is None:
            return 0.0
        training = self._seconds()(name)
        return training * seen.share / (training + self._overhead())

    def left(self) -> float | None:
        """Return the seconds until the last run will have ended; None if nothing is known yet."""
        seconds, besides, now = self._seconds(), self._overhead(), self._clock()
        if not self._besides and not any(seen.span[1] for seen in self._running.values()):
            return None
        free = []  # when each process is
        for name, seen in self._running.items():
            training = now - seen.first[0] if seen.first and seen.share < 1 else seen.span[0]
            rest = max(besides - (now - seen.began - training), 0.0)
            free.append(seconds(name) * (1 - seen.share) + rest)
        free = sorted(free + [0.0] * (self._width - len(free)))
        last = max(free)
        for name in self._waiting:
            end = heapq.heappop(free) + seconds(name) + besides
            heapq.heappush(free, end)
            last = max(last, end)
        return last

    def _seconds(self) -> Callable[[str], float]:
        """Return what tells the seconds of a run's training, as far as is known now."""
        running = [(name, *seen.span) for name, seen in self._running.items()]
        seen = [*self._trained, *((self._kinds[n], share * self._expected[n], took) for n, took, share in running)]
        sums: dict[Hashable, tuple[float, float]] = {}
        for kind, work, took in seen:
            for key in (kind, _ALL):
                done, spent = sums.get(key, (0.0, 0.0))
                sums[key] = (done + work, spent + took)
        paces = {key: spent / done for key, (done, spent) in sums.items() if done and spent}
        return lambda name: self._expected[name] * paces.get(self._kinds[name], paces.get(_ALL, 1.0))

    def _overhead(self) -> float:
        return statistics.median(self._besides) if self._besides else OVERHEAD
