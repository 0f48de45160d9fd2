"""A cluster's reduction, turned into what is to be done to which group of jobs.

Divisible knobs come first, the cheapest work first; whole groups are paused only for what they cannot
give, and then the divisible knobs of the others are relaxed as far as the pauses allow. A group that
stands still stays so as long as the reduction is large enough, since a restart costs work.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.cut_limits import CutLimit, cut_limits, largest_kw, pause_kw
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState
from vpp.flexibility.job_group import JobGroup
from vpp.flexibility.knob import KNOB_ORDER, Knob


@dataclass(frozen=True, slots=True)
class GroupSetting:
    """What is to be done to one group.

    Attributes:
        group_id: The group.
        reduction_kw: What it gives, kW at the point of connection.
        lost_ratio: Work lost while it is so set, as a share of its work at full speed, 0..1; the
            restart after a pause is not counted.
        is_paused: Whether the group stands still.
        cap_cut_ratio: Cut of its power by caps, 0..1.
        off_ratio: Share of its replicas, starts or machines that are off, 0..1.
    """

    group_id: str
    reduction_kw: float = 0.0
    lost_ratio: float = 0.0
    is_paused: bool = False
    cap_cut_ratio: float = 0.0
    off_ratio: float = 0.0

    @property
    def is_left_alone(self) -> bool:
        """Whether nothing is done to it."""
        return self.reduction_kw <= TOLERANCE_KW


HOLD = timedelta(hours=4)
"""A reduction is set so that it can be held as long as possible, up to this, unless told otherwise."""


def knob_settings(
    params: JobClusterParameters,
    state: JobClusterState,
    reduction_kw: float,
    step: timedelta,
    *,
    hold: timedelta = HOLD,
) -> tuple[GroupSetting, ...]:
    """Return what to do to each group for a reduction in the next step.

    Args:
        params: The cluster.
        state: At the start of the step.
        reduction_kw: Wanted, kW at the point of connection, 0 or more. What deadlines do not
            allow is not given; where only a pause reaches it, its whole block is.
        step: Length of the step.
        hold: For how long the reduction is to be held, this step included. Among the settings that
            can be held so long, or else as long as any can, the cheapest are taken.

    Raises:
        InvalidInput: The reduction is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    hours_of(step)
    if reduction_kw <= TOLERANCE_KW:
        return tuple(GroupSetting(group.group_id) for group in params.groups)
    limits = _lasting_limits(params, state, reduction_kw, (max(1, math.ceil(hold / step - 1e-9)), step))
    paused = _paused(params, state, limits, reduction_kw)
    left_kw = reduction_kw - sum(pause_kw(params.groups[n], limits[n]) for n in paused)
    cuts = _divisible_cuts(params, limits, paused, left_kw)
    return tuple(
        _setting(params, group, limit, cuts[n], is_paused=n in paused)
        for n, (group, limit) in enumerate(zip(params.groups, limits, strict=True))
    )


def _lasting_limits(
    params: JobClusterParameters,
    state: JobClusterState,
    reduction_kw: float,
    window: tuple[int, timedelta],
) -> tuple[CutLimit, ...]:
    """Return the limits of the longest window for which the reduction can be held."""
    longest, step = window
    limits = cut_limits(params, state, longest, step)
    if longest == 1 or largest_kw(params, limits) >= reduction_kw - TOLERANCE_KW:
        return limits
    holds, fails = 1, longest
    limits = cut_limits(params, state, holds, step)
    while fails - holds > 1:
        middle = (holds + fails) // 2
        tried = cut_limits(params, state, middle, step)
        if largest_kw(params, tried) >= reduction_kw - TOLERANCE_KW:
            holds, limits = middle, tried
        else:
            fails = middle
    return limits


def _paused(
    params: JobClusterParameters, state: JobClusterState, limits: tuple[CutLimit, ...], reduction_kw: float
) -> set[int]:
    """Choose the groups that stand still: those that do already, then as many as are needed."""
    paused: set[int] = set()
    held_kw = 0.0
    order = sorted(range(len(limits)), key=lambda n: (_pause_price(params.groups[n]), n))
    for n in order:
        standing, rules = state.groups[n].paused_for, params.groups[n].pause
        if standing is None or rules is None or not limits[n].can_pause:
            continue
        kw = pause_kw(params.groups[n], limits[n])
        if standing < rules.shortest or held_kw + kw <= reduction_kw + TOLERANCE_KW:
            paused.add(n)
            held_kw += kw
    rest_kw = sum(limit.divisible_kw for n, limit in enumerate(limits) if n not in paused)
    for n in order:
        if held_kw + rest_kw >= reduction_kw - TOLERANCE_KW:
            break
        kw = pause_kw(params.groups[n], limits[n])
        if n not in paused and limits[n].can_pause and kw > limits[n].divisible_kw:
            paused.add(n)
            held_kw += kw
            rest_kw -= limits[n].divisible_kw
    return paused


def _pause_price(group: JobGroup) -> Decimal:
    return group.job_value_per_kwh / Decimal(repr(1.0 - group.idle_power_ratio))


def _divisible_cuts(
    params: JobClusterParameters, limits: tuple[CutLimit, ...], paused: set[int], left_kw: float
) -> list[float]:
    """Share a reduction over the divisible knobs, what loses least value per kWh first."""
    segments = sorted(
        (slope * float(params.groups[n].job_value_per_kwh), n, width)
        for n, limit in enumerate(limits)
        if n not in paused
        for width, slope in limit.curve.convex_segments()
    )
    cuts = [0.0] * len(limits)
    for _, n, width in segments:
        if left_kw <= 0.0:
            break
        ratio = min(width, left_kw / limits[n].full_kw)
        cuts[n] = min(cuts[n] + ratio, limits[n].curve.deepest_cut_ratio)
        left_kw -= ratio * limits[n].full_kw
    return cuts


def _setting(
    params: JobClusterParameters, group: JobGroup, limit: CutLimit, cut_ratio: float, *, is_paused: bool
) -> GroupSetting:
    if is_paused:
        return GroupSetting(group.group_id, pause_kw(group, limit), 1.0, is_paused=True)
    reduction_kw = cut_ratio * limit.full_kw
    if reduction_kw <= TOLERANCE_KW:
        return GroupSetting(group.group_id)
    lost_ratio = limit.curve.loss_at(cut_ratio)
    order = KNOB_ORDER[group.job_class]
    if Knob.CAP not in order:
        off_ratio = cut_ratio / (1.0 - group.idle_power_ratio)
        return GroupSetting(group.group_id, reduction_kw, lost_ratio, off_ratio=off_ratio)
    deepest = group.cap_curve.deepest_cut_ratio if Knob.CAP in params.knobs else 0.0
    cap_cut_ratio = min(cut_ratio, deepest)
    off_ratio = 0.0
    if cut_ratio > cap_cut_ratio:
        off_ratio = (cut_ratio - cap_cut_ratio) / (1.0 - group.idle_power_ratio - cap_cut_ratio)
    return GroupSetting(
        group.group_id, reduction_kw, lost_ratio, cap_cut_ratio=cap_cut_ratio, off_ratio=off_ratio
    )
