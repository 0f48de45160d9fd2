import numpy as np
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    daily_load,
    days_of,
    event_on,
    found,
    refused,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.baseline.rules.exponential import carried

RULE = rule_of(
    {"kind": "exponential", "keep_ratio": 0.5, "start_days": 2}, days=days_of(2, 100, lookback_days=100)
)


def test_it_starts_from_the_oldest_days_and_mixes_in_each_newer_one() -> None:
    # Mean of 10 and 20 is 15; with 25 it is 20; with 40 it is 30.
    answer = found(RULE, site_of(daily_load(MONDAY, 10, 20, 25, 40)), event_on(MONDAY + 4 * DAY))
    assert answer.raw_kw.tolist() == [30.0, 30.0]
    assert [day.day for day in answer.days_used] == [5, 4, 3, 2]
    assert answer.method == "a-rule"


def test_a_gap_updates_nothing() -> None:
    days_kw = np.array([[10.0, np.nan], [20.0, np.nan], [np.nan, 30.0], [40.0, 50.0]])
    assert carried(days_kw, 0.5, 2).tolist() == [0.5 * 15 + 0.5 * 40, 0.5 * 30 + 0.5 * 50]


def test_where_nothing_is_known_nothing_comes_out() -> None:
    assert np.isnan(carried(np.full((3, 1), np.nan), 0.9, 1)).all()


def test_the_adjustment_window_is_carried_forward_too() -> None:
    load = daily_load(MONDAY, 10, 20, 25, 40, 33)
    event = event_on(MONDAY + 4 * DAY)
    rule = RULE.model_copy(
        update={"adjustment": RULE.model_validate(RULE.model_dump() | {"adjustment": WINDOW}).adjustment}
    )
    assert found(rule, site_of(load), event).adjustment_kw == pytest.approx(33.0 - 30.0)


WINDOW = {"kind": "additive", "windows": [{"anchor": "start", "begin": -2 * HOUR, "end": -HOUR}]}


def test_no_day_is_a_value() -> None:
    refused(RULE, site_of(daily_load(MONDAY, 1)), event_on(MONDAY), NoBaselineReason.INSUFFICIENT_HISTORY)
