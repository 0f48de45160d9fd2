from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import deferrable_load
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.observed_work import after_observed, first_account

HOUR = timedelta(hours=1)


def pool(**changes: object) -> DeferrableLoadParameters:
    fields: dict[str, object] = {
        "resource_id": "gpu",
        "job_class": JobClass.FINETUNE,
        "tier": Tier.FLEX2,
        "method": Capping(),
        "gpu_count": 1000.0,
        "kw_per_gpu": 0.5,
        "overhead_slope_ratio": 0.0,
        "job_value_per_kwh": Decimal("0.90"),
        "catch_up_within": 4 * HOUR,
        "max_recovery_kw": 500.0,
        "response_time": timedelta(seconds=30),
        "delivery_ratio": 0.8,
    }
    return DeferrableLoadParameters(**(fields | changes))  # type: ignore[arg-type]


STATE = DeferrableLoadState(running_gpus=800.0)  # 400 kW


def test_a_reduction_seen_puts_work_off_as_the_model_would() -> None:
    seen = after_observed(pool(), STATE, 100.0, HOUR)
    modelled, _ = deferrable_load.advance(pool(), STATE, 100.0, HOUR)
    assert seen.backlog.total_gpu_h == pytest.approx(modelled.backlog.total_gpu_h) == pytest.approx(79.2)


@pytest.mark.parametrize(("reduction_kw", "lost_ratio"), [(200.0, 0.354), (300.0, 0.677), (400.0, 1.0)])
def test_beyond_what_was_measured_the_loss_rises_to_all(reduction_kw: float, lost_ratio: float) -> None:
    seen = after_observed(pool(), STATE, reduction_kw, HOUR)
    assert seen.backlog.total_gpu_h == pytest.approx(800.0 * lost_ratio)


def test_what_is_drawn_beyond_the_load_makes_up_for_it() -> None:
    owing = DeferrableLoadState(800.0, Backlog((Piece(3 * HOUR, 60.0),)))
    assert after_observed(pool(), owing, -20.0, HOUR).backlog.total_gpu_h == pytest.approx(20.0)
    waiting = after_observed(pool(), owing, 0.0, HOUR)
    assert waiting.backlog == Backlog((Piece(2 * HOUR, 60.0),))
    assert after_observed(pool(), waiting, 0.0, 2 * HOUR).backlog.late_gpu_h == 60.0


def test_jobs_that_stand_still_lose_all_and_idle_boards_nothing() -> None:
    pausing = Pausing(HOUR, timedelta(0), idle_power_ratio=0.2)
    seen = after_observed(pool(method=pausing), STATE, 160.0, HOUR)
    assert seen.backlog.total_gpu_h == pytest.approx(400.0)
    idle = pool(method=pausing, job_class=JobClass.DEV_TEST_IDLE)
    assert after_observed(idle, STATE, 160.0, HOUR).backlog == Backlog()


def test_what_nobody_saw_begin_is_taken_for_the_most_it_can_be() -> None:
    assert first_account(pool(), STATE, 0.0) == Backlog()
    worst = first_account(pool(), STATE, 50.0)
    assert worst.total_gpu_h == pytest.approx(200.0 * 4)  # all that the free GPUs do in 4 h
    state = DeferrableLoadState(800.0, worst)
    assert deferrable_load.available_kw(pool(), state, HOUR) == 0.0
