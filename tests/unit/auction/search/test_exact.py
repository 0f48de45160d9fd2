"""The mixed-integer program, and what a proof by reduced cost settles in it."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from support.exact_clearing import EXACT
from support.hand_cleared import bid, book, steps
from support.programs import block, market_of, relaxed

from vpp.auction.bid import StoreOffer
from vpp.auction.buyer import BuyerTerms
from vpp.auction.search.choices import nothing
from vpp.auction.search.exact import exact_program, search_exactly
from vpp.solver.report import Outcome, SolverName


@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
def test_the_best_set_of_blocks_is_found(solver: SolverName) -> None:
    """60 + 40 kW serve 100 kW exactly; 90 kW at a lower price leave 10 kW to a dear offer."""
    bids = (block("a", (90.0,), 10), block("b", (60.0,), 12), block("c", (40.0,), 12))
    market = market_of(book((100.0,), *bids, steps("s", (100.0, 900.0))))
    exact = exact_program(market, reduced_cost=np.zeros(market.program.column_count), room=np.inf)
    found = search_exactly(
        market,
        exact,
        replace(EXACT, solver=solver),
        start=(nothing(market), np.zeros(market.program.column_count)),
        time_limit_s=10.0,
        relative_gap=1e-9,
    )
    assert found.outcome is Outcome.OPTIMAL
    assert found.choices is not None
    assert found.choices.blocks.tolist() == [False, True, True]
    assert found.bound == pytest.approx(1200.0, rel=1e-4)


def test_what_is_too_dear_to_matter_is_refused_beforehand() -> None:
    market = market_of(book((100.0,), block("a", (100.0,), 10), block("b", (100.0,), 4000)))
    answer = relaxed(market)
    exact = exact_program(market, reduced_cost=answer.reduced_cost, room=1.0)
    assert exact.program.column_high[exact.accepted].tolist() == [1.0, 0.0]
    open_program = exact_program(market, reduced_cost=answer.reduced_cost, room=np.inf)
    assert open_program.program.column_high[open_program.accepted].tolist() == [1.0, 1.0]


def test_a_block_beyond_its_energy_is_refused_beforehand() -> None:
    market = market_of(book((100.0,), block("a", (100.0,), 10, energy_limit_kwh=50.0)))
    exact = exact_program(market, reduced_cost=np.zeros(market.program.column_count), room=np.inf)
    assert exact.program.column_high[exact.accepted].tolist() == [0.0]


@pytest.mark.parametrize(("is_firm", "modes"), [(True, 2), (False, 0)])
def test_stores_choose_a_way_only_where_waste_may_pay(*, is_firm: bool, modes: int) -> None:
    store = bid("a", StoreOffer(100.0, 100.0, 200.0, 0.0, 100.0, 0.0, Decimal(10)))
    market = market_of(book((50.0, 50.0), store, terms=BuyerTerms(allows_over_delivery=not is_firm)))
    exact = exact_program(market, reduced_cost=np.zeros(market.program.column_count), room=np.inf)
    assert exact.charging.size == modes
