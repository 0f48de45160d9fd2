from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.calendar import DayClass, SiteCalendar
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)
# Clocks in London went forward on 29 March 2026 at 01:00 UTC and back on 25 October 2026 at 01:00 UTC.
LONDON = SiteCalendar("Europe/London", frozenset({date(2026, 12, 25)}))
TOKYO = SiteCalendar("Asia/Tokyo")  # no clock changes
KATHMANDU = SiteCalendar("Asia/Kathmandu")  # five and three quarter hours ahead
LORD_HOWE = SiteCalendar("Australia/Lord_Howe")  # clocks move by half an hour: back on 5 April 2026


def utc(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


def span(day: str, start: str, end: str) -> Interval:
    return Interval(utc(day, start), utc(day, end))


def clocks(instants: tuple[datetime, ...]) -> list[str]:
    return [f"{at:%m-%d %H:%M}" for at in instants]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 23), DayClass.WEEKDAY),
        (date(2026, 12, 25), DayClass.HOLIDAY),  # a Friday, listed
        (date(2026, 12, 26), DayClass.HOLIDAY),  # a Saturday
        (date(2026, 12, 27), DayClass.HOLIDAY),  # a Sunday
        (date(2026, 12, 28), DayClass.WEEKDAY),
    ],
)
def test_day_class(day: date, expected: DayClass) -> None:
    assert LONDON.day_class(day) is expected


@pytest.mark.parametrize("zone", ["Europe/Lundon", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="expected an IANA name"):
        SiteCalendar(zone)


@pytest.mark.parametrize(
    ("calendar", "instant", "local"),
    [
        (LONDON, utc("2026-03-29", "00:30"), "2026-03-29T00:30:00+00:00"),
        (LONDON, utc("2026-03-29", "01:00"), "2026-03-29T02:00:00+01:00"),
        (LONDON, utc("2026-10-25", "00:30"), "2026-10-25T01:30:00+01:00"),
        (LONDON, utc("2026-10-25", "01:30"), "2026-10-25T01:30:00+00:00"),
        (TOKYO, utc("2026-03-28", "15:00"), "2026-03-29T00:00:00+09:00"),
        (KATHMANDU, utc("2026-03-28", "18:15"), "2026-03-29T00:00:00+05:45"),
    ],
)
def test_local_time_carries_its_offset_and_date(
    calendar: SiteCalendar, instant: datetime, local: str
) -> None:
    assert calendar.local_iso(instant) == local
    assert calendar.civil_date(instant).isoformat() == local[:10]


@pytest.mark.parametrize(
    ("calendar", "day", "length_h"),
    [
        (LONDON, date(2026, 3, 29), 23.0),
        (LONDON, date(2026, 10, 25), 25.0),
        (LONDON, date(2026, 6, 1), 24.0),
        (TOKYO, date(2026, 3, 29), 24.0),
        (LORD_HOWE, date(2026, 4, 5), 24.5),
    ],
)
def test_a_civil_day_has_its_own_length(calendar: SiteCalendar, day: date, length_h: float) -> None:
    assert calendar.day(day).duration == timedelta(hours=length_h)
    assert calendar.day(day).end == calendar.day(day + timedelta(days=1)).start


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        # The day after the 23-hour day, back on it: 01:00 is skipped, and is read an hour later.
        (
            Interval(utc("2026-03-29", "23:00"), utc("2026-03-30", "03:00")),
            ["00:00", "01:00", "01:00", "02:00"],
        ),
        # From the 23-hour day back to a whole day: 01:00 is passed over.
        (span("2026-03-29", "00:00", "03:00"), ["00:00", "02:00", "03:00"]),
        # From after the 25-hour day back to it: the first of the two 01:00 counts.
        (span("2026-10-26", "00:00", "03:00"), ["23:00", "00:00", "02:00"]),
        # From the 25-hour day back: both of its 01:00 are 01:00 the day before.
        (span("2026-10-25", "00:00", "03:00"), ["00:00", "00:00", "01:00"]),
    ],
)
def test_the_same_wall_times_a_day_earlier_in_london(window: Interval, expected: list[str]) -> None:
    found = LONDON.same_window(window, HOUR, 1)
    assert [f"{at:%H:%M}" for at in found] == expected
    assert len(found) == window.duration / HOUR


def test_a_window_of_no_whole_intervals_is_refused() -> None:
    with pytest.raises(InvalidInput, match="whole number"):
        LONDON.same_window(span("2026-03-29", "22:00", "22:59"), HOUR, 1)


def test_a_window_on_its_own_date_is_itself_in_both_of_the_repeated_hours() -> None:
    window = span("2026-10-25", "00:00", "02:00")
    assert clocks(LONDON.same_window(window, HALF, 0)) == [
        "10-25 00:00",
        "10-25 00:30",
        "10-25 01:00",
        "10-25 01:30",
    ]


