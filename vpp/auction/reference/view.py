"""A book as the reference model sees it, in an order that the caller's cannot change.

Bids are sorted by id, so that a solver is given the same rows and columns whatever the order in
which bids arrived. Powers stay in kW and money is counted in thousandths of the currency: GLPK's
presolver overlooks anything below 0.001, which as MW would be a whole kW.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, RunLimits, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.foundation.series import hours

MILLI = 1000.0  # thousandths per currency unit, and kW per MW: one cancels the other

StepKey = tuple[str, int, int]  # bid id, interval, position within the interval
Account = tuple[str, str]  # what a net reduction is kept of: its kind (zone, feeder, site, path) and its name


@dataclass(frozen=True)
class ReferenceView:
    """A book in the model's units and order.

    Attributes:
        book: The book.
        interval_h: Length of an interval, h.
    """

    book: Book
    interval_h: float = field(init=False)

    def __post_init__(self) -> None:
        """Convert the length of an interval once."""
        object.__setattr__(self, "interval_h", hours(self.book.step))

    @cached_property
    def bids(self) -> dict[str, Bid]:
        """The bids by id, sorted."""
        return {bid.bid_id: bid for bid in sorted(self.book.bids, key=lambda bid: bid.bid_id)}

    @cached_property
    def delivery(self) -> range:
        """Delivery intervals."""
        return range(self.book.delivery_interval_count)

    @cached_property
    def horizon(self) -> range:
        """Delivery and recovery intervals."""
        return range(self.book.horizon_interval_count)

    @cached_property
    def required_kw(self) -> dict[int, float]:
        """Target with its margin in each interval that has one, kW."""
        margin = 1.0 + self.book.terms.margin_ratio
        return {t: target * margin for t, target in enumerate(self.book.target_kw) if target > 0}

    @cached_property
    def steps(self) -> dict[StepKey, PriceStep]:
        """Every step of every step offer."""
        return {
            (bid_id, t, position): step
            for bid_id, bid in self.bids.items()
            if isinstance(bid.offer, StepOffer)
            for t, steps in enumerate(bid.offer.steps)
            for position, step in enumerate(steps)
        }

    @cached_property
    def steps_of(self) -> dict[tuple[str, int], list[StepKey]]:
        """The steps of each bid in each interval; missing where there is none."""
        found: dict[tuple[str, int], list[StepKey]] = {}
        for key in self.steps:
            found.setdefault(key[:2], []).append(key)
        return found

    @cached_property
    def blocks(self) -> dict[str, BlockOffer]:
        """The blocks by bid id."""
        return {bid_id: bid.offer for bid_id, bid in self.bids.items() if isinstance(bid.offer, BlockOffer)}

    @cached_property
    def stores(self) -> dict[str, StoreOffer]:
        """The stores by bid id."""
        return {bid_id: bid.offer for bid_id, bid in self.bids.items() if isinstance(bid.offer, StoreOffer)}

    @cached_property
    def profile_kw(self) -> dict[str, tuple[float, ...]]:
        """The profile of each block over the whole horizon, kW."""
        count = len(self.horizon)
        return {
            bid_id: block.profile_kw + (0.0,) * (count - len(block.profile_kw))
            for bid_id, block in self.blocks.items()
        }

    @cached_property
    def size_kw(self) -> dict[str, float]:
        """The largest reduction of each block, kW: what its accepted ratio is measured on."""
        return {bid_id: max(profile) for bid_id, profile in self.profile_kw.items()}

    @cached_property
    def parents(self) -> dict[str, str]:
        """The parent of each child."""
        return {
            bid_id: bid.parent_bid_id for bid_id, bid in self.bids.items() if bid.parent_bid_id is not None
        }

    @cached_property
    def rebounds(self) -> dict[str, Rebound]:
        """The rebound of each step offer whose time the clearing chooses."""
        return {
            bid_id: bid.rebound
            for bid_id, bid in self.bids.items()
            if isinstance(bid.rebound, Rebound) and bid.rebound.ratio > 0
        }

    @cached_property
    def runs(self) -> dict[str, RunLimits]:
        """The run limits of each step offer that has them."""
        return {bid_id: bid.run_limits for bid_id, bid in self.bids.items() if bid.run_limits is not None}

    @cached_property
    def groups(self) -> dict[tuple[str, str], list[str]]:
        """Bid ids of each exclusive group; a group belongs to one site."""
        found: dict[tuple[str, str], list[str]] = {}
        for bid_id, bid in self.bids.items():
            if bid.exclusive_group is not None:
                found.setdefault((bid.site_id, bid.exclusive_group), []).append(bid_id)
        return found

    @cached_property
    def grouped_steps(self) -> list[str]:
        """Step offers that belong to a group, and so are accepted or not."""
        return [
            bid_id
            for bid_id, bid in self.bids.items()
            if bid.exclusive_group is not None and isinstance(bid.offer, StepOffer)
        ]

    @cached_property
    def by_resource(self) -> dict[tuple[str, str], list[str]]:
        """Bid ids of each resource."""
        found: dict[tuple[str, str], list[str]] = {}
        for bid_id, bid in self.bids.items():
            found.setdefault((bid.site_id, bid.resource_id), []).append(bid_id)
        return found

    @cached_property
    def zones(self) -> list[str]:
        """Every zone in which something counts, sorted."""
        found = {bid.zone for bid in self.bids.values()} | {limit.zone for limit in self.book.terms.zones}
        found |= {bid.migration.receiving_zone for bid in self.bids.values() if bid.migration is not None}
        return sorted(found)

    def serves(self, bid_id: str) -> bool:
        """Whether a bid moves consumption the way the buyer wants."""
        return self.bids[bid_id].direction is self.book.direction

    def block_energy_kwh(self, bid_id: str) -> float:
        """Reduced energy of a block accepted in full, kWh."""
        return self.interval_h * sum(max(change, 0.0) for change in self.profile_kw[bid_id])

    def price_per_mwh(self, bid_id: str, price_per_mwh: Decimal) -> float:
        """Price of awarded energy, called or not, per MWh.

        Energy is paid for as far as it is expected to be called, availability always.
        """
        asked = self.bids[bid_id].availability_price_per_kw_h
        return self.book.terms.activation_ratio * float(price_per_mwh) + MILLI * float(asked)
