"""Check case C8, and the rows of the reference site RS-1 that are compute, from its groups of jobs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import job_groups
from vpp.flexibility.compute_density import Hardware, least_compute_first
from vpp.flexibility.cut_limits import cut_limits, largest_kw
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterParameters, cluster_state
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.job_group_offers import envelope, quick_enough
from vpp.flexibility.measurement_boundary import assumed_overhead_slope_ratio
from vpp.flexibility.pause_rules import PauseRules

HOUR = timedelta(hours=1)
SPANS = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
CLOUD_MATRIX = Hardware("CloudMatrix 384", power_kw=559.0, compute_pflops=300.0)
NVL72 = Hardware("GB200 NVL72", power_kw=145.0, compute_pflops=180.0)


def test_c8_power_behind_a_unit_of_compute() -> None:
    assert CLOUD_MATRIX.kw_per_pflops == pytest.approx(1.863, abs=5e-4)
    assert NVL72.kw_per_pflops == pytest.approx(0.806, abs=5e-4)
    ratio = CLOUD_MATRIX.kw_per_pflops / NVL72.kw_per_pflops
    assert ratio == pytest.approx(2.31, abs=5e-3)


def test_c8_lost_compute_per_curtailed_kw() -> None:
    assert CLOUD_MATRIX.pflops_lost_per_kw == pytest.approx(300.0 / 559.0)
    assert NVL72.pflops_lost_per_kw == pytest.approx(180.0 / 145.0)
    assert least_compute_first((NVL72, CLOUD_MATRIX)) == (CLOUD_MATRIX, NVL72)


def rs1(overhead_slope_ratio: float = 0.0) -> JobClusterParameters:
    """GPU power 4.8 MW: 70 % may be capped by 25 %; 15 % are flex3 jobs that may stand still."""
    capped = JobGroup(
        group_id="flexible",
        job_class=JobClass.FINETUNE,
        tier=Tier.FLEX2,
        kw_per_gpu=0.4,
        idle_power_ratio=0.2,
        job_value_per_kwh=Decimal("0.90"),
        catch_up_within=12 * HOUR,
    )
    paused = JobGroup(
        group_id="flex3",
        job_class=JobClass.FINETUNE,
        tier=Tier.FLEX0,
        kw_per_gpu=0.4,
        idle_power_ratio=0.0,
        job_value_per_kwh=Decimal("0.50"),
        catch_up_within=4 * HOUR,
        pause=PauseRules(HOUR, restart_time=timedelta(minutes=5)),
    )
    return JobClusterParameters(
        "gpu", (capped, paused), 16_000.0, overhead_slope_ratio, max_recovery_kw=2000.0, delivery_ratio=0.8
    )


STATES = (GroupState(8400.0), GroupState(1800.0))  # 3.36 MW and 0.72 MW


@pytest.mark.parametrize("span", SPANS)
def test_rs1_caps_for_30_s_to_3_h(span: timedelta) -> None:
    params = quick_enough(rs1(), timedelta(seconds=30))
    state = cluster_state(params, STATES)
    assert largest_kw(params, cut_limits(params, state, 1, span)) == pytest.approx(840.0)


@pytest.mark.parametrize("span", SPANS[1:])
def test_rs1_pauses_are_added_from_five_minutes_on(span: timedelta) -> None:
    params = quick_enough(rs1(), timedelta(minutes=5))
    state = cluster_state(params, STATES)
    assert job_groups.available_kw(params, state, span) == pytest.approx(840.0 + 720.0)


def test_rs1_the_deadline_ends_the_pauses() -> None:
    params = rs1()
    state = cluster_state(params, STATES)
    # 5,000 of the 5,800 free GPUs may catch up (2 MW at 0.4 kW each); at most 4 h after it is lost.
    assert envelope(params, state).p_max_kw == pytest.approx(1560.0)
    longest = envelope(params, state).max_duration
    assert 3 * HOUR < longest <= 4 * HOUR
    count = longest // timedelta(minutes=15) + 1
    limits = cut_limits(params, state, count, timedelta(minutes=15))
    assert not limits[1].can_pause


def test_rs1_at_the_meter_an_it_cut_is_worth_one_plus_k() -> None:
    slope_ratio = assumed_overhead_slope_ratio(1.25)
    params = quick_enough(rs1(slope_ratio), timedelta(seconds=30))
    state = cluster_state(params, STATES)
    assert job_groups.available_kw(params, state, timedelta(minutes=30)) == pytest.approx(840.0 * 1.125)
