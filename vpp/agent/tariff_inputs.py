"""Files that change while an agent runs: spot prices, called peaks, emission factors; as CSV."""

import csv
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from vpp.flexibility.price_series import PriceSeries
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

LONGEST_SERIES = 200_000
"""Most intervals of a file: more than five years of quarter hours."""


def read_series(path: Path, column: str, step: timedelta, divisor: int = 1) -> PriceSeries | None:
    """Read values on a regular grid.

    Args:
        path: A CSV file with the columns `start_utc` and `column`; a value may be missing, and so may
            a row.
        column: Name of the value's column.
        step: Length of an interval.
        divisor: Each value is divided by it: 1000 for prices per MWh.

    Returns:
        The series from the first row to the last, or None if the file has none.

    Raises:
        InvalidInput: The file cannot be read, a column is missing, an instant is not in UTC, off the
            grid of the first or given twice, or a value is no number; the message names the line.
    """
    values: dict[datetime, Decimal | None] = {}
    for line, row in _rows(path, ("start_utc", column)):
        at = _instant(row["start_utc"], path, line)
        if at in values:
            raise InvalidInput(f"{path} line {line}: {at.isoformat()} is given twice, expected once")
        values[at] = _decimal(row[column], path, line, column)
    if not values:
        return None
    first, last = min(values), max(values)
    astray = next((at for at in values if (at - first) % step), None)
    if astray is not None:
        raise InvalidInput(f"{path}: {astray.isoformat()} is off the grid of {step} from {first.isoformat()}")
    count = (last - first) // step + 1
    if count > LONGEST_SERIES:
        raise InvalidInput(f"{path} spans {count} intervals, expected {LONGEST_SERIES} at most")
    known = (values.get(first + n * step) for n in range(count))
    return PriceSeries(first, step, tuple(None if value is None else value / divisor for value in known))


def read_calls(path: Path) -> tuple[Interval, ...]:
    """Read called spans from a CSV file with the columns `start_utc` and `end_utc`.

    Raises:
        InvalidInput: The file cannot be read, or a span is none; the message names the line.
    """
    return tuple(
        Interval(_instant(row["start_utc"], path, line), _instant(row["end_utc"], path, line))
        for line, row in _rows(path, ("start_utc", "end_utc"))
    )


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInput(
                    f"{path} has no column {', '.join(missing)}, expected {', '.join(columns)}"
                )
            return [(reader.line_num, {column: row[column] or "" for column in columns}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path} cannot be read: {error}", path=str(path)) from error


def _instant(text: str, path: Path, line: int) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput(f"{path} line {line}: {text!r} is no instant, expected ISO 8601") from error
    if at.utcoffset() != timedelta(0):
        raise InvalidInput(f"{path} line {line}: {text!r} is not in UTC, expected an offset of +00:00 or Z")
    return at


def _decimal(text: str, path: Path, line: int, column: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise InvalidInput(f"{path} line {line}: {column} is {text!r}, expected a number") from error
    if not value.is_finite():
        raise InvalidInput(f"{path} line {line}: {column} is {text!r}, expected a finite number or nothing")
    return value
