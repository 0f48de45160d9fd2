"""Draws a site twice: as it is, with parameters that nobody knows, and as its owner has written it down."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.simulator.faults import Fault
from vpp.simulator.plant import SimulatedSite
from vpp.simulator.plant_state import PlantStore
from vpp.simulator.settings import PlantSettings
from vpp.simulator.site_load import SiteLoad

STEP = timedelta(minutes=5)
START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 21
Tables = tuple[dict[str, Any], dict[str, Any]]


class UnsavedSite(SimulatedSite):
    """Nothing here is restarted, so nothing is saved."""

    def _save(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Load:
    """What a site is like apart from its devices.

    Attributes:
        it_kw: Mean power of the computers, kW.
        peak_it_kw: Largest of the same, kW.
        cop: Heat removed per power of the chillers.
        net_kw: Mean power at the point of connection, kW.
    """

    it_kw: float
    peak_it_kw: float
    cop: float
    net_kw: float


def draw_load(draw: np.random.Generator) -> tuple[SiteLoad, Load]:
    """Draw two weeks of a site between 0.5 and 5 MW: a day's course, weather in the work, and ripple."""
    count = DAYS * 288
    hours = np.arange(count) / 12.0
    nameplate_kw = math.exp(draw.uniform(math.log(600.0), math.log(6000.0)))
    slow = np.zeros(count)
    shocks = draw.normal(scale=0.002, size=count)
    for n in range(1, count):
        slow[n] = 0.995 * slow[n - 1] + shocks[n]
    daily = draw.uniform(0.02, 0.08) * np.cos(2.0 * math.pi * (hours - draw.uniform(13.0, 20.0)) / 24.0)
    ripple = draw.normal(scale=0.003, size=count)
    it_kw = nameplate_kw * np.clip(0.75 + daily + slow + ripple, 0.3, 1.0)
    cop = draw.uniform(4.0, 5.5)
    cooling_kw = it_kw / cop
    net_kw = it_kw * (1.0 + draw.uniform(0.05, 0.09)) + cooling_kw + 0.04 * nameplate_kw
    load = SiteLoad(START, STEP, net_kw, it_kw, cooling_kw)
    return load, Load(float(it_kw.mean()), float(it_kw.max()), cop, float(net_kw.mean()))


def battery(draw: np.random.Generator, load: Load) -> Tables:
    """A battery that fades, tapers at its ends, and whose gauge is off by a little."""
    power_kw = load.net_kw * draw.uniform(0.08, 0.25)
    capacity_kwh = power_kw * draw.uniform(0.9, 3.0)
    discharge_ratio, charge_ratio = draw.uniform(0.90, 0.95, size=2)
    health_ratio = draw.uniform(0.88, 1.0)
    plant = {
        "capacity_kwh": capacity_kwh * health_ratio,
        "power_kw": power_kw * draw.uniform(0.98, 1.02),
        "charge_efficiency_ratio": charge_ratio,
        "discharge_efficiency_ratio": discharge_ratio,
        "floor_ratio": 0.05,
        "recharge_kw": power_kw * 0.6,
        "recharges_alone": False,
        "taper_ratio": draw.uniform(0.0, 0.04),
        "fade_ratio_per_cycle": draw.uniform(0.00005, 0.0003),
        "gauge_error_ratio": draw.uniform(-0.015, 0.015),
        "setpoint_error_ratio": draw.uniform(0.003, 0.015),
        "backup_floor_kwh": 0.1 * capacity_kwh * health_ratio,
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "capacity_kwh": capacity_kwh * 0.92 * 0.95,
        "max_discharge_kw": power_kw,
        "max_charge_kw": power_kw * 0.6,
        "round_trip_ratio": 0.85,
        "min_soc_ratio": 0.125,  # the owner allows for a gauge that is off
        "max_soc_ratio": 0.9,
        "backup_floor_kwh": 0.0,
        "wear_cost_per_kwh": Decimal("0.1"),
        "response_time": "PT1S",
        "delivery_ratio": 0.9,
    }
    return plant, believed


