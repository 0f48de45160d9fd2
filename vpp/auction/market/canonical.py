"""A book as arrays, in an order that the caller's cannot change.

Bids are sorted by id, so that a solver is given the same rows and columns whatever the order in
which bids arrived. Powers stay in kW and money is counted in thousandths of the currency: GLPK's
presolver overlooks anything below 0.001, which as MW would be a whole kW.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.foundation.series import hours
from vpp.solver.linear_program import Flags, Floats

MICRO = Decimal("0.000001")
MILLI = 1000.0  # thousandths per currency unit, and kW per MW: one cancels the other

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StepTable:
    """Every step of every step offer, by bid, interval and position. All of shape (S,).

    Attributes:
        bid: Index of the bid.
        interval: Delivery interval.
        position: Position within the interval, from 0.
        quantity_kw: Reduction offered, kW.
        price: Effective price per MWh of reduction.
    """

    bid: Integers
    interval: Integers
    position: Integers
    quantity_kw: Floats
    price: Floats


@dataclass(frozen=True)
class CanonicalBook:
    """A book in the engine's order and units.

    Attributes:
        book: The book; it has been checked.
    """

    book: Book

    @cached_property
    def bids(self) -> tuple[Bid, ...]:
        """The bids, sorted by id."""
        return tuple(sorted(self.book.bids, key=lambda bid: bid.bid_id))

    @cached_property
    def index(self) -> dict[str, int]:
        """Place of each bid id in `bids`."""
        return {bid.bid_id: place for place, bid in enumerate(self.bids)}

    @cached_property
    def rank(self) -> Integers:
        """Place of each bid in the order that decides ties, from 0. Shape (B,)."""
        places = sorted(range(len(self.bids)), key=lambda place: self.bids[place].tie_key)
        rank = np.empty(len(places), dtype=np.int64)
        rank[places] = np.arange(len(places))
        return rank

    @cached_property
    def interval_h(self) -> float:
        """Length of an interval, h."""
        return hours(self.book.step)

    @property
    def delivery_count(self) -> int:
        """Number of delivery intervals, N."""
        return self.book.delivery_interval_count

    @property
    def horizon_count(self) -> int:
        """Number of intervals of the horizon, T."""
        return self.book.horizon_interval_count

    @cached_property
    def target_kw(self) -> Floats:
        """Target with its margin per interval of the horizon, kW; 0 while recovering. Shape (T,)."""
        target = np.zeros(self.horizon_count)
        target[: self.delivery_count] = self.book.target_kw
        return target * (1.0 + self.book.terms.margin_ratio)

    @cached_property
    def has_target(self) -> Flags:
        """Intervals in which something is asked for. Shape (T,)."""
        return self.target_kw > 0

    @cached_property
    def is_aligned(self) -> Flags:
        """Which bids move consumption the buyer's way. Shape (B,)."""
        wanted = self.book.direction
        return np.array([bid.direction is wanted for bid in self.bids], dtype=bool)

    @cached_property
    def counted_shed(self) -> Floats:
        """What a reduced kW of each bid counts for. Shape (B,)."""
        ratio = np.array([bid.delivery_ratio for bid in self.bids], dtype=float)
        return np.where(self.is_aligned, ratio, -1.0)

    @cached_property
    def counted_return(self) -> Floats:
        """What a kW of rebound of each bid counts for. Shape (B,)."""
        return np.where(self.is_aligned, -1.0, 1.0)

    @cached_property
    def cap(self) -> float:
        """The price cap per MWh."""
        return float(self.book.price_cap_per_mwh)

    def effective_price(self, bid: Bid, price: Decimal) -> Decimal:
        """Weigh what a bid asks for energy and for availability, per MWh of reduction.

        Source:
            Design of the auction engine, bid vocabulary: energy counts by the share that is
            expected to be called, availability always; rounded to a millionth.
        """
        ratio = self.book.terms.activation_ratio
        if ratio == 1.0 and not bid.availability_price_per_kw_h:
            return price
        called = price if ratio == 1.0 else price * Decimal(repr(ratio))
        return (called + 1000 * bid.availability_price_per_kw_h).quantize(MICRO)

    @cached_property
    def steps(self) -> StepTable:
        """Every step of every step offer."""
        ladders: dict[tuple[int, int], int] = {}
        owners: list[tuple[PriceStep, ...]] = []
        prices: list[float] = []
        first: list[int] = [0]
        bid_of, interval_of, ladder_of = [], [], []
        for place, bid in enumerate(self.bids):
            if not isinstance(bid.offer, StepOffer):
                continue
            own = place if bid.availability_price_per_kw_h else -1
            for t, steps in enumerate(bid.offer.steps):
                if not steps:
                    continue
                key = (id(steps), own)
                ladder = ladders.get(key)
                if ladder is None:
                    ladder = ladders[key] = len(owners)
                    owners.append(steps)
                    prices.extend(float(self.effective_price(bid, step.price_per_mwh)) for step in steps)
                    first.append(len(prices))
                bid_of.append(place)
                interval_of.append(t)
                ladder_of.append(ladder)
        quantity = np.array([step.reduction_kw for steps in owners for step in steps], dtype=float)
        starts = np.array(first, dtype=np.int64)
        ladder_index = np.array(ladder_of, dtype=np.int64)
        lengths = np.diff(starts)[ladder_index] if len(ladder_index) else np.empty(0, dtype=np.int64)
        position = _positions(lengths)
        source = np.repeat(starts[ladder_index], lengths) + position if len(ladder_index) else position
        return StepTable(
            bid=np.repeat(np.array(bid_of, dtype=np.int64), lengths),
            interval=np.repeat(np.array(interval_of, dtype=np.int64), lengths),
            position=position,
            quantity_kw=quantity[source],
            price=np.array(prices, dtype=float)[source],
        )

    @cached_property
    def block_places(self) -> Integers:
        """Which bids are blocks, in order."""
        return self._places(lambda bid: isinstance(bid.offer, BlockOffer))

    @cached_property
    def store_places(self) -> Integers:
        """Which bids are stores, in order."""
        return self._places(lambda bid: isinstance(bid.offer, StoreOffer))

    @cached_property
    def groups(self) -> dict[tuple[str, str], list[int]]:
        """Places of the members of each exclusive group; a group belongs to one site."""
        found: dict[tuple[str, str], list[int]] = {}
        for place, bid in enumerate(self.bids):
            if bid.exclusive_group is not None:
                found.setdefault((bid.site_id, bid.exclusive_group), []).append(place)
        return found

    @cached_property
    def profile_kw(self) -> Floats:
        """Profile of each block over the horizon, kW. Shape (blocks, T)."""
        profile = np.zeros((len(self.block_places), self.horizon_count))
        for row, place in enumerate(self.block_places):
            offer = self.bids[place].offer
            assert is_block(offer)  # noqa: S101  what block_places is
            profile[row, : len(offer.profile_kw)] = offer.profile_kw
        return profile

    @cached_property
    def twin_chains(self) -> list[list[int]]:
        """Blocks that differ in the tie order alone, the earlier first; by their place among the blocks."""
        parents = {bid.parent_bid_id for bid in self.bids}
        owners: dict[tuple[str, str], int] = {}
        for bid in self.bids:
            owner = (bid.site_id, bid.resource_id)
            owners[owner] = owners.get(owner, 0) + 1
        limits = self.book.resource_limit_kw
        alike: dict[object, list[int]] = {}
        for row in sorted(range(len(self.block_places)), key=lambda row: self.rank[self.block_places[row]]):
            bid = self.bids[self.block_places[row]]
            if bid.exclusive_group or bid.parent_bid_id or bid.bid_id in parents:
                continue
            owner = (bid.site_id, bid.resource_id)
            shared = owner if owners[owner] > 1 or owner in limits else None
            site = bid.site_id if self.book.terms.tells_sites_apart else None
            likeness = (
                bid.offer, self.profile_kw[row].tobytes(), bid.delivery_ratio, bid.energy_limit_kwh, shared,
                site, bid.zone, bid.direction, bid.availability_price_per_kw_h,
            )  # fmt: skip
            alike.setdefault(likeness, []).append(row)
        return [rows for rows in alike.values() if len(rows) > 1]

    def _places(self, is_wanted: Callable[[Bid], bool]) -> Integers:
        return np.array([place for place, bid in enumerate(self.bids) if is_wanted(bid)], dtype=np.int64)


def is_block(offer: object) -> TypeGuard[BlockOffer]:
    """Tell whether an offer is a block."""
    return isinstance(offer, BlockOffer)


def _positions(lengths: Integers) -> Integers:
    """Count 0, 1, ... within each run of the given lengths.

    Example:
        >>> _positions(np.array([2, 1, 3])).tolist()
        [0, 1, 0, 0, 1, 2]
    """
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    return np.arange(total, dtype=np.int64) - np.repeat(ends - lengths, lengths)
