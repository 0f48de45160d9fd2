from datetime import UTC, date, datetime

import numpy as np
import pytest
from support.baseline_sites import DAY, HOUR, day_of, flat_site, site_of, span

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_table import DayTable, days_of_kinds, like_days
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

WORKDAYS = frozenset({DayKind.WORKDAY})


def test_a_window_is_read_at_its_wall_times_on_other_days() -> None:
    table = DayTable.of(site_of(np.arange(24.0 * 4)))
    days = np.array([number_of(day_of(day)) for day in (0, 2, 9)])
    assert table.mean_kw(span(3, 10, 12), day_of(3), days) == pytest.approx([10.5, 58.5, np.nan], nan_ok=True)
    # Over midnight: the second hour lies on the day after.
    assert table.mean_kw(span(3, 23, 25), day_of(3), days[:2]) == pytest.approx([23.5, 71.5])


def test_events_and_gaps_have_no_mean() -> None:
    load = np.full(24 * 4, 100.0)
    load[24 + 10] = np.nan
    table = DayTable.of(site_of(load, events=[span(2, 11, 12)]))
    days = np.array([number_of(day_of(day)) for day in range(3)])
    assert table.mean_kw(span(3, 10, 12), day_of(3), days) == pytest.approx(
        [100.0, np.nan, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("changed", "hours_before", "expected_kw"),
    [
        (date(2026, 3, 29), 23, [np.nan, 1.0]),  # 23 h: 01:00 is skipped
        (date(2026, 10, 25), 25, [1.5, 3.0]),  # 25 h: 01:00 occurs as hours 1 and 2
    ],
)
def test_clock_changes(changed: date, hours_before: int, expected_kw: list[float]) -> None:
    midnight_utc = datetime(changed.year, changed.month, changed.day, tzinfo=UTC)
    # London is an hour ahead on the October morning.
    start = midnight_utc if hours_before == 23 else midnight_utc - HOUR
    site = site_of(np.arange(hours_before + 24.0), start=start)
    table = DayTable.of(site)
    next_day = changed + DAY
    midnight = site.calendar.day(next_day).start
    for wall, expected in zip((1, 2), expected_kw, strict=True):
        window = Interval(midnight + wall * HOUR, midnight + (wall + 1) * HOUR)
        found = table.mean_kw(window, next_day, np.array([number_of(changed)]))
        assert found == pytest.approx([expected], nan_ok=True)


def test_like_days_leave_out_events_and_exclusions_latest_first() -> None:
    site = flat_site(9, events=[span(2, 5, 6)], excluded_dates=frozenset({day_of(3)}))
    first, last = number_of(day_of(0)), number_of(day_of(8))
    dates = [number_of(day_of(day)) for day in range(9)]
    assert like_days(site, WORKDAYS, first, last).tolist() == [dates[n] for n in (8, 7, 4, 1, 0)]
    assert days_of_kinds(site, WORKDAYS, first, last).tolist() == [dates[n] for n in (8, 7, 4, 3, 2, 1, 0)]
