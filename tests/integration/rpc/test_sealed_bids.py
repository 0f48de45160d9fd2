"""Over the wire: a bidder gets what proves its bid; staff get nothing before the gate and can check later."""

import hashlib
import json
from datetime import timedelta

import grpc
from integration.rpc.test_market import advance, enter, new_auction
from support.market import GATE
from support.serving import Served

from vpp.v1 import auction_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub


async def bids_of(hub: Served, token: str) -> list[auction_pb2.Bid]:
    answer = await hub.call(token, AuctionServiceStub, "ListBids", auction_pb2.ListBidsRequest())
    return list(answer.bids)


async def test_a_bidder_can_prove_its_bid_and_others_can_check_it_after_the_gate(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    mine = await enter(hub, "a", 100.0, "60")
    await enter(hub, "b", 90.0, "70")
    digest = hashlib.sha256(mine.opening.nonce + mine.opening.content.encode()).hexdigest()
    assert mine.commitment == digest
    said = json.loads(mine.opening.content)
    assert said["bid"]["offer"]["steps"][0] == [
        {"kind": "PriceStep", "price_per_mwh": "60", "reduction_kw": 100}
    ]
    for token in ("operator", "auditor", "settlement", "dispatcher", "agent-b", "owner-b"):
        assert mine.name not in [bid.name for bid in await bids_of(hub, token)]
        refused = await hub.refused(
            token, AuctionServiceStub, "GetBid", auction_pb2.GetBidRequest(name=mine.name)
        )
        assert refused[0] is grpc.StatusCode.NOT_FOUND
    assert [bid.opening for bid in await bids_of(hub, "owner-a")] == [mine.opening]
    await advance(hub, GATE + timedelta(seconds=1))
    for token in ("operator", "auditor", "owner-a"):
        (shown,) = [bid for bid in await bids_of(hub, token) if bid.name == mine.name]
        assert (shown.commitment, shown.opening) == (mine.commitment, mine.opening)


async def test_a_bid_that_was_taken_back_is_shown_without_its_offer(hub: Served) -> None:
    await hub.call("operator", AuctionServiceStub, "CreateAuction", new_auction())
    mine = await enter(hub, "a", 100.0, "60")
    await hub.call(
        "agent-a", AuctionServiceStub, "WithdrawBid", auction_pb2.WithdrawBidRequest(name=mine.name)
    )
    await enter(hub, "b", 90.0, "70")
    await advance(hub, GATE + timedelta(seconds=1))
    (shown,) = [bid for bid in await bids_of(hub, "auditor") if bid.name == mine.name]
    assert (shown.state, shown.commitment) == (auction_pb2.Bid.STATE_WITHDRAWN, mine.commitment)
    assert not shown.WhichOneof("offer")
    assert not shown.HasField("opening")
    (own,) = await bids_of(hub, "owner-a")
    assert own.step_offer == mine.step_offer
