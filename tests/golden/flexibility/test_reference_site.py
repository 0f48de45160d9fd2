"""The 10 MW reference site RS-1: what each resource delivers for 30 s, 5 min, 30 min and 3 h.

IT 8.0 MW (60 % GPU), PUE 1.25, water-cooled; loop 160 m3; UPS 5 min; battery 2 MW / 4 MWh.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import battery, chiller, chiller_plant, deferrable_load, ups
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.chiller_curves import WATER_COOLED
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.measurement_boundary import assumed_overhead_slope_ratio
from vpp.flexibility.ups import UpsParameters, UpsState

HALF_MINUTE = timedelta(seconds=30)
FIVE_MINUTES = timedelta(minutes=5)
HALF_HOUR = timedelta(minutes=30)
THREE_HOURS = timedelta(hours=3)

UPS = UpsParameters(
    resource_id="ups",
    rated_kw=8000.0,
    max_recharge_kw=2000.0,
    charge_ratio=0.95,
    wear_cost_per_kwh=Decimal("0.10"),
    response_time=timedelta(seconds=1),
    delivery_ratio=0.9,
    state_of_health_ratio=1.0,
)
BESS = BatteryParameters(
    resource_id="bess",
    capacity_kwh=4000.0,
    max_discharge_kw=2000.0,
    max_charge_kw=2000.0,
    round_trip_ratio=0.85,
    min_soc_ratio=0.1,
    max_soc_ratio=0.9,
    backup_floor_kwh=0.0,
    wear_cost_per_kwh=Decimal("0.16"),
    response_time=timedelta(seconds=1),
    delivery_ratio=0.95,
)
CHILLER = ChillerParameters(
    resource_id="chiller",
    rated_capacity_kw=8000.0,
    reference_cop=5.5,
    curves=WATER_COOLED,
    loop_water_m3=160.0,
    it_load_kw=8000.0,
    leaving_celsius=6.67,
    max_rebound_kw=400.0,
    wear_cost_per_kwh=Decimal("0.01"),
    response_time=timedelta(minutes=5),
    delivery_ratio=0.8,
)
HALL = ChillerState(course_celsius=22.0, deviation_kelvin=0.0, cooling_load_kw=8000.0, condenser_celsius=29.4)


def gpu_pool(**changes: object) -> DeferrableLoadParameters:
    fields: dict[str, object] = {
        "resource_id": "gpu",
        "job_class": JobClass.FINETUNE,
        "tier": Tier.FLEX2,  # 25 %
        "method": Capping(),
        "gpu_count": 16_800.0,
        "kw_per_gpu": 0.4,
        "overhead_slope_ratio": 0.0,  # the site's table is measured at the computers
        "job_value_per_kwh": Decimal("0.90"),
        "catch_up_within": timedelta(hours=12),
        "max_recovery_kw": 2000.0,
        "response_time": HALF_MINUTE,
        "delivery_ratio": 0.8,
    }
    return DeferrableLoadParameters(**(fields | changes))  # type: ignore[arg-type]


def test_ups_carries_everything_for_two_minutes_and_no_longer() -> None:
    full = UpsState(stored_kwh=UPS.full_kwh, load_kw=8000.0)
    assert ups.available_kw(UPS, full, HALF_MINUTE) == 8000.0
    assert ups.available_kw(UPS, full, timedelta(minutes=2)) == pytest.approx(8000.0)
    # 8 MW x 5 min = 667 kWh, less 8 MW x 3 min = 400 kWh: 267 kWh over 5 min are 3.2 MW.
    assert ups.available_kw(UPS, full, FIVE_MINUTES) == pytest.approx(3200.0)
    assert ups.offer(UPS, full, 1, HALF_HOUR, tariff_per_kwh=Decimal("0.60")) is None


def test_battery_gives_its_power_until_its_energy_binds() -> None:
    full = BatteryState(stored_kwh=3600.0)  # 90 % of 4 MWh; the window holds 3.2 MWh
    for span in (HALF_MINUTE, FIVE_MINUTES, HALF_HOUR):
        assert battery.available_kw(BESS, full, span) == 2000.0
    assert battery.available_kw(BESS, full, THREE_HOURS) == pytest.approx(1067.0, abs=0.5)  # 3.2 MWh / 3 h


def test_chillers_are_bound_by_the_rate_then_by_the_budget() -> None:
    assert chiller_plant.electric_kw(CHILLER, HALL, 8000.0) == pytest.approx(1450.0, abs=10.0)
    # 53 % cut inside 20 K/h; the part-load curve saves a little less than 53 % of 1.45 MW.
    assert chiller.available_kw(CHILLER, HALL, FIVE_MINUTES) == pytest.approx(770.0, abs=10.0)
    # A 25 % cut of cooling lasts 32 min: (160 x 1.163 + 8 x (0.37 + 0.3 x 9.7)) x 5 K / 2 MW.
    assert CHILLER.heat_capacity_kwh_per_k * 5.0 / 2000.0 * 60.0 == pytest.approx(31.8, abs=0.1)
    # At constant COP 2 MW / 5.5 = 0.36 MW. At full load the curve saves more than its share:
    # 1 - (0.222903 + 0.313387 x 0.75 + 0.46371 x 0.5625) = 0.2812 of 1454 kW = 409 kW.
    lasting_kw = chiller.available_kw(CHILLER, HALL, timedelta(minutes=31.8))
    assert lasting_kw == pytest.approx(409.0, abs=2.0)
    lasting, _ = chiller.advance(CHILLER, HALL, 360.0, HALF_HOUR)
    assert lasting.deviation_kelvin < 5.0
    assert chiller.available_kw(CHILLER, HALL, THREE_HOURS) < 0.06 * 1450.0  # about nothing


def test_power_caps_hold_for_hours() -> None:
    pool, state = gpu_pool(), DeferrableLoadState(running_gpus=8400.0)  # 4.8 MW x 0.7 flexible = 3.36 MW
    for span in (HALF_MINUTE, FIVE_MINUTES, HALF_HOUR, THREE_HOURS):
        assert deferrable_load.available_kw(pool, state, span) == pytest.approx(840.0)
    pue_ratio = assumed_overhead_slope_ratio(1.25)  # k = 0.125
    at_meter = gpu_pool(overhead_slope_ratio=pue_ratio)
    assert deferrable_load.available_kw(at_meter, state, HALF_HOUR) == pytest.approx(945.0)  # 840 x 1.125


def test_pauses_hold_until_the_deadline() -> None:
    method = Pausing(checkpoint_interval=timedelta(hours=1), restart_time=FIVE_MINUTES, idle_power_ratio=0.0)
    # 15 % of 4.8 MW in flex3 jobs that may all stand still: 0.72 MW, 1800 GPUs of 0.4 kW.
    pool = gpu_pool(
        job_class=JobClass.ETL_RENDER_HPC,
        tier=Tier.FLEX3,
        method=method,
        agreed_cut_ratio=1.0,
        gpu_count=3600.0,
        catch_up_within=timedelta(hours=4),
    )
    state = DeferrableLoadState(running_gpus=1800.0)
    for span in (FIVE_MINUTES, HALF_HOUR, THREE_HOURS):
        assert deferrable_load.available_kw(pool, state, span) == pytest.approx(720.0)
    # 1800 free GPUs do in 4 h what 1800 put off in 3 h 55 min and lost in a restart of 5 min.
    assert deferrable_load.available_kw(pool, state, timedelta(minutes=235)) == pytest.approx(720.0)
    assert deferrable_load.available_kw(pool, state, timedelta(minutes=236)) == 0.0
