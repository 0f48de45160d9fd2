"""A book whose bids carry their commitments is checked against them."""

import base64
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.offered_bids import AT, BID

from vpp.auction.bid import PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.commitment import commitment_of, content_text
from vpp.auction.opened_bids import OpenedBids, check_openings

NONCE = bytes(range(32))
CONTENT = content_text(BID, auction_id="evening", product_id="peak", currency="GBP", expires_at=None)
DOCUMENT: dict[str, Any] = {
    "commitment": commitment_of(CONTENT, NONCE),
    "opening": {"content": CONTENT, "nonce": base64.b64encode(NONCE).decode()},
}
BOOK = Book("evening", AT, timedelta(hours=1), (50.0, 50.0), 0, Decimal(2000), None, (BID,))


def test_a_bid_that_is_what_it_committed_to_counts() -> None:
    assert check_openings([DOCUMENT], BOOK) == OpenedBids(1, ())
    assert check_openings([{}], BOOK) == OpenedBids(0, ())


def test_a_bid_may_count_for_less_and_never_for_more() -> None:
    less = replace(BOOK, bids=(replace(BID, delivery_ratio=0.5),))
    assert check_openings([DOCUMENT], less) == OpenedBids(1, ())
    more = replace(BOOK, bids=(replace(BID, delivery_ratio=0.95),))
    assert check_openings([DOCUMENT], more).violations == (
        "bids/north-1 counts at 0.95, more than the 0.9 that was committed to",
    )


def test_a_bid_that_was_changed_is_named_with_its_fields() -> None:
    dearer = StepOffer(((PriceStep(50.0, Decimal("120.51")),), ()))
    changed = replace(BOOK, bids=(replace(BID, offer=dearer, exclusive_group="g"),))
    assert check_openings([DOCUMENT], changed) == OpenedBids(
        0, ("bids/north-1 is not what was committed to in exclusive_group, offer",)
    )


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        (None, "does not give its commitment"),
        ({}, "does not give its commitment"),
        (
            DOCUMENT["opening"] | {"nonce": base64.b64encode(bytes(32)).decode()},
            "does not give its commitment",
        ),
        (DOCUMENT["opening"] | {"content": CONTENT.replace("50", "51")}, "does not give its commitment"),
        (DOCUMENT["opening"] | {"content": "{"}, "cannot be read"),
        (DOCUMENT["opening"] | {"content": "[]"}, "cannot be read"),
        (DOCUMENT["opening"] | {"nonce": "!"}, "cannot be read"),
    ],
)
def test_what_does_not_open_is_named(opening: object, expected: str) -> None:
    (violation,) = check_openings([DOCUMENT | {"opening": opening}], BOOK).violations
    assert violation.endswith(expected)
