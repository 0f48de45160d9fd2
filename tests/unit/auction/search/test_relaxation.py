"""Best whole choices at the relaxation's prices, and the cuts that follow from them."""

from decimal import Decimal

import numpy as np
import pytest
from support.exact_clearing import EXACT
from support.hand_cleared import book, steps
from support.programs import loaded, market_of, relaxed, solved

from vpp.auction.bid import RunLimits
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.best_response import fractional_components, respond
from vpp.auction.search.components import Components
from vpp.auction.search.relaxation import Tightened, binding_accounts, drop_cuts, tighten, untightened
from vpp.foundation.clock import stopwatch_s
from vpp.solver.linear_program import LinearAnswer, LinearSession
from vpp.solver.report import SolverName


def half_a_run() -> Book:
    """50 kW are wanted of a run of 100 kW that costs 4 to start; the other offer asks 60.

    Whole, the run costs 4 + 1 and the other offer 3; relaxed, half the run costs 2 + 0.5.
    """
    run = steps("run", (100.0, 10.0), run_limits=RunLimits(min_level_kw=50.0, start_cost=Decimal(4)))
    return book((50.0,), run, steps("other", (100.0, 60.0)))


def test_only_a_component_with_a_broken_choice_is_fractional() -> None:
    market = market_of(half_a_run())
    components, answer = Components(market), relaxed(market)
    found = fractional_components(market, components, answer.column_value)
    assert found == [int(components.of_column[market.runs.on[0]])]
    assert fractional_components(market, components, np.zeros(market.program.column_count)) == []


@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
def test_whole_choices_cost_more_than_half_ones(solver: SolverName) -> None:
    market = market_of(half_a_run())
    (response,) = respond(market, Components(market), relaxed(market), solver, 0.0)
    assert response.gain >= 0.0
    assert response.value is not None
    assert response.weight @ response.value >= response.least - 1e-6


def tightened(
    market: MarketProgram, session: LinearSession, first: LinearAnswer, enough: float = np.inf
) -> Tightened:
    known, deadline_s = untightened(first), stopwatch_s() + 10
    return tighten(session, Components(market), EXACT, known, deadline_s=deadline_s, enough=enough)


def test_no_cut_is_made_for_a_bound_that_is_enough() -> None:
    market = market_of(half_a_run())
    session = loaded(market)
    assert tightened(market, session, solved(session), enough=0.0).cut_count == 0


def test_cuts_raise_the_bound_and_never_beyond_the_best_awards() -> None:
    market = market_of(half_a_run())
    session = loaded(market)
    first = solved(session)
    assert first.objective == pytest.approx(2500.0)
    found = tightened(market, session, first)
    assert 2500.0 <= found.bound <= 3000.0 + 1e-6
    assert found.first is first


def test_dropped_cuts_bear_on_nothing() -> None:
    market = market_of(half_a_run())
    session = loaded(market)
    first = solved(session)
    found = tightened(market, session, first)
    drop_cuts(market, session, found)
    assert solved(session).objective == pytest.approx(first.objective)


def test_an_account_at_its_limit_is_worth_keeping_whole() -> None:
    limits = (ZoneLimit("Z1", max_reduction_kw=(50.0,)), ZoneLimit("Z2", max_reduction_kw=(500.0,)))
    bids = (steps("a", (100.0, 10.0)), steps("b", (100.0, 20.0), zone="Z2"))
    market = market_of(book((100.0,), *bids, terms=BuyerTerms(zones=limits)))
    assert binding_accounts(market, relaxed(market)) == (market.accounts.zone_account("Z1"),)
