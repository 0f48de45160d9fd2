"""An auction from its opening to its statements over the wire, and what each caller sees of it."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import grpc
import numpy as np
import pytest
from google.type import money_pb2
from support.market import EVENING, FIVE, GATE, NOON
from support.serving import Served, bearer

from vpp.dispatch.instruction import InstructionState
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import interval_message, timestamp
from vpp.v1 import auction_pb2, baseline_pb2, buyer_pb2, event_pb2, settlement_pb2, telemetry_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.baseline_pb2_grpc import BaselineServiceStub
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.settlement_pb2_grpc import SettlementServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub
from vpp.workflows.due_work import DueResult


def pounds(amount: str) -> money_pb2.Money:
    return money(Decimal(amount), "GBP")


def new_auction(target_kw: float = 150.0) -> auction_pb2.CreateAuctionRequest:
    auction = auction_pb2.Auction(
        product="products/example-peak-shaving",
        zone="north",
        delivery_interval=interval_message(EVENING),
        target_reduction_kw=[target_kw] * 8,
        cap_price_per_mwh=pounds("2000"),
        gate_closure_time=timestamp(GATE),
    )
    return auction_pb2.CreateAuctionRequest(auction=auction, auction_id="evening")


def step_bid(site_id: str, reduction_kw: float, price: str) -> auction_pb2.Bid:
    step = auction_pb2.PriceStep(reduction_kw=reduction_kw, price_per_mwh=pounds(price))
    return auction_pb2.Bid(
        resource=f"sites/{site_id}/resources/battery",
        auction="auctions/evening",
        step_offer=auction_pb2.StepOffer(intervals=[auction_pb2.StepList(steps=[step])] * 8),
        delivery_ratio=1.0,
    )


async def enter(hub: Served, site_id: str, reduction_kw: float, price: str) -> auction_pb2.Bid:
    request = auction_pb2.CreateBidRequest(
        bid=step_bid(site_id, reduction_kw, price), bid_id=f"bid-{site_id}"
    )
    return await hub.call(f"agent-{site_id}", AuctionServiceStub, "CreateBid", request)


async def advance(hub: Served, to: datetime) -> None:
    """Move the hub's clock to an instant and run what fell due."""
    hub.market.clock.advance_to(to)
    outcomes = await hub.hub.ticker.tick()
    assert [outcome for outcome in outcomes if outcome.result is DueResult.FAILED] == []


async def test_an_auction_is_opened_once(hub: Served) -> None:
    auction = await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    assert (auction.name, auction.event) == ("auctions/evening", "events/evening")
    assert auction.cap_price_per_mwh == pounds("2000")
    assert not auction.HasField("rebound_headroom_kw")
    code, reason, _ = await hub.refused("operator", AuctionServiceStub, "CreateAuction", new_auction())
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    seen = await hub.call(
        "agent-a", AuctionServiceStub, "GetAuction", auction_pb2.GetAuctionRequest(name=auction.name)
    )
    assert seen == auction


