from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.job_clusters import HOUR, MINUTE, PAUSE, job_cluster, job_group
from vpp.flexibility.envelope import Boundary, FlexDirection, RecoveryShape
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import cluster_state
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.job_group_offers import (
    envelope,
    offers,
    quick_enough,
    response_time,
)
from vpp.flexibility.knob import Knob
from vpp.flexibility.pause_rules import PauseRules

QUARTER = timedelta(minutes=15)
TARIFF = Decimal("0.30")
PARAMS = job_cluster(job_group("caps"), job_group("pauses", tier=Tier.FLEX0, pause=PAUSE))
STATE = cluster_state(PARAMS, (GroupState(400.0), GroupState(100.0)))  # 50 kW by caps, 40 by the pause


def test_the_ladder_is_caps_first_then_a_block_for_each_pause() -> None:
    caps, pause = offers(PARAMS, STATE, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert (caps.divisible, caps.reduction_kw) == (True, pytest.approx((50.0,) * 4))
    # The steepest part of the published curve up to 25 %: (0.099 - 0.077) / 0.05 = 0.44 per kWh.
    assert caps.price_per_mwh == Decimal("96.00")  # 0.44 x 0.90 - 0.30
    assert (pause.divisible, pause.min_acceptance_ratio) == (False, 1.0)
    assert pause.reduction_kw == pytest.approx((40.0,) * 4)
    assert pause.price_per_mwh == Decimal("825.00")  # 0.90 / 0.8 - 0.30: idle power saves nothing
    assert pause.fixed_cost == Decimal("4.50")  # 100 GPUs x 6 min x 0.5 kW x 0.90
    assert caps.cost is not None
    assert caps.cost.at(Decimal(0)) == Decimal("0.396")


def test_a_restart_that_may_fail_makes_the_pause_dearer() -> None:
    rules = PauseRules(HOUR, 6 * MINUTE, restart_failure_ratio=0.25, mend_time=2 * HOUR)
    params = job_cluster(job_group("a", tier=Tier.FLEX0, pause=rules))
    (pause,) = offers(params, cluster_state(params, (GroupState(100.0),)), 4, QUARTER, tariff_per_kwh=TARIFF)
    assert pause.fixed_cost == Decimal("27.00")  # 6 min and a quarter of 2 h: 36 min x 50 kW x 0.90


def test_cheaper_power_makes_every_rung_dearer() -> None:
    dear = offers(PARAMS, STATE, 4, QUARTER, tariff_per_kwh=Decimal("0.30"))
    cheap = offers(PARAMS, STATE, 4, QUARTER, tariff_per_kwh=Decimal("0.15"))
    assert [b.price_per_mwh - a.price_per_mwh for a, b in zip(dear, cheap, strict=True)] == [150, 150]


def test_work_made_up_on_free_gpus_comes_back() -> None:
    caps, _ = offers(PARAMS, STATE, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert caps.recovery_ratio == pytest.approx(0.099 / 0.25)
    assert (caps.recovery_intervals, caps.max_recovery_kw) == (1, pytest.approx(100.0))  # 19.8 kWh at 100 kW
    full = job_cluster(job_group("a"), gpu_count=400.0)
    state = cluster_state(full, (group_with_deadline(400.0, 2000.0, 10 * HOUR),))
    (caps,) = offers(full, state, 4, QUARTER, tariff_per_kwh=TARIFF)
    assert (caps.recovery_ratio, caps.recovery_intervals) == (0.0, 0)


def test_nothing_to_give_is_no_offer() -> None:
    idle = cluster_state(PARAMS, (GroupState(0.0), GroupState(0.0)))
    assert offers(PARAMS, idle, 4, QUARTER, tariff_per_kwh=TARIFF) == ()
    assert envelope(PARAMS, idle).why_not != ""


def test_a_quick_product_gets_quick_knobs_only() -> None:
    assert response_time(PARAMS) == 2 * MINUTE
    quick = quick_enough(PARAMS, timedelta(seconds=30))
    assert Knob.PAUSE not in quick.knobs
    assert response_time(quick) == timedelta(seconds=30)
    assert envelope(quick, STATE).p_max_kw == pytest.approx(50.0)
    serve = job_cluster(job_group("s", job_class=JobClass.BATCH_INFERENCE, has_replicas=True))
    assert response_time(serve) == 13 * MINUTE
    assert response_time(quick_enough(serve, 5 * MINUTE)) == timedelta(seconds=30)


def test_the_envelope_tells_all_four_dimensions() -> None:
    found = envelope(PARAMS, STATE, tariff_per_kwh=TARIFF)
    assert (found.direction, found.boundary) == (FlexDirection.LOAD_DOWN, Boundary.POC)
    assert (found.p_max_kw, found.p_min_kw) == (pytest.approx(90.0), 0.0)
    assert found.promised_kw == pytest.approx(81.0)
    assert found.delay == 2 * MINUTE
    hours = found.max_duration / HOUR
    assert 7.0 < hours <= 8.0  # what is lost first must be made up within 8 h
    assert found.energy_budget_kwh == pytest.approx(90.0 * hours)
    lost_gpu_h = (400.0 * 0.099 + 100.0) * hours + 10.0
    assert found.recovery.backlog_gpu_h == pytest.approx(lost_gpu_h)
    assert found.recovery.energy_kwh == pytest.approx(0.5 * lost_gpu_h)
    assert found.recovery.shape is RecoveryShape.BACKLOG
    value = Decimal(repr(round(0.5 * lost_gpu_h / (90.0 * hours), 9))) * Decimal("0.90")
    assert float(found.cost.per_kwh) == pytest.approx(float(value - TARIFF))


def test_pauses_alone_come_in_blocks() -> None:
    only = job_cluster(job_group("a", tier=Tier.FLEX0, pause=PAUSE))
    found = envelope(only, cluster_state(only, (GroupState(100.0),)))
    assert found.p_min_kw == found.p_max_kw == pytest.approx(40.0)
