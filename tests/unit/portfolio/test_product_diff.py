"""What two products say differently."""

from support.products import changed_product, shipped_products, shipped_rules

from vpp.portfolio.product_diff import changed_fields

PEAK = shipped_products()["example-peak-shaving"]


def test_a_product_says_the_same_as_itself() -> None:
    assert list(changed_fields(PEAK, PEAK)) == []


def test_values_parts_and_absent_fields_are_told() -> None:
    other = changed_product(
        PEAK,
        version=PEAK.version + 1,
        call={"notice_max": "P1D"},
        money={"budget": {"amount": "5", "per": "event"}},
        bid={"min_bid_kw": 20.0},
    )
    assert list(changed_fields(PEAK, other)) == [
        ("version", str(PEAK.version), str(PEAK.version + 1)),
        ("call.notice_max", "-", "P1D"),
        ("bid.min_bid_kw", "10.0", "20.0"),
        ("money.budget.amount", "-", "5"),
        ("money.budget.per", "-", "event"),
    ]
    back = {field: (was, now) for field, was, now in changed_fields(other, PEAK)}
    assert back["call.notice_max"] == ("P1D", "-")


def test_a_rule_that_changed_under_its_name_is_told_by_its_digest() -> None:
    rule = shipped_rules()["example-high-4-of-5"]
    changed = rule.model_copy(update={"floor": not rule.floor})
    other = PEAK.model_copy(update={"baseline": PEAK.baseline.model_copy(update={"rule": changed})})
    [(field, was, now)] = changed_fields(PEAK, other)
    assert field == "baseline.rule"
    assert (was, now) == (
        f"example-high-4-of-5 ({rule.digest[:12]})",
        f"example-high-4-of-5 ({changed.digest[:12]})",
    )
