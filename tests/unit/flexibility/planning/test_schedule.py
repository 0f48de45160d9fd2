"""Schedules worked out by hand: each kind's constraints, one at a time."""

import math
from dataclasses import replace

import pytest

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.plan import WhyNot
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import (
    CutSegment,
    GeneratorTerms,
    PauseTerms,
    ResourceTerms,
    SharedLimit,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    WorkTerms,
    flat,
)
from vpp.foundation.errors import InvalidInput

N = 4
LOAD = flat(1000.0, N)
NAN = math.nan


def site(*resources: ResourceTerms, price: float = 0.1) -> SiteTerms:
    return SiteTerms(1.0, LOAD, flat(price, N), flat(1100.0, N), resources)


def owed(*kw: float, most: float = math.inf) -> Goal:
    """Owe some power in the first intervals, measured against the load."""
    least = (*kw, *(0.0,) * (N - len(kw)))
    measured = tuple(1000.0 if t < len(kw) else NAN for t in range(N))
    return Goal(measured, least, tuple(max(most, each) for each in least), excess_cost_per_kwh=0.0)


def battery(**changes: object) -> StoreTerms:
    bess = StoreTerms(
        "bess", 150.0, flat(50.0, N), 150.0, flat(80.0, N), flat(80.0, N), stored_per_charged=0.8
    )
    return replace(bess, **changes)  # type: ignore[arg-type]


def jobs(**changes: object) -> WorkTerms:
    group = WorkTerms("jobs", flat(100.0, N), (CutSegment(0.5, 0.5),), flat(20.0, N), 20.0, (3,) * N)
    return replace(group, **changes)  # type: ignore[arg-type]


def hall(**changes: object) -> ThermalTerms:
    """A hall of one heat capacity: 0.1 K per kWh of cooling that is missing."""
    still = ((1.0, 0.0), (0.0, 1.0))
    terms = ThermalTerms(
        "hall",
        (0.0, 0.0),
        (still,) * N,
        ((0.1, 0.1),) * N,
        flat(5.0, N),
        flat(0.0, N),
        flat(4.0, N),
        flat(60.0, N),
        flat(30.0, N),
    )
    return replace(terms, **changes)  # type: ignore[arg-type]


def test_a_battery_gives_what_lies_above_its_floor_and_says_why_no_more() -> None:
    plan = schedule(site(battery()), owed(60.0, 60.0))
    assert sum(plan.delivered_kw) == pytest.approx(100.0)
    assert sum(plan.shortfall_kw) == pytest.approx(20.0)
    assert plan.why_short == {"bess": WhyNot.ENERGY}


def test_a_floor_above_what_is_stored_bars_discharge_only() -> None:
    low = battery(stored_kwh=40.0, end_kwh=80.0)
    plan = schedule(site(low), owed(60.0))
    assert plan.reduction_kw["bess"] == (0.0,) * N
    assert plan.stored["bess"][-1] == pytest.approx(80.0)


def test_the_own_programme_stays_and_its_charge_may_be_moved() -> None:
    own = battery(own_discharge_kw=(0.0, 0.0, 0.0, 60.0), own_charge_kw=(40.0, 0.0, 0.0, 0.0), end_kwh=90.0)
    plan = schedule(site(own), owed(40.0))
    assert plan.increase_kw["bess"][0] == pytest.approx(-40.0)
    assert plan.reduction_kw["bess"][0] == pytest.approx(0.0)
    assert plan.stored["bess"][-1] == pytest.approx(90.0)


def test_two_cycles_a_day_are_enough() -> None:
    busy = battery(throughput_limit_kwh=70.0)
    plan = schedule(site(busy), owed(60.0, 60.0))
    assert sum(plan.reduction_kw["bess"]) == pytest.approx(70.0)
    assert plan.why_short == {"bess": WhyNot.ENERGY}


def test_a_battery_trades_only_where_the_spread_pays_losses_and_wear() -> None:
    prices = (0.05, 0.05, 0.2, 0.2)
    cheap = replace(site(battery(stored_kwh=50.0, wear_cost_per_kwh=0.1)), energy_price_per_kwh=prices)
    dear = replace(site(battery(stored_kwh=50.0, wear_cost_per_kwh=0.15)), energy_price_per_kwh=prices)
    assert sum(schedule(cheap, Goal.nothing(N)).reduction_kw["bess"]) == pytest.approx(100.0)
    assert sum(schedule(dear, Goal.nothing(N)).reduction_kw["bess"]) == 0.0


