"""The rows of a statement's file as texts, read again and again in place of being held."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_cell import unguarded
from vpp.settlement.csv_table import each_row

KEY = ("event_id", "site_id", "interval_start_utc", "interval_end_utc", "line_code", "adjustment_id")
NEEDED = frozenset(
    {
        *KEY[:-1],
        *("statement_id", "version", "run_type", "line_no", "delta_amount", "prev_version"),
        *("party_id", "settlement_period", "currency", "amount", "price", "note"),
    }
)
Row = Mapping[str, str]
Key = tuple[tuple[str, ...], int]
"""What a row settles, and how many rows so far have settled the same."""


def cells_digest(texts: Iterable[str]) -> bytes:
    """Hash cells with their lengths, so that no cell can hold what looks like the end of it."""
    return hashlib.sha256("".join(f"{len(text)}:{text}" for text in texts).encode()).digest()


class StatementRows:
    """The rows of one file.

    Attributes:
        header: Its columns.
        first: Its first row.
    """

    def __init__(self, csv_bytes: bytes, which: str) -> None:
        """Look at the header and the first row.

        Args:
            csv_bytes: The file.
            which: What to call it in errors.

        Raises:
            InvalidInput: It is no statement, or has no line.
        """
        self._csv_bytes = csv_bytes
        self._which = which
        self.header = tuple(next(each_row(csv_bytes), ()))
        if not set(self.header) >= NEEDED:
            raise InvalidInput(f"the {which} file does not have the columns of a statement", file=which)
        self._at = {column: n for n, column in enumerate(self.header)}
        self._key_at = [self._at[column] for column in KEY if column in self._at]
        first = next(self.cells(), None)
        if first is None:
            raise InvalidInput(f"the {which} file has no line, expected at least one", file=which)
        self.first = self.row(first[1])

    def cells(self) -> Iterator[tuple[Key, list[str]]]:
        """Read the rows in order, each with what it settles.

        Raises:
            InvalidInput: The file is not UTF-8 CSV, or a row has more or fewer cells than there are columns.
        """
        seen: dict[tuple[str, ...], int] = {}
        rows = each_row(self._csv_bytes)
        next(rows, None)
        for number, cells in enumerate(rows, start=1):
            if len(cells) != len(self.header):
                raise InvalidInput(
                    f"row {number} of the {self._which} file has {len(cells)} cells, expected "
                    f"{len(self.header)}",
                    file=self._which,
                )
            settled = tuple(cells[n] for n in self._key_at)
            if len(self._key_at) < len(KEY):
                settled += ("",)  # files of earlier versions of the program know no adjustments
            seen[settled] = seen.get(settled, 0) + 1
            yield (settled, seen[settled]), cells

    def row(self, cells: Sequence[str]) -> Row:
        """Return a row's texts by column, guards taken off."""
        return dict(zip(self.header, map(unguarded, cells), strict=True))

    def digest(self, cells: Sequence[str], columns: Sequence[str]) -> bytes:
        """Hash some columns of a row; a column that the file does not have is empty."""
        return cells_digest(cells[self._at[column]] if column in self._at else "" for column in columns)

    def number(self, cells: Sequence[str], column: str) -> Decimal:
        """Read a cell as a number.

        Raises:
            InvalidInput: It is none.
        """
        return number_in(cells[self._at[column]], column, cells[self._at["line_no"]], self.first_id(cells))

    def first_id(self, cells: Sequence[str]) -> str:
        """Return the statement that a row says it belongs to."""
        return cells[self._at["statement_id"]]


def number_in(text: str, column: str, line_no: str, statement_id: str) -> Decimal:
    """Read a cell as a finite number.

    Raises:
        InvalidInput: It is none.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InvalidInput(
            f"{column} of line {line_no} in {statement_id} is {text!r}, expected a number", column=column
        )
    return number
