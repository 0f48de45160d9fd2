"""Orders over the wire: who may give them, what sites see of them, and what awards say of their lives."""

from datetime import timedelta

import grpc
from support.market import EVENING, NOON
from support.serving import Served

from vpp.foundation.interval import Interval
from vpp.rpc.wire.time_fields import interval_message
from vpp.v1 import event_pb2
from vpp.v1.event_pb2_grpc import EventServiceStub

HOUR = timedelta(hours=1)


def new_order(
    purpose: event_pb2.Event.Purpose.ValueType, *sites: str, target_kw: float = 60.0, event_id: str = "order"
) -> event_pb2.CreateEventRequest:
    event = event_pb2.Event(
        product="products/example-peak-shaving",
        zone="north",
        delivery_interval=interval_message(EVENING),
        target_reduction_kw=[target_kw] * 8,
        purpose=purpose,
        sites=[f"sites/{site}" for site in sites],
    )
    event.cap_price_per_mwh.currency_code = "GBP"
    return event_pb2.CreateEventRequest(event=event, event_id=event_id)


async def test_an_order_is_dispatched_and_shows_its_purpose(hub: Served) -> None:
    request = new_order(event_pb2.Event.PURPOSE_MANDATORY)
    event = await hub.call("operator", EventServiceStub, "CreateEvent", request)
    assert event.purpose == event_pb2.Event.PURPOSE_MANDATORY
    assert event.state == event_pb2.Event.STATE_OFFERED
    assert list(event.awarded_reduction_kw) == [60.0] * 8
    listed = await hub.call(
        "operator",
        EventServiceStub,
        "ListInstructions",
        event_pb2.ListInstructionsRequest(event="events/order"),
    )
    assert {item.purpose for item in listed.instructions} == {event_pb2.Event.PURPOSE_MANDATORY}
    assert {item.answer for item in listed.instructions} == {event_pb2.Instruction.STATE_UNSPECIFIED}
    assert sum(item.target_reduction_kw[0] for item in listed.instructions) == 60.0


async def test_sites_that_are_named_are_not_told_to_others(hub: Served) -> None:
    await hub.call("operator", EventServiceStub, "CreateEvent", new_order(event_pb2.Event.PURPOSE_TEST, "a"))
    get = event_pb2.GetEventRequest(name="events/order")
    named = await hub.call("agent-a", EventServiceStub, "GetEvent", get)
    other = await hub.call("agent-b", EventServiceStub, "GetEvent", get)
    assert list(named.sites) == ["sites/a"]
    assert list(other.sites) == []


async def test_orders_that_make_no_sense_are_refused_by_name(hub: Served) -> None:
    mandatory = event_pb2.Event.PURPOSE_MANDATORY
    begun = new_order(mandatory)
    begun.event.delivery_interval.CopyFrom(interval_message(Interval(NOON - HOUR, NOON + HOUR)))
    begun.event.delivery_interval.start_time.CopyFrom(interval_message(EVENING).start_time)
    bought = new_order(event_pb2.Event.PURPOSE_MARKET, "a")
    for request in (new_order(mandatory, "stranger"), bought, begun):
        code, _, _ = await hub.refused("operator", EventServiceStub, "CreateEvent", request)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
    code, _, _ = await hub.refused("agent-a", EventServiceStub, "CreateEvent", new_order(mandatory))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    listed = await hub.call("operator", EventServiceStub, "ListEvents", event_pb2.ListEventsRequest())
    assert list(listed.events) == []
