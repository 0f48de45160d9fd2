"""A pool of accelerators whose jobs can wait, in the planner's terms."""

import math
from dataclasses import replace
from datetime import timedelta

from vpp.flexibility.backlog import Backlog, unavoidable_gpu_h
from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.cut_curve import published_curve
from vpp.flexibility.deferrable_load import held_cut_ratio
from vpp.flexibility.deferrable_pool import (
    Capping,
    DeferrableLoadParameters,
    DeferrableLoadState,
    catching_up_gpus,
    kw_per_running_gpu,
)
from vpp.flexibility.job_class import JobClass
from vpp.flexibility.knob_settings import HOLD
from vpp.flexibility.planning.terms import CutSegment, PauseTerms, WorkTerms, flat

HOUR = timedelta(hours=1)
NEGLIGIBLE_KW = 1e-6
"""What is less is nothing to a plan, and would only trouble its solver."""


def terms(
    params: DeferrableLoadParameters, state: DeferrableLoadState, interval_count: int, step: timedelta
) -> WorkTerms:
    """Return the pool over a horizon.

    Args:
        params: The pool.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon; at least 1.
        step: Their length.

    Returns:
        Capped pools with their cap response in segments, no deeper than can be held for the horizon, or
        for `HOLD` if that is shorter, from a clean slate: a plan may count on free GPUs that catch up
        while others are capped, which no pool does. Paused ones as the share of the pool that stands
        still, all or nothing. Work that cannot be done in time any more may be late.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    hours_of(step)
    kw_per_gpu = kw_per_running_gpu(params)
    gpus = catching_up_gpus(params, state)
    gpus = gpus if gpus * kw_per_gpu > NEGLIGIBLE_KW else 0.0
    load_kw = state.running_gpus * kw_per_gpu
    segments: tuple[CutSegment, ...] = ()
    pause: PauseTerms | None = None
    is_idle = params.job_class is JobClass.DEV_TEST_IDLE
    can_make_up = is_idle or gpus > 0.0 or params.max_late_gpu_h > state.backlog.late_gpu_h
    after = math.floor(params.catch_up_within / step + 1e-9)
    if isinstance(params.method, Capping):
        if can_make_up and after >= 1 and params.largest_cut_ratio > 0.0:
            held_count = min(interval_count, max(1, math.ceil(HOLD / step)))
            deepest = held_cut_ratio(params, replace(state, backlog=Backlog()), held_count, step)
            curve = published_curve(params.job_class).up_to(deepest)
            segments = tuple(
                CutSegment(width, slope)
                for width, slope in curve.convex_segments()
                if width * load_kw > NEGLIGIBLE_KW
            )
    elif is_idle:
        width = params.largest_cut_ratio * (1.0 - params.method.idle_power_ratio)
        segments = (CutSegment(width, 0.0),)
    elif params.largest_cut_ratio > 0.0 and can_make_up:
        load_kw *= params.largest_cut_ratio
        method = params.method
        since = [
            (state.since_checkpoint + t * step) % method.checkpoint_interval for t in range(interval_count)
        ]
        least = min(step, method.checkpoint_interval)
        pause = PauseTerms(
            is_allowed=tuple(each <= least for each in since),
            idle_power_ratio=method.idle_power_ratio,
            restart_kwh=load_kw * ((least + method.restart_time) / HOUR),
            max_count=interval_count,
            paused_for=1 if state.paused else 0,
        )
    margin_gpu_h = max(0.0, params.max_late_gpu_h - state.backlog.late_gpu_h)
    late_gpu_h = max(margin_gpu_h, unavoidable_gpu_h(state.backlog, gpus, timedelta(0)))
    return WorkTerms(
        resource_id=params.resource_id,
        load_kw=flat(load_kw, interval_count),
        segments=segments,
        catch_up_kw=flat(gpus * kw_per_gpu, interval_count),
        later_catch_up_kw=gpus * kw_per_gpu,
        due_after=(max(1, after),) * interval_count,
        backlog_kwh=tuple(
            (max(0, math.floor(piece.remaining / step + 1e-9) - 1), piece.gpu_h * kw_per_gpu)
            for piece in state.backlog.pieces
        ),
        ahead_kwh=state.waiting_gpu_h * kw_per_gpu,
        pause=pause,
        value_per_kwh=float(params.job_value_per_kwh),
        max_late_kwh=late_gpu_h * kw_per_gpu,
        delivery_ratio=params.delivery_ratio,
    )
