"""The sealed book: everything a clearing is decided by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid
from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.foundation.direction import Direction


@dataclass(frozen=True, slots=True)
class EntryRules:
    """What every bid of a book must keep to.

    Attributes:
        price_floor_per_mwh: Lowest price of a bid; None for none.
        min_bid_kw: Smallest quantity offered in an interval, kW.
        increment_kw: Quantities are whole multiples of this, kW; 0 for any size.
        max_bids_per_party: Most bids of one party, or of one site where the party is unknown.
    """

    price_floor_per_mwh: Decimal | None = None
    min_bid_kw: float = 0.0
    increment_kw: float = 0.0
    max_bids_per_party: int = 50_000


@dataclass(frozen=True, slots=True)
class Book:
    """The sealed book of one auction.

    The horizon is the delivery intervals and, after them, the recovery intervals, in which
    nothing is asked for but rebound may fall.

    Attributes:
        auction_id: Last part of `auctions/{auction}`, or of the emergency event's name.
        start: Start of delivery, UTC.
        step: Length of an interval.
        target_kw: Reduction asked for per delivery interval over all zones, kW, 0 or more. Shape (N,).
        recovery_interval_count: Further intervals in which rebound may fall, 0 or more.
        price_cap_per_mwh: Highest price paid; the value of unserved target.
        rebound_headroom_kw: Largest net rebound of all bids together in an interval without a
            target, kW; None for no limit.
        bids: The bids; their order means nothing.
        resource_limit_kw: Largest accepted reduction of each (site id, resource id), kW, over
            all its bids; a resource that is missing has no limit.
        direction: Which way the buyer wants consumption to move.
        terms: What the buyer asks beside the target.
        entry: What every bid must keep to.
        currency: ISO 4217 code of every price, in capitals; empty if it does not matter.
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
    direction: Direction = Direction.LOAD_DOWN
    terms: BuyerTerms = ANY_TERMS
    entry: EntryRules = EntryRules()
    currency: str = ""

    @property
    def delivery_interval_count(self) -> int:
        """Number of delivery intervals."""
        return len(self.target_kw)

    @property
    def horizon_interval_count(self) -> int:
        """Number of delivery and recovery intervals together."""
        return len(self.target_kw) + self.recovery_interval_count
