"""Dives from the relaxation to whole choices: a few certain ones at a time, the rest free to adapt.

Rounding everything at once often breaks a limit that several bids share. A dive accepts the
fractional bids that are nearest to whole, solves again with all others still relaxed, and takes
back what proves impossible; each solve goes on from the last basis.
"""

from dataclasses import replace

import numpy as np

from vpp.auction.market.canonical import Integers
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

    Components whose best whole choices are known take them first, all at once. Then a third of the
    fractional choices that are left is settled in each round, the nearest to whole first.

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
    descent = _Dive(market, session, tightened, deadline_s)
    descent.settle(np.flatnonzero(np.isin(descent.columns, tightened.decided)))
    for _ in range(_MOST_ROUNDS):
        fractional = descent.fractional()
        if not fractional.any() or stopwatch_s() > deadline_s:
            break
        batch = descent.nearest(fractional)
        while not descent.settle(batch):
            if len(batch) == 1:
                descent.refuse(batch)
                break
            batch = batch[: len(batch) // 2]
    return round_relaxation(market, descent.answer.column_value)


class _Dive:
    """The state of a dive."""

    def __init__(
        self, market: MarketProgram, session: LinearSession, tightened: Tightened, deadline_s: float
    ) -> None:
        self._market, self._session, self._deadline_s = market, session, deadline_s
        self.answer = replace(tightened.answer, column_value=tightened.whole)
        self.columns = choice_columns(market)
        self._settled = np.zeros(len(self.columns), dtype=bool)

    def settle(self, batch: Integers) -> bool:
        """Fix some choices as rounded and solve; take it back if no answer allows it, and tell so."""
        if not len(batch):
            return True
        low, high = choice_bounds(self._market, round_relaxation(self._market, self.answer.column_value))
        if self._solved(batch, low[batch], high[batch]):
            return True
        program, columns = self._market.program, self.columns[batch]
        self._session.set_columns(columns, program.column_low[columns], program.column_high[columns])
        return False

    def refuse(self, batch: Integers) -> None:
        """Refuse what cannot be accepted; without an answer the next rounds see the last one."""
        self._settled[batch] = True
        self._solved(batch, np.zeros(len(batch)), np.zeros(len(batch)))

    def _solved(self, batch: Integers, low: Floats, high: Floats) -> bool:
        self._session.set_columns(self.columns[batch], low, high)
        trial = self._session.solve(time_limit_s=max(1.0, self._deadline_s - stopwatch_s()))
        if trial.outcome is not Outcome.OPTIMAL:
            return False
        self.answer = trial
        self._settled[batch] = True
        return True

    def fractional(self) -> Flags:
        """Tell which choices are open and neither refused nor accepted in full measure."""
        return _fractional(self._market, self.answer.column_value, self.columns) & ~self._settled

    def nearest(self, fractional: Flags) -> Integers:
        """Return a third of the fractional choices, at least one: those nearest to whole."""
        return _nearest(self._market, self.answer.column_value, self.columns, fractional)


def _fractional(market: MarketProgram, value: Floats, columns: Indices) -> Flags:
    """Tell which choices are neither refused nor accepted in full measure."""
    blocks = market.blocks
    count = len(blocks.column)
    given = value[columns]
    ratio = given[:count] / blocks.size_kw
    rest = given[count:]
    in_between = (ratio > _WHOLE) & (ratio < blocks.low_ratio - _WHOLE)
    return np.concatenate((in_between, np.abs(rest - np.round(rest)) > _WHOLE))


def _nearest(market: MarketProgram, value: Floats, columns: Indices, fractional: Flags) -> Integers:
    """Return a third of the fractional choices, at least one: those nearest to whole."""
    blocks = market.blocks
    share = value[columns].copy()
    count = len(blocks.column)
    share[:count] /= blocks.size_kw * np.maximum(blocks.low_ratio, _WHOLE)
    candidates = np.flatnonzero(fractional)
    distance = np.minimum(share[candidates], 1.0 - share[candidates])
    order = np.lexsort((candidates, distance))
    return candidates[order[: max(1, len(candidates) // _SHARE_OF_BATCH)]]
