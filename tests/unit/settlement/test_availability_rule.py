from decimal import Decimal

from vpp.portfolio.pay_parts import AvailabilityTerms
from vpp.settlement.availability_rule import AvailabilityRule


def test_a_price_of_its_own_is_per_kw_and_hour() -> None:
    rule = AvailabilityRule.of(AvailabilityTerms(price_per_kw_h=Decimal("0.0125")), "GBP")
    assert (rule.own_price_micros, str(rule.own_price), rule.price_unit) == (12_500, "0.012500", "GBP/kW.h")


def test_a_price_of_nothing_is_nothing() -> None:
    rule = AvailabilityRule.of(AvailabilityTerms(price_per_kw_h=Decimal(0)), "GBP")
    assert (rule.own_price_micros, rule.own_price) == (0, 0)


def test_the_awards_price_is_per_mw_and_hour() -> None:
    rule = AvailabilityRule.of(AvailabilityTerms(), "EUR")
    assert (rule.own_price_micros, rule.price_unit) == (None, "EUR/MW.h")


def test_where_it_is_paid() -> None:
    rules = {
        paid: AvailabilityRule.of(AvailabilityTerms(paid=paid), "EUR")
        for paid in ("always", "when_called", "when_not_called")
    }
    assert {paid: (rule.in_called, rule.in_others) for paid, rule in rules.items()} == {
        "always": (True, True),
        "when_called": (True, False),
        "when_not_called": (False, True),
    }
