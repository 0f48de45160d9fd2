from datetime import date
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import DueRule, FreeDay, PaymentBook, PaymentTerms, TaxRate, TaxRounding

ALL = TaxRate(Decimal("0.1"), "standard")
ENERGY = TaxRate(Decimal("0.05"), "reduced", frozenset({LineCode.ENERGY}))


@pytest.mark.parametrize(
    ("rule", "due_on"),
    [
        (DueRule(days_after_statement=0), date(2026, 4, 9)),
        (DueRule(days_after_statement=30), date(2026, 5, 9)),
        (DueRule(months_after_period=0), date(2026, 3, 31)),
        (DueRule(months_after_period=1), date(2026, 4, 30)),
        (DueRule(months_after_period=10, day=20), date(2027, 1, 20)),
        (DueRule(months_after_period=23), date(2028, 2, 29)),
    ],
)
def test_balances_are_due_as_agreed(rule: DueRule, due_on: date) -> None:
    assert rule.due_on("2026-03", date(2026, 4, 9)) == due_on


@pytest.mark.parametrize(
    ("period", "free_day", "country", "due_on"),
    [
        ("2026-04", FreeDay.STAY, "JP", date(2026, 5, 3)),  # a Sunday, and the first of three holidays
        ("2026-04", FreeDay.AFTER, "JP", date(2026, 5, 7)),
        ("2026-04", FreeDay.AFTER, "", date(2026, 5, 4)),
        ("2026-04", FreeDay.BEFORE, "JP", date(2026, 5, 1)),
        ("2025-12", FreeDay.BEFORE, "JP", date(2026, 1, 2)),  # a Saturday
        ("2026-05", FreeDay.AFTER, "JP", date(2026, 6, 3)),
    ],
)
def test_a_due_date_on_a_free_day_moves_as_agreed(
    period: str, free_day: FreeDay, country: str, due_on: date
) -> None:
    rule = DueRule(months_after_period=1, day=3, free_day=free_day, country=country)
    assert rule.due_on(period, date(2026, 1, 1)) == due_on


def test_holidays_of_nowhere_are_refused() -> None:
    with pytest.raises(InvalidInput, match="expected an ISO 3166 country"):
        DueRule(days_after_statement=1, country="ZZ")


@pytest.mark.parametrize("fields", [{}, {"days_after_statement": 1, "months_after_period": 1}])
def test_a_due_rule_is_one_of_two(fields: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="either days_after_statement or months_after_period"):
        DueRule(**fields)


@pytest.mark.parametrize(
    ("rounding", "base", "tax"),
    [
        (TaxRounding.HALF_UP, "105", "11"),
        (TaxRounding.HALF_UP, "-105", "-11"),
        (TaxRounding.DOWN, "109", "10"),
        (TaxRounding.DOWN, "-109", "-10"),
        (TaxRounding.UP, "101", "11"),
        (TaxRounding.UP, "-101", "-11"),
        (TaxRounding.DOWN, "-9", "0"),
    ],
)
def test_payments_and_charges_are_rounded_alike(rounding: TaxRounding, base: str, tax: str) -> None:
    terms = PaymentTerms(rates=(ALL,), rounding=rounding)
    assert str(terms.tax(ALL, Decimal(base), "JPY")) == tax


def test_tax_has_the_places_of_its_currency() -> None:
    assert str(PaymentTerms(rates=(ALL,)).tax(ALL, Decimal("10.05"), "CNY")) == "1.01"


def test_a_rate_without_lines_is_about_what_no_other_names() -> None:
    shares = PaymentTerms(rates=(ALL, ENERGY)).codes_by_rate()
    assert shares == [(ALL, frozenset(LineCode) - {LineCode.ENERGY}), (ENERGY, frozenset({LineCode.ENERGY}))]
    assert PaymentTerms(rates=(ENERGY,)).codes_by_rate() == [
        (ENERGY, frozenset({LineCode.ENERGY})),
        (None, frozenset(LineCode) - {LineCode.ENERGY}),
    ]
    assert PaymentTerms().codes_by_rate() == [(None, frozenset(LineCode))]


@pytest.mark.parametrize("rates", [(ALL, ALL), (ENERGY, ENERGY)])
def test_no_line_is_taxed_twice(rates: tuple[TaxRate, ...]) -> None:
    with pytest.raises(InvalidInput, match="are about the same lines, expected one rate for each line"):
        PaymentTerms(rates=rates)


@pytest.mark.parametrize("ratio", ["-0.01", "1.01"])
def test_a_rate_is_a_share(ratio: str) -> None:
    with pytest.raises(InvalidInput, match="expected 0 to 1"):
        PaymentTerms(rates=(TaxRate(Decimal(ratio), "odd"),))


def test_a_party_s_own_terms_go_before_the_default() -> None:
    default, own = PaymentTerms(rates=(ALL,)), PaymentTerms()
    book = PaymentBook(default, {"acme": own})
    assert (book.terms_of("acme"), book.terms_of("bolt")) == (own, default)
    assert PaymentBook().terms_of("acme") is None
