from datetime import timedelta
from typing import Any

import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, days_of, event_on, found, high, rule_of, site_of

from vpp.baseline.rules.engine import compute_baseline, promised_days
from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule

EVENT = event_on(MONDAY + 9 * DAY)
LOAD = daily_load(MONDAY, *range(1, 11))
METHODS: list[tuple[dict[str, Any], bool]] = [
    ({"kind": "x_of_y", "pick": "high"}, True),
    ({"kind": "exponential", "keep_ratio": 0.9, "start_days": 1}, True),
    ({"kind": "nearest_days", "by": "date"}, True),
    ({"kind": "matching_pair"}, True),
    ({"kind": "daily_energy_regression", "fewest_days": 3}, True),
    ({"kind": "around_event", "before": HOUR, "after": timedelta(0)}, False),
    ({"kind": "firm_level", "basis": "nominated_kw"}, False),
    ({"kind": "nominated"}, False),
    ({"kind": "forecast", "mix": "fast"}, False),
    ({"kind": "control_group", "fewest_sites": 1, "match": HOUR}, False),
]


def rule_with(method: dict[str, Any], *, has_days: bool) -> BaselineRule:
    return rule_of(method, **({"days": days_of(1, 1)} if has_days else {}))


@pytest.mark.parametrize(("method", "has_days"), METHODS, ids=lambda value: str(value)[:30])
def test_every_method_answers(method: dict[str, Any], *, has_days: bool) -> None:
    site = site_of(LOAD, nominated_kw=5.0, plan_kw=LOAD, control_kw=LOAD.to_frame(), temperature_c=LOAD)
    answer = found(rule_with(method, has_days=has_days), site, EVENT)
    assert len(answer.adjusted_kw) == 2
    assert answer.method.split("/")[0] == "a-rule"


@pytest.mark.parametrize(("method", "has_days"), METHODS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize(
    ("event", "message"),
    [
        (event_on(MONDAY + DAY, length=25 * HOUR), "at most one day"),
        (Interval(EVENT.start + HOUR / 2, EVENT.end + HOUR / 2), "off the metering grid"),
    ],
)
def test_every_method_refuses_a_wrong_event(
    method: dict[str, Any], event: Interval, message: str, *, has_days: bool
) -> None:
    with pytest.raises(InvalidInput, match=message):
        compute_baseline(rule_with(method, has_days=has_days), site_of(LOAD), event)


def test_the_same_question_has_the_same_answer() -> None:
    first, second = (found(high(2, 3), site_of(LOAD), EVENT) for _ in range(2))
    assert first.raw_kw.equals(second.raw_kw)
    assert (first.days_used, first.method, first.notes) == (second.days_used, second.method, second.notes)


def test_a_rule_that_lost_its_days_is_a_defect() -> None:
    with pytest.raises(BrokenPromise, match="has no days"):
        promised_days(high().model_copy(update={"days": None}))
