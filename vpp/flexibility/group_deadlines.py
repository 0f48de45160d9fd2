r"""What of a group's work is due when, if free GPUs catch up only after a window of intervals.

With W the window's hours, D the hours to a group's deadline, b its backlog, T its slack (what its own
machines do between its planned end and its deadline), M the work that a failed restart would cost:

    stream:    each piece b_j with time s_j left is due in s_j - W;
               work l lost in interval j of n is due in C - (n - j) h, with C = catch_up_within
    deadline:  max(0, b + M + sum of l - T) is due in D - W

A pinned group's work cannot go to free GPUs: what exceeds its slack would be late, so it is never lost.

Source:
    Backlog accounting: flexibility models, section 6.5, design of this project.
"""

from datetime import timedelta

from vpp.flexibility.bounds import hours_of
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.work_room import WorkRoom

HOUR = timedelta(hours=1)


def mending_gpu_h(group: JobGroup, state: GroupState) -> float:
    """Return the work that a failed restart of the group would cost, GPU hours."""
    return 0.0 if group.pause is None else state.running_gpus * (group.pause.worst_mending / HOUR)


def _reserve_gpu_h(group: JobGroup, state: GroupState) -> float:
    return mending_gpu_h(group, state) if state.is_paused else 0.0


def slack_left_gpu_h(group: JobGroup, state: GroupState) -> float:
    """Return the slack that is not yet used by what was put off, GPU hours; below 0 is the excess."""
    return state.slack_gpu_h - state.backlog.in_time_gpu_h - _reserve_gpu_h(group, state)


def work_due(group: JobGroup, state: GroupState, window_h: float) -> list[tuple[float, float]]:
    """Return what free GPUs must do for a group after a window in which they do nothing.

    Returns:
        Hours until it is due and GPU hours, without what is overdue.
    """
    if state.due_in is not None:
        excess_gpu_h = max(0.0, -slack_left_gpu_h(group, state))
        return [(state.due_in / HOUR - window_h, excess_gpu_h)] if excess_gpu_h > 0.0 else []
    entries = [(piece.remaining / HOUR - window_h, piece.gpu_h) for piece in state.backlog.pieces]
    reserve_gpu_h = _reserve_gpu_h(group, state)
    if reserve_gpu_h > 0.0:
        entries.append((group.catch_up_within / HOUR, reserve_gpu_h))
    return entries


def lost_work_due(
    group: JobGroup,
    state: GroupState,
    lost_gpu_h: float,
    once: tuple[float, float],
    window: tuple[int, timedelta],
) -> list[tuple[float, float]]:
    """Return what free GPUs must do further if a group loses work in a window.

    Args:
        group: The group.
        state: At the start of the window.
        lost_gpu_h: Lost in each interval, GPU hours.
        once: Lost in the first interval beside it, and held in reserve for the restart, GPU hours.
        window: Number of intervals and their length.
    """
    count, step = window
    step_h = hours_of(step)
    restart_gpu_h, reserve_gpu_h = once
    if state.due_in is not None:
        more_gpu_h = lost_gpu_h * count + restart_gpu_h + reserve_gpu_h
        beyond_gpu_h = more_gpu_h - max(0.0, slack_left_gpu_h(group, state))
        return [(state.due_in / HOUR - count * step_h, max(0.0, beyond_gpu_h))]
    within_h = group.catch_up_within / HOUR
    entries = [(within_h - (count - 1 - n) * step_h, lost_gpu_h) for n in range(count)]
    return [(entries[0][0], restart_gpu_h), (within_h, reserve_gpu_h), *entries]


def most_lost_gpu_h(
    group: JobGroup, state: GroupState, room: WorkRoom, window: tuple[int, timedelta], lost_gpu_h: float = 0.0
) -> float:
    """Return the most further work that a group may lose in each interval of a window, GPU hours.

    Args:
        group: The group.
        state: At the start of the window.
        room: What free GPUs have taken on, this group's work included.
        window: Number of intervals and their length.
        lost_gpu_h: What it loses in each interval already, GPU hours.
    """
    count, step = window
    step_h = hours_of(step)
    if state.due_in is not None:
        slack_gpu_h = max(0.0, max(0.0, slack_left_gpu_h(group, state)) - lost_gpu_h * count)
        beyond_gpu_h = 0.0
        if not group.is_pinned:
            beyond_gpu_h = room.most_gpu_h({state.due_in / HOUR - count * step_h: 1.0})
        return (slack_gpu_h + beyond_gpu_h) / count
    if group.is_pinned:
        return 0.0
    within_h = group.catch_up_within / HOUR
    weights = {within_h - (count - 1 - n) * step_h: 1.0 for n in range(count)}
    return room.most_gpu_h(weights) if min(weights) > 0.0 else 0.0
