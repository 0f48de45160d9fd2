"""A buyer's terms and choices go both ways over the wire."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.offers import TERMS

from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.rules import TieRule, UniformPrice
from vpp.auction.tender import Tender, TenderState
from vpp.foundation.interval import Interval
from vpp.rpc.wire.auction import auction_message
from vpp.rpc.wire.buyer import buyer_terms, tie_rule, uniform_price
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def message_of(terms: BuyerTerms, price: UniformPrice, ties: TieRule) -> pb.Auction:
    tender = Tender(
        "evening",
        "peak",
        1,
        "Z1",
        Interval(NOON, NOON + timedelta(minutes=45)),
        (1.0, 2.0, 3.0),
        Decimal(2000),
        NOON - timedelta(hours=1),
        None,
        "grid",
        TenderState.OPEN,
        terms,
        price,
        ties,
    )
    return auction_message(Stored(tender, 1, NOON, NOON), "GBP")


@pytest.mark.parametrize("terms", [TERMS, ANY_TERMS, BuyerTerms(margin_ratio=0.1)])
@pytest.mark.parametrize("price", UniformPrice)
@pytest.mark.parametrize("ties", TieRule)
def test_terms_come_back_as_they_were_written(terms: BuyerTerms, price: UniformPrice, ties: TieRule) -> None:
    message = message_of(terms, price, ties)
    assert buyer_terms(message) == terms
    assert message.HasField("buyer_terms") == (terms != ANY_TERMS)
    assert uniform_price(message, UniformPrice.FIXED_BINARIES) is price
    assert tie_rule(message, TieRule.PRICE_TIME) is ties


def test_what_is_not_said_is_the_hubs_choice() -> None:
    message = pb.Auction()
    message.buyer_terms.SetInParent()
    assert buyer_terms(message) == ANY_TERMS
    assert uniform_price(message, UniformPrice.CONVEX_HULL) is UniformPrice.CONVEX_HULL
    assert tie_rule(message, TieRule.PRO_RATA) is TieRule.PRO_RATA
