"""Work put off is done again before its deadline, and none of it gets lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.flexibility import deferrable_load
from vpp.flexibility.backlog import Backlog, Piece, catch_up, unavoidable_gpu_h
from vpp.flexibility.deferrable_pool import (
    Capping,
    DeferrableLoadParameters,
    DeferrableLoadState,
    Pausing,
    kw_per_running_gpu,
)
from vpp.flexibility.job_class import JobClass, Tier

HOUR = timedelta(hours=1)
STEPS = st.integers(60, 3600).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def pools(draw: st.DrawFn) -> tuple[DeferrableLoadParameters, DeferrableLoadState]:
    gpu_count = draw(st.floats(1.0, 10_000.0))
    method = draw(
        st.sampled_from(
            (Capping(), Pausing(timedelta(minutes=30), timedelta(minutes=4), 0.2)),
        )
    )
    params = DeferrableLoadParameters(
        resource_id="gpu",
        job_class=draw(st.sampled_from((JobClass.BATCH_INFERENCE, JobClass.FINETUNE, JobClass.PRETRAIN))),
        tier=draw(st.sampled_from(Tier)),
        method=method,
        gpu_count=gpu_count,
        kw_per_gpu=draw(st.floats(0.1, 1.2)),
        overhead_slope_ratio=draw(st.floats(0.0, 0.5)),
        job_value_per_kwh=Decimal("0.90"),
        catch_up_within=draw(st.integers(600, 43_200).map(lambda seconds: timedelta(seconds=seconds))),
        max_recovery_kw=draw(st.floats(0.0, 5_000.0)),
        response_time=timedelta(seconds=30),
        delivery_ratio=0.8,
        max_late_gpu_h=draw(st.just(0.0) | st.floats(0.0, 100.0)),
    )
    state = DeferrableLoadState(
        running_gpus=gpu_count * draw(st.floats(0.0, 1.0)),
        since_checkpoint=timedelta(seconds=draw(st.integers(0, 1800))),
    )
    return params, state


@settings(deadline=None)
@given(pools(), st.lists(st.sampled_from((0.0, 0.3, 1.0, 5.0)), min_size=1, max_size=40), STEPS)
def test_no_command_makes_work_late_or_loses_it(
    pool: tuple[DeferrableLoadParameters, DeferrableLoadState], shares: list[float], step: timedelta
) -> None:
    params, state = pool
    for share in shares:
        promised_kw = deferrable_load.available_kw(params, state, step)
        command_kw = share * promised_kw
        before_gpu_h = state.backlog.total_gpu_h
        after, change_kw = deferrable_load.advance(params, state, command_kw, step)
        if command_kw > 0.0:
            assert -promised_kw <= change_kw <= -min(command_kw, promised_kw) * (1 - 1e-12)
            assert after.backlog.total_gpu_h >= before_gpu_h - 1e-6
        else:
            done_gpu_h = change_kw * (step / HOUR) / kw_per_running_gpu(params)
            assert before_gpu_h - after.backlog.total_gpu_h == pytest.approx(done_gpu_h, abs=1e-6)
            assert change_kw <= params.max_recovery_kw * (1 + 1e-9) + 1e-6
        assert after.backlog.late_gpu_h <= params.max_late_gpu_h + 1e-6
        state = after


@settings(deadline=None)
@given(pools(), STEPS)
def test_the_whole_backlog_is_worked_off_in_time(
    pool: tuple[DeferrableLoadParameters, DeferrableLoadState], step: timedelta
) -> None:
    params, state = pool
    for _ in range(10):
        command_kw = deferrable_load.available_kw(params, state, step)
        state, _ = deferrable_load.advance(params, state, command_kw, step)
    for _ in range(params.catch_up_within // step + 2):
        state, _ = deferrable_load.advance(params, state, 0.0, step)
    assert state.backlog.in_time_gpu_h == 0.0
    assert state.backlog.late_gpu_h <= params.max_late_gpu_h + 1e-6


@settings(deadline=None)
@given(pools(), st.integers(1, 12), STEPS)
def test_what_is_offered_can_be_held_in_every_interval(
    pool: tuple[DeferrableLoadParameters, DeferrableLoadState], interval_count: int, step: timedelta
) -> None:
    params, state = pool
    bid = deferrable_load.offer(params, state, interval_count, step, tariff_per_kwh=Decimal("0.60"))
    if bid is None:
        return
    for reduction_kw in bid.reduction_kw:
        state, change_kw = deferrable_load.advance(params, state, reduction_kw, step)
        assert -change_kw == pytest.approx(reduction_kw, rel=1e-6, abs=1e-6)
    assert state.backlog.late_gpu_h <= params.max_late_gpu_h + 1e-6


@st.composite
def backlogs(draw: st.DrawFn) -> Backlog:
    spans_s = sorted(draw(st.lists(st.integers(1, 36_000), max_size=8)))
    return Backlog(
        tuple(Piece(timedelta(seconds=span_s), draw(st.floats(0.01, 100.0))) for span_s in spans_s)
    )


@settings(deadline=None)
@given(backlogs(), st.floats(0.0, 50.0), STEPS)
def test_what_becomes_late_is_what_was_called_unavoidable(
    backlog: Backlog, gpus: float, step: timedelta
) -> None:
    unavoidable = unavoidable_gpu_h(backlog, gpus, timedelta(0))
    total_gpu_h, done_gpu_h = backlog.total_gpu_h, 0.0
    while backlog.pieces:
        backlog, step_gpu_h = catch_up(backlog, gpus, step)
        done_gpu_h += step_gpu_h
    assert backlog.late_gpu_h == pytest.approx(unavoidable, abs=1e-6)
    assert done_gpu_h + backlog.total_gpu_h == pytest.approx(total_gpu_h)
