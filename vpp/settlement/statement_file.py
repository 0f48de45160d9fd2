"""A statement as a CSV file, and back.

UTF-8 without a byte-order mark; RFC 4180 with its CRLF line ends; every cell quoted; one header
row with the column names of the settlement design, section 3. Positive amounts are paid to the
party. The same statement gives the same bytes.
"""

import csv
import enum
import io
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.csv_cell import Cell, cell_text, unguarded
from vpp.settlement.statement import Statement
from vpp.settlement.statement_line import StatementLine

COLUMNS = tuple(field.name for field in fields(StatementLine))


def file_name(statement: Statement) -> str:
    """Name a statement's CSV file.

    Returns:
        `statement_<party>_<period>_v<n>.csv`.
    """
    return f"statement_{statement.party_id}_{statement.period}_v{statement.version}.csv"


def render_csv(statement: Statement) -> bytes:
    """Write a statement's lines as CSV.

    Args:
        statement: The statement.

    Returns:
        Bytes of the file: a header row, then one row per line.

    Raises:
        InvalidInput: A number is not finite.
    """
    rows = [[cell_text(getattr(line, column)) for column in COLUMNS] for line in statement.lines]
    return table_bytes(COLUMNS, rows)


def table_bytes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write a header and rows of cell texts as the bytes of a CSV file, every cell quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def table_rows(csv_bytes: bytes) -> list[list[str]]:
    """Read the cell texts of a CSV file, header row first.

    Raises:
        InvalidInput: The bytes are not UTF-8, or not CSV.
    """
    try:
        return list(csv.reader(io.StringIO(csv_bytes.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"file is not UTF-8 CSV: {error}") from error


def parse_csv(csv_bytes: bytes) -> Statement:
    """Read a statement back from its file, so that the next version can be written against it.

    Args:
        csv_bytes: What `render_csv` wrote.

    Returns:
        The statement, equal to the one that was written.

    Raises:
        InvalidInput: The file has other columns, no line, or a cell that cannot be read.
    """
    rows = table_rows(csv_bytes)
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InvalidInput("file does not have the columns of a statement")
    if len(rows) == 1:
        raise InvalidInput("file has no line, expected at least one")
    hints = typing.get_type_hints(StatementLine)
    readers = [_reader(hints[column]) for column in COLUMNS]
    lines = tuple(_read_line(number, row, readers) for number, row in enumerate(rows[1:], start=1))
    first = lines[0]
    previous = f"{first.party_id}-{first.settlement_period}-v{first.prev_version}"
    return Statement(
        statement_id=first.statement_id,
        party_id=first.party_id,
        period=first.settlement_period,
        version=first.version,
        run_type=first.run_type,
        currency=first.currency,
        lines=lines,
        previous="" if first.prev_version is None else previous,
    )


def _read_line(number: int, row: Sequence[str], readers: Sequence[Callable[[str], Cell]]) -> StatementLine:
    """Read one row."""
    if len(row) != len(COLUMNS):
        raise InvalidInput(f"row {number} has {len(row)} cells, expected {len(COLUMNS)}", row=str(number))
    values: dict[str, typing.Any] = {}
    for column, text, reader in zip(COLUMNS, row, readers, strict=True):
        try:
            values[column] = reader(text)
        except (ValueError, KeyError, InvalidOperation) as error:
            raise InvalidInput(
                f"row {number} has {column} {text!r}", row=str(number), column=column
            ) from error
    return StatementLine(**values)


def _reader(hint: object) -> Callable[[str], Cell]:
    """Return how the cells of a column of that type are read."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kind = kinds[0]
    if kind is str:
        return unguarded
    read: Callable[[str], Cell]
    if kind is Decimal:
        read = Decimal
    elif kind is int:
        read = int
    elif kind is datetime:
        read = _instant
    elif kind is PayRule:
        read = PayRule
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        read = kind.__members__.__getitem__
    else:
        raise InvalidInput(f"no reader for a column of type {kind!r}")
    if types.NoneType in kinds:
        return lambda text: read(text) if text else None
    return read


def _instant(text: str) -> datetime:
    """Read an instant with a Z."""
    return datetime.fromisoformat(text).astimezone(UTC)
