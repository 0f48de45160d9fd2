"""A running event planned anew: energy is kept for later, what was decided holds, time runs out."""

import math
from dataclasses import replace

import pytest

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.terms import CutSegment, PauseTerms, SiteTerms, StoreTerms, WorkTerms, flat

N = 4
BESS = StoreTerms("bess", 150.0, flat(50.0, N), 150.0, flat(80.0, N), flat(80.0, N), wear_cost_per_kwh=0.2)
CAPS = WorkTerms(
    "caps", flat(100.0, N), (CutSegment(0.3, 0.3),), flat(50.0, N), 50.0, (6,) * N, value_per_kwh=2.0
)
SITE = SiteTerms(1.0, flat(1000.0, N), flat(0.1, N), flat(1200.0, N), (BESS, CAPS))


def owed(*kw: float) -> Goal:
    measured = tuple(1000.0 if t < len(kw) else math.nan for t in range(N))
    return Goal(measured, (*kw, *(0.0,) * (N - len(kw))), flat(200.0, N))


def test_the_cheap_battery_is_kept_for_the_hour_in_which_nothing_else_suffices() -> None:
    plan = replan(SITE, owed(30.0, 110.0), time_limit_s=5.0)
    assert plan is not None
    assert plan.largest_shortfall_kw == 0.0
    # 110 kW need all 80 kW of the battery, whose 100 kWh leave 20 for the first hour.
    assert plan.reduction_kw["bess"][0] == pytest.approx(20.0)
    assert plan.reduction_kw["caps"][0] == pytest.approx(10.0)


def test_what_does_not_respond_is_made_good_by_the_others() -> None:
    plan = replan(SITE, owed(60.0), response_ratio={"bess": 0.5}, time_limit_s=5.0)
    assert plan is not None
    assert plan.delivered_kw[0] == pytest.approx(60.0)
    assert plan.reduction_kw["caps"][0] == pytest.approx(20.0)


def test_a_pause_that_was_decided_holds() -> None:
    pause = PauseTerms((True,) * N, idle_power_ratio=0.1)
    paused = replace(SITE, resources=(BESS, replace(CAPS, pause=pause)))
    plan = replan(paused, owed(60.0), decided={"caps": (True, False, False, False)}, time_limit_s=5.0)
    assert plan is not None
    assert plan.is_on["caps"] == (True, False, False, False)
    assert plan.reduction_kw["caps"][0] == pytest.approx(90.0)
    assert plan.reduction_kw["bess"][0] == pytest.approx(0.0, abs=1e-6)


def test_a_decision_that_cannot_be_held_has_no_plan() -> None:
    pause = PauseTerms((False,) * N)
    barred = replace(SITE, resources=(replace(CAPS, pause=pause),))
    assert replan(barred, owed(60.0), decided={"caps": (True, False, False, False)}, time_limit_s=5.0) is None


def test_no_time_is_no_plan() -> None:
    assert replan(SITE, owed(30.0), time_limit_s=0.0) is None
