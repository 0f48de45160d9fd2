import numpy as np
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    before,
    daily_load,
    event_on,
    found,
    refused,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular

EVENT = event_on(MONDAY + DAY)
RULE = rule_of({"kind": "nominated"})


def test_the_plan_is_the_baseline() -> None:
    plan_kw = regular([70.0, 80.0], EVENT.start, HOUR)
    answer = found(RULE, site_of(daily_load(MONDAY, 1), plan_kw=plan_kw), EVENT)
    assert answer.adjusted_kw.tolist() == [70.0, 80.0]


def test_a_plan_on_another_grid_is_spread_or_averaged() -> None:
    finer = regular([60.0, 80.0, 90.0, 100.0], EVENT.start, HOUR / 2)
    assert found(RULE, site_of(daily_load(MONDAY, 1), plan_kw=finer), EVENT).raw_kw.tolist() == [70, 95]
    coarser = regular([60.0], EVENT.start - HOUR, 3 * HOUR)
    assert found(RULE, site_of(daily_load(MONDAY, 1), plan_kw=coarser), EVENT).raw_kw.tolist() == [60, 60]


def test_a_plan_must_be_there_and_cover_the_event() -> None:
    detail = refused(RULE, site_of(daily_load(MONDAY, 1)), EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "the rule needs the site's plan, plan_kw"
    for plan_kw in (regular([70.0], EVENT.start, HOUR), regular([70.0, np.nan], EVENT.start, HOUR)):
        detail = refused(
            RULE, site_of(daily_load(MONDAY, 1), plan_kw=plan_kw), EVENT, NoBaselineReason.MISSING_INPUT
        )
        assert detail == "the site's plan, plan_kw, does not cover the whole event"


def test_a_plan_that_fits_no_grid_is_refused() -> None:
    plan_kw = regular(np.ones(99), MONDAY, HOUR * 0.7)
    with pytest.raises(InvalidInput, match="does not fit intervals of 1:00:00"):
        found(RULE, site_of(daily_load(MONDAY, 1), plan_kw=plan_kw), EVENT)


def test_a_plan_can_be_adjusted_to_what_the_day_shows() -> None:
    plan_kw = regular(np.full(48, 70.0), MONDAY, HOUR)
    rule = rule_of({"kind": "nominated"}, adjustment=before(4, 1))
    site = site_of(daily_load(MONDAY, 1, 75), plan_kw=plan_kw)
    assert found(rule, site, EVENT).adjusted_kw.tolist() == [75.0, 75.0]
