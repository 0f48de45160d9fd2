"""Keeps readings of all sessions in few transactions, and acknowledges after the commit."""

import asyncio
import logging
from typing import Protocol

from vpp.rpc.wire.session import telemetry_acknowledgement
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.telemetry.batch import TelemetryBatch
from vpp.v1.session_pb2 import ConnectResponse
from vpp.workflows.ingesting import keep_batches
from vpp.workflows.ports import UnitOfWorkFactory

_log = logging.getLogger(__name__)


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


_Item = tuple[TelemetryBatch, TelemetrySource]


class TelemetryWriter:
    """One bounded queue and one writer for all sessions: group commit, then cumulative acknowledgement.

    A full queue makes `put` wait, so that the session stops reading and flow control reaches the
    agent. A batch is at most 3,600 readings, so the queue's length bounds its memory too.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        *,
        max_queued_batches: int,
        max_commit_batches: int,
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            units: Makes transactions.
            calls: Runs the transaction off the event loop.
            max_queued_batches: Batches that may wait.
            max_commit_batches: Most batches of one transaction; it bounds how long a dispatch may
                have to wait for the database's write lock.
        """
        self._units = units
        self._calls = calls
        self._queue: asyncio.Queue[_Item] = asyncio.Queue(max_queued_batches)
        self._max_commit_batches = max_commit_batches

    async def put(self, batch: TelemetryBatch, source: TelemetrySource) -> None:
        """Queue a checked batch; waits while the queue is full."""
        await self._queue.put((batch, source))

    async def run(self) -> None:
        """Write what is queued, for ever."""
        while True:
            items = [await self._queue.get()]
            while len(items) < self._max_commit_batches and not self._queue.empty():
                items.append(self._queue.get_nowait())
            try:
                await self._write(items)
            finally:
                for _ in items:
                    self._queue.task_done()

    async def drained(self) -> None:
        """Wait until everything queued has been written."""
        await self._queue.join()

    async def _write(self, items: list[_Item]) -> None:
        # What a closed session sent may follow something that was lost: the agent sends it again.
        items = [(batch, source) for batch, source in items if source.is_open]
        try:
            await self._calls.read(keep_batches, self._units, [batch for batch, _ in items])
        except Exception:  # noqa: BLE001  one bad batch must not end every session
            _log.exception("telemetry of %d batches was not kept together; trying each session's", len(items))
            await self._write_each(items)
        else:
            self._acknowledge(items)

    async def _write_each(self, items: list[_Item]) -> None:
        for source, batches in _by_source(items):
            try:
                await self._calls.read(keep_batches, self._units, batches)
            except Exception as error:  # noqa: BLE001  that session ends with it; the others go on
                source.close(error)
            else:
                self._acknowledge([(batch, source) for batch in batches])

    def _acknowledge(self, items: list[_Item]) -> None:
        for source, batches in _by_source(items):
            source.push([telemetry_acknowledgement(max(batch.sequence for batch in batches))])


def _by_source(items: list[_Item]) -> list[tuple[TelemetrySource, list[TelemetryBatch]]]:
    grouped: dict[int, tuple[TelemetrySource, list[TelemetryBatch]]] = {}
    for batch, source in items:
        grouped.setdefault(id(source), (source, []))[1].append(batch)
    return list(grouped.values())
