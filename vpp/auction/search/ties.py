"""Chooses among awards of the same cost by the published rule, not by the solver's habits.

Many awards can cost the same: offers at one price, returns at one time or another. They form a
face of the linear program, which the duals describe: what has a reduced cost stays at its bound,
what has a price stays tight. Over that face a second objective is minimised, in which an earlier
submission counts less than a later one.
"""

import numpy as np
from scipy.sparse import csc_array

from vpp.auction.market.program import MarketProgram
from vpp.auction.rules import ClearingRules
from vpp.auction.search.sessions import open_session
from vpp.solver.linear_program import Floats, LinearAnswer, LinearProgram
from vpp.solver.report import Outcome

_IS_ZERO = 1e-6  # thousandths of the currency per kW; what is smaller is no price
_MOST_COLUMNS = 40_000


def settle_ties(
    market: MarketProgram, rules: ClearingRules, answer: LinearAnswer, bounds: tuple[Floats, Floats]
) -> Floats:
    """Move an answer to the awards that the tie rule prefers, at the same cost.

    Serving the target comes first, then the bid's place in the order of price, submission and
    name; within a bid the earlier interval and the cheaper step; a rebound falls as early as it may.

    Args:
        market: The book.
        rules: Solver and its limits.
        answer: The linear program of the choices, solved.
        bounds: Bounds of its columns under the choices. Shape (C,) each.

    Returns:
        Value of each column. Shape (C,). In books too large for this the answer's own values,
        which depend on nothing but the book either.

    Source:
        Design of the auction engine, sections 3.3 and 7.
    """
    value = answer.column_value
    if market.program.column_count > _MOST_COLUMNS:
        return value
    low, high = bounds
    cost = answer.reduced_cost
    at_low, at_high = cost > _IS_ZERO, cost < -_IS_ZERO
    fixed = at_low | at_high | (high - low <= 0)
    held = np.where(at_low & np.isfinite(low), low, np.where(at_high & np.isfinite(high), high, value))
    held = np.where(high - low <= 0, low, held)
    free = np.flatnonzero(~fixed)
    if not len(free):
        return value
    program = market.program
    matrix = csc_array(
        (program.value, program.row_index, program.column_start),
        shape=(program.row_count, program.column_count),
    )
    settled = matrix[:, np.flatnonzero(fixed)] @ held[fixed]
    dual = answer.row_dual[: program.row_count]
    row_low = np.where(dual < -_IS_ZERO, program.row_high, program.row_low) - settled
    row_high = np.where(dual > _IS_ZERO, program.row_low, program.row_high) - settled
    part = matrix[:, free].tocsr()
    used = np.flatnonzero(np.diff(part.indptr) > 0)
    part = part[used].tocsc()
    face = LinearProgram(
        cost=_preference(market)[free],
        column_low=low[free],
        column_high=high[free],
        row_low=row_low[used],
        row_high=row_high[used],
        column_start=part.indptr.astype(np.int32),
        row_index=part.indices.astype(np.int32),
        value=part.data,
    )
    chosen = open_session(face, rules.solver).solve(time_limit_s=rules.time_limit.total_seconds())
    if chosen.outcome is not Outcome.OPTIMAL:
        return value
    held[free] = chosen.column_value
    return held


def _preference(market: MarketProgram) -> Floats:
    """Return what the tie rule minimises, per unit of each column. Shape (C,)."""
    canonical = market.canonical
    preference = np.zeros(market.program.column_count)
    span = canonical.horizon_count
    place = canonical.rank + 1.0
    counted = np.abs(canonical.counted_shed)
    table, blocks = canonical.steps, market.blocks
    within = (table.interval / span + table.position / 1000) / 4
    preference[market.steps.column] = (place[table.bid] + within) * counted[table.bid]
    if len(blocks.column):
        bids = canonical.block_places
        intervals = np.maximum(canonical.profile_kw, 0.0).sum(axis=1) / blocks.size_kw
        preference[blocks.column] = place[bids] * intervals * counted[bids]
    stores = market.stores
    if stores.discharged.size:
        owners = canonical.store_places
        earlier = np.arange(stores.discharged.shape[1]) / span / 4
        preference[stores.discharged] = (place[owners, None] + earlier) * counted[owners, None]
        preference[stores.charged] = (np.arange(stores.charged.shape[1]) + 1) / span / 4
    preference[market.rebounds.returned] = (market.rebounds.interval + 1) / span / 4
    unserved = [*market.market.unserved.values(), *market.market.local_unserved.values()]
    preference[unserved] = 4 * (len(canonical.bids) + 1)
    return preference
