"""A book as plain arrays, read from its value types alone.

Bids keep the order of the book; N is the number of delivery intervals, T that of the horizon.
Nothing here is shared with the model that clears.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np

from vpp.auction.bid import Bid, BlockOffer, Migration, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.verification.offer_arrays import BlockArrays, StepArrays, StoreArrays
from vpp.auction.verification.telling import Flags, Floats, Integers


@dataclass(frozen=True)
class BookArrays:
    """A book as plain arrays.

    Attributes:
        book: The book.
    """

    book: Book

    @cached_property
    def bids(self) -> tuple[Bid, ...]:
        """The bids, n of them."""
        return self.book.bids

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of each bid id among the bids."""
        return {bid.bid_id: i for i, bid in enumerate(self.book.bids)}

    @cached_property
    def delivery(self) -> int:
        """Number of delivery intervals, N."""
        return len(self.book.target_kw)

    @cached_property
    def horizon(self) -> int:
        """Number of intervals of the horizon, T."""
        return len(self.book.target_kw) + self.book.recovery_interval_count

    @cached_property
    def interval_h(self) -> float:
        """Length of an interval, h."""
        return self.book.step / timedelta(hours=1)

    @cached_property
    def required_kw(self) -> Floats:
        """Target with its margin, kW; 0 while recovering. Shape (T,)."""
        required = np.zeros(self.horizon)
        required[: self.delivery] = self.book.target_kw
        return required * (1.0 + self.book.terms.margin_ratio)

    @cached_property
    def is_aligned(self) -> Flags:
        """Which bids move consumption the buyer's way. Shape (n,)."""
        wanted = self.book.direction
        return np.array([bid.direction is wanted for bid in self.book.bids], dtype=bool)

    @cached_property
    def counts_reduced(self) -> Floats:
        """What a reduced kW of each bid counts for: its derate, or -1 against the buyer. Shape (n,)."""
        ratio = np.array([bid.delivery_ratio for bid in self.book.bids], dtype=float)
        return np.where(self.is_aligned, ratio, -1.0)

    @cached_property
    def counts_returned(self) -> Floats:
        """What a kW of rebound of each bid counts for, always in full. Shape (n,)."""
        return np.where(self.is_aligned, -1.0, 1.0)

    @cached_property
    def availability(self) -> Floats:
        """What each bid asks for being available, per MWh of reduction. Shape (n,)."""
        asked = (bid.availability_price_per_kw_h for bid in self.book.bids)
        return np.array([1000.0 * float(price) if price else 0.0 for price in asked], dtype=float)

    @cached_property
    def zones(self) -> dict[str, int]:
        """Place of each zone that a bid or a limit names."""
        moves = (bid.migration.receiving_zone for bid in self.book.bids if bid.migration is not None)
        named = (limit.zone for limit in self.book.terms.zones)
        return _placed((*(bid.zone for bid in self.book.bids), *moves, *named))

    @cached_property
    def zone_of(self) -> Integers:
        """Zone of each bid. Shape (n,)."""
        return np.array([self.zones[bid.zone] for bid in self.book.bids], dtype=np.int64)

    @cached_property
    def sites(self) -> dict[str, int]:
        """Place of each site that a bid or a limit names."""
        named = (limit.site_id for limit in self.book.terms.sites)
        return _placed((*(bid.site_id for bid in self.book.bids), *named))

    @cached_property
    def site_of(self) -> Integers:
        """Site of each bid. Shape (n,)."""
        return np.array([self.sites[bid.site_id] for bid in self.book.bids], dtype=np.int64)

    @cached_property
    def feeder_sites(self) -> tuple[Integers, ...]:
        """Places of the sites behind each feeder that bid or are named. One of any shape per feeder."""
        feeders = self.book.terms.feeders
        return tuple(
            np.array([self.sites[site] for site in feeder.site_ids if site in self.sites], dtype=np.int64)
            for feeder in feeders
        )

    @cached_property
    def migrations(self) -> tuple[tuple[int, Migration], ...]:
        """The bids that migrate, with where to."""
        return tuple((i, bid.migration) for i, bid in enumerate(self.book.bids) if bid.migration is not None)

    @cached_property
    def movers_of_path(self) -> tuple[Integers, ...]:
        """Places of the bids that move load along each path of the buyer's terms."""
        movers: dict[tuple[str, str], list[int]] = {}
        for i, migration in self.migrations:
            movers.setdefault((self.book.bids[i].zone, migration.receiving_zone), []).append(i)
        pairs = ((path.from_zone, path.to_zone) for path in self.book.terms.paths)
        return tuple(np.array(movers.get(pair, []), dtype=np.int64) for pair in pairs)

    @cached_property
    def resources(self) -> dict[tuple[str, str], Integers]:
        """Places of the bids of each resource that has a limit; resources without bids are left out."""
        limits = self.book.resource_limit_kw
        found: dict[tuple[str, str], list[int]] = {}
        if limits:
            for i, bid in enumerate(self.book.bids):
                key = (bid.site_id, bid.resource_id)
                if key in limits:
                    found.setdefault(key, []).append(i)
        return {key: np.array(places, dtype=np.int64) for key, places in found.items()}

    @cached_property
    def groups(self) -> dict[tuple[str, str], list[int]]:
        """Places of the bids of each exclusive group, by site and key."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, bid in enumerate(self.book.bids):
            if bid.exclusive_group is not None:
                found.setdefault((bid.site_id, bid.exclusive_group), []).append(i)
        return found

    @cached_property
    def parent(self) -> dict[int, int]:
        """Place of each child's parent."""
        return {
            i: self.place[bid.parent_bid_id]
            for i, bid in enumerate(self.book.bids)
            if bid.parent_bid_id is not None
        }

    @cached_property
    def steps(self) -> StepArrays:
        """The step offers."""
        offers = [(i, bid.offer) for i, bid in enumerate(self.book.bids) if isinstance(bid.offer, StepOffer)]
        return StepArrays.read(offers, self.delivery)

    @cached_property
    def blocks(self) -> BlockArrays:
        """The blocks."""
        limit_kw = self.book.resource_limit_kw
        offers = [
            (i, bid.offer, bid.energy_limit_kwh, limit_kw.get((bid.site_id, bid.resource_id), np.inf))
            for i, bid in enumerate(self.book.bids)
            if isinstance(bid.offer, BlockOffer)
        ]
        return BlockArrays.read(offers, self.horizon, self.interval_h)

    @cached_property
    def stores(self) -> StoreArrays:
        """The stores."""
        offers = [(i, bid.offer) for i, bid in enumerate(self.book.bids) if isinstance(bid.offer, StoreOffer)]
        return StoreArrays.read(offers)


def _placed(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}
