"""The summary of a statement: sums by code, tax as configured, when and how it is paid."""

from datetime import date
from decimal import Decimal

from vpp.settlement.csv_cell import Cell, cell_text
from vpp.settlement.csv_table import table_bytes
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import PaymentTerms, TaxRate
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_names import StatementNames
from vpp.settlement.statement_tally import QUANTITIES, StatementTally

NOTHING_KNOWN = StatementNames()
NO_TERMS = PaymentTerms()


def summary_file_name(head: StatementHead) -> str:
    """Name a statement's summary file."""
    return f"{head.stem}.summary.csv"


def render_summary_csv(  # noqa: PLR0913  all but three by keyword
    head: StatementHead,
    tally: StatementTally,
    terms: PaymentTerms | None = None,
    *,
    written_on: date,
    names: StatementNames = NOTHING_KNOWN,
    run_label: str = "",
) -> bytes:
    """Write the summary of a statement as CSV: one row, or one per rate of tax where there are several.

    Every line is on exactly one row, so that each column of amounts, lines and quantities may be summed.
    A quantity that no line has stays empty: it is not 0.
    Tax is reckoned once per row, on the sum of rounded lines. Without terms the tax and payment cells stay
    empty and gross equals net.

    Args:
        head: The statement.
        tally: What its lines add up to.
        terms: Tax and payment as configured.
        written_on: When the statement was written, for the due date.
        names: Names for people.
        run_label: Which run it is, for example `RECALC_2`; the run type if empty.

    Returns:
        Bytes of the file, in the format of the statement's own.

    Source:
        Settlement design, section 2, rule 2, and section 3, summary file.
    """
    shares = [
        (rate, codes)
        for rate, codes in (terms or NO_TERMS).codes_by_rate()
        if rate is not None or codes & tally.totals.keys() or not (terms and terms.rates)
    ]
    first_columns: dict[str, Cell] = {
        "statement_id": head.statement_id,
        "party_id": head.party_id,
        "settlement_period": head.period,
        "version": head.version,
        "run_type": head.run_type,
        "currency": head.currency,
    }
    due_on = terms.due.due_on(head.period, written_on) if terms and terms.due else None
    last_columns: dict[str, Cell] = {
        "due_date": due_on.isoformat() if due_on else "",
        "payment_method": terms.payment_method.value if terms else "",
        "invoice_registration_no": terms.invoice_registration_no if terms else "",
        "self_billing": str(terms.self_billing).lower() if terms else "",
    }
    only_site = next(iter(tally.sites)) if len(tally.sites) == 1 else ""
    words: dict[str, Cell] = {
        "run_label": run_label or head.run_type.name,
        "party_name": names.party_name,
        "site_count": len(tally.sites),
        "site_name": names.site_names.get(only_site, ""),
    }
    rows = [
        first_columns | _money(tally, rate, codes, terms) | last_columns | _counts(tally, codes) | words
        for rate, codes in shares
    ]
    return table_bytes(list(rows[0]), [[cell_text(value) for value in row.values()] for row in rows])


def _money(
    tally: StatementTally, rate: TaxRate | None, codes: frozenset[LineCode], terms: PaymentTerms | None
) -> dict[str, Cell]:
    """Sum the lines that a rate is about, and tax them."""
    amounts = {code: tally.totals.get(code, tally.zero) for code in LineCode}
    net = sum((amounts[code] for code in codes), tally.zero)
    tax = terms.tax(rate, net, tally.currency) if terms and rate else None
    row: dict[str, Cell] = {
        f"{code.value}_amount": amount if code in codes else tally.zero for code, amount in amounts.items()
    }
    return row | {
        "taxable_base": net,
        "tax_rate": rate.rate_ratio if rate else None,
        "tax_code": rate.code if rate else "",
        "tax_amount": tax,
        "gross_amount": net if tax is None else net + tax,
    }


def _counts(tally: StatementTally, codes: frozenset[LineCode]) -> dict[str, Cell]:
    """Sum changes, lines and quantities of the lines that a rate is about."""
    row: dict[str, Cell] = {
        "delta_amount": sum((tally.deltas.get(code, tally.zero) for code in codes), tally.zero),
        "line_count": sum(tally.counts.get(code, 0) for code in codes),
    }
    for column in ("delivered_kwh", "payable_kwh", *QUANTITIES):
        sums = [tally.quantity(code, column) for code in codes if tally.has_quantity(code, column)]
        row[column] = sum(sums, Decimal(0)) if sums else None
    return row
