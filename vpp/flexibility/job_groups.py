r"""A cluster's groups of jobs through time: cut, stand still, catch up, and bring work forward.

Per group, with G GPUs, lost share l, work done on free GPUs g and own work in the tail x, per step h:

    backlog' = backlog + l G h + restart - g - x,      0 <= g <= F h in all,     every deadline held
    slack'   = slack + forward - tail,                 tail = max(0, G h - planned work left)

At full utilisation F = 0: nothing is caught up, no rebound of power follows, and the cost is lateness
only. Work put off, done and still owed always add up.

Source:
    Backlog accounting: flexibility models, section 6.5, design of this project; the absence of a
    rebound: field trial of May 2025 in Phoenix.
"""

import math
from dataclasses import dataclass, replace
from datetime import timedelta

from vpp.flexibility.backlog import Backlog, Piece, put_off, worked_off
from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.cut_limits import cut_limits, largest_kw, restart_gpu_h
from vpp.flexibility.group_deadlines import slack_left_gpu_h, work_due
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, catching_up_gpus
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.knob_settings import HOLD, GroupSetting, knob_settings
from vpp.flexibility.work_room import WorkRoom
from vpp.foundation.errors import InvalidInput

NOTHING = timedelta(0)
BOUNDLESS = 1e12
"""More GPUs, or kW, than anyone has."""


def available_kw(params: JobClusterParameters, state: JobClusterState, step: timedelta) -> float:
    """Return the largest reduction for the whole next step, kW at the point of connection."""
    kw = largest_kw(params, cut_limits(params, state, 1, step))
    return kw if kw > TOLERANCE_KW else 0.0


def available_increase_kw(params: JobClusterParameters, state: JobClusterState, step: timedelta) -> float:
    """Return the largest increase for the whole next step, kW: work caught up and brought forward."""
    return _work_on_free_gpus(params, state, state.free_gpus, math.inf, step, forward=True).power_kw


def recovery_kw(params: JobClusterParameters, state: JobClusterState, step: timedelta) -> float:
    """Return the increase that catching up would draw in the next step if left alone, kW."""
    gpus = catching_up_gpus(params, state)
    return _work_on_free_gpus(params, state, gpus, math.inf, step, forward=False).power_kw


