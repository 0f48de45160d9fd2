"""Batteries of two duties, permit hours, tanks and panels: figures of the cases they come from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import battery
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.dr_on_top import on_top
from vpp.flexibility.energy_ledger import Duty, EnergyLedger, Refused
from vpp.flexibility.generator_permit import (
    GeneratorPermit,
    GeneratorRun,
    PermitCount,
    RunCategory,
    RunRefused,
)
from vpp.flexibility.own_schedule import own_schedule
from vpp.flexibility.photovoltaics import capacity_factor_ratio
from vpp.flexibility.thermal_store import ThermalStoreParameters

HOUR = timedelta(hours=1)
# Two valleys and two peaks a day, CNY/kWh: 8 h at 0.35, 4 h at 1.10, 6 h at 0.45, 4 h at 1.20, 2 h at 0.65.
TWO_PEAKS = (0.35,) * 8 + (1.10,) * 4 + (0.45,) * 6 + (1.20,) * 4 + (0.65,) * 2


def battery_of_k4(backup_floor_kwh: float = 0.0) -> BatteryParameters:
    return BatteryParameters(
        resource_id="bess",
        capacity_kwh=90_000.0,
        max_discharge_kw=45_000.0,
        max_charge_kw=30_000.0,
        round_trip_ratio=0.85,
        min_soc_ratio=0.0,
        max_soc_ratio=1.0,
        backup_floor_kwh=backup_floor_kwh,
        wear_cost_per_kwh=Decimal("0.16"),
        response_time=timedelta(seconds=1),
        delivery_ratio=0.95,
        max_cycles_per_day=2.0,
    )


def test_k4_two_discharges_a_day_are_62_4_gwh_a_year() -> None:
    plan = own_schedule(battery_of_k4(), BatteryState(0.0), TWO_PEAKS, HOUR, max_cycles=2)
    discharged_kwh = sum(plan.discharge_kw)
    assert discharged_kwh == pytest.approx(180_000.0)  # 90 MWh, twice
    assert discharged_kwh * 365 * 0.95 / 1e6 == pytest.approx(62.4, abs=0.05)  # GWh, 95 % of the days
    assert sum(plan.discharge_kw[8:12]) == pytest.approx(90_000.0)
    assert sum(plan.discharge_kw[18:22]) == pytest.approx(90_000.0)


def test_c5_an_evening_call_comes_on_top_and_the_floor_is_kept() -> None:
    params = battery_of_k4(backup_floor_kwh=10_000.0)
    state = BatteryState(10_000.0)
    plan = own_schedule(params, state, TWO_PEAKS, HOUR, max_cycles=2)
    assert sum(plan.discharge_kw) == pytest.approx(160_000.0)  # two discharges of 80 MWh
    # A call from 13 to 14, between the cycles: three hours of recharging are left before the evening.
    between = on_top(params, plan, TWO_PEAKS, HOUR, first=13, count=1)
    stored_kwh = plan.stored_kwh[13]
    assert between.free_kwh == pytest.approx(min(45_000.0, stored_kwh - 10_000.0), abs=1.0)
    # A call in the evening itself: every kWh of it is one of the second discharge, and is priced.
    evening = on_top(params, plan, TWO_PEAKS, HOUR, first=17, count=1)
    assert evening.free_kwh == pytest.approx(0.0, abs=1.0)
    assert evening.displaceable_kwh == pytest.approx(45_000.0)
    assert evening.displaced_value_per_kwh == 1.20
    bid = battery.offer(
        params,
        BatteryState(90_000.0, committed_arbitrage_kwh=80_000.0),
        1,
        HOUR,
        tariff_per_kwh=Decimal("0.60"),
        displaced_value_per_kwh=Decimal("1.20"),
    )
    assert bid is not None
    # 0.16 wear + 0.60 x (1 / 0.85 - 1) + 1.20 displaced = 1.465882... per kWh, rounded up
    assert bid.price_per_mwh == Decimal("1465.89")


def test_c5_the_ledger_sells_nothing_twice() -> None:
    ledger = EnergyLedger(90_000.0).reserve_backup(10_000.0)
    evening = ledger.commit(Duty.ARBITRAGE, "evening", 60_000.0)
    assert isinstance(evening, EnergyLedger)
    assert evening.commit(Duty.DR, "events/peak", 30_000.0) == Refused(30_000.0, 20_000.0)
    both = evening.commit(Duty.DR, "events/peak", 20_000.0)
    assert isinstance(both, EnergyLedger)
    called = both.deliver(Duty.DR, "events/peak", 20_000.0)
    done = called.deliver(Duty.ARBITRAGE, "evening", 60_000.0)  # the second discharge, in full
    assert (done.stored_kwh, done.kept_kwh(Duty.BACKUP)) == (10_000.0, 10_000.0)


def test_k5_a_battery_in_place_of_diesel_never_gives_its_reserve() -> None:
    params = battery_of_k4(backup_floor_kwh=45_000.0)
    state = BatteryState(90_000.0)
    for _ in range(100):
        state, _ = battery.advance(params, state, 45_000.0, timedelta(minutes=5))
        assert state.stored_kwh >= 45_000.0
    assert battery.envelope(params, state).p_max_kw == 0.0


def test_c13_the_51st_paid_hour_is_refused() -> None:
    count = PermitCount(GeneratorPermit())
    for hour in range(50):
        after = count.enter(
            GeneratorRun(datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR, 1.0, RunCategory.PAID)
        )
        assert isinstance(after, PermitCount)
        count = after
    refused = count.enter(GeneratorRun(datetime(2026, 6, 1, tzinfo=UTC), 1.0, RunCategory.PAID))
    assert refused == RunRefused(RunCategory.PAID, 1.0, 0.0)
    assert count.used_hours({RunCategory.PAID}, 2026) == 50.0  # every hour with its category
    # 50 more hours are left for tests and other use that is no emergency, and no limit for emergencies.
    assert isinstance(
        count.enter(GeneratorRun(datetime(2026, 6, 1, tzinfo=UTC), 50.0, RunCategory.TEST)), PermitCount
    )
    assert isinstance(
        count.enter(GeneratorRun(datetime(2026, 6, 1, tzinfo=UTC), 300.0, RunCategory.EMERGENCY)), PermitCount
    )


def test_c13_the_101st_hour_without_emergency_is_refused() -> None:
    count = PermitCount(GeneratorPermit())
    kinds = [RunCategory.TEST, RunCategory.OTHER, RunCategory.PAID, RunCategory.EMERGENCY]
    for hour in range(120):
        run = GeneratorRun(datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR, 1.0, kinds[hour % 4])
        after = count.enter(run)
        assert isinstance(after, PermitCount)
        count = after
    assert count.left_hours(RunCategory.TEST, 2026) == 10.0  # 90 of 120 were no emergency
    full = count.enter(GeneratorRun(datetime(2026, 2, 1, tzinfo=UTC), 10.0, RunCategory.TEST))
    assert isinstance(full, PermitCount)
    for category in (RunCategory.TEST, RunCategory.OTHER, RunCategory.PAID):
        assert full.enter(GeneratorRun(datetime(2026, 2, 2, tzinfo=UTC), 1.0, category)) == RunRefused(
            category, 1.0, 0.0
        )


def test_k6_a_set_that_runs_six_hours_a_year_has_hours_left() -> None:
    count = PermitCount(GeneratorPermit()).enter(
        GeneratorRun(datetime(2026, 1, 1, tzinfo=UTC), 6.0, RunCategory.TEST)
    )
    assert isinstance(count, PermitCount)
    left_hours = [count.left_hours(category, 2026) for category in (RunCategory.PAID, RunCategory.TEST)]
    assert left_hours == [50.0, 94.0]


@pytest.mark.parametrize(("tank_m3", "hours"), [(27.0, 0.25), (323.0, 3.0)])
def test_water_that_cools_a_megawatt(tank_m3: float, hours: float) -> None:
    tank = ThermalStoreParameters(
        "tank", tank_m3, 8.0, 1000.0, 500.0, 5.5, 5.5, timedelta(0), Decimal(0), timedelta(minutes=5), 0.9
    )
    assert tank.capacity_kwh == pytest.approx(1000.0 * hours, rel=0.01)  # 1.163 x m3 x 8 K


def test_k16_and_k19_rooftops() -> None:
    assert round(100.0 * capacity_factor_ratio(12e6, 10_540.0), 1) == 13.0  # 12 GWh of 10.54 MW
    assert round(100.0 * capacity_factor_ratio(160e6, 200_000.0), 1) == 9.1  # 160 GWh of 200 MW
