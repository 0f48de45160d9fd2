from datetime import timedelta

import pytest

from tests.support.job_clusters import HOUR, MINUTE, PAUSE, job_cluster, job_group
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.job_class import JobClass
from vpp.flexibility.job_cluster import JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.job_group_terms import cluster_terms, group_terms
from vpp.flexibility.pause_rules import PauseRules

PARAMS = job_cluster(job_group("a"), job_group("b", job_class=JobClass.PRETRAIN))
STATE = cluster_state(PARAMS, (GroupState(300.0), group_with_deadline(100.0, 600.0, 8 * HOUR)))


def test_each_group_has_its_own_terms() -> None:
    a, b = group_terms(PARAMS, STATE, 4, HOUR)
    assert (a.resource_id, b.resource_id) == ("cluster/a", "cluster/b")
    assert a.load_kw == (150.0,) * 4
    assert sum(each.width_ratio for each in a.segments) == pytest.approx(0.25)
    assert (a.due_after, b.due_after) == ((8,) * 4, (7, 6, 5, 4))
    assert (a.max_late_kwh, b.max_late_kwh) == (0.0, pytest.approx(100.0))  # b: 200 GPU h of slack
    assert (a.ahead_kwh, b.ahead_kwh) == (0.0, pytest.approx(300.0))
    assert (a.value_per_kwh, a.delivery_ratio) == (0.9, 0.9)


def test_free_gpus_are_shared_out_and_never_given_twice() -> None:
    a, b = group_terms(PARAMS, STATE, 4, HOUR)
    assert (a.later_catch_up_kw, b.later_catch_up_kw) == pytest.approx((75.0, 25.0))  # 100 kW by size
    owing = JobClusterState((STATE.groups[0], GroupState(100.0, Backlog((Piece(HOUR, 150.0),)))), 600.0)
    a, b = group_terms(PARAMS, owing, 4, HOUR)
    assert (a.later_catch_up_kw, b.later_catch_up_kw) == pytest.approx((37.5 * 0.5, 162.5 * 0.5))
    assert b.backlog_kwh == ((0, 75.0),)
    too_much = JobClusterState((STATE.groups[0], GroupState(100.0, Backlog((Piece(HOUR, 250.0),)))), 600.0)
    _, b = group_terms(PARAMS, too_much, 4, HOUR)
    assert b.max_late_kwh == pytest.approx(
        25.0
    )  # 50 GPU h cannot be done in time: a plan exists all the same


def test_a_pause_begins_at_a_checkpoint() -> None:
    params = job_cluster(job_group("a", job_class=JobClass.PRETRAIN, pause=PAUSE))
    state = cluster_state(params, (GroupState(100.0, since_checkpoint=30 * MINUTE),))
    pause = group_terms(params, state, 8, 15 * MINUTE)[0].pause
    assert pause is not None
    assert pause.is_allowed == (False, False, True, True, False, False, True, True)
    assert pause.restart_kwh == pytest.approx(50.0 * (15 + 6) / 60)
    assert (pause.max_count, pause.idle_power_ratio, pause.paused_for) == (1, 0.2, 0)
    again = cluster_state(params, (GroupState(100.0, pause_count=1, paused_for=30 * MINUTE),))
    pause = group_terms(params, again, 8, 15 * MINUTE)[0].pause
    assert pause is not None
    assert (pause.max_count, pause.paused_for) == (0, 2)


def test_with_notice_enough_a_pause_begins_anywhere() -> None:
    params = job_cluster(job_group("a", pause=PAUSE), notice=HOUR)
    state = cluster_state(params, (GroupState(100.0, since_checkpoint=30 * MINUTE),))
    pause = group_terms(params, state, 8, 15 * MINUTE)[0].pause
    assert pause is not None
    assert all(pause.is_allowed)
    assert pause.restart_kwh == pytest.approx(50.0 * 6 / 60)


def test_the_restarts_worst_case_is_planned_with() -> None:
    rules = PauseRules(HOUR, 6 * MINUTE, restart_failure_ratio=0.1, mend_time=HOUR, shortest=40 * MINUTE)
    params = job_cluster(job_group("a", pause=rules), notice=HOUR)
    pause = group_terms(params, cluster_state(params, (GroupState(100.0),)), 8, 15 * MINUTE)[0].pause
    assert pause is not None
    assert pause.restart_kwh == pytest.approx(50.0 * 66 / 60)
    assert pause.shortest_intervals == 3


def test_pinned_groups_neither_catch_up_nor_run_ahead() -> None:
    params = job_cluster(job_group("a", is_pinned=True))
    (terms,) = group_terms(params, cluster_state(params, (GroupState(100.0),)), 4, HOUR)
    assert (terms.later_catch_up_kw, terms.segments, terms.ahead_kwh) == (0.0, (), 0.0)


def test_groups_without_load_or_debt_are_left_out() -> None:
    state = cluster_state(PARAMS, (GroupState(0.0), GroupState(0.0)))
    assert group_terms(PARAMS, state, 4, HOUR) == ()
    assert cluster_terms(PARAMS, state, 4, HOUR).load_kw == (0.0,) * 4


def test_the_cluster_as_one_is_the_sum_on_the_safe_side() -> None:
    whole = cluster_terms(PARAMS, STATE, 4, HOUR)
    assert whole.resource_id == "cluster"
    assert whole.load_kw == (200.0,) * 4
    widths = sum(each.width_ratio for each in whole.segments)
    assert widths == pytest.approx(0.25)
    assert whole.due_after == (7, 6, 5, 4)
    assert whole.later_catch_up_kw == pytest.approx(100.0)
    assert whole.pause is None


@pytest.mark.parametrize("step", [timedelta(minutes=5), HOUR])
def test_segments_lose_ever_more(step: timedelta) -> None:
    for terms in (*group_terms(PARAMS, STATE, 4, step), cluster_terms(PARAMS, STATE, 4, step)):
        lost = [each.lost_ratio for each in terms.segments]
        assert lost == sorted(lost)
