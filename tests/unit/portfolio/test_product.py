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


def test_a_document_from_before_a_field_existed_loads_as_it_was(document: dict[str, Any]) -> None:
    """A hub keeps versions of products for years; fields that came later mean no such limit."""
    whole = ProductProfile.model_validate(document)
    for later in ("telemetry_interval", "stacking_excludes", "test_rule", "measurement"):
        del document[later]
    for later in (
        "notice_max",
        "gate_close",
        "max_events_per_year",
        "max_hours_per_year",
        "calendar",
        "activation",
    ):
        del document["call"][later]
    del document["bid"]["max_bid_kw"], document["provenance"]["source_url"]
    kept = ("currency", "pay_rule", "penalty_formula_id", "penalty_ratio", "aggregator_fee_ratio")
    bands = ("band_low_ratio", "band_full_ratio", "band_cap_ratio", "availability_price_per_kw_h")
    document["money"] = {field: document["money"][field] for field in (*kept, *bands)}
    assert ProductProfile.model_validate(document) == whole


@pytest.mark.parametrize(
    ("excluded", "message"),
    [
        (["example-peak-shaving"], "names example-peak-shaving itself"),
        (["other", "other"], "names a product twice"),
        (["../other"], "stacking_excludes"),
    ],
)
def test_exclusions_name_other_products_once(
    document: dict[str, Any], excluded: list[str], message: str
) -> None:
    document["stacking_excludes"] = excluded
    with pytest.raises(ValidationError, match=message):
        ProductProfile.model_validate(document)


class TestLocalActivation:
    @pytest.fixture
    def ready(self) -> dict[str, Any]:
        return shipped_products()["example-nordic-ffr"].model_dump(mode="json")

    def test_readiness_is_bought(self, ready: dict[str, Any]) -> None:
        assert not ProductProfile.model_validate(ready).call.is_instructed

    @pytest.mark.parametrize(
        ("group", "fields", "message"),
        [
            ("call", {"trigger": "emergency"}, "call.trigger is emergency, expected day_ahead_auction"),
            ("money", {"pays_energy": True}, "money.pays_energy is true, expected false"),
            (
                "money",
                {"penalty_formula_id": "shortfall_at_price", "penalty_ratio": "1"},
                "money has a penalty, expected none",
            ),
            ("money", {"availability": None}, "money.availability is expected"),
            ("money", {"availability": {"paid": "when_called"}}, "money.availability is expected"),
            ("money", {"availability": {"by_performance": True}}, "and not by performance"),
        ],
    )
    def test_nothing_is_held_against_an_instruction(
        self, ready: dict[str, Any], group: str, fields: dict[str, object], message: str
    ) -> None:
        ready[group] |= fields
        with pytest.raises(ValidationError, match=message):
            ProductProfile.model_validate(ready)
