"""What a cluster of job groups states of itself and bids: its ladder of knobs as envelope and offers."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.cut_limits import CutLimit, cut_limits, largest_kw, pause_kw, restart_gpu_h
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION
from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeCost,
    EnvelopeRecovery,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, catching_up_gpus
from vpp.flexibility.job_group import JobGroup
from vpp.flexibility.knob import KNOB_ORDER, Knob
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, rounded_up, whole_intervals
from vpp.flexibility.opportunity_cost import OpportunityCost

RUNG = timedelta(minutes=15)
"""Step in which the longest activation is looked for."""


def quick_enough(params: JobClusterParameters, response_time: timedelta) -> JobClusterParameters:
    """Return the cluster with the knobs alone whose whole effect comes within a time.

    Args:
        params: The cluster.
        response_time: What a product demands.
    """
    slow = {
        knob
        for group in params.groups
        for knob in _knobs_of(group)
        if group.response_time_of(knob) > response_time
    }
    return replace(params, knobs=params.knobs - slow)


def _knobs_of(group: JobGroup) -> list[Knob]:
    has = {Knob.PAUSE: group.pause is not None, Knob.REPLICAS: group.has_replicas}
    return [knob for knob in KNOB_ORDER[group.job_class] if has.get(knob, True)]


def response_time(params: JobClusterParameters) -> timedelta:
    """Return the time from command to the whole effect of the slowest knob in use."""
    times = [
        group.response_time_of(knob)
        for group in params.groups
        for knob in _knobs_of(group)
        if knob in params.knobs
    ]
    return max(times, default=timedelta(0))


def envelope(
    params: JobClusterParameters, state: JobClusterState, *, tariff_per_kwh: Decimal | None = None
) -> Envelope:
    """Return what the cluster can do from its present state.

    Args:
        params: The cluster.
        state: Its groups now, with what they owe.
        tariff_per_kwh: What the site pays for a kWh; None leaves the cost at 0, for a caller
            that only asks for quantities.

    Returns:
        The largest reduction that holds for a quarter of an hour, and how long it holds. The
        energy budget is that of this activation; a longer one at less power is `offers`' affair.
    """
    limits = cut_limits(params, state, 1, RUNG)
    power_kw = largest_kw(params, limits)
    confidence = DeliveryConfidence(params.delivery_ratio)
    delay = response_time(params)
    if power_kw <= TOLERANCE_KW:
        return Envelope(
            params.resource_id,
            FlexDirection.LOAD_DOWN,
            Boundary.POC,
            p_max_kw=0.0,
            energy_budget_kwh=0.0,
            max_duration=timedelta(0),
            confidence=confidence,
            delay=delay,
            why_not="no group has load, tier and time to make up for a cut",
        )
    count = _longest(params, state, power_kw)
    hours = count * hours_of(RUNG)
    lost_gpu_h = _lost_gpu_h(params, state, limits, hours)
    lost_kwh = sum(
        gpu_h * params.kw_per_gpu(group) for group, gpu_h in zip(params.groups, lost_gpu_h, strict=True)
    )
    gpus = catching_up_gpus(params, state)
    smallest_kw = min(
        (pause_kw(g, limit) for g, limit in zip(params.groups, limits, strict=True) if limit.can_pause),
        default=0.0,
    )
    is_divisible = any(limit.divisible_kw > TOLERANCE_KW for limit in limits)
    cost = EnvelopeCost()
    if tariff_per_kwh is not None:
        value = sum(
            exact_ratio(gpu_h * params.kw_per_gpu(group)) * group.job_value_per_kwh
            for group, gpu_h in zip(params.groups, lost_gpu_h, strict=True)
        )
        cost = EnvelopeCost(per_kwh=value / exact_ratio(power_kw * hours) - tariff_per_kwh)
    return Envelope(
        params.resource_id,
        FlexDirection.LOAD_DOWN,
        Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=power_kw * hours,
        max_duration=timedelta(hours=hours),
        confidence=confidence,
        p_min_kw=0.0 if is_divisible else smallest_kw,
        delay=delay,
        recovery=EnvelopeRecovery(
            energy_kwh=lost_kwh if gpus > 0.0 else 0.0,
            shape=RecoveryShape.BACKLOG,
            cap_kw=gpus * params.largest_kw_per_gpu,
            duration=timedelta(hours=sum(lost_gpu_h) / gpus) if gpus > 0.0 else timedelta(0),
            backlog_gpu_h=sum(lost_gpu_h),
        ),
        cost=cost,
    )


def _longest(params: JobClusterParameters, state: JobClusterState, power_kw: float) -> int:
    """Return for how many quarters of an hour a power holds, by halving."""
    holds, fails = 1, LONGEST_ACTIVATION // RUNG + 1
    while fails - holds > 1:
        middle = (holds + fails) // 2
        if largest_kw(params, cut_limits(params, state, middle, RUNG)) >= power_kw * (1.0 - 1e-9):
            holds = middle
        else:
            fails = middle
    return holds


def _lost_gpu_h(
    params: JobClusterParameters, state: JobClusterState, limits: tuple[CutLimit, ...], hours: float
) -> list[float]:
    lost: list[float] = []
    for group, each, limit in zip(params.groups, state.groups, limits, strict=True):
        is_paused = limit.can_pause and pause_kw(group, limit) > limit.divisible_kw
        ratio = 1.0 if is_paused else limit.curve.loss_ratio[-1]
        restart = restart_gpu_h(params, group, each) if is_paused else 0.0
        lost.append(ratio * each.running_gpus * hours + restart)
    return lost


def offers(
    params: JobClusterParameters,
    state: JobClusterState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> tuple[Offer, ...]:
    """Return what the cluster can bid for a window: its divisible knobs, then a block per pause.

    Args:
        params: The cluster.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh and saves by not running.

    Returns:
        First, if there are any, a divisible offer of the divisible knobs of all groups, at the price of
        the dearest kWh in it, so that no part of it loses. Then, cheapest first, an indivisible
        offer for each group that could be paused: what a pause gives beyond the group's divisible
        knobs, with the restart as fixed cost, its possible failure included as expected. All of
        them together can be held in every interval.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    limits = cut_limits(params, state, interval_count, step)
    found: list[Offer] = []
    divisible_kw = sum(limit.divisible_kw for limit in limits)
    if divisible_kw > TOLERANCE_KW:
        dearest = max(
            exact_ratio(slope) * group.job_value_per_kwh
            for group, limit in zip(params.groups, limits, strict=True)
            for _, slope in limit.curve.convex_segments()
        )
        lost_kw = sum(limit.curve.loss_ratio[-1] * limit.full_kw for limit in limits)
        recovery = _recovery(params, state, lost_kw, divisible_kw, (interval_count, step))
        found.append(_offer(params, divisible_kw, dearest, tariff_per_kwh, interval_count, recovery=recovery))
    order = sorted(range(len(limits)), key=lambda n: (params.groups[n].job_value_per_kwh, n))
    for n in order:
        group, limit = params.groups[n], limits[n]
        more_kw = pause_kw(group, limit) - limit.divisible_kw
        if group.pause is None or not limit.can_pause or more_kw <= TOLERANCE_KW:
            continue
        lost_kw = (1.0 - limit.curve.loss_ratio[-1]) * limit.full_kw
        restart = restart_gpu_h(params, group, state.groups[n])
        restart += state.groups[n].running_gpus * (group.pause.expected_mending / timedelta(hours=1))
        fixed_cost = exact_ratio(restart * params.kw_per_gpu(group)) * group.job_value_per_kwh
        recovery = _recovery(params, state, lost_kw, more_kw, (interval_count, step))
        lost_value = exact_ratio(lost_kw / more_kw) * group.job_value_per_kwh
        block = _offer(params, more_kw, lost_value, tariff_per_kwh, interval_count, recovery=recovery)
        found.append(
            replace(block, divisible=False, min_acceptance_ratio=1.0, fixed_cost=rounded_up(fixed_cost))
        )
    return tuple(found)


