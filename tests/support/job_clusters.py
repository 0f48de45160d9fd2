"""A small cluster with one group of each kind, for tests of its models."""

from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterParameters
from vpp.flexibility.job_group import JobGroup
from vpp.flexibility.pause_rules import PauseRules

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PAUSE = PauseRules(HOUR, restart_time=6 * MINUTE)


def job_group(group_id: str = "tune", **changes: object) -> JobGroup:
    """Return a fine-tuning group of 0.5 kW GPUs, with anything changed."""
    fields: dict[str, object] = {
        "group_id": group_id,
        "job_class": JobClass.FINETUNE,
        "tier": Tier.FLEX2,
        "kw_per_gpu": 0.5,
        "idle_power_ratio": 0.2,
        "job_value_per_kwh": Decimal("0.90"),
        "catch_up_within": 8 * HOUR,
    }
    return JobGroup(**(fields | changes))  # type: ignore[arg-type]


def job_cluster(*groups: JobGroup, **changes: object) -> JobClusterParameters:
    """Return a cluster of 1,000 GPUs whose overhead does not follow them, with anything changed."""
    fields: dict[str, object] = {
        "resource_id": "cluster",
        "groups": groups,
        "gpu_count": 1000.0,
        "overhead_slope_ratio": 0.0,
        "max_recovery_kw": 100.0,
        "delivery_ratio": 0.9,
    }
    return JobClusterParameters(**(fields | changes))  # type: ignore[arg-type]
