"""The fields of a profile by name, as files have them."""

from vpp.portfolio.product_fields import field_names, group_names


def test_parts_within_parts_are_named_through_options_and_rows() -> None:
    names = field_names()
    for name in (
        "product_id",
        "call.calendar.not_before",
        "baseline.alternatives",
        "money.response.points.paid_ratio",
        "money.limits.max_paid_kw",
        "money.budget.per",
        "provenance.source_url",
    ):
        assert name in names
    assert len(names) == len(set(names))


def test_a_group_is_no_field() -> None:
    assert not set(group_names()) & set(field_names())
    assert {"call", "call.calendar", "money.response", "money.response.points"} <= set(group_names())
    assert not any(name.startswith("baseline.rule.") for name in field_names())
