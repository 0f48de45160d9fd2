"""A product profile that contradicts itself does not load."""

from typing import Any

import pytest
from pydantic import ValidationError
from support.products import product_for, shipped_products, shipped_rules

from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile


@pytest.fixture
def document() -> dict[str, Any]:
    return shipped_products()["example-peak-shaving"].model_dump(mode="json")


@pytest.mark.parametrize(
    ("group", "field", "value", "named"),
    [
        ("call", "max_duration", "PT15M", "max_duration"),
        ("call", "direction", "sideways", "call.direction"),
        ("bid", "price_cap_per_mwh", "-1", "price_cap_per_mwh"),
        ("baseline", "rule", "high-4-of-5", "baseline.rule"),
        ("baseline", "rules", [], "baseline.rules"),
        ("money", "band_low_ratio", "0.95", "band_full_ratio"),
        ("money", "pay_rule", "fixed", "fixed_price_per_mwh"),
        ("money", "penalty_formula_id", "unheard-of", "penalty_formula_id"),
        ("money", "curency", "GBP", "curency"),
    ],
)
def test_the_error_names_the_field(
    document: dict[str, Any], group: str, field: str, value: object, named: str
) -> None:
    document[group][field] = value
    with pytest.raises(ValidationError, match=named):
        ProductProfile.model_validate(document)


def test_settlement_intervals_divide_an_hour(document: dict[str, Any]) -> None:
    document["settlement_interval"] = "PT25M"
    with pytest.raises(ValidationError, match="divide an hour"):
        ProductProfile.model_validate(document)


def test_a_product_may_ask_for_more_consumption_and_comes_back_as_it_was() -> None:
    more = product_for(Direction.LOAD_UP)
    document = more.model_dump(mode="json")
    assert document["call"]["direction"] == "load_up"
    assert ProductProfile.model_validate(document) == more


@pytest.mark.parametrize(
    ("rule_id", "adjustment", "why"),
    [
        ("pjm-firm-service-level", {}, "is a level to stay below"),
        ("ten-of-ten", {"up_only": True}, "has up_only, which is made for reductions"),
    ],
)
def test_a_rule_made_for_reductions_measures_no_increase(
    rule_id: str, adjustment: dict[str, object], why: str
) -> None:
    rule = shipped_rules()[rule_id].model_dump(mode="json")
    if adjustment:
        rule["adjustment"] |= adjustment
    down = product_for(Direction.LOAD_DOWN).model_dump(mode="json") | {"baseline": {"rule": rule}}
    assert ProductProfile.model_validate(down).call.direction is Direction.LOAD_DOWN
    up = product_for(Direction.LOAD_UP).model_dump(mode="json") | {"baseline": {"rule": rule}}
    with pytest.raises(ValidationError, match=f"rule {rule_id} {why}"):
        ProductProfile.model_validate(up)
