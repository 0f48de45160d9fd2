"""A store neither charges while it discharges, nor for nothing."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from support.hand_cleared import bid, book, steps
from support.programs import block, loaded, market_of, solved, values

from vpp.auction.bid import Bid, StoreOffer
from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.clearing import clear
from vpp.auction.rules import ClearingRules
from vpp.auction.search.waste import is_wasteful, without_idle_charging, without_waste
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

EXACT = ClearingRules(PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-9)
FIRM = BuyerTerms(allows_over_delivery=False)


def store(price: int = 10, **fields: object) -> Bid:
    offer = StoreOffer(100.0, 100.0, 200.0, 0.0, 100.0, 0.0, Decimal(price), charge_efficiency=0.5)
    return bid("a", offer, **fields)


@pytest.mark.parametrize(
    ("one", "terms", "may"),
    [
        (store(), ANY_TERMS, False),
        (store(), FIRM, True),
        (store(), BuyerTerms(max_release_ramp_kw=10.0), True),
        (store(price=-10), ANY_TERMS, True),
        (store(direction=Direction.LOAD_UP), ANY_TERMS, True),
    ],
    ids=["no reason", "firm target", "ramp", "paid to discharge", "other way"],
)
def test_waste_pays_only_where_something_rewards_it(one: Bid, terms: BuyerTerms, *, may: bool) -> None:
    assert market_of(book((50.0,), one, terms=terms)).may_waste is may


def test_waste_is_taken_off_an_answer() -> None:
    """A firm target of 40 kW and a block of 100 kW: 60 kW too much would be charged and discharged away."""
    market = market_of(book((40.0, 0.0), store(price=-50), terms=FIRM))
    session = loaded(market)
    answer, shut = without_waste(market, session, solved(session), 10.0)
    out = answer.column_value[market.stores.discharged]
    into = answer.column_value[market.stores.charged]
    assert not ((out > 1e-6) & (into > 1e-6)).any()
    assert len(shut)


def test_waste_is_noticed() -> None:
    market = market_of(book((50.0, 0.0), store(), terms=FIRM))
    answer = solved(loaded(market))
    for charged, is_noticed in (([0.0, 50.0], False), ([20.0, 0.0], True)):
        value = values(market, discharged=[50.0, 0.0], charged=charged)
        assert is_wasteful(market, replace(answer, column_value=value)) is is_noticed


def test_a_store_that_never_discharges_is_left_alone() -> None:
    market = market_of(book((50.0, 0.0), store(price=900), steps("s", (100.0, 20.0), None)))
    session = loaded(market)
    session.set_columns(market.stores.charged[0, 1:].astype(np.int32), np.array([5.0]), np.array([100.0]))
    charging = solved(session)
    low, high = market.program.column_low, market.program.column_high
    column = market.stores.charged[0, 1:].astype(np.int32)
    session.set_columns(column, low[column], high[column])
    answer, shut = without_idle_charging(market, session, charging, 10.0)
    assert answer.column_value[market.stores.charged].max() == 0.0
    assert len(shut) == 4


@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
def test_a_store_of_the_other_direction_does_not_burn_energy(solver: SolverName) -> None:
    """Charging it counts towards the target; with a full store that would need discharging at once."""
    offer = StoreOffer(
        30.0, 200.0, 0.0, -310.0, 0.0, 0.0, Decimal(230), discharge_efficiency=0.8, hold_ratio=0.9
    )
    other = bid("a", offer, direction=Direction.LOAD_UP)
    clearing = clear(book((0.0, 0.0, 170.0, 0.0), other), replace(EXACT, solver=solver))
    award = clearing.awards[0]
    at_once = [min(out, into) for out, into in zip(award.reduction_kw, award.rebound_kw, strict=True)]
    assert max(at_once) == 0.0
    assert award.reduction_kw == pytest.approx((30.0, 30.0, 0.0, 0.0))
    assert award.rebound_kw == pytest.approx((0.0, 0.0, 64.125, 0.0))  # 30 * 0.81 + 30 * 0.9, over 0.8


def test_a_block_that_only_waste_makes_possible_is_refused() -> None:
    """210 kW against a ramp of 200: a full store would have to charge 10 kW, and so discharge as much."""
    full = bid("s", StoreOffer(340.0, 200.0, 0.0, -330.0, 0.0, 0.0, Decimal(235), charge_efficiency=0.8))
    terms = BuyerTerms(max_release_ramp_kw=200.0)
    one = book((450.0,), block("b", (210.0,), 100), full, steps("t", (100.0, 300.0)), terms=terms)
    clearing = clear(one, EXACT)
    awards = {award.bid_id: award.reduction_kw for award in clearing.awards}
    assert awards == {"b": (0.0,), "s": (0.0,), "t": (100.0,)}
