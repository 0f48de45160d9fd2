"""What the planner plans of compute, the models can do, with every deadline held."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.flexibility.test_job_groups import clusters, late_gpu_h
from vpp.flexibility import deferrable_load, job_groups
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, DeferrableLoadState
from vpp.flexibility.deferrable_terms import terms
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState
from vpp.flexibility.job_group_terms import cluster_terms
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import SiteTerms, WorkTerms, flat

QUARTER = timedelta(minutes=15)
COUNT = 12
SHARES = st.lists(st.sampled_from((0.0, 0.0, 0.1, 0.2, 0.4)), min_size=COUNT, max_size=COUNT)


def plan_of(work: WorkTerms, shares: list[float]) -> Plan:
    """Plan for a site that owes shares of its only resource's load."""
    load_kw = work.load_kw[0]
    site = SiteTerms(0.25, flat(load_kw, COUNT), flat(0.1, COUNT), flat(10.0 * load_kw + 1.0, COUNT), (work,))
    owed_kw = tuple(share * load_kw for share in shares)
    return schedule(site, Goal(flat(load_kw, COUNT), owed_kw, owed_kw))


@st.composite
def pools(draw: st.DrawFn) -> DeferrableLoadParameters:
    return DeferrableLoadParameters(
        resource_id="pool",
        job_class=draw(st.sampled_from((JobClass.BATCH_INFERENCE, JobClass.FINETUNE, JobClass.PRETRAIN))),
        tier=draw(st.sampled_from((Tier.FLEX1, Tier.FLEX2, Tier.FLEX3))),
        method=Capping(),
        gpu_count=1000.0,
        kw_per_gpu=0.5,
        overhead_slope_ratio=0.1,
        job_value_per_kwh=Decimal("0.90"),
        catch_up_within=draw(st.integers(1, 12)) * timedelta(hours=1),
        max_recovery_kw=draw(st.floats(0.0, 200.0)),
        response_time=timedelta(seconds=30),
        delivery_ratio=0.9,
    )


@settings(max_examples=40)
@given(pools(), st.floats(0.5, 1.0), SHARES)
def test_a_pools_plan_can_be_played(
    params: DeferrableLoadParameters, busy: float, shares: list[float]
) -> None:
    state = DeferrableLoadState(1000.0 * busy)
    work = terms(params, state, COUNT, QUARTER)
    plan = plan_of(work, shares)
    for t in range(COUNT):
        down_kw, up_kw = plan.reduction_kw["pool"][t], plan.increase_kw["pool"][t]
        net_kw = max(0.0, down_kw - up_kw)
        command_kw = net_kw if net_kw > 1e-3 else 0.0
        state, change_kw = deferrable_load.advance(params, state, command_kw, QUARTER)
        if net_kw > 1e-3:
            assert -change_kw == pytest.approx(net_kw, rel=1e-3, abs=0.05)
    for _ in range(49):
        state, _ = deferrable_load.advance(params, state, 0.0, QUARTER)
    assert state.backlog.late_gpu_h <= 0.05


@settings(max_examples=40)
@given(clusters(), SHARES)
def test_a_clusters_plan_can_be_played(
    cluster: tuple[JobClusterParameters, JobClusterState], shares: list[float]
) -> None:
    params, state = cluster
    params = replace(params, groups=tuple(replace(group, pause=None) for group in params.groups))
    work = cluster_terms(params, state, COUNT, QUARTER)
    if work.load_kw[0] < 1.0:
        return
    plan = plan_of(work, shares)
    for t in range(COUNT):
        net_kw = plan.reduction_kw["cluster"][t] - plan.increase_kw["cluster"][t]
        command_kw = net_kw if net_kw > 1e-3 else 0.0
        hold = (COUNT - t) * QUARTER
        state, change_kw = job_groups.advance(params, state, command_kw, QUARTER, hold=hold)
        if command_kw > 0.0:
            assert -change_kw == pytest.approx(net_kw, rel=1e-3, abs=0.05)
    assert late_gpu_h(state) <= 1e-3
