"""A dive ends in whole choices that the limits allow."""

from support.hand_cleared import book
from support.programs import block, loaded, market_of, solved

from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.search.choices import fix
from vpp.auction.search.diving import dive
from vpp.auction.search.relaxation import untightened
from vpp.foundation.clock import stopwatch_s


def test_blocks_that_do_not_fit_together_are_not_accepted_together() -> None:
    """Of blocks of 60 kW a zone that bears 100 kW takes one; the relaxation takes one and two thirds."""
    terms = BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(100.0,)),))
    bids = [block(name, (60.0,), price) for name, price in (("a", 10), ("b", 20), ("c", 30))]
    market = market_of(book((150.0,), *bids, terms=terms))
    session = loaded(market)
    found = dive(market, session, untightened(solved(session)), stopwatch_s() + 10)
    assert found.blocks.sum() == 1
    fix(session, market, found)
    solved(session)


def test_whole_choices_are_kept() -> None:
    market = market_of(book((60.0,), block("a", (60.0,), 10), block("b", (60.0,), 20)))
    session = loaded(market)
    found = dive(market, session, untightened(solved(session)), stopwatch_s() + 10)
    assert found.blocks.tolist() == [True, False]
