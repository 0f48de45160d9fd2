from datetime import timedelta

import pytest

from tests.support.job_clusters import HOUR, PAUSE, job_group
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.group_deadlines import lost_work_due, mending_gpu_h, most_lost_gpu_h, work_due
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.pause_rules import PauseRules
from vpp.flexibility.work_room import WorkRoom

STREAM = job_group(catch_up_within=8 * HOUR)


def test_a_streams_pieces_keep_their_times() -> None:
    state = GroupState(100.0, Backlog((Piece(2 * HOUR, 5.0), Piece(6 * HOUR, 7.0))))
    assert work_due(STREAM, state, 1.0) == [(1.0, 5.0), (5.0, 7.0)]
    assert lost_work_due(STREAM, state, 3.0, (1.0, 2.0), (2, HOUR)) == [
        (7.0, 1.0),
        (8.0, 2.0),
        (7.0, 3.0),
        (8.0, 3.0),
    ]


def test_a_group_with_a_deadline_uses_its_slack_first() -> None:
    state = group_with_deadline(100.0, 800.0, 10 * HOUR, backlog_gpu_h=150.0)  # slack 350, of it 150 used
    assert work_due(STREAM, state, 2.0) == []
    assert lost_work_due(STREAM, state, 90.0, (0.0, 0.0), (3, HOUR)) == [(7.0, pytest.approx(70.0))]
    room = WorkRoom(10.0)
    assert most_lost_gpu_h(STREAM, state, room, (2, HOUR)) == pytest.approx((200.0 + 80.0) / 2)
    assert most_lost_gpu_h(STREAM, state, room, (2, HOUR), 50.0) == pytest.approx((100.0 + 80.0) / 2)


def test_pinned_work_has_its_own_machines_only() -> None:
    pinned = job_group(is_pinned=True)
    room = WorkRoom(1000.0)
    assert most_lost_gpu_h(pinned, GroupState(100.0), room, (1, HOUR)) == 0.0
    state = group_with_deadline(100.0, 800.0, 10 * HOUR)
    assert most_lost_gpu_h(pinned, state, room, (1, HOUR)) == pytest.approx(200.0)


def test_a_paused_group_holds_work_in_reserve_for_its_restart() -> None:
    pause = PauseRules(HOUR, timedelta(0), restart_failure_ratio=0.1, mend_time=2 * HOUR)
    group = job_group(pause=pause)
    assert mending_gpu_h(group, GroupState(50.0)) == 100.0
    assert work_due(group, GroupState(50.0, paused_for=HOUR), 1.0) == [(8.0, 100.0)]
    assert work_due(group, GroupState(50.0), 1.0) == []
    assert mending_gpu_h(job_group(pause=PAUSE), GroupState(50.0)) == 0.0


def test_work_that_would_be_due_within_the_window_is_not_lost() -> None:
    quick = job_group(catch_up_within=HOUR)
    assert most_lost_gpu_h(quick, GroupState(10.0), WorkRoom(100.0), (3, HOUR)) == 0.0
