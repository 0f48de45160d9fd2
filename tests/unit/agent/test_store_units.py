"""Battery, UPS, tank and generator as the agent sees them: from a device's reading to a model's state."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.agent.battery_unit import BatteryUnit
from vpp.agent.generator_unit import GeneratorUnit
from vpp.agent.thermal_store_unit import ThermalStoreUnit
from vpp.agent.unit_tables import units_of
from vpp.agent.ups_unit import UpsUnit
from vpp.flexibility.planning.terms import GeneratorTerms, StoreTerms
from vpp.flexibility.ups import UpsHold
from vpp.foundation.errors import InvalidInput

QUARTER = timedelta(minutes=15)
PRICES = (Decimal("0.60"),) * 4
BATTERY = {
    "capacity_kwh": 1000.0,
    "max_discharge_kw": 400.0,
    "max_charge_kw": 300.0,
    "round_trip_ratio": 0.8,
    "min_soc_ratio": 0.1,
    "max_soc_ratio": 0.9,
    "backup_floor_kwh": 0.0,
    "wear_cost_per_kwh": "0.16",
    "response_time": "PT1S",
    "delivery_ratio": 0.95,
}
UPS = {
    "rated_kw": 1000.0,
    "max_recharge_kw": 100.0,
    "charge_ratio": 0.95,
    "wear_cost_per_kwh": "0.10",
    "response_time": "PT1S",
    "delivery_ratio": 0.9,
    "state_of_health_ratio": 1.0,
    "excludes": ["diesel"],
}
TANK = {
    "tank_m3": 100.0,
    "usable_kelvin": 8.0,
    "max_discharge_kw": 500.0,
    "max_charge_kw": 250.0,
    "relieved_cop": 5.0,
    "charging_cop": 5.0,
    "reserve": "PT15M",
    "wear_cost_per_kwh": "0.01",
    "response_time": "PT5M",
    "delivery_ratio": 0.9,
}
DIESEL = {
    "is_enabled": True,
    "max_kw": 800.0,
    "min_kw": 200.0,
    "start_failure_ratio": 0.02,
    "fuel_cost_per_kwh": "1.80",
    "emission_kg_per_kwh": 0.7,
    "delivery_ratio": 0.95,
    "tank_kwh": 4000.0,
}
ALIVE = {"available": 1.0, "reduction_kw": 0.0}


def test_a_battery_at_half_offers_half_now_and_all_at_enrolment() -> None:
    (unit,) = units_of({"battery": {"bess": BATTERY}}, None)
    assert isinstance(unit, BatteryUnit)
    unit.observe(ALIVE | {"state_of_charge_ratio": 0.5})
    assert unit.envelope().energy_budget_kwh == 800.0
    assert unit.present_envelope().energy_budget_kwh == 400.0
    assert unit.available_increase_kw(unit.observed, QUARTER) == 300.0
    after, increase_kw = unit.increase(unit.observed, 200.0, QUARTER)
    assert (increase_kw, after.stored_kwh, after.owed_kwh) == (200.0, 540.0, pytest.approx(360.0))
    terms = unit.terms(unit.observed, 4, QUARTER, PRICES)
    assert isinstance(terms, StoreTerms)
    assert (terms.stored_kwh, terms.floor_kwh[0], terms.throughput_limit_kwh) == (500.0, 100.0, math.inf)
    (cycled,) = units_of({"battery": {"bess": BATTERY | {"max_cycles_per_day": 2.0}}}, None)
    limited = cycled.terms(unit.observed, 4, QUARTER, PRICES)
    assert isinstance(limited, StoreTerms)
    assert limited.throughput_limit_kwh == 1600.0


def test_a_battery_that_rests_half_full_can_be_sold_upwards() -> None:
    (unit,) = units_of({"battery": {"bess": BATTERY | {"rest_soc_ratio": 0.5}}}, None)
    unit.observe(ALIVE | {"state_of_charge_ratio": 0.5})
    assert unit.recovery_kw(unit.observed, QUARTER) == 0.0  # nothing is owed
    assert unit.available_increase_kw(unit.observed, QUARTER) == 300.0
    unit.observe(ALIVE | {"state_of_charge_ratio": 0.4})
    assert unit.observed.owed_kwh == pytest.approx(100.0)
    with pytest.raises(InvalidInput, match="rest_soc_ratio"):
        units_of({"battery": {"bess": BATTERY | {"rest_soc_ratio": 0.95}}}, None)


@pytest.mark.parametrize(
    ("sign", "hold"),
    [
        ({"redundancy_ok": 0.0}, UpsHold.REDUNDANCY_LOST),
        ({"alarm_count": 1.0}, UpsHold.BATTERY_ALARM),
        ({"available": 0.0}, UpsHold.BATTERY_ALARM),
        ({"storm_warning": 1.0}, UpsHold.STORM_WARNING),
        ({"grid_warning": 1.0}, UpsHold.GRID_WARNING),
        ({"generator_test": 1.0}, UpsHold.GENERATOR_TEST),
    ],
)
def test_every_sign_of_trouble_holds_a_ups_back(sign: dict[str, float], hold: UpsHold) -> None:
    (unit,) = units_of({"ups": {"ups": UPS}}, None)
    assert isinstance(unit, UpsUnit)
    reading = ALIVE | {"state_of_charge_ratio": 1.0, "it_load_kw": 600.0}
    unit.observe(reading)
    assert unit.available_kw(unit.observed, QUARTER / 3) > 0.0
    assert unit.present_envelope().excludes == {"diesel"}
    unit.observe(reading | sign)
    assert unit.observed.holds == {hold}
    assert unit.available_kw(unit.observed, QUARTER / 3) == 0.0
    assert unit.present_envelope().why_not == hold.value
    assert unit.envelope().p_max_kw == 600.0  # what it can do at its best stays enrolled
    terms = unit.terms(unit.observed, 4, QUARTER, PRICES)
    assert terms.max_discharge_kw == (0.0,) * 4


def test_direct_current_backup_is_a_ups_by_another_name() -> None:
    (unit,) = units_of({"hvdc_backup": {"hvdc": UPS}}, None)
    assert isinstance(unit, UpsUnit)


def test_a_tank_keeps_the_reserve_of_the_load() -> None:
    (unit,) = units_of({"thermal_store": {"tank": TANK}}, None)
    assert isinstance(unit, ThermalStoreUnit)
    unit.observe(ALIVE | {"stored_ratio": 1.0, "cooling_load_kw": 400.0})
    assert unit.envelope().p_max_kw == 80.0
    assert unit.energy_kwh(unit.observed) == pytest.approx((930.4 - 100.0) / 5.0)
    after, reduction_kw = unit.advance(unit.observed, 80.0, QUARTER)
    assert (reduction_kw, after.stored_kwh) == (80.0, pytest.approx(830.4))
    assert unit.increase(after, 40.0, QUARTER)[1] == 40.0
    assert unit.offer(unit.observed, 4, QUARTER, Decimal("0.60")) is not None
    with pytest.raises(InvalidInput, match="gives no reading of stored_ratio"):
        unit.observe(ALIVE | {"cooling_load_kw": 400.0})


def test_a_generator_counts_hours_of_unknown_purpose_as_paid() -> None:
    (unit,) = units_of({"generator": {"diesel": DIESEL}}, None)
    assert isinstance(unit, GeneratorUnit)
    reading = ALIVE | {"is_running": 0.0, "run_s": 0.0, "hours_used_nonemergency": 49.8, "fuel_ratio": 0.5}
    unit.observe(reading)
    assert unit.observed.paid_hours_left == pytest.approx(0.2)
    assert unit.available_kw(unit.observed, QUARTER) == 0.0  # its shortest run does not fit
    unit.observe(reading | {"hours_used_paid": 10.0})
    assert unit.observed.paid_hours_left == pytest.approx(40.0)
    assert unit.observed.fuel_kwh == 2000.0
    assert unit.available_kw(unit.observed, QUARTER) == 800.0
    assert isinstance(unit.terms(unit.observed, 4, QUARTER, PRICES), GeneratorTerms)
    unit.observe(reading | {"hours_used_paid": 10.0, "alarm_count": 1.0})
    assert unit.available_kw(unit.observed, QUARTER) == 0.0


def test_a_generator_whose_counters_stand_still_runs_no_longer_than_its_permit() -> None:
    (unit,) = units_of({"generator": {"diesel": DIESEL}}, None)
    reading = {"is_running": 1.0, "run_s": 3600.0, "hours_used_nonemergency": 0.0, "fuel_ratio": 1.0}
    at = datetime(2026, 12, 29, tzinfo=UTC)
    for _ in range(50):
        unit.observe({"available": 1.0, "reduction_kw": 500.0} | reading, at)
        assert unit.observed.paid_hours_left > 0.0
        at += timedelta(hours=1)
    unit.observe({"available": 1.0, "reduction_kw": 500.0} | reading, at)
    assert unit.observed.paid_hours_left == pytest.approx(0.0, abs=1e-9)
    assert unit.available_kw(unit.observed, QUARTER) == 0.0
    # The year turns in the middle of a run: what ran before it is last year's.
    at = datetime(2027, 1, 1, 3, tzinfo=UTC)
    unit.observe({"available": 1.0, "reduction_kw": 0.0} | reading | {"is_running": 0.0}, at)
    assert unit.observed.paid_hours_left == pytest.approx(50.0)


def test_a_test_run_takes_nothing_from_the_paid_hours_until_all_hours_are_short() -> None:
    (unit,) = units_of({"generator": {"diesel": DIESEL}}, None)
    reading = ALIVE | {"is_running": 1.0, "run_s": 60.0, "hours_used_nonemergency": 0.0, "fuel_ratio": 1.0}
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for hours, left_hours in ((0, 50.0), (40, 50.0), (60, 40.0)):
        unit.observe(reading | {"generator_test": 1.0}, at + timedelta(hours=hours))
        assert unit.observed.paid_hours_left == pytest.approx(left_hours)


def test_a_tank_whose_fuel_nobody_measures_is_refused() -> None:
    (unit,) = units_of({"generator": {"diesel": DIESEL}}, None)
    with pytest.raises(InvalidInput, match="gives no reading of fuel_ratio"):
        unit.observe(ALIVE | {"is_running": 0.0, "run_s": 0.0, "hours_used_nonemergency": 0.0})


@pytest.mark.parametrize(
    ("kind", "table", "reading", "problem"),
    [
        ("battery", BATTERY, {"state_of_charge_ratio": 95.0}, "state_of_charge_ratio reads 95.0"),
        ("battery", BATTERY, {"state_of_charge_ratio": -0.5}, "state_of_charge_ratio reads -0.5"),
        ("ups", UPS, {"state_of_charge_ratio": 1e12, "it_load_kw": 1.0}, "state_of_charge_ratio reads"),
        ("ups", UPS, {"state_of_charge_ratio": 1.0, "it_load_kw": 1e12}, "it_load_kw reads"),
        ("thermal_store", TANK, {"stored_ratio": 1.2, "cooling_load_kw": 1.0}, "stored_ratio reads 1.2"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(
    kind: str, table: dict[str, object], reading: dict[str, float], problem: str
) -> None:
    (unit,) = units_of({kind: {"x": table}}, None)
    with pytest.raises(InvalidInput, match=problem):
        unit.observe(ALIVE | reading)
    assert unit.state is None


def test_an_instrument_that_is_a_little_off_is_brought_into_range() -> None:
    (unit,) = units_of({"battery": {"bess": BATTERY}}, None)
    unit.observe(ALIVE | {"state_of_charge_ratio": 1.01})
    assert unit.observed.stored_kwh == 1000.0


@pytest.mark.parametrize(
    ("kind", "table", "change", "problem"),
    [
        ("ups", UPS, {"ride_through": "PT10M"}, "ride_through is 0:10:00, expected at most autonomy"),
        ("ups", UPS, {"wear_cost_per_kwh": -1}, "wear_cost_per_kwh is -1"),
        ("ups", UPS, {"response_time": "-PT1S"}, "response_time is -1 day"),
        ("ups", UPS, {"excludes": ["x"]}, "excludes holds x itself"),
        ("ups", UPS, {"rated_kw": True}, "rated_kw is True, expected a number"),
        ("battery", BATTERY, {"backup_floor_kwh": 950.0}, "backup_floor_kwh is 950"),
        ("battery", BATTERY, {"wear_cost_per_kwh": -3}, "wear_cost_per_kwh is -3"),
        ("thermal_store", TANK, {"reserve": "-PT1M"}, "reserve is -1 day"),
        ("generator", DIESEL, {"start_cost": -1}, "start_cost is -1"),
        ("generator", DIESEL, {"fuel_cost_per_kwh": -1}, "fuel_cost_per_kwh is -1"),
        ("generator", DIESEL, {"fuel_reserve_kwh": 4001.0}, "fuel_reserve_kwh is 4001"),
        ("generator", DIESEL, {"paid_hours_per_year": 200.0}, "paid_hours_per_year is 200"),
        ("generator", DIESEL, {"is_enabled": "yes"}, "is_enabled is 'yes', expected true or false"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    kind: str, table: dict[str, object], change: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        units_of({kind: {"x": {**table, **change}}}, None)


def test_a_generator_is_off_unless_the_configuration_turns_it_on() -> None:
    table = {key: value for key, value in DIESEL.items() if key != "is_enabled"}
    (unit,) = units_of({"generator": {"diesel": table}}, None)
    unit.observe(ALIVE | {"is_running": 0.0, "run_s": 0.0, "hours_used_nonemergency": 0.0, "fuel_ratio": 1.0})
    assert unit.envelope().p_max_kw == 0.0
    assert unit.offer(unit.observed, 4, QUARTER, Decimal("0.60")) is None


def test_a_tank_without_a_word_about_its_reserve_is_refused() -> None:
    table = {key: value for key, value in TANK.items() if key != "reserve"}
    with pytest.raises(InvalidInput, match="lacks reserve"):
        units_of({"thermal_store": {"tank": table}}, None)
