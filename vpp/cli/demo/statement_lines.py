"""Statement files read back as any recipient would: from the CSV alone."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class StatementLine:
    """The columns of a statement line that the demo adds up.

    Attributes:
        party_id: Party of the statement.
        site_id: Site that delivered.
        event_id: Event.
        line_code: What the line is for.
        amount: Positive is paid to the party.
        currency: ISO 4217 code.
        delivered_kwh: Energy delivered, kWh; None on lines that are not about energy.
    """

    party_id: str
    site_id: str
    event_id: str
    line_code: str
    amount: Decimal
    currency: str
    delivered_kwh: Decimal | None


def statement_lines(csv_text: str) -> list[StatementLine]:
    r"""Read a statement's lines.

    Args:
        csv_text: The file; its first row names the columns.

    Example:
        >>> header = "party_id,site_id,event_id,line_code,amount,currency,delivered_kwh"
        >>> statement_lines(header + "\r\nacme,north-1,evening,PENALTY,-1.50,GBP,\r\n")[0].amount
        Decimal('-1.50')
    """
    return [
        StatementLine(
            party_id=row["party_id"],
            site_id=row["site_id"],
            event_id=row["event_id"],
            line_code=row["line_code"],
            amount=Decimal(row["amount"]),
            currency=row["currency"],
            delivered_kwh=Decimal(row["delivered_kwh"]) if row["delivered_kwh"] else None,
        )
        for row in csv.DictReader(io.StringIO(csv_text, newline=""))
    ]


def total(lines: Sequence[StatementLine]) -> Decimal:
    """Add up amounts, exactly."""
    return sum((line.amount for line in lines), Decimal(0))


def delivered_kwh_by_event(lines: Sequence[StatementLine]) -> dict[str, Decimal]:
    """Add up the delivered energy of each event, kWh, exactly."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.delivered_kwh is not None:
            sums[line.event_id] = sums.get(line.event_id, Decimal(0)) + line.delivered_kwh
    return sums
