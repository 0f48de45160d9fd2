from datetime import UTC, datetime, timedelta

import pytest

from vpp.hub.readiness import Readiness, ReadinessLimits, Sighting, reasons_against
from vpp.workflows.health_ports import SiteBacklog
from vpp.workflows.looking_after import Situation

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = ReadinessLimits(
    probe_deadline=timedelta(seconds=3),
    max_loop_lag=timedelta(seconds=1),
    max_backlog_age=2 * MINUTE,
    max_stuck_ratio=0.1,
    max_deadline_delay=2 * MINUTE,
)


def reasons(
    *, stuck: int = 0, connected: int = 10, owed_for: timedelta = 3 * MINUTE, due: timedelta | None = None
) -> list[str]:
    sites = [f"site-{n}" for n in range(connected)]
    backlog = {site: SiteBacklog(1, NOW - owed_for) for site in [*sites[:stuck], "offline"]}
    situation = Situation(NOW, backlog, None if due is None else NOW - due)
    return reasons_against(Sighting(situation, "", (), sites), LIMITS, lambda instant: instant)


def test_a_hub_in_order_is_ready() -> None:
    assert reasons(due=MINUTE) == []


def test_a_site_that_is_not_connected_is_owed_without_blame() -> None:
    assert reasons(stuck=0) == []


def test_one_silent_agent_of_ten_is_not_the_hubs_fault_but_two_are() -> None:
    assert reasons(stuck=1) == []
    (reason,) = reasons(stuck=2)
    assert reason.startswith("2 of 10 connected sites are owed something")
    assert "site-" not in reason


def test_one_silent_agent_of_a_few_is_not_the_hubs_fault_either() -> None:
    assert reasons(stuck=1, connected=2) == []
    assert reasons(stuck=1, connected=9) == []
    assert len(reasons(stuck=2, connected=9)) == 1
    assert len(reasons(stuck=2, connected=2)) == 1


def test_a_verdict_that_nobody_renews_is_none() -> None:
    passed_s = [0.0]
    readiness = Readiness(LIMITS, lambda: 0.0, good_for_s=24.0, stopwatch=lambda: passed_s[0])
    readiness.settle([])
    passed_s[0] = 24.0
    assert readiness.is_ready
    passed_s[0] = 25.0
    assert readiness.reasons == ["nobody has looked for 25 s"]
    readiness.settle([])
    assert readiness.is_ready


def test_the_only_connected_site_counts() -> None:
    assert len(reasons(stuck=1, connected=1)) == 1
    assert reasons(stuck=1, connected=1, owed_for=MINUTE) == []


def test_a_deadline_that_nobody_takes_up_is_told() -> None:
    (reason,) = reasons(due=3 * MINUTE)
    assert reason.startswith("a deadline has been waiting for 0:03:00")


def test_limits_are_in_the_machines_time() -> None:
    situation = Situation(NOW, {}, NOW - timedelta(hours=1))
    fast = reasons_against(
        Sighting(situation, "", (), ()), LIMITS, lambda instant: NOW + (instant - NOW) / 3600
    )
    assert fast == []  # an hour of the hub is a second of the machine


def test_dead_parts_and_a_dead_database_are_both_told() -> None:
    seen = Sighting(None, "no answer within 3 s", ("courier",), ())
    assert reasons_against(seen, LIMITS, lambda instant: instant) == [
        "the courier has stopped",
        "the database takes no write: no answer within 3 s",
    ]


@pytest.mark.parametrize(("lag_s", "is_ready"), [(0.9, True), (1.1, False)])
def test_the_loops_lag_is_asked_for_at_every_question(lag_s: float, is_ready: bool) -> None:  # noqa: FBT001  a case
    readiness = Readiness(LIMITS, lambda: lag_s)
    assert readiness.reasons[0] == "the hub is starting"
    readiness.settle([])
    assert readiness.is_ready is is_ready
