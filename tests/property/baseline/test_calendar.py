"""Civil windows keep their length and their wall times, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.interval import Interval

ZONES = st.sampled_from(
    ["Europe/London", "America/New_York", "Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe", "Etc/UTC"]
)
QUARTER = timedelta(minutes=15)
STARTS = st.integers(0, 3 * 366 * 96).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + n * QUARTER)


@given(ZONES, STARTS, st.integers(1, 96), st.integers(0, 60))
def test_every_interval_has_one_at_its_wall_time_unless_the_clock_skipped_it(
    zone: str, start: datetime, count: int, days_back: int
) -> None:
    window = Interval(start, start + count * QUARTER)
    found = SiteCalendar(zone).same_window(window, QUARTER, days_back)
    assert len(found) == count
    tz = ZoneInfo(zone)
    for n, earlier in enumerate(found):
        wanted = (start + n * QUARTER).astimezone(tz).replace(tzinfo=None) - timedelta(days=days_back)
        late_by = earlier.astimezone(tz).replace(tzinfo=None) - wanted
        # A skipped wall time is read as much later as the clock jumped: an hour, on Lord Howe half.
        assert late_by in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
        if late_by:
            assert wanted.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).replace(tzinfo=None) != wanted


@given(ZONES, STARTS)
def test_an_instant_lies_in_its_civil_day(zone: str, instant: datetime) -> None:
    calendar = SiteCalendar(zone)
    assert instant in calendar.day(calendar.civil_date(instant))
    assert datetime.fromisoformat(calendar.local_iso(instant)) == instant


@given(ZONES, STARTS, st.integers(1, 96))
def test_going_back_no_days_changes_nothing(zone: str, start: datetime, count: int) -> None:
    window = Interval(start, start + count * QUARTER)
    found = SiteCalendar(zone).same_window(window, QUARTER, 0)
    assert list(found) == [start + n * QUARTER for n in range(count)]
