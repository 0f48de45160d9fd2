import numpy as np
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, event_on, found, high, refused, rule_of, site_of

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.engine import compute_baseline
from vpp.foundation.errors import NotFound
from vpp.foundation.interval import Interval

EVENT = event_on(MONDAY + 4 * DAY)
NOMINATED = rule_of({"kind": "firm_level", "basis": "nominated_kw"})
PEAKS = rule_of({"kind": "firm_level", "basis": "peak_hours", "average": 2, "candidates": 3})
BASE_LOAD = rule_of({"kind": "firm_level", "basis": "max_base_load"})


def test_a_nominated_level_needs_no_history() -> None:
    nothing = daily_load(MONDAY, np.nan)
    assert found(NOMINATED, site_of(nothing, nominated_kw=70.0), EVENT).adjusted_kw.tolist() == [70.0, 70.0]
    detail = refused(NOMINATED, site_of(nothing), EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "the rule needs the site's nominated level, nominated_kw"


def peaks(*hours: int) -> tuple[Interval, ...]:
    return tuple(Interval(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR) for hour in hours)


def test_the_highest_own_loads_among_the_first_peak_hours_count() -> None:
    load = daily_load(MONDAY, 10, 20, 30, 40)
    site = site_of(load, peak_intervals=peaks(5, 30, 60, 80))  # at 10, 20, 30, and a fourth at 40
    assert found(PEAKS, site, EVENT).adjusted_kw.tolist() == [25.0, 25.0]


def test_peak_hours_must_be_known_and_metered() -> None:
    load = daily_load(MONDAY, 10, 20, 30, 40)
    detail = refused(PEAKS, site_of(load), EVENT, NoBaselineReason.MISSING_INPUT)
    assert "peak_intervals" in detail
    load.loc[MONDAY : MONDAY + 2 * DAY] = np.nan
    site = site_of(load, peak_intervals=peaks(5, 30, 60))
    detail = refused(PEAKS, site, EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "1 of 3 peak hours are metered, expected at least 2"


def test_the_base_load_is_the_highest_of_the_days_lowest() -> None:
    load = daily_load(MONDAY, 10, 30, 20, 90)
    load.loc[MONDAY + 3 * DAY + HOUR : MONDAY + 3 * DAY + HOUR] = 5.0  # Thursday's lowest
    load.loc[MONDAY + 2 * HOUR : MONDAY + 2 * HOUR] = np.nan  # Monday is not whole
    assert found(BASE_LOAD, site_of(load), EVENT).adjusted_kw.tolist() == [30.0, 30.0]
    detail = refused(BASE_LOAD, site_of(load[:20]), EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "no earlier day is metered as a whole, expected one"


def test_delivery_counts_from_the_lower_of_the_level_and_another_rule() -> None:
    rule = rule_of({"kind": "firm_level", "basis": "nominated_kw", "also_baseline_id": "a-rule"})
    load = daily_load(MONDAY, 60, 60, 60, 60)
    load.loc[MONDAY + 18 * HOUR : MONDAY + 18 * HOUR] = 300.0  # the other rule gives 60 and 120
    site = site_of(load, nominated_kw=90.0)
    answer = found(rule, site, EVENT, library={"a-rule": high(4, 4)})
    assert answer.adjusted_kw.tolist() == [60.0, 90.0]
    assert (answer.method, len(answer.days_used)) == ("a-rule/a-rule", 4)


def test_the_other_rule_must_be_known_and_must_apply() -> None:
    rule = rule_of({"kind": "firm_level", "basis": "nominated_kw", "also_baseline_id": "other"})
    site = site_of(daily_load(EVENT.start, 1.0), nominated_kw=90.0)
    with pytest.raises(NotFound, match="names other"):
        compute_baseline(rule, site, EVENT)
    answer = compute_baseline(rule, site, EVENT, library={"other": high()})
    assert isinstance(answer, NoBaseline)
    assert answer.reason is NoBaselineReason.INSUFFICIENT_HISTORY
