"""Bids of load that moves to another site: one linked bid, or one for each leg.

In an auction over both zones, one bid states both legs: what the donor's zone sheds, the receiving zone
takes on, and the clearing weighs what each is worth. Where the two grids buy for themselves, each leg is a
bid of its own, in its own product and direction. No auction then knows of the other; so each leg alone asks
for the whole cost of moving, and whichever is awarded in full, moving does not lose. (What using the
network costs at all is spread over the energy: of a part that is awarded, only that part of it is covered.)
"""

from dataclasses import dataclass
from decimal import Decimal

from vpp.agent.wire import set_money
from vpp.flexibility.migration import MigrationLeg, Shift
from vpp.flexibility.offer import exact_ratio, price_per_mwh
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import resource_name
from vpp.v1 import auction_pb2, buyer_pb2

LARGEST_RATIO = 3.0
"""Largest increase per reduction on the wire."""


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """What the bids of a move share.

    Attributes:
        interval_count: Delivery intervals.
        currency: ISO 4217 code.
        delivery_ratio: Share of the move that is done nine times in ten.
    """

    interval_count: int
    currency: str
    delivery_ratio: float


def linked_bid(auction: str, shift: Shift, terms: MoveTerms) -> auction_pb2.Bid:
    """Return one bid of both legs, for an auction over both zones.

    Args:
        auction: `auctions/{auction}`.
        shift: What moves; its payments play no part, the auction finds them.
        terms: What the bid says besides.

    Returns:
        Steps of the donor's power at the cost of moving, and the leg to the receiving zone.

    Raises:
        InvalidInput: The receiver would draw more than the wire allows per kW shed.
    """
    if shift.receiving_ratio > LARGEST_RATIO:
        raise InvalidInput(
            f"receiving_ratio is {shift.receiving_ratio:g}, expected {LARGEST_RATIO:g} at most",
            receiving_ratio=str(shift.receiving_ratio),
        )
    bid = _leg_bid(auction, shift, shift.donor, terms)
    bid.migration_leg.receiving_zone = shift.receiver.end.zone
    bid.migration_leg.receiving_ratio = shift.receiving_ratio
    return bid


def leg_bids(
    donor_auction: str, receiver_auction: str, shift: Shift, terms: MoveTerms
) -> tuple[auction_pb2.Bid, auction_pb2.Bid]:
    """Return a bid for each leg, for two auctions that know nothing of each other.

    Args:
        donor_auction: `auctions/{auction}` of the donor's product, which buys less consumption.
        receiver_auction: `auctions/{auction}` of the receiver's product, which buys more.
        shift: What moves.
        terms: What both say besides.

    Returns:
        The donor's bid and the receiver's.
    """
    return (
        _leg_bid(donor_auction, shift, shift.donor, terms),
        _leg_bid(receiver_auction, shift, shift.receiver, terms),
    )


def _leg_bid(auction: str, shift: Shift, leg: MigrationLeg, terms: MoveTerms) -> auction_pb2.Bid:
    up = leg.direction is Direction.LOAD_UP
    bid = auction_pb2.Bid(
        resource=resource_name(leg.end.site_id, leg.end.resource_id),
        auction=auction,
        delivery_ratio=terms.delivery_ratio,
        direction=buyer_pb2.DIRECTION_LOAD_UP if up else buyer_pb2.DIRECTION_LOAD_DOWN,
    )
    price = price_per_mwh(max(Decimal(0), shift.cost) / exact_ratio(leg.energy_kwh))
    for _ in range(terms.interval_count):
        step = bid.step_offer.intervals.add().steps.add()
        step.reduction_kw = leg.power_kw
        set_money(step.price_per_mwh, price, terms.currency)
    return bid
