"""The lines of a statement that somebody objects to, read from its file without the rest of it.

Both parties of a charge have a line for it, under numbers of their own that may change from version to
version. What a line settles does not change: event, site, interval, code and adjustment, as the files write
them.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from vpp.foundation.errors import InvalidInput

LineKey: TypeAlias = tuple[str, str, str, str, str, str]
"""Event, site, start, end, code and adjustment of a line, as its file writes them."""

_KEY_COLUMNS = ("event_id", "site_id", "interval_start_utc", "interval_end_utc", "line_code", "adjustment_id")
_YOUNGEST_COLUMN = "adjustment_id"


class DisputedLine(NamedTuple):
    """A line of a statement, as far as an objection is concerned with it.

    Attributes:
        line_no: Its number in the statement.
        key: What it settles; the same on the other party's statement and in every version.
        delta: Change of its amount against the version before.
    """

    line_no: int
    key: LineKey
    delta: Decimal

    @property
    def pair(self) -> tuple[str, str]:
        """Event and site that it is about; either is empty where it is about none."""
        return self.key[0], self.key[1]


def disputed_lines(
    csv_bytes: bytes, *, numbers: Collection[int] = (), keys: Collection[LineKey] | None = None
) -> Iterator[DisputedLine]:
    """Read lines of a statement's file, in its order, one after the other.

    Args:
        csv_bytes: The file.
        numbers: Only these lines; none means all.
        keys: Only what settles one of these; None means all.

    Raises:
        InvalidInput: The file is not a statement's.
    """
    wanted = frozenset(numbers)
    with io.TextIOWrapper(io.BytesIO(csv_bytes), encoding="utf-8", newline="") as text:
        rows = csv.reader(text, strict=True)
        header = next(rows, [])
        try:
            number_at, delta_at = header.index("line_no"), header.index("delta_amount")
            key_of = _key_reader(header)
        except ValueError as error:
            raise InvalidInput(f"file does not have the columns of a statement: {error}") from None
        for row in rows:
            line_no = int(row[number_at])
            if wanted and line_no not in wanted:
                continue
            key = key_of(row)
            if keys is None or key in keys:
                yield DisputedLine(line_no, key, Decimal(row[delta_at]))


def _key_reader(header: list[str]) -> Callable[[list[str]], LineKey]:
    """Return how a row's key is read; files from before there were adjustments have no column for them."""
    if _YOUNGEST_COLUMN in header:
        return itemgetter(*(header.index(column) for column in _KEY_COLUMNS))
    older = itemgetter(*(header.index(column) for column in _KEY_COLUMNS[:-1]))
    return lambda row: (*older(row), "")
