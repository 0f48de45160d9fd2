from datetime import timedelta

import numpy as np
from support.rule_cases import DAY, HOUR, MONDAY

from vpp.baseline.rules.other_series import mean_on_day, on_intervals
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

DAY_SPAN = Interval(MONDAY, MONDAY + DAY)


def test_a_days_mean_is_known_only_as_a_whole() -> None:
    three_hours = regular(np.arange(8.0), MONDAY, timedelta(hours=3))
    assert mean_on_day(three_hours, DAY_SPAN) == 3.5
    assert np.isnan(mean_on_day(three_hours[:-1], DAY_SPAN))
    three_hours.iloc[2] = np.nan
    assert np.isnan(mean_on_day(three_hours, DAY_SPAN))
    assert np.isnan(mean_on_day(regular([1.0], MONDAY - 9 * DAY, HOUR), DAY_SPAN))


def test_values_that_begin_within_the_day_are_of_it() -> None:
    # A day that begins at 00:30 between three-hourly values: those of 03:00 to 24:00.
    shifted = Interval(MONDAY + HOUR / 2, MONDAY + DAY + HOUR / 2)
    values = regular(np.arange(9.0), MONDAY, timedelta(hours=3))
    assert mean_on_day(values, shifted) == np.mean(np.arange(1.0, 9.0))


def test_beyond_its_ends_a_series_is_unknown() -> None:
    span = Interval(MONDAY - HOUR, MONDAY + 2 * HOUR)
    np.testing.assert_array_equal(on_intervals(regular([5.0], MONDAY, HOUR), span, HOUR), [np.nan, 5, np.nan])


def test_an_average_over_an_unknown_part_is_unknown() -> None:
    finer = regular([1.0, np.nan, 3.0, 5.0], MONDAY, HOUR / 2)
    found = on_intervals(finer, Interval(MONDAY, MONDAY + 2 * HOUR), HOUR)
    np.testing.assert_array_equal(found, [np.nan, 4.0])
