from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.adjustment import SameDayAdjustment, same_day_adjustment
from vpp.baseline.day_matching import RawBaseline
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.product import BaselineRules

Rules = Callable[..., BaselineRules]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EVENT = Interval(MONDAY + 2 * DAY + 17 * HOUR, MONDAY + 2 * DAY + 19 * HOUR)
RAW = RawBaseline(
    regular([100.0, 100.0], EVENT.start, HOUR), (date(2026, 3, 3), date(2026, 3, 2)), "high-2-of-2"
)
NOT_APPLIED = SameDayAdjustment(0.0, applied=False, capped=False)


def load(actual_kw: float, monday_kw: float = 90.0, tuesday_kw: float = 110.0) -> pd.Series:
    """Three flat days, so that the base of the window is the mean of Monday and Tuesday."""
    return regular(np.repeat([monday_kw, tuesday_kw, actual_kw], 24), MONDAY, HOUR)


def adjust(
    metered_kw: pd.Series, rules: BaselineRules, masked: tuple[Interval, ...] = ()
) -> SameDayAdjustment:
    return same_day_adjustment(metered_kw, EVENT, RAW, rules, time_zone="Etc/UTC", masked=masked)


@pytest.mark.parametrize(
    ("actual_kw", "expected_kw", "capped"),
    [
        (112.0, 12.0, False),
        (88.0, -12.0, False),
        (150.0, 20.0, True),
        (50.0, -20.0, True),
        (100.0, 0.0, False),
    ],
)
def test_it_is_symmetric_and_capped(
    make_rules: Rules, actual_kw: float, expected_kw: float, *, capped: bool
) -> None:
    found = adjust(load(actual_kw), make_rules())
    assert found == SameDayAdjustment(expected_kw, applied=True, capped=capped)


def test_only_the_window_counts(make_rules: Rules) -> None:
    metered = load(112.0)
    metered[EVENT.start - 1 * HOUR :] = 900.0  # [-1 h, ...) is after the window
    metered[MONDAY + 2 * DAY : EVENT.start - 4 * HOUR] = 900.0  # [..., -3 h) before it
    assert adjust(metered, make_rules()).adjustment_kw == 12.0


def test_rules_without_a_window_make_no_adjustment(make_rules: Rules) -> None:
    rules = make_rules(adjustment_begin=timedelta(0), adjustment_end=timedelta(0))
    assert adjust(load(150.0), rules) == NOT_APPLIED


def test_a_gap_in_the_window_leaves_the_baseline_unadjusted_and_says_so(make_rules: Rules) -> None:
    metered = load(112.0)
    metered[EVENT.start - 2 * HOUR] = np.nan
    assert adjust(metered, make_rules()) == NOT_APPLIED


def test_an_earlier_event_in_the_window_leaves_it_unadjusted(make_rules: Rules) -> None:
    earlier = Interval(EVENT.start - 4 * HOUR, EVENT.start - 2 * HOUR)
    assert adjust(load(112.0), make_rules(), (earlier,)) == NOT_APPLIED


def test_readings_that_have_not_come_yet_leave_it_unadjusted(make_rules: Rules) -> None:
    assert adjust(load(112.0)[: EVENT.start - 3 * HOUR], make_rules()) == NOT_APPLIED


def test_a_gap_on_one_of_the_days_used_leaves_the_others(make_rules: Rules) -> None:
    metered = load(112.0)
    metered[MONDAY + 15 * HOUR] = np.nan  # base: 14:00 mean of 90 and 110, 15:00 110 alone
    assert adjust(metered, make_rules()).adjustment_kw == 112.0 - (100.0 + 110.0) / 2
    metered[MONDAY + DAY + 15 * HOUR] = np.nan
    assert adjust(metered, make_rules()) == NOT_APPLIED


def test_a_window_before_midnight_is_matched_with_the_nights_before(make_rules: Rules) -> None:
    night = Interval(MONDAY + 2 * DAY, MONDAY + 2 * DAY + HOUR)  # Wednesday 00:00; window Tuesday 21:00-23:00
    raw = RawBaseline(regular([100.0], night.start, HOUR), (date(2026, 3, 3),), "previous-same-class-day")
    found = same_day_adjustment(load(999.0), night, raw, make_rules(), time_zone="Etc/UTC", masked=())
    assert found == SameDayAdjustment(20.0, applied=True, capped=False)  # Tuesday 110 against Monday 90


def test_a_window_off_the_grid_is_refused(make_rules: Rules) -> None:
    with pytest.raises(InvalidInput, match="adjustment window"):
        adjust(load(100.0), make_rules(adjustment_begin=timedelta(hours=2, minutes=30)))
