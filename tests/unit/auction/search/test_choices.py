"""What is accepted becomes bounds, and is put in an order that no solver chooses."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from support.hand_cleared import NOON, bid, book, steps
from support.programs import block, loaded, market_of, solved, values

from vpp.auction.bid import RunLimits, StoreOffer
from vpp.auction.buyer import BuyerTerms
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import (
    Choices,
    begins,
    choice_bounds,
    fix,
    free,
    in_order,
    nothing,
    one_way,
    without_idle,
)


def running(*on: int) -> tuple[MarketProgram, Choices]:
    offers = ((100.0, 10.0),) * len(on)
    market = market_of(book((50.0,) * len(on), steps("a", *offers, run_limits=RunLimits())))
    return market, replace(nothing(market), on=np.array(on, dtype=bool))


def test_a_run_begins_where_it_is_on_and_was_not() -> None:
    market, choices = running(1, 1, 0, 1)
    assert begins(market, choices.on).tolist() == [True, False, False, True]


def test_a_run_of_the_next_bid_begins_of_itself() -> None:
    bids = [steps(name, (100.0, 10.0), run_limits=RunLimits()) for name in ("a", "b")]
    market = market_of(book((50.0,), *bids))
    assert begins(market, np.array([True, True])).tolist() == [True, True]


def test_an_accepted_block_keeps_the_freedom_of_its_ratio() -> None:
    market = market_of(book((100.0,), block("a", (200.0,), 10, least=0.25), block("b", (200.0,), 20)))
    low, high = choice_bounds(market, replace(nothing(market), blocks=np.array([True, False])))
    assert (low.tolist(), high.tolist()) == ([50.0, 0.0], [200.0, 0.0])


def test_fixing_charges_the_fixed_cost_once_and_freeing_undoes_it() -> None:
    market = market_of(book((100.0,), block("a", (100.0,), 10, fixed=2), steps("s", (100.0, 80.0))))
    session = loaded(market)
    before = solved(session).objective
    assert before == pytest.approx(3000.0)  # 1 + 2 of the currency, in thousandths
    fixed = fix(session, market, replace(nothing(market), blocks=np.array([True])))
    assert fixed == 2000.0
    assert solved(session).objective == pytest.approx(1000.0)
    fix(session, market, nothing(market))
    assert solved(session).objective == pytest.approx(8000.0)
    free(session, market)
    assert solved(session).objective == pytest.approx(before)


def test_of_equal_blocks_the_earlier_is_accepted() -> None:
    early = replace(block("b", (100.0,), 10), submitted_at=NOON - timedelta(minutes=1))
    market = market_of(book((100.0,), block("a", (100.0,), 10), early))
    chosen = in_order(market, replace(nothing(market), blocks=np.array([True, False])))
    assert chosen.blocks.tolist() == [False, True]


def test_blocks_that_share_a_site_that_matters_are_not_equal() -> None:
    terms = BuyerTerms(has_loss_reserve=True)
    market = market_of(book((100.0,), block("a", (100.0,), 10), block("b", (100.0,), 10), terms=terms))
    assert market.canonical.twin_chains == []


def test_a_run_that_serves_nothing_is_refused() -> None:
    market, choices = running(1, 1)
    assert not without_idle(market, choices, values(market)).on.any()
    assert without_idle(market, choices, values(market, steps=[0.0, 50.0])).on.all()


def test_a_grouped_offer_that_serves_nothing_is_refused() -> None:
    bids = [
        replace(steps(name, (100.0, 10.0)), exclusive_group="one", site_id="north") for name in ("a", "b")
    ]
    market = market_of(book((50.0,), *bids))
    choices = replace(nothing(market), grouped=np.array([True, False]))
    assert not without_idle(market, choices, values(market)).grouped.any()
    assert without_idle(market, choices, values(market, steps=[50.0, 0.0])).grouped.tolist() == [True, False]


def test_a_store_goes_on_the_way_it_goes() -> None:
    store = bid("a", StoreOffer(100.0, 100.0, 200.0, 0.0, 100.0, 0.0, Decimal(10)))
    market = market_of(book((50.0, 50.0, 50.0), store))
    value = values(market, discharged=[30.0, 0.0, 0.0], charged=[0.0, 20.0, 0.0])
    discharged, charged = market.stores.discharged[0], market.stores.charged[0]
    assert one_way(market, value).tolist() == [charged[0], discharged[1], charged[2]]
