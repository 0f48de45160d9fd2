"""What a bidder and the hub hold each other to says all that a bid says, in one way only."""

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.offered_bids import AT, BID, CHANGED

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.commitment import commitment_of, content_text, fits
from vpp.foundation.errors import BrokenPromise

REQUEST: dict[str, Any] = {
    "auction_id": "evening",
    "product_id": "peak",
    "currency": "GBP",
    "expires_at": None,
}


def text_of(bid: Bid = BID, **changes: object) -> str:
    return content_text(bid, **(REQUEST | changes))


def test_the_text_is_what_it_was() -> None:
    assert text_of() == (
        '{"auction":"evening","bid":{"bid_id":"north-1","delivery_ratio":0.9,"kind":"Bid","offer":{"kind":'
        '"StepOffer","steps":[[{"kind":"PriceStep","price_per_mwh":"120.5","reduction_kw":50}],[]]},'
        '"resource_id":"battery","site_id":"north","submitted_at":"2026-03-04T12:00:00.000000+00:00",'
        '"zone":"z"},"currency":"GBP","product":"peak"}'
    )


def test_a_commitment_can_be_worked_out_with_common_tools() -> None:
    nonce = bytes(range(32))
    assert commitment_of(text_of(), nonce) == hashlib.sha256(nonce + text_of().encode()).hexdigest()
    assert fits(commitment_of(text_of(), nonce), text_of(), nonce)
    assert not fits(commitment_of(text_of(), b""), text_of(), b"")


def test_whatever_differs_says_something_else() -> None:
    texts = {text_of(bid) for bid in (BID, *CHANGED)}
    texts |= {text_of(**{name: "other"}) for name in ("auction_id", "product_id", "currency")}
    texts |= {text_of(expires_at=AT), text_of(auction_id=None)}
    assert len(texts) == 1 + len(CHANGED) + 5


def test_one_number_is_written_in_one_way() -> None:
    whole = replace(
        BID, energy_limit_kwh=0.0, offer=BlockOffer((5, -0.0), Decimal(7))
    )  # an int, as JSON has it
    same = replace(BID, energy_limit_kwh=-0.0, offer=BlockOffer((5.0, 0.0), Decimal(7)))
    assert text_of(whole) == text_of(same)
    prices = ("60.5", "60.50", "6.05E+1")
    offers = [StepOffer(((PriceStep(50.0, Decimal(price)),),)) for price in prices]
    assert len({text_of(replace(BID, offer=offer)) for offer in offers}) == 1
    assert (
        len({text_of(replace(BID, offer=BlockOffer((5.0,), Decimal(zero)))) for zero in ("0", "-0.00")}) == 1
    )


def test_what_is_at_its_default_is_left_out() -> None:
    assert set(json.loads(text_of())["bid"]) == {
        *("bid_id", "kind", "site_id", "resource_id", "zone", "submitted_at", "delivery_ratio", "offer")
    }


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(BrokenPromise, match="holds a float"):
        text_of(replace(BID, energy_limit_kwh=float("nan")))
