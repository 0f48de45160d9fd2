"""Offers survive the way through JSON text digit by digit."""

import json
from decimal import Decimal

import pytest
from support.offers import CHILLER, EVERY_KIND, ONLY_IN_BOOKS, TERMS, UPS

from vpp.auction.bid import Bid, BlockOffer, Offer, PriceStep, Rebound, ReboundProfile, StepOffer
from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.foundation.errors import BrokenPromise
from vpp.storage.rows.conditions import conditions_of, document_of_conditions, document_of_terms, terms_of
from vpp.storage.rows.offer import document_of_offer, document_of_rebound, offer_of, rebound_of


@pytest.mark.parametrize(
    "offer",
    [
        StepOffer(steps=()),
        StepOffer(steps=((), (PriceStep(0.1, Decimal("99.50")), PriceStep(5.0, Decimal("-0.000001"))))),
        BlockOffer(profile_kw=(100.0, -30.0), price_per_mwh=Decimal("1E+2")),
        BlockOffer((1e-9,), Decimal("57.142858"), Decimal("12.34"), 0.3),
        UPS,
        CHILLER,
    ],
)
def test_an_offer_comes_back(offer: Offer) -> None:
    back = offer_of(json.loads(json.dumps(document_of_offer(offer))))
    assert back == offer
    assert repr(back) == repr(offer)  # trailing zeros and exponents of prices, too


def test_whole_numbers_come_back_as_floats() -> None:
    steps = [[[50, "1"]]]
    offer = offer_of({"kind": "steps", "steps": steps})
    assert repr(offer) == repr(StepOffer(steps=((PriceStep(50.0, Decimal(1)),),)))


@pytest.mark.parametrize("rebound", [Rebound(1.25, 8, 80.5), ReboundProfile((0.5, 0.0))])
def test_a_rebound_comes_back(rebound: Rebound | ReboundProfile) -> None:
    assert rebound_of(json.loads(json.dumps(document_of_rebound(rebound)))) == rebound


@pytest.mark.parametrize(
    "bid", [*EVERY_KIND.values(), *ONLY_IN_BOOKS.values()], ids=lambda bid: str(bid.bid_id)
)
def test_the_conditions_of_a_bid_come_back(bid: Bid) -> None:
    back = conditions_of(json.loads(json.dumps(document_of_conditions(bid))))
    assert back == {field: getattr(bid, field) for field in back}


def test_a_bid_without_conditions_has_no_document() -> None:
    assert document_of_conditions(EVERY_KIND["limited"]) is None


@pytest.mark.parametrize("terms", [TERMS, ANY_TERMS])
def test_what_a_buyer_asks_comes_back(terms: BuyerTerms) -> None:
    assert terms_of(json.loads(json.dumps(document_of_terms(terms)))) == terms


def test_a_document_that_is_no_offer_is_a_defect() -> None:
    with pytest.raises(BrokenPromise, match="kind 'lottery'"):
        offer_of({"kind": "lottery"})
