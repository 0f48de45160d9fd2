"""A book as the model sees it, in an order that the caller's cannot change.

Bids are sorted by id, so that a solver is given the same rows and columns whatever the order in
which bids arrived. Powers stay in kW and money is counted in thousandths of the currency: GLPK's
presolver overlooks anything below 0.001, which as MW would be a whole kW.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.foundation.series import hours

MILLI = 1000.0  # thousandths per currency unit, and kW per MW: one cancels the other

StepKey = tuple[str, int, int]  # bid id, interval, position within the interval


@dataclass(frozen=True)
class MarketView:
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
    def rank(self) -> dict[str, int]:
        """Place of each bid in the order that decides ties, from 0."""
        ordered = sorted(self.book.bids, key=lambda bid: bid.tie_key)
        return {bid.bid_id: place for place, bid in enumerate(ordered)}

    @cached_property
    def intervals(self) -> range:
        """Intervals of the horizon."""
        return range(self.book.horizon_interval_count)

    @cached_property
    def target_kw(self) -> tuple[float, ...]:
        """Target per interval of the horizon, kW; 0 while recovering."""
        return self.book.target_kw + (0.0,) * self.book.recovery_interval_count

    @cached_property
    def has_target(self) -> frozenset[int]:
        """Intervals in which something is asked for."""
        return frozenset(t for t in self.intervals if self.target_kw[t] > 0)

    @cached_property
    def least_net_kw(self) -> dict[int, float]:
        """Least net reduction, kW: the target, or less the headroom for rebound; missing if any will do."""
        headroom_kw = self.book.rebound_headroom_kw
        least = {t: self.target_kw[t] for t in self.has_target}
        if headroom_kw is not None:
            least |= {t: -headroom_kw for t in self.intervals if t not in self.has_target}
        return dict(sorted(least.items()))

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
    def steps_in(self) -> dict[int, list[StepKey]]:
        """The steps of each interval."""
        found: dict[int, list[StepKey]] = {t: [] for t in self.intervals}
        for key in self.steps:
            found[key[1]].append(key)
        return found

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
    def profile_kw(self) -> dict[str, tuple[float, ...]]:
        """The profile of each block over the whole horizon, kW."""
        count = len(self.intervals)
        return {
            bid_id: block.profile_kw + (0.0,) * (count - len(block.profile_kw))
            for bid_id, block in self.blocks.items()
        }

    @cached_property
    def size_kw(self) -> dict[str, float]:
        """The largest reduction of each block, kW: what its accepted ratio is measured on."""
        return {bid_id: max(profile) for bid_id, profile in self.profile_kw.items()}

    @cached_property
    def rebounds(self) -> dict[str, Rebound]:
        """The rebound of each step offer that has one."""
        return {
            bid_id: bid.rebound
            for bid_id, bid in self.bids.items()
            if bid.rebound is not None and bid.rebound.ratio > 0
        }

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
    def twins(self) -> list[tuple[str, str]]:
        """Pairs of blocks that differ in nothing but the tie order, the earlier first."""
        parents = {bid.parent_bid_id for bid in self.bids.values()}
        alike: dict[object, list[str]] = {}
        for bid_id in sorted(self.blocks, key=self.rank.__getitem__):
            bid = self.bids[bid_id]
            if bid.exclusive_group or bid.parent_bid_id or bid_id in parents:
                continue
            resource = (bid.site_id, bid.resource_id)
            owner = (
                resource
                if len(self.by_resource[resource]) > 1 or resource in self.book.resource_limit_kw
                else None
            )
            block = self.blocks[bid_id]
            terms = (block.price_per_mwh, block.fixed_cost, block.min_acceptance_ratio)
            likeness = (self.profile_kw[bid_id], terms, bid.delivery_ratio, bid.energy_limit_kwh, owner)
            alike.setdefault(likeness, []).append(bid_id)
        return [pair for ids in alike.values() for pair in pairwise(ids)]

    def shed_mwh(self, bid_id: str) -> float:
        """Reduced energy of a block accepted in full, MWh."""
        return self.interval_h * sum(max(change, 0.0) for change in self.profile_kw[bid_id]) / MILLI

    def step_cost(self, key: StepKey) -> float:
        """Cost of a kW of a step over its interval, in thousandths of the currency."""
        return float(self.steps[key].price_per_mwh) * self.interval_h

    def reliable_price(self, bid_id: str, price_per_mwh: Decimal) -> float:
        """Price of a bid per MWh that counts towards the target."""
        return float(price_per_mwh) / self.bids[bid_id].delivery_ratio
