"""A cluster of job groups in the planner's terms: each group for itself, or the cluster as one.

Free GPUs are shared out among the groups for the plan, first what their backlog needs, the rest by
their size: the sum of all catching up then never needs more GPUs than there are.
"""

import math
from dataclasses import replace
from datetime import timedelta

from vpp.flexibility.backlog import Backlog
from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.cut_limits import cut_limits
from vpp.flexibility.group_deadlines import HOUR, slack_left_gpu_h, work_due
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, catching_up_gpus
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.knob import MOST_PAUSES, Knob
from vpp.flexibility.knob_settings import HOLD
from vpp.flexibility.planning.terms import CutSegment, PauseTerms, WorkTerms, flat
from vpp.flexibility.work_room import WorkRoom

NEGLIGIBLE_KW = 1e-6
"""What is less is nothing to a plan, and would only trouble its solver."""
ID_SEPARATOR = "/"
"""Between a cluster's id and a group's in the id of the group's terms."""


def group_terms(
    params: JobClusterParameters, state: JobClusterState, interval_count: int, step: timedelta
) -> tuple[WorkTerms, ...]:
    """Return the terms of each group that draws or owes anything.

    Args:
        params: The cluster.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon; at least 1.
        step: Their length.

    Returns:
        Terms with ids `cluster/group`. A group's slack is the work that may be late without cost;
        what cannot be done in time any more is allowed to be late, so that a plan exists.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    shares = [
        gpus if gpus * params.largest_kw_per_gpu > NEGLIGIBLE_KW else 0.0 for gpus in _shares(params, state)
    ]
    return tuple(
        _terms(params, group, each, gpus, (interval_count, step))
        for group, each, gpus in zip(params.groups, state.groups, shares, strict=True)
        if (each.running_gpus + each.backlog.total_gpu_h) * params.kw_per_gpu(group) > NEGLIGIBLE_KW
    )


def cluster_terms(
    params: JobClusterParameters, state: JobClusterState, interval_count: int, step: timedelta
) -> WorkTerms:
    """Return the cluster as if it were one group, without its pauses.

    The groups are cut no deeper than all of them can be together for the horizon, or for `HOLD` if
    that is shorter, from a clean slate: as one they share their slack, which in truth each has for
    itself. Segments are merged by the work they lose, the earliest of the groups' due times holds for
    all, and work is worth what it is to the group that values it most. What a plan means for each
    group is found by `knob_settings`; of a reduction planned for longer the groups may give less.
    """
    each_group = group_terms(params, state, interval_count, step)
    load_kw = sum(terms.load_kw[0] for terms in each_group)
    held_count = min(interval_count, max(1, math.ceil(HOLD / step)))
    merged: dict[float, float] = {}
    rested = replace(state, groups=tuple(replace(each, backlog=Backlog()) for each in state.groups))
    for limit in cut_limits(params, rested, held_count, step):
        for width, slope in limit.curve.convex_segments():
            if width * limit.full_kw > NEGLIGIBLE_KW:
                merged[slope] = merged.get(slope, 0.0) + width * limit.full_kw / load_kw
    losing = [terms for terms in each_group if any(segment.lost_ratio > 0.0 for segment in terms.segments)]
    due_after = tuple(
        min((terms.due_after[t] for terms in losing), default=interval_count) for t in range(interval_count)
    )
    backlog = sorted(entry for terms in each_group for entry in terms.backlog_kwh)
    catch_up_kw = sum(terms.later_catch_up_kw for terms in each_group)
    return WorkTerms(
        resource_id=params.resource_id,
        load_kw=flat(load_kw, interval_count),
        segments=tuple(CutSegment(merged[lost], lost) for lost in sorted(merged)),
        catch_up_kw=flat(catch_up_kw, interval_count),
        later_catch_up_kw=catch_up_kw,
        due_after=due_after,
        backlog_kwh=tuple(backlog),
        ahead_kwh=sum(terms.ahead_kwh for terms in each_group),
        value_per_kwh=max((terms.value_per_kwh for terms in losing), default=0.0),
        max_late_kwh=sum(terms.max_late_kwh for terms in each_group),
        delivery_ratio=params.delivery_ratio,
    )


def _shares(params: JobClusterParameters, state: JobClusterState) -> list[float]:
    """Share the free GPUs out: what each group's backlog needs, then by size."""
    pairs = list(zip(params.groups, state.groups, strict=True))
    free_gpus = catching_up_gpus(params, state)
    needed = [0.0 if group.is_pinned else _needed_gpus(group, each) for group, each in pairs]
    total = sum(needed)
    if total >= free_gpus:
        return [free_gpus * gpus / total if total > 0.0 else 0.0 for gpus in needed]
    sizes = [0.0 if group.is_pinned else each.running_gpus for group, each in pairs]
    all_sizes = sum(sizes)
    if all_sizes <= 0.0:
        return needed
    return [gpus + (free_gpus - total) * size / all_sizes for gpus, size in zip(needed, sizes, strict=True)]


