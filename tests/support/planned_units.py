"""A battery, a generator and a cluster whose one group can be paused, observed, without a site around."""

from datetime import datetime
from typing import Any

from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of

BATTERY: dict[str, Any] = {
    "capacity_kwh": 300.0,
    "max_discharge_kw": 100.0,
    "max_charge_kw": 100.0,
    "round_trip_ratio": 0.8,
    "min_soc_ratio": 0.1,
    "max_soc_ratio": 0.9,
    "backup_floor_kwh": 0.0,
    "wear_cost_per_kwh": "0.16",
    "response_time": "PT1S",
    "delivery_ratio": 0.95,
}
DIESEL: dict[str, Any] = {
    "is_enabled": True,
    "max_kw": 200.0,
    "min_kw": 100.0,
    "start_failure_ratio": 0.0,
    "fuel_cost_per_kwh": "1.80",
    "emission_kg_per_kwh": 0.7,
    "delivery_ratio": 0.9,
}
TUNE: dict[str, Any] = {
    "group_id": "secret-tune",
    "job_class": "finetune",
    "tier": "flex2",
    "kw_per_gpu": 0.5,
    "idle_power_ratio": 0.2,
    "job_value_per_kwh": "0.90",
    "catch_up_within": "PT8H",
}
TRAIN: dict[str, Any] = TUNE | {
    "group_id": "secret-train",
    "job_class": "pretrain",
    "pause": {"checkpoint_interval": "PT1H", "restart_time": "PT4M"},
}
CLUSTER: dict[str, Any] = {
    "gpu_count": 1000.0,
    "overhead_slope_ratio": 0.0,
    "max_recovery_kw": 100.0,
    "delivery_ratio": 0.9,
    "groups": [TUNE, TRAIN],
}
READINGS: dict[str, dict[str, float]] = {
    "bess": {"available": 1.0, "reduction_kw": 0.0, "state_of_charge_ratio": 0.9},
    "diesel": {
        "available": 1.0,
        "reduction_kw": 0.0,
        "is_running": 0.0,
        "run_s": 0.0,
        "hours_used_emergency": 0.0,
        "hours_used_nonemergency": 0.0,
        "hours_used_paid": 0.0,
        "fuel_ratio": 1.0,
    },
    "gpu": {
        "available": 1.0,
        "reduction_kw": 0.0,
        "free_gpus": 300.0,
        "running_gpus.secret-tune": 400.0,
        "paused_gpus.secret-tune": 0.0,
        "backlog_gpu_h.secret-tune": 0.0,
        "backlog_due_s.secret-tune": 0.0,
        "since_checkpoint_s.secret-tune": 0.0,
        "running_gpus.secret-train": 300.0,
        "paused_gpus.secret-train": 0.0,
        "backlog_gpu_h.secret-train": 0.0,
        "backlog_due_s.secret-train": 0.0,
        "since_checkpoint_s.secret-train": 600.0,
    },
}
TABLES: dict[str, dict[str, dict[str, Any]]] = {
    "battery": {"bess": BATTERY},
    "generator": {"diesel": DIESEL},
    "job_groups": {"gpu": CLUSTER},
}


def planned_units(at: datetime, *kinds: str) -> dict[str, Unit[Any]]:
    """Return observed units of some kinds by id; of all kinds if none is named."""
    units = units_of({kind: TABLES[kind] for kind in kinds or TABLES}, None)
    for unit in units:
        unit.observe(READINGS[unit.resource_id], at)
    return {unit.resource_id: unit for unit in units}
