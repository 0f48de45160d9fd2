"""Serves AuctionService: auctions, bids, awards, clearings."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import Sequence

from vpp.auction.tender import Tender
from vpp.foundation.names import identifier, resource_ids
from vpp.rpc.currencies import Currencies
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire.auction import auction_message, award_message
from vpp.rpc.wire.bid import OfferedBid, bid_message, offered_bid
from vpp.rpc.wire.buyer import buyer_terms, tie_rule, uniform_price
from vpp.rpc.wire.clearing import clearing_message
from vpp.rpc.wire.money_fields import amount
from vpp.rpc.wire.time_fields import instant, interval
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import auction_pb2 as pb
from vpp.v1.auction_pb2_grpc import AuctionServiceServicer
from vpp.workflows import auctions, bidding, viewing, viewing_results
from vpp.workflows.award_states import award_states
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.records import AwardRecord, BidRecord


class AuctionServicer(Servicing, AuctionServiceServicer):
    """Auctions of peak shaving."""

    def __init__(
        self, units: UnitOfWorkFactory, calls: WorkflowCalls, currencies: Currencies, *, rules: MarketRules
    ) -> None:
        """Keep what workflows need, and what the hub's owner has decided."""
        super().__init__(units, calls, currencies)
        self._rules = rules

    def _auction(self, stored: Stored[Tender]) -> pb.Auction:
        return auction_message(stored, self._currencies.of_product(stored.value.product_id))

    def _bid(self, stored: Stored[BidRecord]) -> pb.Bid:
        record = stored.value
        interval = self._currencies.interval_of(record.auction_id, record.product_id)
        return bid_message(stored, self._currencies.of_product(record.product_id), interval)

    def _offered(self, request: pb.CreateBidRequest) -> OfferedBid:
        bid, interval = request.bid, None
        if bid.HasField("run_limits") and (bid.auction or bid.product):
            if bid.auction:  # of one that the site is not invited to, not even the length of its intervals
                interval = bidding.interval_offered(
                    self._units,
                    caller(),
                    site_id=resource_ids(bid.resource)[0],
                    auction_id=identifier(bid.auction, "auctions"),
                )
            else:
                interval = self._currencies.interval_of(None, identifier(bid.product, "products"))
        return offered_bid(bid, request.bid_id, interval)

    def _awards(self, page: Sequence[Stored[AwardRecord]]) -> list[pb.Award]:
        states = award_states(self._units, (stored.value for stored in page))
        return [
            award_message(
                stored.value, self._currencies.of_event(stored.value.event_id), states[stored.value.award_id]
            )
            for stored in page
        ]

    async def CreateAuction(self, request: pb.CreateAuctionRequest, context: object) -> pb.Auction:
        """Open an auction and its event."""
        auction = request.auction
        stored = await self._change(
            auctions.create_auction,
            caller(),
            auction_id=request.auction_id,
            product_id=identifier(auction.product, "products"),
            zone=auction.zone,
            delivery=interval(auction.delivery_interval, "auction.delivery_interval"),
            target_reduction_kw=tuple(auction.target_reduction_kw),
            price_cap_per_mwh=amount(auction.cap_price_per_mwh, "auction.cap_price_per_mwh"),
            currency=auction.cap_price_per_mwh.currency_code,
            gate_closes_at=instant(auction.gate_closure_time, "auction.gate_closure_time"),
            rebound_headroom_kw=auction.rebound_headroom_kw
            if auction.HasField("rebound_headroom_kw")
            else None,
            request_id=request.request_id,
            terms=buyer_terms(auction),
            uniform_price=uniform_price(auction, self._rules.uniform_price),
            tie_rule=tie_rule(auction, self._rules.tie_rule),
        )
        return await self._calls.read(self._auction, stored)

    async def GetAuction(self, request: pb.GetAuctionRequest, context: object) -> pb.Auction:
        """Return one auction."""
        stored = await self._read(viewing.get_auction, caller(), identifier(request.name, "auctions"))
        return await self._calls.read(self._auction, stored)

    async def ListAuctions(self, request: pb.ListAuctionsRequest, context: object) -> pb.ListAuctionsResponse:
        """List auctions, latest delivery first."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_auctions, caller(), wanted)
        found = await self._calls.read(lambda: [self._auction(stored) for stored in page.items])
        return pb.ListAuctionsResponse(auctions=found, next_page_token=page.next_page_token)

    async def CancelAuction(self, request: pb.CancelAuctionRequest, context: object) -> pb.Auction:
        """Withdraw an auction that has not been cleared."""
        stored = await self._change(
            auctions.cancel_auction,
            caller(),
            identifier(request.name, "auctions"),
            etag=request.etag,
            request_id=request.request_id,
        )
        return await self._calls.read(self._auction, stored)

    async def CreateBid(self, request: pb.CreateBidRequest, context: object) -> pb.Bid:
        """Enter a bid."""
        offered = await self._calls.read(self._offered, request)
        stored = await self._change(
            bidding.create_bid,
            caller(),
            bid=offered.bid,
            auction_id=offered.auction_id,
            product_id=offered.product_id,
            currency=offered.currency,
            expires_at=offered.expires_at,
            request_id=request.request_id,
        )
        return await self._calls.read(self._bid, stored)

    async def GetBid(self, request: pb.GetBidRequest, context: object) -> pb.Bid:
        """Return one bid."""
        stored = await self._read(viewing.get_bid, caller(), identifier(request.name, "bids"))
        return await self._calls.read(self._bid, stored)

    async def ListBids(self, request: pb.ListBidsRequest, context: object) -> pb.ListBidsResponse:
        """List bids."""
        page = await self._read(
            viewing.list_bids,
            caller(),
            page_request(request.page_size, request.page_token),
            auction_id=identifier(request.auction, "auctions") if request.auction else "",
            site_id=identifier(request.site, "sites") if request.site else "",
        )
        bids = await self._calls.read(lambda: [self._bid(stored) for stored in page.items])
        return pb.ListBidsResponse(bids=bids, next_page_token=page.next_page_token)

    async def WithdrawBid(self, request: pb.WithdrawBidRequest, context: object) -> pb.Bid:
        """Take a bid back before the gate closes."""
        stored = await self._change(
            bidding.withdraw_bid,
            caller(),
            identifier(request.name, "bids"),
            request_id=request.request_id,
        )
        return await self._calls.read(self._bid, stored)

    async def ListAwards(self, request: pb.ListAwardsRequest, context: object) -> pb.ListAwardsResponse:
        """List awards."""
        page = await self._read(
            viewing.list_awards,
            caller(),
            page_request(request.page_size, request.page_token),
            event_id=identifier(request.event, "events") if request.event else "",
        )
        awards = await self._calls.read(self._awards, page.items)
        return pb.ListAwardsResponse(awards=awards, next_page_token=page.next_page_token)

    async def GetClearing(self, request: pb.GetClearingRequest, context: object) -> pb.Clearing:
        """Return how an event was cleared."""
        event_id = identifier(request.event, "events")
        stored, own_sites = await self._read(viewing_results.get_clearing, caller(), event_id)
        currency = await self._calls.read(self._currencies.of_event, event_id)
        return clearing_message(stored, own_sites, currency)
