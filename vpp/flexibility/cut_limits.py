r"""How far each group of a cluster may be cut with every deadline held.

For a window of n intervals of h hours in which nothing is caught up, groups are allowed the cuts c_i of
their divisible knobs that together reduce most while all work put off still fits into the free GPUs
afterwards (`WorkRoom`), and after that, cheapest work first, a pause in their place:

    lost_i = l_i(c_i) G_i h  per interval,      lost_i = G_i h  and  G_i (restart + F)  once, if paused

Any smaller cuts and any subset of the pauses fit as well, since they put off less of each group's work.
"""

from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.backlog import ROUNDING_GPU_H
from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.cut_curve import CutCurve
from vpp.flexibility.group_deadlines import (
    HOUR,
    lost_work_due,
    mending_gpu_h,
    most_lost_gpu_h,
    slack_left_gpu_h,
    work_due,
)
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, catching_up_gpus
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.knob import MOST_PAUSES, Knob
from vpp.flexibility.work_room import WorkRoom


@dataclass(frozen=True, slots=True)
class CutLimit:
    """How far one group may be cut.

    Attributes:
        curve: Its divisible knobs, up to the deepest cut that its deadlines allow.
        can_pause: Whether it may be paused, or stay so.
        full_kw: What it draws if left alone, kW at the point of connection.
    """

    curve: CutCurve
    can_pause: bool
    full_kw: float

    @property
    def divisible_kw(self) -> float:
        """Largest reduction by divisible knobs, kW."""
        return self.curve.deepest_cut_ratio * self.full_kw


def restart_gpu_h(params: JobClusterParameters, group: JobGroup, state: GroupState) -> float:
    """Return the work lost by stopping now and starting again, GPU hours; 0 if it stands already."""
    if group.pause is None or state.is_paused:
        return 0.0
    return state.running_gpus * (group.pause.lost(state.since_checkpoint, params.notice) / HOUR)


def _may_pause(params: JobClusterParameters, group: JobGroup, state: GroupState) -> bool:
    if group.pause is None or Knob.PAUSE not in params.knobs or state.running_gpus <= ROUNDING_GPU_H:
        return False
    most = MOST_PAUSES.get(group.job_class)
    return state.is_paused or most is None or state.pause_count < most


def _lasts(state: GroupState, window: tuple[int, timedelta]) -> bool:
    """Return whether the group is there for the whole window: what has ended gives nothing."""
    count, step = window
    return state.due_in is None or state.due_in >= count * step


class _Gains:
    """How deep the divisible knobs may go: what loses least work per kW first, as far as there is room.

    Loads of work with deadlines form a polymatroid, so taking the best ratio first gives the largest
    reduction; a group whose room is used up is taken no further.
    """

    def __init__(
        self,
        params: JobClusterParameters,
        pairs: list[tuple[JobGroup, GroupState]],
        room: WorkRoom,
        window: tuple[int, timedelta],
    ) -> None:
        self._pairs = pairs
        self._room = room
        self._window = window
        self._step_h = hours_of(window[1])
        self._full = [
            group.divisible_curve(params.knobs)
            if each.running_gpus * self._step_h > ROUNDING_GPU_H and _lasts(each, window)
            else CutCurve()
            for group, each in pairs
        ]
        self._kw_per_gpu = [params.kw_per_gpu(group) for group, _ in pairs]
        self._cuts = [0.0] * len(pairs)

    def taken(self, n: int) -> list[tuple[float, float]]:
        """Return the work that free GPUs must do for a group's present cut."""
        group, each = self._pairs[n]
        if group.is_pinned:
            return []
        return lost_work_due(group, each, self._lost_gpu_h(n), (0.0, 0.0), self._window)

    def curves(self) -> list[CutCurve]:
        """Return each group's curve up to the deepest cut allowed; the room then holds its work."""
        if self._all_fit():
            return self._full
        closed: set[int] = set()
        for _, n, depth in self._segments():
            if n in closed:
                continue
            before = self.taken(n)
            allowed = self._lost_gpu_h(n) + self._more_gpu_h(n)
            work_gpu_h = self._pairs[n][1].running_gpus * self._step_h
            reachable = self._full[n].cut_at(allowed * (1.0 + 1e-12) / work_gpu_h)
            if reachable < depth:
                closed.add(n)
            self._cuts[n] = max(self._cuts[n], min(depth, reachable))
            self._room.add((span_h, -gpu_h) for span_h, gpu_h in before)
            self._room.add(self.taken(n))
        return [curve.up_to(cut) for curve, cut in zip(self._full, self._cuts, strict=True)]

    def _all_fit(self) -> bool:
        """Return whether every group can go as deep as its tier allows, and if so take it."""
        pinned = [
            n
            for n, (group, _) in enumerate(self._pairs)
            if group.is_pinned and self._full[n].loss_ratio[-1] > 0.0
        ]
        if pinned:
            return False
        self._cuts = [curve.deepest_cut_ratio for curve in self._full]
        wanted = [entry for n in range(len(self._pairs)) for entry in self.taken(n)]
        if self._room.fits(wanted):
            self._room.add(wanted)
            return True
        self._cuts = [0.0] * len(self._pairs)
        return False

    def _segments(self) -> list[tuple[float, int, float]]:
        """List (work lost per kW, group, depth at its end), best first."""
        found: list[tuple[float, int, float]] = []
        for n, curve in enumerate(self._full):
            depth = 0.0
            for width, slope in curve.convex_segments():
                depth += width
                found.append((slope / self._kw_per_gpu[n], n, min(depth, curve.deepest_cut_ratio)))
        return sorted(found)

    def _lost_gpu_h(self, n: int) -> float:
        return self._full[n].loss_at(self._cuts[n]) * self._pairs[n][1].running_gpus * self._step_h

    def _more_gpu_h(self, n: int) -> float:
        """Return the work that a group may lose in each interval beyond what it does already."""
        group, each = self._pairs[n]
        return most_lost_gpu_h(group, each, self._room, self._window, self._lost_gpu_h(n))


