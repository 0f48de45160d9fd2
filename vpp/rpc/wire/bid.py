"""Bids on the wire. What the engine does not honour yet is refused, never ignored."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier, name, resource_ids, resource_name
from vpp.rpc.wire.money_fields import MoneyMessage, amount_in, money
from vpp.rpc.wire.time_fields import instant, timestamp
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord

NOT_HONOURED = ("run_limits", "migration_leg", "availability_price_per_kw_h")
"""Fields that the clearing engine does not honour."""

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


def offered_bid(message: pb.Bid, bid_id: str) -> OfferedBid:
    """Read a bid that is to be entered.

    Raises:
        InvalidInput: A field is used that the engine does not honour, or prices are malformed or
            in more than one currency; names the field.
    """
    given = {field.name for field, _ in message.ListFields()}
    for field in NOT_HONOURED:
        if field in given:
            raise InvalidInput(
                f"bid.{field} is given, expected it to be absent: it is not honoured yet", field=field
            )
    site_id, resource_id = resource_ids(message.resource)
    currency = _currency(message)
    bid = Bid(
        bid_id=bid_id,
        site_id=site_id,
        resource_id=resource_id,
        zone="",
        submitted_at=_SET_BY_THE_HUB,
        delivery_ratio=message.delivery_ratio,
        offer=_offer(message, currency),
        energy_limit_kwh=message.energy_limit_kwh if message.HasField("energy_limit_kwh") else None,
        rebound=_rebound(message.rebound) if message.HasField("rebound") else None,
        exclusive_group=message.exclusive_group or None,
        parent_bid_id=identifier(message.parent_bid, "bids") if message.parent_bid else None,
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


def _currency(message: pb.Bid) -> str:
    if message.WhichOneof("offer") == "block_offer":
        return str(message.block_offer.price_per_mwh.currency_code)
    for interval in message.step_offer.intervals:
        for step in interval.steps:
            return str(step.price_per_mwh.currency_code)
    return ""


def _offer(message: pb.Bid, currency: str) -> StepOffer | BlockOffer:
    if message.WhichOneof("offer") == "block_offer":
        block = message.block_offer
        has_cost = block.HasField("fixed_cost_amount")
        return BlockOffer(
            profile_kw=tuple(block.profile_kw),
            price_per_mwh=amount_in(block.price_per_mwh, currency, "bid.block_offer.price_per_mwh"),
            fixed_cost=amount_in(block.fixed_cost_amount, currency, "bid.block_offer.fixed_cost_amount")
            if has_cost
            else Decimal(0),
            min_acceptance_ratio=block.min_acceptance_ratio,
        )
    return StepOffer(
        steps=tuple(
            tuple(
                PriceStep(
                    step.reduction_kw,
                    amount_in(
                        step.price_per_mwh,
                        currency,
                        f"bid.step_offer.intervals[{n}].steps[{m}].price_per_mwh",
                    ),
                )
                for m, step in enumerate(interval.steps)
            )
            for n, interval in enumerate(message.step_offer.intervals)
        )
    )


def _rebound(message: pb.Rebound) -> Rebound:
    return Rebound(
        ratio=message.return_ratio,
        window_intervals=message.deadline_interval_count,
        max_return_kw=message.max_return_kw,
    )


def bid_message(stored: Stored[BidRecord], currency: str) -> pb.Bid:
    """Write a bid; its prices are in the product's currency."""
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
    )
    if isinstance(bid.offer, BlockOffer):
        block = bid.offer
        message.block_offer.profile_kw.extend(block.profile_kw)
        message.block_offer.price_per_mwh.CopyFrom(price(block.price_per_mwh))
        if block.fixed_cost:
            message.block_offer.fixed_cost_amount.CopyFrom(price(block.fixed_cost))
        message.block_offer.min_acceptance_ratio = block.min_acceptance_ratio
    else:
        for steps in bid.offer.steps:
            message.step_offer.intervals.add(
                steps=[
                    pb.PriceStep(reduction_kw=step.reduction_kw, price_per_mwh=price(step.price_per_mwh))
                    for step in steps
                ]
            )
    if bid.rebound is not None:
        message.rebound.return_ratio = bid.rebound.ratio
        message.rebound.deadline_interval_count = bid.rebound.window_intervals
        message.rebound.max_return_kw = bid.rebound.max_return_kw
    return message