def _recovery(
    params: JobClusterParameters,
    state: JobClusterState,
    lost_kw: float,
    reduction_kw: float,
    window: tuple[int, timedelta],
) -> tuple[float, int, float]:
    """Return the recovery's ratio, its intervals, and its largest power; none without free GPUs."""
    gpus = catching_up_gpus(params, state)
    if gpus <= 0.0:
        return 0.0, 0, 0.0
    count, step = window
    cap_kw = gpus * params.largest_kw_per_gpu
    owed_kwh = lost_kw * count * hours_of(step) + sum(
        each.backlog.total_gpu_h * params.kw_per_gpu(group)
        for group, each in zip(params.groups, state.groups, strict=True)
    )
    slowest_kw = gpus * min(params.kw_per_gpu(group) for group in params.groups)
    return lost_kw / reduction_kw, whole_intervals(owed_kwh / slowest_kw, hours_of(step)), cap_kw


def _offer(  # noqa: PLR0913  the parts of an offer, each once
    params: JobClusterParameters,
    reduction_kw: float,
    lost_value_per_kwh: Decimal,
    tariff_per_kwh: Decimal,
    interval_count: int,
    *,
    recovery: tuple[float, int, float],
) -> Offer:
    cost = OpportunityCost(lost_value_per_kwh=lost_value_per_kwh)
    recovery_ratio, recovery_intervals, max_recovery_kw = recovery
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(reduction_kw,) * interval_count,
        price_per_mwh=price_per_mwh(cost.at(tariff_per_kwh)),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=None,
        recovery_ratio=recovery_ratio,
        recovery_intervals=recovery_intervals,
        max_recovery_kw=max_recovery_kw,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=cost,
    )
