"""Worked cases of "High 4 of 5" with same-day adjustment, from the rule text by plain arithmetic.

Loads are in kW and intervals are hours, so load and energy of an interval have the same number. Days
lie in a week whose clock does not change, the event is on a Monday from 17:00 to 21:00 UTC.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.accuracy import rrmse_ratio
from vpp.baseline.adjustment import adjustment_window
from vpp.baseline.day_matching import RawBaseline, raw_baseline
from vpp.baseline.site_baseline import SiteBaseline, site_baseline
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.product import BaselineRules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVENT_DAY = datetime(2026, 3, 16, tzinfo=UTC)  # a Monday
EVENT = Interval(EVENT_DAY + 17 * HOUR, EVENT_DAY + 21 * HOUR)
WEEKDAYS_BACK = [date(2026, 3, day) for day in (13, 12, 11, 10, 9, 6)]  # most recent first

# B1: event-window loads of the weekdays back.                     mean
WINDOW_KW = [
    [100.0, 102.0, 104.0, 106.0],  # 1                              103   used
    [98.0, 98.0, 100.0, 100.0],  #   2                               99   used
    [20.0, 20.0, 20.0, 20.0],  #     3                               20   below the line
    [110.0, 112.0, 110.0, 112.0],  # 4                              111   used
    [96.0, 94.0, 96.0, 94.0],  #     5                               95   lowest of the five left
    [104.0, 106.0, 104.0, 106.0],  # 6                              105   refill, used
]
# mean of days 1 to 5 = (103 + 99 + 20 + 111 + 95) / 5 = 85.6; a quarter of it = 21.4, so day 3 goes.
# base = hour by hour mean of days 1, 2, 4, 6:
#   (100 + 98 + 110 + 104) / 4 = 103      (102 + 98 + 112 + 106) / 4 = 104.5
#   (104 + 100 + 110 + 104) / 4 = 104.5   (106 + 100 + 112 + 106) / 4 = 106
BASE_KW = [103.0, 104.5, 104.5, 106.0]

RULES = BaselineRules(
    baseline_id="high-4-of-5",
    day_count=4,
    candidate_count=5,
    holiday_day_count=2,
    holiday_candidate_count=3,
    lookback_days=45,
    low_use_ratio=0.25,
    latest_day_offset=1,
    adjustment_begin=timedelta(hours=4),  # B2: three hours that end an hour before the event
    adjustment_end=timedelta(hours=1),
    adjustment_cap_ratio=0.2,
)


def metered_kw() -> pd.Series:
    """Two weeks at 50 kW, with the windows of the cases laid in."""
    load = regular(np.full(15 * 24, 50.0), EVENT_DAY - 14 * DAY, HOUR)
    for day, window_kw in zip(WEEKDAYS_BACK, WINDOW_KW, strict=True):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        load[midnight + 13 * HOUR : midnight + 15 * HOUR] = [86.0, 90.0, 94.0]
        load[midnight + 17 * HOUR : midnight + 20 * HOUR] = window_kw
    load[EVENT_DAY + 13 * HOUR : EVENT_DAY + 15 * HOUR] = [90.0, 95.0, 100.0]
    load[EVENT_DAY + 17 * HOUR : EVENT_DAY + 20 * HOUR] = [80.0, 82.0, 81.0, 83.0]
    return load


def whole() -> SiteBaseline:
    found = site_baseline(
        metered_kw(),
        EVENT,
        RULES,
        time_zone="Etc/UTC",
        holidays=frozenset(),
        excluded_dates=frozenset(),
        masked=(),
    )
    assert isinstance(found, SiteBaseline)
    return found


def raw(rules: BaselineRules, load_kw: pd.Series, excluded: frozenset[date] = frozenset()) -> RawBaseline:
    found = raw_baseline(
        load_kw,
        EVENT,
        rules,
        time_zone="Etc/UTC",
        holidays=frozenset(),
        excluded_dates=excluded,
        masked=(),
    )
    assert isinstance(found, RawBaseline)
    return found


def test_b1_high_4_of_5_drops_the_low_day_and_refills() -> None:
    found = whole()
    np.testing.assert_allclose(found.raw_kw, BASE_KW, rtol=1e-9)
    assert found.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in (1, 2, 4, 6))
    assert found.method == "high-4-of-5"


def test_b1_the_line_is_a_quarter_of_the_five_day_mean() -> None:
    # 21.4 on day 3 moves the five-day mean to 85.88 and the line to 21.47: still below.
    # 21.6 moves them to 85.92 and 21.48: above, so day 3 stays and the four highest are 1, 2, 4 and 5.
    for level_kw, days in ((21.4, (1, 2, 4, 6)), (21.6, (1, 2, 4, 5))):
        load = metered_kw()
        load[datetime(2026, 3, 11, 17, tzinfo=UTC) : datetime(2026, 3, 11, 20, tzinfo=UTC)] = level_kw
        assert raw(RULES, load).days_used == tuple(WEEKDAYS_BACK[n - 1] for n in days)


def test_b2_symmetric_additive_adjustment() -> None:
    # actual (90 + 95 + 100) / 3 = 95; base (86 + 90 + 94) / 3 = 90; difference 5, below 0.2 x 104.5.
    found = whole()
    assert found.adjustment_kw == pytest.approx(5.0, rel=1e-9)
    assert (found.adjusted, found.capped) == (True, False)
    np.testing.assert_allclose(found.adjusted_kw, [108.0, 109.5, 109.5, 111.0], rtol=1e-9)


def test_b4_reduction_and_energy() -> None:
    # 108 - 80 = 28   109.5 - 82 = 27.5   109.5 - 81 = 28.5   111 - 83 = 28; over an hour each: 112 kWh.
    reduction_kw = whole().adjusted_kw - metered_kw()[EVENT.start : EVENT.end - HOUR]
    np.testing.assert_allclose(reduction_kw, [28.0, 27.5, 28.5, 28.0], rtol=1e-9)
    assert reduction_kw.sum() * 1.0 == pytest.approx(112.0, rel=1e-9)


def test_c14_low_day_and_event_day_are_skipped_and_the_four_highest_averaged() -> None:
    # Day 4 was an event day. Left of the last: 1, 2, 3, 5, 6 with means 103, 99, 20, 95, 105; their
    # mean is 84.4, a quarter of it 21.1, so day 3 goes; the next older weekday, 5 March, has 50.
    # The four highest are 6, 1, 2, 5; hour by hour:
    #   (100 + 98 + 96 + 104) / 4 = 99.5    (102 + 98 + 94 + 106) / 4 = 100
    #   (104 + 100 + 96 + 104) / 4 = 101    (106 + 100 + 94 + 106) / 4 = 101.5
    found = raw(RULES, metered_kw(), excluded=frozenset({WEEKDAYS_BACK[3]}))
    np.testing.assert_allclose(found.raw_kw, [99.5, 100.0, 101.0, 101.5], rtol=1e-9)
    assert found.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in (1, 2, 5, 6))


# B14: the published parameters of Japan's ERAB "High 4 of 5".
ERAB = BaselineRules(
    baseline_id="high-4-of-5",
    day_count=4,
    candidate_count=5,
    holiday_day_count=2,
    holiday_candidate_count=3,
    lookback_days=30,
    low_use_ratio=0.25,
    latest_day_offset=2,  # a day-ahead notice: only data up to D-2
    adjustment_begin=timedelta(hours=5),
    adjustment_end=timedelta(hours=2),
    adjustment_cap_ratio=1.0,
)


def test_b14_the_profile_carries_the_published_parameters() -> None:
    window = adjustment_window(EVENT, ERAB)
    assert window is not None
    assert (EVENT.start - window.start, EVENT.start - window.end) == (timedelta(hours=5), timedelta(hours=2))
    # 30-minute units: 10 units before the start to 4 units before it are six units.
    assert window.duration / timedelta(minutes=30) == 6


def test_b14_only_data_up_to_two_days_before_count() -> None:
    tuesday = Interval(EVENT.start + DAY, EVENT.end + DAY)
    load = regular(np.full(16 * 24, 50.0), EVENT_DAY - 14 * DAY, HOUR)
    found = raw_baseline(
        load,
        tuesday,
        ERAB,
        time_zone="Asia/Tokyo",
        holidays=frozenset(),
        excluded_dates=frozenset(),
        masked=(),
    )
    assert isinstance(found, RawBaseline)
    # 17:00 UTC is 02:00 of the next day in Tokyo: the event is on Wednesday 18 March, D-2 is Monday 16.
    assert found.days_used[0] == date(2026, 3, 16)


def test_b14_the_gate_is_a_fifth_of_the_mean_load() -> None:
    # errors +25, -15 on 100: sqrt((625 + 225) / 2) / 100 = 0.2062, above 20 %
    assert rrmse_ratio([125.0, 85.0], [100.0, 100.0]) == pytest.approx(np.sqrt(425.0) / 100.0, rel=1e-12)
    assert rrmse_ratio([125.0, 85.0], [100.0, 100.0]) > 0.2
