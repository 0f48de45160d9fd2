"""Where prices of decided awards come from: the whole program, or a restricted one of a large book."""

from typing import Protocol

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import Choices, fix, free
from vpp.auction.search.prices import Prices, Side, prices_beside
from vpp.solver.linear_program import LinearSession
from vpp.solver.report import Outcome


class Pricing(Protocol):
    """Prices awards that are decided."""

    def beside(self, side: Side) -> Prices | None:
        """Return prices a little beside the targets, with the choices as they are."""

    def hull(self) -> Prices | None:
        """Return prices of the relaxation a little below the targets."""

    def cost_without_margin(self) -> float | None:
        """Return the relaxation's cost for the target without its margin, in thousandths."""


class WholePricing:
    """Prices from the whole program; implements `Pricing`."""

    def __init__(
        self, market: MarketProgram, session: LinearSession, choices: Choices, time_limit_s: float
    ) -> None:
        """Take over a session that holds the linear program of some choices, free of cuts."""
        self._market, self._choices, self._time_limit_s = market, choices, time_limit_s
        self.session = session

    def beside(self, side: Side) -> Prices | None:
        """Return prices a little beside the targets, with the choices as they are."""
        return prices_beside(self._market, self.session, side, self._time_limit_s)

    def hull(self) -> Prices | None:
        """Return prices of the relaxation a little below the targets."""
        free(self.session, self._market)
        prices = self.beside(Side.LESS)
        fix(self.session, self._market, self._choices)
        return prices

    def cost_without_margin(self) -> float | None:
        """Return the relaxation's cost for the target without its margin, in thousandths."""
        free(self.session, self._market)
        cost = solve_without_margin(self._market, self.session, self._time_limit_s)
        fix(self.session, self._market, self._choices)
        return cost


def solve_without_margin(market: MarketProgram, session: LinearSession, time_limit_s: float) -> float | None:
    """Solve a loaded program for the target without its margin; it has its margin again afterwards."""
    ratio, program = market.canonical.book.terms.margin_ratio, market.program
    index = np.array(
        sorted(row for (family, _), row in market.market.rows.items() if family == "system"), dtype=np.int32
    )
    low, high = program.row_low[index], program.row_high[index]
    session.set_rows(index, low / (1.0 + ratio), high / (1.0 + ratio))
    plain = session.solve(time_limit_s=time_limit_s)
    session.set_rows(index, low, high)
    return plain.objective if plain.outcome is Outcome.OPTIMAL else None
