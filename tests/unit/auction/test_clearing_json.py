"""A clearing survives the way through JSON, and only a clearing is read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.clearing_json import clearing_from_document, clearing_to_document
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import PayRule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BIDS = (
    Bid("a", "north", "load", "Z1", NOON, 0.9, StepOffer(((PriceStep(100.0, Decimal("50.25")),),))),
    Bid("b", "south", "ups", "Z1", NOON, 1.0, BlockOffer((80.0, -40.0), Decimal(70), Decimal("0.5"), 0.5)),
)
BOOK = Book("doc", NOON, timedelta(minutes=15), (120.0,), 1, Decimal(3000), None, BIDS)
CLEARING = clear(BOOK, ClearingRules(PayRule.AS_CLEAR))


@pytest.mark.parametrize("clearing", [CLEARING, replace(CLEARING, bound=None, gap_ratio=None)])
def test_a_clearing_survives_json(clearing: Clearing) -> None:
    document = json.loads(json.dumps(clearing_to_document(clearing)))
    assert clearing_from_document(document) == clearing
    assert clearing_to_document(clearing_from_document(document)) == document


def test_amounts_are_text_so_that_no_digit_is_lost() -> None:
    document = clearing_to_document(CLEARING)
    assert document["price_per_mwh"] == [str(price) for price in CLEARING.price_per_mwh]
    assert isinstance(document["objective"], str)
    assert isinstance(document["awards"][0]["make_whole"], str)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "vpp.clearing/2"},
        {"status": "perfect"},
        {"awards": [{}]},
        {"start": "noon"},
        {"objective": "much"},
        {"solver": None},
    ],
)
def test_what_is_no_clearing_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        clearing_from_document(clearing_to_document(CLEARING) | change)


def test_a_missing_field_is_refused() -> None:
    document = clearing_to_document(CLEARING)
    del document["input_hash"]
    with pytest.raises(InvalidInput, match="input_hash"):
        clearing_from_document(document)
