from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from support.baseline_sites import DAY, HOUR, at, day_of, flat_site, site_of, span

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.site_days import SiteDays, days_of_sites
from vpp.foundation.errors import InvalidInput

CHANGES = [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)]


@pytest.mark.parametrize(("changed", "hours"), CHANGES)
def test_days_have_the_hours_of_their_clock(changed: date, hours: int) -> None:
    start = datetime(changed.year, changed.month, changed.day, tzinfo=UTC) - 8 * DAY - 5 * HOUR
    days = SiteDays.of(site_of(np.arange(24.0 * 12), start=start))
    day = number_of(changed)
    span_of_day = days.span(day)
    assert span_of_day.stop - span_of_day.start == hours
    assert days.horizon(day).duration == hours * HOUR
    assert days.hours(span_of_day)[[0, -1]].tolist() == [0.0, 23.0]
    whole = days.whole_days()
    assert day in whole
    assert len(whole) == whole[-1] - whole[0] + 1 == 11  # both outer days are cut


@pytest.mark.parametrize(("changed", "hours"), CHANGES)
def test_a_week_before_means_the_same_wall_time(changed: date, hours: int) -> None:
    start = datetime(changed.year, changed.month, changed.day, tzinfo=UTC) - 8 * DAY
    site = site_of(np.arange(24.0 * 12), start=start)
    days = SiteDays.of(site)
    before = days.week_before()
    day = days.span(number_of(changed))
    positions = site.calendar.same_window(days.horizon(number_of(changed)), HOUR, 7)
    expected = [(instant - start) / HOUR for instant in positions]
    assert before[day].tolist() == expected
    assert len(expected) == hours
    # The day a week after the change: a skipped hour has nothing to be held against.
    assert np.isnan(before[: 24 * 6]).all()


def test_a_week_after_a_skipped_hour_that_hour_is_unknown() -> None:
    days = SiteDays.of(site_of(np.ones(24 * 10), start=datetime(2026, 3, 29, tzinfo=UTC)))
    after = days.week_before()[days.span(number_of(date(2026, 4, 5)))]
    assert np.flatnonzero(np.isnan(after)).tolist() == [1]


def test_events_are_not_the_sites_own_use() -> None:
    days = SiteDays.of(flat_site(2, events=[span(0, 5, 6)], masked=[span(1, 7, 8)]))
    assert np.flatnonzero(np.isnan(days.actual_kw)).tolist() == [5, 31]


def test_finer_grids_and_odd_offsets() -> None:
    quarter = SiteDays.of(site_of(np.ones(96 * 2), step=timedelta(minutes=15)))
    assert quarter.slots_per_day == 96
    assert quarter.hours(slice(0, 2)).tolist() == [0.0, 0.25]
    # India is 5:30 ahead: its days begin at 18:30 UTC, between two whole hours.
    india = SiteDays.of(site_of(np.ones(24 * 3), zone="Asia/Kolkata"))
    horizon = india.horizon(number_of(day_of(1)))
    assert (horizon.start, horizon.end) == (at(0, 19), at(1, 19))


def test_an_empty_series_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no intervals"):
        SiteDays.of(site_of(np.zeros(0)))


@pytest.mark.parametrize(
    ("values", "word"),
    [([], "series b: series has no intervals"), ([1.0, np.inf], "series b: load is infinite")],
)
def test_a_series_that_cannot_be_used_is_named(values: list[float], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        days_of_sites({"a": flat_site(1), "b": site_of(values)})
    assert list(days_of_sites({"a": flat_site(1)})) == ["a"]