async def test_a_bid_comes_back_as_it_was_entered(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    bid = await enter(hub, "a", 120.0, "99.999999")
    assert bid.step_offer == step_bid("a", 120.0, "99.999999").step_offer
    assert (bid.state, bid.product) == (auction_pb2.Bid.STATE_SUBMITTED, "")


async def test_what_no_statement_pays_is_refused_by_name(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    up, moved, paid = (step_bid("a", 100.0, "50") for _ in range(3))
    up.direction = buyer_pb2.DIRECTION_LOAD_UP
    moved.migration_leg.receiving_zone = "south"
    paid.availability_price_per_kw_h.CopyFrom(pounds("1"))
    for bid, field in ((up, "direction"), (moved, "migration_leg"), (paid, "availability_price_per_kw_h")):
        request = auction_pb2.CreateBidRequest(bid=bid)
        code, reason, text = await hub.refused("agent-a", AuctionServiceStub, "CreateBid", request)
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT")
        assert f"bid.{field}" in text


async def test_run_limits_come_back_as_they_were_entered(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    bid = step_bid("a", 100.0, "50")
    bid.run_limits.min_run_duration.FromTimedelta(timedelta(minutes=30))
    bid.run_limits.rest_duration.FromTimedelta(timedelta(minutes=45))
    bid.run_limits.start_cost_amount.CopyFrom(pounds("2.5"))
    request = auction_pb2.CreateBidRequest(bid=bid, bid_id="resting")
    await hub.call("agent-a", AuctionServiceStub, "CreateBid", request)
    again = auction_pb2.GetBidRequest(name="bids/resting")
    assert (await hub.call("agent-a", AuctionServiceStub, "GetBid", again)).run_limits == bid.run_limits
    request.bid.run_limits.rest_duration.FromTimedelta(timedelta(minutes=40))
    _, _, text = await hub.refused("agent-a", AuctionServiceStub, "CreateBid", request)
    assert "bid.run_limits.rest_duration is 0:40:00, expected a whole multiple of 0:15:00" in text


async def test_sites_see_of_the_buyers_terms_what_concerns_them(hub: Served) -> None:
    request = new_auction()
    terms = request.auction.buyer_terms
    terms.margin_ratio = 0.05
    terms.zone_limits.add(zone="north", max_rebound_kw=[400.0])
    terms.feeder_limits.add(feeder="east", sites=["sites/a", "sites/b"], max_reduction_kw=[500.0])
    terms.site_limits.add(site="sites/b", max_rebound_kw=[50.0])
    request.auction.tie_rule = buyer_pb2.TIE_RULE_PRO_RATA
    auction = await hub.call("operator", AuctionServiceStub, "CreateAuction", request)
    horizon = len(auction.buyer_terms.zone_limits[0].max_rebound_kw)
    assert list(auction.buyer_terms.zone_limits[0].max_rebound_kw) == [400.0] * horizon
    assert horizon > len(auction.target_reduction_kw)
    assert auction.uniform_price == buyer_pb2.UNIFORM_PRICE_FIXED_BINARIES  # the hub's choice
    assert auction.tie_rule == buyer_pb2.TIE_RULE_PRO_RATA
    wanted = auction_pb2.GetAuctionRequest(name=auction.name)
    seen = {
        token: (await hub.call(token, AuctionServiceStub, "GetAuction", wanted)).buyer_terms
        for token in ("operator", "agent-a", "owner-b")
    }
    assert seen["operator"] == auction.buyer_terms
    assert list(seen["agent-a"].feeder_limits[0].sites) == ["sites/a"]
    assert not seen["agent-a"].site_limits
    assert [limit.site for limit in seen["owner-b"].site_limits] == ["sites/b"]
    assert seen["agent-a"].margin_ratio == 0.05


async def test_prices_in_two_currencies_are_refused(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    bid = step_bid("a", 100.0, "50")
    bid.step_offer.intervals[3].steps[0].price_per_mwh.currency_code = "EUR"
    request = auction_pb2.CreateBidRequest(bid=bid)
    _, _, text = await hub.refused("agent-a", AuctionServiceStub, "CreateBid", request)
    assert text == "bid.step_offer.intervals[3].steps[0].price_per_mwh is in EUR, expected GBP"


async def test_bids_are_sealed_until_the_gate_closes(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    await enter(hub, "a", 100.0, "50")
    await enter(hub, "b", 100.0, "80")
    listed = auction_pb2.ListBidsRequest(auction="auctions/evening")
    for token, expected in (
        ("operator", []),
        ("auditor", []),
        ("agent-a", ["bids/bid-a"]),
        ("owner-b", ["bids/bid-b"]),
    ):
        answer = await hub.call(token, AuctionServiceStub, "ListBids", listed)
        assert [bid.name for bid in answer.bids] == expected, token
    request = auction_pb2.GetBidRequest(name="bids/bid-b")
    absent = auction_pb2.GetBidRequest(name="bids/bid-z")
    for token in ("operator", "agent-a"):
        code, _, text = await hub.refused(token, AuctionServiceStub, "GetBid", request)
        _, _, expected_text = await hub.refused(token, AuctionServiceStub, "GetBid", absent)
        assert (code, text.replace("bid-b", "bid-z")) == (grpc.StatusCode.NOT_FOUND, expected_text)
    await advance(hub, GATE)
    answer = await hub.call("operator", AuctionServiceStub, "ListBids", listed)
    assert [bid.name for bid in answer.bids] == ["bids/bid-a", "bids/bid-b"]
    answer = await hub.call("agent-a", AuctionServiceStub, "ListBids", listed)
    assert [bid.name for bid in answer.bids] == ["bids/bid-a"]


@pytest.fixture
async def cleared(hub: Served) -> Served:
    """The evening's auction, cleared: a's 100 kW and 50 kW of b's."""
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    await enter(hub, "a", 100.0, "50")
    await enter(hub, "b", 100.0, "80")
    await advance(hub, GATE)
    return hub


async def test_everybody_sees_the_awards_that_are_theirs(cleared: Served) -> None:
    request = auction_pb2.ListAwardsRequest(event="events/evening")
    seen = {}
    for token in ("operator", "agent-a", "owner-b"):
        answer = await cleared.call(token, AuctionServiceStub, "ListAwards", request)
        seen[token] = [
            (award.bid, award.reduction_kw[0], award.price_per_mwh[0].units) for award in answer.awards
        ]
    assert seen["agent-a"] == [("bids/bid-a", 100.0, 80)]
    assert seen["owner-b"] == [("bids/bid-b", 50.0, 80)]
    assert seen["operator"] == seen["agent-a"] + seen["owner-b"]


async def test_an_award_says_where_it_is_in_its_life(cleared: Served) -> None:
    request = auction_pb2.ListAwardsRequest(event="events/evening")
    first, second = cleared.market.instructions()
    cleared.market.report(first, InstructionState.ACCEPTED)
    cleared.market.report(second, InstructionState.REFUSED)
    answer = await cleared.call("operator", AuctionServiceStub, "ListAwards", request)
    assert [award.state for award in answer.awards] == [
        auction_pb2.Award.STATE_AGREED,
        auction_pb2.Award.STATE_REFUSED,
    ]
    cancel = event_pb2.CancelEventRequest(name="events/evening")
    await cleared.call("operator", EventServiceStub, "CancelEvent", cancel)
    answer = await cleared.call("agent-a", AuctionServiceStub, "ListAwards", request)
    assert [award.state for award in answer.awards] == [auction_pb2.Award.STATE_CANCELLED]
    listed = await cleared.call(
        "operator",
        EventServiceStub,
        "ListInstructions",
        event_pb2.ListInstructionsRequest(event="events/evening"),
    )
    states = event_pb2.Instruction.State
    assert [(states.Name(each.state), states.Name(each.answer)) for each in listed.instructions] == [
        ("STATE_SUPERSEDED", "STATE_ACCEPTED"),
        ("STATE_REFUSED", "STATE_REFUSED"),
    ]


async def test_a_site_sees_the_clearing_without_the_others(cleared: Served) -> None:
    request = auction_pb2.GetClearingRequest(event="events/evening")
    whole = await cleared.call("operator", AuctionServiceStub, "GetClearing", request)
    assert whole.status == "OPTIMAL"
    assert whole.HasField("objective_amount")
    outcomes = json.loads(whole.document_json)["outcomes"]
    assert [outcome["bid"] for outcome in outcomes] == ["bids/bid-a", "bids/bid-b"]
    own = await cleared.call("agent-a", AuctionServiceStub, "GetClearing", request)
    assert own.clearing_price_per_mwh == whole.clearing_price_per_mwh
    assert not own.HasField("objective_amount")
    document = json.loads(own.document_json)
    assert [outcome["bid"] for outcome in document["outcomes"]] == ["bids/bid-a"]
    assert not {"objectiveAmount", "boundAmount", "certificate"} & set(document)


async def test_instructions_and_events(cleared: Served) -> None:
    request = event_pb2.ListInstructionsRequest(event="events/evening")
    answer = await cleared.call("agent-b", EventServiceStub, "ListInstructions", request)
    assert [one.site for one in answer.instructions] == ["sites/b"]
    assert list(answer.instructions[0].target_reduction_kw) == [50.0] * 8
    event = await cleared.call(
        "agent-b", EventServiceStub, "GetEvent", event_pb2.GetEventRequest(name="events/evening")
    )
    assert event.state == event_pb2.Event.STATE_OFFERED
    assert list(event.awarded_reduction_kw) == []  # less its own 50 it would know the other site's
    bought = await cleared.call(
        "operator", EventServiceStub, "GetEvent", event_pb2.GetEventRequest(name="events/evening")
    )
    assert list(bought.awarded_reduction_kw) == [150.0] * 8
    listed = await cleared.call("operator", EventServiceStub, "ListEvents", event_pb2.ListEventsRequest())
    assert [one.name for one in listed.events] == ["events/evening"]


async def test_a_watcher_sees_the_cancellation_and_then_the_end(cleared: Served) -> None:
    request = event_pb2.WatchEventRequest(name="events/evening")
    watch = EventServiceStub(cleared.channel).WatchEvent(request, metadata=bearer("operator"), timeout=20)
    statuses = aiter(watch)
    first = await anext(statuses)
    assert first.event.state == event_pb2.Event.STATE_OFFERED
    counts = {count.state: count.instruction_count for count in first.instruction_counts}
    assert counts == {event_pb2.Instruction.STATE_CREATED: 2}
    cancel = event_pb2.CancelEventRequest(name="events/evening")
    await cleared.call("operator", EventServiceStub, "CancelEvent", cancel)
    states = [status.event.state async for status in statuses]
    assert states[-1] == event_pb2.Event.STATE_CANCELLED
    assert await watch.code() is grpc.StatusCode.OK


async def test_from_readings_to_statements(cleared: Served) -> None:
    market = cleared.market
    for sequence, site_id in ((1000, "a"), (1000, "b")):
        market.meter(site_id, sequence, NOON, np.full(24, 1000.0))
    request = telemetry_pb2.QueryReadingsRequest(site="sites/a", interval=interval_message(EVENING))
    answer = await cleared.call("owner-a", TelemetryServiceStub, "QueryReadings", request)
    assert list(answer.power_series) == []
    code, _, _ = await cleared.refused("owner-b", TelemetryServiceStub, "QueryReadings", request)
    assert code is grpc.StatusCode.NOT_FOUND
    market.clock.advance_to(EVENING.start)
    await cleared.hub.ticker.tick()
    market.clock.advance_to(EVENING.end)
    for site_id in ("a", "b"):
        market.meter(site_id, 2000, EVENING.start, np.full(24, 900.0 if site_id == "a" else 950.0))
    for hours in range(1, 8):
        market.clock.advance_to(EVENING.end + hours * 12 * FIVE)
        await cleared.hub.ticker.tick()
    answer = await cleared.call("owner-a", TelemetryServiceStub, "QueryReadings", request)
    assert [list(series.net_power_kw) for series in answer.power_series] == [[900.0] * 24]
    baselines = await cleared.call(
        "owner-a",
        BaselineServiceStub,
        "ListBaselines",
        baseline_pb2.ListBaselinesRequest(event="events/evening"),
    )
    assert [one.site for one in baselines.baselines] == ["sites/a"]
    listed = settlement_pb2.ListStatementsRequest()
    own = await cleared.call("owner-a", SettlementServiceStub, "ListStatements", listed)
    assert {one.party for one in own.statements} == {"parties/owner-a"}
    every = await cleared.call("settlement", SettlementServiceStub, "ListStatements", listed)
    assert len({one.party for one in every.statements}) > 1
    download = settlement_pb2.DownloadStatementRequest(name=own.statements[0].name)
    files = await downloaded(cleared, "owner-a", download)
    assert any(name.endswith(".csv") for name in files)
    code, _, _ = await cleared.refused(
        "owner-b",
        SettlementServiceStub,
        "GetStatement",
        settlement_pb2.GetStatementRequest(name=own.statements[0].name),
    )
    assert code is grpc.StatusCode.NOT_FOUND
    dispute = settlement_pb2.Dispute(statement=own.statements[0].name, description="too little")
    made = await cleared.call(
        "owner-a",
        SettlementServiceStub,
        "CreateDispute",
        settlement_pb2.CreateDisputeRequest(dispute=dispute),
    )
    seen = await cleared.call(
        "settlement", SettlementServiceStub, "GetDispute", settlement_pb2.GetDisputeRequest(name=made.name)
    )
    assert seen == made


async def downloaded(hub: Served, token: str, request: Any) -> dict[str, bytes]:  # noqa: ANN401  a request
    files: dict[str, bytes] = {}
    stream = SettlementServiceStub(hub.channel).DownloadStatement(request, metadata=bearer(token), timeout=20)
    async for piece in stream:
        files[piece.file_name] = files.get(piece.file_name, b"") + piece.content
    return files
