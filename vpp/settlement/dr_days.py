"""On which days a site took part in demand response: what some owners report to authorities each year.

A day counts where the site was called: at least one settlement interval with a target above 0. Days are civil
days at the site.

Source:
    Product reference, section on Japan: the Energy Conservation Act asks firms for their "DR days" each year.
    What exactly counts as one is for the reporting firm to judge; the columns let it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from vpp.settlement.csv_cell import cell_text
from vpp.settlement.csv_table import table_bytes
from vpp.settlement.line_code import LineCode
from vpp.settlement.statement import Statement
from vpp.settlement.statement_line import StatementLine

COLUMNS = (
    "date",
    "site_id",
    "product_id",
    "direction",
    "event_count",
    "hours",
    "hours_without_data",
    "delivered_kwh",
)
_ZERO = Decimal(0)
_HOURS_STEP = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class DrDay:
    """One civil day on which a site was called for one product.

    Attributes:
        day: Civil day at the site.
        site_id: The site.
        product_id: The product.
        direction: Which way consumption was asked to move.
        event_count: Events that called it.
        hours: Time in which it was called, h; once where several events called it at the same time.
        hours_without_data: Of it: without a delivery that is known, h.
        delivered_kwh: How far the meter moved in that direction in the rest of it, kWh, signed.
    """

    day: date
    site_id: str
    product_id: str
    direction: str
    event_count: int
    hours: Decimal
    hours_without_data: Decimal
    delivered_kwh: Decimal


def dr_days(
    statements: Iterable[Statement], first_day: date, day_after: date, *, site_id: str = ""
) -> tuple[DrDay, ...]:
    """List the days on which sites were called.

    Of several versions of a statement the latest counts. What stands on the statements of several parties
    counts once; should they differ, the party's that has more versions.

    Args:
        statements: Statements of any parties and periods.
        first_day: First civil day.
        day_after: First civil day after.
        site_id: Only this site; empty for all.

    Returns:
        Days in order of day, site, product and direction.
    """
    called: dict[tuple[str, str, datetime], StatementLine] = {}
    for statement in _latest(statements):
        for line in statement.lines:
            if line.line_code is LineCode.ENERGY and line.target_kw and site_id in ("", line.site_id):
                called[line.event_id, line.site_id, line.interval_start_utc] = line
    days: dict[tuple[date, str, str, str], list[StatementLine]] = {}
    for line in called.values():
        day = line.local_time.date()
        if first_day <= day < day_after:
            days.setdefault((day, line.site_id, line.product_id, line.direction), []).append(line)
    return tuple(_day(*key, lines) for key, lines in sorted(days.items()))


def render_dr_days(days: Iterable[DrDay]) -> bytes:
    """Write days as CSV, in the format of statements."""
    rows = [
        [
            day.day.isoformat(),
            cell_text(day.site_id),
            cell_text(day.product_id),
            cell_text(day.direction),
            cell_text(day.event_count),
            cell_text(day.hours),
            cell_text(day.hours_without_data),
            cell_text(day.delivered_kwh),
        ]
        for day in days
    ]
    return table_bytes(COLUMNS, rows)


def _latest(statements: Iterable[Statement]) -> list[Statement]:
    """Return the latest version of each party, period and currency."""
    latest: dict[tuple[str, str, str], Statement] = {}
    for statement in sorted(statements, key=lambda each: each.version):
        latest[statement.party_id, statement.period, statement.currency] = statement
    return sorted(latest.values(), key=lambda each: (each.version, each.party_id))


def _day(day: date, site_id: str, product_id: str, direction: str, lines: list[StatementLine]) -> DrDay:
    unknown = [line for line in lines if line.delivered_kwh is None]
    return DrDay(
        day=day,
        site_id=site_id,
        product_id=product_id,
        direction=direction,
        event_count=len({line.event_id for line in lines}),
        hours=_hours(lines),
        hours_without_data=_hours(unknown),
        delivered_kwh=sum((line.delivered_kwh or _ZERO for line in lines), _ZERO),
    )


def _hours(lines: Iterable[StatementLine]) -> Decimal:
    """Measure the time that the lines' intervals cover, h, to 0.001 h."""
    total, covered_until = timedelta(0), None
    for start, end in sorted((line.interval_start_utc, line.interval_end_utc) for line in lines):
        begin = start if covered_until is None else max(start, covered_until)
        if end > begin:
            total, covered_until = total + (end - begin), end
    return (Decimal(total // timedelta(seconds=1)) / 3600).quantize(_HOURS_STEP)
