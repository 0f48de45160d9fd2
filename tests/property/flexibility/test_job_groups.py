"""Groups of jobs keep their deadlines and their work, whatever is commanded and whatever fails."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility import job_groups
from vpp.flexibility.cut_limits import restart_gpu_h
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState, JobGroup, group_with_deadline
from vpp.flexibility.job_group_offers import envelope, offers
from vpp.flexibility.job_group_terms import cluster_terms, group_terms
from vpp.flexibility.knob_settings import knob_settings
from vpp.flexibility.pause_rules import PauseRules

HOUR = timedelta(hours=1)
STEPS = st.integers(60, 3600).map(lambda seconds: timedelta(seconds=seconds))
FLEXIBLE = (
    JobClass.BATCH_INFERENCE,
    JobClass.FINETUNE,
    JobClass.PRETRAIN,
    JobClass.ETL_RENDER_HPC,
    JobClass.DEV_TEST_IDLE,
)
PAUSABLE = {JobClass.BATCH_INFERENCE, JobClass.FINETUNE, JobClass.PRETRAIN}


@st.composite
def groups(draw: st.DrawFn, group_id: str) -> tuple[JobGroup, GroupState]:
    job_class = draw(st.sampled_from(FLEXIBLE))
    pause = None
    if job_class in PAUSABLE and draw(st.booleans()):
        pause = PauseRules(
            checkpoint_interval=timedelta(minutes=draw(st.integers(10, 120))),
            restart_time=timedelta(minutes=draw(st.integers(0, 10))),
            shortest=timedelta(minutes=draw(st.sampled_from((0, 30)))),
            restart_failure_ratio=draw(st.sampled_from((0.0, 0.1))),
            mend_time=timedelta(minutes=draw(st.integers(0, 60))),
        )
    group = JobGroup(
        group_id=group_id,
        job_class=job_class,
        tier=draw(st.sampled_from(Tier)),
        kw_per_gpu=draw(st.floats(0.1, 1.2)),
        idle_power_ratio=draw(st.floats(0.0, 0.6)),
        job_value_per_kwh=Decimal(draw(st.integers(1, 30))) / 10,
        catch_up_within=timedelta(seconds=draw(st.integers(600, 43_200))),
        pause=pause,
        has_replicas=job_class is JobClass.BATCH_INFERENCE and draw(st.booleans()),
        is_pinned=draw(st.booleans()),
        response_time=timedelta(minutes=5),
    )
    gpus = draw(st.floats(0.0, 500.0))
    state = GroupState(gpus)
    if draw(st.booleans()):
        due_in = timedelta(seconds=draw(st.integers(3600, 86_400)))
        state = group_with_deadline(gpus, draw(st.floats(0.0, 1.0)) * gpus * (due_in / HOUR), due_in)
    return group, state


@st.composite
def clusters(draw: st.DrawFn) -> tuple[JobClusterParameters, JobClusterState]:
    drawn = [draw(groups(f"g{n}")) for n in range(draw(st.integers(1, 4)))]
    busy = sum(state.running_gpus for _, state in drawn)
    params = JobClusterParameters(
        resource_id="cluster",
        groups=tuple(group for group, _ in drawn),
        gpu_count=busy + draw(st.floats(0.1, 500.0)),
        overhead_slope_ratio=draw(st.floats(0.0, 0.5)),
        max_recovery_kw=draw(st.floats(0.0, 300.0)),
        delivery_ratio=0.9,
    )
    return params, cluster_state(params, tuple(state for _, state in drawn))


def late_gpu_h(state: JobClusterState) -> float:
    return sum(each.backlog.late_gpu_h for each in state.groups)


COMMANDS = st.lists(st.sampled_from((0.0, 0.2, 0.6, 1.0, 3.0, -0.5, -1.0)), min_size=1, max_size=24)


@given(clusters(), COMMANDS, STEPS)
def test_no_command_makes_work_late(
    cluster: tuple[JobClusterParameters, JobClusterState], shares: list[float], step: timedelta
) -> None:
    params, state = cluster
    for share in shares:
        down_kw = max(0.0, share) * job_groups.available_kw(params, state, step)
        up_kw = max(0.0, -share) * job_groups.available_increase_kw(params, state, step)
        state, change_kw = job_groups.advance(params, state, down_kw, step, increase_kw=up_kw)
        if down_kw > 0.0:
            assert change_kw <= -min(1.0, share) * down_kw / share * (1 - 1e-9) + 1e-6
        elif up_kw > 0.0:
            assert change_kw >= up_kw * (1 - 1e-9) - 1e-6
        else:
            assert 0.0 <= change_kw <= params.max_recovery_kw * (1 + 1e-9) + 1e-6
    for _ in range(timedelta(days=1) // step + 1):
        if all(not each.backlog.pieces for each in state.groups):
            break
        state, _ = job_groups.advance(params, state, 0.0, step)
    assert late_gpu_h(state) <= 1e-6


@given(clusters(), st.integers(1, 8), STEPS)
def test_not_even_a_failed_restart_makes_work_late(
    cluster: tuple[JobClusterParameters, JobClusterState], count: int, step: timedelta
) -> None:
    params, state = cluster
    for _ in range(count):
        kw = job_groups.available_kw(params, state, step)
        state, _ = job_groups.advance(params, state, kw, step)
    failed = tuple(
        job_groups.failed_restart(group, each)
        if each.is_paused and group.pause and group.pause.restart_failure_ratio
        else each
        for group, each in zip(params.groups, state.groups, strict=True)
    )
    state = JobClusterState(failed, state.free_gpus)
    for _ in range(timedelta(days=1) // step + 1):
        if all(not each.backlog.pieces for each in state.groups):
            break
        state, _ = job_groups.advance(params, state, 0.0, step)
    assert late_gpu_h(state) <= 1e-6


@given(clusters(), st.lists(st.floats(0.0, 1.5), min_size=1, max_size=12), STEPS)
def test_work_of_streams_is_put_off_done_or_still_owed(
    cluster: tuple[JobClusterParameters, JobClusterState], shares: list[float], step: timedelta
) -> None:
    params, state = cluster
    for share in shares:
        command_kw = share * job_groups.available_kw(params, state, step)
        wanted = knob_settings(params, state, command_kw, step)
        after, change_kw = job_groups.advance(params, state, command_kw, step)
        hours = step / HOUR
        is_cut = change_kw < 0.0
        drawn_kwh = 0.0
        for group, before, now, setting in zip(
            params.groups, state.groups, after.groups, wanted, strict=True
        ):
            if before.due_in is not None:
                return
            lost_gpu_h = 0.0
            if is_cut:
                lost_gpu_h = setting.lost_ratio * before.running_gpus * hours
                lost_gpu_h += restart_gpu_h(params, group, before) if setting.is_paused else 0.0
            done_gpu_h = before.backlog.total_gpu_h + lost_gpu_h - now.backlog.total_gpu_h
            assert done_gpu_h >= -1e-6
            drawn_kwh += done_gpu_h * params.kw_per_gpu(group)
        if not is_cut:
            assert change_kw * hours == pytest.approx(drawn_kwh, abs=1e-4)
        else:
            assert drawn_kwh == pytest.approx(0.0, abs=1e-4)
        state = after


@given(clusters(), st.integers(1, 10), STEPS)
def test_what_is_offered_can_be_held_in_every_interval(
    cluster: tuple[JobClusterParameters, JobClusterState], count: int, step: timedelta
) -> None:
    params, state = cluster
    rungs = offers(params, state, count, step, tariff_per_kwh=Decimal("0.60"))
    total_kw = sum(each.reduction_kw[0] for each in rungs)
    for n in range(count if rungs else 0):
        state, change_kw = job_groups.advance(params, state, total_kw, step, hold=(count - n) * step)
        assert -change_kw >= total_kw * (1 - 1e-6) - 1e-6
    for _ in range(timedelta(days=1) // step + 1):
        if all(not each.backlog.pieces for each in state.groups):
            break
        state, _ = job_groups.advance(params, state, 0.0, step)
    assert late_gpu_h(state) <= 1e-6


@given(clusters(), st.floats(0.0, 2.0), STEPS)
def test_settings_add_up_and_break_no_tier(
    cluster: tuple[JobClusterParameters, JobClusterState], share: float, step: timedelta
) -> None:
    params, state = cluster
    most_kw = job_groups.available_kw(params, state, step)
    wanted_kw = share * most_kw
    found = knob_settings(params, state, wanted_kw, step)
    given_kw = sum(each.reduction_kw for each in found)
    assert given_kw >= min(wanted_kw, most_kw) * (1 - 1e-9) - 1e-6
    assert given_kw <= most_kw * (1 + 1e-9) + 1e-6
    if not any(each.is_paused for each in found):
        assert given_kw == pytest.approx(min(wanted_kw, given_kw))
    for group, each in zip(params.groups, found, strict=True):
        if not each.is_paused:
            assert each.lost_ratio <= group.largest_cut_ratio + 1e-9
            assert each.cap_cut_ratio <= group.largest_cut_ratio + 1e-9


@given(clusters(), st.integers(1, 12), STEPS)
def test_terms_and_envelopes_can_always_be_written(
    cluster: tuple[JobClusterParameters, JobClusterState], count: int, step: timedelta
) -> None:
    params, state = cluster
    kw = job_groups.available_kw(params, state, step)
    state, _ = job_groups.advance(params, state, kw, step)
    free_kw = state.free_gpus * params.largest_kw_per_gpu
    each_group = group_terms(params, state, count, step)
    assert sum(terms.later_catch_up_kw for terms in each_group) <= min(free_kw, params.max_recovery_kw) + 1e-6
    whole = cluster_terms(params, state, count, step)
    assert whole.load_kw[0] == pytest.approx(sum(terms.load_kw[0] for terms in each_group))
    assert envelope(params, state).promised_kw <= whole.load_kw[0] + 1e-6