def cut_limits(
    params: JobClusterParameters, state: JobClusterState, interval_count: int, step: timedelta
) -> tuple[CutLimit, ...]:
    """Return how far each group may be cut for several intervals with all work done in time.

    Args:
        params: The cluster.
        state: At the start of the window.
        interval_count: Intervals in the window; at least 1.
        step: Length of an interval.

    Returns:
        One limit per group, of no cut where some group's deadline already needs every free GPU.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    step_h = hours_of(step)
    window = (interval_count, step)
    pairs = list(zip(params.groups, state.groups, strict=True))
    full_kw = [each.running_gpus * params.kw_per_gpu(group) for group, each in pairs]
    room = WorkRoom(catching_up_gpus(params, state))
    for group, each in pairs:
        if not group.is_pinned:
            room.add(work_due(group, each, interval_count * step_h))
    if room.unavoidable_gpu_h > 0.0:
        return tuple(CutLimit(CutCurve(), can_pause=False, full_kw=kw) for kw in full_kw)
    gains = _Gains(params, pairs, room, window)
    curves = gains.curves()
    can_pause = [False] * len(pairs)
    cheapest_first = sorted(range(len(pairs)), key=lambda n: (pairs[n][0].job_value_per_kwh, n))
    for n in cheapest_first:
        group, each = pairs[n]
        if not _may_pause(params, group, each) or not _lasts(each, window):
            continue
        reserve_gpu_h = 0.0 if each.is_paused else mending_gpu_h(group, each)
        once = (restart_gpu_h(params, group, each), reserve_gpu_h)
        wanted = lost_work_due(group, each, each.running_gpus * step_h, once, window)
        if group.is_pinned:
            can_pause[n] = each.due_in is not None and sum(gpu_h for _, gpu_h in wanted) <= ROUNDING_GPU_H
            can_pause[n] = can_pause[n] and slack_left_gpu_h(group, each) >= 0.0
            continue
        room.add((span_h, -gpu_h) for span_h, gpu_h in gains.taken(n))
        can_pause[n] = room.fits(wanted)
        room.add(wanted if can_pause[n] else gains.taken(n))
    return tuple(
        CutLimit(curve, can_pause=pausable, full_kw=kw)
        for curve, pausable, kw in zip(curves, can_pause, full_kw, strict=True)
    )


def pause_kw(group: JobGroup, limit: CutLimit) -> float:
    """Return what pausing a group saves, kW."""
    return (1.0 - group.idle_power_ratio) * limit.full_kw


def largest_kw(params: JobClusterParameters, limits: tuple[CutLimit, ...]) -> float:
    """Return the largest reduction of all groups together, kW."""
    return sum(
        max(limit.divisible_kw, pause_kw(group, limit) if limit.can_pause else 0.0)
        for group, limit in zip(params.groups, limits, strict=True)
    )