def ups(draw: np.random.Generator, load: Load) -> Tables:
    """A UPS without a guard of its own: only the agent keeps the ride-through reserve."""
    rated_kw = load.peak_it_kw * draw.uniform(1.05, 1.3)
    autonomy_s = float(draw.choice([360.0, 480.0, 600.0, 900.0]))
    health_ratio = draw.uniform(0.86, 1.0)
    recharge_kw = rated_kw * draw.uniform(0.04, 0.1)
    plant = {
        "capacity_kwh": rated_kw * autonomy_s / 3600.0 * health_ratio / 0.95,
        "power_kw": rated_kw,
        "efficiency_ratio": 0.95,
        "ride_through_s": 180.0,
        "recharge_kw": recharge_kw,
        "guards_ride_through": False,
        "setpoint_error_ratio": draw.uniform(0.003, 0.015),
        "gauge_error_ratio": draw.uniform(-0.01, 0.01),
        "alarms_per_day": 0.1,
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "rated_kw": rated_kw,
        "max_recharge_kw": recharge_kw,
        "charge_ratio": 0.9,
        "wear_cost_per_kwh": Decimal("0.3"),
        "response_time": "PT1S",
        "delivery_ratio": 0.9,
        "state_of_health_ratio": 0.84,  # what the owner dares to count on
        "autonomy": f"PT{autonomy_s:.0f}S",
        "ride_through": "PT3M",
    }
    return plant, believed


def chiller(draw: np.random.Generator, load: Load) -> Tables:
    """A hall whose loop, racks, part load and sensors are not quite those of the papers."""
    loop_m3 = load.peak_it_kw / 1000.0 * draw.uniform(15.0, 45.0)
    loss_ratio = draw.uniform(0.0, 0.3)
    exchange_kw_per_k = load.it_kw / draw.uniform(7.0, 11.0)
    plant = {
        "loop_volume_m3": loop_m3,
        "hall_kwh_per_k": load.peak_it_kw / 1000.0 * draw.uniform(2.5, 5.0),
        "exchange_kw_per_k": exchange_kw_per_k,
        "inlet_limit_celsius": 30.0,
        "judged_inlet_celsius": 27.0,
        "max_cut_ratio": draw.uniform(0.3, 0.7),
        "recovery_ratio": 0.3,
        "part_load_loss_ratio": loss_ratio,
        "setpoint_error_ratio": draw.uniform(0.01, 0.04),
        "sensor_error_kelvin": draw.uniform(-0.3, 0.3),
        "time_constant_s": draw.uniform(30.0, 120.0),
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "rated_capacity_kw": load.peak_it_kw * 1.3,
        "reference_cop": load.cop * draw.uniform(0.95, 1.1),
        "curves": "water_cooled",
        "loop_water_m3": loop_m3 * draw.uniform(0.85, 0.98),
        "it_load_kw": load.peak_it_kw,
        "leaving_celsius": 7.0,
        "max_rebound_kw": load.it_kw / load.cop * 0.25,
        "policy_limit_celsius": 26.7,  # 27 less what the sensors may be off
        "wear_cost_per_kwh": Decimal("0.02"),
        "response_time": "PT2M",
        "delivery_ratio": 0.8,
    }
    return plant, believed


def deferrable_load(draw: np.random.Generator, load: Load) -> Tables:
    """A batch pool in which caps change nothing for about a third of the work."""
    batch_ratio = draw.uniform(0.2, 0.4)
    catch_up_kw = load.net_kw * draw.uniform(0.05, 0.1)
    plant = {
        "batch_ratio": batch_ratio,
        "max_cut_ratio": draw.uniform(0.25, 0.35),
        "inert_ratio": draw.uniform(0.28, 0.38),
        "facility_ratio": 1.0 + draw.uniform(0.05, 0.3),
        "return_ratio": draw.uniform(0.25, 0.4),
        "catch_up_kw": catch_up_kw,
        "deadline_s": 28_800.0,
        "setpoint_error_ratio": draw.uniform(0.01, 0.05),
        "time_constant_s": draw.uniform(10.0, 60.0),
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "job_class": "batch_inference",
        "tier": "flex2",
        "method": "capping",
        "gpu_count": load.peak_it_kw * batch_ratio / 0.7 * 1.3,
        "kw_per_gpu": 0.7,
        "overhead_slope_ratio": 0.15,
        "job_value_per_kwh": Decimal("0.8"),
        "catch_up_within": "PT7H",
        "max_recovery_kw": catch_up_kw,
        "response_time": "PT1M",
        "delivery_ratio": 0.6,
    }
    return plant, believed


