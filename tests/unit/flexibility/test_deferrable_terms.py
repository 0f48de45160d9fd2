from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.deferrable_terms import terms
from vpp.flexibility.job_class import JobClass, Tier

HOUR = timedelta(hours=1)
PAUSING = Pausing(checkpoint_interval=HOUR, restart_time=timedelta(minutes=6), idle_power_ratio=0.2)
STATE = DeferrableLoadState(800.0, Backlog((Piece(3 * HOUR, 40.0),)), waiting_gpu_h=10.0)


def pool(**changes: object) -> DeferrableLoadParameters:
    fields: dict[str, object] = {
        "resource_id": "gpu",
        "job_class": JobClass.FINETUNE,
        "tier": Tier.FLEX2,
        "method": Capping(),
        "gpu_count": 1000.0,
        "kw_per_gpu": 0.4,
        "overhead_slope_ratio": 0.25,
        "job_value_per_kwh": Decimal("0.90"),
        "catch_up_within": 4 * HOUR,
        "max_recovery_kw": 500.0,
        "response_time": timedelta(seconds=30),
        "delivery_ratio": 0.8,
    }
    return DeferrableLoadParameters(**(fields | changes))  # type: ignore[arg-type]


def test_a_capped_pool_has_its_cap_response_in_segments() -> None:
    found = terms(pool(), STATE, 6, HOUR)
    assert found.load_kw == (400.0,) * 6
    assert sum(each.width_ratio for each in found.segments) == pytest.approx(0.25)
    lost = sum(each.width_ratio * each.lost_ratio for each in found.segments)
    assert 0.099 <= lost < 0.11  # never understated
    assert (found.catch_up_kw[0], found.later_catch_up_kw) == (100.0, 100.0)  # 200 free GPUs
    assert (found.due_after, found.backlog_kwh) == ((4,) * 6, ((2, 20.0),))
    assert (found.ahead_kwh, found.max_late_kwh, found.pause) == (5.0, 0.0, None)


def test_a_pool_that_pauses_is_the_share_that_stands_still() -> None:
    state = DeferrableLoadState(800.0, since_checkpoint=timedelta(minutes=30), paused=True)
    found = terms(pool(method=PAUSING, tier=Tier.FLEX3), state, 8, timedelta(minutes=15))
    assert found.load_kw[0] == pytest.approx(200.0)
    assert found.segments == ()
    assert found.pause is not None
    assert found.pause.is_allowed == (False, False, True, True, False, False, True, True)
    assert found.pause.restart_kwh == pytest.approx(200.0 * 21 / 60)
    assert found.pause.paused_for == 1


def test_idle_boards_lose_nothing() -> None:
    found = terms(
        pool(job_class=JobClass.DEV_TEST_IDLE, method=PAUSING, agreed_cut_ratio=1.0, gpu_count=800.0),
        STATE,
        4,
        HOUR,
    )
    assert [(each.width_ratio, each.lost_ratio) for each in found.segments] == [(0.8, 0.0)]


def test_without_free_gpus_nothing_is_cut_unless_lateness_is_agreed() -> None:
    full = DeferrableLoadState(1000.0)
    assert terms(pool(), full, 4, HOUR).segments == ()
    agreed = terms(pool(max_late_gpu_h=100.0), full, 4, HOUR)
    assert agreed.segments != ()
    assert agreed.max_late_kwh == pytest.approx(50.0)


def test_what_cannot_be_done_in_time_may_be_late() -> None:
    behind = DeferrableLoadState(800.0, Backlog((Piece(HOUR, 250.0),)))
    assert terms(pool(), behind, 4, HOUR).max_late_kwh == pytest.approx(25.0)  # 200 GPUs do 200 GPU h
