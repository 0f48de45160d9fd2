"""A restricted program keeps speaking for the whole book while columns join it."""

import numpy as np

from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.auction.search.lagrangian import Lagrangian
from vpp.auction.search.restricted import RestrictedProgram
from vpp.solver.highs_session import HighsSession


def market() -> MarketProgram:
    book = generate_book(bid_count=80, interval_count=8, mix=BookMix.EVERYTHING, seed=2)
    return assemble(CanonicalBook(book))


def test_an_answer_outlives_the_columns_that_join_after_it() -> None:
    program = market()
    parts = Lagrangian(program, 20.0)
    price = HighsSession(program.program).solve(time_limit_s=20).row_dual[program.market.balance]
    asked = parts.evaluate(price)
    restricted = RestrictedProgram(program, parts, price)
    before = restricted.session.solve(time_limit_s=20)
    value = restricted.whole_value(before)
    restricted.add_schedules(asked.heavy.value, np.arange(parts.heavy.count))
    restricted.let_in(np.full(program.program.row_count, 1e6))
    assert np.array_equal(restricted.whole_value(before), value)


def test_more_schedules_never_cost_more() -> None:
    program = market()
    parts = Lagrangian(program, 20.0)
    price = HighsSession(program.program).solve(time_limit_s=20).row_dual[program.market.balance]
    restricted = RestrictedProgram(program, parts, price)
    costs = []
    for factor in (0.0, 0.7, 1.0, 1.3):
        asked = parts.evaluate(factor * price)
        restricted.add_schedules(asked.heavy.value, np.arange(parts.heavy.count))
        costs.append(restricted.session.solve(time_limit_s=20).objective)
    assert costs == sorted(costs, reverse=True)


def test_bids_without_a_schedule_do_nothing() -> None:
    program = market()
    parts = Lagrangian(program, 20.0)
    restricted = RestrictedProgram(program, parts, np.zeros(program.market.balance.shape))
    value = restricted.whole_value(restricted.session.solve(time_limit_s=20))
    heavy = parts.heavy.columns
    assert np.allclose(value[heavy], program.idle[heavy])
