from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from vpp.portfolio.product import ProductProfile
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement, build_statement
from vpp.settlement.statement_file import table_rows
from vpp.settlement.summary_file import (
    PaymentMethod,
    PaymentTerms,
    render_summary_csv,
    summary_file_name,
)

Delivery = Callable[..., SiteDelivery]


def statement_of(site: SiteDelivery) -> Statement:
    return build_statement("acme", "2026-03", [site], operator_party_id="grid", aggregator_party_id="hub")


def summary(statement: Statement, terms: PaymentTerms | None = None) -> dict[str, str]:
    header, row = table_rows(render_summary_csv(statement, terms))
    return dict(zip(header, row, strict=True))


def test_the_summary_is_the_sum_of_the_detail(delivery: Delivery) -> None:
    statement = statement_of(delivery(["60", "100"]))
    row = summary(statement)
    assert summary_file_name(statement) == "statement_acme_2026-03_v1.summary.csv"
    assert (row["energy_amount"], row["agg_fee_amount"], row["penalty_amount"]) == ("12.80", "-1.28", "-1.20")
    assert (row["availability_amount"], row["make_whole_amount"]) == ("0.00", "0.00")
    assert row["taxable_base"] == row["gross_amount"] == row["delta_amount"] == "10.32"
    assert (row["line_count"], row["delivered_kwh"], row["payable_kwh"]) == ("5", "160.000", "160.000")


def test_no_tax_is_assumed(delivery: Delivery) -> None:
    row = summary(statement_of(delivery()))
    assert {row[name] for name in ("tax_rate", "tax_code", "tax_amount", "due_date", "self_billing")} == {""}


@pytest.mark.parametrize(("currency", "tax", "gross"), [("GBP", "2.88", "17.28"), ("JPY", "3", "17")])
def test_tax_is_computed_once_on_the_total(
    delivery: Delivery, product: Callable[..., ProductProfile], currency: str, tax: str, gross: str
) -> None:
    site = delivery(product=product(currency=currency))
    terms = PaymentTerms(
        tax_rate_ratio=Decimal("0.2"),
        tax_code="standard",
        due_on=date(2026, 4, 30),
        payment_method=PaymentMethod.BILL_CREDIT,
        invoice_registration_no="T0000000000000",
        self_billing=True,
    )
    row = summary(statement_of(site), terms)
    assert (row["tax_amount"], row["gross_amount"], row["tax_rate"]) == (tax, gross, "0.2")
    assert (row["due_date"], row["payment_method"], row["self_billing"]) == (
        "2026-04-30",
        "bill_credit",
        "true",
    )
