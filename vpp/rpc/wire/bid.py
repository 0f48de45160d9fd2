"""Bids on the wire. What the hub cannot settle is refused, never ignored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier, name, resource_ids, resource_name
from vpp.rpc.wire.direction_field import direction_field, named_direction
from vpp.rpc.wire.money_fields import MoneyMessage, money
from vpp.rpc.wire.offer import (
    currency_of,
    migration_of,
    offer_of,
    put_offer,
    put_rebound,
    rebound_of,
    run_limits_message,
    run_limits_of,
)
from vpp.rpc.wire.time_fields import instant, timestamp
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord
from vpp.workflows.sealing import content_of

NOT_SETTLED = ("availability_price_per_kw_h",)
"""Fields that statements have no line for: availability is paid at the product's price."""

_SET_BY_THE_HUB = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OfferedBid:
    """A bid as the caller gives it.

    Attributes:
        bid: The offer; the hub sets its zone and its time of submission.
        auction_id: The auction it is for; None for a standing bid.
        product_id: The product of a standing bid; None with an auction.
        currency: Currency of all its prices; empty if it has none.
        expires_at: Standing bids: valid until this instant; None for until withdrawn.
    """

    bid: Bid
    auction_id: str | None
    product_id: str | None
    currency: str
    expires_at: datetime | None


def offered_bid(message: pb.Bid, bid_id: str, interval: timedelta | None) -> OfferedBid:
    """Read a bid that is to be entered.

    Args:
        message: The bid.
        bid_id: Last part of its name; empty lets the hub choose.
        interval: Length of a delivery interval of what it is for; None if that is not known, as
            without run limits nobody needs it.

    Raises:
        InvalidInput: A field is used that the hub cannot settle, prices are malformed or in more
            than one currency, or a span is no whole number of intervals; names the field.
    """
    given = {field.name for field, _ in message.ListFields()}
    for field in NOT_SETTLED:
        if field in given:
            raise InvalidInput(
                f"bid.{field} is given, expected it to be absent: availability is paid by the product",
                field=field,
            )
    site_id, resource_id = resource_ids(message.resource)
    currency = currency_of(message)
    bid = Bid(
        bid_id=bid_id,
        site_id=site_id,
        resource_id=resource_id,
        zone="",
        submitted_at=_SET_BY_THE_HUB,
        delivery_ratio=message.delivery_ratio,
        offer=offer_of(message, currency),
        energy_limit_kwh=message.energy_limit_kwh if message.HasField("energy_limit_kwh") else None,
        rebound=rebound_of(message),
        exclusive_group=message.exclusive_group or None,
        parent_bid_id=identifier(message.parent_bid, "bids") if message.parent_bid else None,
        direction=direction_field(message.direction, "bid.direction"),
        run_limits=run_limits_of(message.run_limits, currency, _known(interval))
        if message.HasField("run_limits")
        else None,
        migration=migration_of(message.migration_leg) if message.HasField("migration_leg") else None,
    )
    return OfferedBid(
        bid=bid,
        auction_id=identifier(message.auction, "auctions") if message.auction else None,
        product_id=identifier(message.product, "products") if message.product else None,
        currency=currency,
        expires_at=instant(message.expire_time, "bid.expire_time")
        if message.HasField("expire_time")
        else None,
    )


def _known(interval: timedelta | None) -> timedelta:
    if interval is None:
        raise InvalidInput(
            "bid.auction and bid.product are empty, expected one of them: run_limits count its intervals"
        )
    return interval


def bid_message(stored: Stored[BidRecord], currency: str, interval: timedelta | None = None) -> pb.Bid:
    """Write a bid; of one that is covered, what is not sealed.

    Args:
        stored: The bid.
        currency: The product's currency, which its prices are in.
        interval: Length of a delivery interval; only needed for a bid with run limits.
    """
    record, bid = stored.value, stored.value.bid

    def price(value: Decimal) -> MoneyMessage:
        return money(value, currency)

    message = pb.Bid(
        name=name("bids", bid.bid_id),
        resource=resource_name(bid.site_id, bid.resource_id),
        auction="" if record.auction_id is None else name("auctions", record.auction_id),
        product="" if record.auction_id is not None else name("products", record.product_id),
        energy_limit_kwh=bid.energy_limit_kwh,
        delivery_ratio=bid.delivery_ratio,
        exclusive_group=bid.exclusive_group or "",
        parent_bid="" if bid.parent_bid_id is None else name("bids", bid.parent_bid_id),
        expire_time=None if record.expires_at is None else timestamp(record.expires_at),
        state=pb.Bid.State.Value(f"STATE_{record.state.name}"),
        reason=record.reason,
        reason_detail=record.reason_detail,
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
        direction=named_direction(bid.direction),
        zone=bid.zone,
        commitment="" if record.seal is None else record.seal.commitment,
    )
    if record.covered is not None:
        return message
    if record.seal is not None:
        message.opening.content = content_of(record)
        message.opening.nonce = record.seal.nonce
    put_offer(message, bid.offer, price)
    if bid.rebound is not None:
        put_rebound(message, bid.rebound)
    if bid.run_limits is not None:
        message.run_limits.CopyFrom(run_limits_message(bid.run_limits, price, _known(interval)))
    if bid.migration is not None:
        message.migration_leg.receiving_zone = bid.migration.receiving_zone
        message.migration_leg.receiving_ratio = bid.migration.receiving_ratio
    return message
