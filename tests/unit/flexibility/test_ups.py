from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import ups
from vpp.flexibility.ups import UpsChemistry, UpsParameters, UpsState, floor_kwh, usable_kwh
from vpp.foundation.errors import InvalidInput

PARAMS = UpsParameters(
    resource_id="ups",
    rated_kw=1200.0,
    max_recharge_kw=120.0,
    charge_ratio=0.5,
    wear_cost_per_kwh=Decimal("0.10"),
    response_time=timedelta(seconds=1),
    delivery_ratio=0.9,
    state_of_health_ratio=1.0,
)
MINUTE = timedelta(minutes=1)
TARIFF = Decimal("0.60")


def test_the_reserve_grows_with_the_load() -> None:
    assert floor_kwh(PARAMS, 600.0) == 30.0  # 3 min
    assert floor_kwh(PARAMS, 1200.0) == 60.0
    low = UpsState(stored_kwh=50.0, load_kw=600.0)
    assert ups.available_kw(PARAMS, low, MINUTE) == 600.0
    assert ups.available_kw(PARAMS, replace(low, load_kw=1200.0), MINUTE) == 0.0


def test_an_aged_battery_has_less_to_give() -> None:
    aged = replace(PARAMS, state_of_health_ratio=0.7)
    assert usable_kwh(aged, 1200.0) == pytest.approx(10.0)  # 100 x 0.7 - 60
    assert usable_kwh(replace(PARAMS, state_of_health_ratio=0.5), 1200.0) == 0.0


def test_lead_acid_keeps_half_and_is_not_offered() -> None:
    lead = replace(PARAMS, chemistry=UpsChemistry.VRLA)
    full = UpsState(stored_kwh=100.0, load_kw=300.0)
    assert floor_kwh(lead, 300.0) == 50.0
    assert floor_kwh(lead, 1200.0) == 60.0
    assert ups.available_kw(lead, full, MINUTE) == 300.0
    assert ups.offer(lead, full, 1, 5 * MINUTE, tariff_per_kwh=TARIFF) is None


def test_an_offer_is_the_energy_above_the_reserve() -> None:
    full = UpsState(stored_kwh=100.0, load_kw=600.0)
    bid = ups.offer(PARAMS, full, 1, 5 * MINUTE, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.reduction_kw == (600.0,)
    assert bid.energy_limit_kwh == pytest.approx(50.0)  # 5 min at 600 kW, of 70 kWh above the reserve
    assert bid.price_per_mwh == Decimal("700.00")  # 0.10 wear + 0.60 x (1 / 0.5 - 1)
    assert bid.recovery_intervals == 10  # 50 kWh / 0.5 / 120 kW = 50 min
    assert ups.offer(PARAMS, full, 2, 5 * MINUTE, tariff_per_kwh=TARIFF) is None  # beyond its autonomy


def test_recharge_is_a_load_that_the_site_can_hold_down() -> None:
    low = UpsState(stored_kwh=90.0, load_kw=600.0)
    state, change_kw = ups.advance(PARAMS, low, 0.0, 15 * MINUTE)
    assert (change_kw, state.stored_kwh) == (pytest.approx(80.0), pytest.approx(100.0))
    state, change_kw = ups.advance(PARAMS, low, 0.0, 15 * MINUTE, recovery_limit_kw=40.0)
    assert (change_kw, state.stored_kwh) == (40.0, pytest.approx(95.0))
    assert ups.advance(PARAMS, low, 0.0, 15 * MINUTE, recovery_limit_kw=0.0) == (low, 0.0)


def test_the_envelope_follows_the_load() -> None:
    envelope = ups.envelope(PARAMS, ups.rested(PARAMS, UpsState(stored_kwh=0.0, load_kw=600.0)))
    assert (envelope.p_max_kw, envelope.energy_budget_kwh) == (600.0, 70.0)
    assert envelope.max_duration == timedelta(minutes=5)
    nothing = ups.envelope(replace(PARAMS, state_of_health_ratio=0.5), UpsState(0.0, 1200.0))
    assert (nothing.p_max_kw, nothing.energy_budget_kwh) == (0.0, 0.0)


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(InvalidInput, match="ride_through"):
        replace(PARAMS, ride_through=timedelta(0))
    with pytest.raises(InvalidInput, match="charge_ratio"):
        replace(PARAMS, charge_ratio=0.0)
    with pytest.raises(InvalidInput, match="load_kw is -1"):
        UpsState(stored_kwh=1.0, load_kw=-1.0)


def test_the_planner_is_offered_minutes_only_and_nothing_that_is_held() -> None:
    full = ups.rested(PARAMS, UpsState(0.0, 600.0))
    terms = ups.terms(PARAMS, full, 3, MINUTE, load_kw=(600.0, 800.0, 2_000.0))
    assert terms.max_discharge_kw[:2] == (600.0, 800.0)
    # What is left after a minute must carry the greater load of the next one.
    assert terms.floor_kwh[0] == ups.floor_kwh(PARAMS, 800.0)
    assert (terms.can_increase, terms.end_kwh) == (False, PARAMS.full_kwh)
    assert ups.terms(PARAMS, full, 2, 15 * MINUTE).max_discharge_kw == (0.0, 0.0)  # longer than its autonomy
    held = replace(full, holds=frozenset({ups.UpsHold.GRID_WARNING}))
    assert ups.terms(PARAMS, held, 1, MINUTE).max_discharge_kw == (0.0,)
    low = replace(full, stored_kwh=0.5 * ups.floor_kwh(PARAMS, 600.0))
    assert ups.terms(PARAMS, low, 1, MINUTE).max_discharge_kw == (0.0,)
    lead = replace(PARAMS, chemistry=ups.UpsChemistry.VRLA)
    assert ups.terms(lead, full, 1, MINUTE).max_discharge_kw == (0.0,)
