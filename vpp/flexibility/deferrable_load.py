"""Compute that can wait: caps and pauses now, the work done again before its deadline."""

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.backlog import ROUNDING_GPU_H, catch_up, put_off, unavoidable_gpu_h
from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.cap_response import largest_cut_ratio, worst_loss_ratio
from vpp.flexibility.deferrable_pool import (
    DeferrableLoadParameters,
    DeferrableLoadState,
    Pausing,
    catching_up_gpus,
    kw_per_running_gpu,
)
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
from vpp.flexibility.job_class import JobClass
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, rounded_up, whole_intervals
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.reservation_cost import curtailment_cost_per_kwh
from vpp.foundation.errors import InvalidInput


def _loss_ratio(params: DeferrableLoadParameters, cut_ratio: float) -> float:
    """Return the work lost while a share of the pool is cut, over its work at full speed."""
    if params.job_class is JobClass.DEV_TEST_IDLE:
        return 0.0  # idle boards lose nothing
    if isinstance(params.method, Pausing):
        return cut_ratio
    return worst_loss_ratio(params.job_class, cut_ratio)


def _reduction_kw(params: DeferrableLoadParameters, state: DeferrableLoadState, cut_ratio: float) -> float:
    idle_ratio = params.method.idle_power_ratio if isinstance(params.method, Pausing) else 0.0
    return cut_ratio * state.running_gpus * kw_per_running_gpu(params) * (1.0 - idle_ratio)


def _restart_gpu_h(params: DeferrableLoadParameters, state: DeferrableLoadState) -> float:
    """Return the work lost by stopping now and starting again, GPU hours."""
    if not isinstance(params.method, Pausing) or state.paused or params.job_class is JobClass.DEV_TEST_IDLE:
        return 0.0
    span = state.since_checkpoint + params.method.restart_time
    return params.largest_cut_ratio * state.running_gpus * (span / timedelta(hours=1))


def _work_limit_gpu_h(
    params: DeferrableLoadParameters, state: DeferrableLoadState, interval_count: int, step: timedelta
) -> float:
    """Return the work each of several intervals may put off so that all of it can be done in time.

    The last intervals' work has the most time left once the window is over. For every interval,
    what is due by its deadline must fit into what the free GPUs do until then.
    """
    gpus = catching_up_gpus(params, state)
    margin_gpu_h = params.max_late_gpu_h - state.backlog.late_gpu_h
    window = interval_count * step
    if unavoidable_gpu_h(state.backlog, gpus, window) > margin_gpu_h + ROUNDING_GPU_H:
        return 0.0
    base_gpu_h = state.backlog.in_time_gpu_h + _restart_gpu_h(params, state)
    limit_gpu_h = math.inf
    for count in range(1, interval_count + 1):
        span = max(timedelta(0), params.catch_up_within - (interval_count - count) * step)
        doable_gpu_h = margin_gpu_h + gpus * (span / timedelta(hours=1))
        limit_gpu_h = min(limit_gpu_h, (doable_gpu_h - base_gpu_h) / count)
    return max(0.0, limit_gpu_h)


def held_cut_ratio(
    params: DeferrableLoadParameters, state: DeferrableLoadState, interval_count: int, step: timedelta
) -> float:
    """Return the largest cut that holds for several intervals with all work done in time, 0..1."""
    wanted = params.largest_cut_ratio
    if wanted <= 0.0 or state.running_gpus <= 0.0:
        return 0.0
    limit_gpu_h = _work_limit_gpu_h(params, state, interval_count, step)
    full_gpu_h = state.running_gpus * hours_of(step)
    if _loss_ratio(params, wanted) * full_gpu_h <= limit_gpu_h + ROUNDING_GPU_H:
        return wanted
    if isinstance(params.method, Pausing):
        return 0.0
    return min(wanted, largest_cut_ratio(params.job_class, limit_gpu_h / full_gpu_h))


def available_kw(params: DeferrableLoadParameters, state: DeferrableLoadState, step: timedelta) -> float:
    """Return the largest reduction for the whole next step, kW at the point of connection.

    Bounded by the tier, and by the deadlines: the backlog after the step must still fit into the
    free GPUs. Where jobs are paused it is all or nothing.
    """
    kw = _reduction_kw(params, state, held_cut_ratio(params, state, 1, step))
    return kw if kw > TOLERANCE_KW else 0.0


def recovery_kw(params: DeferrableLoadParameters, state: DeferrableLoadState, step: timedelta) -> float:
    """Return the increase that catching up would draw in the next step if left alone, kW."""
    _, done_gpu_h = catch_up(state.backlog, catching_up_gpus(params, state), step)
    return done_gpu_h / hours_of(step) * kw_per_running_gpu(params)


def available_increase_kw(
    params: DeferrableLoadParameters, state: DeferrableLoadState, step: timedelta
) -> float:
    """Return the largest increase for the whole next step, kW: work caught up and brought forward.

    Free GPUs bound it, and work that could be done now: what was put off and what waits.
    """
    free_gpus = max(0.0, params.gpu_count - state.running_gpus)
    work_gpu_h = state.backlog.total_gpu_h + state.waiting_gpu_h
    return min(free_gpus, work_gpu_h / hours_of(step)) * kw_per_running_gpu(params)


