import math
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.job_clusters import HOUR, MINUTE, PAUSE, job_cluster, job_group
from vpp.flexibility import job_groups
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.job_class import JobClass
from vpp.flexibility.job_cluster import JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.pause_rules import PauseRules
from vpp.foundation.errors import InvalidInput

QUARTER = timedelta(minutes=15)
PARAMS = job_cluster(job_group("a"), max_recovery_kw=50.0)  # 100 GPUs may catch up
STATE = cluster_state(PARAMS, (GroupState(400.0),))


def test_a_cut_puts_work_off_and_release_makes_it_up() -> None:
    after, change_kw = job_groups.advance(PARAMS, STATE, 50.0, HOUR)
    assert change_kw == pytest.approx(-50.0)  # 25 % of 200 kW
    assert after.groups[0].backlog.total_gpu_h == pytest.approx(400.0 * 0.099)
    assert job_groups.recovery_kw(PARAMS, after, QUARTER) == pytest.approx(50.0)
    released, change_kw = job_groups.advance(PARAMS, after, 0.0, HOUR)
    assert change_kw == pytest.approx(39.6 * 0.5)
    assert released.groups[0].backlog == Backlog()


def test_a_limited_recovery_says_what_became_late() -> None:
    urgent = JobClusterState((GroupState(400.0, Backlog((Piece(HOUR, 100.0),))),), 600.0)
    assert job_groups.available_kw(PARAMS, urgent, QUARTER) == 0.0
    after, change_kw = job_groups.advance(PARAMS, urgent, 30.0, HOUR)
    assert change_kw == pytest.approx(50.0)  # the deadline stands against the command
    assert after.groups[0].backlog.late_gpu_h == 0.0
    after, change_kw = job_groups.advance(PARAMS, urgent, 0.0, HOUR, recovery_limit_kw=20.0)
    assert change_kw == pytest.approx(20.0)
    assert after.groups[0].backlog.late_gpu_h == pytest.approx(60.0)


def test_at_full_utilisation_there_is_no_rebound() -> None:
    full = cluster_state(PARAMS, (group_with_deadline(1000.0, 5000.0, 10 * HOUR),))
    after, change_kw = job_groups.advance(PARAMS, full, 125.0, HOUR)
    assert change_kw == pytest.approx(-125.0)
    assert job_groups.recovery_kw(PARAMS, after, HOUR) == 0.0
    after, change_kw = job_groups.advance(PARAMS, after, 0.0, HOUR)
    assert (change_kw, after.groups[0].backlog.total_gpu_h) == (0.0, pytest.approx(99.0))
    for _ in range(8):
        after, _ = job_groups.advance(PARAMS, after, 0.0, HOUR)
    assert after.groups[0].backlog == Backlog()  # done on its own machines before the deadline
    assert after.groups[0].running_gpus == 0.0


def test_what_is_urgent_is_made_up_first() -> None:
    params = job_cluster(job_group("a"), job_group("b"), max_recovery_kw=50.0)
    owing = (
        GroupState(200.0, Backlog((Piece(6 * HOUR, 100.0),))),
        GroupState(200.0, Backlog((Piece(2 * HOUR, 100.0),))),
    )
    after, _ = job_groups.advance(params, JobClusterState(owing, 600.0), 0.0, HOUR)
    assert [each.backlog.total_gpu_h for each in after.groups] == pytest.approx([100.0, 0.0])


def test_a_pause_costs_its_restart_once_and_ends_with_the_command() -> None:
    params = job_cluster(job_group("a", pause=PAUSE))
    state = cluster_state(params, (GroupState(100.0, since_checkpoint=30 * MINUTE),))
    state, change_kw = job_groups.advance(params, state, 40.0, QUARTER)
    assert change_kw == pytest.approx(-40.0)  # 50 kW less what idle GPUs draw
    assert state.groups[0].is_paused
    assert state.groups[0].backlog.total_gpu_h == pytest.approx(100.0 * (15 + 30 + 6) / 60)
    state, _ = job_groups.advance(params, state, 40.0, QUARTER)
    assert state.groups[0].paused_for == 30 * MINUTE
    assert state.groups[0].backlog.total_gpu_h == pytest.approx(100.0 * (30 + 30 + 6) / 60)
    state, _ = job_groups.advance(params, state, 0.0, QUARTER)
    assert (state.groups[0].is_paused, state.groups[0].pause_count) == (False, 0)
    assert state.groups[0].since_checkpoint == QUARTER


