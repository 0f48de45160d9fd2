"""A Japanese capacity resource, in yen, with consumption tax once per invoice and rate.

Two sites stand ready with 1000 kW through six half-hours at 1 yen per kW and hour, of which two are called;
the second site delivers 333.333 kW of 1000 kW in the first of them. Yen have no smaller unit: every line is a
whole number of yen, half up, and tax of 10 % is reckoned once, on the sum, cut down:

    north: 6 x 500 yen = 3000
    south: 5 x 500 yen, and 500 kW.h x 0.333333 = 166.666 -> 167 yen: 2667
    tax on 2667 less the aggregator's 10 % (50 a line, 17 of 167): 2400 x 0.1 = 240.0
"""

import csv
import io
from datetime import date
from decimal import Decimal

from support.made_events import Row, amounts, event, settled
from support.products import shipped_products

from vpp.settlement.booking_changes import party_lines
from vpp.settlement.payment_terms import PaymentTerms, TaxRate, TaxRounding
from vpp.settlement.run_type import RunType
from vpp.settlement.statement import Statement
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.summary_file import render_summary_csv

IDLE = Row(asked="0", delivered="0", price="0", award="1000")
CALLED = Row(asked="1000", delivered="1000", price="0")
FAILED = Row(asked="1000", delivered="333.333", price="0")


def test_yen_are_whole_and_tax_is_reckoned_once() -> None:
    product = shipped_products()["example-jp-hatsudo"]
    deliveries = event(
        product,
        {
            "north": [IDLE, IDLE, CALLED, CALLED, IDLE, IDLE],
            "south": [IDLE, IDLE, FAILED, CALLED, IDLE, IDLE],
        },
    )
    charges = settled(*deliveries)
    by_site = {
        site: amounts([each for each in charges if each.site_id == site]) for site in ("north", "south")
    }
    assert {site: str(found["AVAILABILITY"]) for site, found in by_site.items()} == {
        "north": "3000",
        "south": "2667",
    }
    assert {str(found["ENERGY"]) for found in by_site.values()} == {"0"}
    assert [str(each.amount) for each in charges if each.code.name == "AGG_FEE"][6:] == [
        "50",
        "50",
        "17",  # 16.7
        "50",
        "50",
        "50",
    ]
    party = "owner-of-south"
    head = StatementHead(f"{party}-2026-07-v1", party, "2026-07", 1, RunType.INITIAL, "JPY")
    lines = tuple(line for line, _ in party_lines(charges, {}, head, deliveries))
    statement = Statement(head.statement_id, party, "2026-07", 1, RunType.INITIAL, "JPY", lines)
    terms = PaymentTerms(
        rates=(TaxRate(Decimal("0.10"), "JP-10"),),
        rounding=TaxRounding.DOWN,
        invoice_registration_no="T1234567890123",
    )
    content = render_summary_csv(statement.head, statement.tally, terms, written_on=date(2026, 8, 7))
    [summary] = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert (summary["availability_amount"], summary["agg_fee_amount"]) == ("2667", "-267")
    assert (summary["taxable_base"], summary["tax_amount"], summary["gross_amount"]) == (
        "2400",
        "240",
        "2640",
    )
    assert summary["invoice_registration_no"] == "T1234567890123"
