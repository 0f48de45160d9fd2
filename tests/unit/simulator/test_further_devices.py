"""Generator, thermal store, idle servers, solar cells and imperfections, by hand-computed steps."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from vpp.simulator.actuator import Actuator
from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.chance import bell, chance
from vpp.simulator.chiller import Chiller, ChillerPlant
from vpp.simulator.device import RELEASED, Conditions, Device, Order
from vpp.simulator.generator import Generator, GeneratorPlant
from vpp.simulator.idle_servers import IdleServers, IdleServersPlant
from vpp.simulator.meter import MeterPlant
from vpp.simulator.photovoltaics import PhotovoltaicsPlant
from vpp.simulator.thermal_store import ThermalStore, ThermalStorePlant
from vpp.simulator.ups import Ups, UpsPlant

MINUTE_S = 60.0


def conditions(at_s: float = 0.0, net_kw: float = 1300.0) -> Conditions:
    return Conditions(net_kw=net_kw, it_kw=1000.0, cooling_kw=200.0, at_s=at_s)


def run(device: Device, order: Order, minutes: int, begin_s: float = 0.0) -> list[float]:
    return [device.step(order, conditions(begin_s + n * MINUTE_S), MINUTE_S) for n in range(minutes)]


def cut(kw: float) -> Order:
    return Order(reduction_kw=kw, recovery_limit_kw=0.0)


def raise_by(kw: float) -> Order:
    return Order(reduction_kw=0.0, recovery_limit_kw=0.0, increase_kw=kw)


def generator(**changes: float) -> Generator:
    plant = {"power_kw": 500.0, "fuel_kwh": 1000.0, "time_constant_s": 0.0, "min_run_s": 1200.0}
    return Generator(GeneratorPlant.model_validate({**plant, **changes}))


def test_a_generator_delivers_once_it_has_started() -> None:
    # 90 s to start: nothing in the first minute, half a minute in the second.
    assert run(generator(start_s=90.0), cut(400.0), 3) == [0.0, -200.0, -400.0]


def test_a_generator_runs_out_its_shortest_run() -> None:
    device = generator(start_s=0.0, min_power_kw=100.0)
    run(device, cut(400.0), 5)
    changes = run(device, RELEASED, 20)
    assert changes[:15] == [-100.0] * 15  # five minutes of twenty have passed
    assert changes[15:] == [0.0] * 5


def test_a_generator_that_never_starts_locks_itself_out_and_says_so() -> None:
    device = generator(start_s=60.0, start_failure_ratio=1.0)
    assert run(device, cut(400.0), 10) == [0.0] * 10
    assert device.alarms() == ("start failure lockout",)
    run(device, RELEASED, 1)
    assert device.alarms() == ()


def test_a_second_attempt_costs_a_second_start() -> None:
    # Draw a seed whose first attempt fails and whose second one does not.
    failing = next(
        seed
        for seed in range(1000)
        if chance(seed, "generator start", 1) < 0.3 <= chance(seed, "generator start", 2)
    )
    device = generator(start_s=60.0, start_failure_ratio=0.3, seed=failing)
    assert run(device, cut(400.0), 3) == [0.0, 0.0, -400.0]


def test_a_generator_stops_without_fuel_and_counts_its_hours() -> None:
    device = generator(start_s=0.0, fuel_kwh=100.0, min_run_s=0.0, permit_hours=0.1)
    delivered_kwh = -sum(run(device, cut(400.0), 60)) / 60.0
    assert delivered_kwh == pytest.approx(100.0)
    assert device.reading(conditions())["hours_used_nonemergency"] == pytest.approx(0.25, abs=0.02)
    assert device.margins()["permit_hours"] < 0.0  # only its agent counts against the permit


def tank(**changes: float) -> ThermalStore:
    plant = {
        "capacity_kwh": 1000.0,
        "discharge_kw": 500.0,
        "charge_kw": 50.0,
        "mixing_ratio": 0.1,
        "loss_ratio_per_day": 0.0,
        "pump_ratio": 0.0,
        "time_constant_s": 0.0,
    }
    return ThermalStore(ThermalStorePlant.model_validate({**plant, **changes}))


def test_a_tank_saves_what_the_chillers_would_have_drawn() -> None:
    device = tank()
    # 60 kW at a COP of 5 are 300 kW of heat; mixing costs a tenth on top.
    assert run(device, cut(60.0), 60) == [pytest.approx(-60.0)] * 60
    assert device.reading(conditions())["stored_ratio"] == pytest.approx(1.0 - 0.33)
    drawn_kwh = sum(run(device, RELEASED, 180)) / 60.0
    assert drawn_kwh == pytest.approx(330.0 / 5.0)


def test_a_tank_gives_no_more_than_its_pumps_and_its_cold_allow() -> None:
    assert run(tank(), cut(500.0), 1) == [pytest.approx(-100.0)]  # 500 kW of heat
    device = tank(capacity_kwh=55.0)
    assert -sum(run(device, cut(100.0), 60)) / 60.0 == pytest.approx(55.0 / 1.1 / 5.0)


def test_a_tank_is_filled_on_order_and_loses_cold_by_itself() -> None:
    device = tank(loss_ratio_per_day=0.24)
    run(device, Order(0.0, 0.0), 60)
    assert device.reading(conditions())["stored_ratio"] == pytest.approx(0.99)
    assert device.step(raise_by(30.0), conditions(), MINUTE_S) == pytest.approx(30.0)


def test_a_reserve_that_only_the_agent_keeps_is_judged_all_the_same() -> None:
    device = tank(reserve_s=2160.0)  # 0.6 h of 1,000 kW
    run(device, cut(60.0), 120)
    assert device.margins()["cold_reserve_kwh"] == pytest.approx(1000.0 - 660.0 - 600.0)


def servers(**changes: float) -> IdleServers:
    plant = {"count": 100, "idle_kw": 0.2, "facility_ratio": 1.5, "sleep_s": 0.0, "wake_s": 120.0}
    return IdleServers(IdleServersPlant.model_validate({**plant, **changes}))


def test_servers_sleep_in_whole_numbers_and_no_more_than_there_are() -> None:
    device = servers()
    assert run(device, cut(10.0), 1) == [pytest.approx(-33 * 0.3)]
    assert run(device, cut(1000.0), 1) == [pytest.approx(-30.0)]
    assert device.reading(conditions())["asleep_servers"] == 100.0


def test_a_server_that_wakes_draws_power_before_it_works() -> None:
    device = servers()
    run(device, cut(30.0), 2)
    assert run(device, RELEASED, 1) == [0.0]
    assert device.reading(conditions())["asleep_servers"] == 100.0
    run(device, RELEASED, 1)
    assert device.reading(conditions())["asleep_servers"] == 0.0


def test_some_servers_do_not_obey() -> None:
    changes = [run(servers(refuse_ratio=0.2, seed=seed), cut(30.0), 1)[0] for seed in range(200)]
    assert sum(changes) / len(changes) == pytest.approx(-30.0 * 0.8, rel=0.03)


def test_the_sun_shines_by_day_and_clouds_take_what_they_take_on_average() -> None:
    roof = PhotovoltaicsPlant(peak_kw=100.0, cloud_ratio=0.3)
    midnight = datetime(2026, 6, 1, tzinfo=UTC)
    year = [roof.power_kw(midnight + n * timedelta(hours=1)) for n in range(24 * 365)]
    # The mean of a half sine over 12 of 24 hours is 1 / pi.
    assert sum(year) / len(year) == pytest.approx(100.0 / math.pi * 0.7, rel=0.02)
    assert min(year) == 0.0


def test_a_meter_drifts() -> None:
    meter = MeterPlant(gain_error_ratio=-0.01, drift_ratio_per_day=0.002)
    assert meter.shown_kw(500.0, 5.0) == pytest.approx(500.0)


def test_an_activation_misses_its_setpoint_by_one_factor_as_long_as_it_lasts() -> None:
    actuator = Actuator(3, "bess", 0.02)
    first = {actuator.aimed_kw(100.0) for _ in range(10)}
    actuator.aimed_kw(0.0)
    second = {actuator.aimed_kw(100.0) for _ in range(10)}
    assert len(first) == len(second) == 1
    assert first != second
    assert actuator.count == 2


def test_chance_is_even_and_its_bell_is_standard() -> None:
    draws = [chance(5, "anything", n) for n in range(4000)]
    bells = [bell(5, "anything", n) for n in range(4000)]
    assert sum(draws) / 4000 == pytest.approx(0.5, abs=0.02)
    assert sum(bells) / 4000 == pytest.approx(0.0, abs=0.06)
    assert sum(value**2 for value in bells) / 4000 == pytest.approx(1.0, abs=0.08)


def test_a_battery_fades_by_what_it_gives() -> None:
    plant = BatteryPlant(
        capacity_kwh=100.0,
        power_kw=100.0,
        recharge_kw=100.0,
        time_constant_s=0.0,
        discharge_efficiency_ratio=1.0,
        fade_ratio_per_cycle=0.01,
    )
    device = Battery(plant)
    run(device, cut(50.0), 60)  # half a cycle
    assert device.memory()["full_kwh"] == pytest.approx(99.5)


def test_a_management_system_lowers_the_power_near_the_ends() -> None:
    plant = BatteryPlant(
        capacity_kwh=100.0, power_kw=60.0, recharge_kw=60.0, time_constant_s=0.0, taper_ratio=0.2
    )
    device = Battery(plant)
    changes = run(device, cut(60.0), 120)
    assert changes[0] == -60.0
    assert -60.0 < changes[80] < 0.0


def test_a_battery_charges_on_order_up_to_its_top() -> None:
    plant = BatteryPlant(
        capacity_kwh=100.0, power_kw=60.0, recharge_kw=10.0, charge_efficiency_ratio=1.0, time_constant_s=0.0
    )
    device = Battery(plant)
    assert run(device, raise_by(40.0), 10) == [40.0] * 10
    assert sum(run(device, raise_by(40.0), 60)) / 60.0 == pytest.approx(10.0 - 40.0 / 6.0)


def test_a_battery_may_stand_still_until_it_is_told_to_recharge() -> None:
    plant = BatteryPlant(
        capacity_kwh=100.0, power_kw=60.0, recharge_kw=10.0, time_constant_s=0.0, recharges_alone=False
    )
    device = Battery(plant)
    run(device, cut(60.0), 30)
    assert run(device, RELEASED, 5) == [0.0] * 5
    assert run(device, Order(0.0, 60.0), 5) == [10.0] * 5


def test_a_ups_that_guards_nothing_is_judged_by_the_reserve_of_the_site() -> None:
    plant = UpsPlant(
        capacity_kwh=100.0, power_kw=800.0, efficiency_ratio=1.0, recharge_kw=60.0, guards_ride_through=False
    )
    device = Ups(plant)
    run(device, cut(800.0), 6)
    assert device.margins()["ride_through_kwh"] < 0.0


def test_a_ups_with_an_alarm_leaves_its_battery_alone_and_says_so() -> None:
    device = Ups(UpsPlant(capacity_kwh=100.0, power_kw=800.0, recharge_kw=60.0, alarms_per_day=1000.0))
    changes = run(device, cut(100.0), 60)
    assert 0.0 in changes
    assert device.alarms() == ("battery alarm",)
    assert device.reading(conditions())["alarm_count"] == 1.0


def test_a_chiller_that_saves_less_warms_its_hall_more() -> None:
    def warmed(loss_ratio: float) -> float:
        plant = ChillerPlant(
            loop_volume_m3=40.0,
            hall_kwh_per_k=3.5,
            exchange_kw_per_k=100.0,
            time_constant_s=0.0,
            part_load_loss_ratio=loss_ratio,
        )
        device = Chiller(plant)
        run(device, cut(50.0), 30)
        return device.reading(conditions())["inlet_temperature_celsius"]

    assert warmed(0.5) - 20.0 == pytest.approx(2.0 * (warmed(0.0) - 20.0), rel=0.02)


@pytest.mark.parametrize(
    "make",
    [
        lambda: generator(start_s=90.0, start_failure_ratio=0.3),
        tank,
        lambda: servers(refuse_ratio=0.1),
        lambda: Ups(UpsPlant(capacity_kwh=100.0, power_kw=800.0, recharge_kw=60.0, alarms_per_day=50.0)),
    ],
)
def test_a_device_goes_on_from_its_memory(make: Callable[[], Device]) -> None:
    whole, part = make(), make()
    run(whole, cut(40.0), 20)
    run(part, cut(40.0), 20)
    resumed = make()
    resumed.recall(json.loads(json.dumps(part.memory())))
    assert run(resumed, RELEASED, 60, 1200.0) == run(whole, RELEASED, 60, 1200.0)
    assert resumed.margins() == whole.margins()