def test_recharging_stays_below_the_import_limit_and_the_ramp() -> None:
    tight = replace(site(battery(end_kwh=150.0)), import_limit_kw=flat(1030.0, N))
    plan = schedule(tight, owed(60.0))
    assert max(plan.net_kw) <= 1030.0 + 1e-6
    steep = replace(site(battery(end_kwh=150.0)), max_rise_kw=flat(25.0, N), previous_net_kw=1000.0)
    plan = schedule(steep, owed(60.0))
    rises = [after - before for before, after in zip(plan.net_kw, plan.net_kw[1:], strict=False)]
    assert max(rises) <= 25.0 + 1e-6


def test_a_forecast_above_the_import_limit_is_not_made_worse() -> None:
    crowded = replace(site(battery(stored_kwh=60.0, end_kwh=150.0)), import_limit_kw=flat(900.0, N))
    plan = schedule(crowded, Goal.nothing(N))
    assert max(plan.net_kw) <= 1000.0 + 1e-6
    assert sum(plan.increase_kw["bess"]) == pytest.approx(0.0, abs=1e-6)


def test_work_put_off_is_done_before_its_deadline() -> None:
    plan = schedule(site(jobs()), owed(50.0, 50.0))
    # 50 kWh of work lost at most; 20 kW catches up in the hours 2, 3 and, beyond the horizon, 4.
    assert plan.delivered_kw[:2] == pytest.approx((50.0, 50.0))
    due_first = schedule(site(jobs(due_after=(1,) * N)), owed(50.0, 50.0))
    assert sum(due_first.shortfall_kw) > 1.0
    assert due_first.why_short == {"jobs": WhyNot.DEADLINE}


def test_without_free_machines_nothing_rebounds_and_no_cut_is_allowed() -> None:
    full = jobs(catch_up_kw=flat(0.0, N), later_catch_up_kw=0.0)
    plan = schedule(site(full), owed(50.0))
    assert plan.reduction_kw["jobs"] == (0.0,) * N
    late = replace(full, max_late_kwh=100.0, late_cost_per_kwh=1.0)
    plan = schedule(site(late), owed(50.0))
    assert plan.delivered_kw[0] == pytest.approx(50.0)
    assert plan.increase_kw["jobs"] == (0.0,) * N


def test_the_segment_that_loses_least_is_cut_first() -> None:
    two = jobs(segments=(CutSegment(0.2, 0.1), CutSegment(0.3, 0.9)), value_per_kwh=1.0)
    base = schedule(site(two, price=0.0), owed(0.0)).cost
    assert schedule(site(two, price=0.0), owed(20.0)).cost - base == pytest.approx(2.0)
    assert schedule(site(two, price=0.0), owed(30.0)).cost - base == pytest.approx(2.0 + 9.0)


def test_work_is_brought_forward_for_a_load_up_as_far_as_there_is_any() -> None:
    ahead = jobs(ahead_kwh=30.0, catch_up_kw=flat(25.0, N))
    goal = replace(owed(25.0, 25.0), direction=FlexDirection.LOAD_UP)
    plan = schedule(site(ahead), goal)
    assert sum(plan.delivered_kw) == pytest.approx(30.0)


def test_a_pause_is_whole_and_begins_only_at_a_checkpoint() -> None:
    pause = PauseTerms((False, True, True, True), idle_power_ratio=0.2, shortest_intervals=2)
    group = jobs(segments=(), pause=pause, catch_up_kw=flat(0.0, N), max_late_kwh=1e6)
    plan = schedule(site(group), owed(10.0, 10.0))
    assert plan.delivered_kw[:2] == pytest.approx((0.0, 80.0))
    assert plan.is_on["jobs"] in {(False, True, True, False), (False, True, True, True)}
    assert plan.why_short["jobs"] in {WhyNot.DEADLINE, WhyNot.SITE}


def test_a_running_pause_lasts_its_shortest() -> None:
    pause = PauseTerms((True,) * N, shortest_intervals=3, paused_for=1, max_count=0)
    plan = schedule(site(jobs(pause=pause)), Goal.nothing(N))
    assert plan.is_on["jobs"] == (True, True, False, False)


def test_a_hall_gives_its_budget_no_faster_than_its_rate_and_is_cooled_down_again() -> None:
    plan = schedule(site(hall()), owed(60.0, 60.0))
    assert plan.delivered_kw[:2] == pytest.approx((40.0, 10.0))
    assert plan.why_short == {"hall": WhyNot.TEMPERATURE}
    assert plan.stored["hall"][-1] == pytest.approx(0.0, abs=1e-6)
    assert sum(plan.increase_kw["hall"]) == pytest.approx(50.0)


