"""Linear programs of hand-made books, for tests of the search for awards."""

from decimal import Decimal

import numpy as np
from support.hand_cleared import bid

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.book import Book
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.auction.search.sessions import open_session
from vpp.solver.linear_program import Floats, LinearAnswer, LinearSession
from vpp.solver.report import Outcome, SolverName


def block(
    bid_id: str,
    profile_kw: tuple[float, ...],
    price: int,
    *,
    least: float = 1.0,
    fixed: int = 0,
    **fields: object,
) -> Bid:
    """A block of a site of its own in zone Z1."""
    return bid(bid_id, BlockOffer(profile_kw, Decimal(price), Decimal(fixed), least), **fields)


def market_of(book: Book) -> MarketProgram:
    """The program of a book."""
    return assemble(CanonicalBook(book))


def loaded(market: MarketProgram) -> LinearSession:
    """A session of HiGHS that holds the relaxation."""
    return open_session(market.program, SolverName.HIGHS)


def solved(session: LinearSession) -> LinearAnswer:
    """The answer of a session that has one."""
    answer = session.solve(time_limit_s=10.0)
    assert answer.outcome is Outcome.OPTIMAL
    return answer


def relaxed(market: MarketProgram) -> LinearAnswer:
    """The relaxation's answer."""
    return solved(loaded(market))


def values(market: MarketProgram, **columns: Floats | list[float]) -> Floats:
    """A made-up answer: blocks as ratios, steps in kW, grouped, on and start between 0 and 1."""
    value = np.zeros(market.program.column_count)
    places = {
        "blocks": market.blocks.column,
        "steps": market.steps.column,
        "grouped": np.fromiter(market.steps.accepted.values(), dtype=np.int64),
        "on": market.runs.on,
        "start": market.runs.start,
        "discharged": market.stores.discharged.ravel(),
        "charged": market.stores.charged.ravel(),
    }
    for name, given in columns.items():
        value[places[name]] = np.asarray(given, dtype=float)
    if "blocks" in columns:
        value[market.blocks.column] *= market.blocks.size_kw
    return value