def test_evening_hours_follow_the_clock_across_both_changes() -> None:
    spring = LONDON.same_window(span("2026-03-30", "16:00", "17:00"), HALF, 3)  # 17:00 summer time, Monday
    assert clocks(spring) == ["03-27 17:00", "03-27 17:30"]  # 17:00 winter time, Friday
    autumn = LONDON.same_window(span("2026-10-26", "17:00", "18:00"), HALF, 3)
    assert clocks(autumn) == ["10-23 16:00", "10-23 16:30"]


@pytest.mark.parametrize("calendar", [TOKYO, KATHMANDU])
def test_without_clock_changes_days_are_24_hours_apart(calendar: SiteCalendar) -> None:
    window = span("2026-03-30", "15:00", "20:00")
    for back in (1, 7, 200):
        shifted = calendar.same_window(window, HALF, back)
        assert shifted[0] == window.start - timedelta(days=back)
        assert {b - a for a, b in pairwise(shifted)} == {HALF}


def test_previous_days_go_back_over_month_and_year() -> None:
    assert list(islice(LONDON.previous_days(date(2026, 1, 2)), 3)) == [
        date(2026, 1, 1),
        date(2025, 12, 31),
        date(2025, 12, 30),
    ]


@pytest.mark.parametrize(
    ("calendar", "day", "expected"),
    [
        (LONDON, date(2026, 3, 29), [0, 1, *range(4, 48)]),
        (LONDON, date(2026, 10, 25), [0, 1, 2, 3, 2, 3, *range(4, 48)]),
        (TOKYO, date(2026, 3, 29), list(range(48))),
        (KATHMANDU, date(2026, 3, 29), list(range(48))),
    ],
    ids=["23 hours", "25 hours", "no clock change", "45-minute offset"],
)
def test_wall_slots_of_a_day(calendar: SiteCalendar, day: date, expected: list[int]) -> None:
    whole = calendar.day(day)
    index = pd.date_range(whole.start, whole.end, freq="30min", inclusive="left")
    found_day, slot = calendar.wall_slots(index, HALF)
    assert set(found_day) == {(day - date(1970, 1, 1)).days}
    np.testing.assert_array_equal(slot, expected)


def test_utc_is_where_it_says() -> None:
    assert LONDON.day(date(2026, 7, 1)).start == datetime(2026, 6, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 24), DayKind.WORKDAY),
        (date(2026, 12, 25), DayKind.HOLIDAY),  # a Friday, listed
        (date(2026, 12, 26), DayKind.SATURDAY),
        (date(2026, 12, 27), DayKind.SUNDAY),
    ],
)
def test_the_kind_of_a_day(day: date, expected: DayKind) -> None:
    assert LONDON.day_kind(day) is expected


def test_a_listed_weekend_day_is_a_holiday() -> None:
    saturday = date(2026, 12, 26)
    assert SiteCalendar("Europe/London", frozenset({saturday})).day_kind(saturday) is DayKind.HOLIDAY


@pytest.mark.parametrize(
    ("calendar", "instant", "offset_h"),
    [
        (LONDON, utc("2026-03-29", "00:59"), 0.0),
        (LONDON, utc("2026-03-29", "01:00"), 1.0),
        (LONDON, utc("2026-10-25", "00:59"), 1.0),
        (LONDON, utc("2026-10-25", "01:00"), 0.0),
        (KATHMANDU, utc("2026-03-29", "01:00"), 5.75),
    ],
)
def test_the_offset_from_utc(calendar: SiteCalendar, instant: datetime, offset_h: float) -> None:
    assert calendar.utc_offset(instant) == offset_h * HOUR


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        (date(2026, 6, 1), time(22), time(0), ("06-01 21:00", "06-01 23:00")),
        (date(2026, 12, 1), time(9, 30), time(17), ("12-01 09:30", "12-01 17:00")),
        (date(2026, 3, 29), time(0), time(0), ("03-29 00:00", "03-29 23:00")),  # 23 hours
        (date(2026, 10, 25), time(0), time(0), ("10-24 23:00", "10-26 00:00")),  # 25 hours
        (date(2026, 3, 29), time(0), time(3), ("03-29 00:00", "03-29 02:00")),
    ],
)
def test_a_window_by_the_clock(day: date, start: time, end: time, expected: tuple[str, str]) -> None:
    window = LONDON.clock_window(day, start, end)
    assert clocks((window.start, window.end)) == list(expected)


def test_a_window_by_the_clock_ends_after_it_begins() -> None:
    with pytest.raises(InvalidInput, match="is not after start"):
        LONDON.clock_window(date(2026, 6, 1), time(22), time(21))
