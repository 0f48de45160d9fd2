"""Cells of the settlement files: exact numbers, and text that no spreadsheet runs as a formula."""

import enum
from datetime import UTC, datetime
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule

GUARD = "'"
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  full-width signs start formulas in East Asian spreadsheets


Cell = str | int | Decimal | datetime | enum.Enum | None


def cell_text(value: Cell) -> str:
    """Write a value as the text of a cell.

    Numbers match `-?[0-9]+([.][0-9]+)?`, with all their digits and no exponent; instants are
    ISO 8601 in UTC with a Z; enumerations are the member's name, price bases the profile's word;
    None is empty. Text is guarded.

    Args:
        value: The value.

    Returns:
        Text of the cell, not yet quoted.

    Raises:
        InvalidInput: A number is not finite, or an instant is not in UTC.

    Example:
        >>> cell_text(Decimal("-1E+2")), cell_text("=1+1"), cell_text(None)
        ('-100', "'=1+1", '')
    """
    match value:
        case PayRule():
            return value.value
        case enum.Enum():
            return value.name
        case Decimal():
            if not value.is_finite():
                raise InvalidInput(f"number is {value}, expected a finite one", value=str(value))
            return format(value, "f")
        case int():
            return str(value)
        case datetime():
            return utc_text(value)
        case _:
            return guarded(value or "")


def utc_text(instant: datetime) -> str:
    """Write an instant as ISO 8601 with a Z.

    Raises:
        InvalidInput: The instant is not in UTC.

    Example:
        >>> utc_text(datetime(2026, 3, 2, 12, tzinfo=UTC))
        '2026-03-02T12:00:00Z'
    """
    if instant.tzinfo is None or instant.utcoffset() != UTC.utcoffset(None):
        raise InvalidInput(f"{instant.isoformat()} is not in UTC", instant=instant.isoformat())
    return instant.replace(tzinfo=None).isoformat() + "Z"


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Text that begins with an apostrophe gets one too, so that `unguarded` always gives the text
    back.

    Example:
        >>> guarded("@SUM(A1)"), guarded("north-1")
        ("'@SUM(A1)", 'north-1')
    """
    return GUARD + text if text[:1] == GUARD or text[:1] in FORMULA_STARTS else text


def unguarded(text: str) -> str:
    """Take the guard off again.

    Example:
        >>> unguarded(guarded("'quoted'"))
        "'quoted'"
    """
    return text.removeprefix(GUARD)
