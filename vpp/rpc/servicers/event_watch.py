"""Serves what is seen of events in their course: the live status, and the looks that are kept."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import AsyncIterator
from datetime import timedelta

from vpp.dispatch.event import EventState
from vpp.foundation.names import identifier
from vpp.rpc.currencies import Currencies
from vpp.rpc.effects import Effects, rang_within
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.shared_look import SharedLook
from vpp.rpc.wire import event_looks as wire
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import event_pb2 as pb
from vpp.workflows import viewing_looks, watching
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.watching import EventStatus

FINAL_STATES = frozenset({EventState.SETTLED, EventState.CANCELLED, EventState.FAILED})
"""A watch ends with the first of these."""


class EventWatching(Servicing):
    """What is seen of events in their course; the part of EventService that follows."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        news: Effects,
        watch_interval: timedelta,
    ) -> None:
        """Keep what workflows need, and how often a watcher is told that nothing has changed."""
        super().__init__(units, calls, currencies)
        self._news = news
        self._watch_s = watch_interval.total_seconds()
        self._shared: SharedLook[EventStatus] = SharedLook(self._watch_s / 2)

    async def WatchEvent(
        self, request: pb.WatchEventRequest, context: object
    ) -> AsyncIterator[pb.WatchEventResponse]:
        """Send an event's status at once and after every change, until the event's life is over.

        Without a change it is sent again every `watch_interval` of the machine's time, because
        what the meters show changes without any call. However many watch: of those who see all of the
        event one looks for all.
        """
        principal, event_id = caller(), identifier(request.name, "events")
        shown: pb.WatchEventResponse | None = None
        rang = False
        sees_whole = await self._read(watching.watches_whole, principal, event_id)
        while True:
            ring = self._news.next_ring()
            if sees_whole:
                status = await self._shared.at(event_id, ring, lambda: self._status(principal, event_id))
            else:
                status = await self._status(principal, event_id)
            currency = await self._calls.read(self._currencies.of_product, status.event.value.product_id)
            message = wire.status_message(status, currency)
            if not rang or _differs(message, shown):
                shown = message
                yield message
            if status.event.value.state in FINAL_STATES:
                self._shared.forget(event_id)
                return
            rang = await rang_within(ring, self._watch_s)

    async def _status(self, principal: Principal, event_id: str) -> EventStatus:
        return await self._read(watching.event_status, principal, event_id)

    async def ListLooks(self, request: pb.ListLooksRequest, context: object) -> pb.ListLooksResponse:
        """List what the hub saw and did in the course of an event."""
        looks = await self._read(
            viewing_looks.list_looks,
            caller(),
            identifier(request.event, "events"),
            page_request(request.page_size, request.page_token),
        )
        return wire.looks_message(looks)


def _differs(message: pb.WatchEventResponse, shown: pb.WatchEventResponse | None) -> bool:
    """Tell whether anything but the time of the status has changed."""
    if shown is None:
        return True
    same_time = pb.WatchEventResponse()
    same_time.CopyFrom(message)
    same_time.status_time.CopyFrom(shown.status_time)
    return same_time != shown
