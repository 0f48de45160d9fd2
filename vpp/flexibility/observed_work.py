r"""Work put off, accounted from the power that was seen, where no scheduler tells it.

A device that only caps boards knows their power, not what their jobs owe. With the reduction d seen over a
span h, at load P:

    d > 0:  backlog' = backlog + l(d / P) G h         by the most sensitive workload of the class
    d < 0:  backlog' = backlog - |d| h / (p (1 + k))  what was drawn beyond the load was catching up

The account begins with nothing owed, or, where the first sight of it is a reduction whose beginning nobody
saw, with all that free GPUs can make up in time: nothing more is then offered until that has been made up.

Source:
    Backlog accounting: flexibility models, section 6.5, design of this project.
"""

from dataclasses import replace
from datetime import timedelta

from vpp.flexibility.backlog import Backlog, catch_up, put_off
from vpp.flexibility.bounds import TOLERANCE_KW, hours_of
from vpp.flexibility.cut_curve import published_curve
from vpp.flexibility.deferrable_pool import (
    Capping,
    DeferrableLoadParameters,
    DeferrableLoadState,
    catching_up_gpus,
    kw_per_running_gpu,
)
from vpp.flexibility.job_class import JobClass


def first_account(
    params: DeferrableLoadParameters, state: DeferrableLoadState, reduction_kw: float
) -> Backlog:
    """Return what is owed when nobody has seen what went before.

    Args:
        params: The pool.
        state: Its GPUs now.
        reduction_kw: What is seen of it, kW; negative while it catches up.
    """
    if abs(reduction_kw) <= TOLERANCE_KW:
        return Backlog()
    gpu_h = catching_up_gpus(params, state) * hours_of(params.catch_up_within, "catch_up_within")
    return Backlog.of_one(params.catch_up_within, gpu_h)


def after_observed(
    params: DeferrableLoadParameters, state: DeferrableLoadState, reduction_kw: float, span: timedelta
) -> DeferrableLoadState:
    """Return what the pool owes after a span in which its power was seen.

    Args:
        params: The pool.
        state: At the start of the span.
        reduction_kw: Mean reduction seen in it, kW; negative while it caught up.
        span: Its length, above zero.

    Returns:
        The state at the end of the span. What was not seen to be made up is still owed, and late
        once its time has passed.
    """
    if reduction_kw < -TOLERANCE_KW:
        backlog, _ = catch_up(state.backlog, -reduction_kw / kw_per_running_gpu(params), span)
        return replace(state, backlog=backlog, paused=False)
    lost_gpu_h = 0.0
    if reduction_kw > TOLERANCE_KW:
        lost_gpu_h = _loss_ratio(params, state, reduction_kw) * state.running_gpus * hours_of(span)
    return replace(state, backlog=put_off(state.backlog, lost_gpu_h, params.catch_up_within, span))


def _loss_ratio(params: DeferrableLoadParameters, state: DeferrableLoadState, reduction_kw: float) -> float:
    """Return the share of the pool's work that a reduction costs; beyond what was measured all of it."""
    full_kw = state.running_gpus * kw_per_running_gpu(params)
    if full_kw <= TOLERANCE_KW or params.job_class is JobClass.DEV_TEST_IDLE:
        return 0.0
    cut_ratio = min(1.0, reduction_kw / full_kw)
    if not isinstance(params.method, Capping):
        return min(1.0, cut_ratio / (1.0 - params.method.idle_power_ratio))
    curve = published_curve(params.job_class)
    if cut_ratio <= curve.deepest_cut_ratio:
        return curve.loss_at(cut_ratio)
    rest = (cut_ratio - curve.deepest_cut_ratio) / (1.0 - curve.deepest_cut_ratio)
    return curve.loss_ratio[-1] + rest * (1.0 - curve.loss_ratio[-1])
