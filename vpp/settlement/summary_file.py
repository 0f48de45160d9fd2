"""The summary of a statement: sums by code, tax as configured, when and how it is paid."""

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vpp.settlement.csv_cell import Cell, cell_text
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import ZERO, amount_of
from vpp.settlement.statement import Statement
from vpp.settlement.statement_file import file_name, table_bytes
from vpp.settlement.statement_line import StatementLine


class PaymentMethod(enum.Enum):
    """How a balance is paid.

    Attributes:
        TRANSFER: By bank transfer.
        BILL_CREDIT: Deducted from or added to the electricity bill.
    """

    TRANSFER = "transfer"
    BILL_CREDIT = "bill_credit"


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Tax and payment as a party has configured them: never advice, nothing is assumed.

    Attributes:
        tax_rate_ratio: Tax on the net total, 0..1.
        tax_code: Name of the rate in the party's books.
        due_on: When the balance is due; None if not agreed.
        payment_method: How it is paid.
        invoice_registration_no: Registration of the issuer of qualified invoices; empty if none.
        self_billing: Whether the payer writes the invoice.
    """

    tax_rate_ratio: Decimal
    tax_code: str
    due_on: date | None
    payment_method: PaymentMethod
    invoice_registration_no: str = ""
    self_billing: bool = False


def summary_file_name(statement: Statement) -> str:
    """Name a statement's summary file."""
    return file_name(statement).removesuffix(".csv") + ".summary.csv"


def render_summary_csv(statement: Statement, terms: PaymentTerms | None = None) -> bytes:
    """Write the summary of a statement as CSV of one row.

    Tax is computed once, on the net total, and rounded to the minor unit. Without terms the tax and
    payment cells stay empty and gross equals net.

    Args:
        statement: The statement.
        terms: Tax and payment as configured.

    Returns:
        Bytes of the file, in the format of the statement's own.

    Source:
        Settlement design, section 2, rule 2, and section 3, summary file.

    """
    net, totals = statement.total, statement.totals
    tax = None if terms is None else amount_of(net * terms.tax_rate_ratio, statement.currency).amount
    row: dict[str, Cell] = {
        "statement_id": statement.statement_id,
        "party_id": statement.party_id,
        "settlement_period": statement.period,
        "version": statement.version,
        "run_type": statement.run_type,
        "currency": statement.currency,
    }
    for code in LineCode:
        row[f"{code.value}_amount"] = totals.get(code, net - net)
    row |= {
        "taxable_base": net,
        "tax_rate": terms.tax_rate_ratio if terms else None,
        "tax_code": terms.tax_code if terms else "",
        "tax_amount": tax,
        "gross_amount": net if tax is None else net + tax,
        "due_date": terms.due_on.isoformat() if terms and terms.due_on else "",
        "payment_method": terms.payment_method.value if terms else "",
        "invoice_registration_no": terms.invoice_registration_no if terms else "",
        "self_billing": str(terms.self_billing).lower() if terms else "",
        "delta_amount": statement.delta,
        "line_count": len(statement.lines),
        "delivered_kwh": total_kwh(statement, "delivered_kwh"),
        "payable_kwh": total_kwh(statement, "payable_kwh"),
    }
    return table_bytes(list(row), [[cell_text(value) for value in row.values()]])


def total_kwh(statement: Statement, column: str) -> Decimal:
    """Sum an energy column of a statement, kWh; lines without it count nothing.

    Args:
        statement: The statement.
        column: Name of the column, for example `payable_kwh`.
    """
    return sum((_energy(line, column) for line in statement.lines), ZERO)


def _energy(line: StatementLine, column: str) -> Decimal:
    """Return an energy of a line, 0 where it does not apply."""
    value: Decimal | None = getattr(line, column)
    return ZERO if value is None else value
