"""What columns contribute to accounts, written as entries of the balance rows."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vpp.auction.market.accounts import Accounts
from vpp.auction.market.canonical import CanonicalBook, Integers
from vpp.solver.columns import Columns
from vpp.solver.linear_program import Floats


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows of one family, named as a certificate names them.

    Attributes:
        family: The family.
        keys: What names each row: bid ids or sites as text, intervals and positions as numbers.
            Each of shape (R,).
        rows: Index of each row. Shape (R,).
    """

    family: str
    keys: tuple[list[str] | Integers, ...]
    rows: Integers


@dataclass
class Assembly:
    """A program that is being put together from a book.

    Attributes:
        canonical: The book.
        accounts: Its accounts.
        columns: Columns, rows and entries so far.
        balance: Row of each account's balance. Shape (A, T).
        named: Every row of a bid's own.
    """

    canonical: CanonicalBook
    accounts: Accounts
    columns: Columns
    balance: Integers
    named: list[NamedRows] = field(default_factory=list)

    def name_rows(self, family: str, rows: Integers, *keys: list[str] | Integers) -> None:
        """Record what a certificate calls some rows."""
        if len(rows):
            self.named.append(NamedRows(family, keys, rows))

    def contribute(self, bid: Integers, interval: Integers, column: Integers, counted: Floats) -> None:
        """Count columns in every account of their bids.

        Args:
            bid: Place of each column's bid. Shape (K,).
            interval: Interval in which it counts. Shape (K,).
            column: The column. Shape (K,).
            counted: Counted net reduction per unit of the column. Shape (K,).
        """
        if not len(bid):
            return
        zone_of, more = self._memberships
        self.columns.add_entries(self.balance[zone_of[bid], interval], column, counted)
        first, length, accounts = more
        repeats = length[bid]
        if not repeats.any():
            return
        source = np.repeat(np.arange(len(bid)), repeats)
        offset = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        account = accounts[np.repeat(first[bid], repeats) + offset]
        self.columns.add_entries(self.balance[account, interval[source]], column[source], counted[source])

    @cached_property
    def _memberships(self) -> tuple[Integers, tuple[Integers, Integers, Integers]]:
        """Zone account of each bid; and its others: where they begin, how many, and all of them."""
        zone_of = np.empty(len(self.canonical.bids), dtype=np.int64)
        first, length = np.zeros_like(zone_of), np.zeros_like(zone_of)
        others: list[int] = []
        for place, bid in enumerate(self.canonical.bids):
            zone, *more = self.accounts.of_bid(bid)
            zone_of[place], first[place], length[place] = zone, len(others), len(more)
            others.extend(more)
        return zone_of, (first, length, np.array(others, dtype=np.int64))
