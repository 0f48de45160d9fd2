"""Runs a site's session over a link: one reader, one writer, both ending together."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.errors import InvalidInput, Overloaded, VppError
from vpp.portfolio.site import Site
from vpp.rpc.errors import is_callers
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.link import Link
from vpp.rpc.quota_limits import UNREAD
from vpp.rpc.session import SiteSession
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_writer import SessionWriter
from vpp.rpc.stream_watch import StreamWatch
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse
from vpp.workflows.delivery_contents import OpenDelivery
from vpp.workflows.session_items import Greeting, Outcome, SessionItem

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one stream may cost; spans are in the machine's time.

    Attributes:
        max_pending_messages: Messages that wait for the agent to read; beyond, the stream is cut.
        max_pending_bytes: The same in bytes.
        max_unbooked_items: What the agent said that is not booked yet; beyond, the hub stops reading.
        hello_deadline: The agent says Hello within this time.
        silence_deadline: The agent says something within this time, if only a heartbeat, or within
            three heartbeats if that is longer.
        write_deadline: One message is taken by the agent within this time.
    """

    max_pending_messages: int
    max_pending_bytes: int
    max_unbooked_items: int
    hello_deadline: timedelta
    silence_deadline: timedelta
    write_deadline: timedelta


@dataclass(frozen=True, slots=True)
class StreamSurroundings:
    """What all streams share.

    Attributes:
        registry: The open sessions.
        writer: Books what agents say.
        telemetry: Keeps readings.
        limits: What one stream may cost.
        metrics: What streams count.
    """

    registry: SessionRegistry
    writer: SessionWriter
    telemetry: TelemetryWriter
    limits: StreamLimits
    metrics: HubMetrics


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
        self._pending: deque[tuple[ConnectResponse, int]] = deque()
        self._pending_bytes = 0
        self._unbooked = 0
        self._has_booked: asyncio.Event | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._watch: StreamWatch | None = None
        self._is_closed = False
        self._reason: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether the session still runs."""
        return not self._is_closed

    @property
    def taken_sequence(self) -> int:
        """Up to which sequence it has taken in what its site is owed."""
        return self._session.window.taken_sequence

    @property
    def room(self) -> int:
        """How many deliveries it takes in now."""
        return self._session.window.room

    async def run(self) -> None:
        """Serve the session until either side ends it.

        Raises:
            VppError: Why the hub ended it; nothing if it ended in order.
        """
        self._reader = asyncio.current_task()
        self._watch = StreamWatch(
            asyncio.get_running_loop(),
            write_deadline_s=self._limits.write_deadline.total_seconds(),
            silent=self._fell_silent,
            stuck=self._is_stuck,
        )
        try:
            await self._read_until_end(self._watch)
            await self._until_unbooked(0)
            if self._sender is not None:  # the agent has ended in order: it gets what is on its way
                await asyncio.wait([self._sender])
        except asyncio.CancelledError:
            if not self._is_closed or self._reader is None:
                raise  # the caller has gone, or the server stops
            self._reader.uncancel()
        finally:
            self._reader = None
            self._is_closed = True
            self._watch.stop()
            if self._session.site is not None:
                self._shared.registry.remove(self._session.site_id, self)
                self._shared.metrics.session_ended(_reason_of(self._reason))
            await self._stop_sending()
        if self._reason is not None:
            raise self._reason

    async def _stop_sending(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)

    async def _read_until_end(self, watch: StreamWatch) -> None:
        patience_s = self._limits.hello_deadline.total_seconds()
        while True:
            watch.listen(patience_s)
            request = await self._link.receive()
            watch.heard()
            if request is None:
                return
            kind = request.WhichOneof("message")
            if kind == "telemetry" and self._session.site is not None:
                await self._keep(request)
                continue
            answer = self._session.read(request, kind)
            if isinstance(answer, list):
                if kind == "heartbeat":  # its answer proves that what was said before it is booked
                    await self._until_unbooked(0)
                self.push(answer)
                continue
            await self._book(answer)
            if isinstance(answer, Greeting):
                patience_s = max(self._limits.silence_deadline, self._session.patience).total_seconds()

    async def _book(self, item: SessionItem) -> None:
        """Queue an item. After a Hello nothing is read before it has been answered."""
        if self._unbooked >= self._limits.max_unbooked_items:
            await self._until_unbooked(self._limits.max_unbooked_items - 1)
        self._unbooked += 1
        if not self._shared.writer.offer(item, self):
            await self._shared.writer.put(item, self)
        if isinstance(item, Greeting):
            await self._until_unbooked(0)

    async def _until_unbooked(self, count: int) -> None:
        while self._unbooked > count:
            self._has_booked = asyncio.Event()
            await self._has_booked.wait()

    def booked(self, item: SessionItem, outcome: Outcome) -> None:
        """Hear what became of an item."""
        self._unbooked -= 1
        if self._has_booked is not None:
            self._has_booked.set()
            self._has_booked = None
        if self._is_closed:
            return
        try:
            answers = self._session.booked(item, outcome)
        except Exception as error:  # noqa: BLE001  whatever went wrong, the session ends with it
            self.close(error)
            return
        self.push(answers)
        if isinstance(item, Greeting):
            # Before the open rows are read: what is committed in between is seen by that look.
            self._shared.metrics.session_opened()
            self._shared.registry.add(self._session.site_id, self)
        elif self._session.window.wants_more:
            self._shared.registry.want(self._session.site_id)

    async def _keep(self, request: ConnectRequest) -> None:
        try:
            batch = self._session.checked_batch(request.telemetry)
        except VppError as error:
            if not is_callers(error):
                raise
            self.push([self._session.refusal("telemetry", error, request.telemetry.sequence)])
            return
        await self._shared.telemetry.put(batch, self)

    def deliver(self, deliveries: Sequence[OpenDelivery]) -> None:
        """Send what the site is owed."""
        if not self._is_closed:
            self.push(self._session.deliver(deliveries))

    def note_rest(self, *, has_more: bool) -> None:
        """Take note whether more is owed than it had room for."""
        self._session.window.has_more = has_more

    def repeat(self) -> list[OpenDelivery]:
        """Send again what waits for too long; returns what must not be sent any more."""
        over = self._session.over()
        if not self._is_closed:
            self.push(self._session.repeat())
        return over

    def push(self, responses: Sequence[ConnectResponse]) -> None:
        """Send messages, in this order, after those that wait."""
        if self._is_closed:
            return
        for response in responses:
            size = response.ByteSize()
            self._pending.append((response, size))
            self._pending_bytes += size
        limits = self._limits
        if len(self._pending) > limits.max_pending_messages or self._pending_bytes > limits.max_pending_bytes:
            self.close(
                Overloaded(
                    f"{len(self._pending)} messages wait to be read; connect again to go on", limit=UNREAD
                )
            )
        elif self._pending and self._sender is None:
            self._sender = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        watch, pending, send = self._watch, self._pending, self._link.send
        try:
            while pending:
                response, size = pending.popleft()
                self._pending_bytes -= size
                if watch is not None:
                    watch.begin_send()
                await send(response)
        except Exception as error:  # noqa: BLE001  whatever a link raises, it is broken
            _log.info("a session's link broke: %r", error)
            self.close(None)
        finally:
            if watch is not None:
                watch.end_send()
            self._sender = None

    def _fell_silent(self, deadline_s: float) -> None:
        deadline = timedelta(seconds=deadline_s)
        self.close(InvalidInput(f"no message came within {deadline}", deadline=str(deadline)))

    def _is_stuck(self) -> None:
        self.close(Overloaded(f"a message was not read within {self._limits.write_deadline}", limit=UNREAD))

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


def _reason_of(error: BaseException | None) -> str:
    if error is None:
        return "OK"
    return error.reason if isinstance(error, VppError) else "INTERNAL"
