"""Auctions and awards on the wire."""

from vpp.auction.buyer import ANY_TERMS
from vpp.auction.tender import Tender
from vpp.dispatch.award import AwardState
from vpp.foundation.names import name, resource_name
from vpp.rpc.wire.buyer import buyer_terms_message, tie_rule_value, uniform_price_value
from vpp.rpc.wire.direction_field import direction_value
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import interval_message, timestamp
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import AwardRecord


def auction_message(stored: Stored[Tender], currency: str) -> pb.Auction:
    """Write an auction; its price is in the product's currency."""
    tender = stored.value
    return pb.Auction(
        name=name("auctions", tender.auction_id),
        product=name("products", tender.product_id),
        zone=tender.zone,
        delivery_interval=interval_message(tender.delivery),
        target_reduction_kw=tender.target_reduction_kw,
        cap_price_per_mwh=money(tender.price_cap_per_mwh, currency),
        gate_closure_time=timestamp(tender.gate_closes_at),
        rebound_headroom_kw=tender.rebound_headroom_kw,
        state=pb.Auction.State.Value(f"STATE_{tender.state.name}"),
        event=name("events", tender.auction_id),
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
        buyer_terms=None if tender.terms == ANY_TERMS else buyer_terms_message(tender.terms),
        uniform_price=uniform_price_value(tender.uniform_price),
        tie_rule=tie_rule_value(tender.tie_rule),
        direction=direction_value(tender.direction),
    )


def award_message(record: AwardRecord, currency: str, state: AwardState | None = None) -> pb.Award:
    """Write an award; its prices are in the product's currency, its state is left out if it is not told."""
    return pb.Award(
        name=name("awards", record.award_id),
        event=name("events", record.event_id),
        bid=name("bids", record.bid_id),
        resource=resource_name(record.site_id, record.resource_id),
        delivery_interval=interval_message(record.delivery),
        reduction_kw=record.reduction_kw,
        rebound_kw=record.rebound_kw,
        price_per_mwh=[money(price, currency) for price in record.price_per_mwh],
        make_whole_amount=money(record.make_whole, currency),
        reason=record.reason,
        state=pb.Award.State.STATE_UNSPECIFIED
        if state is None
        else pb.Award.State.Value(f"STATE_{state.name}"),
    )
