from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rules.wall_positions import WallPositions
from vpp.foundation.interval import Interval

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Etc/UTC", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    "day", [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 29), (10, 25), (4, 5))]
)
@pytest.mark.parametrize("start_h", [-2, 0.5, 17, 23])
def test_counting_gives_what_the_calendar_gives(zone: str, day: datetime, start_h: float) -> None:
    step = timedelta(minutes=30)
    calendar = SiteCalendar(zone)
    window = Interval(day + start_h * HOUR, day + (start_h + 3) * HOUR)
    days_back = list(range(-3, 40))
    expected = [
        [(at - FIRST) // step for at in calendar.same_window(window, step, back)] for back in days_back
    ]
    found = WallPositions(calendar, FIRST, step).on_earlier_days(window, days_back)
    np.testing.assert_array_equal(found, expected)


def test_a_days_own_positions_are_counted_from_the_first_interval() -> None:
    grid = WallPositions(SiteCalendar("Europe/London"), FIRST, HOUR)
    assert grid.of(Interval(FIRST - HOUR, FIRST + 2 * HOUR)).tolist() == [-1, 0, 1]


def test_no_days_give_no_rows() -> None:
    grid = WallPositions(SiteCalendar("Europe/London"), FIRST, HOUR)
    assert grid.on_earlier_days(Interval(FIRST, FIRST + 2 * HOUR), []).shape == (0, 2)