def thermal_store(draw: np.random.Generator, load: Load) -> Tables:
    """A tank that mixes, leaks and whose level is guessed from a few sensors."""
    tank_m3 = load.peak_it_kw / 1000.0 * draw.uniform(60.0, 150.0)
    capacity_kwh = 1.163 * tank_m3 * 8.0
    discharge_kw = load.it_kw * draw.uniform(0.3, 0.6)
    charge_kw = load.it_kw / load.cop * 0.3
    plant = {
        "capacity_kwh": capacity_kwh * draw.uniform(0.92, 1.02),
        "discharge_kw": discharge_kw,
        "charge_kw": charge_kw,
        "reserve_s": 900.0,
        "recharges_alone": False,
        "mixing_ratio": draw.uniform(0.02, 0.1),
        "setpoint_error_ratio": draw.uniform(0.01, 0.03),
        "gauge_error_ratio": draw.uniform(-0.02, 0.02),
        "time_constant_s": draw.uniform(30.0, 120.0),
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "tank_m3": tank_m3 * 0.9,
        "usable_kelvin": 8.0,
        "max_discharge_kw": discharge_kw * draw.uniform(0.95, 1.05),
        "max_charge_kw": charge_kw * load.cop,
        "relieved_cop": load.cop * draw.uniform(0.97, 1.07),
        "charging_cop": load.cop,
        "reserve": "PT18M",  # the quarter of an hour that the hall needs, and the gauge's error
        "wear_cost_per_kwh": Decimal("0.01"),
        "response_time": "PT5M",
        "delivery_ratio": 0.8,
    }
    return plant, believed


def generator(draw: np.random.Generator, load: Load) -> Tables:
    """A set that starts late, and sometimes only at the second attempt."""
    power_kw = load.net_kw * draw.uniform(0.2, 0.5)
    plant = {
        "power_kw": power_kw,
        "min_power_kw": power_kw * 0.3,
        "start_s": draw.uniform(20.0, 90.0),
        "start_failure_ratio": draw.uniform(0.01, 0.08),
        "min_run_s": 1200.0,
        "fuel_kwh": power_kw * 48.0,
        "setpoint_error_ratio": draw.uniform(0.003, 0.02),
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "max_kw": power_kw,
        "min_kw": power_kw * 0.3,
        "start_failure_ratio": 0.03,
        "fuel_cost_per_kwh": Decimal("0.3"),
        "emission_kg_per_kwh": 0.7,
        "delivery_ratio": 0.9,
        "is_enabled": True,
        "min_run": "PT30M",
        "tank_kwh": power_kw * 48.0,
    }
    return plant, believed


def job_groups(draw: np.random.Generator, load: Load) -> Tables:
    """A cluster of jobs of which a third ignores caps, some do not pause, and some do not come back."""
    batch_ratio = draw.uniform(0.2, 0.35)
    shares = {"tuning": draw.uniform(0.3, 0.5), "pretraining": draw.uniform(0.2, 0.35)}
    shares["serving"] = 1.0 - sum(shares.values())
    slope_ratio = draw.uniform(0.05, 0.3)
    inert_ratio = draw.uniform(0.28, 0.38)
    plant = {
        "batch_ratio": batch_ratio,
        "facility_ratio": 1.0 + slope_ratio,
        "free_ratio": draw.uniform(0.1, 0.3),
        "seed": int(draw.integers(0, 2**31)),
        "groups": {
            "tuning": {
                "share_ratio": shares["tuning"],
                "stream_count": 8,
                "inert_ratio": inert_ratio,
                "max_cut_ratio": draw.uniform(0.25, 0.35),
                "job_hours": draw.uniform(4.0, 16.0),
            },
            "pretraining": {
                "share_ratio": shares["pretraining"],
                "stream_count": 4,
                "method": "pause",
                "pause_failure_ratio": draw.uniform(0.01, 0.06),
                "resume_failure_ratio": draw.uniform(0.0, 0.06),
                "idle_power_ratio": draw.uniform(0.15, 0.25),
                "stop_s": draw.uniform(60.0, 120.0),
                "job_hours": draw.uniform(24.0, 72.0),
                "slack_hours": 14.0,
            },
            "serving": {"share_ratio": shares["serving"], "stream_count": 2, "method": "none"},
        },
    }
    common: dict[str, Any] = {
        "kw_per_gpu": 0.7,
        "idle_power_ratio": 0.2,
        "job_value_per_kwh": Decimal("1.0"),
        "catch_up_within": "PT10H",
    }
    believed = {
        "gpu_count": load.peak_it_kw * batch_ratio / 0.7 * 1.4,
        "overhead_slope_ratio": 0.15,
        "max_recovery_kw": load.net_kw * 0.06,
        "delivery_ratio": 0.6,
        "groups": [
            {"group_id": "tuning", "job_class": "finetune", "tier": "flex2", **common},
            {
                "group_id": "pretraining",
                "job_class": "pretrain",
                "tier": "flex3",
                "agreed_cut_ratio": 0.0,
                **common,
                "pause": {"checkpoint_interval": "PT1H", "restart_time": "PT4M"},
            },
            {"group_id": "serving", "job_class": "interactive_inference", "tier": "flex0", **common},
        ],
    }
    return plant, believed


