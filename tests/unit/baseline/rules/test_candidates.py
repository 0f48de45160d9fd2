from datetime import date
from typing import Any

import numpy as np
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, days_of, event_on, site_of, view_of

from vpp.baseline.rules.candidates import (
    Candidates,
    earliest_offset,
    eligible_days_back,
    known_mean,
    like_days,
    screened,
)
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import DayPool

LEVELS = [float(n) for n in range(1, 22)]  # three weeks; the level is the day of the run
EVENT = event_on(MONDAY + 21 * DAY)  # a Monday


def pool_of(**fields: Any) -> DayPool:  # noqa: ANN401  a test replaces any field
    return DayPool.model_validate(days_of(**fields))


def days_found(
    pool: DayPool,
    *,
    lookback_days: int = 45,
    rank_by_day: bool = False,
    **site: Any,  # noqa: ANN401  as above
) -> list[int]:
    view = view_of(site_of(daily_load(MONDAY, *LEVELS), **site), EVENT)
    days = like_days(view, pool, pool.classes[0], lookback_days, rank_by_day=rank_by_day)
    return [int(back) for back in days.days_back]


def test_only_earlier_days_of_the_class_count() -> None:
    assert days_found(pool_of()) == [3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21]


def test_the_last_day_of_the_look_back_counts() -> None:
    assert days_found(pool_of(), lookback_days=7) == [3, 4, 5, 6, 7]
    assert days_found(pool_of(), lookback_days=6) == [3, 4, 5, 6]


def test_events_outages_and_holidays_do_not_count() -> None:
    event = Interval(MONDAY + 18 * DAY + 3 * HOUR, MONDAY + 18 * DAY + 4 * HOUR)  # 3 days before
    found = days_found(
        pool_of(),
        lookback_days=7,
        events=(event,),
        excluded_dates=frozenset({date(2026, 3, 19)}),  # 4 days before
        holidays=[date(2026, 3, 18)],  # 5 days before
    )
    assert found == [6, 7]


def test_a_masked_window_does_not_count_and_a_mask_elsewhere_does_not_matter() -> None:
    rebound = Interval(MONDAY + 18 * DAY + 18 * HOUR, MONDAY + 18 * DAY + 20 * HOUR)
    assert days_found(pool_of(), lookback_days=4, masked=(rebound,)) == [4]
    assert days_found(pool_of(complete_ratio=0.5), lookback_days=4, masked=(rebound,)) == [3, 4]
    morning = Interval(MONDAY + 18 * DAY + 3 * HOUR, MONDAY + 18 * DAY + 4 * HOUR)
    assert days_found(pool_of(), lookback_days=4, masked=(morning,)) == [3, 4]
    assert days_found(pool_of(), lookback_days=4, masked=(morning,), rank_by_day=True) == [4]


def test_a_day_of_which_nothing_is_known_never_counts() -> None:
    whole = Interval(MONDAY + 18 * DAY, MONDAY + 19 * DAY)
    assert days_found(pool_of(complete_ratio=0.0), lookback_days=4, masked=(whole,)) == [4]


def test_the_latest_day_may_be_two_before() -> None:
    tuesday = event_on(MONDAY + 22 * DAY)
    view = view_of(site_of(daily_load(MONDAY, *LEVELS, 22.0)), tuesday)
    for offset, first in ((1, 1), (2, 4)):
        pool = pool_of(latest_day_offset=offset)
        assert eligible_days_back(view, pool, pool.classes[0], 45)[0] == first


@pytest.mark.parametrize(("hours_before", "expected"), [(1, 1), (17, 1), (18, 2), (41, 2), (42, 3)], ids=str)
def test_before_notice_a_day_must_be_over(hours_before: int, expected: int) -> None:
    # The event is at 17:00: notice at 00:00 lets the day before count, notice at 23:00 does not.
    view = view_of(site_of(daily_load(MONDAY, *LEVELS)), EVENT, EVENT.start - hours_before * HOUR)
    assert earliest_offset(view, pool_of(before_notice=True)) == expected
    assert earliest_offset(view, pool_of()) == 1


def test_whole_days_rank_by_power_so_that_a_short_day_is_like_any_other() -> None:
    # Clocks in London skip an hour on Sunday 29 March 2026: the same power is less energy.
    site = site_of(daily_load(MONDAY, *[10.0] * 35), "Europe/London")
    view = view_of(site, event_on(MONDAY + 34 * DAY))
    pool = pool_of()
    found = like_days(view, pool, pool.classes[1], 45, rank_by_day=True)
    assert set(found.rank_kw) == {10.0}
    assert 7 in found.days_back  # 29 March itself


def of_means(*mean_kw: float) -> Candidates:
    means = np.array(mean_kw)
    return Candidates(np.arange(1, len(means) + 1), means, means)


def test_the_line_is_drawn_once_from_the_most_recent() -> None:
    # Mean of the first five (10, 2, 10, 10, 8) = 8; a quarter is 2: day 2 is on the line.
    days = of_means(10, 2, 10, 10, 8, 1.9, 100)
    below = screened(days, 5, pool_of(low_use_ratio=0.25))
    assert below.days_back.tolist() == [1, 2, 3, 4, 5]
    at_or_below = screened(days, 5, pool_of(low_use_ratio=0.25, low_use_inclusive=True))
    assert at_or_below.days_back.tolist() == [1, 3, 4, 5, 7]  # refilled; 1.9 must pass the line too


def test_without_a_screen_and_for_an_exporting_site_all_stay() -> None:
    assert len(screened(of_means(10, 0, 10), 3, pool_of())) == 3
    assert len(screened(of_means(-10, 0, -20), 3, pool_of(low_use_ratio=0.25))) == 3
    assert len(screened(of_means(), 3, pool_of(low_use_ratio=0.25))) == 0


def test_the_mean_of_what_is_known_says_how_much_that_is() -> None:
    mean, share = known_mean(np.array([[1.0, np.nan, 3.0, np.nan], [np.nan] * 4]))
    np.testing.assert_array_equal(mean, [2.0, np.nan])
    assert share.tolist() == [0.5, 0.0]
