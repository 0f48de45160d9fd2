"""Offers survive the way through JSON text digit by digit."""

import json
from decimal import Decimal

import pytest

from vpp.auction.bid import BlockOffer, PriceStep, Rebound, StepOffer
from vpp.foundation.errors import BrokenPromise
from vpp.storage.rows.offer import document_of_offer, document_of_rebound, offer_of, rebound_of


@pytest.mark.parametrize(
    "offer",
    [
        StepOffer(steps=()),
        StepOffer(steps=((), (PriceStep(0.1, Decimal("99.50")), PriceStep(5.0, Decimal("-0.000001"))))),
        BlockOffer(profile_kw=(100.0, -30.0), price_per_mwh=Decimal("1E+2")),
        BlockOffer((1e-9,), Decimal("57.142858"), Decimal("12.34"), 0.3),
    ],
)
def test_an_offer_comes_back(offer: StepOffer | BlockOffer) -> None:
    back = offer_of(json.loads(json.dumps(document_of_offer(offer))))
    assert back == offer
    assert repr(back) == repr(offer)  # trailing zeros and exponents of prices, too


def test_whole_numbers_come_back_as_floats() -> None:
    steps = [[[50, "1"]]]
    offer = offer_of({"kind": "steps", "steps": steps})
    assert repr(offer) == repr(StepOffer(steps=((PriceStep(50.0, Decimal(1)),),)))


def test_a_rebound_comes_back() -> None:
    rebound = Rebound(ratio=1.25, window_intervals=8, max_return_kw=80.5)
    assert rebound_of(json.loads(json.dumps(document_of_rebound(rebound)))) == rebound


def test_a_document_that_is_no_offer_is_a_defect() -> None:
    with pytest.raises(BrokenPromise, match="kind 'lottery'"):
        offer_of({"kind": "lottery"})
