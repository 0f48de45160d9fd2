"""Draws the make-up of a simulated compute centre from a seeded generator."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from vpp.simulator.power_model import PowerModel
from vpp.simulator.site_load import SiteLoad

Tables = dict[str, dict[str, dict[str, object]]]
KW_PER_GPU = 0.7
"""Power of a busy accelerator with its share of the server, kW; a round figure."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a site is made of, twice: as it is, and as its owner has written it down.

    Attributes:
        plant: Tables of the simulated devices by kind and resource id.
        believed: Tables of the agent's models by kind and resource id; close, not equal.
    """

    plant: Tables
    believed: Tables


def draw_power_model(draw: np.random.Generator) -> PowerModel:
    """Draw a compute centre of 0.5 to 5 MW of computers."""
    return PowerModel(
        nameplate_kw=round(float(np.exp(draw.uniform(np.log(500.0), np.log(5000.0)))), 0),
        idle_ratio=draw.uniform(0.30, 0.45),
        fixed_ratio=draw.uniform(0.03, 0.06),
        proportional_ratio=draw.uniform(0.05, 0.09),
        reference_cop=draw.uniform(4.0, 5.2),
        cop_slope_per_kelvin=draw.uniform(0.04, 0.09),
        mean_celsius=draw.uniform(10.0, 18.0),
        swing_kelvin=draw.uniform(2.0, 5.0),
    )


def draw_equipment(draw: np.random.Generator, model: PowerModel, load: SiteLoad) -> Equipment:
    """Draw battery, UPS, cooling and batch cluster, together 25 to 35 % of the site's mean load.

    Args:
        draw: Source of variety.
        model: The site's power model.
        load: The site's natural load.

    Returns:
        The equipment. The agent's belief differs from the physics by a few percent, as a
        nameplate does.
    """
    kinds = {
        "battery": _battery(draw, float(load.net_kw.mean())),
        "ups": _ups(draw, float(load.it_kw.max())),
        "chiller": _chiller(draw, model, load),
        "deferrable_load": _deferrable(draw, model, load),
    }
    names = {"battery": "bess", "ups": "ups", "chiller": "cooling", "deferrable_load": "batch"}
    plant: Tables = {kind: {names[kind]: tables[0]} for kind, tables in kinds.items()}
    believed: Tables = {kind: {names[kind]: tables[1]} for kind, tables in kinds.items()}
    return Equipment(plant, believed)


def _kw(value: float) -> float:
    return round(float(value), 1)


def _seconds(value: float) -> str:
    return f"PT{round(value)}S"


def _battery(draw: np.random.Generator, mean_kw: float) -> tuple[dict[str, object], dict[str, object]]:
    power_kw = mean_kw * draw.uniform(0.17, 0.22)
    capacity_kwh = power_kw * draw.uniform(2.5, 3.5)
    discharge_ratio = draw.uniform(0.90, 0.94)
    charge_ratio = draw.uniform(0.91, 0.95)
    recharge_kw = power_kw * draw.uniform(0.8, 1.0)
    plant: dict[str, object] = {
        "capacity_kwh": _kw(capacity_kwh),
        "power_kw": _kw(power_kw),
        "charge_efficiency_ratio": round(charge_ratio, 3),
        "discharge_efficiency_ratio": round(discharge_ratio, 3),
        "recharge_kw": _kw(recharge_kw),
    }
    believed: dict[str, object] = {
        # Counted as delivered at the point of connection, a little on the safe side.
        "capacity_kwh": _kw(capacity_kwh * discharge_ratio * draw.uniform(0.96, 0.99)),
        "max_discharge_kw": _kw(power_kw),
        "max_charge_kw": _kw(recharge_kw),
        "round_trip_ratio": round(charge_ratio * discharge_ratio, 3),
        "min_soc_ratio": 0.1,
        "max_soc_ratio": 0.9,
        "backup_floor_kwh": 0.0,
        "wear_cost_per_kwh": f"{draw.uniform(0.04, 0.15):.3f}",
        "response_time": "PT1S",
        "delivery_ratio": 0.98,
    }
    return plant, believed


def _ups(draw: np.random.Generator, peak_it_kw: float) -> tuple[dict[str, object], dict[str, object]]:
    rated_kw = peak_it_kw * draw.uniform(1.1, 1.25)
    autonomy_s = float(draw.choice([360.0, 480.0, 600.0]))
    capacity_kwh = rated_kw * autonomy_s / 3600.0
    recharge_kw = rated_kw * draw.uniform(0.04, 0.08)
    health_ratio = draw.uniform(0.9, 0.98)
    plant: dict[str, object] = {
        "capacity_kwh": _kw(capacity_kwh * health_ratio),
        "power_kw": _kw(rated_kw),
        "ride_through_s": 180.0,
        "recharge_kw": _kw(recharge_kw),
    }
    believed: dict[str, object] = {
        "rated_kw": _kw(rated_kw),
        "max_recharge_kw": _kw(recharge_kw),
        "charge_ratio": 0.93,
        "wear_cost_per_kwh": f"{draw.uniform(0.2, 0.4):.3f}",
        "response_time": "PT1S",
        "delivery_ratio": 0.98,
        "state_of_health_ratio": round(health_ratio * 0.93, 3),
        "autonomy": _seconds(autonomy_s),
        "ride_through": "PT3M",
        "chemistry": "li_ion",
    }
    return plant, believed


def _chiller(
    draw: np.random.Generator, model: PowerModel, load: SiteLoad
) -> tuple[dict[str, object], dict[str, object]]:
    loop_m3 = model.nameplate_kw / 1000.0 * draw.uniform(35.0, 60.0)
    mean_it_kw = float(load.it_kw.mean())
    rebound_kw = float(load.cooling_kw.mean()) * draw.uniform(0.2, 0.3)
    plant: dict[str, object] = {
        "loop_volume_m3": _kw(loop_m3),
        "hall_kwh_per_k": _kw(model.nameplate_kw / 1000.0 * draw.uniform(3.0, 4.0)),
        "exchange_kw_per_k": _kw(mean_it_kw / draw.uniform(9.0, 11.0)),
        "recovery_ratio": 0.35,
    }
    believed: dict[str, object] = {
        "rated_capacity_kw": _kw(model.nameplate_kw * 1.25),
        "reference_cop": round(model.reference_cop * draw.uniform(0.98, 1.08), 2),
        "curves": "water_cooled",
        "loop_water_m3": _kw(loop_m3 * draw.uniform(0.9, 1.0)),
        "it_load_kw": _kw(model.nameplate_kw),
        "leaving_celsius": 7.0,
        "max_rebound_kw": _kw(rebound_kw),
        "wear_cost_per_kwh": f"{draw.uniform(0.01, 0.05):.3f}",
        "response_time": "PT2M",
        "delivery_ratio": 0.9,
    }
    return plant, believed


def _deferrable(
    draw: np.random.Generator, model: PowerModel, load: SiteLoad
) -> tuple[dict[str, object], dict[str, object]]:
    batch_ratio = draw.uniform(0.4, 0.6)
    slope_ratio = model.proportional_ratio + 1.0 / model.reference_cop
    catch_up_kw = float(load.net_kw.mean()) * draw.uniform(0.05, 0.08)
    deadline = timedelta(hours=float(draw.choice([6.0, 8.0, 12.0])))
    busy_gpus = float(load.it_kw.max()) * batch_ratio / KW_PER_GPU
    free_gpus = catch_up_kw / (KW_PER_GPU * (1.0 + slope_ratio))
    plant: dict[str, object] = {
        "batch_ratio": round(batch_ratio, 3),
        "max_cut_ratio": 0.3,
        "facility_ratio": round(1.0 + slope_ratio, 3),
        "return_ratio": round(draw.uniform(0.3, 0.4), 3),
        "catch_up_kw": _kw(catch_up_kw),
        "deadline_s": deadline.total_seconds(),
    }
    believed: dict[str, object] = {
        "job_class": "batch_inference",
        "tier": "flex2",
        "method": "capping",
        "gpu_count": round(busy_gpus + free_gpus, 0),
        "kw_per_gpu": KW_PER_GPU,
        "overhead_slope_ratio": round(slope_ratio * draw.uniform(0.95, 1.0), 3),
        "job_value_per_kwh": f"{draw.uniform(0.6, 1.2):.3f}",
        "catch_up_within": _seconds(deadline.total_seconds() * 0.9),
        "max_recovery_kw": _kw(catch_up_kw),
        "response_time": "PT1M",
        "delivery_ratio": 0.95,
    }
    return plant, believed
