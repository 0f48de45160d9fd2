from datetime import UTC, datetime, timedelta

from vpp.foundation.clock import AcceleratedClock, Speed
from vpp.hub.counting import counted
from vpp.rpc.hub_metrics import HubMetrics
from vpp.workflows.due_work import DueOutcome, DueResult
from vpp.workflows.ports import Due, DueKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAST = AcceleratedClock(datetime(2026, 11, 1, tzinfo=UTC), [Speed(NOON, 60.0)])


def outcome(kind: DueKind, result: DueResult) -> DueOutcome:
    return DueOutcome(Due(kind, "evening", NOON), result, late_by=timedelta(minutes=2), took_s=0.5)


def test_what_falls_due_is_counted_in_the_machines_time_and_passed_on() -> None:
    metrics = HubMetrics()
    ran = [outcome(DueKind.CLEARING, DueResult.DONE), outcome(DueKind.SETTLEMENT, DueResult.FAILED)]
    assert counted(lambda: ran, metrics, FAST)() is ran
    assert metrics.count("vpp_hub_job_delay_seconds_sum", kind="clearing") == 2.0
    assert metrics.count("vpp_hub_job_seconds_sum", kind="settlement") == 0.5
    assert metrics.count("vpp_hub_job_failures_total", kind="settlement") == 1.0
    assert metrics.count("vpp_hub_job_failures_total", kind="clearing") == 0.0
