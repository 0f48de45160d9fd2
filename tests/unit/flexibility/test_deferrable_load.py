from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import deferrable_load
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.job_class import JobClass, Tier
from vpp.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
TARIFF = Decimal("0.30")
PAUSING = Pausing(checkpoint_interval=HOUR, restart_time=timedelta(minutes=6), idle_power_ratio=0.2)


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


STATE = DeferrableLoadState(running_gpus=800.0)  # 400 kW at the connection: 800 x 0.4 x 1.25


@pytest.mark.parametrize(
    ("tier", "expected_kw"),
    [(Tier.FLEX0, 0.0), (Tier.FLEX1, 40.0), (Tier.FLEX2, 100.0), (Tier.FLEX3, 200.0)],
)
def test_the_tier_bounds_the_cut(tier: Tier, expected_kw: float) -> None:
    assert deferrable_load.available_kw(pool(tier=tier), STATE, QUARTER) == pytest.approx(expected_kw)


def test_a_cap_puts_off_the_worst_workloads_loss() -> None:
    after, change_kw = deferrable_load.advance(pool(), STATE, 100.0, HOUR)
    assert change_kw == pytest.approx(-100.0)
    assert after.backlog.total_gpu_h == pytest.approx(800.0 * 0.099)  # fine-tune at 25 %: 9.9 % at worst
    after, change_kw = deferrable_load.advance(pool(), after, 0.0, HOUR)
    assert change_kw == pytest.approx(79.2 * 0.5)  # done within the hour: 79.2 GPU h x 0.5 kW
    assert after.backlog == Backlog()


def test_catching_up_is_capped_by_free_gpus_rates_and_the_site() -> None:
    behind = DeferrableLoadState(800.0, Backlog((Piece(4 * HOUR, 1000.0),)))
    assert deferrable_load.recovery_kw(pool(), behind, HOUR) == pytest.approx(100.0)  # 200 free x 0.5 kW
    assert deferrable_load.recovery_kw(pool(max_recovery_kw=60.0), behind, HOUR) == pytest.approx(60.0)
    _, change_kw = deferrable_load.advance(pool(), behind, 0.0, HOUR, recovery_limit_kw=25.0)
    assert change_kw == pytest.approx(25.0)


def test_at_full_utilisation_there_is_no_rebound_only_lateness() -> None:
    full = DeferrableLoadState(running_gpus=1000.0)
    assert deferrable_load.available_kw(pool(), full, HOUR) == 0.0  # nothing could be caught up
    agreed = pool(max_late_gpu_h=200.0)
    after, change_kw = deferrable_load.advance(agreed, full, 125.0, HOUR)
    assert change_kw == pytest.approx(-125.0)
    for _ in range(5):
        after, change_kw = deferrable_load.advance(agreed, after, 0.0, HOUR)
        assert change_kw == 0.0
    assert after.backlog.late_gpu_h == pytest.approx(99.0)  # 1000 x 9.9 %
    assert deferrable_load.offer(agreed, full, 1, HOUR, tariff_per_kwh=TARIFF).recovery_ratio == 0.0  # type: ignore[union-attr]


def test_a_deadline_overrules_the_command() -> None:
    # 200 free GPUs need the whole hour that is left for 200 GPU h.
    urgent = DeferrableLoadState(800.0, Backlog((Piece(HOUR, 200.0),)))
    assert deferrable_load.available_kw(pool(), urgent, QUARTER) == 0.0
    after, change_kw = deferrable_load.advance(pool(), urgent, 50.0, QUARTER)
    assert change_kw == pytest.approx(100.0)
    assert after.backlog.total_gpu_h == pytest.approx(150.0)


def test_a_throttled_recovery_says_what_became_late() -> None:
    urgent = DeferrableLoadState(800.0, Backlog((Piece(HOUR, 200.0),)))
    after, _ = deferrable_load.advance(pool(), urgent, 0.0, HOUR, recovery_limit_kw=25.0)
    assert after.backlog.late_gpu_h == pytest.approx(150.0)  # 25 kW / 0.5 kW = 50 GPU h done
    assert after.backlog.overdue_gpu_h == pytest.approx(150.0)


