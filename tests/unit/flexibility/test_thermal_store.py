from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import thermal_store
from vpp.flexibility.thermal_store import ThermalStoreParameters, ThermalStoreState
from vpp.foundation.errors import InvalidInput

PARAMS = ThermalStoreParameters(
    resource_id="tank",
    tank_m3=323.0,
    usable_kelvin=8.0,
    max_discharge_kw=1000.0,
    max_charge_kw=500.0,
    relieved_cop=5.0,
    charging_cop=4.0,
    reserve=timedelta(minutes=15),
    wear_cost_per_kwh=Decimal("0.01"),
    response_time=timedelta(minutes=5),
    delivery_ratio=0.9,
)
FULL = thermal_store.rested(PARAMS, ThermalStoreState(0.0, 1000.0))
QUARTER = timedelta(minutes=15)
TARIFF = Decimal("0.60")


def test_the_reserve_of_the_load_is_no_product() -> None:
    assert thermal_store.floor_kwh(PARAMS, 1000.0) == 250.0
    assert thermal_store.envelope(PARAMS, FULL).energy_budget_kwh == pytest.approx(
        (3005.2 - 250.0) / 5.0, abs=0.1
    )
    at_reserve = replace(FULL, stored_kwh=250.0)
    assert thermal_store.available_kw(PARAMS, at_reserve, QUARTER) == 0.0
    assert thermal_store.offer(PARAMS, at_reserve, 1, QUARTER, tariff_per_kwh=TARIFF) is None
    assert "reserve" in thermal_store.envelope(PARAMS, at_reserve).why_not
    unless_said_so = replace(PARAMS, reserve=timedelta(0))
    assert thermal_store.available_kw(unless_said_so, at_reserve, QUARTER) == pytest.approx(200.0)


def test_it_relieves_no_more_than_the_load() -> None:
    assert thermal_store.available_kw(PARAMS, FULL, QUARTER) == 200.0  # 1000 kW over COP 5
    assert thermal_store.available_kw(PARAMS, replace(FULL, cooling_load_kw=400.0), QUARTER) == 80.0
    after, change_kw = thermal_store.advance(PARAMS, FULL, 500.0, QUARTER)
    assert (change_kw, after.stored_kwh) == (-200.0, pytest.approx(FULL.stored_kwh - 250.0))


def test_filling_is_a_load_and_can_be_ordered() -> None:
    half = replace(FULL, stored_kwh=1500.0)
    assert thermal_store.recovery_kw(PARAMS, half, QUARTER) == 125.0  # 500 kW over COP 4
    after, change_kw = thermal_store.advance(PARAMS, half, 0.0, QUARTER, recovery_limit_kw=50.0)
    assert (change_kw, after.stored_kwh) == (50.0, 1550.0)
    after, change_kw = thermal_store.advance(PARAMS, half, 0.0, QUARTER, increase_kw=100.0)
    assert (change_kw, after.stored_kwh) == (100.0, 1600.0)
    assert thermal_store.available_increase_kw(PARAMS, FULL, QUARTER) == 0.0
    with pytest.raises(InvalidInput, match="expected 0 beside a reduction"):
        thermal_store.advance(PARAMS, half, 1.0, QUARTER, increase_kw=1.0)


def test_cold_is_lost_while_it_waits() -> None:
    leaky = replace(PARAMS, daily_loss_ratio=0.1)
    after, _ = thermal_store.advance(leaky, FULL, 0.0, timedelta(days=1), recovery_limit_kw=0.0)
    assert after.stored_kwh == pytest.approx(0.9 * FULL.stored_kwh)


def test_an_offer_pays_for_filling_at_a_worse_performance() -> None:
    bid = thermal_store.offer(PARAMS, FULL, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.recovery_ratio == 1.25
    assert bid.price_per_mwh == Decimal("160.00")  # 0.01 + 0.60 x 0.25
    assert bid.energy_limit_kwh == pytest.approx(200.0)
    assert bid.cost is not None
    assert bid.cost.at(TARIFF) == Decimal("0.16")


def test_the_planner_sees_electric_energy() -> None:
    terms = thermal_store.terms(PARAMS, FULL, 4, QUARTER)
    assert terms.stored_kwh == pytest.approx(PARAMS.capacity_kwh / 5.0)
    assert terms.floor_kwh == (50.0,) * 4
    assert (terms.max_discharge_kw[0], terms.max_charge_kw[0], terms.stored_per_charged) == (
        200.0,
        125.0,
        0.8,
    )


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(InvalidInput, match="tank_m3 is -1"):
        replace(PARAMS, tank_m3=-1.0)
    with pytest.raises(InvalidInput, match="reserve is"):
        replace(PARAMS, reserve=timedelta(minutes=-1))
