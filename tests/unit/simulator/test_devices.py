"""Each device's physics, by hand-computed steps."""

import math

import pytest

from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.chiller import WATER_KWH_PER_K_M3, Chiller, ChillerPlant
from vpp.simulator.deferrable import Deferrable, DeferrablePlant
from vpp.simulator.device import RELEASED, Conditions, Device, Order
from vpp.simulator.ups import Ups, UpsPlant

MINUTE_S = 60.0


def conditions(at_s: float = 0.0, net_kw: float = 1300.0) -> Conditions:
    return Conditions(net_kw=net_kw, it_kw=1000.0, cooling_kw=200.0, at_s=at_s)


def run(device: Device, order: Order, minutes: int, begin_s: float = 0.0) -> list[float]:
    return [device.step(order, conditions(begin_s + n * MINUTE_S), MINUTE_S) for n in range(minutes)]


def cut(kw: float) -> Order:
    return Order(reduction_kw=kw, recovery_limit_kw=0.0)


def battery() -> Battery:
    return Battery(
        BatteryPlant(
            capacity_kwh=100.0,
            power_kw=120.0,
            charge_efficiency_ratio=0.9,
            discharge_efficiency_ratio=0.8,
            floor_ratio=0.1,
            rest_ratio=0.9,
            recharge_kw=60.0,
            time_constant_s=0.0,
        )
    )


def test_a_battery_pays_its_losses_in_both_directions() -> None:
    device = battery()
    assert run(device, cut(60.0), 30) == [-60.0] * 30
    # 30 kWh delivered cost 30 / 0.8 = 37.5 kWh of the 90 kWh.
    assert device.reading(conditions())["state_of_charge_ratio"] == pytest.approx(0.525)
    drawn_kwh = sum(run(device, RELEASED, 60)) / 60.0
    assert drawn_kwh == pytest.approx(37.5 / 0.9)


def test_a_battery_stops_at_its_floor() -> None:
    device = battery()
    delivered_kwh = -sum(run(device, cut(120.0), 60)) / 60.0
    assert delivered_kwh == pytest.approx((90.0 - 10.0) * 0.8)
    assert run(device, cut(120.0), 1) == [pytest.approx(0.0)]


def test_a_battery_neither_exports_nor_recharges_against_its_limit() -> None:
    device = battery()
    assert device.step(cut(120.0), conditions(net_kw=50.0), MINUTE_S) == -50.0
    assert run(device, Order(0.0, 7.0), 1) == [7.0]
    assert run(device, Order(0.0, 0.0), 1) == [0.0]


def test_a_ups_keeps_its_ride_through() -> None:
    plant = UpsPlant(
        capacity_kwh=100.0, power_kw=800.0, efficiency_ratio=1.0, recharge_kw=60.0, time_constant_s=0.0
    )
    device = Ups(plant)
    delivered_kwh = -sum(run(device, cut(800.0), 30)) / 60.0
    assert delivered_kwh == pytest.approx(100.0 - 1000.0 * 3.0 / 60.0)  # three minutes of 1 MW stay
    assert sum(run(device, RELEASED, 60)) / 60.0 == pytest.approx(50.0)


def test_a_ups_takes_over_no_more_than_the_load() -> None:
    device = Ups(UpsPlant(capacity_kwh=500.0, power_kw=2000.0, recharge_kw=60.0, time_constant_s=0.0))
    assert run(device, cut(2000.0), 1) == [-1000.0]


def chiller() -> Chiller:
    return Chiller(
        ChillerPlant(loop_volume_m3=40.0, hall_kwh_per_k=3.5, exchange_kw_per_k=100.0, time_constant_s=0.0)
    )


def test_a_hall_in_balance_stays_where_it_is() -> None:
    device = chiller()
    assert run(device, RELEASED, 60) == [0.0] * 60
    reading = device.reading(conditions())
    assert reading["inlet_temperature_celsius"] == pytest.approx(reading["inlet_setpoint_celsius"])


def test_a_cut_of_the_chillers_warms_water_and_hall_by_the_heat_not_removed() -> None:
    device = chiller()
    run(device, cut(50.0), 30)
    # 50 kW of 200 kW at a COP of 5 leave 250 kW of heat for half an hour in 46.5 + 3.5 kWh/K.
    rise_kelvin = 125.0 / (40.0 * WATER_KWH_PER_K_M3 + 3.5)
    reading = device.reading(conditions())
    assert reading["inlet_temperature_celsius"] - 20.0 == pytest.approx(rise_kelvin, rel=0.1)


def test_a_hall_that_is_too_warm_overrides_the_cut_and_recovers_later() -> None:
    device = chiller()
    changes = run(device, cut(100.0), 240)
    assert changes[0] == -100.0
    assert 0.0 in changes
    assert device.reading(conditions())["inlet_temperature_celsius"] < 27.5
    rebound = run(device, RELEASED, 600)
    assert max(rebound) > 0.0
    assert device.reading(conditions())["inlet_temperature_celsius"] == pytest.approx(20.0, abs=0.1)


def deferrable(deadline_s: float = 6 * 3600.0) -> Deferrable:
    return Deferrable(
        DeferrablePlant(
            batch_ratio=0.5,
            max_cut_ratio=0.4,
            facility_ratio=1.2,
            return_ratio=0.5,
            catch_up_kw=60.0,
            deadline_s=deadline_s,
            time_constant_s=0.0,
        )
    )


def test_work_that_is_cut_comes_back_once_it_may() -> None:
    device = deferrable()
    assert run(device, cut(100.0), 60) == [-100.0] * 60
    assert device.backlog_kwh == pytest.approx(50.0)
    assert run(device, Order(0.0, 0.0), 10) == [0.0] * 10
    caught_up = run(device, Order(0.0, 30.0), 240)
    assert max(caught_up) == 30.0
    assert sum(caught_up) / 60.0 == pytest.approx(50.0)


def test_a_cut_reaches_no_further_than_the_batch_work() -> None:
    assert run(deferrable(), cut(1000.0), 1) == [-0.4 * 0.5 * 1000.0 * 1.2]


def test_a_deadline_that_presses_outranks_command_and_limit() -> None:
    device = deferrable(deadline_s=3600.0)
    changes = run(device, cut(100.0), 180)
    assert max(changes) == pytest.approx(60.0)  # it catches up although it is told to cut
    assert math.isclose(run(device, RELEASED, 120, begin_s=180 * MINUTE_S)[-1], 0.0)


@pytest.mark.parametrize("make", [battery, chiller, deferrable])
def test_a_device_goes_on_from_its_memory(make: type) -> None:
    whole, part = make(), make()
    run(whole, cut(40.0), 20)
    run(part, cut(40.0), 20)
    resumed = make()
    resumed.recall(part.memory())
    assert run(resumed, RELEASED, 60, 1200.0) == run(whole, RELEASED, 60, 1200.0)
