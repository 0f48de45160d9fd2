from datetime import UTC, datetime, timedelta

import pytest

from vpp.cli.demo.plan import default_noon, make_plan
from vpp.foundation.clock import AcceleratedClock


def test_the_day_is_in_order_and_a_weekday() -> None:
    plan = make_plan(default_noon(), 1.0)
    instants = [
        plan.begin,
        plan.forecast,
        plan.auction_opens,
        plan.gate_closes,
        plan.emergency_called,
        plan.emergency.start,
        plan.emergency.end,
        plan.evening.start,
        plan.killed,
        plan.restarted,
        plan.evening.end,
        plan.statements_due,
        plan.end,
    ]
    assert instants == sorted(instants)
    assert plan.day.start.weekday() < 5
    assert plan.begin.weekday() < 5
    assert plan.evening.start in plan.day


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_the_clock_gets_there_in_time(ratio: float) -> None:
    plan = make_plan(default_noon(), ratio)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = AcceleratedClock(start, plan.speeds)
    assert clock.machine_time(plan.statements_due) - start < timedelta(seconds=75) / ratio
