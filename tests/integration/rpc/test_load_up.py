"""More consumption over the wire: who asks for it, offers it and is told to deliver it says which way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import grpc
import pytest
from support.market import EVENING, GATE, QUARTER, Market
from support.serving import AgentStream, Served

from vpp.dispatch.instruction import InstructionState
from vpp.foundation.clock import pause
from vpp.foundation.interval import Interval
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import duration, interval_message, timestamp
from vpp.v1 import auction_pb2, buyer_pb2, event_pb2, portfolio_pb2, session_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub

UP = buyer_pb2.DIRECTION_LOAD_UP
SURPLUS = "example-surplus"
LONG = timedelta(hours=6)


@pytest.fixture
def two_sites(two_sites: Market) -> Market:
    """The same sites, which also serve the product that asks for more."""
    two_sites.enrol_in(SURPLUS, "a", "b")
    return two_sites


@pytest.fixture
async def agent(hub: Served) -> AsyncIterator[AgentStream]:
    stream = hub.agent("agent-a")
    await stream.hello(hub.market, "a")
    yield stream
    stream.call.cancel()


def new_auction() -> auction_pb2.CreateAuctionRequest:
    auction = auction_pb2.Auction(
        product=f"products/{SURPLUS}",
        zone="north",
        delivery_interval=interval_message(EVENING),
        target_reduction_kw=[100.0] * 8,
        cap_price_per_mwh=money(Decimal(2000), "GBP"),
        gate_closure_time=timestamp(GATE),
    )
    return auction_pb2.CreateAuctionRequest(auction=auction, auction_id="evening")


def step_bid(direction: buyer_pb2.Direction.ValueType) -> auction_pb2.CreateBidRequest:
    step = auction_pb2.PriceStep(reduction_kw=100.0, price_per_mwh=money(Decimal(60), "GBP"))
    bid = auction_pb2.Bid(
        resource="sites/a/resources/battery",
        auction="auctions/evening",
        step_offer=auction_pb2.StepOffer(intervals=[auction_pb2.StepList(steps=[step])] * 8),
        delivery_ratio=1.0,
        direction=direction,
    )
    return auction_pb2.CreateBidRequest(bid=bid, bid_id="more")


async def delivered(agent: AgentStream, kind: str) -> session_pb2.Delivery:
    while True:
        message = await agent.next()
        if message.WhichOneof("message") == "delivery":
            if message.delivery.WhichOneof("content") == kind:
                return message.delivery
            held = session_pb2.Acknowledgement(held_sequence=message.delivery.sequence)
            await agent.send(acknowledgement=held)


async def test_everyone_is_told_which_way(hub: Served, agent: AgentStream) -> None:
    auction = await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    assert auction.direction == UP
    invitation = (await delivered(agent, "invitation")).invitation
    assert invitation.auction.direction == UP
    code, _, text = await hub.refused(
        "agent-a", AuctionServiceStub, "CreateBid", step_bid(buyer_pb2.DIRECTION_UNSPECIFIED)
    )
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "bid.direction is LOAD_DOWN, expected LOAD_UP" in text
    bid = await hub.call("agent-a", AuctionServiceStub, "CreateBid", step_bid(UP))
    assert bid.direction == UP
    for at in (GATE, GATE + timedelta(seconds=1)):
        hub.market.clock.advance_to(at)
        await hub.hub.ticker.tick()
    assert (await delivered(agent, "award_notice")).award_notice.direction == UP
    instruction = (await delivered(agent, "instruction")).instruction
    assert instruction.direction == UP
    assert list(instruction.target_reduction_kw) == [100.0] * 8
    event = await hub.call(
        "operator", EventServiceStub, "GetEvent", event_pb2.GetEventRequest(name="events/evening")
    )
    assert event.direction == UP
    named = portfolio_pb2.GetProductRequest(name=f"products/{SURPLUS}")
    product = await hub.call("agent-a", PortfolioServiceStub, "GetProduct", named)
    assert product.direction == UP


async def test_a_resource_says_how_far_it_can_be_raised(hub: Served) -> None:
    limits = portfolio_pb2.FlexibilityEnvelope(
        max_reduction_kw=50.0,
        max_duration=duration(timedelta(hours=2)),
        energy_budget_kwh=80.0,
        max_increase_kw=30.0,
        increase_budget_kwh=0.0,
    )
    resource = portfolio_pb2.Resource(kind=portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD, envelope=limits)
    request = portfolio_pb2.CreateResourceRequest(parent="sites/a", resource=resource, resource_id="pool")
    made = await hub.call("agent-a", PortfolioServiceStub, "CreateResource", request)
    assert made.envelope.max_increase_kw == 30.0
    assert made.envelope.HasField("increase_budget_kwh")
    assert made.envelope.increase_budget_kwh == 0.0
    only_up = portfolio_pb2.CreateResourceRequest()
    only_up.CopyFrom(request)
    only_up.resource_id = "only-up"
    only_up.resource.envelope.max_reduction_kw = only_up.resource.envelope.energy_budget_kwh = 0.0
    made = await hub.call("agent-a", PortfolioServiceStub, "CreateResource", only_up)
    assert (made.envelope.max_reduction_kw, made.envelope.max_increase_kw) == (0.0, 30.0)
    only_up.resource_id, only_up.resource.envelope.max_increase_kw = "nothing", 0.0
    code, _, text = await hub.refused("agent-a", PortfolioServiceStub, "CreateResource", only_up)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "max_reduction_kw is 0.0, expected above 0" in text
    request.resource.envelope.max_increase_kw = -1.0
    request.resource_id = "other"
    code, _, _ = await hub.refused("agent-a", PortfolioServiceStub, "CreateResource", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_agent_that_reads_no_direction_is_never_told_to_raise_load(hub: Served) -> None:
    market = hub.market
    stream = hub.agent("agent-a")
    await stream.send(hello=session_pb2.Hello(site="sites/a", agent_time=timestamp(market.clock.now())))
    assert (await stream.next()).HasField("welcome")
    for product, event_id in ((SURPLUS, "more"), ("example-peak-shaving", "less")):
        delivery = EVENING if event_id == "more" else Interval(EVENING.end + LONG, EVENING.end + 2 * LONG)
        order = event_pb2.Event(
            product=f"products/{product}",
            zone="north",
            delivery_interval=interval_message(delivery),
            target_reduction_kw=[50.0] * (delivery.duration // QUARTER),
            cap_price_per_mwh=money(Decimal(0), "GBP"),
            purpose=event_pb2.Event.PURPOSE_MANDATORY,
            sites=["sites/a"],
        )
        request = event_pb2.CreateEventRequest(event=order, event_id=event_id)
        await hub.call("operator", EventServiceStub, "CreateEvent", request)
    # An older agent would take the one for the other.
    assert (await delivered(stream, "instruction")).instruction.event == "events/less"
    async with asyncio.timeout(20):
        while market.instructions("more")[0].state is not InstructionState.EXPIRED:
            await pause(0.01)
    with market.units(write=False) as uow:
        unsent = [one.subject for one in uow.audit.page(limit=10_000) if one.action == "close_unsent"]
    assert unsent == [f"instructions/{market.instructions('more')[0].instruction_id}"]
    stream.call.cancel()
