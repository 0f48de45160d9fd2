from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import chiller, chiller_plant
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, settled_kelvin
from vpp.flexibility.inlet_envelope import EquipmentClass, inlet_limit_celsius
from vpp.foundation.errors import InvalidInput

PARAMS = ChillerParameters(
    resource_id="chiller",
    rated_capacity_kw=1200.0,
    reference_cop=5.5,
    curves=WATER_COOLED,
    loop_water_m3=20.0,
    it_load_kw=1000.0,
    leaving_celsius=6.67,
    max_rebound_kw=1000.0,
    wear_cost_per_kwh=Decimal("0.01"),
    response_time=timedelta(minutes=5),
    delivery_ratio=0.8,
)
HALL = ChillerState(course_celsius=22.0, deviation_kelvin=0.0, cooling_load_kw=1000.0, condenser_celsius=29.4)
MINUTE = timedelta(minutes=1)
QUARTER = 15 * MINUTE
TARIFF = Decimal("0.60")


def test_the_hall_warms_at_the_rate_limit_and_no_faster() -> None:
    kw = chiller.available_kw(PARAMS, HALL, MINUTE)
    after, _ = chiller.advance(PARAMS, HALL, 10_000.0, MINUTE)
    assert settled_kelvin(PARAMS, after) == pytest.approx(20.0 / 60.0)  # 20 K/h for a minute
    halved, _ = chiller.advance(PARAMS, HALL, kw / 2, MINUTE)
    assert settled_kelvin(PARAMS, halved) < 20.0 / 60.0


@pytest.mark.parametrize(
    ("course_celsius", "policy_celsius", "equipment_class", "room_kelvin"),
    [
        (24.0, 27.0, EquipmentClass.A1, 3.0),  # the policy binds
        (28.0, 35.0, EquipmentClass.A1, 2.0),  # 32 less 2 K
        (28.0, 40.0, EquipmentClass.A3, 5.0),  # the budget binds
        (27.5, 27.0, EquipmentClass.A4, 0.0),  # too warm already
    ],
)
def test_the_inlet_stays_inside_its_envelope(
    course_celsius: float, policy_celsius: float, equipment_class: EquipmentClass, room_kelvin: float
) -> None:
    params = replace(PARAMS, policy_limit_celsius=policy_celsius, equipment_class=equipment_class)
    state = replace(HALL, course_celsius=course_celsius)
    for _ in range(60):
        state, _ = chiller.advance(params, state, 10_000.0, MINUTE)
    assert settled_kelvin(params, state) == pytest.approx(room_kelvin)
    assert state.deviation_kelvin == pytest.approx(room_kelvin, abs=0.01)  # the air has caught up
    assert (
        state.course_celsius + state.deviation_kelvin
        <= max(course_celsius, inlet_limit_celsius(equipment_class, policy_celsius)) + 1e-9
    )


def test_tape_drives_slow_everything_down() -> None:
    with_tape = replace(PARAMS, rate_limit_k_per_hour=5.0)
    after, _ = chiller.advance(with_tape, HALL, 10_000.0, timedelta(hours=1))
    assert settled_kelvin(with_tape, after) == pytest.approx(5.0)
    with pytest.raises(InvalidInput, match="rate_limit_k_per_hour is 21"):
        replace(PARAMS, rate_limit_k_per_hour=21.0)


def test_the_rebound_is_bounded_by_free_capacity_and_by_the_site() -> None:
    warm = replace(HALL, deviation_kelvin=4.0)
    capacity_kw = chiller_plant.capacity_kw(PARAMS, warm)
    full_kw = chiller_plant.electric_kw(PARAMS, warm, capacity_kw) - chiller_plant.electric_kw(
        PARAMS, warm, 1000.0
    )
    assert chiller.recovery_kw(PARAMS, warm, MINUTE) == pytest.approx(full_kw)
    after, change_kw = chiller.advance(PARAMS, warm, 0.0, MINUTE, recovery_limit_kw=20.0)
    assert change_kw == pytest.approx(20.0)
    assert 0.0 < after.deviation_kelvin < 4.0
    assert chiller.advance(PARAMS, warm, 0.0, MINUTE, recovery_limit_kw=0.0)[1] == pytest.approx(0.0)


def test_a_plant_without_free_capacity_cannot_pay_back_and_does_not_bid() -> None:
    overloaded = replace(HALL, cooling_load_kw=1300.0)
    assert chiller.recovery_kw(PARAMS, replace(overloaded, deviation_kelvin=2.0), MINUTE) == 0.0
    assert chiller.offer(PARAMS, overloaded, 2, QUARTER, tariff_per_kwh=TARIFF) is None
    assert chiller.envelope(PARAMS, overloaded).p_max_kw == 0.0


