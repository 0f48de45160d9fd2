"""Prices a little beside the targets, where the cost has one slope."""

from dataclasses import replace

import numpy as np
import pytest
from support.hand_cleared import book, steps
from support.programs import block, loaded, market_of

from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import fix, nothing
from vpp.auction.search.prices import Prices, Side, _spread, prices_beside, read_prices
from vpp.auction.search.sessions import open_session
from vpp.solver.report import SolverName

TWO_STEPS = (steps("a", (100.0, 10.0)), steps("b", (300.0, 30.0)))


def beside(market: MarketProgram, side: Side, solver: SolverName = SolverName.HIGHS) -> Prices:
    prices = prices_beside(market, open_session(market.program, solver), side, 10.0)
    assert prices is not None
    return prices


@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
@pytest.mark.parametrize(
    ("target_kw", "less", "more"),
    [(50.0, 10.0, 10.0), (100.0, 10.0, 30.0), (150.0, 30.0, 30.0), (400.0, 30.0, 5000.0)],
)
def test_the_price_is_the_last_accepted_offer_on_one_side_and_the_next_on_the_other(
    solver: SolverName, target_kw: float, less: float, more: float
) -> None:
    market = market_of(book((target_kw,), *TWO_STEPS))
    assert beside(market, Side.LESS, solver).system.tolist() == [less]
    assert beside(market, Side.MORE, solver).system.tolist() == [more]


def test_the_targets_are_as_before_afterwards() -> None:
    market = market_of(book((100.0,), *TWO_STEPS))
    session = loaded(market)
    prices_beside(market, session, Side.LESS, 10.0)
    answer = session.solve(time_limit_s=10.0)
    assert answer.objective == pytest.approx(1000.0)


def test_a_quarter_of_an_hour_has_the_same_price() -> None:
    hour = book((150.0,), *TWO_STEPS)
    quarter = replace(hour, step=hour.step / 4)
    assert beside(market_of(quarter), Side.LESS).system.tolist() == [30.0]


def test_a_zone_that_is_full_has_a_price_of_its_own() -> None:
    terms = BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(50.0,)),))
    outside = steps("c", (300.0, 90.0), zone="Z2")
    market = market_of(book((100.0,), *TWO_STEPS, outside, terms=terms))
    prices = beside(market, Side.LESS)
    assert prices.system.tolist() == [90.0]
    assert prices.account[market.accounts.zone_account("Z1")].tolist() == [10.0]


def test_ramps_are_told_apart() -> None:
    # 30 kW may be released after the horizon, so 20 kW of the target are short.
    market = market_of(book((50.0,), *TWO_STEPS, terms=BuyerTerms(max_release_ramp_kw=30.0)))
    prices = beside(market, Side.LESS)
    assert prices.system.tolist() == [10.0]
    assert prices.ramp.tolist() == [10.0 - 5000.0]


def test_a_firm_target_met_by_a_block_alone_has_a_price() -> None:
    """The block fits the target exactly: a little less target must not make it impossible."""
    market = market_of(book((100.0,), block("a", (100.0,), 10), terms=BuyerTerms(allows_over_delivery=False)))
    session = loaded(market)
    chosen = nothing(market)
    chosen.blocks[:] = True
    fix(session, market, chosen)
    prices = prices_beside(market, session, Side.LESS, 10.0)
    assert prices is not None
    assert prices.system.tolist() == [0.0]


def test_no_dual_is_no_price() -> None:
    market = market_of(book((100.0,), *TWO_STEPS))
    prices = read_prices(market, np.full(market.program.row_count, -0.0))
    assert not np.signbit(prices.account).any()


def test_no_two_sums_of_a_few_factors_are_equal() -> None:
    factors = _spread(np.arange(40, dtype=np.int32))
    assert factors.min() >= 1.0
    assert factors.max() < 2.0
    pairs = np.sort((factors[:, None] + factors)[np.triu_indices(40)])
    assert np.diff(pairs).min() > 1e-7
