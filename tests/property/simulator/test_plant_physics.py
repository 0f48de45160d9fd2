"""Energy is neither made nor lost by any sequence of commands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.deferrable import Deferrable, DeferrablePlant
from vpp.simulator.device import Conditions, Order
from vpp.simulator.ups import Ups, UpsPlant

MINUTE_S = 60.0
ORDERS = st.lists(st.builds(Order, st.floats(0.0, 500.0), st.floats(0.0, 500.0)), min_size=1, max_size=120)


def conditions(n: int) -> Conditions:
    return Conditions(net_kw=1300.0, it_kw=1000.0, cooling_kw=200.0, at_s=n * MINUTE_S)


@given(ORDERS)
def test_a_battery_balances_and_stays_in_its_window(orders: list[Order]) -> None:
    plant = BatteryPlant(capacity_kwh=150.0, power_kw=200.0, recharge_kw=100.0, time_constant_s=0.0)
    device = Battery(plant)
    stored_kwh = plant.capacity_kwh * plant.rest_ratio
    for n, order in enumerate(orders):
        change_kw = device.step(order, conditions(n), MINUTE_S)
        assert -plant.power_kw - 1e-9 <= change_kw <= plant.recharge_kw + 1e-9
        found_kwh = device.reading(conditions(n))["state_of_charge_ratio"] * plant.capacity_kwh
        ratio = plant.charge_efficiency_ratio if change_kw > 0 else 1.0 / plant.discharge_efficiency_ratio
        assert found_kwh - stored_kwh == pytest.approx(change_kw / 60.0 * ratio, abs=1e-6)
        assert plant.floor_ratio - 1e-9 <= found_kwh / plant.capacity_kwh <= plant.rest_ratio + 1e-9
        stored_kwh = found_kwh


@given(ORDERS)
def test_a_ups_never_touches_its_ride_through(orders: list[Order]) -> None:
    plant = UpsPlant(capacity_kwh=120.0, power_kw=1000.0, recharge_kw=50.0)
    device = Ups(plant)
    reserve_kwh = 1000.0 * 3.0 / 60.0 / plant.efficiency_ratio
    for n, order in enumerate(orders):
        device.step(order, conditions(n), MINUTE_S)
        stored_kwh = device.reading(conditions(n))["state_of_charge_ratio"] * plant.capacity_kwh
        assert stored_kwh >= reserve_kwh - 1e-9


@given(ORDERS)
def test_work_put_off_is_work_done_or_still_to_do(orders: list[Order]) -> None:
    plant = DeferrablePlant(batch_ratio=0.5, catch_up_kw=80.0, return_ratio=0.7, time_constant_s=0.0)
    device = Deferrable(plant)
    put_off_kwh = done_kwh = 0.0
    for n, order in enumerate(orders):
        change_kw = device.step(order, conditions(n), MINUTE_S)
        put_off_kwh += max(0.0, -change_kw) / 60.0 * plant.return_ratio
        done_kwh += max(0.0, change_kw) / 60.0
    assert put_off_kwh - done_kwh == pytest.approx(device.backlog_kwh, abs=1e-6)


@given(ORDERS, st.integers(0, 119))
def test_a_device_that_is_saved_and_taken_up_again_does_the_same(orders: list[Order], cut: int) -> None:
    plant = DeferrablePlant(batch_ratio=0.5, catch_up_kw=80.0)
    whole, part = Deferrable(plant), Deferrable(plant)
    for n, order in enumerate(orders):
        if n == cut:
            saved = json.loads(json.dumps(part.memory()))
            part = Deferrable(plant)
            part.recall(saved)
        expected = whole.step(order, conditions(n), MINUTE_S)
        assert part.step(order, conditions(n), MINUTE_S) == expected
