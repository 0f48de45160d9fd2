"""A copy of a statement that a spreadsheet opens as it is meant; the statement itself stays the evidence.

Three things go wrong when a spreadsheet opens a CSV file by a double click: without a byte-order mark it
takes UTF-8 for the system's old encoding; where the decimal sign is a comma it expects semicolons between
cells and reads `1.5` as a date; text that looks like a number loses its leading zeros. The copy has the mark,
the locale's signs, and an apostrophe before such text.
"""

import csv
import io
import re
from datetime import datetime
from decimal import Decimal

from vpp.cli.settle.spreadsheet_locale import CopyLocale
from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_cell import GUARD
from vpp.settlement.csv_table import table_rows
from vpp.settlement.statement_columns import COLUMNS, column_kinds, known_columns

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MONTH = (
    "(january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|m\u00e4rz|mrz|mai|okt|dez|janv|f\u00e9vr|mars|avr|avril|juin|juil|"
    "juillet|ao\u00fbt|d\u00e9c)[.]?"
)
_MISTAKEN = re.compile(
    rf"[0-9][0-9.,:/eE+ -]*|{_MONTH}[ /-]?[0-9]{{1,4}}|[0-9]{{1,2}}[ ./-]*{_MONTH}([ /-]?[0-9]{{2,4}})?"
    "|true|false",
    re.IGNORECASE,
)
"""Text that a spreadsheet would take for a number, a date (`mar-1` is one) or a truth."""


def spreadsheet_copy(csv_bytes: bytes, locale: CopyLocale) -> bytes:
    """Write a copy of a statement's file for a spreadsheet.

    Args:
        csv_bytes: The statement's file.
        locale: Whose spreadsheet it is for.

    Returns:
        CSV in UTF-8 with a byte-order mark: the same rows and columns, numbers with the locale's decimal
        sign, UTC instants as date and time without a zone, text guarded.

    Raises:
        InvalidInput: The file is no statement.
    """
    rows = table_rows(csv_bytes)
    count = known_columns(rows[0] if rows else ())
    columns = COLUMNS[:count]
    kinds = [kind for kind, _ in column_kinds()]
    header = [f"{locale.words[column]} ({column})" if locale.words else column for column in columns]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=locale.separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows[1:]:
        if len(row) != count:
            raise InvalidInput(f"a row has {len(row)} cells, expected {count}")
        cells = zip(columns, kinds[:count], row, strict=True)
        writer.writerow([_cell(column, kind, cell, locale) for column, kind, cell in cells])
    return BYTE_ORDER_MARK + text.getvalue().encode()


def _cell(column: str, kind: type, cell: str, locale: CopyLocale) -> str:
    """Write one cell the way the locale reads it."""
    if kind is Decimal:
        return cell.replace(".", locale.decimal_sign)
    if kind is datetime:
        return cell.removesuffix("Z").replace("T", " ")
    # A month becomes the first of it in any spreadsheet, which is what a reader wants.
    if kind is str and column != "settlement_period" and _MISTAKEN.fullmatch(cell):
        return GUARD + cell
    return cell
