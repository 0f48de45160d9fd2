from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, event_on, site_of, view_of

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

WEDNESDAY = event_on(MONDAY + 2 * DAY)


def test_the_event_other_events_and_masks_are_hidden_and_the_past_ends_at_the_start() -> None:
    load = daily_load(MONDAY, 1, 2, 3, 4)
    other = Interval(MONDAY + 9 * HOUR, MONDAY + 10 * HOUR + HOUR / 2)  # hides every hour that it touches
    rebound = Interval(MONDAY + 11 * HOUR, MONDAY + 12 * HOUR)
    view = view_of(site_of(load, events=(other,), masked=(rebound,)), WEDNESDAY)
    assert np.flatnonzero(np.isnan(view.visible_kw)).tolist() == [9, 10, 11, 48 + 17, 48 + 18]
    assert np.flatnonzero(np.isnan(view.past_kw)).tolist() == [9, 10, 11, *range(48 + 17, 96)]
    assert np.flatnonzero(np.isnan(view.dispatched_kw)).tolist() == [11, *range(48 + 17, 96)]
    assert load.isna().sum() == 0  # the caller's series stays as it was


def test_actual_reads_the_events_own_day_and_past_reads_earlier_ones() -> None:
    view = view_of(site_of(daily_load(MONDAY, 1, 2, 3)), WEDNESDAY)
    before = Interval(WEDNESDAY.start - 2 * HOUR, WEDNESDAY.start)
    assert view.actual(before).tolist() == [3.0, 3.0]
    np.testing.assert_array_equal(view.past(WEDNESDAY, [1, 2, 3]), [[2, 2], [1, 1], [np.nan, np.nan]])


def test_an_event_may_lie_beyond_the_readings() -> None:
    view = view_of(site_of(daily_load(MONDAY, 1, 2)), event_on(MONDAY + 9 * DAY))
    assert np.isnan(view.actual(view.event)).all()
    assert view.event_day == date(2026, 3, 11)
    early = view_of(site_of(daily_load(MONDAY, 1, 2)), event_on(MONDAY - 2 * DAY))
    assert np.isnan(early.past_kw).all()


def test_every_day_that_an_event_touches_is_an_event_day() -> None:
    night = Interval(MONDAY + 23 * HOUR, MONDAY + DAY + HOUR)
    view = view_of(site_of(daily_load(MONDAY, 1, 2, 3), events=(night,)), WEDNESDAY)
    assert view.event_days == {date(2026, 3, 2), date(2026, 3, 3)}
    until_midnight = Interval(MONDAY + 23 * HOUR, MONDAY + DAY)
    view = view_of(site_of(daily_load(MONDAY, 1, 2, 3), events=(until_midnight,)), WEDNESDAY)
    assert view.event_days == {date(2026, 3, 2)}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (event_on(MONDAY + DAY, length=25 * HOUR), "at most one day"),
        (Interval(MONDAY + DAY + HOUR / 2, MONDAY + DAY + 3 * HOUR / 2), "off the metering grid"),
        (event_on(MONDAY + DAY, length=HOUR / 2), "off the metering grid"),
    ],
)
def test_a_wrong_event_is_refused(event: Interval, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        view_of(site_of(daily_load(MONDAY, 1)), event)


def test_a_civil_day_of_25_hours_is_one_day() -> None:
    site = site_of(daily_load(MONDAY, 1), "Europe/London")
    day = site.calendar.day(date(2026, 10, 25))
    assert day.duration == 25 * HOUR
    assert len(view_of(site, day).index) == 25
    with pytest.raises(InvalidInput, match="at most one day"):
        view_of(site, Interval(day.start, day.end + HOUR))


def test_a_day_counts_24_hours_even_where_the_clock_skips_one() -> None:
    site = site_of(daily_load(MONDAY, 1), "Europe/London")
    noon = site.calendar.day(date(2026, 3, 28)).start + 12 * HOUR
    assert len(view_of(site, Interval(noon, noon + DAY)).index) == 24


@pytest.mark.parametrize(
    ("notice_at", "message"),
    [
        (WEDNESDAY.start + HOUR, "at most the event's start"),
        (datetime(2026, 3, 4, 9, tzinfo=timezone(HOUR)), "expected UTC"),
        (datetime(2026, 3, 4, 9), "expected UTC"),  # noqa: DTZ001  what must be refused
    ],
)
def test_a_wrong_notice_is_refused(notice_at: datetime, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        view_of(site_of(daily_load(MONDAY, 1)), WEDNESDAY, notice_at)


def test_wrong_readings_are_refused() -> None:
    infinite = daily_load(MONDAY, 1, float("inf"))
    with pytest.raises(InvalidInput, match="infinite in places"):
        view_of(site_of(infinite), WEDNESDAY)
    with pytest.raises(InvalidInput, match="expected at least one"):
        view_of(site_of(regular([], MONDAY, HOUR)), WEDNESDAY)
    naive = pd.Series([1.0, 2.0], index=pd.date_range("2026-03-02", periods=2, freq="h"))
    with pytest.raises(InvalidInput, match="DatetimeIndex in UTC"):
        view_of(site_of(naive), WEDNESDAY)
    gappy = pd.Series([1.0, 2.0], index=pd.DatetimeIndex(["2026-03-02", "2026-03-04"], tz="UTC"))
    with pytest.raises(InvalidInput, match="fixed frequency"):
        view_of(site_of(gappy), WEDNESDAY)


def test_a_window_fits_the_grid_or_not() -> None:
    view = view_of(site_of(daily_load(MONDAY, 1)), WEDNESDAY)
    assert view.fits(Interval(MONDAY, MONDAY + HOUR))
    assert not view.fits(Interval(MONDAY, MONDAY + timedelta(minutes=15)))
    assert not view.fits(Interval(MONDAY + HOUR / 2, MONDAY + 3 * HOUR / 2))
