from datetime import timedelta
from decimal import Decimal

import pytest
from support.job_clusters import job_cluster, job_group

from vpp.agent.battery_unit import BatteryUnit
from vpp.agent.job_groups_unit import JobGroupsUnit
from vpp.agent.resource_envelopes import SPANS, down_envelope, up_envelope
from vpp.flexibility.battery import BatteryParameters
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_envelope import held_kw

STEP = timedelta(minutes=5)
BESS = BatteryParameters(
    resource_id="bess",
    capacity_kwh=400.0,
    max_discharge_kw=200.0,
    max_charge_kw=100.0,
    round_trip_ratio=0.8,
    min_soc_ratio=0.1,
    max_soc_ratio=0.9,
    backup_floor_kwh=0.0,
    wear_cost_per_kwh=Decimal("0.1"),
    response_time=timedelta(seconds=2),
    delivery_ratio=0.95,
)


def battery(soc_ratio: float) -> BatteryUnit:
    unit = BatteryUnit(BESS, None)
    unit.observe({"available": 1.0, "reduction_kw": 0.0, "state_of_charge_ratio": soc_ratio})
    return unit


@pytest.mark.parametrize("soc_ratio", [0.9, 0.5, 0.1])
def test_a_store_is_described_at_its_best_whatever_its_charge(soc_ratio: float) -> None:
    unit = battery(soc_ratio)
    down, up = down_envelope(unit), up_envelope(unit, STEP)
    assert down is not None
    assert up is not None
    assert (down.p_max_kw, down.energy_budget_kwh) == (200.0, pytest.approx(320.0))
    assert (up.direction, up.p_max_kw) == (FlexDirection.LOAD_UP, 100.0)
    assert up.energy_budget_kwh == pytest.approx(400.0, rel=0.01)  # 320 kWh stored at 80 %
    assert up.recovery.duration == pytest.approx(timedelta(hours=2), rel=0.01)  # 400 kWh at 200 kW
    assert up.response_time == down.response_time


def test_no_span_promises_more_than_the_model() -> None:
    unit = battery(0.1)
    up = up_envelope(unit, STEP)
    assert up is not None
    for span in SPANS:
        assert held_kw(up, span) <= unit.available_increase_kw(unit.observed, span) + 1e-6


def test_work_that_was_never_seen_is_not_known() -> None:
    unit = JobGroupsUnit(job_cluster(job_group()))
    assert down_envelope(unit) is None
    assert up_envelope(unit, STEP) is None
