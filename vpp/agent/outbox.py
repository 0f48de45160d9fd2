"""What the site still owes the hub: statuses and readings, kept until they are proved to be held."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.agent.wire import duration, timestamp
from vpp.v1 import event_pb2, session_pb2, telemetry_pb2

LONGEST_SERIES = 3600
"""Values that one power series may hold on the wire."""


@dataclass(frozen=True, slots=True)
class Status:
    """One status of an instruction.

    Attributes:
        number: Counts the site's statuses from 1.
        instruction: `instructions/{instruction}`.
        state: Name of the wire's state, for example ACCEPTED.
        reason: Name of the wire's reason.
        detail: The same in words.
        accepted_kw: With PARTIAL, the most that will be delivered, kW.
        at: When it happened.
    """

    number: int
    instruction: str
    state: str
    reason: str
    detail: str
    accepted_kw: float
    at: datetime

    def request(self) -> session_pb2.ConnectRequest:
        """Return the message."""
        return session_pb2.ConnectRequest(
            instruction_status=session_pb2.InstructionStatus(
                instruction=self.instruction,
                state=event_pb2.Instruction.State.Value(f"STATE_{self.state}"),
                reason=event_pb2.Instruction.Reason.Value(f"REASON_{self.reason}"),
                reason_detail=self.detail,
                accepted_reduction_kw=self.accepted_kw,
                status_time=timestamp(self.at),
            )
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of readings.

    Attributes:
        sequence: Counts the site's batches from 1.
        start: Start of the first interval, UTC.
        step: Metering interval.
        net_kw: Mean net power per interval, kW. Shape (N,), N in 1..3600.
    """

    sequence: int
    start: datetime
    step: timedelta
    net_kw: tuple[float, ...]

    @property
    def end(self) -> datetime:
        """First instant after the batch."""
        return self.start + self.step * len(self.net_kw)

    def message(self) -> telemetry_pb2.TelemetryBatch:
        """Return the wire's form."""
        return telemetry_pb2.TelemetryBatch(
            sequence=self.sequence,
            power_series=telemetry_pb2.PowerSeries(
                start_time=timestamp(self.start),
                sample_interval=duration(self.step),
                net_power_kw=self.net_kw,
            ),
            quality=telemetry_pb2.METER_QUALITY_OK,
        )


@dataclass(slots=True)
class Outbox:
    """What has not been confirmed.

    Attributes:
        statuses: Statuses by number.
        batches: Batches by sequence.
        status_count: Number of the newest status.
        batch_sequence: Sequence of the newest batch, the hub's own count included.
    """

    statuses: dict[int, Status] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    status_count: int = 0
    batch_sequence: int = 0

    def add_status(self, status: Status) -> None:
        """Owe a status."""
        self.statuses[status.number] = status
        self.status_count = max(self.status_count, status.number)

    def statuses_held(self, number: int) -> None:
        """Forget the statuses that the hub holds, up to a number."""
        self.statuses = {key: status for key, status in self.statuses.items() if key > number}

    def add_batch(self, batch: Batch) -> None:
        """Owe a batch."""
        self.batches[batch.sequence] = batch
        self.batch_sequence = max(self.batch_sequence, batch.sequence)

    def batches_held(self, sequence: int) -> None:
        """Forget the batches that the hub holds, and count on after its own count."""
        self.batches = {key: batch for key, batch in self.batches.items() if key > sequence}
        self.batch_sequence = max(self.batch_sequence, sequence)


def cut_batches(
    start: datetime, step: timedelta, net_kw: npt.NDArray[np.float64], first_sequence: int, longest: int
) -> list[Batch]:
    """Cut readings into batches without gaps.

    Args:
        start: Start of the first interval, UTC.
        step: Metering interval.
        net_kw: Readings, kW; NaN is a gap. Shape (T,).
        first_sequence: Sequence of the first batch.
        longest: Most values in one batch; at least 1.

    Returns:
        Batches that hold every reading once, in order, and no gap.

    Example:
        >>> from datetime import UTC
        >>> noon, step = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=5)
        >>> readings = np.array([1.0, 2.0, np.nan, 4.0])
        >>> [(batch.sequence, batch.net_kw) for batch in cut_batches(noon, step, readings, 7, 100)]
        [(7, (1.0, 2.0)), (8, (4.0,))]
    """
    limit = min(longest, LONGEST_SERIES)
    batches: list[Batch] = []
    run: list[float] = []
    for position, value in enumerate([*net_kw.tolist(), np.nan]):
        is_gap = not np.isfinite(value)
        if run and (is_gap or len(run) == limit):
            first = start + (position - len(run)) * step
            batches.append(Batch(first_sequence + len(batches), first, step, tuple(run)))
            run = []
        if not is_gap:
            run.append(value)
    return batches