def test_a_failed_restart_stands_until_it_is_mended() -> None:
    rules = PauseRules(HOUR, 6 * MINUTE, restart_failure_ratio=0.2, mend_time=2 * HOUR)
    group = job_group("a", pause=rules)
    params = job_cluster(group, max_recovery_kw=100.0)
    state = cluster_state(params, (GroupState(100.0),))
    state, _ = job_groups.advance(params, state, 40.0, HOUR)
    failed = job_groups.failed_restart(group, state.groups[0])
    assert failed.backlog.total_gpu_h == pytest.approx(100.0 * (1.0 + 0.1 + 2.0))
    assert not failed.is_paused
    ends = group_with_deadline(100.0, 500.0, 10 * HOUR, backlog_gpu_h=50.0)
    assert job_groups.failed_restart(group, ends).backlog.in_time_gpu_h == pytest.approx(250.0)
    steady = job_group("b")
    assert job_groups.failed_restart(steady, ends) is ends
    # Where mending would make work late, the group is not paused in the first place.
    tight = replace(params, max_recovery_kw=10.0)  # 20 GPUs x 8 h do 160 GPU h, 310 would be owed
    assert job_groups.available_kw(tight, cluster_state(tight, (GroupState(100.0),)), HOUR) < 40.0


def test_work_is_brought_forward_on_free_gpus() -> None:
    ends = group_with_deadline(400.0, 2000.0, 10 * HOUR)
    state = cluster_state(PARAMS, (ends,))
    assert job_groups.available_increase_kw(PARAMS, state, HOUR) == pytest.approx(300.0)  # 600 free GPUs
    after, change_kw = job_groups.advance(PARAMS, state, 0.0, HOUR, increase_kw=120.0)
    assert change_kw == pytest.approx(120.0)
    # 240 GPU h are done ahead: so much more slack, so much less work waiting, and an hour's own work.
    assert after.groups[0].slack_gpu_h == pytest.approx(ends.slack_gpu_h + 240.0)
    assert after.groups[0].waiting_gpu_h == pytest.approx(2000.0 - 240.0 - 400.0)


def test_pinned_work_does_not_grow() -> None:
    params = job_cluster(job_group("a", is_pinned=True))
    state = cluster_state(params, (group_with_deadline(400.0, 2000.0, 10 * HOUR),))
    assert job_groups.available_increase_kw(params, state, HOUR) == 0.0
    after, _ = job_groups.advance(params, state, 50.0, HOUR)
    assert job_groups.recovery_kw(params, after, HOUR) == 0.0
    assert after.groups[0].backlog.total_gpu_h > 0.0


def test_an_increase_catches_up_first_and_never_too_little() -> None:
    owing = JobClusterState((GroupState(400.0, Backlog((Piece(HOUR, 80.0),))),), 600.0)
    after, change_kw = job_groups.advance(PARAMS, owing, 0.0, HOUR, increase_kw=10.0)
    assert change_kw == pytest.approx(40.0)  # 80 GPU h are due within the hour
    assert after.groups[0].backlog.late_gpu_h == 0.0


def test_what_became_overdue_is_done_last() -> None:
    late = JobClusterState((GroupState(0.0, Backlog(overdue_gpu_h=30.0, late_gpu_h=30.0)),), 600.0)
    after, change_kw = job_groups.advance(PARAMS, late, 0.0, HOUR)
    assert change_kw == pytest.approx(15.0)
    assert after.groups[0].backlog == Backlog(late_gpu_h=30.0)


def test_interactive_work_is_never_touched() -> None:
    params = job_cluster(job_group("a", job_class=JobClass.INTERACTIVE_INFERENCE, agreed_cut_ratio=0.0))
    state = cluster_state(params, (GroupState(900.0),))
    assert job_groups.available_kw(params, state, QUARTER) == 0.0
    assert job_groups.advance(params, state, 100.0, QUARTER)[1] == 0.0


@pytest.mark.parametrize(
    ("reduction_kw", "increase_kw", "words"),
    [(-1.0, 0.0, "reduction_kw"), (0.0, math.nan, "increase_kw"), (1.0, 1.0, "one of them to be 0")],
)
def test_what_is_no_command_is_refused(reduction_kw: float, increase_kw: float, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        job_groups.advance(PARAMS, STATE, reduction_kw, QUARTER, increase_kw=increase_kw)


def test_power_seen_is_accounted_for() -> None:
    seen = job_groups.after_observed(PARAMS, STATE, 50.0, HOUR)
    assert seen.groups[0].backlog.total_gpu_h == pytest.approx(39.6)
    made_up = job_groups.after_observed(PARAMS, seen, -10.0, HOUR)
    assert made_up.groups[0].backlog.total_gpu_h == pytest.approx(19.6)
    unseen = job_groups.after_observed(PARAMS, seen, 0.0, HOUR)
    assert unseen.groups[0].backlog.total_gpu_h == pytest.approx(39.6)
    beyond = job_groups.after_observed(PARAMS, STATE, 80.0, HOUR)  # 30 kW that no knob explains
    assert beyond.groups[0].backlog.total_gpu_h == pytest.approx(39.6 + 60.0)


def test_deadlines_do_not_hide_what_was_seen() -> None:
    urgent = JobClusterState((GroupState(400.0, Backlog((Piece(HOUR, 100.0),))),), 600.0)
    seen = job_groups.after_observed(PARAMS, urgent, 50.0, QUARTER)
    assert seen.groups[0].backlog.total_gpu_h == pytest.approx(100.0 + 9.9)
