from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import generator
from vpp.flexibility.generator import GeneratorParameters, GeneratorState
from vpp.foundation.errors import InvalidInput

PARAMS = GeneratorParameters(
    resource_id="diesel",
    max_kw=1000.0,
    min_kw=300.0,
    start_failure_ratio=0.02,
    fuel_cost_per_kwh=Decimal("1.80"),
    emission_kg_per_kwh=0.7,
    delivery_ratio=0.95,
    is_enabled=True,
)
READY = GeneratorState(load_kw=5000.0, paid_hours_left=50.0)
QUARTER = timedelta(minutes=15)
TARIFF = Decimal("0.60")


def test_it_is_off_unless_the_site_turns_it_on() -> None:
    off = GeneratorParameters("diesel", 1000.0, 300.0, 0.02, Decimal("1.80"), 0.7, 0.95)
    assert generator.available_kw(off, READY, QUARTER) == 0.0
    assert generator.offer(off, READY, 4, QUARTER, tariff_per_kwh=TARIFF) is None
    assert generator.envelope(off, READY).why_not == "the site has not turned it on"
    assert generator.terms(off, READY, 2, QUARTER).is_allowed == (False, False)


def test_it_runs_between_its_least_and_its_largest_output_for_its_shortest_run() -> None:
    state, change_kw = generator.advance(PARAMS, READY, 100.0, QUARTER)
    assert (change_kw, state.running_for, state.paid_hours_left) == (-300.0, QUARTER, 49.75)
    state, change_kw = generator.advance(PARAMS, state, 0.0, QUARTER)  # 30 min are not over
    assert (change_kw, state.running_for) == (-300.0, 2 * QUARTER)
    state, change_kw = generator.advance(PARAMS, state, 0.0, QUARTER)
    assert (change_kw, state.running_for, state.paid_hours_left) == (0.0, timedelta(0), 49.5)
    assert generator.advance(PARAMS, READY, 9999.0, QUARTER)[1] == -1000.0


def test_it_feeds_nothing_into_the_grid() -> None:
    assert generator.available_kw(PARAMS, replace(READY, load_kw=700.0), QUARTER) == 700.0
    assert generator.available_kw(PARAMS, replace(READY, load_kw=200.0), QUARTER) == 0.0


def test_the_whole_shortest_run_must_fit_into_the_permit() -> None:
    nearly_over = replace(READY, paid_hours_left=0.4)
    assert generator.available_kw(PARAMS, nearly_over, QUARTER) == 0.0  # 30 min would not fit
    running = replace(nearly_over, running_for=timedelta(hours=1))
    assert generator.available_kw(PARAMS, running, QUARTER) == 1000.0
    assert "0.4 paid hours left" in generator.envelope(PARAMS, nearly_over).why_not


def test_fuel_for_emergencies_is_kept() -> None:
    params = replace(PARAMS, tank_kwh=10_000.0, fuel_reserve_kwh=8000.0)
    assert generator.available_kw(params, replace(READY, fuel_kwh=8000.0), QUARTER) == 0.0
    left = replace(READY, fuel_kwh=8200.0)
    # 200 kWh, of which 300 kW need 75 for the second quarter of the shortest run.
    assert generator.available_kw(params, left, QUARTER) == 500.0
    after, _ = generator.advance(params, left, 1000.0, QUARTER)
    after, change_kw = generator.advance(params, after, 0.0, QUARTER)
    assert (change_kw, after.running_for, after.fuel_kwh) == (-300.0, 2 * QUARTER, 8000.0)
    after, _ = generator.advance(params, left, 1000.0, QUARTER)
    assert after.fuel_kwh == 8075.0


def test_a_set_that_starts_badly_or_is_blocked_is_not_offered() -> None:
    bad = replace(PARAMS, start_failure_ratio=0.1)
    assert generator.offer(bad, READY, 4, QUARTER, tariff_per_kwh=TARIFF) is None
    assert generator.envelope(bad, READY).promised_kw == 0.0
    running = replace(READY, running_for=timedelta(hours=1))
    assert generator.offer(bad, running, 4, QUARTER, tariff_per_kwh=TARIFF) is not None
    assert generator.available_kw(PARAMS, replace(READY, is_blocked=True), QUARTER) == 0.0


def test_an_offer_costs_fuel_less_the_power_not_bought() -> None:
    bid = generator.offer(replace(PARAMS, start_cost=Decimal(40)), READY, 1, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert (bid.price_per_mwh, bid.divisible, bid.min_acceptance_ratio) == (Decimal("1200.00"), False, 0.3)
    # 40 for the start; it runs on for 15 min at 300 kW: 75 kWh x 1.20
    assert bid.fixed_cost == Decimal("130.00")
    assert bid.recovery_ratio == 0.0
    assert generator.emission_kg(PARAMS, 250.0) == 175.0


def test_the_planner_sees_hours_and_runs() -> None:
    terms = generator.terms(PARAMS, replace(READY, running_for=QUARTER), 2, QUARTER, load_kw=(500.0, 200.0))
    assert (terms.max_kw, terms.is_allowed) == ((500.0, 200.0), (True, False))
    assert (terms.permit_hours, terms.min_run_intervals, terms.running_for) == (50.0, 2, 1)


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(InvalidInput, match="min_kw is 2000"):
        replace(PARAMS, min_kw=2000.0)
    with pytest.raises(InvalidInput, match="paid_hours_per_year is 200"):
        replace(PARAMS, paid_hours_per_year=200.0)
    with pytest.raises(InvalidInput, match="start_failure_ratio"):
        replace(PARAMS, start_failure_ratio=1.5)
