"""Values by interval as rows of a table, neighbours that say the same joined."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

_MINUTE_S = 60


def joined_rows(
    start: datetime, step: timedelta, cells: Sequence[tuple[str, ...]], *, skip_empty: bool = False
) -> list[tuple[str, ...]]:
    """Label rows with their time and join neighbours that are equal.

    Args:
        start: Start of the first interval, UTC.
        step: Length of an interval.
        cells: What each interval says.
        skip_empty: Leave out intervals that say nothing.

    Returns:
        Rows whose first cell is the span; the day stands where it begins or changes.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> joined_rows(noon, timedelta(minutes=30), [("5",), ("5",), ("0",)])
        [('2026-03-02 12:00-13:00', '5'), ('13:00-13:30', '0')]
    """
    rows: list[tuple[str, ...]] = []
    first, day = 0, None
    for values, equal in groupby(cells):
        count = len(list(equal))
        begins, ends = start + first * step, start + (first + count) * step
        first += count
        if skip_empty and not any(values):
            continue
        date = f"{begins:%Y-%m-%d} " if begins.date() != day else ""
        end_date = f"{ends:%Y-%m-%d} " if ends.date() != begins.date() else ""
        rows.append((f"{date}{begins:%H:%M}-{end_date}{ends:%H:%M}", *values))
        day = begins.date()
    return rows


def length(step: timedelta) -> str:
    """Write how long an interval is.

    Example:
        >>> length(timedelta(minutes=15)), length(timedelta(hours=1)), length(timedelta(seconds=90))
        ('15 min', '60 min', '90 s')
    """
    seconds = step.total_seconds()
    return f"{seconds:g} s" if seconds % _MINUTE_S else f"{seconds / _MINUTE_S:g} min"
