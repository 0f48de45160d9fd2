"""A product profile that contradicts itself does not load."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vpp.portfolio.product import ProductProfile

PROFILE = Path(__file__).resolve().parents[3] / "configs" / "products" / "example_peak_shaving.toml"


@pytest.fixture
def document() -> dict[str, Any]:
    return tomllib.loads(PROFILE.read_text())


@pytest.mark.parametrize(
    ("group", "field", "value", "named"),
    [
        ("call", "max_duration", "PT15M", "max_duration"),
        ("bid", "price_cap_per_mwh", "-1", "price_cap_per_mwh"),
        ("baseline", "candidate_count", 3, "candidate counts"),
        ("baseline", "adjustment_begin", "PT1H", "adjustment_begin"),
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
