"""What an auditor would try on the engine: each case says a clear error, a named step, or a note."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    backs,
    before,
    daily_load,
    days_of,
    event_on,
    found,
    high,
    refused,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.engine import compute_baseline
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

EVENT = event_on(MONDAY + 9 * DAY)  # a Wednesday
LOAD = daily_load(MONDAY, *range(1, 11))
LEVEL = {"kind": "firm_level", "basis": "nominated_kw"}
REGRESSION = rule_of(
    {"kind": "daily_energy_regression", "fewest_days": 7},
    days={
        "classes": [
            {"kinds": ["workday"], "average": 1, "candidates": 366},
            {"kinds": ["saturday", "sunday", "holiday"], "average": 1, "candidates": 366},
        ],
        "lookback_days": 366,
    },
)
WARMEST = rule_of({"kind": "nearest_days", "by": "temperature"}, days=days_of(1, 5))
GROUP = rule_of({"kind": "control_group", "fewest_sites": 1, "match": HOUR})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("field", ["contract_kw", "export_limit_kw", "nominated_kw"])
def test_a_level_that_is_no_number_is_refused(field: str, value: float) -> None:
    fields: dict[str, Any] = {field: value}
    with pytest.raises(InvalidInput, match=f"{field} is .*, expected a finite number"):
        compute_baseline(rule_of(LEVEL), site_of(LOAD, **fields), EVENT)


def test_a_negative_export_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"export_limit_kw is -5\.0, expected at least 0"):
        compute_baseline(high(), site_of(LOAD, export_limit_kw=-5.0), EVENT)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (rule_of({"kind": "nominated"}), "plan_kw"),
        (WARMEST, "temperature_c"),
        (REGRESSION, "temperature_c"),
        (GROUP, "control_kw"),
    ],
)
def test_an_infinite_side_series_is_refused(rule: BaselineRule, field: str) -> None:
    endless = LOAD * np.inf
    side: Any = endless.to_frame() if field == "control_kw" else endless
    with pytest.raises(InvalidInput, match="infinite in places"):
        compute_baseline(rule, site_of(LOAD, **{field: side}), EVENT)


def test_readings_that_run_backwards_or_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="expected ascending times"):
        compute_baseline(high(), site_of(LOAD[::-1]), EVENT)
    words = pd.Series(["much"] * len(LOAD), index=LOAD.index)
    with pytest.raises(InvalidInput, match="expected numbers"):
        compute_baseline(high(), site_of(words), EVENT)


def test_two_levels_that_name_each_other_are_refused() -> None:
    one = rule_of(LEVEL | {"also_baseline_id": "other"})
    other = rule_of(LEVEL | {"also_baseline_id": "a-rule"}, baseline_id="other")
    with pytest.raises(InvalidInput, match="names other, which names a-rule"):
        compute_baseline(one, site_of(LOAD, nominated_kw=5.0), EVENT, library={"a-rule": one, "other": other})


def test_what_a_site_exports_anyway_is_no_reduction() -> None:
    exporter = site_of(daily_load(MONDAY, *[-50.0] * 10))
    answer = found(high(), exporter, EVENT)
    assert answer.adjusted_kw.tolist() == [-50.0, -50.0]
    note = "2 of 2 intervals are an export before any adjustment, and not held at the floor of 0 kW"
    assert note in answer.notes
    limited = found(high(floor=False), replace(exporter, export_limit_kw=60.0), EVENT)
    assert limited.adjusted_kw.tolist() == [-50.0, -50.0]
    assert not any("floor" in note for note in limited.notes)


def test_a_floor_that_raises_a_baseline_is_said() -> None:
    exporter = site_of(daily_load(MONDAY, *[-50.0] * 10), export_limit_kw=20.0)
    answer = found(high(), exporter, EVENT)
    assert answer.adjusted_kw.tolist() == [-20.0, -20.0]
    assert "2 of 2 intervals are held at the floor of -20 kW, above what the rule gives" in answer.notes
    stopped = site_of(daily_load(MONDAY, *[10.0] * 9, -30.0))
    answer = found(high(2, 2, adjustment=before(3, 1)), stopped, event_on(MONDAY + 9 * DAY))
    assert answer.adjusted_kw.tolist() == [0.0, 0.0]
    assert "2 of 2 intervals are held at the floor of 0 kW, above what the rule gives" in answer.notes


def test_import_and_export_that_cancel_have_no_ratio() -> None:
    # The window's base is 0.1 + 0.2 - 0.3 kW, which is not quite 0 in floating point.
    load = LOAD * 0.0 + 100.0
    for hour, kw in ((14, 0.1), (15, 0.2), (16, -0.3)):
        load[pd.DatetimeIndex(load.index).hour == hour] = kw
    load.loc[EVENT.start - 3 * HOUR : EVENT.start - HOUR] = 5.0
    rule, site = high(adjustment=before(3, 0, kind="ratio")), site_of(load)
    for answer in (compute_baseline(rule, site, EVENT), *compute_baselines(rule, [site], EVENT)):
        assert isinstance(answer, RuleBaseline)
        assert (answer.adjusted, answer.adjustment_ratio) == (False, 1.0)


@pytest.mark.parametrize("together", [False, True])
def test_days_that_lack_the_adjustment_window_are_said(*, together: bool) -> None:
    # 100 and 50 kW in turn: with the window of the low days lost, 100 stands for a mean of 75.
    load = daily_load(MONDAY, 100, 50, 75)
    load.loc[MONDAY + 13 * HOUR : MONDAY + 15 * HOUR] = np.nan
    event, rule = event_on(MONDAY + 2 * DAY), high(2, 2, adjustment=before(4, 1))
    site = site_of(load)
    answer = compute_baselines(rule, [site], event)[0] if together else found(rule, site, event)
    assert isinstance(answer, RuleBaseline)
    assert "the adjustment compares with days that lack 3 readings in its window" in answer.notes


def test_a_day_is_over_before_notice_only_with_the_morning_that_an_event_reaches_into() -> None:
    # From 22:00 to 02:00; told at 01:00 on Wednesday, when Tuesday was over but its window was not.
    event = Interval(EVENT.start + 5 * HOUR, EVENT.start + 9 * HOUR)
    rule = high(2, 2, pick="all", before_notice=True)
    told = [event.start - hours * HOUR for hours in (19, 21, 30)]  # 03:00, 01:00, 16:00 on Tuesday
    used = [backs(found(rule, site_of(LOAD), event, notice_at=at), event) for at in told]
    assert used == [[1, 2], [2, 5], [2, 5]]


def test_an_older_day_without_readings_changes_nothing() -> None:
    # The evening before the meter's first day is not metered, the morning is.
    event = Interval(EVENT.start + 5 * HOUR, EVENT.start + 9 * HOUR)
    rule = high(7, 7, pick="all", complete_ratio=0.5, shortage=["use_available"])
    older = pd.concat([regular(np.full(48, np.nan), MONDAY + DAY - 2 * DAY, HOUR), LOAD[24:]]).asfreq("h")
    one, other = found(rule, site_of(LOAD[24:]), event), found(rule, site_of(older), event)
    assert (one.days_used, one.method) == (other.days_used, other.method)
    assert one.raw_kw.equals(other.raw_kw)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Adelaide", "Asia/Kathmandu", "Etc/UTC"])
@settings(max_examples=10)
@given(st.integers(0, 20), st.integers(1, 4))
def test_a_load_that_repeats_is_its_own_regression_also_where_midnight_lies_off_the_grid(
    zone: str, hour: int, length: int
) -> None:
    load = regular(np.tile(10.0 + 10.0 * np.arange(24), 30), MONDAY, HOUR)
    start = MONDAY + 23 * DAY + hour * HOUR
    event = Interval(start, start + length * HOUR)
    answer = found(REGRESSION, site_of(load, zone), event)
    np.testing.assert_allclose(answer.raw_kw, load.loc[answer.raw_kw.index], rtol=1e-9)


def test_a_grid_that_divides_no_day_has_no_shares() -> None:
    odd = timedelta(minutes=7)
    load = regular(np.ones(8000), MONDAY, odd)
    event = Interval(MONDAY + 6000 * odd, MONDAY + 6010 * odd)
    detail = refused(REGRESSION, site_of(load), event, NoBaselineReason.MISSING_INPUT)
    assert "0:07:00 does not divide a day" in detail
