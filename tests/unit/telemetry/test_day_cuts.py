"""Batches are cut at midnight UTC, and every reading is in one piece."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.day_cuts import day_cuts, day_of, whole_days

MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)  # London's day has 23 hours; UTC's has 24
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_batch_of_one_day_is_not_cut() -> None:
    assert day_cuts(MIDNIGHT, HOUR, 24) == ((0, 24, MIDNIGHT, MIDNIGHT + DAY),)
    assert day_cuts(MIDNIGHT + HOUR, HOUR, 1) == ((0, 1, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR),)


def test_a_batch_of_several_days_is_cut_at_each_midnight() -> None:
    start = MIDNIGHT - 2 * HOUR
    assert day_cuts(start, HOUR, 2 + 24 + 1) == (
        (0, 2, start, MIDNIGHT),
        (2, 26, MIDNIGHT, MIDNIGHT + DAY),
        (26, 27, MIDNIGHT + DAY, MIDNIGHT + DAY + HOUR),
    )


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (MIDNIGHT + timedelta(minutes=1), HOUR),
        (MIDNIGHT, timedelta(minutes=7)),
        (MIDNIGHT.replace(tzinfo=timezone(HOUR)), HOUR),
    ],
)
def test_an_interval_across_midnight_is_refused(start: datetime, step: timedelta) -> None:
    with pytest.raises(InvalidInput, match="expected intervals that divide a day, on their grid in UTC"):
        day_cuts(start, step, 3)


def test_whole_days_lie_inside_a_span() -> None:
    assert whole_days(Interval(MIDNIGHT, MIDNIGHT + 2 * DAY)) == [MIDNIGHT, MIDNIGHT + DAY]
    assert whole_days(Interval(MIDNIGHT + HOUR, MIDNIGHT + 2 * DAY)) == [MIDNIGHT + DAY]
    assert whole_days(Interval(MIDNIGHT + HOUR, MIDNIGHT + DAY)) == []
    assert whole_days(Interval(MIDNIGHT - HOUR, MIDNIGHT + DAY - HOUR)) == []
    assert day_of(MIDNIGHT - HOUR) == MIDNIGHT - DAY
