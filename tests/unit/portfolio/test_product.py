"""A product profile that contradicts itself does not load."""

from typing import Any

import pytest
from pydantic import ValidationError
from support.products import shipped_products

from vpp.portfolio.product import ProductProfile


@pytest.fixture
def document() -> dict[str, Any]:
    return shipped_products()["example-peak-shaving"].model_dump(mode="json")


@pytest.mark.parametrize(
    ("group", "field", "value", "named"),
    [
        ("call", "max_duration", "PT15M", "max_duration"),
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
