"""Awards as plain arrays, in the order of the book's bids."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain

import numpy as np

from vpp.auction.result import Award, Clearing
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.telling import Flags, Floats, any_of


@dataclass(frozen=True)
class AwardArrays:
    """Awards as plain arrays, n bids.

    Attributes:
        book: The book.
        clearing: Its clearing; it has one award of the right lengths for every bid.
    """

    book: BookArrays
    clearing: Clearing

    @cached_property
    def awards(self) -> list[Award]:
        """The awards in the order of the book's bids."""
        by_id = {award.bid_id: award for award in self.clearing.awards}
        return [by_id[bid.bid_id] for bid in self.book.bids]

    @cached_property
    def reduction_kw(self) -> Floats:
        """Awarded reduction, kW. Shape (n, N)."""
        return _table([award.reduction_kw for award in self.awards], self.book.delivery)

    @cached_property
    def rebound_kw(self) -> Floats:
        """Expected rebound or charge, kW. Shape (n, T)."""
        return _table([award.rebound_kw for award in self.awards], self.book.horizon)

    @cached_property
    def price(self) -> Floats:
        """Paid per MWh. Shape (n, N)."""
        rows: dict[int, tuple[Decimal, ...]] = {}
        for award in self.awards:
            rows.setdefault(id(award.price_per_mwh), award.price_per_mwh)
        rank = dict(zip(rows, range(len(rows)), strict=True))
        table = _table([tuple(map(float, row)) for row in rows.values()], self.book.delivery)
        return table[[rank[id(award.price_per_mwh)] for award in self.awards]]

    @cached_property
    def make_whole(self) -> Floats:
        """Paid once, in currency. Shape (n,)."""
        return np.array([float(award.make_whole) for award in self.awards], dtype=float)

    @cached_property
    def is_accepted(self) -> Flags:
        """Which bids are called accepted. Shape (n,)."""
        return np.array([award.reason.is_accepted for award in self.awards], dtype=bool)

    @cached_property
    def is_taken(self) -> Flags:
        """From which bids some reduction is bought. Shape (n,)."""
        return any_of(self.reduction_kw > 0)

    @cached_property
    def block_ratio(self) -> Floats:
        """Ratio in which each block is accepted. One entry per block."""
        return self.book.blocks.ratio(self.reduction_kw[self.book.blocks.bid])

    @cached_property
    def counted_kw(self) -> Floats:
        """Net reduction of each bid as it counts in its own zone, kW. Shape (n, T)."""
        book = self.book
        counted = self.rebound_kw * book.counts_returned[:, None]
        counted[:, : book.delivery] += self.reduction_kw * book.counts_reduced[:, None]
        return counted

    @cached_property
    def shortfall_kw(self) -> Floats:
        """Unserved target, kW. Shape (T,)."""
        short = np.zeros(self.book.horizon)
        short[: self.book.delivery] = self.clearing.shortfall_kw
        return short


def _table(rows: list[tuple[float, ...]], width: int) -> Floats:
    flat = np.fromiter(chain.from_iterable(rows), dtype=float, count=len(rows) * width)
    return flat.reshape(len(rows), width)
