"""What a bid must look like: bounds that contradict each other do not load."""

import pytest
from pydantic import ValidationError
from support.products import shipped_products

from vpp.portfolio.bid_rules import BidRules


def rules_with(**fields: object) -> BidRules:
    document = shipped_products()["example-peak-shaving"].bid.model_dump(mode="json")
    return BidRules.model_validate(document | fields)


def test_there_may_be_no_largest_bid() -> None:
    assert rules_with().max_bid_kw is None
    assert rules_with(max_bid_kw=10.0).max_bid_kw == 10.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_bid_kw": 9.0}, "max_bid_kw is 9, expected at least 10"),
        ({"max_bid_kw": 15.0, "increment_kw": 20.0}, "max_bid_kw is 15, expected at least 20"),
        ({"max_bid_kw": 0.0}, "max_bid_kw"),
        ({"max_bid_kw": float("inf")}, "max_bid_kw"),
        ({"price_cap_per_mwh": "0"}, "price_cap_per_mwh is 0, expected above price_floor_per_mwh 0"),
    ],
)
def test_a_contradiction_is_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rules_with(**fields)
