"""Serves EventService: what grid operators create, follow, modify and cancel."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from datetime import timedelta

from vpp.dispatch.event import Event
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier
from vpp.rpc.currencies import Currencies
from vpp.rpc.effects import Effects
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.event_watch import EventWatching
from vpp.rpc.servicers.servicing import page_request
from vpp.rpc.wire import event as wire
from vpp.rpc.wire.field_masks import masked_fields
from vpp.rpc.wire.money_fields import amount
from vpp.rpc.wire.time_fields import interval
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import event_pb2 as pb
from vpp.v1.event_pb2_grpc import EventServiceServicer
from vpp.workflows import emergencies, modifying, ordering, viewing
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWorkFactory, WorkerPool


class EventServicer(EventWatching, EventServiceServicer):
    """Demand-response events."""

    def __init__(  # noqa: PLR0913  one argument per thing it needs
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        pool: WorkerPool,
        rules: MarketRules,
        news: Effects,
        watch_interval: timedelta,
    ) -> None:
        """Keep what workflows need, and how often a watcher is told that nothing has changed."""
        super().__init__(units, calls, currencies, news=news, watch_interval=watch_interval)
        self._pool = pool
        self._rules = rules

    def _message(self, stored: Stored[Event]) -> pb.Event:
        return wire.event_message(stored, self._currencies.of_product(stored.value.product_id))

    async def _written(self, stored: Stored[Event]) -> pb.Event:
        return await self._calls.read(self._message, stored)

    async def CreateEvent(self, request: pb.CreateEventRequest, context: object) -> pb.Event:
        """Create an emergency event, or one that is ordered."""
        event = request.event
        purpose = wire.event_purpose(event.purpose, "event.purpose")
        if purpose.is_ordered:
            return await self._written(await self._ordered(request, purpose))
        if event.sites:
            raise InvalidInput(
                "event.sites is given, expected none: whose bids are cleared is called", field="event.sites"
            )
        stored = await self._change(
            emergencies.create_emergency_event,
            caller(),
            self._pool,
            self._rules,
            event_id=request.event_id,
            product_id=identifier(event.product, "products"),
            zone=event.zone,
            delivery=interval(event.delivery_interval, "event.delivery_interval"),
            target_reduction_kw=tuple(event.target_reduction_kw),
            price_cap_per_mwh=amount(event.cap_price_per_mwh, "event.cap_price_per_mwh"),
            currency=event.cap_price_per_mwh.currency_code,
            request_id=request.request_id,
        )
        return await self._written(stored)

    async def _ordered(self, request: pb.CreateEventRequest, purpose: EventPurpose) -> Stored[Event]:
        event = request.event
        call = ordering.OrderedCall(
            purpose=purpose,
            product_id=identifier(event.product, "products"),
            zone=event.zone,
            delivery=interval(event.delivery_interval, "event.delivery_interval"),
            target_reduction_kw=tuple(event.target_reduction_kw),
            site_ids=tuple(sorted(identifier(site, "sites") for site in event.sites)),
        )
        return await self._change(
            ordering.create_ordered_event,
            caller(),
            self._rules,
            call,
            event_id=request.event_id,
            request_id=request.request_id,
        )

    async def GetEvent(self, request: pb.GetEventRequest, context: object) -> pb.Event:
        """Return one event."""
        stored = await self._read(viewing.get_event, caller(), identifier(request.name, "events"))
        return await self._written(stored)

    async def ListEvents(self, request: pb.ListEventsRequest, context: object) -> pb.ListEventsResponse:
        """List events, latest delivery first."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_events, caller(), wanted)
        events = await self._calls.read(lambda: [self._message(stored) for stored in page.items])
        return pb.ListEventsResponse(events=events, next_page_token=page.next_page_token)

    async def UpdateEvent(self, request: pb.UpdateEventRequest, context: object) -> pb.Event:
        """Lower an event's target or end it earlier."""
        fields = masked_fields(request.update_mask, ("target_reduction_kw", "delivery_interval"))
        event = request.event
        has_span = "delivery_interval" in fields
        stored = await self._change(
            modifying.update_event,
            caller(),
            identifier(event.name, "events"),
            target_reduction_kw=tuple(event.target_reduction_kw) if "target_reduction_kw" in fields else None,
            delivery=interval(event.delivery_interval, "event.delivery_interval") if has_span else None,
            etag=event.etag,
            request_id=request.request_id,
        )
        return await self._written(stored)

    async def CancelEvent(self, request: pb.CancelEventRequest, context: object) -> pb.Event:
        """Withdraw an event that has not ended."""
        stored = await self._change(
            modifying.cancel_event,
            caller(),
            identifier(request.name, "events"),
            etag=request.etag,
            request_id=request.request_id,
        )
        return await self._written(stored)

    async def ListInstructions(
        self, request: pb.ListInstructionsRequest, context: object
    ) -> pb.ListInstructionsResponse:
        """List an event's instructions."""
        page = await self._read(
            viewing.list_instructions,
            caller(),
            identifier(request.event, "events"),
            page_request(request.page_size, request.page_token),
        )
        instructions = [wire.instruction_message(stored) for stored in page.items]
        return pb.ListInstructionsResponse(instructions=instructions, next_page_token=page.next_page_token)
