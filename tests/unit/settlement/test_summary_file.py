from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from support.reckoned_statements import statement_for

from vpp.portfolio.product import ProductProfile
from vpp.settlement.csv_table import table_rows
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import DueRule, PaymentMethod, PaymentTerms, TaxRate, TaxRounding
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_names import StatementNames
from vpp.settlement.summary_file import render_summary_csv, summary_file_name

Delivery = Callable[..., SiteDelivery]
WRITTEN_ON = date(2026, 4, 9)


def statement_of(*sites: SiteDelivery) -> Statement:
    return statement_for("acme", sites)


def summary_rows(
    statement: Statement, terms: PaymentTerms | None = None, **words: object
) -> list[dict[str, str]]:
    content = render_summary_csv(
        statement.head,
        statement.tally,
        terms,
        written_on=WRITTEN_ON,
        **words,  # type: ignore[arg-type]
    )
    header, *rows = table_rows(content)
    return [dict(zip(header, row, strict=True)) for row in rows]


def summary(statement: Statement, terms: PaymentTerms | None = None, **words: object) -> dict[str, str]:
    [row] = summary_rows(statement, terms, **words)
    return row


def test_the_summary_is_the_sum_of_the_detail(delivery: Delivery) -> None:
    statement = statement_of(
        delivery(["60", "100"], emission_factor=EmissionFactor(Decimal("0.5"), "made up"))
    )
    row = summary(statement)
    assert summary_file_name(statement.head) == "statement_acme_2026-03_v1.summary.csv"
    assert (row["energy_amount"], row["agg_fee_amount"], row["penalty_amount"]) == ("12.80", "-1.28", "-1.20")
    assert (row["availability_amount"], row["make_whole_amount"]) == ("0.00", "0.00")
    assert row["taxable_base"] == row["gross_amount"] == row["delta_amount"] == "10.32"
    assert (row["line_count"], row["delivered_kwh"], row["payable_kwh"]) == ("5", "160.000", "160.000")
    assert (row["baseline_kwh"], row["metered_kwh"]) == ("1000.000", "840.000")
    assert (row["penalty_basis_kwh"], row["availability_kw_h"], row["co2_kg"]) == ("30.000", "", "80.000")


def test_no_tax_is_assumed(delivery: Delivery) -> None:
    row = summary(statement_of(delivery()))
    nothing = ("tax_rate", "tax_code", "tax_amount", "due_date", "self_billing", "payment_method")
    assert {row[name] for name in nothing} == {""}


@pytest.mark.parametrize(("currency", "tax", "gross"), [("GBP", "2.88", "17.28"), ("JPY", "3", "17")])
def test_tax_is_computed_once_on_the_total(
    delivery: Delivery, product: Callable[..., ProductProfile], currency: str, tax: str, gross: str
) -> None:
    site = delivery(product=product(currency=currency))
    terms = PaymentTerms(
        rates=(TaxRate(Decimal("0.2"), "standard"),),
        due=DueRule(months_after_period=1, day=31),
        payment_method=PaymentMethod.BILL_CREDIT,
        invoice_registration_no="T0000000000000",
        self_billing=True,
    )
    row = summary(statement_of(site), terms)
    assert (row["tax_amount"], row["gross_amount"], row["tax_rate"], row["tax_code"]) == (
        tax,
        gross,
        "0.2",
        "standard",
    )
    assert (row["due_date"], row["payment_method"], row["self_billing"]) == (
        "2026-04-30",
        "bill_credit",
        "true",
    )
    assert row["invoice_registration_no"] == "T0000000000000"


@pytest.mark.parametrize(
    ("rounding", "tax"), [(TaxRounding.HALF_UP, "1"), (TaxRounding.DOWN, "0"), (TaxRounding.UP, "1")]
)
def test_consumption_tax_is_rounded_once_as_configured(
    delivery: Delivery, product: Callable[..., ProductProfile], rounding: TaxRounding, tax: str
) -> None:
    # 10 % of 7 yen (8 for energy, a tenth of it for the aggregator) is 0.7 yen
    site = delivery(["100"], product=product(currency="JPY"))
    terms = PaymentTerms(rates=(TaxRate(Decimal("0.1"), "JP-10"),), rounding=rounding)
    row = summary(statement_of(site), terms)
    assert (row["taxable_base"], row["tax_amount"]) == ("7", tax)
    assert row["gross_amount"] == str(7 + int(tax))


def test_each_rate_has_a_row_and_every_column_may_be_summed(delivery: Delivery) -> None:
    statement = statement_of(delivery(["60", "100"]))
    terms = PaymentTerms(
        rates=(
            TaxRate(Decimal("0.1"), "supply", frozenset({LineCode.ENERGY, LineCode.AVAILABILITY})),
            TaxRate(Decimal("0.2"), "service", frozenset({LineCode.AGG_FEE})),
        )
    )
    rows = summary_rows(statement, terms)
    assert [row["tax_code"] for row in rows] == ["supply", "service", ""]
    assert [row["taxable_base"] for row in rows] == ["12.80", "-1.28", "-1.20"]
    assert [row["tax_amount"] for row in rows] == ["1.28", "-0.26", ""]
    assert [row["gross_amount"] for row in rows] == ["14.08", "-1.54", "-1.20"]
    assert [row["line_count"] for row in rows] == ["2", "2", "1"]
    whole = summary(statement)
    for column in ("energy_amount", "penalty_amount", "taxable_base", "delta_amount", "delivered_kwh"):
        assert sum(Decimal(row[column] or 0) for row in rows) == Decimal(whole[column])
    assert {row["co2_kg"] for row in rows} == {""}  # no line has a factor: not known is not 0


def test_lines_without_a_rate_need_no_row_where_there_are_none(delivery: Delivery) -> None:
    terms = PaymentTerms(
        rates=(TaxRate(Decimal("0.1"), "all", frozenset({LineCode.ENERGY, LineCode.AGG_FEE})),)
    )
    assert summary(statement_of(delivery()), terms)["tax_code"] == "all"


def test_names_are_for_people(delivery: Delivery) -> None:
    names = StatementNames("=HYPERLINK(0)", {"north-1": "北京数据中心", "south-1": "大阪"})
    one = summary(statement_of(delivery()), names=names, run_label="RECALC_1")
    assert (one["party_name"], one["site_name"], one["site_count"]) == ("'=HYPERLINK(0)", "北京数据中心", "1")
    assert (one["run_type"], one["run_label"]) == ("INITIAL", "RECALC_1")
    two = summary(statement_of(delivery(), delivery(site_id="south-1")), names=names)
    assert (two["site_name"], two["site_count"], two["run_label"]) == ("", "2", "INITIAL")
