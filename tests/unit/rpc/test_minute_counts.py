"""What is said once a minute, and what is counted instead."""

import logging

import pytest

from vpp.rpc.minute_counts import MinuteCounts, MinuteLog


class Watch:
    """A stopwatch that is set by hand, s."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_first_of_a_minute_is_said_and_the_rest_counted() -> None:
    watch = Watch()
    counts: MinuteCounts[str] = MinuteCounts(10, stopwatch=watch)
    assert [counts.note("a") for _ in range(5)] == [True, False, False, False, False]
    assert counts.take_repeats() == {}  # the minute is not over
    watch.seconds = 60.0
    assert counts.take_repeats() == {"a": 4}
    assert counts.take_repeats() == {}
    assert counts.note("a")
    watch.seconds = 120.0
    assert counts.take_repeats() == {}  # what was said needs no count


def test_minutes_that_nobody_asked_about_add_up() -> None:
    watch = Watch()
    counts: MinuteCounts[str] = MinuteCounts(10, stopwatch=watch)
    for minute in range(3):
        watch.seconds = 60.0 * minute
        counts.note("a")
        counts.note("a")
    watch.seconds = 180.0
    assert counts.take_repeats() == {"a": 3}


def test_kinds_are_bounded() -> None:
    counts: MinuteCounts[int] = MinuteCounts(3, stopwatch=Watch())
    assert [counts.note(kind) for kind in range(1000)].count(True) == 3
    assert [counts.has(kind) for kind in (0, 2, 3)] == [True, True, False]


def test_the_log_stays_short_whatever_comes(caplog: pytest.LogCaptureFixture) -> None:
    minute_log = MinuteLog("vpp.test", most=4)
    with caplog.at_level(logging.WARNING):
        for n in range(1000):
            minute_log.warn(str(n % 10), "it is unknown")
    assert len(caplog.records) == 4
