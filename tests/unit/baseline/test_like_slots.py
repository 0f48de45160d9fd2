from datetime import date, timedelta

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.like_slots import like_slots, week_hours

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
LONDON = SiteCalendar("Europe/London", frozenset({date(2026, 12, 25)}))


def civil(day: str) -> pd.DatetimeIndex:
    """The quarter hours of a civil day in London."""
    start = pd.Timestamp(day, tz="Europe/London")
    end = start + pd.DateOffset(days=1)
    return pd.date_range(start.tz_convert("UTC"), end.tz_convert("UTC"), freq="15min", inclusive="left")


def test_working_days_saturdays_and_sundays_differ() -> None:
    friday, saturday, sunday, monday = (
        like_slots(LONDON, civil(f"2026-03-{day:02d}"), QUARTER) for day in (6, 7, 8, 9)
    )
    assert friday.tolist() == monday.tolist() == list(range(96))
    assert saturday.tolist() == list(range(96, 192))
    assert sunday.tolist() == list(range(192, 288))


def test_a_holiday_is_like_a_sunday() -> None:
    assert like_slots(LONDON, civil("2026-12-25"), QUARTER).tolist() == list(range(192, 288))
    plain = SiteCalendar("Europe/London")
    assert like_slots(plain, civil("2026-12-25"), QUARTER).tolist() == list(range(96))


def test_slots_follow_the_wall_clock_through_a_23_hour_day() -> None:
    labels = like_slots(LONDON, civil("2026-03-29"), QUARTER) - 192
    assert len(labels) == 92
    assert labels.tolist() == [slot for slot in range(96) if not 4 <= slot < 8]  # 01:00 to 02:00 is skipped


def test_an_hour_that_occurs_twice_has_its_labels_twice() -> None:
    labels = like_slots(LONDON, civil("2026-10-25"), QUARTER) - 192
    assert len(labels) == 100
    assert labels.tolist() == [*range(4), *range(4, 8), *range(4, 8), *range(8, 96)]


def test_week_hours_count_from_monday() -> None:
    index = pd.date_range("2026-03-02T00:00Z", periods=168, freq="h")
    day, hour = week_hours(SiteCalendar("UTC"), index)
    np.testing.assert_array_equal(hour, np.arange(168))
    assert day[0] == (date(2026, 3, 2) - date(1970, 1, 1)).days
    assert like_slots(SiteCalendar("UTC"), index, HOUR).max() == 71
