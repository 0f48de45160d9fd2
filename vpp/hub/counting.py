"""Lets what knows nothing of metrics be counted all the same."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from vpp.foundation.clock import Clock
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_writer import SessionWriter
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.workflows.due_work import DueOutcome, DueResult


def counted(
    run_due: Callable[[], list[DueOutcome]], metrics: HubMetrics, clock: Clock
) -> Callable[[], list[DueOutcome]]:
    """Count what falls due, each time that a ticker runs it.

    Args:
        run_due: Claims and runs what is due.
        metrics: Where it is counted.
        clock: Turns lateness in the hub's time into the machine's.
    """

    def run() -> list[DueOutcome]:
        outcomes = run_due()
        for outcome in outcomes:
            due_at = outcome.due.due_at
            late = clock.machine_time(due_at + outcome.late_by) - clock.machine_time(due_at)
            metrics.job_ran(
                outcome.due.kind.value,
                late_s=late.total_seconds(),
                took_s=outcome.took_s,
                failed=outcome.result is DueResult.FAILED,
            )
        return outcomes

    return run


def show_sizes(
    metrics: HubMetrics,
    registry: SessionRegistry,
    telemetry: TelemetryWriter,
    writer: SessionWriter,
    threads: Mapping[str, ThreadPoolExecutor],
) -> None:
    """Let metrics read how many sessions are open and what waits in which queue.

    Args:
        metrics: Where they are read.
        registry: The open sessions.
        telemetry: Keeps readings.
        writer: Books what agents say.
        threads: Pools of threads by the name that their queue gets.
    """
    metrics.pull("sessions_open", "Open sessions.", lambda: float(len(registry)))
    metrics.pull(
        "telemetry_queue", "Batches that wait to be written.", lambda: float(telemetry.queued_batches)
    )
    metrics.pull("telemetry_queue_bytes", "The same in bytes.", lambda: float(telemetry.queued_bytes))
    metrics.pull(
        "session_queue", "What agents said and is not booked yet.", lambda: float(writer.queued_count)
    )
    for name, pool in threads.items():
        metrics.pull(f"{name}_queue", f"Work that waits for a thread of {name}.", _waiting(pool))


def _waiting(pool: ThreadPoolExecutor) -> Callable[[], float]:
    return lambda: float(pool._work_queue.qsize())  # noqa: SLF001  the pool tells it nowhere else
