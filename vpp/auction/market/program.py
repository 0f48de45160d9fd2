"""A whole book as one linear program, and how to read its columns."""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import StoreOffer
from vpp.auction.market.accounts import Accounts
from vpp.auction.market.block_columns import BlockColumns, append_blocks, append_groups
from vpp.auction.market.canonical import CanonicalBook, Integers
from vpp.auction.market.contributions import Assembly, NamedRows
from vpp.auction.market.market_rows import MarketColumns, append_market
from vpp.auction.market.rebound_columns import ReboundColumns, append_rebounds
from vpp.auction.market.resource_rows import append_resource_limits
from vpp.auction.market.run_columns import RunColumns, append_runs
from vpp.auction.market.step_columns import StepColumns, append_steps
from vpp.auction.market.store_columns import StoreColumns, append_stores
from vpp.solver.columns import Columns
from vpp.solver.linear_program import Floats, LinearProgram


@dataclass(frozen=True, slots=True)
class MarketProgram:
    """A book as a linear program: its relaxation, in which every bid is divisible.

    Attributes:
        canonical: The book.
        accounts: Its accounts.
        program: The relaxation.
        market: Where the buyer's side is.
        steps: Where steps are.
        blocks: Where blocks are.
        rebounds: Where chosen rebounds are.
        runs: Where runs are.
        stores: Where stores are.
        named: Every row of a bid's own, with its name.
        market_column_count: Number of columns of the market; they come first.
        market_row_count: Number of rows of the market; they come first.
    """

    canonical: CanonicalBook
    accounts: Accounts
    program: LinearProgram
    market: MarketColumns
    steps: StepColumns
    blocks: BlockColumns
    rebounds: ReboundColumns
    runs: RunColumns
    stores: StoreColumns
    named: tuple[NamedRows, ...]
    market_column_count: int
    market_row_count: int

    @property
    def binary_columns(self) -> Integers:
        """Columns that are 0 or 1: grouped offers, running, starting."""
        accepted = np.fromiter(self.steps.accepted.values(), dtype=np.int64, count=len(self.steps.accepted))
        return np.concatenate((accepted, self.runs.on, self.runs.start))

    @property
    def idle(self) -> Floats:
        """Value of each column of bids when they do nothing: stores keep what they hold. Shape (C,)."""
        value = np.zeros(self.program.column_count)
        for row, place in enumerate(self.canonical.store_places):
            offer = self.canonical.bids[place].offer
            if isinstance(offer, StoreOffer):
                passed = np.arange(1, self.canonical.horizon_count + 1)
                value[self.stores.stored[row]] = offer.start_kwh * offer.hold_ratio**passed
        return value

    @property
    def store_losses(self) -> Floats:
        """Energy discharged per energy drawn for it, of each store. Shape (stores,)."""
        offers = (self.canonical.bids[place].offer for place in self.canonical.store_places)
        ratios = [
            offer.charge_efficiency * offer.discharge_efficiency
            for offer in offers
            if isinstance(offer, StoreOffer)
        ]
        return np.array(ratios, dtype=float)

    @property
    def may_waste(self) -> bool:
        """Whether a store may gain by charging while it discharges.

        It may where a price can fall below 0, as over-delivery is refused or a limit holds reductions
        down, where it is paid to discharge, and where it moves the other way.
        """
        canonical = self.canonical
        for place in canonical.store_places.tolist():
            offer = canonical.bids[place].offer
            if not canonical.is_aligned[place] or (isinstance(offer, StoreOffer) and offer.price_per_mwh < 0):
                return True
        is_bounded = any(np.isfinite(account.high_kw).any() for account in self.accounts.all)
        terms = self.canonical.book.terms
        has_ramp = terms.max_start_ramp_kw is not None or terms.max_release_ramp_kw is not None
        return is_bounded or has_ramp or not terms.allows_over_delivery

    @property
    def has_discrete(self) -> bool:
        """Whether anything in the book is accepted or not, so that its relaxation may not be exact."""
        return bool(len(self.blocks.column) or len(self.runs.on) or self.steps.accepted)


def assemble(canonical: CanonicalBook) -> MarketProgram:
    """Turn a checked book into its relaxation.

    Args:
        canonical: The book.

    Returns:
        The program and where everything is in it.

    Source:
        Design of the auction engine, sections 2 and 4.2.
    """
    accounts, columns = Accounts(canonical), Columns()
    market = append_market(columns, accounts)
    own_columns, own_rows = columns.column_count, columns.row_count
    assembly = Assembly(canonical, accounts, columns, market.balance)
    steps = append_steps(assembly)
    blocks = append_blocks(assembly)
    append_groups(assembly, blocks, steps.accepted)
    rebounds = append_rebounds(assembly, steps)
    runs = append_runs(assembly, steps)
    stores = append_stores(assembly)
    append_resource_limits(assembly, steps, blocks, stores)
    return MarketProgram(
        canonical=canonical,
        accounts=accounts,
        program=columns.program(),
        market=market,
        steps=steps,
        blocks=blocks,
        rebounds=rebounds,
        runs=runs,
        stores=stores,
        named=tuple(assembly.named),
        market_column_count=own_columns,
        market_row_count=own_rows,
    )