def test_pausing_is_all_or_nothing() -> None:
    params = pool(method=PAUSING, tier=Tier.FLEX3)
    block_kw = 0.5 * 400.0 * 0.8  # half the pool; a paused GPU draws 20 %
    assert deferrable_load.available_kw(params, STATE, QUARTER) == pytest.approx(block_kw)
    after, change_kw = deferrable_load.advance(params, STATE, 1.0, QUARTER)
    assert change_kw == pytest.approx(-block_kw)
    assert after.paused
    bid = deferrable_load.offer(params, STATE, 2, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert (bid.divisible, bid.min_acceptance_ratio) == (False, 1.0)
    assert deferrable_load.envelope(params, STATE).p_min_kw == pytest.approx(block_kw)


def test_a_pause_loses_the_work_since_the_last_checkpoint_once() -> None:
    params = pool(method=PAUSING, tier=Tier.FLEX3)
    state = DeferrableLoadState(running_gpus=800.0, since_checkpoint=timedelta(minutes=30))
    state, _ = deferrable_load.advance(params, state, 160.0, QUARTER)
    # 400 GPUs: 15 min standing still, 30 min to redo, 6 min to restart
    assert state.backlog.total_gpu_h == pytest.approx(400.0 * 51.0 / 60.0)
    state, _ = deferrable_load.advance(params, state, 160.0, QUARTER)
    assert state.backlog.total_gpu_h == pytest.approx(400.0 * 66.0 / 60.0)
    state, _ = deferrable_load.advance(params, state, 0.0, QUARTER)
    assert not state.paused
    assert state.since_checkpoint == QUARTER


def test_a_restart_is_priced_as_fixed_cost() -> None:
    params = pool(method=PAUSING, tier=Tier.FLEX3)
    state = DeferrableLoadState(running_gpus=800.0, since_checkpoint=timedelta(minutes=30))
    bid = deferrable_load.offer(params, state, 2, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.fixed_cost == Decimal("108.00")  # 400 GPUs x 36 min x 0.5 kW x 0.90
    assert bid.price_per_mwh == Decimal("825.00")  # 0.90 / 0.8 - 0.30: idle power saves nothing
    fresh = deferrable_load.offer(params, STATE, 2, QUARTER, tariff_per_kwh=TARIFF)
    assert fresh is not None
    assert fresh.fixed_cost == Decimal("18.00")  # just after a checkpoint only the restart is lost


def test_a_cap_is_cheaper_than_a_pause_for_the_same_jobs() -> None:
    bid = deferrable_load.offer(pool(), STATE, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.price_per_mwh == Decimal("56.40")  # 0.90 x 0.099 / 0.25 - 0.30
    assert bid.recovery_ratio == pytest.approx(0.099 / 0.25)
    assert bid.fixed_cost == 0


def test_a_long_window_is_offered_at_the_cut_it_can_bear() -> None:
    # 20 free GPUs do 80 GPU h in 4 h; 4 h at 25 % would put off 800 x 9.9 % x 4 = 317 GPU h.
    small = pool(gpu_count=820.0)
    bid = deferrable_load.offer(small, STATE, 16, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert 0.0 < bid.reduction_kw[0] < 100.0
    assert deferrable_load.offer(pool(gpu_count=800.0), STATE, 1, QUARTER, tariff_per_kwh=TARIFF) is None


def test_idle_boards_lose_nothing() -> None:
    params = pool(job_class=JobClass.DEV_TEST_IDLE, method=PAUSING, agreed_cut_ratio=1.0)
    state, change_kw = deferrable_load.advance(params, STATE, 10.0, HOUR)
    assert change_kw == pytest.approx(-320.0)
    assert state.backlog == Backlog()
    bid = deferrable_load.offer(params, STATE, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert (bid.price_per_mwh, bid.recovery_ratio) == (Decimal("0.00"), 0.0)


def test_the_longest_activation_can_still_be_caught_up() -> None:
    envelope = deferrable_load.envelope(pool(gpu_count=820.0), STATE)
    assert envelope.max_duration == timedelta(hours=80.0 / 79.2)  # 20 GPUs x 4 h over 79.2 GPU h per hour
    assert envelope.energy_budget_kwh == pytest.approx(100.0 * 80.0 / 79.2)
    assert deferrable_load.envelope(pool(gpu_count=800.0), STATE).p_max_kw == 0.0


def test_who_may_not_be_cut_like_this_is_refused() -> None:
    with pytest.raises(InvalidInput, match="interactive inference"):
        pool(job_class=JobClass.INTERACTIVE_INFERENCE)
    assert pool(job_class=JobClass.INTERACTIVE_INFERENCE, tier=Tier.FLEX0).largest_cut_ratio == 0.0
    with pytest.raises(InvalidInput, match="measured response to caps"):
        pool(job_class=JobClass.ETL_RENDER_HPC)
    with pytest.raises(InvalidInput, match=r"largest_cut_ratio is 0\.6"):
        pool(agreed_cut_ratio=0.6)


def test_recovery_limited_to_next_to_nothing_is_no_recovery() -> None:
    offer = deferrable_load.offer(
        pool(max_recovery_kw=2.2e-309, max_late_gpu_h=10_000.0),
        STATE,
        1,
        QUARTER,
        tariff_per_kwh=Decimal("0.60"),
    )
    assert offer is not None
    assert offer.recovery_intervals == 0
    assert offer.max_recovery_kw == 0.0


def test_an_increase_catches_up_and_brings_work_forward() -> None:
    owing = DeferrableLoadState(800.0, Backlog((Piece(4 * HOUR, 40.0),)), waiting_gpu_h=100.0)
    assert deferrable_load.available_increase_kw(pool(), owing, HOUR) == pytest.approx(70.0)
    after, change_kw = deferrable_load.advance(pool(), owing, 0.0, HOUR, increase_kw=50.0)
    assert change_kw == pytest.approx(50.0)
    assert (after.backlog, after.waiting_gpu_h) == (Backlog(), pytest.approx(40.0))
    _, change_kw = deferrable_load.advance(pool(), owing, 0.0, HOUR, increase_kw=999.0)
    assert change_kw == pytest.approx(70.0)


def test_an_increase_never_catches_up_too_little() -> None:
    urgent = DeferrableLoadState(800.0, Backlog((Piece(HOUR, 150.0),)))
    after, change_kw = deferrable_load.advance(pool(), urgent, 0.0, HOUR, increase_kw=5.0)
    assert change_kw == pytest.approx(75.0)
    assert after.backlog.late_gpu_h == 0.0


def test_without_free_gpus_or_work_there_is_no_increase() -> None:
    full = DeferrableLoadState(1000.0, waiting_gpu_h=50.0)
    assert deferrable_load.available_increase_kw(pool(), full, HOUR) == 0.0
    assert deferrable_load.available_increase_kw(pool(), STATE, HOUR) == 0.0
    with pytest.raises(InvalidInput, match="one of them to be 0"):
        deferrable_load.advance(pool(), STATE, 1.0, HOUR, increase_kw=1.0)


def test_the_envelope_prices_work_and_restart() -> None:
    found = deferrable_load.envelope(pool(), STATE, tariff_per_kwh=TARIFF)
    assert float(found.cost.per_kwh) == pytest.approx(0.90 * 0.099 / 0.25 - 0.30)
    assert found.confidence.p10_ratio == 0.8
    paused = deferrable_load.envelope(pool(method=PAUSING, tier=Tier.FLEX3), STATE, tariff_per_kwh=TARIFF)
    assert paused.cost.per_start == Decimal("198.00")  # 400 GPUs x 66 min x 0.5 kW x 0.90
    assert deferrable_load.envelope(pool(tier=Tier.FLEX0), STATE).why_not != ""