def _needed_gpus(group: JobGroup, state: GroupState) -> float:
    total_gpu_h = worst = 0.0
    for span_h, gpu_h in sorted(work_due(group, state, 0.0)):
        total_gpu_h += gpu_h
        worst = max(worst, total_gpu_h / max(span_h, 1e-6))
    return worst


def _due_index(span_h: float, step_h: float) -> int:
    """Return the interval by whose end something is due; the first if it is due within it."""
    return max(0, math.floor(span_h / step_h + 1e-9) - 1)


def _terms(
    params: JobClusterParameters,
    group: JobGroup,
    state: GroupState,
    gpus: float,
    horizon: tuple[int, timedelta],
) -> WorkTerms:
    count, step = horizon
    step_h = hours_of(step)
    kw_per_gpu = params.kw_per_gpu(group)
    if state.due_in is None:
        after = math.floor(group.catch_up_within / step + 1e-9)
        due_after = (max(1, after),) * count
        backlog = [
            (_due_index(piece.remaining / HOUR, step_h), piece.gpu_h) for piece in state.backlog.pieces
        ]
        slack_gpu_h = 0.0
    else:
        due_index = _due_index(state.due_in / HOUR, step_h)
        after = due_index + 1
        due_after = tuple(max(1, due_index - t) for t in range(count))
        backlog = [(due_index, state.backlog.in_time_gpu_h)] if state.backlog.pieces else []
        slack_gpu_h = max(state.slack_gpu_h, 0.0)
    room = WorkRoom(gpus)
    room.add(((index + 1) * step_h, gpu_h) for index, gpu_h in backlog)
    late_gpu_h = max(slack_gpu_h, room.unavoidable_gpu_h)
    curve = group.divisible_curve(params.knobs)
    segments = tuple(
        CutSegment(width, slope)
        for width, slope in curve.convex_segments()
        if slope == 0.0 or (after >= 1 and (gpus > 0.0 or slack_left_gpu_h(group, state) > 0.0))
    )
    return WorkTerms(
        resource_id=f"{params.resource_id}{ID_SEPARATOR}{group.group_id}",
        load_kw=flat(state.running_gpus * kw_per_gpu, count),
        segments=segments,
        catch_up_kw=flat(gpus * kw_per_gpu, count),
        later_catch_up_kw=gpus * kw_per_gpu,
        due_after=due_after,
        backlog_kwh=tuple((index, gpu_h * kw_per_gpu) for index, gpu_h in backlog),
        ahead_kwh=0.0 if group.is_pinned else state.waiting_gpu_h * kw_per_gpu,
        pause=_pause_terms(params, group, state, horizon),
        value_per_kwh=float(group.job_value_per_kwh),
        max_late_kwh=late_gpu_h * kw_per_gpu,
        delivery_ratio=params.delivery_ratio,
    )


def _pause_terms(
    params: JobClusterParameters, group: JobGroup, state: GroupState, horizon: tuple[int, timedelta]
) -> PauseTerms | None:
    """Return how it is paused: where a checkpoint is at hand, or can be reached within the notice."""
    rules, (count, step) = group.pause, horizon
    if rules is None or Knob.PAUSE not in params.knobs:
        return None
    most = MOST_PAUSES.get(group.job_class)
    since = [(state.since_checkpoint + t * step) % rules.checkpoint_interval for t in range(count)]
    lost = [rules.lost(each, params.notice) for each in since]
    least = min(step, rules.checkpoint_interval) + rules.restart_time
    full_kw = state.running_gpus * params.kw_per_gpu(group)
    return PauseTerms(
        is_allowed=tuple(each <= least for each in lost),
        idle_power_ratio=group.idle_power_ratio,
        restart_kwh=full_kw * ((_worst(lost, least) + rules.worst_mending) / HOUR),
        shortest_intervals=max(1, math.ceil(rules.shortest / step)),
        max_count=count if most is None else max(0, most - state.pause_count),
        paused_for=0 if state.paused_for is None else max(1, round(state.paused_for / step)),
    )


def _worst(lost: list[timedelta], least: timedelta) -> timedelta:
    return max((each for each in lost if each <= least), default=least)
