"""A statement as a CSV file, and back.

UTF-8 without a byte-order mark; RFC 4180 with its CRLF line ends; every cell quoted; one header
row with the column names of the settlement design, section 3. Positive amounts are paid to the
party. The same statement gives the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_table import table_bytes, table_rows
from vpp.settlement.statement import Statement
from vpp.settlement.statement_columns import COLUMNS, Reader, known_columns, readers, writers
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine
from vpp.settlement.statement_tally import StatementTally

PIECE_LINES = 4096


def file_name(statement: Statement | StatementHead) -> str:
    """Name a statement's CSV file.

    Returns:
        `statement_<party>_<period>_v<n>.csv`; in a currency other than the hub's own
        `statement_<party>_<period>_<currency>_v<n>.csv`.
    """
    head = statement.head if isinstance(statement, Statement) else statement
    return f"{head.stem}.csv"


def render_csv(statement: Statement) -> bytes:
    """Write a statement's lines as CSV.

    Args:
        statement: The statement.

    Returns:
        Bytes of the file: a header row, then one row per line.

    Raises:
        InvalidInput: A number is not finite.
    """
    return b"".join(csv_pieces(statement.lines))


def csv_pieces(lines: Iterable[StatementLine], tally: StatementTally | None = None) -> Iterator[bytes]:
    """Write lines as CSV piece by piece, so that no statement is in memory twice.

    Args:
        lines: The lines in order; taken as they are needed.
        tally: Counts the lines as they pass, if given.

    Yields:
        The header row, then rows, some thousand at a time. Joined they are the file.

    Raises:
        InvalidInput: A number is not finite.
    """
    yield table_bytes(COLUMNS, [])
    write_column = writers()
    rest = iter(lines)
    while piece := list(islice(rest, PIECE_LINES)):
        columns = list(zip(*piece, strict=True))
        if tally is not None:
            tally.add(dict(zip(COLUMNS, columns, strict=True)))
        cells = [write(column) for write, column in zip(write_column, columns, strict=True)]
        rows = '"\r\n"'.join(map('","'.join, zip(*cells, strict=True)))
        yield f'"{rows}"\r\n'.encode()


def parse_csv(csv_bytes: bytes) -> Statement:
    """Read a statement back from its file.

    Args:
        csv_bytes: What `render_csv` wrote, of this program or an earlier version of it.

    Returns:
        The statement, equal to the one that was written.

    Raises:
        InvalidInput: The file has other columns, no line, or a cell that cannot be read.
    """
    lines = parse_lines(csv_bytes)
    if not lines:
        raise InvalidInput("file has no line, expected at least one")
    first = lines[0]
    previous = ""
    if first.prev_version is not None:
        previous = first.statement_id.removesuffix(f"v{first.version}") + f"v{first.prev_version}"
    return Statement(
        statement_id=first.statement_id,
        party_id=first.party_id,
        period=first.settlement_period,
        version=first.version,
        run_type=first.run_type,
        currency=first.currency,
        lines=lines,
        previous=previous,
    )


def parse_lines(csv_bytes: bytes) -> tuple[StatementLine, ...]:
    """Read the lines of a statement's file; none for a file with only a header.

    Raises:
        InvalidInput: The file has other columns, or a cell that cannot be read.
    """
    rows = table_rows(csv_bytes)
    count = known_columns(rows[0] if rows else ())
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != count:
            raise InvalidInput(f"row {number} has {len(row)} cells, expected {count}", row=str(number))
    if len(rows) == 1:
        return ()
    values = [
        _read_column(column, texts, reader)
        for column, texts, reader in zip(COLUMNS, zip(*rows[1:], strict=True), readers(), strict=False)
    ]
    values += [[""] * (len(rows) - 1)] * (len(COLUMNS) - count)
    return tuple(map(StatementLine._make, zip(*values, strict=True)))


def _read_column(column: str, texts: Sequence[str], reader: Reader) -> list[Any]:
    """Read the cells of one column."""
    try:
        return reader(texts)
    except (ValueError, KeyError) as error:
        row = next(number for number, text in enumerate(texts, start=1) if not _can_read(reader, text))
        raise InvalidInput(
            f"row {row} has {column} {texts[row - 1]!r}", row=str(row), column=column
        ) from error


def _can_read(reader: Reader, text: str) -> bool:
    try:
        reader([text])
    except (ValueError, KeyError):
        return False
    return True
