"""Tables as CSV: UTF-8 without a byte-order mark, RFC 4180 with CRLF line ends, every cell quoted."""

import csv
import io
from collections.abc import Iterator, Sequence

from vpp.foundation.errors import InvalidInput


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
    return list(each_row(csv_bytes))


def each_row(csv_bytes: bytes) -> Iterator[list[str]]:
    """Read a CSV file as `table_rows` does, row by row, for files that are too long to hold all rows.

    Raises:
        InvalidInput: The bytes are not UTF-8, or not CSV.
    """
    try:
        yield from csv.reader(io.StringIO(csv_bytes.decode(), newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"file is not UTF-8 CSV: {error}") from error