def idle_servers(draw: np.random.Generator, load: Load) -> Tables:
    """Servers without work, to some of which work comes as they are to sleep."""
    count = int(load.it_kw * 0.05 / 0.15)
    plant = {
        "count": count,
        "swing_ratio": draw.uniform(0.0, 0.4),
        "idle_kw": 0.15,
        "asleep_kw": 0.01,
        "facility_ratio": 1.0 + draw.uniform(0.05, 0.3),
        "refuse_ratio": draw.uniform(0.01, 0.1),
        "seed": int(draw.integers(0, 2**31)),
    }
    believed = {
        "idle_kw_per_server": 0.15,
        "asleep_kw_per_server": 0.01,
        "overhead_slope_ratio": 0.15,
        "shutdown_time": "PT1M",
        "wake_time": "PT5M",
        "keep_awake_count": count // 4,
        "wear_cost_per_start": Decimal("0.01"),
        "delivery_ratio": 0.8,
    }
    return plant, believed


KINDS: Mapping[str, tuple[str, Callable[[np.random.Generator, Load], Tables]]] = {
    "battery": ("bess", battery),
    "ups": ("ups", ups),
    "chiller": ("cooling", chiller),
    "deferrable_load": ("batch", deferrable_load),
    "thermal_store": ("tank", thermal_store),
    "generator": ("genset", generator),
    "job_groups": ("cluster", job_groups),
    "idle_servers": ("spare", idle_servers),
}
"""Resource id and maker by kind."""


@dataclass(frozen=True, slots=True)
class DrawnSite:
    """A site with its agent's models.

    Attributes:
        plant: The devices.
        units: The models of them, by resource id.
        kinds: Kind by resource id.
        import_limit_kw: What the connection bears, kW.
    """

    plant: SimulatedSite
    units: Mapping[str, Unit[Any]]
    kinds: Mapping[str, str]
    import_limit_kw: float


def draw_site(seed: int, faults: Callable[[np.random.Generator], tuple[Fault, ...]]) -> DrawnSite:
    """Draw a site.

    Args:
        seed: Of everything.
        faults: Draws what goes wrong when.
    """
    draw = np.random.default_rng([2026, seed])
    series, load = draw_load(draw)
    plants: dict[str, dict[str, dict[str, Any]]] = {}
    believed: dict[str, dict[str, dict[str, Any]]] = {}
    for kind, (name, make) in KINDS.items():
        plant, belief = make(draw, load)
        plants[kind], believed[kind] = {name: plant}, {name: belief}
    # A sound connection bears the site's peak and all that its devices draw if nobody commands them.
    alone_kw = (
        plants["ups"]["ups"]["recharge_kw"]
        + plants["deferrable_load"]["batch"]["catch_up_kw"]
        + plants["chiller"]["cooling"]["recovery_ratio"] * load.peak_it_kw / load.cop
        + plants["job_groups"]["cluster"]["free_ratio"]
        * plants["job_groups"]["cluster"]["batch_ratio"]
        * plants["job_groups"]["cluster"]["facility_ratio"]
        * load.peak_it_kw
    )
    limit_kw = float(series.net_kw.max()) * 1.02 + alone_kw * draw.uniform(1.02, 1.4)
    settings = PlantSettings.model_validate(
        {
            "load_file": "unused",
            "state_file": "unused",
            "seed": seed,
            "noise_ratio": 0.002,
            # A device that hears nothing for an interval lets go: an agent that dies overdraws no store.
            "command_hold": STEP,
            "substep_s": 150.0,
            "instrument_error_ratio": 0.01,
            "instrument_noise_ratio": 0.003,
            "meter": {"drift_ratio_per_day": draw.uniform(-0.0002, 0.0002)},
            "import_limit_kw": limit_kw,
            "faults": faults(draw),
            **plants,
        }
    )
    units = units_of(believed, None)
    return DrawnSite(
        UnsavedSite(settings, series, PlantStore(Path("unused"))),
        {unit.resource_id: unit for unit in units},
        {name: kind for kind, (name, _) in KINDS.items()},
        limit_kw,
    )
