from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.job_clusters import HOUR, PAUSE, job_cluster, job_group
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.cut_limits import cut_limits, largest_kw, pause_kw, restart_gpu_h
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.knob import Knob

QUARTER = timedelta(minutes=15)


def test_with_room_for_all_every_group_goes_to_its_tier() -> None:
    params = job_cluster(job_group("a"), job_group("b", tier=Tier.FLEX1))
    limits = cut_limits(params, cluster_state(params, (GroupState(400.0), GroupState(200.0))), 4, QUARTER)
    assert [each.divisible_kw for each in limits] == pytest.approx([50.0, 10.0])  # 25 % and 10 %
    assert largest_kw(params, limits) == pytest.approx(60.0)


def test_with_little_room_what_loses_least_work_per_kw_comes_first() -> None:
    params = job_cluster(
        job_group("dear", job_class=JobClass.BATCH_INFERENCE, job_value_per_kwh=Decimal(9)),
        job_group("cheap", job_class=JobClass.PRETRAIN, job_value_per_kwh=Decimal(1)),
        max_recovery_kw=1.0,  # 2 GPUs
    )
    limits = cut_limits(params, cluster_state(params, (GroupState(400.0), GroupState(400.0))), 4, HOUR)
    # Due 5 h after it is lost, at the earliest: 2 x 5 GPU h at once, 2 x 8 in all, so 4 GPU h per hour.
    assert limits[0].curve.deepest_cut_ratio == pytest.approx(0.05 * 0.01 / 0.012)
    assert limits[1].curve.deepest_cut_ratio == 0.0


def test_without_free_gpus_only_slack_can_be_cut() -> None:
    params = job_cluster(job_group("stream"), job_group("ends"))
    states = (GroupState(500.0), group_with_deadline(500.0, 2000.0, 10 * HOUR))
    limits = cut_limits(params, cluster_state(params, states), 4, HOUR)
    assert [each.divisible_kw for each in limits] == pytest.approx([0.0, 62.5])


def test_an_urgent_backlog_forbids_everything() -> None:
    params = job_cluster(job_group("a", pause=PAUSE))
    urgent = GroupState(100.0, Backlog((Piece(HOUR, 200.0),)))  # 200 GPUs may catch up: the whole hour
    limits = cut_limits(params, JobClusterState((urgent,), 900.0), 1, QUARTER)
    assert (limits[0].divisible_kw, limits[0].can_pause) == (0.0, False)


def test_a_pause_counts_its_restart_and_comes_where_it_fits() -> None:
    params = job_cluster(job_group("a", pause=PAUSE), max_recovery_kw=10.0)  # 20 GPUs x 8 h = 160 GPU h
    fits = cluster_state(params, (GroupState(80.0),))  # 2 h: 160 GPU h, and 8 for the restart
    assert not cut_limits(params, fits, 2, HOUR)[0].can_pause
    assert cut_limits(params, fits, 7, QUARTER)[0].can_pause
    old = cluster_state(params, (GroupState(80.0, since_checkpoint=HOUR),))
    assert restart_gpu_h(params, params.groups[0], old.groups[0]) == pytest.approx(80.0 * 1.1)
    assert not cut_limits(params, old, 4, QUARTER)[0].can_pause
    assert pause_kw(params.groups[0], cut_limits(params, fits, 1, HOUR)[0]) == pytest.approx(32.0)


def test_pretraining_is_paused_once_in_an_activation() -> None:
    params = job_cluster(job_group("a", job_class=JobClass.PRETRAIN, pause=PAUSE))
    once = GroupState(100.0, pause_count=1)
    assert not cut_limits(params, cluster_state(params, (once,)), 1, QUARTER)[0].can_pause
    standing = GroupState(100.0, pause_count=1, paused_for=HOUR)
    assert cut_limits(params, cluster_state(params, (standing,)), 1, QUARTER)[0].can_pause
    tuning = job_cluster(job_group("a", pause=PAUSE))
    assert cut_limits(tuning, cluster_state(tuning, (once,)), 1, QUARTER)[0].can_pause


def test_a_knob_that_may_not_be_used_is_not() -> None:
    params = job_cluster(job_group("a", pause=PAUSE), knobs=frozenset({Knob.PAUSE}))
    limits = cut_limits(params, cluster_state(params, (GroupState(100.0),)), 1, QUARTER)
    assert (limits[0].divisible_kw, limits[0].can_pause) == (0.0, True)


def test_a_group_that_ends_in_the_window_gives_nothing_for_it() -> None:
    params = job_cluster(job_group("a"))
    state = cluster_state(params, (group_with_deadline(100.0, 10.0, HOUR),))
    assert largest_kw(params, cut_limits(params, state, 4, QUARTER)) > 0.0
    assert largest_kw(params, cut_limits(params, state, 5, QUARTER)) == 0.0
