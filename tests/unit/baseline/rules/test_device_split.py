from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    WEEKEND,
    before,
    daily_load,
    event_on,
    found,
    high,
    refused,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.baseline.rules.device_split import load_behind
from vpp.foundation.errors import InvalidInput

EVENT = event_on(MONDAY + 4 * DAY)
RULE = high(3, 3, device={"like_hours": 3})
LOAD = daily_load(MONDAY, 100, 100, 100, 100, 100)


def output(*window_kw: float) -> pd.Series:
    """A battery that charges at night and gives something in the event's window, day by day."""
    device = daily_load(MONDAY, *[0.0] * 5)
    for day, kw in enumerate(window_kw):
        device.loc[MONDAY + day * DAY + 2 * HOUR : MONDAY + day * DAY + 4 * HOUR] = -20.0
        device.loc[MONDAY + day * DAY + 17 * HOUR : MONDAY + day * DAY + 18 * HOUR] = kw
    return device


def test_the_load_is_judged_without_the_device_and_the_device_by_what_is_typical() -> None:
    device = output(10, 20, 30, 40, 90)
    answer = found(RULE, site_of(LOAD - device, device_kw=device), EVENT)
    assert answer.device_typical_kw is not None
    assert answer.device_typical_kw.tolist() == [30.0, 30.0]  # mean of 20, 30, 40
    assert answer.raw_kw.tolist() == [70.0, 70.0]  # 100 of the load, less the typical 30
    assert answer.adjusted_kw.tolist() == [70.0, 70.0]


def test_charging_is_no_output() -> None:
    device = output(-10, -20, -30, -40, 0)
    answer = found(RULE, site_of(LOAD - device, device_kw=device), EVENT)
    assert answer.device_typical_kw is not None
    assert answer.device_typical_kw.tolist() == [0.0, 0.0]
    assert answer.raw_kw.tolist() == [100.0, 100.0]


def test_a_gap_in_one_hour_costs_only_that_hour() -> None:
    device = output(10, 20, 30, 40, 0)
    device.loc[MONDAY + 3 * DAY + 17 * HOUR : MONDAY + 3 * DAY + 17 * HOUR] = np.nan
    site = site_of(daily_load(MONDAY, *[50.0] * 5), device_kw=device)
    rule = high(3, 3, device={"like_hours": 2}, complete_ratio=0.5)
    answer = found(rule, site, EVENT)
    assert answer.device_typical_kw is not None
    assert answer.device_typical_kw.tolist() == [25.0, 35.0]


def test_event_days_say_nothing_about_what_is_typical() -> None:
    device = output(10, 20, 30, 40, 90)
    site = site_of(
        LOAD - device,
        device_kw=device,
        events=(event_on(MONDAY + 3 * DAY),),
        excluded_dates=frozenset({date(2026, 3, 4)}),
    )
    answer = found(RULE, site, EVENT)
    assert answer.device_typical_kw is not None
    assert answer.device_typical_kw.tolist() == [15.0, 15.0]


def test_the_adjustment_compares_the_load_alone() -> None:
    # The battery charges at 60 kW in the window of the event's day: the load has not moved.
    device = output(0, 0, 0, 0, 0)
    device.loc[EVENT.start - 4 * HOUR : EVENT.start - HOUR] = -60.0
    rule = high(3, 3, device={"like_hours": 3}, adjustment=before(4, 1))
    answer = found(rule, site_of(LOAD - device, device_kw=device), EVENT)
    assert (answer.adjustment_kw, answer.adjusted) == (0.0, True)


def test_what_is_missing_is_said() -> None:
    detail = refused(RULE, site_of(LOAD), EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "the rule splits off storage and generation, and device_kw is not given"
    device = output(10, 20, 30, 40, 90)
    for day in range(4):
        device.loc[MONDAY + day * DAY + 17 * HOUR : MONDAY + day * DAY + 17 * HOUR] = np.nan
    detail = refused(
        high(3, 3, device={"like_hours": 3}, complete_ratio=0.5),
        site_of(LOAD, device_kw=device),
        EVENT,
        NoBaselineReason.INSUFFICIENT_HISTORY,
    )
    assert detail == "the device was metered in no like hour for 1 of 2 intervals"


def test_a_device_on_another_grid_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected that of net_power_kw"):
        load_behind(site_of(LOAD, device_kw=output(1)[:-1]))
    assert load_behind(site_of(LOAD)).net_power_kw is LOAD


def test_a_rule_without_days_of_its_own_takes_plain_ones() -> None:
    rule = rule_of({"kind": "around_event", "before": HOUR, "after": timedelta(0)}, device={"like_hours": 2})
    device = output(10, 20, 30, 40, 90)
    answer = found(rule, site_of(LOAD - device, device_kw=device), EVENT)
    assert answer.raw_kw.tolist() == [65.0, 65.0]  # the load's 100 before, less 35


def test_a_kind_of_day_that_the_rule_does_not_cover_is_said() -> None:
    rule = high(device={"like_hours": 2}, classes=[WEEKEND])
    device = output(10, 20, 30, 40, 90)
    detail = refused(rule, site_of(LOAD, device_kw=device), EVENT, NoBaselineReason.DAY_NOT_COVERED)
    assert detail == "2026-03-06 is a workday, and the rule covers none of those"
