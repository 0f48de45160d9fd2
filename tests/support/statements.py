"""Statements of a few lines, written as a hub writes them, for tests of what people do with them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.market import Market

from vpp.settlement.line_code import LineCode, flow_of
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_file import csv_pieces
from vpp.settlement.statement_line import StatementLine
from vpp.workflows.records import StatementRecord

PERIOD = "2026-03"
FIRST = datetime(2026, 3, 3, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
NOTHING: dict[str, object] = dict.fromkeys(StatementLine._fields)
TEXTS = {name: "" for name, hint in StatementLine.__annotations__.items() if hint is str}


def line(  # noqa: PLR0913  one argument per column that a test sets
    number: int,
    amount: str = "10.00",
    *,
    delta: str | None = None,
    site_id: str = "a",
    event_id: str = "evening",
    interval: int = 0,
    code: LineCode = LineCode.ENERGY,
    adjustment_id: str = "",
) -> StatementLine:
    """Write a line; without a delta nothing stood booked before it."""
    start = FIRST + interval * QUARTER
    columns = {
        **NOTHING,
        **TEXTS,
        "line_no": number,
        "line_code": code,
        "run_type": RunType.INITIAL,
        "version": 1,
        "settlement_period": PERIOD,
        "event_id": event_id,
        "site_id": site_id,
        "interval_start_utc": start,
        "interval_end_utc": start + QUARTER,
        "amount": Decimal(amount),
        "delta_amount": Decimal(amount if delta is None else delta),
        "currency": "GBP",
        "flow": flow_of(Decimal(amount)),
        "adjustment_id": adjustment_id,
    }
    return StatementLine(**columns)  # type: ignore[arg-type]  # columns of any kind, by name


def csv_file(lines: Sequence[StatementLine]) -> bytes:
    return b"".join(csv_pieces(lines))


def statement(
    party_id: str, version: int, lines: Sequence[StatementLine], *, currency: str = "GBP"
) -> StatementRecord:
    """Write a version of a statement, from before there was a ledger: no run stands behind it."""
    middle = "" if currency == "GBP" else f"{currency.lower()}-"
    content = csv_file(lines)
    return StatementRecord(
        statement_id=f"{party_id}-{PERIOD}-{middle}v{version}",
        party_id=party_id,
        period=PERIOD,
        version=version,
        run_type=(RunType.INITIAL if version == 1 else RunType.RECALC).value,
        line_count=len(lines),
        currency=currency,
        total=sum((one.amount for one in lines), Decimal(0)),
        delta=sum((one.delta_amount for one in lines), Decimal(0)),
        csv_sha256=hashlib.sha256(content).hexdigest(),
        files={
            f"statement_{party_id}_{PERIOD}_v{version}.csv": content,
            f"statement_{party_id}_{PERIOD}_v{version}.summary.csv": b"summary",
            f"statement_{party_id}_{PERIOD}_v{version}.manifest.json": b"{}",
        },
    )


def keep(market: Market, *records: StatementRecord) -> None:
    """Keep statements as the present's."""
    with market.units() as uow:
        for record in records:
            uow.statements.add(record.statement_id, record)
        uow.commit()
