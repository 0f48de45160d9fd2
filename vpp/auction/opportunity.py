"""What bids could have gained more at the published prices, had each chosen its own awards."""

import numpy as np

from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import MILLI
from vpp.auction.market.program import MarketProgram
from vpp.auction.payment import Payment
from vpp.auction.rules import ClearingRules, UniformPrice
from vpp.auction.search.choices import Choices
from vpp.auction.search.components import Components
from vpp.auction.search.prices import Prices
from vpp.auction.search.sessions import open_session
from vpp.solver.linear_program import Floats
from vpp.solver.report import Outcome

_MOST_COLUMNS, _MOST_COLUMNS_OF_HULL = 10_000, 60_000


def lost_opportunity(  # noqa: PLR0913, PLR0917  what it compares
    market: MarketProgram,
    rules: ClearingRules,
    choices: Choices,
    value: Floats,
    prices: Prices,
    dispatch: Dispatch,
    payments: list[Payment],
) -> float | None:
    """Return the lost opportunity of all bids together.

    For each set of bids that hang together: what they could gain at the prices, less what they do
    gain with their make-whole, where that is above 0. What committed bids could gain is judged by
    their relaxation and so from above.

    Args:
        market: The book.
        rules: Solver and its limits.
        choices: What is accepted at all.
        value: Value of each column. Shape (C,).
        prices: The published prices.
        dispatch: What is bought.
        payments: What is paid, for the make-whole, in canonical order.

    Returns:
        In currency; None in books too large for it (hull prices, which are chosen for the sake of this
        figure, have it for larger ones), or if the solver did not finish.

    Source:
        Design of the auction engine, section 3.1: uplift is make-whole and lost opportunity.
    """
    program = market.program
    is_hull = rules.uniform_price is UniformPrice.CONVEX_HULL
    if program.column_count > (_MOST_COLUMNS_OF_HULL if is_hull else _MOST_COLUMNS):
        return None
    components = Components(market)
    row_dual = np.zeros(program.row_count)
    row_dual[market.market.balance] = prices.account * market.canonical.interval_h
    weight = components.priced(row_dual)
    own = np.arange(market.market_column_count, program.column_count)
    rows = np.arange(market.market_row_count, program.row_count)
    best = open_session(components.program_of(own, rows, weight[own]), rules.solver).solve(
        time_limit_s=rules.time_limit.total_seconds()
    )
    if best.outcome is not Outcome.OPTIMAL:
        return None
    label = components.of_column[own]
    kinds, member = np.unique(label, return_inverse=True)
    could = -np.bincount(member, weights=weight[own] * best.column_value, minlength=len(kinds))
    gained = -np.bincount(
        member, weights=_true_cost(market, weight, value, choices)[own], minlength=len(kinds)
    )
    place_of = {int(kind): row for row, kind in enumerate(kinds)}
    first_column = _first_columns(market)
    for place, payment in enumerate(payments):
        if payment.make_whole and dispatch.taken[place] and place in first_column:
            component = place_of[int(components.of_column[first_column[place]])]
            gained[component] += float(payment.make_whole) * MILLI
    return float(np.maximum(could - gained, 0.0).sum() / MILLI)


def _true_cost(market: MarketProgram, weight: Floats, value: Floats, choices: Choices) -> Floats:
    """Weighted columns, with a block's fixed cost paid in full where it is accepted. Shape (C,)."""
    blocks = market.blocks
    cost = weight * value
    spread = blocks.relaxed_cost() - blocks.energy_cost / np.where(blocks.size_kw > 0, blocks.size_kw, 1.0)
    cost[blocks.column] += np.where(choices.blocks, blocks.fixed_cost - spread * value[blocks.column], 0.0)
    return cost


def _first_columns(market: MarketProgram) -> dict[int, int]:
    """Return some column of each bid, by place."""
    canonical, charged = market.canonical, market.stores.charged
    stores = charged[:, 0] if charged.size else np.empty(0, dtype=np.int64)
    places = np.concatenate((canonical.steps.bid, canonical.block_places, canonical.store_places))
    columns = np.concatenate((market.steps.column, market.blocks.column, stores))
    return dict(zip(places.tolist(), columns.tolist(), strict=True))
