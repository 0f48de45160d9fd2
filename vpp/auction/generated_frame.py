"""What all bids of a generated book share, and what every one of them has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.auction.bid import Bid, Offer
from vpp.auction.generated_dice import Dice


@dataclass(frozen=True, slots=True)
class BidFrame:
    """What all bids of a generated book share.

    Attributes:
        start: Start of delivery, UTC.
        hours: Length of an interval, h.
        delivery: Number of delivery intervals.
        horizon: Number of delivery and recovery intervals.
        shape: What is needed in each delivery interval, as a share of the peak. Shape (N,).
        zones: The zones.
        site_zones: Zone of each site.
        submission_minutes: How many different minutes bids are submitted in; fewer than the bids,
            so that some tie.
    """

    start: datetime
    hours: float
    delivery: int
    horizon: int
    shape: tuple[float, ...]
    zones: tuple[str, ...]
    site_zones: Mapping[str, str]
    submission_minutes: int


def new_bid(  # noqa: PLR0913, PLR0917  the first four are the same in every call
    dice: Dice, frame: BidFrame, bid_id: str, site_id: str, resource_id: str, offer: Offer
) -> Bid:
    """Draw what every bid has: when it was submitted and how much of it is delivered.

    Args:
        dice: The draws.
        frame: What all bids share.
        bid_id: The bid's id.
        site_id: Its site.
        resource_id: Its resource.
        offer: What it offers.

    Returns:
        The bid, with nothing else set.
    """
    return Bid(
        bid_id=bid_id,
        site_id=site_id,
        resource_id=resource_id,
        zone=frame.site_zones[site_id],
        submitted_at=frame.start - timedelta(days=1, minutes=dice.whole(0, frame.submission_minutes - 1)),
        delivery_ratio=dice.whole(70, 100) / 100,
        offer=offer,
    )


def window(dice: Dice, frame: BidFrame, shortest: int, longest: int) -> tuple[int, int]:
    """Draw a span of delivery intervals; late ones are likelier, as the peak is late.

    Args:
        dice: The draws.
        frame: What all bids share.
        shortest: Least number of intervals; fewer where the delivery is shorter.
        longest: Most intervals.

    Returns:
        The first interval, and the one after the last.
    """
    low = max(1, min(shortest, frame.delivery))
    length = dice.whole(low, max(low, min(longest, frame.delivery)))
    latest = frame.delivery - length
    first = max(dice.whole(0, latest), dice.whole(0, latest))
    return first, first + length
