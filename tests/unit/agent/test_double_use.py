from typing import Any

import pytest

from vpp.agent.double_use import exclusions_of, shared_limits_of, shared_uses_of
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of

TABLES: dict[str, dict[str, dict[str, Any]]] = {
    "ups": {
        "ups": {
            "rated_kw": 1000.0,
            "max_recharge_kw": 100.0,
            "charge_ratio": 0.95,
            "wear_cost_per_kwh": "0.10",
            "response_time": "PT1S",
            "delivery_ratio": 0.9,
            "state_of_health_ratio": 1.0,
            "excludes": ["pool", "elsewhere"],
        }
    },
    "chiller": {
        "cooling": {
            "rated_capacity_kw": 1200.0,
            "reference_cop": 5.0,
            "curves": "water_cooled",
            "loop_water_m3": 40.0,
            "it_load_kw": 900.0,
            "leaving_celsius": 6.67,
            "max_rebound_kw": 50.0,
            "wear_cost_per_kwh": "0.01",
            "response_time": "PT5M",
            "delivery_ratio": 0.9,
        }
    },
    "deferrable_load": {
        "pool": {
            "job_class": "batch_inference",
            "tier": "flex2",
            "method": "capping",
            "gpu_count": 700.0,
            "kw_per_gpu": 0.7,
            "overhead_slope_ratio": 0.25,
            "job_value_per_kwh": "0.80",
            "catch_up_within": "PT8H",
            "max_recovery_kw": 70.0,
            "response_time": "PT1M",
            "delivery_ratio": 0.95,
        }
    },
}
ALIVE = {"available": 1.0, "reduction_kw": 0.0}


def seen_units() -> list[Unit[Any]]:
    units = {unit.resource_id: unit for unit in units_of(TABLES, None)}
    units["ups"].observe(ALIVE | {"state_of_charge_ratio": 1.0, "it_load_kw": 800.0})
    units["cooling"].observe(
        ALIVE
        | {
            "inlet_setpoint_celsius": 22.0,
            "inlet_temperature_celsius": 22.0,
            "it_load_kw": 900.0,
            "condenser_celsius": 29.4,
        }
    )
    pool = {"batch_load_kw": 400.0, "backlog_kwh": 0.0, "backlog_due_s": 0.0, "since_checkpoint_s": 0.0}
    units["pool"].observe(ALIVE | pool)
    return list(units.values())


def test_cooling_and_carried_load_are_shared_with_the_computers() -> None:
    cooling, carried = shared_uses_of(seen_units())
    assert dict(cooling.weight) == {"cooling": 1.0, "pool": pytest.approx(0.2)}  # 0.25 / 1.25
    assert 150.0 < cooling.limit_kw < 200.0  # 900 kW at about COP 5
    assert dict(carried.weight) == {"ups": 1.0, "pool": pytest.approx(0.8)}
    assert carried.limit_kw == 800.0
    limits = shared_limits_of(seen_units(), 3)
    assert limits[1].limit_kw == (800.0, 800.0, 800.0)


def test_alone_nothing_is_shared() -> None:
    units = seen_units()
    assert shared_uses_of([unit for unit in units if unit.resource_id == "cooling"]) == ()
    assert shared_uses_of([unit for unit in units if unit.resource_id == "ups"]) == ()
    assert shared_uses_of(list(units_of(TABLES, None))) == ()  # nothing has been observed


def test_exclusions_are_pairs_of_the_sites_own() -> None:
    assert exclusions_of(seen_units()) == (frozenset({"pool", "ups"}),)
