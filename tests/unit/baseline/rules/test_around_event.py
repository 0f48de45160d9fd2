from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from support.rule_cases import HOUR, MONDAY, before, daily_load, event_on, found, refused, rule_of, site_of

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.baseline.rules.around_event import level_windows
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import AroundEvent
from vpp.portfolio.baseline_rule import BaselineRule

EVENT = event_on(MONDAY)  # 17:00 to 19:00
ZERO = timedelta(0)


def rule(before_h: float = 0, after_h: float = 0, **fields: Any) -> BaselineRule:  # noqa: ANN401  a test replaces any field
    method = {"kind": "around_event", "before": before_h * HOUR, "after": after_h * HOUR}
    return rule_of(method, **fields)


def test_the_windows_lie_beside_what_is_skipped() -> None:
    method = AroundEvent(kind="around_event", before=2 * HOUR, skip_before=HOUR, after=ZERO)
    (window,) = level_windows(EVENT, method)
    assert (window.start, window.end) == (EVENT.start - 3 * HOUR, EVENT.start - HOUR)
    method = AroundEvent(kind="around_event", before=ZERO, after=2 * HOUR, skip_after=HOUR)
    (window,) = level_windows(EVENT, method)
    assert (window.start, window.end) == (EVENT.end + HOUR, EVENT.end + 3 * HOUR)


def test_the_event_stays_at_the_level_before_it() -> None:
    load = daily_load(MONDAY, 50)
    load.loc[EVENT.start - HOUR : EVENT.start - HOUR] = 80.0
    answer = found(rule(1), site_of(load), EVENT)
    assert answer.adjusted_kw.tolist() == [80.0, 80.0]
    assert (answer.days_used, answer.method) == ((), "a-rule")


@pytest.mark.parametrize("hidden", ["gap", "masked", "not yet"])
def test_a_window_that_is_not_metered_gives_no_level(hidden: str) -> None:
    load = daily_load(MONDAY, 50)
    masked: tuple[Interval, ...] = ()
    if hidden == "gap":
        load.loc[EVENT.end : EVENT.end] = np.nan
    elif hidden == "masked":
        masked = (event_on(MONDAY, hour=19, length=HOUR),)
    else:
        load = load[: EVENT.end - HOUR]
    detail = refused(rule(1, 1), site_of(load, masked=masked), EVENT, NoBaselineReason.WINDOW_NOT_METERED)
    assert detail == "1 of 2 intervals around the event are metered, expected all"


def test_the_readings_can_be_too_coarse() -> None:
    detail = refused(rule(0.25), site_of(daily_load(MONDAY, 50)), EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == (
        "the rule reads 2026-03-02T16:45:00+00:00 to 2026-03-02T17:00:00+00:00, which is off the metering "
        "grid of 1:00:00"
    )


def test_a_level_can_be_adjusted_like_any_other() -> None:
    load = daily_load(MONDAY, 50)
    load.loc[EVENT.start - HOUR : EVENT.start - HOUR] = 80.0
    answer = found(rule(1, adjustment=before(4, 1)), site_of(load), EVENT)
    assert answer.adjusted_kw.tolist() == [50.0, 50.0]
