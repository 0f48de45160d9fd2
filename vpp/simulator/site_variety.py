"""Makes the sites of a fleet differ in kind: job clusters, inert caps, tanks, generators, solar roofs."""

from typing import Any

import numpy as np

from vpp.simulator.power_model import PowerModel
from vpp.simulator.site_load import SiteLoad
from vpp.simulator.site_sizing import KW_PER_GPU, Equipment

CLUSTER_EVERY, TANK_EVERY, GENERATOR_EVERY, ROOF_EVERY = 4, 6, 8, 5
"""One site in so many has one."""
INERT_DELIVERY_RATIO = 0.6
"""What the owner of a pool believes nine in ten of its caps deliver, where a third change nothing."""


def varied(
    draw: np.random.Generator, number: int, equipment: Equipment, model: PowerModel, load: SiteLoad
) -> Equipment:
    """Add to a site's equipment what its number says.

    Args:
        draw: Source of variety.
        number: The site's number in the fleet.
        equipment: What every site has.
        model: The site's power model.
        load: The site's natural load.

    Returns:
        The equipment with inert caps in the batch pool of every site; with the pool replaced by a
        cluster of jobs, and with a tank, a generator that is off, or a solar roof, at some.
    """
    plant: dict[str, Any] = {kind: dict(tables) for kind, tables in equipment.plant.items()}
    believed: dict[str, Any] = {kind: dict(tables) for kind, tables in equipment.believed.items()}
    inert_ratio = round(draw.uniform(0.28, 0.38), 3)
    plant["deferrable_load"] = {"batch": {**plant["deferrable_load"]["batch"], "inert_ratio": inert_ratio}}
    pool = {**believed["deferrable_load"]["batch"], "delivery_ratio": INERT_DELIVERY_RATIO}
    believed["deferrable_load"] = {"batch": pool}
    if number % CLUSTER_EVERY == 1:
        physical = plant.pop("deferrable_load")["batch"]
        owned = believed.pop("deferrable_load")["batch"]
        plant["job_groups"] = {"batch": _cluster(draw, physical, inert_ratio)}
        believed["job_groups"] = {"batch": _believed_cluster(owned)}
    if number % TANK_EVERY == 2:  # noqa: PLR2004  any rest will do
        plant["thermal_store"], believed["thermal_store"] = (
            {"tank": table} for table in _tank(draw, model, load)
        )
    if number % GENERATOR_EVERY == 3:  # noqa: PLR2004  any rest will do
        plant["generator"], believed["generator"] = (
            {"genset": table} for table in _generator(float(load.net_kw.mean()))
        )
    if number % ROOF_EVERY == 0:
        seed = int(draw.integers(0, 2**31))
        plant["photovoltaics"] = {"peak_kw": round(float(load.net_kw.mean()) * 0.05, 1), "seed": seed}
    return Equipment(plant, believed)


def _cluster(draw: np.random.Generator, pool: dict[str, Any], inert_ratio: float) -> dict[str, object]:
    """Return a physical cluster in place of a pool: capped, paused and untouched jobs."""
    return {
        "batch_ratio": pool["batch_ratio"],
        "facility_ratio": pool["facility_ratio"],
        "kw_per_gpu": KW_PER_GPU,
        "free_ratio": 0.15,
        "seed": int(draw.integers(0, 2**31)),
        "groups": {
            "tuning": {"share_ratio": 0.45, "stream_count": 8, "inert_ratio": inert_ratio},
            "pretraining": {
                "share_ratio": 0.25,
                "stream_count": 4,
                "method": "pause",
                "pause_failure_ratio": 0.15,
                "job_hours": 48.0,
            },
            "serving": {"share_ratio": 0.3, "stream_count": 4, "method": "none"},
        },
    }


def _believed_cluster(pool: dict[str, Any]) -> dict[str, object]:
    common = {
        "kw_per_gpu": KW_PER_GPU,
        "idle_power_ratio": 0.2,
        "job_value_per_kwh": pool["job_value_per_kwh"],
        "catch_up_within": "PT10H",
    }
    return {
        "gpu_count": pool["gpu_count"],
        "overhead_slope_ratio": pool["overhead_slope_ratio"],
        "max_recovery_kw": pool["max_recovery_kw"],
        "delivery_ratio": 0.5,
        "groups": [
            {"group_id": "tuning", "job_class": "finetune", "tier": "flex2", **common},
            {
                "group_id": "pretraining",
                "job_class": "pretrain",
                "tier": "flex3",
                "agreed_cut_ratio": 0.0,
                "pause": {
                    "checkpoint_interval": "PT1H",
                    "restart_time": "PT4M",
                    "restart_failure_ratio": 0.03,
                    "mend_time": "PT10M",
                },
                **common,
            },
            {"group_id": "serving", "job_class": "interactive_inference", "tier": "flex0", **common},
        ],
    }


def _tank(
    draw: np.random.Generator, model: PowerModel, load: SiteLoad
) -> tuple[dict[str, object], dict[str, object]]:
    tank_m3 = round(model.nameplate_kw / 1000.0 * draw.uniform(80.0, 140.0), 1)
    mean_it_kw, mean_cooling_kw = float(load.it_kw.mean()), float(load.cooling_kw.mean())
    cop = mean_it_kw / mean_cooling_kw
    discharge_kw, charge_kw = round(mean_it_kw * 0.5, 1), round(mean_cooling_kw * 0.25, 1)
    plant: dict[str, object] = {
        "capacity_kwh": round(1.163 * 8.0 * tank_m3 * 0.95, 1),
        "discharge_kw": discharge_kw,
        "charge_kw": charge_kw,
        "setpoint_error_ratio": 0.02,
    }
    believed: dict[str, object] = {
        "tank_m3": tank_m3,
        "usable_kelvin": 8.0,
        "max_discharge_kw": discharge_kw,
        "max_charge_kw": round(charge_kw * cop, 1),
        "relieved_cop": round(cop * 1.03, 2),
        "charging_cop": round(cop, 2),
        "reserve": "PT15M",
        "wear_cost_per_kwh": "0.01",
        "response_time": "PT5M",
        "delivery_ratio": 0.85,
    }
    return plant, believed


def _generator(mean_kw: float) -> tuple[dict[str, object], dict[str, object]]:
    power_kw = round(mean_kw * 0.8, 1)
    plant: dict[str, object] = {
        "power_kw": power_kw,
        "min_power_kw": round(power_kw * 0.3, 1),
        "start_failure_ratio": 0.02,
        "fuel_kwh": round(power_kw * 24.0, 1),
    }
    believed: dict[str, object] = {
        "max_kw": power_kw,
        "min_kw": round(power_kw * 0.3, 1),
        "start_failure_ratio": 0.02,
        "fuel_cost_per_kwh": "0.35",
        "emission_kg_per_kwh": 0.7,
        "delivery_ratio": 0.9,
        "is_enabled": False,
    }
    return plant, believed
