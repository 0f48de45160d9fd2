"""Runs a site's session over a link: one reader, one writer, both ending together."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar

from vpp.foundation.errors import InvalidInput, Overloaded, VppError
from vpp.portfolio.site import Site
from vpp.rpc.effects import Effects
from vpp.rpc.errors import is_callers
from vpp.rpc.link import Link
from vpp.rpc.session import SiteSession
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.rpc.wire import session as wire
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse

_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
_NEWS = frozenset({"acknowledgement", "instruction_status", "opt_out"})
"""Messages after which watchers of an event may see something new. None of them owes a delivery."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one stream may cost; spans are in the machine's time.

    Attributes:
        max_pending_messages: Messages that wait for the agent to read; beyond, the stream is cut.
        max_pending_bytes: The same in bytes.
        hello_deadline: The agent says Hello within this time.
        silence_deadline: The agent says something within this time, if only a heartbeat, or within
            three heartbeats if that is longer.
        write_deadline: One message is taken by the agent within this time.
    """

    max_pending_messages: int
    max_pending_bytes: int
    hello_deadline: timedelta
    silence_deadline: timedelta
    write_deadline: timedelta


@dataclass(frozen=True, slots=True)
class StreamSurroundings:
    """What all streams share.

    Attributes:
        calls: Runs the session's workflows off the event loop.
        news: Rung when a message may have changed what watchers see.
        registry: The open sessions.
        telemetry: Keeps readings.
        limits: What one stream may cost.
    """

    calls: WorkflowCalls
    news: Effects
    registry: SessionRegistry
    telemetry: TelemetryWriter
    limits: StreamLimits


class SessionStream:
    """A session on its link. Implements `session_registry.OpenSession`.

    The read loop is the only task while nothing is to be sent. A drain task exists while messages
    are pending and is the only one that sends, so that the order on the wire is the order of
    `push`. When the agent stops reading, the bounded queue fills and the stream is cut: nothing is
    lost, because what the site is owed is in the outbox.
    """

    def __init__(self, link: Link, session: SiteSession, surroundings: StreamSurroundings) -> None:
        """Keep the parts; `run` begins."""
        self._link = link
        self._session = session
        self._shared = surroundings
        self._limits = surroundings.limits
        self._pending: deque[ConnectResponse] = deque()
        self._pending_bytes = 0
        self._one_call = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._deliverer: asyncio.Task[None] | None = None
        self._is_owed = False
        self._is_closed = False
        self._reason: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether the session still runs."""
        return not self._is_closed

    async def run(self) -> None:
        """Serve the session until either side ends it.

        Raises:
            VppError: Why the hub ended it; nothing if it ended in order.
        """
        self._reader = asyncio.current_task()
        try:
            await self._read_until_end()
            if self._sender is not None:  # the agent has ended in order: it gets what is on its way
                await asyncio.wait([self._sender])
        except asyncio.CancelledError:
            if not self._is_closed or self._reader is None:
                raise  # the caller has gone, or the server stops
            self._reader.uncancel()
        finally:
            self._reader = None
            self._is_closed = True
            if self._session.site is not None:
                self._shared.registry.remove(self._session.site_id, self)
            await self._stop_tasks()
        if self._reason is not None:
            raise self._reason

    async def _stop_tasks(self) -> None:
        tasks = [task for task in (self._sender, self._deliverer) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_until_end(self) -> None:
        deadline = self._limits.hello_deadline
        while (request := await self._received(deadline)) is not None:
            kind = request.WhichOneof("message")
            if kind == "telemetry" and self._session.site is not None:
                await self._keep(request)
                continue
            begins = self._session.site is None
            self.push(await self._call(self._session.handle, request))
            if begins:
                # Before the open rows are read: what is committed in between wakes this session.
                self._shared.registry.add(self._session.site_id, self)
                self.wake()
            deadline = max(self._limits.silence_deadline, self._session.patience)
            if kind in _NEWS:
                self._shared.news.ring()

    async def _received(self, deadline: timedelta) -> ConnectRequest | None:
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                return await self._link.receive()
        except TimeoutError:
            raise InvalidInput(f"no message came within {deadline}", deadline=str(deadline)) from None

    async def _keep(self, request: ConnectRequest) -> None:
        try:
            batch = self._session.checked_batch(request.telemetry)
        except VppError as error:
            if not is_callers(error):
                raise
            self.push([wire.refusal("telemetry", error, request.telemetry.sequence)])
            return
        await self._shared.telemetry.put(batch, self)

    async def _call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._one_call:
            return await self._shared.calls.read(call, *args, **kwargs)

    def push(self, responses: list[ConnectResponse]) -> None:
        """Send messages, in this order, after those that wait."""
        if self._is_closed:
            return
        for response in responses:
            self._pending.append(response)
            self._pending_bytes += response.ByteSize()
        limits = self._limits
        if len(self._pending) > limits.max_pending_messages or self._pending_bytes > limits.max_pending_bytes:
            self.close(Overloaded(f"{len(self._pending)} messages wait to be read; connect again to go on"))
        elif self._pending and self._sender is None:
            self._sender = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._pending:
                response = self._pending.popleft()
                self._pending_bytes -= response.ByteSize()
                async with asyncio.timeout(self._limits.write_deadline.total_seconds()):
                    await self._link.send(response)
        except TimeoutError:
            self.close(Overloaded(f"a message was not read within {self._limits.write_deadline}"))
        except Exception as error:  # noqa: BLE001  whatever a link raises, it is broken
            _log.info("a session's link broke: %r", error)
            self.close(None)
        finally:
            self._sender = None

    def wake(self) -> None:
        """Look for what the site is owed, soon."""
        self._is_owed = True
        if self._deliverer is None and not self._is_closed:
            self._deliverer = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        try:
            while self._is_owed:
                self._is_owed = False
                self.push(await self._call(self._session.due_deliveries))
        except Exception as error:  # noqa: BLE001  whatever went wrong, the session ends with it
            self.close(error)
        finally:
            self._deliverer = None

    def site_changed(self, site: Site) -> None:
        """Check readings against the site's new limits from now on."""
        self._session.site = site

    def close(self, error: BaseException | None) -> None:
        """End the session from outside the read loop; the first reason given is the one told."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reason = error
        if self._reader is not None:
            self._reader.cancel()
