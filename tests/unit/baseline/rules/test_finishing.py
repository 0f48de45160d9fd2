import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, before, daily_load, event_on, found, high, rule_of, site_of

from vpp.baseline.rules.finishing import within_limits

EVENT = event_on(MONDAY + 2 * DAY)


@pytest.mark.parametrize(
    ("floor", "export_limit_kw", "expected_kw"), [(True, 5.0, 0.0), (False, 5.0, -5.0), (False, None, -30.0)]
)
def test_a_baseline_stops_at_its_floor(
    floor: bool,  # noqa: FBT001  a case of the table
    export_limit_kw: float | None,
    expected_kw: float,
) -> None:
    rule = high(2, 2, adjustment=before(3, 1), floor=floor)
    site = site_of(daily_load(MONDAY, 10, 10, -30), export_limit_kw=export_limit_kw)
    answer = found(rule, site, EVENT)
    assert answer.adjustment_kw == -40.0
    assert answer.adjusted_kw.tolist() == [expected_kw] * 2
    assert answer.raw_kw.tolist() == [10.0, 10.0]


def test_the_contract_capacity_caps_where_the_rule_says_so() -> None:
    site = site_of(daily_load(MONDAY, 10, 10), contract_kw=8.0)
    capped = high(2, 2).model_copy(update={"contract_cap": True})
    assert found(capped, site, EVENT).adjusted_kw.tolist() == [8.0, 8.0]
    assert found(high(2, 2), site, EVENT).adjusted_kw.tolist() == [10.0, 10.0]
    _, notes = within_limits(capped, site_of(daily_load(MONDAY, 10)), np.array([1.0]), np.array([1.0]))
    assert notes == ("not held below the contract capacity: contract_kw is not given",)


def test_a_result_lies_on_the_events_intervals() -> None:
    answer = found(high(2, 2), site_of(daily_load(MONDAY, 10, 20)), EVENT)
    expected = pd.date_range("2026-03-04 17:00", periods=2, freq="h", tz="UTC")
    pd.testing.assert_series_equal(
        answer.raw_kw, pd.Series([15.0, 15.0], index=expected, name="raw_kw"), check_freq=True
    )
    assert answer.adjusted_kw.name == "adjusted_kw"
    assert answer.device_typical_kw is None


def test_unverified_values_are_said_with_every_result() -> None:
    source = {"tag": "S", "title": "hearsay", "read_on": "2026-11-25", "unverified": ["days.lookback_days"]}
    answer = found(high(2, 2, source=source), site_of(daily_load(MONDAY, 10, 20)), EVENT)
    assert answer.notes == ("unverified values of the rule: days.lookback_days",)
    plan = rule_of({"kind": "nominated"}, source=source | {"tag": "M", "unverified": ["*"]})
    site = site_of(daily_load(MONDAY, 1), plan_kw=daily_load(EVENT.start - 17 * HOUR, 5.0))
    assert found(plan, site, EVENT).notes == (
        "unverified: no value of the rule was checked against a source",
    )
