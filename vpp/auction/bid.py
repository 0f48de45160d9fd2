"""Bids: what a site offers of one resource, at what price, and what comes back afterwards."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A quantity at a price; any part of it may be accepted.

    Attributes:
        reduction_kw: Reduction offered, kW, above 0.
        price_per_mwh: Least price at which it is offered.
    """

    reduction_kw: float
    price_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class StepOffer:
    """Divisible steps, interval by interval.

    Attributes:
        steps: The steps of each delivery interval, prices not decreasing; none means that
            nothing is offered in the interval. Shape (N,) of any.
    """

    steps: tuple[tuple[PriceStep, ...], ...]


@dataclass(frozen=True, slots=True)
class BlockOffer:
    """An offer that is accepted in one ratio for every interval, or not at all.

    Attributes:
        profile_kw: Change per interval from the start of delivery on, kW: positive is
            reduction, negative is rebound. Intervals beyond its end count as 0. Shape (T,) or
            shorter.
        price_per_mwh: Least price of the reduced energy.
        fixed_cost: Paid once if the block is accepted, however small the ratio; 0 or more.
        min_acceptance_ratio: The accepted ratio is 0 or at least this; 1 is indivisible.
    """

    profile_kw: tuple[float, ...]
    price_per_mwh: Decimal
    fixed_cost: Decimal = Decimal(0)
    min_acceptance_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Rebound:
    """Energy that comes back after reductions of a step offer.

    Attributes:
        ratio: Energy paid back per energy reduced, 0 or more.
        window_intervals: A reduction is paid back by the end of the interval so many later.
        max_return_kw: Largest increase while it is paid back, kW.
    """

    ratio: float
    window_intervals: int
    max_return_kw: float


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer of reduction by one flexible resource.

    Attributes:
        bid_id: Last part of `bids/{bid}`; unique in a book.
        site_id: Site that offers.
        resource_id: Its flexible resource.
        zone: Zone in which the reduction counts.
        submitted_at: When it was entered, UTC; earlier wins a tie.
        delivery_ratio: Share of the reduction that counts towards the target, in (0, 1]: the
            reliability derate. A rebound always counts in full.
        offer: What is offered.
        energy_limit_kwh: Largest reduction energy over the whole delivery, kWh; None for none.
        rebound: What comes back; only with steps, a block states it in its profile.
        exclusive_group: At most one bid of the site with this key is accepted; None for none.
        parent_bid_id: Block of the same site whose ratio this block's may not exceed.
    """

    bid_id: str
    site_id: str
    resource_id: str
    zone: str
    submitted_at: datetime
    delivery_ratio: float
    offer: StepOffer | BlockOffer
    energy_limit_kwh: float | None = None
    rebound: Rebound | None = None
    exclusive_group: str | None = None
    parent_bid_id: str | None = None

    @property
    def tie_key(self) -> tuple[datetime, str]:
        """What decides between offers of one price: the earlier submission, then the id."""
        return self.submitted_at, self.bid_id
