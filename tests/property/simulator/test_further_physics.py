"""Energy is neither made nor lost by stores of cold, generators and clusters, whatever they are told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order
from vpp.simulator.generator import Generator, GeneratorPlant
from vpp.simulator.job_cluster import JobCluster, JobClusterPlant
from vpp.simulator.thermal_store import ThermalStore, ThermalStorePlant

MINUTE_S = 60.0
DOWN = st.builds(Order, st.floats(0.0, 500.0), st.floats(0.0, 500.0))
UP = st.builds(Order, st.just(0.0), st.floats(0.0, 500.0), st.floats(0.0, 500.0))
ORDERS = st.lists(DOWN | UP, min_size=1, max_size=40)


def conditions(n: int) -> Conditions:
    return Conditions(net_kw=1300.0, it_kw=1000.0, cooling_kw=200.0, at_s=n * MINUTE_S)


@given(ORDERS)
def test_a_battery_that_is_charged_on_order_balances(orders: list[Order]) -> None:
    plant = BatteryPlant(
        capacity_kwh=150.0, power_kw=200.0, recharge_kw=100.0, time_constant_s=0.0, taper_ratio=0.05
    )
    device = Battery(plant)
    stored_kwh = 135.0
    for n, order in enumerate(orders):
        change_kw = device.step(order, conditions(n), MINUTE_S)
        ratio = plant.charge_efficiency_ratio if change_kw > 0 else 1.0 / plant.discharge_efficiency_ratio
        stored_kwh += change_kw / 60.0 * ratio
        found_kwh = device.reading(conditions(n))["state_of_charge_ratio"] * plant.capacity_kwh
        assert found_kwh == pytest.approx(stored_kwh, abs=1e-6)
        assert plant.floor_ratio - 1e-9 <= found_kwh / plant.capacity_kwh <= plant.top_ratio + 1e-9


@given(ORDERS)
def test_a_tank_balances_and_stays_between_empty_and_full(orders: list[Order]) -> None:
    plant = ThermalStorePlant(
        capacity_kwh=400.0, discharge_kw=600.0, charge_kw=80.0, loss_ratio_per_day=0.0, time_constant_s=0.0
    )
    device = ThermalStore(plant)
    stored_kwh = plant.capacity_kwh
    for n, order in enumerate(orders):
        change_kw = device.step(order, conditions(n), MINUTE_S)
        heat_kw = change_kw * 5.0
        if change_kw < 0.0:
            heat_kw = change_kw / (1.0 / 5.0 - plant.pump_ratio) * (1.0 + plant.mixing_ratio)
        stored_kwh += heat_kw / 60.0
        found_kwh = device.reading(conditions(n))["stored_ratio"] * plant.capacity_kwh
        assert found_kwh == pytest.approx(stored_kwh, abs=1e-6)
        assert -1e-6 <= found_kwh <= plant.capacity_kwh + 1e-6


@given(ORDERS, st.integers(0, 50))
def test_a_generator_burns_what_it_delivers(orders: list[Order], seed: int) -> None:
    plant = GeneratorPlant(power_kw=400.0, fuel_kwh=60.0, start_failure_ratio=0.3, seed=seed)
    device = Generator(plant)
    delivered_kwh = 0.0
    for n, order in enumerate(orders):
        change_kw = device.step(order, conditions(n), MINUTE_S)
        assert -plant.power_kw <= change_kw <= 0.0
        delivered_kwh -= change_kw / 60.0
    left_kwh = device.reading(conditions(0))["fuel_ratio"] * plant.fuel_kwh
    assert left_kwh + delivered_kwh == pytest.approx(plant.fuel_kwh)
    assert left_kwh >= -1e-9


@given(ORDERS, st.integers(0, 39), st.integers(0, 20))
def test_a_cluster_goes_on_from_what_it_remembers(orders: list[Order], cut: int, seed: int) -> None:
    groups = {
        "capped": {"share_ratio": 0.5, "job_hours": 1.0},
        "paused": {"share_ratio": 0.3, "method": "pause", "job_hours": 1.0, "resume_failure_ratio": 0.3},
    }
    plant = JobClusterPlant.model_validate({"batch_ratio": 0.5, "groups": groups, "seed": seed})
    whole, part = JobCluster(plant), JobCluster(plant)
    for n, order in enumerate(orders):
        if n == cut:
            saved = json.loads(json.dumps(part.memory()))
            part = JobCluster(plant)
            part.recall(saved)
        change_kw = whole.step(order, conditions(n), MINUTE_S)
        assert part.step(order, conditions(n), MINUTE_S) == change_kw
        busy_kw = 500.0 * plant.facility_ratio
        assert -busy_kw - 1e-9 <= change_kw <= plant.free_ratio * busy_kw + 1e-9


@given(st.floats(0.0, 0.4), st.integers(1, 120))
def test_work_of_a_capped_cluster_is_done_late_or_owed(cut_ratio: float, minutes: int) -> None:
    group = {"share_ratio": 1.0, "inert_ratio": 0.0, "job_hours": 1e6, "stream_count": 1}
    plant = JobClusterPlant.model_validate(
        {"batch_ratio": 0.5, "groups": {"only": group}, "free_ratio": 0.0, "cap_time_constant_s": 0.0}
    )
    device = JobCluster(plant)
    order = Order(cut_ratio * 500.0 * plant.facility_ratio, 0.0)
    for n in range(minutes):
        device.step(order, conditions(n), MINUTE_S)
    cut = min(cut_ratio, 0.35)
    lost_h = 1.95 * cut**2.25 * minutes * MINUTE_S / SECONDS_PER_HOUR
    owed = device.reading(conditions(0))["backlog_gpu_h.only"]
    assert owed == pytest.approx(lost_h * 500.0 / 0.7, rel=1e-6, abs=1e-9)
