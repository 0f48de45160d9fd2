"""Coordination by prices finds what the whole program finds, and proves bounds that hold."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from vpp.auction.dispatch import read_dispatch
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.auction.rules import ClearingRules
from vpp.auction.search.coordination import coordinate
from vpp.auction.search.lagrangian import Lagrangian
from vpp.auction.search.sample import sampled_prices
from vpp.auction.search.search import find_awards
from vpp.portfolio.money_rules import PayRule
from vpp.solver.highs_session import HighsSession
from vpp.solver.report import SolverName

RULES = ClearingRules(
    PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-3, time_limit=timedelta(seconds=20)
)


def market(mix: BookMix = BookMix.EVERYTHING, seed: int = 1, bids: int = 120) -> MarketProgram:
    book = generate_book(bid_count=bids, interval_count=12, mix=mix, seed=seed)
    return assemble(CanonicalBook(book))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("mix", list(BookMix), ids=lambda mix: mix.value)
def test_coordination_is_within_its_gap_of_the_whole_search(mix: BookMix, seed: int) -> None:
    program = market(mix, seed)
    found, exact = coordinate(program, RULES), find_awards(program, replace(RULES, relative_gap=1e-5))
    assert found is not None
    assert exact is not None
    assert found.bound <= exact.cost * (1 + 1e-9) + 1e-3
    assert found.cost >= exact.bound * (1 - 1e-9) - 1e-3
    assert found.proved <= found.bound + 1e-6


def test_its_awards_break_no_row_and_no_store_wastes() -> None:
    program = market(BookMix.STORAGE)
    found = coordinate(program, RULES)
    assert found is not None
    value, whole = found.answer.column_value, program.program
    activity = whole.times(value)
    scale = 1e-5 * (1 + np.abs(activity))
    assert (activity >= whole.row_low - scale).all()
    assert (activity <= whole.row_high + scale).all()
    dispatch = read_dispatch(program, found.choices, value)
    stores = program.canonical.store_places
    both = np.minimum(
        dispatch.reduction_kw[stores], dispatch.rebound_kw[stores][:, : program.canonical.delivery_count]
    )
    assert both.max(initial=0.0) <= 1e-5


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 3.0])
def test_any_prices_prove_a_bound(factor: float) -> None:
    program = market()
    relaxed = HighsSession(program.program).solve(time_limit_s=20)
    price = factor * relaxed.row_dual[program.market.balance]
    evaluated = Lagrangian(program, 20.0).evaluate(price)
    assert relaxed.objective is not None
    assert evaluated.bound <= relaxed.objective * (1 + 1e-9)
    if factor == 1.0:
        assert evaluated.bound == pytest.approx(relaxed.objective, rel=1e-7)


def test_a_sample_prices_every_account_that_it_knows() -> None:
    program = market(bids=1500)
    prices = sampled_prices(program, 20.0)
    relaxed = HighsSession(program.program).solve(time_limit_s=20)
    wanted = program.canonical.has_target
    whole = relaxed.row_dual[program.market.balance][: program.accounts.zone_count, wanted]
    near = prices[: program.accounts.zone_count, wanted]
    assert np.median(np.abs(near - whole)) <= 0.25 * np.median(whole)
