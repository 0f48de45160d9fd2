from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vpp.agent.bidding import Window
from vpp.agent.commitment import Commitment
from vpp.agent.joint_use import JointUse
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.flexibility.offer import Offer
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

QUARTER = timedelta(minutes=15)
EVENING = datetime(2026, 7, 1, 18, tzinfo=UTC)
DELIVERY = Interval(EVENING, EVENING + 2 * QUARTER)
WINDOW = Window("auctions/a", "", DELIVERY, QUARTER, 4, Decimal(500), None)
UPS: dict[str, Any] = {
    "rated_kw": 1000.0,
    "max_recharge_kw": 100.0,
    "charge_ratio": 0.95,
    "wear_cost_per_kwh": "0.10",
    "response_time": "PT1S",
    "delivery_ratio": 0.9,
    "state_of_health_ratio": 1.0,
    "excludes": ["diesel"],
}
DIESEL: dict[str, Any] = {
    "is_enabled": True,
    "max_kw": 800.0,
    "min_kw": 200.0,
    "start_failure_ratio": 0.02,
    "fuel_cost_per_kwh": "1.80",
    "emission_kg_per_kwh": 0.7,
    "delivery_ratio": 0.95,
}
POOL: dict[str, Any] = {
    "job_class": "batch_inference",
    "tier": "flex2",
    "method": "capping",
    "gpu_count": 1000.0,
    "kw_per_gpu": 0.7,
    "overhead_slope_ratio": 0.25,
    "job_value_per_kwh": "0.80",
    "catch_up_within": "PT8H",
    "max_recovery_kw": 70.0,
    "response_time": "PT1M",
    "delivery_ratio": 0.95,
}
ALIVE = {"available": 1.0, "reduction_kw": 0.0}


def site_units(pool_reduction_kw: float = 0.0) -> list[Unit[Any]]:
    tables = {"ups": {"ups": UPS}, "generator": {"diesel": DIESEL}, "deferrable_load": {"pool": POOL}}
    units = {unit.resource_id: unit for unit in units_of(tables, None)}
    it_load_kw = 800.0 - pool_reduction_kw / 1.25
    units["ups"].observe(ALIVE | {"state_of_charge_ratio": 1.0, "it_load_kw": it_load_kw})
    units["diesel"].observe(ALIVE | {"is_running": 0.0, "run_s": 0.0, "hours_used_nonemergency": 0.0})
    pool = {"batch_load_kw": 700.0, "backlog_kwh": 0.0, "backlog_due_s": 0.0, "since_checkpoint_s": 0.0}
    units["pool"].observe(ALIVE | pool | {"reduction_kw": pool_reduction_kw})
    return list(units.values())


def offer(resource_id: str, kw: float, *, divisible: bool = True, least: float = 0.0) -> Offer:
    return Offer(resource_id, (kw, kw), Decimal(100), divisible, least, None, 0.0, 0, 0.0, Decimal(0), 0.9)


def sold(resource_id: str, kw: float, direction: Direction = Direction.LOAD_DOWN) -> list[Commitment]:
    return [Commitment(resource_id, DELIVERY, (kw, kw), direction)]


def test_of_two_that_exclude_each_other_only_one_is_bid() -> None:
    joint = JointUse(site_units(), WINDOW, {})
    assert joint.bounded(offer("ups", 300.0)) == offer("ups", 300.0)
    joint.take(sold("ups", 300.0))
    assert joint.bounded(offer("diesel", 800.0, divisible=False, least=0.25)) is None
    assert joint.bounded(offer("bess", 500.0)) == offer("bess", 500.0)  # has nothing in common with them


def test_what_is_sold_elsewhere_at_the_same_time_counts() -> None:
    joint = JointUse(site_units(), WINDOW, {"diesel": sold("diesel", 400.0)})
    assert joint.bounded(offer("ups", 1.0)) is None
    later = Commitment("diesel", Interval(DELIVERY.end, DELIVERY.end + QUARTER), (400.0,))
    assert JointUse(site_units(), WINDOW, {"diesel": [later]}).bounded(offer("ups", 1.0)) is not None


def test_a_cut_of_computers_leaves_less_for_the_ups_to_carry() -> None:
    joint = JointUse(site_units(), WINDOW, {"pool": sold("pool", 500.0)})
    bounded = joint.bounded(offer("ups", 800.0))
    assert bounded is not None
    assert bounded.reduction_kw == (pytest.approx(400.0),) * 2  # 800 kW less 500 / 1.25
    whole = joint.bounded(offer("ups", 800.0, divisible=False, least=0.5))
    assert whole is not None
    assert (whole.reduction_kw[0], whole.min_acceptance_ratio) == (pytest.approx(400.0), pytest.approx(1.0))
    assert joint.bounded(offer("ups", 800.0, divisible=False, least=0.6)) is None


def test_limits_are_those_of_the_site_without_its_present_cut() -> None:
    """In the middle of an event instruments show the load that the cut leaves: it must not count twice."""
    joint = JointUse(site_units(pool_reduction_kw=500.0), WINDOW, {"pool": sold("pool", 500.0)})
    bounded = joint.bounded(offer("ups", 800.0))
    assert bounded is not None
    assert bounded.reduction_kw == (pytest.approx(400.0),) * 2
    pool = JointUse(site_units(pool_reduction_kw=600.0), WINDOW, {}).bounded(offer("pool", 625.0))
    assert pool == offer("pool", 625.0)


def test_upwards_only_what_excludes_each_other_counts() -> None:
    up = replace(WINDOW, direction=Direction.LOAD_UP)
    joint = JointUse(site_units(), up, {"pool": sold("pool", 500.0, Direction.LOAD_UP)})
    assert joint.bounded(offer("ups", 800.0)) == offer("ups", 800.0)
