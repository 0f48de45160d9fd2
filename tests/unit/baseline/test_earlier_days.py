from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.earlier_days import EarlierDays, LoadStretch
from vpp.foundation.interval import Interval

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONDON = SiteCalendar("Europe/London", frozenset({date(2026, 4, 3)}))
SUMMER_BEGINS = date(2026, 3, 29)  # a Sunday of 23 hours
WINTER_BEGINS = date(2026, 10, 25)  # a Sunday of 25 hours


def civil_day(day: date) -> Interval:
    return LONDON.day(day)


def test_rows_are_the_days_before_at_the_same_wall_times() -> None:
    # Tuesday 31 March is two days after the clocks went forward.
    evening = Interval(datetime(2026, 3, 31, 16, tzinfo=UTC), datetime(2026, 3, 31, 18, tzinfo=UTC))
    earlier = EarlierDays.of(LONDON, evening, HOUR, 3)
    assert earlier.days == (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30))
    assert [earlier.first_start(k).hour for k in range(3)] == [17, 16, 16]
    assert earlier.is_off.tolist() == [[True, True], [True, True], [False, False]]
    assert earlier.is_off_ahead.tolist() == [False, False]


@pytest.mark.parametrize(("day", "hours"), [(SUMMER_BEGINS, 23), (WINTER_BEGINS, 25), (date(2026, 3, 3), 24)])
def test_there_are_as_many_columns_as_the_day_has_hours(day: date, hours: int) -> None:
    earlier = EarlierDays.of(LONDON, civil_day(day), HOUR, 7)
    assert earlier.starts.shape == earlier.is_off.shape == (7, hours)
    assert earlier.is_off_ahead.shape == (hours,)


def test_a_holiday_and_a_day_that_crosses_into_one_are_told_apart_by_interval() -> None:
    # From noon of Thursday 2 April to noon of Good Friday.
    span = Interval(datetime(2026, 4, 2, 11, tzinfo=UTC), datetime(2026, 4, 3, 11, tzinfo=UTC))
    earlier = EarlierDays.of(LONDON, span, HOUR, 1)
    assert earlier.is_off_ahead.tolist() == [False] * 12 + [True] * 12
    assert not earlier.is_off.any()


def test_errors_are_found_by_wall_time_across_the_change_of_clocks() -> None:
    # One value per hour of UTC, numbered from midnight of 27 March.
    first = datetime(2026, 3, 27, tzinfo=UTC)
    stretch = LoadStretch(first, HOUR, np.arange(5 * 24.0))
    evening = Interval(datetime(2026, 3, 30, 17, tzinfo=UTC), datetime(2026, 3, 30, 18, tzinfo=UTC))
    earlier = EarlierDays.of(LONDON, evening, HOUR, 3)
    # 18:00 in London was 18:00 UTC on the 27th and 28th, 17:00 UTC on the 29th.
    assert earlier.matrix(stretch).tolist() == [[18.0], [24 + 18.0], [48 + 17.0]]


def test_what_lies_outside_or_off_the_grid_is_unknown() -> None:
    first = datetime(2026, 3, 3, tzinfo=UTC)
    stretch = LoadStretch(first, HOUR, np.array([1.0, np.nan, 3.0]))
    at = [first - HOUR, first, first + HOUR, first + 2 * HOUR, first + 3 * HOUR, first + HOUR / 2]
    micros = np.array([round(instant.timestamp() * 1e6) for instant in at])
    np.testing.assert_array_equal(stretch.at(micros), [np.nan, 1.0, np.nan, 3.0, np.nan, np.nan])


def test_each_day_may_have_a_stretch_of_its_own_or_none() -> None:
    span = civil_day(date(2026, 3, 5))
    earlier = EarlierDays.of(LONDON, span, HOUR, 2)
    stretch = LoadStretch(span.start - DAY, HOUR, np.full(24, 7.0))
    rows = earlier.matrix([None, stretch])
    assert np.isnan(rows[0]).all()
    assert (rows[1] == 7.0).all()


def test_stretches_are_joined_and_the_later_one_given_holds() -> None:
    first = datetime(2026, 3, 3, tzinfo=UTC)
    one = LoadStretch(first, HOUR, np.array([1.0, 2.0]))
    two = LoadStretch(first + HOUR, HOUR, np.array([5.0]))
    far = LoadStretch(first + 4 * HOUR, HOUR, np.array([9.0]))
    coarse = LoadStretch(first, 2 * HOUR, np.array([100.0]))
    joined = LoadStretch.joined([one, two, far, coarse], HOUR)
    assert joined is not None
    assert joined.start_at == first
    np.testing.assert_array_equal(joined.values_kw, [1.0, 5.0, np.nan, np.nan, 9.0])
    assert joined.end_at == first + 5 * HOUR
    assert LoadStretch.joined([coarse], HOUR) is None


def test_too_few_days_of_errors_are_none() -> None:
    earlier = EarlierDays.of(LONDON, civil_day(date(2026, 3, 20)), HOUR, 16)
    errors_kw = np.full((16, 24), np.nan)
    errors_kw[3:, 5] = 1.0  # thirteen days of which one hour is known
    assert earlier.past_errors(errors_kw) is None
    errors_kw[0, 0] = 2.0
    past = earlier.past_errors(errors_kw)
    assert past is not None
    assert past.days == (earlier.days[0], *earlier.days[3:])
    assert past.error_kw.shape == (14, 24)
    assert past.error_kw[0, 0] == 2.0
