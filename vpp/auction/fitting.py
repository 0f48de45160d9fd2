"""At which ask an indivisible bid that did not fit would have been taken."""

import numpy as np

from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import MILLI, Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.rules import ClearingRules
from vpp.auction.search.choices import fix
from vpp.auction.search.found import Found
from vpp.auction.search.prices import Prices
from vpp.auction.search.pricing import WholePricing
from vpp.solver.linear_program import LinearSession
from vpp.solver.report import Outcome, SolverName

_MOST_COLUMNS = 40_000
_MOST_BIDS = {SolverName.HIGHS: 12, SolverName.GLPK: 4}
_COLUMNS_IN_ALL = 60_000  # of all the programs that are solved for it
_EVEN = 1e-5


def winning_prices(
    market: MarketProgram, found: Found, dispatch: Dispatch, prices: Prices, rules: ClearingRules
) -> dict[int, float]:
    """Force each block that the prices would reward, and see what that costs.

    Accepting it with all other choices as they are raises the cost by some amount; asking so much
    less, it would have been at least as good as what was chosen.

    Args:
        market: The book.
        found: What the search found; its program is left at these choices.
        dispatch: What is bought.
        prices: The published prices.
        rules: Solver and its limits.

    Returns:
        Effective price per MWh by place, for a limited number of bids of books that are not too large.
    """
    pricing = found.pricing
    too_large = market.program.column_count > _MOST_COLUMNS or not len(market.blocks.column)
    if too_large or not isinstance(pricing, WholePricing):
        return {}
    session = pricing.session
    fix(session, market, found.choices)
    winning: dict[int, float] = {}
    affordable = max(2, _COLUMNS_IN_ALL // market.program.column_count)
    most = min(_MOST_BIDS[rules.solver], affordable)
    for row in _paradoxical(market, found, dispatch, prices)[:most].tolist():
        price = _fitting_price(market, session, found, row, rules.time_limit.total_seconds())
        if price is not None:
            winning[int(market.canonical.block_places[row])] = price
    return winning


def _paradoxical(market: MarketProgram, found: Found, dispatch: Dispatch, prices: Prices) -> Integers:
    """Return the refused blocks that would gain at the prices, those that would gain most first."""
    canonical, blocks, accounts = market.canonical, market.blocks, market.accounts
    seen = np.array(
        [
            prices.account[accounts.of_bid(canonical.bids[place])].sum(axis=0)
            for place in canonical.block_places
        ]
    )
    profile = canonical.profile_kw
    places = canonical.block_places
    counted = np.where(
        profile > 0, canonical.counted_shed[places][:, None], -canonical.counted_return[places][:, None]
    )
    surplus = (
        (counted * profile * seen).sum(axis=1) * canonical.interval_h - blocks.energy_cost - blocks.fixed_cost
    )
    open_parent = (blocks.parent < 0) | found.choices.blocks[blocks.parent]
    wins = ~found.choices.blocks & (surplus > -_EVEN) & (blocks.high_ratio >= 1) & open_parent
    for row in np.flatnonzero(wins).tolist():
        bid = canonical.bids[places[row]]
        if bid.exclusive_group is not None:
            members = canonical.groups[bid.site_id, bid.exclusive_group]
            wins[row] = not dispatch.taken[members].any()
    rows = np.flatnonzero(wins)
    return rows[np.lexsort((rows, -surplus[rows]))]


def _fitting_price(
    market: MarketProgram, session: LinearSession, found: Found, row: int, time_limit_s: float
) -> float | None:
    blocks = market.blocks
    column = np.array([blocks.column[row]], dtype=np.int32)
    full = np.array([blocks.size_kw[row] * blocks.high_ratio[row]])
    session.set_columns(column, full, full)
    forced = session.solve(time_limit_s=time_limit_s)
    session.set_columns(column, np.zeros(1), np.zeros(1))
    if forced.outcome is not Outcome.OPTIMAL or forced.objective is None or found.answer.objective is None:
        return None
    extra = forced.objective + float(blocks.fixed_cost[row]) - found.answer.objective
    energy_mwh = (
        float(np.maximum(market.canonical.profile_kw[row], 0.0).sum()) * market.canonical.interval_h / MILLI
    )
    ask = float(blocks.energy_cost[row]) / MILLI / energy_mwh
    return ask - max(0.0, extra) / MILLI / energy_mwh
