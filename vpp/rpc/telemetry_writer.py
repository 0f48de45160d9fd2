"""Keeps readings of all sessions in few transactions, and acknowledges after the commit."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from weakref import WeakKeyDictionary

from vpp.foundation.clock import pause, stopwatch_s
from vpp.foundation.errors import Overloaded
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.wire.session import refusal, telemetry_acknowledgement
from vpp.rpc.wire.time_fields import duration
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.telemetry.batch import TelemetryBatch
from vpp.v1.session_pb2 import ConnectResponse
from vpp.workflows.ingesting import keep_batches
from vpp.workflows.ports import UnitOfWorkFactory

_log = logging.getLogger(__name__)

RETRY_PAUSE_S = 1.0
"""After so long a database that took no work is asked again, s of the machine's time."""


class TelemetrySource(Protocol):
    """A session that sent readings."""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for acknowledgements."""
        ...

    def push(self, responses: list[ConnectResponse]) -> None:
        """Send messages to the agent."""
        ...

    def close(self, error: BaseException | None) -> None:
        """End the session; the agent sends again from what the hub holds."""
        ...


@dataclass(frozen=True, slots=True)
class TelemetryLimits:
    """What readings that are not written yet may cost; spans are in the machine's time.

    Attributes:
        max_queued_batches: Batches that may wait to be written; as many sessions may wait for room.
        max_queued_bytes: The same in bytes of readings.
        max_commit_batches: Most batches of one transaction; it bounds how long a dispatch may have to
            wait for the database's write lock.
        max_commit_bytes: The same in bytes of readings.
        max_wait: How long a session waits for room; then its batch is refused for now.
        retry_delay: When the agent is to send it again.
    """

    max_queued_batches: int = 2000
    max_queued_bytes: int = 32 * 1024 * 1024
    max_commit_batches: int = 500
    max_commit_bytes: int = 4 * 1024 * 1024
    max_wait: timedelta = timedelta(seconds=2)
    retry_delay: timedelta = timedelta(seconds=15)


_Item = tuple[TelemetryBatch, TelemetrySource]


class TelemetryWriter:
    """One bounded queue and one writer for all sessions: group commit, then cumulative acknowledgement.

    A full queue makes `put` wait, so that the session stops reading and flow control reaches the
    agent. What finds no room for longer is refused with a hint when to send it again, and so is
    everything of that session behind it: an acknowledgement covers all that came before. While the
    database takes no work, what was taken is tried again and the queue fills up.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        limits: TelemetryLimits,
        metrics: HubMetrics | None = None,
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            units: Makes transactions.
            calls: Runs the transaction off the event loop.
            limits: What readings that are not written yet may cost.
            metrics: Counts.
        """
        self._units = units
        self._calls = calls
        self._limits = limits
        self._metrics = metrics or HubMetrics()
        self._queue: deque[_Item] = deque()
        self._queued_bytes = 0
        self._waiting: deque[tuple[_Item, asyncio.Future[None]]] = deque()
        self._waiting_bytes = 0
        self._is_filled = asyncio.Event()
        self._is_drained = asyncio.Event()
        self._is_drained.set()
        # First and last sequence that was refused of a session; ascending within one round of sending.
        self._refused: WeakKeyDictionary[TelemetrySource, tuple[int, int]] = WeakKeyDictionary()

    @property
    def queued_batches(self) -> int:
        """How many batches wait to be written, those that wait for room included."""
        return len(self._queue) + len(self._waiting)

    @property
    def queued_bytes(self) -> int:
        """The same in bytes of readings."""
        return self._queued_bytes + self._waiting_bytes

    @property
    def is_overloaded(self) -> bool:
        """Whether sessions wait for room: whoever can come later should."""
        return bool(self._waiting)

    async def put(self, batch: TelemetryBatch, source: TelemetrySource) -> None:
        """Queue a checked batch; waits a moment while the queue is full, then refuses it for now."""
        first, last = self._refused.get(source, (batch.sequence, batch.sequence))
        if batch.sequence > last:
            self._refused[source] = (first, batch.sequence)
            self._refuse(batch, source)
        elif not await self._is_queued(batch, source):
            self._refused[source] = (batch.sequence, batch.sequence)
            self._refuse(batch, source)
        elif batch.sequence >= first:  # the agent may have given up what was refused first
            self._refused.pop(source, None)
        else:
            self._refused[source] = (first, first)

    async def run(self) -> None:
        """Write what is queued, for ever."""
        while True:
            await self._is_filled.wait()
            items = self._taken()
            try:
                await self._write(items)
            finally:
                if not self._queue:
                    self._is_filled.clear()
                    self._is_drained.set()

    async def drained(self) -> None:
        """Wait until everything queued has been written."""
        await self._is_drained.wait()

    async def _is_queued(self, batch: TelemetryBatch, source: TelemetrySource) -> bool:
        """Queue a batch, if there is room for it within the time that a session may wait."""
        limits, size = self._limits, batch.net_power_kw.nbytes
        if not self._waiting and self._has_room(size):
            self._append((batch, source))
            return True
        is_crowded = len(self._waiting) >= limits.max_queued_batches
        if is_crowded or self._waiting_bytes + size > limits.max_queued_bytes:
            return False
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = ((batch, source), place)
        self._waiting.append(entry)
        self._waiting_bytes += size
        try:
            await asyncio.wait([place], timeout=limits.max_wait.total_seconds())
        finally:
            if not place.done():
                self._waiting.remove(entry)
                self._waiting_bytes -= size
        return place.done()

    def _has_room(self, size: int) -> bool:
        limits = self._limits
        fits = self._queued_bytes + size <= limits.max_queued_bytes
        return not self._queue or (len(self._queue) < limits.max_queued_batches and fits)

    def _append(self, item: _Item) -> None:
        self._queue.append(item)
        self._queued_bytes += item[0].net_power_kw.nbytes
        self._is_filled.set()
        self._is_drained.clear()

    def _taken(self) -> list[_Item]:
        """Take what one transaction may hold, and let in who waited for room, in their order."""
        items: list[_Item] = []
        size = 0
        while self._queue and len(items) < self._limits.max_commit_batches:
            size += self._queue[0][0].net_power_kw.nbytes
            if items and size > self._limits.max_commit_bytes:
                break
            items.append(self._queue.popleft())
            self._queued_bytes -= items[-1][0].net_power_kw.nbytes
        while self._waiting and self._has_room(self._waiting[0][0][0].net_power_kw.nbytes):
            item, place = self._waiting.popleft()
            self._waiting_bytes -= item[0].net_power_kw.nbytes
            self._append(item)
            place.set_result(None)
        return items

    def _refuse(self, batch: TelemetryBatch, source: TelemetrySource) -> None:
        self._metrics.readings_refused(len(batch.net_power_kw), Overloaded.reason)
        error = Overloaded("readings come faster than they can be kept; send them again later")
        response = refusal("telemetry", error, batch.sequence)
        response.refusal.retry_delay.CopyFrom(duration(self._limits.retry_delay))
        source.push([response])

    async def _write(self, items: list[_Item]) -> None:
        # What a closed session sent may follow something that was lost: the agent sends it again.
        while items := [(batch, source) for batch, source in items if source.is_open]:
            begun_s = stopwatch_s()
            try:
                kept = await self._calls.read(keep_batches, self._units, [batch for batch, _ in items])
            except Overloaded as error:  # nothing was written, and each by itself fares no better
                _log.warning("telemetry of %d batches waits: %s", len(items), error)
                await pause(RETRY_PAUSE_S)
                continue
            except Exception:  # noqa: BLE001  one bad batch must not end every session
                _log.exception(
                    "telemetry of %d batches was not kept together; trying each session's", len(items)
                )
                await self._write_each(items)
                return
            self._metrics.readings_kept(kept)
            self._metrics.group_committed("telemetry", len(items), stopwatch_s() - begun_s)
            self._acknowledge(items)
            return

    async def _write_each(self, items: list[_Item]) -> None:
        for source, batches in _by_source(items):
            try:
                kept = await self._calls.read(keep_batches, self._units, batches)
            except Exception as error:  # noqa: BLE001  that session ends with it; the others go on
                source.close(error)
            else:
                self._metrics.readings_kept(kept)
                self._acknowledge([(batch, source) for batch in batches])

    def _acknowledge(self, items: list[_Item]) -> None:
        for source, batches in _by_source(items):
            source.push([telemetry_acknowledgement(max(batch.sequence for batch in batches))])


def _by_source(items: list[_Item]) -> list[tuple[TelemetrySource, list[TelemetryBatch]]]:
    grouped: dict[int, tuple[TelemetrySource, list[TelemetryBatch]]] = {}
    for batch, source in items:
        grouped.setdefault(id(source), (source, []))[1].append(batch)
    return list(grouped.values())
