"""The sealed book: everything a clearing is decided by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid


@dataclass(frozen=True, slots=True)
class Book:
    """The sealed book of one auction, all in one zone.

    The horizon is the delivery intervals and, after them, the recovery intervals, in which
    nothing is asked for but rebound may fall.

    Attributes:
        auction_id: Last part of `auctions/{auction}`, or of the emergency event's name.
        start: Start of delivery, UTC.
        step: Length of an interval.
        target_kw: Reduction asked for per delivery interval, kW, 0 or more. Shape (N,).
        recovery_interval_count: Further intervals in which rebound may fall, 0 or more.
        price_cap_per_mwh: Highest price paid; the value of unserved target.
        rebound_headroom_kw: Largest net rebound of all bids together in an interval without a
            target, kW; None for no limit.
        bids: The bids; their order means nothing.
        resource_limit_kw: Largest accepted reduction of each (site id, resource id), kW, over
            all its bids; a resource that is missing has no limit.
    """

    auction_id: str
    start: datetime
    step: timedelta
    target_kw: tuple[float, ...]
    recovery_interval_count: int
    price_cap_per_mwh: Decimal
    rebound_headroom_kw: float | None
    bids: tuple[Bid, ...]
    resource_limit_kw: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def delivery_interval_count(self) -> int:
        """Number of delivery intervals."""
        return len(self.target_kw)

    @property
    def horizon_interval_count(self) -> int:
        """Number of delivery and recovery intervals together."""
        return len(self.target_kw) + self.recovery_interval_count