def advance(  # noqa: PLR0913  a command has three parts, and none of them is the state's
    params: JobClusterParameters,
    state: JobClusterState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
    hold: timedelta = HOLD,
) -> tuple[JobClusterState, float]:
    """Carry the cluster through one step.

    Args:
        params: The cluster.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 runs everything and catches up. More than
            `available_kw` is delivered as far as available; where nothing is, deadlines stand
            against the command and the cluster catches up. Pauses may deliver more than commanded.
        step: Length of the step.
        increase_kw: Commanded increase, kW: work is caught up and brought forward for it. More is
            drawn only where a deadline needs it.
        recovery_limit_kw: Largest increase the site allows in this step, kW. It binds even if
            work becomes late by it; the backlog says how much.
        hold: For how long the reduction is to be held, see `knob_settings`.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while cut, positive while work is done on free GPUs.

    Raises:
        InvalidInput: A command is negative or not finite, both are given, or the step is not
            above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    if min(reduction_kw, increase_kw) > 0.0:
        raise InvalidInput(
            f"reduction_kw is {reduction_kw} and increase_kw {increase_kw}, expected one of them to be 0"
        )
    if reduction_kw > 0.0:
        settings = knob_settings(params, state, reduction_kw, step, hold=hold)
        if any(not each.is_left_alone for each in settings):
            groups = tuple(
                _cut(params, group, each, setting, step)
                for group, each, setting in zip(params.groups, state.groups, settings, strict=True)
            )
            return replace(state, groups=groups), -sum(each.reduction_kw for each in settings)
    limit_kw = max(0.0, recovery_limit_kw)
    if increase_kw > 0.0:
        wanted_kw = max(increase_kw, urgent_kw(params, state, step))
        done = _work_on_free_gpus(
            params, state, state.free_gpus, min(wanted_kw, limit_kw), step, forward=True
        )
    else:
        gpus = catching_up_gpus(params, state)
        done = _work_on_free_gpus(params, state, gpus, limit_kw, step, forward=False)
    groups = tuple(
        _released(group, each, caught_up, ahead, step)
        for group, each, caught_up, ahead in zip(
            params.groups, state.groups, done.caught_up_gpu_h, done.ahead_gpu_h, strict=True
        )
    )
    return replace(state, groups=groups), done.power_kw


def after_observed(
    params: JobClusterParameters, state: JobClusterState, reduction_kw: float, span: timedelta
) -> JobClusterState:
    """Return what the groups owe after a span in which only the cluster's power was seen.

    Args:
        params: The cluster.
        state: At the start of the span.
        reduction_kw: Mean reduction seen in it, kW; negative while it caught up.
        span: Its length, above zero.

    Returns:
        The state at the end of the span, with the reduction shared over the groups as if there were
        no deadlines, and what no knob explains taken as work not done by the largest group.
    """
    if reduction_kw <= TOLERANCE_KW:
        return advance(params, state, 0.0, span, recovery_limit_kw=max(0.0, -reduction_kw))[0]
    rested = tuple(replace(each, backlog=Backlog(), slack_gpu_h=0.0, due_in=None) for each in state.groups)
    boundless = replace(params, max_recovery_kw=BOUNDLESS)
    free = JobClusterState(rested, BOUNDLESS)
    settings = knob_settings(boundless, free, reduction_kw, span, hold=span)
    groups = [
        _cut(params, group, each, setting, span)
        for group, each, setting in zip(params.groups, state.groups, settings, strict=True)
    ]
    rest_kw = reduction_kw - sum(each.reduction_kw for each in settings)
    if rest_kw > TOLERANCE_KW:
        n = max(range(len(groups)), key=lambda each: state.groups[each].running_gpus)
        lost_gpu_h = rest_kw / params.kw_per_gpu(params.groups[n]) * hours_of(span)
        groups[n] = _owing(params.groups[n], groups[n], lost_gpu_h)
    return replace(state, groups=tuple(groups))


def _owing(group: JobGroup, state: GroupState, lost_gpu_h: float) -> GroupState:
    """Return the state with some more work put off just now."""
    if state.due_in is not None:
        pieces = Backlog.of_one(state.due_in, state.backlog.in_time_gpu_h + lost_gpu_h).pieces
    else:
        pieces = (*state.backlog.pieces, Piece(group.catch_up_within, lost_gpu_h))
    return replace(state, backlog=replace(state.backlog, pieces=pieces))


def failed_restart(group: JobGroup, state: GroupState) -> GroupState:
    """Return the state of a group whose restart has failed: it stands until it is mended.

    The work that this costs is put off at once; deadlines were held against it when the group was
    paused.
    """
    if group.pause is None:
        return state
    lost_gpu_h = state.running_gpus * (group.pause.mend_time / timedelta(hours=1))
    return replace(_owing(group, state, lost_gpu_h), paused_for=None)


@dataclass(frozen=True, slots=True)
class _Done:
    """What free GPUs do in a step, by group."""

    caught_up_gpu_h: tuple[float, ...]
    ahead_gpu_h: tuple[float, ...]
    power_kw: float


def _work_on_free_gpus(  # noqa: PLR0913  the limits of GPUs and of power are two
    params: JobClusterParameters,
    state: JobClusterState,
    gpus: float,
    limit_kw: float,
    step: timedelta,
    *,
    forward: bool,
) -> _Done:
    """Do the most urgent work first: what is due, then what has slack, what is overdue, what waits."""
    step_h = hours_of(step)
    queue: list[tuple[int, float, int, float]] = []
    for n, (group, each) in enumerate(zip(params.groups, state.groups, strict=True)):
        if group.is_pinned:
            continue
        due = work_due(group, each, 0.0)
        queue.extend((0, span_h, n, gpu_h) for span_h, gpu_h in due)
        owed_gpu_h = each.backlog.in_time_gpu_h
        if each.due_in is not None:
            urgent_gpu_h = min(owed_gpu_h, max(0.0, -slack_left_gpu_h(group, each)))
            queue.append((1, each.due_in / timedelta(hours=1), n, owed_gpu_h - urgent_gpu_h))
        queue.append((2, 0.0, n, each.backlog.overdue_gpu_h))
        if forward:
            own_gpu_h = each.running_gpus * step_h if each.due_in is not None else 0.0
            queue.append((3, 0.0, n, max(0.0, each.waiting_gpu_h - own_gpu_h)))
    caught_up, ahead = [0.0] * len(params.groups), [0.0] * len(params.groups)
    owed = [each.backlog.total_gpu_h for each in state.groups]
    done_gpu_h = drawn_kwh = 0.0
    for rank, span_h, n, gpu_h in sorted(queue):
        kw_per_gpu = params.kw_per_gpu(params.groups[n])
        by_time = gpus * (min(step_h, max(0.0, span_h)) if rank == 0 else step_h) - done_gpu_h
        by_power = (limit_kw * step_h - drawn_kwh) / kw_per_gpu
        part_gpu_h = max(0.0, min(gpu_h, by_time, by_power))
        if rank < 3:  # noqa: PLR2004  the last rank is work before its time
            part_gpu_h = min(part_gpu_h, owed[n] - caught_up[n])
            caught_up[n] += part_gpu_h
        else:
            ahead[n] += part_gpu_h
        done_gpu_h += part_gpu_h
        drawn_kwh += part_gpu_h * kw_per_gpu
    return _Done(tuple(caught_up), tuple(ahead), drawn_kwh / step_h)


def urgent_kw(params: JobClusterParameters, state: JobClusterState, step: timedelta) -> float:
    """Return the power at which the deadlines need the free GPUs in the next step, kW."""
    room = WorkRoom(catching_up_gpus(params, state))
    for group, each in zip(params.groups, state.groups, strict=True):
        if not group.is_pinned:
            room.add(work_due(group, each, 0.0))
    step_h = hours_of(step)
    return room.needed_gpu_h(step_h) * params.largest_kw_per_gpu / step_h


def _cut(
    params: JobClusterParameters, group: JobGroup, state: GroupState, setting: GroupSetting, step: timedelta
) -> GroupState:
    lost_gpu_h = setting.lost_ratio * state.running_gpus * hours_of(step)
    if not setting.is_paused:
        return _carried(group, _restarted(group, state, step), lost_gpu_h, step)
    lost_gpu_h += restart_gpu_h(params, group, state)
    standing = replace(
        state,
        paused_for=step if state.paused_for is None else state.paused_for + step,
        pause_count=state.pause_count + (0 if state.is_paused else 1),
        since_checkpoint=NOTHING,
    )
    return _carried(group, standing, lost_gpu_h, step)


def _released(
    group: JobGroup, state: GroupState, caught_up_gpu_h: float, ahead_gpu_h: float, step: timedelta
) -> GroupState:
    backlog = worked_off(state.backlog, min(caught_up_gpu_h, state.backlog.total_gpu_h))
    slack_gpu_h = state.slack_gpu_h + (ahead_gpu_h if state.due_in is not None else 0.0)
    waiting_gpu_h = max(0.0, state.waiting_gpu_h - ahead_gpu_h)
    left = replace(state, backlog=backlog, slack_gpu_h=slack_gpu_h, waiting_gpu_h=waiting_gpu_h)
    return _carried(group, replace(_restarted(group, left, step), pause_count=0), 0.0, step)


def _restarted(group: JobGroup, state: GroupState, step: timedelta) -> GroupState:
    since = state.since_checkpoint + step
    if group.pause is not None:
        since %= group.pause.checkpoint_interval
    return replace(state, paused_for=None, since_checkpoint=since)


def _carried(group: JobGroup, state: GroupState, lost_gpu_h: float, step: timedelta) -> GroupState:
    """Let a step's time pass, with the work lost in it."""
    if state.due_in is None:
        return replace(state, backlog=put_off(state.backlog, lost_gpu_h, group.catch_up_within, step))
    own_gpu_h = state.running_gpus * hours_of(step)
    tail_gpu_h = max(0.0, own_gpu_h - state.waiting_gpu_h)
    owed_gpu_h = max(0.0, state.backlog.in_time_gpu_h + lost_gpu_h - tail_gpu_h)
    due_in = state.due_in - step
    old = state.backlog
    if due_in > NOTHING:
        backlog = replace(
            Backlog.of_one(due_in, owed_gpu_h), overdue_gpu_h=old.overdue_gpu_h, late_gpu_h=old.late_gpu_h
        )
        return replace(
            state,
            backlog=backlog,
            due_in=due_in,
            slack_gpu_h=max(0.0, state.slack_gpu_h - tail_gpu_h),
            waiting_gpu_h=max(0.0, state.waiting_gpu_h - own_gpu_h),
        )
    backlog = Backlog((), old.overdue_gpu_h + owed_gpu_h, old.late_gpu_h + owed_gpu_h)
    return replace(state, running_gpus=0.0, backlog=backlog, due_in=None, slack_gpu_h=0.0, waiting_gpu_h=0.0)
