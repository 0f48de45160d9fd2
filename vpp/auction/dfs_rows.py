"""Rows of the bid files that Great Britain's Demand Flexibility Service publishes.

The files of both winters read (2022/23, with provider and zones, and 2023/24, with the despatch)
share the six columns needed here. Neither names a direction: all their bids are reductions.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from vpp.foundation.errors import InvalidInput

HALF_HOUR = timedelta(minutes=30)

_COLUMNS = ("start_utc", "end_utc", "unit_id", "volume_mw", "price_gbp_per_mwh", "status")
_STATUSES = {"Accepted": True, "Rejected": False}


@dataclass(frozen=True, slots=True)
class DfsRow:
    """One bid of one unit for one half-hour.

    Attributes:
        line: Line of the file, the header being 1.
        start: Start of the half-hour, UTC.
        unit_id: The unit, as published.
        volume_mw: Reduction offered, MW; 0 where a unit took back what it had offered.
        price_gbp_per_mwh: Price asked, and paid if accepted.
        was_accepted: Whether it was bought.
    """

    line: int
    start: datetime
    unit_id: str
    volume_mw: Decimal
    price_gbp_per_mwh: Decimal
    was_accepted: bool


def read_dfs_rows(text: str) -> tuple[DfsRow, ...]:
    """Read the bids of a file.

    Args:
        text: The whole file: CSV with a header.

    Returns:
        One row per bid, in the file's order.

    Raises:
        InvalidInput: A column is missing or a field does not read; the message names the line, the
            field, its value and what was expected.

    Source:
        NESO data portal, Demand Flexibility Service utilisation reports, as rearranged in the
        project's development data.

    Example:
        >>> header = "start_utc,end_utc,unit_id,volume_mw,price_gbp_per_mwh,status"
        >>> bid = "2024-03-01 18:00:00+00:00,2024-03-01 18:30:00+00:00,EDF-01,18.0,750.0,Accepted"
        >>> row = read_dfs_rows(header + chr(10) + bid)[0]
        >>> row.unit_id, row.volume_mw, row.was_accepted
        ('EDF-01', Decimal('18.0'), True)
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    try:
        header = reader.fieldnames or []
        for column in _COLUMNS:
            if column not in header:
                raise _unreadable(1, column, "missing", "a column of that name")
        return tuple(_row(reader.line_num, fields, len(header)) for fields in reader)
    except csv.Error as error:
        raise _unreadable(reader.line_num + 1, "columns", str(error), "CSV") from error


def _row(line: int, fields: dict[str, str | None], column_count: int) -> DfsRow:
    if None in fields or None in fields.values():  # csv's way to say too many and too few
        raise _unreadable(line, "columns", "another number", str(column_count))
    values = {column: str(fields[column]).strip() for column in _COLUMNS}
    start = _instant(line, "start_utc", values["start_utc"])
    if _instant(line, "end_utc", values["end_utc"]) - start != HALF_HOUR:
        raise _unreadable(line, "end_utc", values["end_utc"], "half an hour after start_utc")
    if not values["unit_id"]:
        raise _unreadable(line, "unit_id", "empty", "the unit's name")
    volume_mw = _number(line, "volume_mw", values["volume_mw"])
    if volume_mw < 0:
        raise _unreadable(line, "volume_mw", values["volume_mw"], "0 or more")
    if values["status"] not in _STATUSES:
        raise _unreadable(line, "status", values["status"], " or ".join(_STATUSES))
    return DfsRow(
        line=line,
        start=start,
        unit_id=values["unit_id"],
        volume_mw=volume_mw,
        price_gbp_per_mwh=_number(line, "price_gbp_per_mwh", values["price_gbp_per_mwh"]),
        was_accepted=_STATUSES[values["status"]],
    )


def _instant(line: int, field: str, value: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise _unreadable(line, field, value, "a time such as 2024-03-01 18:00:00+00:00") from error
    if instant.utcoffset() != timedelta(0):
        raise _unreadable(line, field, value, "a time in UTC, with its offset +00:00")
    return instant


def _number(line: int, field: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise _unreadable(line, field, value, "a number") from error
    if not number.is_finite():
        raise _unreadable(line, field, value, "a finite number")
    return number


def _unreadable(line: int, field: str, value: str, expected: str) -> InvalidInput:
    shown = value if value in {"missing", "empty", "another number"} else repr(value)
    message = f"{field} in line {line} is {shown}, expected {expected}"
    return InvalidInput(message, row=str(line), field=field, value=value, expected=expected)
