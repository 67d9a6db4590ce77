"""The time left of a study is what a study takes whose processes work as steadily as they are told to."""

import itertools

import pytest

from ganatomy.fitting.study.forecast import OVERHEAD, Forecast


class Study:
    """Makes runs in virtual time: each starts, trains at the speed of its kind, and draws."""

    def __init__(self, runs, width, starting=2.0, drawing=4.0):
        self.runs, self.width, self.starting, self.drawing = runs, width, starting, drawing  # name: (kind, seconds)
        self.now = 0.0

    def play(self, forecast, tick=0.5):
        """Yield (now, seconds left as forecast), tick by tick; the last is at the end."""
        waiting, running = list(self.runs), {}
        for count in itertools.count():
            self.now = count * tick
            for name, began in list(running.items()):
                seconds = self.runs[name][1]
                if self.now - began >= self.starting + seconds + self.drawing:
                    del running[name]
                    forecast.ended(name)
            while waiting and len(running) < self.width:
                running[waiting.pop(0)] = self.now
            for name, began in running.items():
                forecast.told(name, min(max((self.now - began - self.starting) / self.runs[name][1], 0.0), 1.0))
            yield self.now, forecast.left()
            if not running and not waiting:
                return


def forecast(study, expected):
    runs = study.runs
    return Forecast(expected, {name: runs[name][0] for name in runs}, study.width, lambda: study.now)


def test_nothing_is_known_before_a_run_trains_and_then_all_of_it():
    study = Study(dict.fromkeys("abcdef", ("gan", 20.0)), 2)
    seen = list(study.play(forecast(study, dict.fromkeys("abcdef", 5.0))))  # four times as slow as expected
    end = seen[-1][0]
    assert end == 3 * 26
    assert [left for now, left in seen if now <= study.starting + 0.5] == [None] * 6
    for now, left in seen:
        if now > study.starting + 0.5:
            assert left == pytest.approx(end - now, abs=1.0 + abs(OVERHEAD - study.starting - study.drawing))


def test_a_few_last_runs_are_not_taken_for_work_of_all_processes():
    study = Study(dict.fromkeys("abc", ("gan", 20.0)), 2)
    left = dict(study.play(forecast(study, dict.fromkeys("abc", 20.0))))
    assert left[12.0] == pytest.approx(52 - 12, abs=2)  # half of two, and a third one that nobody helps with


def test_each_kind_has_its_own_speed_once_it_was_seen():
    runs = {"a": ("fast", 10.0), "b": ("slow", 40.0), "c": ("fast", 10.0), "d": ("slow", 40.0)}
    study = Study(runs, 1)
    left = dict(study.play(forecast(study, dict.fromkeys(runs, 10.0))))
    end = max(left)
    assert left[5.0] < end - 5 - 30  # the slow ones were expected to be fast
    assert left[30.0] == pytest.approx(end - 30, abs=2)


def test_a_run_begun_anew_counts_from_its_new_beginning():
    now = 0.0
    told = Forecast({"a": 10.0}, {"a": "gan"}, 1, lambda: now)
    for now, share in ((0.0, 0.0), (1.0, 0.1), (5.0, 0.5), (6.0, 0.0)):  # noqa: B007
        told.told("a", share)
    assert told.share("a") == 0
    for now, share in ((8.0, 0.1), (10.0, 0.3)):  # noqa: B007
        told.told("a", share)
    assert told.left() == pytest.approx(7 + OVERHEAD - 2)
    told.ended("a")
    assert told.left() == 0


def test_runs_that_fail_at_once_say_how_long_others_take_to_fail():
    now = 0.0
    told = Forecast(dict.fromkeys("abc", 9.0), dict.fromkeys("abc", "gan"), 1, lambda: now)
    told.told("a", 0.0)
    now = 2.0
    assert told.left() is None
    told.ended("a")
    assert told.left() == pytest.approx(2 * (9 + 2))


def test_no_run_takes_no_time():
    assert Forecast({}, {}, 4).left() is None