def advance(  # noqa: PLR0913  a command has three parts, and none of them is the state's
    params: DeferrableLoadParameters,
    state: DeferrableLoadState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[DeferrableLoadState, float]:
    """Carry the pool through one step.

    Args:
        params: The pool.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 runs everything and catches up. More than
            `available_kw` is delivered as far as available; where nothing is, deadlines stand
            against the command and the pool catches up. Pausing delivers its whole block for
            any command above 0.
        step: Length of the step.
        increase_kw: Commanded increase, kW: work is caught up and brought forward for it. More is
            drawn only where a deadline needs it.
        recovery_limit_kw: Largest increase the site allows in this step, kW. It binds even if
            work becomes late by it; the backlog says how much.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while cut, positive while work is done on free GPUs. The backlog grows by
        the work lost, restarts included, and shrinks by the work done.

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
    step_hours = hours_of(step)
    available = available_kw(params, state, step)
    if reduction_kw > 0.0 and available > 0.0:
        if isinstance(params.method, Pausing):
            delivered_kw, cut_ratio = available, params.largest_cut_ratio
        else:
            delivered_kw = min(reduction_kw, available)
            cut_ratio = min(params.largest_cut_ratio, delivered_kw / _reduction_kw(params, state, 1.0))
        lost_gpu_h = _loss_ratio(params, cut_ratio) * state.running_gpus * step_hours
        lost_gpu_h += _restart_gpu_h(params, state)
        backlog = put_off(state.backlog, lost_gpu_h, params.catch_up_within, step)
        is_paused = isinstance(params.method, Pausing)
        since = timedelta(0) if is_paused else state.since_checkpoint
        return replace(state, backlog=backlog, paused=is_paused, since_checkpoint=since), -delivered_kw
    kw_per_gpu = kw_per_running_gpu(params)
    gpus = catching_up_gpus(params, state)
    if increase_kw > 0.0:
        wanted_kw = min(increase_kw, available_increase_kw(params, state, step))
        gpus = max(wanted_kw / kw_per_gpu, _needed_gpus(params, state, step))
    gpus = min(gpus, max(0.0, recovery_limit_kw) / kw_per_gpu)
    backlog, done_gpu_h = catch_up(state.backlog, gpus, step)
    ahead_gpu_h = 0.0
    if increase_kw > 0.0:
        ahead_gpu_h = min(state.waiting_gpu_h, max(0.0, gpus * step_hours - done_gpu_h))
    since = timedelta(0)
    if isinstance(params.method, Pausing):
        since = (state.since_checkpoint + step) % params.method.checkpoint_interval
    waiting_gpu_h = state.waiting_gpu_h - ahead_gpu_h
    released = replace(
        state, backlog=backlog, paused=False, since_checkpoint=since, waiting_gpu_h=waiting_gpu_h
    )
    return released, (done_gpu_h + ahead_gpu_h) / step_hours * kw_per_gpu


def urgent_kw(params: DeferrableLoadParameters, state: DeferrableLoadState, step: timedelta) -> float:
    """Return the increase that deadlines need in the next step, kW."""
    return _needed_gpus(params, state, step) * kw_per_running_gpu(params)


def _needed_gpus(params: DeferrableLoadParameters, state: DeferrableLoadState, step: timedelta) -> float:
    """Return the GPUs that must catch up in the next step lest some work be late."""
    gpus = catching_up_gpus(params, state)
    needed_gpu_h = unavoidable_gpu_h(state.backlog, gpus, step)
    needed_gpu_h -= unavoidable_gpu_h(state.backlog, gpus, timedelta(0))
    return min(gpus, needed_gpu_h / hours_of(step))


def _recovery_ratio(
    params: DeferrableLoadParameters, state: DeferrableLoadState, cut_ratio: float, hours: float
) -> float:
    """Return energy drawn again per energy saved by a cut of some hours; 0 without free GPUs."""
    if catching_up_gpus(params, state) <= 0.0:
        return 0.0
    lost_gpu_h = _loss_ratio(params, cut_ratio) * state.running_gpus * hours + _restart_gpu_h(params, state)
    return lost_gpu_h * kw_per_running_gpu(params) / (_reduction_kw(params, state, cut_ratio) * hours)


def envelope(
    params: DeferrableLoadParameters, state: DeferrableLoadState, *, tariff_per_kwh: Decimal | None = None
) -> Envelope:
    """Return what the pool can deliver with no backlog and the state's GPUs busy.

    The longest activation is the one after which everything can still be done in time.

    Args:
        params: The pool.
        state: Its GPUs busy now; a backlog of the moment is left aside.
        tariff_per_kwh: What the site pays for a kWh; None leaves the cost at 0, for a caller
            that only asks for quantities.
    """
    fresh = DeferrableLoadState(state.running_gpus)
    if isinstance(params.method, Pausing):  # the worst moment to be told to pause
        fresh = replace(fresh, since_checkpoint=params.method.checkpoint_interval)
    cut_ratio = params.largest_cut_ratio
    reduction_kw = _reduction_kw(params, fresh, cut_ratio)
    gpus = catching_up_gpus(params, fresh)
    lost_gpus = _loss_ratio(params, cut_ratio) * fresh.running_gpus
    restart_gpu_h = _restart_gpu_h(params, fresh)
    hours = LONGEST_ACTIVATION / timedelta(hours=1)
    deadline_hours = hours_of(params.catch_up_within)
    margin_gpu_h = params.max_late_gpu_h - restart_gpu_h
    if lost_gpus > 0.0:
        by_work = (margin_gpu_h + gpus * deadline_hours) / lost_gpus
        by_first_deadline = deadline_hours + margin_gpu_h / lost_gpus
        hours = max(0.0, min(hours, by_work, by_first_deadline))
    if reduction_kw <= 0.0 or hours <= 0.0:
        return _no_envelope(params, "no load, no tier, or no free GPUs to catch up on")
    is_paused = isinstance(params.method, Pausing)
    lost_gpu_h = lost_gpus * hours + restart_gpu_h
    kw_per_gpu = kw_per_running_gpu(params)
    cost = EnvelopeCost()
    if tariff_per_kwh is not None:
        lost_work_ratio = exact_ratio(lost_gpus * kw_per_gpu / reduction_kw)
        cost = EnvelopeCost(
            per_start=rounded_up(exact_ratio(restart_gpu_h * kw_per_gpu) * params.job_value_per_kwh),
            per_kwh=curtailment_cost_per_kwh(params.job_value_per_kwh, tariff_per_kwh, lost_work_ratio),
        )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=reduction_kw,
        p_min_kw=reduction_kw if is_paused else 0.0,
        step_kw=reduction_kw if is_paused else 0.0,
        energy_budget_kwh=reduction_kw * hours,
        delay=params.response_time,
        max_duration=timedelta(hours=hours),
        recovery=EnvelopeRecovery(
            energy_kwh=lost_gpu_h * kw_per_gpu if gpus > 0.0 else 0.0,
            shape=RecoveryShape.BACKLOG,
            cap_kw=gpus * kw_per_gpu,
            duration=timedelta(hours=lost_gpu_h / gpus) if gpus > 0.0 else timedelta(0),
            backlog_gpu_h=lost_gpu_h,
        ),
        cost=cost,
        confidence=DeliveryConfidence(params.delivery_ratio),
    )


def _no_envelope(params: DeferrableLoadParameters, why_not: str) -> Envelope:
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=0.0,
        energy_budget_kwh=0.0,
        delay=params.response_time,
        max_duration=timedelta(0),
        confidence=DeliveryConfidence(params.delivery_ratio),
        why_not=why_not,
    )


def offer(
    params: DeferrableLoadParameters,
    state: DeferrableLoadState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what the pool can bid for a window.

    Args:
        params: The pool.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh and saves by not running.

    Returns:
        For caps a divisible offer of the largest cut that all intervals can hold together; for
        pauses an indivisible one of the whole block, with the restart as its fixed cost. None
        if deadlines, tier or load leave nothing.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    window_hours = interval_count * hours_of(step)
    cut_ratio = held_cut_ratio(params, state, interval_count, step)
    reduction_kw = _reduction_kw(params, state, cut_ratio)
    if reduction_kw <= TOLERANCE_KW:
        return None
    is_paused = isinstance(params.method, Pausing)
    kw_per_gpu = kw_per_running_gpu(params)
    gpus = catching_up_gpus(params, state)
    restart_gpu_h = _restart_gpu_h(params, state)
    lost_kw = _loss_ratio(params, cut_ratio) * state.running_gpus * kw_per_gpu
    lost_work_ratio = exact_ratio(lost_kw / reduction_kw)
    owed_gpu_h = state.backlog.total_gpu_h + lost_kw / kw_per_gpu * window_hours + restart_gpu_h
    cost = OpportunityCost(lost_value_per_kwh=params.job_value_per_kwh * lost_work_ratio)
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(reduction_kw,) * interval_count,
        price_per_mwh=price_per_mwh(cost.at(tariff_per_kwh)),
        divisible=not is_paused,
        min_acceptance_ratio=1.0 if is_paused else 0.0,
        energy_limit_kwh=None,
        recovery_ratio=_recovery_ratio(params, state, cut_ratio, window_hours),
        recovery_intervals=whole_intervals(owed_gpu_h / gpus, hours_of(step)) if gpus > 0.0 else 0,
        max_recovery_kw=gpus * kw_per_gpu,
        fixed_cost=rounded_up(exact_ratio(restart_gpu_h * kw_per_gpu) * params.job_value_per_kwh),
        delivery_ratio=params.delivery_ratio,
        cost=cost,
    )
