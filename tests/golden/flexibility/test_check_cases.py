"""Check cases C5, C6 and C12: a battery with two duties, a halved tariff, a UPS as FFR."""

from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import battery, deferrable_load, ups
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.deferrable_pool import DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.frequency_trigger import READY_AGAIN, required_full_response, required_support
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.ups import UpsHold, UpsParameters, UpsState, floor_kwh

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def battery_of_k4(backup_floor_kwh: float) -> BatteryParameters:
    return BatteryParameters(
        resource_id="bess",
        capacity_kwh=90_000.0,
        max_discharge_kw=45_000.0,
        max_charge_kw=45_000.0,
        round_trip_ratio=0.85,
        min_soc_ratio=0.0,
        max_soc_ratio=1.0,
        backup_floor_kwh=backup_floor_kwh,
        wear_cost_per_kwh=Decimal("0.16"),
        response_time=timedelta(seconds=1),
        delivery_ratio=0.95,
    )


def test_c5_two_cycles_and_a_call_in_the_evening() -> None:
    params = battery_of_k4(backup_floor_kwh=10_000.0)
    # The morning cycle is over and recharged; the evening's discharge of 60 MWh is promised.
    evening = BatteryState(stored_kwh=90_000.0, committed_arbitrage_kwh=60_000.0)
    free = battery.offer(params, evening, 4, QUARTER, tariff_per_kwh=Decimal("0.60"))
    assert free is not None
    assert free.energy_limit_kwh == 20_000.0  # 90 - 10 floor - 60 promised
    state, delivered_kwh = evening, 0.0
    for _ in range(4):
        state, change_kw = battery.advance(params, state, 20_000.0, QUARTER)
        delivered_kwh -= change_kw * 0.25
    assert delivered_kwh == 20_000.0
    for _ in range(6):  # the second discharge: 60 MWh in 90 min at 40 MW, done in full
        state, change_kw = battery.advance(params, state, 40_000.0, QUARTER)
        assert change_kw == -40_000.0
    assert state.stored_kwh == pytest.approx(10_000.0)
    assert state.stored_kwh >= params.floor_kwh  # and the floor is kept
    assert battery.advance(params, state, 1_000.0, QUARTER)[1] == pytest.approx(0.0, abs=1e-6)


def test_c5_or_the_loss_of_the_second_discharge_is_priced() -> None:
    params = battery_of_k4(backup_floor_kwh=10_000.0)
    evening = BatteryState(stored_kwh=90_000.0, committed_arbitrage_kwh=80_000.0)
    tariff = Decimal("0.60")
    assert battery.offer(params, evening, 4, QUARTER, tariff_per_kwh=tariff) is None
    displacing = battery.offer(
        params, evening, 8, QUARTER, tariff_per_kwh=tariff, displaced_value_per_kwh=Decimal("0.50")
    )
    assert displacing is not None
    assert displacing.energy_limit_kwh == 80_000.0
    # 0.16 wear + 0.60 x (1 / 0.85 - 1) + 0.50 displaced = 0.765882... per kWh, rounded up
    assert displacing.price_per_mwh == Decimal("765.89")


@pytest.mark.parametrize(("tariff", "price"), [("0.60", "300.00"), ("0.30", "600.00")])
def test_c6_cheaper_power_makes_flexibility_dearer(tariff: str, price: str) -> None:
    pool = DeferrableLoadParameters(
        resource_id="gpu",
        job_class=JobClass.PRETRAIN,
        tier=Tier.FLEX3,
        method=Pausing(HOUR, timedelta(0), idle_power_ratio=0.0),
        gpu_count=2000.0,
        kw_per_gpu=0.5,
        overhead_slope_ratio=0.1,
        job_value_per_kwh=Decimal("0.90"),
        catch_up_within=timedelta(hours=6),
        max_recovery_kw=1000.0,
        response_time=timedelta(minutes=2),
        delivery_ratio=0.8,
    )
    state = DeferrableLoadState(running_gpus=1000.0)
    bid = deferrable_load.offer(pool, state, 4, QUARTER, tariff_per_kwh=Decimal(tariff))
    assert bid is not None
    assert bid.price_per_mwh == Decimal(price)  # 0.90 - 0.60, then 0.90 - 0.30, per kWh


def test_c12_a_ups_serves_the_nordic_reserve_at_49_5_hz() -> None:
    unit = UpsParameters(
        resource_id="ups",
        rated_kw=8000.0,
        max_recharge_kw=400.0,
        charge_ratio=0.95,
        wear_cost_per_kwh=Decimal("0.10"),
        response_time=timedelta(milliseconds=700),
        delivery_ratio=0.9,
        state_of_health_ratio=1.0,
    )
    state = UpsState(stored_kwh=unit.full_kwh, load_kw=8000.0)
    reserve_kwh = floor_kwh(unit, 8000.0)
    assert reserve_kwh == pytest.approx(400.0)  # 8 MW x 3 min
    assert ups.envelope(unit, state).response_time <= required_full_response(49.5)
    hold = required_support(release_ratio_per_s=1.0)
    assert hold == timedelta(seconds=30)
    held_kw = ups.available_kw(unit, state, hold)
    assert held_kw == 8000.0
    state, change_kw = ups.advance(unit, state, held_kw, hold)
    assert change_kw == -8000.0
    assert state.stored_kwh == pytest.approx(unit.full_kwh - 66.667, abs=0.001)  # 8 MW x 30 s
    assert state.stored_kwh > reserve_kwh
    elapsed = timedelta(0)
    while state.stored_kwh < unit.full_kwh - 1e-6:
        state, _ = ups.advance(unit, state, 0.0, timedelta(seconds=30))
        elapsed += timedelta(seconds=30)
    assert elapsed <= READY_AGAIN  # 66.7 kWh / 0.95 / 400 kW = 10.5 min
    assert ups.available_kw(unit, state, hold) == 8000.0


@pytest.mark.parametrize("hold", list(UpsHold))
def test_c12_but_never_while_something_holds_it_back(hold: UpsHold) -> None:
    unit = UpsParameters("ups", 1000.0, 100.0, 0.95, Decimal("0.1"), timedelta(milliseconds=700), 0.9, 1.0)
    held = UpsState(stored_kwh=unit.full_kwh, load_kw=500.0, holds=frozenset({hold}))
    assert ups.available_kw(unit, held, timedelta(seconds=30)) == 0.0
    assert ups.advance(unit, held, 500.0, timedelta(seconds=30)) == (held, 0.0)
    assert ups.offer(unit, held, 1, timedelta(minutes=5), tariff_per_kwh=Decimal("0.60")) is None
