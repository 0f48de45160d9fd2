"""Of awards of one cost, those that the tie rule prefers."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from support.exact_clearing import EXACT
from support.hand_cleared import NOON, bid, book, steps
from support.programs import market_of, relaxed

from vpp.auction.bid import PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.rules import TieRule
from vpp.auction.search.pro_rata import share_ties
from vpp.auction.search.ties import settle_ties
from vpp.solver.linear_program import Floats

LATE, EARLY = NOON, NOON - timedelta(minutes=1)


def settled(one: Book) -> Floats:
    market = market_of(one)
    bounds = market.program.column_low, market.program.column_high
    return settle_ties(market, EXACT, relaxed(market), bounds)[market.steps.column]


def test_the_earlier_serves_first() -> None:
    bids = (steps("a", (100.0, 10.0), submitted_at=LATE), steps("b", (100.0, 10.0), submitted_at=EARLY))
    assert settled(book((130.0,), *bids)) == pytest.approx([30.0, 100.0])


def test_of_equally_early_ones_the_smaller_id_serves_first() -> None:
    bids = (steps("b", (100.0, 10.0)), steps("a", (100.0, 10.0)))
    assert settled(book((130.0,), *bids)) == pytest.approx([100.0, 30.0])


def test_a_cheaper_offer_is_no_tie() -> None:
    bids = (steps("a", (100.0, 10.0), submitted_at=EARLY), steps("b", (100.0, 9.0)))
    assert settled(book((130.0,), *bids)) == pytest.approx([30.0, 100.0])


def test_energy_is_spent_in_the_earlier_interval() -> None:
    limited = steps("a", (100.0, 10.0), (100.0, 10.0), energy_limit_kwh=100.0)
    assert settled(book((100.0, 100.0), limited)) == pytest.approx([100.0, 0.0])


def test_what_comes_back_comes_back_as_early_as_it_may() -> None:
    returning = steps("a", (100.0, 10.0), rebound=Rebound(1.0, 3, 40.0))
    market = market_of(book((100.0,), returning, recovery=3))
    bounds = market.program.column_low, market.program.column_high
    value = settle_ties(market, EXACT, relaxed(market), bounds)
    assert value[market.rebounds.returned] == pytest.approx([0.0, 40.0, 40.0, 20.0])


def shared(one: Book, rule: TieRule, taken: list[float]) -> Floats:
    market = market_of(one)
    value = np.zeros(market.program.column_count)
    value[market.steps.column] = taken
    return share_ties(market, value, rule)[market.steps.column]


def test_equal_offers_share_in_proportion_to_their_quantities() -> None:
    one = book((60.0,), steps("a", (100.0, 10.0)), steps("b", (50.0, 10.0)))
    assert shared(one, TieRule.PRO_RATA, [60.0, 0.0]) == pytest.approx([40.0, 20.0])
    assert shared(one, TieRule.PRICE_TIME, [10.0, 50.0]) == pytest.approx([60.0, 0.0])


def test_shares_are_of_what_counts() -> None:
    # b asks 5 and counts half: 10 per counted MWh as well, 50 counted kW of its 100.
    one = book((60.0,), steps("a", (100.0, 10.0)), steps("b", (100.0, 5.0), delivery_ratio=0.5))
    assert shared(one, TieRule.PRO_RATA, [60.0, 0.0]) == pytest.approx([40.0, 40.0])


def test_offers_of_other_prices_zones_and_intervals_share_nothing() -> None:
    bids = (
        steps("a", (100.0, 10.0), None),
        steps("b", (100.0, 11.0), None),
        steps("c", None, (100.0, 10.0)),
    )
    assert shared(book((60.0, 60.0), *bids), TieRule.PRO_RATA, [60.0, 0.0, 60.0]) == pytest.approx(
        [60.0, 0.0, 60.0]
    )


def test_what_something_else_holds_is_left_as_it_is() -> None:
    bids = (steps("a", (100.0, 10.0), energy_limit_kwh=60.0), steps("b", (100.0, 10.0)))
    assert shared(book((80.0,), *bids), TieRule.PRO_RATA, [60.0, 20.0]) == pytest.approx([60.0, 20.0])


def test_two_equal_steps_of_one_bid_are_taken_in_order() -> None:
    step = PriceStep(50.0, Decimal(10))
    one = book((60.0,), bid("a", StepOffer(((step, step),))))
    assert shared(one, TieRule.PRICE_TIME, [30.0, 30.0]) == pytest.approx([50.0, 10.0])
