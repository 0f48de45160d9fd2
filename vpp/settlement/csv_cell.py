"""Cells of the settlement files: exact numbers, and text that no spreadsheet runs as a formula."""

import enum
import re
from datetime import UTC, datetime
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule

GUARD = "'"
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠﹢﹣﹦﹫")  # noqa: RUF001  East Asian spreadsheets take wide and small signs for plain ones
_PASSED_OVER = frozenset(
    " \u00a0\u3000\ufeff\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\v\f\0"
)
"""What some spreadsheets drop before they look for a formula: blanks, and signs without a width."""
_INNER_START = re.compile(
    r"([,;\t\r\n])(?='|[\"{}]*[{}])".format(
        re.escape("".join(sorted(_PASSED_OVER))), re.escape("".join(sorted(FORMULA_STARTS - set("\t\r\n"))))
    )
)
"""Where a cell would begin if a program cut the text there, and a formula or a guard with it."""
_INNER_GUARD = re.compile("([,;\t\r\n])'")

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

    Blanks and signs without a width before the formula do not hide it. A program that parts cells by
    another sign than the file's loses count of the quotes and cuts text at semicolons, commas, tabs and
    line ends: what comes after one is guarded the same way. Text that has an apostrophe in such a place
    gets one too, so that `unguarded` always gives the text back.

    Example:
        >>> guarded("@SUM(A1)"), guarded("north-1"), guarded("read by hand;=1+1")
        ("'@SUM(A1)", 'north-1', "read by hand;'=1+1")
    """
    text = _INNER_START.sub(r"\1'", text)
    start = text[:1]
    if start in _PASSED_OVER:
        start = next((sign for sign in text if sign not in _PASSED_OVER), "")
    return GUARD + text if text[:1] == GUARD or start in FORMULA_STARTS else text


def unguarded(text: str) -> str:
    """Take the guard off again.

    Example:
        >>> unguarded(guarded("'quoted'"))
        "'quoted'"
    """
    return _INNER_GUARD.sub(r"\1", text.removeprefix(GUARD))
