"""Statement files with cells changed, as somebody with a spreadsheet could."""

import csv
import io
from collections.abc import Mapping


def with_rows(csv_bytes: bytes, changes: Mapping[int, Mapping[str, str]]) -> bytes:
    """Return a file with cells changed.

    Args:
        csv_bytes: The file.
        changes: New texts by column, by number of the row after the header, from 0.
    """
    header, *rows = csv.reader(io.StringIO(csv_bytes.decode(), newline=""))
    for number, cells in changes.items():
        for column, text in cells.items():
            rows[number][header.index(column)] = text
    return csv_of([header, *rows])


def csv_of(rows: list[list[str]]) -> bytes:
    """Write rows as a statement's file is written."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
