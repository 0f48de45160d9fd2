from datetime import UTC, date, datetime, timedelta

import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import CivilClock
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.day_kind import DayKind

LONDON = CivilClock("Europe/London", frozenset({date(2026, 12, 25)}))
LORD_HOWE = CivilClock("Australia/Lord_Howe")  # clocks move by half an hour: back on 5 April 2026
HAVANA = CivilClock("America/Havana")  # clocks go forward at midnight: 8 March 2026 begins at 01:00


def test_an_ordinary_day_counts_its_minutes() -> None:
    assert LONDON.wall_minutes(date(2026, 6, 1)) == tuple(range(1440))


def test_a_skipped_hour_has_no_minutes_and_a_repeated_one_has_them_twice() -> None:
    short, long = LONDON.wall_minutes(date(2026, 3, 29)), LONDON.wall_minutes(date(2026, 10, 25))
    assert (len(short), len(long)) == (1380, 1500)
    assert [minute for minute in range(1440) if minute not in short] == list(range(60, 120))
    assert [minute for minute in range(1440) if long.count(minute) == 2] == list(range(60, 120))


def test_clocks_that_move_by_half_an_hour_or_at_midnight() -> None:
    assert len(LORD_HOWE.wall_minutes(date(2026, 4, 5))) == 1470
    minutes = HAVANA.wall_minutes(date(2026, 3, 8))
    assert (len(minutes), minutes[0]) == (1380, 60)


@pytest.mark.parametrize(
    "day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 25), date(2026, 12, 26)]
)
def test_a_sites_calendar_agrees(day: date) -> None:
    calendar = SiteCalendar(LONDON.time_zone, LONDON.holidays)
    assert calendar.day(day) == LONDON.day(day)
    assert calendar.day_kind(day) is LONDON.day_kind(day)
    assert calendar.wall_minutes(day) == LONDON.wall_minutes(day)


def test_dates_and_offsets_are_civil() -> None:
    late = datetime(2026, 7, 3, 23, 30, tzinfo=UTC)
    assert LONDON.civil_date(late) == date(2026, 7, 4)
    assert LONDON.utc_offset(late) == timedelta(hours=1)
    assert LONDON.day_kind(date(2026, 12, 25)) is DayKind.HOLIDAY
    with pytest.raises(InvalidInput, match="expected an IANA name"):
        CivilClock("Europe/Lundon")
