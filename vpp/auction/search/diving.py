"""Dives from the relaxation to whole choices: a few certain ones at a time, the rest free to adapt.

Rounding everything at once often breaks a limit that several bids share. A dive accepts the
fractional bids that are nearest to whole, solves again with all others still relaxed, and takes
back what proves impossible; each solve goes on from the last basis.
"""

from dataclasses import replace

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import Choices, choice_bounds, choice_columns
from vpp.auction.search.relaxation import Tightened
from vpp.auction.search.rounding import round_relaxation
from vpp.foundation.clock import stopwatch_s
from vpp.solver.linear_program import Flags, Floats, Indices, LinearSession
from vpp.solver.report import Outcome

_WHOLE = 1e-6
_MOST_ROUNDS = 40
_SHARE_OF_BATCH = 3


def dive(market: MarketProgram, session: LinearSession, tightened: Tightened, deadline_s: float) -> Choices:
    """Find whole choices near the relaxation.

    Args:
        market: The book.
        session: Holds the relaxation; afterwards some bounds are those of the dive.
        tightened: The relaxation, solved.
        deadline_s: Stop watch reading at which to stop diving and round what is left.

    Returns:
        Choices; whether every limit allows them shows when they are solved.

    Source:
        Design of the auction engine, section 9: diving between steps 5 and 7.
    """
    answer = replace(tightened.answer, column_value=tightened.whole)
    columns = choice_columns(market)
    settled = np.zeros(len(columns), dtype=bool)
    relaxed_low = market.program.column_low[columns]
    relaxed_high = market.program.column_high[columns]
    for _ in range(_MOST_ROUNDS):
        fractional = _fractional(market, answer.column_value, columns) & ~settled
        if not fractional.any() or stopwatch_s() > deadline_s:
            break
        wanted = round_relaxation(market, answer.column_value)
        low, high = choice_bounds(market, wanted)
        batch = _nearest(market, answer.column_value, columns, fractional)
        while len(batch):
            session.set_columns(columns[batch], low[batch], high[batch])
            trial = session.solve(time_limit_s=max(1.0, deadline_s - stopwatch_s()))
            if trial.outcome is Outcome.OPTIMAL:
                answer = trial
                settled[batch] = True
                break
            session.set_columns(columns[batch], relaxed_low[batch], relaxed_high[batch])
            if len(batch) == 1:
                # What cannot be accepted is refused.
                session.set_columns(columns[batch], np.zeros(1), np.zeros(1))
                settled[batch] = True
                trial = session.solve(time_limit_s=max(1.0, deadline_s - stopwatch_s()))
                if trial.outcome is Outcome.OPTIMAL:
                    answer = trial
                break
            batch = batch[: len(batch) // 2]
    return round_relaxation(market, answer.column_value)


def _fractional(market: MarketProgram, value: Floats, columns: Indices) -> Flags:
    """Tell which choices are neither refused nor accepted in full measure."""
    blocks = market.blocks
    count = len(blocks.column)
    given = value[columns]
    ratio = given[:count] / blocks.size_kw
    rest = given[count:]
    in_between = (ratio > _WHOLE) & (ratio < blocks.low_ratio - _WHOLE)
    return np.concatenate((in_between, np.abs(rest - np.round(rest)) > _WHOLE))


def _nearest(market: MarketProgram, value: Floats, columns: Indices, fractional: Flags) -> np.ndarray:
    """Return a third of the fractional choices, at least one: those nearest to whole."""
    blocks = market.blocks
    share = value[columns].copy()
    count = len(blocks.column)
    share[:count] /= blocks.size_kw * np.maximum(blocks.low_ratio, _WHOLE)
    candidates = np.flatnonzero(fractional)
    distance = np.minimum(share[candidates], 1.0 - share[candidates])
    order = np.lexsort((candidates, distance))
    return candidates[order[: max(1, len(candidates) // _SHARE_OF_BATCH)]]