def test_a_hall_may_be_cooled_ahead_only_if_it_says_so() -> None:
    goal = Goal((NAN, 1000.0, 1000.0, NAN), (0.0, 40.0, 40.0, 0.0), (0.0, 50.0, 50.0, 0.0))
    assert sum(schedule(site(hall()), goal).shortfall_kw) == pytest.approx(30.0)
    assert sum(schedule(site(hall(under_k=flat(3.0, N))), goal).shortfall_kw) == pytest.approx(0.0, abs=1e-6)


def test_a_generator_runs_its_shortest_within_its_permit() -> None:
    machine = GeneratorTerms(
        "genset", 50.0, flat(100.0, N), (True,) * N, 2.0, min_run_intervals=2, cost_per_kwh=1.0
    )
    plan = schedule(site(machine), owed(70.0))
    assert plan.is_on["genset"] == (True, True, False, False)
    assert plan.reduction_kw["genset"][:2] == pytest.approx((70.0, 50.0))
    none_left = replace(machine, permit_hours=1.0)
    plan = schedule(site(none_left), owed(70.0))
    assert plan.is_on["genset"] == (False,) * N
    assert plan.why_short == {"genset": WhyNot.PERMIT}


def test_resources_that_exclude_each_other_are_not_used_at_once() -> None:
    pair = site(battery(), hall())
    plan = schedule(replace(pair, exclusions=(frozenset({"bess", "hall"}),)), owed(100.0))
    assert plan.delivered_kw[0] == pytest.approx(80.0)
    assert plan.why_short == {"bess": WhyNot.POWER, "hall": WhyNot.SITE}


def test_what_is_shared_is_sold_once() -> None:
    pair = replace(
        site(jobs(), hall()), shared_limits=(SharedLimit((("hall", 1.0), ("jobs", 0.2)), flat(42.0, N)),)
    )
    plan = schedule(pair, owed(100.0))
    assert plan.delivered_kw[0] == pytest.approx(82.0)


def test_a_start_cost_is_paid_once_or_not_at_all() -> None:
    dear, cheap = battery(start_cost=50.0), replace(battery(wear_cost_per_kwh=0.3), resource_id="other")
    one = schedule(site(dear, cheap), owed(60.0))
    assert one.reduction_kw["bess"][0] == 0.0
    two = schedule(site(dear, cheap), owed(130.0))
    assert two.reduction_kw["bess"][0] > 0.0


def test_a_weak_response_is_commanded_more() -> None:
    plan = schedule(site(battery()), owed(40.0), response_ratio={"bess": 0.8})
    assert plan.reduction_kw["bess"][0] == pytest.approx(50.0)
    assert plan.delivered_kw[0] == pytest.approx(40.0)


def test_a_store_burns_no_energy_where_prices_are_negative() -> None:
    plan = schedule(site(battery(stored_kwh=150.0), price=-0.1), Goal.nothing(N))
    both = [
        less > 1e-6 and more > 1e-6
        for less, more in zip(plan.reduction_kw["bess"], plan.increase_kw["bess"], strict=True)
    ]
    assert not any(both)


def test_a_ups_that_may_not_charge_for_a_load_up_does_not() -> None:
    goal = replace(owed(40.0), direction=FlexDirection.LOAD_UP)
    assert schedule(site(battery(stored_kwh=60.0)), goal).delivered_kw[0] == pytest.approx(40.0)
    plan = schedule(site(battery(stored_kwh=60.0, can_increase=False)), goal)
    assert plan.delivered_kw[0] == pytest.approx(0.0, abs=1e-6)


def test_what_is_paid_is_delivered_while_it_pays() -> None:
    goal = Goal(
        (1000.0, NAN, NAN, NAN), (0.0,) * N, (60.0, 0.0, 0.0, 0.0), price_per_kwh=(0.5, 0.0, 0.0, 0.0)
    )
    paid = schedule(site(battery(wear_cost_per_kwh=0.4)), goal)
    assert paid.delivered_kw[0] == pytest.approx(60.0)
    unpaid = schedule(site(battery(wear_cost_per_kwh=0.7)), goal)
    assert unpaid.delivered_kw[0] == 0.0


def test_a_goal_of_another_horizon_and_a_ratio_above_one_are_refused() -> None:
    with pytest.raises(InvalidInput, match="baseline_kw has 2 values, expected the site's 4"):
        schedule(site(battery()), Goal.nothing(2))
    with pytest.raises(InvalidInput, match=r"response_ratio of bess is 1\.1"):
        schedule(site(battery()), Goal.nothing(N), response_ratio={"bess": 1.1})
