"""The bound that prices for the accounts prove: every part of the market at its own best.

At given prices for the balances of accounts the clearing falls apart into the buyer's side, the
components with rows of their own, and columns that stand alone. Each is answered exactly; the sum of
their least costs is a bound for any prices, and prices that make it largest are convex-hull prices.
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.components import Components
from vpp.auction.search.heavy import Answers, OwnBids, bound_kinds, heavy_kinds
from vpp.foundation.errors import BrokenPromise
from vpp.solver.highs_session import HighsSession
from vpp.solver.linear_program import Floats, LinearProgram
from vpp.solver.report import Outcome


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What prices prove.

    Attributes:
        price: Price of each account and interval, in thousandths per kW. Shape (A, T).
        bound: No awards can cost less, in thousandths.
        row_dual: Duals that prove it by arithmetic. Shape (R,).
        heavy: What the heavy components do at these prices.
    """

    price: Floats
    bound: float
    row_dual: Floats
    heavy: Answers


class Lagrangian:
    """Evaluates prices of a program.

    Attributes:
        heavy: Components with a store, a chosen rebound or a run.
        bound: Other components with rows of their own.
        single: Columns that stand alone. Shape (L,).
        components: All components.
    """

    def __init__(self, market: MarketProgram, time_limit_s: float) -> None:
        """Take a program apart."""
        components = Components(market)
        kinds = heavy_kinds(market, components)
        self._market, self._time_limit_s = market, time_limit_s
        self.components = components
        self.heavy = OwnBids(components, kinds)
        self.bound = OwnBids(components, bound_kinds(components, kinds))
        alone = np.ones(market.program.column_count, dtype=bool)
        alone[: market.market_column_count] = False
        alone[self.heavy.columns] = False
        alone[self.bound.columns] = False
        self.single: Integers = np.flatnonzero(alone)
        self._buyer = HighsSession(_buyer_program(market))
        self._net = market.market.net

    def evaluate(self, price: Floats) -> Evaluation:
        """Answer every part at prices.

        Args:
            price: Price of each account and interval, in thousandths per kW. Shape (A, T).

        Returns:
            The evaluation.
        """
        market, program = self._market, self._market.program
        dual = np.zeros(program.row_count)
        dual[market.market.balance] = price
        # A kW of net reduction costs the buyer's side its price: the balance takes it from the bids.
        self._buyer.set_costs(self._net.ravel().astype(np.int32), price.ravel())
        buyer = self._buyer.solve(time_limit_s=self._time_limit_s)
        if buyer.outcome is not Outcome.OPTIMAL or buyer.objective is None:
            raise BrokenPromise(f"the buyer's side has no answer: {buyer.outcome.value}")
        is_balance = np.zeros(market.market_row_count, dtype=bool)
        is_balance[market.market.balance.ravel()] = True
        market_dual = dual[: market.market_row_count]
        heavy = self.heavy.answer(market_dual, self._time_limit_s)
        bound = self.bound.answer(market_dual, self._time_limit_s)
        reduced = program.cost[self.single] - program.times_transposed(dual)[self.single]
        ends = np.where(reduced > 0, program.column_low[self.single], program.column_high[self.single])
        least = float((reduced * ends).sum())
        dual[: market.market_row_count][~is_balance] = buyer.row_dual
        dual[self.heavy.rows], dual[self.bound.rows] = heavy.row_dual, bound.row_dual
        total = buyer.objective + float(heavy.gain.sum()) + float(bound.gain.sum()) + least
        return Evaluation(price, total, dual, heavy)


def _buyer_program(market: MarketProgram) -> LinearProgram:
    """Cut the buyer's side out of a program: its columns, and its rows without the balances.

    A net reduction without limits would be unbounded at prices that nobody set; its size is limited by
    what the bids can add up to.
    """
    whole = market.program
    count, rows = market.market_column_count, market.market_row_count
    kept = np.ones(whole.row_count, dtype=bool)
    kept[rows:] = False
    kept[market.market.balance.ravel()] = False
    number = np.cumsum(kept) - 1
    entries = slice(0, int(whole.column_start[count]))
    row, value = whole.row_index[entries], whole.value[entries]
    owner = np.repeat(np.arange(count), np.diff(whole.column_start[: count + 1]))
    used = kept[row]
    starts = np.concatenate(([0], np.cumsum(np.bincount(owner[used], minlength=count))))
    most, least = _reachable(market)
    low, high = whole.column_low[:count].copy(), whole.column_high[:count].copy()
    net = market.market.net.ravel()
    low[net], high[net] = np.maximum(low[net], least.ravel()), np.minimum(high[net], most.ravel())
    return LinearProgram(
        cost=whole.cost[:count].copy(),
        column_low=low,
        column_high=high,
        row_low=whole.row_low[kept],
        row_high=whole.row_high[kept],
        column_start=starts.astype(np.int32),
        row_index=number[row[used]].astype(np.int32),
        value=value[used],
    )


def _reachable(market: MarketProgram) -> tuple[Floats, Floats]:
    """Return the largest and least net reduction that columns could add up to. Shape (A, T) each."""
    program, first = market.program, market.market_column_count
    entries = slice(int(program.column_start[first]), None)
    row, value = program.row_index[entries], program.value[entries]
    owner = np.repeat(np.arange(first, program.column_count), np.diff(program.column_start[first:]))
    inner = row < market.market_row_count
    row, value, owner = row[inner], value[inner], owner[inner]
    ends = np.stack((value * program.column_low[owner], value * program.column_high[owner]))
    most = np.bincount(row, weights=ends.max(axis=0), minlength=market.market_row_count)
    least = np.bincount(row, weights=ends.min(axis=0), minlength=market.market_row_count)
    balance = market.market.balance
    return most[balance].astype(float), least[balance].astype(float)
