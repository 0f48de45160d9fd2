"""A tank of chilled water keeps its reserve and loses nothing but what it says."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility import thermal_store
from vpp.flexibility.thermal_store import ThermalStoreParameters, ThermalStoreState, floor_kwh

HOUR = timedelta(hours=1)
COMMANDS = st.lists(
    st.tuples(st.sampled_from(["down", "up", "rest"]), st.floats(0.0, 2_000.0)), min_size=1, max_size=20
)


@st.composite
def tanks(draw: st.DrawFn) -> tuple[ThermalStoreParameters, ThermalStoreState]:
    params = ThermalStoreParameters(
        resource_id="tank",
        tank_m3=draw(st.floats(1.0, 2_000.0)),
        usable_kelvin=draw(st.floats(2.0, 12.0)),
        max_discharge_kw=draw(st.floats(10.0, 5_000.0)),
        max_charge_kw=draw(st.floats(10.0, 5_000.0)),
        relieved_cop=draw(st.floats(2.0, 7.0)),
        charging_cop=draw(st.floats(2.0, 7.0)),
        reserve=timedelta(minutes=draw(st.integers(0, 60))),
        wear_cost_per_kwh=Decimal("0.01"),
        response_time=timedelta(minutes=5),
        delivery_ratio=0.9,
    )
    stored = draw(st.floats(0.0, 1.0)) * params.capacity_kwh
    return params, ThermalStoreState(stored, draw(st.floats(0.0, 5_000.0)))


@given(tanks(), COMMANDS, st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes)))
def test_reserve_and_balance_hold(
    tank: tuple[ThermalStoreParameters, ThermalStoreState], commands: list[tuple[str, float]], step: timedelta
) -> None:
    params, state = tank
    reserve = floor_kwh(params, state.cooling_load_kw)
    start, lowest, moved = state.stored_kwh, min(state.stored_kwh, reserve), 0.0
    for kind, kw in commands:
        down, up = (kw, 0.0) if kind == "down" else (0.0, kw if kind == "up" else 0.0)
        state, change_kw = thermal_store.advance(params, state, down, step, increase_kw=up)
        assert lowest - 1e-9 <= state.stored_kwh <= params.capacity_kwh
        assert -min(down, state.cooling_load_kw / params.relieved_cop) - 1e-9 <= change_kw
        if up > 0.0:
            assert change_kw <= up
        moved += change_kw * (step / HOUR) * (params.charging_cop if change_kw > 0 else params.relieved_cop)
    assert state.stored_kwh - start == pytest.approx(moved, rel=1e-9, abs=1e-6)


@given(tanks(), st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes)))
def test_what_is_called_available_is_delivered_both_ways(
    tank: tuple[ThermalStoreParameters, ThermalStoreState], step: timedelta
) -> None:
    params, state = tank
    down_kw = thermal_store.available_kw(params, state, step)
    if down_kw > 0.0:
        assert thermal_store.advance(params, state, down_kw, step)[1] == pytest.approx(-down_kw)
    up_kw = thermal_store.available_increase_kw(params, state, step)
    if up_kw > 0.0:
        assert thermal_store.advance(params, state, 0.0, step, increase_kw=up_kw)[1] == pytest.approx(up_kw)