def test_a_hall_without_budget_does_not_bid() -> None:
    assert (
        chiller.offer(PARAMS, replace(HALL, deviation_kelvin=5.0), 2, QUARTER, tariff_per_kwh=TARIFF) is None
    )


def test_an_offer_moves_at_most_the_budget() -> None:
    bid = chiller.offer(PARAMS, HALL, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.energy_limit_kwh is not None
    one_interval_kwh = bid.reduction_kw[0] * 0.25
    assert bid.energy_limit_kwh == pytest.approx(one_interval_kwh)  # 5 K are gone after 15 min at 20 K/h
    assert bid.recovery_ratio == pytest.approx(1.0, abs=0.5)
    assert bid.recovery_intervals >= 2
    assert bid.delivery_ratio == 0.8


def test_temperatures_outside_the_curves_are_clamped_and_told() -> None:
    assert chiller_plant.curves_cover(PARAMS, HALL)
    warm_water = replace(PARAMS, leaving_celsius=14.0)
    assert not chiller_plant.curves_cover(warm_water, HALL)
    at_limit = replace(PARAMS, leaving_celsius=10.0)
    assert chiller_plant.full_power_kw(warm_water, HALL) == chiller_plant.full_power_kw(at_limit, HALL)
    assert WATER_COOLED.relative_cop(6.67, 10.0) == WATER_COOLED.relative_cop(6.67, 24.0)


def test_power_falls_with_load_down_to_nothing() -> None:
    for curves in (WATER_COOLED, AIR_COOLED):
        powers = [curves.relative_power(n / 100.0) for n in range(101)]
        assert powers == sorted(powers)
        assert powers[0] == 0.0
    with pytest.raises(InvalidInput, match="part_load_ratio is 1"):
        WATER_COOLED.relative_power(1.1)


def test_the_envelope_states_the_budget_as_electric_energy() -> None:
    envelope = chiller.envelope(PARAMS, HALL)
    heat_kwh = PARAMS.heat_capacity_kwh_per_k * 5.0  # 132.7 kWh
    # From 83 to 39 % of capacity each kWh of heat saves 0.160 kWh, not 1 / 5.5 = 0.182: part load
    # runs better than full load.
    assert envelope.energy_budget_kwh == pytest.approx(heat_kwh * 0.160, rel=0.01)
    assert envelope.p_max_kw == pytest.approx(chiller.available_kw(PARAMS, HALL, QUARTER))


def test_a_hall_is_cooled_ahead_only_where_the_site_allows_it() -> None:
    assert chiller.available_increase_kw(PARAMS, HALL, QUARTER) == 0.0
    ahead = replace(PARAMS, precool_kelvin=2.0)
    state, change_kw = chiller.advance(ahead, HALL, 0.0, QUARTER, increase_kw=1_000.0)
    assert change_kw == pytest.approx(chiller.available_increase_kw(ahead, HALL, QUARTER))
    assert -2.0 - 1e-9 <= settled_kelvin(ahead, state) < 0.0
    back, change_kw = chiller.advance(ahead, state, 0.0, QUARTER)  # comes back by itself, and saves
    assert change_kw < 0.0
    assert settled_kelvin(ahead, back) > settled_kelvin(ahead, state)
    # 18 Celsius is the lower end of the recommended range: only 0.5 K are left above it.
    cool = replace(HALL, course_celsius=18.5)
    for _ in range(20):
        cool, _ = chiller.advance(ahead, cool, 0.0, QUARTER, increase_kw=1_000.0)
    assert cool.course_celsius + cool.deviation_kelvin >= 18.0 - 1e-9
    with pytest.raises(InvalidInput, match="expected 0 beside a reduction"):
        chiller.advance(ahead, HALL, 1.0, QUARTER, increase_kw=1.0)


def test_an_offer_borrows_no_more_heat_than_can_be_returned_in_time() -> None:
    slow = replace(PARAMS, max_rebound_kw=5.0)
    whole = chiller.offer(PARAMS, HALL, 2, QUARTER, tariff_per_kwh=TARIFF)
    less = chiller.offer(slow, HALL, 2, QUARTER, tariff_per_kwh=TARIFF)
    assert whole is not None
    assert less is not None
    assert whole.energy_limit_kwh is not None
    assert less.energy_limit_kwh is not None
    assert less.energy_limit_kwh < 0.5 * whole.energy_limit_kwh
    assert less.recovery_intervals <= 3 * 2


def test_why_nothing_is_offered_is_said() -> None:
    assert "no room to warm" in chiller.envelope(PARAMS, replace(HALL, deviation_kelvin=5.0)).why_not
    assert "cool the hall down" in chiller.envelope(PARAMS, replace(HALL, cooling_load_kw=1300.0)).why_not
    assert chiller.envelope(PARAMS, HALL).why_not == ""
