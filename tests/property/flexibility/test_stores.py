"""Batteries and UPS keep their floors and lose no energy, whatever they are told."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.flexibility import battery, ups
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.ups import UpsChemistry, UpsParameters, UpsState, floor_kwh

COMMANDS_KW = st.lists(st.one_of(st.just(0.0), st.floats(0.0, 20_000.0)), min_size=1, max_size=30)
STEPS = st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds))
RATIOS = st.floats(0.05, 1.0)
HOUR = timedelta(hours=1)


@st.composite
def batteries(draw: st.DrawFn) -> tuple[BatteryParameters, BatteryState]:
    capacity_kwh = draw(st.floats(1.0, 10_000.0))
    low, high = sorted((draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 1.0))))
    params = BatteryParameters(
        resource_id="bess",
        capacity_kwh=capacity_kwh,
        max_discharge_kw=draw(st.floats(1.0, 5_000.0)),
        max_charge_kw=draw(st.floats(1.0, 5_000.0)),
        round_trip_ratio=draw(RATIOS),
        min_soc_ratio=low,
        max_soc_ratio=high,
        backup_floor_kwh=draw(st.floats(0.0, 1.0)) * (high * capacity_kwh),
        wear_cost_per_kwh=Decimal("0.16"),
        response_time=timedelta(seconds=1),
        delivery_ratio=0.9,
    )
    return params, BatteryState(stored_kwh=draw(st.floats(0.0, 1.0)) * capacity_kwh)


@settings(deadline=None)
@given(batteries(), COMMANDS_KW, STEPS)
def test_a_battery_keeps_its_floor_and_pays_back_what_it_borrowed(
    unit: tuple[BatteryParameters, BatteryState], commands_kw: list[float], step: timedelta
) -> None:
    params, state = unit
    start_kwh, lowest_kwh = state.stored_kwh, min(state.stored_kwh, params.floor_kwh)
    given_kwh = drawn_kwh = 0.0
    for command_kw in commands_kw:
        state, change_kw = battery.advance(params, state, command_kw, step)
        assert state.stored_kwh >= lowest_kwh
        assert -min(command_kw, params.max_discharge_kw) <= change_kw <= params.max_charge_kw
        given_kwh += max(0.0, -change_kw) * (step / HOUR)
        drawn_kwh += max(0.0, change_kw) * (step / HOUR)
    assert state.stored_kwh + state.owed_kwh == pytest.approx(start_kwh)
    stored_change_kwh = drawn_kwh * params.round_trip_ratio - given_kwh  # losses fall on the way in
    assert state.stored_kwh - start_kwh == pytest.approx(stored_change_kwh, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(batteries(), STEPS)
def test_a_battery_delivers_what_it_calls_available(
    unit: tuple[BatteryParameters, BatteryState], step: timedelta
) -> None:
    params, state = unit
    promised_kw = battery.available_kw(params, state, step)
    after, change_kw = battery.advance(params, state, promised_kw, step)
    assert change_kw == -promised_kw
    assert after.stored_kwh >= min(state.stored_kwh, params.floor_kwh)


@settings(deadline=None)
@given(batteries(), STEPS, st.floats(0.0, 5_000.0))
def test_a_battery_recharges_no_faster_than_the_site_allows(
    unit: tuple[BatteryParameters, BatteryState], step: timedelta, limit_kw: float
) -> None:
    params, state = unit
    discharged, _ = battery.advance(params, state, params.max_discharge_kw, step)
    _, change_kw = battery.advance(params, discharged, 0.0, step, recovery_limit_kw=limit_kw)
    assert 0.0 <= change_kw <= limit_kw


@st.composite
def upses(draw: st.DrawFn) -> tuple[UpsParameters, UpsState]:
    rated_kw = draw(st.floats(10.0, 10_000.0))
    autonomy_s = draw(st.integers(30, 900))
    params = UpsParameters(
        resource_id="ups",
        rated_kw=rated_kw,
        max_recharge_kw=draw(st.floats(0.01, 1.0)) * rated_kw,
        charge_ratio=draw(RATIOS),
        wear_cost_per_kwh=Decimal("0.1"),
        response_time=timedelta(milliseconds=700),
        delivery_ratio=0.9,
        state_of_health_ratio=draw(st.floats(0.5, 1.0)),
        autonomy=timedelta(seconds=autonomy_s),
        ride_through=timedelta(seconds=draw(st.integers(10, autonomy_s))),
        chemistry=draw(st.sampled_from(UpsChemistry)),
    )
    stored_kwh = draw(st.floats(0.0, 1.0)) * params.full_kwh
    return params, UpsState(stored_kwh=stored_kwh, load_kw=draw(st.floats(0.0, 1.0)) * rated_kw)


@settings(deadline=None)
@given(upses(), COMMANDS_KW, STEPS)
def test_no_command_takes_a_ups_below_its_ride_through(
    unit: tuple[UpsParameters, UpsState], commands_kw: list[float], step: timedelta
) -> None:
    params, state = unit
    reserve_kwh = floor_kwh(params, state.load_kw)
    start_kwh, lowest_kwh = state.stored_kwh, min(state.stored_kwh, reserve_kwh)
    given_kwh = drawn_kwh = 0.0
    for command_kw in commands_kw:
        state, change_kw = ups.advance(params, state, command_kw, step)
        assert state.stored_kwh >= lowest_kwh  # to the last bit: a hard bound
        assert state.stored_kwh <= params.full_kwh + 1e-6
        assert change_kw >= -state.load_kw  # nothing flows into the grid
        given_kwh += max(0.0, -change_kw) * (step / HOUR)
        drawn_kwh += max(0.0, change_kw) * (step / HOUR)
    stored_change_kwh = drawn_kwh * params.charge_ratio - given_kwh
    assert state.stored_kwh - start_kwh == pytest.approx(stored_change_kwh, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(upses(), STEPS)
def test_a_ups_delivers_what_it_calls_available(
    unit: tuple[UpsParameters, UpsState], step: timedelta
) -> None:
    params, state = unit
    promised_kw = ups.available_kw(params, state, step)
    _, change_kw = ups.advance(params, state, promised_kw, step)
    assert -change_kw == promised_kw or (promised_kw == 0.0 and change_kw >= 0.0)
